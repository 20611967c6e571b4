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
from layers.query.rasters import VERSION as RASTERS
from layers.query.statement import row_fetch
from layers.query.validity import valid_at

AREAS, POSTS, ZONES, HEALTH = (
    model._meta.db_table for model in (AdministrativeArea, AidPost, DisasterZone, HealthFacility)
)

ACTIVE = valid_at(("valid_from", "valid_to"), "asked.at", "zone.")
"""A zone holds at the time that ``asked`` names."""

LEVELS = DisasterZone.Level.values[::-1]
"""From the worst on."""

WORST = f"array_position(ARRAY{LEVELS}, level::text)"
"""1 is the worst level."""

URGENT = f"(kind = '{DisasterZone.Kind.MAP}')::int * {len(LEVELS)} + {WORST}"
"""Of zones: warnings and events come before maps of what may be, and the worst first."""

POST_OPEN = f"status = '{AidPost.Status.OPEN}' AND access <> '{AidPost.Access.CUT}'"
"""An aid post that takes people who can reach it."""

POST_CUT_OFF = f"status <> '{AidPost.Status.CLOSED}' AND access = '{AidPost.Access.CUT}'"
"""An aid post that nobody can reach."""

HEALTH_CLOSED = f"status IN ('{HealthFacility.Status.CLOSED}', '{HealthFacility.Status.EVACUATING}')"
"""A health facility that takes nobody."""

EMERGENCIES = (
    f"type IN ('{HealthFacility.Type.HOSPITAL}', '{HealthFacility.Type.PUSKESMAS}') "
    f"AND (emergency_24h OR '{HealthFacility.Service.EMERGENCY}' = ANY (services)) "
    f"AND NOT ({HEALTH_CLOSED})"
)
"""A health facility that takes emergencies."""

VERSIONS = """SELECT json_object_agg(layer, (journal.version(layer)).tag) FROM
        unnest(ARRAY['administrative_areas', 'disaster_zones', 'aid_posts', 'health_facilities']) layer"""
"""Of what the answer is made from."""

FUNCTION = "layers_hazards_at"

ZONES_LISTED = 100
"""The worst are listed, all are counted."""

EVERYWHERE = [DisasterZone.Hazard[name].value for name in ("WHIRLWIND", "DROUGHT", "EARTHQUAKE")]
"""Hazards of whole regions: nobody goes out of their way within a city, and they would leave all its places out of the
nearest ones, and out of reach."""

NEAREST = 5
AROUND = 0.05
"""Degrees; large zones so near are tried on a place before the index is searched for any."""

LARGE = "ST_Area(zone.geom) > 0.0001"
"""Square degrees: more than a square kilometre. Such zones are few, and decide about most places of a neighbourhood."""

PASSED = 100
"""Places that are looked at before the search for one outside of the hazard is given up."""

REACH = 50_000.0
"""Metres; beyond, no place is near."""

DEGREE = 110_500.0
"""Metres of a degree of latitude where it is shortest, at the equator."""

ECCENTRICITY = 0.00674
"""The second one of WGS 84's ellipsoid, squared: at the equator a degree of longitude is longer by this share."""

INDEXES = f"""
CREATE INDEX IF NOT EXISTS {POSTS}_open ON {POSTS} USING gist (geom) WHERE {POST_OPEN};
CREATE INDEX IF NOT EXISTS {HEALTH}_emergencies ON {HEALTH} USING gist (geom) WHERE {EMERGENCIES};
CREATE INDEX IF NOT EXISTS {POSTS}_cut_off ON {POSTS} (area) WHERE {POST_CUT_OFF};
CREATE INDEX IF NOT EXISTS {HEALTH}_closed ON {HEALTH} (area) WHERE {HEALTH_CLOSED};
CREATE INDEX IF NOT EXISTS {ZONES}_large ON {ZONES} USING gist (geom) WHERE {LARGE.replace("zone.", "")};
"""
"""Where a condition changes, give its index another name.

No SP-GiST index on a geometry: an index-only scan of PostGIS 3.3's, which ``count(*)`` may choose, never ends.
"""


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
        ),
        prepare=True,
    )
    found: dict[str, Any] = orjson.loads(document)
    return found


