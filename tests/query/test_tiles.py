"""Tiles as GDAL reads them: what is in them, where, and that they stay within their budget whatever the data."""

import math
from datetime import timedelta
from time import sleep
from typing import Any

import numpy as np
import psycopg2
import pytest
import shapely
from conftest import FeatureMake, place, square, values_make
from django.contrib.gis.geos import GEOSGeometry, Point
from django.db import connection
from django.test import Client
from django.utils import timezone
from mvt import Drawn, mvt_read
from shapely import MultiPolygon, Polygon

from layers.catalog import Layer, layer_get, layers
from layers.errors import NotFound
from layers.query import tiles
from layers.query.params import FeatureQuery
from layers.query.tiles import BUDGET, DETAILS, TILE_MATRIX_SETS, Tile, TileData, tile_fetch, tile_version

HERE = (116.1003, -8.5804)
MATRIX_SETS = sorted(TILE_MATRIX_SETS)
LABELS = "disaster_zones-labels"

pytestmark = pytest.mark.django_db(transaction=True)


def at(matrix_set: str, z: int, longitude: float, latitude: float) -> tuple[float, float]:
    """Column and row of a position with their fractions, as OGC 17-083r4 defines the two sets."""
    if matrix_set == "WorldCRS84Quad":
        return (longitude + 180) / (180 / 2**z), (90 - latitude) / (180 / 2**z)
    north = math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2)) * 6378137
    half = math.pi * 6378137
    return (longitude + 180) / 360 * 2**z, (half - north) / (2 * half) * 2**z


def tile_at(matrix_set: str, z: int, longitude: float = HERE[0], latitude: float = HERE[1]) -> Tile:
    x, y = at(matrix_set, z, longitude, latitude)
    return Tile.parse(matrix_set, str(z), str(int(y)), str(int(x)))


def fetch(layer: Layer, tile: Tile, *, labels: bool = False, **params: str) -> TileData:
    query = FeatureQuery.parse(layer, {name.replace("_", "-"): [value] for name, value in params.items()})
    return tile_fetch([(layer, query)], tile, labels=labels)


def drawn(layer: Layer, tile: Tile, **params: str) -> list[Drawn]:
    return mvt_read(fetch(layer, tile, **params).mvt).get(layer.id, [])


def many_insert(layer: Layer, count: int, geom: str, **values: str) -> None:
    """Rows by one statement; ``geom`` and ``values`` are SQL that may use ``n``, from 1 on."""
    fixed = {name: value for name, value in values_make(layer).items() if name not in ("code", *values)}
    columns = ", ".join(["code", "geom", *fixed, *values])
    made = ", ".join(["'N-' || n", geom.replace("%", "%%"), *["%s"] * len(fixed), *values.values()])
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {layer.table} ({columns}) SELECT {made} FROM generate_series(1, {count}) n",
            list(fixed.values()),
        )


@pytest.mark.parametrize("matrix_set", MATRIX_SETS)
def test_positions_are_right_to_a_unit_at_every_zoom(feature_make: FeatureMake, matrix_set: str) -> None:
    feature_make(layer_get("markets"), geom=Point(*HERE, srid=4326))
    for z in range(TILE_MATRIX_SETS[matrix_set].max_zoom + 1):
        tile = tile_at(matrix_set, z)
        (shown,) = drawn(layer_get("markets"), tile)
        x, y = at(matrix_set, z, *HERE)
        expected = (x - tile.x) * 4096, (y - tile.y) * 4096
        assert shown.geometry.coords[0] == pytest.approx(expected, abs=1), z


