"""What threatens a position and where to go from it: one statement, hence one snapshot, as JSON.

Distances are geodesic, on the ellipsoid. Where the index serves, boxes in degrees stand in for distances and are made a
little too wide.
"""

from dataclasses import dataclass
from datetime import datetime
from math import cos, radians
from typing import Any

import orjson
from django.db import connection

from layers.catalog import layers
from layers.models import AdministrativeArea, AidPost, DisasterZone, HealthFacility
from layers.query.statement import row_fetch

AREAS, POSTS, ZONES, HEALTH = (
    model._meta.db_table for model in (AdministrativeArea, AidPost, DisasterZone, HealthFacility)
)

ACTIVE = "coalesce(zone.valid_from <= asked.at, true) AND coalesce(zone.valid_to >= asked.at, true)"
"""A zone holds at the time that ``asked`` names; both ends of its validity are included."""

WORST = "array_position(ARRAY['tinggi', 'sedang', 'rendah'], zone.level::text)"
"""1 is the worst level."""

POST_OPEN = "status = 'buka' AND access <> 'terputus'"
"""An aid post that takes people who can reach it."""

EMERGENCIES = (
    "type IN ('rumah_sakit', 'puskesmas') AND (emergency_24h OR 'gawat_darurat' = ANY (services)) "
    "AND status NOT IN ('closed', 'evacuating')"
)
"""A health facility that takes emergencies."""

VERSIONS = """SELECT json_object_agg(layer, (journal.version(layer)).tag) FROM
        unnest(ARRAY['administrative_areas', 'disaster_zones', 'aid_posts', 'health_facilities']) layer"""
"""Of what the answer is made from."""

FUNCTION = "layers_hazards_at"


ZONES_LISTED = 100
"""The worst are listed, all are counted."""

NEAREST = 5
MORE = 10
"""Candidates beside the nearest: the index sorts by degrees, of which those of longitude are a little shorter."""

PASSED = 200
"""Places that are looked at before the search for one outside of the hazard is given up."""

REACH = 50_000.0
"""Metres; beyond, no place is near."""

DEGREE = 110_500.0
"""Metres of a degree of latitude where it is shortest, at the equator."""


@dataclass(frozen=True)
class Position:
    """Longitude and latitude in degrees, WGS 84."""

    lon: float
    lat: float

    def margin(self, distance: float) -> tuple[float, float]:
        """Degrees east-west and north-south that reach at least ``distance`` metres from here."""
        north = distance / DEGREE
        return min(north / max(cos(radians(min(abs(self.lat) + north, 90))), 1e-3), 360), north


def hazards_at_fetch(position: Position, at: datetime, radius: float) -> dict[str, Any]:
    """Zones that hold a position or lie within ``radius`` metres of it, its area, and the nearest places to go to."""
    (document,) = row_fetch(
        (
            f"SELECT {FUNCTION}(%s, %s, %s, %s, %s, %s)",
            [position.lon, position.lat, at, radius, *position.margin(radius)],
        )
    )
    found: dict[str, Any] = orjson.loads(document)
    return found


def hazards_attach(**_: Any) -> None:
    """Make the function of the question. In PL/pgSQL, for that keeps the plan, which takes longer than the answer."""
    present = connection.introspection.table_names()
    if not all(layer.table in present for layer in layers()):
        return  # migrated only in part, back to an earlier state
    with connection.cursor() as cursor:
        cursor.execute(_function())


def _function() -> str:
    return f"""
CREATE OR REPLACE FUNCTION {FUNCTION}(
    lon float8, lat float8, moment timestamptz, radius float8, east float8, north float8
) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
#variable_conflict use_column
BEGIN RETURN (
WITH asked AS MATERIALIZED (
    SELECT point, moment AS at, radius, ST_Expand(point, east, north) AS box FROM ST_Point(lon, lat, 4326) point
), threat AS MATERIALIZED ({_threat()}
), hazards AS MATERIALIZED (
    SELECT array_agg(DISTINCT hazard::text) AS codes FROM threat
), {_nearest("posts", POSTS, POST_OPEN)}, {_nearest("health", HEALTH, EMERGENCIES)}
SELECT json_build_object(
    'computed_at', now(),
    'versions', ({VERSIONS}),
    'areas', (SELECT json_agg(json_build_object('code', code, 'name', name, 'level', level) ORDER BY length(code))
              FROM asked, layers_area_of(asked.point) held, {AREAS}
              WHERE code = ANY (ARRAY[left(held, 2), left(held, 5), left(held, 8), held])),
    'zones_total', (SELECT count(*) FROM threat),
    'zones', (SELECT coalesce(json_agg(worst), '[]') FROM (
        SELECT id, code, name, hazard, level, kind, valid_from, valid_to, value_min, value_max, unit, breaks, source,
            observed_at, updated_at, {_age("observed_at")} AS age_seconds, round(distance::numeric, 1) AS distance
        FROM threat JOIN {ZONES} zone USING (id, hazard)
        ORDER BY {WORST}, threat.distance, id LIMIT {ZONES_LISTED}) worst),
    'aid_posts', {
        _listed(
            "posts",
            '''type, access, status_as_of, capacity, displaced_day, displaced_night,
        displaced_as_of, capacity - greatest(displaced_day, displaced_night) AS capacity_left''',
        )
    },
    'health_facilities', {
        _listed(
            "health",
            '''type, emergency_24h, status, emergency_offload, status_as_of, beds,
        beds_available, icu_beds_available, beds_as_of''',
        )
    }
)::text
); END $$"""


