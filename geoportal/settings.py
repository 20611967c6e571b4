"""Settings, from the environment; docs/operators.md names each variable."""

import hmac
import os
import re
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import dj_database_url
from corsheaders.defaults import default_headers
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import lazy

from layers.text import text

BASE_DIR = Path(__file__).resolve().parent.parent


def _required(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. script/server and script/manage set it; see docs/operators.md.")
    return value


def _number(name: str, default: int) -> int:
    value = os.environ.get(name, str(default))
    if not (value.isascii() and value.isdigit()):
        raise ImproperlyConfigured(f"{name}={value}: give a whole number, such as {default}.")
    return int(value)


def _site(name: str, default: str) -> str:
    """The address of a site, without the slash at its end: origins are compared letter by letter."""
    value = os.environ.get(name, default).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
        raise ImproperlyConfigured(f"{name}={value}: give scheme and host alone, such as https://geoportal.example.")
    return value


def _zone(name: str, default: str) -> str:
    value = os.environ.get(name, default)
    if value not in available_timezones():
        raise ImproperlyConfigured(f"{name}={value}: give a name of the tz database, such as {default}.")
    return value


def _hosts(name: str) -> list[str]:
    """Names alone: with a scheme or a port none is ever met."""
    hosts = [item.strip() for item in os.environ.get(name, "").split(",") if item.strip()]
    for host in hosts:
        if not re.fullmatch(r"\[[0-9A-Fa-f:.]+\]|[^/:]+", host):
            raise ImproperlyConfigured(f"{name}={host}: give the names of hosts alone, such as geoportal.example.")
    return hosts


DEBUG = os.environ.get("DEBUG", "").lower() in ("1", "true", "yes")
SECRET_KEY = _required("SECRET_KEY")
PUBLIC_URL = _site("PUBLIC_URL", "http://127.0.0.1:8000")
ALLOWED_HOSTS = [*_hosts("ALLOWED_HOSTS"), "localhost", "127.0.0.1", "[::1]", str(urlsplit(PUBLIC_URL).hostname)]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
CSRF_FAILURE_VIEW = "layers.middleware.form_refused"

STATEMENT_TIMEOUT = _number("STATEMENT_TIMEOUT", 15)
"""Seconds after which a query of a request is stopped; after a fifth of it, where it only waits for a lock."""

JOURNAL_DAYS = _number("JOURNAL_DAYS", 365)
"""How long the change journal remembers: history, and how far behind a mirror may be."""

DATABASES: dict[str, Any] = {
    "default": dj_database_url.parse(
        _required("DATABASE_URL"),
        engine="django.contrib.gis.db.backends.postgis",
        conn_max_age=600,
        conn_health_checks=True,
    )
}
# A server that vanishes without a word, as one does whose power fails, is given up within 15 seconds instead of as many
# minutes.
DATABASES["default"]["OPTIONS"] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "tcp_user_timeout": 15_000 if STATEMENT_TIMEOUT else 0,  # an import may wait for a disk
    **DATABASES["default"].get("OPTIONS", {}),
}

DATABASE_SESSION = {
    # Whoever holds a table for himself does not keep all threads from answering about others.
    "statement_timeout": f"{STATEMENT_TIMEOUT}s",
    "lock_timeout": f"{STATEMENT_TIMEOUT * 1000 // 5}ms",
    "idle_in_transaction_session_timeout": "60s",
    # PostGIS prices its functions so high that PostgreSQL would start workers and compile for a page of ten items:
    # without both, limit=10 in a box answers about four times as often (script/bench features).
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    # What the SQL here relies on, whatever is set for the database or the role.
    "search_path": "public",
    "default_transaction_isolation": "read committed",
    "standard_conforming_strings": "on",
    "extra_float_digits": "1",
}
"""What each session has set (``layers.query.session``)."""

# In each worker; of tiles it keeps which bytes a version has, by a digest.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "TIMEOUT": None,
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.gis",
    "django.contrib.postgres",
    "corsheaders",
    "rest_framework",
    "rest_framework.authtoken",
    "rest_framework_gis",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "layers",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "layers.middleware.PolicyMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "layers.middleware.CompressionMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "layers.middleware.LanguageMiddleware",
    "layers.middleware.ProblemMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "geoportal.urls"
WSGI_APPLICATION = "geoportal.wsgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

AUTHENTICATION_BACKENDS = ["layers.logins.LimitedBackend"]
PROXIES = _number("PROXIES", 0)
"""How many proxies of our own stand in front: so many entries at the end of ``X-Forwarded-For`` are trusted."""

EVENTS_URL = os.environ.get("EVENTS_URL")
"""Where the events process answers; empty where a proxy in front leads ``/events`` to it."""
EVENTS_STREAMS = _number("EVENTS_STREAMS", 5000)
"""How many streams may be open at a time."""
VERSIONS_FOLDER = os.environ.get("VERSIONS_FOLDER")
"""Where the events process tells the nginx on the same machine the versions of the layers."""

