"""What lies inside an area and who lives there: one statement, hence one snapshot, as JSON.

Areas are measured in EPSG:6933, which is equal-area on the ellipsoid of WGS 84 and covers the world.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from layers.catalog import Layer, layers
from layers.models.geometry import SRID
from layers.query.features import feature
from layers.query.hazards import (
    ACTIVE,
    AREAS,
    EVERYWHERE,
    HEALTH,
    HEALTH_CLOSED,
    POST_CUT_OFF,
    POST_OPEN,
    POSTS,
    URGENT,
    ZONES,
)
from layers.query.params import FeatureQuery
from layers.query.spatial import Sql
from layers.query.statement import row_fetch
from layers.query.validity import valid_at

EQUAL_AREA = 6933

PIECE = 128
"""Vertices of the pieces that a large area is cut into, for points and for shares of kelurahan."""

OUTLINE = 0.00001
"""Degrees, about a metre: shapes are shown that much simpler."""


NAMED = "id = ANY (%s) OR code = ANY (%s)"
"""Zones by their ids or codes."""


@dataclass(frozen=True)
class Area:
    """What is asked about: a shape in degrees, longitude first, or what the zones of some ids or codes cover.

    ``versions`` are those of the data that a shape was made from; ``note`` is what there is to know about the shape;
    ``about`` tells what it shows as :func:`impact_fetch` tells of zones, where it was not just drawn.
    """

    shape: BaseGeometry | None = None
    zone_ids: tuple[int, ...] = ()
    zone_codes: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    about: tuple[Mapping[str, Any], ...] = ()

    def sql(self) -> Sql:
        """A row of the shape and the hazards it shows, as far as they are known."""
        if self.shape is not None:
            wkb = shapely.to_wkb(shapely.set_srid(self.shape, SRID), hex=True, include_srid=True)
            return "SELECT %s::geometry AS geom, %s::text[] AS hazards", [wkb, [one["hazard"] for one in self.about]]
        covered = "CASE count(*) WHEN 1 THEN (array_agg(geom))[1] ELSE ST_Union(array_agg(geom)) END"
        return (
            f"SELECT {covered} AS geom, array_agg(hazard::text) AS hazards FROM {ZONES} WHERE {NAMED}",
            [list(self.zone_ids), list(self.zone_codes)],
        )


def impact_fetch(area: Area, at: datetime, limit: int, shapes: bool) -> dict[str, Any] | None:
    """Kelurahan, features of every layer and facilities out of reach in an area; None where there are no such zones.

    ``is_passable`` is whether it shows only hazards of whole regions, within which people go where help is.
    ``about`` has the zones that were asked about, and whether each is ``in_force`` at the moment asked about.

    Args:
        limit: how many features of a layer, and places out of reach, are listed; all are counted.
        shapes: with the geometries of what is listed, as GeoJSON.
    """
    row = row_fetch(impact(area, at, limit, shapes))
    return dict(orjson.loads(row[0])) if row else None


def impact(area: Area, at: datetime, limit: int, shapes: bool) -> Sql:
    known, args = area.sql()
    counted = [layer for layer in layers() if layer.table != AREAS]
    met = ", ".join(f"{_met(layer.table)} AS MATERIALIZED ({_meeting(layer)})" for layer in counted)
    inside = ", ".join(f"'{layer.id}', {_inside(layer, limit, shapes)}" for layer in counted)
    outline = f"ST_AsGeoJSON(ST_SimplifyPreserveTopology(geom, {OUTLINE}), 6)::json" if shapes else "NULL"
    sql = f"""
