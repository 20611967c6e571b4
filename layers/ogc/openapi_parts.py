"""What the operations of the OpenAPI document share: parameters, schemas and answers."""

from typing import Any

from layers.catalog import Layer, Property, config, layers
from layers.ogc.formats import FORMATS
from layers.ogc.schemas import plain_schema
from layers.query.values import LARGEST
from layers.rest.preconditions import IF_MATCH
from layers.text import text

Json = dict[str, Any]

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
    "413": text("Isi permintaan terlalu besar.", "The body of the request is too large."),
    "415": text("Jenis isi tidak diterima.", "The body's media type is not taken."),
    "429": text("Terlalu banyak upaya masuk yang gagal.", "Too many log-ins failed."),
}

GONE = {"410": text("Keadaan saat itu tidak diketahui lagi (asof).", "The state then is not known any more (asof).")}


def ref(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}


def query(name: str, description: Any, schema: Json) -> Json:
    """A parameter of the address; lists are separated by commas."""
    return {
        "name": name,
        "in": "query",
        "description": str(description),
        "style": "form",
        "explode": False,
        "schema": schema,
    }


def properties_chosen(items: Json) -> Json:
    """The parameter ``properties``."""
    return query(
        "properties", text("Atribut yang ditulis.", "The properties to write."), {"type": "array", "items": items}
    )


def parameters() -> dict[str, Json]:
    """Those that several operations share."""
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
        "others": query(
            "others",
            text("Parameter lain diabaikan di sini.", "Any other parameters are ignored here."),
            {"type": "object", "additionalProperties": True},
        )
        | {"explode": True},
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
            {"type": "string", "example": "name LIKE 'Pasar%' AND S_INTERSECTS(geom, BBOX(116,-9,117,-8))"},
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
            {**numbers, "minItems": 4, "maxItems": 6, "example": [116, -8.7, 116.2, -8.5]},
        ),
        "bbox-crs": query("bbox-crs", text("CRS kotak.", "CRS of the box."), crs),
        "crs": query("crs", text("CRS jawaban.", "CRS of the answer."), crs),
        "datetime": query(
            "datetime",
            text(
                "Waktu RFC 3339 atau rentang mulai/akhir, '..' untuk terbuka.",
                "An RFC 3339 time or an interval start/end, '..' for open.",
            ),
            {"type": "string", "example": "2018-08-05/.."},
        ),
        "asof": query(
            "asof",
            text(
                "Waktu RFC 3339 yang telah lewat: keadaan lapisan pada saat itu; 410 bila tidak diketahui lagi.",
                "A past RFC 3339 time: the layer as it was then; 410 where that is not known any more.",
            ),
            {"type": "string", "format": "date-time"},
        ),
        "sortby": query(
            "sortby",
            text("Urutan: nama atribut, - untuk menurun.", "Order: properties, - descends."),
            names | {"example": ["-name"]},
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
        **{
            name: {"name": name, "in": "header", "description": str(description), "schema": schema}
            for name, description, schema in (
                (
                    "If-None-Match",
                    text("ETag yang dimiliki klien; 304 bila masih sama.", "The client's ETag; 304 if it holds."),
                    {"type": "string"},
                ),
                ("If-Match", IF_MATCH, {"type": "string"}),
                ("Content-Crs", text("CRS geometri yang dikirim.", "CRS of the geometry that is sent."), crs),
            )
        },
        "featureId": {
            "name": "featureId",
            "in": "path",
            "required": True,
            "description": str(text("Id item.", "Id of the item.")),
            "schema": {"type": "integer", "format": "int64", "minimum": 0},
        },
    }


def responses() -> dict[str, Json]:
    """Answers without items: what went wrong, and that nothing changed."""
    return {
        "304": {"description": str(text("Masih sama (If-None-Match).", "Not modified (If-None-Match)."))},
        **{
            status: {
                "description": str(description),
                "content": content("application/problem+json", ref("schemas", "problem")) | PAGE,
            }
            for status, description in (PROBLEMS | EDIT_PROBLEMS | GONE).items()
        },
    }


def content(media_type: str, schema: Json) -> Json:
    return {media_type: {"schema": schema}}


BINARY: Json = {"type": "string", "format": "binary"}
PAGE = content("text/html", {"type": "string"})
"""What a browser is shown."""


def schemas() -> dict[str, Json]:
    link = {
        "type": "object",
        "required": ["href", "rel"],
        "properties": {name: {"type": "string"} for name in ("href", "rel", "type", "title", "hreflang")},
    }
    position = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 3}
    line = {"type": "array", "items": position, "minItems": 2}
    ring = {"type": "array", "items": position, "minItems": 4}
    polygon = {"type": "array", "items": ring, "minItems": 1}
    return {
        "document": {"type": "object"},
        "links": {"type": "array", "items": link},
        "Point": _geometry("Point", position),
        "MultiLineString": _geometry("MultiLineString", {"type": "array", "items": line, "minItems": 1}),
        "MultiPolygon": _geometry("MultiPolygon", {"type": "array", "items": polygon, "minItems": 1}),
        **{name: schema for layer in layers() for name, schema in _layer(layer).items()},
        "problem": {
            "type": "object",
            "description": str(text("Kesalahan (RFC 9457).", "A fault (RFC 9457).")),
            "required": ["title", "status", "detail"],
            "properties": {
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
                "parameter": {"type": "string"},
                "errors": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
            },
        },
    }


def _geometry(kind: str, coordinates: Json) -> Json:
    """A GeoJSON geometry (RFC 7946); null where it is skipped."""
    return {
        "type": "object",
        "nullable": True,
        "required": ["type", "coordinates"],
        "properties": {"type": {"type": "string", "enum": [kind]}, "coordinates": coordinates},
    }


def _layer(layer: Layer) -> dict[str, Json]:
    """A page of a layer's items, an item, and its properties, of which an answer may hold only some."""
    feature = {
        "type": "object",
        "required": ["type", "geometry", "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"type": "integer", "format": "int64"},
            "geometry": ref("schemas", layer.geometry_type),
            "properties": ref("schemas", f"{layer.id}.properties"),
            "links": ref("schemas", "links"),
        },
    }
    page = {
        "type": "object",
        "required": ["type", "features"],
        "properties": {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "features": {"type": "array", "items": ref("schemas", layer.id)},
            "links": ref("schemas", "links"),
            "numberMatched": {"type": "integer", "minimum": 0},
            "numberReturned": {"type": "integer", "minimum": 0},
        },
    }
    properties = {
        "type": "object",
        "properties": {known.name: _value(known) for known in layer.properties},
        "additionalProperties": False,
    }
    return {layer.id: feature, f"{layer.id}.page": page, f"{layer.id}.properties": properties}


def _value(known: Property) -> Json:
    """A property as items hold it: what is not known is null, or empty where it is text."""
    schema = plain_schema(known)
    if known.required:
        return schema | ({"minLength": 1} if known.type == "string" else {})
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    if known.format == "uri":
        schema["anyOf"] = [{"format": schema.pop("format")}, {"maxLength": 0}]
    return schema | {"nullable": True}
