"""The OpenAPI 3.0 document of the OGC API, made from the catalogue.

QGIS reads its page size from ``components.parameters.limit`` and, for layers without CQL2, the property filters
from the parameters of each collection's items; so both are written out.
"""

from typing import Any

from layers.catalog import Layer, Property, config, in_language, layers
from layers.ogc.formats import FORMATS
from layers.ogc.schemas import plain_schema
from layers.query.values import LARGEST
from layers.text import text

Json = dict[str, Any]


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
        "tags": [{"name": "server", "description": str(text("Peladen", "Server"))}, *map(_tag, layers())],
        "paths": {
            "/": _get("getLandingPage", text("Halaman muka", "Landing page"), "server"),
            "/conformance": _get("getConformance", text("Kesesuaian standar", "Conformance"), "server"),
            "/openapi": _get("getOpenapi", text("Dokumen ini", "This document"), "server"),
            "/collections": _get("getCollections", text("Semua koleksi", "All collections"), "server"),
            **{path: operation for layer in layers() for path, operation in _paths(layer).items()},
        },
        "components": {
            "parameters": _parameters(),
            "schemas": _schemas(),
            "responses": {
                name: {
                    "description": str(description),
                    "content": _content("application/problem+json", "problem"),
                }
                for name, description in (PROBLEMS | EDIT_PROBLEMS).items()
            },
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "token": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "Token …"},
            },
        },
    }


PROBLEMS = {
    "400": text("Permintaan keliru; isinya menjelaskan.", "A bad request; the answer explains."),
    "404": text("Tidak ada.", "Not found."),
    "405": text("Metode tidak berlaku.", "The method is not allowed."),
    "500": text("Kesalahan pada peladen.", "The server failed."),
    "503": text("Basis data tidak menjawab; lihat Retry-After.", "The database does not answer; see Retry-After."),
}

EDIT_PROBLEMS = {
    "401": text("Siapa Anda? Lihat WWW-Authenticate.", "Who are you? See WWW-Authenticate."),
    "403": text("Tanpa izin untuk lapisan ini.", "Without permission for this layer."),
    "409": text("Bertabrakan dengan perubahan lain.", "In conflict with another change."),
    "412": text("Item sudah berubah sejak dibaca (If-Match).", "The item changed since it was read (If-Match)."),
    "415": text("Jenis isi tidak diterima.", "The body's media type is not taken."),
    "429": text("Terlalu banyak upaya masuk yang gagal.", "Too many log-ins failed."),
}


def _tag(layer: Layer) -> Json:
    return {"name": layer.id, "description": in_language(layer.description)}


def _paths(layer: Layer) -> dict[str, Json]:
    path = f"/collections/{layer.id}"
    name = "".join(part.capitalize() for part in layer.id.split("_"))
    title = in_language(layer.title)
    shared = (
        "limit",
        "next",
        "offset",
        "bbox",
        "bbox-crs",
        "crs",
        "datetime",
        "filter",
        "filter-lang",
        "filter-crs",
        "sortby",
        "q",
        "skipGeometry",
    )
    listed = {
        "name": "properties",
        "in": "query",
        "description": str(text("Atribut yang ditulis.", "The properties to write.")),
        "style": "form",
        "explode": False,
        "schema": {
            "type": "array",
            "items": {"type": "string", "enum": [known.name for known in layer.properties]},
        },
    }
    return {
        path: _get(f"describe{name}", title, layer.id),
        f"{path}/schema": _get(f"get{name}Schema", f"{title}: schema", layer.id, "application/schema+json"),
        f"{path}/queryables": _get(f"get{name}Queryables", f"{title}: queryables", layer.id, "application/schema+json"),
        f"{path}/items": _get(
            f"get{name}",
            f"{title}: items",
            layer.id,
            "application/geo+json",
            [*map(_ref, shared), listed, *map(_filter, layer.properties)],
            "featureCollection",
            format="f-items",
        )
        | {"post": _edit(f"add{name}", text("Tambah item", "Add an item"), layer.id, "201")},
        f"{path}/search": {"post": _search(f"search{name}", title, layer.id)},
        f"{path}/items/{{featureId}}": _get(
            f"get{name}Item",
            f"{title}: item",
            layer.id,
            "application/geo+json",
            [_ref("featureId"), _ref("crs")],
            "feature",
            format="f-item",
        )
        | {
            "put": _edit(f"replace{name}", text("Ganti item", "Replace an item"), layer.id),
            "patch": _edit(f"change{name}", text("Ubah item", "Change an item"), layer.id),
            "delete": _edit(f"delete{name}", text("Hapus item", "Delete an item"), layer.id, body=False),
        },
    }


