"""The journal names who changed a feature, at REST and in the admin."""

import json
from collections.abc import Callable

import pytest
from conftest import FeatureMake, feature_body
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from layers.catalog import Layer, layer_get


@pytest.fixture
def actors(transactional_db: None) -> Callable[[Layer], list[str]]:
    """Kind of change and actor of each edit of a layer; every request is a transaction of its own."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE journal.edit, journal.change")

    def read(layer: Layer) -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT op::text, actor FROM journal.edit WHERE layer = %s ORDER BY id", [layer.id])
            return [" ".join(row) for row in cursor.fetchall()]

    return read


def test_rest(actors: Callable[[Layer], list[str]], writer: APIClient, layer: Layer) -> None:
    address = writer.post(f"/api/v1/{layer.id}/", feature_body(layer), format="json")["Location"]
    writer.put(address, feature_body(layer, name="Ganti"), format="json")
    writer.patch(address, {"type": "Feature", "properties": {"name": "Baru"}}, format="json")
    writer.delete(address)
    assert actors(layer) == ["I petugas", "U petugas", "U petugas", "D petugas"]


def test_admin(actors: Callable[[Layer], list[str]], feature_make: FeatureMake) -> None:
    layer = layer_get("markets")
    client = Client()
    client.force_login(User.objects.create_superuser("pengelola"))
    body = feature_body(layer)
    client.post("/admin/layers/market/add/", body["properties"] | {"geom": json.dumps(body["geometry"])})
    feature = layer.model.objects.get()
    client.post(f"/admin/layers/market/{feature.pk}/delete/", {"post": "yes"})
    chosen = feature_make(layer, 2).pk
    action = {"action": "delete_selected", "_selected_action": [chosen], "post": "yes"}
    client.post("/admin/layers/market/", action)
    assert not layer.model.objects.exists()
    database_user = connection.settings_dict["USER"]
    assert actors(layer) == ["I pengelola", "D pengelola", f"I {database_user}", "D pengelola"]
