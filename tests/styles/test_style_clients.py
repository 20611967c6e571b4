"""Those who draw take the styles as they are: MapLibre GL JS in Chromium, and QGIS."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import FeatureMake
from django.conf import settings
from django.templatetags.static import static
from django.test import Client
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from layers.catalog import layers

LIBRARY = static("vendor/maplibre-gl/dist/maplibre-gl.mjs")
DRAW = """async ([style, library]) => {
    document.body.innerHTML = '<div id="map" style="width: 600px; height: 400px"></div>';
    const maplibre = await import(library);
    const faults = [];
    const map = new maplibre.Map({ container: "map", style, center: [116.1, -8.58], zoom: 14 });
    map.on("error", event => faults.push(String(event.error)));
    map.on("styleimagemissing", event => faults.push(`no image ${event.id}`));
    setTimeout(() => map.fire("idle"), 60000);
    await new Promise(resolve => map.once("idle", resolve));
    if (!map.loaded()) faults.push("not loaded after 60 s");
    const drawn = [...new Set(map.queryRenderedFeatures().map(one => one.layer.id))];
    map.remove();
    return { faults, drawn };
}"""
PYTHON, QGIS = "/usr/bin/python3", Path("/usr/lib/python3/dist-packages/qgis")


@pytest.fixture
def page(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    context = browser.new_context(base_url=live_server.url)
    yield context.new_page()
    context.close()


@pytest.mark.django_db(transaction=True)
def test_maplibre_draws_every_layer_without_a_fault(
    page: Page, live_server: LiveServer, feature_make: FeatureMake
) -> None:
    """MapLibre holds each style against its specification when it loads it, and tells what does not fit."""
    for number, layer in enumerate(layers(), 1):
        feature_make(layer, number)
    page.goto("/oapi/conformance?f=json")
    for id in ("map", *(layer.id for layer in layers())):
        told = page.evaluate(DRAW, [f"{live_server.url}/oapi/styles/{id}", LIBRARY])
        assert told["faults"] == []
        drawn = {name.partition("-")[0] for name in told["drawn"]} - {"background"}
        assert drawn == ({layer.id for layer in layers()} if id == "map" else {id})


@pytest.mark.skipif(not QGIS.exists(), reason="QGIS is missing (package python3-qgis)")
def test_qgis_takes_styles_and_slds(client: Client, tmp_path: Path) -> None:
    files = {f"sprite@2x.{ending}": f"sprite@2x.{ending}" for ending in ("json", "png")}
    for layer in layers():
        files |= {f"{layer.id}.json": layer.id, f"{layer.id}.sld": f"{layer.id}?f=sld"}
        shutil.copy(settings.BASE_DIR / f"fixtures/{layer.id}.geojson", tmp_path)
    for file, address in files.items():
        (tmp_path / file).write_bytes(client.get(f"/oapi/styles/{address}").content)
    run = subprocess.run(
        [PYTHON, str(Path(__file__).with_name("qgis_style.py")), str(tmp_path)],
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    seen = json.loads(run.stdout.splitlines()[-1])
    assert seen.keys() == {layer.id for layer in layers()}
    for id, told in seen.items():
        assert told["error"] == ""
        # QGIS 3.22 takes no step, so that all circles are of one size, and replaces a font that nobody named.
        warnings = {said for said in told["warnings"] if "Referenced font" not in said}
        assert warnings <= {f"{id}-cluster: Skipping unsupported expression"}
        style = json.loads((tmp_path / f"{id}.json").read_text())
        assert told["drawn"] == {part["id"]: part.get("source-layer", "background") for part in style["layers"]}
        assert len(told["rules"]) == (tmp_path / f"{id}.sld").read_text().count("<se:Rule>")
