"""Queries as SQL, and the features that PostGIS makes of them."""

import json
import time
from itertools import pairwise
from typing import Any

import pytest
from conftest import FeatureMake, circle, place, square
from django.contrib.gis.geos import GEOSGeometry, Point
from django.db import connection
from pyproj import Transformer

from layers.catalog import Layer, layer_get
from layers.errors import InvalidParameter
from layers.query import features
from layers.query.features import Page, feature, item_fetch, items, items_counted, items_fetch, version_fetch
from layers.query.params import FeatureQuery
from layers.query.spatial import DEFAULT_CRS, EDGE, Sql, crs_get

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


def ask(layer: Layer | str, **params: str) -> list[dict[str, Any]]:
    layer = layer if isinstance(layer, Layer) else layer_get(layer)
    page = fetch(layer, **params)
    found: list[dict[str, Any]] = json.loads(f"[{page.features}]")
    assert page.returned == len(found)
    return found


def fetch(layer: Layer, **params: str) -> Page:
    query = FeatureQuery.parse(layer, {name.replace("__", "-"): [value] for name, value in params.items()})
    page = items_fetch(layer, query)
    assert page.features is not None
    return page


def codes(layer: Layer | str, **params: str) -> list[str]:
    return [feature["properties"]["code"] for feature in ask(layer, **params)]


def test_the_query_is_one_statement_with_its_values_apart() -> None:
    zones = layer_get("disaster_zones")
    asked = {"datetime": ["2026-01-01T00:00:00Z/.."], "hazard": ["101"], "q": ["50%"], "limit": ["5"]}
    query = FeatureQuery.parse(zones, {"bbox": ["1,2,3,4"], "sortby": ["name,name"], **asked})
    where = (
        " WHERE (ST_Intersects(geom, ST_MakeEnvelope(%s, %s, %s, %s, 4326)))"
        ' AND ("valid_to" IS NULL OR "valid_to" >= %s)'
        ' AND "hazard" = %s AND (code ILIKE %s OR name ILIKE %s)'
    )
    order = ' ORDER BY "name" NULLS LAST, id'
    counted, args = items_counted(zones, query, feature)
    assert f'found AS MATERIALIZED (SELECT "id", "name" FROM layers_disasterzone{where} LIMIT 10001)' in counted
    assert f"WHERE id = ANY(ARRAY(SELECT id FROM found{order} LIMIT %s OFFSET %s)){order}" in counted
    assert args[-3:] == [6, 0, "disaster_zones"]
    assert counted.count("%s") == len(args)
    read, args = items(zones, query, feature)
    assert f"SELECT * FROM layers_disasterzone{where}{order} LIMIT %s OFFSET %s" in read
    assert args[-3:] == [6, 0, "disaster_zones"]
    assert read.count("%s") == len(args)


def test_an_item_has_every_published_property_in_order_and_no_other(layer: Layer, feature_make: FeatureMake) -> None:
    made = feature_make(layer)
    (feature,) = ask(layer)
    assert list(feature) == ["type", "id", "geometry", "properties"]
    assert feature["id"] == made.id
    assert feature["geometry"]["type"] == layer.geometry_type
    assert list(feature["properties"]) == [known.name for known in layer.properties]
    assert json.loads(item_fetch(layer, made.id, DEFAULT_CRS)[1] or "") == feature


def test_one_statement_answers_a_page_and_its_count(
    layer: Layer, feature_make: FeatureMake, django_assert_num_queries: Any
) -> None:
    for number in range(1, 4):
        feature_make(layer, number)
    with django_assert_num_queries(1):
        page = fetch(layer, limit="2", q="name")
    assert (page.returned, page.matched) == (2, 3)


@pytest.mark.django_db(transaction=True)
def test_all_items_are_counted_once_a_version(feature_make: FeatureMake, django_assert_num_queries: Any) -> None:
    markets = layer_get("markets")
    fetch(markets)  # prepares the statement
    for expected in (3, 4):
        for number in range(expected if expected == 3 else 1):
            feature_make(markets, number if expected == 3 else 3)
        with django_assert_num_queries(2):
            assert fetch(markets, limit="2").matched == expected
        with django_assert_num_queries(1):
            assert fetch(markets, limit="2").matched == expected


@pytest.mark.django_db(transaction=True)
def test_a_version_that_is_known_costs_no_look_at_the_features(layer: Layer, feature_make: FeatureMake) -> None:
    made = feature_make(layer)
    first = fetch(layer)
    query = FeatureQuery.parse(layer, {})
    again = items_fetch(layer, query, first.version.tag)
    assert (again.features, again.version) == (None, first.version)
    assert item_fetch(layer, made.id, DEFAULT_CRS, first.version.tag) == (first.version, None)
    made.name = "other"
    made.save()
    changed = items_fetch(layer, query, first.version.tag)
    assert "other" in (changed.features or "")
    assert changed.version.tag != first.version.tag


