"""Items of a layer as GeoJSON text, made in PostGIS.

The functions named after clauses are pure: layer and query in, SQL and arguments out. Identifiers come from the
catalogue, values are arguments. Version and data are read in one statement, hence from one snapshot: that is why
an ETag made of the version can be strong. A client that has the version costs one look at the journal.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Any

from django.db.models import F, Func, IntegerField, QuerySet

from layers.catalog import Layer, Property
from layers.query.asof import table_at
from layers.query.journal import VERSION
from layers.query.paging import Position, position_write
from layers.query.params import FeatureQuery
from layers.query.spatial import Crs, Sql, geojson, intersects
from layers.query.statement import row_fetch
from layers.query.values import Interval

SEARCHED = ("code", "name")
"""Columns in which ``q`` looks."""

COUNTED = 10_000
"""Up to here the items that match a filter are counted; beyond, the count would cost more than the page."""

PAGE_BYTES = 8 * 1024 * 1024
"""A page of lines or polygons ends with the feature that fills so many bytes of stored geometry, half a million
vertices; with all that ``limit`` allows of large ones, a few requests would take a server's memory."""

COUNT = "SELECT ARRAY[count(*), (pg_current_xact_id_if_assigned() IS NULL)::int]"
"""How many rows, and whether they are settled: changes that wait for their commit have no version yet."""


FeatureWriter = Callable[[Layer, FeatureQuery], str]
"""Writes the SQL that makes text of a row; :func:`feature` does for GeoJSON."""


@dataclass(frozen=True)
class Version:
    """The state of a layer's data: ``tag`` changes with every commit that changed it, the last of them ``at``."""

    tag: str
    at: datetime | None


@dataclass(frozen=True)
class Page:
    """Features as GeoJSON text joined by commas, and how many they are.

    ``matched`` is how many match in all, None where that was too many to count; ``next`` is the token of the page
    after this one, None on the last. Of a version that the client knows, ``features`` is None and nothing was read.
    """

    version: Version
    features: str | None = None
    returned: int = 0
    matched: int | None = None
    next: str | None = None


def version_fetch(layer: Layer) -> Version:
    """The state a layer is in now."""
    return Version(*row_fetch((VERSION, [layer.id]), prepare=True))


def items_fetch(layer: Layer, query: FeatureQuery, known: str = "", write: FeatureWriter | None = None) -> Page:
    """A page of items, unless the layer is still of the ``known`` version; ``write`` writes a feature, as GeoJSON."""
    if unchanged := _unchanged(layer, known):
        return Page(unchanged)
    page = None
    if query.is_choice and not query.after:
        tag, at, page = row_fetch(items_counted(layer, query, write or feature), prepare=bool(query.rectangle))
    if page is None:
        tag, at, page = row_fetch(items(layer, query, write or feature), prepare=not query.is_choice)
    version = Version(tag, at)
    features, seen, returned, keys, counted = page
    matched = _matched(layer, query, version, int(seen), counted)
    if matched is None and not query.is_choice and not query.after:
        version = Version(f"{tag}-uncounted", at)  # who could count wrote other bytes of the same version
    more = int(seen) > int(returned)
    token = position_write(query.scope, Position(tuple(json.loads(keys)), matched)) if more else None
    return Page(version, _qgis_safe(features or ""), int(returned), matched, token)


def page_room(found: QuerySet[Any], offset: int, limit: int) -> int:
    """How many of ``limit`` items a page has room for, by :data:`PAGE_BYTES`."""
    size = Func(F("geom"), function="pg_column_size", output_field=IntegerField())
    sizes = found.annotate(size=size).values_list("size", flat=True)[offset : offset + limit]
    return next((number for number, filled in enumerate(accumulate(sizes), 1) if filled >= PAGE_BYTES), limit)


def item_fetch(
    layer: Layer, id: int, crs: Crs, known: str = "", write: FeatureWriter | None = None, asof: int | None = None
) -> tuple[Version, str | None]:
    """One item as text, None where there is none or the layer is still of the ``known`` version."""
    if unchanged := _unchanged(layer, known):
        return unchanged, None
    tag, at, found = row_fetch(item(layer, id, crs, write or feature, asof))
    return Version(tag, at), found and _qgis_safe(found)


