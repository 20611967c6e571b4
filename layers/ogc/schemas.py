"""JSON Schemas of a layer: what its items hold (OGC 23-058r1), and what can be asked of them (OGC 19-079r2)."""

from typing import Any

from django.utils.translation import get_language

from layers.catalog import Layer, Property, in_language
from layers.text import text

DRAFT = "https://json-schema.org/draft/2020-12/schema"


NOT_GIVEN = text("tidak disebut", "not given")
"""What the empty code is called."""


def property_schema(known: Property) -> dict[str, Any]:
    """The schema of one property, in the active language. ``type`` is a plain string, for QGIS reads no lists.

    A unit is a word of that language, which ``x-ogc-unitLang`` says, or it would have to be UCUM (OGC 23-058r1).
    """
    labels = dict(known.choices)
    codes = (
        {
            "enum": list(known.codes),
            "oneOf": [{"const": code, "title": str(labels.get(code, NOT_GIVEN))} for code in known.codes],
        }
        if known.choices
        else {}
    )
    schema = {
        "title": str(known.title),
        "description": str(known.description),
        "type": known.type,
        "format": known.format,
        **({"items": {"type": "string", **codes}} if known.type == "array" else codes),
        "minimum": known.minimum,
        "maximum": known.maximum,
        "maxLength": None if known.choices or known.type == "array" else known.max_length,
        "x-ogc-unit": str(known.unit),
        "x-ogc-unitLang": get_language() if known.unit else None,
        "readOnly": known.read_only or None,
    }
    return {name: value for name, value in schema.items() if value not in (None, "")}


def plain_schema(known: Property) -> dict[str, Any]:
    """The schema of one property without the labels of its codes: OpenAPI 3.0 has no ``const``."""
    schema = property_schema(known)
    for part in (schema, schema.get("items", {})):
        part.pop("oneOf", None)
    return schema


def schema(layer: Layer, url: str) -> dict[str, Any]:
    """What an item of the layer holds; ``url`` is the address of this document."""
    geometry = {
        "title": str(text("Geometri", "Geometry")),
        "format": f"geometry-{layer.geometry_type.lower()}",
        "x-ogc-role": "primary-geometry",
    }
    roles = dict(zip(layer.time, ("primary-interval-start", "primary-interval-end"), strict=True))
    if len(roles) == 1:
        roles = {layer.time[0]: "primary-instant"}
    properties: dict[str, Any] = {
        "id": {"title": "id", "type": "integer", "readOnly": True, "x-ogc-role": "id"},
        "geom": geometry,
    }
    for known in layer.properties:
        role = {"x-ogc-role": roles[known.name]} if known.name in roles else {}
        properties[known.name] = {**property_schema(known), **role}
    for number, described in enumerate(properties.values(), start=1):  # QGIS gives the order up where one has none
        described["x-ogc-propertySeq"] = number
    return {
        **_head(layer, url),
        "properties": properties,
        "required": ["geom", *(known.name for known in layer.properties if known.required)],
    }


def queryables(layer: Layer, url: str) -> dict[str, Any]:
    """What items of the layer can be filtered by; ``url`` is the address of this document."""
    geometry = {
        "title": str(text("Geometri", "Geometry")),
        "$ref": f"https://geojson.org/schema/{layer.geometry_type}.json",
        "x-ogc-role": "primary-geometry",
    }
    properties = {known.name: property_schema(known) for known in layer.properties}
    for found in properties.values():
        found.pop("readOnly", None)
    return {
        **_head(layer, url),
        "properties": {"geom": geometry, **properties},
        "additionalProperties": False,
    }


def _head(layer: Layer, url: str) -> dict[str, Any]:
    return {
        "$schema": DRAFT,
        "$id": url,
        "type": "object",
        "title": in_language(layer.title),
        "description": in_language(layer.description),
    }