@pytest.mark.parametrize("order", ["", "name", "-kiosks", "kiosks,-name", "-observed_at,kiosks", "-sni_certified"])
def test_tokens_show_each_item_once_in_any_order(order: str, feature_make: FeatureMake) -> None:
    markets = layer_get("markets")
    for number in range(20):
        feature_make(
            markets,
            number,
            name=f"name {number % 3}",
            kiosks=number % 4 or None,
            sni_certified=[None, True, False][number % 3],
            observed_at=f"2026-01-0{number % 2 + 1}T00:00:00.123456Z" if number % 5 else None,
        )
    params = {"sortby": order} if order else {}
    whole = codes(markets, **params)
    page, paged = fetch(markets, limit="3", **params), []
    while True:
        paged += [feature["properties"]["code"] for feature in json.loads(f"[{page.features}]")]
        if page.next is None:
            break
        page = fetch(markets, limit="3", next=page.next, **params)
    assert paged == whole
    assert len(set(paged)) == 20


def test_a_token_skips_and_repeats_nothing_while_others_write(feature_make: FeatureMake) -> None:
    markets = layer_get("markets")
    made = [feature_make(markets, number) for number in range(6)]
    page = fetch(markets, limit="3")
    made[0].delete()
    feature_make(markets, 9)
    assert codes(markets, limit="9", next=page.next or "") == ["T-0003", "T-0004", "T-0005", "T-0009"]


