"""Which hazard rasters there are."""

from functools import lru_cache

from layers.models import RasterBand
from layers.query.statement import row_fetch

VERSION = "SELECT coalesce(md5(string_agg(id || ' ' || updated_at, ',' ORDER BY id)), '') FROM layers_raster"
"""Another one whenever a raster comes, goes or changes; a subquery, to be read in the same statement as other data."""


def rasters_version() -> str:
    """The state of the register, see :data:`VERSION`."""
    return str(row_fetch((VERSION, []))[0])


@lru_cache(maxsize=2)
def bands_of(version: str) -> tuple[RasterBand, ...]:
    """The bands of all rasters at that state, by code and number; what is kept of them is read from memory."""
    return tuple(RasterBand.objects.select_related("raster").order_by("raster__code", "number"))
