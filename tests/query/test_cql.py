"""CQL2 filters: the SQL they become, the rows they find, and what they refuse."""

import json
import time
from typing import Any

import pytest
from conftest import FeatureMake, place, square
from django.contrib.gis.geos import Point
from django.db import connection
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from plain_scan import Row, filters, truth, written

from layers.catalog import Layer, layer_get
from layers.errors import InvalidParameter
from layers.query.cql import cql_predicate
from layers.query.spatial import DEFAULT_CRS, crs_get

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


def predicate(layer: str, value: str | dict[str, Any], crs: str | None = None) -> tuple[str, list[Any]]:
    lang = "cql2-text" if isinstance(value, str) else "cql2-json"
    written = value if isinstance(value, str) else json.dumps(value)
    return cql_predicate(layer_get(layer), written, lang, crs_get(crs) if crs else DEFAULT_CRS)


def found(layer: str, value: str | dict[str, Any], crs: str | None = None) -> list[int]:
    """The numbers of the features that match, from their codes."""
    sql, args = predicate(layer, value, crs)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT right(code, 2)::int FROM {layer_get(layer).table} WHERE {sql} ORDER BY 1", args)
        return [row[0] for row in cursor.fetchall()]


def refused(value: str, lang: str = "cql2-text", layer: str = "markets", crs: str | None = None) -> str:
    with override("en"), pytest.raises(InvalidParameter) as refusal:
        cql_predicate(layer_get(layer), value, lang, crs_get(crs) if crs else DEFAULT_CRS)
    assert refusal.value.extra == {"parameter": "filter"}
    with override("en"):
        return str(refusal.value.detail)


@pytest.fixture
def markets(feature_make: FeatureMake) -> None:
    layer = layer_get("markets")
    feature_make(
        layer,
        1,
        name="Pasar Café",
        kiosks=10,
        los=3,
        operating_days=["senin", "rabu"],
        opens_at="05:00",
        sni_certified=True,
        condition="baik",
        observed_at="2026-01-02T08:00:00+08:00",
        geom=Point(116.10, -8.58, srid=4326),
    )
    feature_make(
        layer,
        2,
        name="pasar O'Brien 100%",
        kiosks=0,
        los=0,
        operating_days=["minggu"],
        sni_certified=False,
        observed_at="2026-01-03T00:30:00+08:00",
        geom=Point(116.20, -8.58, srid=4326),
    )
    feature_make(layer, 3, name="Pasar_Lama\\", geom=Point(179.5, 0, srid=4326))


@pytest.fixture
def zones(feature_make: FeatureMake) -> None:
    layer = layer_get("disaster_zones")
    spans = [("01", "03"), ("03", "05"), ("02", "04"), ("01", "05"), ("01", "04"), ("03", "04"), (None, "02")]
    for number, (start, end) in enumerate(spans, 1):
        feature_make(
            layer,
            number,
            geom=square(116.0 + number * 0.01, -8.6),
            valid_from=start and f"2026-01-{start}T00:00:00Z",
            valid_to=f"2026-01-{end}T00:00:00Z",
            value_min=number / 10,
            unit="m",
        )


@pytest.mark.parametrize(
    ("collection", "value", "sql", "args"),
    [
        ("markets", "kiosks = 3", '("kiosks" = %s)', [3]),
        ("markets", "name <> 'O''Brien'", '("name" <> %s)', ["O'Brien"]),
        ("markets", 'NOT ("kiosks" >= 3.5)', '(NOT ("kiosks" >= %s))', [3.5]),
        ("markets", "sni_certified AND is_price_reference", '("sni_certified" AND "is_price_reference")', []),
        ("markets", "kiosks = NULL", '("kiosks" = NULL)', []),
        ("markets", "name LIKE 'a%'", '("name" LIKE %s)', ["a%"]),
        (
            "markets",
            "CASEI(name) LIKE CASEI('A%')",
            "(replace(lower(upper(\"name\")), 'ß', 'ss') LIKE replace(lower(upper(%s)), 'ß', 'ss'))",
            ["A%"],
        ),
        ("markets", "kiosks BETWEEN 1 AND los", '("kiosks" BETWEEN %s AND "los")', [1]),
        ("markets", "kiosks IN (1, -2)", '("kiosks" IN (%s, %s))', [1, -2]),
        ("markets", "kiosks IS NOT NULL", '(NOT ("kiosks" IS NULL))', []),
        (
            "markets",
            "kiosks / 2 > los",
            '(("kiosks"::numeric / nullif(%s::numeric, 0)) > "los"::numeric)',
            [2],
        ),
        (
            "markets",
            "A_OVERLAPS(operating_days, ('senin'))",
            '("operating_days"::text[] && %s::text[])',
            [["senin"]],
        ),
        (
            "disaster_zones",
            "T_AFTER(valid_from, INTERVAL('..', valid_to))",
            '("valid_from" > coalesce("valid_to", \'infinity\'))',
            [],
        ),
    ],
)
def test_a_filter_is_sql_with_its_values_apart(collection: str, value: str, sql: str, args: list[Any]) -> None:
    assert predicate(collection, value) == (sql, args)


