# The environment of tests, linters and benchmarks: the portal's default settings, whatever the caller has set. Sourced after lib.sh.
# shellcheck shell=bash
. script/cluster.sh
unset DEBUG ALLOWED_HOSTS PUBLIC_URL STATEMENT_TIMEOUT STATIC_ROOT
export SECRET_KEY=for-throw-away-databases-only
