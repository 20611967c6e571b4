"""The questions about hazards over HTTP: formats, languages, and what is refused."""

import csv
import io
import json
import re
from contextlib import closing
from datetime import datetime
from math import cos, sin
from time import monotonic
from typing import Any
from urllib.parse import urlencode

import psycopg2
import pytest
from cap_messages import SQUARE, area, info, message
from conftest import FeatureMake, square
from django.core.management import call_command
from django.db import OperationalError, connection
from hazard_scene import SOUTH, WEST, make, scene_make
from rest_framework.test import APIClient
from shapely.geometry import box, mapping, shape

from layers.importers.alerts import alert_import
from layers.importers.cap import alert_parse
from layers.models import AdministrativeArea, CapAlert, DisasterZone, HealthFacility
from layers.query.screening import BATCH
from layers.rest.impact_body import MAX_JOINED, MAX_VERTICES
from layers.services import points

AT, IMPACT, SCREEN = (f"/api/v1/hazards/{name}" for name in ("at", "impact", "screen"))
RING = [[WEST, SOUTH], [WEST + 0.01, SOUTH], [WEST + 0.01, SOUTH + 0.01], [WEST, SOUTH + 0.01], [WEST, SOUTH]]
POLYGON = {"type": "Polygon", "coordinates": [RING]}

pytestmark = pytest.mark.django_db


def screened(client: APIClient, content: str, media_type: str = "text/csv", f: str = "geojson") -> str:
    answer = client.post(f"{SCREEN}?f={f}", content, content_type=media_type)
    assert answer.status_code == 200, answer.content
    return b"".join(answer).decode()


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