@pytest.mark.parametrize("matrix_set", MATRIX_SETS)
@pytest.mark.parametrize("z", [8, 10, 12])
def test_polygons_are_drawn_to_a_unit(feature_make: FeatureMake, matrix_set: str, z: int) -> None:
    layer, tile = layer_get("disaster_zones"), tile_at(matrix_set, z)
    feature_make(layer, geom=square(*HERE))
    (shown,) = drawn(layer, tile)
    corners = [at(matrix_set, z, HERE[0] + right, HERE[1] + up) for right, up in ((0, 0.01), (0.01, 0))]
    units = [
        (number - corner) * 4096 for pair in corners for number, corner in zip(pair, (tile.x, tile.y), strict=True)
    ]
    expected = [max(-256, min(4352, number)) for number in units]
    assert shown.geometry.bounds == pytest.approx(expected, abs=1)
    assert shown.geometry.equals(shapely.box(*shown.geometry.bounds))
    assert "point_count" not in shown.properties


def test_what_a_tile_holds_is_what_items_hold(feature_make: FeatureMake, client: Client, layer: Layer) -> None:
    """Its collection's name, ids, and the published attributes; lists as text, what is unknown left out."""
    secret = dict.fromkeys(layer.model.restricted, "Rahasia 08123")
    made = [feature_make(layer, number, geom=place(layer, *HERE), **secret) for number in (1, 2)]
    tile = tile_at("WebMercatorQuad", 12)
    data = fetch(layer, tile)
    shown = mvt_read(data.mvt)
    assert list(shown) == [layer.id]
    items = client.get(f"/oapi/collections/{layer.id}/items?f=json").json()["features"]
    published = [
        {
            name: ";".join(value) if isinstance(value, list) else value
            for name, value in item["properties"].items()
            if value is not None
        }
        for item in items
    ]
    assert [(feature.id, feature.properties) for feature in shown[layer.id]] == [
        (feature.pk, properties) for feature, properties in zip(made, published, strict=True)
    ]
    assert b"Rahasia" not in data.mvt
    assert not any(name.encode() in data.mvt for name in layer.model.restricted)


@pytest.mark.parametrize("matrix_set", MATRIX_SETS)
@pytest.mark.parametrize("z", [9, 16, 20])
def test_a_tile_shows_a_sixteenth_beyond_its_edges(feature_make: FeatureMake, matrix_set: str, z: int) -> None:
    layer, tile = layer_get("markets"), tile_at(matrix_set, z)
    west, south, east, north = tile.degrees()

    def beyond(units: int) -> list[tuple[float, float]]:
        right, up = units * (east - west) / 4096, units * (north - south) / 4096
        return [(west - right, south), (east + right, north), (west, north + up), (east, south - up)]

    for number, position in enumerate(beyond(250) + beyond(262), 1):
        feature_make(layer, number, geom=Point(*position, srid=4326))
    shown = {feature.id: feature.geometry.coords[0] for feature in drawn(layer, tile)}
    expected = [(-250, 4096), (4346, 0), (0, -250), (4096, 4346)]
    for position, unit in zip(expected, [shown[id] for id in sorted(shown)], strict=True):
        assert unit == pytest.approx(position, abs=1 if z > 9 else 2)


def test_polygons_are_clipped_to_the_margin(feature_make: FeatureMake) -> None:
    layer = layer_get("disaster_zones")
    feature_make(layer, geom=square(110, -12, 9))
    for matrix_set in MATRIX_SETS:
        (shown,) = drawn(layer, tile_at(matrix_set, 14))
        assert shown.geometry.equals(shapely.box(-256, -256, 4096 + 256, 4096 + 256))


@pytest.mark.parametrize("is_thinned", [False, True], ids=["whole", "thinned"])
def test_a_polygon_beside_a_tile_is_in_its_margin(
    feature_make: FeatureMake, monkeypatch: pytest.MonkeyPatch, is_thinned: bool
) -> None:
    """So that its outline goes on over the edge."""
    if is_thinned:
        monkeypatch.setattr(tiles, "DETAILS", DETAILS[1:])
    layer, tile = layer_get("disaster_zones"), tile_at("WebMercatorQuad", 12)
    _, south, east, _ = tile.degrees()
    feature_make(layer, geom=square(east + 0.0015, south + 0.03))
    (shown,) = drawn(layer, tile)
    left, _, right, _ = shown.geometry.bounds
    assert 4096 < left < right == pytest.approx(4352, abs=2)


