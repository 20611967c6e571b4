"""Styles of the MapLibre style specification, over vector tiles whose source layers are named like the collections.

Names and icons of polygons are drawn from the tiles' points for labels, once each.

In dense tiles a point without an id and with ``point_count`` alone stands for several features; a circle shows it. A
polygon below a pixel is a point as well, with a ``point_count`` of 1: a speck shows it, and no count.
There is no ``glyphs``: labels are drawn with the reader's own fonts. QGIS draws the same documents. It converts few
expressions, so what depends on a code is a layer with a filter, and only labels are expressions.
"""

from collections.abc import Callable, Iterable
from math import log2
from typing import Any

from django.utils.translation import get_language

from layers.catalog import Layer
from layers.query.tiles import labels_id
from layers.styles.images import OTHER_IMAGE, image_name, magnitude_name, pattern_name
from layers.styles.symbols import (
    BOUNDARIES,
    BOUNDARY_COLOUR,
    CLUSTER_RADII,
    HALO,
    HAZARDS,
    INK,
    LAND,
    LEVELS,
    LINE_WIDTH,
    MAGNITUDES,
    OTHER,
    PAPER,
    SHADE_OPACITY,
    SYMBOLS,
    ZONE_OPACITY,
)

Json = dict[str, Any]

AREAS, ZONES, QUAKES = "administrative_areas", "disaster_zones", "earthquakes"
SOURCE = "portal"
FEATURE = ["!", ["has", "point_count"]]
CLUSTER = ["all", ["has", "point_count"], [">", ["get", "point_count"], 1]]
SPECK = ["all", ["has", "point_count"], ["==", ["get", "point_count"], 1]]
NAMES_FROM = 14
"""The zoom from where on points show their names."""

HALO_PAINT = {"text-color": INK, "text-halo-color": HALO, "text-halo-width": 1.4}


def drawing_order(layers: Iterable[Layer]) -> list[Layer]:
    """Polygon layers below lines, and those below point layers; else the order is the catalogue's."""
    return sorted(layers, key=lambda layer: -layer.dimension)


def style(title: str, layers: Iterable[Layer], tiles: str, sprite: str) -> Json:
    """The style of one layer or of several.

    Areas lie below lines, and both below circles, names and icons; names of administrative areas go first when there
    is no room for all. ``tiles`` is the address of a TileJSON, ``sprite`` that of
    the sprite without its ending. The words are in the active language.
    """
    ordered = drawing_order(layers)
    ground = [drawn for layer in ordered for drawn in _GROUND.get(layer.id, _ground)(layer)]
    clusters = [drawn for layer in ordered for drawn in [*_SPECKS.get(layer.id, _specks)(layer), *_clusters(layer)]]
    marked = sorted(ordered, key=lambda layer: layer.id == AREAS)
    marks = [drawn for layer in marked for drawn in _MARKS.get(layer.id, _marks)(layer)]
    west, south, east, north = min((layer.bbox for layer in ordered), key=lambda bbox: bbox[2] - bbox[0])
    background = {"id": "background", "type": "background", "paint": {"background-color": PAPER}}
    return {
        "version": 8,
        "name": title,
        "metadata": {"lang": get_language()},
        "center": [round((west + east) / 2, 5), round((south + north) / 2, 5)],
        "zoom": round(log2(360 / (east - west)), 1),
        "sprite": sprite,
        "sources": {SOURCE: {"type": "vector", "url": tiles}},
        "layers": [background, *sorted(ground, key=lambda drawn: drawn["type"] == "line"), *clusters, *marks],
    }


def _layer(layer: Layer, part: str, type: str, filter: list[Any], **members: Any) -> Json:
    drawn = {"id": f"{layer.id}-{part}", "type": type, "source": SOURCE, "source-layer": layer.id, "filter": filter}
    return {**drawn, **members}


