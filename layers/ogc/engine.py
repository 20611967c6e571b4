"""pygeoapi behind our own addresses.

pygeoapi's Django adapter makes a new API object for every request; here one is kept for each address
the portal is reached under, and always answers JSON, of which the HTML pages are made.
"""

from collections.abc import Callable
from copy import deepcopy
from functools import lru_cache
from typing import Any

import orjson
from babel import Locale
from django.http import HttpRequest
from django.utils.translation import get_language
from pygeoapi.api import API, APIRequest, landing_page

from layers.catalog import config, layer_get
from layers.ogc.formats import FORMATS
from layers.ogc.links import REL, Link, link
from layers.query.extents import extent_fetch
from layers.text import text

UNSERVED = ("/processes", "/TileMatrixSets", "/jobs", "f=jsonld", "f=csv")
"""What pygeoapi links to without asking whether it is there."""

TITLES = {
    ("self", "application/json"): text("Dokumen ini sebagai JSON", "This document as JSON"),
    ("self", "text/html"): text("Dokumen ini sebagai HTML", "This document as HTML"),
    ("alternate", "application/json"): text("Dokumen ini sebagai JSON", "This document as JSON"),
    ("alternate", "text/html"): text("Dokumen ini sebagai HTML", "This document as HTML"),
    ("root", "application/json"): text("Halaman muka sebagai JSON", "The landing page as JSON"),
    ("root", "text/html"): text("Halaman muka sebagai HTML", "The landing page as HTML"),
    ("items", "application/geo+json"): text("Item sebagai GeoJSON", "Items as GeoJSON"),
    ("items", "text/html"): text("Item sebagai HTML", "Items as HTML"),
    ("service-desc", "application/vnd.oai.openapi+json;version=3.0"): text("Definisi OpenAPI", "OpenAPI definition"),
    ("service-doc", "text/html"): text("Dokumentasi API", "API documentation"),
    ("conformance", "application/json"): text("Kesesuaian dengan standar", "Conformance to standards"),
    ("data", "application/json"): text("Koleksi", "Collections"),
    (f"{REL}/schema", "application/schema+json"): text("Skema sebagai JSON", "Schema as JSON"),
    (f"{REL}/schema", "text/html"): text("Skema sebagai HTML", "Schema as HTML"),
    (f"{REL}/queryables", "application/schema+json"): text("Atribut untuk menyaring, JSON", "Queryables as JSON"),
    (f"{REL}/queryables", "text/html"): text("Atribut untuk menyaring, HTML", "Queryables as HTML"),
}
"""pygeoapi's own titles of links are English only."""


class _Request(APIRequest):
    """Django has negotiated language and format already."""

    def _get_locale(self, headers: Any, supported_locales: Any) -> tuple[str, Locale]:
        language = get_language() or "id"
        return language, Locale.parse(language, sep="-")

    def _get_format(self, headers: Any, extra_formats: Any = None) -> str:
        return "json"


@lru_cache(maxsize=16)
def _api(base: str) -> API:
    settings = deepcopy(config())
    settings["server"]["url"] = base
    return API(settings, {})


def document(function: Callable[..., Any], request: HttpRequest, base: str, *args: str) -> dict[str, Any]:
    """The JSON answer of one of pygeoapi's API functions; its links lead only to what is served.

    ``base`` is the address of the landing page, without a slash at its end.
    """
    api = _api(base)
    _, _, content = function(api, _Request.from_django(request, api.locales), *args)
    answer: dict[str, Any] = orjson.loads(content)
    for part in (answer, *answer.get("collections", [])):
        part["links"] = [_titled(one) for one in part["links"] if not _unserved(one)]
        if "itemType" in part:
            part["links"] += _collection_links(f"{base}/collections/{part['id']}")
            part["extent"]["spatial"]["bbox"] = [extent_fetch(layer_get(part["id"]))]
    if function is landing_page:
        answer["links"] += _landing_links(base)
    return answer


def _landing_links(base: str) -> list[Link]:
    return [
        # To Features it is "conformance"; Processes asks for this (OGC 18-062r2, /req/core/landingpage-success).
        link(f"{REL}/conformance", f"{base}/conformance", TITLES["conformance", "application/json"]),
        link(f"{REL}/tilesets-vector", f"{base}/tiles", text("Petak vektor", "Vector tiles")),
        link(f"{REL}/tiling-schemes", f"{base}/tileMatrixSets", text("Skema petak", "Tile matrix sets")),
        link(f"{REL}/styles", f"{base}/styles", text("Gaya", "Styles")),
        link(f"{REL}/processes", f"{base}/processes", text("Proses", "Processes")),
        link(f"{REL}/job-list", f"{base}/jobs", text("Pekerjaan", "Jobs")),
    ]


def _collection_links(collection: str) -> list[Link]:
    following = text("Perubahan, untuk menyalin dan mengikuti lapisan", "Changes, to copy the layer and follow it")
    return [
        *(link("items", f"{collection}/items?f={one.name}", one.title, one.media_type) for one in FORMATS.values()),
        link("changes", f"{collection}/changes", following, "application/geo+json"),
        link(f"{REL}/tilesets-vector", f"{collection}/tiles", text("Petak vektor", "Vector tiles")),
    ]


def _unserved(one: Link) -> bool:
    return any(address in one["href"] for address in UNSERVED)


def _titled(link: dict[str, str]) -> dict[str, str]:
    return {**link, "title": str(TITLES.get((link["rel"], link["type"]), link["title"]))}