def _unchanged(layer: Layer, known: str) -> Version | None:
    """The version of a client that is up to date, for which even planning the query would be too much."""
    if not known:
        return None
    version = version_fetch(layer)
    return version if version.tag == known else None


def items_counted(layer: Layer, query: FeatureQuery, write: FeatureWriter) -> Sql:
    """A page and how many match, found once for both; NULL where they are too many to be found before they are read."""
    table, past = table_at(layer, query.asof)
    found, args = _found(layer, query)
    page, page_args = _page(
        layer,
        query,
        write,
        (
            f"SELECT * FROM {table} WHERE id = ANY(ARRAY(SELECT id FROM found{order_by(query)} LIMIT %s OFFSET %s))"
            f"{order_by(query)}",
            [*past, query.limit + 1, query.offset],
        ),
        "(SELECT n FROM counted)",
    )
    return _versioned(
        layer,
        f"WITH found AS MATERIALIZED ({found} LIMIT {COUNTED + 1}), counted AS (SELECT count(*) AS n FROM found) "
        f"SELECT CASE WHEN (SELECT n FROM counted) <= {COUNTED} THEN ({page}) END",
        [*args, *page_args],
    )


def items(layer: Layer, query: FeatureQuery, write: FeatureWriter) -> Sql:
    """A page, read in its order."""
    table, past = table_at(layer, query.asof)
    matching, args = where(layer, query, query.after)
    ordered = f"SELECT * FROM {table}{matching}{order_by(query)} LIMIT %s OFFSET %s"
    page, args = _page(layer, query, write, (ordered, [*past, *args, query.limit + 1, query.offset]), "NULL")
    return _versioned(layer, page, args)


def _found(layer: Layer, query: FeatureQuery) -> Sql:
    """What matches, by its id and what it is sorted by. Of a box alone the index tells, but at its edges."""
    if query.bbox and query.rectangle:
        exact, args = intersects(query.bbox)
        return (
            f"SELECT id FROM {layer.table} near WHERE bounds && %s::box AND (bounds <@ %s::box OR "
            f"(SELECT {exact} FROM {layer.table} WHERE id = near.id))",
            [*query.rectangle, *args],
        )
    table, past = table_at(layer, query.asof)
    matching, args = where(layer, query)
    columns = ", ".join(f'"{name}"' for name in dict.fromkeys(["id", *(name for name, _ in query.sortby)]))
    return f"SELECT {columns} FROM {table}{matching}", [*past, *args]


def _page(layer: Layer, query: FeatureQuery, write: FeatureWriter, source: Sql, counted: str) -> Sql:
    """Of the rows of ``source``, one more than asked for: the features, how many rows, how many of them the page has
    room for, the keys of the last of these, a count."""
    rows, args = source
    shown, last, before = "n <= %s", "n = %s", ""
    if layer.dimension and not query.skip_geometry:
        shown += f" AND before < {PAGE_BYTES}"
        last = f"({last} OR before + pg_column_size(geom) >= {PAGE_BYTES}) AND {shown}"
        before = ", coalesce(sum(pg_column_size(geom)) OVER before, 0) AS before"
    limits = [query.limit] * (shown + shown + last).count("%s")
    return (
        f"SELECT ARRAY[string_agg({write(layer, query)}, ',') FILTER (WHERE {shown}), count(*)::text, "
        f"(count(*) FILTER (WHERE {shown}))::text, (array_agg({_keys(query)}) FILTER (WHERE {last}))[1], "
        f"{counted}::text] FROM (SELECT *, row_number() OVER before AS n{before} FROM ({rows}) ordered "
        "WINDOW before AS (ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) page",
        [*limits, *args],
    )


def item(layer: Layer, id: int, crs: Crs, write: FeatureWriter, asof: int | None) -> Sql:
    table, past = table_at(layer, asof, id)
    written = write(layer, FeatureQuery(limit=1, crs=crs))
    return _versioned(layer, f"SELECT {written} FROM {table} WHERE id = %s", [*past, id])


def _versioned(layer: Layer, sql: str, args: list[Any]) -> Sql:
    """The version, and what a statement of one value gives in the same snapshot."""
    return f"SELECT tag, at, ({sql}) FROM ({VERSION}) version", [*args, layer.id]