def test_impact_in_every_format(anyone: APIClient, feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    answers = {f: anyone.post(f"{IMPACT}?f={f}", POLYGON, format="json") for f in ("json", "geojson", "csv", "html")}
    assert {f: (answer.status_code, answer["Content-Type"]) for f, answer in answers.items()} == {
        "json": (200, "application/json"),
        "geojson": (200, "application/geo+json"),
        "csv": (200, "text/csv; charset=utf-8"),
        "html": (200, "text/html; charset=utf-8"),
    }
    document = answers["json"].json()
    assert document["people"]["affected"] == 1000
    assert [zone["code"] for zone in document["layers"]["disaster_zones"]["listed"]] == ["banjir-t", "banjir-r"]
    features = answers["geojson"].json()["features"]
    layers = [feature["properties"]["layer"] for feature in features]
    assert layers == ["area", "kelurahan", *["disaster_zones"] * 2, "health_facilities", "aid_posts"]
    assert features[0]["geometry"]["type"] in ("Polygon", "MultiPolygon")
    rows = list(csv.DictReader(io.StringIO(answers["csv"].content.decode())))
    assert {row["item"]: row["value"] for row in rows if row["section"] == "people"}["affected"] == "1000"
    page = answers["html"].content.decode()
    assert "Situation report" in page
    assert "<svg" in page
    assert "src=" not in page
    assert "href=" not in page, "the page needs no other file"


def test_a_table_that_lists_some_places_out_of_reach_counts_all(anyone: APIClient, feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    area = json.loads(square(WEST, SOUTH, 0.02).geojson)
    sent = anyone.post(f"{IMPACT}?f=csv&limit=1", area, format="json").content.decode()
    rows = [row for row in csv.DictReader(io.StringIO(sent)) if row["section"] == "out_of_reach"]
    assert [(row["item"], row["value"]) for row in rows] == [("count", "5"), ("aid_posts", "terputus")]


@pytest.mark.parametrize(
    ("language", "moment", "day"),
    [("id", "1 Agu 2026, 10.00 WITA", "30 Jun 2023"), ("en", "1 Aug 2026, 10:00 WITA", "30 Jun 2023")],
)
def test_report_writes_times_as_people_here_do(
    anyone: APIClient, feature_make: FeatureMake, language: str, moment: str, day: str
) -> None:
    scene_make(feature_make)
    AdministrativeArea.objects.update(population_date="2023-06-30")
    HealthFacility.objects.update(status_as_of="2026-08-01T02:00:00Z")
    query = f"f=html&lang={language}&datetime=2026-08-01T02:00:00Z"
    page = anyone.post(f"{IMPACT}?{query}", POLYGON, format="json").content.decode()
    assert f">{moment}</time>" in page
    assert page.count(f'>{moment} <span class="age">') > 1
    assert f", {day}</td>" in page
    for words in re.findall(r"<td>([^<]*)</td>|<small>([^<]*)</small>", page):
        assert not re.search(r"\d{4}-\d\d-\d\d", "".join(words)), words
    assert anyone.post(f"{IMPACT}?f=html&datetime=9999-12-31T23:59:59Z", POLYGON, format="json").status_code == 200


def test_a_whole_number_may_be_written_with_a_point(anyone: APIClient, feature_make: FeatureMake) -> None:
    zone = make(feature_make, "disaster_zones", 9, WEST, SOUTH)
    plain, pointed = (
        anyone.post(IMPACT, f'{{"zone": {zone.pk}{end}}}', content_type="application/json") for end in ("", ".0")
    )
    assert (plain.status_code, pointed.status_code) == (200, 200)
    assert plain.json()["layers"] == pointed.json()["layers"]


def test_the_report_of_a_zone_has_an_address_in_both_languages(anyone: APIClient, feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    zone = make(feature_make, "disaster_zones", 9, WEST, SOUTH, code="alamat", name="<script>")
    page = anyone.get(IMPACT, {"zone": zone.pk, "f": "html", "lang": "id"}).content.decode()
    assert "Laporan situasi" in page
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    browser = anyone.get(IMPACT, {"zone": zone.pk}, headers={"accept": "text/html"})
    assert browser["Content-Type"] == "text/html; charset=utf-8"


def test_a_report_says_what_it_is_about_and_how_old_that_is(anyone: APIClient, feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    zone = DisasterZone.objects.get(code="angin")
    address = f"{IMPACT}?zone={zone.pk}&lang=en&days=3"

    document = anyone.get(address).json()

    assert document["about"] == [
        {
            "code": "angin",
            "name": zone.name,
            "hazard": {"code": "105", "label": "Whirlwind"},
            "level": {"code": "sedang", "label": "Medium"},
            "kind": {"code": "peringatan", "label": "Forecast or warning"},
            "valid_from": "2025-12-31T16:00:00+00:00",
            "valid_to": "2026-01-01T16:00:00+00:00",
            "source": zone.source,
            "observed_at": None,
            "in_force": False,
        }
    ]
    assert "not in force" in document["note"]
    during = anyone.get(f"{address}&datetime=2026-01-01T12:00:00%2B08:00").json()
    assert ([one["in_force"] for one in during["about"]], "not in force" in during["note"]) == ([True], False)
    page = anyone.get(f"{address}&f=html").content.decode()
    for words in (zone.name, "hazard level: Medium", "1 Jan 2026, 00:00 WITA", "(not in force at this time)"):
        assert words in page
    rows = list(csv.DictReader(io.StringIO(anyone.get(f"{address}&f=csv").content.decode())))
    about = {row["item"]: row["value"] for row in rows if row["section"] == "about"}
    assert (about["level"], about["valid_to"], about["in_force"]) == ("Medium", "2026-01-01T16:00:00+00:00", "False")
    water = next(row["name"] for row in rows if (row["section"], row["code"]) == ("needs", "water"))
    assert water.endswith("3 days)"), "a total is for so many days"


def test_a_report_of_another_time_says_what_is_not_of_that_time(anyone: APIClient, feature_make: FeatureMake) -> None:
    """Else today's beds would be printed as those of 2018."""
    scene_make(feature_make)
    notes = [
        anyone.post(f"{IMPACT}?lang=en{when}", POLYGON, format="json").json()["note"]
        for when in ("", "&datetime=2018-08-05", "&datetime=2099-08-05")
    ]
    assert ["are as they are now" in note for note in notes] == [False, True, True]


def test_times_of_a_report_are_local_and_stand_beside_what_ages(anyone: APIClient, feature_make: FeatureMake) -> None:
    """31 December in UTC is 1 January in Mataram."""
    scene_make(feature_make)
    page = anyone.post(f"{IMPACT}?f=html&lang=en", POLYGON, format="json").content.decode()
    assert page.count("Status as of: <time") == 2, "of each post and facility inside that has a status"
    assert "Displaced people as of: <time" in page
    assert "1 Jan 2026, 00:00 WITA" in page
    assert ">2025-12-31" not in page


def test_a_report_tells_what_there_is_and_of_how_many_it_is_not_known(
    anyone: APIClient, feature_make: FeatureMake
) -> None:
    scene_make(feature_make)
    city = mapping(box(WEST, SOUTH, WEST + 0.02, SOUTH + 0.02))
    page = anyone.post(f"{IMPACT}?f=html&lang=en", city, format="json").content.decode()
    assert "<li>Beds: <strong>150</strong> beds <small>(not known of 1)</small></li>" in page, "a pharmacy has none"
    assert "<li>ICU beds: <strong>?</strong> beds <small>(not known of 4)</small></li>" in page
    assert re.search(r"<td>apotek</td><td>[^<]*</td><td>Type: Pharmacy</td>", page), "nothing is said of what is empty"


def test_what_is_most_urgent_is_listed_first(anyone: APIClient, feature_make: FeatureMake) -> None:
    """Ids grow with time: the first ones are old maps."""
    scene_make(feature_make)
    validity = {"valid_from": "2026-01-01T00:00:00+08:00", "valid_to": "2099-01-02T00:00:00+08:00"}
    mapped = {"hazard": "105", "level": "tinggi", "kind": "peta_bahaya"}
    make(feature_make, "disaster_zones", 8, WEST, SOUTH, code="peta", **mapped)
    make(feature_make, "disaster_zones", 9, WEST, SOUTH, code="kini", **mapped | {"kind": "peringatan"}, **validity)
    found = anyone.post(f"{IMPACT}?limit=2", POLYGON, format="json").json()["layers"]["disaster_zones"]
    assert found["count"] == 4
    assert [zone["code"] for zone in found["listed"]] == ["kini", "banjir-t"]
    page = anyone.post(f"{IMPACT}?limit=2&f=html&lang=en", POLYGON, format="json").content.decode()
    assert "2 of 4; the others with f=csv and limit." in page


def test_a_report_of_a_zone_without_end_may_have_infinite_times(anyone: APIClient, feature_make: FeatureMake) -> None:
    zone = make(feature_make, "disaster_zones", 9, WEST, SOUTH)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE layers_disasterzone SET valid_from = '-infinity', valid_to = 'infinity'")
    answers = [anyone.get(f"{IMPACT}?zone={zone.pk}&f={f}") for f in ("json", "html", "csv")]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert answers[0].json()["about"][0]["in_force"]


@pytest.mark.parametrize("f", ["json", "geojson", "csv", "html"])
def test_what_may_be_asked_by_get_may_be_asked_by_head_and_options(
    anyone: APIClient, feature_make: FeatureMake, f: str
) -> None:
    zone = make(feature_make, "disaster_zones", 9, WEST, SOUTH, code="alamat")
    address = f"{IMPACT}?zone={zone.pk}&f={f}"
    assert [getattr(anyone, method)(address).status_code for method in ("get", "head", "options")] == [200] * 3
    refused = anyone.post(address, POLYGON, format="json")
    assert (refused.status_code, refused.json()["parameter"]) == (400, "zone")


EXECUTION = "/oapi/processes/impact/execution"


def feature(geometry: Any, **members: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"name": "\0"}, "geometry": geometry, **members}


def collection(*geometries: Any) -> dict[str, Any]:
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    return {"type": "FeatureCollection", "crs": crs, "features": [feature(one) for one in geometries]}


def test_what_qgis_and_ogr2ogr_write_is_an_area_at_both_doors(anyone: APIClient, feature_make: FeatureMake) -> None:
    """Parts that overlap or touch are joined; nothing of the features but their shape is kept with a job."""
    scene_make(feature_make)
    west, middle, east = (mapping(box(WEST + x, SOUTH, WEST + x + 0.006, SOUTH + 0.01)) for x in (0, 0.003, 0.004))
    both = {"type": "MultiPolygon", "coordinates": [west["coordinates"], mapping(box(117, -8, 118, -7))["coordinates"]]}
    plain = anyone.post(IMPACT, POLYGON, format="json").json()
    for sent in (feature(POLYGON, id=5), collection(POLYGON), collection(west, middle, east), collection(east, west)):
        rest = anyone.post(IMPACT, sent, format="json")
        process = anyone.post(EXECUTION, {"inputs": {"geometry": sent}}, format="json")
        job = anyone.post(EXECUTION, {"inputs": {"geometry": sent}}, format="json", headers={"prefer": "respond-async"})
        assert (rest.status_code, process.status_code, job.status_code) == (200, 200, 201)
        for answer in (rest, process):
            assert answer.json()["area_m2"] == pytest.approx(plain["area_m2"])
            assert answer.json()["people"] == plain["people"]
    assert anyone.post(IMPACT, collection(both, middle, east), format="json").status_code == 200


def test_areas_that_are_none_are_told_in_words_of_the_portal(anyone: APIClient) -> None:
    """Not in those of a library: json.exception.out_of_range.403."""
    nested = feature(feature(POLYGON))
    bad = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}
    for sent in (nested, feature(bad), collection(POLYGON, {"type": "Point", "coordinates": [116, -8]}), bad):
        rest = anyone.post(IMPACT, sent, format="json")
        process = anyone.post(EXECUTION, {"inputs": {"geometry": sent}}, format="json")
        for answer in (rest, process):
            assert (answer.status_code, answer.json()["parameter"]) == (400, "geometry")
            assert answer.json()["detail"] in (
                "The geometry must be a Polygon or a MultiPolygon. About a point, ask hazards/at.",
                "Its coordinates must be closed rings of [longitude, latitude] pairs.",
            )


def test_a_collection_is_bounded_as_a_whole(anyone: APIClient) -> None:
    """Of many features, and of features that lie across each other, which take long to join."""
    squares = [mapping(box(116 + n / 10**6, -8, 116.1, -7.9)) for n in range(MAX_VERTICES // 5 + 1)]
    assert anyone.post(IMPACT, collection(*squares), format="json").status_code == 413
    combs = ({"type": "Polygon", "coordinates": [comb(1500, across=across)]} for across in (False, True))
    answer = anyone.post(IMPACT, collection(*combs), format="json")
    assert (answer.status_code, answer.json()["parameter"]) == (400, "geometry")
    assert answer.json()["detail"].startswith("The features cross each other")


BOWTIE = {
    "type": "Polygon",
    "coordinates": [[[116.1, -8.6], [116.2, -8.5], [116.1, -8.5], [116.2, -8.6], [116.1, -8.6]]],
}


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({}, "body"),
        ([], "body"),
        (None, "body"),
        ({"zone": "x"}, "zone"),
        ({"zone": 2**70}, "zone"),
        ({"zone": 1e300}, "zone"),
        ({"zone": 1.5}, "zone"),
        ({"zone": True}, "zone"),
        ({"zone": 99}, "zone"),
        ({"zone": 1, "alert": "x"}, "body"),
        ({"alert": "x"}, "alert"),
        ({"raster": "x", "threshold": 1}, "raster"),
        ({"raster": "x", "threshold": 10**400}, "body"),
        ({"raster": "x", "threshold": True}, "body"),
        ({"raster": "x"}, "body"),
        ({"type": "Point", "coordinates": [116, -8]}, "geometry"),
        ({"type": "Polygon", "coordinates": []}, "geometry"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}, "geometry"),
        ({"type": "Polygon", "coordinates": "x"}, "geometry"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [200, 0], [200, 1], [0, 0]]]}, "geometry"),
        ({"type": "Feature", "geometry": None}, "geometry"),
        (mapping(box(-179, -9, 179, -8)), "geometry"),
        ({"type": "FeatureCollection", "features": []}, "geometry"),
        ({"type": "FeatureCollection", "features": "x"}, "geometry"),
        ({"type": "FeatureCollection", "features": [POLYGON, None]}, "geometry"),
        ({"type": "FeatureCollection", "features": [POLYGON, {"type": "Polygon", "coordinates": []}]}, "geometry"),
        ({"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": None}]}, "geometry"),
        (BOWTIE, "geometry"),
    ],
)
def test_a_bad_area_is_refused_by_name(anyone: APIClient, body: Any, parameter: str) -> None:
    answer = anyone.post(IMPACT, json.dumps(body), content_type="application/json")
    assert (answer.status_code, answer.json()["parameter"]) == (400, parameter)


