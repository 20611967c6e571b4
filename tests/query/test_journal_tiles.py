"""The journal's numbers: versions of layers and tiles, notices, and who is named."""

import json
import math
import random
from typing import Any

import psycopg2
import pytest
from conftest import FeatureMake, square
from django.contrib.gis.geos import Point
from django.db import InternalError, connection, transaction

from layers.catalog import Layer, layer_get, layers
from layers.query.journal import actor_set, journal_attach, journal_prune

ZOOMS = range(19)

pytestmark = pytest.mark.django_db(transaction=True)


def value(sql: str, *args: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, args)
        return cursor.fetchone()[0] if cursor.description else None


def version(layer: Layer, z: int, x: int, y: int, matrix: str = "") -> int:
    return int(value(f"SELECT journal.{matrix}tile_version(%s, %s, %s, %s)", layer.id, z, x, y))


def tile_at(longitude: float, latitude: float, z: int) -> tuple[int, int, int]:
    """Zoom, column and row of WebMercatorQuad, as OGC 17-083r4 defines them."""
    y = (1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2
    return z, int((longitude + 180) / 360 * 2**z), int(y * 2**z)


def crs84_tile_at(longitude: float, latitude: float, z: int) -> tuple[int, int, int]:
    return z, int((longitude + 180) / 180 * 2**z), int((90 - latitude) / 180 * 2**z)


def mercator_latitude(y: float, z: int) -> float:
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y / 2**z))))


@pytest.mark.parametrize(("at", "matrix"), [(tile_at, ""), (crs84_tile_at, "crs84_")], ids=["mercator", "crs84"])
def test_an_edit_changes_its_tiles_and_no_others(feature_make: FeatureMake, at: Any, matrix: str) -> None:
    layer = layer_get("markets")
    here, there = (116.1001, -8.5801), (118.9, -5.1)
    feature = feature_make(layer, geom=Point(*here, srid=4326))
    feature_make(layer, 2, geom=Point(*there, srid=4326))
    before = [[version(layer, *at(*place, z), matrix) for z in ZOOMS] for place in (here, there)]
    feature.name = "Baru"
    feature.save()
    after = [[version(layer, *at(*place, z), matrix) for z in ZOOMS] for place in (here, there)]
    assert all(new > old for new, old in zip(after[0], before[0], strict=True))
    deep = 8 if matrix == "" else 7  # a layer's own version counts above
    assert [new == old for new, old in zip(after[1], before[1], strict=True)] == [z >= deep for z in ZOOMS]


@pytest.mark.parametrize("z", [8, 12, 16])
@pytest.mark.parametrize("matrix", ["", "crs84_"])
def test_what_is_in_a_tiles_margin_changes_it(feature_make: FeatureMake, matrix: str, z: int) -> None:
    """A tile shows 1/16 of its size beyond each edge; what lies a good deal further leaves it as it is."""
    layer = layer_get("markets")
    _, x, y = crs84_tile_at(116.1, -8.58, z) if matrix else tile_at(116.1, -8.58, z)

    def changed(number: int, right: float, down: float) -> bool:
        """By a point so far from the tile's north-west corner, in tiles."""
        if matrix:
            position = ((x + right) * 180 / 2**z - 180, 90 - (y + down) * 180 / 2**z)
        else:
            position = ((x + right) * 360 / 2**z - 180, mercator_latitude(y + down, z))
        before = version(layer, z, x, y, matrix)
        feature_make(layer, number, geom=Point(*position, srid=4326))
        return version(layer, z, x, y, matrix) > before

    near, far = 1 / 16 - 1e-6, 1 / 8
    shown = [(-near, 0.5), (1 + near, 0.5), (0.5, -near), (0.5, 1 + near), (-near, -near), (1 + near, 1 + near)]
    assert all(changed(number, *place) for number, place in enumerate(shown, 1))
    if not matrix:
        hidden = [(-far, 0.5), (1 + far, 0.5), (0.5, -far), (0.5, 1 + far)]
        assert not any(changed(number, *place) for number, place in enumerate(hidden, 11))


def test_an_edit_marks_where_a_feature_was_and_where_it_is(feature_make: FeatureMake) -> None:
    layer = layer_get("markets")
    feature = feature_make(layer, geom=Point(116.1, -8.58, srid=4326))
    tiles = [tile_at(116.1, -8.58, 16), tile_at(116.3, -8.4, 16), tile_at(116.2, -8.5, 16)]
    before = [version(layer, *tile) for tile in tiles]
    feature.geom = Point(116.3, -8.4, srid=4326)
    feature.save()
    assert [version(layer, *tile) > old for tile, old in zip(tiles, before, strict=True)] == [True, True, False]