def _get(
    operation: str,
    summary: Any,
    tag: str,
    media_type: str = "application/json",
    parameters: list[Json] | None = None,
    schema: str = "document",
    format: str = "f",
) -> Json:
    return {
        "get": {
            "operationId": operation,
            "summary": str(summary),
            "tags": [tag],
            "parameters": [_ref(format), _ref("lang"), *(parameters or [])],
            "responses": {
                "200": {
                    "description": str(summary),
                    "content": {**_content(media_type, schema), "text/html": {"schema": {"type": "string"}}},
                },
                **{status: {"$ref": f"#/components/responses/{status}"} for status in PROBLEMS},
            },
        }
    }


def _edit(operation: str, summary: Any, tag: str, status: str = "204", *, body: bool = True) -> Json:
    """Editing, for people with the layer's permission."""
    media_type = "application/merge-patch+json" if operation.startswith("change") else "application/geo+json"
    return {
        "operationId": operation,
        "summary": str(summary),
        "tags": [tag],
        "parameters": [] if status == "201" else [_ref("featureId")],
        **({"requestBody": {"required": True, "content": _content(media_type, "document")}} if body else {}),
        "security": [{"basic": []}, {"token": []}],
        "responses": {
            status: {"description": str(summary)},
            **{code: {"$ref": f"#/components/responses/{code}"} for code in (*PROBLEMS, *EDIT_PROBLEMS)},
        },
    }


def _search(operation: str, title: str, tag: str) -> Json:
    return {
        "operationId": operation,
        "summary": str(text(f"{title}: cari", f"{title}: search")),
        "description": str(
            text("Parameter items sebagai anggota objek JSON.", "The parameters of items as members of a JSON object.")
        ),
        "tags": [tag],
        "requestBody": {"required": True, "content": _content("application/json", "document")},
        "responses": {
            "200": {"description": title, "content": _content("application/geo+json", "featureCollection")},
            **{code: {"$ref": f"#/components/responses/{code}"} for code in PROBLEMS},
        },
    }