def test_text_and_json_are_the_same_filter() -> None:
    value = {
        "op": "and",
        "args": [
            {"op": "in", "args": [{"property": "kiosks"}, [1, 2]]},
            {"op": "s_intersects", "args": [{"property": "geom"}, {"bbox": [116, -9, 117, -8]}]},
        ],
    }
    assert predicate("markets", value) == predicate(
        "markets", "kiosks IN (1,2) AND S_INTERSECTS(geom, BBOX(116,-9,117,-8))"
    )


@pytest.mark.usefixtures("markets")
@pytest.mark.parametrize(
    ("value", "numbers"),
    [
        ("kiosks = 10", [1]),
        ("kiosks <> 10", [2]),
        ("kiosks < 10", [2]),
        ("kiosks > 0", [1]),
        ("kiosks <= 0.5", [2]),
        ("kiosks >= los", [1, 2]),
        ("10 = kiosks", [1]),
        ("kiosks = NULL", []),
        ("kiosks IS NULL", [3]),
        ("geom IS NOT NULL", [1, 2, 3]),
        ("NOT kiosks = 10", [2]),
        ("kiosks = 10 OR kiosks IS NULL AND name = 'x'", [1]),
        ("(kiosks = 10 OR kiosks IS NULL) AND NOT (name = 'x')", [1, 3]),
        ("kiosks NOT BETWEEN 1 AND 20", [2]),
        ("kiosks BETWEEN 1 AND 20", [1]),
        ("name IN ('Pasar Café', 'x')", [1]),
        ("kiosks NOT IN (10, 11)", [2]),
        ("condition = 'baik'", [1]),
        ("condition <> 'bagus' AND NOT condition = 'bagus'", [1, 2, 3]),
        ("condition IN ('baik', 'bagus')", [1]),
        ("sni_certified", [1]),
        ("NOT sni_certified", [2]),
        ("sni_certified = false", [2]),
        ("true", [1, 2, 3]),
        ("NULL", []),
        ("name LIKE 'Pasar%'", [1, 3]),
        ("name LIKE 'Pasar_Lama%'", [3]),
        (r"name LIKE '%100\%'", [2]),
        (r"name LIKE 'Pasar\_%'", [3]),
        (r"name LIKE '%\\'", [3]),
        ("name NOT LIKE 'Pasar%'", [2]),
        ("name = 'pasar O''Brien 100%'", [2]),
        (r"name = 'pasar O\'Brien 100%' AND kiosks < .5", [2]),
        (r"name = 'Pasar_Lama\'", [3]),
        ("name <> '.5' AND kiosks+.5 BETWEEN -.5 AND .5E0 AND S_INTERSECTS(geom, BBOX(116.2,-9,117,-.5))", [2]),
        ("CASEI(name) LIKE CASEI('PASAR O%')", [2]),
        ("CASEI(name) = CASEI('PASAR CAFÉ')", [1]),
        ("CASEI('Οδος') = CASEI('ΟΔΟΣ') AND CASEI('Straße') = CASEI('STRASSE')", [1, 2, 3]),
        ("ACCENTI(name) = ACCENTI('Pasar Cafe')", [1]),
        ("ACCENTI('København') = ACCENTI('Kobenhavn') AND ACCENTI('Łódź') LIKE ACCENTI('Lo%')", [1, 2, 3]),
        ("ACCENTI(CASEI(name)) LIKE ACCENTI(CASEI('%CAFÈ'))", [1]),
        ("kiosks + los * 2 = 16", [1]),
        ("kiosks - 1 - 2 = 7", [1]),
        ("kiosks / los > 3.3", [1]),
        ("kiosks div los = 3", [1]),
        ("kiosks % los = 1", [1]),
        ("kiosks ^ 2 = 100", [1]),
        ("-kiosks = -10", [1]),
        ("kiosks ^ -1 = 0.1", [1]),
        ("(kiosks - 20) ^ 0.5 > 0", []),
        ("kiosks ^ 1000000 >= 0", [2]),
        ("0 ^ 0 = 1", [1, 2, 3]),
        ("1 / 0 = 1", []),
        ("1 % 0 = 1 OR 1 div 0 = 1", []),
        ("kiosks" + " * 9e18" * 60 + " > 1", [1]),
        ("opens_at = '05:00'", [1]),
        ("opens_at < '06:00:00'", [1]),
        ("observed_at = TIMESTAMP('2026-01-02T00:00:00Z')", [1]),
        ("observed_at > TIMESTAMP('2026-01-02T00:00:00Z')", [2]),
        ("observed_at = DATE('2026-01-03')", [2]),
        ("observed_at < '2026-01-03'", [1]),
        ("observed_at BETWEEN '2026-01-02' AND '2026-01-02'", [1]),
        ("observed_at <> '2026-01-02T08:00:00+08:00'", [2]),
        ("created_at >= observed_at OR created_at < observed_at", [1, 2]),
        ("T_DURING(observed_at, INTERVAL('2026-01-01','2026-01-03'))", [1]),
        ("T_INTERSECTS(observed_at, INTERVAL('..','2026-01-02'))", [1]),
        ("T_INTERSECTS(observed_at, DATE('2026-01-03'))", [2]),
        ("T_AFTER(observed_at, TIMESTAMP('2026-01-02T00:00:00Z'))", [2]),
        ("A_EQUALS(operating_days, ('rabu','senin'))", [1]),
        ("A_CONTAINS(operating_days, ('rabu'))", [1]),
        ("A_CONTAINS(operating_days, ('rabu', 'wednesday'))", []),
        ("A_OVERLAPS(operating_days, ('minggu', 'sunday'))", [2]),
        ("A_CONTAINEDBY(operating_days, ('minggu','senin'))", [2, 3]),
        ("A_OVERLAPS(operating_days, ('minggu','senin'))", [1, 2]),
        ("A_EQUALS(operating_days, operating_days)", [1, 2, 3]),
        ("A_EQUALS(operating_days, ( ))", [3]),
        ("id > 0", [1, 2, 3]),
        ("S_INTERSECTS(geom,BBOX(116,-9,116.15,-8))", [1]),
        ("S_INTERSECTS(geom,BBOX(116,-9,0,116.15,-8,9))", [1]),
        ("S_INTERSECTS(geom,BBOX(170,-9,117,-8))", [1, 2]),
        ("S_INTERSECTS(geom,BBOX(179,-1,-179,1))", [3]),
        ("S_INTERSECTS(geom,POINT(116.1 -8.58))", [1]),
        ("S_INTERSECTS(geom,POINT Z(116.1 -8.58 5))", [1]),
        ("S_INTERSECTS(geom,LINESTRING(116 -8.58,117 -8.58))", [1, 2]),
        ("S_INTERSECTS(geom,MULTIPOINT((116.1 -8.58),(179.5 0)))", [1, 3]),
        ("S_WITHIN(geom,MULTILINESTRING((116 -8.58,117 -8.58),(0 0,1 1)))", [1, 2]),
        ("S_DISJOINT(geom,POLYGON((116 -9,116.15 -9,116.15 -8,116 -8,116 -9)))", [2, 3]),
        ("S_WITHIN(geom,MULTIPOLYGON(((116 -9,116.15 -9,116.15 -8,116 -8,116 -9))))", [1]),
        ("S_CONTAINS(BBOX(116,-9,116.15,-8),geom)", [1]),
        ("S_WITHIN(geom,GEOMETRYCOLLECTION(POINT(116.1 -8.58),LINESTRING(179 0,180 0)))", [1, 3]),
        ("S_EQUALS(geom,POINT(116.1 -8.58))", [1]),
        ("S_TOUCHES(geom,BBOX(116.1,-9,117,-8))", [1]),
        ("S_CROSSES(geom,BBOX(116,-9,117,-8))", []),
        ("S_INTERSECTS(geom, geom)", [1, 2, 3]),
    ],
)
def test_rows_found(value: str, numbers: list[int]) -> None:
    assert found("markets", value) == numbers


