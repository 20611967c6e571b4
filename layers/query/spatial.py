"""Coordinate reference systems, bounding boxes, and the predicates they become.

The geometry of a request is brought into the storage CRS; the column never is, so that its index serves.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import shapely
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from pyproj import CRS, Transformer
from shapely.geometry.base import BaseGeometry

from layers.catalog import layers
from layers.errors import InvalidParameter
from layers.models.geometry import SRID
from layers.query.values import number_read
from layers.text import text

Box = tuple[float, float, float, float]
"""West, south, east, north; in degrees unless said otherwise."""

Sql = tuple[str, list[Any]]
"""A piece of SQL, and the arguments of its placeholders."""

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EDGE = 1e-5
"""Degrees; ten times the blur of PostgreSQL's operators for ``box``."""

FAR = 1e9
"""Metres; no projected coordinate on Earth is larger."""

THIN = 0.001
"""Metres; a box that is no wider may cross itself in degrees."""

WEB_MERCATOR = 3857
HALF_WORLD = 20037508.342789244
"""Metres of EPSG:3857 from the meridian of Greenwich to the antimeridian."""
POLE = 1e8
"""Metres of EPSG:3857, whose poles are infinitely far, from the equator to 2 m before a pole."""

NEAR_EACH, NEAR = 7, 30_000
"""Pairs of edges whose boxes meet: so many an edge, for a border that two share has six, and so many besides."""

EDGES = 64
"""Edges that are compared with all others at a time."""

_EPSG = re.compile(r"^http://www\.opengis\.net/def/crs/EPSG/0/(\d+)$")


@dataclass(frozen=True)
class Crs:
    """A CRS that clients may ask for. ``swapped``: its authority puts north (latitude) before east."""

    uri: str
    srid: int
    swapped: bool
    degrees: bool

    @property
    def decimals(self) -> int:
        """Decimals written: 7 of a degree (1 cm), 3 of a metre (1 mm)."""
        return 7 if self.degrees else 3


DEFAULT_CRS = Crs(CRS84, SRID, swapped=False, degrees=True)


@cache
def crs_get(uri: str) -> Crs:
    """The CRS of an OGC URI.

    Raises:
        ValueError: not the URI of CRS84 or of an EPSG code that PROJ knows.
    """
    if uri == CRS84:
        return DEFAULT_CRS
    match = _EPSG.match(uri)
    if not match:
        raise ValueError(f"{uri!r} is neither {CRS84} nor of the form http://www.opengis.net/def/crs/EPSG/0/CODE")
    definition = CRS.from_epsg(int(match[1]))
    return Crs(
        uri,
        int(match[1]),
        swapped=definition.axis_info[0].direction == "north",
        degrees=definition.is_geographic,
    )


def crs_serves(crs: Crs, box: tuple[float, float, float, float]) -> bool:
    """Whether a box, west, south, east, north in degrees, meets the area that the CRS is made for: far from it lengths
    are wrong by percents."""
    west, south, east, north = box
    use = CRS.from_epsg(crs.srid).area_of_use
    if use is None:
        return True
    spans = [(use.west, use.east)] if use.west <= use.east else [(use.west, 180), (-180, use.east)]
    return use.south <= north and south <= use.north and any(left <= east and west <= right for left, right in spans)


def crs_register(**_: Any) -> None:
    """Make every CRS of the catalogue known to PostGIS, whose list may be older than the EPSG code (9490 is).

    Raises:
        ImproperlyConfigured: one is not, and the list belongs to another role, who made the extension.
    """
    wanted = {crs_get(uri).srid for layer in layers() for uri in layer.crs}
    with connection.cursor() as cursor:
        cursor.execute("SELECT srid FROM spatial_ref_sys WHERE srid = ANY (%s)", [list(wanted)])
        missing = sorted(wanted - {srid for (srid,) in cursor.fetchall()})
        cursor.execute("SELECT has_table_privilege('spatial_ref_sys', 'INSERT'), quote_ident(current_user)")
        may_add, role = cursor.fetchone()
        if missing and not may_add:
            raise ImproperlyConfigured(
                f"PostGIS does not know EPSG:{missing[0]}, and {role} may not add it. Whoever made the extension says "
                f"once, in this database: GRANT INSERT ON spatial_ref_sys TO {role}"
            )
        cursor.executemany(
            "INSERT INTO spatial_ref_sys (srid, auth_name, auth_srid, srtext) VALUES (%s, 'EPSG', %s, %s) "
            "ON CONFLICT DO NOTHING",
            [(srid, srid, CRS.from_epsg(srid).to_wkt("WKT1_GDAL")) for srid in missing],
        )


