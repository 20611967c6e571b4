# The environment of tests, linters and benchmarks: the portal's default settings, whatever the caller has set. Sourced after lib.sh.
# shellcheck shell=bash
. script/cluster.sh
unset DATABASE_URL SECRET_KEY PUBLIC_URL ALLOWED_HOSTS PORT STATEMENT_TIMEOUT PROXIES JOURNAL_DAYS EVENTS_PORT EVENTS_URL EVENTS_STREAMS \
    VERSIONS_FOLDER BASEMAP BASEMAP_ATTRIBUTION CAP_HOSTS RASTERS_FOLDER GDAL_CACHEMAX TIME_ZONE DEBUG
export SECRET_KEY=for-throw-away-databases-only