@pytest.mark.usefixtures("zones")
@pytest.mark.parametrize(
    ("function", "numbers"),
    [
        ("T_AFTER", []),
        ("T_BEFORE", [7]),
        ("T_CONTAINS", [4]),
        ("T_DISJOINT", [7]),
        ("T_DURING", []),
        ("T_EQUALS", [6]),
        ("T_FINISHEDBY", [3, 5]),
        ("T_FINISHES", []),
        ("T_INTERSECTS", [1, 2, 3, 4, 5, 6]),
        ("T_MEETS", [1]),
        ("T_METBY", []),
        ("T_OVERLAPPEDBY", []),
        ("T_OVERLAPS", []),
        ("T_STARTEDBY", [2]),
        ("T_STARTS", []),
    ],
)
def test_validity_against_an_interval(function: str, numbers: list[int]) -> None:
    span = "INTERVAL('2026-01-03T00:00:00Z','2026-01-04T00:00:00Z')"
    assert found("disaster_zones", f"{function}(INTERVAL(valid_from,valid_to),{span})") == numbers


@pytest.mark.usefixtures("zones")
@pytest.mark.parametrize(
    ("function", "numbers"),
    [
        ("T_AFTER", [2, 6]),
        ("T_DURING", [2, 6]),
        ("T_FINISHES", [2]),
        ("T_METBY", []),
        ("T_OVERLAPPEDBY", []),
        ("T_OVERLAPS", [1, 5, 7]),
        ("T_STARTS", [3]),
    ],
)
def test_validity_against_other_intervals(function: str, numbers: list[int]) -> None:
    spans = {
        "T_AFTER": ("..", "2026-01-02T12:00:00Z"),
        "T_METBY": ("2026-01-01T00:00:00Z", "2026-01-02T12:00:00Z"),
        "T_DURING": ("2026-01-02T12:00:00Z", ".."),
        "T_FINISHES": ("2026-01-02T12:00:00Z", "2026-01-05T00:00:00Z"),
        "T_OVERLAPPEDBY": ("2026-01-05T00:00:00Z", ".."),
        "T_OVERLAPS": ("2026-01-01T12:00:00Z", "2026-01-04T12:00:00Z"),
        "T_STARTS": ("2026-01-02T00:00:00Z", ".."),
    }
    start, end = spans[function]
    value = f"{function}(INTERVAL(valid_from,valid_to),INTERVAL('{start}','{end}'))"
    assert found("disaster_zones", value) == numbers


