"""Where the features of a layer lie."""

import pytest
from conftest import FeatureMake, place
from django.contrib.gis.geos import Point
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from layers.catalog import Layer, layer_get
from layers.query.extents import extent_fetch


@pytest.mark.django_db
def test_without_features_it_is_the_configured_one(layer: Layer) -> None:
    assert extent_fetch(layer) == layer.bbox


@pytest.mark.parametrize(("longitude", "latitude"), [(95.7, -8.5), (140.5, -8.5), (116.1, 4.9), (116.1, -11.0)])
def test_it_holds_what_lies_outside_of_the_configured_one(
    feature_make: FeatureMake, layer: Layer, longitude: float, latitude: float
) -> None:
    feature_make(layer)
    west, south, east, north = feature_make(layer, 2, geom=place(layer, longitude, latitude)).geom.extent
    assert extent_fetch(layer) == pytest.approx(
        (min(west, layer.bbox[0]), min(south, layer.bbox[1]), max(east, layer.bbox[2]), max(north, layer.bbox[3]))
    )


def test_what_is_inside_is_not_read(feature_make: FeatureMake, layer: Layer) -> None:
    feature_make(layer)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        extent_fetch(layer)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {captured[0]['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index" in plan
    assert "Seq Scan" not in plan


def test_collection_and_tiles_tell_it(client: Client, feature_make: FeatureMake, layer: Layer) -> None:
    """QGIS zooms to the one, and MapLibre asks for no tile outside of the other."""
    feature_make(layer, geom=place(layer, 122.1, 0.9))
    extent = list(extent_fetch(layer))
    address = f"/oapi/collections/{layer.id}"
    tileset = client.get(f"{address}/tiles/WebMercatorQuad").json()
    assert extent[2] > layer.bbox[2]
    assert client.get(address).json()["extent"]["spatial"]["bbox"] == [extent]
    listed = client.get("/oapi/collections").json()["collections"]
    assert next(one for one in listed if one["id"] == layer.id)["extent"]["spatial"]["bbox"] == [extent]
    assert client.get(f"{address}/tiles/WebMercatorQuad?f=tilejson").json()["bounds"] == extent
    assert [*tileset["boundingBox"]["lowerLeft"], *tileset["boundingBox"]["upperRight"]] == extent


@pytest.mark.parametrize("tms", ["WebMercatorQuad", "WorldCRS84Quad"])
@pytest.mark.parametrize("corner", [(180, -90), (-180, 90)])
def test_limits_of_tilesets_end_with_the_world(
    client: Client, feature_make: FeatureMake, tms: str, corner: tuple[float, float]
) -> None:
    feature_make(layer_get("markets"), geom=Point(*corner, srid=4326))
    matrices = client.get(f"/oapi/tileMatrixSets/{tms}").json()["tileMatrices"]
    limits = client.get(f"/oapi/collections/markets/tiles/{tms}").json()["tileMatrixSetLimits"]
    for limit, matrix in zip(limits, matrices, strict=True):
        assert 0 <= limit["minTileRow"] <= limit["maxTileRow"] < matrix["matrixHeight"]
        assert 0 <= limit["minTileCol"] <= limit["maxTileCol"] < matrix["matrixWidth"]
