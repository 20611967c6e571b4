"""GDAL reads every layer, by its driver OAPIF, and every raster, by its driver OGCAPI; OWSLib reads the layers."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from conftest import FeatureMake, place
from owslib.ogcapi.features import Features
from rasterio.io import DatasetReader
from rasterio.transform import from_origin
from rasters import NORTH, WEST, raster_make

from layers.catalog import Layer, layer_get, layers

pytestmark = pytest.mark.django_db(transaction=True)

needs_gdal = pytest.mark.skipif(not shutil.which("ogrinfo"), reason="ogrinfo is missing (package gdal-bin)")


@pytest.fixture
def portal(live_server: Any, feature_make: FeatureMake) -> str:
    """The address of an OGC API with five features in each layer."""
    for layer in layers():
        for number in range(1, 6):
            feature_make(layer, number, geom=place(layer, 116.05 + number / 50, -8.58))
    return f"{live_server.url}/oapi"


def ogrinfo(*args: str) -> str:
    return subprocess.run(["ogrinfo", *args], capture_output=True, text=True, check=True, timeout=60).stdout


@needs_gdal
def test_ogrinfo_lists_every_layer(portal: str) -> None:
    listed = ogrinfo("-so", f"OAPIF:{portal}")
    for layer in layers():
        assert f"{layer.id} (title: {layer.title['id']})" in listed


@needs_gdal
def test_ogrinfo_passes_rasters_by(portal: str, tmp_path: Path, settings: Any) -> None:
    settings.RASTERS_FOLDER = str(tmp_path / "rasters")
    raster_make(tmp_path, [[0.5]], code="raster-uji")
    listed = ogrinfo("-so", f"OAPIF:{portal}")
    assert "earthquakes" in listed
    assert "raster-uji" not in listed


@needs_gdal
def test_gdal_reads_the_values_of_a_raster(portal: str, tmp_path: Path, settings: Any) -> None:
    """Blocks of 256 by 256 cells, the last ones with less, and an overview."""
    settings.RASTERS_FOLDER = str(tmp_path / "rasters")
    cells = np.arange(300 * 400, dtype=np.float32).reshape(300, 400) / 120_000
    raster = raster_make(tmp_path, cells, code="raster-uji", transform=from_origin(WEST, NORTH, 1e-4, 1e-4))

    def copied(*args: str) -> DatasetReader:
        copy = tmp_path / "copy.tif"
        source = f"OGCAPI:{portal}/collections/raster-uji"
        command = ["gdal_translate", *args, source, copy]
        subprocess.run(command, capture_output=True, check=True, timeout=60, cwd=tmp_path)  # where GDAL keeps answers
        return rasterio.open(copy)

    with copied() as whole:
        assert whole.bounds == pytest.approx(raster.bbox)
        np.testing.assert_array_equal(whole.read(1), cells)
    with copied("-outsize", "40", "30") as small:
        np.testing.assert_allclose(small.read(1), cells[5::10, 5::10], atol=0.02)


@needs_gdal
def test_ogrinfo_reads_what_is_there(portal: str, layer: Layer) -> None:
    summary = ogrinfo("-so", f"OAPIF:{portal}", layer.id)
    assert "Feature Count: 5" in summary
    assert f"Geometry: {('Point', 'Multi Line String', 'Multi Polygon')[layer.dimension]}" in summary
    for known in layer.properties:
        assert f"\n{known.name}: " in summary


@needs_gdal
def test_ogrinfo_filters_by_position(portal: str) -> None:
    found = ogrinfo("-q", "-geom=NO", "-spat", "116.06", "-8.6", "116.08", "-8.5", f"OAPIF:{portal}", "markets")
    assert found.count("OGRFeature(markets)") == 1


def test_owslib_reads_every_layer(portal: str, layer: Layer) -> None:
    api = Features(portal)
    assert layer.id in api.feature_collections()
    assert api.collection(layer.id)["itemType"] == "feature"
    page = api.collection_items(layer.id, limit=2)
    assert (page["numberMatched"], len(page["features"])) == (5, 2)
    assert api.collection_queryables(layer.id)["type"] == "object"
    filtered = api.collection_items(layer.id, code=page["features"][0]["properties"]["code"])
    assert [feature["id"] for feature in filtered["features"]] == [page["features"][0]["id"]]
    assert json.dumps(api.conformance()).count("ogcapi-features-1/1.0/conf/core") == 1


def test_owslib_sees_what_is_wrong(portal: str) -> None:
    with pytest.raises(RuntimeError, match="limit"):
        Features(portal).collection_items(layer_get("markets").id, limit="x")