@pytest.mark.usefixtures("zones")
@pytest.mark.parametrize(
    ("value", "numbers"),
    [
        ("S_OVERLAPS(geom,BBOX(116.005,-8.7,116.015,-8.5))", [1]),
        ("S_CROSSES(LINESTRING(116.015 -8.7,116.015 -8.5),geom)", [1]),
        ("S_CONTAINS(geom,POINT(116.015 -8.595))", [1]),
        ("S_TOUCHES(geom,BBOX(116.02,-8.7,116.03,-8.5))", [3]),
        ("S_EQUALS(geom,BBOX(116.02,-8.60,116.03,-8.59))", [2]),
        (
            "S_WITHIN(geom,GEOMETRYCOLLECTION(LINESTRING(0 0,1 1),POLYGON((99 -9,116.025 -9,116.025 -8,99 -8,99 -9))))",
            [1],
        ),
        ("S_OVERLAPS(geom,GEOMETRYCOLLECTION(POINT(0 0),LINESTRING(116 -8,117 -8)))", []),
        ("value_min = 0.3", [3]),
        ("value_min * 2 = 0.6", [3]),
        ("hazard IN ('101','102')", [1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_zones_found(value: str, numbers: list[int]) -> None:
    assert found("disaster_zones", value) == numbers


@pytest.mark.usefixtures("markets")
@pytest.mark.parametrize(
    ("crs", "value"),
    [
        (EPSG + "4326", "S_INTERSECTS(geom,POINT(-8.58 116.1))"),
        (EPSG + "4326", "S_INTERSECTS(geom,BBOX(-9,116,-8,116.15))"),
        (
            EPSG + "3857",
            "S_INTERSECTS(geom,POLYGON((12920000 -970000,12930000 -970000,12930000 -950000,12920000 -950000,"
            "12920000 -970000)))",
        ),
        (EPSG + "3857", "S_INTERSECTS(geom,BBOX(0,-2000000,22000000,0)) AND kiosks = 10"),
        (EPSG + "3857", "S_INTERSECTS(geom,LINESTRING(-20000000 -958700,20000000 -958700)) OR kiosks = 10"),
        (EPSG + "3857", "S_INTERSECTS(geom,BBOX(0,0,5e-324,5e-324)) OR kiosks = 10"),
        (EPSG + "32750", "S_INTERSECTS(geom,BBOX(390000,9040000,402000,9060000))"),
    ],
)
def test_literals_are_in_the_filter_crs(crs: str, value: str) -> None:
    assert found("markets", value, crs) == [1]


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("3857", "LINESTRING(0 0,22000000 0)"),
        ("3857", "POLYGON((0 0,22000000 0,22000000 1,0 0))"),
        ("32750", "LINESTRING(-10000000 -10000000,400000 9000000)"),
        ("32750", "BBOX(-10000000,-10000000,10000000,20000000)"),
    ],
)
def test_literals_outside_the_filter_crs_are_refused(code: str, value: str) -> None:
    assert "lies outside the area" in refused(f"S_INTERSECTS(geom,{value})", crs=EPSG + code)


def test_a_literal_too_small_for_its_type_is_refused() -> None:
    line = '{"type":"LineString","coordinates":[[0,0],[5e-324,0]]}'
    value = f'{{"op":"s_intersects","args":[{{"property":"geom"}},{line}]}}'
    assert "not valid: Too few points" in refused(value, "cql2-json", crs=EPSG + "3857")


@pytest.mark.parametrize("function", ["INTERSECTS", "CONTAINS", "WITHIN", "EQUALS", "TOUCHES", "CROSSES", "OVERLAPS"])
def test_spatial_filters_use_the_index(layer: Layer, function: str, feature_make: FeatureMake) -> None:
    feature_make(layer, geom=place(layer))
    sql, args = predicate(layer.id, f"S_{function}(geom, BBOX(116,-9,116.2,-8)) AND name LIKE 'x%'")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN SELECT * FROM {layer.table} WHERE {sql}", args)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Index Cond: (geom" in plan or "Index Cond: ((geom" in plan
    assert "Seq Scan" not in plan


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "Not CQL2 at character 1"),
        ("kiosks =", "Not CQL2 at character 9: expected"),
        ("name = 'x' AND (kiosks = (1 2))", "Not CQL2 at character 29: expected"),
        ("kiosks = 1)", "character 11: unexpected )"),
        ("(" * 40 + "kiosks = ", "character 40: ( without )"),
        ("name = 'x", "Not CQL2 at character"),
        ("name = 'a\0'", "character 10: NUL"),
        ("\U000f0000 = 1", "character 1: NUL or a character for private use"),
        ("kiosk = 1", "There is no property 'kiosk'. There are: geom, id, code"),
        ("contact_phone IS NULL", "There is no property 'contact_phone'"),
        ("kiosks = 'x'", "cannot be compared: a number, text. Use S_… for geometries and A_… for lists. It is here"),
        ("name = 1", "cannot be compared"),
        ("name = true", "cannot be compared"),
        ("geom = 'x'", "cannot be compared: a geometry, text"),
        ("operating_days = 'senin'", "cannot be compared: a list, text"),
        ("observed_at = 5", "cannot be compared: a time stamp, a number"),
        ("observed_at = 'kemarin'", "'kemarin' is not a time such as"),
        ("observed_at = DATE('2026-13-01')", "'2026-13-01' is not a date such as"),
        ("observed_at = DATE('20260101')", "is not a date such as"),
        ("observed_at = TIMESTAMP('x')", "'x' is not a time such as"),
        ("opens_at = '25:00'", "'25:00' is not a time of day"),
        ("A_CONTAINS(operating_days, (1, 2))", "The list must hold text. It is here: [1.0,2.0]"),
        ("A_CONTAINS(name, ('x'))", "This must be a list, not text"),
        ("kiosks", "This must be a boolean, not a number"),
        ("5", "This must be a boolean"),
        ("NOT name", "This must be a boolean, not text. It is here: name"),
        ("kiosks LIKE 'x'", "This must be text, not a number"),
        ("name LIKE name", "The pattern of LIKE must be text"),
        ("name LIKE 'x\\'", "The pattern of LIKE must be text"),
        ("CASEI(name) LIKE CASEI('x\\')", "The pattern of LIKE must be text"),
        ("CASEI(kiosks) = 'x'", "This must be text, not a number"),
        ("name + 1 = 2", "This must be a number, not text"),
        ("kiosks = 1 = 2", "cannot be compared"),
        ("foo(name) = 1", "CQL2 has no 'foo'. It is here: foo(name)"),
        ("S_INTERSECT(geom, POINT(1 1))", "Is 's_intersects' meant?"),
        ("S_DWITHIN(geom, POINT(1 1), 5)", "CQL2 has no 's_dwithin'"),
        ("S_INTERSECTS(geom)", "s_intersects takes 2 operands, not 1"),
        ("S_INTERSECTS(name, POINT(1 1))", "This must be a geometry, not text. It is here: name"),
        ("S_INTERSECTS(geom, 'POINT(1 1)')", "This must be a geometry, not text"),
        ("S_INTERSECTS(geom, POLYGON EMPTY)", "The geometry is not valid: empty"),
        ("S_INTERSECTS(geom, POLYGON((0 0,1 1,1 0,0 1,0 0)))", "not valid: Self-intersection"),
        ("S_INTERSECTS(geom, POLYGON((0 0,1 1,1 0)))", "not valid: "),
        ("S_INTERSECTS(geom, LINESTRING(1 1))", "not valid: "),
        ("S_INTERSECTS(geom, POINT(200 1))", "outside the world"),
        ("S_INTERSECTS(geom, POINT(1e400 1))", "Not CQL2"),
        ("S_INTERSECTS(geom, BBOX(1,2,3))", "is not 4 or 6 numbers"),
        ("S_INTERSECTS(geom, BBOX(1,5,3,4))", "reversed"),
        ("T_AFTER(name, DATE('2026-01-01'))", "This must be a time stamp, not text"),
        ("T_AFTER(observed_at, INTERVAL('x','..'))", "'x' is not a time such as"),
        ("T_AFTER(observed_at, INTERVAL('2026-02-01','2026-01-01'))", "The interval ends before it starts"),
        ("observed_at = INTERVAL('2026-01-01','..')", "INTERVAL is for the functions T_"),
        ("kiosks = (1, 2)", "A list cannot be here"),
        ("kiosks = 9223372036854775808", "A number is beyond"),
        ("kiosks = 1e400", "no number"),
        ("kiosks = " + "1 + " * 101 + "1", "more than 64 levels"),
        ("kiosks + 1 = 1 OR " * 101 + "true", "more than 100 arithmetic operators"),
        ("kiosks IN (" + "1," * 10_000 + "1)", "The list holds more than 10000 values"),
        ("kiosks = 1 OR " * 600 + "kiosks = 1", "more than 1000 operators"),
        ("NOT " * 24_000 + "true", "more than 1000 operators"),
        ("NOT " * 70 + "true", "more than 64 levels deep"),
        ("(" * 2000 + "true" + ")" * 2000, "more than 64 levels deep"),
        ("casei(" * 2000 + "name" + ")" * 2000, "more than 64 levels deep"),
        ("name = '" + "x" * 100_000 + "'", "longer than 100000 bytes"),
        (
            "S_CROSSES(geom, LINESTRING(" + ",".join(f"{n * 79 % 97} {n * 53 % 89}" for n in range(1000)) + "))",
            "The geometry's lines cross too often",
        ),
        ("S_INTERSECTS(geom, LINESTRING(" + "1 1," * 10_000 + "1 1))", "The geometry has more than 10000 points"),
        ("kiosks=" * 999 + "1", "more than 64 levels deep"),
        ("foo(" + "kiosks=" * 900 + "1)", "CQL2 has no 'foo'"),
    ],
)
def test_bad_text_is_refused_at_once_with_a_reason(value: str, reason: str) -> None:
    start = time.process_time()
    detail = refused(value)
    assert reason in detail
    assert len(detail) < 1000
    assert time.process_time() - start < 2


