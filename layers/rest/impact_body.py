"""The body of a question about an area, as an area; what is none is refused by the member's name."""

import json
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
from django.contrib.gis.geos import GEOSGeometry
from django.core.exceptions import ValidationError
from shapely.geometry.base import BaseGeometry

from layers.errors import InvalidParameter, Problem, TooLarge
from layers.importers import cap
from layers.importers.alerts import info_assumed, info_impossible, info_over, infos_grouped, infos_said, sent_check
from layers.importers.cap_areas import CORNERS, ENTANGLED, area_shape
from layers.models.geometry import SRID, geometry_clean
from layers.query.impact import Area
from layers.query.spatial import edges_entangled
from layers.query.values import value_parse
from layers.services.impact import alert_area, raster_area
from layers.text import text

MAX_VERTICES = 50_000
"""Of an area that is sent; more take longer to send than a zone that is stored takes to name."""

MAX_JOINED = 200_000
"""Of the shapes of a CAP message, once circles are drawn."""

MOST_NOTES = 5
"""Of a CAP message."""

HALF_TURN = 180
"""Degrees: a wider polygon is rather one across the meridian of 180, which planar edges lead round the world."""

POLYGONS = re.compile(r"\s*(MULTI)?POLYGON\b", re.IGNORECASE)
"""WKT of these alone is read: GEOS follows collections within collections until its stack ends."""

MEMBERS = text(
    'GeoJSON (Polygon, MultiPolygon, atau Feature dan FeatureCollection darinya), {"zone": id}, {"alert": pengenal}, '
    '{"raster": kode, "threshold": bilangan}, atau peringatan CAP 1.2 (application/cap+xml)',
    'GeoJSON (Polygon, MultiPolygon, or a Feature or FeatureCollection of these), {"zone": id}, {"alert": identifier}, '
    '{"raster": code, "threshold": number}, or a CAP 1.2 alert (application/cap+xml)',
)


def area_parse(body: Any) -> Area:
    """The area that a body names: GeoJSON, a zone, an alert, or a raster with a threshold; a CAP message
    comes as bytes.

    Raises:
        InvalidParameter: it names none, or one that cannot be; by the member at fault.
        TooLarge: the geometry has more than :data:`MAX_VERTICES` vertices.
    """
    match body:
        case bytes():
            return _cap_area(body)
        case (
            {"type": "FeatureCollection", "features": _}
            | {"type": "Feature", "geometry": _}
            | {"type": str(), "coordinates": _}
        ):
            return geojson_area(body)
        case {"zone": zone, **rest} if not rest:
            return zone_area(f"{zone:.0f}" if isinstance(zone, float) and zone.is_integer() else str(zone))
        case {"alert": str(identifier), **rest} if not rest:
            return alert_area(value_parse("alert", "string", identifier))
        case {"raster": str(code), "threshold": int() | float() as threshold, **rest} if (
            not rest and not isinstance(threshold, bool) and abs(threshold) < 1e9
        ):
            return raster_area(code, threshold)
    raise InvalidParameter("body", text(f"Kirim {MEMBERS}.", f"Send {MEMBERS}."))


def _cap_area(document: bytes) -> Area:
    """All areas of a CAP 1.2 message that was not taken in, joined, whatever its time; nothing of it is stored.

    Each is mended by itself, as where it is taken in. An info that says the danger is over counts no more.

    Raises:
        InvalidParameter: ``body``: it is no such message, warns of nothing (a cancellation, an exercise, the danger
            is over), or has an area, a shape or a time that cannot be used, which a report would leave out.
        TooLarge: its shapes have more than :data:`MAX_VERTICES` vertices, or with circles :data:`MAX_JOINED`.
    """
    try:
        alert = cap.alert_parse(document)
        sent_check(alert)
    except Problem as error:
        raise InvalidParameter("body", error.detail) from error
    _warning_checked(alert)
    groups = infos_grouped(alert)
    over = [infos[0] for infos in groups if infos[0].is_over]
    groups = [infos for infos in groups if not infos[0].is_over]
    if over and not groups:
        why = "; ".join(dict.fromkeys(info_over(info) for info in over))
        raise InvalidParameter(
            "body",
            text(f"{why}. Tidak ada lagi yang diperingatkan.", f"{why}. It warns of nothing any more."),
        )
    if impossible := [found for infos in groups if (found := info_impossible(alert, infos[0]))]:
        told = _listed(impossible)
        raise InvalidParameter("body", text(f"{told}. Kirim geometrinya.", f"{told}. Send the geometry."))
    notes = [note for infos in groups for note in info_assumed(infos[0])] + [info_over(info) for info in over]
    shape, mended = _joined({(area.polygons, area.circles): area for infos in groups for area in infos[0].areas})
    about = tuple({"code": alert.identifier, **infos_said(alert, infos)} for infos in groups)
    told = _listed(notes + mended)
    note = text(f"Peringatan: {told}.", f"The alert: {told}.") if told else ""
    return Area(shape=shape, note=str(note), about=about)


