"""Vector tiles of layers as MVT (Mapbox Vector Tile 2.1) bytes, made in PostGIS.

A tile shows all features whole where they are few. Where they are many, or their bytes are, it shows the largest
and gathers the others into clusters, points with ``point_count``: no tile is above :data:`BUDGET`. Which features a
tile shows how follows from the features under it alone, so that its version, which the journal keeps, tells all.

A polygon is in every tile that it touches; where its name stands is, for who asks for ``labels``, a point of its own,
in a second layer of the tile (:func:`labels_id`) and in one tile only. So who draws tile by tile writes it once.

Of a layer with a validity a tile shows what is valid now, unless the query has a time; its version then tells the
layer's boundary, too (``validity.py``).
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from math import asinh, atan, degrees, pi, radians, sinh, tan
from typing import Any

from django.db import connection, transaction

from layers.catalog import Layer, Property
from layers.errors import NotFound
from layers.query.features import properties_listed, where
from layers.query.params import FeatureQuery
from layers.query.spatial import HALF_WORLD, Sql
from layers.query.statement import row_fetch
from layers.query.validity import boundary, valid_at
from layers.text import text

BUDGET = 500_000
"""Bytes of a tile before compression."""

EXTENT = 4096
"""Units across a tile."""

MARGIN = EXTENT // 16
"""Units that a tile shows beyond its edges; the marks of the journal reach as far (``journal.tiles``)."""

PIXEL = EXTENT // 512
"""Units of a pixel on a dense screen; what is smaller is drawn as a point."""

MAX_ZOOM = 24
"""Of WebMercatorQuad; WorldCRS84Quad ends one before it, where its tiles are as wide."""

SIZE = """
((bounds[0])[0] + (bounds[1])[0]) / 2 AS x, ((bounds[0])[1] + (bounds[1])[1]) / 2 AS y,
greatest((bounds[0])[0] - (bounds[1])[0], (bounds[0])[1] - (bounds[1])[1]) AS size
"""
"""Of a feature, in degrees: ``x`` and ``y`` of its middle, and the longer side of its box. An index tells them."""

SMALL = "greatest(ST_XMax(geom) - ST_XMin(geom), ST_YMax(geom) - ST_YMin(geom)) < %s"
"""A polygon whose longer side is below so many degrees."""


@dataclass(frozen=True)
class TileMatrixSet:
    """A well-known tile matrix set (OGC 17-083r4, annex D); its tiles at zoom 0 are ``columns`` by 1."""

    id: str
    uri: str
    srid: int
    columns: int
    max_zoom: int
    west: float
    north: float
    side: float
    version: str

    def matrix(self, z: int) -> tuple[int, int]:
        """Columns and rows of a zoom."""
        return self.columns << z, 1 << z

    def place(self, z: int, longitude: float, latitude: float) -> tuple[float, float]:
        """Column and row of a position in degrees, with the share of the way across the tile."""
        if self.srid == 4326:
            return (longitude + 180) / 180 * (1 << z), (90 - latitude) / 180 * (1 << z)
        return (longitude + 180) / 360 * (1 << z), (0.5 - asinh(tan(radians(latitude))) / pi / 2) * (1 << z)


TILE_MATRIX_SETS = {
    known.id: known
    for known in (
        TileMatrixSet(
            "WebMercatorQuad",
            "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad",
            3857,
            1,
            MAX_ZOOM,
            -HALF_WORLD,
            HALF_WORLD,
            2 * HALF_WORLD,
            "journal.tile_version",
        ),
        TileMatrixSet(
            "WorldCRS84Quad",
            "http://www.opengis.net/def/tilematrixset/OGC/1.0/WorldCRS84Quad",
            4326,
            2,
            MAX_ZOOM - 1,
            -180,
            90,
            180,
            "journal.crs84_tile_version",
        ),
    )
}
"""By id; ``version`` is the journal's function for a tile, ``side`` that of a tile at zoom 0 in units of the CRS."""


@dataclass(frozen=True)
class Tile:
    """A tile by its place in a matrix: ``x`` the column from the west, ``y`` the row from the north."""

    matrix_set: TileMatrixSet
    z: int
    x: int
    y: int

    @classmethod
    def parse(cls, matrix_set: str, z: str, row: str, column: str) -> "Tile":
        """Read a tile's address.

        Raises:
            NotFound: there is no such tile matrix set, zoom, row or column.
        """
        known = matrix_set_get(matrix_set)
        zoom = _within(z, known.max_zoom, "tileMatrix")
        columns, rows = known.matrix(zoom)
        return cls(known, zoom, _within(column, columns - 1, "tileCol"), _within(row, rows - 1, "tileRow"))

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in the CRS of its matrix set."""
        return self._bounds(0)

    def degrees(self, margin: int = 0) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees, ``margin`` units beyond its edges."""
        bounds = self._bounds(margin)
        if self.matrix_set.srid == 4326:
            return bounds
        west, south, east, north = (metres / HALF_WORLD for metres in bounds)
        return west * 180, degrees(atan(sinh(south * pi))), east * 180, degrees(atan(sinh(north * pi)))

    def _bounds(self, margin: int) -> tuple[float, float, float, float]:
        side = self.matrix_set.side / (1 << self.z)
        west, north = self.matrix_set.west + self.x * side, self.matrix_set.north - self.y * side
        more = side * margin / EXTENT
        return west - more, north - side - more, west + side + more, north + more