def _content(media_type: str, schema: str) -> Json:
    return {media_type: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/parameters/{name}"}


def _filter(known: Property) -> Json:
    """The property as a query parameter; of a list, one element."""
    schema = plain_schema(known)
    schema = schema["items"] if known.type == "array" else schema
    kept = ("type", "format", "enum", "minimum", "maximum", "maxLength")
    return {
        "name": known.name,
        "in": "query",
        "description": str(known.title),
        "style": "form",
        "explode": False,
        "schema": {name: schema[name] for name in kept if name in schema},
    }


def _parameters() -> dict[str, Json]:
    def query(name: str, description: Any, schema: Json) -> Json:
        return {
            "name": name,
            "in": "query",
            "description": str(description),
            "style": "form",
            "explode": False,
            "schema": schema,
        }

    limits = config()["server"]["limits"]
    crs = {
        "type": "string",
        "format": "uri",
        "enum": sorted({uri for layer in layers() for uri in layer.crs}),
    }
    numbers = {"type": "array", "items": {"type": "number"}}
    names = {"type": "array", "items": {"type": "string"}}
    return {
        **{
            f"f-{of}": query("f", text("Format jawaban.", "Format of the answer."), {"type": "string", "enum": formats})
            for of, formats in (("items", ["json", "html", *FORMATS]), ("item", ["json", "html", "jsonfg"]))
        },
        "f": query(
            "f",
            text("Format jawaban.", "Format of the answer."),
            {"type": "string", "enum": ["json", "html"]},
        ),
        "lang": query("lang", text("Bahasa.", "Language."), {"type": "string", "enum": ["id", "en"]}),
        "limit": query(
            "limit",
            text(
                "Banyaknya item sehalaman; yang lebih dari batas dianggap sebesar batas.",
                "Items on a page; more than the maximum is taken for the maximum.",
            ),
            {
                "type": "integer",
                "minimum": 1,
                "maximum": limits["max_items"],
                "default": limits["default_items"],
            },
        ),
        "offset": query(
            "offset",
            text("Banyaknya item yang dilewati.", "Items to skip."),
            {"type": "integer", "minimum": 0, "maximum": LARGEST, "default": 0},
        ),
        "next": query(
            "next",
            text("Token halaman dari tautan next.", "Token of a page, from a link next."),
            {"type": "string"},
        ),
        "filter": query(
            "filter",
            text("Saringan CQL2; atribut yang berlaku ada di queryables.", "A CQL2 filter over the queryables."),
            {"type": "string"},
        ),
        "filter-lang": query(
            "filter-lang",
            text("Bahasa saringan.", "Language of the filter."),
            {"type": "string", "enum": ["cql2-text", "cql2-json"], "default": "cql2-text"},
        ),
        "filter-crs": query("filter-crs", text("CRS geometri saringan.", "CRS of the filter's geometries."), crs),
        "bbox": query(
            "bbox",
            text("Kotak minx,miny,maxx,maxy menurut bbox-crs.", "Box minx,miny,maxx,maxy in bbox-crs."),
            {**numbers, "minItems": 4, "maxItems": 6},
        ),
        "bbox-crs": query("bbox-crs", text("CRS kotak.", "CRS of the box."), crs),
        "crs": query("crs", text("CRS jawaban.", "CRS of the answer."), crs),
        "datetime": query(
            "datetime",
            text(
                "Waktu RFC 3339 atau rentang mulai/akhir, '..' untuk terbuka.",
                "An RFC 3339 time or an interval start/end, '..' for open.",
            ),
            {"type": "string"},
        ),
        "sortby": query(
            "sortby", text("Urutan: nama atribut, - untuk menurun.", "Order: properties, - descends."), names
        ),
        "q": query(
            "q",
            text("Kata yang dicari dalam kode dan nama.", "Words to find in code and name."),
            {"type": "string", "maxLength": 1000},
        ),
        "skipGeometry": query(
            "skipGeometry",
            text("Tanpa geometri.", "Without geometries."),
            {"type": "boolean", "default": False},
        ),
        "featureId": {
            "name": "featureId",
            "in": "path",
            "required": True,
            "description": str(text("Id item.", "Id of the item.")),
            "schema": {"type": "integer", "format": "int64", "minimum": 0},
        },
    }


def _schemas() -> dict[str, Json]:
    link = {
        "type": "object",
        "required": ["href", "rel"],
        "properties": {name: {"type": "string"} for name in ("href", "rel", "type", "title", "hreflang")},
    }
    links = {"type": "array", "items": link}
    feature = {
        "type": "object",
        "required": ["type", "geometry", "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"type": "integer", "format": "int64"},
            "geometry": {"type": "object", "nullable": True},
            "properties": {"type": "object", "nullable": True},
            "links": links,
        },
    }
    return {
        "document": {"type": "object"},
        "feature": feature,
        "featureCollection": {
            "type": "object",
            "required": ["type", "features"],
            "properties": {
                "type": {"type": "string", "enum": ["FeatureCollection"]},
                "features": {"type": "array", "items": {"$ref": "#/components/schemas/feature"}},
                "links": links,
                "timeStamp": {"type": "string", "format": "date-time"},
                "numberMatched": {"type": "integer", "minimum": 0},
                "numberReturned": {"type": "integer", "minimum": 0},
            },
        },
        "problem": {
            "type": "object",
            "description": str(text("Kesalahan (RFC 9457).", "A fault (RFC 9457).")),
            "required": ["title", "status", "detail"],
            "properties": {
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
                "parameter": {"type": "string"},
            },
        },
    }