def _warning_checked(alert: cap.Alert) -> None:
    exercise = text("Untuk latihan, kirim geometrinya.", "For an exercise, send the geometry.")
    for name, value, taken, advice in (
        ("status", alert.status, ("Actual",), f" {exercise}"),
        ("msgType", alert.message_type, ("Alert", "Update"), ""),
    ):
        if value not in taken:
            listed = ", ".join(taken)
            raise InvalidParameter(
                "body",
                text(
                    f"{name} {value}: laporan dibuat untuk {listed} saja.{advice}",
                    f"{name} {value}: a report is made of {listed} only.{advice}",
                ),
            )


def _joined(areas: Mapping[Any, cap.Area]) -> tuple[BaseGeometry, list[str]]:
    """What areas cover together, and what was mended of them."""
    corners = sum(words.count(",") for area in areas.values() for words in area.polygons)
    _bounded(corners)
    _bounded(corners + CORNERS * sum(len(area.circles) for area in areas.values()), MAX_JOINED)
    shapes, mended, left_out = [], [], []
    for area in areas.values():
        found = area_shape(area)
        mended += [f"{area.description}: {note}" for note in found.mended]
        left_out += [f"{area.description}: {note}" for note in found.left_out]
        if found.geometry is not None:
            shapes.append(shapely.from_wkb(bytes(found.geometry.wkb)))
    if shapes and edges_entangled(shapes):
        left_out.append(str(ENTANGLED))
    if left_out or not shapes:
        why = _listed(left_out) or text("tidak ada info dengan area", "there is no info with an area")
        raise InvalidParameter(
            "body",
            text(
                f"Tidak semua wilayahnya dapat dipetakan: {why}. Kirim geometrinya.",
                f"Not all of its area can be mapped: {why}. Send the geometry.",
            ),
        )
    return shapely.union_all(shapes), mended


def _listed(notes: list[str]) -> str:
    """Notes, each once; of many the first."""
    said = list(dict.fromkeys(notes))
    more = len(said) - MOST_NOTES
    rest = [str(text(f"dan {more} lagi", f"and {more} more"))] if more > 0 else []
    return "; ".join(said[:MOST_NOTES] + rest)


def zone_area(value: str) -> Area:
    """The area of the zone of an id.

    Raises:
        InvalidParameter: ``zone``: it is no id.
    """
    return Area(zone_ids=(value_parse("zone", "integer", value),))


def coords_area(value: str) -> Area:
    """The area of a Polygon or MultiPolygon in WKT (OGC 06-103r4), longitude first; the parameter is that of OGC API -
    EDR (OGC 19-086r6).

    Raises:
        InvalidParameter: ``coords``: it is no such shape.
        TooLarge: it has more than :data:`MAX_VERTICES` vertices.
    """
    with np.errstate(all="ignore"):  # numbers that are none are told as any other fault
        shape = shapely.from_wkt(value, on_invalid="ignore") if POLYGONS.match(value) else None
    if shape is None:
        sample = "POLYGON((116.1 -8.6,116.2 -8.6,116.2 -8.5,116.1 -8.6))"
        raise InvalidParameter(
            "coords",
            text(
                f"Bukan Polygon atau MultiPolygon dalam WKT, seperti {sample}.",
                f"This is no Polygon or MultiPolygon in WKT, such as {sample}.",
            ),
        )
    return Area(shape=_checked(shape, "coords"))


