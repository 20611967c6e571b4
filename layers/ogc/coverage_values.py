"""The values of a raster that a request for its coverage asks for, and the descriptions of their grid and bands."""

import re
from collections.abc import Mapping
from typing import Any

import orjson
from django.utils.translation import get_language
from rasterio.crs import CRS

from layers.errors import InvalidParameter
from layers.models import Raster, RasterBand
from layers.query.spatial import CRS84, DEFAULT_CRS, BBox, Box
from layers.services.raster_windows import Cells, Grid, cells_read, grid_read, window_of
from layers.text import text

PARAMS = ("bbox", "subset", "scale-size", "scaleSize")
"""``scaleSize`` is the older name of ``scale-size``, which GDAL sends."""

MOST = {"json": 250_000, "geotiff": 16_000_000}
"""Values of an answer: as text they take about 7 bytes each, as GeoTIFF 4 at most."""

MOST_SCALED = 4_000_000
"""Values of an answer of another size, for which four times as many are read."""

AXES = ("Lon", "Lat")
"""Of ``subset`` and ``scale-size``: longitude and latitude in degrees, columns and rows."""

DEGREES = "EPSG:4326"

FLOAT = "http://www.opengis.net/def/dataType/OGC/0/float32"


def cells_asked(raster: Raster, bands: list[RasterBand], given: Mapping[str, str], format: str) -> Cells:
    """The cells that a box touches, as they are, in the raster's CRS; or a grid of any size, in longitude, latitude.

    Raises:
        InvalidParameter: a parameter is malformed, the box misses the raster, or too much is asked for.
    """
    windows = ((box, window_of(raster, box)) for box in _boxes(raster, given))
    box, window = next((met for met in windows if met[1]), (None, None))
    west, south, east, north = raster.bbox
    if box is None or window is None:
        extent = f"{west:.6f},{south:.6f},{east:.6f},{north:.6f}"
        raise InvalidParameter(
            "subset" if "subset" in given else "bbox",
            text(f"Di luar raster, yang terletak di {extent}.", f"It lies outside the raster, which covers {extent}."),
        )
    if size := _size(given):
        return grid_read(raster, bands, _grid(box, *size, len(bands), format))
    asked = window.width * window.height * len(bands)
    if asked > MOST[format]:
        share, fitting = ((most / asked) ** 0.5 for most in (MOST[format], min(MOST[format], MOST_SCALED)))
        width, height = (east - west) * window.width / raster.width, (north - south) * window.height / raster.height
        fewer = f"scale-size=Lon({int(window.width * fitting)}),Lat({int(window.height * fitting)})"
        raise InvalidParameter(
            "bbox",
            text(
                f"{window.width} × {window.height} sel × {len(bands)} besaran; paling banyak {MOST[format]:,} nilai "
                f"sebagai f={format}. Beri bbox=barat,selatan,timur,utara sekitar {width * share:.4f}° × "
                f"{height * share:.4f}°, {fewer}, atau properties= dengan lebih sedikit besaran.",
                f"{window.width} × {window.height} cells × {len(bands)} quantities; at most {MOST[format]:,} values as "
                f"f={format}. Give bbox=west,south,east,north of about {width * share:.4f}° × {height * share:.4f}°, "
                f"{fewer}, or properties= with fewer quantities.",
            ),
        )
    return cells_read(raster, bands, window)


def _boxes(raster: Raster, given: Mapping[str, str]) -> list[Box]:
    """West, south, east, north in degrees; two where a box crosses the antimeridian."""
    whole: Box = tuple(raster.bbox)  # type: ignore[assignment]
    if "subset" not in given:
        return list(BBox.parse(given["bbox"], DEFAULT_CRS).bounds) if "bbox" in given else [whole]
    if "bbox" in given:
        raise InvalidParameter("subset", text("Beri bbox atau subset saja.", "Give either bbox or subset."))
    ranges = _by_axis("subset", given["subset"], r"([^:()]+)(?::([^:()]+))?", "Lon(116.05:116.1),Lat(-8.6:-8.55)")
    ends = []
    for axis, low, high in zip(AXES, whole[:2], whole[2:], strict=True):
        first, last = ranges.get(axis, ("*", "*"))
        ends.append((first if first != "*" else low, (last or first) if last != "*" else high))
    corners = ",".join(str(end[place]) for place in (0, 1) for end in ends)
    return list(BBox.parse(corners, DEFAULT_CRS, "subset").bounds)


def _size(given: Mapping[str, str]) -> tuple[int, int] | None:
    """Columns and rows."""
    name = "scale-size" if "scale-size" in given else "scaleSize"
    if name not in given:
        return None
    example = "Lon(400),Lat(300)"
    sizes = _by_axis(name, given[name], r"([1-9]\d{0,8})", example)
    if len(sizes) < len(AXES):
        raise InvalidParameter(name, text(f"Sebut kedua sumbu: {example}.", f"Name both axes: {example}."))
    width, height = (int(sizes[axis][0]) for axis in AXES)
    return width, height


