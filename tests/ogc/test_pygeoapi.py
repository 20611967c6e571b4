"""pygeoapi itself takes the configuration unchanged and answers the same features."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import yaml
from conftest import FeatureMake
from django.conf import settings
from django.db import connection
from django.test import Client
from processes import port_free, running
from pygeoapi.openapi import validate_openapi_document

from layers.catalog import Layer, layer_get, layers

PYGEOAPI = Path(sys.executable).with_name("pygeoapi")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What pygeoapi needs to know, with the database of this test."""
    known = connection.settings_dict
    url = f"postgresql://{known['USER']}:{known['PASSWORD']}@{known['HOST']}:{known['PORT']}/{known['NAME']}"
    return os.environ | {
        "DATABASE_URL": url,
        "PYGEOAPI_CONFIG": str(settings.GEOPORTAL_CONFIG),
        "PYGEOAPI_OPENAPI": str(tmp_path / "openapi.yml"),
        "PYTHONPATH": str(settings.BASE_DIR),
    }


def pygeoapi(*args: str, environment: dict[str, str]) -> str:
    run = subprocess.run([PYGEOAPI, *args], env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_pygeoapi_validates_the_configuration(environment: dict[str, str]) -> None:
    assert "Valid configuration" in pygeoapi(
        "config", "validate", "-c", environment["PYGEOAPI_CONFIG"], environment=environment
    )


@pytest.fixture
def served(environment: dict[str, str], feature_make: FeatureMake) -> Iterator[str]:
    """The address of ``pygeoapi serve`` over three features in each layer."""
    for layer in layers():
        for number in range(1, 4):
            feature_make(layer, number)
    openapi = environment["PYGEOAPI_OPENAPI"]
    pygeoapi("openapi", "generate", environment["PYGEOAPI_CONFIG"], "-of", openapi, environment=environment)
    validate_openapi_document(yaml.safe_load(Path(openapi).read_text()))
    port = port_free()
    start = "from pygeoapi.flask_app import APP; APP.run('127.0.0.1', {})"
    with running([sys.executable, "-c", start.format(port)], port, **environment):
        yield f"http://127.0.0.1:{port}"


def ask(url: str) -> Any:
    with urlopen(url) as answer:
        return json.loads(answer.read())


@pytest.mark.django_db(transaction=True)
def test_pygeoapi_serves_the_same_features(served: str, client: Client) -> None:
    for layer in layers():
        for query in ("limit=2", "offset=1&sortby=-code", "q=name", "bbox=116,-9,117,-8&datetime=2020-01-01/.."):
            path = f"/collections/{layer.id}/items?f=json&{query}"
            ours, theirs = client.get(f"/oapi{path}").json(), ask(served + path)
            assert ours["features"] == theirs["features"], path
            assert ours["numberMatched"] == theirs["numberMatched"]
        feature = (
            ours["features"][0]
            if ours["features"]
            else client.get(f"/oapi/collections/{layer.id}/items").json()["features"][0]
        )
        path = f"/collections/{layer.id}/items/{feature['id']}?f=json"
        assert ask(served + path)["properties"] == feature["properties"]


def test_the_provider_fills_its_pages_whatever_room_one_has(
    feature_make: FeatureMake, monkeypatch: pytest.MonkeyPatch
) -> None:
    from layers.ogc.features import FeatureProvider

    provider = FeatureProvider({"name": "x", "type": "feature", "data": "layers.DisasterZone"})
    ids = [feature_make(layer_get("disaster_zones"), number).pk for number in range(7)]
    monkeypatch.setattr("layers.query.features.PAGE_BYTES", 1)
    found = provider.query(offset=1, limit=4)
    assert [feature["id"] for feature in found["features"]] == ids[1:5]
    assert (found["numberReturned"], found["numberMatched"]) == (4, 7)
    assert len(provider.query(offset=0, limit=10)["features"]) == 7


def test_the_provider_knows_every_property(layer: Layer) -> None:
    from layers.ogc.features import FeatureProvider

    provider = FeatureProvider({"name": "x", "type": "feature", "data": layer.model._meta.label})
    assert list(provider.fields) == [known.name for known in layer.properties]
