"""The one rule for what a stored geometry is; admin, REST, OGC API and imports all pass through it."""

import shapely
from django.contrib.gis.geos import GeometryCollection, GEOSGeometry, MultiLineString, MultiPolygon, WKBWriter
from django.core.exceptions import ValidationError
from shapely.geometry.base import BaseGeometry

from layers.text import text

SRID = 4326
"""Storage CRS: WGS 84, kept as longitude, latitude in degrees (the axis order of CRS84)."""

WORLD = (-180.0, -90.0, 180.0, 90.0)

DIMENSIONS = {"Point": 0, "MultiLineString": 1, "MultiPolygon": 2}
"""Of each type that the geometries of a layer may have."""

PARTS = {"MultiLineString": "LineString", "MultiPolygon": "Polygon"}
"""What a type holds several of; a single one is taken, too."""

_MULTI = {"MultiLineString": MultiLineString, "MultiPolygon": MultiPolygon}


def geometry_clean(geom: GEOSGeometry, geometry_type: str) -> GEOSGeometry:
    """``geom`` as it is stored: two dimensions, EPSG:4326 in longitude, latitude, of the layer's one type.

    Args:
        geom: any geometry, in degrees, longitude before latitude; an SRID of its own is ignored.
        geometry_type: one of :data:`DIMENSIONS`; a ``Polygon`` becomes a ``MultiPolygon`` of one, as a line does.

    Raises:
        ValidationError: the geometry is of another type, empty, not valid in the sense of OGC 06-103r4 (a
            self-crossing ring, a coordinate that is no number) or outside the world; the message tells where.
    """
    if geom.hasz:
        geom = GEOSGeometry(WKBWriter(dim=2).write(geom))
    geom.srid = SRID
    if geom.geom_type == PARTS.get(geometry_type):
        geom = _MULTI[geometry_type](geom, srid=SRID)
    if geom.geom_type != geometry_type:
        raise ValidationError(
            text(
                "Geometri harus berupa %(expected)s, bukan %(given)s.",
                "The geometry must be a %(expected)s, not a %(given)s.",
            ),
            code="geometry_type",
            params={"expected": geometry_type, "given": geom.geom_type},
        )
    parts = list(geom) if isinstance(geom, GeometryCollection) else [geom]
    if geom.empty or any(part.empty for part in parts):
        raise ValidationError(text("Geometri kosong.", "The geometry is empty."), code="geometry_empty")
    if not geom.valid:
        raise ValidationError(
            text("Geometri tidak sah: %(reason)s.", "The geometry is not valid: %(reason)s."),
            code="geometry_invalid",
            params={"reason": geom.valid_reason},
        )
    west, south, east, north = geom.extent
    if not (WORLD[0] <= west and WORLD[1] <= south and east <= WORLD[2] and north <= WORLD[3]):
        raise ValidationError(
            text(
                "Koordinat di luar dunia: bujur harus -180 sampai 180 dan lintang -90 sampai 90, dalam urutan "
                "bujur, lintang.",
                "Coordinates outside the world: longitude must be -180 to 180 and latitude -90 to 90, in the order "
                "longitude, latitude.",
            ),
            code="geometry_outside",
        )
    return geom


def polygons_repaired(geometry: BaseGeometry) -> BaseGeometry:
    """The polygons that the rings enclose; what collapses to a line or a point is dropped."""
    valid = shapely.make_valid(geometry, method="structure", keep_collapsed=False)
    return shapely.MultiPolygon([part for part in shapely.get_parts(valid) if part.geom_type == "Polygon"])