@cache
def _to_storage(srid: int) -> Transformer:
    return Transformer.from_crs(srid, SRID, always_xy=True)


@dataclass(frozen=True)
class BBox:
    """A box in the storage CRS, as one or (across the antimeridian) two of ``bounds``: west, south, east, north.

    ``bent`` are the shapes within these bounds, of a box of another CRS, whose edges are not straight in this one.
    """

    bounds: tuple[Box, ...]
    bent: tuple[BaseGeometry, ...] = ()

    @cached_property
    def shapes(self) -> tuple[BaseGeometry, ...]:
        return self.bent or tuple(_box(*bounds) for bounds in self.bounds)

    @cached_property
    def rectangle(self) -> tuple[str, str] | None:
        """This box, and what is surely inside of it, as text of PostgreSQL's ``box``; None where it is not that simple.

        What lies in the second one, or not even near the first, needs no further test.
        """
        if len(self.bounds) > 1 or self.bent:
            return None
        west, south, east, north = self.bounds[0]
        if east - west < 3 * EDGE or north - south < 3 * EDGE:
            return None
        return (
            f"({west}, {south}), ({east}, {north})",
            f"({west + EDGE}, {south + EDGE}), ({east - EDGE}, {north - EDGE})",
        )

    @classmethod
    def parse(cls, value: str, crs: Crs, parameter: str = "bbox") -> "BBox":
        """Read ``minx,miny,maxx,maxy`` or ``minx,miny,minz,maxx,maxy,maxz``, in the axis order of ``crs``.

        Heights are checked and then ignored, for no layer has any. In degrees, a west greater than east
        means a box across the antimeridian (OGC 17-069r4, 7.15.3). In EPSG:3857, where web maps show the world
        again and again, so does a box that goes on past an end of the world; as wide as the world, it is all of it.

        Raises:
            InvalidParameter: not 4 or 6 finite numbers, reversed, or out of range.
        """
        numbers = _numbers(value, parameter)
        if len(numbers) == 6:
            if numbers[2] > numbers[5]:
                raise InvalidParameter(
                    parameter,
                    text("Tinggi terendah melebihi yang tertinggi.", "The lowest height is above the highest."),
                )
            numbers = [*numbers[0:2], *numbers[3:5]]
        if crs.swapped:
            numbers = [numbers[1], numbers[0], numbers[3], numbers[2]]
        west, south, east, north = numbers
        if south > north or (west > east and not crs.degrees):
            raise InvalidParameter(
                parameter,
                text(
                    f"Batas terbalik: {value!r}. Tulis batas bawah dahulu, lalu batas atas.",
                    f"The bounds are reversed: {value!r}. Write the lower corner first, then the upper.",
                ),
            )
        if crs.degrees:
            if not (-180 <= west <= 180 and -180 <= east <= 180 and south >= -90 and north <= 90):
                raise InvalidParameter(
                    parameter,
                    text(
                        f"Di luar dunia: {value!r}. Bujur harus -180 sampai 180, lintang -90 sampai 90.",
                        f"Outside the world: {value!r}. Longitude must be -180 to 180, latitude -90 to 90.",
                    ),
                )
            if west > east:
                return cls(((west, south, 180, north), (-180, south, east, north)))
            return cls(((west, south, east, north),))
        spans = [(west, east)]
        if crs.srid == WEB_MERCATOR and max(map(abs, numbers)) < FAR:
            spans = _spans(west, east)
            south, north = np.clip((south, north), -POLE, POLE)
        boxes = [_box(west, south, east, north, THIN) for west, east in spans]
        bent = tuple(projected(box, crs, parameter, value) for box in boxes)
        return cls(tuple(shape.bounds for shape in bent), bent)


def _spans(west: float, east: float) -> list[tuple[float, float]]:
    """From west to east in EPSG:3857, within one world."""
    world = 2 * HALF_WORLD
    if east - west >= world:
        return [(-HALF_WORLD, HALF_WORLD)]
    if west >= -HALF_WORLD and east <= HALF_WORLD:
        return [(west, east)]
    turns = (west + HALF_WORLD) // world * world
    west, east = west - turns, east - turns
    return [(west, east)] if east <= HALF_WORLD else [(west, HALF_WORLD), (-HALF_WORLD, east - world)]


