"""The resources of OGC API - Features (OGC 17-069r4), one view each.

Every document is made as JSON; where a browser asks, a template renders the same document as HTML.
"""

from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

import orjson
import pygeoapi.api
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from layers.answers import repeatable
from layers.catalog import Layer, layer_get
from layers.errors import InvalidParameter, NotFound, Problem
from layers.ogc import coverages, editing, engine, schemas
from layers.ogc.caching import cached, representation, version_known
from layers.ogc.conformance import CONFORMANCE
from layers.ogc.formats import FORMATS, JSONFG_PROFILE, ItemsFormat, items_stream, jsonfg_members
from layers.ogc.links import DOCUMENT, Address, Link, Offers, base_url, collection_link, link_header, negotiated
from layers.ogc.openapi import GEOJSON, OPENAPI, SCHEMA, openapi_document
from layers.ogc.resource import resource
from layers.query.asof import asof_parse
from layers.query.features import Page, Version, item_fetch, items_fetch, version_fetch
from layers.query.params import FeatureQuery, crs_parse, params_single
from layers.query.rows import jsonfg_feature
from layers.query.spatial import CRS84, Crs
from layers.query.values import LARGEST, id_parse
from layers.rest.problems import too_large
from layers.text import text

HTML = "text/html"

ITEM: Offers = {"json": GEOJSON, "html": HTML, "jsonfg": FORMATS["jsonfg"].media_type}
ITEMS: Offers = {"json": GEOJSON, "html": HTML, **{known.name: known.media_type for known in FORMATS.values()}}
DOWNLOADS = [known.name for known in FORMATS.values() if not known.pages]

FORM = "form"
"""The parameter by which the form of the items' page is known."""

EDITS = {"PUT": editing.item_replace, "PATCH": editing.item_change, "DELETE": editing.item_delete}


def _items_offer(request: HttpRequest, id: str) -> dict[str, str]:
    return editing.offered(request, layer_get(id), item=False)


def _item_offer(request: HttpRequest, id: str, item_id: str) -> dict[str, str]:
    return editing.offered(request, layer_get(id), item=True)


@resource
def landing(request: HttpRequest) -> HttpResponse:
    document = engine.document(pygeoapi.api.landing_page, request, base_url(request))
    return _answer(request, "landing", document)


@resource
def conformance(request: HttpRequest) -> HttpResponse:
    links = Address.of(request).alternates(negotiated(request, DOCUMENT), DOCUMENT)
    return _answer(request, "conformance", {"conformsTo": list(CONFORMANCE), "links": links})


@resource
def openapi(request: HttpRequest) -> HttpResponse:
    return _answer(request, "openapi", openapi_document(base_url(request)), offers={**DOCUMENT, "json": OPENAPI})


@resource
def collections(request: HttpRequest) -> HttpResponse:
    document = engine.document(pygeoapi.api.describe_collections, request, base_url(request))
    document["collections"] += coverages.collection_documents(request)
    return _answer(request, "collections", document)


@resource
def collection(request: HttpRequest, id: str) -> HttpResponse:
    if raster := coverages.collection(request, id):
        return raster
    layer = layer_get(id)
    document = engine.document(pygeoapi.api.describe_collections, request, base_url(request), id)
    return _answer(request, "collection", document, layer)


@resource
def schema(request: HttpRequest, id: str) -> HttpResponse:
    layer = layer_get(id)
    document = schemas.schema(layer, request.build_absolute_uri(request.path))
    return _answer(request, "schema", document, layer, {**DOCUMENT, "json": SCHEMA})


@resource
def queryables(request: HttpRequest, id: str) -> HttpResponse:
    layer = layer_get(id)
    document = schemas.queryables(layer, request.build_absolute_uri(request.path))
    return _answer(request, "schema", document, layer, {**DOCUMENT, "json": SCHEMA})


