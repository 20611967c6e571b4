"""Editing as QGIS 3.40 does it: ``Allow`` first, then changes, deletes and adds, one request each."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from conftest import FeatureMake, feature_body, place
from django.contrib.auth.models import User
from editors import GEOJSON, MERGE, PASSWORD, near
from pyproj import Transformer
from qgis_http import Answer, QgisHttp

from layers.catalog import Layer, layer_get
from layers.models import Feature

pytestmark = pytest.mark.django_db(transaction=True)

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


@pytest.fixture
def qgis_of(live_server: Any, officer_with: Callable[..., User]) -> Callable[..., QgisHttp]:
    """QGIS of somebody with permissions on a layer: ``qgis_of(layer, "add", "change")``."""
    return lambda layer, *actions: QgisHttp(live_server.url, officer_with(layer, *actions).username, PASSWORD)


@pytest.fixture
def anyone(live_server: Any) -> QgisHttp:
    return QgisHttp(live_server.url)


def items(layer: Layer, feature: Feature | None = None) -> str:
    return f"/collections/{layer.id}/items" + (f"/{feature.pk}" if feature else "")


def add(qgis: QgisHttp, layer: Layer, feature: dict[str, Any], **headers: str) -> dict[str, Any]:
    """POST as QGIS does, then the item under the id that it cuts from ``Location``."""
    empty = {known.name: None for known in layer.properties} | {"id": None}
    body = feature | {"properties": empty | feature["properties"]}
    created = qgis("POST", items(layer), body=body, type=GEOJSON, **headers)
    assert (created.status, created.reason, created.body) == (201, "Created", b""), created.body
    id = created.headers["Location"].rpartition("/items/")[2]
    read = qgis("GET", f"{items(layer)}/{id}", f"{GEOJSON}, application/json")
    assert (read.status, read.headers["Content-Type"]) == (200, GEOJSON)
    item: dict[str, Any] = read.json()
    assert str(item["id"]) == id
    return item


def stored(layer: Layer) -> list[dict[str, Any]]:
    return list(layer.model._default_manager.values())


def refused(answer: Answer, status: int, reason: str, words: str) -> None:
    """QGIS shows the reason; the rest is for who looks closer."""
    assert (answer.status, answer.reason) == (status, reason)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert words in answer.json()["detail"]


def test_a_feature_is_added_changed_and_deleted(
    qgis_of: Callable[..., QgisHttp], anyone: QgisHttp, layer: Layer
) -> None:
    qgis = qgis_of(layer, "add", "change", "delete")
    body = feature_body(layer)
    item = add(qgis, layer, body)
    feature = layer.model._default_manager.get()
    assert list(item["properties"]) == [known.name for known in layer.properties]
    assert (item["geometry"], item["properties"]["code"]) == (json.loads(feature.geom.geojson), feature.code)

    for who, more in ((qgis, (", POST", ", PUT, PATCH, DELETE")), (anyone, ("", ""))):
        for address, methods in zip((items(layer), items(layer, feature)), more, strict=True):
            options = who("OPTIONS", address)
            assert (options.status, options.headers["Allow"]) == (204, f"GET, HEAD, OPTIONS{methods}")

    before = stored(layer)
    changed = qgis("PATCH", items(layer, feature), body={"properties": {"name": "Baru"}}, type=MERGE)
    geometry = json.loads(place(layer, 116.123456, -8.6).geojson)
    moved = qgis("PATCH", items(layer, feature), body={"geometry": geometry}, type=MERGE)
    assert [(one.status, one.body) for one in (changed, moved)] == [(204, b"")] * 2
    feature.refresh_from_db()
    (row,) = stored(layer)
    assert row == before[0] | {"name": "Baru", "geom": feature.geom, "updated_at": feature.updated_at}
    assert near(feature.geom, place(layer, 116.123456, -8.6))
    read = qgis("GET", items(layer, feature), GEOJSON).json()
    assert read["properties"] == item["properties"] | {
        "name": "Baru",
        "updated_at": read["properties"]["updated_at"],
    }

    deleted = qgis("DELETE", items(layer, feature))
    assert (deleted.status, deleted.body, stored(layer)) == (204, b"", [])
    assert qgis("GET", items(layer, feature), GEOJSON).status == 404


@pytest.mark.parametrize("crs", ["32750", "4326"])
def test_coordinates_in_the_crs_of_the_layer(qgis_of: Callable[..., QgisHttp], layer: Layer, crs: str) -> None:
    """``Content-Crs`` is the bare URI; EPSG:4326 has the latitude first."""
    qgis, uri = qgis_of(layer, "add", "change"), f"{EPSG}{crs}"
    to = Transformer.from_crs(4326, int(crs))

    def projected(longitude: float) -> dict[str, Any]:
        geometry = json.loads(place(layer, longitude, -8.58).geojson)

        def moved(part: Any) -> Any:
            return [*map(moved, part)] if isinstance(part[0], list) else list(to.transform(part[1], part[0]))

        return geometry | {"coordinates": moved(geometry["coordinates"])}

    add(qgis, layer, feature_body(layer) | {"geometry": projected(116.1)}, Content_Crs=uri)
    feature = layer.model._default_manager.get()
    assert near(feature.geom, place(layer, 116.1))
    moved = qgis("PATCH", items(layer, feature), body={"geometry": projected(116.2)}, type=MERGE, Content_Crs=uri)
    assert moved.status == 204
    feature.refresh_from_db()
    assert near(feature.geom, place(layer, 116.2))
    read = qgis("GET", f"{items(layer, feature)}?crs={uri}", GEOJSON)
    assert read.headers["Content-Crs"] == f"<{uri}>"
    assert sorted(flat(read.json()["geometry"])) == pytest.approx(sorted(flat(projected(116.2))), abs=1e-3)


def flat(geometry: dict[str, Any]) -> list[float]:
    numbers = geometry["coordinates"]
    while isinstance(numbers[0], list):
        numbers = [number for part in numbers for number in part]
    return list(numbers)


def test_changes_then_deletes_then_adds(qgis_of: Callable[..., QgisHttp], feature_make: FeatureMake) -> None:
    layer = layer_get("markets")
    one, two, three = (feature_make(layer, number) for number in (1, 2, 3))
    qgis = qgis_of(layer, "add", "change", "delete")
    for feature, name in ((one, "Pasar Satu"), (two, "Pasar Dua")):
        assert qgis("PATCH", items(layer, feature), body={"properties": {"name": name}}, type=MERGE).status == 204
    assert qgis("DELETE", items(layer, three)).status == 204
    add(qgis, layer, feature_body(layer, 3, name="Pasar Tiga"))
    assert [(row["code"], row["name"]) for row in stored(layer)] == [
        ("T-0001", "Pasar Satu"),
        ("T-0002", "Pasar Dua"),
        ("T-0003", "Pasar Tiga"),
    ]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"observed_at": "2026-11-21T08:00:00"}, {"observed_at": datetime(2026, 11, 21, tzinfo=UTC)}),
        ({"observed_at": "2026-11-21T08:00:00.500"}, {"observed_at": datetime(2026, 11, 21, 0, 0, 0, 500_000, UTC)}),
        ({"observed_at": "2026-11-21T08:00:00Z"}, {"observed_at": datetime(2026, 11, 21, 8, tzinfo=UTC)}),
        ({"kiosks": 12, "sni_certified": True}, {"kiosks": 12, "sni_certified": True}),
        ({"kiosks": "12", "sni_certified": "true"}, {"kiosks": 12, "sni_certified": True}),
        ({"kiosks": None, "address": None}, {"kiosks": None, "address": ""}),
        ({"operating_days": ["senin", "rabu"]}, {"operating_days": ["senin", "rabu"]}),
        ({"operating_days": []}, {"operating_days": []}),
        ({"operating_days": None}, {"operating_days": []}),
        ({"name": 'Pasar "A" \\ b'}, {"name": 'Pasar "A" \\ b'}),
    ],
)
def test_values_as_qgis_writes_them(
    qgis_of: Callable[..., QgisHttp], feature_make: FeatureMake, given: dict[str, Any], kept: dict[str, Any]
) -> None:
    """A column that was all null when the layer was opened is text to QGIS, and a time has no offset."""
    layer = layer_get("markets")
    feature = feature_make(layer, kiosks=1, address="Jalan Pasar 1", operating_days=["minggu"])
    qgis = qgis_of(layer, "change")
    answer = qgis("PATCH", items(layer, feature), body={"properties": given}, type=MERGE)
    assert answer.status == 204, answer.body
    feature.refresh_from_db()
    assert {name: getattr(feature, name) for name in kept} == kept


def test_what_is_refused_changes_nothing(
    qgis_of: Callable[..., QgisHttp], anyone: QgisHttp, feature_make: FeatureMake
) -> None:
    layer = layer_get("markets")
    feature, other = feature_make(layer), feature_make(layer, 2)
    before = stored(layer)
    qgis = qgis_of(layer, "change")
    wrong = QgisHttp(anyone.base.removesuffix("/oapi"), "petugas", "salah")
    rename = {"properties": {"name": "Lain"}}

    def change(properties: dict[str, Any]) -> Answer:
        return qgis("PATCH", items(layer, feature), body={"properties": properties}, type=MERGE)

    refused(change({"kiosks": -1}), 400, "Bad Request", "kiosks: ")
    refused(change({"name": "Lain", "nmae": "x"}), 400, "Bad Request", "There is no property 'nmae'.")
    refused(change({"code": other.code}), 400, "Bad Request", "code: ")
    refused(qgis("POST", items(layer), body=feature_body(layer, 3), type=GEOJSON), 403, "Forbidden", "permission")
    refused(qgis("DELETE", items(layer, feature)), 403, "Forbidden", "permission")
    for who, words in ((anyone, "credentials were not provided"), (wrong, "are not valid")):
        answer = who("PATCH", items(layer, feature), body=rename, type=MERGE)
        refused(answer, 401, "Unauthorized", words)
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert stored(layer) == before