def _numbers(value: str, parameter: str) -> list[float]:
    try:
        numbers = [number_read(part.strip()) for part in value.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (4, 6):
        raise InvalidParameter(
            parameter,
            text(
                f"{value!r} bukan 4 atau 6 bilangan yang dipisah koma.",
                f"{value!r} is not 4 or 6 numbers separated by commas.",
            ),
        )
    return numbers


def _box(west: float, south: float, east: float, north: float, thin: float = 0) -> BaseGeometry:
    """The box, as the point or line that it is where its width or height is no more than ``thin``."""
    if east - west > thin and north - south > thin:
        return shapely.box(west, south, east, north)
    return shapely.convex_hull(shapely.LineString([(west, south), (east, north)]))


def projected(shape: BaseGeometry, crs: Crs, parameter: str, value: str) -> BaseGeometry:
    """A shape in a projected CRS, east before north, in the storage CRS; ``value`` is what it was written as.

    Raises:
        InvalidParameter: it lies outside the area that the CRS is made for: transformed back, it is not within 1 m of
            what it was, or it surrounds a pole or goes across the antimeridian, where longitudes leap.
    """
    west, south, east, north = shape.bounds
    if max(map(abs, shape.bounds)) < FAR:
        move = _to_storage(crs.srid).transform
        if step := max(east - west, north - south) / 32:
            shape = shapely.segmentize(shape, step)  # straight edges are curved in the storage CRS
        moved = shapely.transform(shape, lambda at: np.column_stack(move(at[:, 0], at[:, 1])))
        back = shapely.transform(moved, lambda at: np.column_stack(move(at[:, 0], at[:, 1], direction="INVERSE")))
        width = moved.bounds[2] - moved.bounds[0]
        if shapely.equals_exact(shape, back, tolerance=1) and (width < 180 or crs.srid == WEB_MERCATOR):
            return moved
    raise InvalidParameter(
        parameter,
        text(
            f"{value!r} di luar wilayah berlakunya {crs.uri}.",
            f"{value!r} lies outside the area that {crs.uri} is made for.",
        ),
    )


def intersects(box: BBox) -> Sql:
    """``geom`` meets the box, edges included."""
    if box.bent or any(west == east or south == north for west, south, east, north in box.bounds):
        other = "%s::geometry"
        args: list[Any] = [
            shapely.to_wkb(shapely.set_srid(shape, SRID), hex=True, include_srid=True) for shape in box.shapes
        ]
    else:
        other = f"ST_MakeEnvelope(%s, %s, %s, %s, {SRID})"
        args = [bound for bounds in box.bounds for bound in bounds]
    return f"({' OR '.join([f'ST_Intersects(geom, {other})'] * len(box.bounds))})", args


def geojson(crs: Crs) -> str:
    """The GeoJSON text of ``geom`` in ``crs``, in its axis order and with its decimals."""
    column = "geom" if crs.srid == SRID else f"ST_Transform(geom, {crs.srid})"
    return f"ST_AsGeoJSON({f'ST_FlipCoordinates({column})' if crs.swapped else column}, {crs.decimals}, 0)"


def edges_entangled(shapes: Iterable[BaseGeometry]) -> bool:
    """Whether the edges of shapes lie across each other so much that a few kilobytes would take GEOS minutes and
    gigabytes to check or join: it compares every two edges whose boxes meet, and keeps each crossing.

    Args:
        shapes: lines, polygons and collections of them; points count for nothing.
    """
    parts = np.array(list(shapes), dtype=object)
    if shapely.get_num_coordinates(parts).sum() ** 2 <= NEAR:
        return False
    points, ring = shapely.get_coordinates(_rings(parts), return_index=True)
    joined = ring[:-1] == ring[1:]
    starts, ends = points[:-1][joined], points[1:][joined]
    boxes = shapely.box(*np.minimum(starts, ends).T, *np.maximum(starts, ends).T)
    tree, most, found = shapely.STRtree(boxes), NEAR_EACH * len(boxes) + NEAR, 0
    for first in range(0, len(boxes), EDGES):
        found += tree.query(boxes[first : first + EDGES]).shape[1]
        if found > most:
            return True
    return False


def _rings(parts: Any) -> Any:
    """Rings and lines, one beside the other."""
    while (shapely.get_type_id(parts) >= shapely.GeometryType.MULTIPOINT).any():  # collections hold others
        parts = shapely.get_parts(parts)
    return np.concatenate([parts[shapely.get_dimensions(parts) < 2], shapely.get_rings(parts)])