def geojson_area(given: Any) -> Area:
    """The area of a GeoJSON Polygon or MultiPolygon (RFC 7946), of a feature that has one, or of a collection of such
    features, which are joined.

    Raises:
        InvalidParameter: ``geometry``: it is none of these, or a feature of the collection is none.
        TooLarge: there are more than :data:`MAX_VERTICES` vertices.
    """
    shapes = [_polygons(geometry) for geometry in geojson_geometries(given)]
    if len(shapes) == 1:
        return Area(shape=_checked(shapes[0], "geometry"))
    _bounded(int(shapely.get_num_coordinates(shapes).sum()))
    if edges_entangled(shape for shape in shapes if shape is not None):
        raise InvalidParameter(
            "geometry",
            text(
                "Fitur-fiturnya terlalu banyak bersilangan atau berimpit. Gabungkan dahulu.",
                "The features cross each other, or lie side by side, too often. Join them first.",
            ),
        )
    for shape in shapes:
        if shape is None or shape.is_empty or not shape.is_valid:
            _checked(shape, "geometry")  # which tells why
    joined = shapely.union_all(shapes)  # checked at once: each by itself takes ten times as long
    return Area(shape=_checked(joined, "geometry"))


def geojson_geometries(given: Any) -> list[dict[str, Any]]:
    """Type and coordinates, where there are any, of a geometry, of that of a feature, or of each of a collection."""
    match given:
        case {"type": "FeatureCollection", "features": [*features]}:
            pass
        case _:
            features = [given]
    return [_geometry(feature) for feature in features]


def _geometry(given: Any) -> dict[str, Any]:
    match given:
        case {"type": "Feature", "geometry": dict(geometry)}:
            given = geometry
    return {member: given[member] for member in ("type", "coordinates") if isinstance(given, dict) and member in given}


def _polygons(geometry: dict[str, Any]) -> BaseGeometry | None:
    """None where it is of another type."""
    match geometry:
        case {"type": "Polygon" | "MultiPolygon", "coordinates": list()}:
            pass
        case _:
            return None
    try:
        return shapely.from_geojson(json.dumps(geometry))
    except (ValueError, RecursionError, shapely.errors.GEOSException) as error:
        raise InvalidParameter(
            "geometry",
            text(
                "Koordinatnya harus cincin tertutup dari pasangan [bujur, lintang].",
                "Its coordinates must be closed rings of [longitude, latitude] pairs.",
            ),
        ) from error


def _checked(shape: BaseGeometry | None, parameter: str) -> BaseGeometry:
    if shape is None or shape.geom_type not in ("Polygon", "MultiPolygon"):
        raise InvalidParameter(
            parameter,
            text(
                "Geometri harus Polygon atau MultiPolygon. Untuk sebuah titik, tanyakan hazards/at.",
                "The geometry must be a Polygon or a MultiPolygon. About a point, ask hazards/at.",
            ),
        )
    _bounded(int(shapely.get_num_coordinates(shape)), parameter=parameter)
    west, _, east, _ = shapely.bounds(shapely.get_parts(shape)).T
    if (east - west > HALF_TURN).any():
        raise InvalidParameter(
            parameter,
            text(
                "Lebih lebar dari 180 derajat. Bila melintasi bujur 180, bagi di sana menjadi MultiPolygon (RFC 7946, "
                "3.1.9).",
                "It is wider than 180 degrees. If it crosses the meridian of 180, split it there into a MultiPolygon "
                "(RFC 7946, 3.1.9).",
            ),
        )
    if edges_entangled([shape]):
        raise InvalidParameter(
            parameter,
            text(
                "Sisi-sisinya terlalu banyak bersilangan atau berimpit. Sederhanakan dahulu.",
                "Its edges cross each other, or lie side by side, too often. Simplify it first.",
            ),
        )
    try:
        clean = geometry_clean(GEOSGeometry(memoryview(shapely.to_wkb(shape)), srid=SRID), "MultiPolygon")
    except ValidationError as error:
        raise InvalidParameter(parameter, " ".join(error.messages)) from error
    return shapely.from_wkb(bytes(clean.wkb))


def _bounded(vertices: int, most: int = MAX_VERTICES, parameter: str = "geometry") -> None:
    if vertices > most:
        raise TooLarge(
            text(
                f"Geometri ini memiliki {vertices} titik sudut; paling banyak {most}. Sederhanakan dahulu.",
                f"This geometry has {vertices} vertices; {most} at most. Simplify it first.",
            ),
            parameter=parameter,
        )
