"""Parts of rasters: a window of cells as they are, or the nearest values on a grid of another CRS."""

from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from rasterio.io import MemoryFile
from rasterio.transform import Affine, from_bounds
from rasterio.warp import reproject, transform_bounds
from rasterio.windows import Window

from layers.models import Raster, RasterBand
from layers.query.spatial import Box
from layers.services.rasters import dataset_get

WEB_MERCATOR = "EPSG:3857"

SNAP = 1e-6
"""Cells; an edge that lies so near to a cell's edge is meant to be there."""


@dataclass(frozen=True)
class Cells:
    """Cells of a raster: bands by rows from the north by columns from the west, NaN where nothing is mapped.

    ``transform`` maps column and row to coordinates of ``crs``, east before north.
    """

    values: np.ndarray
    transform: Affine
    crs: str


@dataclass(frozen=True)
class Grid:
    """``width`` columns from the west and ``height`` rows from the north, over a box of a CRS, east before north."""

    crs: str
    bounds: Box
    width: int
    height: int


def window_of(raster: Raster, bbox: Box | None) -> Window | None:
    """The cells that a box in degrees touches, None where it misses the raster; all of them without a box."""
    dataset = dataset_get(raster)
    if bbox is None:
        return Window(0, 0, dataset.width, dataset.height)
    west, south, east, north = raster.bbox
    met = max(bbox[0], west), max(bbox[1], south), min(bbox[2], east), min(bbox[3], north)
    if met[0] > met[2] or met[1] > met[3]:
        return None
    left, bottom, right, top = transform_bounds("EPSG:4326", dataset.crs, *met)
    columns, rows = ~dataset.transform @ (np.array([left, right]), np.array([top, bottom]))
    first_column, first_row = max(floor(columns[0] + SNAP), 0), max(floor(rows[0] + SNAP), 0)
    last_column, last_row = min(ceil(columns[1] - SNAP), dataset.width), min(ceil(rows[1] - SNAP), dataset.height)
    width, height = max(last_column - first_column, 1), max(last_row - first_row, 1)
    if first_column + width > dataset.width or first_row + height > dataset.height:
        return None
    return Window(first_column, first_row, width, height)


def cells_read(raster: Raster, bands: list[RasterBand], window: Window) -> Cells:
    """The values of some bands in a window; the caller bounds it.

    Raises:
        RasterioError: the file is missing or damaged.
    """
    dataset = dataset_get(raster)
    values = dataset.read([band.number for band in bands], window=window)
    return Cells(values, dataset.window_transform(window), raster.crs)


def grid_read(raster: Raster, bands: list[RasterBand], grid: Grid) -> Cells:
    """The values of some bands that are nearest to the middles of a grid's cells.

    Where these are wider than the raster's, it is of the averages that the file keeps as overviews.

    Raises:
        RasterioError: the file is missing or damaged.
    """
    transform = from_bounds(*grid.bounds, grid.width, grid.height)
    values = np.full((len(bands), grid.height, grid.width), np.nan, np.float32)
    window = window_of(raster, transform_bounds(grid.crs, "EPSG:4326", *grid.bounds))
    if window is not None:
        dataset = dataset_get(raster)
        rows, columns = min(window.height, 2 * grid.height), min(window.width, 2 * grid.width)
        read = dataset.read([band.number for band in bands], window=window, out_shape=(len(bands), rows, columns))
        scale = Affine.scale(window.width / columns, window.height / rows)
        reproject(
            read,
            values,
            src_transform=dataset.window_transform(window) @ scale,
            src_crs=dataset.crs,
            src_nodata=np.nan,
            dst_transform=transform,
            dst_crs=grid.crs,
            dst_nodata=np.nan,
        )
    return Cells(values, transform, grid.crs)


def geotiff_write(bands: list[RasterBand], cells: Cells) -> bytes:
    """The cells as a GeoTIFF, its bands named by their quantity and unit."""
    count, height, width = cells.values.shape
    profile = {"driver": "GTiff", "dtype": "float32", "nodata": np.nan, "compress": "DEFLATE", "predictor": 3}
    profile |= {"width": width, "height": height, "count": count, "crs": cells.crs, "transform": cells.transform}
    with MemoryFile() as memory:
        with memory.open(**profile) as target:
            target.write(cells.values)
            for number, band in enumerate(bands, 1):
                target.set_band_description(number, band.quantity)
                target.set_band_unit(number, band.unit)
        return bytes(memory.read())


def tile_read(band: RasterBand, bounds: Box, side: int) -> np.ndarray:
    """The nearest values, ``side`` by ``side``, in a box of EPSG:3857: west, south, east, north in metres.

    Raises:
        RasterioError: the file is missing or damaged.
    """
    tile: np.ndarray = grid_read(band.raster, [band], Grid(WEB_MERCATOR, bounds, side, side)).values[0]
    return tile