@pytest.mark.parametrize("f", ["json", "geojson", "csv", "html"])
def test_a_shape_asked_by_get_is_answered_like_one_that_is_sent(
    anyone: APIClient, feature_make: FeatureMake, f: str
) -> None:
    scene_make(feature_make)
    query = f"{IMPACT}?f={f}&datetime=2026-01-01T12:00:00Z"
    sent = anyone.post(query, POLYGON, format="json")
    asked = anyone.get(f"{query}&{urlencode({'coords': shape(POLYGON).wkt})}")
    assert (sent.status_code, asked.status_code) == (200, 200)
    computed = re.compile(rb'"computed_at":"[^"]*"|computed_at,[^,]*|<time[^<]*')
    assert computed.sub(b"", asked.content) == computed.sub(b"", sent.content)


@pytest.mark.parametrize(
    ("coords", "parameter"),
    [
        ("", "coords"),
        ("POINT(116.1 -8.6)", "coords"),
        ("POLYGON", "coords"),
        ("POLYGON EMPTY", "coords"),
        ("POLYGON((116.1 -8.6, 116.2 -8.6", "coords"),
        ("POLYGON((116.1 -8.6, 116.2 -8.6, 116.1 -8.6))", "coords"),
        ("POLYGON((nan nan, nan nan, nan nan, nan nan))", "coords"),
        ("POLYGON((1e999 0, 1 0, 1 1, 1e999 0))", "coords"),
        ("POLYGON((179 -9, -179 -9, -179 -8, 179 -8, 179 -9))", "coords"),
        ("SRID=4326;POLYGON((0 0, 1 0, 1 1, 0 0))", "coords"),
        ("POLYGON((-8.6 116.1, -8.6 116.2, -8.5 116.2, -8.6 116.1))", "coords"),
        ("GEOMETRYCOLLECTION(" * 20_000, "coords"),
        (shape(BOWTIE).wkt, "coords"),
        ("POLYGON((0 0, 1 0, 1 1, 0 0))&zone=1", "zone"),
    ],
)
def test_bad_coords_are_refused_by_name(anyone: APIClient, coords: str, parameter: str) -> None:
    answer = anyone.get(f"{IMPACT}?coords={coords}")
    assert (answer.status_code, answer.json()["parameter"]) == (400, parameter)


