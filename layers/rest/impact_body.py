"""The body of a question about an area, as an area; what is none is refused by the member's name."""

import json
import re
from typing import Any

import numpy as np
import shapely
from django.contrib.gis.geos import GEOSGeometry
from django.core.exceptions import ValidationError
from shapely.geometry.base import BaseGeometry

from layers.errors import InvalidParameter, Problem
from layers.importers import cap
from layers.importers.alerts import LEVELS
from layers.importers.cap_areas import area_shape
from layers.models import DisasterZone
from layers.models.geometry import SRID, geometry_clean
from layers.query.impact import Area
from layers.query.spatial import edges_entangled
from layers.query.values import value_parse
from layers.rest.problems import TooLarge
from layers.services.impact import alert_area, raster_area
from layers.text import text

MAX_VERTICES = 50_000
"""Of an area that is sent; more take longer to send than a zone that is stored takes to name."""

MAX_JOINED = 200_000
"""Of the shapes of a CAP message, once circles are drawn and what overlaps is joined."""

POLYGONS = re.compile(r"\s*(MULTI)?POLYGON\b", re.IGNORECASE)
"""WKT of these alone is read: GEOS follows collections within collections until its stack ends."""

MEMBERS = text(
    'geometri GeoJSON (Polygon atau MultiPolygon), {"zone": id}, {"alert": pengenal}, '
    '{"raster": kode, "threshold": bilangan}, atau peringatan CAP 1.2 (application/cap+xml)',
    'a GeoJSON geometry (Polygon or MultiPolygon), {"zone": id}, {"alert": identifier}, '
    '{"raster": code, "threshold": number}, or a CAP 1.2 alert (application/cap+xml)',
)


def area_parse(body: Any) -> Area:
    """The area that a body names: a geometry, a feature, a zone, an alert, or a raster with a threshold; a CAP message
    comes as bytes.

    Raises:
        InvalidParameter: it names none, or one that cannot be; by the member at fault.
        TooLarge: the geometry has more than :data:`MAX_VERTICES` vertices.
    """
    match body:
        case bytes():
            return _cap_area(body)
        case {"type": "Feature", "geometry": geometry}:
            return Area(shape=_geojson(geometry))
        case {"type": str(), "coordinates": _}:
            return Area(shape=_geojson(body))
        case {"zone": zone, **rest} if not rest:
            return zone_area(f"{zone:.0f}" if isinstance(zone, float) and zone.is_integer() else str(zone))
        case {"alert": str(identifier), **rest} if not rest:
            return alert_area(value_parse("alert", "string", identifier))
        case {"raster": str(code), "threshold": int() | float() as threshold, **rest} if (
            not rest and abs(threshold) < 1e9
        ):
            return raster_area(code, threshold)
    raise InvalidParameter("body", text(f"Kirim {MEMBERS}.", f"Send {MEMBERS}."))


def _cap_area(document: bytes) -> Area:
    """All areas of a CAP 1.2 message that was not taken in, joined, whatever its time; nothing of it is stored.

    An info that says the danger is over counts no more.

    Raises:
        InvalidParameter: ``body``: it is no such message, warns of nothing (a cancellation, an exercise), or has an
            area or a shape that cannot be used, which a report would leave out.
        TooLarge: its shapes have more than :data:`MAX_VERTICES` vertices.
    """
    try:
        alert = cap.alert_parse(document)
    except Problem as error:
        raise InvalidParameter("body", error.detail) from error
    for name, value, taken in (
        ("status", alert.status, ("Actual",)),
        ("msgType", alert.message_type, ("Alert", "Update")),
    ):
        if value not in taken:
            listed = ", ".join(taken)
            raise InvalidParameter(
                "body",
                text(
                    f"{name} {value}: laporan dibuat untuk {listed} saja. Untuk latihan, kirim geometrinya.",
                    f"{name} {value}: a report is made of {listed} only. For an exercise, send the geometry.",
                ),
            )
    infos = [info for info in alert.infos if not info.is_over]
    areas = dict.fromkeys(area for info in infos for area in info.areas)
    empty = [area.description for area in areas if not area.polygons and not area.circles]
    polygons = tuple(dict.fromkeys(words for area in areas for words in area.polygons))
    circles = tuple(dict.fromkeys(words for area in areas for words in area.circles))
    _bounded(sum(words.count(",") for words in polygons))
    found = area_shape(cap.Area("", polygons, circles))
    left_out = found.left_out + [str(text(f"{name}: tanpa bentuk", f"{name}: no shape")) for name in empty]
    if found.geometry is None or left_out:
        why = "; ".join(left_out[:5])
        raise InvalidParameter(
            "body",
            text(
                f"Tidak semua wilayahnya dapat dipetakan: {why}. Kirim geometrinya.",
                f"Not all of its area can be mapped: {why}. Send the geometry.",
            ),
        )
    shape = shapely.from_wkb(bytes(found.geometry.wkb))
    _bounded(int(shapely.get_num_coordinates(shape)), MAX_JOINED)
    return Area(shape=shape, about=tuple(_about(alert, info) for info in infos))


def _about(alert: cap.Alert, info: cap.Info) -> dict[str, Any]:
    return {
        "code": alert.identifier,
        "name": info.words.get("headline") or info.words["event"],
        "hazard": None,
        "level": LEVELS[info.words["severity"]],
        "kind": DisasterZone.Kind.WARNING,
        "valid_from": info.onset or info.effective or alert.sent,
        "valid_to": info.expires,
        "source": info.words.get("senderName") or alert.sender,
        "observed_at": alert.sent,
    }


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


def _geojson(geometry: Any) -> BaseGeometry:
    try:
        shape = shapely.from_geojson(json.dumps(geometry))
    except (ValueError, shapely.errors.GEOSException) as error:
        raise InvalidParameter(
            "geometry",
            text(f"Bukan geometri GeoJSON: {error}.", f"This is not a GeoJSON geometry: {error}."),
        ) from error
    return _checked(shape, "geometry")


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