@pytest.mark.parametrize("matrix_set", MATRIX_SETS)
@pytest.mark.parametrize("is_thinned", [False, True], ids=["whole", "thinned"])
def test_a_polygon_is_labelled_once(
    feature_make: FeatureMake, monkeypatch: pytest.MonkeyPatch, matrix_set: str, is_thinned: bool
) -> None:
    """Of all tiles that it touches one has the point, wherever it lies; and it has the name and codes only."""
    if is_thinned:
        monkeypatch.setattr(tiles, "DETAILS", DETAILS[1:])
    layer, z = layer_get("disaster_zones"), 13
    half = 180 / 2**z  # a tile of either set is half or twice as wide, so that its corner is one of theirs
    corner = round(HERE[0] / half) * half, round(HERE[1] / half) * half
    zone = feature_make(layer, geom=square(corner[0] - half, corner[1] - half, 2 * half))
    for move in (0.0, half / 3):
        zone.geom = square(corner[0] - half + move, corner[1] - half - move, 2 * half)
        zone.save()
        x, y = at(matrix_set, z, *corner)
        around = [(int(x + right), int(y + down)) for right in range(-3, 4) for down in range(-3, 4)]
        touched = [Tile(TILE_MATRIX_SETS[matrix_set], z, *place) for place in around]
        shown = [mvt_read(fetch(layer, tile, labels=True).mvt) for tile in touched]
        assert sum(layer.id in held for held in shown) > 3
        ((tile, label),) = [
            (tile, label) for tile, held in zip(touched, shown, strict=True) for label in held.get(LABELS, [])
        ]
        codes = {known.name: getattr(zone, known.name) for known in layer.properties if known.choices}
        assert (label.id, label.properties) == (zone.pk, {"name": zone.name, **codes})
        column, row = at(matrix_set, z, *zone.geom.point_on_surface)
        assert label.geometry.coords[0] == pytest.approx(((column - tile.x) * 4096, (row - tile.y) * 4096), abs=1)


def test_only_what_is_drawn_as_a_polygon_has_a_label(feature_make: FeatureMake) -> None:
    zones, tile = layer_get("disaster_zones"), tile_at("WebMercatorQuad", 8)
    feature_make(zones, 1, geom=square(*HERE, 0.1))
    feature_make(zones, 2, geom=square(*HERE, 0.0001))
    feature_make(zones, 3, geom=square(*HERE, 0.1), valid_to="2026-01-01T00:00:00+08:00")
    held = mvt_read(fetch(zones, tile, labels=True).mvt)
    assert [label.id for label in held[LABELS]] == [zones.model.objects.order_by("id")[0].pk]
    feature_make(layer_get("markets"))
    assert list(mvt_read(fetch(layer_get("markets"), tile, labels=True).mvt)) == ["markets"]


def test_who_does_not_ask_for_labels_gets_the_collection_alone(feature_make: FeatureMake) -> None:
    zones, tile = layer_get("disaster_zones"), tile_at("WebMercatorQuad", 8)
    feature_make(zones, geom=square(*HERE, 0.1))
    assert list(mvt_read(fetch(zones, tile).mvt)) == ["disaster_zones"]


@pytest.mark.parametrize(
    "shape",
    [
        "MULTIPOLYGON(((-180 -90,180 -90,180 90,-180 90,-180 -90)))",
        "MULTIPOLYGON(((110 -90,120 -90,120 -8,110 -8,110 -90)))",
        "MULTIPOLYGON(((170 -10,180 -10,180 10,170 10,170 -10)),((-180 -10,-170 -10,-170 10,-180 10,-180 -10)))",
    ],
    ids=["world", "pole", "antimeridian"],
)
def test_shapes_at_the_ends_of_the_world_are_drawn(feature_make: FeatureMake, shape: str) -> None:
    layer = layer_get("disaster_zones")
    feature_make(layer, geom=GEOSGeometry(shape, srid=4326))
    for matrix_set in MATRIX_SETS:
        longitude = shapely.from_wkt(shape).geoms[0].representative_point().x
        for z in (0, 2, 6):
            (shown,) = drawn(layer, tile_at(matrix_set, z, longitude, -8.5))
            assert shown.geometry.area > 0