@pytest.mark.parametrize("change", ["delete", "truncate", "touch", "large", "many"])
def test_every_change_is_seen(feature_make: FeatureMake, change: str) -> None:
    """All of the layer's tiles change where an edit touches too many to be named."""
    layer = layer_get("disaster_zones")
    feature = feature_make(layer, geom=square(116.1, -8.6, 0.001))
    here, away = tile_at(116.1005, -8.5995, 14), tile_at(20, 50, 14)
    before = [version(layer, *here), version(layer, *away)]
    if change == "delete":
        feature.delete()
    elif change == "truncate":
        value(f"TRUNCATE {layer.table}")
    elif change == "touch":
        value("SELECT journal.touch(%s)", layer.id)
    elif change == "large":
        feature.geom = square(110, -9, 9)
        feature.save()
    else:
        copies = "SELECT code || n, name, source, hazard, level, kind, ST_Translate(geom, n * 0.001, 0)"
        value(
            f"INSERT INTO {layer.table} (code, name, source, hazard, level, kind, geom) "
            f"{copies} FROM {layer.table}, generate_series(0, 1500) n"
        )
    after = [version(layer, *here), version(layer, *away)]
    everywhere = change != "delete"
    assert [new > old for new, old in zip(after, before, strict=True)] == [True, everywhere]
    assert value("SELECT journal.layer_version(%s)", layer.id) == after[0]


def test_a_file_of_places_changes_the_tiles_around_them_only(feature_make: FeatureMake) -> None:
    """However many are in the same tile: caches keep what lies between one town and the next."""
    layer = layer_get("markets")
    feature_make(layer, geom=Point(116.1, -8.58, srid=4326))
    tiles = [tile_at(116.1, -8.58, 14), tile_at(118.7, -8.45, 14), tile_at(117.4, -8.5, 14)]
    before = [version(layer, *tile) for tile in tiles]
    value(
        f"INSERT INTO {layer.table} (code, name, source, type, geom) "
        "SELECT code || n, name, source, type, ST_Translate(geom, n / 500 * 2.6, n / 500 * 0.13) "
        f"FROM {layer.table}, generate_series(1, 500) n"
    )
    assert [version(layer, *tile) > old for tile, old in zip(tiles, before, strict=True)] == [True, True, False]


def test_pruning_leaves_every_tile_its_version(feature_make: FeatureMake) -> None:
    layer, other = layer_get("disaster_zones"), layer_get("markets")
    feature_make(other, geom=Point(116.1005, -8.5995, srid=4326))
    feature = feature_make(layer, geom=square(110, -9, 9))
    feature.geom = square(116.1, -8.6, 0.001)
    feature.save()
    for name in ("Satu", "Dua"):
        feature.name = name
        feature.save()
    feature_make(layer, 2, geom=square(117.1, -8.6, 0.001))
    tiles = [tile_at(116.1005, -8.5995, 14), tile_at(117.1005, -8.5995, 14), tile_at(20, 50, 14)]
    before = [version(one, *tile) for one in (layer, other) for tile in tiles]
    assert len(set(before[:3])) == 3
    marks = value("SELECT count(*) FROM journal.tile WHERE layer = %s", layer.id)
    assert journal_prune(-1) > 0
    assert [version(one, *tile) for one in (layer, other) for tile in tiles] == before
    assert value("SELECT count(*) FROM journal.tile WHERE layer = %s", layer.id) < marks


def test_who_turned_triggers_off_can_say_what_was_done(feature_make: FeatureMake) -> None:
    """In the same session too, where triggers are off still."""
    layer = layer_get("markets")
    feature_make(layer, geom=Point(116.1, -8.58, srid=4326))
    tile = tile_at(116.1, -8.58, 14)
    before = version(layer, *tile)
    with transaction.atomic():
        value("SET LOCAL session_replication_role = replica")
        value(f"UPDATE {layer.table} SET name = 'Baru'")
        value("SELECT journal.touch(%s)", layer.id)
    assert version(layer, *tile) > before
    assert value("SELECT count(*) FROM journal.edit WHERE seq IS NULL") == 0


@pytest.mark.parametrize("name", ["layers_market", "Markets", "market", "", None])
def test_what_is_no_layer_is_not_touched(name: str | None) -> None:
    """Who gives the name of the table would believe that its layer has a new version."""
    with pytest.raises(InternalError, match="There is no layer"):
        value("SELECT journal.touch(%s)", name)


