"""QGIS itself reads the layers, and what it asks for on the way; skipped where python3-qgis is not installed.

Debian's QGIS 3.22 knows no CQL2, no other CRS and no editing: test_qgis_requests.py and test_qgis_editing.py send
what QGIS 3.40 sends.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from conftest import FeatureMake, place, values_make
from django.contrib.gis.geos import Point
from django.core.signals import request_started

from layers.catalog import Layer, layer_get, layers

PYTHON = "/usr/bin/python3"


def has_qgis() -> bool:
    try:
        return subprocess.run([PYTHON, "-c", "import qgis.core"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not has_qgis(), reason="QGIS is missing (package python3-qgis)"),
]

Request = tuple[str, dict[str, str]]
"""The path below ``/oapi`` and the query parameters."""


@pytest.fixture
def requests() -> Iterator[list[Request]]:
    """What reaches the portal."""
    received: list[Request] = []

    def record(environ: dict[str, str], **_: Any) -> None:
        params = parse_qs(environ["QUERY_STRING"])
        received.append((environ["PATH_INFO"].removeprefix("/oapi"), {name: one for name, (one,) in params.items()}))

    request_started.connect(record)
    yield received
    request_started.disconnect(record)


class Qgis:
    def __init__(self, url: str, home: Path) -> None:
        self.url, self.home = f"{url}/oapi", home

    def uri(self, layer: Layer, more: str = "") -> str:
        return f"{more} url='{self.url}' typename='{layer.id}'"

    def open(self, *asked: dict[str, Any]) -> list[dict[str, Any]]:
        """What QGIS sees of each, in one run of it; see qgis_open.py."""
        environment = {"QT_QPA_PLATFORM": "offscreen", "HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.home)}
        run = subprocess.run(
            [PYTHON, str(Path(__file__).with_name("qgis_open.py")), json.dumps(asked)],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        seen: list[dict[str, Any]] = json.loads(run.stdout.splitlines()[-1])
        for one in seen:
            assert one["valid"], one["error"]
        return seen


@pytest.fixture
def qgis(live_server: Any, tmp_path: Path) -> Qgis:
    return Qgis(live_server.url, tmp_path)


def codes(seen: dict[str, Any]) -> list[str]:
    return [feature["properties"]["code"] for feature in seen["features"]]


def test_qgis_opens_every_layer(qgis: Qgis, requests: list[Request], feature_make: FeatureMake) -> None:
    made = {layer.id: [feature_make(layer, number) for number in range(1, 13)] for layer in layers()}
    seen = qgis.open(*({"uri": qgis.uri(layer)} for layer in layers()))
    for layer, found in zip(layers(), seen, strict=True):
        assert list(found["fields"])[-len(layer.properties) :] == [known.name for known in layer.properties]
        assert (found["count"], found["geometry"], found["crs"]) == (12, layer.geometry_type, "EPSG:4326")
        assert [
            (feature["properties"]["code"], feature["properties"]["name"], feature["geometry"]["coordinates"])
            for feature in found["features"]
        ] == [(one.code, one.name, json.loads(one.geom.geojson)["coordinates"]) for one in made[layer.id]]
        path = f"/collections/{layer.id}"
        assert [request for request in requests if request[0].startswith(path)] == [
            (path, {}),
            (f"{path}/items", {"limit": "10"}),
            (f"{path}/items", {"limit": "1000"}),
        ]
    assert requests[:2] == [("", {}), ("/openapi", {})]


def test_qgis_knows_the_types_of_fields(qgis: Qgis, feature_make: FeatureMake) -> None:
    given = {"kiosks": 12, "operating_days": ["senin", "rabu"], "opens_at": "05:00", "sni_certified": True}
    feature_make(layer_get("markets"), observed_at="2026-11-21T08:00:00+08:00", **given)
    feature_make(layer_get("disaster_zones"), value_min=0.5, unit="m")
    market, zone = (qgis.open({"uri": qgis.uri(layer_get(id))})[0] for id in ("markets", "disaster_zones"))
    types = market["fields"] | {"value_min": zone["fields"]["value_min"]}
    assert {name: types[name] for name in [*given, "code", "observed_at", "value_min"]} == {
        "kiosks": "Integer",
        "operating_days": "StringList",
        "opens_at": "Time",
        "sni_certified": "Boolean",
        "code": "String",
        "observed_at": "DateTime",
        "value_min": "Real",
    }
    (feature,) = market["features"]
    assert feature["properties"] == feature["properties"] | given | {
        "opens_at": "05:00:00.000",
        "observed_at": "2026-11-21T00:00:00.000",
        "los": None,
    }


def test_qgis_pages_in_thousands(qgis: Qgis, requests: list[Request]) -> None:
    layer = layer_get("markets")
    layer.model._default_manager.bulk_create(
        layer.model(geom=Point(116 + number / 10_000, -8.58, srid=4326), **values_make(layer, number))
        for number in range(1, 2_601)
    )
    (seen,) = qgis.open({"uri": qgis.uri(layer)})
    assert seen["count"] == 2_600
    assert codes(seen) == [f"T-{number:04}" for number in range(1, 2_601)]
    pages = [params for path, params in requests if path.endswith("/items")]
    assert [page["limit"] for page in pages] == ["10", "1000", "1000", "1000"]
    assert ["next" in page for page in pages] == [False, False, True, True]


def test_qgis_asks_for_what_it_shows(qgis: Qgis, requests: list[Request], feature_make: FeatureMake) -> None:
    layer = layer_get("markets")
    for number in range(1, 6):
        feature_make(layer, number, geom=place(layer, 116 + number / 100, -8.58))
    uri = qgis.uri(layer, "restrictToRequestBBOX='1'")
    (seen,) = qgis.open({"uri": uri, "rect": [116.0175, -8.625, 116.0325, -8.5]})
    assert codes(seen) == ["T-0002", "T-0003"]
    assert [float(bound) for bound in requests[-1][1]["bbox"].split(",")] == [116.0175, -8.625, 116.0325, -8.5]


def test_qgis_sends_its_filter_by_time(qgis: Qgis, requests: list[Request], feature_make: FeatureMake) -> None:
    layer = layer_get("markets")
    for day in range(1, 6):
        feature_make(layer, day, observed_at=f"2026-11-0{day}T08:00:00+08:00")
    subset = "observed_at >= '2026-11-02T00:00:00Z' AND observed_at <= '2026-11-04T00:00:00Z'"
    (seen,) = qgis.open({"uri": qgis.uri(layer), "subset": subset})
    assert codes(seen) == ["T-0002", "T-0003", "T-0004"]
    assert requests[-1][1] == {"limit": "1000", "datetime": "2026-11-02T00:00:00Z/2026-11-04T00:00:00Z"}


def test_qgis_reads_quotes_and_backslashes(qgis: Qgis, feature_make: FeatureMake) -> None:
    names = ['Pasar "Baru"', '"', "ends in \\", "\\", 'C:\\pasar\\"x"', "\\u0022", "O'Brien\n\t€", "\\\\\\"]
    for number, name in enumerate(names, 1):
        feature_make(layer_get("markets"), number, name=name)
    (seen,) = qgis.open({"uri": qgis.uri(layer_get("markets"))})
    assert [feature["properties"]["name"] for feature in seen["features"]] == names