def matrix_set_get(id: str) -> TileMatrixSet:
    """The tile matrix set of that id.

    Raises:
        NotFound: there is none; the message lists those that are.
    """
    if id not in TILE_MATRIX_SETS:
        known = ", ".join(TILE_MATRIX_SETS)
        raise NotFound(text(f"Tidak ada {id!r}; yang ada: {known}.", f"There is no {id!r}; there are: {known}."))
    return TILE_MATRIX_SETS[id]


def _within(value: str, highest: int, name: str) -> int:
    if value.isascii() and value.isdigit() and len(value) < 10 and int(value) <= highest:
        return int(value)
    raise NotFound(
        text(f"{name} {value!r} tidak ada: dari 0 sampai {highest}.", f"No {name} {value!r}: from 0 to {highest}.")
    )


@dataclass(frozen=True)
class Detail:
    """How much a tile shows: at most ``whole`` features as they are, the others in ``grid`` by ``grid`` cells.

    Lines are drawn to ``tolerance`` units. ``alone``: a point that has its cell for itself is shown whole.
    """

    whole: int
    grid: int = 0
    tolerance: int = 1
    alone: bool = False


DETAILS = (
    Detail(4000),
    Detail(2000, grid=24, tolerance=2, alone=True),
    Detail(500, grid=16, tolerance=4, alone=True),
    Detail(50, grid=16, tolerance=16),
    Detail(0, grid=16),
)
"""From the most to the least; the last is within the budget whatever the data."""


@dataclass(frozen=True)
class TileData:
    """A tile's bytes, empty where nothing is; ``tag`` is their version, ``details`` how each layer is shown."""

    tag: str
    mvt: bytes
    details: tuple[Detail, ...]

    @property
    def is_gathered(self) -> bool:
        """Whether not all features are shown whole: then most edits change the tag and not the bytes."""
        return any(detail.grid for detail in self.details)

    @property
    def version(self) -> str:
        """What tells these bytes from others of the same tile: the tag, or a digest where features are gathered."""
        return sha256(self.mvt).hexdigest()[:32] if self.is_gathered else self.tag


Asked = Sequence[tuple[Layer, FeatureQuery]]
"""The layers of a tile, in their order, and what is asked of each: its filter, time and properties."""


def labels_id(layer: Layer) -> str | None:
    """What the points for the labels of a layer are called in its tiles; ``None`` where features are points."""
    return None if layer.geometry_type == "Point" else f"{layer.id}-labels"


def labels_properties(properties: Iterable[Property], layer: Layer) -> list[Property]:
    """What such a point tells of its feature, out of some properties: its name, and the codes it is drawn by."""
    return [known for known in properties if known.name == layer.title_field or known.choices]


def tile_version(asked: Asked, tile: Tile) -> str:
    """The tag of what a tile shows now."""
    sql, args = _version(asked, tile)
    return str(row_fetch((f"SELECT {sql}", args), prepare=True)[0])


def tile_fetch(asked: Asked, tile: Tile, *, labels: bool = False) -> TileData:
    """A tile in as much detail as its budget lets it have, with the points for labels or without."""
    levels, tag = [0] * len(asked), None
    is_common = not any(query.is_choice for _, query in asked)
    with ExitStack() as stack:
        while True:
            details = tuple(DETAILS[level] for level in levels)
            now, *parts = row_fetch(tile_sql(asked, tile, details, labels=labels), prepare=is_common)
            if tag in (None, now):
                sizes = [len(part) if part is not None else BUDGET + 1 for part in parts]
                if sum(sizes) <= BUDGET:
                    return TileData(now, b"".join(parts), details)
                levels[sizes.index(max(sizes))] += 1
            else:  # what was too much may be less now
                levels = [0] * len(asked)
            if tag is None:
                stack.enter_context(snapshot())
            tag = now


