"""What many points are exposed to: staged in a temporary table, joined once, read a batch at a time."""

import csv
import io
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from typing import Any

from django.db import connection, transaction

from layers.query.hazards import ACTIVE, WORST, area_at, zones_near

BATCH = 500
"""Rows held in memory at a time."""

LAYERS = ("administrative_areas", "disaster_zones")

STAGE = """
DROP TABLE IF EXISTS pg_temp.screening;
CREATE TEMP TABLE screening (number int, lon float8, lat float8, fault text, given text) ON COMMIT DROP"""

COPY = "COPY screening FROM STDIN (FORMAT csv)"

EXPOSURE = f"""
SELECT number, lon, lat, fault, given, area.code, area.name, zones,
    CASE WHEN number = 1 THEN (SELECT json_object_agg(id, (journal.version(id)).tag)::text FROM unnest(%s) id) END
FROM (SELECT *, ST_Point(lon, lat, 4326) AS geom, %s::timestamptz AS at FROM screening ORDER BY number OFFSET 0) asked
LEFT JOIN LATERAL ({area_at("asked.geom", "code, name")}) area ON true
LEFT JOIN LATERAL (
    SELECT json_agg(worst)::text AS zones FROM (
        SELECT DISTINCT ON (hazard) hazard, level, kind, code AS zone, valid_to, source, observed_at
        FROM ({zones_near("asked.geom")}) zone WHERE ST_Intersects(zone.geom, asked.geom) AND {ACTIVE}
        ORDER BY hazard, {WORST}, kind, id
    ) worst
) threats ON true"""


@dataclass(frozen=True)
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
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(STAGE)
            for batch in batched(points, BATCH):
                cursor.copy_expert(COPY, _lines(batch))
            cursor.execute("ANALYZE screening")
        with connection.chunked_cursor() as cursor, ThreadPoolExecutor(1) as ahead:  # found while others are written
            cursor.execute(EXPOSURE, [list(LAYERS), at])
            coming = ahead.submit(cursor.fetchmany, BATCH)
            while rows := coming.result():
                coming = ahead.submit(cursor.fetchmany, BATCH)
                yield [Exposure(Point(*row[:5]), *row[5:]) for row in rows]


def _lines(points: Iterable[Point]) -> io.StringIO:
    lines = io.StringIO()
    rows: Iterable[tuple[Any, ...]] = ((one.number, one.lon, one.lat, one.fault, one.given) for one in points)
    csv.writer(lines).writerows(rows)
    lines.seek(0)
    return lines
