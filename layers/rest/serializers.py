"""GeoJSON features in and out, made from the catalogue; the model says what is valid."""

import json
import re
from datetime import datetime
from difflib import get_close_matches
from math import isfinite
from typing import Any, ClassVar

import numpy as np
import shapely
from django.contrib.gis.geos import GEOSGeometry
from django.db import models
from pyproj import Transformer
from rest_framework import fields
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.utils.field_mapping import ClassLookupDict
from rest_framework.validators import UniqueValidator
from rest_framework_gis.fields import GeometryField
from rest_framework_gis.serializers import GeoFeatureModelSerializer
from shapely.geometry.base import BaseGeometry

from layers.catalog import Layer
from layers.models.geometry import SRID, geometry_clean
from layers.query.spatial import DEFAULT_CRS, FAR, Crs
from layers.text import text

MESSAGES: dict[type[fields.Field], dict[str, str]] = {
    fields.BooleanField: {"invalid": text("Harus true atau false.", "This must be true or false.")},
    fields.CharField: {"invalid": text("Harus berupa teks.", "This must be text.")},
    fields.FloatField: {"invalid": text("Harus berupa bilangan.", "This must be a number.")},
    fields.ListField: {"not_a_list": text("Harus berupa daftar kode.", "This must be a list of codes.")},
}
"""What Django REST framework says in English only."""

EXAMPLES = {
    "Point": '{"type": "Point", "coordinates": [116.1, -8.58]}',
    "MultiLineString": '{"type": "LineString", "coordinates": [[116.1, -8.58], [116.11, -8.57]]}',
    "MultiPolygon": '{"type": "Polygon", "coordinates": [[[116, -9], [117, -9], [117, -8], [116, -9]]]}',
}


class FeatureGeometryField(GeometryField):
    """A geometry as GeoJSON has it (RFC 7946), of the layer's type: longitude, latitude in WGS 84.

    On the way in, the serializer's context may name another ``crs``, in the axis order of its authority.
    """

    def to_representation(self, value: GEOSGeometry) -> Any:
        return json.loads(shapely.to_geojson(shapely.from_wkb(bytes(value.wkb))))

    def to_internal_value(self, value: Any) -> GEOSGeometry:
        geometry_type = self.parent.layer.geometry_type
        try:
            if not isinstance(value, dict) or "coordinates" not in value:
                raise ValueError(value)
            shape = shapely.from_geojson(json.dumps(value))  # unlike GDAL, it follows no "crs"
        except (ValueError, shapely.errors.GEOSException) as error:
            example = EXAMPLES[geometry_type]
            raise ValidationError(
                text(f"Bukan geometri GeoJSON seperti {example}.", f"This is not a GeoJSON geometry such as {example}.")
            ) from error
        stored = _stored(shape, self.context.get("crs", DEFAULT_CRS))
        return geometry_clean(GEOSGeometry(memoryview(shapely.to_wkb(stored)), srid=SRID), geometry_type)


class MomentField(fields.DateTimeField):
    """A time, local where it comes without an offset; written in UTC, as the database gives it."""

    default_error_messages = {"overflow": text("Waktu di luar jangkauan.", "This time is out of range.")}

    def enforce_timezone(self, value: datetime) -> datetime:
        try:
            return super().enforce_timezone(value)
        except OverflowError:  # of local times at the ends of the calendar, such as what programs have for no time
            self.fail("overflow")

    def to_representation(self, value: datetime) -> str:
        return value.isoformat()


