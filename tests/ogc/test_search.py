"""POST /search: what is too long for an address."""

import json
from collections.abc import Callable
from math import cos, sin, tau
from time import monotonic
from typing import Any

import pytest
from conftest import FeatureMake
from django.test import Client

from layers.catalog import Layer, layer_get


def post(client: Client, layer: str, body: Any) -> Any:
    return client.post(f"/oapi/collections/{layer}/search", body, content_type="application/json")


def test_search_takes_the_parameters_of_items(client: Client, layer: Layer, feature_make: FeatureMake) -> None:
    for number in range(1, 4):
        feature_make(layer, number)
    wanted = {"op": "in", "args": [{"property": "code"}, ["T-0001", "T-0003", "52.71.01", "52.71.03"]]}
    found = post(client, layer.id, {"filter": wanted, "properties": ["code"], "sortby": ["-code"], "limit": 10})
    assert [feature["properties"] for feature in found.json()["features"]] == [
        {"code": code}
        for code in (("52.71.03", "52.71.01") if layer.id == "administrative_areas" else ("T-0003", "T-0001"))
    ]
    written = f"code IN ({', '.join(map(repr, wanted['args'][1]))})"  # type: ignore[arg-type]
    assert post(client, layer.id, {"filter": written}).json()["numberMatched"] == 2
    assert found["Content-Type"] == "application/geo+json"


def test_pages_are_followed_by_posting_the_body_of_the_link(client: Client, feature_make: FeatureMake) -> None:
    for number in range(5):
        feature_make(layer_get("markets"), number)
    body: dict[str, Any] = {"filter": {"op": ">=", "args": [{"property": "code"}, "T-0001"]}, "limit": 3}
    first = post(client, "markets", body).json()
    (link,) = [link for link in first["links"] if link["rel"] == "next"]
    assert link["method"] == "POST"
    second = client.post(link["href"], link["body"], content_type="application/json").json()
    assert [len(page["features"]) for page in (first, second)] == [3, 1]
    assert [link["rel"] for link in second["links"]] == ["collection"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "1", "null", '{"limit": 0}', '{"filter": 1}', '{"filter": {}}', '{"tak_ada": 1}',
     '{"bbox": [1, 2]}',
     '{"filter": {"op": "=", "args": [{"property": "tak_ada"}, 1]}}', '{"q": "\\u0000"}', '{"limit": NaN}',
     '{"limit": {"a": 1}}', '{"next": 5}'],
)  # fmt: skip
def test_a_bad_body_is_refused(client: Client, layer: Layer, body: str) -> None:
    refused = post(client, layer.id, body)
    assert refused.status_code == 400, refused.content
    assert refused["Content-Type"] == "application/problem+json"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "body", "parameter"),
    [
        ("?limit=1", {}, "limit"),
        ("?filter=kiosks>5", {}, "filter"),
        ("?f=html", {}, "f"),
        ("", {"f": "csv"}, "f"),
        ("", {"lang": "en"}, "lang"),
    ],
)
def test_no_parameter_is_ignored(client: Client, address: str, body: dict[str, str], parameter: str) -> None:
    refused = client.post(f"/oapi/collections/markets/search{address}", body, "application/json", HTTP_ACCEPT="*/*")
    assert (refused.status_code, parameter in str(refused.content)) == (400, True)
    assert client.post("/oapi/collections/markets/search?lang=en&f=json", {}, "application/json").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["q", "filter", "bbox"])
@pytest.mark.parametrize("nest", [lambda inner: [inner], lambda inner: {"a": inner}], ids=["lists", "objects"])
def test_a_body_of_a_thousand_levels_is_refused(client: Client, name: str, nest: Callable[[Any], Any]) -> None:
    body = "1"
    for _ in range(1000):
        body = json.dumps(nest("?")).replace('"?"', body)
    refused = post(client, "markets", f'{{"{name}": {body}}}')
    assert (refused.status_code, refused["Content-Type"]) == (400, "application/problem+json")
    assert refused.json()["parameter"] == name


TURNS = [tau * step / 100_000 for step in range(100_000)]
CIRCLE = [[round(116 + cos(turn), 5), round(sin(turn) - 8, 5)] for turn in TURNS]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("filter", "reason"),
    [
        ("name = '" + "x" * 100_000 + "'", "longer than 100000 bytes"),
        ("kiosks IN (" + "1," * 49_000 + "1)", "more than 10000 values"),
        ("(" * 2000 + "true" + ")" * 2000, "more than 64 levels deep"),
        ({"op": "=", "args": [{"property": "name"}, "x" * 100_000]}, "longer than 100000 bytes"),
        (
            {"op": "s_intersects", "args": [{"property": "geom"}, {"type": "Polygon", "coordinates": [CIRCLE]}]},
            "longer than 100000 bytes",
        ),
        ("pg_sleep(100) = 1", "CQL2 has no 'pg_sleep'"),
        ({"op": "pg_sleep", "args": [100]}, "CQL2 has no 'pg_sleep'"),
    ],
    ids=["100 kB", "100,000 values", "2,000 parentheses", "100 kB JSON", "100,000 points", "function", "function JSON"],
)
def test_what_is_too_much_or_no_cql2_is_refused_at_once(client: Client, filter: Any, reason: str) -> None:
    start = monotonic()
    refused = client.post("/oapi/collections/markets/search?lang=en", {"filter": filter}, "application/json")
    assert (refused.status_code, refused["Content-Type"]) == (400, "application/problem+json")
    assert refused.json()["parameter"] == "filter"
    assert reason in refused.json()["detail"]
    assert monotonic() - start < 20


def test_search_is_posted(client: Client) -> None:
    refused = client.get("/oapi/collections/markets/search")
    assert (refused.status_code, refused["Allow"]) == (405, "POST, OPTIONS")
