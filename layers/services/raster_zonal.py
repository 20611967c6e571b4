"""Zonal statistics: what a raster says about areas, each cell weighted by the share of it that an area covers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import shapely
from exactextract import exact_extract
from exactextract.feature import JSONFeatureSource
from exactextract.raster import RasterioRasterSource
from rasterio.io import DatasetReader
from shapely.geometry.base import BaseGeometry

from layers.models import RasterBand
from layers.models.raster import class_numbers
from layers.services.rasters import dataset_get, digits, to_raster

STEP = 2048
"""Rows and columns of cells that are weighed at a time."""

TOUCHED = 1e-6
"""The share of a cell up to which it is only touched: an edge along cells is exact to a rounding."""


@dataclass(frozen=True)
class ZonalStatistics:
    """Of one area; the values are None where nothing is mapped.

    ``mapped`` is the share of the area with values, ``shares`` that of each level, ``""`` being what is below the
    lowest level; without breaks it is empty. What is left of the area is not mapped, which does not mean safe.
    """

    code: str
    minimum: float | None
    mean: float | None
    maximum: float | None
    mapped: float
    shares: dict[str, float]


class _Cells(RasterioRasterSource):
    """A band as floats; NaN needs no mask."""

    def read_window(self, x0: int, y0: int, nx: int, ny: int) -> np.ndarray:
        values: np.ndarray = self.ds.read(self.band_idx, window=((y0, y0 + ny), (x0, x0 + nx)))
        return values


@dataclass
class _Sums:
    """Of one area, gathered piece by piece; ``covered`` is in cells, the others in weights."""

    classes: np.ndarray
    minimum: float = np.inf
    maximum: float = -np.inf
    covered: float = 0.0
    weight: float = 0.0
    total: float = 0.0
    breaks: list[float] = field(default_factory=list)

    def add(self, values: np.ndarray, coverage: np.ndarray, weights: np.ndarray) -> None:
        if not values.size:
            return
        self.minimum = min(self.minimum, float(values.min()))
        self.maximum = max(self.maximum, float(values.max()))
        self.covered += float(coverage.sum())
        self.weight += float(weights.sum())
        self.total += float(np.dot(values, weights))
        self.classes += np.bincount(class_numbers(values, self.breaks), weights, len(self.classes))


def zonal(band: RasterBand, areas: Iterable[tuple[str, BaseGeometry]]) -> list[ZonalStatistics]:
    """A band's statistics over areas, each with its code, in longitude, latitude; memory is bounded.

    Where the raster is in degrees, cells are weighted by their area on the sphere.

    Raises:
        RasterioError: the file is missing or damaged.
    """
    move = to_raster(band.raster.crs).transform

    def moved(points: np.ndarray) -> np.ndarray:
        return np.column_stack(move(points[:, 0], points[:, 1]))

    return [_statistics(band, code, shapely.transform(shape, moved)) for code, shape in areas]


def _statistics(band: RasterBand, code: str, shape: BaseGeometry) -> ZonalStatistics:
    dataset = dataset_get(band.raster)
    degrees = dataset.crs.is_geographic
    sums = _Sums(np.zeros(len(band.breaks) + 1), breaks=band.breaks)
    cells = _Cells(dataset, band.number)
    operations = ["values", "coverage", *(["center_y"] if degrees else [])]
    for piece in _pieces(dataset, shape):
        feature = {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(piece)}
        source = JSONFeatureSource([feature], srs_wkt=dataset.crs.to_wkt())
        found = exact_extract(cells, source, operations)[0]["properties"]
        met = found["coverage"] > TOUCHED
        coverage = found["coverage"][met]
        weights = coverage * np.cos(np.radians(found["center_y"][met])) if degrees else coverage
        sums.add(found["values"][met], coverage, weights)
    if not sums.weight:
        return ZonalStatistics(code, None, None, None, 0.0, {one.level: 0.0 for one in band.classes})
    cell = abs(dataset.transform.a * dataset.transform.e)
    mapped = min(sums.covered * cell / shape.area, 1.0)
    shares = sums.classes / sums.weight * mapped
    return ZonalStatistics(
        code,
        digits(sums.minimum),
        digits(sums.total / sums.weight),
        digits(sums.maximum),
        digits(mapped),
        {one.level: digits(share) for one, share in zip(band.classes, shares, strict=False)},
    )


def _pieces(dataset: DatasetReader, shape: BaseGeometry) -> Iterator[BaseGeometry]:
    """The parts of a shape in each square of STEP by STEP cells, its edges between cells."""
    met = shapely.intersection(shapely.box(*dataset.bounds), shapely.box(*shape.bounds))
    if not met.area:
        return
    west, south, east, north = met.bounds
    (left, right), (top, bottom) = ~dataset.transform @ (np.array([west, east]), np.array([north, south]))
    for row in np.arange(top // STEP, bottom // STEP + 1) * STEP:
        for column in np.arange(left // STEP, right // STEP + 1) * STEP:
            west, north = dataset.transform @ (column, row)
            east, south = dataset.transform @ (column + STEP, row + STEP)
            piece = shapely.intersection(shape, shapely.box(west, south, east, north))
            if piece.area:
                yield piece
