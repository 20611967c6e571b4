FROM python:3.13-slim

ENV PIP_NO_CACHE_DIR=1 GRANIAN_HOST=0.0.0.0
RUN useradd --create-home geoportal && install --directory --owner=geoportal /run/geoportal /var/lib/geoportal/rasters
WORKDIR /srv/geoportal

# First what seldom changes, for the layers' cache. With a DATABASE_URL, script/bootstrap installs no PostgreSQL.
COPY requirements.txt ./
COPY script script
RUN DATABASE_URL=elsewhere script/bootstrap && rm -rf /var/lib/apt/lists/* && chown -R geoportal .local

COPY . .
USER geoportal
EXPOSE 8000 8001
HEALTHCHECK --start-period=60s --interval=5s --timeout=10s \
    CMD [".venv/bin/python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=5)"]
CMD ["script/server"]
