"""The same look as Styled Layer Descriptor 1.1 with Symbology Encoding 1.1, for QGIS and others that draw features."""

from collections.abc import Callable, Iterable, Iterator
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from layers.catalog import Layer, in_language
from layers.styles.images import ICON, OTHER_IMAGE, PATTERN, image_name, magnitude_name, pattern_name
from layers.styles.symbols import (
    BOUNDARIES,
    BOUNDARY_COLOUR,
    HAZARDS,
    LAND,
    LEVELS,
    LINE_WIDTH,
    MAGNITUDES,
    OTHER,
    SYMBOLS,
)
from layers.text import text

SLD, SE, OGC, XLINK = (
    "http://www.opengis.net/sld",
    "http://www.opengis.net/se",
    "http://www.opengis.net/ogc",
    "http://www.w3.org/1999/xlink",
)
for _prefix, _uri in (("sld", SLD), ("se", SE), ("ogc", OGC), ("xlink", XLINK)):
    register_namespace(_prefix, _uri)

OPACITY = 0.4
"""Of zones: here a zone may cover one of a higher level, which should show through."""

ImageHref = Callable[[str], str]
"""The address of an image by its name."""


def sld(layers: Iterable[Layer], href: ImageHref) -> bytes:
    """The document: a named layer for each, with a rule for each code; the words are in the active language."""
    root = Element(f"{{{SLD}}}StyledLayerDescriptor", version="1.1.0")
    for layer in layers:
        named = SubElement(root, f"{{{SLD}}}NamedLayer")
        _text(named, SE, "Name", layer.id)
        user = SubElement(named, f"{{{SLD}}}UserStyle")
        _text(user, SE, "Name", layer.id)
        _text(SubElement(user, f"{{{SE}}}Description"), SE, "Title", in_language(layer.title))
        SubElement(user, f"{{{SE}}}FeatureTypeStyle").extend(_RULES.get(layer.id, _rules)(layer, href))
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _areas_rules(layer: Layer, href: ImageHref) -> Iterator[Element]:
    for code, label in _choices(layer, "level"):
        boundary = BOUNDARIES[code]
        rule = _rule(label, [_equal("level", code)])
        area = SubElement(rule, f"{{{SE}}}PolygonSymbolizer")
        _parameters(SubElement(area, f"{{{SE}}}Fill"), fill=LAND, fill_opacity="0.2")
        dash = " ".join(f"{length * boundary.width:g}" for length in boundary.dash)
        _stroke(area, BOUNDARY_COLOUR, boundary.width, **({"stroke_dasharray": dash} if dash else {}))
        yield rule


def _zones_rules(layer: Layer, href: ImageHref) -> Iterator[Element]:
    """One rule for each level and hazard: colour and pattern of the level, outline and icon of the hazard."""
    for level, level_label in _choices(layer, "level"):
        for hazard, hazard_label in _choices(layer, "hazard"):
            rule = _rule(f"{hazard_label} · {level_label}", [_equal("hazard", hazard), _equal("level", level)])
            colour = SubElement(SubElement(rule, f"{{{SE}}}PolygonSymbolizer"), f"{{{SE}}}Fill")
            _parameters(colour, fill=LEVELS[level].colour, fill_opacity=str(OPACITY))
            area = SubElement(rule, f"{{{SE}}}PolygonSymbolizer")
            pattern = SubElement(SubElement(area, f"{{{SE}}}Fill"), f"{{{SE}}}GraphicFill")
            pattern.append(_graphic(href(pattern_name(level)), PATTERN[0]))
            _stroke(SubElement(rule, f"{{{SE}}}LineSymbolizer"), HAZARDS.get(hazard, OTHER).colour, 1.4)
            _icon(rule, href(image_name(layer.id, hazard)))
            yield rule


