"""Columns of geometries: the rule of the models, whole columns at a time."""

import pyarrow as pa
import pytest
import shapely
from django.contrib.gis.geos import GEOSGeometry
from django.core.exceptions import ValidationError
from pyproj import CRS, Transformer

from layers.importers.geometries import GeometryColumn
from layers.models.geometry import geometry_clean

WGS84 = CRS.from_epsg(4326)
BOWTIE = "POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))"
SQUARE = "POLYGON ((0 0, 1 0, 1 1, 0 1, 0 0))"


def clean(
    geometry_type: str, *wkt: str | None, crs: CRS = WGS84, repair: bool = False
) -> tuple[list[str | None], dict[int, str], int]:
    column = GeometryColumn(geometry_type, crs, (0, 0, 1, 1), repair=repair)
    wkb = pa.array([text and shapely.to_wkb(shapely.from_wkt(text)) for text in wkt], pa.binary())
    encoded, faults = column.clean(wkb)
    geometries = shapely.from_wkb(encoded.to_numpy(zero_copy_only=False))
    assert {shapely.get_srid(geometry) for geometry in geometries if geometry} <= {4326}
    return [geometry and geometry.wkt for geometry in geometries], faults, column.repaired


def rule(wkt: str) -> str:
    """What the models say of a geometry that is no point of this world."""
    with pytest.raises(ValidationError) as refusal:
        geometry_clean(GEOSGeometry(wkt), "Point")
    return " ".join(refusal.value.messages)


def test_points_lose_their_height() -> None:
    assert clean("Point", "POINT Z (116.1 -8.5 30)", "POINT (1 2)") == (["POINT (116.1 -8.5)", "POINT (1 2)"], {}, 0)


def test_polygons_become_multi() -> None:
    geometries, faults, _ = clean("MultiPolygon", SQUARE, "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))")

    assert geometries == [
        "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 1, 0 0)))",
        "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))",
    ]
    assert faults == {}


def test_projected_coordinates_become_longitude_and_latitude() -> None:
    geometries, faults, _ = clean("Point", "POINT (402800 9051500)", crs=CRS.from_epsg(32750))

    point = shapely.from_wkt(geometries[0])
    assert (round(point.x, 5), round(point.y, 5)) == (116.11670, -8.57972)
    assert faults == {}


@pytest.mark.parametrize("crs", [4326, 4979, 9470], ids=["WGS 84", "WGS 84 with height", "SRGI2013"])
def test_degrees_are_longitude_first_whatever_the_authority_says(crs: int) -> None:
    geometries, _, _ = clean("Point", "POINT (116.1 -8.5)", crs=CRS.from_epsg(crs).to_2d())

    point = shapely.from_wkt(geometries[0])
    assert (round(point.x, 5), round(point.y, 5)) == (116.1, -8.5)


def test_faults_come_in_the_words_of_the_model_by_position() -> None:
    geometries, faults, _ = clean("Point", "POINT (1 2)", None, SQUARE, "POINT (181 0)", "POINT EMPTY", "POINT (3 4)")

    assert geometries == ["POINT (1 2)", None, None, None, None, "POINT (3 4)"]
    assert faults == {
        1: "geom: Geometri kosong atau tidak terbaca.",
        2: f"geom: {rule(SQUARE)}",
        3: f"geom: {rule('POINT (181 0)')}",
        4: f"geom: {rule('POINT EMPTY')}",
    }


def test_invalid_polygons_are_refused_without_repair() -> None:
    _, faults, repaired = clean("MultiPolygon", SQUARE, BOWTIE)

    assert faults == {1: "geom: Geometri tidak sah: Self-intersection[0.5 0.5]."}
    assert repaired == 0


def test_repair_keeps_what_is_polygonal() -> None:
    line = "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 6, 5 5, 5 5)))"
    geometries, faults, repaired = clean("MultiPolygon", BOWTIE, line, SQUARE, repair=True)

    bowtie, triangle, square = (shapely.from_wkt(geometry) for geometry in geometries)
    assert (bowtie.area, bowtie.is_valid, len(bowtie.geoms)) == (0.5, True, 2)
    assert triangle.equals(shapely.from_wkt("POLYGON ((0 0, 1 0, 1 1, 0 0))"))
    assert square.equals(shapely.from_wkt(SQUARE))
    assert (faults, repaired) == ({}, 2)


def test_nothing_polygonal_is_left_to_repair() -> None:
    geometries, faults, repaired = clean("MultiPolygon", "POLYGON ((5 5, 6 6, 5 5, 5 5))", repair=True)

    assert (geometries, faults, repaired) == ([None], {0: "geom: Geometri kosong."}, 0)


def test_a_polygon_in_metres_across_the_antimeridian_does_not_surround_the_world() -> None:
    utm = CRS.from_epsg(32760)
    x, y = Transformer.from_crs(WGS84, utm, always_xy=True).transform(180, -16.8)
    west, east, across = (
        shapely.box(x + w, y, x + e, y + 2000) for w, e in ((-3000, -1000), (1000, 3000), (-1000, 1000))
    )

    geometries, faults, _ = clean("MultiPolygon", across.wkt, shapely.MultiPolygon([west, east]).wkt, crs=utm)

    assert faults == {0: "geom: Melintasi bujur 180: bagi di sana (RFC 7946, 3.1.9)."}
    assert [part.bounds[0] > 0 for part in shapely.from_wkt(geometries[1]).geoms] == [True, False]
