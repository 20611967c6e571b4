"""The history of a feature at the REST door: what it tells to whom, and how an old state comes back."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from conftest import FeatureMake, place, square
from django.contrib.auth.models import Permission, User
from django.contrib.gis.geos import Point
from django.db import connection
from django.utils.dateparse import parse_datetime
from rest_framework.test import APIClient

from layers.catalog import Layer, layer_get
from layers.models import Feature
from layers.query.journal import journal_prune

MERGE = {"type": "Feature"}


def address(layer: Layer, feature: Feature | int, edit: int | None = None) -> str:
    id = feature.pk if isinstance(feature, Feature) else feature
    return f"/api/v1/{layer.id}/{id}/" + ("history/" if edit is None else f"history/{edit}/restore/")


def row(layer: Layer, id: int) -> dict[str, Any]:
    """All that is stored of a feature, but for the times that the database sets."""
    values: dict[str, Any] = layer.model.objects.filter(pk=id).values().get()
    return {name: value for name, value in values.items() if name not in ("created_at", "updated_at")}


def edits(client: APIClient, layer: Layer, feature: Feature | int, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(address(layer, feature) + query)
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["edits"]
    return found


def test_it_tells_who_changed_what_newest_first(writer: APIClient, layer: Layer, feature_make: FeatureMake) -> None:
    feature = feature_make(layer)
    before = json.loads(feature.geom.geojson)
    moved = json.loads(place(layer, 116.11, -8.6).geojson)
    writer.patch(f"/api/v1/{layer.id}/{feature.pk}/", MERGE | {"properties": {"name": "Baru"}}, format="json")
    writer.patch(f"/api/v1/{layer.id}/{feature.pk}/", MERGE | {"geometry": moved}, format="json")
    last = writer.get(f"/api/v1/{layer.id}/{feature.pk}/").json()
    writer.delete(f"/api/v1/{layer.id}/{feature.pk}/")
    deleted, move, rename, made = edits(writer, layer, feature)
    user = connection.settings_dict["USER"]
    assert [(edit["action"], edit["actor"], edit["db_user"]) for edit in (deleted, move, rename, made)] == [
        ("delete", "petugas", user),
        ("change", "petugas", user),
        ("change", "petugas", user),
        ("add", user, user),
    ]
    assert sorted((deleted, move, rename, made), key=lambda edit: -edit["id"]) == [deleted, move, rename, made]
    assert deleted["old"]["geometry"] == last["geometry"]
    assert deleted["old"]["properties"].keys() == last["properties"].keys()
    assert deleted["new"] == made["old"] == {"properties": {}}
    assert (move["old"]["geometry"], move["new"]["geometry"]) == (before, last["geometry"])
    assert (rename["old"]["properties"]["name"], rename["new"]["properties"]["name"]) == ("name 1", "Baru")
    assert [side["properties"].keys() - {"updated_at"} for side in (rename["old"], rename["new"])] == [{"name"}] * 2
    assert "geometry" not in rename["old"]
    assert (made["new"]["geometry"], made["new"]["properties"]["name"]) == (before, "name 1")


@pytest.mark.django_db(transaction=True)
def test_it_tells_when_and_from_whom_a_bulk_came(
    client_with: Callable[..., APIClient], feature_make: FeatureMake
) -> None:
    layer = layer_get("markets")
    client = client_with(layer, "view")
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {layer.table} (code, name, source, type, geom) "
            "SELECT 'B-' || n, 'A', 'uji', 'pasar_rakyat', ST_Point(116, -8, 4326) FROM generate_series(1, 10001) n"
        )
    (made,) = edits(client, layer, layer.model.objects.latest("id"))
    assert (made["action"], made["new"]["properties"]["name"]) == ("add", "A")
    assert parse_datetime(made["at"])
    (single,) = edits(client, layer, feature_make(layer))
    assert (single["action"], single["new"]["properties"]["name"]) == ("add", "name 1")


@pytest.mark.django_db(transaction=True)
def test_the_same_id_in_another_layer_is_another_feature(
    client_with: Callable[..., APIClient], feature_make: FeatureMake
) -> None:
    layer, other = layer_get("markets"), layer_get("parking_spots")
    client = client_with(layer, "view")
    feature = feature_make(layer)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {other.table} (id, code, name, source, type, geom) SELECT %s + n, 'B-' || n, 'A', 'uji', %s, "
            "ST_Point(116, -8, 4326) FROM generate_series(0, 10000) n",
            [feature.pk, other.property("type").codes[0]],
        )
    other.model.objects.filter(pk=feature.pk).delete()
    assert [edit["action"] for edit in edits(client, layer, feature)] == ["add"]


def test_it_is_paged(client_with: Callable[..., APIClient], feature_make: FeatureMake) -> None:
    layer = layer_get("markets")
    client = client_with(layer, "view")
    feature = feature_make(layer)
    for number in range(4):
        feature.kiosks = number
        feature.save()
    whole = edits(client, layer, feature)
    assert [edit["new"]["properties"]["kiosks"] for edit in whole] == [3, 2, 1, 0, None]
    seen, following = [], address(layer, feature) + "?limit=2"
    while following:
        page = client.get(following).json()
        seen.append(page["edits"])
        following = page["next"]
    assert [len(part) for part in seen] == [2, 2, 1]
    assert [edit for part in seen for edit in part] == whole
    assert client.get(address(layer, feature) + "?limit=0").json()["parameter"] == "limit"
    assert client.get(address(layer, feature) + "?offest=1").json()["parameter"] == "offest"


@pytest.mark.django_db(transaction=True)
def test_it_is_forgotten_with_the_journal(client_with: Callable[..., APIClient], feature_make: FeatureMake) -> None:
    """What people wrote is kept no longer than the operator says."""
    layer = layer_get("markets")
    client = client_with(layer, "view")
    feature = feature_make(layer, name="Lama")
    for name in ("Baru", "Kini"):
        feature.name = name
        feature.save()
    journal_prune(-1)
    (last,) = edits(client, layer, feature)
    assert last["old"]["properties"]["name"] == "Baru"


def test_personal_data_is_not_told(client_with: Callable[..., APIClient], feature_make: FeatureMake) -> None:
    layer = layer_get("markets")
    client = client_with(layer, "view")
    feature = feature_make(layer, contact_name="RAHASIA")
    feature.contact_name = "RAHASIA BARU"
    feature.save()
    id = feature.pk
    feature.delete()
    told = edits(client, layer, id)
    assert [edit["action"] for edit in told] == ["delete", "change", "add"]
    assert "RAHASIA" not in json.dumps(told)


@pytest.mark.parametrize(
    ("actions", "reads", "restores"),
    [(None, 401, 401), ((), 403, 403), (("view",), 200, 403), (("change",), 200, 200), (("add", "delete"), 403, 403)],
)
def test_history_is_for_those_who_work_with_the_layer(
    anyone: APIClient,
    client_with: Callable[..., APIClient],
    feature_make: FeatureMake,
    actions: tuple[str, ...] | None,
    reads: int,
    restores: int,
) -> None:
    layer = layer_get("markets")
    feature = feature_make(layer)
    feature.name = "Baru"
    feature.save()
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM journal.edit")
        (edit,) = cursor.fetchone()
    client = anyone if actions is None else client_with(layer, *actions)
    answers = client.get(address(layer, feature)), client.post(address(layer, feature, edit))
    assert [answer.status_code for answer in answers] == [reads, restores]
    if reads == 200:
        assert answers[0]["Content-Type"] == "application/json"
    assert [answer["Content-Type"] for answer in answers if answer.status_code > 400] == [
        "application/problem+json" for status in (reads, restores) if status > 400
    ]
    feature.refresh_from_db()
    assert feature.name == ("name 1" if restores == 200 else "Baru")


def test_an_old_state_comes_back(writer: APIClient, layer: Layer, feature_make: FeatureMake) -> None:
    feature = feature_make(layer, geom=place(layer, 116.12345678901234, -8.587654321098765))
    before = row(layer, feature.pk)
    feature.name, feature.geom = "Satu", place(layer, 116.2, -8.5)
    feature.save()
    feature.name = "Dua"
    feature.save()
    first = edits(writer, layer, feature)[-2]
    answer = writer.post(address(layer, feature, first["id"]))
    assert (answer.status_code, answer.json()["properties"]["name"]) == (200, "name 1")
    assert row(layer, feature.pk) == before
    newest = edits(writer, layer, feature)[0]
    assert (newest["action"], newest["actor"]) == ("change", "petugas")
    assert newest["old"]["properties"]["name"] == "Dua"
    assert writer.post(address(layer, feature, newest["id"])).json()["properties"]["name"] == "Dua"


@pytest.mark.django_db(transaction=True)
def test_putting_back_undoes_nothing_that_its_sender_has_not_read(
    client_with: Callable[..., APIClient], feature_make: FeatureMake
) -> None:
    layer = layer_get("markets")
    feature = feature_make(layer, name="Pasar lama")
    layer.model.objects.update(name="Pasar salah")
    client = client_with(layer, "change")
    here = f"/api/v1/markets/{feature.pk}/"
    edit = client.get(f"{here}history/").json()["edits"][0]["id"]
    read = client.get(here)["ETag"]
    layer.model.objects.update(kiosks=77)
    refused = client.post(f"{here}history/{edit}/restore/", headers={"If-Match": read})
    feature.refresh_from_db()
    assert (refused.status_code, feature.name, feature.kiosks) == (412, "Pasar salah", 77)
    now = client.get(here)["ETag"]
    assert client.post(f"{here}history/{edit}/restore/", headers={"If-Match": now}).status_code == 200
    feature.refresh_from_db()
    assert feature.name == "Pasar lama"


def test_a_deleted_feature_comes_back(writer: APIClient, layer: Layer, feature_make: FeatureMake) -> None:
    personal = dict.fromkeys(layer.model.restricted, "Bu Sri")
    feature = feature_make(layer, observed_at="2026-01-02T03:04:05+08:00", **personal)
    id, before = feature.pk, row(layer, feature.pk)
    feature.delete()
    (deleted, *_) = edits(writer, layer, id)
    assert writer.post(address(layer, id, deleted["id"])).status_code == 200
    assert row(layer, id) == before
    assert [edit["action"] for edit in edits(writer, layer, id)] == ["add", "delete", "add"]


def test_what_is_deleted_needs_the_permission_to_add(
    client_with: Callable[..., APIClient], feature_make: FeatureMake
) -> None:
    layer = layer_get("markets")
    client = client_with(layer, "change")
    feature = feature_make(layer)
    id = feature.pk
    feature.delete()
    (deleted, *_) = edits(client, layer, id)
    assert client.post(address(layer, id, deleted["id"])).status_code == 403
    User.objects.get().user_permissions.add(Permission.objects.get(codename="add_market"))
    client.force_authenticate(User.objects.get())
    assert client.post(address(layer, id, deleted["id"])).status_code == 200


def test_what_cannot_come_back_is_told(client_with: Callable[..., APIClient], feature_make: FeatureMake) -> None:
    layer = layer_get("markets")
    client = client_with(layer, "add", "change")
    feature = feature_make(layer)
    (made,) = edits(client, layer, feature)
    answer = client.post(address(layer, feature, made["id"]))
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert "there was no item" in answer.json()["detail"]
    code, id = feature.code, feature.pk
    feature.delete()
    feature_make(layer, code=code, geom=Point(116.2, -8.5, srid=4326))
    (deleted, *_) = edits(client, layer, id)
    taken = client.post(address(layer, id, deleted["id"]))
    assert (taken.status_code, list(taken.json()["errors"])) == (400, ["code"])
    assert not layer.model.objects.filter(pk=id).exists()


@pytest.mark.parametrize("place", ["999999999/history/", "x/history/", "1/history/x/restore/", "1/history/0/restore/"])
def test_what_never_was_is_not_found(client_with: Callable[..., APIClient], place: str) -> None:
    client = client_with(layer_get("markets"), "add", "change")
    send = client.post if "restore" in place else client.get
    answer = send(f"/api/v1/markets/{place}")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.django_db(transaction=True)
def test_what_a_truncate_took_is_not_known(client_with: Callable[..., APIClient], feature_make: FeatureMake) -> None:
    layer = layer_get("disaster_zones")
    client = client_with(layer, "add", "change")
    feature = feature_make(layer, geom=square(116.1, -8.6))
    feature.name = "Baru"
    feature.save()
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {layer.table}")
    (rename, _) = edits(client, layer, feature)
    assert (rename["old"]["properties"]["name"], rename["new"]) == ("name 1", {"properties": {}})
    assert client.post(address(layer, feature, rename["id"])).status_code == 400
