"""Whatever goes wrong at the REST door is told as problem+json, and never as a failure of the server."""

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from bad_bodies import NO_JSON
from conftest import FeatureMake, feature_body
from django.test import Client
from rest_framework.exceptions import Throttled, ValidationError
from rest_framework.test import APIClient
from rest_framework.views import APIView

from layers.catalog import layer_get, layers
from layers.rest.problems import errors_by_property, exception_handle

RESOURCES = ", ".join(layer.id for layer in layers())


def problem(answer: Any, status: int) -> dict[str, Any]:
    """The document of a fault."""
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    document: dict[str, Any] = answer.json()
    assert document["status"] == status
    assert document["title"]
    return document


@pytest.mark.parametrize("path", ["pasar/", "markets//", "markets/1/photo/", "a/b/c/", "%00/", "v1/"])
def test_nothing_there(anyone: APIClient, path: str) -> None:
    for method in ("get", "post", "delete"):
        detail = problem(getattr(anyone, method)(f"/api/v1/{path}"), 404)["detail"]
        assert detail.endswith(f"The resources are: {RESOURCES}.")


@pytest.mark.parametrize("path", ["markets", "markets/1", "token", "pasar"])
def test_an_address_without_its_slash_leads_to_the_one_with_it(anyone: APIClient, path: str) -> None:
    for method in ("get", "post", "put", "delete"):
        answer = getattr(anyone, method)(f"/api/v1/{path}?lang=en")
        assert (answer.status_code, answer["Location"]) == (308, f"/api/v1/{path}/?lang=en")


def test_the_redirection_leads_nowhere_else(anyone: APIClient) -> None:
    assert anyone.get("/api/v1///evil.example/x")["Location"] == "/api/v1///evil.example/x/"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "FOO"])
def test_a_method_that_is_not_there(client_with: Callable[..., APIClient], method: str) -> None:
    client = client_with(layer_get("markets"), "add", "change", "delete")
    answer = client.generic(method, "/api/v1/markets/")
    assert problem(answer, 405)["detail"] == "This method is not allowed here. There are: GET, POST, HEAD, OPTIONS."
    assert answer["Allow"] == "GET, POST, HEAD, OPTIONS"


@pytest.mark.parametrize("path", ["", "token/", "schema/", "docs/"])
def test_a_method_that_is_not_there_beside_the_layers(anyone: APIClient, path: str) -> None:
    answer = anyone.delete(f"/api/v1/{path}")
    assert problem(answer, 405)["detail"].endswith(f" {answer['Allow']}.")


@pytest.mark.parametrize(
    "path", ["", "token/", "schema/", "docs/", "alerts/", "hazards/at", "hazards/impact?f=html", "hazards/screen?f=csv"]
)
def test_options_are_told_in_json(anyone: APIClient, path: str) -> None:
    answer = anyone.options(f"/api/v1/{path}")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.json()["name"]


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_a_body_of_another_type(client_with: Callable[..., APIClient], media_type: str) -> None:
    answer = client_with(layer_get("markets"), "add").generic("POST", "/api/v1/markets/", b"x", media_type)
    assert problem(answer, 415)["detail"] == (
        "This type of body is not accepted. Send: application/geo+json, application/json."
    )


@pytest.mark.parametrize("media_type", ["application/json", "application/geo+json"])
def test_both_json_types_go_both_ways(client_with: Callable[..., APIClient], media_type: str) -> None:
    layer = layer_get("markets")
    client = client_with(layer, "add")
    body = json.dumps(feature_body(layer))
    answer = client.generic("POST", "/api/v1/markets/", body, media_type, headers={"accept": media_type})
    assert (answer.status_code, answer["Content-Type"]) == (201, media_type)


def test_an_answer_of_another_type(anyone: APIClient) -> None:
    answer = anyone.get("/api/v1/markets/", headers={"accept": "image/png"})
    assert problem(answer, 406)["detail"] == "Nothing fits Accept. There are: application/geo+json, application/json."


@pytest.mark.parametrize("body", NO_JSON)
def test_a_body_that_is_no_json(client_with: Callable[..., APIClient], body: bytes) -> None:
    answer = client_with(layer_get("markets"), "add").generic("POST", "/api/v1/markets/", body, "application/json")
    assert problem(answer, 400)["detail"].startswith("The body of the request is not JSON: ")


@pytest.mark.parametrize("depth", [10, 500, 900, 1000, 3000, 9000])
@pytest.mark.parametrize(
    "template",
    [
        '{"type": %s}',
        '{"type": "Feature", "id": %s}',
        '{"type": "Feature", "properties": {"type": %s}}',
        '{"type": "Feature", "properties": {"name": %s, "kiosks": %s, "opens_at": %s, "operating_days": %s}}',
        '{"type": "Feature", "geometry": {"type": "Polygon", "coordinates": %s}}',
    ],
)
def test_a_deep_body_is_a_bad_one(
    client_with: Callable[..., APIClient], feature_make: FeatureMake, template: str, depth: int
) -> None:
    layer = layer_get("markets")
    path = f"/api/v1/markets/{feature_make(layer).pk}/"
    body = template.replace("%s", "[" * depth + "]" * depth)
    problem(client_with(layer, "change").generic("PATCH", path, body, "application/json"), 400)


def test_a_body_that_is_too_large(client_with: Callable[..., APIClient], settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    client = client_with(layer_get("markets"), "add")
    for path in ("/api/v1/markets/", "/api/v1/token/"):
        problem(client.generic("POST", path, b" " * 1001, "application/json"), 413)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"authorization": "Basic " + b64encode(b"a\0b:c").decode()}, 401),
        ({"authorization": "Token a\0b"}, 400),
        ({"cookie": 'sessionid="\\000aaaaaaaaaaaa"'}, 400),
    ],
)
def test_a_nul_byte_in_what_says_who_it_is(db: None, anyone: APIClient, headers: dict[str, str], status: int) -> None:
    problem(anyone.get("/api/v1/markets/", headers=headers), status)


def test_the_language_of_a_problem(db: None) -> None:
    for language, words in (("id", "Tidak ada fitur '7' di markets."), ("en", "There is no feature '7' in markets.")):
        answer = Client(headers={"accept-language": language}).get("/api/v1/markets/7/")
        assert problem(answer, 404)["detail"] == words


def test_time_to_wait_is_kept() -> None:
    answer = exception_handle(Throttled(wait=7), {"view": APIView()})
    assert answer is not None
    assert (answer.status_code, answer["Retry-After"]) == (429, "7")


def test_a_failure_of_the_server_is_left_to_django() -> None:
    assert exception_handle(ZeroDivisionError(), {"view": APIView()}) is None
    assert exception_handle(ValueError("nothing to do with the request"), {"view": APIView()}) is None


def test_errors_by_property_are_flat_lists() -> None:
    detail = ValidationError({"days": {0: ["a"], 2: ["b", "c"]}, "__all__": ["d"]}).detail
    assert errors_by_property(detail) == {"days": ["a", "b", "c"], "non_field_errors": ["d"]}
    assert errors_by_property(ValidationError("e").detail) == {"non_field_errors": ["e"]}