def test_the_tiles_under_random_boxes_are_marked() -> None:
    """Against a plain computation from the definition of the tile matrix set, edges of the world included."""
    chance = random.Random(4)
    for _ in range(200):
        size = 10 ** chance.uniform(-6, -1.5)
        west, south = chance.uniform(-180, 180 - size), chance.uniform(-85, 85 - size)
        box = f"BOX({west} {south},{west + size} {south + size})"
        marked = value("SELECT journal.tiles(ARRAY[%s::box2d])", box)
        if marked is None:
            continue
        for z in range(8, 17):
            _, left, top = tile_at(west, south + size, z)
            _, right, bottom = tile_at(west + size, south, z)
            within = {(z << 48) | (x << 24) | y for x in range(left, right + 1) for y in range(top, bottom + 1)}
            assert within <= set(marked)
        assert all(0 <= part < 2**16 for tile in marked for part in (tile >> 24 & 0xFFFFFF, tile & 0xFFFFFF))


@pytest.mark.parametrize("place", [(-180, -90), (180, 90), (180, 0), (0, 0), (-180, 85.06)])
def test_the_ends_of_the_world_have_tiles(feature_make: FeatureMake, place: tuple[float, float]) -> None:
    layer = layer_get("markets")
    feature_make(layer, geom=Point(*place, srid=4326))
    longitude, latitude = min(place[0], 179.999999), max(-85.05, min(place[1], 85.05))
    assert all(version(layer, *tile_at(longitude, latitude, z)) > 0 for z in ZOOMS)
    latitude = max(place[1], -89.999999)
    assert all(version(layer, *crs84_tile_at(longitude, latitude, z), "crs84_") > 0 for z in ZOOMS)


def test_a_notice_comes_with_each_commit_and_only_then(feature_make: FeatureMake) -> None:
    markets, zones = layer_get("markets"), layer_get("disaster_zones")
    listener = psycopg2.connect(**connection.get_connection_params() | {"cursor_factory": None})
    listener.autocommit = True
    with listener.cursor() as cursor:
        cursor.execute("LISTEN journal")
    with transaction.atomic():
        feature_make(markets, 1, geom=Point(116.1, -8.6, srid=4326))
        feature_make(markets, 2, geom=Point(116.2, -8.5, srid=4326))
        value("SELECT journal.touch(%s)", zones.id)
        listener.poll()
        assert listener.notifies == []
    with transaction.atomic():
        feature_make(markets, 3)
        transaction.set_rollback(True)
    with listener.cursor() as cursor:
        cursor.execute("SELECT 1")
    told = [json.loads(notice.payload) for notice in listener.notifies]
    listener.close()
    seq = value("SELECT journal.layer_version('markets')")
    assert sorted(told, key=lambda notice: notice["layer"]) == [
        {"layer": "disaster_zones", "seq": seq, "n": 0, "bbox": None},
        {"layer": "markets", "seq": seq, "n": 2, "bbox": [116.1, -8.6, 116.2, -8.5]},
    ]


def test_the_one_logged_in_is_named_beside_the_actor(feature_make: FeatureMake) -> None:
    with transaction.atomic():
        actor_set("petugas")
        feature_make(layer_get("markets"))
    names = value("SELECT actor || ' ' || db_user FROM journal.edit WHERE layer = 'markets' ORDER BY id DESC LIMIT 1")
    assert names == f"petugas {connection.settings_dict['USER']}"


def test_who_edits_with_a_role_of_his_own_is_the_actor(feature_make: FeatureMake) -> None:
    """Whomever he says he is."""
    layer = layer_get("markets")
    feature_make(layer)
    with transaction.atomic():
        value(f"CREATE ROLE planner; GRANT SELECT, UPDATE ON {layer.table} TO planner")
        value("SET LOCAL SESSION AUTHORIZATION planner")
        actor_set("petugas")
        value(f"UPDATE {layer.table} SET name = 'Baru'")
        value("RESET SESSION AUTHORIZATION")
        names = value("SELECT actor || ' ' || db_user FROM journal.edit ORDER BY id DESC LIMIT 1")
        transaction.set_rollback(True)
    assert names == "planner planner"


def test_an_edit_that_changes_nothing_leaves_no_trace(feature_make: FeatureMake, layer: Layer) -> None:
    feature_make(layer)
    before = value("SELECT journal.layer_version(%s)", layer.id)
    value(f"UPDATE {layer.table} SET name = name")
    assert value("SELECT journal.layer_version(%s)", layer.id) == before


def test_every_layer_is_watched() -> None:
    journal_attach()
    watched = (
        "SELECT array_agg(tgname::text ORDER BY tgname) FROM pg_trigger "
        "WHERE tgrelid = %s::regclass AND tgname LIKE 'journal%%' AND tgenabled = 'O'"
    )
    kinds = [f"journal_{event}" for event in ("delete", "insert", "truncate", "update")]
    assert [value(watched, layer.table) for layer in layers()] == [kinds] * len(layers())