def _grid(box: Box, width: int, height: int, bands: int, format: str) -> Grid:
    if box[0] == box[2] or box[1] == box[3]:
        raise InvalidParameter("scale-size", text("Sebuah titik tidak berukuran.", "A point has no size."))
    most = min(MOST[format], MOST_SCALED)
    if width * height * bands > most:
        raise InvalidParameter(
            "scale-size",
            text(
                f"{width} × {height} × {bands} besaran; paling banyak {most:,} nilai sebagai f={format}.",
                f"{width} × {height} × {bands} quantities; at most {most:,} values as f={format}.",
            ),
        )
    return Grid(DEGREES, box, width, height)


def _by_axis(name: str, value: str, inner: str, example: str) -> dict[str, tuple[str, ...]]:
    """What stands in brackets behind each axis, ``Lon(…),Lat(…)`` in any order."""
    found = {}
    for part in value.split(","):
        matched = re.fullmatch(rf"\s*(Lon|Lat)\({inner}\)\s*", part)
        if not matched or matched[1] in found:
            raise InvalidParameter(
                name,
                text(f"{value!r} tidak terbaca; tulis misalnya {example}.", f"{value!r} is not read; write {example}."),
            )
        found[matched[1]] = matched.groups()[1:]
    return found


def covjson(bands: list[RasterBand], cells: Cells) -> bytes:
    """CoverageJSON 1.0: a grid whose axes are the centres of the cells."""
    _, height, width = cells.values.shape
    west, north = cells.transform @ (0.5, 0.5)
    east, south = cells.transform @ (width - 0.5, height - 0.5)
    degrees = CRS.from_user_input(cells.crs).is_geographic
    document = {
        "type": "Coverage",
        "domain": {
            "type": "Domain",
            "domainType": "Grid",
            "axes": {
                "x": {"start": west, "stop": east, "num": width},
                "y": {"start": north, "stop": south, "num": height},
            },
            "referencing": [
                {
                    "coordinates": ["x", "y"],
                    "system": {"type": "GeographicCRS" if degrees else "ProjectedCRS", "id": crs_uri(cells.crs)},
                }
            ],
        },
        "parameters": {band.quantity: _parameter(band) for band in bands},
        "ranges": {
            band.quantity: {
                "type": "NdArray",
                "dataType": "float",
                "axisNames": ["y", "x"],
                "shape": [height, width],
                "values": values.ravel(),
            }
            for band, values in zip(bands, cells.values, strict=True)
        },
    }
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)


def _parameter(band: RasterBand) -> dict[str, Any]:
    language = get_language() or "id"
    return {
        "type": "Parameter",
        "observedProperty": {"label": {language: str(band.get_quantity_display())}},
        "unit": {"label": {language: str(band.get_unit_display())}, "symbol": band.unit},
    }


def crs_uri(crs: str) -> str:
    """Longitude comes first in the answers, so degrees of WGS 84 are CRS84."""
    authority, _, code = crs.partition(":")
    if authority != "EPSG":
        return crs
    return CRS84 if code == "4326" else f"http://www.opengis.net/def/crs/EPSG/0/{code}"


def resolutions(raster: Raster) -> tuple[float, float]:
    """Degrees of longitude and latitude that a cell takes."""
    west, south, east, north = raster.bbox
    return (east - west) / raster.width, (north - south) / raster.height


def domain_set(raster: Raster) -> dict[str, Any]:
    """The grid in longitude, latitude, as OGC 09-146r8 (CIS JSON) has it and GDAL reads it."""
    west, south, east, north = raster.bbox
    ends = zip(AXES, (west, south), (east, north), resolutions(raster), strict=True)
    return {
        "type": "DomainSet",
        "generalGrid": {
            "type": "GeneralGridCoverage",
            "srsName": CRS84,
            "axisLabels": AXES,
            "axis": [
                {
                    "type": "RegularAxis",
                    "axisLabel": axis,
                    "lowerBound": low,
                    "upperBound": high,
                    "resolution": resolution,
                    "uomLabel": "deg",
                }
                for axis, low, high, resolution in ends
            ],
            "gridLimits": {
                "type": "GridLimits",
                "srsName": "http://www.opengis.net/def/crs/OGC/0/Index2D",
                "axisLabels": ["i", "j"],
                "axis": [
                    {"type": "IndexAxis", "axisLabel": label, "lowerBound": 0, "upperBound": cells - 1}
                    for label, cells in (("i", raster.width), ("j", raster.height))
                ],
            },
        },
    }


def range_type(bands: list[RasterBand]) -> dict[str, Any]:
    """What each band is, as OGC 09-146r8 (CIS JSON) has it."""
    return {
        "type": "DataRecord",
        "field": [
            {
                "type": "Quantity",
                "id": band.quantity,
                "name": str(band.get_quantity_display()),
                "definition": FLOAT,
                "encodingInfo": {"dataType": FLOAT},
                "uom": {"type": "UnitReference", "code": band.unit},
            }
            for band in bands
        ],
    }