def test_shapes_cross_often_only_where_they_are_compared_with_each_other() -> None:
    places = [f"S_INTERSECTS(geom,POLYGON((116 -8,117 -8,117 -9,116 -{9 + n / 100},116 -8)))" for n in range(90)]
    predicate("markets", " OR ".join(places))
    teeth = ",".join(f"{n / 300} {n % 2}" for n in range(300))
    turned = ",".join(" ".join(reversed(pair.split())) for pair in teeth.split(","))
    comb, across = f"LINESTRING({teeth})", f"LINESTRING({turned})"
    predicate("markets", f"S_INTERSECTS(geom,{comb}) OR S_INTERSECTS(geom,{across})")
    assert "The geometry's lines cross too often" in refused(f"S_INTERSECTS({comb},{across})")


def test_mistakes_inside_of_many_groups_are_found_at_once() -> None:
    start = time.process_time()
    assert "Not CQL2 at character 134" in refused("(NOT " * 25 + "kiosks =" + ")" * 25)
    assert "Not CQL2" in refused("(kiosks = 1 OR " * 30 + "kiosks = " + ")" * 30)
    assert "Not CQL2" in refused("kiosks IN (" * 30 + "1 1" + ")" * 30)
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "Not CQL2 at character 1"),
        ("{", "Not CQL2 at character 2"),
        ("{}", "This is no expression of CQL2. It is here: {}"),
        ("[]", "A list cannot be here"),
        ('{"op":"="}', "This is no expression"),
        ('{"op":1,"args":[]}', "This is no expression"),
        ('{"op":"=","args":{"a":1}}', "This is no expression"),
        ('{"op":"=","args":[{"property":"kiosks"},NaN]}', "Not CQL2 at character 41"),
        ('{"op":"=","args":[{"property":"kiosks"},Infinity]}', "Not CQL2"),
        ('{"op":"=","args":[{"property":"kiosks"},1e400]}', "Not CQL2"),
        ('{"op":"=","args":[{"property":"kiosks"},12345678901234567890123]}', "A number is beyond"),
        ('{"op":"=","args":[{"property":"kiosks"},1,2]}', "= takes 2 operands, not 3"),
        ('{"op":"=","args":[{"property":1},2]}', "This is no expression"),
        ('{"op":"and","args":[true]}', "and takes 2 operands, not 1"),
        ('{"op":"not","args":[true,false]}', "not takes 1 operands, not 2"),
        ('{"op":"=","args":[{"op":"+","args":[1,2,3]},1]}', "+ takes 2 operands, not 3"),
        ('{"op":"like","args":[{"property":"name"},{"op":"casei","args":[]}]}', "The pattern of LIKE"),
        ('{"op":"=","args":[{"property":"name"},"a\\u0000"]}', "NUL"),
        ('{"op":"=","args":[{"property":"name"},"\\ud800"]}', "Not CQL2"),
        ('{"op":"=","args":[{"property":"a\\u0000\\"; DROP"},1]}', "There is no property"),
        ('{"op":"s_intersects","args":[{"property":"geom"},{"bbox":[1,2,"3",true]}]}', "something that is no number"),
        ('{"op":"s_intersects","args":[{"property":"geom"},{"type":"Point","coordinates":"x"}]}', "not valid"),
        ('{"op":"s_intersects","args":[{"property":"geom"},{"type":"Foo","coordinates":[]}]}', "not valid"),
        ('{"op":"t_after","args":[{"interval":["2026-01-01"]},{"interval":1}]}', "INTERVAL is for"),
        ('{"op":"t_after","args":[{"interval":[[],{}]},null]}', "A list cannot be here"),
        ('{"op":"not","args":[' * 2000 + "true" + "]}" * 2000, "more than 64 levels deep"),
        ('{"op":"not","args":[' * 66 + "true" + "]}" * 66, "more than 64 levels deep"),
        (
            '{"op":"and","args":[{"op":"not","args":[true]},' + '{"op":"not","args":[' * 64 + "true" + "]}" * 65,
            "more than 64 levels deep",
        ),
        ("[" * 200 + "]" * 200, "more than 64 levels deep"),
        ('{"op":"or","args":[' + ",".join(['{"op":"not","args":[true]}'] * 1001) + "]}", "or takes 2 operands"),
    ],
)
def test_bad_json_is_refused(value: str, reason: str) -> None:
    assert reason in refused(value, "cql2-json")


