# The portal's own environment: its secret key, and its database where DATABASE_URL names no other. Sourced after lib.sh.
# shellcheck shell=bash
. script/cluster.sh

if [[ ! ${SECRET_KEY-} ]]; then
    [[ -s .local/secret-key ]] || (umask 077 && python -c 'import secrets; print(secrets.token_urlsafe(48))' >.local/secret-key)
    SECRET_KEY=$(<.local/secret-key)
    export SECRET_KEY
fi
[[ ${DATABASE_URL-} ]] || cluster_open portal
