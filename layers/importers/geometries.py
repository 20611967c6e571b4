"""Columns of geometries, held to the one rule of :mod:`layers.models.geometry`, thousands at a time."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from django.contrib.gis.gdal import GDALException
from django.contrib.gis.geos import GEOSException, GEOSGeometry
from django.core.exceptions import ValidationError
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError
from shapely.geometry.base import BaseGeometry

from layers.errors import Problem
from layers.models.geometry import DIMENSIONS, PARTS, SRID, WORLD, geometry_clean, polygons_repaired
from layers.query.spatial import Box
from layers.text import text

HALF_TURN = 180
"""Degrees."""

Array = np.ndarray[Any, Any]

_TYPES = {name: shapely.GeometryType[name.upper()] for name in (*DIMENSIONS, *PARTS.values())}
_MULTI: dict[str, Any] = {"MultiLineString": shapely.multilinestrings, "MultiPolygon": shapely.multipolygons}


class GeometryColumn:
    """Cleans columns of geometries of one CRS for a layer of one type.

    ``repaired`` counts the polygons that were made valid, ``outside`` what lies away from home.
    """

    def __init__(self, geometry_type: str, crs: CRS, home: Box, *, repair: bool) -> None:
        """
        Args:
            geometry_type: of the layer.
            crs: of the file; coordinates come x, y (longitude, latitude), as GDAL reads them.
            home: west, south, east, north in degrees, where geometries should be.
            repair: make invalid polygons valid and keep what is polygonal of them.
        """
        self.geometry_type, self.home, self.repair = geometry_type, home, repair
        self.repaired = self.outside = 0
        self._to_storage = _to_storage(crs)

    def clean(self, column: pa.Array) -> tuple[pa.Array, dict[int, str]]:
        """WKB as hexadecimal EWKB in EPSG:4326, null where it cannot be; and what is wrong, by position."""
        if isinstance(column, pa.ExtensionArray):
            column = column.storage
        wkb = column.to_numpy(zero_copy_only=False)
        geometries = shapely.force_2d(shapely.from_wkb(wkb, on_invalid="ignore"))
        if self._to_storage:
            geometries = shapely.transform(geometries, self._to_storage)
        if part := PARTS.get(self.geometry_type):
            single = shapely.get_type_id(geometries) == _TYPES[part]
            geometries[single] = _MULTI[self.geometry_type](geometries[single][:, np.newaxis])
        west, south, east, north = shapely.bounds(geometries).T
        away = (east < self.home[0]) | (north < self.home[1]) | (west > self.home[2]) | (south > self.home[3])
        self.outside += int(np.count_nonzero(away))
        faults = {}
        for row in np.flatnonzero(self._wrong(geometries)):
            try:
                geometries[row] = self._one(geometries[row])
            except ValidationError as error:
                faults[int(row)] = f"geom: {' '.join(error.messages)}"
                geometries[row] = None
        encoded = shapely.to_wkb(shapely.set_srid(geometries, SRID), hex=True, include_srid=True)
        return pa.array(encoded, pa.string()), faults

    def _wrong(self, geometries: Array) -> Array:
        """Where the rule may not hold; :func:`geometry_clean` then decides, and words it."""
        west, south, east, north = shapely.bounds(geometries).T
        inside = (west >= WORLD[0]) & (south >= WORLD[1]) & (east <= WORLD[2]) & (north <= WORLD[3])
        of_type = shapely.get_type_id(geometries) == _TYPES[self.geometry_type]
        wrong: Array = ~(of_type & inside & shapely.is_valid(geometries)) | (east - west > HALF_TURN)
        return wrong

    def _one(self, geometry: BaseGeometry | None) -> BaseGeometry:
        if geometry is None:
            raise ValidationError(text("Geometri kosong atau tidak terbaca.", "The geometry is empty or not readable."))
        if self._to_storage and _leaps(geometry):
            raise ValidationError(
                text(
                    "Melintasi bujur 180: bagi di sana (RFC 7946, 3.1.9).",
                    "It crosses the meridian of 180: split it there (RFC 7946, 3.1.9).",
                )
            )
        if self.repair and self._repairable(geometry):
            geometry = _clean(polygons_repaired(geometry), self.geometry_type)
            self.repaired += 1
            return geometry
        return _clean(geometry, self.geometry_type)

    def _repairable(self, geometry: BaseGeometry) -> bool:
        polygonal = self.geometry_type == geometry.geom_type == "MultiPolygon"
        return bool(polygonal and np.isfinite(geometry.bounds).all() and not geometry.is_valid)


def _leaps(geometry: BaseGeometry) -> bool:
    """Whether a part that is narrow in a CRS of metres became one around the world, from one end to the other."""
    west, _, east, _ = shapely.bounds(shapely.get_parts(geometry)).T
    width = east - west
    return bool(((width > HALF_TURN) & (width < np.inf)).any())


def _to_storage(crs: CRS) -> Callable[[Array], Array] | None:
    """How coordinates, in rows of x and y, get to longitude, latitude in EPSG:4326; None where they are there."""
    stored = CRS.from_epsg(SRID)
    if crs.equals(stored, ignore_axis_order=True):
        return None
    try:
        transformer = Transformer.from_crs(crs, stored, always_xy=True)
    except ProjError as error:
        raise Problem(
            text(
                f"Dari CRS berkas, {crs.name}, tidak ada jalan ke WGS 84.",
                f"There is no way from the file's CRS, {crs.name}, to WGS 84.",
            )
        ) from error
    return lambda coordinates: np.column_stack(transformer.transform(*coordinates.T))


def _clean(geometry: BaseGeometry, geometry_type: str) -> BaseGeometry:
    try:
        geos = GEOSGeometry(memoryview(shapely.to_wkb(geometry)), srid=SRID)
        return shapely.from_wkb(bytes(geometry_clean(geos, geometry_type).wkb))
    except (GEOSException, GDALException) as error:
        raise ValidationError(
            text("Geometri tidak terbaca: %(reason)s.", "The geometry is not readable: %(reason)s."),
            params={"reason": error},
        ) from error
