"""Tiles, styles and rasters in the OpenAPI document."""

from typing import Any

from layers.catalog import layers
from layers.ogc import links
from layers.ogc.coverages import COVERAGE, PNG
from layers.ogc.openapi_parts import BINARY, PROBLEMS, Json, properties_chosen, query, ref
from layers.ogc.styles import MAP, STYLE
from layers.ogc.tiles import ASKED, MVT, TILESET
from layers.query.tiles import MAX_ZOOM, TILE_MATRIX_SETS
from layers.text import text

DOCUMENT = ref("schemas", "document")
TEXT = {"type": "string"}


def tile_paths() -> dict[str, Json]:
    """The paths of tile matrix sets and of tiles: of all collections together, and of each.

    Clients find them by the endings of their operation ids (OGC 20-057, /req/oas30/operation-id).
    """
    sets = _get("getTileMatrixSetsList", text("Tile matrix set", "Tile matrix sets"), "server")
    one = _get("getTileMatrixSet", text("Satu tile matrix set", "A tile matrix set"), "server", [_place("tms")])
    labels, properties = _labels(), properties_chosen(TEXT)
    found = {"/tileMatrixSets": sets, "/tileMatrixSets/{tms}": one}
    for path, of, collection in (("", "dataset", []), ("/collections/{collectionId}", "collection", [_collection()])):
        tag = "tiles"
        chosen = [] if collection else [_collections()]
        asked = [*(ref("parameters", known) for known in ASKED if known != "properties"), properties, labels]
        described = text("Metadata petak, atau TileJSON", "Metadata of the tiles, or TileJSON")
        found |= {
            f"{path}/tiles": _get(
                f"tiles.{of}.vector.getTileSetsList",
                text("Himpunan petak", "Tilesets"),
                tag,
                [*collection, _format(*links.DOCUMENT)],
                {"application/json": DOCUMENT, "text/html": TEXT},
            ),
            f"{path}/tiles/{{tms}}": _get(
                f"tiles.{of}.vector.getTileSet",
                described,
                tag,
                [*collection, _place("tms"), *chosen, labels, _format(*TILESET)],
                {"application/json": DOCUMENT, "text/html": TEXT, links.TILEJSON: DOCUMENT},
            ),
            f"{path}/tiles/{{tms}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": _get(
                f"tiles.{of}.vector.getTile",
                text("Petak vektor; 204 bila kosong", "A vector tile; 204 where it is empty"),
                tag,
                [*collection, *map(_place, ("tms", "tileMatrix", "tileRow", "tileCol")), *chosen, *asked],
                {MVT: BINARY},
                "204",
            ),
        }
    return found


def style_paths() -> dict[str, Json]:
    """The paths of styles, but for the images that style documents refer to."""
    which = {"name": "styleId", "in": "path", "required": True}
    which["schema"] = {"type": "string", "enum": [MAP, *(layer.id for layer in layers())]}
    return {
        "/styles": _get("getStyles", text("Gaya", "Styles"), "styles"),
        "/styles/{styleId}": _get(
            "getStyle",
            text("Gaya MapLibre, atau SLD", "A style of MapLibre, or SLD"),
            "styles",
            [which, _format(*STYLE)],
            {STYLE["json"]: DOCUMENT, STYLE["sld"]: TEXT},
        ),
        "/styles/{styleId}/metadata": _get(
            "getStyleMetadata", text("Tentang gaya", "About a style"), "styles", [which]
        ),
        "/styles/{styleId}/legend": _get(
            "getStyleLegend",
            text("Legenda", "Legend"),
            "styles",
            [which, ref("parameters", "f")],
            {"application/json": DOCUMENT, "text/html": TEXT},
        ),
    }