@partial(resource, takes=("GET", "HEAD", "POST"), offer=_items_offer)
def items(request: HttpRequest, id: str) -> HttpResponseBase:
    layer = layer_get(id)
    if request.method == "POST":
        return editing.item_create(request, layer)
    if FORM in request.GET:
        return _form_asked(request)
    query = FeatureQuery.parse(layer, dict(request.GET.lists()))
    format = negotiated(request, ITEMS)
    if format in DOWNLOADS:
        return _download(request, layer, query, FORMATS[format])
    asked = representation(request.build_absolute_uri(), ITEMS[format])
    write = jsonfg_feature if format == "jsonfg" else None
    page = items_fetch(layer, query, _known(request, format, asked), write)
    if page.features is None:
        return _unchanged(request, layer, page.version, asked)
    address = Address.of(request)
    links = address.alternates(format, ITEMS)
    if page.next:  # people turn pages both ways
        by_offset = format == "html" and not query.after
        place = {"offset": str(query.offset + page.returned)} if by_offset else {"next": page.next}
        links.append(address.page("next", format, ITEMS, **place))
    if query.offset:
        links.append(address.page("prev", format, ITEMS, offset=str(max(0, query.offset - query.limit))))
    links.append(collection_link(request, layer))
    members = _jsonfg(layer, query, links) if format == "jsonfg" else {}
    response = _answer(request, "items", _page(page, links, members), layer, ITEMS, query.crs)
    return response if format == "html" else cached(request, response, page.version, asked)


@partial(resource, takes=("GET", "HEAD", *EDITS), offer=_item_offer)
def item(request: HttpRequest, id: str, item_id: str) -> HttpResponse:
    layer = layer_get(id)
    if edit := EDITS.get(request.method or ""):
        return edit(request, layer, item_id)
    given = params_single(dict(request.GET.lists()), ["asof", "crs", "f", "lang"])
    asof = asof_parse(layer, given["asof"]) if "asof" in given else None
    crs = crs_parse(layer, given.get("crs", CRS84), "crs")
    number = id_parse(item_id)
    format = negotiated(request, ITEM)
    asked = representation(request.build_absolute_uri(), ITEM[format])
    known = _known(request, format, asked)
    write = jsonfg_feature if format == "jsonfg" else None
    version, feature = (None, None) if number is None else item_fetch(layer, number, crs, known, write, asof)
    if version and version.tag == known:
        return _unchanged(request, layer, version, asked)
    if version is None or feature is None:
        raise NotFound(
            text(f"Tidak ada item {item_id!r} di {layer.id}.", f"There is no item {item_id!r} in {layer.id}.")
        )
    links = [*Address.of(request).alternates(format, ITEM), collection_link(request, layer)]
    members = _jsonfg(layer, FeatureQuery(limit=1, crs=crs), links) if format == "jsonfg" else {}
    response = _answer(request, "item", _with({**members, "links": links}, feature[1:-1]), layer, ITEM, crs)
    return response if format == "html" else cached(request, response, version, asked)


@partial(resource, takes=("POST",))
def search(request: HttpRequest, id: str) -> HttpResponse:
    """The parameters of items as members of a JSON object, for filters that are too long for an address.

    What does not choose items, ``f`` and ``lang``, stays in the address, where the middleware reads it.
    """
    layer = layer_get(id)
    params_single(dict(request.GET.lists()), ["f", "lang"])
    negotiated(request, {"json": GEOJSON})
    asked = _body(request)
    if misplaced := next((name for name in ("f", "lang") if name in asked), None):
        raise InvalidParameter(
            misplaced,
            text(
                f"Tulis {misplaced!r} pada alamat: /search?{misplaced}=...",
                f"Write {misplaced!r} in the address: /search?{misplaced}=...",
            ),
        )
    params = {name: [_parameter(name, value)] for name, value in asked.items()}
    if isinstance(asked.get("filter"), dict):
        params.setdefault("filter-lang", ["cql2-json"])
    query = FeatureQuery.parse(layer, params)
    page = items_fetch(layer, query)
    links = [collection_link(request, layer)]
    if page.next:
        following = {name: value for name, value in asked.items() if name != "offset"} | {"next": page.next}
        address = request.build_absolute_uri(request.path)
        links.append({"rel": "next", "type": GEOJSON, "href": address, "method": "POST", "body": following})
    return HttpResponse(_page(page, links, {}), content_type=GEOJSON, headers={"Content-Crs": f"<{query.crs.uri}>"})


