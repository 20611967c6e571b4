"""QGIS itself reads and edits the layers, and what it asks for on the way; skipped where python3-qgis is missing.

QGIS 3.22, of Debian 12, knows no CQL2, no other CRS and no editing; there, test_qgis_requests.py and
test_qgis_editing.py send what QGIS 3.40 sends. Debian 13 has that one, and here it does so itself.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from conftest import FeatureMake, feature_body, place, values_make
from django.contrib.auth.models import User
from django.contrib.gis.geos import Point
from django.core.signals import request_started
from editors import PASSWORD, near

from layers.catalog import Layer, layer_get, layers

PYTHON = "/usr/bin/python3"


def version_find() -> int:
    """34006 of QGIS 3.40.6; 0 where there is none."""
    ask = "from qgis.core import Qgis; print(Qgis.versionInt())"
    try:
        return int(subprocess.run([PYTHON, "-c", ask], capture_output=True, check=False).stdout or 0)
    except OSError:
        return 0


VERSION = version_find()
IS_EDITOR = VERSION >= 3_40_00
"""Whether it is a QGIS that edits, takes other CRS and sends its filters as CQL2."""

READS_SCHEMA = VERSION >= 3_44_00
"""Whether it has the fields from ``/schema``, instead of guessing them from ten items."""

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not VERSION, reason="QGIS is missing (package python3-qgis)"),
]
editor = pytest.mark.skipif(not IS_EDITOR, reason="this QGIS is older than 3.40")

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
        seen: list[dict[str, Any]] = self._run("qgis_open.py", asked)
        for one in seen:
            assert one["valid"], one["error"]
        return seen

    def edit(self, layer: Layer, more: str = "", **asked: Any) -> dict[str, Any]:
        """What came of the edits of a layer; see qgis_edit.py."""
        told: dict[str, Any] = self._run("qgis_edit.py", {"uri": self.uri(layer, more), **asked})
        return told

    def _run(self, script: str, asked: Any) -> Any:
        environment = {"QT_QPA_PLATFORM": "offscreen", "HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.home)}
        run = subprocess.run(
            [PYTHON, str(Path(__file__).with_name(script)), json.dumps(asked)],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout.splitlines()[-1])


@pytest.fixture
def qgis(live_server: Any, tmp_path: Path) -> Qgis:
    return Qgis(live_server.url, tmp_path)


def codes(seen: dict[str, Any]) -> list[str]:
    return [feature["properties"]["code"] for feature in seen["features"]]


def pages(requests: list[Request], layer: Layer) -> list[dict[str, str]]:
    """The parameters of the pages that were asked for, without the first look that tells the fields and the count."""
    asked = [params for path, params in requests if path == f"/collections/{layer.id}/items"]
    return [params for params in asked if params.get("limit") == "1000"]


def test_qgis_opens_every_layer(qgis: Qgis, requests: list[Request], feature_make: FeatureMake) -> None:
    made = {layer.id: [feature_make(layer, number) for number in range(1, 13)] for layer in layers()}
    seen = qgis.open(*({"uri": qgis.uri(layer)} for layer in layers()))
    for layer, found in zip(layers(), seen, strict=True):
        assert list(found["fields"])[-len(layer.properties) :] == [known.name for known in layer.properties]
        assert (found["count"], found["geometry"]) == (12, layer.geometry_type)
        assert found["crs"] == ("OGC:CRS84" if IS_EDITOR else "EPSG:4326")
        assert [
            (feature["properties"]["code"], feature["properties"]["name"], feature["geometry"]["coordinates"])
            for feature in found["features"]
        ] == [(one.code, one.name, json.loads(one.geom.geojson)["coordinates"]) for one in made[layer.id]]
        assert pages(requests, layer) == [{"limit": "1000"}]
    assert requests[:2] == [("", {}), ("/openapi", {})]


def test_qgis_knows_the_types_of_fields(qgis: Qgis, feature_make: FeatureMake) -> None:
    given = {"kiosks": 12, "operating_days": ["senin", "rabu"], "opens_at": "05:00", "sni_certified": True}
    feature_make(layer_get("markets"), observed_at="2026-11-21T08:00:00+08:00", **given)
    feature_make(layer_get("disaster_zones"), value_min=0.5, unit="m")
    market, zone = (qgis.open({"uri": qgis.uri(layer_get(id))})[0] for id in ("markets", "disaster_zones"))
    types = market["fields"] | {"value_min": zone["fields"]["value_min"]}
    assert {name: types[name] for name in [*given, "code", "observed_at", "value_min"]} == {
        "kiosks": "qlonglong" if READS_SCHEMA else "int",
        "operating_days": "QVariantList" if READS_SCHEMA else "QStringList",
        "opens_at": "QString" if READS_SCHEMA else "QTime",
        "sni_certified": "bool",
        "code": "QString",
        "observed_at": "QDateTime",
        "value_min": "double",
    }
    assert (market["aliases"]["opens_at"], zone["aliases"]["value_min"]) == (
        ("opens at", "lowest value") if READS_SCHEMA else ("", "")
    )
    (feature,) = market["features"]
    assert feature["properties"] == feature["properties"] | given | {
        "opens_at": "05:00:00.000",
        "observed_at": "2026-11-21T00:00:00.000" + ("Z" if IS_EDITOR else ""),
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
    assert ["next" in page for page in pages(requests, layer)] == [False, True, True]


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
    cql = "(({0} >= TIMESTAMP('2026-11-02T00:00:00.000Z')) AND ({0} <= TIMESTAMP('2026-11-04T00:00:00.000Z')))"
    as_cql2 = {"filter": cql.format('"observed_at"'), "filter-lang": "cql2-text"}
    as_datetime = {"datetime": "2026-11-02T00:00:00Z/2026-11-04T00:00:00Z"}
    assert requests[-1][1] == {"limit": "1000"} | (as_cql2 if IS_EDITOR else as_datetime)


@editor
@pytest.mark.parametrize(
    ("subset", "cql", "found"),
    [
        ("kiosks > 2 AND name LIKE 'Pasar%'", "((kiosks > 2) AND (name LIKE 'Pasar%'))", ["T-0003"]),
        ("NOT kiosks BETWEEN 2 AND 3", "(NOT (kiosks BETWEEN 2 AND 3))", ["T-0001", "T-0004"]),
        ("address IS NULL", "(address IS NULL)", []),
        ("sni_certified", '"sni_certified"', ["T-0002", "T-0004"]),
        ("opens_at > '05:30'", "(\"opens_at\" > '05:30')", ["T-0004"]),
    ],
)
def test_qgis_sends_its_filters(
    qgis: Qgis, requests: list[Request], feature_make: FeatureMake, subset: str, cql: str, found: list[str]
) -> None:
    layer = layer_get("markets")
    for number in range(1, 5):
        given = {
            "kiosks": number,
            "sni_certified": number % 2 == 0,
            "opens_at": f"0{number + 2}:00",
            "address": "Jalan",
        }
        feature_make(layer, number, name=f"{'Kios' if number == 4 else 'Pasar'} {number}", **given)
    (seen,) = qgis.open({"uri": qgis.uri(layer), "subset": subset})
    assert codes(seen) == found
    assert requests[-1][1] == {"limit": "1000", "filter": cql, "filter-lang": "cql2-text"}


@editor
def test_qgis_edits_every_layer(
    qgis: Qgis, feature_make: FeatureMake, officer_with: Callable[..., User], layer: Layer
) -> None:
    one, two, three, four = (feature_make(layer, number) for number in (1, 2, 3, 4))
    there = place(layer, 116.123456, -8.6)
    added = feature_body(layer, 5)["properties"]
    told = qgis.edit(
        layer,
        user=[officer_with(layer, "add", "change", "delete").username, PASSWORD],
        adds=[[added, there.wkt]],
        changes={one.code: {"name": "Satu"}, four.code: {"name": "Empat", "source": "QGIS"}},
        moves={two.code: there.wkt, four.code: there.wkt},
        deletes=[three.code],
    )
    assert told["committed"], told["errors"]
    rows = layer.model._default_manager.order_by("pk")
    assert [(row.code, row.name) for row in rows] == [
        (one.code, "Satu"),
        (two.code, two.name),
        (four.code, "Empat"),
        (added["code"], added["name"]),
    ]
    assert [near(row.geom, there) for row in rows] == [False, True, True, True]
    assert told["seen"] == {row.code: row.name for row in rows}


@editor
def test_qgis_edits_in_metres(qgis: Qgis, feature_make: FeatureMake, officer_with: Callable[..., User]) -> None:
    layer = layer_get("markets")
    feature = feature_make(layer)
    there = place(layer, 116.2, -8.6)
    user = [officer_with(layer, "add", "change").username, PASSWORD]
    wkt = there.transform(32750, clone=True).wkt
    told = qgis.edit(layer, "srsname='EPSG:32750'", user=user, moves={feature.code: wkt})
    assert told["committed"], told["errors"]
    feature.refresh_from_db()
    assert near(feature.geom, there)


@editor
def test_qgis_is_told_what_it_may_not(qgis: Qgis, feature_make: FeatureMake, officer_with: Callable[..., User]) -> None:
    layer = layer_get("markets")
    feature = feature_make(layer)
    nobody = qgis.edit(layer, changes={feature.code: {"name": "Lain"}})
    assert not nobody["begun"]
    user = [officer_with(layer, "add", "change").username, PASSWORD]
    wrong = qgis.edit(layer, user=user, changes={feature.code: {"name": ""}})
    assert "Delete Features" not in wrong["may"]
    assert wrong["begun"]
    assert not wrong["committed"]
    assert list(layer.model._default_manager.values_list("name", flat=True)) == [feature.name]


def test_qgis_reads_quotes_and_backslashes(qgis: Qgis, feature_make: FeatureMake) -> None:
    names = ['Pasar "Baru"', '"', "ends in \\", "\\", 'C:\\pasar\\"x"', "\\u0022", "O'Brien\n\t€", "\\\\\\"]
    for number, name in enumerate(names, 1):
        feature_make(layer_get("markets"), number, name=name)
    (seen,) = qgis.open({"uri": qgis.uri(layer_get("markets"))})
    assert [feature["properties"]["name"] for feature in seen["features"]] == names