def test_json_text_without_an_end_is_refused_in_time() -> None:
    """A worker's threads all wait while a regular expression is tried."""
    start = time.process_time()
    assert "Not CQL2" in refused('{"op":"' + '\\"' * 20_000, "cql2-json")
    assert time.process_time() - start < 2


@pytest.mark.django_db
@pytest.mark.usefixtures("markets")
@pytest.mark.parametrize(
    "attack", ["x'; DROP TABLE layers_market; --", '"; DROP TABLE layers_market; --', "%s", "%(a)s", "\\'; --", "{x}"]
)
def test_values_are_never_sql(attack: str) -> None:
    property_ = {"property": "name"}
    for value in (
        {"op": "=", "args": [property_, attack]},
        {"op": "=", "args": [{"property": "condition"}, attack]},
        {"op": "like", "args": [property_, attack]},
        {"op": "in", "args": [property_, [attack, attack]]},
        {"op": "=", "args": [{"op": "casei", "args": [attack]}, {"op": "accenti", "args": [property_]}]},
    ):
        sql, args = predicate("markets", value)
        assert attack.lower() not in sql.replace("%s", "").lower() or attack == "%s"
        assert set(args) == {attack}
        assert found("markets", value) == []
    holds = {"op": "a_contains", "args": [{"property": "operating_days"}, [attack]]}
    assert predicate("markets", holds)[1] == [[attack]]
    assert found("markets", holds) == []
    for wrong in (
        {"op": attack, "args": [property_, 1]},
        {"op": "=", "args": [{"property": attack}, 1]},
        {"op": "=", "args": [{"property": "observed_at"}, {"timestamp": attack}]},
        {"op": "=", "args": [{"property": "observed_at"}, {"date": attack}]},
        {"op": "=", "args": [{"property": "opens_at"}, attack]},
        {"op": "t_after", "args": [{"property": "observed_at"}, {"interval": [attack, ".."]}]},
        {"op": "s_intersects", "args": [{"property": "geom"}, {"type": attack, "coordinates": [1, 2]}]},
        {"op": "s_intersects", "args": [{"property": "geom"}, {"bbox": [attack, 1, 2, 3]}]},
    ):
        refused(json.dumps(wrong), "cql2-json")
    assert found("markets", "true") == [1, 2, 3]


ROWS: list[Row] = [
    {"kiosks": kiosks, "los": los, "name": name}
    for kiosks, los, name in [(1, 1, "ab"), (2, None, "a%b"), (None, 3, "a_"), (0, 2, "B"), (None, None, "abc")]
]
COMPARED = {"kiosks": [-1, 0, 1, 2], "los": [0, 1, 3], "name": ["ab", "a%b", "B"]}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=filters(COMPARED))
def test_filters_find_what_a_plain_scan_finds(db: None, feature_make: FeatureMake, tree: Any) -> None:
    layer = layer_get("markets")
    if not layer.model.objects.exists():
        for number, row in enumerate(ROWS):
            feature_make(layer, number, **row)
    assert found("markets", written(tree)) == [number for number, row in enumerate(ROWS) if truth(tree, row)]
