"""The CRS of the catalogue, in PostGIS's own list, and shapes that are too much for GEOS."""

from itertools import pairwise
from typing import Any

import pytest
import shapely
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from layers.query.spatial import crs_get, crs_register, crs_serves, edges_entangled

pytestmark = pytest.mark.django_db


def say(sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else None


def test_a_role_that_did_not_make_the_extension_is_told_what_it_lacks() -> None:
    say("CREATE ROLE plain_owner; SET LOCAL ROLE plain_owner")
    crs_register()  # all are known: nothing is to be written
    say("RESET ROLE; DELETE FROM spatial_ref_sys WHERE srid = 9490; SET LOCAL ROLE plain_owner")

    with pytest.raises(ImproperlyConfigured, match=r"GRANT INSERT ON spatial_ref_sys TO plain_owner$"):
        crs_register()

    say("RESET ROLE; GRANT INSERT ON spatial_ref_sys TO plain_owner; SET LOCAL ROLE plain_owner")
    crs_register()
    assert say("SELECT auth_name, auth_srid FROM spatial_ref_sys WHERE srid = 9490") == [("EPSG", 9490)]


@pytest.mark.parametrize(
    ("code", "box", "serves"),
    [
        (32750, (119.4, -1.6, 120.6, 0.6), True),  # in part
        (32750, (138, -5, 141, -1), False),
        (32751, (124, 0.5, 126, 2.5), False),  # of the other hemisphere
        (3460, (176.5, -20.5, 180, -15.5), True),  # across the antimeridian
        (3460, (-180, -20.5, -179, -15.5), True),
        (3460, (0, -20.5, 1, -15.5), False),
    ],
)
def test_a_crs_serves_where_it_is_made_for(code: int, box: tuple[float, float, float, float], serves: bool) -> None:
    assert crs_serves(crs_get(f"http://www.opengis.net/def/crs/EPSG/0/{code}"), box) == serves


STRIPES = [shapely.box(0, n, 200, n + 0.5) for n in range(200)] + [shapely.box(n, 0, n + 0.5, 200) for n in range(200)]
"""Each of the one half lies across each of the other: 160,000 crossings."""


@pytest.mark.parametrize(
    "shapes",
    [
        STRIPES,
        [shapely.GeometryCollection([shapely.GeometryCollection([shapely.GeometryCollection(STRIPES)])])],
        [shapely.LineString([(n * 7919 % 997, n * 104729 % 991) for n in range(1000)])],
        [shapely.LineString(ends) for ends in pairwise((n % 2 * 100 + n / 1000, n % 2 * 100) for n in range(1000))],
    ],
    ids=["stripes", "nested", "scrawl", "zigzag"],
)
def test_edges_that_lie_across_each_other_are_entangled(shapes: list[Any]) -> None:
    assert edges_entangled(shapes)


@pytest.mark.parametrize(
    "shapes",
    [
        [],
        [shapely.Polygon(), shapely.MultiPoint([(n, n) for n in range(1000)])],
        [shapely.Point(0, 0).buffer(1, 10_000)] * 2,
        [shapely.box(x, y, x + 1, y + 1) for x in range(30) for y in range(33)],
        [shapely.union_all([shapely.Point(x, 0).buffer(1, 500) for x in range(20)])],
        [shapely.LineString([(n, n % 2) for n in range(40_000)])],
    ],
    ids=["none", "points", "twice", "squares", "chain", "saw"],
)
def test_edges_of_what_is_drawn_are_not(shapes: list[Any]) -> None:
    assert not edges_entangled(shapes)