def test_filter_time_and_properties_hold_as_on_items(feature_make: FeatureMake) -> None:
    layer, tile = layer_get("markets"), tile_at("WebMercatorQuad", 14)
    for number, name in enumerate(("Pasar Kebon Roek", "Pasar Mandalika", "Pagesangan"), 1):
        feature_make(layer, number, geom=Point(*HERE, srid=4326), name=name, observed_at=f"2026-0{number}-01T00:00:00Z")

    def names(**params: str) -> list[str]:
        return [feature.properties["name"] for feature in drawn(layer, tile, **params)]

    assert names(filter="name LIKE 'Pasar%'") == ["Pasar Kebon Roek", "Pasar Mandalika"]
    assert names(datetime="2026-02-01T00:00:00Z/..") == ["Pasar Mandalika", "Pagesangan"]
    assert names(filter="name LIKE 'Pasar%'", datetime="2026-02-01T00:00:00Z/..") == ["Pasar Mandalika"]
    assert [feature.properties for feature in drawn(layer, tile, properties="name,code")] == [
        {"code": f"T-000{number}", "name": name}
        for number, name in enumerate(("Pasar Kebon Roek", "Pasar Mandalika", "Pagesangan"), 1)
    ]
    assert drawn(layer, tile, filter="name = 'x'") == []


def test_a_tile_of_several_collections_holds_each(feature_make: FeatureMake) -> None:
    for layer in layers():
        feature_make(layer, geom=place(layer, *HERE))
    tile = tile_at("WebMercatorQuad", 12)
    asked = [(layer, FeatureQuery(limit=1)) for layer in layers()]
    data = tile_fetch(asked, tile)
    shown = mvt_read(data.mvt)
    assert {name: len(features) for name, features in shown.items()} == {layer.id: 1 for layer in layers()}
    assert data.mvt == b"".join(tile_fetch([one], tile).mvt for one in asked)
    assert data.tag == max((tile_fetch([one], tile).tag for one in asked), key=lambda tag: int(tag.split("-")[-1]))


def test_an_empty_tile_is_nothing_and_has_a_version(feature_make: FeatureMake, layer: Layer) -> None:
    feature_make(layer)
    data = fetch(layer, tile_at("WebMercatorQuad", 10, 20, 50))
    assert (data.mvt, data.details) == (b"", (DETAILS[0],))
    assert data.tag == tile_version([(layer, FeatureQuery(limit=1))], tile_at("WebMercatorQuad", 10, 20, 50))


def test_of_many_points_all_are_counted(db: None) -> None:
    """At each place a feature is whole in one tile, or counted in one."""
    layer, count = layer_get("parking_spots"), 9000
    many_insert(layer, count, "ST_Point(116.08 + (n * 7919 % 9000) / 1e5, -8.62 + (n * 104729 % 9000) / 1e5, 4326)")
    for matrix_set in MATRIX_SETS:
        for z in (0, 5, 8):
            data = fetch(layer, tile_at(matrix_set, z))
            shown = mvt_read(data.mvt)[layer.id]
            assert data.details == (DETAILS[1],)
            assert 0 < len(data.mvt) <= BUDGET
            whole = [feature for feature in shown if "point_count" not in feature.properties]
            gathered = [feature for feature in shown if "point_count" in feature.properties]
            assert sum(feature.properties["point_count"] for feature in gathered) + len(whole) == count
            assert all(feature.id for feature in whole)
            assert all(feature.id in (None, 0) and list(feature.properties) == ["point_count"] for feature in gathered)
            x, y = zip(*(feature.geometry.coords[0] for feature in shown), strict=True)
            assert min(x) >= 0 and max(x) <= 4096 and min(y) >= 0 and max(y) <= 4096  # noqa: PT018