def _answer(
    request: HttpRequest,
    template: str,
    document: dict[str, Any] | bytes,
    layer: Layer | None = None,
    offers: Offers = DOCUMENT,
    crs: Crs | None = None,
) -> HttpResponse:
    """The document in the format asked for; ``document`` is a dict, or JSON that is written already."""
    format = negotiated(request, offers)
    if format == "html":
        shown = orjson.loads(document) if isinstance(document, bytes) else document
        context = {"document": shown, "layer": layer, "base": base_url(request)}
        return render(request, f"ogc/{template}.html", context)
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    headers = {"Content-Crs": f"<{crs.uri}>"} if crs else {}
    return HttpResponse(body, content_type=offers[format], headers=headers)


def _form_asked(request: HttpRequest) -> HttpResponse:
    """On to what the form asks: browsers send the fields left open, too, and ``status=`` would ask for no status."""
    asked = [(name, value) for name, values in request.GET.lists() for value in values if value and name != FORM]
    return HttpResponseRedirect(f"?{urlencode(asked)}")


def _download(request: HttpRequest, layer: Layer, query: FeatureQuery, format: ItemsFormat) -> HttpResponseBase:
    """All items that match, as a stream; ``limit`` bounds it where it is given."""
    version = version_fetch(layer)
    asked = representation(request.build_absolute_uri(), format.media_type)
    if version.tag == _known(request, format.name, asked):
        return _unchanged(request, layer, version, asked)
    if "limit" not in request.GET:
        query = replace(query, limit=LARGEST)
    headers = {
        "Content-Crs": f"<{query.crs.uri}>",
        "Content-Disposition": f'attachment; filename="{format.filename(layer)}"',
        "Link": link_header([*Address.of(request).alternates(format.name, ITEMS), collection_link(request, layer)]),
    }
    stream = iter(()) if request.method == "HEAD" else items_stream(format, layer, query)
    response = StreamingHttpResponse(stream, content_type=format.media_type, headers=headers)
    cached(request, response, version, asked)
    response["ETag"] = f"W/{response['ETag']}"  # the version was read before the data
    return response


def _jsonfg(layer: Layer, query: FeatureQuery, links: list[Link]) -> dict[str, Any]:
    """What a JSON-FG document has beside GeoJSON's members; ``links`` gain its profile."""
    links.append({"rel": "profile", "href": JSONFG_PROFILE, "title": "JSON-FG", "type": "text/html"})
    return jsonfg_members(layer, query)


def _page(page: Page, links: list[Link], members: dict[str, Any]) -> bytes:
    counts = {"numberMatched": page.matched, "numberReturned": page.returned}
    known = {name: count for name, count in counts.items() if count is not None}
    return _with({"type": "FeatureCollection", **members, **known, "links": links}, f'"features":[{page.features}]')


def _body(request: HttpRequest) -> dict[str, Any]:
    try:
        body = orjson.loads(request.body)
    except RequestDataTooBig as error:
        raise too_large() from error
    except orjson.JSONDecodeError as error:
        raise Problem(text(f"Isi permintaan bukan JSON: {error}.", f"The body is not JSON: {error}.")) from error
    if not isinstance(body, dict):
        raise Problem(
            text(
                'Kirim objek seperti {"filter": ..., "limit": 10}.',
                'Send an object such as {"filter": ..., "limit": 10}.',
            )
        )
    return body


def _parameter(name: str, value: Any) -> str:
    """A member of a JSON object as the query parameter would be written."""
    values = value if isinstance(value, list) else [value]
    try:
        return ",".join(item if isinstance(item, str) else orjson.dumps(item).decode() for item in values)
    except orjson.JSONEncodeError as error:
        raise InvalidParameter(name, text("Bersarang terlalu dalam.", "It is nested too deeply.")) from error


def _with(head: dict[str, Any], members: str) -> bytes:
    """A JSON object of ``head`` and of members that are JSON text already."""
    return orjson.dumps(head)[:-1] + b"," + members.encode() + b"}"


def _unchanged(request: HttpRequest, layer: Layer, version: Version, asked: str) -> HttpResponse:
    response = cached(request, HttpResponse(status=304), version, asked)
    return repeatable(response, version.tag, lambda: version_fetch(layer).tag)


def _known(request: HttpRequest, format: str, asked: str) -> str:
    """The version that the client has; none of a page, which tells the age of facts and so changes by itself."""
    return "" if format == "html" else version_known(request, asked)
