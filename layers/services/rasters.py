"""What hazard rasters say about a place: read by window, in the cell that holds it, never interpolated.

GDAL's datasets are not safe to share between threads, so each thread keeps a few of its own open; the blocks that
GDAL has decompressed are shared by all.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from math import isnan, nan
from threading import local
from typing import Any

import numpy as np
import rasterio
from django.conf import settings
from django.utils.translation import get_language
from pyproj import Transformer
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from layers.models import Raster, RasterBand
from layers.models.geometry import SRID
from layers.models.raster import HazardClass
from layers.query.rasters import bands_of, rasters_version
from layers.text import text

OPEN = 32
"""Datasets that a thread keeps open."""

RUN = 16
"""Blocks beside each other that are read at once for many positions: to ask for each takes as long as to read it."""

DIGITS = 7
"""Of values: a 32-bit float holds no more, and with more 22.8 reads 22.799999."""

MAPPED, NOT_MAPPED, UNREADABLE = "mapped", "not_mapped", "unreadable"
STATUSES = {
    MAPPED: text("Terpetakan", "Mapped"),
    NOT_MAPPED: text("Tidak dipetakan; bukan berarti aman", "Not mapped; that does not mean safe"),
    UNREADABLE: text("Berkas raster tidak terbaca", "The file of the raster cannot be read"),
}


@dataclass(frozen=True)
class _Open:
    """An open dataset; ``cell`` maps coordinates, east before north, to column and row."""

    dataset: DatasetReader
    cell: rasterio.Affine

    @classmethod
    def of(cls, path: str) -> "_Open":
        dataset = rasterio.open(path)
        return cls(dataset, ~dataset.transform)


class _Datasets(local):
    """The datasets that this thread used last, by file: a file never changes, see :class:`Raster`."""

    def __init__(self) -> None:
        self.known: OrderedDict[tuple[str, str], _Open] = OrderedDict()

    def get(self, raster: Raster) -> _Open:
        key = (settings.RASTERS_FOLDER, raster.file)
        if key not in self.known:
            self.known[key] = _Open.of(str(raster.path))
            if len(self.known) > OPEN:
                self.known.popitem(last=False)[1].dataset.close()
        self.known.move_to_end(key)
        return self.known[key]


_datasets = _Datasets()


def dataset_get(raster: Raster) -> DatasetReader:
    """The raster's file, open for this thread; it stays open, so leave it so.

    Raises:
        RasterioError: it is missing or damaged.
    """
    return _datasets.get(raster).dataset


@cache
def to_raster(crs: str) -> Transformer:
    """From longitude, latitude to the coordinates of a raster, east before north."""
    return Transformer.from_crs(SRID, crs, always_xy=True)


@dataclass(frozen=True)
class RasterValue:
    """What one band says about one place; ``value`` is None unless ``status`` is ``mapped``."""

    band: RasterBand
    value: float | None
    status: str

    @property
    def hazard_class(self) -> HazardClass | None:
        """None where nothing is mapped, and where the band has no breaks."""
        return None if self.value is None else self.band.class_of(self.value)

    def document(self) -> dict[str, Any]:
        """As answers hold it: codes, with labels in the active language."""
        found = self.hazard_class
        return _described(self.band.raster.version, self.band, get_language()) | {
            "value": self.value,
            "status": self.status,
            "status_label": str(STATUSES[self.status]),
            "level": found.level if found else None,
            "class": {"minimum": found.minimum, "maximum": found.maximum, "label": found.label} if found else None,
        }


@lru_cache(maxsize=1_000)
def _described(version: str, band: RasterBand, _language: str) -> dict[str, Any]:
    """What all values of a band have in common, with a place for what they have not."""
    raster = band.raster
    return {
        "raster": raster.code,
        "name": raster.name,
        "hazard": raster.hazard,
        "kind": raster.kind,
        "quantity": band.quantity,
        "quantity_label": str(band.get_quantity_display()),
        "unit": band.unit,
        **dict.fromkeys(("value", "status", "status_label", "level", "class")),
        "breaks": band.breaks,
        "breaks_source": band.breaks_source,
        "source": raster.source,
        "observed_at": raster.observed_at,
        "valid_from": raster.valid_from,
        "valid_to": raster.valid_to,
        "version": version,
    }


def bands_active(at: datetime, version: str | None = None) -> list[RasterBand]:
    """The bands of all rasters whose validity holds a moment, by code and number.

    Args:
        version: of the register, where a statement has read it; it is looked up otherwise.
    """
    return [band for band in bands_of(rasters_version() if version is None else version) if band.raster.holds_at(at)]


def values_at(lon: float, lat: float, bands: Iterable[RasterBand]) -> list[RasterValue]:
    """What bands say about a position in degrees."""
    return [_value_at(lon, lat, band) for band in bands]


def _value_at(lon: float, lat: float, band: RasterBand) -> RasterValue:
    try:
        value = _cell(_datasets.get(band.raster), band.number, *to_raster(band.raster.crs).transform(lon, lat))
    except RasterioError:
        return RasterValue(band, None, UNREADABLE)
    return RasterValue(band, None, NOT_MAPPED) if isnan(value) else RasterValue(band, digits(value), MAPPED)


def digits(value: float) -> float:
    """A value of a raster with the digits that it holds."""
    return float(f"{value:.{DIGITS}g}")


def _cell(file: _Open, number: int, east: float, north: float) -> float:
    dataset = file.dataset
    column, row = file.cell @ (east, north)  # what a projection does not reach is infinitely far away
    if not (0 <= column < dataset.width and 0 <= row < dataset.height):
        return nan
    return float(dataset.read(number, window=Window(int(column), int(row), 1, 1))[0, 0])


def values_many(
    lons: Sequence[float] | np.ndarray, lats: Sequence[float] | np.ndarray, bands: Iterable[RasterBand]
) -> list[tuple[RasterBand, np.ndarray | None]]:
    """The values of bands at many positions in degrees.

    Returns:
        Each band with 32-bit floats in the order of the positions, NaN where nothing is mapped; None instead where
        the file cannot be read.
    """
    return [(band, band_values(band, np.asarray(lons), np.asarray(lats))) for band in bands]


def band_values(band: RasterBand, lons: np.ndarray, lats: np.ndarray) -> np.ndarray | None:
    """One band's values, see :func:`values_many`; memory is bounded by a run of blocks."""
    try:
        return _values(_datasets.get(band.raster), band.number, *to_raster(band.raster.crs).transform(lons, lats))
    except RasterioError:
        return None


def _values(file: _Open, number: int, east: np.ndarray, north: np.ndarray) -> np.ndarray:
    dataset = file.dataset
    values = np.full(len(east), np.nan, np.float32)
    with np.errstate(invalid="ignore"):
        columns, rows = file.cell @ (east, north)
        inside = (columns >= 0) & (columns < dataset.width) & (rows >= 0) & (rows < dataset.height)
    places = np.flatnonzero(inside)
    column, row = columns[places].astype(np.int64), rows[places].astype(np.int64)
    height, width = dataset.block_shapes[number - 1]
    runs = (row // height) * dataset.width + column // (width * RUN)
    order = np.argsort(runs, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(runs[order])) + 1) if len(order) else ():
        left, top = int(column[group].min()), int(row[group].min())
        window = Window(left, top, int(column[group].max()) - left + 1, int(row[group].max()) - top + 1)
        values[places[group]] = dataset.read(number, window=window)[row[group] - top, column[group] - left]
    return values
