"""ShakeMap grids (``grid.xml`` of USGS and BMKG) as rasters: MMI, PGA and PGV, each with its unit.

Time, kind and area of the header are not believed: BMKG's times can be placeholders, and scenarios be flagged ACTUAL.
"""

from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np
from rasterio.io import MemoryFile
from rasterio.transform import Affine

from layers.errors import Problem
from layers.importers.rasters import CELLS, raster_store
from layers.importers.xml import xml_root
from layers.models import Raster, RasterBand
from layers.models.geometry import SRID
from layers.text import text

LARGEST = 64 * 1024 * 1024
"""Bytes of a file; a grid of a whole island at 1 km has 3 MB."""

FIELDS = {"MMI": ("mmi", "mmi"), "PGA": ("pga", "%g"), "PGV": ("pgv", "cm/s")}
"""Quantity and unit of the fields that are taken."""

UNITS = {"intensity": "mmi", "pctg": "%g", "%g": "%g", "cms": "cm/s", "cm/s": "cm/s"}
"""What the units are called in ``grid.xml``."""

SKEW = 0.05
"""How far, in cells, a position may lie off the grid: positions are rounded to four decimals."""


@dataclass(frozen=True)
class Grid:
    """Positions in degrees and values of each field, north in the first row; a position is a cell's centre."""

    event: str
    west: float
    north: float
    width: float
    height: float
    fields: dict[str, np.ndarray]


def shakemap_import(file: Path, raster: Raster, breaks: list[float], breaks_source: str) -> Raster:
    """Store a grid as a raster with a band for each of :data:`FIELDS` that it has; the breaks are of MMI.

    ``raster`` without a code gets one of the event's id.

    Raises:
        Problem: the file is no ShakeMap grid, or what is said of it is not sound; nothing was written.
    """
    try:
        if file.stat().st_size > LARGEST:
            raise Problem(
                text(
                    f"{file.name} lebih besar dari {LARGEST:,} bita.", f"{file.name} is larger than {LARGEST:,} bytes."
                )
            )
        grid = grid_parse(file.read_bytes())
    except OSError as error:
        raise Problem(text(f"{file}: {error.strerror}.", f"{file}: {error.strerror}.")) from error
    raster.code = raster.code or f"shakemap-{grid.event.lower()}"
    raster.name = raster.name or raster.code
    bands = {}
    for number, name in enumerate(grid.fields, 1):
        quantity, unit = FIELDS[name]
        known = {"breaks": breaks, "breaks_source": breaks_source} if name == "MMI" else {"breaks": []}
        bands[number] = RasterBand(quantity=quantity, unit=unit, **known)
    rows, columns = grid.fields["MMI"].shape
    profile = {"driver": "GTiff", "dtype": "float32", "nodata": np.nan, "count": len(bands), "crs": f"EPSG:{SRID}"}
    corner = Affine(grid.width, 0, grid.west - grid.width / 2, 0, -grid.height, grid.north + grid.height / 2)
    with MemoryFile() as memory:
        with memory.open(**profile, width=columns, height=rows, transform=corner) as dataset:
            dataset.write(np.stack(list(grid.fields.values())).astype(np.float32))
        with memory.open() as dataset:
            return raster_store(dataset, raster, bands)


def grid_parse(document: bytes) -> Grid:
    """The grid that a document holds, its shape and place taken from the rows themselves.

    Raises:
        Problem: it is no ShakeMap grid, lacks MMI, has another unit, or its rows make no regular grid.
    """
    root = xml_root(document)
    data = next(root.iterfind("{*}grid_data"), None)
    if not root.tag.endswith("shakemap_grid") or data is None or not (data.text or "").strip():
        raise Problem(text("Ini bukan grid.xml dari ShakeMap.", "This is no grid.xml of a ShakeMap."))
    columns = _columns(root)
    try:
        rows = np.loadtxt(StringIO(data.text), ndmin=2)
        lon, lat = rows[:, columns["LON"]], rows[:, columns["LAT"]]
        fields = {name: rows[:, columns[name]] for name in FIELDS if name in columns}
    except (ValueError, IndexError) as error:
        raise Problem(text(f"grid_data tidak terbaca: {error}.", f"grid_data cannot be read: {error}.")) from error
    column, west, width = _axis(lon)
    row, south, height = _axis(lat)
    shape = int(row.max()) + 1, int(column.max()) + 1
    if shape[0] * shape[1] != len(rows) or len(rows) > CELLS or len(np.unique(row * shape[1] + column)) != len(rows):
        raise _irregular()
    north = south + height * (shape[0] - 1)
    placed = {}
    for name, values in fields.items():
        placed[name] = np.empty(shape)
        placed[name][shape[0] - 1 - row, column] = values
    return Grid(root.get("event_id", ""), west, north, width, height, placed)


def _columns(root: Element) -> dict[str, int]:
    """Where each field stands in a row."""
    fields = {str(field.get("name")).upper(): field for field in root.iterfind("{*}grid_field")}
    if missing := {"LON", "LAT", "MMI"} - fields.keys():
        listed = ", ".join(sorted(missing))
        raise Problem(text(f"Tidak ada bidang {listed}.", f"There is no field {listed}."))
    for name, (_, unit) in FIELDS.items():
        if name in fields and UNITS.get(given := str(fields[name].get("units"))) != unit:
            raise Problem(text(f"{name} dalam {given!r}, bukan {unit}.", f"{name} is in {given!r}, not {unit}."))
    try:
        return {name: int(str(field.get("index"))) - 1 for name, field in fields.items()}
    except ValueError as error:
        raise Problem(text(f"grid_field tanpa nomor: {error}.", f"A grid_field has no index: {error}.")) from error


def _axis(positions: np.ndarray) -> tuple[np.ndarray, float, float]:
    """The number of each position along an axis, where the axis starts, and its step."""
    known = np.unique(positions)
    if len(known) < 2 or not np.isfinite(known).all():
        raise _irregular()
    step = float(known[-1] - known[0]) / (len(known) - 1)
    numbers = (positions - known[0]) / step
    if np.abs(numbers - np.rint(numbers)).max() > SKEW:
        raise _irregular()
    return np.rint(numbers).astype(np.int64), float(known[0]), step


def _irregular() -> Problem:
    return Problem(
        text("Baris grid_data tidak membentuk kisi yang teratur.", "The rows of grid_data make no regular grid.")
    )
