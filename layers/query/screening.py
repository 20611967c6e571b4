"""What many points are exposed to: joined once, read a batch at a time.

Their positions are an argument, not a temporary table: a standby makes none, nor does a server whose disk is full.
"""

from array import array
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from math import isnan, nan
from zlib import compress, decompress

import orjson
from django.db import connection, transaction

from layers.query.hazards import ACTIVE, WORST, area_at, zones_near

BATCH = 500
"""Rows of the answer held in memory at a time."""

LAYERS = ("administrative_areas", "disaster_zones")

TOGETHER = 5_000
"""Points that are compared with one zone after another: PostGIS unpacks a detailed zone once for all of them."""

TOLD = "hazard, level, kind, code, valid_to, source, observed_at"
"""Of a zone."""

SORTED = "32MB"
"""Memory at least for the pairs of so many points, of which most need less; the rest needs room on the disk."""

PAIRS = f"""
SELECT number, asked.geom AS here, zone.id, zone.geom, {TOLD}
FROM (
    SELECT first + number - 1 AS number, ST_Point(lon, lat, 4326) AS geom, at
    FROM unnest(lons[first:first + {TOGETHER} - 1], lats[first:first + {TOGETHER} - 1]) WITH ORDINALITY
        place (lon, lat, number)
) asked LEFT JOIN LATERAL (SELECT * FROM ({zones_near("asked.geom")}) zone WHERE {ACTIVE}) zone ON true
ORDER BY zone.id OFFSET 0"""
"""Each point with each zone about it, or with none, zone by zone."""

EXPOSURE = f"""
SELECT number, area.code, area.name, zones,
    CASE WHEN number = 1 THEN (SELECT json_object_agg(id, (journal.version(id)).tag)::text FROM unnest(%s) id) END
FROM (SELECT %s::timestamptz AS at, %s::float8[] AS lons, %s::float8[] AS lats OFFSET 0) given
CROSS JOIN generate_series(1, cardinality(lons), {TOGETHER}) first
CROSS JOIN LATERAL (
    SELECT number, here, json_agg((
        SELECT one FROM (SELECT hazard, level, kind, code AS zone, valid_to, source, observed_at) one
    ) ORDER BY hazard) FILTER (WHERE is_met)::text AS zones
    FROM (
        SELECT DISTINCT ON (number, is_met, hazard) * FROM (
            SELECT number, here, id, {TOLD}, coalesce(ST_Intersects(geom, here), false) AS is_met FROM ({PAIRS}) pair
        ) pair ORDER BY number, is_met, hazard, {WORST}, kind, id
    ) worst GROUP BY number, here ORDER BY number OFFSET 0
) exposed
LEFT JOIN LATERAL ({area_at("here", "code, name")}) area ON true"""


@dataclass(frozen=True, slots=True)
class Point:
    """A row of a file by its ``number`` from 1: a position in degrees, or why it has none; ``given`` is JSON text."""

    number: int
    lon: float | None
    lat: float | None
    fault: str | None
    given: str


@dataclass(frozen=True)
class Exposure:
    """A point with the smallest area that holds it, and the worst active zone of each hazard as a JSON list.

    The first has the ``versions`` of the layers that all are made from, as a JSON object.
    """

    point: Point
    area: str | None
    area_name: str | None
    zones: str | None
    versions: str | None


def exposures_fetch(points: Iterable[Point], at: datetime) -> Generator[list[Exposure]]:
    """Batches of exposures in the order of the points, from one snapshot.

    The iterator holds a transaction from its first batch to its last, or to its ``close()``.
    """
    lons, lats = array("d"), array("d")
    packed: list[bytes] = []
    for batch in batched(points, BATCH):
        lons.extend(nan if one.lon is None else one.lon for one in batch)
        lats.extend(nan if one.lat is None else one.lat for one in batch)
        packed.append(compress(orjson.dumps(batch), 1))  # what 100,000 rows were given with is many megabytes
    with (
        transaction.atomic(),
        connection.chunked_cursor() as cursor,
        ThreadPoolExecutor(1) as ahead,  # found while others are written
    ):
        _memory_give()
        cursor.execute(EXPOSURE, [list(LAYERS), at, _array(lons), _array(lats)])
        coming = ahead.submit(cursor.fetchmany, BATCH)
        for kept in packed:
            found = {number: row for number, *row in coming.result()}
            coming = ahead.submit(cursor.fetchmany, BATCH)
            asked = [Point(**one) for one in orjson.loads(decompress(kept))]
            yield [Exposure(point, *found[point.number]) for point in asked]


def _memory_give() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('work_mem', least, true) FROM (SELECT %s) needed (least) "
            "WHERE pg_size_bytes(current_setting('work_mem')) < pg_size_bytes(least)",
            [SORTED],
        )


def _array(numbers: array) -> str:
    """As PostgreSQL writes it, which it reads far faster than a list of constants."""
    return f"{{{','.join('NULL' if isnan(number) else repr(number) for number in numbers)}}}"
