"""Requests for items drawn at random, on rows drawn at random, against a plain scan of the rows in Python."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from typing import Any
from urllib.parse import urlencode

import cql2
import pytest
import shapely
from conftest import FeatureMake
from django.contrib.gis.geos import GEOSGeometry
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plain_scan import Row, boxes, filters, is_ordered, truth, written

from layers.catalog import Layer, layer_get
from layers.query import features
from layers.query.features import COUNTED

EPSG_4326 = "http://www.opengis.net/def/crs/EPSG/0/4326"

LONGITUDES = [-180, -179.5, 0, 0.5, 1, 2, 179.5, 180]
LATITUDES = [-90, 0, 0.5, 1, 2, 90]
POINTS = [shapely.Point(x, y) for x in LONGITUDES for y in LATITUDES]
ZONES = [
    *(shapely.MultiPolygon([shapely.box(x, y, x + 0.5, y + 0.5)]) for x in (-180, 0, 0.5, 179.5) for y in (0, 0.5)),
    shapely.MultiPolygon([shapely.Polygon([(0, 0), (2, 0), (1, 2)])]),
    shapely.MultiPolygon(
        [shapely.Polygon([(0, 0), (2, 0), (2, 2), (0, 2)], [[(0.5, 0.5), (1, 0.5), (1, 1), (0.5, 1)]])]
    ),
    shapely.MultiPolygon([shapely.box(179.5, 0, 180, 1), shapely.box(-180, 0, -179.5, 1)]),
]
DAY = datetime(2026, 1, 1, 16, tzinfo=UTC)
"""When the second of January begins in Lombok."""
TICK = timedelta(microseconds=1)
MOMENTS = [DAY - TICK, DAY, DAY + timedelta(hours=8), DAY + timedelta(days=1) - TICK, DAY + timedelta(days=1)]
NAMES = ["pasar ab", "PASAR B", "O'Brien", 'a "b"', "100%", "a_b", "a\\b", "é", "%s", "日本 😀"]
WORDS = ["pasar", "Ab", "b", "'", '"', "%", "_", "\\", "é", "日本", "t-000", "1"]

VALUES: dict[str, dict[str, list[Any]]] = {
    "markets": {
        "name": NAMES,
        "address": ["", *NAMES],
        "manager": ["", "a", "ab", "b"],
        "kiosks": [None, 0, 1, 2],
        "los": [None, 0, 1, 3],
        "operating_days": [[], ["senin"], ["rabu", "senin"]],
        "opens_at": [None, time(5), time(5, 30, 0, 1)],
        "sni_certified": [None, False, True],
        "condition": ["", "baik", "rusak_berat"],
        "observed_at": [None, *MOMENTS],
        "geom": POINTS,
    },
    "disaster_zones": {
        "name": NAMES,
        "level": ["rendah", "sedang", "tinggi"],
        "valid_from": [None, *MOMENTS[:3]],
        "valid_to": [None, *MOMENTS[2:]],
        "value_min": [None, 0.0, 0.1, 0.5],
        "value_max": [None, 0.5, 0.7],
        "unit": ["indeks"],
        "method": ["", "a", "ab", "b"],
        "geom": ZONES,
    },
}
"""What the columns of the rows may hold."""


@dataclass(frozen=True)
class Span:
    """A value of ``datetime``, and the moments that it means."""

    written: str
    start: datetime | None
    end: datetime | None


SPANS = [
    Span("2026-01-02", MOMENTS[1], MOMENTS[3]),
    Span("2026-01-02T00:00:00Z", MOMENTS[2], MOMENTS[2]),
    Span("2026-01-02T08:00:00+08:00", MOMENTS[2], MOMENTS[2]),
    Span("2026-01-01T16:00:00Z/2026-01-02T00:00:00Z", MOMENTS[1], MOMENTS[2]),
    Span("2026-01-02/2026-01-02", MOMENTS[1], MOMENTS[3]),
    Span("2026-01-02/..", MOMENTS[1], None),
    Span("2026-01-02T16:00:00Z/", MOMENTS[4], None),
    Span("../2026-01-01", None, MOMENTS[0]),
    Span("/2026-01-02T00:00:00", None, MOMENTS[1]),
    Span("../..", None, None),
]

Request = dict[str, Any]


def given_values(values: list[Any]) -> list[Any]:
    """The values of a column that something can be compared with."""
    return [value for value in values if value not in (None, "")]


@st.composite
def requests(draw: st.DrawFn, id: str) -> Request:
    """A request as values, under the names of its parameters, with at most two conditions, so that most find rows."""
    columns = {name: given_values(VALUES[id][name]) for name in VALUES[id] if name not in ("geom", "operating_days")}
    equals = {name: st.sampled_from(values) for name, values in columns.items()}
    if id == "markets":
        equals["operating_days"] = st.sampled_from(["senin", "rabu", "minggu"])
    sorts = st.sampled_from([name for name, values in columns.items() if is_ordered(values)])
    box = boxes(LONGITUDES, LATITUDES)
    conditions: dict[str, st.SearchStrategy[Any]] = {
        "bbox": st.tuples(box, st.booleans(), st.booleans()),
        "datetime": st.sampled_from(SPANS),
        "equals": st.one_of([st.tuples(st.just(name), values) for name, values in equals.items()]),
        "filter": st.tuples(filters(columns, box | st.sampled_from(ZONES)), st.booleans()),
        "q": st.lists(st.sampled_from(WORDS), max_size=2),
    }
    chosen = draw(st.sets(st.sampled_from(list(conditions)), max_size=2))
    answer = st.fixed_dictionaries(
        {"limit": st.integers(1, 5), "method": st.sampled_from(["GET", "POST"])},
        optional={
            "crs": st.just(EPSG_4326),
            "sortby": st.lists(st.tuples(sorts, st.booleans()), min_size=1, max_size=3),
            "properties": st.lists(st.sampled_from([item.name for item in layer_get(id).properties]), min_size=1),
            "skipGeometry": st.booleans(),
            "offset": st.integers(0, 6),
        },
    )
    return {name: draw(conditions[name]) for name in sorted(chosen)} | draw(answer)


@st.composite
def scenes(draw: st.DrawFn) -> tuple[str, list[Row], list[Request]]:
    """A layer, rows of it, and requests to it."""
    id = draw(st.sampled_from(list(VALUES)))
    row = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in VALUES[id].items()})
    rows = draw(st.lists(row, min_size=8, max_size=12) | st.lists(row, max_size=2))
    return id, rows, draw(st.lists(requests(id), min_size=4, max_size=8))


def params(request: Request) -> dict[str, str]:
    """The query parameters of a request."""
    asked = {"limit": str(request["limit"])}
    for name in ("crs", "offset"):
        if name in request:
            asked[name] = str(request[name])
    if "bbox" in request:
        box, flipped, high = request["bbox"]
        lower, upper = (
            f"{y},{x}" if flipped else f"{x},{y}" for x, y in ((box.west, box.south), (box.east, box.north))
        )
        asked["bbox"] = f"{lower},-1,{upper},5" if high else f"{lower},{upper}"
        asked |= {"bbox-crs": EPSG_4326} if flipped else {}
    if "datetime" in request:
        asked["datetime"] = request["datetime"].written
    if "equals" in request:
        name, value = request["equals"]
        asked[name] = value.isoformat() if isinstance(value, datetime | time) else _plain(value)
    if "filter" in request:
        tree, as_json = request["filter"]
        asked["filter"] = json.dumps(cql2.parse_text(written(tree)).to_json()) if as_json else written(tree)
        asked |= {"filter-lang": "cql2-json"} if as_json else {}
    if "q" in request:
        asked["q"] = " ".join(request["q"])
    if "sortby" in request:
        asked["sortby"] = ",".join(f"{'-' if descends else ''}{name}" for name, descends in request["sortby"])
    if "properties" in request:
        asked["properties"] = ",".join(request["properties"])
    if "skipGeometry" in request:
        asked["skipGeometry"] = json.dumps(request["skipGeometry"])
    return asked


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def matches(layer: Layer, row: Row, request: Request) -> bool:
    if "bbox" in request and not row["geom"].intersects(request["bbox"][0].shape):
        return False
    if "datetime" in request and not in_span(layer, row, request["datetime"]):
        return False
    if "equals" in request:
        name, value = request["equals"]
        if not (value in row[name] if isinstance(row[name], list) else value == row[name]):
            return False
    if "filter" in request and not truth(request["filter"][0], row):
        return False
    return all(word.lower() in f"{row['code']}\n{row['name']}".lower() for word in request.get("q", ()))


def in_span(layer: Layer, row: Row, span: Span) -> bool:
    start, end = (row[name] for name in layer.time)
    if layer.time[0] == layer.time[1] and start is None:
        return False
    began = not start or not span.end or start <= span.end
    ended = not end or not span.start or end >= span.start
    return began and ended


def scan(layer: Layer, rows: list[Row], request: Request) -> list[Row]:
    """The rows that a request asks for, in their order: ids last, unknown values after all others."""
    found = sorted((row for row in rows if matches(layer, row, request)), key=lambda row: row["id"])
    for name, descends in reversed(request.get("sortby", [])):
        valued = [row for row in found if row[name] is not None]
        valued.sort(key=lambda row: row[name], reverse=descends)
        found = valued + [row for row in found if row[name] is None]
    return found


def pages(client: Client, link: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The page that a link leads to, and all that follow it."""
    while link:
        if link.get("method") == "POST":
            response = client.post(link["href"], link["body"], content_type="application/json")
        else:
            response = client.get(link["href"])
        assert response.status_code == 200, (link, response.content)
        page = response.json()
        yield page
        link = next((link for link in page["links"] if link["rel"] == "next"), {})


