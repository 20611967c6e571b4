"""What threatens a point, over HTTP: what is answered and what is refused."""

import pytest
from conftest import FeatureMake
from django.db import connection
from hazard_scene import AT, IMPACT, POLYGON, SOUTH, WEST, scene_make
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db


def test_at_answers_with_and_without_a_slash(anyone: APIClient, feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    place = {"lon": WEST + 0.003, "lat": SOUTH + 0.003}
    first, second = anyone.get(AT, place), anyone.get(f"{AT}/", place)
    assert (first.status_code, first["Content-Type"], first["Cache-Control"]) == (200, "application/json", "no-store")
    one, other = first.json(), second.json()
    assert {
        name: value for name, value in one.items() if name not in ("computed_at", "datetime")
    }.keys() <= other.keys()
    assert one["zones"][0]["hazard"] == {"code": "101", "label": "Flood"}
    assert one["note"] == "Outside of zones and rasters means not mapped; it never means safe."


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("lat=1", "lon"),
        ("lon=116", "lat"),
        ("lon=x&lat=1", "lon"),
        ("lon=nan&lat=1", "lon"),
        ("lon=1_16&lat=1", "lon"),
        ("lon=%D9%A1&lat=1", "lon"),
        ("lon=-8.5&lat=116", "lat"),
        ("lon=181&lat=0", "lon"),
        ("lon=1&lat=1&radius=-1", "radius"),
        ("lon=1&lat=1&radius=50001", "radius"),
        ("lon=1&lat=1&datetime=kemarin", "datetime"),
        ("lon=1&lat=1&lon=2", "lon"),
        ("lon=1&lat=1&radios=2", "radios"),
    ],
)
def test_a_bad_point_is_refused_by_name(anyone: APIClient, query: str, parameter: str) -> None:
    answer = anyone.get(f"{AT}?{query}")
    assert (answer.status_code, answer.json()["parameter"]) == (400, parameter)


def test_a_time_may_be_typed_into_an_address_as_it_is(anyone: APIClient) -> None:
    """The plus of its offset means a space there; docs/emergency.md has it so, and people type it so."""
    answer = anyone.get(f"{AT}?lon={WEST}&lat={SOUTH}&datetime=2018-08-05T19:46:00+08:00")
    assert (answer.status_code, answer.json()["datetime"]) == (200, "2018-08-05T19:46:00+08:00")


@pytest.mark.parametrize("at", ["0001-01-01", "1000-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_far_times_are_answered(anyone: APIClient, at: str) -> None:
    assert anyone.get(AT, {"lon": 180, "lat": 90, "radius": 50_000, "datetime": at}).status_code == 200
    assert anyone.post(f"{IMPACT}?datetime={at}", POLYGON, format="json").status_code == 200


def test_times_without_end_are_answered_about(anyone: APIClient, feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE layers_disasterzone SET observed_at = '-infinity', valid_to = 'infinity'")
        cursor.execute("UPDATE layers_aidpost SET status_as_of = '-infinity'")
    found = anyone.get(f"/api/v1/hazards/at?lon={WEST + 0.006}&lat={SOUTH + 0.006}").json()
    assert {(zone["observed_at"], zone["age_seconds"]) for zone in found["zones"]} == {("-infinity", None)}
    assert {post["status_age_seconds"] for post in found["aid_posts"]["nearest"]} == {None}
