"""The resources of OGC API - Features (OGC 17-069r4), one view each.

Every document is made as JSON; where a browser asks, a template renders the same document as HTML.
"""

from collections.abc import Callable, Sequence
from functools import partial, wraps
from typing import Any

import orjson
import pygeoapi.api
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt

from layers.catalog import Layer, in_language, layer_get
from layers.errors import InvalidParameter, MethodNotAllowed, NotFound, Problem
from layers.ogc import editing, engine, schemas
from layers.ogc.caching import cached, representation, version_known
from layers.ogc.conformance import CONFORMANCE
from layers.ogc.openapi import openapi_document
from layers.query.features import Page, Version, item_fetch, items_fetch
from layers.query.params import FeatureQuery, crs_parse, params_single
from layers.query.spatial import CRS84, Crs
from layers.query.values import id_parse
from layers.text import text

JSON = "application/json"
GEOJSON = "application/geo+json"
HTML = "text/html"
SCHEMA = "application/schema+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"

View = Callable[..., HttpResponse]
Allow = Callable[..., Sequence[str]]

EDITS = {"PUT": editing.item_replace, "PATCH": editing.item_change, "DELETE": editing.item_delete}


def resource(view: View, takes: Sequence[str] = ("GET", "HEAD"), allow: Allow | None = None) -> View:
    """A resource that takes some methods and refuses all others.

    ``Allow`` names them, or what ``allow`` says of the user of a request.
    """

    @csrf_exempt  # what writes checks by itself, and a refusal should say why rather than ask for a token
    @wraps(view)
    def answer(request: HttpRequest, **kwargs: str) -> HttpResponse:
        if request.method not in takes:
            allowed = ", ".join(allow(request, **kwargs) if allow else (*takes, "OPTIONS"))
            if request.method == "OPTIONS":
                return HttpResponse(status=204, headers={"Allow": allowed})
            refused = text(f"{request.method} tidak berlaku di sini.", f"{request.method} is not allowed here.")
            raise MethodNotAllowed(f"{refused} {allowed}.", headers={"Allow": allowed})
        response = view(request, **kwargs)
        patch_vary_headers(response, ["Accept"])
        return response

    return answer


def _items_allow(request: HttpRequest, id: str) -> Sequence[str]:
    return editing.methods(request, layer_get(id), item=False)


def _item_allow(request: HttpRequest, id: str, item_id: str) -> Sequence[str]:
    return editing.methods(request, layer_get(id), item=True)


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


@partial(resource, takes=("GET", "HEAD", "POST"), allow=_items_allow)
def items(request: HttpRequest, id: str) -> HttpResponse:
    layer = layer_get(id)
    if request.method == "POST":
        return editing.item_create(request, layer)
    query = FeatureQuery.parse(layer, dict(request.GET.lists()))
    asked = representation(request.build_absolute_uri(), GEOJSON)
    page = items_fetch(layer, query, _known(request, asked))
    if page.features is None:
        return cached(request, HttpResponse(status=304), page.version, asked)
    links = _alternates(request, GEOJSON)
    if page.next:
        links.append(_page_link(request, "next", next=page.next))
    if query.offset:
        links.append(_page_link(request, "prev", offset=str(max(0, query.offset - query.limit))))
    links.append(_collection_link(request, layer))
    response = _answer(request, "items", _page(page, links), layer, GEOJSON, query.crs)
    return _cached_json(request, response, page.version, asked)


@partial(resource, takes=("POST",))
def search(request: HttpRequest, id: str) -> HttpResponse:
    """The parameters of items as members of a JSON object, for filters that are too long for an address."""
    layer = layer_get(id)
    asked = _body(request)
    params = {name: [_parameter(value)] for name, value in asked.items()}
    if isinstance(asked.get("filter"), dict):
        params.setdefault("filter-lang", ["cql2-json"])
    query = FeatureQuery.parse(layer, params)
    page = items_fetch(layer, query)
    links: list[dict[str, Any]] = [_collection_link(request, layer)]
    if page.next:
        following = {name: value for name, value in asked.items() if name != "offset"} | {"next": page.next}
        address = request.build_absolute_uri(request.path)
        links.append({"rel": "next", "type": GEOJSON, "href": address, "method": "POST", "body": following})
    return HttpResponse(_page(page, links), content_type=GEOJSON, headers={"Content-Crs": f"<{query.crs.uri}>"})


