"""Features of every layer through their whole life at the REST door."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from conftest import FeatureMake, feature_body, in_the_background, place, square, values_make
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from pytest_django.fixtures import DjangoAssertNumQueries
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from layers.catalog import Layer, layer_get
from layers.models import AdministrativeArea, Feature, PlacedFeature
from layers.query.journal import journal_prune


def address(layer: Layer, feature: Feature | None = None) -> str:
    return f"/api/v1/{layer.id}/" + (f"{feature.pk}/" if feature else "")


def written(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if hasattr(value, "isoformat") else value


def document(layer: Layer, feature: Feature) -> dict[str, Any]:
    """What the door should say about a feature."""
    return {
        "id": feature.pk,
        "type": "Feature",
        "geometry": json.loads(feature.geom.geojson),
        "properties": {known.name: written(getattr(feature, known.name)) for known in layer.properties},
    }


def test_create_read_replace_change_delete(writer: APIClient, layer: Layer) -> None:
    created = writer.post(address(layer), feature_body(layer), format="json")
    feature = layer.model.objects.get()
    assert (created.status_code, created["Content-Type"]) == (201, "application/geo+json")
    assert created["Location"] == f"http://testserver{address(layer, feature)}"
    assert created.json() == document(layer, feature)
    assert list(created.json()["properties"]) == [known.name for known in layer.properties]
    assert writer.get(created["Location"]).json() == document(layer, feature)
    assert writer.get(address(layer)).json() == {
        "type": "FeatureCollection",
        "count": 1,
        "next": None,
        "previous": None,
        "features": [document(layer, feature)],
    }

    changed = writer.patch(created["Location"], {"type": "Feature", "properties": {"name": "Baru"}}, format="json")
    feature.refresh_from_db()
    assert (changed.status_code, feature.name) == (200, "Baru")
    assert changed.json() == document(layer, feature)

    body = feature_body(layer, name="Ganti") | {"geometry": json.loads(place(layer, 116.11, -8.6).geojson)}
    replaced = writer.put(created["Location"], body, format="json")
    feature.refresh_from_db()
    assert (replaced.status_code, feature.name) == (200, "Ganti")
    assert feature.geom.equals(place(layer, 116.11, -8.6))
    assert replaced.json() == document(layer, feature)

    deleted = writer.delete(created["Location"])
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert not layer.model.objects.exists()
    assert writer.get(created["Location"]).status_code == 404


def test_what_is_read_can_be_sent_back(writer: APIClient, feature_make: FeatureMake, layer: Layer) -> None:
    feature = feature_make(layer)
    read = writer.get(address(layer, feature)).json()
    assert writer.put(address(layer, feature), read, format="json").json() == read


LONG_AGO = datetime(2018, 8, 5, 11, 46, tzinfo=UTC)


@pytest.mark.parametrize(
    ("id", "was", "change", "renewed"),
    [
        ("aid_posts", {"status": "buka"}, {"status": "penuh"}, ["status_as_of"]),
        ("aid_posts", {"status": "buka"}, {"status": "buka", "name": "Lain"}, []),
        ("aid_posts", {"status": "buka"}, {"status": "penuh", "status_as_of": "2018-08-05T12:00:00Z"}, []),
        ("aid_posts", {"women": 3}, {"elderly": 4}, ["displaced_as_of"]),
        ("aid_posts", {"women": 3}, {"women": None}, []),
        ("health_facilities", {"status": "normal"}, {"emergency_offload": "delayed"}, ["status_as_of"]),
        ("health_facilities", {"status": "normal"}, {"status": ""}, []),
        ("health_facilities", {"beds": 9}, {"beds_available": 0}, ["beds_as_of"]),
        ("health_facilities", {"beds": 9}, {"beds": 10}, []),
    ],
)
def test_a_new_fact_has_not_the_age_of_the_one_before(
    client_with: Callable[..., APIClient],
    feature_make: FeatureMake,
    id: str,
    was: dict[str, Any],
    change: dict[str, Any],
    renewed: list[str],
) -> None:
    layer = layer_get(id)
    feature = feature_make(layer, **dict.fromkeys(layer.model.ageing, LONG_AGO) | was)
    start = datetime.now(UTC)
    sent = {"type": "Feature", "properties": change}
    answer = client_with(layer, "change").patch(address(layer, feature), sent, format="json")
    feature.refresh_from_db()
    times = {name: getattr(feature, name) for name in layer.model.ageing}
    assert answer.status_code == 200, answer.content
    assert [name for name, time in times.items() if time >= start] == renewed
    assert all(time.year == 2018 for name, time in times.items() if name not in renewed)


def test_change_keeps_the_rest_and_replacement_does_not(
    client_with: Callable[..., APIClient], feature_make: FeatureMake
) -> None:
    layer = layer_get("markets")
    client = client_with(layer, "change")
    feature = feature_make(layer, kiosks=12, operating_days=["senin"], contact_name="Bu Sri", address="Jalan Pasar 1")
    client.patch(address(layer, feature), {"type": "Feature", "properties": {"kiosks": 13}}, format="json")
    feature.refresh_from_db()
    assert (feature.kiosks, feature.operating_days, feature.address) == (13, ["senin"], "Jalan Pasar 1")
    client.put(address(layer, feature), feature_body(layer), format="json")
    feature.refresh_from_db()
    assert (feature.kiosks, feature.operating_days, feature.address) == (None, [], "")
    assert feature.contact_name == "Bu Sri", "what a client cannot see it cannot empty"


def test_answer_has_what_the_database_computes(writer: APIClient, layer: Layer) -> None:
    AdministrativeArea.objects.create(code="52.72", name="Uji", source="uji", geom=square(116, -9, 1))
    created = writer.post(address(layer), feature_body(layer), format="json").json()
    if issubclass(layer.model, PlacedFeature):
        assert created["properties"]["area"] == "52.72"
    change = {"type": "Feature", "geometry": json.loads(place(layer, 100, 0).geojson)}
    moved = writer.patch(f"{address(layer)}{created['id']}/", change, format="json").json()
    assert moved["properties"]["updated_at"] >= created["properties"]["updated_at"]
    if issubclass(layer.model, PlacedFeature):
        assert moved["properties"]["area"] == ""


def test_polygon_is_stored_as_multipolygon(client_with: Callable[..., APIClient]) -> None:
    layer = layer_get("disaster_zones")
    ring = [[116.1, -8.6], [116.2, -8.6], [116.2, -8.5], [116.1, -8.6]]
    body = feature_body(layer) | {"geometry": {"type": "Polygon", "coordinates": [ring]}}
    created = client_with(layer, "add").post(address(layer), body, format="json")
    assert created.json()["geometry"] == {"type": "MultiPolygon", "coordinates": [[ring]]}


WRITES = [("post", False), ("put", True), ("patch", True), ("delete", True)]


@pytest.mark.parametrize(("method", "one"), WRITES)
def test_nobody_is_asked_who_he_is(
    anyone: APIClient, feature_make: FeatureMake, layer: Layer, method: str, one: bool
) -> None:
    feature = feature_make(layer)
    answer = getattr(anyone, method)(address(layer, feature if one else None), feature_body(layer, 2), format="json")
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert answer["WWW-Authenticate"].startswith("Basic ")
    assert answer.json() == {
        "title": "Unauthorized",
        "status": 401,
        "detail": "Authentication credentials were not provided.",
    }
    assert layer.model.objects.get() == feature


@pytest.mark.parametrize(("method", "one"), WRITES)
def test_each_write_needs_its_permission(
    client_with: Callable[..., APIClient], feature_make: FeatureMake, layer: Layer, method: str, one: bool
) -> None:
    feature = feature_make(layer)
    needed = {"post": "add", "put": "change", "patch": "change", "delete": "delete"}[method]
    client = client_with(layer, *{"add", "change", "delete", "view"} - {needed})
    answer = getattr(client, method)(address(layer, feature if one else None), feature_body(layer, 2), format="json")
    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
    assert layer.model.objects.get() == feature
    user = User.objects.get()
    user.user_permissions.add(Permission.objects.get(codename=f"{needed}_{layer.model._meta.model_name}"))
    client.force_authenticate(User.objects.get())
    answer = getattr(client, method)(address(layer, feature if one else None), feature_body(layer, 2), format="json")
    assert answer.status_code in (200, 201, 204)


def test_a_permission_holds_for_its_layer_only(client_with: Callable[..., APIClient]) -> None:
    client = client_with(layer_get("markets"), "add")
    layer = layer_get("aid_posts")
    assert client.post(address(layer), feature_body(layer), format="json").status_code == 403


@pytest.fixture
def editor(client_with: Callable[..., APIClient]) -> User:
    """Someone who may add markets."""
    client_with(layer_get("markets"), "add")
    user = User.objects.get()
    user.set_password("rahasia-sekali")
    user.save()
    return user


def test_basic_authentication_and_token(editor: User) -> None:
    layer = layer_get("markets")
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Basic cGV0dWdhczpyYWhhc2lhLXNla2FsaQ==")
    assert client.post(address(layer), feature_body(layer, 1), format="json").status_code == 201
    client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=editor).key}")
    assert client.post(address(layer), feature_body(layer, 2), format="json").status_code == 201


@pytest.mark.parametrize("given", ["Basic", "Basic !!", "Basic cGV0dWdhczp4", "Token", "Token x", "Token a b"])
def test_wrong_credentials(db: None, anyone: APIClient, given: str) -> None:
    answer = anyone.get("/api/v1/markets/", headers={"authorization": given})
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert answer["WWW-Authenticate"].startswith("Basic ")
    assert answer.json()["detail"] == "The user name and password, or the token, are not valid."


def test_session_needs_the_csrf_token(editor: User) -> None:
    layer = layer_get("markets")
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(editor)
    assert client.post(address(layer), feature_body(layer), format="json").status_code == 403
    client.cookies["csrftoken"] = token = "a" * 32
    answer = client.post(address(layer), feature_body(layer), format="json", headers={"x-csrftoken": token})
    assert answer.status_code == 201


def test_head_and_options(anyone: APIClient, feature_make: FeatureMake, layer: Layer) -> None:
    feature = feature_make(layer)
    for path, allowed in (
        (address(layer), "GET, POST, HEAD, OPTIONS"),
        (address(layer, feature), "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"),
    ):
        head = anyone.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head["Content-Type"] == "application/geo+json"
        options = anyone.options(path)
        assert (options.status_code, options["Content-Type"], options["Allow"]) == (200, "application/json", allowed)
        assert options.json()["name"] == layer.title["en"]
        sent = "Accept-Patch" if "PATCH" in allowed else "Accept-Post"
        assert options[sent] == "application/geo+json, application/json"


@pytest.mark.parametrize("id", ["0", "x", "-1", "1.0", "9" * 19, "9" * 400, "%00", "1%00", "%D9%A1", "1_0"])
def test_no_such_feature(anyone: APIClient, feature_make: FeatureMake, layer: Layer, id: str) -> None:
    feature_make(layer)
    answer = anyone.get(f"{address(layer)}{id}/")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["detail"].startswith("There is no feature ")


def test_a_list_costs_the_same_for_one_and_for_three(
    anyone: APIClient, feature_make: FeatureMake, layer: Layer, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number, count in ((1, 1), (2, 2), (3, 3)):
        feature_make(layer, number)
        with django_assert_num_queries(3 if layer.dimension else 2):  # of large geometries the sizes first
            assert len(anyone.get(address(layer)).json()["features"]) == count


def test_personal_data_goes_neither_in_nor_out(writer: APIClient, feature_make: FeatureMake, layer: Layer) -> None:
    feature = feature_make(layer, **dict.fromkeys(layer.model.restricted, "RAHASIA"))
    pages = [
        writer.get(address(layer)),
        writer.get(address(layer, feature)),
        writer.get(address(layer) + "?search=RAHASIA"),
        writer.options(address(layer)),
        writer.options(address(layer, feature)),
        writer.patch(address(layer, feature), {"type": "Feature", "properties": {"name": "Lain"}}, format="json"),
        writer.put(address(layer, feature), feature_body(layer), format="json"),
    ]
    for page in pages:
        assert page.status_code == 200
        assert not any(word in page.content.decode() for word in ("RAHASIA", *layer.model.restricted))
    assert pages[2].json()["count"] == 0
    for name in layer.model.restricted:
        body = feature_body(layer, **{name: "BOCOR"})
        assert writer.put(address(layer, feature), body, format="json").status_code == 400
        for query in (f"{name}=RAHASIA", f"{name}__icontains=RAH", f"ordering={name}"):
            assert writer.get(f"{address(layer)}?{query}").status_code == 400
        feature.refresh_from_db()
        assert getattr(feature, name) == "RAHASIA"


def test_a_race_for_a_code_is_a_conflict(elsewhere: BaseDatabaseWrapper, client_with: Callable[..., APIClient]) -> None:
    layer = layer_get("markets")
    client = client_with(layer, "add")
    with elsewhere.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {layer.table} (code, name, source, type, geom) VALUES (%s, 'A', 'uji', 'pasar_rakyat', %s)",
            [values_make(layer)["code"], place(layer).hexewkb.decode()],
        )
    thread, answers = in_the_background(lambda: client.post(address(layer), feature_body(layer), format="json"))
    elsewhere.commit()
    thread.join()
    assert (answers[0].status_code, answers[0]["Content-Type"]) == (409, "application/problem+json")
    assert layer.model.objects.count() == 1


def test_changes_at_the_same_time_both_hold(
    elsewhere: BaseDatabaseWrapper, client_with: Callable[..., APIClient], feature_make: FeatureMake
) -> None:
    layer = layer_get("markets")
    feature, client = feature_make(layer), client_with(layer, "change")
    with elsewhere.cursor() as cursor:
        cursor.execute(f"UPDATE {layer.table} SET address = 'Jalan Lain'")
    change = {"type": "Feature", "properties": {"kiosks": 5}}
    thread, answers = in_the_background(lambda: client.patch(address(layer, feature), change, format="json"))
    elsewhere.commit()
    thread.join()
    assert answers[0].status_code == 200
    feature.refresh_from_db()
    assert (feature.kiosks, feature.address) == (5, "Jalan Lain")


def test_if_match_refuses_where_the_journal_forgot_what_changed(
    transactional_db: None, writer: APIClient, feature_make: FeatureMake, layer: Layer
) -> None:
    feature, other = feature_make(layer), feature_make(layer, 2)
    seen = writer.get(address(layer, feature))["ETag"]
    layer.model.objects.filter(pk=feature.pk).update(name="Sementara itu")
    layer.model.objects.filter(pk=other.pk).update(name="Lain")
    assert journal_prune(-1) > 0
    change = {"type": "Feature", "properties": {"name": "Baru"}}
    statuses = [
        writer.patch(address(layer, feature), change, format="json", headers={"If-Match": tag}).status_code
        for tag in (seen, writer.get(address(layer, feature))["ETag"])
    ]
    assert statuses == [412, 200]
    with connection.cursor() as cursor:
        cursor.execute("SELECT journal.touch(%s)", [layer.id])
    seen = writer.get(address(layer, feature))["ETag"]
    answer = writer.patch(address(layer, feature), change, format="json", headers={"If-Match": seen})
    assert answer.status_code == 200, "what the journal forgot was before"


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_if_match_refuses_to_undo_what_others_changed(
    transactional_db: None, writer: APIClient, feature_make: FeatureMake, layer: Layer, method: str
) -> None:
    feature, other = feature_make(layer), feature_make(layer, 2)
    at, body = address(layer, feature), feature_body(layer)
    body["properties"]["code"] = feature.code
    seen = writer.get(at)["ETag"]
    layer.model.objects.filter(pk=other.pk).update(name="Lain")
    layer.model.objects.filter(pk=feature.pk).update(name="Sementara itu")
    answer = getattr(writer, method)(at, body, format="json", headers={"If-Match": seen, "Accept-Language": "en"})
    assert (answer.status_code, answer["Content-Type"]) == (412, "application/problem+json")
    assert answer.json()["detail"].startswith("This item has changed since it was read.")
    feature.refresh_from_db()
    assert feature.name == "Sementara itu"
    seen = writer.get(at)["ETag"]
    layer.model.objects.filter(pk=other.pk).update(name="Yang lain")
    answer = getattr(writer, method)(at, body, format="json", headers={"If-Match": f"W/{seen}"})
    assert answer.status_code == (204 if method == "delete" else 200)


def test_what_the_client_has_is_not_sent_again(
    transactional_db: None, writer: APIClient, feature_make: FeatureMake, layer: Layer
) -> None:
    feature = feature_make(layer)
    at, change = address(layer, feature), {"type": "Feature", "properties": {"name": "Baru"}}
    first = writer.get(at)["ETag"]
    for known in (first, f"W/{first}", f'"x", {first}', "*"):
        for ask in (writer.get, writer.head):
            same = ask(at, headers={"If-None-Match": known})
            assert (same.status_code, same.content, same["ETag"].removeprefix("W/")) == (304, b"", first)
    assert writer.get(f"{at[:-1]}0/", headers={"If-None-Match": "*"}).status_code == 404

    changed = writer.patch(at, change, format="json")
    read = writer.get(at, headers={"If-None-Match": first})
    assert (read.status_code, read["ETag"]) == (200, changed["ETag"])
    assert writer.get(at, headers={"If-None-Match": changed["ETag"]}).status_code == 304


def test_writing_tells_the_new_etag(
    transactional_db: None, writer: APIClient, feature_make: FeatureMake, layer: Layer
) -> None:
    body = feature_body(layer)
    created = writer.post(address(layer), body, format="json")
    at = created["Location"]
    for answer in (created, writer.put(at, body, format="json", headers={"If-Match": created["ETag"]})):
        assert answer.status_code in (200, 201)
    assert writer.get(at)["ETag"] == answer["ETag"]
