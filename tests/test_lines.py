"""A further layer of lines, as docs/architecture.md has it made: none that is shipped has any."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import values_make
from django.contrib.gis.db import models
from django.db import connection
from django.test.utils import isolate_apps
from mvt import mvt_read

from layers.catalog import Layer, layer_get
from layers.exports.writer import WRITERS, layer_export
from layers.importers.importer import layer_import
from layers.models import PlacedFeature
from layers.query import stamps
from layers.query.params import FeatureQuery
from layers.query.tiles import DETAILS, Detail, Tile, tile_fetch
from layers.rest.serializers import serializer_for
from layers.styles import images
from layers.styles.legend import legend
from layers.styles.maplibre import drawing_order, style
from layers.styles.sld import sld

THERE = [[116.08, -8.58], [116.1, -8.575], [116.13, -8.58]]
BACK = THERE[::-1]


@pytest.fixture
def routes(db: None, monkeypatch: pytest.MonkeyPatch) -> Layer:
    """An empty layer of lines, which the catalogue does not list."""
    with isolate_apps("layers"):

        class Route(PlacedFeature):
            geom = models.MultiLineStringField(srid=4326)

            class Meta(PlacedFeature.Meta):
                app_label = "layers"

    names = {field.name for field in Route._meta.fields}
    markets = layer_get("markets")
    properties = tuple(known for known in markets.properties if known.name in names)
    layer = replace(markets, id="routes", model=Route, properties=properties)
    with connection.schema_editor() as editor:
        editor.create_model(Route)
    monkeypatch.setattr(stamps, "layers", lambda: (layer,))
    stamps.stamps_attach()
    return layer


@pytest.fixture
def file(routes: Layer, tmp_path: Path) -> Path:
    """A route out, another one back in two parts."""
    lines = {"LineString": THERE, "MultiLineString": [BACK[:2], BACK[1:]]}
    features = [
        {"type": "Feature", "properties": values_make(routes, n), "geometry": {"type": type, "coordinates": line}}
        for n, (type, line) in enumerate(lines.items(), 1)
    ]
    path = tmp_path / "jalur.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def stored(layer: Layer) -> list[object]:
    return [json.loads(route.geom.json)["coordinates"] for route in layer.model._default_manager.order_by("code")]


def test_lines_run_as_they_were_drawn_however_often_they_are_written(routes: Layer, file: Path) -> None:
    assert layer_import(routes, file).created == 2
    assert stored(routes) == [[THERE], [BACK[:2], BACK[1:]]]
    assert layer_import(routes, file).unchanged == 2
    routes.model._default_manager.update(name="Jalur")
    assert stored(routes) == [[THERE], [BACK[:2], BACK[1:]]]


@pytest.mark.parametrize("ending", WRITERS)
def test_lines_that_come_back_change_nothing(routes: Layer, file: Path, tmp_path: Path, ending: str) -> None:
    layer_import(routes, file)
    assert layer_export(routes, tmp_path / f"keluar{ending}") == 2
    assert layer_import(routes, tmp_path / f"keluar{ending}").unchanged == 2


@pytest.mark.parametrize("detail", DETAILS, ids=str)
def test_a_tile_shows_lines_or_how_many(
    routes: Layer, file: Path, detail: Detail, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer_import(routes, file)
    monkeypatch.setattr("layers.query.tiles.DETAILS", (detail,))
    tile = Tile.parse("WebMercatorQuad", "8", "134", "210")
    shown = mvt_read(tile_fetch([(routes, FeatureQuery(limit=1))], tile, labels=True).mvt)
    types = {drawn.geometry.geom_type for drawn in shown["routes"]}
    assert types == ({"MultiLineString"} if detail.whole else {"Point"})
    assert {drawn.geometry.geom_type for drawn in shown.get("routes-labels", [])} == (
        {"Point"} if detail.whole else set()
    )


def test_lines_are_drawn_as_lines_between_areas_and_points(routes: Layer) -> None:
    zones, markets = layer_get("disaster_zones"), layer_get("markets")
    assert drawing_order([markets, routes, zones]) == [zones, routes, markets]
    drawn = {part["type"] for part in style("", [routes], "", "")["layers"] if part["id"].startswith("routes-")}
    assert drawn == {"line", "circle", "symbol"}
    assert b"LineSymbolizer" in sld([routes], str)
    typed = replace(routes, properties=(*routes.properties, *(p for p in markets.properties if p.name == "type")))
    entries = legend(typed)
    assert {entry["symbol"] for entry in entries} == {"line"}
    assert all("stroke=" in (images.image(entry["image"]) or "") for entry in entries)
    assert sld([typed], str).count(b"LineSymbolizer>") == 2 * len(entries)


def test_rest_takes_a_line_and_shows_one_to_who_sends_none(routes: Layer) -> None:
    body = {"type": "Feature", "properties": values_make(routes)}
    assert serializer_for(routes)(data=body | {"geometry": {"type": "LineString", "coordinates": THERE}}).is_valid()
    refused = serializer_for(routes)(data=body | {"geometry": {"type": "LineString"}})
    assert not refused.is_valid()
    assert '"coordinates": [[116.1, -8.58], [116.11, -8.57]]' in str(refused.errors)
