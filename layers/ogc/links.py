"""Links between the resources of the OGC API, as their documents and ``Link`` headers hold them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode

from django.http import HttpRequest
from django.urls import get_script_prefix, reverse
from django.utils.translation import get_language

from layers.catalog import Layer, in_language
from layers.errors import InvalidParameter
from layers.ogc.formats import FORMATS
from layers.text import text

JSON = "application/json"
TILEJSON = "application/vnd.mapbox.tile+json"

REL = "http://www.opengis.net/def/rel/ogc/1.0"
"""Where OGC registers what a link leads to."""

Link = dict[str, Any]
"""A link as JSON: ``rel``, ``href``, and most often ``type`` and ``title``."""

Offers = Mapping[str, str]
"""The formats that a resource comes in: the value of ``f``, and the media type."""

DOCUMENT: Offers = {"json": JSON, "html": "text/html"}

PLACE = ("next", "offset")
"""The parameters that tell a page from the others of its list."""

TITLES = {
    "json": text("Dokumen ini sebagai JSON", "This document as JSON"),
    "html": text("Dokumen ini sebagai HTML", "This document as HTML"),
    "tilejson": text("Dokumen ini sebagai TileJSON", "This document as TileJSON"),
    **{known.name: known.title for known in FORMATS.values()},
}
"""What the link to a format is called."""


@dataclass(frozen=True)
class Address:
    """Where a resource is, with the parameters that its formats and pages share, and those that tell its page."""

    path: str
    shared: str
    place: str

    @classmethod
    def of(cls, request: HttpRequest) -> "Address":
        asked = [(name, values) for name, values in request.GET.lists() if name != "f"]
        return cls(
            request.build_absolute_uri(request.path),
            encoded([(name, values) for name, values in asked if name not in PLACE]),
            encoded([(name, values[-1]) for name, values in asked if name in PLACE]),
        )

    def href(self, *params: str) -> str:
        """The address with these parameters, written as in an address, beside the shared ones."""
        return f"{self.path}?{'&'.join(filter(None, (self.shared, *params)))}"

    def alternates(self, format: str, offers: Offers) -> list[Link]:
        """This page in each format on offer; ``format`` is the one it is in."""
        titles = _titles(get_language())
        return [
            link(
                "self" if name == format else "alternate", self.href(f"f={name}", self.place), titles[name], media_type
            )
            for name, media_type in offers.items()
        ]

    def page(self, rel: str, format: str, offers: Offers, **place: str) -> Link:
        """Another page, ``next`` or ``prev``, in the same format."""
        titles = {
            "next": text("Halaman berikutnya", "Next page"),
            "prev": text("Halaman sebelumnya", "Previous page"),
        }
        return link(rel, self.href(f"f={format}", encoded(place)), titles[rel], offers[format])


@lru_cache(maxsize=16)
def _titles(language: str | None) -> dict[str, str]:
    """Read in the active ``language`` and kept: a page of items names them all."""
    return {name: str(title) for name, title in TITLES.items()}


def encoded(params: Any) -> str:
    """Parameters, in any form that ``urlencode`` takes, as they stand in an address."""
    return urlencode(params, doseq=True, safe=":/,")


def negotiated(request: HttpRequest, offers: Offers) -> str:
    """The name of the format that ``f`` asks for, or else ``Accept``; the first on offer where that names none.

    Raises:
        InvalidParameter: ``f`` names another one.
    """
    given = request.GET.get("f")
    if given is None:
        return _accepted(request.META.get("HTTP_ACCEPT", "*/*"), tuple(offers.items()))
    if given not in offers:
        known = ", ".join(offers)
        raise InvalidParameter(
            "f", text(f"Format {given!r} tidak ada; yang ada: {known}.", f"No format {given!r}; there are: {known}.")
        )
    return given


@lru_cache(maxsize=256)
def _accepted(accept: str, offers: Sequence[tuple[str, str]]) -> str:
    """Kept, for clients send the same header again and again, and to weigh it takes a tenth of a page of ten items."""
    request = HttpRequest()
    request.META["HTTP_ACCEPT"] = accept
    first = offers[0][0]
    types = {media_type: name for name, media_type in offers} | {JSON: first}
    return types.get(request.get_preferred_type(list(types)) or JSON, first)


def base_url(request: HttpRequest) -> str:
    """The address of the landing page as this client reaches it, without a slash at its end."""
    return request.build_absolute_uri(_landing(get_script_prefix()))


@lru_cache(maxsize=16)
def _landing(script_prefix: str) -> str:
    return reverse("oapi-landing")


def link(rel: str, href: str, title: Any, type: str = JSON) -> Link:
    return {"rel": rel, "type": type, "title": str(title), "href": href}


def collection_link(request: HttpRequest, layer: Layer) -> Link:
    return link("collection", f"{base_url(request)}/collections/{layer.id}", in_language(layer.title))


def link_header(links: Sequence[Link]) -> str:
    """Links as the value of a ``Link`` header (RFC 8288), for documents that have no place for them."""
    return ", ".join(
        f"<{one['href']}>"
        + "".join(f'; {name}="{one[name]}"' for name in ("rel", "type") if name in one)
        + (f"; title*=UTF-8''{quote(one['title'], safe='')}" if "title" in one else "")
        for one in links
    )
