"""OGC API - Styles (20-009, a draft): the looks of the layers, with their legends and images.

A collection's style has the collection's id; ``map`` draws all of them.
"""

from functools import cache
from hashlib import sha256
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import get_conditional_response

from layers.catalog import Layer, config, in_language, layer_get, layers
from layers.errors import NotFound
from layers.ogc.links import DOCUMENT, JSON, REL, Address, Link, Offers, base_url, encoded, negotiated
from layers.ogc.resource import resource
from layers.query.params import params_single
from layers.styles import images
from layers.styles import legend as legends
from layers.styles.maplibre import drawing_order
from layers.styles.maplibre import style as maplibre_style
from layers.styles.sld import sld
from layers.text import text

MAP = "map"
STYLE: Offers = {"json": "application/vnd.mapbox.style+json", "sld": "application/vnd.ogc.sld+xml;version=1.1"}
SPECIFICATIONS = {
    "json": ("MapLibre", "8", "https://maplibre.org/maplibre-style-spec/"),
    "sld": ("OGC SLD", "1.1", "https://www.ogc.org/standards/sld/"),
}
"""Name, version and description of each encoding."""

SVG = "image/svg+xml"


@resource
def styles(request: HttpRequest) -> HttpResponseBase:
    _params_check(request)
    found = [
        {"id": id, "title": _title(id), "links": _links(request, id)} for id in (MAP, *(one.id for one in layers()))
    ]
    self_link = {"rel": "self", "type": JSON, "href": _href(request, "", f="json")}
    return _json(request, {"default": MAP, "styles": found, "links": [self_link]})


@resource
def style(request: HttpRequest, id: str) -> HttpResponseBase:
    _params_check(request)
    drawn = _layers(id)
    base = base_url(request)
    if negotiated(request, STYLE) == "sld":
        return _answer(request, sld(drawn, lambda name: _image_href(request, name)), STYLE["sld"])
    tiles = f"{base}/tiles/WebMercatorQuad" if id == MAP else f"{base}/collections/{id}/tiles/WebMercatorQuad"
    document = maplibre_style(_title(id), drawn, f"{tiles}?f=tilejson&labels=true", f"{base}/styles/sprite")
    return _json(request, document, STYLE["json"])


@resource
def metadata(request: HttpRequest, id: str) -> HttpResponseBase:
    """What a style is, which stylesheets it has and which layers it draws (style metadata of 20-009)."""
    _params_check(request)
    drawn = _layers(id)
    portal = config()["metadata"]
    document = {
        "id": id,
        "title": _title(id),
        "description": " ".join(in_language(layer.description) for layer in drawn),
        "pointOfContact": portal["contact"]["name"],
        "license": portal["license"]["url"],
        "scope": "style",
        "stylesheets": [
            {
                "title": name,
                "version": version,
                "specification": specification,
                "native": format == "json",
                "link": link,
            }
            for format, (name, version, specification) in SPECIFICATIONS.items()
            for link in [_stylesheet_link(request, id, format)]
        ],
        "layers": [_layer_described(request, layer) for layer in drawn],
        "links": [
            {"rel": "self", "type": JSON, "href": _href(request, f"/{id}/metadata", f="json")},
            *_links(request, id),
        ],
    }
    return _json(request, document)


@resource
def legend(request: HttpRequest, id: str) -> HttpResponseBase:
    """The legend as data, or as a page to print."""
    _params_check(request)
    entries = [
        {**entry, "image": _image_href(request, entry["image"])}
        for layer in _layers(id)
        for entry in legends.legend(layer)
    ]
    format = negotiated(request, DOCUMENT)
    document = {
        "id": id,
        "title": _title(id),
        "entries": entries,
        "links": Address.of(request).alternates(format, DOCUMENT),
    }
    if format == "html":
        return render(request, "ogc/legend.html", {"document": document})
    return _json(request, document)


@resource
def sprite(request: HttpRequest, file: str) -> HttpResponseBase:
    """The sprite of all styles: ``.json``, ``.png``, and ``@2x`` before them for dense screens."""
    _params_check(request)
    ending, _, kind = file.rpartition(".")
    if ending not in images.RATIOS or kind not in ("json", "png"):
        raise NotFound(text(f"Tidak ada sprite{file}.", f"There is no sprite{file}."))
    if kind == "json":
        return _json(request, images.sprite_index(images.RATIOS[ending]))
    return _answer(request, _picture(ending), "image/png")


@resource
def image(request: HttpRequest, name: str) -> HttpResponseBase:
    """One image of the sprite or of a legend, as SVG."""
    _params_check(request)
    drawn = images.image(name)
    if drawn is None:
        raise NotFound(text(f"Tidak ada gambar {name!r}.", f"There is no image {name!r}."))
    return _answer(request, drawn.encode(), SVG)


@cache
def _picture(ending: str) -> bytes:
    return (images.SPRITE / f"sprite{ending}.png").read_bytes()


def _layers(id: str) -> list[Layer]:
    return drawing_order(layers()) if id == MAP else [layer_get(id)]


def _title(id: str) -> str:
    return str(text("Peta seluruh lapisan", "Map of all layers")) if id == MAP else in_language(layer_get(id).title)


def _layer_described(request: HttpRequest, layer: Layer) -> dict[str, Any]:
    items = {"rel": "data", "type": "application/geo+json", "href": f"{base_url(request)}/collections/{layer.id}/items"}
    type = ("point", "line", "polygon")[layer.dimension]
    return {"id": layer.id, "description": in_language(layer.description), "type": type, "sampleData": items}


def _links(request: HttpRequest, id: str) -> list[Link]:
    titles = {"metadata": text("Tentang gaya ini", "About this style"), "legend": text("Legenda", "Legend")}
    relations = {"metadata": "describedby", "legend": f"{REL}/legend"}
    return [
        *(_stylesheet_link(request, id, format) for format in STYLE),
        *(
            {"rel": rel, "type": JSON, "title": str(titles[part]), "href": _href(request, f"/{id}/{part}", f="json")}
            for part, rel in relations.items()
        ),
    ]


def _stylesheet_link(request: HttpRequest, id: str, format: str) -> Link:
    name, version, _ = SPECIFICATIONS[format]
    href = _href(request, f"/{id}", f=format)
    return {"rel": "stylesheet", "type": STYLE[format], "title": f"{name} {version}", "href": href}


def _href(request: HttpRequest, path: str, **params: str) -> str:
    """An address below ``/styles``, in the language that the request asks for."""
    return Address(f"{base_url(request)}/styles{path}", Address.of(request).shared, "").href(encoded(params))


def _image_href(request: HttpRequest, name: str) -> str:
    return f"{base_url(request)}/styles/images/{name}.svg"


def _params_check(request: HttpRequest) -> None:
    params_single(dict(request.GET.lists()), ["f", "lang"])


def _json(request: HttpRequest, document: dict[str, Any], media_type: str = JSON) -> HttpResponseBase:
    return _answer(request, orjson.dumps(document), media_type)


def _answer(request: HttpRequest, body: bytes, media_type: str) -> HttpResponseBase:
    """The body, or 304 to those who have it: caches keep it and ask before each use."""
    etag = f'"{sha256(body).hexdigest()[:16]}"'
    headers = {"ETag": etag, "Cache-Control": "public, no-cache"}
    response = HttpResponse(body, content_type=media_type, headers=headers)
    return get_conditional_response(request, etag=etag, response=response) or response
