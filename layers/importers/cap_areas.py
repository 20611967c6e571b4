"""Areas of CAP messages as geometries. CAP writes latitude before longitude; what comes out has longitude first."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from django.contrib.gis.geos import GEOSGeometry, MultiPolygon
from django.core.exceptions import ValidationError
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from layers.importers.cap import Area
from layers.models.geometry import SRID, geometry_clean, polygons_repaired
from layers.query.spatial import edges_entangled
from layers.query.values import number_read
from layers.text import text

CORNERS = 180
"""Of the polygon that stands for a circle: its area is 0.02% short of the circle's."""

WIDEST = 1000
"""Kilometres: the largest radius that a circle may have."""

MOST = 1000
"""Polygons and circles of an area."""

SLIVER = 0.001
"""Smaller than this share of the largest, triangles and what a repair leaves are dropped: tools leave them, nobody
draws an island of three corners."""

REPAIRED = 1000
"""Corners of all polygons that cross themselves: the time that it takes to repair them grows with their square."""

ENTANGLED = text("sisi-sisinya terlalu banyak bersilangan", "its edges cross each other too often")

_EARTH = Geod(ellps="WGS84")


@dataclass
class AreaShape:
    """An area as one MultiPolygon in EPSG:4326, None where nothing of it can be used.

    ``mended`` says what was repaired, ``left_out`` which of its shapes are missing; both in words.
    """

    geometry: MultiPolygon | None = None
    mended: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def area_shape(area: Area) -> AreaShape:
    """The shape of an area: polygons closed and made valid, circles drawn on the ellipsoid, all joined."""
    found = AreaShape()
    if len(area.polygons) + len(area.circles) > MOST:
        found.left_out.append(str(text(f"lebih dari {MOST} poligon dan lingkaran", f"more than {MOST} shapes")))
        return found
    drawn = list(_drawn(area, found))
    if edges_entangled(shape for _, shape in drawn):
        found.left_out.append(str(ENTANGLED))
        return found
    shapes = _without_triangles(list(_valid(drawn, found)), found)
    if not shapes:
        why = text("tidak ada poligon atau lingkaran yang terpakai", "no polygon or circle that can be used")
        found.left_out.append(str(why))
        return found
    joined = shapely.get_parts(shapely.union_all(shapes))
    geometry: Any = GEOSGeometry(memoryview(shapely.to_wkb(shapely.MultiPolygon(list(joined)))), srid=SRID)
    try:
        geometry = geometry_clean(geometry, "MultiPolygon")
    except ValidationError as error:
        found.left_out += error.messages
        return found
    found.geometry = geometry
    return found


def _drawn(area: Area, found: AreaShape) -> Iterator[tuple[str, BaseGeometry]]:
    """Polygons as they were sent, and circles, each with what it is called; what cannot be read is noted."""
    for kind, listed, draw in (("polygon", area.polygons, _polygon), ("circle", area.circles, _circle)):
        for words in listed:
            called = f"{kind} {_short(words)}"
            try:
                yield called, draw(words)
            except ValueError as error:
                found.left_out.append(f"{called}: {error}")


def _valid(drawn: Iterable[tuple[str, BaseGeometry]], found: AreaShape) -> Iterator[BaseGeometry]:
    """The shapes, repaired where they cross themselves; what was done to them is noted in ``found``."""
    repairable = REPAIRED
    for called, shape in drawn:
        try:
            if not shape.is_valid:
                repairable -= int(shapely.get_num_coordinates(shape))
                if edges_entangled([shape]):
                    raise ValueError(ENTANGLED)
                if repairable < 0:
                    raise ValueError(
                        text(
                            f"memotong dirinya sendiri; lebih dari {REPAIRED} sudut tidak diperbaiki",
                            f"it crosses itself; more than {REPAIRED} corners are not repaired",
                        )
                    )
                shape = _repaired(shape, found)
        except ValueError as error:
            found.left_out.append(f"{called}: {error}")
            continue
        yield shape


def _repaired(shape: BaseGeometry, found: AreaShape) -> BaseGeometry:
    parts = list(shapely.get_parts(polygons_repaired(shape)))
    if not parts:
        raise ValueError(text("tidak memuat luas", "it holds no area"))
    largest = max(part.area for part in parts)
    kept = [part for part in parts if part.area > SLIVER * largest]
    found.mended.append(str(text("1 poligon diperbaiki", "1 polygon repaired")))
    _dropped(len(parts) - len(kept), found)
    return shapely.MultiPolygon(kept)


def _without_triangles(shapes: list[BaseGeometry], found: AreaShape) -> list[BaseGeometry]:
    largest = max((shape.area for shape in shapes), default=0)
    kept = [shape for shape in shapes if shape.area > SLIVER * largest or shapely.get_num_coordinates(shape) > 4]
    _dropped(len(shapes) - len(kept), found)
    return kept


def _dropped(number: int, found: AreaShape) -> None:
    if number:
        found.mended.append(str(text(f"{number} serpihan dibuang", f"{number} slivers dropped")))


def _polygon(words: str) -> BaseGeometry:
    positions = [_position(pair) for pair in words.split()]
    if positions and positions[0] != positions[-1]:
        positions.append(positions[0])
    if len(positions) < 4:
        raise ValueError(text("kurang dari tiga sudut", "fewer than three corners"))
    return _within_half_the_world(shapely.Polygon(positions))


def _circle(words: str) -> BaseGeometry:
    centre, _, radius = words.partition(" ")
    longitude, latitude = _position(centre)
    kilometres = _number(radius)
    if not 0 < kilometres <= WIDEST:
        raise ValueError(
            text(
                f"jari-jari harus lebih dari 0, paling besar {WIDEST} km", f"radius must be over 0, {WIDEST} km or less"
            )
        )
    azimuths = np.linspace(0, 360, CORNERS, endpoint=False)
    start = np.full(CORNERS, longitude), np.full(CORNERS, latitude)
    longitudes, latitudes, _ = _EARTH.fwd(*start, azimuths, np.full(CORNERS, kilometres * 1000))
    return _within_half_the_world(shapely.Polygon(np.column_stack([longitudes, latitudes])))


def _position(pair: str) -> tuple[float, float]:
    """Longitude, latitude."""
    latitude, _, longitude = pair.partition(",")
    y, x = _number(latitude), _number(longitude)
    if not (abs(y) <= 90 and abs(x) <= 180):
        raise ValueError(
            text(
                f"{pair} di luar dunia; CAP menulis lintang,bujur",
                f"{pair} lies outside the world; CAP writes latitude,longitude",
            )
        )
    return x, y


def _number(words: str) -> float:
    try:
        return number_read(words.strip())
    except ValueError:
        raise ValueError(text(f"{words!r} bukan bilangan", f"{words!r} is no number")) from None


def _within_half_the_world(shape: BaseGeometry) -> BaseGeometry:
    west, _, east, _ = shape.bounds
    if east - west > 180:
        raise ValueError(
            text("melintasi bujur 180 atau memuat kutub", "it crosses the meridian of 180 or holds a pole")
        )
    return shape


def _short(words: str) -> str:
    return words if len(words) <= 40 else f"{words[:40]}…"
