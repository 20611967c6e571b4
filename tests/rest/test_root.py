"""The list of resources, and tokens."""

import json
import re
import shlex

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from layers.catalog import layers


@pytest.mark.parametrize("language", ["id", "en"])
def test_root_lists_every_layer(anyone: APIClient, language: str) -> None:
    assert anyone.get("/api/v1/", {"lang": language}).json() == {
        "title": {"id": "Geoportal Kota Mataram", "en": "Geoportal of Kota Mataram"}[language],
        "resources": [
            {
                "id": layer.id,
                "title": layer.title[language],
                "description": layer.description[language],
                "href": f"http://testserver/api/v1/{layer.id}/",
            }
            for layer in layers()
        ],
        "token": "http://testserver/api/v1/token/",
        "schema": "http://testserver/api/v1/schema/",
        "docs": "http://testserver/api/v1/docs/",
    }


@pytest.mark.parametrize("path", ["", "token/", "schema/", "docs/"])
def test_unknown_parameters(anyone: APIClient, path: str) -> None:
    answer = anyone.post("/api/v1/token/?x=1") if path == "token/" else anyone.get(f"/api/v1/{path}?x=1")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["parameter"] == "x"


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user("petugas", password="rahasia-sekali")


def test_token(anyone: APIClient, user: User) -> None:
    for _ in range(2):
        answer = anyone.post("/api/v1/token/", {"username": "petugas", "password": "rahasia-sekali"}, format="json")
        assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
        assert answer.json() == {"token": Token.objects.get(user=user).key}


def test_the_documented_way_to_a_token(anyone: APIClient, user: User) -> None:
    page = (settings.BASE_DIR / "docs" / "web-developers.md").read_text()
    (command,) = re.findall(r"curl (.*) http://\S+/api/v1/token/$", page, re.MULTILINE)
    _, media_type, _, body = shlex.split(command)
    for value in ("petugas", "rahasia-sekali"):
        body = body.replace("…", value, 1)
    answer = anyone.generic("POST", "/api/v1/token/", body, media_type.removeprefix("Content-Type: "))
    assert answer.json() == {"token": Token.objects.get(user=user).key}


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ("{}", {"username": ["This field is required."], "password": ["This field is required."]}),
        ("", {"username": ["This field is required."], "password": ["This field is required."]}),
        (
            '{"username": "petugas", "password": "x"}',
            {"non_field_errors": ["Unable to log in with provided credentials."]},
        ),
        ('{"username": "petugas\\u0000", "password": "x"}', {"username": ["Null characters are not allowed."]}),
        ("[]", {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]}),
    ],
)
def test_no_token(anyone: APIClient, user: User, body: str, errors: dict[str, list[str]]) -> None:
    answer = anyone.generic("POST", "/api/v1/token/", body, "application/json")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["errors"] == errors
    assert not Token.objects.exists()


def test_no_token_for_who_may_not_sign_in(anyone: APIClient, user: User) -> None:
    user.is_active = False
    user.save()
    body = json.dumps({"username": "petugas", "password": "rahasia-sekali"})
    assert anyone.generic("POST", "/api/v1/token/", body, "application/json").status_code == 400
