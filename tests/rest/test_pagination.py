"""Pages: every feature once, in one order, with links that lead on."""

from dataclasses import replace
from typing import Any

import pytest
from conftest import FeatureMake, circle
from rest_framework.test import APIClient

from layers.catalog import Layer, layer_get


def page(client: APIClient, url: str) -> dict[str, Any]:
    answer = client.get(url)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/geo+json")
    return answer.json()  # type: ignore[no-any-return]


def ids(found: dict[str, Any]) -> list[int]:
    return [feature["id"] for feature in found["features"]]


def test_pages_lead_on_and_back(anyone: APIClient, feature_make: FeatureMake, layer: Layer) -> None:
    made = [feature_make(layer, number).pk for number in range(1, 6)]
    root = f"http://testserver/api/v1/{layer.id}/"
    first = page(anyone, f"{root}?limit=2&source__icontains=source")
    assert (first["count"], ids(first), first["previous"]) == (5, made[:2], None)
    assert first["next"] == f"{root}?limit=2&offset=2&source__icontains=source"
    second = page(anyone, first["next"])
    assert (second["count"], ids(second)) == (5, made[2:4])
    assert second["previous"] == f"{root}?limit=2&source__icontains=source"
    third = page(anyone, second["next"])
    assert (ids(third), third["next"]) == (made[4:], None)


def test_a_page_ends_where_its_geometries_fill_it(
    anyone: APIClient, feature_make: FeatureMake, monkeypatch: pytest.MonkeyPatch
) -> None:
    zones = layer_get("disaster_zones")
    made = [feature_make(zones, number, geom=circle(100 * number)).pk for number in range(1, 6)]
    monkeypatch.setattr("layers.query.features.PAGE_BYTES", 4 * 16 * 200)  # so many corners
    found, next = [], "/api/v1/disaster_zones/?limit=2"
    while next:
        one = page(anyone, next)
        found.append(ids(one))
        next = one["next"]
    assert found == [made[:2], *([id] for id in made[2:])]
    points = [feature_make(layer_get("markets"), number).pk for number in range(1, 4)]
    monkeypatch.setattr("layers.query.features.PAGE_BYTES", 1)
    assert ids(page(anyone, "/api/v1/markets/")) == points, "points are never large"


def test_beyond_the_end_is_an_empty_page(anyone: APIClient, feature_make: FeatureMake, layer: Layer) -> None:
    feature_make(layer)
    found = page(anyone, f"/api/v1/{layer.id}/?offset=2147483647")
    assert (found["type"], found["count"], found["features"], found["next"]) == ("FeatureCollection", 1, [], None)


def test_limit_without_a_word_is_the_default(
    anyone: APIClient, feature_make: FeatureMake, layer: Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from layers.rest.viewsets import LayerViewSet

    viewset = next(kind for kind in LayerViewSet.__subclasses__() if kind.layer == layer)
    monkeypatch.setattr(viewset, "layer", replace(layer, default_limit=2, max_limit=3))
    made = [feature_make(layer, number).pk for number in range(1, 5)]
    assert ids(page(anyone, f"/api/v1/{layer.id}/")) == made[:2]
    assert ids(page(anyone, f"/api/v1/{layer.id}/?limit=3")) == made[:3]
    assert ids(page(anyone, f"/api/v1/{layer.id}/?limit=4")) == made[:3], "over the maximum is the maximum"
    assert "limit=3&offset=3" in page(anyone, f"/api/v1/{layer.id}/?limit=4")["next"]


@pytest.mark.parametrize(
    "value", ["", "0", "-1", "1.5", "x", "1e3", "2147483648", "1" + "0" * 30, "%00", "%D9%A1", "+1"]
)
def test_a_bad_limit(db: None, anyone: APIClient, value: str) -> None:
    answer = anyone.get(f"/api/v1/markets/?limit={value}")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["parameter"] == "limit"
    assert answer.json()["detail"].endswith(" is not a whole number from 1 to 2147483647.")


@pytest.mark.parametrize("value", ["", "-1", "1.5", "x", "2147483648", "1" + "0" * 30, "%00"])
def test_a_bad_offset(db: None, anyone: APIClient, value: str) -> None:
    answer = anyone.get(f"/api/v1/markets/?offset={value}")
    assert (answer.status_code, answer.json()["parameter"]) == (400, "offset")
    assert answer.json()["detail"].endswith(" is not a whole number from 0 to 2147483647.")
