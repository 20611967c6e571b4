"""Hazard rasters as OGC API - Coverages (OGC 19-087, a draft) and as map tiles (OGC 20-058 with 20-057).

The same address that a collection has; ``coverage`` holds values, ``map`` pictures of their classes. pygeoapi reads its
collections from a file, and rasters come and go while the portal runs, so these views read the windows themselves.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from rasterio.errors import RasterioError

from layers.answers import repeatable
from layers.catalog import layers
from layers.errors import InvalidParameter, NotFound, Unavailable
from layers.models import Raster, RasterBand
from layers.ogc.caching import cached, representation, version_known
from layers.ogc.coverage_values import PARAMS, cells_asked, covjson, crs_uri, domain_set, range_type, resolutions
from layers.ogc.links import DOCUMENT, JSON, REL, TILEJSON, TITLES, Link, Offers, base_url, link, negotiated
from layers.ogc.resource import resource
from layers.query.features import Version
from layers.query.params import params_single
from layers.query.rasters import bands_of, rasters_version
from layers.query.spatial import CRS84
from layers.query.tiles import Tile
from layers.services.raster_windows import geotiff_write, tile_read
from layers.styles.raster import SIDE, legend, picture
from layers.text import text

COVERAGE: Offers = {"json": "application/prs.coverage+json", "geotiff": "image/tiff; application=geotiff"}
COVERAGE_TITLES = {
    "json": text("Nilai sebagai CoverageJSON", "Values as CoverageJSON"),
    "geotiff": text("Nilai sebagai GeoTIFF", "Values as GeoTIFF"),
}
PNG = "image/png"

DEEPEST = 18


@resource
def coverage(request: HttpRequest, id: str) -> HttpResponse:
    """Values: the cells that ``bbox`` or ``subset`` touches, as they are, or as many as ``scale-size`` says.

    Raises:
        NotFound: there is no such raster.
        InvalidParameter: a parameter is unknown or malformed, the box misses the raster, or too much is asked for.
    """
    given = params_single(dict(request.GET.lists()), [*PARAMS, "f", "lang", "properties"])
    format = negotiated(request, COVERAGE)
    shown = _shown(id)
    raster, bands = shown.raster, _chosen(shown.bands, given.get("properties"))

    def answer() -> bytes:
        cells = cells_asked(raster, bands, given, format)
        return geotiff_write(bands, cells) if format == "geotiff" else covjson(bands, cells)

    response = _answer(request, shown, COVERAGE[format], answer)
    if format == "geotiff":
        response["Content-Disposition"] = f'attachment; filename="{raster.code}.tif"'
    return response


@resource
def coverage_domain_set(request: HttpRequest, id: str) -> HttpResponse:
    """The grid of the values, by which GDAL opens a coverage as a raster."""
    return _description(request, id, lambda shown: domain_set(shown.raster))


@resource
def coverage_range_type(request: HttpRequest, id: str) -> HttpResponse:
    """The bands of the values: their quantities and units."""
    return _description(request, id, lambda shown: range_type(shown.bands))


def _description(request: HttpRequest, id: str, describe: Callable[["_Shown"], dict[str, Any]]) -> HttpResponse:
    params_single(dict(request.GET.lists()), ["f", "lang"])
    negotiated(request, {"json": JSON})
    shown = _shown(id)
    return _answer(request, shown, JSON, lambda: orjson.dumps(describe(shown)))


@resource
def map_tile(request: HttpRequest, id: str, tms: str, z: str, row: str, col: str) -> HttpResponse:
    """A picture of the classes, 256 by 256 pixels; all transparent where nothing is mapped.

    Raises:
        NotFound: there is no such raster or tile, or the raster has no classes.
    """
    params_single(dict(request.GET.lists()), ["f", "lang"])
    negotiated(request, {"png": PNG})
    place = _tile(tms, z, row, col)
    shown = _shown(id)
    band = _classed(shown)
    return _answer(request, shown, PNG, lambda: picture(tile_read(band, place.bounds, SIDE), band.classes))


@resource
def map_tileset(request: HttpRequest, id: str, tms: str) -> HttpResponse:
    """The map tiles as TileJSON 3.0.0, which web maps read."""
    params_single(dict(request.GET.lists()), ["f", "lang"])
    negotiated(request, {"tilejson": TILEJSON})
    _tile(tms, "0", "0", "0")
    shown = _shown(id)
    band = _classed(shown)
    raster = shown.raster
    west, south, east, north = raster.bbox
    document = {
        "tilejson": "3.0.0",
        "name": raster.name,
        "attribution": raster.source,
        "tiles": [f"{base_url(request)}/collections/{id}/map/tiles/{tms}/{{z}}/{{y}}/{{x}}.png"],
        "minzoom": 0,
        "maxzoom": DEEPEST,
        "bounds": raster.bbox,
        "center": [(west + east) / 2, (south + north) / 2, 10],
        "legend": _legend(request, band),
    }
    return _answer(request, shown, TILEJSON, lambda: orjson.dumps(document))


@resource
def map_legend(request: HttpRequest, id: str) -> HttpResponse:
    """What the colours and patterns of the map mean, as data."""
    params_single(dict(request.GET.lists()), ["f", "lang"])
    negotiated(request, {"json": JSON})
    shown = _shown(id)
    band = _classed(shown)
    return _answer(request, shown, JSON, lambda: orjson.dumps({"id": id, **_legend(request, band)}))


def collection_documents(request: HttpRequest) -> list[dict[str, Any]]:
    """The collections that rasters are, for the list of collections."""
    found: dict[str, list[RasterBand]] = {}
    for band in bands_of(rasters_version()):
        found.setdefault(band.raster.code, []).append(band)
    return [_collection(request, bands) for bands in found.values()]


def collection(request: HttpRequest, id: str) -> HttpResponse | None:
    """The description of a raster as a collection, or None where no raster has that code."""
    if any(layer.id == id for layer in layers()):
        return None  # without asking the database
    bands = [band for band in bands_of(rasters_version()) if band.raster.code == id]
    if not bands:
        return None
    document = _collection(request, bands)
    if negotiated(request, DOCUMENT) == "json":
        return HttpResponse(orjson.dumps(document), content_type=JSON)
    legends = [_legend(request, band) for band in bands if band.breaks][:1]
    return render(request, "ogc/raster.html", {"document": document, "legends": legends, "base": base_url(request)})


def _collection(request: HttpRequest, bands: list[RasterBand]) -> dict[str, Any]:
    """What a raster is, where, when, and the links to its values and pictures (OGC 20-024); it has no items."""
    raster = bands[0].raster
    address = f"{base_url(request)}/collections/{raster.code}"
    begin, end = raster.valid_from or raster.observed_at, raster.valid_to
    links: list[Link] = [
        link("self", f"{address}?f=json", TITLES["json"]),
        link("alternate", f"{address}?f=html", TITLES["html"], DOCUMENT["html"]),
        *(
            link(f"{REL}/coverage", f"{address}/coverage?f={name}", COVERAGE_TITLES[name], media_type)
            for name, media_type in COVERAGE.items()
        ),
        link(f"{REL}/coverage-domainset", f"{address}/coverage/domainset", text("Kisi", "Grid")),
        link(f"{REL}/coverage-rangetype", f"{address}/coverage/rangetype", text("Besaran", "Quantities")),
    ]
    if any(band.breaks for band in bands):
        tiles = f"{address}/map/tiles/WebMercatorQuad"
        links += [
            link(f"{REL}/tilesets-map", tiles, text("Petak peta", "Map tiles"), TILEJSON),
            link(f"{REL}/legend", f"{address}/map/legend", text("Legenda", "Legend")),
        ]
    quantities = ", ".join(f"{band.get_quantity_display()} ({band.get_unit_display()})" for band in bands)
    return {
        "id": raster.code,
        "title": raster.name,
        "description": f"{raster.get_hazard_display()}: {quantities}. {text('Sumber', 'Source')}: {raster.source}.",
        "extent": {
            "spatial": {
                "bbox": [raster.bbox],
                "crs": CRS84,
                "grid": [
                    {"cellsCount": cells, "resolution": resolution}
                    for cells, resolution in zip((raster.width, raster.height), resolutions(raster), strict=True)
                ],
            },
            "temporal": {"interval": [[_utc(begin), _utc(end)]]},
        },
        "itemType": "coverage",
        "dataType": "coverage",
        "layerDataType": "Coverage",  # by which GDAL knows that there are no features
        "crs": [crs_uri(raster.crs)],
        "storageCrs": crs_uri(raster.crs),
        "links": links,
    }


@dataclass(frozen=True)
class _Shown:
    """A raster as the register has it at a version."""

    version: str
    raster: Raster
    bands: list[RasterBand]


def _shown(id: str) -> _Shown:
    version = rasters_version()
    known = bands_of(version)
    if bands := [band for band in known if band.raster.code == id]:
        return _Shown(version, bands[0].raster, bands)
    listed = ", ".join(dict.fromkeys(band.raster.code for band in known))
    raise NotFound(
        text(
            f"Tidak ada raster {id!r}." + (f" Yang ada: {listed}." if listed else ""),
            f"There is no raster {id!r}." + (f" There are: {listed}." if listed else ""),
        )
    )


def _chosen(bands: list[RasterBand], properties: str | None) -> list[RasterBand]:
    if properties is None:
        return bands
    wanted = properties.split(",")
    known = [band.quantity for band in bands]
    if unknown := [name for name in wanted if name not in known]:
        listed = ", ".join(known)
        raise InvalidParameter(
            "properties",
            text(f"Tidak ada {unknown[0]!r}; yang ada: {listed}.", f"There is no {unknown[0]!r}; there are: {listed}."),
        )
    return [band for band in bands if band.quantity in wanted]


def _classed(shown: _Shown) -> RasterBand:
    for band in shown.bands:
        if band.breaks:
            return band
    code = shown.raster.code
    raise NotFound(text(f"{code} tidak memiliki kelas untuk digambar.", f"{code} has no classes to draw."))


def _tile(tms: str, z: str, row: str, col: str) -> Tile:
    if tms != "WebMercatorQuad":
        raise NotFound(text("Petak peta: WebMercatorQuad saja.", "Map tiles come in WebMercatorQuad only."))
    return Tile.parse(tms, z, row, col)


def _legend(request: HttpRequest, band: RasterBand) -> dict[str, Any]:
    images = f"{base_url(request)}/styles/images"
    entries = [
        {**entry, "image": f"{images}/{entry['image']}.svg"} if "image" in entry else entry
        for entry in legend(band.classes)
    ]
    return {
        "title": band.raster.name,
        "quantity": band.quantity,
        "quantity_label": str(band.get_quantity_display()),
        "unit": band.unit,
        "breaks": band.breaks,
        "breaks_source": band.breaks_source,
        "unmapped": str(text("Tanpa warna: belum dipetakan, bukan aman.", "No colour: not mapped, not safe.")),
        "entries": entries,
    }


def _answer(request: HttpRequest, shown: _Shown, media_type: str, write: Callable[[], bytes]) -> HttpResponse:
    """The body, or 304 to those who have it: its ETag is of the raster's checksum and of what is said about it."""
    raster = shown.raster
    same = representation(request.build_absolute_uri(), media_type)
    if version_known(request, same) == raster.version:
        response = HttpResponse(status=304, content_type=media_type)
    else:
        try:
            response = HttpResponse(write(), content_type=media_type)
        except RasterioError as error:
            raise Unavailable(
                text(f"Berkas raster {raster.code} tidak terbaca.", f"The file of raster {raster.code} cannot be read.")
            ) from error
    return repeatable(cached(request, response, Version(raster.version, None), same), shown.version, rasters_version)


def _utc(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
