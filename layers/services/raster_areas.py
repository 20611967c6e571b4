"""Where a raster reaches a threshold, as a shape."""

import numpy as np
import rasterio
import shapely
from rasterio.errors import RasterioError
from rasterio.features import shapes
from shapely.geometry.base import BaseGeometry

from layers.errors import InvalidParameter
from layers.models import RasterBand
from layers.services.rasters import to_raster
from layers.text import text

MAX_VERTICES = 200_000


def area_above(band: RasterBand, threshold: float) -> tuple[BaseGeometry, int]:
    """Where a band is ``threshold`` or more, in longitude, latitude; along the edges of its cells.

    Of a large raster it is squares of cells, from its peaks. A square counts where one of its cells does: the shape
    may be too wide by less than a square, and lacks nothing.

    Returns:
        The shape, and how many cells wide a square is.

    Raises:
        InvalidParameter: ``raster``: its file cannot be read; ``threshold``: no cell reaches it, or they are too
            scattered.
    """
    try:
        with rasterio.open(band.raster.peaks_path) as peaks:
            values, transform = peaks.read(band.number), peaks.transform
    except RasterioError as error:
        raise InvalidParameter(
            "raster",
            text(
                f"{band.raster.code} tidak terbaca; pengelola perlu mengimpornya kembali.",
                f"{band.raster.code} cannot be read; the operators should import it again.",
            ),
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
    patches: list[shapely.Polygon] = []
    vertices = 0
    for patch, _ in shapes(reached.astype(np.uint8), mask=reached):
        outline, *holes = patch["coordinates"]
        patches.append(shapely.Polygon(outline, holes))
        vertices += int(shapely.get_num_coordinates(patches[-1]))
        if vertices > MAX_VERTICES:
            raise InvalidParameter(
                "threshold",
                text(
                    f"Yang mencapai {threshold:g} terlalu terpencar untuk sebuah wilayah.",
                    f"What reaches {threshold:g} is too scattered for an area.",
                ),
            )
    back, square = to_raster(band.raster.crs), band.raster.square
    ends = band.raster.width / square, band.raster.height / square

    def placed(corners: np.ndarray) -> np.ndarray:
        east, north = transform @ np.minimum(corners, ends).T  # the last squares are narrower
        return np.column_stack(back.transform(east, north, direction="INVERSE"))

    # patches share corners and no edges, so that they are one shape as they are
    return shapely.transform(shapely.MultiPolygon(patches), placed), square
