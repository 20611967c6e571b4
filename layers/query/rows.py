"""Features of a layer in bulk, from one snapshot and a batch at a time, as exports and downloads write them.

An iterator here holds a transaction from its first batch to its last, or to its ``close()``.
"""

from collections.abc import Generator
from typing import Any

from django.db import connection, transaction

from layers.catalog import Layer, Property
from layers.query.asof import table_at
from layers.query.features import feature, order_by, properties_listed, where
from layers.query.params import FeatureQuery
from layers.query.spatial import DEFAULT_CRS, Crs, Sql, geojson
from layers.query.values import LARGEST

BATCH = 1_000
"""Rows held in memory at a time, where they are small."""

BATCH_BYTES = 8 * 1024 * 1024
"""A batch ends before its rows are more when its geometries, as bytes or text, are as large as this."""

STEP = 20
"""Rows read at a time of lines and polygons, of which each may have a hundred thousand vertices."""

DIGITS = 20
"""Decimals of a coordinate in text: no fewer than a double has, so that a file that comes back changes nothing."""

GEOMETRIES = {"wkb": "ST_AsBinary({})", "wkt": f"ST_AsText({{}}, {DIGITS})", "lon": "ST_X({})", "lat": "ST_Y({})"}
"""How a geometry can be had, east before north whatever the CRS."""

EVERYTHING = FeatureQuery(limit=LARGEST)

FORMULA = r"""('=', '+', '-', '@', E'\t', E'\r')"""
"""What text that a spreadsheet takes for a formula begins with."""

NO_NUMBER = "'^(?![+-][0-9 ().,-]*$)'"
"""The empty beginning of text that is no signed number, such as one of a telephone."""


def rows_fetch(
    layer: Layer, geometry: tuple[str, ...], query: FeatureQuery = EVERYTHING
) -> Generator[list[tuple[Any, ...]]]:
    """Batches of rows: ``id``, the properties (lists as text separated by ``;``), then the geometry.

    Args:
        geometry: keys of :data:`GEOMETRIES`.
    """
    forms = [GEOMETRIES[form].format(_moved(query.crs)) for form in geometry]
    return _stream(layer, query, ["id", *map(_column, properties_listed(layer, query)), *forms])


def cells_fetch(layer: Layer, query: FeatureQuery) -> Generator[list[tuple[str | None, ...]]]:
    """Batches of rows of text for a spreadsheet: as :func:`rows_fetch`, times as in JSON, formulas made harmless.

    The geometry, last unless it is skipped, is WKT in the axis order of the query's CRS and with its decimals.
    """
    geom = f"ST_FlipCoordinates({_moved(query.crs)})" if query.crs.swapped else _moved(query.crs)
    wkt = [] if query.skip_geometry else [f"ST_AsText({geom}, {query.crs.decimals})"]
    return _stream(layer, query, ["id::text", *map(_cell, properties_listed(layer, query)), *wkt])


def features_fetch(layer: Layer) -> Generator[list[tuple[str]]]:
    """Batches of all GeoJSON features as text, each in a row of its own, to the last digit."""
    properties = ", ".join(f'"{known.name}"' for known in layer.properties)
    written = (
        f"""'{{"type":"Feature","id":' || id || ',"geometry":' || ST_AsGeoJSON(geom, {DIGITS}, 0) || """
        f"""',"properties":' || (SELECT row_to_json(listed)::text FROM (SELECT {properties}) listed) || '}}'"""
    )
    return _stream(layer, EVERYTHING, [written])


def items_fetch_all(layer: Layer, query: FeatureQuery) -> Generator[list[tuple[str]]]:
    """Batches of GeoJSON features as text, each in a row of its own, as a page of items has them."""
    return _stream(layer, query, [feature(layer, query)])


def jsonfg_feature(layer: Layer, query: FeatureQuery) -> str:
    """A JSON-FG feature (OGC 21-045r1) as SQL: ``geometry`` in WGS 84, ``place`` in any other CRS."""
    geometry = "'null'" if query.skip_geometry else geojson(DEFAULT_CRS)
    place = "'null'" if query.skip_geometry or query.crs == DEFAULT_CRS else geojson(query.crs)
    columns = ", ".join(f'"{known.name}"' for known in properties_listed(layer, query))
    return (
        f"""'{{"type":"Feature","id":' || id || ',"time":' || {_time(layer)} || ',"place":' || {place} || """
        f"""',"geometry":' || {geometry} || ',"properties":' || """
        f"(SELECT row_to_json(listed)::text FROM (SELECT {columns}) listed) || '}}'"
    )


def _time(layer: Layer) -> str:
    """JSON-FG's ``time``; its timestamps are UTC, its open ends ``..``."""
    start, end = layer.time
    written = [_instant(layer, column) for column in layer.time]
    if not layer.has_validity:
        known = layer.property(start)
        member = "date" if known and known.format == "date" else "timestamp"
        return f"""coalesce('{{"{member}":"' || {written[0]} || '"}}', 'null')"""
    ends = """ || '","' || """.join(f"coalesce({instant}, '..')" for instant in written)
    interval = f"""'{{"interval":["' || {ends} || '"]}}'"""
    return f"""CASE WHEN "{start}" IS NULL AND "{end}" IS NULL THEN 'null' ELSE {interval} END"""


def _instant(layer: Layer, column: str) -> str:
    known = layer.property(column)
    if known and known.format == "date":
        return f'"{column}"::text'
    return f"""to_char("{column}" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


def _moved(crs: Crs) -> str:
    return "geom" if crs.srid == DEFAULT_CRS.srid else f"ST_Transform(geom, {crs.srid})"


def _column(known: Property) -> str:
    return f"array_to_string(\"{known.name}\", ';')" if known.type == "array" else f'"{known.name}"'


def _cell(known: Property) -> str:
    if known.format == "date-time":
        return f"to_json(\"{known.name}\") #>> '{{}}'"
    if known.type == "string" and not known.choices and known.format in (None, "uri"):
        harmless = f"regexp_replace(\"{known.name}\", {NO_NUMBER}, '''')"
        return f'CASE WHEN left("{known.name}", 1) IN {FORMULA} THEN {harmless} ELSE "{known.name}" END'
    return f"{_column(known)}::text"


def _select(layer: Layer, query: FeatureQuery, columns: list[str]) -> Sql:
    matching, args = where(layer, query, query.after)
    table, past = table_at(layer, query.asof)
    found = f"SELECT * FROM {table}{matching}{order_by(query)} LIMIT %s OFFSET %s"
    return f"SELECT {', '.join(columns)} FROM ({found}) page", [*past, *args, query.limit, query.offset]


def _stream(layer: Layer, query: FeatureQuery, columns: list[str]) -> Generator[list[Any]]:
    """Batches of what a query finds; the statement timeout holds for each step, not for all of them together."""
    batch: list[Any] = []
    size = 0
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(*_select(layer, query, columns))
        while rows := cursor.fetchmany(STEP if layer.dimension else BATCH):
            batch += rows
            size += _size(rows)
            if len(batch) >= BATCH or size >= BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch


def _size(rows: list[Any]) -> int:
    """Bytes of what stands last in each row: the geometry, or all of the feature."""
    return sum(len(row[-1]) for row in rows if isinstance(row[-1], str | memoryview))