@contextmanager
def snapshot() -> Iterator[None]:
    """One state of the data for all statements within, or writers who are faster would never let a tile be fitted."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def tile_sql(asked: Asked, tile: Tile, details: Sequence[Detail], *, labels: bool = False) -> Sql:
    """The tag, and for each layer its bytes, or NULL where its features are more than are to be shown whole."""
    version, args = _version(asked, tile)
    parts = [version]
    for (layer, query), detail in zip(asked, details, strict=True):
        sql, values = (_thinned if detail.grid else _whole)(layer, query, tile, detail, labels)
        parts.append(f"({sql})")
        args += values
    return f"SELECT {', '.join(parts)}", args


def _version(asked: Asked, tile: Tile) -> Sql:
    each = f"{tile.matrix_set.version}(%s, %s, %s, %s)"
    tag = f"journal.tag(greatest({', '.join([each] * len(asked))}))"
    boundaries = ", ".join(boundary(layer) for layer, query in asked if _is_of_now(layer, query))
    return (
        f"concat_ws('-', {tag}, greatest({boundaries}))" if boundaries else tag,
        [value for layer, _ in asked for value in (layer.id, tile.z, tile.x, tile.y)],
    )


def _is_of_now(layer: Layer, query: FeatureQuery) -> bool:
    return layer.has_validity and query.interval is None


def _whole(layer: Layer, query: FeatureQuery, tile: Tile, detail: Detail, labels: bool) -> Sql:
    """Every feature, if they are not too many."""
    matching, args = _where(layer, query, tile.degrees(MARGIN))
    shape, shape_args = _shape(layer, tile, detail)
    marks, marks_args = _labels(layer, query, tile, f"{layer.table}{matching}", args) if labels else ("", [])
    columns = "".join(f", {_attribute(known)}" for known in properties_listed(layer, query))
    return (
        f"SELECT CASE WHEN (SELECT count(*) FROM (SELECT FROM {layer.table}{matching} LIMIT {detail.whole + 1}) few) "
        f"<= {detail.whole} "
        f"THEN ({_mvt(layer.id)} (SELECT id, {shape}{columns} FROM {layer.table}{matching} ORDER BY id) tile){marks} "
        "END",
        [*args, *shape_args, *args, *marks_args],
    )


def _thinned(layer: Layer, query: FeatureQuery, tile: Tile, detail: Detail, labels: bool) -> Sql:
    """Points as cells, whole where one has its cell for itself; of polygons the largest, and the others as cells."""
    matching, args = _where(layer, query, tile.degrees(MARGIN))
    columns = properties_listed(layer, query)
    listed = "".join(f", {_attribute(known)}" for known in columns)
    unlisted = "".join(f', NULL::{_attribute_type(known)} AS "{known.name}"' for known in columns)
    shape, shape_args = _shape(layer, tile, detail)
    place, place_args = _projected("ST_SetSRID(ST_MakePoint(east / 1e7, north / 1e7), 4326)", tile)
    shown = f"SELECT 0 AS part, id, {shape}{listed} FROM {layer.table}"
    gathered = f"SELECT 1 AS part, NULL::bigint AS id, {place} AS geom, n::int AS point_count{unlisted} FROM cells"
    tables = f"found AS (SELECT id, {SIZE} FROM {layer.table}{matching} OFFSET 0)"  # which evaluates once
    drawn = f"{layer.table} JOIN drawn USING (id) WHERE true"
    marks, marks_args = _labels(layer, query, tile, drawn, []) if labels else ("", [])
    if layer.geometry_type == "Point":
        cells, cells_args = _cells(tile, detail, "found")
        tables += f", cells AS ({cells})"
        args += cells_args
        if detail.alone:
            sql = f"{shown} JOIN cells USING (id) WHERE n = 1 UNION ALL {gathered} WHERE n > 1"
            args += [*shape_args, *place_args]
        else:
            sql = gathered
            args += place_args
    else:
        cells, cells_args = _cells(tile, detail, "others")
        tables += (
            f", drawn AS (SELECT id FROM found WHERE size >= %s ORDER BY size DESC, id LIMIT {detail.whole}), "
            f"others AS (SELECT * FROM found WHERE id NOT IN (SELECT id FROM drawn)), cells AS ({cells})"
        )
        sql = f"{shown} JOIN drawn USING (id) UNION ALL {gathered}"
        args += [_pixel(tile), *cells_args, *shape_args, *place_args]
    names = "".join(f', "{known.name}"' for known in columns)
    ordered = f"SELECT id, geom, point_count{names} FROM ({sql}) parts ORDER BY part, id, geom, point_count"
    return f"WITH {tables} SELECT ({_mvt(layer.id)} ({ordered}) tile){marks}", [*args, *marks_args]


def _labels(layer: Layer, query: FeatureQuery, tile: Tile, source: str, source_args: list[Any]) -> Sql:
    """What follows a layer's bytes: the points for the labels of what is drawn as polygons, of those that lie in the
    tile itself. ``source`` is what stands after FROM, up to conditions that ``AND`` may follow.
    """
    name = labels_id(layer)
    if name is None:
        return "", []
    west, south, east, north = tile.degrees()
    place, place_args = _projected("label", tile)
    listed = labels_properties(properties_listed(layer, query), layer)
    columns = "".join(f', "{known.name}"' for known in listed)
    attributes = "".join(f", {_attribute(known)}" for known in listed)
    return (
        f" || ({_mvt(name)} (SELECT id, {place} AS geom{columns} FROM ("
        f"SELECT id, ST_PointOnSurface(geom) AS label{attributes} FROM {source} AND NOT {SMALL} OFFSET 0) labelled "
        "WHERE ST_X(label) >= %s AND ST_X(label) < %s AND ST_Y(label) >= %s AND ST_Y(label) < %s ORDER BY id) tile)",
        [*place_args, *source_args, _pixel(tile), west, east, south, north],
    )


def _cells(tile: Tile, detail: Detail, source: str) -> Sql:
    """Features gathered, each cell at their mean place; those beyond the edges are other tiles'."""
    west, south, east, north = tile.degrees()
    return (
        "SELECT min(id) AS id, count(*) AS n, sum((x * 1e7)::bigint) / count(*) AS east, "
        "sum((y * 1e7)::bigint) / count(*) AS north FROM ("
        "SELECT id, x, y, CASE WHEN x >= %s AND x < %s THEN floor((x - %s) / %s) END AS across, "
        f"CASE WHEN y >= %s AND y < %s THEN floor((y - %s) / %s) END AS up FROM {source}) placed "
        # not WHERE, from which PostgreSQL would expect a single row, and sort a million instead of hashing them
        "GROUP BY across, up HAVING count(across) > 0 AND count(up) > 0",
        [west, east, west, (east - west) / detail.grid, south, north, south, (north - south) / detail.grid],
    )