CAP_HOSTS = _hosts("CAP_HOSTS")
"""Servers from which cap_import and quake_import may fetch, by host name."""

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "layers.logins.TokenWithdrawal"},
]

LANGUAGE_CODE = "id"
LANGUAGES = [("id", "Bahasa Indonesia"), ("en", "English")]
TIME_ZONE = _zone("TIME_ZONE", "Asia/Makassar")
FORMAT_MODULE_PATH = ["geoportal.formats"]
USE_TZ = True

MAP_BACKGROUND = os.environ.get("BASEMAP", "")
"""What lies below the layers of the map page: an XYZ template of images, the address of a MapLibre style or TileJSON,
or a PMTiles file here."""
MAP_BACKGROUND_ATTRIBUTION = os.environ.get("BASEMAP_ATTRIBUTION", "")

RASTERS_FOLDER = os.environ.get("RASTERS_FOLDER", str(BASE_DIR / ".local" / "rasters"))
"""Where the files of hazard rasters are."""
os.environ.setdefault("GDAL_CACHEMAX", "16")  # megabytes; GDAL would take a twentieth of the machine's memory

GEOPORTAL_CONFIG = BASE_DIR / "pygeoapi-config.yml"
"""What is published; read by ``layers.catalog`` and, unchanged, by pygeoapi itself."""


def _release() -> str:
    parts = (file for folder in ("geoportal", "layers") for file in sorted((BASE_DIR / folder).rglob("*")))
    files = (file for file in parts if "__pycache__" not in file.parts and file.is_file())
    digest = hmac.new(SECRET_KEY.encode(), TIME_ZONE.encode(), sha256)
    for file in (GEOPORTAL_CONFIG, BASE_DIR / "requirements.txt", *files):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


RELEASE = _release()
"""A digest of code, pages, configuration, time zone, libraries and the key that signs the tokens of pages: with another
one the same data may be written differently."""

STATIC_URL = f"/static/{RELEASE}/"  # files of a release never change: browsers keep them, and mix no two releases
WHITENOISE_USE_FINDERS = True
if not DEBUG:
    WHITENOISE_IMMUTABLE_FILE_TEST = "^/static/"

if PROXIES:  # without one, any client could say it
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # the admin alone tells any
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
if not PUBLIC_URL.startswith("https://"):
    SECURE_CROSS_ORIGIN_OPENER_POLICY = None  # browsers take it over https only, and complain otherwise

# Any web map may read; cookies are never sent across sites, so writing takes basic or token authentication.
CORS_ALLOW_ALL_ORIGINS = True
CORS_URLS_REGEX = r"^/(oapi|api|events)(/|$)"
CORS_ALLOW_HEADERS = [*default_headers, "content-crs", "if-match", "if-none-match", "if-unmodified-since", "prefer"]
CORS_EXPOSE_HEADERS = [
    "Accept-Patch",
    "Accept-Post",
    "Allow",
    "Content-Crs",
    "Content-Disposition",
    "Data-Versions",
    "ETag",
    "Link",
    "Location",
    "OGC-NumberMatched",
    "OGC-NumberReturned",
    "Preference-Applied",
    "Retry-After",
    "Tile-Generalized",
]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "layers.logins.OwnBasicAuthentication",  # first, for a 401 names the way to authenticate
        "rest_framework.authentication.SessionAuthentication",
        "rest_framework.authentication.TokenAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.DjangoModelPermissionsOrAnonReadOnly"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "layers.rest.problems.exception_handle",
    "URL_FORMAT_OVERRIDE": None,
}


def _rest_title() -> str:
    from layers.catalog import portal_title  # which needs these settings

    return f"{portal_title()}: REST"


SPECTACULAR_SETTINGS = {
    "TITLE": lazy(_rest_title, str)(),
    "DESCRIPTION": text(
        "Membaca terbuka untuk semua. Menulis memerlukan izin atas lapisannya: sesi, autentikasi dasar, atau token.",
        "Reading is open to all. Writing needs the permission of the layer, by session, basic authentication or token.",
    ),
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SORT_OPERATION_PARAMETERS": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enum_id_removal",
        "layers.rest.schema.document_complete",
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
}

# gis.W001: GDAL before 3.9 may fetch spatial references by name; the portal hands it none from outside.
SILENCED_SYSTEM_CHECKS = ["gis.W001"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "django.contrib.gis": {"level": "ERROR"},  # GEOS remarks on every geometry that is not valid
        # Strangers who try addresses fill no log.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "django.security.TooManyFieldsSent": {"level": "CRITICAL"},
    },
}
