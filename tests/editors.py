"""Those who may edit, and how they edit items at the OGC door: with the media types and addresses they use."""

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.gis.geos import GEOSGeometry
from django.http import HttpResponse
from django.test import Client
from pytest_django.fixtures import Settings

from layers.catalog import Layer
from layers.models import Feature

GEOJSON = "application/geo+json"
MERGE = "application/merge-patch+json"
PASSWORD = "rahasia-sekali"


def address(layer: Layer, feature: Feature | int | None = None) -> str:
    id = feature.pk if isinstance(feature, Feature) else feature
    return f"/oapi/collections/{layer.id}/items" + ("" if id is None else f"/{id}")


class Editor:
    """A client that reads English and sends its credentials with every request, as QGIS does."""

    def __init__(self, user: User | None = None, password: str = PASSWORD) -> None:
        self.client = Client(headers={"accept-language": "en"})
        credentials = b64encode(f"{user.username}:{password}".encode()).decode() if user else ""
        self.headers = {"authorization": f"Basic {credentials}"} if user else {}

    def __call__(
        self, method: str, path: str, body: Any = None, media_type: str = GEOJSON, **headers: str
    ) -> HttpResponse:
        sent = body if isinstance(body, str | bytes) else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer: Any = self.client.generic(method, path, sent, media_type, headers=self.headers | named)
        return answer  # type: ignore[no-any-return]


@pytest.fixture
def officer_with(db: None, settings: Settings) -> Callable[..., User]:
    """A user with permissions on a layer: ``officer_with(layer, "add", "change")``."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

    def make(layer: Layer, *actions: str) -> User:
        user = User.objects.create_user("petugas", password=PASSWORD)
        names = [f"{action}_{layer.model._meta.model_name}" for action in actions]
        user.user_permissions.set(Permission.objects.filter(codename__in=names))
        return user

    return make


@pytest.fixture
def editor_with(officer_with: Callable[..., User]) -> Callable[..., Editor]:
    """An editor with permissions on a layer: ``editor_with(layer, "add", "change")``."""
    return lambda layer, *actions: Editor(officer_with(layer, *actions))


@pytest.fixture
def editor(editor_with: Callable[..., Editor], layer: Layer) -> Editor:
    """One who may do everything with the layer."""
    return editor_with(layer, "add", "change", "delete")


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    document: dict[str, Any] = answer.json()
    assert document["status"] == status
    return document


def near(one: GEOSGeometry, other: GEOSGeometry) -> bool:
    """Within a millimetre of each other, whichever vertex comes first."""
    one.normalize()
    other.normalize()
    return bool(one.equals_exact(other, 1e-8))
