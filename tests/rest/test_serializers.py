"""What is no feature of the layer is refused, and the answer says why."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from bad_bodies import BAD_POINTS, BAD_VALUES, NO_FEATURES, POINT, WORLD
from conftest import FeatureMake, feature_body
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from layers.catalog import Layer, layer_get
from layers.rest.serializers import FeatureGeometryField, serializer_for

Client = Callable[..., APIClient]


def sent(client: APIClient, layer: Layer, body: Any) -> Any:
    """The answer to a body that is JSON by json.dumps, which also writes what a careful client would not."""
    return client.generic("POST", f"/api/v1/{layer.id}/", json.dumps(body), content_type="application/geo+json")


def refused(client: APIClient, layer: Layer, body: Any) -> dict[str, list[str]]:
    """The errors of a body that must not be stored."""
    count = layer.model.objects.count()
    answer = sent(client, layer, body)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert layer.model.objects.count() == count
    problem = answer.json()
    assert problem["title"] == "Bad Request"
    assert problem["detail"]
    return problem.get("errors", {})  # type: ignore[no-any-return]


@pytest.mark.parametrize("body", [*NO_FEATURES, {}])
def test_a_body_that_is_no_feature(client_with: Client, body: Any) -> None:
    layer = layer_get("markets")
    answer = sent(client_with(layer, "add"), layer, body)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json() == {
        "title": "Bad Request",
        "status": 400,
        "detail": 'Send one GeoJSON Feature: {"type": "Feature", "geometry": {...}, "properties": {...}}.',
    }


def test_required_properties(writer: APIClient, layer: Layer) -> None:
    required = [known.name for known in layer.properties if known.required]
    errors = refused(writer, layer, {"type": "Feature"})
    assert errors == {name: ["This field is required."] for name in ("geom", *required)}
    errors = refused(writer, layer, {"type": "Feature", "geometry": None, "properties": dict.fromkeys(required)})
    assert errors == {name: ["This field may not be null."] for name in ("geom", *required)}


def test_unknown_properties_are_named(writer: APIClient, layer: Layer) -> None:
    errors = refused(writer, layer, feature_body(layer, nmae="Pasar", geom=1) | {"bbox": []})
    assert errors == {
        "properties": [
            "There is no property 'nmae'. Is 'name' meant?",
            "There is no property 'geom'.",
        ]
    }


def test_computed_properties_are_ignored(writer: APIClient, layer: Layer) -> None:
    computed = {known.name: "x" for known in layer.properties if known.read_only}
    answer = sent(writer, layer, feature_body(layer, **computed) | {"id": 999})
    assert answer.status_code == 201
    assert answer.json()["id"] != 999
    assert "x" not in answer.json()["properties"].values()


@pytest.mark.parametrize(
    ("properties", "message"), [*BAD_VALUES, ({"is_price_reference": None}, "This field may not be null.")]
)
def test_a_bad_value_names_its_property(client_with: Client, properties: dict[str, Any], message: str) -> None:
    layer = layer_get("markets")
    errors = refused(client_with(layer, "add"), layer, feature_body(layer, **properties))
    assert errors == {name: [message] for name in properties}


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"kind": "peringatan"}, "A warning needs its start and its end."),
        ({"value_min": 2, "value_max": 1, "unit": "m"}, "The highest value is below the lowest."),
        ({"value_min": 1}, "Values need a unit."),
        ({"value_min": 0, "value_max": 2, "unit": "indeks"}, "An index lies between 0 and 1."),
        ({"valid_from": "2026-01-02", "valid_to": "2026-01-01"}, "The validity ends before it begins."),
    ],
)
def test_a_rule_over_several_properties(client_with: Client, properties: dict[str, Any], message: str) -> None:
    layer = layer_get("disaster_zones")
    assert refused(client_with(layer, "add"), layer, feature_body(layer, **properties)) == {
        "non_field_errors": [message]
    }


@pytest.mark.parametrize("value", ["nan", "NaN", "Infinity", "x", [], {}])
def test_a_number_is_finite(client_with: Client, value: Any) -> None:
    layer = layer_get("disaster_zones")
    errors = refused(client_with(layer, "add"), layer, feature_body(layer, value_min=value, unit="m"))
    assert list(errors) == ["value_min"]


def test_a_code_that_is_taken(writer: APIClient, feature_make: FeatureMake, layer: Layer) -> None:
    feature_make(layer)
    assert list(refused(writer, layer, feature_body(layer))) == ["code"]
    other = feature_make(layer, 2)
    change = {"type": "Feature", "properties": {"code": feature_body(layer)["properties"]["code"]}}
    answer = writer.patch(f"/api/v1/{layer.id}/{other.pk}/", change, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["code"])


def test_the_answer_speaks_the_language_of_the_request(client_with: Client, feature_make: FeatureMake) -> None:
    layer = layer_get("disaster_zones")
    client = client_with(layer, "add")
    body = json.dumps(feature_body(layer, kind="peringatan"))
    for language, words in (
        ("id", "Peringatan memerlukan awal dan akhir masa berlaku."),
        ("en", "A warning needs its start and its end."),
    ):
        answer = client.generic("POST", f"/api/v1/{layer.id}/?lang={language}", body, content_type="application/json")
        assert answer["Content-Language"] == language
        assert answer.json() == {
            "title": "Bad Request",
            "status": 400,
            "detail": words,
            "errors": {"non_field_errors": [words]},
        }


POLYGON = (
    'This is not a GeoJSON geometry such as {"type": "Polygon", "coordinates": '
    "[[[116, -9], [117, -9], [117, -8], [116, -9]]]}."
)


@pytest.mark.parametrize(("geometry", "message"), BAD_POINTS)
def test_a_bad_point(client_with: Client, geometry: Any, message: str) -> None:
    layer = layer_get("markets")
    body = feature_body(layer) | {"geometry": geometry}
    assert refused(client_with(layer, "add"), layer, body) == {"geom": [message]}


@pytest.mark.parametrize("number", ["1e999", "-1e999"])
def test_a_coordinate_is_finite(client_with: Client, number: str) -> None:
    layer = layer_get("markets")
    body = json.dumps(feature_body(layer)).replace("116.1", number)
    answer = client_with(layer, "add").generic("POST", "/api/v1/markets/", body, content_type="application/json")
    assert (answer.status_code, answer.json()["errors"]) == (400, {"geom": [POINT]})


@pytest.mark.parametrize(
    ("coordinates", "message"),
    [
        ([], "The geometry is empty."),
        ([[]], "The geometry is empty."),
        ([[[0, 0], [1, 0], [1, 1]]], POLYGON),
        ([[[0, 0], [1, 0], [1, 1], [0, 1]]], POLYGON),
        ([[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]], "The geometry is not valid: Self-intersection[0.5 0.5]."),
        ([[[0, 0], [200, 0], [1, 1], [0, 0]]], WORLD),
    ],
)
def test_a_bad_polygon(client_with: Client, coordinates: Any, message: str) -> None:
    layer = layer_get("disaster_zones")
    body = feature_body(layer) | {"geometry": {"type": "Polygon", "coordinates": coordinates}}
    assert refused(client_with(layer, "add"), layer, body) == {"geom": [message]}


CRS84 = "urn:ogc:def:crs:OGC:1.3:CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
CRS_FAULT = "The coordinates must be in http://www.opengis.net/def/crs/OGC/1.3/CRS84; "


def crs_named(name: str) -> dict[str, Any]:
    return {"crs": {"type": "name", "properties": {"name": name}}}


@pytest.mark.parametrize(
    "other",
    [
        {"crs": {"type": "link", "properties": {"href": "http://127.0.0.1:9/", "type": "proj4"}}},
        crs_named("urn:ogc:def:crs:EPSG::32750"),
        crs_named("EPSG:3857"),
        {"coordRefSys": f"{EPSG}32750"},
        {"coordRefSys": [f"{EPSG}4326", f"{EPSG}5773"]},
    ],
)
@pytest.mark.parametrize("part", ["feature", "geometry"])
def test_coordinates_in_another_crs_are_refused(client_with: Client, other: dict[str, Any], part: str) -> None:
    """They would be read as degrees; and GDAL would fetch the address of a link."""
    layer = layer_get("markets")
    body = feature_body(layer)
    (body if part == "feature" else body["geometry"]).update(other)
    errors = refused(client_with(layer, "add"), layer, body)
    assert [*errors] == [*other]
    assert errors[next(iter(other))][0].startswith(CRS_FAULT)


@pytest.mark.parametrize(
    "harmless",
    [
        crs_named(CRS84),
        crs_named("EPSG:4326"),
        {"crs": None},
        {"coordRefSys": "http://www.opengis.net/def/crs/OGC/0/CRS84"},
        {"coordRefSys": "[OGC:CRS84]"},
        {"id": 7, "links": [], "bbox": [], "title": "x", "time": None, "place": None, "conformsTo": []},
        {"featureType": "markets", "geometryDimension": 0, "stored": True},
    ],
)
def test_foreign_members_are_ignored(client_with: Client, harmless: dict[str, Any]) -> None:
    layer = layer_get("markets")
    answer = sent(client_with(layer, "add"), layer, feature_body(layer) | harmless)
    assert (answer.status_code, answer.json()["geometry"]["coordinates"]) == (201, [116.1, -8.58])


@pytest.mark.parametrize("method", ["put", "patch"])
def test_members_beside_properties_are_named(client_with: Client, feature_make: FeatureMake, method: str) -> None:
    """They would be lost, and the answer would say that all is well."""
    layer = layer_get("markets")
    writer = client_with(layer, "add", "change")
    feature = feature_make(layer)
    point = {"type": "Point", "coordinates": [116.2, -8.6]}
    body = feature_body(layer) | {"kiosks": 5, "geom": point, "place": point}
    assert refused(writer, layer, body).keys() == {"kiosks", "geom", "place"}
    answer = getattr(writer, method)(f"/api/v1/{layer.id}/{feature.pk}/", body, format="json")
    assert (answer.status_code, answer.json()["errors"]) == (
        400,
        {
            "kiosks": ['Write attributes in properties: {"properties": {"kiosks": ...}}.'],
            "geom": ["Write the geometry in geometry."],
            "place": ["Write the geometry in geometry."],
        },
    )


def test_an_attribute_called_place_is_told_apart_from_the_geometry_of_that_name(client_with: Client) -> None:
    layer = layer_get("earthquakes")
    writer, body = client_with(layer, "add"), feature_body(layer)
    attribute = refused(writer, layer, body | {"place": "Lombok"})
    assert attribute == {"place": ['Write attributes in properties: {"properties": {"place": ...}}.']}
    geometry = refused(writer, layer, body | {"place": body["geometry"]})
    assert geometry == {"place": ["Write the geometry in geometry."]}


def test_the_id_of_another_feature(writer: APIClient, feature_make: FeatureMake, layer: Layer) -> None:
    feature = feature_make(layer)
    for id in (feature.pk + 1, [feature.pk], None):
        body = {"type": "Feature", "id": id, "properties": {"name": "Lain"}}
        answer = writer.patch(f"/api/v1/{layer.id}/{feature.pk}/", body, format="json")
        assert (answer.status_code, answer.json()["errors"]) == (400, {"id": ["This is the id of another feature."]})
    for id in (feature.pk, str(feature.pk)):
        body = {"type": "Feature", "id": id, "properties": {"name": "Lain"}}
        assert writer.patch(f"/api/v1/{layer.id}/{feature.pk}/", body, format="json").status_code == 200


@given(st.tuples(st.floats(-180, 180), st.floats(-90, 90)))
def test_coordinates_come_back_as_they_went_in(position: tuple[float, float]) -> None:
    field = serializer_for(layer_get("markets"))().fields["geom"]
    assert isinstance(field, FeatureGeometryField)
    geometry = {"type": "Point", "coordinates": list(position)}
    assert field.to_representation(field.to_internal_value(geometry)) == geometry