def _threat() -> str:
    """Active zones at the position or within the radius, with their distance in metres."""
    here = "zone.geom::geography, asked.point::geography"
    return f"""
    SELECT zone.id, zone.hazard AS hazard, zone.geom, CASE WHEN holds THEN 0 ELSE ST_Distance({here}) END AS distance
    FROM asked, {ZONES} zone, LATERAL (SELECT ST_Intersects(zone.geom, asked.point) AS holds OFFSET 0) held
    WHERE zone.geom && asked.box AND {ACTIVE}
        AND (holds OR asked.radius > 0 AND ST_DWithin({here}, asked.radius))"""


def _nearest(name: str, table: str, condition: str) -> str:
    """The nearest places that meet a condition and lie in no active zone of a hazard that threatens the position.

    What is not read is not computed: of ``{name}_near`` no more than the wanted places take. The zones that hold the
    position are tried first, for they hold its neighbours as well. ``|| ''`` keeps the planner off the hazards' index.
    """
    return f"""{name}_near AS MATERIALIZED (
    SELECT place.*, row_number() OVER () AS number,
        ST_Distance(place.geom::geography, asked.point::geography) AS distance,
        hazards.codes IS NOT NULL AND (
            EXISTS (SELECT FROM threat WHERE threat.distance = 0 AND ST_Intersects(threat.geom, place.geom))
            OR EXISTS (
                SELECT FROM {ZONES} zone
                WHERE ST_Intersects(zone.geom, place.geom) AND zone.hazard || '' = ANY (hazards.codes) AND {ACTIVE}
            )
        ) AS threatened
    FROM asked, hazards, (
        SELECT * FROM {table} WHERE {condition}
        ORDER BY geom <-> (SELECT point FROM asked) LIMIT {PASSED}
    ) place
), {name}_safe AS MATERIALIZED (
    SELECT * FROM {name}_near WHERE NOT threatened LIMIT {NEAREST + MORE}
), {name}_listed AS MATERIALIZED (
    SELECT * FROM {name}_safe WHERE distance <= {REACH} ORDER BY distance, id LIMIT {NEAREST}
), {name}_out AS MATERIALIZED (
    SELECT passed.* FROM (SELECT * FROM {name}_near LIMIT (SELECT max(number) FROM {name}_safe)) passed
    WHERE threatened AND distance <= coalesce(
        (SELECT max(distance) FROM {name}_listed HAVING count(*) = {NEAREST}), {REACH})
)"""


def _listed(name: str, columns: str) -> str:
    """The nearest places, and those nearer than the last of them that were left out: how many, and the nearest."""
    place = f"""id, code, name, ST_X(geom) AS lon, ST_Y(geom) AS lat, round(distance::numeric, 1) AS distance,
                round(degrees(ST_Azimuth(asked.point::geography, geom::geography))::numeric, 1) AS bearing,
                {columns}, {_age("status_as_of")} AS status_age_seconds, source"""
    return f"""json_build_object(
        'places', (SELECT coalesce(json_agg(place), '[]') FROM (
            SELECT {place} FROM {name}_listed, asked ORDER BY distance, id) place),
        'left_out', (SELECT count(*) FROM {name}_out),
        'left_out_nearest', (SELECT coalesce(json_agg(place), '[]') FROM (
            SELECT {place} FROM {name}_out, asked ORDER BY distance, id LIMIT {NEAREST}) place))"""


def _age(column: str) -> str:
    return f"extract(epoch FROM now() - {column})::bigint"