def test_a_page_that_is_the_same_has_the_same_token(feature_make: FeatureMake, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        feature_make(layer_get("markets"), number)
    token = fetch(layer_get("markets"), limit="2").next
    later = time.time() + 60
    monkeypatch.setattr("time.time", lambda: later)
    assert fetch(layer_get("markets"), limit="2").next == token, "its ETag promises the same bytes"


@pytest.mark.parametrize("params", [{}, {"bbox": "116,-9,117,-8"}, {"sortby": "-name"}, {"q": "name"}])
def test_a_page_ends_where_its_geometries_fill_it(
    params: dict[str, str], feature_make: FeatureMake, monkeypatch: pytest.MonkeyPatch
) -> None:
    zones = layer_get("disaster_zones")
    sizes = [100, 500, 10, 10, 10, 600, 10]
    made = [feature_make(zones, number, name=f"name {number}", geom=circle(size)) for number, size in enumerate(sizes)]
    monkeypatch.setattr("layers.query.features.PAGE_BYTES", 4 * 16 * 300)
    page, pages = fetch(zones, limit="4", **params), []
    while True:
        found = [feature["id"] for feature in json.loads(f"[{page.features}]")]
        assert page.returned == len(found)
        assert page.matched == len(made)
        pages.append(found)
        if page.next is None:
            break
        page = fetch(zones, limit="4", next=page.next, **params)
    ids = [zone.pk for zone in made]
    if "sortby" in params:
        ids.reverse()
    assert pages == [ids[:2], ids[2:6], ids[6:]]
    assert fetch(zones, limit="9", skipGeometry="true", **params).returned == len(made)


def test_a_page_that_could_not_be_counted_is_another_than_one_that_was(
    transactional_db: None, feature_make: FeatureMake, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        feature_make(layer_get("markets"), number)
    read = features.row_fetch

    def overtaken(statement: Sql, *, prepare: bool = False) -> Any:
        if features.COUNT in statement[0]:
            feature_make(layer_get("markets"), 9)
        return read(statement, prepare=prepare)

    with monkeypatch.context() as patch:
        patch.setattr(features, "row_fetch", overtaken)
        before = version_fetch(layer_get("markets"))
        page = fetch(layer_get("markets"), limit="2")
    assert page.matched is None
    assert page.version.tag != before.tag
    assert fetch(layer_get("markets"), limit="2").version == version_fetch(layer_get("markets"))


def test_a_token_is_good_for_its_own_list_only(feature_make: FeatureMake) -> None:
    for number in range(4):
        feature_make(layer_get("markets"), number)
        feature_make(layer_get("aid_posts"), number)
    token = fetch(layer_get("markets"), limit="2").next or ""
    assert codes("markets", limit="1", next=token, f="json", lang="en") == ["T-0002"]
    for layer, params in (
        ("aid_posts", {"next": token}),
        ("markets", {"next": token, "q": "name"}),
        ("markets", {"next": token, "sortby": "name"}),
        ("markets", {"next": token[:-1] + ("A" if token[-1] != "A" else "B")}),
        ("markets", {"next": "x"}),
        ("markets", {"next": ""}),
    ):
        with pytest.raises(InvalidParameter) as fault:
            fetch(layer_get(layer), **params)
        assert fault.value.extra == {"parameter": "next"}


def test_paging_shows_each_item_once(feature_make: FeatureMake) -> None:
    for number in range(7):
        feature_make(layer_get("markets"), number)
    pages = [codes("markets", limit="3", offset=str(offset)) for offset in (0, 3, 6, 9)]
    assert [len(page) for page in pages] == [3, 3, 1, 0]
    assert len({code for page in pages for code in page}) == 7


def test_bbox_takes_what_it_touches(layer: Layer, feature_make: FeatureMake) -> None:
    feature_make(layer, 1, geom=place(layer, 116.10, -8.60))
    feature_make(layer, 2, geom=place(layer, 116.30, -8.60))
    (first, second) = codes(layer)
    assert codes(layer, bbox="116.05,-8.65,116.10,-8.55") == [first]
    assert codes(layer, bbox="116.10,-8.60,116.10,-8.60") == [first]
    assert codes(layer, bbox="116.0,-9,117,-8") == [first, second]
    assert codes(layer, bbox="-8.65,116.05,-8.55,116.2", bbox__crs=EPSG + "4326") == [first]
    assert codes(layer, bbox="398000,9040000,410000,9060000", bbox__crs=EPSG + "32750") == [first]
    for wide in ("-30000000,-2000000,30000000,2000000", "0,-2000000,22000000,2000000"):
        assert codes(layer, bbox=wide, bbox__crs=EPSG + "3857") == [first, second]
    assert codes(layer, bbox="0,0,1,1") == []
    assert codes(layer, bbox="0,0,5e-324,5e-324", bbox__crs=EPSG + "3857") == []
    assert codes(layer, bbox="0,-1000,1e-300,1000", bbox__crs=EPSG + "3857") == []


def test_bbox_across_the_antimeridian(feature_make: FeatureMake) -> None:
    for number, longitude in enumerate((-179.0, 0.0, 179.0)):
        feature_make(layer_get("markets"), number, geom=Point(longitude, 0, srid=4326))
    assert codes("markets", bbox="178,-1,-178,1") == ["T-0000", "T-0002"]
    assert codes("markets", bbox="19800000,-1,20300000,1", bbox__crs=EPSG + "3857") == ["T-0000", "T-0002"]


@pytest.mark.parametrize("crs", [EPSG + code for code in ("4326", "3857", "32750", "9490")])
def test_coordinates_in_each_crs(crs: str, feature_make: FeatureMake) -> None:
    feature_make(layer_get("markets"), geom=Point(116.1, -8.58, srid=4326))
    transform = Transformer.from_crs("OGC:CRS84", f"EPSG:{crs.rsplit('/', 1)[1]}").transform
    (feature,) = ask("markets", crs=crs)
    assert feature["geometry"]["coordinates"] == pytest.approx(transform(116.1, -8.58), abs=0.001)
    assert "crs" not in feature["geometry"]
    decimals = [len(str(number).partition(".")[2]) for number in feature["geometry"]["coordinates"]]
    assert max(decimals) <= crs_get(crs).decimals


def test_validity_may_be_open(feature_make: FeatureMake) -> None:
    zones = layer_get("disaster_zones")
    feature_make(zones, 1)
    feature_make(zones, 2, valid_from="2018-08-05T00:00:00Z", valid_to="2018-08-07T00:00:00Z")
    feature_make(zones, 3, valid_from="2030-01-01T00:00:00Z")
    assert codes(zones, datetime="2018-08-06T00:00:00Z") == ["T-0001", "T-0002"]
    assert codes(zones, datetime="2018-08-08T00:00:00Z/..") == ["T-0001", "T-0003"]
    assert codes(zones, datetime="../2018-08-01T00:00:00Z") == ["T-0001"]
    assert codes(zones, datetime="../..") == ["T-0001", "T-0002", "T-0003"]


def test_an_instant_must_be_known(feature_make: FeatureMake) -> None:
    markets = layer_get("markets")
    feature_make(markets, 1)
    feature_make(markets, 2, observed_at="2026-01-02T00:00:00+08:00")
    assert codes(markets, datetime="2026-01-02") == ["T-0002"]
    assert codes(markets, datetime="2026-01-03/..") == []
    assert codes(markets, datetime="../..") == ["T-0002"]


def test_filters_search_and_order(feature_make: FeatureMake) -> None:
    markets = layer_get("markets")
    feature_make(markets, 1, name="Pasar Kebon Roek", kiosks=5, operating_days=["senin", "rabu"])
    feature_make(markets, 2, name="Pasar Sindu", kiosks=9)
    feature_make(markets, 3, name="100% baru")
    assert codes(markets, kiosks="9") == ["T-0002"]
    assert codes(markets, operating_days="rabu") == ["T-0001"]
    assert codes(markets, q="roek pasar") == ["T-0001"]
    assert codes(markets, q="0%") == ["T-0003"]
    assert codes(markets, q="_") == []
    assert codes(markets, sortby="-kiosks") == ["T-0002", "T-0001", "T-0003"]
    assert codes(markets, sortby="kiosks") == ["T-0001", "T-0002", "T-0003"]


def test_chosen_properties_and_no_geometry(feature_make: FeatureMake) -> None:
    feature_make(layer_get("markets"))
    (feature,) = ask("markets", properties="name,code", skipGeometry="true")
    assert feature["geometry"] is None
    assert list(feature["properties"]) == ["code", "name"]


def test_quotes_and_backslashes_are_written_as_qgis_reads_them(feature_make: FeatureMake) -> None:
    name = 'Pasar "Lama" \\ baru \\'
    feature_make(layer_get("markets"), name=name)
    page = fetch(layer_get("markets"))
    assert r"Pasar \u0022Lama\u0022 \u005c baru \u005c" in page.features
    assert json.loads(page.features)["properties"]["name"] == name


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, "Index Only Scan using {table}_bounds on {table} near"),
        ({"q": "a"}, "Index Cond: (geom && "),
        ({"bbox-crs": "http://www.opengis.net/def/crs/EPSG/0/3857"}, "Index Cond: (geom && "),
    ],
)
def test_a_bbox_uses_an_index(layer: Layer, feature_make: FeatureMake, asked: dict[str, str], expected: str) -> None:
    feature_make(layer)
    query = FeatureQuery.parse(layer, {"bbox": ["116,-9,116.2,-8"], **{name: [value] for name, value in asked.items()}})
    sql, args = items_counted(layer, query, feature)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {sql}", args)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert expected.format(table=layer.table) in plan
    assert "Seq Scan on layers_" not in plan


