"""POST /search: what is too long for an address."""

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


def test_search_is_posted(client: Client) -> None:
    refused = client.get("/oapi/collections/markets/search")
    assert (refused.status_code, refused["Allow"]) == (405, "POST, OPTIONS")
