"""Items written at the OGC door, as QGIS does it and as it must not be done."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from math import cos, sin, tau
from time import monotonic
from typing import Any

import pytest
from bad_bodies import BAD_POINTS, BAD_VALUES, NO_FEATURES, NO_JSON
from conftest import FeatureMake, feature_body, in_the_background, place, values_make
from django.contrib.auth.models import Permission, User
from django.contrib.gis.geos import GEOSGeometry
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpResponse
from django.test import Client
from editors import GEOJSON, MERGE, Editor, address, problem
from pyproj import Transformer
from pytest_django.fixtures import Settings
from rest_framework.authtoken.models import Token

from layers.catalog import Layer, layer_get
from layers.ogc import editing
from layers.query.spatial import CRS84, crs_get


def read(layer: Layer, id: int) -> dict[str, Any]:
    """The item as the portal gives it, without its links."""
    document = Client().get(f"/oapi/collections/{layer.id}/items/{id}?f=json").json()
    return {name: document[name] for name in ("type", "id", "geometry", "properties")}


def near(one: GEOSGeometry, other: GEOSGeometry) -> bool:
    """Within a millimetre of each other, whichever vertex comes first."""
    return one.distance(other) < 1e-8 and one.sym_difference(other).area < 1e-9


def test_qgis_adds_changes_and_deletes(editor: Editor, layer: Layer) -> None:
    empty = {known.name: None for known in layer.properties} | {"id": None}
    body = feature_body(layer)
    created = editor("POST", address(layer), body | {"properties": empty | body["properties"]})
    feature = layer.model.objects.get()
    assert (created.status_code, created.content) == (201, b"")
    assert created["Location"] == f"http://testserver{address(layer, feature)}"
    assert created["ETag"].strip('"')
    least = read(layer, feature.pk)
    assert least["properties"] == least["properties"] | {
        name: value for name, value in values_make(layer).items() if layer.property(name).format != "date-time"
    }

    changed = editor("PATCH", address(layer, feature), {"properties": {"name": "Baru"}}, MERGE)
    assert (changed.status_code, changed.content) == (204, b"")
    stamped = read(layer, feature.pk)["properties"]["updated_at"]
    new = {"name": "Baru", "updated_at": stamped}
    assert read(layer, feature.pk) == least | {"properties": least["properties"] | new}

    moved = json.loads(place(layer, 116.123456, -8.6).geojson)
    assert editor("PATCH", address(layer, feature), {"geometry": moved}, MERGE).status_code == 204
    feature.refresh_from_db()
    assert (feature.name, near(feature.geom, place(layer, 116.123456, -8.6))) == ("Baru", True)

    whole = read(layer, feature.pk)
    whole["properties"]["name"] = "Ganti"
    assert editor("PUT", address(layer, feature), whole).status_code == 204
    feature.refresh_from_db()
    assert feature.name == "Ganti"

    deleted = editor("DELETE", address(layer, feature))
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert not layer.model.objects.exists()


def test_replacement_empties_and_change_keeps(editor_with: Callable[..., Editor], feature_make: FeatureMake) -> None:
    layer = layer_get("markets")
    editor = editor_with(layer, "change")
    given = {"kiosks": 12, "operating_days": ["senin"], "address": "Jalan Pasar 1", "is_price_reference": True}
    feature = feature_make(layer, **given, contact_name="Bu Sri")

    def now() -> tuple[Any, ...]:
        feature.refresh_from_db()
        assert feature.contact_name == "Bu Sri", "what a client cannot see it cannot empty"
        return feature.kiosks, feature.operating_days, feature.address, feature.is_price_reference

    editor("PATCH", address(layer, feature), {"properties": {"kiosks": 13}}, MERGE)
    assert now() == (13, ["senin"], "Jalan Pasar 1", True)
    editor("PATCH", address(layer, feature), {"properties": dict.fromkeys(given)}, MERGE)
    assert now() == (None, [], "", False)
    editor("PATCH", address(layer, feature), {"properties": given}, MERGE)
    assert now() == (12, ["senin"], "Jalan Pasar 1", True)
    editor("PUT", address(layer, feature), feature_body(layer))
    assert now() == (None, [], "", False)


def test_a_status_has_not_the_age_of_the_one_before(
    editor_with: Callable[..., Editor], feature_make: FeatureMake
) -> None:
    layer = layer_get("aid_posts")
    long_ago, start = datetime(2018, 8, 5, 11, 46, tzinfo=UTC), datetime.now(UTC)
    post = feature_make(layer, status="buka", status_as_of=long_ago)
    editor_with(layer, "change")("PATCH", address(layer, post), {"properties": {"status": "penuh"}}, MERGE)
    post.refresh_from_db()
    assert (post.status, post.status_as_of >= start) == ("penuh", True)


def test_the_id_in_the_path_rules(editor: Editor, feature_make: FeatureMake, layer: Layer) -> None:
    feature, other = feature_make(layer), feature_make(layer, 2)
    body = feature_body(layer, name="Ganti", id=other.pk) | {"id": other.pk}
    assert editor("PUT", address(layer, feature), body).status_code == 204
    change = {"type": "Feature", "id": other.pk, "properties": {"source": "uji"}}
    assert editor("PATCH", address(layer, feature), change, GEOJSON).status_code == 204
    assert list(layer.model.objects.values_list("pk", "name", "source")) == [
        (feature.pk, "Ganti", "uji"),
        (other.pk, other.name, other.source),
    ]


def test_a_time_without_offset_is_local(editor: Editor, layer: Layer) -> None:
    editor("POST", address(layer), feature_body(layer, observed_at="2026-11-21T08:00:00"))
    assert layer.model.objects.get().observed_at == datetime(2026, 11, 21, 0, 0, tzinfo=UTC)


def positions(value: Any, move: Callable[[float, float], list[float]]) -> Any:
    """The coordinates of a GeoJSON geometry, each position moved."""
    return [positions(part, move) for part in value] if isinstance(value[0], list) else move(*value)


@pytest.mark.parametrize("wrapped", ["{}", "<{}>"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_content_crs(editor: Editor, feature_make: FeatureMake, layer: Layer, method: str, wrapped: str) -> None:
    feature = None if method == "POST" else feature_make(layer)
    wanted = place(layer, 116.2, -8.61)
    for uri in layer.crs:
        crs = crs_get(uri)
        to = Transformer.from_crs(4326, crs.srid, always_xy=True)

        def moved(east: float, north: float, to: Transformer = to, swapped: bool = crs.swapped) -> list[float]:
            return list(to.transform(east, north))[:: -1 if swapped else 1]

        geometry = json.loads(wanted.geojson)
        geometry["coordinates"] = positions(geometry["coordinates"], moved)
        answer = editor(
            method,
            address(layer, feature),
            feature_body(layer) | {"geometry": geometry},
            MERGE if method == "PATCH" else GEOJSON,
            content_crs=wrapped.format(uri),
        )
        assert answer.status_code in (201, 204), answer.content
        stored = layer.model.objects.get()
        assert near(stored.geom, wanted), uri
        if method == "POST":
            stored.delete()
        else:
            layer.model.objects.update(geom=place(layer))


@pytest.mark.parametrize(
    ("uri", "coordinates", "words"),
    [
        ("EPSG:32750", [0, 0], "'EPSG:32750' is not supported. There are: " + CRS84),
        ("http://www.opengis.net/def/crs/EPSG/0/4258", [0, 0], "is not supported."),
        ("http://www.opengis.net/def/crs/EPSG/0/4326", [116.1, -8.58], "Coordinates outside the world"),
        ("http://www.opengis.net/def/crs/EPSG/0/32750", [1e300, 0], "Coordinates outside the area that http"),
        ("http://www.opengis.net/def/crs/EPSG/0/3857", [-1e9, 0], "Coordinates outside the area that http"),
    ],
)
def test_a_bad_content_crs(editor_with: Callable[..., Editor], uri: str, coordinates: list[float], words: str) -> None:
    layer = layer_get("markets")
    body = feature_body(layer) | {"geometry": {"type": "Point", "coordinates": coordinates}}
    answer = editor_with(layer, "add")("POST", address(layer), body, content_crs=uri)
    assert words in problem(answer, 400)["detail"]
    assert not layer.model.objects.exists()


WRITES = [("POST", False), ("PUT", True), ("PATCH", True), ("DELETE", True)]


@pytest.mark.parametrize(("method", "one"), WRITES)
def test_nobody_is_asked_who_he_is(feature_make: FeatureMake, layer: Layer, method: str, one: bool) -> None:
    feature = feature_make(layer)
    answer = Editor()(method, address(layer, feature if one else None), feature_body(layer, 2))
    assert problem(answer, 401)["detail"] == "Authentication credentials were not provided."
    assert answer["WWW-Authenticate"].startswith("Basic ")
    assert layer.model.objects.get() == feature


@pytest.mark.parametrize(("method", "one"), WRITES)
def test_each_write_needs_its_permission(
    editor_with: Callable[..., Editor], feature_make: FeatureMake, layer: Layer, method: str, one: bool
) -> None:
    feature = feature_make(layer)
    needed = editing.ACTIONS[method]
    editor = editor_with(layer, *{"add", "change", "delete", "view"} - {needed})
    send = (method, address(layer, feature if one else None), feature_body(layer, 2))
    answer = editor(*send)
    problem(answer, 403)
    assert method not in answer["Allow"]
    assert layer.model.objects.get() == feature
    codename = f"{needed}_{layer.model._meta.model_name}"
    User.objects.get().user_permissions.add(Permission.objects.get(codename=codename))
    written = editor(*send)
    assert written.status_code in (201, 204)
    assert method in written["Allow"]


@pytest.mark.parametrize(
    ("actions", "allowed"),
    [
        ((), ("", "")),
        (("view",), ("", "")),
        (("add",), (", POST", "")),
        (("change",), ("", ", PUT, PATCH")),
        (("delete",), ("", ", DELETE")),
        (("add", "change", "delete"), (", POST", ", PUT, PATCH, DELETE")),
    ],
)
def test_options_tell_each_user_what_he_may_do(
    editor_with: Callable[..., Editor], layer: Layer, actions: tuple[str, ...], allowed: tuple[str, str]
) -> None:
    editor = editor_with(layer, *actions)
    for who, more in ((editor, allowed), (Editor(), ("", ""))):
        assert who("OPTIONS", address(layer))["Allow"] == f"GET, HEAD, OPTIONS{more[0]}"
        assert who("OPTIONS", address(layer, 1))["Allow"] == f"GET, HEAD, OPTIONS{more[1]}"
        takes = who("OPTIONS", address(layer)).get("Accept-Post"), who("OPTIONS", address(layer, 1)).get("Accept-Patch")
        both = "application/geo+json, application/json"
        assert takes == (both if "POST" in more[0] else None, f"{MERGE}, {both}" if "PATCH" in more[1] else None)


@pytest.mark.parametrize("method", ["OPTIONS", "POST"])
def test_wrong_credentials(editor_with: Callable[..., Editor], method: str) -> None:
    layer = layer_get("markets")
    editor_with(layer, "add")
    answer = Editor(User.objects.get(), "salah")(method, address(layer), feature_body(layer))
    assert problem(answer, 401)["detail"] == "The user name and password, or the token, are not valid."
    assert answer["WWW-Authenticate"].startswith("Basic ")


def test_token_and_session(editor_with: Callable[..., Editor]) -> None:
    layer = layer_get("markets")
    editor_with(layer, "add")
    user = User.objects.get()
    bearer = Editor()
    bearer.headers["authorization"] = f"Token {Token.objects.create(user=user).key}"
    assert bearer("POST", address(layer), feature_body(layer, 1)).status_code == 201

    browser = Editor()
    browser.client = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    browser.client.force_login(user)
    assert "CSRF" in problem(browser("POST", address(layer), feature_body(layer, 2)), 403)["detail"]
    assert browser("OPTIONS", address(layer))["Allow"] == "GET, HEAD, OPTIONS, POST"
    browser.client.cookies["csrftoken"] = browser.headers["x-csrftoken"] = "a" * 32
    assert browser("POST", address(layer), feature_body(layer, 2)).status_code == 201


@pytest.mark.parametrize("id", ["0", "x", "-1", "9" * 19, "9" * 400, "%00", "1_0"])
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_no_such_item(editor: Editor, feature_make: FeatureMake, layer: Layer, method: str, id: str) -> None:
    feature_make(layer)
    answer = editor(method, f"{address(layer)}/{id}", feature_body(layer, 2))
    assert problem(answer, 404)["detail"].startswith("There is no item ")
    assert layer.model.objects.count() == 1


BAD_BODIES: list[tuple[Any, str]] = [
    *((body, "The body of the request is not JSON: ") for body in NO_JSON),
    *((json.dumps(body), "Send one GeoJSON Feature") for body in NO_FEATURES),
    *(({"type": "Feature", "properties": given}, f"{name}: {words}") for given, words in BAD_VALUES for name in given),
    *(({"type": "Feature", "geometry": geometry}, f"geom: {words}") for geometry, words in BAD_POINTS),
    ({"type": "Feature", "properties": {"nmae": "Pasar"}}, "There is no property 'nmae'. Is 'name' meant?"),
    ({"type": "Feature", "properties": {"nmae": None}}, "There is no property 'nmae'. Is 'name' meant?"),
    ({"type": "Feature", "properties": {"contact_name": "Bu Sri"}}, "There is no property 'contact_name'."),
    ({"type": "Feature", "properties": {"name": None}}, "name: This field may not be blank."),
    ({"type": "Feature", "properties": {"code": "T-0002"}}, "code: "),
    ({"type": "Feature", "geometry": None}, "geom: This field may not be null."),
]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize(("body", "words"), BAD_BODIES)
def test_bad_bodies_store_nothing(
    editor_with: Callable[..., Editor], feature_make: FeatureMake, method: str, body: Any, words: str
) -> None:
    layer = layer_get("markets")
    feature = feature_make(layer)
    feature_make(layer, 2)
    before = list(layer.model.objects.values())
    if isinstance(body, dict) and isinstance(body.get("properties"), dict) and method != "PATCH":
        least = feature_body(layer, 3)
        body = least | {"properties": least["properties"] | body["properties"]}
    editor = editor_with(layer, "add", "change")
    answer = editor(method, address(layer, None if method == "POST" else feature), body)
    assert words in problem(answer, 400)["detail"]
    assert list(layer.model.objects.values()) == before


@pytest.mark.parametrize(
    ("body", "member"),
    [
        ({"kiosks": 5}, "kiosks"),
        ({"type": "Feature", "kiosks": None}, "kiosks"),
        ({"geom": {"type": "Point", "coordinates": [116.2, -8.6]}}, "geom"),
        ({"place": {"type": "Point", "coordinates": [116.2, -8.6]}}, "place"),
        ({"coordRefSys": "http://www.opengis.net/def/crs/EPSG/0/32750"}, "coordRefSys"),
    ],
)
def test_a_patch_that_is_not_wrapped_right_is_refused(
    editor_with: Callable[..., Editor], feature_make: FeatureMake, body: dict[str, Any], member: str
) -> None:
    layer = layer_get("markets")
    feature = feature_make(layer)
    answer = problem(editor_with(layer, "change")("PATCH", address(layer, feature), body, MERGE), 400)
    assert [*answer["errors"]] == [member]
    assert answer["detail"].startswith(f"{member}: ")


@pytest.mark.parametrize("body", [{}, {"propertes": {"name": "Baru"}}, {"id": 1, "type": "Feature", "links": []}])
def test_a_patch_that_changes_nothing_is_told(
    editor_with: Callable[..., Editor], feature_make: FeatureMake, body: dict[str, Any]
) -> None:
    layer = layer_get("markets")
    answer = problem(editor_with(layer, "change")("PATCH", address(layer, feature_make(layer)), body, MERGE), 400)
    assert answer["detail"].startswith("Nothing would change. Send what is new:")


@pytest.mark.parametrize(("code", "status"), [("EPSG::32750", 204), ("EPSG::3857", 400), ("OGC:1.3:CRS84", 400)])
def test_the_crs_of_a_body_is_that_of_its_header(
    editor_with: Callable[..., Editor], feature_make: FeatureMake, code: str, status: int
) -> None:
    layer = layer_get("markets")
    feature = feature_make(layer)
    body = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [401_000, 9_050_000]},
        "crs": {"type": "name", "properties": {"name": f"urn:ogc:def:crs:{code}"}},
    }
    utm = "http://www.opengis.net/def/crs/EPSG/0/32750"
    answer = editor_with(layer, "change")("PATCH", address(layer, feature), body, MERGE, content_crs=utm)
    assert answer.status_code == status


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_no_body(editor_with: Callable[..., Editor], feature_make: FeatureMake, method: str) -> None:
    layer = layer_get("markets")
    feature = feature_make(layer)
    editor = editor_with(layer, "add", "change")
    answer = editor(method, address(layer, None if method == "POST" else feature), "")
    assert problem(answer, 400)["detail"].startswith("Send one GeoJSON Feature")


def test_a_polygon_that_crosses_itself(editor_with: Callable[..., Editor]) -> None:
    layer = layer_get("disaster_zones")
    ring = [[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]
    body = feature_body(layer) | {"geometry": {"type": "Polygon", "coordinates": [ring]}}
    answer = editor_with(layer, "add")("POST", address(layer), body)
    assert "not valid: Self-intersection" in problem(answer, 400)["detail"]


def test_polygons_of_a_hundred_thousand_points(editor_with: Callable[..., Editor]) -> None:
    layer = layer_get("disaster_zones")
    editor = editor_with(layer, "add")
    turns = [tau * step / 100_000 for step in range(100_000)]

    def send(radius: Callable[[int], float], digits: int) -> HttpResponse:
        ring = [
            [round(116 + radius(step) * cos(turn), digits), round(-8 + radius(step) * sin(turn), digits)]
            for step, turn in enumerate(turns)
        ]
        geometry = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
        return editor("POST", address(layer), feature_body(layer) | {"geometry": geometry})

    start = monotonic()
    crossed = send(lambda step: 0.5 if step % 997 else -0.5, 5)
    assert "not valid: Ring Self-intersection" in problem(crossed, 400)["detail"]
    problem(send(lambda _: 0.5, 15), 413)
    assert not layer.model.objects.exists()
    assert send(lambda _: 0.5, 6).status_code == 201
    assert layer.model.objects.get().geom.num_coords > 90_000
    assert monotonic() - start < 60


@pytest.mark.parametrize(("method", "one"), WRITES[:3])
def test_other_media_types(editor: Editor, feature_make: FeatureMake, layer: Layer, method: str, one: bool) -> None:
    feature = feature_make(layer) if one else None
    answer = editor(method, address(layer, feature), feature_body(layer), "application/xml")
    taken = f"{MERGE}, {GEOJSON}, application/json." if one else f"{GEOJSON}, application/json."
    assert problem(answer, 415)["detail"].endswith(f"Send: {taken}")
    if not one:
        problem(editor(method, address(layer), feature_body(layer), MERGE), 415)


def test_too_large_and_unknown_parameters(editor_with: Callable[..., Editor], settings: Settings) -> None:
    layer = layer_get("markets")
    editor = editor_with(layer, "add")
    assert problem(editor("POST", address(layer) + "?naem=x", feature_body(layer)), 400)["parameter"] == "naem"
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    problem(editor("POST", address(layer), feature_body(layer)), 413)
    assert not layer.model.objects.exists()


def test_personal_data_goes_neither_in_nor_out(editor: Editor, feature_make: FeatureMake, layer: Layer) -> None:
    feature = feature_make(layer, **dict.fromkeys(layer.model.restricted, "RAHASIA"))
    answers = [
        editor("PATCH", address(layer, feature), {"properties": {"name": "Lain"}}, MERGE),
        editor("PUT", address(layer, feature), feature_body(layer)),
        *(
            editor("PATCH", address(layer, feature), {"properties": {name: "BOCOR"}}, MERGE)
            for name in layer.model.restricted
        ),
    ]
    assert [answer.status_code for answer in answers] == [204, 204, *[400] * len(layer.model.restricted)]
    assert not any("RAHASIA" in answer.content.decode() for answer in answers)
    feature.refresh_from_db()
    assert all(getattr(feature, name) == "RAHASIA" for name in layer.model.restricted)


def actors(layer: Layer) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT actor FROM journal.edit WHERE layer = %s ORDER BY id", [layer.id])
        return [actor for (actor,) in cursor.fetchall()]


def test_the_journal_names_the_editor(editor: Editor, layer: Layer) -> None:
    editor("POST", address(layer), feature_body(layer))
    feature = layer.model.objects.get()
    editor("PUT", address(layer, feature), feature_body(layer, name="Ganti"))
    editor("PATCH", address(layer, feature), {"properties": {"name": "Baru"}}, MERGE)
    editor("DELETE", address(layer, feature))
    assert actors(layer) == ["petugas"] * 4


def test_a_race_for_a_code_is_a_conflict(elsewhere: BaseDatabaseWrapper, editor_with: Callable[..., Editor]) -> None:
    layer = layer_get("markets")
    editor = editor_with(layer, "add")
    with elsewhere.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {layer.table} (code, name, source, type, geom) VALUES (%s, 'A', 'uji', 'pasar_rakyat', %s)",
            [values_make(layer)["code"], place(layer).hexewkb.decode()],
        )
    thread, answers = in_the_background(lambda: editor("POST", address(layer), feature_body(layer)))
    elsewhere.commit()
    thread.join()
    problem(answers[0], 409)
    assert layer.model.objects.count() == 1
