"""The body of a question about an area, as an area; what is none is refused by the member's name."""

import json
from typing import Any

import shapely
from django.contrib.gis.geos import GEOSGeometry
from django.core.exceptions import ValidationError
from shapely.geometry.base import BaseGeometry

from layers.errors import InvalidParameter, Problem
from layers.importers.cap import alert_parse
from layers.importers.cap_areas import area_geometry
from layers.models.geometry import SRID, geometry_clean
from layers.query.impact import Area
from layers.query.values import value_parse
from layers.rest.problems import TooLarge
from layers.services.impact import alert_area, raster_area
from layers.text import text

MAX_VERTICES = 50_000
"""Of an area that is sent; more take longer to send than a zone that is stored takes to name."""

MEMBERS = text(
    'geometri GeoJSON (Polygon atau MultiPolygon), {"zone": id}, {"alert": pengenal}, '
    '{"raster": kode, "threshold": bilangan}, atau peringatan CAP 1.2 (application/cap+xml)',
    'a GeoJSON geometry (Polygon or MultiPolygon), {"zone": id}, {"alert": identifier}, '
    '{"raster": code, "threshold": number}, or a CAP 1.2 alert (application/cap+xml)',
)


def area_parse(body: Any) -> Area:
    """The area that a body names: a geometry, a feature, a zone, an alert, or a raster with a threshold.

    Raises:
        InvalidParameter: it names none, or one that cannot be; by the member at fault.
        TooLarge: the geometry has more than :data:`MAX_VERTICES` vertices.
    """
    match body:
        case {"type": "Feature", "geometry": geometry}:
            return Area(shape=_shape(geometry))
        case {"type": str(), "coordinates": _}:
            return Area(shape=_shape(body))
        case {"zone": zone, **rest} if not rest:
            return zone_area(str(zone))
        case {"alert": str(identifier), **rest} if not rest:
            return alert_area(value_parse("alert", "string", identifier))
        case {"raster": str(code), "threshold": int() | float() as threshold, **rest} if (
            not rest and abs(threshold) < 1e9
        ):
            return raster_area(code, threshold)
    raise InvalidParameter("body", text(f"Kirim {MEMBERS}.", f"Send {MEMBERS}."))


def cap_area(document: bytes) -> Area:
    """All areas of a CAP 1.2 message that was not taken in, joined, whatever its time; nothing of it is stored.

    Raises:
        InvalidParameter: ``body``: it is no such message, is an exercise or a test, or has no area that can be used.
    """
    try:
        alert = alert_parse(document)
    except Problem as error:
        raise InvalidParameter("body", error.detail) from error
    if alert.status != "Actual":
        raise InvalidParameter(
            "body",
            text(
                f"status {alert.status}: laporan hanya untuk peringatan Actual. Untuk latihan, kirim geometrinya.",
                f"status {alert.status}: only an Actual alert gets a report. For an exercise, send its geometry.",
            ),
        )
    found = [area_geometry(area) for area in dict.fromkeys(area for info in alert.infos for area in info.areas)]
    shapes = [shapely.from_wkb(bytes(geometry.wkb)) for geometry, _ in found if geometry]
    if not shapes:
        why = "; ".join([note for _, notes in found for note in notes][:5]) or text(
            "tidak ada area", "there is no area"
        )
        raise InvalidParameter(
            "body", text(f"Tidak ada yang dapat dipetakan: {why}.", f"Nothing can be mapped: {why}.")
        )
    return Area(shape=_bounded(shapely.union_all(shapes)))


def zone_area(value: str) -> Area:
    """The area of the zone of an id.

    Raises:
        InvalidParameter: ``zone``: it is no id.
    """
    return Area(zone_ids=(value_parse("zone", "integer", value),))


def _shape(geometry: Any) -> BaseGeometry:
    try:
        shape = shapely.from_geojson(json.dumps(geometry))
    except (ValueError, shapely.errors.GEOSException) as error:
        raise InvalidParameter(
            "geometry",
            text(f"Bukan geometri GeoJSON: {error}.", f"This is not a GeoJSON geometry: {error}."),
        ) from error
    if shape is None or shape.geom_type not in ("Polygon", "MultiPolygon"):
        raise InvalidParameter(
            "geometry",
            text(
                "Geometri harus Polygon atau MultiPolygon. Untuk sebuah titik, tanyakan hazards/at.",
                "The geometry must be a Polygon or a MultiPolygon. About a point, ask hazards/at.",
            ),
        )
    _bounded(shape)
    try:
        clean = geometry_clean(GEOSGeometry(memoryview(shapely.to_wkb(shape)), srid=SRID), "MultiPolygon")
    except ValidationError as error:
        raise InvalidParameter("geometry", " ".join(error.messages)) from error
    return shapely.from_wkb(bytes(clean.wkb))


def _bounded(shape: BaseGeometry) -> BaseGeometry:
    if (vertices := shapely.get_num_coordinates(shape)) > MAX_VERTICES:
        raise TooLarge(
            text(
                f"Geometri ini memiliki {vertices} titik sudut; paling banyak {MAX_VERTICES}. Sederhanakan dahulu.",
                f"This geometry has {vertices} vertices; {MAX_VERTICES} at most. Simplify it first.",
            ),
            parameter="geometry",
        )
    return shape
