"""Items of a layer as GeoJSON text, made in PostGIS.

The functions named after clauses are pure: layer and query in, SQL and arguments out.
Identifiers come from the catalogue, values are arguments.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from layers.catalog import Layer
from layers.query.params import FeatureQuery, Interval
from layers.query.spatial import Crs, geojson, intersects

Sql = tuple[str, list[Any]]

SEARCHED = ("code", "name")
"""Columns in which ``q`` looks."""


@dataclass(frozen=True)
class Page:
    """Features as GeoJSON text joined by commas, how many they are, and how many match in all."""

    features: str
    returned: int
    matched: int


def items_fetch(layer: Layer, query: FeatureQuery) -> Page:
    """A page of items and the count of all that match, from one snapshot of the database."""
    features, returned, matched = _one(items(layer, query))
    return Page(_qgis_safe(features or ""), returned, matched)


def item_fetch(layer: Layer, id: int, crs: Crs) -> str | None:
    """One item as GeoJSON text, None where there is none."""
    row = _one(item(layer, id, crs))
    return _qgis_safe(row[0]) if row else None


def items(layer: Layer, query: FeatureQuery) -> Sql:
    where, args = _where(layer, query)
    return (
        f"SELECT string_agg({_feature(layer, query)}, ','), count(*), (SELECT count(*) FROM {layer.table}{where}) "
        f"FROM (SELECT * FROM {layer.table}{where}{_order_by(query)} LIMIT %s OFFSET %s) page",
        [*args, *args, query.limit, query.offset],
    )


def item(layer: Layer, id: int, crs: Crs) -> Sql:
    query = FeatureQuery(limit=1, crs=crs)
    return f"SELECT {_feature(layer, query)} FROM {layer.table} page WHERE id = %s", [id]


def _feature(layer: Layer, query: FeatureQuery) -> str:
    geometry = "'null'" if query.skip_geometry else geojson(query.crs)
    columns = ", ".join(
        f'"{known.name}"' for known in layer.properties if not query.properties or known.name in query.properties
    )
    return (
        f"""'{{"type":"Feature","id":' || id || ',"geometry":' || {geometry} || ',"properties":' || """
        f"(SELECT row_to_json(listed)::text FROM (SELECT {columns}) listed) || '}}'"
    )


def _where(layer: Layer, query: FeatureQuery) -> Sql:
    equal = [
        (f'%s = ANY("{known.name}")' if known.type == "array" else f'"{known.name}" = %s', [value])
        for known, value in query.equals
    ]
    clause, args = _and(
        [
            *([intersects(query.bbox)] if query.bbox else []),
            *([_during(layer, query.interval)] if query.interval else []),
            *equal,
            *(_holds(word) for word in query.words),
        ]
    )
    return f" WHERE {clause}" if clause else "", args


def _during(layer: Layer, interval: Interval) -> Sql:
    """The feature's time meets the interval: a validity may be open, an instant must be known."""
    start, end = layer.time
    met: list[Sql] = [] if start != end else [(f'"{start}" IS NOT NULL', [])]
    for column, sign, bound in ((start, "<=", interval.end), (end, ">=", interval.start)):
        if bound:
            unknown = f'"{column}" IS NULL OR ' if start != end else ""
            met.append((f'({unknown}"{column}" {sign} %s)', [bound]))
    clause, args = _and(met)
    return clause or "true", args


def _holds(word: str) -> Sql:
    pattern = "%" + re.sub(r"([\\%_])", r"\\\1", word) + "%"
    return f"({' OR '.join(f'{column} ILIKE %s' for column in SEARCHED)})", [pattern] * len(SEARCHED)


def _and(parts: Sequence[Sql]) -> Sql:
    return " AND ".join(sql for sql, _ in parts), [value for _, values in parts for value in values]


def _order_by(query: FeatureQuery) -> str:
    given = [f'"{name}"{" DESC" if descends else ""} NULLS LAST, ' for name, descends in query.sortby]
    return f" ORDER BY {''.join(given)}id"


def _one(statement: Sql) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(*statement)
        return cursor.fetchone()


def _qgis_safe(text: str) -> str:
    r"""Write ``\"`` and ``\\`` as ``\u0022`` and ``\u005c``: QGIS 3.40 reads the short forms wrong."""
    return re.sub(r'\\(["\\])', lambda match: f"\\u{ord(match[1]):04x}", text) if "\\" in text else text