def hazards_attach(**_: Any) -> None:
    """Make the function of the question and its indexes; running it again changes nothing.

    It is in PL/pgSQL, which keeps the plan: planning takes longer than the answer. To gather what is around a place in
    a bitmap, as the planner would, takes a third longer than to stop at the first zone that holds it.
    """
    present = connection.introspection.table_names()
    if not all(layer.table in present for layer in layers()):
        return  # migrated only in part, back to an earlier state
    with connection.cursor() as cursor:
        cursor.execute(INDEXES + _function())


def _function() -> str:
    return f"""
CREATE OR REPLACE FUNCTION {FUNCTION}(
    lon float8, lat float8, moment timestamptz, radius float8, east float8, north float8
) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE SET enable_bitmapscan = off AS $$
#variable_conflict use_column
BEGIN RETURN (
WITH asked AS MATERIALIZED (
    SELECT point, point::geography AS here, moment AS at, radius, ST_Expand(point, east, north) AS box,
        greatest(cos(radians(lat)) * (1 + {ECCENTRICITY} * cos(radians(lat)) ^ 2), 0.001) AS narrow
    FROM ST_Point(lon, lat, 4326) point
), {_threat()}, {_nearest("posts", POSTS, POST_OPEN)}, {_nearest("health", HEALTH, EMERGENCIES)}
SELECT json_build_object(
    'computed_at', now(),
    'versions', ({VERSIONS}),
    'rasters', ({RASTERS}),
    'areas', (SELECT json_agg(json_build_object('code', code, 'name', name, 'level', level) ORDER BY length(code))
              FROM (SELECT ({area_at("asked.point")}) AS held FROM asked OFFSET 0) smallest, {AREAS}
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
            POSTS,
            '''type, access, status_as_of, capacity, displaced_day, displaced_night,
        displaced_as_of, capacity - greatest(displaced_day, displaced_night) AS capacity_left''',
        )
    },
    'health_facilities', {
        _listed(
            "health",
            HEALTH,
            '''type, emergency_24h, status, emergency_offload, status_as_of, beds,
        beds_available, icu_beds_available, beds_as_of''',
        )
    }
)::text
); END $$"""


def area_at(point: str, columns: str = "code") -> str:
    """A subquery: the smallest administrative area that covers a point; the larger it is, the shorter is its code."""
    return f"""SELECT {columns} FROM (
        SELECT {columns}, geom FROM {AREAS} WHERE bounds && box({point}) ORDER BY length(code) DESC, code OFFSET 0
    ) candidate WHERE ST_Covers(geom, {point}) LIMIT 1"""


def zones_near(shape: str) -> str:
    """A subquery: the zones whose boxes meet that of a shape.

    They overlap and are of every size. Among 100,000 the index of boxes finds those at a point in a twelfth of the time
    that the index of geometries takes, which the planner would use for ``ST_Intersects`` without the fence.
    """
    return f"SELECT * FROM {ZONES} WHERE bounds && box({shape}) OFFSET 0"


def _threat() -> str:
    """Active zones at the position or within the radius, with their distance in metres, and which hazards to flee.

    The nearest point of a zone is that of a map which is true to scale at the position: there may be a nearer
    one by 0.2 m at 5 km and by 22 m at 50 km, at 8.5° S. PostGIS would look on a sphere, edge by edge, and take many
    times as long.
    ``around`` are zones of those hazards that are likely to hold the neighbours as well, the widest first.
    """
    nearest = "ST_Scale(ST_ClosestPoint(ST_Scale(zone.geom, narrow, 1), ST_Scale(point, narrow, 1)), 1 / narrow, 1)"
    return f"""near AS MATERIALIZED (
    SELECT zone.id, zone.hazard AS hazard, zone.geom, zone.bounds, ST_Intersects(zone.geom, asked.point) AS holds
    FROM asked, {ZONES} zone WHERE zone.bounds && box(asked.box) AND {ACTIVE}
), threat AS MATERIALIZED (
    SELECT id, hazard, distance FROM (
        SELECT id, hazard, radius, CASE
            WHEN holds THEN 0 WHEN radius > 0 THEN ST_Distance({nearest}::geography, here) END AS distance
        FROM asked, near zone OFFSET 0
    ) zone WHERE distance <= radius
), hazards AS MATERIALIZED (
    SELECT array_agg(DISTINCT hazard::text) AS codes FROM threat WHERE hazard <> ALL (ARRAY{EVERYWHERE})
), around AS MATERIALIZED (
    SELECT geom FROM (
        SELECT zone.geom, zone.bounds FROM hazards, threat JOIN near zone USING (id, hazard)
        WHERE distance = 0 AND hazard = ANY (codes)
        UNION ALL
        SELECT zone.geom, zone.bounds FROM asked, hazards, {ZONES} zone
        WHERE zone.geom && ST_Expand(asked.point, {AROUND}) AND {LARGE} AND zone.hazard = ANY (codes) AND {ACTIVE}
    ) zone ORDER BY area(bounds) DESC
)"""