def feature(layer: Layer, query: FeatureQuery) -> str:
    """A row as a GeoJSON feature, as SQL."""
    geometry = "'null'" if query.skip_geometry else geojson(query.crs)
    columns = ", ".join(f'"{known.name}"' for known in properties_listed(layer, query))
    return (
        f"""'{{"type":"Feature","id":' || id || ',"geometry":' || {geometry} || ',"properties":' || """
        f"(SELECT row_to_json(listed)::text FROM (SELECT {columns}) listed) || '}}'"
    )


def properties_listed(layer: Layer, query: FeatureQuery) -> list[Property]:
    """The published properties that a query asks for, in their order."""
    return [known for known in layer.properties if not query.properties or known.name in query.properties]


def _keys(query: FeatureQuery) -> str:
    columns = ", ".join([*(f'"{name}"' for name, _ in query.sortby), "id"])
    return f"json_build_array({columns})::text"


def where(layer: Layer, query: FeatureQuery, after: Position | None = None) -> Sql:
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
            *([query.filter] if query.filter else []),
            *([_after(query, after)] if after else []),
        ]
    )
    return f" WHERE {clause}" if clause else "", args


def _during(layer: Layer, interval: Interval) -> Sql:
    """The feature's time meets the interval: a validity may be open, an instant must be known."""
    start, end = layer.time
    met: list[Sql] = [] if layer.has_validity else [(f'"{start}" IS NOT NULL', [])]
    for column, sign, bound in ((start, "<=", interval.end), (end, ">=", interval.start)):
        if bound:
            unknown = f'"{column}" IS NULL OR ' if layer.has_validity else ""
            met.append((f'({unknown}"{column}" {sign} %s)', [bound]))
    clause, args = _and(met)
    return clause or "true", args


def _holds(word: str) -> Sql:
    pattern = "%" + re.sub(r"([\\%_])", r"\\\1", word) + "%"
    return f"({' OR '.join(f'{column} ILIKE %s' for column in SEARCHED)})", [pattern] * len(SEARCHED)


def _after(query: FeatureQuery, position: Position) -> Sql:
    """What sorts behind a position: behind it by its first key, or equal in that and behind by the second, …"""
    ways: list[str] = []
    args: list[Any] = []
    same: list[Sql] = []
    for (name, descends), value in zip((*query.sortby, ("id", False)), position.keys, strict=True):
        if value is not None:  # unknown values come last: nothing sorts behind them by this key
            behind = f'("{name}" {"<" if descends else ">"} %s{"" if name == "id" else f""" OR "{name}" IS NULL"""})'
            clause, values = _and([*same, (behind, [value])])
            ways.append(f"({clause})")
            args += values
        same.append((f'"{name}" IS NULL', []) if value is None else (f'"{name}" = %s', [value]))
    return f"({' OR '.join(ways)})", args


def _and(parts: Sequence[Sql]) -> Sql:
    return " AND ".join(sql for sql, _ in parts), [value for _, values in parts for value in values]


def order_by(query: FeatureQuery) -> str:
    given = [f'"{name}"{" DESC" if descends else ""} NULLS LAST, ' for name, descends in query.sortby]
    return f" ORDER BY {''.join(given)}id"


def _matched(layer: Layer, query: FeatureQuery, version: Version, seen: int, counted: str | None) -> int | None:
    if query.after:
        return query.after.matched
    if counted is not None:
        return int(counted)
    if seen and seen <= query.limit:
        return query.offset + seen
    if query.is_choice:
        return None
    return _count(layer, version) if seen or query.offset else 0


_counts: dict[str, tuple[str, int]] = {}


def _count(layer: Layer, version: Version) -> int | None:
    """How many items a layer has, counted once a version; None where it changed in this moment."""
    tag, count = _counts.get(layer.id, ("", 0))
    if tag != version.tag:
        tag, _, (count, settled) = row_fetch(_versioned(layer, f"{COUNT} FROM {layer.table}", []))
        if settled:
            _counts[layer.id] = (tag, count)
    return int(count) if tag == version.tag else None


def _qgis_safe(text: str) -> str:
    r"""Write ``\"`` and ``\\`` as ``\u0022`` and ``\u005c``: QGIS 3.40 reads the short forms wrong."""
    return re.sub(r'\\(["\\])', lambda match: f"\\u{ord(match[1]):04x}", text) if "\\" in text else text
