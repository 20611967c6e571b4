"""What threatens a point, checked by pyproj and by a plain scan."""

import random
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from conftest import FeatureMake
from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.utils import timezone
from hazard_scene import SOUTH, WEST, make, scene_make
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Geod

from layers.catalog import layer_get
from layers.models import AidPost, DisasterZone, Feature
from layers.query.hazards import Position
from layers.services.hazards import HazardsAt, hazards_at

GEOD = Geod(ellps="WGS84")
JANUARY = datetime.fromisoformat("2026-01-01T12:00:00+08:00")


def ask(lon: float, lat: float, radius: float = 0, at: datetime | None = None) -> HazardsAt:
    return hazards_at(Position(lon, lat), at or timezone.now(), radius)


def test_zones_come_worst_first_while_they_are_valid(feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    lon, lat = WEST + 0.003, SOUTH + 0.003

    assert [zone.code for zone in ask(lon, lat).zones] == ["banjir-t", "banjir-r"]
    during = ask(lon, lat, at=JANUARY)
    assert [(zone.code, zone.distance) for zone in during.zones] == [("banjir-t", 0), ("angin", 0), ("banjir-r", 0)]
    start, end = (datetime.fromisoformat(f"2026-01-0{day}T00:00:00+08:00") for day in (1, 2))
    second = timedelta(seconds=1)
    moments = (start - second, start, end, end + second)
    assert ["angin" in [zone.code for zone in ask(lon, lat, at=at).zones] for at in moments] == [0, 1, 1, 0]
    assert during.zones[0].hazard.label == "Banjir"
    assert during.note.endswith("pos dan fasilitas seperti sekarang.")
    assert "sekarang" not in ask(lon, lat).note
    assert [area.name for area in during.areas] == ["Kota Mataram", "Barat"]
    assert set(during.versions) == {"administrative_areas", "disaster_zones", "aid_posts", "health_facilities"}


def test_a_radius_reaches_as_far_as_it_says(feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    lon, lat = WEST + 0.012, SOUTH + 0.003
    _, _, away = GEOD.inv(lon, lat, WEST + 0.01, lat)

    assert ask(lon, lat, away * 0.999).zones == []
    (zone,) = ask(lon, lat, away * 1.001).zones
    assert zone.code == "banjir-r"
    assert zone.distance == pytest.approx(away, rel=1e-3)


@pytest.mark.parametrize("south", [SOUTH, 59.8, -79.0])
def test_the_distance_is_the_shortest_to_any_point_of_an_edge(feature_make: FeatureMake, south: float) -> None:
    """The edge runs aslant, so that where degrees are of unequal length its nearest point is elsewhere."""
    corners = np.array([(WEST + 0.1, south - 0.1), (WEST + 0.4, south + 0.3), (WEST + 0.5, south - 0.1)])
    feature_make(layer_get("disaster_zones"), geom=MultiPolygon(Polygon(np.vstack([corners, corners[:1]])), srid=4326))
    along = np.linspace(corners[0], corners[1], 100_001)
    here = np.broadcast_to((WEST, south), along.shape)
    *_, distances = GEOD.inv(*here.T, *along.T)
    assert distances.argmin() > 0, "no corner is the nearest"

    (zone,) = ask(WEST, south, 50_000).zones

    assert zone.distance == pytest.approx(distances.min(), abs=0.06)


def test_places_in_the_same_hazard_are_left_out(feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    lon, lat = WEST + 0.003, SOUTH + 0.003

    found = ask(lon, lat)

    assert [place["code"] for place in found.aid_posts.nearest] == ["buka"]
    assert found.aid_posts.nearest[0]["capacity_left"] == 30
    assert found.aid_posts.left_out == 1
    assert [place["code"] for place in found.aid_posts.left_out_nearest] == ["terancam"]
    assert [place["code"] for place in found.health_facilities.nearest] == ["rs"]
    assert found.health_facilities.left_out == 1
    assert found.health_facilities.nearest[0]["status"].label == "Normal"
    (post,) = found.aid_posts.nearest
    bearing, _, distance = GEOD.inv(lon, lat, WEST + 0.015, SOUTH + 0.004)
    assert post["distance"] == pytest.approx(distance, rel=1e-3)
    assert post["bearing"] == pytest.approx(bearing % 360, abs=0.1)


def test_north_is_a_bearing_of_0_never_of_360(feature_make: FeatureMake) -> None:
    make(feature_make, "aid_posts", 1, WEST - 0.000003, SOUTH + 0.01, status="buka")
    (post,) = ask(WEST, SOUTH).aid_posts.nearest
    assert post["bearing"] == 0


@pytest.mark.parametrize("side", [0.005, 0.03], ids=["small", "large"])
@pytest.mark.parametrize(
    ("zone", "is_left_out"),
    [
        ({"hazard": "101"}, True),
        ({"hazard": "101", "valid_from": JANUARY, "valid_to": JANUARY}, True),
        ({"hazard": "101", "valid_to": JANUARY - timedelta(seconds=1)}, False),
        ({"hazard": "101", "valid_from": JANUARY + timedelta(seconds=1)}, False),
        ({"hazard": "109"}, False),
    ],
)
def test_only_what_threatens_here_and_now_leaves_a_place_out(
    feature_make: FeatureMake, side: float, zone: dict[str, Any], is_left_out: bool
) -> None:
    make(feature_make, "disaster_zones", 1, WEST, SOUTH, side=0.005, hazard="101")
    make(feature_make, "disaster_zones", 2, WEST + 0.01, SOUTH, side=side, **zone)
    make(feature_make, "aid_posts", 1, WEST + 0.012, SOUTH + 0.004, status="buka")
    found = ask(WEST + 0.003, SOUTH + 0.003, at=JANUARY).aid_posts
    assert (len(found.nearest), found.left_out) == ((0, 1) if is_left_out else (1, 0))


@pytest.mark.parametrize("hazard", ["105", "106", "108"])
@pytest.mark.parametrize("radius", [0, 2000])
def test_what_comes_over_a_whole_city_leaves_no_place_out(
    feature_make: FeatureMake, hazard: str, radius: float
) -> None:
    """Else no place would be left to go to: the maps of these hazards cover cities."""
    make(feature_make, "disaster_zones", 1, WEST, SOUTH, side=0.03, hazard=hazard)
    make(feature_make, "disaster_zones", 2, WEST, SOUTH, side=0.01, hazard="109")
    make(feature_make, "aid_posts", 1, WEST + 0.008, SOUTH + 0.004, code="pantai", status="buka")
    make(feature_make, "aid_posts", 2, WEST + 0.012, SOUTH + 0.004, code="aman", status="buka")
    found = ask(WEST + 0.003, SOUTH + 0.003, radius)
    assert {zone.hazard.code for zone in found.zones} == {hazard, "109"}
    assert [place["code"] for place in found.aid_posts.nearest] == ["aman"]
    assert [place["code"] for place in found.aid_posts.left_out_nearest] == ["pantai"]
    inland = ask(WEST + 0.018, SOUTH + 0.003).aid_posts
    assert ([place["code"] for place in inland.nearest], inland.left_out) == (["aman", "pantai"], 0)


def test_places_threatened_by_nothing_are_all_there(feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    found = ask(WEST + 0.018, SOUTH + 0.008)
    assert (found.zones, found.aid_posts.left_out) == ([], 0)
    assert [place["code"] for place in found.aid_posts.nearest] == ["buka", "terancam"]


def test_far_away_says_so(feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    found = ask(13.4, 52.5, 50_000)
    assert (found.mapped, found.areas, found.zones, found.aid_posts.nearest) == (False, [], [], [])
    assert found.note.startswith("Posisi ini di luar wilayah yang dipetakan")


@pytest.mark.django_db
def test_an_empty_portal_answers() -> None:
    assert ask(116.1, -8.58).mapped is False


DEGREES = st.integers(0, 20).map(lambda step: step / 1000)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    squares=st.lists(st.tuples(DEGREES, DEGREES, st.sampled_from(["101", "109"])), max_size=6),
    posts=st.lists(st.tuples(DEGREES, DEGREES), max_size=12),
    here=st.tuples(DEGREES, DEGREES),
)
def test_the_answer_is_that_of_a_plain_scan(
    feature_make: FeatureMake, squares: list, posts: list, here: tuple[float, float]
) -> None:
    DisasterZone.objects.all().delete()
    AidPost.objects.all().delete()
    zones = [
        make(feature_make, "disaster_zones", n, WEST + x, SOUTH + y, side=0.005, hazard=hazard)
        for n, (x, y, hazard) in enumerate(squares)
    ]
    shelters = [
        make(feature_make, "aid_posts", n, WEST + x, SOUTH + y, status="buka") for n, (x, y) in enumerate(posts)
    ]
    _scanned(Point(WEST + here[0], SOUTH + here[1], srid=4326), zones, shelters)


@pytest.mark.parametrize("south", [SOUTH, 59.8])
def test_of_many_places_the_nearest_are_listed_and_those_left_out_before_them_counted(
    feature_make: FeatureMake, south: float
) -> None:
    """More are safe than are listed; in the north degrees of longitude are half as long, and order places otherwise."""
    draw = random.Random(1)

    def anywhere() -> tuple[float, float]:
        return WEST + draw.uniform(0, 0.04), south + draw.uniform(0, 0.04)

    corners = [(WEST + 0.018, south + 0.018), *(anywhere() for _ in range(30))]
    flood = {"side": 0.008, "hazard": "101"}
    zones = [make(feature_make, "disaster_zones", n, *corner, **flood) for n, corner in enumerate(corners)]
    shelters = [make(feature_make, "aid_posts", n, *anywhere(), status="buka") for n in range(90)]
    found = _scanned(Point(WEST + 0.02, south + 0.02, srid=4326), zones, shelters)
    assert (len(found.aid_posts.nearest), found.aid_posts.left_out > 5) == (5, True)


def _scanned(point: Point, zones: list[Feature], shelters: list[Feature]) -> HazardsAt:
    """The answer at a point, after it was held against a look at every zone and every post."""
    found = ask(point.x, point.y)

    holding = [zone for zone in zones if zone.geom.intersects(point)]
    assert {zone.code for zone in found.zones} == {zone.code for zone in holding}
    threats = {zone.hazard for zone in holding}
    in_way = [zone for zone in zones if zone.hazard in threats]
    away = {post.code: GEOD.inv(point.x, point.y, post.geom.x, post.geom.y)[2] for post in shelters}
    safe = sorted(away[post.code] for post in shelters if not any(zone.geom.intersects(post.geom) for zone in in_way))
    assert [place["distance"] for place in found.aid_posts.nearest] == pytest.approx(safe[:5], rel=1e-3, abs=0.1)
    last = safe[4] if len(safe) > 4 else float("inf")
    left_out = [
        away[post.code]
        for post in shelters
        if any(zone.geom.intersects(post.geom) for zone in in_way) and away[post.code] <= last + 1e-6
    ]
    assert found.aid_posts.left_out == len(left_out)
    return found