def raster_paths() -> dict[str, Json]:
    """The paths of hazard rasters. Which there are is not in the document, for they come and go while it is cached."""
    which = {"name": "rasterId", "in": "path", "required": True, "schema": {"type": "string"}}
    described = text("Besaran; tanpa ini semua.", "Quantities; all without it.")
    quantities = query("properties", described, {"type": "array", "items": TEXT})
    box, example = text("Kotak, sumbu demi sumbu.", "The box, axis by axis."), "Lon(116.05:116.1),Lat(-8.6:-8.55)"
    subset = query("subset", box, TEXT | {"example": example})
    resized = text(
        "Kolom dan baris jawaban, dalam bujur dan lintang.", "Columns and rows of the answer, in longitude, latitude."
    )
    size = query("scale-size", resized, TEXT | {"example": "Lon(400),Lat(300)"})
    grid, bands = text("Kisi raster", "A raster's grid"), text("Besaran raster", "A raster's quantities")
    raster, picture = "/collections/{rasterId}", text("Gambar kelas raster", "Pictures of a raster's classes")
    tileset = f"{raster}/map/tiles/{{tms}}"
    return {
        f"{raster}/coverage": _get(
            "getCoverage",
            text("Nilai raster", "Values of a raster"),
            "rasters",
            [which, ref("parameters", "bbox"), subset, size, quantities, _format(*COVERAGE)],
            {COVERAGE["json"]: DOCUMENT, COVERAGE["geotiff"]: BINARY},
        ),
        f"{raster}/coverage/domainset": _get("getDomainSet", grid, "rasters", [which]),
        f"{raster}/coverage/rangetype": _get("getRangeType", bands, "rasters", [which]),
        f"{raster}/map/legend": _get(
            "getRasterLegend", text("Legenda raster", "A raster's legend"), "rasters", [which]
        ),
        tileset: _get("getRasterTileset", picture, "rasters", [which, _web_mercator()], {links.TILEJSON: DOCUMENT}),
        f"{tileset}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}.png": _get(
            "getRasterTile",
            picture,
            "rasters",
            [which, _web_mercator(), *map(_place, ("tileMatrix", "tileRow", "tileCol"))],
            {PNG: BINARY},
        ),
    }


def _labels() -> Json:
    described = text(
        "Dengan titik label poligon, di lapisan {koleksi}-labels.", "With points for the labels of polygons."
    )
    return query("labels", described, {"type": "boolean", "default": False})


def _get(
    operation: str,
    summary: Any,
    tag: str,
    parameters: list[Json] | None = None,
    schemas: Json | None = None,
    also: str | None = None,
) -> Json:
    answers = {
        media_type: {"schema": schema} for media_type, schema in (schemas or {"application/json": DOCUMENT}).items()
    }
    empty = {also: {"description": str(text("Kosong", "Empty"))}, "304": ref("responses", "304")} if also else {}
    return {
        "get": {
            "operationId": operation,
            "summary": str(summary),
            "tags": [tag],
            "parameters": [*(parameters or []), ref("parameters", "lang")],
            "responses": {
                "200": {"description": str(summary), "content": answers},
                **empty,
                **{status: ref("responses", status) for status in PROBLEMS},
            },
        }
    }


def _collection() -> Json:
    schema = {"type": "string", "enum": [layer.id for layer in layers()]}
    return {"name": "collectionId", "in": "path", "required": True, "schema": schema}


def _collections() -> Json:
    ids = {"type": "string", "enum": [layer.id for layer in layers()]}
    described = text("Koleksi yang termuat; tanpa ini semua.", "Collections to hold; all without it.")
    return query("collections", described, {"type": "array", "minItems": 1, "items": ids})


def _format(*names: str) -> Json:
    return {"name": "f", "in": "query", "schema": {"type": "string", "enum": list(names)}}


def _web_mercator() -> Json:
    return {**_place("tms"), "schema": {"type": "string", "enum": ["WebMercatorQuad"]}}


def _place(name: str) -> Json:
    schema: Json = {"type": "string", "enum": list(TILE_MATRIX_SETS)}
    if name == "tileMatrix":
        schema = {"type": "integer", "minimum": 0, "maximum": MAX_ZOOM, "example": 14}
    elif name != "tms":
        schema = {"type": "integer", "minimum": 0, "example": {"tileRow": 8583, "tileCol": 13475}[name]}
    return {"name": name, "in": "path", "required": True, "schema": schema}