def link_make(layer: Layer, method: str, asked: dict[str, str]) -> dict[str, Any]:
    address = f"/oapi/collections/{layer.id}"
    if method == "POST":
        return {"href": f"{address}/search", "method": "POST", "body": asked}
    return {"href": f"{address}/items?{urlencode(asked)}"}


def feature_check(feature: dict[str, Any], row: Row, layer: Layer, request: Request) -> None:
    """The feature is the row, as the request wants it written."""
    asked = request.get("properties")
    assert list(feature["properties"]) == [item.name for item in layer.properties if not asked or item.name in asked]
    for name, value in feature["properties"].items():
        if name in row:
            kind = type(row[name])
            assert (kind.fromisoformat(value) if kind in (datetime, time) else value) == row[name]
    if request.get("skipGeometry"):
        assert feature["geometry"] is None
    else:
        shape = shapely.from_geojson(json.dumps(feature["geometry"]))
        if "crs" in request:
            shape = shapely.transform(shape, lambda points: points[:, ::-1])
        assert shape.equals(row["geom"])


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(scene=scenes(), most=st.sampled_from([3, COUNTED]))
def test_pages_are_what_a_plain_scan_finds(
    client: Client,
    feature_make: FeatureMake,
    monkeypatch: pytest.MonkeyPatch,
    scene: tuple[str, list[Row], list[Request]],
    most: int,
) -> None:
    """``most`` is up to where a count is exact: beyond, another way through the query is taken."""
    id, drawn, requested = scene
    layer = layer_get(id)
    with transaction.atomic(), monkeypatch.context() as patch:
        patch.setattr(features, "COUNTED", most)
        patch.setattr(features, "_counts", {})  # of a version, which rows that are never committed do not change
        rows = []
        for number, row in enumerate(drawn):
            made = feature_make(layer, number, **{**row, "geom": GEOSGeometry(row["geom"].wkt, srid=4326)})
            rows.append({**row, "id": made.id, "code": made.code})
        for request in requested:
            request_check(client, layer, rows, request, most)
        transaction.set_rollback(True)


def request_check(client: Client, layer: Layer, rows: list[Row], request: Request, most: int) -> None:
    """All pages of a request, by their links and by their offsets, are what the scan finds."""
    expected, asked, limit = scan(layer, rows, request), params(request), request["limit"]
    start = request.get("offset", 0)
    offsets = range(start, max(len(expected), start + 1), limit)
    by_links = list(islice(pages(client, link_make(layer, request["method"], asked)), len(rows) + 1))
    by_offsets = [next(pages(client, link_make(layer, request["method"], asked | {"offset": str(n)}))) for n in offsets]
    for shown in (by_links, by_offsets):
        listed = [feature for page in shown for feature in page["features"]]
        assert [feature["id"] for feature in listed] == [row["id"] for row in expected[start:]]
        for feature, row in zip(listed, expected[start:], strict=True):
            feature_check(feature, row, layer, request)
        for page in shown:
            assert page["numberReturned"] == len(page["features"]) <= limit
            counted = len(expected) <= most and (page["features"] or not start)
            assert page.get("numberMatched", None if counted else len(expected)) == len(expected)
