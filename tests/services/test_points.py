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
from layers.services.points import COLUMNS, points_csv, points_geojson
from layers.services.screening import Screening, screening_csv, screening_geojson

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


def named(count: int) -> list[str]:
    return [f"c{number}" for number in range(count)]


@pytest.mark.django_db
@pytest.mark.parametrize("write", [screening_geojson, screening_csv])
def test_very_many_columns_are_refused_before_anything_is_sent(write: Any) -> None:
    """A body of 300 kB had the server write 40 million empty cells; and no column is left out silently."""

    def answer(points: Iterator[Point]) -> str:
        return b"".join(write(Screening(datetime.now(UTC)), points)).decode()

    def table(names: list[str]) -> Iterator[Point]:
        return points_csv(f"lon,lat,{','.join(names)}\n116,-8,{','.join(['1'] * len(names))}\n")

    def features(names: list[str]) -> Iterator[Point]:
        return points_geojson(collection(*(json.dumps({name: 1}) for name in names)))

    for points in (table, features):
        assert named(COLUMNS)[-1] in answer(points(named(COLUMNS)))
        with pytest.raises(InvalidParameter, match=f"{COLUMNS} kolom") as refused:
            next(write(Screening(datetime.now(UTC)), points(named(COLUMNS + 1))))
        assert refused.value.extra == {"parameter": "body"}


@pytest.mark.django_db
def test_features_that_bring_other_names_each_are_refused_early() -> None:
    """Neither their names nor their rows fill the memory."""
    points = points_geojson(collection(*(json.dumps({name: 1}) for name in named(2 * COLUMNS))))
    with pytest.raises(InvalidParameter):
        next(screening_csv(Screening(datetime.now(UTC)), points))
    assert next(points).number == COLUMNS + 2, "no more of them were read"
    with pytest.raises(InvalidParameter):
        next(points_csv(f"lon,lat,{','.join(named(COLUMNS + 1))}\n116,-8\n"))


@pytest.mark.parametrize(
    ("row", "separator"), [("SDN 2,116,10,-8,58", ","), ("SDN 2;116,10;-8,58;x", ";"), ("SDN 2,116,-8, ,x", ",")]
)
def test_cells_beyond_the_columns_are_a_fault(row: str, separator: str) -> None:
    """With decimal commas, 116,10 and -8,58 would be the place 116, 10."""
    with translation.override("en"):
        (point,) = points_csv(separator.join(["name", "lon", "lat"]) + f"\n{row}\n")
    assert (point.lon, point.lat, orjson.loads(point.given)) == (None, None, {"name": "SDN 2"})
    assert point.fault == "more cells than columns; decimal commas need semicolons as separators"


def test_blank_cells_beyond_the_columns_are_none() -> None:
    (point,) = points_csv("name,lon,lat\nSDN 2,116,-8,, \n")
    assert (point.fault, point.lon, point.lat) == (None, 116, -8)


def test_a_feature_keeps_its_own_id_and_what_it_says_without_a_place() -> None:
    (plain, word, zero, none, placeless) = (
        '{"type":"Feature","id":7,"properties":{"id":"x","id_given":1,"id_given_given":2},"geometry":P}',
        '{"type":"Feature","id":"a/7","properties":null,"geometry":P}',
        '{"type":"Feature","id":0,"geometry":P}',
        '{"type":"Feature","id":null,"properties":{"id":5},"geometry":P}',
        '{"type":"Feature","id":8,"properties":{"name":"SD"},"geometry":null}',
    )
    content = f'{{"features":[{",".join((plain, word, zero, none, placeless))},5]}}'
    content = content.replace(":P", ':{"type":"Point","coordinates":[116,-8]}')
    assert given(points_geojson(content)) == [
        {"id_given": 7, "id": "x", "id_given_given": 1, "id_given_given_given": 2},
        {"id_given": "a/7"},
        {"id_given": 0},
        {"id": 5},
        {"id_given": 8, "name": "SD"},
        {},
    ]


@pytest.mark.parametrize("head", ["lon,lat,name,name", "lon,Lon,lat", "lat,lon,LAT ,x"])
def test_two_columns_of_one_name_are_refused_by_name(head: str) -> None:
    with pytest.raises(InvalidParameter, match=r"Dua kolom bernama '(name|lon|lat)'"):
        next(points_csv(f"{head}\n116,-8,1,2\n"))


def test_columns_without_a_name_and_names_in_capitals_are_no_columns_twice() -> None:
    (point,) = points_csv("lon,lat,name,Name,,\n116,-8,a,b,c,d\n")
    assert orjson.loads(point.given) == {"name": "a", "Name": "b", "column_5": "c", "column_6": "d"}


def test_an_open_quotation_does_not_swallow_the_rows_after_it() -> None:
    with pytest.raises(InvalidParameter) as refused:
        list(points_csv('lon,lat,name\n116.1,-8.6,"Masjid\n116.1,-8.5,B\n'))
    assert refused.value.extra == {"parameter": "body"}


@pytest.mark.parametrize("lon", ["1_16", "١١٦", "1e999", "nan", "", "116°"])
def test_what_is_no_decimal_number_is_a_fault(lon: str) -> None:
    (point,) = points_csv(f"lon,lat\n{lon},-8\n")
    assert point.fault is not None
    assert (point.lon, repr(lon) in point.fault) == (None, True)


@pytest.mark.parametrize(
    ("place", "lon"), [("116,-8", 116), ('" 1.16e2 ","-8"', 116), ("true,-8", None), ("[],-8", None)]
)
def test_coordinates_may_be_written_as_text_and_as_nothing_else(place: str, lon: float | None) -> None:
    (point,) = points_geojson(collection("{}", place=place))
    assert (point.lon, point.fault is None) == (lon, lon is not None)