def test_rows_can_be_counted_by_any_index(layer: Layer, feature_make: FeatureMake) -> None:
    """An index of a kind that cannot be read as a whole would have the server busy until it is out of memory."""
    for number in range(3):
        feature_make(layer, number)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL statement_timeout = 5000")
        cursor.execute(f"SELECT count(*) FROM {layer.table}")
        assert cursor.fetchone() == (3,)


@pytest.mark.parametrize("side", ["west", "south", "east", "north"])
def test_what_is_at_an_edge_of_a_box_is_looked_at(feature_make: FeatureMake, side: str) -> None:
    """The index of boxes is blurred; what it tells of the edge is not to be trusted."""
    box = {"west": 116.1, "south": -8.6, "east": 116.2, "north": -8.5}
    outwards = -1 if side in ("west", "south") else 1
    inside = []
    for number, edges in enumerate([-2, -1.2, -1, -0.2, -0.05, -1e-4, 0, 1e-4, 0.05, 0.09, 0.11, 0.2, 1, 2]):
        at = box[side] + outwards * edges * EDGE
        position = Point(at, -8.55) if side in ("west", "east") else Point(116.15, at)
        made = feature_make(layer_get("markets"), number, geom=GEOSGeometry(position.wkt, srid=4326))
        if edges <= 0:
            inside.append(made.code)
    assert codes("markets", bbox=",".join(map(str, box.values()))) == inside


def test_a_zone_around_a_corner_of_the_box_is_not_in_it(feature_make: FeatureMake) -> None:
    zones = layer_get("disaster_zones")
    corner = GEOSGeometry("MULTIPOLYGON(((0 0,3 0,3 1,1 1,1 3,0 3,0 0)))", srid=4326)
    feature_make(zones, 1, geom=corner)
    feature_make(zones, 2, geom=square(2, 2, 4))
    assert codes(zones, bbox="1.5,1.5,2.5,2.5") == [codes(zones)[1]]


def test_rings_run_as_geojson_wants(feature_make: FeatureMake) -> None:
    clockwise = square(116.1, -8.6)
    clockwise.reverse()
    feature_make(layer_get("disaster_zones"), geom=clockwise)
    (feature,) = ask("disaster_zones")
    ring = feature["geometry"]["coordinates"][0][0]
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))
    assert area > 0
