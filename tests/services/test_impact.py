"""What an area holds, checked with shapely and pyproj, by hand, and by a plain scan."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from conftest import FeatureMake
from django.contrib.gis.geos import GEOSGeometry, MultiPolygon
from django.db import connection
from django.utils import timezone
from hazard_scene import POPULATION, SOUTH, WEST, make, scene_make
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Geod
from rasterio.features import shapes
from rasterio.transform import from_origin
from rasters import raster_make

from layers.catalog import layer_get
from layers.errors import InvalidParameter
from layers.models import CapAlert, DisasterZone, Market
from layers.query.impact import Area
from layers.services.impact import Impact, ImpactQuery, alert_area, impact_of, raster_area

GEOD = Geod(ellps="WGS84")


def ask(shape: Any = None, **about: Any) -> Impact:
    area = Area(shape=shape) if shape is not None else about.pop("area")
    return impact_of(ImpactQuery(area, about.pop("at", timezone.now()), **about))


def square_metres(shape: Any) -> float:
    return abs(GEOD.geometry_area_perimeter(shape)[0])


def test_people_are_apportioned_by_area(feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    shape = shapely.box(WEST + 0.005, SOUTH, WEST + 0.012, SOUTH + 0.01)

    found = ask(shape)

    west = shapely.box(WEST, SOUTH, WEST + 0.01, SOUTH + 0.01)
    east = shapely.box(WEST + 0.01, SOUTH, WEST + 0.02, SOUTH + 0.01)
    assert {one.name: one.share for one in found.kelurahan} == {
        "Barat": pytest.approx(square_metres(west & shape) / square_metres(west), rel=1e-3),
        "Timur": pytest.approx(square_metres(east & shape) / square_metres(east), rel=1e-3),
    }
    assert [one.affected for one in found.kelurahan] == [500, 200]
    assert (found.people.affected, found.people.least, found.people.most) == (700, 0, 2000)
    assert found.area_m2 == pytest.approx(square_metres(shape), rel=1e-3)
    assert found.unmapped_m2 == pytest.approx(0, abs=1)
    assert "terlalu rendah" not in found.people.uncertainty
    assert {need.item: need.total for need in found.needs}["toilets"] == 35
    assert [found.geometry, *(one.geometry for one in found.kelurahan)] == [None] * 3, "shapes come to who asks"


def test_a_kelurahan_wholly_inside_is_surely_inside(feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    shape = shapely.box(WEST - 0.01, SOUTH - 0.01, WEST + 0.01, SOUTH + 0.02)
    found = ask(shape)
    assert [(one.name, one.share) for one in found.kelurahan] == [("Barat", 1.0)]
    assert (found.people.affected, found.people.least, found.people.most) == (1000, 1000, None)
    assert "Sebagian besar wilayah ini di luar kelurahan" in found.note
    half = square_metres(shape) - square_metres(shapely.box(WEST, SOUTH, WEST + 0.01, SOUTH + 0.01))
    assert found.unmapped_m2 == pytest.approx(half, rel=1e-3)


def test_at_most_everyone_where_less_than_half_of_the_area_is_unmapped(feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    found = ask(shapely.box(WEST, SOUTH, WEST + 0.035, SOUTH + 0.01))
    assert found.unmapped_m2 == pytest.approx(found.area_m2 * 15 / 35, rel=1e-3)
    assert (found.people.most, "Sebagian besar" in found.note) == (2000, False)


def test_the_people_of_kelurahan_add_up_to_all(feature_make: FeatureMake) -> None:
    """Of 13 kelurahan with 1001 people each a half: 500.5, which is 500."""
    people = POPULATION | {"population": 1001}
    for number in reversed(range(1, 14)):
        code = f"52.71.01.{1000 + number}"
        make(feature_make, "administrative_areas", number, WEST + 0.01 * number, SOUTH, code=code, **people)
    found = ask(shapely.box(WEST, SOUTH, WEST + 1, SOUTH + 0.005))
    assert found.people.affected == sum(one.affected or 0 for one in found.kelurahan)
    assert [one.code for one in found.kelurahan] == [f"52.71.01.{1000 + number}" for number in range(1, 14)]


def test_no_more_people_are_surely_inside_than_are_affected(feature_make: FeatureMake) -> None:
    people = POPULATION | {"population": 40_000}
    make(feature_make, "administrative_areas", 1, WEST, SOUTH, code="52.71.01.1001", **people)
    found = ask(shapely.box(WEST, SOUTH, WEST + 0.01, SOUTH + 0.00999950))
    assert (found.people.affected, found.people.least, found.people.most) == (40_000, 40_000, 40_000)
    assert [(one.share, one.affected) for one in found.kelurahan] == [(1.0, 40_000)]


def test_what_is_inside_and_what_cannot_be_reached(feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    leaving = {"status": "evacuating", "status_as_of": timezone.now()}
    make(feature_make, "health_facilities", 9, WEST + 0.003, SOUTH, code="rs-pindah", type="rumah_sakit", **leaving)
    shut = leaving | {"status": "closed"}
    make(feature_make, "health_facilities", 10, WEST + 0.018, SOUTH, code="klinik", type="klinik", **shut)

    found = ask(shapely.box(WEST, SOUTH, WEST + 0.0125, SOUTH + 0.01))

    assert {id: inside.count for id, inside in found.layers.items() if inside.count} == {
        "disaster_zones": 2,
        "health_facilities": 5,
        "aid_posts": 1,
    }
    assert found.layers["health_facilities"].totals["beds"] == {"sum": 150, "unknown": 2}
    assert found.layers["aid_posts"].totals["capacity"] == {"sum": 100, "unknown": 0}
    assert found.layers["earthquakes"].totals == {}, "what is measured is not added up"
    assert found.without_post == [], "the post that is threatened is open, in 1001; the one in 1002 as well"
    assert [(place["code"], place["reason"], place["reason_label"]) for place in found.out_of_reach] == [
        ("putus", "terputus", "Akses terputus"),
        ("rs-tutup", "closed", "Tutup"),
        ("rs-pindah", "evacuating", "Sedang dievakuasi"),
        ("klinik", "closed", "Tutup"),
        ("rs", "inside", "Di dalam wilayah ini"),
        ("apotek", "inside", "Di dalam wilayah ini"),
        ("rs-banjir", "inside", "Di dalam wilayah ini"),
    ]


def test_hospitals_inside_an_earthquake_are_within_reach_unless_they_say_otherwise(feature_make: FeatureMake) -> None:
    """As for a position: nobody flees from a whole region, and hospitals are where people go."""
    scene_make(feature_make)
    wide = {"side": 0.0125, "level": "tinggi", "kind": "kejadian"}
    make(feature_make, "disaster_zones", 8, WEST, SOUTH, code="gempa", hazard="108", **wide)
    make(feature_make, "disaster_zones", 9, WEST, SOUTH, code="banjir-lebar", hazard="101", **wide)

    def reasons(**area: Any) -> tuple[set[str], bool]:
        found = ask(area=Area(**area))
        return {place["reason"] for place in found.out_of_reach}, "menimpa seluruh daerah" in found.note

    shape = shapely.box(WEST, SOUTH, WEST + 0.0125, SOUTH + 0.0125)
    shown = {"code": "x", "name": "x", "source": "x", "level": None, "kind": None, "observed_at": None}
    message = [shown | {"valid_from": None, "valid_to": None, "hazard": hazard} for hazard in ("108", "101", None)]
    assert reasons(zone_codes=("gempa",)) == ({"terputus", "closed"}, True)
    assert reasons(shape=shape, about=(message[0],)) == ({"terputus", "closed"}, True)
    for fled in (
        {"zone_codes": ("banjir-lebar",)},
        {"zone_codes": ("gempa", "banjir-lebar")},
        {"shape": shape, "about": tuple(message[:2])},
        {"shape": shape, "about": (message[0], message[2])},
        {"shape": shape},
    ):
        assert reasons(**fled) == ({"terputus", "closed", "inside"}, False), fled


def test_a_kelurahan_without_a_post_is_named(feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    make(feature_make, "administrative_areas", 9, WEST, SOUTH + 0.01, code="52.71.01.1003", name="Utara")
    found = ask(shapely.box(WEST, SOUTH, WEST + 0.01, SOUTH + 0.02))
    assert found.without_post == ["52.71.01.1003"], "its population is not known, so people may be affected"
    assert [one.affected for one in found.kelurahan] == [1000, None]
    assert (found.people.affected, found.people.least, found.people.most) == (1000, 1000, None)
    assert "angka ini terlalu rendah" in found.people.uncertainty


def test_an_unknown_population_is_not_nobody(feature_make: FeatureMake) -> None:
    make(feature_make, "administrative_areas", 1, WEST, SOUTH, code="52.71.01.1001")
    found = ask(shapely.box(WEST, SOUTH, WEST + 0.01, SOUTH + 0.01))
    assert (found.people.affected, found.needs) == (None, [])
    assert "tidak diketahui" in found.people.uncertainty


def test_a_zone_and_the_zones_of_an_alert(feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    zone = DisasterZone.objects.get(code="banjir-r")
    by_id = ask(area=Area(zone_ids=(zone.pk,)))
    assert by_id.people.affected == 1000
    sent = timezone.now()
    CapAlert.objects.create(
        code="angin", sender="bmkg", identifier="CGT-1", sent=sent, replaces_from=sent, words=[{}, {}]
    )
    make(feature_make, "disaster_zones", 7, WEST, SOUTH, code="angin-2", side=0.005)
    make(feature_make, "disaster_zones", 8, WEST + 0.01, SOUTH, code="angin-1", side=0.005)
    by_alert = ask(area=alert_area("CGT-1"))
    assert [one.code for one in by_alert.about] == ["angin-1", "angin-2"]
    assert [one.affected for one in by_alert.kelurahan] == [250, 250]
    CapAlert.objects.create(code="batal", sender="bmkg", identifier="CGT-2", sent=sent, replaces_from=sent, words=[])
    for none in ("CGT-2", "CGT-3"):
        with pytest.raises(InvalidParameter):
            alert_area(none)
    with pytest.raises(InvalidParameter):
        ask(area=Area(zone_ids=(zone.pk + 1000,)))


def test_the_whole_world_has_a_bounded_answer(feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    found = ask(shapely.box(-180, -90, 180, 90), limit=2)
    assert found.area_m2 == pytest.approx(510.0656e12, rel=1e-4)
    assert found.people.affected == 2000
    assert [len(inside.features) for inside in found.layers.values()] == [
        min(inside.count, 2) for inside in found.layers.values()
    ]


def test_nothing_of_it_is_personal(feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    for place in ("aid_posts", "health_facilities"):
        make(feature_make, place, 9, WEST, SOUTH, contact_name="Rahasia", contact_phone="0812", code="r")
    found = ask(shapely.box(WEST - 1, SOUTH - 1, WEST + 1, SOUTH + 1), shapes=True)
    assert "Rahasia" not in json.dumps([inside.features for inside in found.layers.values()]) + str(found.out_of_reach)


STEP = st.integers(0, 10).map(lambda step: step / 1000)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    markets=st.lists(st.tuples(STEP, STEP, st.none() | st.integers(0, 9)), max_size=12),
    corners=st.lists(st.tuples(STEP, STEP), min_size=3, max_size=6),
)
def test_counts_and_sums_are_those_of_a_plain_scan(feature_make: FeatureMake, markets: list, corners: list) -> None:
    shape = shapely.convex_hull(shapely.MultiPoint([(WEST + x, SOUTH + y) for x, y in corners]))
    if shape.geom_type != "Polygon":
        return
    Market.objects.all().delete()
    made = [
        make(feature_make, "markets", n, WEST + x, SOUTH + y, kiosks=kiosks) for n, (x, y, kiosks) in enumerate(markets)
    ]

    inside = ask(shape).layers["markets"]

    held = [market for market in made if shape.intersects(shapely.Point(market.geom.coords))]
    assert inside.count == len(held)
    assert inside.totals["kiosks"] == {
        "sum": sum(market.kiosks or 0 for market in held),
        "unknown": sum(market.kiosks is None for market in held),
    }
    assert [feature["id"] for feature in inside.features] == [market.pk for market in held]


def test_where_a_raster_reaches_a_threshold(feature_make: FeatureMake, tmp_path: Path, settings: Any) -> None:
    settings.RASTERS_FOLDER = str(tmp_path / "rasters")
    scene_make(feature_make)
    values = np.full((8, 8), 0.2)
    values[6, 5], values[6, 6] = 0.8, 0.5  # the cells of Barat and Timur
    raster = raster_make(tmp_path, values)

    def affected(threshold: float) -> dict[str, int | None]:
        found = ask(area=raster_area("banjir", threshold))
        assert found.versions["rasters/banjir"] == raster.version
        assert [(one.code, one.in_force) for one in found.about] == [("banjir", True)]
        assert found.about[0].name.endswith(f"≥ {threshold:g} indeks".replace(".", ","))
        return {one.name: one.affected for one in found.kelurahan}

    assert affected(0.8) == {"Barat": 1000}, "the threshold itself is reached"
    assert affected(0.4) == {"Barat": 1000, "Timur": 1000}
    with pytest.raises(InvalidParameter) as none:
        raster_area("banjir", 0.9)
    assert (none.value.extra, "0.8" in str(none.value.detail)) == ({"parameter": "threshold"}, True)
    with pytest.raises(InvalidParameter) as unknown:
        raster_area("gempa", 0.5)
    assert (unknown.value.extra, "banjir" in str(unknown.value.detail)) == ({"parameter": "raster"}, True)


def test_rasters_and_zones_count_while_they_are_valid(feature_make: FeatureMake, tmp_path: Path, settings: Any) -> None:
    settings.RASTERS_FOLDER = str(tmp_path / "rasters")
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    raster_make(tmp_path, [[0.8]], valid_from=start, valid_to=end)
    make(feature_make, "disaster_zones", 1, 116.05, -8.54, valid_from=start, valid_to=end)
    second = timedelta(seconds=1)
    for at, is_in_force in ((start - second, False), (start, True), (end, True), (end + second, False)):
        found = ask(area=raster_area("banjir", 0.8), at=at)
        assert [one.in_force for one in found.about] == [is_in_force]
        assert ("tidak berlaku pada saat ini" in found.note) is not is_in_force
        assert found.layers["disaster_zones"].count == is_in_force


def test_an_outline_of_many_vertices_counts_each_feature_once(feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    round_shape = shapely.Point(WEST + 0.01, SOUTH + 0.005).buffer(0.02, quad_segs=500)

    found = ask(round_shape)

    assert {id: inside.count for id, inside in found.layers.items() if inside.count} == {
        "disaster_zones": 2,
        "health_facilities": 4,
        "aid_posts": 4,
    }
    assert len(found.out_of_reach) == found.out_of_reach_total == 5


def test_a_scattered_area_is_compared_with_many_kelurahan_in_time(feature_make: FeatureMake) -> None:
    """As the cells of a raster are that reach a threshold."""
    for number in range(1, 65):
        row, column = divmod(number - 1, 8)
        code = f"52.71.{row + 1:02}.{column + 1001}"
        make(feature_make, "administrative_areas", number, WEST + 0.01 * column, SOUTH + 0.01 * row, code=code)
    reached = (np.random.default_rng(1).random((170, 170)) < 0.5).astype(np.uint8)
    corner = from_origin(WEST - 0.0003, SOUTH + 0.0803, 0.0005, 0.0005)
    patches = shapes(reached, mask=reached == 1, transform=corner)
    scattered = shapely.MultiPolygon([shapely.geometry.shape(patch) for patch, _ in patches])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '10s'")
    found = ask(scattered)
    assert len(found.kelurahan) == 64


def test_a_detailed_zone_is_compared_with_zones_as_detailed_in_time(feature_make: FeatureMake) -> None:
    """As a model's flood maps are. Every second one lies beyond the zone that is asked about."""
    around = np.linspace(0, 2 * np.pi, 25_000, endpoint=False)
    jagged = 0.01 + 0.001 * np.sin(500 * around) + 0.0002 * np.random.default_rng(1).random(around.size)
    outline = np.column_stack([jagged * np.cos(around), jagged * np.sin(around)])
    for number in range(60):
        shape = shapely.Polygon(np.add(outline, (WEST + 0.002 * (number // 2) + 0.1 * (number % 2), SOUTH)))
        geom = MultiPolygon(GEOSGeometry(shapely.to_wkb(shape, hex=True)), srid=4326)
        feature_make(layer_get("disaster_zones"), number + 1, geom=geom)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '5s'")
    first = DisasterZone.objects.earliest("id")
    met = [zone.pk for zone in DisasterZone.objects.all() if zone.geom.prepared.intersects(first.geom)]
    found = ask(area=Area(zone_ids=(first.pk,)), limit=60).layers["disaster_zones"]
    assert 1 < found.count == len(met) < 60
    assert {feature["id"] for feature in found.features} == set(met)