def test_an_area_across_the_meridian_of_180_is_sent_in_two(anyone: APIClient, feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    whole = anyone.get(f"{IMPACT}?coords=POLYGON((179 -9,-179 -9,-179 -8,179 -8,179 -9))")
    assert "split it there into a MultiPolygon" in whole.json()["detail"]
    halves = ["((179 -9,180 -9,180 -8,179 -8,179 -9))", "((-180 -9,-179 -9,-179 -8,-180 -8,-180 -9))"]
    split = anyone.get(f"{IMPACT}?coords=MULTIPOLYGON({','.join(halves)})")
    assert (split.status_code, split.json()["people"]["affected"]) == (200, None)


def test_an_area_must_be_named(anyone: APIClient) -> None:
    answer = anyone.get(IMPACT)
    assert (answer.status_code, answer.json()["detail"]) == (400, "Give zone or coords, one of both.")


def test_a_self_crossing_tells_where(anyone: APIClient) -> None:
    for sent in (BOWTIE, collection(POLYGON, BOWTIE)):
        answer = anyone.post(IMPACT, sent, format="json")
        assert "Self-intersection[116.15 -8.55]" in answer.json()["detail"]


def test_too_many_vertices_are_refused_with_the_bound(anyone: APIClient) -> None:
    top = [[round(116 + n / 10**6, 6), -8 + n % 2 / 10**6] for n in range(MAX_VERTICES)]
    body = {"type": "Polygon", "coordinates": [[[116, -9], [117, -9], *reversed(top), [116, -9]]]}
    answer = anyone.post(IMPACT, json.dumps(body), content_type="application/json")
    assert answer.status_code == 413
    assert str(MAX_VERTICES) in answer.json()["detail"]


@pytest.mark.parametrize("media_type", ["application/cap+xml", "application/xml"])
def test_a_cap_alert_is_an_area_and_is_not_stored(
    anyone: APIClient, feature_make: FeatureMake, media_type: str
) -> None:
    """Two languages name the same area, which counts once; another info adds a square of its own."""
    scene_make(feature_make)
    zones = DisasterZone.objects.count()
    pairs = [f"{y},{x}" for x, y in RING]
    square, further = " ".join(pairs), "-8.30,116.40 -8.30,116.41 -8.29,116.41 -8.29,116.40 -8.30,116.40"
    infos = [info(area(polygons=(square,)), language=language) for language in ("id", "en")]
    sent = message("baru", *infos, info(area(polygons=(further,)), severity="Minor"))
    answer = anyone.post(IMPACT, sent, content_type=media_type)
    drawn = anyone.post(IMPACT, POLYGON, format="json")
    assert answer.status_code == 200, answer.content
    people = [document.json()["people"] for document in (answer, drawn)]
    assert [(one["affected"], one["least"]) for one in people] == [(people[1]["affected"], people[1]["least"])] * 2
    assert answer.json()["area_m2"] == pytest.approx(2 * drawn.json()["area_m2"], rel=0.01)
    assert (CapAlert.objects.count(), DisasterZone.objects.count()) == (0, zones)


def comb(teeth: int, *, across: bool = False) -> list[tuple[float, float]]:
    """A closed ring of long narrow teeth; ``across``, they lie across those of another."""
    step = 0.1 / teeth
    ends = [(n * step + x, y) for n in range(teeth) for x, y in ((0, 0), (0, 0.1), (step / 2, 0.1), (step / 2, 0))]
    ring = [*ends, (0.1, 0), (0.1, -0.01), (0, -0.01), (0, 0)]
    return [(116 + y, x - 8.6) if across else (116 + x, y - 8.6) for x, y in ring]


def comb_words(teeth: int, *, across: bool = False) -> str:
    return " ".join(f"{y:.6f},{x:.6f}" for x, y in comb(teeth, across=across))


def test_edges_side_by_side_too_often_are_refused_before_they_are_checked(anyone: APIClient) -> None:
    """GEOS compares every two of these diagonals: minutes of a thread, for 700 kB from anyone."""
    slanted = [(round(116 + (x - 116) - (y + 8.6), 7), round(-8.6 + (x - 116) + (y + 8.6), 7)) for x, y in comb(10_000)]
    begin = monotonic()
    answer = anyone.post(IMPACT, {"type": "Polygon", "coordinates": [slanted]}, format="json")
    assert (answer.status_code, answer.json()["parameter"]) == (400, "geometry")
    assert "too often" in answer.json()["detail"]
    assert monotonic() - begin < 5


ENTITY = b'<!DOCTYPE a [<!ENTITY b "c">]><alert/>'
LONG_BOWTIE = " ".join([*(f"-8.5,116.{n:03}" for n in range(1000)), "-8.4,116", "-8.6,116.5"])
STAR = " ".join(f"{-8.5 + sin(n * 3.14) / 10:.6f},{116.1 + cos(n * 3.14) / 10:.6f}" for n in range(900))
HALF_ROUND = SQUARE.replace(" ", " x,", 1)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"", "a CAP 1.2 alert"),
        (b"<alert", "not XML"),
        (ENTITY, "DOCTYPE"),
        (b"<alert/>", "no alert of CAP 1.2"),
        (message("x", info(), status="Exercise"), "Exercise"),
        (message("x", info(responseType="AllClear")), "Banjir: the danger is over. It warns of nothing any more."),
        (message("x", info(urgency="Past", event="Rob")), "Rob: the danger is over"),
        (message("x"), "no info with an area"),
        (message("x", info("")), "no info with an area"),
        (message("x", info(area(), area("Sekarbela", polygons=()))), "Sekarbela: no polygon or circle"),
        (message("x", info(area(polygons=(SQUARE, "-8,116 -9,116")))), "polygon -8,116 -9,116: fewer than three"),
        (message("x", info(area(polygons=(LONG_BOWTIE,)))), "1000 corners"),
        (message("x", info(area(polygons=(STAR,)))), "its edges cross each other too often"),
        (
            message("x", info(area(polygons=(comb_words(500), comb_words(500, across=True))))),
            "cross each other too often",
        ),
        (
            message("x", info(area(polygons=(comb_words(500),)), area(polygons=(comb_words(500, across=True),)))),
            "cross each other too often",
        ),
        (message("x", info(area(polygons=(HALF_ROUND,)))), "is no number"),
        (message("x", info(area(polygons=(), circles=("-8.5,116.1 2000",)))), "1000 km"),
    ],
)
def test_a_bad_cap_alert_is_refused(anyone: APIClient, sent: bytes, said: str) -> None:
    answer = anyone.post(IMPACT, sent, content_type="application/cap+xml")
    assert (answer.status_code, answer.json()["parameter"]) == (400, "body")
    assert said in answer.json()["detail"]