@partial(resource, takes=("GET", "HEAD", *EDITS), allow=_item_allow)
def item(request: HttpRequest, id: str, item_id: str) -> HttpResponse:
    layer = layer_get(id)
    if edit := EDITS.get(request.method or ""):
        return edit(request, layer, item_id)
    given = params_single(dict(request.GET.lists()), ["crs", "f", "lang"])
    crs = crs_parse(layer, given.get("crs", CRS84), "crs")
    number = id_parse(item_id)
    asked = representation(request.build_absolute_uri(), GEOJSON)
    known = _known(request, asked)
    version, feature = (None, None) if number is None else item_fetch(layer, number, crs, known)
    if version and version.tag == known:
        return cached(request, HttpResponse(status=304), version, asked)
    if version is None or feature is None:
        raise NotFound(
            text(f"Tidak ada item {item_id!r} di {layer.id}.", f"There is no item {item_id!r} in {layer.id}.")
        )
    links = [*_alternates(request, GEOJSON), _collection_link(request, layer)]
    response = _answer(request, "item", _with({"links": links}, feature[1:-1]), layer, GEOJSON, crs)
    return _cached_json(request, response, version, asked)


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


def _page(page: Page, links: list[dict[str, Any]]) -> bytes:
    counts = {"numberMatched": page.matched, "numberReturned": page.returned}
    known = {name: count for name, count in counts.items() if count is not None}
    return _with({"type": "FeatureCollection", **known, "links": links}, f'"features":[{page.features}]')


def _body(request: HttpRequest) -> dict[str, Any]:
    try:
        body = orjson.loads(request.body)
    except (orjson.JSONDecodeError, RequestDataTooBig) as error:
        raise Problem(text(f"Isi permintaan bukan JSON: {error}.", f"The body is not JSON: {error}.")) from error
    if not isinstance(body, dict):
        raise Problem(
            text(
                'Kirim objek seperti {"filter": ..., "limit": 10}.',
                'Send an object such as {"filter": ..., "limit": 10}.',
            )
        )
    return body


def _parameter(value: Any) -> str:
    """A member of a JSON object as the query parameter would be written."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ",".join(map(_parameter, value))
    return orjson.dumps(value).decode()


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
            "href": _href(request, request.GET, f=name),
        }
        for name in ("json", "html")
    ]


def _page_link(request: HttpRequest, rel: str, **place: str) -> dict[str, str]:
    title = text("Halaman berikutnya", "Next page") if rel == "next" else text("Halaman sebelumnya", "Previous page")
    asked = request.GET.copy()
    for name in ("next", "offset"):
        asked.pop(name, None)
    return {"rel": rel, "type": GEOJSON, "title": str(title), "href": _href(request, asked, **place)}


def _collection_link(request: HttpRequest, layer: Layer) -> dict[str, str]:
    href = f"{base_url(request)}/collections/{layer.id}"
    return {"rel": "collection", "type": JSON, "title": in_language(layer.title), "href": href}


def _href(request: HttpRequest, asked: QueryDict, **changes: str) -> str:
    asked = asked.copy()
    for name, value in changes.items():
        asked[name] = value
    return request.build_absolute_uri(f"{request.path}?{asked.urlencode(safe=':/,')}")


def _known(request: HttpRequest, asked: str) -> str:
    """The version that the client has; pages tell the age of facts, so only JSON is the same as long as the data is."""
    return version_known(request, asked) if _format(request, GEOJSON) == "json" else ""


def _cached_json(request: HttpRequest, response: HttpResponse, version: Version, asked: str) -> HttpResponse:
    return cached(request, response, version, asked) if response["Content-Type"] == GEOJSON else response