class FeatureSerializer(GeoFeatureModelSerializer):
    """A feature of a layer. Computed properties are ignored on the way in; personal data goes neither way."""

    layer: ClassVar[Layer]

    geom = FeatureGeometryField()

    serializer_field_mapping = {
        **GeoFeatureModelSerializer.serializer_field_mapping,
        models.DateTimeField: MomentField,
    }

    def build_standard_field(self, field_name: str, model_field: Any) -> tuple[type[fields.Field], dict[str, Any]]:
        if isinstance(model_field, models.GeneratedField):
            column: Any = model_field.output_field
            shown = {"label": model_field.verbose_name, "help_text": model_field.help_text, "read_only": True}
            if model_field.choices:
                return self.serializer_choice_field, shown | {"choices": model_field.choices}
            return ClassLookupDict(self.serializer_field_mapping)[column], shown
        kind, kwargs = super().build_standard_field(field_name, model_field)
        if kwargs.get("read_only"):
            return kind, kwargs
        kwargs["error_messages"] = MESSAGES.get(kind, {})
        if "choices" in kwargs:
            codes = ", ".join(str(code) for code, _ in model_field.flatchoices)
            kwargs["error_messages"] = {
                "invalid_choice": text(
                    f"{{input!r}} bukan salah satu kode: {codes}.", f"{{input!r}} is none of the codes: {codes}."
                )
            }
        # Whether a value is taken is asked once, of the model, in validate().
        kwargs["validators"] = [one for one in kwargs.get("validators", []) if not isinstance(one, UniqueValidator)]
        return kind, kwargs

    def run_validation(self, data: Any = fields.empty) -> Any:
        return super().run_validation(self._values(data))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The values as they are stored. A whole feature has defaults where it says nothing, a part keeps the rest, but
        for the time of a fact that it renews."""
        columns: Any = self.layer.model._meta
        feature = self.instance or self.layer.model()
        if not self.partial:
            writable = [name for name, field in self.fields.items() if not field.read_only]
            attrs = {name: columns.get_field(name).get_default() for name in writable} | attrs
        attrs |= feature.times_renewed(attrs)
        for name, value in attrs.items():
            setattr(feature, name, value)
        feature.full_clean()
        return {name: getattr(feature, name) for name in attrs}

    def _values(self, feature: Any) -> dict[str, Any]:
        """The properties and the geometry of a GeoJSON feature, side by side.

        Raises:
            ParseError: it is not a feature, or a part of one that changes nothing.
            ValidationError: it has properties that the layer has not or that stand beside ``properties``, coordinates
                in another CRS than the context's, or the id of another feature.
        """
        if (
            not isinstance(feature, dict)
            or feature.get("type") != "Feature"
            or not isinstance(feature.get("properties"), dict | None)
        ):
            raise ParseError(
                text(
                    'Kirim satu Feature GeoJSON: {"type": "Feature", "geometry": {...}, "properties": {...}}.',
                    'Send one GeoJSON Feature: {"type": "Feature", "geometry": {...}, "properties": {...}}.',
                )
            )
        values = dict(feature.get("properties") or {})
        known = [item.name for item in self.layer.properties]
        if faults := _misplaced(feature, known) | _other_crs(feature, self.context.get("crs", DEFAULT_CRS)):
            raise ValidationError(faults)
        if self.partial and not feature.keys() & {"geometry", "properties"}:
            raise ParseError(
                text(
                    'Tidak ada yang diubah. Kirim yang baru: {"geometry": {...}} atau {"properties": {...}}.',
                    'Nothing would change. Send what is new: {"geometry": {...}} or {"properties": {...}}.',
                )
            )
        if unknown := [name for name in values if name not in known]:
            raise ValidationError({"properties": [_unknown(name, known) for name in unknown]})
        if self.instance and feature.get("id", self.instance.pk) not in (self.instance.pk, str(self.instance.pk)):
            raise ValidationError({"id": text("Ini id fitur lain.", "This is the id of another feature.")})
        return values | ({"geom": feature["geometry"]} if "geometry" in feature else {})


def serializer_for(layer: Layer) -> type[FeatureSerializer]:
    """The serializer of a layer: id, geometry and the published properties, in the order of the catalogue."""
    names = ("id", "geom", *(known.name for known in layer.properties))
    meta = type("Meta", (), {"model": layer.model, "geo_field": "geom", "fields": names})
    return type(f"{layer.model.__name__}Serializer", (FeatureSerializer,), {"layer": layer, "Meta": meta})


def _stored(shape: BaseGeometry, crs: Crs) -> BaseGeometry:
    """A geometry of a client in the storage CRS, its numbers as they are where they are in it already.

    Raises:
        ValidationError: it lies where its CRS is not defined.
    """
    if crs == DEFAULT_CRS or shape.is_empty:
        return shape
    move = Transformer.from_crs(crs.srid, SRID, always_xy=True).transform

    def moved(points: Any) -> Any:
        east, north = points[:, ::-1].T if crs.swapped else points.T
        return np.column_stack((east, north) if crs.srid == SRID else move(east, north))

    if max(map(abs, shape.bounds)) < FAR:
        stored = shapely.transform(shape, moved)
        if all(map(isfinite, stored.bounds)):
            return stored
    raise ValidationError(
        text(
            f"Koordinat di luar wilayah berlakunya {crs.uri}.",
            f"Coordinates outside the area that {crs.uri} is made for.",
        )
    )


def _misplaced(feature: dict[str, Any], known: list[str]) -> dict[str, str]:
    """What is wrong with members of a feature that would be lost; those foreign to the layer are none of its business.

    JSON-FG keeps in ``place`` a geometry that GeoJSON cannot have (OGC 21-045r1, 7.5).
    """
    faults = {
        name: text(
            f'Tulis atribut dalam properties: {{"properties": {{"{name}": ...}}}}.',
            f'Write attributes in properties: {{"properties": {{"{name}": ...}}}}.',
        )
        for name in feature
        if name in known and name != "type"
    }
    for name in ("geom", "place"):
        if feature.get(name) is not None and (name not in known or isinstance(feature[name], dict)):
            faults[name] = text("Tulis geometri dalam geometry.", "Write the geometry in geometry.")
    return faults


def _other_crs(feature: dict[str, Any], crs: Crs) -> dict[str, str]:
    """Members that say another CRS than the request's: ``crs`` of GeoJSON before RFC 7946, which PostGIS writes into
    geometries, and ``coordRefSys`` of JSON-FG. As GDAL does, EPSG:4326 is taken for CRS84."""
    code = crs.uri.rpartition("/")[2]
    same = {code, "4326"} if crs == DEFAULT_CRS else {code}
    parts = [part for part in (feature, feature.get("geometry")) if isinstance(part, dict)]
    said = [(name, part[name]) for part in parts for name in ("crs", "coordRefSys") if part.get(name) is not None]
    fault = text(
        f"Koordinat harus dalam {crs.uri}; OGC API menerima CRS lain dengan header Content-Crs.",
        f"The coordinates must be in {crs.uri}; the OGC API takes other CRS with the header Content-Crs.",
    )
    return {name: fault for name, value in said if _crs_code(value) not in same}


def _crs_code(value: Any) -> str:
    """The code at the end of a URI, an URN, ``EPSG:…`` or ``[EPSG:…]``, on its own or as the name of a CRS object."""
    if isinstance(value, dict) and isinstance(value.get("properties"), dict):
        value = value["properties"].get("name")
    return re.split(r"[/:]", value.strip("[]"))[-1] if isinstance(value, str) else ""


def _unknown(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, 1)
    return text(
        f"Tidak ada atribut {name!r}." + (f" Maksudnya {near[0]!r}?" if near else ""),
        f"There is no property {name!r}." + (f" Is {near[0]!r} meant?" if near else ""),
    )