def test_neighbours_count_a_point_once(db: None) -> None:
    layer, count = layer_get("parking_spots"), 20_000
    corner = tile_at("WebMercatorQuad", 12)
    west, south, east, north = corner.degrees()
    right, up = (number * 2 / count for number in (east - west, north - south))
    many_insert(
        layer, count, f"ST_Point({west} + (n - 1) * {right}, {south} + n::bigint * 7919 % {count} * {up}, 4326)"
    )
    total = 0
    for x, y in ((0, 0), (1, 0), (0, -1), (1, -1)):
        data = fetch(layer, Tile.parse("WebMercatorQuad", "12", str(corner.y + y), str(corner.x + x)))
        assert data.details == (DETAILS[1],)
        total += sum(feature.properties.get("point_count", 1) for feature in mvt_read(data.mvt)[layer.id])
    assert total == count


def texts_fill(layer: Layer) -> None:
    """The longest text that each free column takes, another one in each row."""
    free = [known for known in layer.properties if known.max_length and not known.choices and not known.read_only]
    longest = ", ".join(
        f"\"{known.name}\" = rpad(id || '.', {known.max_length}, md5(id::text))"
        for known in free
        if known.name != "code"
    )
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {layer.table} SET {longest}")


def test_long_texts_do_not_break_the_budget(db: None) -> None:
    """They are not too many, but too much; what other collections show of the tile stays whole."""
    points, zones = layer_get("parking_spots"), layer_get("disaster_zones")
    tile = tile_at("WorldCRS84Quad", 8)
    west, south, east, _ = tile.degrees()
    cell = (east - west) / 32
    many_insert(
        points, 1024, f"ST_Point({west} + (n % 32 + 0.5) * {cell}, {south} + ((n - 1) / 32 + 0.5) * {cell}, 4326)"
    )
    many_insert(zones, 3, f"ST_Multi(ST_Expand(ST_Point({west + 0.1} + n / 10.0, {south + 0.3}, 4326), 0.02))")
    texts_fill(points)
    data = tile_fetch([(points, FeatureQuery(limit=1)), (zones, FeatureQuery(limit=1))], tile)
    shown = mvt_read(data.mvt)
    assert len(data.mvt) <= BUDGET
    assert data.details == (DETAILS[1], DETAILS[0])
    assert sum(feature.properties.get("point_count", 1) for feature in shown[points.id]) == 1024
    assert len(shown[zones.id]) == 3


def ring(corners: int) -> MultiPolygon:
    """A star whose edges are as jagged as its corners are many."""
    angle = np.arange(corners) * 2 * np.pi / corners
    radius = 0.05 * (1 + 0.02 * np.sin(angle * corners / 30))
    return MultiPolygon([Polygon(np.column_stack((116.1 + radius * np.cos(angle), -8.6 + radius * np.sin(angle))))])


def bars(count: int) -> MultiPolygon:
    """Thin bars side by side, as a raster becomes when it is made into polygons."""
    west, south = 116 + np.arange(count) % 150 * 0.0002, -8.7 + np.arange(count) // 150 * 0.0008
    return MultiPolygon(list(shapely.box(west, south, west + 0.0001, south + 0.0007)))


@pytest.mark.parametrize(("shape", "count"), [(ring(100_000), 6), (bars(8000), 6)], ids=["corners", "bars"])
def test_large_polygons_do_not_break_the_budget(db: None, shape: MultiPolygon, count: int) -> None:
    layer = layer_get("disaster_zones")
    many_insert(layer, count, f"ST_Translate('SRID=4326;{shape.wkb_hex}'::geometry, n * 1e-6, 0)")
    _, south, east, north = shape.bounds
    generalized = set()
    for z in (0, 8, 9, 12, 15):
        for matrix_set in MATRIX_SETS:
            data = fetch(layer, tile_at(matrix_set, z, east - 1e-5, (south + north) / 2))
            assert 0 < len(data.mvt) <= BUDGET
            generalized |= set(data.details)
            types = {feature.geometry.geom_type for feature in mvt_read(data.mvt)[layer.id]}
            assert types <= ({"Point"} if z == 0 else {"Polygon", "MultiPolygon"})
    assert (len(generalized) > 1) == (len(shape.geoms) > 1)  # bars stay many bytes, whatever is left out of a line


