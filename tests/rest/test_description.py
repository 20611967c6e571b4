"""The OpenAPI description is sound, and tells the truth; its page needs no other server."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from conftest import feature_body
from django.core.management import call_command
from django.test import Client
from jsonschema import Draft4Validator
from openapi_spec_validator import validate
from rest_framework.test import APIClient

from layers.catalog import Layer, layers
from layers.rest.filters import filterset_for


@pytest.fixture(scope="module", params=["id", "en"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def description(language: str) -> dict[str, Any]:
    answer = Client().get("/api/v1/schema/", {"lang": language})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/vnd.oai.openapi+json")
    return answer.json()  # type: ignore[no-any-return]


def test_description_is_openapi(description: dict[str, Any]) -> None:
    validate(description)


def test_drf_spectacular_has_nothing_to_say_against_it(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", validate=True, fail_on_warn=True)
    assert capsys.readouterr().err == ""


def test_every_layer_is_described_in_the_language(description: dict[str, Any], layer: Layer, language: str) -> None:
    words = f"{layer.title[language]}. {layer.description[language]}"
    assert {"name": layer.id, "description": words} in description["tags"]
    path = f"/api/v1/{layer.id}/"
    assert list(description["paths"][path]) == ["get", "post"]
    assert list(description["paths"][f"{path}{{id}}/"]) == ["get", "put", "patch", "delete"]
    find = description["paths"][path]["get"]
    assert find["summary"] == {"id": "Cari fitur", "en": "Find features"}[language]
    names = {parameter["name"] for parameter in find["parameters"]}
    assert names == {"limit", "offset", *filterset_for(layer).base_filters}
    assert all(parameter["description"] for parameter in find["parameters"])


def test_codes_and_bounds_are_told(description: dict[str, Any]) -> None:
    values = description["components"]["schemas"]["MarketRequest"]["properties"]["properties"]["properties"]
    assert values["type"]["enum"] == ["pasar_rakyat", "pasar_induk", "pasar_modern", "pasar_khusus"]
    assert (values["kiosks"]["minimum"], values["kiosks"]["maximum"]) == (0, 10_000_000)
    assert values["operating_days"]["items"]["enum"][0] == "senin"
    parameters = description["paths"]["/api/v1/markets/"]["get"]["parameters"]
    kind = next(parameter for parameter in parameters if parameter["name"] == "type")
    assert sorted(kind["schema"]["enum"]) == sorted(values["type"]["enum"])
    impact = {one["name"]: one["schema"] for one in description["paths"]["/api/v1/hazards/impact"]["get"]["parameters"]}
    assert impact["days"] == {"type": "integer", "minimum": 1, "maximum": 365, "default": 7}
    assert (impact["limit"]["maximum"], impact["limit"]["default"]) == (1000, 100)
    assert impact["standard"]["default"] == "sphere"


def operations(language: str) -> dict[tuple[str, str], dict[str, Any]]:
    """The operations of the description in a language, by path and method."""
    paths = Client().get("/api/v1/schema/", {"lang": language}).json()["paths"]
    return {(path, method): operation for path, methods in paths.items() for method, operation in methods.items()}


def test_every_parameter_is_explained_in_both_languages() -> None:
    words = {
        language: [
            parameter.get("description", "")
            for operation in operations(language).values()
            for parameter in operation.get("parameters", [])
            if parameter["name"] not in ("id", "f", "status")  # the same word in both
        ]
        for language in ("id", "en")
    }
    assert len(words["id"]) == len(words["en"]) > 50
    assert [one for one, other in zip(words["id"], words["en"], strict=True) if one and one == other] == []


def test_changes_of_a_feature_can_depend_on_its_version(layer: Layer) -> None:
    names = {
        (path, method): [one["name"] for one in operation.get("parameters", []) if one["in"] == "header"]
        for (path, method), operation in operations("en").items()
        if path.startswith(f"/api/v1/{layer.id}/")
    }
    restore = f"/api/v1/{layer.id}/{{id}}/history/{{edit}}/restore/"
    feature = f"/api/v1/{layer.id}/{{id}}/"
    taking = {place for place, headers in names.items() if headers == ["If-Match"]}
    assert taking == {(restore, "post"), (feature, "put"), (feature, "patch"), (feature, "delete")}


def sound(description: dict[str, Any], component: str) -> Any:
    """A check of documents against a component. (OpenAPI 3.0 is JSON Schema draft 4 but for ``nullable``.)"""

    def nullable(schema: Any) -> Any:
        if isinstance(schema, list):
            return [nullable(part) for part in schema]
        if not isinstance(schema, dict):
            return schema
        plain = {name: nullable(part) for name, part in schema.items()}
        return {"anyOf": [plain, {"type": "null"}]} if plain.pop("nullable", False) is True else plain

    return Draft4Validator({"$ref": f"#/components/schemas/{component}", **nullable(description)})


def test_features_are_as_described(
    description: dict[str, Any], client_with: Callable[..., APIClient], layer: Layer
) -> None:
    client = client_with(layer, "add", "change")
    name = layer.model.__name__
    body = feature_body(layer)
    sound(description, f"{name}Request").validate(body)
    created = client.post(f"/api/v1/{layer.id}/", body, format="json")
    sound(description, name).validate(created.json())
    change = {"type": "Feature", "properties": {"name": "Lain"}}
    sound(description, f"Patched{name}Request").validate(change)
    sound(description, name).validate(client.patch(created["Location"], change, format="json").json())
    sound(description, f"Paginated{name}List").validate(client.get(f"/api/v1/{layer.id}/").json())
    sound(description, "Problem").validate(client.post(f"/api/v1/{layer.id}/", body, format="json").json())


def test_what_the_description_refuses_the_door_refuses(
    description: dict[str, Any], client_with: Callable[..., APIClient], layer: Layer
) -> None:
    client = client_with(layer, "add")
    body = feature_body(layer)
    for known in layer.properties:
        if known.required:
            bad = body | {
                "properties": {name: value for name, value in body["properties"].items() if name != known.name}
            }
        elif known.type in ("integer", "number") and known.maximum is not None:
            bad = body | {"properties": body["properties"] | {known.name: known.maximum + 1}}
        elif known.choices and not known.read_only:
            bad = body | {"properties": body["properties"] | {known.name: "lain"}}
        else:
            continue
        assert not sound(description, f"{layer.model.__name__}Request").is_valid(bad), known.name
        assert client.post(f"/api/v1/{layer.id}/", bad, format="json").status_code == 400


def test_personal_data_is_not_even_named(description: dict[str, Any]) -> None:
    told = str(description)
    assert not [name for layer in layers() for name in layer.model.restricted if name in told]


def test_the_page_is_one_of_the_portal(anyone: APIClient, language: str) -> None:
    answer = anyone.get("/api/v1/docs/", {"lang": language})
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/html; charset=utf-8")
    page = answer.content.decode()
    assert f'<html lang="{language}">' in page
    assert f'<a href="/api/v1/schema/?lang={language}">' in page.partition("<noscript>")[2]
    assert "f=json" not in page, "an address that is refused here"
    addresses = re.findall(r"""(?:src|data-url|stylesheet" href)=["']([^"']+)""", page)
    assert f"/api/v1/schema/?lang={language}" in addresses
    for address in addresses:
        assert re.match("/[^/]", address)
        asset = anyone.get(address)
        assert (asset.status_code, bool(b"".join(asset))) == (200, True)
