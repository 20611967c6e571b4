"""ETags that can be strong: made of the data's version, which is read in the same statement as the data.

An ETag is ``"VERSION.REPRESENTATION"``. A client that sends one back tells the version it has, if what it asks for is
the same representation: then the query compares versions and reads no feature.
"""

from datetime import datetime
from functools import lru_cache
from hashlib import sha256

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import http_date, parse_etags
from django.utils.translation import get_language

from layers.catalog import Layer
from layers.middleware import SPEECHLESS
from layers.query.features import Version, item_fetch
from layers.query.spatial import DEFAULT_CRS


def representation(address: str, media_type: str) -> str:
    """What is asked for at an address, in the active language if it has one, but for the state of the data."""
    language = "" if media_type in SPEECHLESS else get_language() or ""
    parts = (settings.RELEASE, address, media_type, language)
    return sha256("\n".join(parts).encode()).hexdigest()[:16]


def version_known(request: HttpRequest, representation: str) -> str:
    """The version that the client has of this representation, empty where it names none."""
    for etag in parse_etags(request.META.get("HTTP_IF_NONE_MATCH", "")):
        version, _, of = etag.removeprefix("W/").strip('"').partition(".")
        if of == representation:
            return version
    return ""


def cached[R: HttpResponseBase](request: HttpRequest, response: R, version: Version, representation: str) -> R:
    """The response with what caches need: they may keep it, and ask before each use whether it is still true."""
    private = "HTTP_AUTHORIZATION" in request.META or settings.SESSION_COOKIE_NAME in request.COOKIES
    response["Cache-Control"] = "private, no-cache" if private else "public, no-cache"
    response["ETag"] = f'"{version.tag}.{representation}"'
    if version.at:
        response["Last-Modified"] = _http_date(version.at)
    if response.get("Content-Type") not in SPEECHLESS:
        patch_vary_headers(response, ["Authorization"])
    return response


@lru_cache(maxsize=64)
def _http_date(at: datetime) -> str:
    return http_date(at.timestamp())


def item_etag(request: HttpRequest, layer: Layer, id: int) -> str:
    """The ETag of an item's GeoJSON as its address answers now; empty where there is no such item."""
    version, feature = item_fetch(layer, id, DEFAULT_CRS)
    address = request.build_absolute_uri(reverse("oapi-item", args=[layer.id, id]))
    return f'"{version.tag}.{representation(address, "application/geo+json")}"' if feature else ""