@pytest.mark.parametrize("count", [300, 6000])
def test_polygons_below_a_pixel_are_points_that_count(db: None, count: int) -> None:
    layer = layer_get("disaster_zones")
    centre = f"ST_Point(116.05 + n * 0.1 / {count}, -8.6 + (n * 7919 % {count}) * 0.1 / {count}, 4326)"
    many_insert(layer, count, f"ST_Multi(ST_Expand({centre}, 0.00001))")
    many_insert_large = "ST_Multi(ST_Expand(ST_Point(116.1, -8.55 + n * 0.01, 4326), 0.02))"
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {layer.table} SET code = 'small-' || code")
    many_insert(layer, 2, many_insert_large)
    data = fetch(layer, tile_at("WebMercatorQuad", 8))
    shown = mvt_read(data.mvt)[layer.id]
    small = [feature for feature in shown if "point_count" in feature.properties]
    large = [feature for feature in shown if "point_count" not in feature.properties]
    assert data.details == (DETAILS[0 if count == 300 else 1],)
    assert {feature.geometry.geom_type for feature in small} == {"Point"}
    assert sum(feature.properties["point_count"] for feature in small) == count
    assert {feature.geometry.geom_type for feature in large} == {"Polygon"}
    assert [feature.properties["code"] for feature in large] == ["N-1", "N-2"]


@pytest.mark.django_db(transaction=True)
def test_a_million_features_would_not_be_read_twice_over() -> None:
    """Of too many features for a tile no more are read than it takes to know that."""
    layer, tile = layer_get("parking_spots"), tile_at("WebMercatorQuad", 8)
    many_insert(layer, 20000, "ST_Point(116.08 + n * 1e-6, -8.58, 4326)")
    sql, args = tiles.tile_sql([(layer, FeatureQuery(limit=1))], tile, (DETAILS[0],))
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM ANALYZE {layer.table}")
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + sql, args)
        plan = str(cursor.fetchone()[0])
    assert "'Node Type': 'Index Only Scan'" in plan
    assert "'Actual Rows': 4001" in plan
    assert "'Actual Rows': 20000" not in plan