def _nearest(name: str, table: str, condition: str) -> str:
    """The nearest places that meet a condition and lie in no active zone of a hazard to flee from the position.

    The index sorts by degrees, of which those of longitude are the shorter: the first safe places it gives say how many
    metres need a look, and ``{name}_passed`` are all within the degrees that reach so far. What is not read is not
    computed: of ``{name}_near`` no more than that is tested. ``|| ''`` keeps the planner off the hazards' index.
    """
    return f"""{name}_near AS MATERIALIZED (
    SELECT place.id, ST_Distance(place.geom::geography, asked.here) AS distance, hazards.codes IS NOT NULL AND (
            EXISTS (SELECT FROM around WHERE ST_Intersects(around.geom, place.geom))
            OR EXISTS (
                SELECT FROM ({zones_near("place.geom")}) zone
                WHERE ST_Intersects(zone.geom, place.geom) AND zone.hazard || '' = ANY (hazards.codes) AND {ACTIVE}
            )
        ) AS threatened
    FROM asked, hazards, (
        SELECT id, geom FROM {table} WHERE {condition}
        ORDER BY geom <-> (SELECT point FROM asked) LIMIT {PASSED}
    ) place
), {name}_reach AS MATERIALIZED (
    SELECT max(distance) / {DEGREE} AS north
    FROM (SELECT distance FROM {name}_near WHERE NOT threatened LIMIT {NEAREST}) safe HAVING count(*) = {NEAREST}
), {name}_passed AS MATERIALIZED (
    SELECT * FROM {name}_near LIMIT (
        SELECT count(*) FROM asked, {name}_reach, {table} place
        WHERE {condition} AND ST_DWithin(place.geom, asked.point, north / cos(radians(least(abs(lat) + north, 89.9))))
        HAVING EXISTS (SELECT FROM {name}_reach))
), {name}_listed AS MATERIALIZED (
    SELECT id, distance FROM {name}_passed WHERE NOT threatened AND distance <= {REACH}
    ORDER BY distance, id LIMIT {NEAREST}
), {name}_out AS MATERIALIZED (
    SELECT id, distance FROM {name}_passed WHERE threatened AND distance <= coalesce(
        (SELECT max(distance) FROM {name}_listed HAVING count(*) = {NEAREST}), {REACH})
)"""


def _listed(name: str, table: str, columns: str) -> str:
    """The nearest places, and those nearer than the last of them that were left out: how many, and the nearest."""
    place = f"""id, code, name, ST_X(geom) AS lon, ST_Y(geom) AS lat, round(distance::numeric, 1) AS distance,
                mod(round(degrees(ST_Azimuth(asked.here, geom::geography))::numeric, 1), 360) AS bearing,
                {columns}, {_age("status_as_of")} AS status_age_seconds, source"""
    nearest = f"SELECT * FROM {name}_out ORDER BY distance, id LIMIT {NEAREST}"
    return f"""json_build_object(
        'places', (SELECT coalesce(json_agg(place), '[]') FROM (
            SELECT {place} FROM asked, {name}_listed JOIN {table} USING (id) ORDER BY distance, id) place),
        'left_out', (SELECT count(*) FROM {name}_out),
        'left_out_nearest', (SELECT coalesce(json_agg(place), '[]') FROM (
            SELECT {place} FROM asked, ({nearest}) nearest JOIN {table} USING (id) ORDER BY distance, id) place))"""


def _age(column: str) -> str:
    """Seconds since a time; NULL of one that is infinite."""
    return f"extract(epoch FROM now() - CASE WHEN isfinite({column}) THEN {column} END)::bigint"
