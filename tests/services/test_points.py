"""Rows of a file, as screening takes them in: what came with them is kept, and what cannot be is a fault of its row."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from django.utils import translation

from layers.errors import InvalidParameter
from layers.query.screening import Point
from layers.services.points import points_csv, points_geojson
from layers.services.screening import COLUMNS, Screening, screening_csv, screening_geojson

FULL = ",".join(f'"c{number}":1' for number in range(COLUMNS))
"""Properties that leave no room for another column."""


def collection(*properties: str, place: str = "116,-8") -> str:
    features = (
        f'{{"type":"Feature","properties":{one},"geometry":{{"type":"Point","coordinates":[{place}]}}}}'
        for one in properties
    )
    return f'{{"type":"FeatureCollection","features":[{",".join(features)}]}}'


def deep(levels: int) -> str:
    return '{"x":' + "[" * levels + "]" * levels + "}"


def given(points: Iterator[Point]) -> list[Any]:
    return [orjson.loads(point.given) for point in points]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_a_number_that_json_does_not_have_is_null(number: str) -> None:
    (point,) = points_geojson(collection(f'{{"x":{number},"y":[{number},1]}}'))
    assert (point.fault, point.lon, orjson.loads(point.given)) == (None, 116, {"x": None, "y": [None, 1]})


def test_backslashes_stay_and_nul_characters_go() -> None:
    cells = ["C:\\u0000", "\\\\u0000", "a\0b", "\\\0", "\0\0", "\0u0000"]
    kept = ["C:\\u0000", "\\\\u0000", "ab", "\\", "", "u0000"]
    table = io.StringIO(newline="")
    csv.writer(table).writerows([["lon", "lat", "x"], *(["116", "-8", cell] for cell in cells)])

    assert given(points_csv(table.getvalue())) == [{"x": cell} for cell in kept]
    features = collection(*(json.dumps({"x": [cell], cell: 1}) for cell in cells))
    assert given(points_geojson(features)) == [{"x": [cell], cell: 1} for cell in kept]


@pytest.mark.django_db
@pytest.mark.parametrize("properties", ['{"x":"\\ud800"}', '{"\\ud800":1}', deep(2000), f'{{"x":{10**30}}}'])
@pytest.mark.parametrize("before", ["{}", f"{{{FULL}}}"])
def test_what_cannot_be_answered_is_a_fault_of_its_row(before: str, properties: str) -> None:
    content = collection(before, properties, "{}")
    with translation.override("en"):
        document = json.loads(b"".join(screening_geojson(Screening(datetime.now(UTC)), points_geojson(content))))
    faults = [feature["properties"]["fault"] for feature in document["features"]]
    assert (faults[0], faults[2]) == (None, None)
    assert faults[1].startswith("the properties cannot be written: ")
    assert document["features"][1]["geometry"] is None
    with translation.override("id"):
        (point,) = points_geojson(collection(properties))
    assert str(point.fault).startswith("atribut tidak dapat ditulis: ")


@pytest.mark.django_db
def test_the_deepest_that_is_taken_is_answered() -> None:
    content = collection(*(deep(levels) for levels in range(245, 260)))
    for write in (screening_geojson, screening_csv):
        answer = b"".join(write(Screening(datetime.now(UTC)), points_geojson(content)))
        assert deep(245)[5:-1].encode() in answer
    faults = [point.fault for point in points_geojson(content)]
    assert faults[0] is None
    assert faults[-1]


@pytest.mark.parametrize("place", ['"\\ud800",1', "[" * 5000 + "]" * 5000 + ",1", "NaN,1", "1e400,1"])
def test_a_position_that_is_none_is_a_fault(place: str) -> None:
    (point,) = points_geojson(collection('{"x":1}', place=place))
    assert str(point.fault).startswith("lon ")
    str(point.fault).encode()


def test_a_header_that_cannot_be_read_refuses_the_file() -> None:
    with pytest.raises(InvalidParameter, match="field larger than field limit"):
        next(points_csv("lon,lat," + "x" * 200_000 + "\n1,1,1\n"))


def test_a_table_of_very_many_columns_is_refused() -> None:
    """A body of 300 kB had the server write 40 million empty cells."""
    names = ",".join(f"c{number}" for number in range(998))
    assert len(list(points_csv(f"lon,lat,{names}\n116,-8"))) == 1
    with pytest.raises(InvalidParameter, match="1000 kolom") as refused:
        list(points_csv(f"lon,lat,{names},more\n116,-8"))
    assert refused.value.extra == {"parameter": "body"}