def test_a_tile_is_finished_however_fast_others_write(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at the data finds a newer version, as where imports commit all the time."""
    layer, reads = layer_get("parking_spots"), 0
    many_insert(layer, 5000, "ST_Point(116.08 + n * 1e-6, -8.58, 4326)")
    other = psycopg2.connect(**connection.get_connection_params() | {"cursor_factory": None})
    other.autocommit = True

    def row_fetch(statement: Any, *, prepare: bool) -> Any:
        nonlocal reads
        reads += 1
        assert reads < 10
        with other.cursor() as cursor:
            cursor.execute("SELECT journal.touch(%s)", [layer.id])
        return fetch_now(statement, prepare=prepare)

    fetch_now = tiles.row_fetch
    monkeypatch.setattr(tiles, "row_fetch", row_fetch)
    data = fetch(layer, tile_at("WebMercatorQuad", 8))
    assert data.details == (DETAILS[1],)
    shown = mvt_read(data.mvt)[layer.id]
    assert sum(feature.properties.get("point_count", 1) for feature in shown) == 5000
    assert not connection.in_atomic_block
    assert data.tag != tile_version([(layer, FeatureQuery(limit=1))], tile_at("WebMercatorQuad", 8))
    other.close()


@pytest.mark.parametrize(
    ("address", "names"),
    [
        (("Nowhere", "1", "0", "0"), "WebMercatorQuad, WorldCRS84Quad"),
        (("WebMercatorQuad", "25", "0", "0"), "tileMatrix '25'"),
        (("WorldCRS84Quad", "24", "0", "0"), "tileMatrix '24'"),
        (("WebMercatorQuad", "99", "0", "0"), "dari 0 sampai 24"),
        (("WebMercatorQuad", "3", "8", "0"), "tileRow '8'"),
        (("WebMercatorQuad", "3", "0", "8"), "tileCol '8'"),
        (("WorldCRS84Quad", "3", "8", "0"), "tileRow '8'"),
        (("WorldCRS84Quad", "3", "0", "16"), "dari 0 sampai 15"),
        (("WebMercatorQuad", "-1", "0", "0"), "tileMatrix '-1'"),
        (("WebMercatorQuad", "3", "x", "0"), "tileRow 'x'"),
        (("WebMercatorQuad", "3", "1.0", "0"), "tileRow '1.0'"),
        (("WebMercatorQuad", "3", "٣", "0"), "tileRow '٣'"),
        (("WebMercatorQuad", "3", "", "0"), "tileRow ''"),
        (("WebMercatorQuad", "3", "9" * 5000, "0"), "tileRow"),
    ],
)
def test_an_address_out_of_range_is_told(address: tuple[str, str, str, str], names: str) -> None:
    with pytest.raises(NotFound) as refused:
        Tile.parse(*address)
    assert names in str(refused.value)
    assert len(str(refused.value)) < 12000


@pytest.mark.parametrize("matrix_set", MATRIX_SETS)
def test_the_last_tiles_of_a_matrix_are_there(matrix_set: str) -> None:
    known = TILE_MATRIX_SETS[matrix_set]
    for z in (0, 1, known.max_zoom):
        columns, rows = known.matrix(z)
        tile = Tile.parse(matrix_set, str(z), str(rows - 1), str(columns - 1))
        west, south, east, north = tile.degrees()
        assert (east, south) == pytest.approx((180, -90 if matrix_set == "WorldCRS84Quad" else -85.0511287798066))
        assert (tile.x, tile.y) == tuple(map(int, at(matrix_set, z, (west + east) / 2, (south + north) / 2)))


def test_what_is_valid_changes_by_itself_and_the_tag_with_it(feature_make: FeatureMake) -> None:
    layer, tile = layer_get("disaster_zones"), tile_at("WebMercatorQuad", 10)
    here = square(116.08, -8.6, 0.05)
    coming, ending = (feature_make(layer, n, geom=here, name=name) for n, name in enumerate(("coming", "ending"), 1))
    feature_make(layer, 3, geom=here, valid_to="2026-01-01T00:00:00Z", name="ended")
    feature_make(layer, 4, geom=here, name="always")

    def names(**params: str) -> tuple[str, list[Any]]:
        data = fetch(layer, tile, **params)
        return data.tag, [shown.properties["name"] for shown in mvt_read(data.mvt).get(layer.id, [])]

    asked = [(layer, FeatureQuery(limit=1))]
    for seconds in (1, 5, 25):  # a busy machine may need more to ask before it ends
        ends = timezone.now() + timedelta(seconds=seconds)
        layer.model.objects.filter(pk=coming.pk).update(valid_from=ends)
        layer.model.objects.filter(pk=ending.pk).update(valid_to=ends)
        before, everything, version = names(), names(datetime="../.."), tile_version(asked, tile)
        if timezone.now() < ends:
            break
    assert before[1] == ["ending", "always"]
    assert everything[1] == ["coming", "ending", "ended", "always"]
    assert names(datetime="2025-12-31T00:00:00Z")[1] == ["ending", "ended", "always"]
    assert version == before[0]
    sleep(max(0, (ends - timezone.now()).total_seconds()) + 0.01)
    after = names()
    assert after[1] == ["coming", "always"]
    assert after[0] == tile_version(asked, tile) != before[0]
    assert names(datetime="../..") == everything
    forever = "UPDATE layers_disasterzone SET valid_from = '-infinity', valid_to = 'infinity' WHERE id = %s"
    with connection.cursor() as cursor:
        cursor.execute(forever, [coming.pk])
    assert names()[1] == ["coming", "always"]
