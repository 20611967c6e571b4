"""Small rasters, made in the test."""

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.transform import Affine, from_origin

from layers.importers.rasters import raster_import
from layers.models import Raster, RasterBand

WEST, NORTH, CELL = 116.05, -8.53, 0.01
DEGREES = from_origin(WEST, NORTH, CELL, CELL)


def raster_write(
    path: Path,
    values: Any,
    *,
    crs: str | None = "EPSG:4326",
    transform: Affine | None = DEGREES,
    nodata: float | None = -9999,
) -> Path:
    """A GeoTIFF of one band, or of several where ``values`` has three dimensions."""
    cells = np.atleast_3d(np.asarray(values).T).T
    profile = {"driver": "GTiff", "count": len(cells), "height": cells.shape[1], "width": cells.shape[2]}
    with rasterio.open(path, "w", **profile, dtype=cells.dtype, crs=crs, transform=transform, nodata=nodata) as dataset:
        dataset.write(cells)
    return path


def raster_make(path: Path, values: Any, *, code: str = "banjir", **said: Any) -> Raster:
    """A raster of the portal: a flood index with the breaks 0.33/0.66 unless ``said`` otherwise."""
    band = {"quantity": "indeks", "unit": "indeks", "breaks": [0.33, 0.66], "breaks_source": "InaRISK"}
    band |= {name: said.pop(name) for name in tuple(said) if name in band}
    file = {name: said.pop(name) for name in tuple(said) if name in ("crs", "transform", "nodata")}
    known = {"name": code, "hazard": "101", "kind": "peta_bahaya", "source": "BNPB"} | said
    return raster_import(
        raster_write(path / f"{code}.tif", np.asarray(values, np.float32), **file),
        Raster(code=code, **known),
        RasterBand(**band),
    )
