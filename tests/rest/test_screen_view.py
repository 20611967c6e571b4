"""Many points screened over HTTP."""

import csv
import io
import json
from contextlib import closing

import psycopg2
import pytest
from conftest import FeatureMake
from django.db import OperationalError, connection
from hazard_scene import SCREEN, SOUTH, WEST, scene_make
from rest_framework.test import APIClient

from layers.query.screening import BATCH
from layers.services import points

pytestmark = pytest.mark.django_db


def screened(client: APIClient, content: str, media_type: str = "text/csv", f: str = "geojson") -> str:
    answer = client.post(f"{SCREEN}?f={f}", content, content_type=media_type)
    assert answer.status_code == 200, answer.content
    return b"".join(answer).decode()


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


def test_formulas_in_a_screened_table_stay_text(anyone: APIClient) -> None:
    table = 'lon,lat,=1+1,height,phone,name\n116.1,-8.58,@a,-1.5,+62 370,"=HYPERLINK(""http://x"")"\n'
    head, row = csv.reader(io.StringIO(screened(anyone, table, f="csv")))
    assert head[-4:] == ["'=1+1", "height", "phone", "name"]
    assert row[-4:] == ["'@a", "-1.5", "+62 370", '\'=HYPERLINK("http://x")']