def test_a_cancellation_is_no_exercise(anyone: APIClient) -> None:
    sent = message("x", info(), msgType="Cancel")
    detail = anyone.post(IMPACT, sent, content_type="application/cap+xml").json()["detail"]
    assert detail == "msgType Cancel: a report is made of Alert, Update only."


def test_a_small_area_of_a_cap_alert_counts_beside_a_large_one(anyone: APIClient, feature_make: FeatureMake) -> None:
    """A triangle, less than a thousandth of the other: within one area that would be a sliver."""
    scene_make(feature_make)
    triangle = " ".join(f"{y},{x}" for x, y in RING[:3] + RING[:1])
    far = "-11,119 -11,121 -10,121 -10,119 -11,119"
    both, alone = (
        anyone.post(IMPACT, message("x", info(*areas)), content_type="application/cap+xml").json()
        for areas in ([area("Jauh", polygons=(far,)), area(polygons=(triangle,))], [area(polygons=(triangle,))])
    )
    assert both["people"]["affected"] == alone["people"]["affected"] > 0


def test_what_was_mended_of_a_cap_alert_is_told(anyone: APIClient, feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    sliver = "-8.60,116.1 -8.60,116.1001 -8.6001,116.1 -8.60,116.1"
    over = info(area("Lembar"), event="Rob", responseType="AllClear")
    sent = message("x", info(area(polygons=(SQUARE, sliver)), severity="Unknown"), over)
    note = anyone.post(IMPACT, sent, content_type="application/cap+xml").json()["note"]
    told = "severity Unknown: taken as medium; Rob: the danger is over; Ampenan: 1 slivers dropped."
    assert f"The alert: {told}" in note


def test_of_many_notes_on_a_cap_alert_the_first_are_told(anyone: APIClient, feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    areas = [area(f"Lingkungan {n}", polygons=(f"-8.5,{n}.0 -8.4,{n}.1 -8.4,{n}.0 -8.5,{n}.1",)) for n in range(8)]
    note = anyone.post(IMPACT, message("x", info(*areas)), content_type="application/cap+xml").json()["note"]
    assert "Lingkungan 4: 1 polygon repaired; and 3 more." in note


def test_a_cap_alert_tells_the_same_as_where_it_is_taken_in(anyone: APIClient, feature_make: FeatureMake) -> None:
    """One entry for several languages, the hazard by its words, and an end where it says none."""
    scene_make(feature_make)
    further = "-8.30,116.40 -8.30,116.41 -8.29,116.41 -8.29,116.40 -8.30,116.40"
    infos = [info(language=language, headline=name, expires="") for language, name in (("en", "Flood"), ("id", "Air"))]
    sent = message("A-1", *infos, info(area(polygons=(further,)), event="Tsunami", severity="Minor"))
    at = f"{IMPACT}?datetime=2024-11-23T12:00:00%2B08:00"
    posted = anyone.post(at, sent, content_type="application/cap+xml").json()
    alert_import(alert_parse(sent))
    stored = anyone.post(at, {"alert": "A-1"}, format="json").json()

    assert [(one["code"], one["name"], one["hazard"]["code"], one["in_force"]) for one in posted["about"]] == [
        ("A-1", "Air / Flood", "101", False),
        ("A-1", "Banjir di Ampenan", "109", False),
    ]
    assert "no expires: it holds for 24 hours" in posted["note"]
    kept = [{**one, "code": "A-1"} for one in stored["about"]]
    times = ("valid_from", "valid_to", "observed_at")
    for one in posted["about"] + kept:
        one.update({name: datetime.fromisoformat(one[name]) for name in times})
    assert posted["about"] == kept


def test_circles_of_a_cap_alert_are_counted_before_they_are_drawn(anyone: APIClient) -> None:
    circles = tuple(f"-8.5,116.{n:04} 0.1" for n in range(600))
    sent = message("x", info(area(polygons=(), circles=circles), area(polygons=(), circles=("-8.4,116 1", *circles))))
    answer = anyone.post(IMPACT, sent, content_type="application/cap+xml")
    assert (answer.status_code, str(MAX_JOINED) in answer.json()["detail"]) == (413, True)


def test_a_cap_alert_of_too_many_vertices_is_refused(anyone: APIClient) -> None:
    polygon = " ".join(["-8.5,116.1"] * MAX_VERTICES)
    answer = anyone.post(
        IMPACT, message("x", info(area(polygons=(SQUARE, polygon)))), content_type="application/cap+xml"
    )
    assert answer.status_code == 413
    assert str(MAX_VERTICES) in answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("standard=x", "standard"), ("days=0", "days"), ("days=x", "days"), ("limit=x", "limit"), ("f=pdf", "f")],
)
def test_bad_parameters_of_an_impact(anyone: APIClient, query: str, parameter: str) -> None:
    answer = anyone.post(f"{IMPACT}?{query}", POLYGON, format="json")
    assert (answer.status_code, answer.json()["parameter"]) == (400, parameter)


