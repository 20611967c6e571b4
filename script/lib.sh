# What every script here begins with: the portal's folder as working directory, its environment on PATH, and words for people.
# shellcheck shell=bash
set -euo pipefail

CALLER_FOLDER=$PWD
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$ROOT"
export CALLER_FOLDER PATH="$ROOT/.venv/bin:$PATH" PYTHONPATH="$ROOT" DJANGO_SETTINGS_MODULE=geoportal.settings

# say: to stderr, so that script/manage and script/run leave the command's own output alone.
say() {
    printf '==> %s\n' "$*" >&2
}

fail() {
    printf '\n%s: %s\n' "script/${0##*/}" "$*" >&2
    exit 1
}

# port_free: a TCP port of 127.0.0.1 that nobody uses.
port_free() {
    python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# step TITLE COMMAND...: runs a command that is slow and talks much, and shows the seconds; its last lines only where it fails.
step() {
    local title=$1 log=$ROOT/.local/setup.log start=$SECONDS ticker status=0
    shift
    say "$title"
    while sleep 1 && kill -0 $$; do
        if [[ -t 2 ]]; then
            printf '\r    %d s' $((SECONDS - start))
        elif (((SECONDS - start) % 10 == 0)); then
            printf '    %d s\n' $((SECONDS - start))
        fi
    done >&2 &
    ticker=$!
    "$@" >"$log" 2>&1 </dev/null || status=$?
    kill $ticker
    wait $ticker 2>/dev/null || true
    [[ ! -t 2 ]] || printf '\r' >&2
    printf '    %d s\n' $((SECONDS - start)) >&2
    if ((status)); then
        tail -n 25 "$log" >&2
        fail "failed: $title (everything it said: .local/setup.log)"
    fi
}

# Before a command: it ends with this script, even where the script is killed.
# shellcheck disable=SC2034 # used by the scripts that source this file
BOUND=(setpriv --pdeathsig TERM --)

mkdir -p .local 2>/dev/null || true
[[ -w .local ]] || fail "cannot write to $ROOT/.local: this clone belongs to the user $(stat -c %U .local 2>/dev/null || stat -c %U .)." \
    "Work as that user, or in a clone of your own."