def _mvt(name: str) -> str:
    return f"SELECT ST_AsMVT(tile, '{name}', {EXTENT}, 'geom', 'id') FROM"


def _where(layer: Layer, query: FeatureQuery, box: tuple[float, float, float, float]) -> Sql:
    matching, args = where(layer, query)
    west, south, east, north = box
    near = "bounds && %s::box"
    if _is_of_now(layer, query):
        near += f" AND {valid_at(layer.time, 'now()')}"
    return f"{matching} AND {near}" if matching else f" WHERE {near}", [*args, f"({west}, {south}), ({east}, {north})"]


def _shape(layer: Layer, tile: Tile, detail: Detail) -> Sql:
    """``geom`` in units of the tile; a polygon smaller than a pixel as a point with ``point_count`` 1."""
    if layer.geometry_type == "Point":
        sql, args = _projected("geom", tile)
        return f"{sql} AS geom, NULL::int AS point_count", args
    pixel = _pixel(tile)
    point, point_args = _projected("ST_Centroid(ST_Envelope(geom))", tile)
    area, area_args = _projected("ST_Simplify(geom, %s, true)", tile, detail.tolerance)
    return (
        f"CASE WHEN {SMALL} THEN {point} ELSE {area} END AS geom, CASE WHEN {SMALL} THEN 1 END AS point_count",
        [pixel, *point_args, pixel / PIXEL, *area_args, pixel],
    )


def _pixel(tile: Tile) -> float:
    """A pixel in degrees."""
    west, _, east, _ = tile.degrees()
    return (east - west) * PIXEL / EXTENT


def _projected(geom: str, tile: Tile, tolerance: int = 1) -> Sql:
    """A geometry in degrees as one in units of the tile, clipped to what it shows.

    It is snapped to a grid of ``tolerance`` units, for to simplify it more would leave shapes that take long to mend.
    """
    moved = geom if tile.matrix_set.srid == 4326 else f"ST_Transform({geom}, {tile.matrix_set.srid})"
    west, south, east, north = tile.bounds
    sql = f"ST_AsMVTGeom({moved}, %s::box2d, {EXTENT // tolerance}, {MARGIN // tolerance})"
    bounds = f"BOX({west} {south}, {east} {north})"
    return sql if tolerance == 1 else f"ST_Scale({sql}, {tolerance}, {tolerance})", [bounds]


def _attribute(known: Property) -> str:
    """A property as MVT can hold it: lists as text separated by ``;``, times as in JSON."""
    column = f'"{known.name}"'
    if known.type == "array":
        return f"array_to_string({column}, ';') AS {column}"
    if known.type == "string" and known.format in ("date-time", "date", "time"):
        return f"to_json({column}) #>> '{{}}' AS {column}"
    return column


def _attribute_type(known: Property) -> str:
    return {"integer": "int", "number": "float8", "boolean": "boolean"}.get(known.type, "text")
