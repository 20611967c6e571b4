"""What the templates need to show documents to people: words in two languages, values with label, unit and age."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django import template
from django.utils import timezone
from django.utils.formats import date_format, number_format, time_format
from django.utils.html import format_html
from django.utils.timesince import timesince, timeuntil

from layers.catalog import Layer, Property, config, in_language, layers
from layers.text import text

register = template.Library()
register.simple_tag(text, name="text")
register.simple_tag(layers, name="layers")
register.filter(in_language)

EMPTY: tuple[Any, ...] = (None, "", [])
DASH = "–"
YES, NO = text("ya", "yes"), text("tidak", "no")
AGO, AHEAD = text("%s lalu", "%s ago"), text("%s lagi", "in %s")
DATE, CLOCK = "j M Y", text("H.i", "H:i")


@register.simple_tag
def metadata() -> dict[str, Any]:
    """The portal's own metadata: identification, licence, provider, contact."""
    found: dict[str, Any] = config()["metadata"]
    return found


@register.filter
def grouped(number: float) -> str:
    """A number as the active language writes it: 12.345 or 12,345."""
    return number_format(number, force_grouping=True)


@register.filter
def shown(feature: dict[str, Any], item: Property) -> str:
    """A feature's value as people read it: label instead of code, unit, local time and age."""
    value = feature["properties"].get(item.name)
    if value in EMPTY:
        return DASH
    if isinstance(value, list):
        return ", ".join(_label(item, code) for code in value)
    if item.choices:
        return _label(item, value)
    if isinstance(value, bool):
        return str(YES if value else NO)
    if item.type in ("integer", "number"):
        return f"{grouped(value)} {item.unit}".strip()
    try:
        return _WRITERS.get(item.format or "", str)(value)
    except (ValueError, OverflowError):  # PostgreSQL knows times that Python does not, such as infinity
        return str(value)


@register.filter
def named(feature: dict[str, Any], layer: Layer) -> str:
    """What the feature is called; its id where the name was not asked for."""
    return str(feature["properties"].get(layer.title_field) or feature["id"])


@register.simple_tag
def filled(layer: Layer, features: list[dict[str, Any]]) -> list[Property]:
    """The layer's properties that at least one of the features has a value for."""
    return [
        item
        for item in layer.properties
        if any(feature["properties"].get(item.name) not in EMPTY for feature in features)
    ]


@register.simple_tag
def told(layer: Layer, feature: dict[str, Any]) -> list[Property]:
    """What a line about a feature tells of it: codes, measures and times that people gave."""
    return [
        item
        for item in filled(layer, [feature])
        if not item.read_only and (item.choices or item.unit or item.format == "date-time")
    ]


@register.simple_tag
def link(document: dict[str, Any], rel: str) -> str:
    """Address of the document's first link of that relation, empty where there is none."""
    return next((found["href"] for found in document["links"] if found["rel"] == rel), "")


FORMAT_NAMES = {
    "application/json": "JSON",
    "application/vnd.mapbox.tile+json": "TileJSON",
    "application/geo+json": "GeoJSON",
    "application/vnd.ogc.fg+json": "JSON-FG",
    "text/csv": "CSV",
    "application/geo+json-seq": "GeoJSON-Seq",
    "application/flatgeobuf": "FlatGeobuf",
    "application/geopackage+sqlite3": "GeoPackage",
}


@register.filter
def format_name(media_type: str) -> str:
    """What people call a media type."""
    return FORMAT_NAMES.get(media_type.partition(";")[0], media_type)


@register.filter
def as_html(address: str) -> str:
    """The address of the same resource as an HTML page."""
    parts = urlsplit(address)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "f"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("f", "html")])))


@register.simple_tag(takes_context=True)
def filters(context: template.RequestContext, layer: Layer) -> list[tuple[Property, str]]:
    """The properties with a list of codes, each with the code that the request asks for."""
    asked = context["request"].GET
    return [(item, asked.get(item.name, "")) for item in layer.properties if item.choices]


@register.filter
def outline(extent: dict[str, Any]) -> dict[str, Any]:
    """The extent of a collection as a GeoJSON feature."""
    west, south, east, north = extent["spatial"]["bbox"][0]
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "properties": {}, "geometry": geometry}


@dataclass(frozen=True)
class SchemaRow:
    """One property of a JSON Schema, for people."""

    name: str
    schema: dict[str, Any]
    required: bool

    @property
    def unit(self) -> str:
        return str(self.schema.get("x-ogc-unit", ""))

    @property
    def role(self) -> str:
        return str(self.schema.get("x-ogc-role", ""))

    @property
    def codes(self) -> list[dict[str, str]]:
        """Codes that the value, or each of its elements, may take: ``const`` and ``title``."""
        found: list[dict[str, str]] = self.schema.get("items", self.schema).get("oneOf", [])
        return found


@register.simple_tag
def schema_rows(document: dict[str, Any]) -> Iterable[SchemaRow]:
    """The properties of a JSON Schema, in its order."""
    required = document.get("required", [])
    return [SchemaRow(name, schema, name in required) for name, schema in document["properties"].items()]


def _label(item: Property, code: str) -> str:
    return str(dict(item.choices).get(code, code))


@register.filter(name="moment")
def _moment(value: str) -> str:
    """An RFC 3339 time in local time, with its age; PostgreSQL's ``infinity`` as it is."""
    try:
        when = _local(value)
    except (ValueError, OverflowError):
        return value
    past = when <= timezone.now()
    return format_html(
        '<time datetime="{}">{} <span class="age">{}</span></time>',
        when.isoformat(),
        _clocked(when),
        str(AGO if past else AHEAD) % (timesince if past else timeuntil)(when, depth=1),
    )


def _date(value: str) -> str:
    return date_format(date.fromisoformat(value), DATE)


def _local(value: str) -> datetime:
    return timezone.localtime(datetime.fromisoformat(value))


def _clocked(when: datetime) -> str:
    return date_format(when, f"{DATE}, {CLOCK} T")


@register.filter
def written(value: str) -> str:
    """An RFC 3339 date or time as the active language writes it, in local time; as it is where it is infinite."""
    try:
        return _date(value) if len(value) == len("2018-08-05") else _clocked(_local(value))
    except (ValueError, OverflowError):
        return value


def _time(value: str) -> str:
    return time_format(time.fromisoformat(value), str(CLOCK))


def _uri(value: str) -> str:
    if not value.startswith(("https://", "http://")):
        return value
    return format_html('<a href="{}" rel="noopener noreferrer">{}</a>', value, value)


_WRITERS = {"date": _date, "date-time": _moment, "time": _time, "uri": _uri}
