"""What drf-spectacular cannot see by itself: GeoJSON features, problems, the words for each layer."""

from typing import Any

from drf_spectacular.authentication import BasicScheme
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import is_patched_serializer

from layers.catalog import in_language, layers
from layers.models.geometry import PARTS
from layers.text import text

POSITION = {
    "type": "array",
    "items": {"type": "number"},
    "minItems": 2,
    "maxItems": 3,
    "description": text("bujur, lintang dalam derajat, WGS 84", "longitude, latitude in degrees, WGS 84"),
}


def _list_of(items: dict[str, Any], least: int = 1) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": least}


RING = [[116.1, -8.6], [116.11, -8.6], [116.11, -8.59], [116.1, -8.6]]

COORDINATES = {
    "Point": POSITION | {"example": [116.1, -8.58]},
    "LineString": _list_of(POSITION, 2) | {"example": RING[:2]},
    "MultiLineString": _list_of(_list_of(POSITION, 2)) | {"example": [RING[:2]]},
    "Polygon": _list_of(_list_of(POSITION, 4)) | {"example": [RING]},
    "MultiPolygon": _list_of(_list_of(_list_of(POSITION, 4))) | {"example": [[RING]]},
}

PROBLEM = {
    "type": "object",
    "description": text("Kesalahan (RFC 9457)", "A fault (RFC 9457)"),
    "required": ["title", "status", "detail"],
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {
            "type": "string",
            "description": text("Apa yang salah", "What is wrong"),
        },
        "parameter": {"type": "string", "description": text("Parameter yang salah", "The parameter at fault")},
        "errors": {
            "type": "object",
            "description": text("Pesan untuk tiap atribut", "Messages by property"),
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
}


class OwnBasicScheme(BasicScheme):
    target_class = "layers.logins.OwnBasicAuthentication"


class FeatureSchema(OpenApiSerializerExtension):
    """A GeoJSON feature (RFC 7946) of a layer."""

    target_class = "layers.rest.serializers.FeatureSerializer"
    match_subclasses = True
    priority = 1  # before the one for every serializer of Django REST framework GIS

    def map_serializer(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:
        layer = self.target.layer
        values: dict[str, Any] = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        values.pop("description", None)
        id, _ = values["properties"].pop("id", None), values["properties"].pop("geom")
        values["required"] = [name for name in values.get("required", []) if name not in ("id", "geom")]
        for known in layer.properties:
            schema = values["properties"].get(known.name, {})
            if "oneOf" in schema:  # an empty text, or one of a format: to who checks no formats, both
                schema["anyOf"] = schema.pop("oneOf")
            if known.unit and schema:
                schema["x-ogc-unit"] = str(known.unit)
        members = {"type": _one_of("Feature"), "geometry": _geometry(layer.geometry_type), "properties": values}
        required = list(members)
        if direction == "response":
            values["required"] = list(values["properties"])
            members["id"], required = id, ["id", *required]
        elif part := PARTS.get(layer.geometry_type):
            members["geometry"] = {"oneOf": [_geometry(layer.geometry_type), _geometry(part)]}
        if is_patched_serializer(self.target, direction):
            required = ["type"]
        if not values["required"]:
            del values["required"]
        return {
            "type": "object",
            "description": in_language(layer.description),
            "required": required,
            "properties": members,
        }


def _one_of(*codes: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(codes)}


def _geometry(kind: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["type", "coordinates"],
        "properties": {"type": _one_of(kind), "coordinates": COORDINATES[kind]},
    }


def document_complete(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """drf-spectacular's last step: every operation may answer with a problem, every layer is introduced."""
    result["components"]["schemas"]["Problem"] = PROBLEM
    answer = {
        "description": text("Kesalahan", "A fault"),
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for path in result["paths"].values():
        for operation in path.values():
            operation["responses"]["default"] = answer
    result["tags"] = [
        {"name": layer.id, "description": f"{in_language(layer.title)}. {in_language(layer.description)}"}
        for layer in layers()
    ]
    return result
