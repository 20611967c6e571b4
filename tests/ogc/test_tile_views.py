"""Tiles over HTTP: bytes with a version, what there is to know of them, and clear faults."""

import gzip
import tracemalloc
from functools import partial
from typing import Any
from unittest.mock import Mock

import pytest
from conftest import FeatureMake, place, prepared, square
from django.contrib.gis.geos import Point
from django.http import HttpResponse
from django.test import Client
from mvt import mvt_read
from werkzeug.test import Client as Browser

from geoportal.wsgi import application
from layers.answers import Answer, Memory
from layers.catalog import Layer, layer_get, layers
from layers.query.params import FeatureQuery
from layers.query.tiles import BUDGET, Tile, tile_fetch, tile_version

BASE = "http://testserver/oapi"
HERE = (116.1003, -8.5804)
MVT = "application/vnd.mapbox-vector-tile"
MERCATOR, CRS84 = "WebMercatorQuad", "WorldCRS84Quad"
TILE = {MERCATOR: "12/2145/3368", CRS84: "12/2243/6737"}
"""The tiles that hold :data:`HERE`, as matrix, row and column."""

pytestmark = pytest.mark.django_db(transaction=True)


def tile(client: Client, layer: Layer | None, tms: str = MERCATOR, at: str | None = None, **asked: Any) -> HttpResponse:
    headers = asked.pop("headers", {})
    path = f"/oapi{f'/collections/{layer.id}' if layer else ''}/tiles/{tms}/{at or TILE[tms]}"
    return client.get(path, {name.replace("_", "-"): value for name, value in asked.items()}, headers=headers)


def ask(client: Client, path: str, **params: str) -> dict[str, Any]:
    response = client.get(f"/oapi{path}", params, headers={"accept-language": "en"})
    assert response.status_code == 200, response.content
    document: dict[str, Any] = response.json()
    return document


@pytest.mark.parametrize("tms", [MERCATOR, CRS84])
def test_a_tile_is_bytes_with_a_version(client: Client, layer: Layer, feature_make: FeatureMake, tms: str) -> None:
    feature = feature_make(layer, geom=place(layer, *HERE))
    answer = tile(client, layer, tms)
    assert (answer.status_code, answer["Content-Type"]) == (200, MVT)
    assert {name: [shown.id for shown in features] for name, features in mvt_read(answer.content).items()} == {
        layer.id: [feature.pk]
    }
    assert answer["Cache-Control"] == "public, no-cache"
    assert answer["ETag"].startswith('"')
    assert "Cookie" not in answer["Vary"]
    assert "Accept-Language" not in answer["Vary"]
    assert "Tile-Generalized" not in answer
    path = f"/oapi/collections/{layer.id}/tiles/{tms}/{TILE[tms]}"
    head = client.head(path)
    assert (head.status_code, head.content, head["ETag"]) == (200, b"", answer["ETag"])
    assert client.get(path, headers={"accept-language": "en"})["ETag"] == answer["ETag"]
    refused = client.post(path)
    assert (refused.status_code, refused["Allow"]) == (405, "GET, HEAD, OPTIONS")


def test_a_tile_is_not_modified_until_an_edit_in_it(client: Client, layer: Layer, feature_make: FeatureMake) -> None:
    here = feature_make(layer, 1, geom=place(layer, *HERE))
    there = feature_make(layer, 2, geom=place(layer, 118.5, -8.3))
    etag = tile(client, layer)["ETag"]
    there.name += " x"
    there.save()
    unchanged = tile(client, layer, headers={"if-none-match": etag})
    assert (unchanged.status_code, unchanged.content, unchanged["ETag"]) == (304, b"", etag)
    assert tile(client, layer)["ETag"] == etag
    here.name = "Baru"
    here.save()
    changed = tile(client, layer, headers={"if-none-match": etag})
    assert changed.status_code == 200
    assert changed["ETag"] != etag
    assert [shown.properties["name"] for shown in mvt_read(changed.content)[layer.id]] == ["Baru"]
    assert tile(client, layer, headers={"if-none-match": f"W/{changed['ETag']}"}).status_code == 304
    other = tile(client, layer, headers={"if-none-match": changed["ETag"]}, properties="code")
    assert (other.status_code, list(mvt_read(other.content)[layer.id][0].properties)) == (200, ["code"])


