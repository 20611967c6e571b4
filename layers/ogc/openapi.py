"""The OpenAPI 3.0 document of the OGC API, made from the catalogue.

QGIS reads its page size from ``components.parameters.limit`` and, for layers without CQL2, the property filters
from the parameters of each collection's items; so both are written out.
"""

from collections.abc import Mapping
from typing import Any

from layers.catalog import Layer, Property, config, in_language, layers
from layers.ogc.formats import FORMATS
from layers.ogc.openapi_parts import (
    BINARY,
    EDIT_PROBLEMS,
    PAGE,
    PROBLEMS,
    Json,
    content,
    parameters,
    properties_chosen,
    query,
    ref,
    responses,
    schemas,
)
from layers.ogc.openapi_processes import process_paths
from layers.ogc.openapi_tiles import raster_paths, style_paths, tile_paths
from layers.ogc.schemas import plain_schema
from layers.text import text

OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
GEOJSON = "application/geo+json"
SCHEMA = "application/schema+json"

DOCUMENT = ref("schemas", "document")

QUERY = (
    "limit",
    "next",
    "offset",
    "bbox",
    "bbox-crs",
    "crs",
    "asof",
    "datetime",
    "filter",
    "filter-lang",
    "filter-crs",
    "sortby",
    "q",
    "skipGeometry",
)
"""The query parameters that all layers' items share."""


def openapi_document(base: str) -> Json:
    """The document for a portal whose landing page is at ``base``, in the active language."""
    metadata = config()["metadata"]
    return {
        "openapi": "3.0.3",
        "info": {
            "title": in_language(metadata["identification"]["title"]),
            "description": in_language(metadata["identification"]["description"]),
            "version": "1.0.0",
            "contact": {"name": metadata["contact"]["name"], "url": metadata["contact"]["url"]},
            "license": {"name": metadata["license"]["name"], "url": metadata["license"]["url"]},
        },
        "servers": [{"url": base}],
        "tags": [
            {"name": "server", "description": str(text("Peladen", "Server"))},
            {"name": "tiles", "description": str(text("Petak vektor", "Vector tiles"))},
            {"name": "styles", "description": str(text("Gaya peta", "Styles of the map"))},
            {"name": "rasters", "description": str(text("Raster bahaya", "Hazard rasters"))},
            {"name": "processes", "description": str(text("Proses dan pekerjaan", "Processes and jobs"))},
            *map(_tag, layers()),
        ],
        "paths": {
            "/": _open("getLandingPage", text("Halaman muka", "Landing page"), "server"),
            "/conformance": _open("getConformance", text("Kesesuaian standar", "Conformance"), "server"),
            "/openapi": _open("getOpenapi", text("Dokumen ini", "This document"), "server", {OPENAPI: DOCUMENT}),
            "/collections": _open("getCollections", text("Semua koleksi", "All collections"), "server"),
            **{path: operation for layer in layers() for path, operation in _paths(layer).items()},
            **tile_paths(),
            **style_paths(),
            **raster_paths(),
            **process_paths(),
        },
        "components": {
            "parameters": parameters(),
            "schemas": schemas(),
            "responses": responses(),
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "token": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "Token …"},
            },
        },
    }


def _tag(layer: Layer) -> Json:
    return {"name": layer.id, "description": in_language(layer.description)}


def _paths(layer: Layer) -> dict[str, Json]:
    path = f"/collections/{layer.id}"
    name = "".join(part.capitalize() for part in layer.id.split("_"))
    title = in_language(layer.title)
    item = ref("schemas", layer.id)
    page = ref("schemas", f"{layer.id}.page")
    return {
        path: _open(f"describe{name}", title, layer.id),
        f"{path}/schema": _open(f"get{name}Schema", f"{title}: schema", layer.id, {SCHEMA: DOCUMENT}),
        f"{path}/queryables": _open(f"get{name}Queryables", f"{title}: queryables", layer.id, {SCHEMA: DOCUMENT}),
        f"{path}/items": _get(
            f"get{name}",
            f"{title}: items",
            layer.id,
            {
                GEOJSON: page,
                FORMATS["jsonfg"].media_type: DOCUMENT,
                **{known.media_type: BINARY for known in FORMATS.values() if not known.pages},
            },
            [*_shared(*QUERY, "If-None-Match"), _listed(layer), *map(_filter, layer.properties)],
            format="f-items",
        )
        | {"post": _edit(f"add{name}", text("Tambah item", "Add an item"), layer, _new(layer), created=True)},
        f"{path}/changes": {"get": _changes(f"get{name}Changes", title, layer)},
        f"{path}/search": {"post": _search(f"search{name}", title, layer.id, page)},
        f"{path}/items/{{featureId}}": _get(
            f"get{name}Item",
            f"{title}: item",
            layer.id,
            {GEOJSON: item, FORMATS["jsonfg"].media_type: DOCUMENT},
            _shared("featureId", "crs", "asof", "If-None-Match"),
            format="f-item",
        )
        | {
            "put": _edit(f"replace{name}", text("Ganti item", "Replace an item"), layer, _new(layer)),
            "patch": _edit(f"change{name}", text("Ubah item", "Change an item"), layer, _change(layer)),
            "delete": _edit(f"delete{name}", text("Hapus item", "Delete an item"), layer),
        },
    }