def _mark(layer: Layer, part: str, filter: list[Any], **members: Any) -> Json:
    """An icon or a name; a polygon has it where its label belongs, and not once a tile."""
    drawn = _layer(layer, part, "symbol", filter, **members)
    return {**drawn, "source-layer": labels_id(layer) or layer.id}


def _filter(property: str, code: str) -> list[Any]:
    """Features, not clusters, that have the code."""
    return ["all", FEATURE, ["==", ["get", property], code]]


def _areas_ground(layer: Layer) -> list[Json]:
    lines = (
        _layer(
            layer,
            f"line-{level}",
            "line",
            _filter("level", level),
            minzoom=boundary.minzoom,
            layout={"line-join": "round"},
            paint={"line-color": BOUNDARY_COLOUR, "line-width": boundary.width}
            | ({"line-dasharray": list(boundary.dash)} if boundary.dash else {}),
        )
        for level, boundary in reversed(BOUNDARIES.items())
    )
    land = _layer(layer, "fill", "fill", FEATURE, paint={"fill-color": LAND, "fill-opacity": 0.5})
    return [land, *lines]


def _areas_marks(layer: Layer) -> list[Json]:
    return [
        _mark(
            layer,
            f"name-{level}",
            _filter("level", level),
            minzoom=boundary.name_minzoom,
            maxzoom=boundary.name_maxzoom,
            layout={"text-field": ["get", "name"], "text-size": boundary.name_size, "text-max-width": 8},
            paint={**HALO_PAINT, "text-color": BOUNDARY_COLOUR},
        )
        for level, boundary in reversed(BOUNDARIES.items())
    ]


def _zones_ground(layer: Layer) -> list[Json]:
    """Colour and pattern tell the level, and where zones overlap the highest one; the outline tells the hazard."""
    drawn = []
    for code, level in LEVELS.items():
        zones = _filter("level", code)
        fill = {"fill-color": level.colour, "fill-opacity": ZONE_OPACITY}
        pattern = {"fill-pattern": pattern_name(code), "fill-opacity": 0.7}
        drawn.append(_layer(layer, f"fill-{code}", "fill", zones, paint=fill))
        drawn.append(_layer(layer, f"pattern-{code}", "fill", zones, paint=pattern))
    for code, hazard in HAZARDS.items():
        outline = {"line-color": hazard.colour, "line-width": 1.4}
        drawn.append(_layer(layer, f"line-{code}", "line", _filter("hazard", code), paint=outline))
    return drawn


def _zones_marks(layer: Layer) -> list[Json]:
    """The icon of the hazard, with hazard and level in words."""
    label: Any = ["match", ["get", "hazard"]]
    for code, hazard in _choices(layer, "hazard"):
        words = [part for known, level in _choices(layer, "level") for part in (known, f"{hazard}\n{level}")]
        label += [code, ["match", ["get", "level"], *words, hazard]]
    return [_names(layer, [*label, ""], minzoom=12, size=11), *_icons(layer, "hazard")]


def _quakes_marks(layer: Layer) -> list[Json]:
    """Circles by magnitude, as large on every map, and below them the dot of those whose magnitude is not known."""
    layout = {"icon-allow-overlap": True}
    unknown = ["all", FEATURE, ["!", ["has", "magnitude"]]]
    return [
        _names(layer, ["get", layer.title_field], minzoom=NAMES_FROM, size=12),
        _mark(layer, "icon", unknown, layout={"icon-image": OTHER_IMAGE, **layout}),
        *(
            _mark(
                layer,
                f"icon-{code}",
                ["all", FEATURE, ["has", "magnitude"], *_between("magnitude", magnitude.minimum, magnitude.maximum)],
                layout={"icon-image": magnitude_name(code), **layout},
            )
            for code, magnitude in MAGNITUDES.items()
        ),
    ]


def _between(property: str, minimum: float | None, maximum: float | None) -> list[Any]:
    ends = ((">=", minimum), ("<", maximum))
    return [[comparison, ["get", property], end] for comparison, end in ends if end is not None]


