"""The resources of OGC API - Features (OGC 17-069r4), one view each.

Every document is made as JSON; where a browser asks, a template renders the same document as HTML.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any

import orjson
import pygeoapi.api
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt

from layers.catalog import Layer, in_language, layer_get
from layers.errors import InvalidParameter, MethodNotAllowed, NotFound
from layers.ogc import engine, schemas
from layers.ogc.conformance import CONFORMANCE
from layers.ogc.openapi import openapi_document
from layers.query.features import item_fetch, items_fetch
from layers.query.params import FeatureQuery, crs_parse, id_parse, params_single
from layers.query.spatial import CRS84, Crs
from layers.text import text

JSON = "application/json"
GEOJSON = "application/geo+json"
HTML = "text/html"
SCHEMA = "application/schema+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"

METHODS = "GET, HEAD, OPTIONS"

View = Callable[..., HttpResponse]


def resource(view: View) -> View:
    """A resource that is read only: OPTIONS names its methods, any other method is refused."""

    @csrf_exempt  # nothing is written here, and a refusal should say so rather than ask for a token
    @wraps(view)
    def answer(request: HttpRequest, **kwargs: str) -> HttpResponse:
        if request.method == "OPTIONS":
            return HttpResponse(status=204, headers={"Allow": METHODS})
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed(
                text(f"{request.method} tidak berlaku di sini.", f"{request.method} is not allowed here.")
                + f" {METHODS}.",
                headers={"Allow": METHODS},
            )
        response = view(request, **kwargs)
        patch_vary_headers(response, ["Accept"])
        return response

    return answer


@resource
def landing(request: HttpRequest) -> HttpResponse:
    document = engine.document(pygeoapi.api.landing_page, request, base_url(request))
    return _answer(request, "landing", document)


@resource
def conformance(request: HttpRequest) -> HttpResponse:
    links = _alternates(request)
    return _answer(request, "conformance", {"conformsTo": list(CONFORMANCE), "links": links})


@resource
def openapi(request: HttpRequest) -> HttpResponse:
    return _answer(request, "openapi", openapi_document(base_url(request)), media_type=OPENAPI)


@resource
def collections(request: HttpRequest) -> HttpResponse:
    document = engine.document(pygeoapi.api.describe_collections, request, base_url(request))
    return _answer(request, "collections", document)


@resource
def collection(request: HttpRequest, id: str) -> HttpResponse:
    layer = layer_get(id)
    document = engine.document(pygeoapi.api.describe_collections, request, base_url(request), id)
    return _answer(request, "collection", document, layer)


@resource
def schema(request: HttpRequest, id: str) -> HttpResponse:
    layer = layer_get(id)
    document = schemas.schema(layer, request.build_absolute_uri(request.path))
    return _answer(request, "schema", document, layer, SCHEMA)


@resource
def queryables(request: HttpRequest, id: str) -> HttpResponse:
    layer = layer_get(id)
    document = schemas.queryables(layer, request.build_absolute_uri(request.path))
    return _answer(request, "schema", document, layer, SCHEMA)


@resource
def items(request: HttpRequest, id: str) -> HttpResponse:
    layer = layer_get(id)
    query = FeatureQuery.parse(layer, dict(request.GET.lists()))
    page = items_fetch(layer, query)
    links = _alternates(request, GEOJSON)
    if query.offset + page.returned < page.matched and page.returned:
        links.append(_link(request, "next", query.offset + query.limit))
    if query.offset:
        links.append(_link(request, "prev", max(0, query.offset - query.limit)))
    links.append(_collection_link(request, layer))
    head = {
        "type": "FeatureCollection",
        "numberMatched": page.matched,
        "numberReturned": page.returned,
        "timeStamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "links": links,
    }
    return _answer(request, "items", _with(head, f'"features":[{page.features}]'), layer, GEOJSON, query.crs)


@resource
def item(request: HttpRequest, id: str, item_id: str) -> HttpResponse:
    layer = layer_get(id)
    given = params_single(dict(request.GET.lists()), ["crs", "f", "lang"])
    crs = crs_parse(layer, given.get("crs", CRS84), "crs")
    number = id_parse(item_id)
    feature = None if number is None else item_fetch(layer, number, crs)
    if feature is None:
        raise NotFound(
            text(f"Tidak ada item {item_id!r} di {layer.id}.", f"There is no item {item_id!r} in {layer.id}.")
        )
    links = [*_alternates(request, GEOJSON), _collection_link(request, layer)]
    return _answer(request, "item", _with({"links": links}, feature[1:-1]), layer, GEOJSON, crs)


def base_url(request: HttpRequest) -> str:
    """The address of the landing page as this client reaches it, without a slash at its end."""
    return request.build_absolute_uri(reverse("oapi-landing")).rstrip("/")


def _answer(
    request: HttpRequest,
    template: str,
    document: dict[str, Any] | bytes,
    layer: Layer | None = None,
    media_type: str = JSON,
    crs: Crs | None = None,
) -> HttpResponse:
    """The document in the format asked for; ``document`` is a dict, or JSON that is written already."""
    if _format(request, media_type) == "html":
        shown = orjson.loads(document) if isinstance(document, bytes) else document
        context = {"document": shown, "layer": layer, "base": base_url(request)}
        return render(request, f"ogc/{template}.html", context)
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    headers = {"Content-Crs": f"<{crs.uri}>"} if crs else {}
    return HttpResponse(body, content_type=media_type, headers=headers)


def _format(request: HttpRequest, media_type: str) -> str:
    given = request.GET.get("f")
    if given is None:
        return "html" if request.get_preferred_type([media_type, JSON, HTML]) == HTML else "json"
    if given not in ("json", "html"):
        raise InvalidParameter(
            "f",
            text(
                f"Format {given!r} tidak ada; yang ada: json, html.",
                f"No format {given!r}; there are: json, html.",
            ),
        )
    return given


def _with(head: dict[str, Any], members: str) -> bytes:
    """A JSON object of ``head`` and of members that are JSON text already."""
    return orjson.dumps(head)[:-1] + b"," + members.encode() + b"}"


def _alternates(request: HttpRequest, media_type: str = JSON) -> list[dict[str, str]]:
    wanted = _format(request, media_type)
    titles = {
        "json": text("Dokumen ini sebagai JSON", "This document as JSON"),
        "html": text("Dokumen ini sebagai HTML", "This document as HTML"),
    }
    return [
        {
            "rel": "self" if name == wanted else "alternate",
            "type": media_type if name == "json" else HTML,
            "title": str(titles[name]),
            "href": _href(request, f=name),
        }
        for name in ("json", "html")
    ]


def _link(request: HttpRequest, rel: str, offset: int) -> dict[str, str]:
    title = text("Halaman berikutnya", "Next page") if rel == "next" else text("Halaman sebelumnya", "Previous page")
    return {"rel": rel, "type": GEOJSON, "title": str(title), "href": _href(request, offset=str(offset))}


def _collection_link(request: HttpRequest, layer: Layer) -> dict[str, str]:
    href = f"{base_url(request)}/collections/{layer.id}"
    return {"rel": "collection", "type": JSON, "title": in_language(layer.title), "href": href}


def _href(request: HttpRequest, **changes: str) -> str:
    asked: QueryDict = request.GET.copy()
    for name, value in changes.items():
        asked[name] = value
    return request.build_absolute_uri(f"{request.path}?{asked.urlencode(safe=':/,')}")