def _open(operation: str, summary: Any, tag: str, schemas: Mapping[str, Json] | None = None) -> Json:
    """Reading, whatever further parameters there are: QGIS, for one, adds some."""
    return _get(operation, summary, tag, schemas, _shared("others"))


def _get(
    operation: str,
    summary: Any,
    tag: str,
    schemas: Mapping[str, Json] | None = None,
    parameters: list[Json] | None = None,
    format: str = "f",
) -> Json:
    """Reading; ``schemas`` by the media types that are answered beside HTML."""
    answers = {
        media_type: {"schema": schema} for media_type, schema in (schemas or {"application/json": DOCUMENT}).items()
    }
    return {
        "get": {
            "operationId": operation,
            "summary": str(summary),
            "tags": [tag],
            "parameters": [*_shared(format, "lang"), *(parameters or [])],
            "responses": {
                "200": {"description": str(summary), "content": answers | PAGE},
                **_answers(*(["304", "410"] if format != "f" else []), *PROBLEMS),
            },
        }
    }


def _edit(operation: str, summary: Any, layer: Layer, body: Json | None = None, *, created: bool = False) -> Json:
    """Editing, for people with the layer's permission; ``body`` is the schemas of what is sent, by media type."""
    headers = ([] if created else ["featureId", "If-Match"]) + (["Content-Crs"] if body else [])
    etag = {
        name: {"schema": {"type": "string"}} for name in (["Location"] if created else []) + (["ETag"] if body else [])
    }
    return {
        "operationId": operation,
        "summary": str(summary),
        "tags": [layer.id],
        "parameters": _shared("lang", *headers),
        **({"requestBody": {"required": True, "content": body}} if body else {}),
        "security": [{"basic": []}, {"token": []}],
        "responses": {
            "201" if created else "204": {"description": str(summary), "headers": etag},
            **_answers(*PROBLEMS, *EDIT_PROBLEMS),
        },
    }


def _new(layer: Layer) -> Json:
    """A whole feature."""
    given = {"required": [known.name for known in layer.properties if known.required]}
    return content(GEOJSON, {"allOf": [ref("schemas", layer.id), {"properties": {"properties": given}}]})


def _change(layer: Layer) -> Json:
    """A merge patch (RFC 7396)."""
    members = {
        "geometry": ref("schemas", layer.geometry_type),
        "properties": ref("schemas", f"{layer.id}.properties"),
    }
    return content("application/merge-patch+json", {"type": "object", "properties": members})


def _search(operation: str, title: str, tag: str, page: Json) -> Json:
    return {
        "operationId": operation,
        "summary": str(text(f"{title}: cari", f"{title}: search")),
        "description": str(
            text("Parameter items sebagai anggota objek JSON.", "The parameters of items as members of a JSON object.")
        ),
        "tags": [tag],
        "parameters": [
            query("f", text("Format jawaban.", "Format of the answer."), {"type": "string", "enum": ["json"]}),
            *_shared("lang"),
        ],
        "requestBody": {"required": True, "content": content("application/json", DOCUMENT)},
        "responses": {
            "200": {"description": title, "content": content(GEOJSON, page)},
            **_answers(*PROBLEMS, "413"),
        },
    }


def _changes(operation: str, title: str, layer: Layer) -> Json:
    """The change feed; an item that was deleted has neither geometry nor properties."""
    told = text("Token dari jawaban sebelumnya.", "The token of the answer before.")
    since = query("since", told, {"type": "string"})
    deleted = {
        "type": "object",
        "required": ["type", "id", "deleted"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"type": "integer", "format": "int64"},
            "deleted": {"type": "string", "format": "date-time"},
        },
    }
    page = {
        "type": "object",
        "required": ["type", "timeStamp", "token", "numberReturned", "links", "features"],
        "properties": {
            "token": {"type": "string"},
            "features": {"type": "array", "items": {"anyOf": [ref("schemas", layer.id), deleted]}},
        },
    }
    gone = text("Terlalu lama; mulai lagi dari tautan start.", "Too old; begin again at the link start.")
    return {
        "operationId": operation,
        "summary": str(text(f"{title}: perubahan", f"{title}: changes")),
        "tags": [layer.id],
        "parameters": [*_shared("lang", "limit"), since],
        "responses": {
            "200": {"description": title, "content": content(GEOJSON, page)},
            "410": {
                "description": str(gone),
                "content": content("application/problem+json", ref("schemas", "problem")) | PAGE,
            },
            **_answers(*PROBLEMS),
        },
    }


def _shared(*names: str) -> list[Json]:
    return [ref("parameters", name) for name in names]


def _answers(*statuses: str) -> dict[str, Json]:
    return {status: ref("responses", status) for status in statuses}


def _listed(layer: Layer) -> Json:
    return properties_chosen({"type": "string", "enum": [known.name for known in layer.properties]})


def _filter(known: Property) -> Json:
    """The property as a query parameter; of a list, one element."""
    schema = plain_schema(known)
    schema = schema["items"] if known.type == "array" else schema
    kept = ("type", "format", "enum", "minimum", "maximum", "maxLength")
    return query(known.name, known.title, {name: schema[name] for name in kept if name in schema})