def _ground(layer: Layer) -> list[Json]:
    fill = _layer(layer, "fill", "fill", FEATURE, paint={"fill-color": _colour(layer), "fill-opacity": SHADE_OPACITY})
    line = _layer(layer, "line", "line", FEATURE, paint={"line-color": _colour(layer), "line-width": LINE_WIDTH})
    return [[], [line], [fill, line]][layer.dimension]


def _marks(layer: Layer) -> list[Json]:
    """Icons by type, and below them names, which give way to icons."""
    names = _names(layer, ["get", layer.title_field], minzoom=NAMES_FROM, size=12)
    return [names, *_icons(layer, "type")] if layer.geometry_type == "Point" else [names]


def _names(layer: Layer, label: Any, minzoom: int, size: int) -> Json:
    layout = {
        "text-field": label,
        "text-size": size,
        "text-anchor": "top",
        "text-offset": [0, 1.6],
        "text-max-width": 9,
    }
    return _mark(layer, "name", FEATURE, minzoom=minzoom, layout=layout, paint=HALO_PAINT)


def _icons(layer: Layer, name: str) -> list[Json]:
    """One layer for each code of a property that every feature has, or else one for all."""
    property = layer.property(name)
    size = {"stops": [[10, 0.5], [14, 0.75], [17, 1]]}
    layout = {"icon-size": size, "icon-allow-overlap": layer.geometry_type == "Point"}
    if property is None or not property.required:
        return [_mark(layer, "icon", FEATURE, layout={"icon-image": OTHER_IMAGE, **layout})]
    return [
        _mark(
            layer,
            f"icon-{code}",
            _filter(name, code),
            layout={"icon-image": image_name(layer.id, code), **layout},
        )
        for code in property.codes
    ]


def _specks(layer: Layer) -> list[Json]:
    return [_layer(layer, "speck", "circle", SPECK, paint=_speck(_colour(layer)))]


def _zones_specks(layer: Layer) -> list[Json]:
    return [
        _layer(layer, f"speck-{code}", "circle", [*SPECK, ["==", ["get", "level"], code]], paint=_speck(level.ink))
        for code, level in LEVELS.items()
    ]


def _areas_specks(_: Layer) -> list[Json]:
    """None: which area a speck is, and where it ends, no map of that scale tells."""
    return []


def _speck(colour: str) -> Json:
    return {"circle-color": colour, "circle-radius": 3, "circle-stroke-color": HALO, "circle-stroke-width": 1}


def _clusters(layer: Layer) -> list[Json]:
    """A circle that grows with the count, and the count in it."""
    radius = [
        "step",
        ["get", "point_count"],
        CLUSTER_RADII[0][1],
        *(part for step in CLUSTER_RADII[1:] for part in step),
    ]
    rim = {"circle-stroke-color": HALO, "circle-stroke-width": 2}
    circle = {"circle-color": _colour(layer), "circle-radius": radius, "circle-opacity": 0.85, **rim}
    count = {"text-field": ["to-string", ["get", "point_count"]], "text-size": 11, "text-allow-overlap": True}
    return [
        _layer(layer, "cluster", "circle", CLUSTER, paint=circle),
        _layer(layer, "count", "symbol", CLUSTER, layout=count, paint={"text-color": HALO}),
    ]


def _choices(layer: Layer, name: str) -> list[tuple[str, str]]:
    """Codes and their words, in the active language."""
    property = layer.property(name)
    return [(code, str(label)) for code, label in property.choices] if property else []


def _colour(layer: Layer) -> str:
    return SYMBOLS.get(layer.id, OTHER).colour


_Draw = Callable[[Layer], list[Json]]

_SPECKS: dict[str, _Draw] = {AREAS: _areas_specks, ZONES: _zones_specks}
_GROUND: dict[str, _Draw] = {AREAS: _areas_ground, ZONES: _zones_ground}
_MARKS: dict[str, _Draw] = {AREAS: _areas_marks, ZONES: _zones_marks, QUAKES: _quakes_marks}
