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

EXPOSURE = f"""
SELECT number, area.code, area.name, zones,
    CASE WHEN number = 1 THEN (SELECT json_object_agg(id, (journal.version(id)).tag)::text FROM unnest(%s) id) END
FROM (
    SELECT number, ST_Point(lon, lat, 4326) AS geom, %s::timestamptz AS at
    FROM unnest(%s::float8[], %s::float8[]) WITH ORDINALITY place (lon, lat, number) ORDER BY number OFFSET 0
) asked
LEFT JOIN LATERAL ({area_at("asked.geom", "code, name")}) area ON true
LEFT JOIN LATERAL (
    SELECT json_agg(worst)::text AS zones FROM (
        SELECT DISTINCT ON (hazard) hazard, level, kind, code AS zone, valid_to, source, observed_at
        FROM ({zones_near("asked.geom")}) zone WHERE ST_Intersects(zone.geom, asked.geom) AND {ACTIVE}
        ORDER BY hazard, {WORST}, kind, id
    ) worst
) threats ON true"""


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
        cursor.execute(EXPOSURE, [list(LAYERS), at, _array(lons), _array(lats)])
        coming = ahead.submit(cursor.fetchmany, BATCH)
        for kept in packed:
            found = {number: row for number, *row in coming.result()}
            coming = ahead.submit(cursor.fetchmany, BATCH)
            asked = [Point(**one) for one in orjson.loads(decompress(kept))]
            yield [Exposure(point, *found[point.number]) for point in asked]


def _array(numbers: array) -> str:
    """As PostgreSQL writes it, which it reads far faster than a list of constants."""
    return f"{{{','.join('NULL' if isnan(number) else repr(number) for number in numbers)}}}"
