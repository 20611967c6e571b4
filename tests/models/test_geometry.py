"""What a stored geometry is."""

import math

import pytest
from django.contrib.gis.geos import GEOSGeometry, Point
from django.core.exceptions import ValidationError

from layers.models.geometry import geometry_clean


@pytest.mark.parametrize(
    ("wkt", "code"),
    [
        ("LINESTRING(0 0, 1 1)", "geometry_type"),
        ("MULTIPOINT(0 0, 1 1)", "geometry_type"),
        ("POINT EMPTY", "geometry_empty"),
        ("POINT(181 0)", "geometry_outside"),
        ("POINT(0 -90.0001)", "geometry_outside"),
        ("POINT(0 nan)", "geometry_invalid"),
    ],
)
def test_what_is_wrong_with_a_point(wkt: str, code: str) -> None:
    with pytest.raises(ValidationError) as fault:
        geometry_clean(GEOSGeometry(wkt), "Point")
    assert fault.value.code == code


def test_an_empty_part_is_refused() -> None:
    with pytest.raises(ValidationError) as fault:
        geometry_clean(GEOSGeometry("MULTIPOLYGON(((0 0, 1 0, 1 1, 0 0)), EMPTY)"), "MultiPolygon")
    assert fault.value.code == "geometry_empty"


def test_a_coordinate_without_end_is_refused() -> None:
    with pytest.raises(ValidationError, match="Invalid Coordinate"):
        geometry_clean(Point(math.inf, 0), "Point")


def test_a_crossing_polygon_is_refused_with_the_place() -> None:
    with pytest.raises(ValidationError, match=r"0\.5 0\.5"):
        geometry_clean(GEOSGeometry("POLYGON((0 0, 1 1, 1 0, 0 1, 0 0))"), "MultiPolygon")


def test_a_geometry_is_brought_into_its_stored_form() -> None:
    geom = geometry_clean(GEOSGeometry("POLYGON Z((116 -9 1, 117 -9 1, 117 -8 1, 116 -9 1))"), "MultiPolygon")
    assert (geom.geom_type, geom.srid, geom.hasz) == ("MultiPolygon", 4326, False)
    assert geom.extent == (116, -9, 117, -8)
