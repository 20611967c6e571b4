"""OGC API - Tiles (OGC 20-057): vector tiles of a collection, and of several together.

A tile's address is also an XYZ template: ``…/tiles/WebMercatorQuad/{z}/{y}/{x}``.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from math import floor
from typing import Any

import orjson
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from pygeoapi.models.provider.base import TileMatrixSetEnum

from layers.answers import repeatable
from layers.catalog import Layer, in_language, layer_get, layers
from layers.errors import InvalidParameter
from layers.exports.tileset import DEEPEST, extent, home, vector_layers
from layers.ogc.caching import cached, representation, version_known
from layers.ogc.links import DOCUMENT, JSON, REL, TILEJSON, Address, Offers, base_url, link, negotiated
from layers.ogc.resource import resource
from layers.ogc.schemas import plain_schema
from layers.query.features import Version
from layers.query.params import FeatureQuery, Params, params_single
from layers.query.spatial import Box
from layers.query.tiles import (
    BUDGET,
    DETAILS,
    TILE_MATRIX_SETS,
    Detail,
    Tile,
    TileMatrixSet,
    matrix_set_get,
    tile_fetch,
    tile_version,
)
from layers.query.values import value_parse
from layers.text import text

MVT = "application/vnd.mapbox-vector-tile"
MATRICES: Offers = {"json": JSON}
TILESET: Offers = {**DOCUMENT, "tilejson": TILEJSON}
CRS = "http://www.opengis.net/def/crs"

ASKED = ("datetime", "filter", "filter-crs", "filter-lang", "properties")
"""Parameters that tiles share with items."""


@resource
def tile_matrix_sets(request: HttpRequest) -> HttpResponse:
    _asked(request, MATRICES)
    base = base_url(request)
    listed = [
        {"id": known.id, "uri": known.uri, "links": [link("self", f"{base}/tileMatrixSets/{known.id}", known.id)]}
        for known in TILE_MATRIX_SETS.values()
    ]
    return _json({"tileMatrixSets": listed})


@resource
def tile_matrix_set(request: HttpRequest, tms: str) -> HttpResponse:
    """A definition (OGC 17-083r4), as pygeoapi holds it."""
    _asked(request, MATRICES)
    known = TileMatrixSetEnum[matrix_set_get(tms).id.upper()].value
    return _json(
        {
            "id": known.tileMatrixSet,
            "title": known.title,
            "uri": known.tileMatrixSetURI,
            "crs": known.crs,
            "orderedAxes": known.orderedAxes,
            "wellKnownScaleSet": known.wellKnownScaleSet,
            "tileMatrices": known.tileMatrices,
        }
    )


@resource
def tilesets(request: HttpRequest, id: str | None = None) -> HttpResponse:
    format, _ = _asked(request, DOCUMENT)
    shown, address = _shown(request, id)
    listed = [_summary(request, shown, known, address) for known in TILE_MATRIX_SETS.values()]
    document = {"tilesets": listed, "links": Address.of(request).alternates(format, DOCUMENT)}
    return _page(request, "tilesets", document, id) if format == "html" else _json(document)


@resource
def tileset(request: HttpRequest, tms: str, id: str | None = None) -> HttpResponse:
    """Metadata of a tileset, or as ``f=tilejson`` what MapLibre and others read."""
    known = matrix_set_get(tms)
    format, given = _asked(request, TILESET, "collections", "labels")
    labels = _labels(given)
    shown, address = _shown(request, id)
    if format == "tilejson":
        return _json(_tilejson(request, shown, known, address, labels), TILEJSON)
    base = base_url(request)
    west, south, east, north = extent(shown)
    document = _summary(request, shown, known, address)
    document["links"] = [
        *Address.of(request).alternates(format, TILESET),
        _tiling_scheme(request, known),
        {**link("item", _template(request, known, address), text("Petak", "Tiles"), MVT), "templated": True},
    ]
    document["boundingBox"] = {"lowerLeft": [west, south], "upperRight": [east, north], "crs": f"{CRS}/OGC/1.3/CRS84"}
    document["tileMatrixSetLimits"] = [_limits(known, z, (west, south, east, north)) for z in range(known.max_zoom + 1)]
    document["layers"] = [
        {
            "id": layer.id,
            "title": in_language(layer.title),
            "description": in_language(layer.description),
            "dataType": "vector",
            "geometryDimension": layer.dimension,
            "propertiesSchema": {
                "type": "object",
                "properties": {item.name: plain_schema(item) for item in layer.properties},
            },
            "links": [link("geodata", f"{base}/collections/{layer.id}", in_language(layer.title))],
        }
        for layer in shown
    ]
    if format == "html":
        addresses = {
            "tilejson": f"{address}/{known.id}?{_chosen(request)}f=tilejson",
            "xyz": _template(request, known, address, names=("{z}", "{y}", "{x}")),
        }
        return _page(request, "tileset", document, id, **addresses)
    return _json(document)


@resource
def tile(request: HttpRequest, tms: str, z: str, row: str, col: str, id: str | None = None) -> HttpResponse:
    """The bytes of a tile; 204 where it is empty.

    Raises:
        NotFound: there is no such tile matrix set, zoom, row or column.
        InvalidParameter: a parameter is unknown or malformed.
    """
    place = Tile.parse(tms, z, row, col)
    _, given = _asked(request, {"mvt": MVT}, "collections", "labels", *ASKED)
    shown, _ = _shown(request, id)
    labels = _labels(given)
    params: Params = {name: [given[name]] for name in ASKED if name in given}
    asked = [(layer, FeatureQuery.parse(layer, params)) for layer in shown]
    tag_now = partial(tile_version, asked, place)
    same = representation(request.build_absolute_uri(), MVT)
    known = version_known(request, same)
    if known and known in (tag := tag_now(), cache.get(f"{tag}.{same}")):
        version = known
    else:
        data = tile_fetch(asked, place, labels=labels)
        tag, version = data.tag, data.version
        if data.is_gathered:
            cache.set(f"{tag}.{same}", version)
    if version == known:
        response = HttpResponse(status=304, content_type=MVT)
    else:
        response = HttpResponse(data.mvt, status=200 if data.mvt else 204, content_type=MVT)
        if generalized := _generalized(shown, data.details):
            response["Tile-Generalized"] = generalized
    return repeatable(cached(request, response, Version(version, None), same), tag, tag_now)


def _labels(given: Mapping[str, str]) -> bool:
    """Whether the tiles are to have points for the labels of polygons: an extension of ours."""
    return bool(value_parse("labels", "boolean", given.get("labels", "false")))


def _generalized(shown: Sequence[Layer], details: Sequence[Detail]) -> str:
    """The collections that are not shown whole, and how they are, as a list of RFC 9651."""
    return ", ".join(
        f"{layer.id};whole={0 if layer.geometry_type == 'Point' else detail.whole};grid={detail.grid}"
        f";tolerance={detail.tolerance}"
        for layer, detail in zip(shown, details, strict=True)
        if detail.grid
    )


def _asked(request: HttpRequest, offers: Offers, *known: str) -> tuple[str, dict[str, str]]:
    """The format, and the parameters."""
    return negotiated(request, offers), params_single(dict(request.GET.lists()), [*known, "f", "lang"])


def _shown(request: HttpRequest, id: str | None) -> tuple[Sequence[Layer], str]:
    """The layers of a tileset: its collection, or those that ``collections`` lists, or all; and its address."""
    base = base_url(request)
    if id is not None:
        if "collections" in request.GET:
            raise InvalidParameter(
                "collections",
                text("Berlaku untuk petak seluruh data saja.", "This is for tiles of the whole dataset only."),
            )
        return [layer_get(id)], f"{base}/collections/{id}/tiles"
    if "collections" not in request.GET:
        return layers(), f"{base}/tiles"
    wanted = request.GET["collections"].split(",")
    found = [layer for layer in layers() if layer.id in wanted]
    if len(found) != len(set(wanted)):
        known = ", ".join(layer.id for layer in layers())
        raise InvalidParameter(
            "collections",
            text(f"Tulis satu atau lebih dari: {known}.", f"Give one or more of: {known}, separated by commas."),
        )
    return found, f"{base}/tiles"


def _summary(request: HttpRequest, shown: Sequence[Layer], known: TileMatrixSet, address: str) -> dict[str, Any]:
    return {
        "title": ", ".join(in_language(layer.title) for layer in shown),
        "description": str(GENERALIZED),
        "dataType": "vector",
        "crs": f"{CRS}/EPSG/0/3857" if known.srid == 3857 else f"{CRS}/OGC/1.3/CRS84",
        "tileMatrixSetId": known.id,
        "tileMatrixSetURI": known.uri,
        "links": [link("self", f"{address}/{known.id}", known.id), _tiling_scheme(request, known)],
    }


def _tiling_scheme(request: HttpRequest, known: TileMatrixSet) -> dict[str, Any]:
    return link(f"{REL}/tiling-scheme", f"{base_url(request)}/tileMatrixSets/{known.id}", known.id)


GENERALIZED = text(
    f"Petak memuat semua fitur utuh sampai {DETAILS[0].whole} per koleksi dan {BUDGET // 1000} kB. Di atas itu fitur "
    "terbesar tetap utuh, sisanya dikumpulkan menjadi titik dengan point_count; tajuk Tile-Generalized menyebutkannya.",
    f"A tile holds all features whole, up to {DETAILS[0].whole} a collection and {BUDGET // 1000} kB. Beyond, the "
    "largest stay whole, and the others are gathered into points with point_count: the header Tile-Generalized tells.",
)


def _tilejson(
    request: HttpRequest, shown: Sequence[Layer], known: TileMatrixSet, address: str, labels: bool
) -> dict[str, Any]:
    """TileJSON 3.0.0; its bounds are in degrees whatever the tile matrix set."""
    bounds = extent(shown)
    west, south, east, north = home(bounds)
    return {
        "tilejson": "3.0.0",
        "name": ", ".join(in_language(layer.title) for layer in shown),
        "description": str(GENERALIZED),
        "tiles": [_template(request, known, address, names=("{z}", "{y}", "{x}"))],
        "minzoom": 0,
        "maxzoom": DEEPEST,
        "bounds": bounds,
        "center": [(west + east) / 2, (south + north) / 2, 12],
        "vector_layers": vector_layers(shown, range(DEEPEST + 1), labels=labels),
    }


def _template(
    request: HttpRequest,
    known: TileMatrixSet,
    address: str,
    names: Sequence[str] = ("{tileMatrix}", "{tileRow}", "{tileCol}"),
) -> str:
    return f"{address}/{known.id}/{'/'.join(names)}?{_chosen(request)}".rstrip("?&")


def _chosen(request: HttpRequest) -> str:
    """The parameters that ask for the same in the tiles, and a mark for the next one."""
    return "".join(f"{name}={request.GET[name]}&" for name in ("collections", "labels") if name in request.GET)


def _limits(known: TileMatrixSet, z: int, bounds: Box) -> dict[str, Any]:
    west, south, east, north = bounds
    (left, top), (right, bottom) = known.place(z, west, north), known.place(z, east, south)
    columns, rows = known.matrix(z)
    return {
        "tileMatrix": str(z),
        "minTileRow": _within(top, rows),
        "maxTileRow": _within(bottom, rows),
        "minTileCol": _within(left, columns),
        "maxTileCol": _within(right, columns),
    }


def _page(request: HttpRequest, template: str, document: dict[str, Any], id: str | None, **more: str) -> HttpResponse:
    layer = layer_get(id) if id else None
    return render(
        request, f"ogc/{template}.html", {"document": document, "layer": layer, "base": base_url(request), **more}
    )


def _within(place: float, count: int) -> int:
    """The row or column of a place, the nearest one of a place at or beyond the edge of the world."""
    return min(max(floor(place), 0), count - 1)


def _json(document: Mapping[str, Any], media_type: str = JSON) -> HttpResponse:
    return HttpResponse(orjson.dumps(document), content_type=media_type)