def test_days_beyond_the_range_are_refused_and_a_limit_is_the_maximum(
    anyone: APIClient, feature_make: FeatureMake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The needs of a year were told as those of the 9,999 days that were asked for."""
    scene_make(feature_make)
    coords = urlencode({"coords": shape(POLYGON).wkt})
    for answer in (
        anyone.get(f"{IMPACT}?{coords}&days=366"),
        anyone.post(f"{IMPACT}?days=366", POLYGON, format="json"),
        anyone.post("/oapi/processes/impact/execution", {"inputs": {"geometry": POLYGON, "days": 366}}, format="json"),
    ):
        assert (answer.status_code, answer.json()["parameter"]) == (400, "days")
        assert "365" in answer.json()["detail"]
    monkeypatch.setattr("layers.rest.hazards.MAX_LISTED", 1)
    execution = {"inputs": {"geometry": POLYGON, "limit": 10_001}}
    for answer in (
        anyone.get(f"{IMPACT}?{coords}&limit=10001&days=365"),
        anyone.post(f"{IMPACT}?limit=10001", POLYGON, format="json"),
        anyone.post("/oapi/processes/impact/execution", execution, format="json"),
    ):
        assert answer.status_code == 200, answer.content
        assert len(answer.json()["layers"]["disaster_zones"]["listed"]) == 1


def test_screening_answers_every_row(anyone: APIClient, feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    table = (
        f"name,lon,lat\nSD 1,{WEST + 0.003},{SOUTH + 0.003}\nSD 2,x,1\nSD 3,{WEST + 0.015},{SOUTH + 0.005}\nSD 4,1\n"
    )

    document = json.loads(screened(anyone, table))
    rows = [feature["properties"] for feature in document["features"]]
    assert [(row["row"], row["name"], row["status"], row["worst_level"], row["area_name"]) for row in rows] == [
        (1, "SD 1", "mapped", "tinggi", "Barat"),
        (2, "SD 2", None, None, None),
        (3, "SD 3", "not_mapped", None, "Timur"),
        (4, "SD 4", None, None, None),
    ]
    assert rows[1]["fault"] == "lon 'x' is not a number from -180 to 180"
    assert document["features"][1]["geometry"] is None
    assert set(document["versions"]) == {"administrative_areas", "disaster_zones"}
    lines = list(csv.DictReader(io.StringIO(screened(anyone, table, f="csv"))))
    assert [(line["name"], line["hazards"]) for line in lines] == [
        ("SD 1", "101:tinggi"),
        ("SD 2", ""),
        ("SD 3", ""),
        ("SD 4", ""),
    ]


def test_screening_reads_what_excel_and_geojson_write(anyone: APIClient, feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    excel = "\ufeffNama;Lon;Lat\r\nSD;116,103;-8,597\r\n"
    geojson = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"Nama": "SD"},
                "geometry": {"type": "Point", "coordinates": [116.103, -8.597]},
            },
            {"type": "Feature", "properties": None, "geometry": None},
        ],
    }
    from_excel = json.loads(screened(anyone, excel))["features"]
    from_geojson = json.loads(screened(anyone, json.dumps(geojson), "application/geo+json"))["features"]
    assert from_excel == from_geojson[:1]
    assert from_excel[0]["properties"]["worst_level"] == "tinggi"
    assert from_geojson[1]["properties"]["fault"] == "not a Feature with a Point geometry"


@pytest.mark.django_db(transaction=True)
def test_screening_that_breaks_off_does_not_look_whole(anyone: APIClient) -> None:
    table = "lon,lat\n" + f"{WEST},{SOUTH}\n" * 5 * BATCH
    answer = iter(anyone.post(f"{SCREEN}?f=csv", table, content_type="text/csv"))
    told = [next(answer)]
    with closing(psycopg2.connect(**connection.get_connection_params())) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
    with pytest.raises(OperationalError):
        told.extend(answer)
    connection.close()
    *_, last = csv.reader(io.StringIO(b"".join(told).decode()))
    assert last[0].startswith("INCOMPLETE")


def test_screening_takes_what_geopandas_writes(anyone: APIClient) -> None:
    """NaN where a cell was empty; and what no answer can hold is told in its row."""
    values = {"siswa": float("nan")}, {"siswa": 12}, {"siswa": "\ud800"}
    place = {"type": "Point", "coordinates": [WEST + 0.003, SOUTH + 0.003]}
    features = [{"type": "Feature", "properties": value, "geometry": place} for value in values]
    content = json.dumps({"type": "FeatureCollection", "features": features})

    rows = [one["properties"] for one in json.loads(screened(anyone, content, "application/geo+json"))["features"]]

    assert [row.get("siswa") for row in rows] == [None, 12, None]
    assert [row["status"] for row in rows] == ["not_mapped", "not_mapped", None]
    assert rows[2]["fault"].startswith("the properties cannot be written: ")
    table = list(csv.DictReader(io.StringIO(screened(anyone, content, "application/geo+json", f="csv"))))
    assert [row["siswa"] for row in table] == ["", "12", ""]


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("text/csv", b""),
        ("text/csv", b"lon\n1"),
        ("text/csv", b"lon,lat\n"),
        ("text/csv", b"\xff\xfe"),
        ("text/csv", b'lon,lat\n"' + b"1" * 200_000),
        ("text/csv", b"lon,lat," + b"x" * 200_000 + b"\n1,1,1"),
        ("application/json", b"{}"),
        ("application/json", b'{"features":[]}'),
        ("application/json", b'{"features":[{"a"'),
        ("application/json", b'{"features":[' + b"[" * 100_000),
    ],
)
def test_files_that_are_none_are_refused(anyone: APIClient, media_type: str, content: bytes) -> None:
    answer = anyone.post(SCREEN, content, content_type=media_type)
    assert (answer.status_code, answer.json()["parameter"]) == (400, "body")


def test_more_points_than_allowed_are_refused(anyone: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("layers.services.screening.LIMIT", 2)
    assert points.LIMIT == 100_000
    assert len(json.loads(screened(anyone, "lon,lat\n1,1\n1,1\n"))["features"]) == 2
    assert anyone.post(SCREEN, "lon,lat\n1,1\n1,1\n1,1\n", content_type="text/csv").status_code == 413


def test_the_samples_give_a_report(anyone: APIClient) -> None:
    call_command("samples_load")
    answer = anyone.get(AT, {"lon": 116.08, "lat": -8.57, "radius": 500}).json()
    assert answer["zones_total"] == len(answer["zones"]) > 0
    assert anyone.post(f"{IMPACT}?f=html", POLYGON, format="json").status_code == 200


def test_formulas_in_a_screened_table_stay_text(anyone: APIClient) -> None:
    table = 'lon,lat,=1+1,height,phone,name\n116.1,-8.58,@a,-1.5,+62 370,"=HYPERLINK(""http://x"")"\n'
    head, row = csv.reader(io.StringIO(screened(anyone, table, f="csv")))
    assert head[-4:] == ["'=1+1", "height", "phone", "name"]
    assert row[-4:] == ["'@a", "-1.5", "+62 370", '\'=HYPERLINK("http://x")']
