"""OpenLayers reads the tiles by their metadata alone, as a client of OGC API - Tiles does."""

import pytest
from conftest import FeatureMake, square
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from layers.catalog import layer_get

READ = """async ({ tileset, projection }) => {
    const source = new ol.source.OGCVectorTile({ url: tileset, format: new ol.format.MVT(), projection });
    const target = document.body.appendChild(document.createElement("div"));
    target.style.cssText = "width:300px;height:300px;position:fixed;inset:0;z-index:9999;background:white";
    const layer = new ol.layer.VectorTile({ source });
    const centre = ol.proj.fromLonLat([116.1, -8.58], projection);
    const view = new ol.View({ projection, center: centre, zoom: 13 });
    const map = new ol.Map({ target, layers: [layer], view });
    const found = await new Promise((resolve, reject) => {
        map.on("rendercomplete", () => {  // it also comes before the first tile
            const here = map.getFeaturesAtPixel(map.getPixelFromCoordinate(centre), { hitTolerance: 5 });
            if (here.length) resolve(here);
        });
        setTimeout(() => reject(new Error(`nothing was drawn, the source is ${source.getState()}`)), 60000);
    });
    return found.map(feature => [feature.get("layer"), feature.getId(), feature.get("name")]);
}"""


@pytest.mark.parametrize(
    ("tms", "projection"),
    [("WebMercatorQuad", "EPSG:3857"), ("WorldCRS84Quad", "EPSG:4326")],
    ids=["mercator", "crs84"],
)
def test_openlayers_reads_a_tileset(
    page: Page,
    live_server: LiveServer,
    feature_make: FeatureMake,
    tms: str,
    projection: str,
) -> None:
    zone = feature_make(layer_get("disaster_zones"), geom=square(116.09, -8.59, 0.02), name="Zona")
    page.goto("/oapi/collections/disaster_zones")
    page.wait_for_function("() => window.ol")
    tileset = f"{live_server.url}/oapi/collections/disaster_zones/tiles/{tms}"
    assert page.evaluate(READ, {"tileset": tileset, "projection": projection}) == [["disaster_zones", zone.pk, "Zona"]]
