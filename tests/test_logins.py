"""Guessing passwords is limited, at every door by the same count; a form of another site makes no use of one."""

import json
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import FeatureMake
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from layers.catalog import layer_get
from layers.logins import FORMS, LIMIT, WINDOW
from layers.models import Feature, LoginFailure

Door = Callable[..., Any]


@pytest.fixture(autouse=True)
def user(db: None, settings: Settings) -> User:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return User.objects.create_superuser("petugas", password="benar")


def basic(password: str, name: str = "petugas", **sent: Any) -> Any:
    credentials = b64encode(f"{name}:{password}".encode()).decode()
    return Client().get("/api/v1/markets/", headers={"authorization": f"Basic {credentials}"}, **sent)


def token(password: str, **sent: Any) -> Any:
    body = json.dumps({"username": "petugas", "password": password})
    return Client().post("/api/v1/token/", body, "application/json", **sent)


def admin(password: str, **sent: Any) -> Any:
    return Client().post("/admin/login/", {"username": "petugas", "password": password}, **sent)


@pytest.mark.parametrize("guessed", [basic, token, admin])
@pytest.mark.parametrize("door", [basic, token, admin])
def test_all_doors_count_together(guessed: Door, door: Door) -> None:
    assert door("benar").status_code in (200, 302)
    for _ in range(LIMIT):
        assert guessed("salah").status_code in (200, 400, 401)
    for password in ("salah", "benar"):
        answer = door(password)
        assert (answer.status_code, answer["Content-Type"]) == (429, "application/problem+json")
        assert WINDOW.total_seconds() - 10 < int(answer["Retry-After"]) <= WINDOW.total_seconds() + 1
    assert LoginFailure.objects.count() == LIMIT


def test_a_browser_gets_a_page() -> None:
    for _ in range(LIMIT):
        admin("salah")
    answer = admin("benar", headers={"accept": "text/html"})
    assert (answer.status_code, answer["Content-Type"]) == (429, "text/html; charset=utf-8")
    assert "Retry-After" in answer


def test_a_failure_is_forgotten_in_time() -> None:
    for _ in range(LIMIT):
        basic("salah")
    oldest = LoginFailure.objects.earliest("at")
    oldest.at = timezone.now() - WINDOW + timedelta(seconds=30)
    oldest.save()
    told = int(basic("benar")["Retry-After"])
    left = oldest.at + WINDOW - timezone.now()
    assert left.total_seconds() <= told <= 31
    oldest.at = timezone.now() - WINDOW
    oldest.save()
    assert basic("salah").status_code == 401
    assert not LoginFailure.objects.filter(pk=oldest.pk).exists()
    assert basic("salah").status_code == 429


def test_names_and_addresses_are_counted_apart(settings: Settings) -> None:
    for _ in range(LIMIT):
        basic("salah")
    assert basic("salah", "lain").status_code == 401
    assert basic("benar", REMOTE_ADDR="192.0.2.1").status_code == 200
    assert basic("benar", HTTP_X_FORWARDED_FOR="192.0.2.1").status_code == 429, "no proxy wrote that"
    settings.PROXIES = 1
    assert basic("benar", HTTP_X_FORWARDED_FOR="127.0.0.1, 192.0.2.1").status_code == 200
    assert basic("benar", HTTP_X_FORWARDED_FOR="192.0.2.1, 127.0.0.1").status_code == 429
    assert basic("benar").status_code == 429


def test_no_name_is_kept() -> None:
    basic("salah")
    assert "petugas" not in str(LoginFailure.objects.values().get())


@pytest.mark.parametrize(
    ("method", "address"),
    [("GET", "/oapi/jobs"), ("OPTIONS", "/oapi/collections/markets/items"), ("GET", "/api/v1/markets/")],
)
def test_a_name_with_a_nul_is_nobodys(method: str, address: str) -> None:
    credentials = b64encode(b"petugas\0:benar").decode()
    answer = Client().generic(method, address, headers={"authorization": f"Basic {credentials}"})
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")


def test_a_new_password_ends_the_token_that_came_of_the_old_one(settings: Settings) -> None:
    key = token("benar").json()["token"]

    def status() -> int:
        return Client().get("/api/v1/markets/1/history/", headers={"authorization": f"Token {key}"}).status_code

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher", *settings.PASSWORD_HASHERS]
    assert basic("benar").status_code == 200, "the same password, stored by another hash"
    assert status() == 404
    browser = Client()
    browser.force_login(User.objects.get())
    changed = {"old_password": "benar", "new_password1": "lebih-benar-9", "new_password2": "lebih-benar-9"}
    assert browser.post("/admin/password_change/", changed)["Location"] == "/admin/password_change/done/"
    assert status() == 401
    assert token("lebih-benar-9").json()["token"] != key


ELSEWHERE = {"origin": "https://evil.example"}


@pytest.fixture
def renamed(feature_make: FeatureMake) -> Feature:
    feature = feature_make(layer_get("markets"))
    feature.name = "Baru"
    feature.save()
    return feature


def signed(method: str, address: str, type: str = "", body: str = "", **headers: str) -> Any:
    credentials = b64encode(b"petugas:benar").decode()
    sent = {"authorization": f"Basic {credentials}", "accept-language": "en", **headers}
    return Client().generic(method, address, body, headers=sent, CONTENT_TYPE=type)


def restored(feature: Feature, type: str, **headers: str) -> Any:
    address = f"/api/v1/markets/{feature.pk}/history/"
    edit = signed("GET", address).json()["edits"][0]["id"]
    return signed("POST", f"{address}{edit}/restore/", type, **headers)


@pytest.mark.parametrize("type", [*FORMS, "Text/Plain; charset=utf-8"])
@pytest.mark.parametrize(
    "headers",
    [ELSEWHERE, {"origin": "null"}, {"origin": "https://testserver"}, {"sec-fetch-site": "cross-site"}],
)
def test_a_form_of_another_site_changes_nothing(renamed: Feature, type: str, headers: dict[str, str]) -> None:
    answer = restored(renamed, type, **headers)
    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
    assert answer.json()["detail"] == "A request that comes from another site needs Content-Type: application/json."
    renamed.refresh_from_db()
    assert renamed.name == "Baru"


@pytest.mark.parametrize(
    ("type", "headers"),
    [
        ("", {}),
        ("application/x-www-form-urlencoded", {}),
        ("application/x-www-form-urlencoded", {"origin": "http://testserver", "sec-fetch-site": "same-origin"}),
        ("", {"origin": "https://geoportal.example"}),
        ("application/json", ELSEWHERE),
    ],
)
def test_other_requests_go_on(renamed: Feature, settings: Settings, type: str, headers: dict[str, str]) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://geoportal.example"]
    assert restored(renamed, type, **headers).status_code == 200


def test_a_map_elsewhere_may_delete(renamed: Feature) -> None:
    address = f"/api/v1/markets/{renamed.pk}/"
    assert signed("DELETE", address, "", **ELSEWHERE).status_code == 204


@pytest.mark.parametrize(
    ("address", "status"), [("collections/markets/items", 403), ("processes/impact/execution", 415)]
)
def test_the_ogc_api_refuses_such_forms_too(address: str, status: int) -> None:
    answer = signed("POST", f"/oapi/{address}", "text/plain", '{"inputs": {}}', prefer="respond-async", **ELSEWHERE)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
