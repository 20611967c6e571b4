"""An impact over HTTP: its formats, its report for people, and its parameters."""

import csv
import io
import json
import re
from urllib.parse import urlencode

import pytest
from conftest import FeatureMake, square
from django.core.management import call_command
from django.db import connection
from hazard_scene import AT, IMPACT, POLYGON, SOUTH, WEST, make, scene_make
from rest_framework.test import APIClient
from shapely.geometry import box, mapping, shape

from layers.models import AdministrativeArea, DisasterZone, HealthFacility

pytestmark = pytest.mark.django_db


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
    assert re.search(r"Kebutuhan minimum: [^<]*, 1\.000 orang, 7 hari", page), "whose needs, and for how long"
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    browser = anyone.get(IMPACT, {"zone": zone.pk}, headers={"accept": "text/html"})
    assert browser["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(("side", "share"), [(0.00999, "99,8"), (0.01, "100,0"), (0.0004, "0,1")])
def test_a_share_is_whole_only_where_the_people_surely_are_inside(
    anyone: APIClient, feature_make: FeatureMake, side: float, share: str
) -> None:
    scene_make(feature_make)
    zone = make(feature_make, "disaster_zones", 9, WEST, SOUTH, side=side)
    page = anyone.get(IMPACT, {"zone": zone.pk, "f": "html", "lang": "id"}).content.decode()
    assert f'<td class="n">{share}%</td>' in page
    assert ("Pasti antara</dt><dd>1.000 –" in page) == (share == "100,0")


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


def test_the_samples_give_a_report(anyone: APIClient) -> None:
    call_command("samples_load")
    answer = anyone.get(AT, {"lon": 116.08, "lat": -8.57, "radius": 500}).json()
    assert answer["zones_total"] == len(answer["zones"]) > 0
    assert anyone.post(f"{IMPACT}?f=html", POLYGON, format="json").status_code == 200
