# Private PostgreSQL clusters below .local/, each on a free TCP port of 127.0.0.1. Sourced after lib.sh.
#
# Each script that uses a cluster holds a shared lock on it, through file descriptor 9. The kernel takes the lock back when a process
# ends, however it ends. So whoever can have the lock for himself is the last user, and stops the cluster; and a cluster that outlived
# its script (kill -9) is taken over by the next one. PostgreSQL refuses to run as root: root has it run by the user "postgres".
# shellcheck shell=bash

# cluster_programs [VERSION]: the folder of the newest PostgreSQL (or of that version) that has PostGIS.
cluster_programs() {
    local folder
    while read -r folder; do
        if [[ -x $folder/initdb && -x $folder/pg_config && $("$folder/pg_config" --version) == "PostgreSQL ${1-}"* &&
            -e $("$folder/pg_config" --sharedir)/extension/postgis.control ]]; then
            echo "$folder"
            return
        fi
    done < <(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV; dirname "$(type -P initdb)" 2>/dev/null)
    return 1
}

# cluster_open NAME [SETTING...]: starts the cluster .local/NAME where it does not run, and sets DATABASE_URL. A cluster that is not
# there is made, with the settings as lines of its postgresql.conf. It is stopped at the end of the last script that opened it.
cluster_open() {
    CLUSTER=$ROOT/.local/$1
    _cluster_owner
    if [[ ! -d $CLUSTER ]]; then
        mkdir -m 700 "$CLUSTER"
        chown "$CLUSTER_OWNER" "$CLUSTER"
    fi
    exec 9>"$CLUSTER/lock"
    flock --shared 9
    trap cluster_close EXIT
    cluster_start "${@:2}"
    DATABASE_URL=postgresql://geoportal:$(<"$CLUSTER/password")@127.0.0.1:$(_cluster_pidfile 4)/geoportal
    export DATABASE_URL
}

# cluster_throwaway NAME [SETTING...]: opens a new cluster for this script alone, which is gone afterwards.
cluster_throwaway() {
    local folder
    exec 7>.local/throwaway.lock
    flock 7
    for folder in "$ROOT/.local/$1-"*/; do # what a killed script left behind
        [[ -O $folder || -d $folder && $EUID == 0 ]] || continue
        CLUSTER=${folder%/}
        exec 9>"$CLUSTER/lock"
        if flock --nonblock 9; then
            _cluster_owner
            _cluster_remove
        fi
    done
    folder=$(mktemp --dry-run "$ROOT/.local/$1-XXXXXX")
    cluster_open "${folder##*/}" "${@:2}"
    exec 7>&-
    trap _cluster_remove EXIT
}

# cluster_close: stops the cluster unless another script uses it.
cluster_close() {
    if flock --nonblock 9 && cluster_runs; then
        _cluster_do pg_ctl stop --silent --mode=fast -D data
    fi
    exec 9>&-
}

cluster_runs() {
    [[ /proc/$(_cluster_pidfile 1)/cwd -ef $CLUSTER/data ]]
}

# cluster_crashed: killed, that is; a cluster that someone stopped has no pid file.
cluster_crashed() {
    [[ -e $CLUSTER/data/postmaster.pid ]] && ! cluster_runs
}

# cluster_start [SETTING...]: after a crash on the same port, where its clients look for it.
cluster_start() (
    exec 8>"$CLUSTER/start.lock"
    flock 8
    [[ -d $CLUSTER/data ]] || _cluster_make "$@"
    while cluster_runs && [[ $(_cluster_pidfile 8) != ready* ]]; do sleep 0.1; done
    cluster_runs && exit

    local pgport
    pgport=$(_cluster_pidfile 4)
    if [[ ! $pgport ]] || (: <"/dev/tcp/127.0.0.1/$pgport") 2>/dev/null; then
        pgport=$(port_free)
    fi
    # PostgreSQL would not start over the pid file of a crash while another program has the number, as happens after a reboot.
    [[ -e /proc/$(_cluster_pidfile 1)/stat ]] && rm -f "$CLUSTER/data/postmaster.pid"
    for _ in 1 2 3 4 5; do # the children of a killed server need a moment to go
        _cluster_do pg_ctl start --silent --wait --timeout=300 -D data -l log -o "-p $pgport" >/dev/null 2>&1 && exit
        sleep 1
    done
    tail -n 20 "$CLUSTER/log" >&2
    fail "PostgreSQL does not start (its log: $CLUSTER/log)"
)

# In data.new until it is complete, so that a set-up which was broken off is begun anew.
_cluster_make() {
    say "Making a private PostgreSQL cluster in .local/${CLUSTER##*/}"
    umask 077
    rm -rf "$CLUSTER/data.new"
    python -c 'import secrets; print(secrets.token_urlsafe(24))' | _cluster_do tee password >/dev/null
    _cluster_do initdb -D data.new --username=geoportal --pwfile=password --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 >/dev/null
    local quarter=$(($(awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo) / 4096)) # of the memory, in MB, as PostgreSQL's manual advises
    local buffers="shared_buffers = $((quarter < 1024 ? quarter : 1024))MB"
    printf '%s\n' "listen_addresses = '127.0.0.1'" "unix_socket_directories = ''" "$buffers" "$@" | _cluster_do tee -a data.new/postgresql.conf >/dev/null
    echo 'CREATE DATABASE geoportal' | _cluster_do postgres --single -D data.new -c log_checkpoints=off postgres >/dev/null
    mv "$CLUSTER/data.new" "$CLUSTER/data"
}

_cluster_remove() {
    ! cluster_runs || _cluster_do pg_ctl stop --silent --mode=immediate -D data
    rm -rf "$CLUSTER"
}

# _cluster_owner: who runs the cluster, how to become him (CLUSTER_AS), and with which PostgreSQL (CLUSTER_BIN).
_cluster_owner() {
    local version
    CLUSTER_OWNER=$(stat -c %U "$CLUSTER" 2>/dev/null || ([[ $EUID == 0 ]] && echo postgres) || id -un)
    CLUSTER_AS=()
    if [[ $EUID == 0 ]]; then
        CLUSTER_AS=(setpriv --reuid "$CLUSTER_OWNER" --regid "$(id -g "$CLUSTER_OWNER")" --init-groups)
        if ! "${CLUSTER_AS[@]}" stat "$ROOT/.local/." >/dev/null 2>&1; then # a clone below /root
            CLUSTER_AS+=(--inh-caps +dac_read_search --ambient-caps +dac_read_search)
            "${CLUSTER_AS[@]}" stat "$ROOT/.local/." >/dev/null 2>&1 || fail "root has PostgreSQL run by the user $CLUSTER_OWNER, who may" \
                "not enter $ROOT. Clone to a folder that others may enter, or work as an ordinary user."
        fi
    elif [[ $CLUSTER_OWNER != "$(id -un)" ]]; then
        fail "the database in $CLUSTER belongs to the user $CLUSTER_OWNER: work as that user or as root"
    fi
    version=$(cat "$CLUSTER/data/PG_VERSION" 2>/dev/null || true)
    CLUSTER_BIN=$(cluster_programs "$version") || fail "$CLUSTER was made by PostgreSQL $version, which is not here any more:" \
        "install it with its PostGIS again, or move the folder away to begin with an empty database"
}

_cluster_do() (
    cd "$CLUSTER" || exit
    exec env PATH="$CLUSTER_BIN:$PATH" "${CLUSTER_AS[@]}" "$@" 7>&- 8>&- 9>&-
)

_cluster_pidfile() {
    sed -n "$1p" "$CLUSTER/data/postmaster.pid" 2>/dev/null || true
}
