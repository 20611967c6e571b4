"""Where a raster reaches a threshold, as a shape."""

from math import ceil, sqrt

import numpy as np
import shapely
from rasterio.errors import RasterioError
from rasterio.features import shapes
from rasterio.transform import Affine
from shapely.geometry.base import BaseGeometry

from layers.errors import InvalidParameter
from layers.models import RasterBand
from layers.services.rasters import dataset_get, to_raster
from layers.text import text

CELLS = 4_000_000
"""Cells that are looked at; of a larger raster every second, third, … row and column is."""

MAX_VERTICES = 200_000


def area_above(band: RasterBand, threshold: float) -> BaseGeometry:
    """Where the values of a band are ``threshold`` or more, in longitude, latitude; along the edges of cells.

    Raises:
        InvalidParameter: ``raster``: its file cannot be read; ``threshold``: no cell reaches it, or they are too
            scattered.
    """
    try:
        dataset = dataset_get(band.raster)
        step = ceil(max(sqrt(dataset.width * dataset.height / CELLS), 1))
        height, width = ceil(dataset.height / step), ceil(dataset.width / step)
        values = dataset.read(band.number, out_shape=(height, width))
    except RasterioError as error:
        raise InvalidParameter(
            "raster", text(f"{band.raster.code} tidak terbaca.", f"{band.raster.code} cannot be read.")
        ) from error
    with np.errstate(invalid="ignore"):
        reached = values >= threshold
    if not reached.any():
        raise InvalidParameter(
            "threshold",
            text(
                f"Tidak ada sel yang mencapai {threshold:g}; yang tertinggi {band.maximum:g} {band.unit}.",
                f"No cell reaches {threshold:g}; the highest is {band.maximum:g} {band.unit}.",
            ),
        )
    scaled = dataset.transform @ Affine.scale(dataset.width / width, dataset.height / height)
    patches = [shapely.geometry.shape(patch) for patch, _ in shapes(reached.astype(np.uint8), mask=reached)]
    shape = shapely.union_all(patches)
    if shapely.get_num_coordinates(shape) > MAX_VERTICES:
        raise InvalidParameter(
            "threshold",
            text(
                f"Yang mencapai {threshold:g} terlalu terpencar untuk sebuah wilayah.",
                f"What reaches {threshold:g} is too scattered for an area.",
            ),
        )
    back = to_raster(band.raster.crs)

    def placed(corners: np.ndarray) -> np.ndarray:
        east, north = scaled @ corners.T
        return np.column_stack(back.transform(east, north, direction="INVERSE"))

    return shapely.transform(shape, placed)
