"""All features of a layer, by id and from one snapshot, as exports write them."""

from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction

from layers.catalog import Layer, Property

BATCH = 5_000
"""Rows held in memory at a time."""

DIGITS = 20
"""Decimals of a coordinate in text: no fewer than a double has, so that a file that comes back changes nothing."""

GEOMETRIES = {"wkb": "ST_AsBinary(geom)", "wkt": f"ST_AsText(geom, {DIGITS})", "lon": "ST_X(geom)", "lat": "ST_Y(geom)"}
"""How a geometry can be had, in EPSG:4326 as longitude, latitude."""


def rows_fetch(layer: Layer, geometry: tuple[str, ...]) -> Iterator[list[tuple[Any, ...]]]:
    """Batches of rows: ``id``, the published properties (lists as text separated by ``;``), then the geometry.

    Args:
        geometry: keys of :data:`GEOMETRIES`.
    """
    columns = ["id", *map(_column, layer.properties), *(GEOMETRIES[form] for form in geometry)]
    return _stream(f"SELECT {', '.join(columns)} FROM {layer.table} ORDER BY id")


def features_fetch(layer: Layer) -> Iterator[list[tuple[str]]]:
    """Batches of GeoJSON features as text, each in a row of its own."""
    properties = ", ".join(f'"{known.name}"' for known in layer.properties)
    return _stream(
        f"""SELECT '{{"type":"Feature","id":' || id || ',"geometry":' || ST_AsGeoJSON(geom, {DIGITS}, 0) || """
        f"""',"properties":' || (SELECT row_to_json(listed)::text FROM (SELECT {properties}) listed) || '}}' """
        f"FROM {layer.table} ORDER BY id"
    )


def _column(known: Property) -> str:
    return f"array_to_string(\"{known.name}\", ';')" if known.type == "array" else f'"{known.name}"'


def _stream(sql: str) -> Iterator[list[Any]]:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
        with connection.chunked_cursor() as cursor:
            cursor.execute(sql)
            while rows := cursor.fetchmany(BATCH):
                yield rows
