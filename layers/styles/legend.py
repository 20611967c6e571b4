"""Legends as data: what each colour, pattern, line and icon of a layer means, in the active language."""

from collections.abc import Iterator
from typing import Any

from layers.catalog import Layer, Property, in_language
from layers.styles.images import image_name, magnitude_name, sample_name, shape_name
from layers.styles.symbols import (
    BOUNDARIES,
    BOUNDARY_COLOUR,
    EPICENTRE_COLOUR,
    HAZARDS,
    LEVELS,
    MAGNITUDES,
    OTHER,
    SYMBOLS,
)

Entry = dict[str, Any]


def legend(layer: Layer) -> list[Entry]:
    """One entry for each code, or class of magnitudes, that the layer is drawn by.

    ``layer``, ``property`` and ``code`` say of which features it speaks, titles and ``label`` say it in words; a class
    of numbers has its ends instead of a code that features have, ``minimum`` included and ``maximum`` not.
    ``symbol`` (icon, fill or line), ``colour``, ``pattern``, ``dash`` (in line widths) and ``image`` (a name) say
    how they look.
    """
    return [
        {
            "layer": layer.id,
            "layer_title": in_language(layer.title),
            "property": property.name,
            "property_title": str(property.title),
            "code": code,
            "label": str(label),
            **look,
        }
        for property in _properties(layer)
        for code, label in property.choices or _classes(property.name)
        if (look := _look(layer, property.name, code))
    ]


def _properties(layer: Layer) -> Iterator[Property]:
    """The attributes that decide how a feature looks."""
    for name in ("type", "level", "hazard", "magnitude"):
        if found := layer.property(name):
            yield found


def _classes(property: str) -> list[tuple[str, str]]:
    return [(code, magnitude.label) for code, magnitude in MAGNITUDES.items()] if property == "magnitude" else []


def _look(layer: Layer, property: str, code: str) -> Entry:
    if property == "hazard":
        return {"symbol": "icon", "colour": HAZARDS.get(code, OTHER).colour, "image": image_name(layer.id, code)}
    if property == "level" and code in LEVELS:
        level = LEVELS[code]
        return {"symbol": "fill", "colour": level.colour, "pattern": level.pattern, "image": sample_name(code)}
    if property == "level" and code in BOUNDARIES:
        dash = list(BOUNDARIES[code].dash)
        return {"symbol": "line", "colour": BOUNDARY_COLOUR, "dash": dash, "image": sample_name(code)}
    if property == "magnitude":
        ends = {"minimum": MAGNITUDES[code].minimum, "maximum": MAGNITUDES[code].maximum}
        return {"symbol": "icon", "colour": EPICENTRE_COLOUR, "image": magnitude_name(code), **ends}
    colour = SYMBOLS.get(layer.id, OTHER).colour
    if layer.dimension:
        shape = "line" if layer.dimension == 1 else "fill"
        return {"symbol": shape, "colour": colour, "image": shape_name(layer.id, layer.dimension)}
    return {"symbol": "icon", "colour": colour, "image": image_name(layer.id, code)}