def _quakes_rules(layer: Layer, href: ImageHref) -> Iterator[Element]:
    """One rule for each class of magnitudes, and one for those whose magnitude is not known."""
    for code, magnitude in MAGNITUDES.items():
        rule = _rule(str(magnitude.label), _between("magnitude", magnitude.minimum, magnitude.maximum))
        _icon(rule, href(magnitude_name(code)))
        yield rule
    unknown = Element(f"{{{OGC}}}PropertyIsNull")
    _text(unknown, OGC, "PropertyName", "magnitude")
    rule = _rule(str(text("Magnitudo tidak diketahui", "Magnitude not known")), [unknown])
    _icon(rule, href(OTHER_IMAGE))
    yield rule


def _rules(layer: Layer, href: ImageHref) -> Iterator[Element]:
    """A rule for each type, or one for all: icons, or one look for all lines and areas."""
    for code, label in _choices(layer, "type") or [("", layer.id)]:
        rule = _rule(label, [_equal("type", code)] if code else [])
        if layer.dimension:
            symbolizer = SubElement(rule, f"{{{SE}}}{'Line' if layer.dimension == 1 else 'Polygon'}Symbolizer")
            _stroke(symbolizer, SYMBOLS.get(layer.id, OTHER).colour, LINE_WIDTH)
        else:
            _icon(rule, href(image_name(layer.id, code) if code else OTHER_IMAGE))
        yield rule


_RULES = {"administrative_areas": _areas_rules, "disaster_zones": _zones_rules, "earthquakes": _quakes_rules}


def _choices(layer: Layer, name: str) -> list[tuple[str, str]]:
    property = layer.property(name)
    return [(code, str(label)) for code, label in property.choices] if property else []


def _rule(title: str, conditions: list[Element]) -> Element:
    """A rule for the features that meet all conditions."""
    rule = Element(f"{{{SE}}}Rule")
    _text(rule, SE, "Name", title)
    _text(SubElement(rule, f"{{{SE}}}Description"), SE, "Title", title)
    if conditions:
        filter = SubElement(rule, f"{{{OGC}}}Filter")
        within = SubElement(filter, f"{{{OGC}}}And") if len(conditions) > 1 else filter
        within.extend(conditions)
    return rule


def _equal(name: str, code: str) -> Element:
    """Codes made of digits are compared by LIKE, for QGIS takes their literals for numbers."""
    if code.isdigit():
        return _comparison("Like", name, code, wildCard="%", singleChar="_", escapeChar="!")
    return _comparison("EqualTo", name, code)


def _between(name: str, minimum: float | None, maximum: float | None) -> list[Element]:
    ends = (("GreaterThanOrEqualTo", minimum), ("LessThan", maximum))
    return [_comparison(operator, name, f"{end:g}") for operator, end in ends if end is not None]


def _comparison(operator: str, name: str, value: str, **more: str) -> Element:
    comparison = Element(f"{{{OGC}}}PropertyIs{operator}", more)
    _text(comparison, OGC, "PropertyName", name)
    _text(comparison, OGC, "Literal", value)
    return comparison


def _icon(rule: Element, href: str) -> None:
    SubElement(rule, f"{{{SE}}}PointSymbolizer").append(_graphic(href, ICON[0]))


def _graphic(href: str, size: int) -> Element:
    graphic = Element(f"{{{SE}}}Graphic")
    external = SubElement(graphic, f"{{{SE}}}ExternalGraphic")
    SubElement(external, f"{{{SE}}}OnlineResource", {f"{{{XLINK}}}type": "simple", f"{{{XLINK}}}href": href})
    _text(external, SE, "Format", "image/svg+xml")
    _text(graphic, SE, "Size", str(size))
    return graphic


def _stroke(symbolizer: Element, colour: str, width: float, **more: str) -> None:
    _parameters(SubElement(symbolizer, f"{{{SE}}}Stroke"), stroke=colour, stroke_width=f"{width:g}", **more)


def _parameters(parent: Element, **values: str) -> None:
    for name, value in values.items():
        SubElement(parent, f"{{{SE}}}SvgParameter", name=name.replace("_", "-")).text = value


def _text(parent: Element, namespace: str, name: str, value: str) -> None:
    SubElement(parent, f"{{{namespace}}}{name}").text = value