WITH asked AS MATERIALIZED (
    SELECT geom, %s::timestamptz AS at, hazards <> '{{}}' AND hazards <@ ARRAY{EVERYWHERE} AS is_passable
    FROM ({known}) known
), piece AS MATERIALIZED (
    SELECT ST_Subdivide(geom, {PIECE}) AS geom FROM asked
), {met}, affected AS MATERIALIZED ({_affected()}
), unreached AS MATERIALIZED ({_out_of_reach()})
SELECT json_build_object(
    'computed_at', now(),
    'versions', (SELECT json_object_agg(id, (journal.version(id)).tag) FROM unnest(%s) id),
    'about', (SELECT coalesce(json_agg(one), '[]') FROM (
        SELECT code, name, hazard, level, kind, valid_from, valid_to, source, observed_at, {ACTIVE} AS in_force
        FROM asked, {ZONES} zone WHERE {NAMED} ORDER BY code) one),
    'is_passable', is_passable,
    'area_m2', (SELECT {_m2("geom")} FROM asked),
    'geometry', (SELECT {outline} FROM asked),
    'kelurahan', (SELECT coalesce(json_agg(one), '[]') FROM (
        SELECT code, name, population, population_source, population_date, share, inside_m2, has_open_post,
            {outline} AS geometry
        FROM affected ORDER BY code) one),
    'layers', json_build_object({inside}),
    'out_of_reach_total', (SELECT count(*) FROM unreached),
    'out_of_reach', (SELECT coalesce(json_agg(one), '[]') FROM (
        SELECT * FROM unreached ORDER BY reason = 'inside', layer, id LIMIT {limit}) one)
)::text FROM asked WHERE geom IS NOT NULL"""
    return sql, [at, *args, [layer.id for layer in layers()], list(area.zone_ids), list(area.zone_codes)]


def _m2(shape: str) -> str:
    return f"ST_Area(ST_Transform({shape}, {EQUAL_AREA}))"


def _affected() -> str:
    """The kelurahan that share some of the area, and the share of each inside: of all of it 1 but for rounding."""
    inside = "WHEN ST_Covers(area.geom, piece.geom) THEN piece.geom ELSE ST_Intersection(area.geom, piece.geom)"
    return f"""
    SELECT kelurahan.*, inside_m2 / whole_m2 AS share, EXISTS (
        SELECT FROM {POSTS} post WHERE {POST_OPEN} AND post.area = kelurahan.code
    ) AS has_open_post
    FROM (
        SELECT code, name, population, population_source, population_date, area.geom, {_m2("area.geom")} AS whole_m2, (
            SELECT sum({_m2(f"CASE {inside} END")}) FROM piece WHERE ST_Intersects(area.geom, piece.geom)
        ) AS inside_m2
        FROM asked, {AREAS} area WHERE area.level = 'kelurahan' AND area.geom && asked.geom
        OFFSET 0
    ) kelurahan WHERE inside_m2 > 0"""


def _met(table: str) -> str:
    """The name of what a layer has in the area."""
    return f"met_{table}"


def _counts(layer: Layer) -> list[str]:
    return [known.name for known in layer.properties if known.unit and known.type == "integer"]


def _meeting(layer: Layer) -> str:
    """The features of a layer that meet the area, each once, with their counts; of those with a validity what holds.

    PostGIS keeps the whole area prepared while it compares lines and polygons, which may be as detailed; to compare it
    with each point takes longer than with the few pieces about a point.
    """
    columns = "".join(f', item."{name}"' for name in _counts(layer))
    active = f" AND {valid_at(layer.time, 'asked.at', 'item.')}" if layer.has_validity else ""
    pieces, held_by = (", piece", "piece") if layer.dimension == 0 else ("", "asked")
    return f"""
    SELECT DISTINCT item.id, {_rank(layer)} AS rank{columns} FROM asked{pieces}, {layer.table} item
    WHERE ST_Intersects(item.geom, {held_by}.geom){active}"""


def _rank(layer: Layer) -> str:
    """What the features of a layer are listed by, before their ids."""
    return URGENT if layer.table == ZONES else "0"


def _inside(layer: Layer, limit: int, shapes: bool) -> str:
    """How many features of a layer meet the area, the sums of their counts, and the first of them.

    Of what a feature does not say, ``unknown`` tells how often; a sum over unknown values is a lower bound.
    """
    met = _met(layer.table)
    sums = ", ".join(
        f"""'{name}', json_build_object('sum', coalesce(sum("{name}"), 0), 'unknown', count(*) - count("{name}"))"""
        for name in _counts(layer)
    )
    written = feature(layer, FeatureQuery(limit=limit, skip_geometry=not shapes))
    return f"""(
        SELECT json_build_object('count', count(*), 'totals', json_build_object({sums}), 'features', (
            SELECT coalesce(json_agg(({written})::json ORDER BY ({_rank(layer)}), id), '[]') FROM {layer.table} page
            WHERE id IN (SELECT id FROM {met} ORDER BY rank, id LIMIT {limit})
        )) FROM {met})"""


def _out_of_reach() -> str:
    """Posts that are cut off, and health facilities that are closed, evacuating, or inside where nobody goes."""
    listed = "id, code, name, type, place.area, ST_X(place.geom) AS lon, ST_Y(place.geom) AS lat, status, status_as_of"

    def inside(table: str) -> str:
        return f"id IN (SELECT id FROM {_met(table)})"

    affected = "place.area IN (SELECT code FROM affected)"
    return f"""
        SELECT 'aid_posts' AS layer, {listed}, access AS reason FROM {POSTS} place
        WHERE {POST_CUT_OFF} AND ({inside(POSTS)} OR {affected})
        UNION ALL
        SELECT 'health_facilities', {listed}, status FROM {HEALTH} place
        WHERE {HEALTH_CLOSED} AND ({inside(HEALTH)} OR {affected})
        UNION ALL
        SELECT 'health_facilities', {listed}, 'inside' FROM asked, {HEALTH} place
        WHERE NOT is_passable AND NOT ({HEALTH_CLOSED}) AND {inside(HEALTH)}"""