def test_a_warm_tile_costs_one_look_at_its_version(
    layer: Layer, feature_make: FeatureMake, django_assert_num_queries: Any
) -> None:
    feature = feature_make(layer, geom=place(layer, *HERE))
    served, path = Browser(application), f"/oapi/collections/{layer.id}/tiles/{MERCATOR}/{TILE[MERCATOR]}"
    first = served.get(path)
    served.get(path)  # prepares the look
    with django_assert_num_queries(1) as asked:
        again = served.get(path)
    assert "ST_AsMVT" not in prepared(asked.captured_queries[0]["sql"])
    assert (again.status_code, again.data, list(again.headers)) == (200, first.data, list(first.headers))
    feature.name = "Baru"
    feature.save()
    (shown,) = mvt_read(served.get(path).data)[layer.id]
    assert shown.properties["name"] == "Baru"


def test_tiles_are_compressed(client: Client, feature_make: FeatureMake) -> None:
    layer = layer_get("markets")
    for number in range(1, 21):
        feature_make(layer, number, geom=place(layer, *HERE))
    plain, packed = tile(client, layer), tile(client, layer, headers={"accept-encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed["Vary"]
    assert len(packed.content) < len(plain.content) / 2
    assert gzip.decompress(packed.content) == plain.content
    assert tile(client, layer, headers={"accept-encoding": "gzip", "if-none-match": packed["ETag"]}).status_code == 304


def test_an_empty_tile_has_no_content_but_a_version(client: Client, layer: Layer, feature_make: FeatureMake) -> None:
    feature_make(layer, geom=place(layer, *HERE))
    for at in ("12/0/0", "0/0/0"):
        empty = tile(client, layer, at=at, filter="name = 'x'")
        assert (empty.status_code, empty.content) == (204, b"")
        again = tile(client, layer, at=at, filter="name = 'x'", headers={"if-none-match": empty["ETag"]})
        assert again.status_code == 304


def test_filters_times_and_properties_hold_as_on_items(client: Client, feature_make: FeatureMake) -> None:
    layer = layer_get("markets")
    for number, year in ((1, 2024), (2, 2025), (3, 2026)):
        feature_make(layer, number, geom=place(layer, *HERE), observed_at=f"{year}-01-01T00:00:00Z")
    for params in (
        {"filter": "code <> 'T-0001'"},
        {"filter": '{"op":"=","args":[{"property":"code"},"T-0002"]}', "filter-lang": "cql2-json"},
        {"datetime": "2024-06-01T00:00:00Z/.."},
        {"datetime": "../2025-06-01T00:00:00Z", "filter": "S_INTERSECTS(geom, POINT(116.1003 -8.5804))"},
    ):
        path = f"/oapi/collections/{layer.id}"
        items = client.get(f"{path}/items", {**params, "f": "json"}).json()["features"]
        shown = mvt_read(client.get(f"{path}/tiles/{MERCATOR}/{TILE[MERCATOR]}", params).content)[layer.id]
        assert 0 < len(items) < 3
        assert [feature.id for feature in shown] == [item["id"] for item in items]


def test_the_dataset_is_all_collections_or_those_asked_for(client: Client, feature_make: FeatureMake) -> None:
    for layer in layers():
        feature_make(layer, geom=place(layer, *HERE))
    assert list(mvt_read(tile(client, None).content)) == [layer.id for layer in layers()]
    some = tile(client, None, collections="parking_spots,markets")
    assert set(mvt_read(some.content)) == {"parking_spots", "markets"}
    market = layer_get("markets").model.objects.get()
    market.name = "Baru"
    market.save()
    unchanged = tile(client, None, collections="parking_spots")
    assert set(mvt_read(unchanged.content)) == {"parking_spots"}
    assert tile(client, None, collections="parking_spots,markets")["ETag"] != some["ETag"]


@pytest.fixture
def crowd() -> Layer:
    """More features at one place than a tile shows whole."""
    layer = layer_get("parking_spots")
    rows = [
        layer.model(
            code=f"P-{n}", name="x", source="x", type=layer.property("type").codes[0], geom=Point(*HERE, srid=4326)
        )
        for n in range(5001)
    ]
    layer.model.objects.bulk_create(rows)
    return layer


def test_gathered_features_are_not_modified_until_their_bytes_are(
    client: Client, crowd: Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Mock(wraps=tile_fetch)
    monkeypatch.setattr("layers.ogc.tiles.tile_fetch", made)

    def now(etag: str) -> tuple[int, str, bool]:
        """Status, ETag, and whether the tile was made."""
        made.reset_mock()
        answer = tile(client, crowd, headers={"if-none-match": etag})
        assert bool(answer.content) == (answer.status_code == 200)
        return answer.status_code, answer["ETag"], made.called

    etag = tile(client, crowd)["ETag"]
    assert now(etag) == (304, etag, False)
    crowd.model.objects.filter(code="P-7").update(name="Baru")
    assert now(etag) == (304, etag, True)
    assert now(etag) == (304, etag, False)
    crowd.model.objects.filter(code="P-7").delete()
    status, other, _ = now(etag)
    assert (status, other != etag) == (200, True)
    assert now(other) == (304, other, False)
    assert now(etag)[0] == 200


def test_what_is_not_shown_whole_is_told(client: Client, crowd: Layer) -> None:
    answer = tile(client, None, collections="parking_spots,markets")
    assert answer["Tile-Generalized"] == "parking_spots;whole=0;grid=24;tolerance=2"
    assert len(answer.content) <= BUDGET
    (shown,) = mvt_read(answer.content)[crowd.id]
    assert shown.properties == {"point_count": 5001}
    described = ask(client, f"/collections/{crowd.id}/tiles/{MERCATOR}", f="tilejson")["description"]
    assert "Tile-Generalized" in described
    assert "point_count" in described


@pytest.mark.parametrize(
    ("path", "status", "names"),
    [
        (f"tiles/{MERCATOR}/99/0/0", 404, "tileMatrix"),
        (f"tiles/{MERCATOR}/12/4096/0", 404, "tileRow"),
        (f"tiles/{MERCATOR}/12/0/4096", 404, "tileCol"),
        (f"tiles/{CRS84}/12/4096/0", 404, "tileRow"),
        (f"tiles/{MERCATOR}/a/b/c", 404, "tileMatrix"),
        (f"tiles/{MERCATOR}/12/-1/0", 404, "tileRow"),
        (f"tiles/{MERCATOR}/12/1e3/0", 404, "tileRow"),
        (f"tiles/{MERCATOR}/12/%00/0", 404, "tileRow"),
        (f"tiles/{MERCATOR}/12/0", 404, "nothing at"),
        ("tiles/Nowhere/12/0/0", 404, CRS84),
        ("tiles/Nowhere", 404, CRS84),
        (f"tiles/{MERCATOR}?f=png", 400, "f"),
        (f"tiles/{MERCATOR}/0/0/0?f=png", 400, "f"),
        (f"tiles/{MERCATOR}/0/0/0?filter=tak_ada=1", 400, "filter"),
        (f"tiles/{MERCATOR}/0/0/0?filter=%00", 400, "filter"),
        (f"tiles/{MERCATOR}/0/0/0?labels=ya", 400, "labels"),
        (f"tiles/{MERCATOR}?labels=", 400, "labels"),
        (f"tiles/{MERCATOR}/0/0/0?filter-lang=cql2-text", 400, "filter-lang"),
        (f"tiles/{MERCATOR}/0/0/0?datetime=kemarin", 400, "datetime"),
        (f"tiles/{MERCATOR}/0/0/0?properties=tak_ada", 400, "properties"),
        (f"tiles/{MERCATOR}/0/0/0?properties=contact_name", 400, "properties"),
        (f"tiles/{MERCATOR}/0/0/0?limit=5", 400, "limit"),
        (f"tiles/{MERCATOR}/0/0/0?datetime=..&datetime=..", 400, "datetime"),
        (f"tiles/{MERCATOR}/0/0/0?lang=fr", 400, "lang"),
    ],
)
def test_what_is_wrong_is_told(client: Client, layer: Layer, path: str, status: int, names: str) -> None:
    for start in ("/oapi", f"/oapi/collections/{layer.id}"):
        refused = client.get(f"{start}/{path}", headers={"accept-language": "en"})
        assert (refused.status_code, refused["Content-Type"]) == (status, "application/problem+json"), refused.content
        problem = refused.json()
        assert problem["status"] == status
        assert names == problem["parameter"] if status == 400 else names in problem["detail"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/oapi/collections/nowhere/tiles", 404),
        (f"/oapi/collections/nowhere/tiles/{MERCATOR}/0/0/0", 404),
        (f"/oapi/tiles/{MERCATOR}/0/0/0?collections=nowhere", 400),
        (f"/oapi/tiles/{MERCATOR}/0/0/0?collections=", 400),
        (f"/oapi/tiles/{MERCATOR}?collections=markets,nowhere", 400),
        (f"/oapi/collections/markets/tiles/{MERCATOR}/0/0/0?collections=markets", 400),
        ("/oapi/tileMatrixSets/Nowhere", 404),
    ],
)
def test_unknown_collections_and_sets_are_told(client: Client, path: str, status: int) -> None:
    refused = client.get(path)
    assert (refused.status_code, refused["Content-Type"]) == (status, "application/problem+json")
    assert any(known in refused.json()["detail"] for known in ("markets", CRS84, "dataset", "seluruh data"))


def test_tiles_over_the_sea_leave_the_memory_bounded(client: Client, feature_make: FeatureMake) -> None:
    """10,000 empty answers take about as much as they are said to, and then the oldest go."""
    layer = layer_get("markets")
    feature_make(layer)
    empty = tile(client, layer, at="16/1/1")
    assert empty.status_code == 204
    capacity = 4 * 1024 * 1024
    memory = Memory(capacity)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(10_000):
        at = Tile.parse(MERCATOR, "16", str(number % 100), str(number // 100))
        tag, tag_now = empty["ETag"] + str(number), partial(tile_version, [(layer, FeatureQuery(limit=1))], at)
        headers = [(name, f"{value} ") for name, value in empty.items()]
        path = f"/oapi/collections/markets/tiles/{MERCATOR}/16/{number % 100}/{number // 100}"
        memory.put(("GET", "http", path, "", "testserver"), Answer("204 No Content", headers, b"", tag, tag_now))
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert capacity / 2 < taken < capacity * 1.25


def test_the_matrix_sets_are_described(client: Client) -> None:
    """Required members of OGC 17-083r4, and the definitions of its annex D."""
    listed = ask(client, "/tileMatrixSets")["tileMatrixSets"]
    assert [known["id"] for known in listed] == [MERCATOR, CRS84]
    widths = {MERCATOR: 2 * 20037508.3427892, CRS84: 360}
    for known in listed:
        (self,) = known["links"]
        assert (self["rel"], self["href"]) == ("self", f"{BASE}/tileMatrixSets/{known['id']}")
        document = ask(client, f"/tileMatrixSets/{known['id']}")
        assert (document["id"], document["uri"]) == (known["id"], known["uri"])
        assert document["crs"].startswith("http://www.opengis.net/def/crs/")
        for z, matrix in enumerate(document["tileMatrices"]):
            assert matrix["id"] == str(z)
            assert (matrix["tileWidth"], matrix["tileHeight"]) == (256, 256)
            columns = 2**z * (2 if known["id"] == CRS84 else 1)
            assert (matrix["matrixWidth"], matrix["matrixHeight"]) == (columns, 2**z)
            assert matrix["cellSize"] * 256 * columns == pytest.approx(widths[known["id"]])
            assert matrix["pointOfOrigin"][0] == pytest.approx(-widths[known["id"]] / 2)
            assert matrix["scaleDenominator"] > 0


def test_operations_of_tiles_end_as_clients_look_for_them(client: Client) -> None:
    """OGC 20-057, /req/oas30/operation-id."""
    paths = ask(client, "/openapi")["paths"]
    operations = {path: known["get"]["operationId"] for path, known in paths.items() if "get" in known}
    assert operations["/tileMatrixSets"] == "getTileMatrixSetsList"
    assert operations["/tileMatrixSets/{tms}"] == "getTileMatrixSet"
    for path, of in (("", "dataset"), ("/collections/{collectionId}", "collection")):
        tiles = [known for place, known in operations.items() if place.startswith(f"{path}/tiles")]
        endings = [f".{of}.vector.{name}" for name in ("getTileSetsList", "getTileSet", "getTile")]
        assert all(known.endswith(ending) for known, ending in zip(tiles, endings, strict=True))


@pytest.mark.parametrize(
    ("id", "collections"), [(None, ""), (None, "markets,disaster_zones"), ("health_facilities", "")]
)
def test_tilesets_are_described(client: Client, id: str | None, collections: str) -> None:
    """Required members of a tileset (OGC 17-083r4) and of OGC 20-057."""
    base = f"/collections/{id}/tiles" if id else "/tiles"
    params = {"collections": collections} if collections else {}
    known = [id] if id else collections.split(",") if collections else [layer.id for layer in layers()]
    for listed in ask(client, base)["tilesets"]:
        assert {"title", "dataType", "crs", "links", "tileMatrixSetURI"} <= set(listed)
        assert [link["href"] for link in listed["links"] if link["rel"] == "self"] == [
            f"{BASE}{base}/{listed['tileMatrixSetId']}"
        ]
        assert [link["href"] for link in listed["links"] if link["rel"].endswith("/tiling-scheme")] == [
            f"{BASE}/tileMatrixSets/{listed['tileMatrixSetId']}"
        ]
    for tms in (MERCATOR, CRS84):
        document = ask(client, f"{base}/{tms}", **params)
        links = {link["rel"]: link for link in document["links"]}
        assert (document["dataType"], document["tileMatrixSetId"]) == ("vector", tms)
        assert links["http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"]["href"] == f"{BASE}/tileMatrixSets/{tms}"
        for rel in ("self", "alternate"):
            assert ask(client, links[rel]["href"].removeprefix(BASE))["crs" if rel == "self" else "tiles"]
            assert ("collections=" in links[rel]["href"]) == bool(collections)
        template = links["item"]
        assert (template["templated"], template["type"]) == (True, MVT)
        address = template["href"].format(tileMatrix=0, tileRow=0, tileCol=0)
        assert client.get(address.removeprefix("http://testserver")).status_code == 204
        assert {layer["id"] for layer in document["layers"]} == set(known)
        for layer in document["layers"]:
            published = layer_get(layer["id"])
            assert list(layer["propertiesSchema"]["properties"]) == [item.name for item in published.properties]
            assert layer["geometryDimension"] == published.dimension
            assert layer["dataType"] == "vector"
        matrices = ask(client, f"/tileMatrixSets/{tms}")["tileMatrices"]
        limits = document["tileMatrixSetLimits"]
        assert [limit["tileMatrix"] for limit in limits] == [matrix["id"] for matrix in matrices]
        for limit, matrix in zip(limits, matrices, strict=True):
            assert 0 <= limit["minTileRow"] <= limit["maxTileRow"] < matrix["matrixHeight"]
            assert 0 <= limit["minTileCol"] <= limit["maxTileCol"] < matrix["matrixWidth"]
        box = document["boundingBox"]
        assert [*box["lowerLeft"], *box["upperRight"]] == [
            choose(layer_get(id).bbox[side] for id in known) for side, choose in enumerate((min, min, max, max))
        ]


def test_tilejson_tells_where_tiles_are(client: Client, feature_make: FeatureMake) -> None:
    """Required members of TileJSON 3.0.0, and an XYZ template that leads to a tile."""
    layer = layer_get("markets")
    feature_make(layer, geom=place(layer, *HERE))
    document = ask(client, f"/collections/markets/tiles/{MERCATOR}", f="tilejson")
    assert (document["tilejson"], document["bounds"]) == ("3.0.0", list(layer.bbox))
    (vector_layer,) = document["vector_layers"]
    assert (vector_layer["id"], list(vector_layer["fields"])) == ("markets", [item.name for item in layer.properties])
    assert set(vector_layer["fields"].values()) == {"Number", "String", "Boolean"}
    assert 0 <= document["minzoom"] < document["maxzoom"] <= 24
    z, y, x = TILE[MERCATOR].split("/")
    (template,) = document["tiles"]
    answer = client.get(template.format(z=z, y=y, x=x).removeprefix("http://testserver"))
    assert mvt_read(answer.content)["markets"][0].geometry.geom_type == "Point"
    (both,) = ask(client, f"/tiles/{MERCATOR}", f="tilejson", collections="markets,aid_posts")["tiles"]
    assert both.endswith("/{z}/{y}/{x}?collections=markets,aid_posts")
    negotiated = client.get(f"/oapi/tiles/{MERCATOR}", headers={"accept": "application/vnd.mapbox.tile+json"})
    assert negotiated["Content-Type"] == "application/vnd.mapbox.tile+json"


@pytest.mark.parametrize("collections", ["", "/collections/disaster_zones"], ids=["dataset", "collection"])
def test_labels_come_to_who_asks_for_them(client: Client, feature_make: FeatureMake, collections: str) -> None:
    """Tiles have no other layers than collections; with ``labels`` they have, and the TileJSON tells."""
    zones = layer_get("disaster_zones")
    feature_make(zones, geom=square(*HERE, 0.1))
    tileset = f"{collections}/tiles/{MERCATOR}"
    for asked, labels in ({}, set()), ({"labels": "true"}, {"disaster_zones-labels"}):
        document = ask(client, tileset, f="tilejson", **asked)
        (template,) = document["tiles"]
        shown = mvt_read(client.get(template.format(z=8, y=134, x=210).removeprefix("http://testserver")).content)
        assert set(shown) == {"disaster_zones"} | labels
        told = {layer["id"] for layer in document["vector_layers"]}
        assert told - {layer.id for layer in layers()} >= labels
        assert bool(told - {layer.id for layer in layers()}) == bool(labels)
