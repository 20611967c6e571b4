"""What is published: ``pygeoapi-config.yml`` joined to the models, read once into frozen values.

A :class:`Layer` is a collection of the OGC API and a resource of REST under the same id; a
:class:`Property` is one published attribute. Every door, import and export runs over these values,
so that a further layer needs no code of its own.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.translation import get_language
from pygeoapi.util import yaml_load

from layers.errors import NotFound
from layers.models import AdministrativeArea, Feature
from layers.models.geometry import DIMENSIONS
from layers.text import text

JSON_TYPES: dict[type[models.Field], tuple[str, str | None]] = {
    models.BooleanField: ("boolean", None),
    models.IntegerField: ("integer", None),
    models.FloatField: ("number", None),
    models.DateTimeField: ("string", "date-time"),
    models.DateField: ("string", "date"),
    models.TimeField: ("string", "time"),
    models.URLField: ("string", "uri"),
    ArrayField: ("array", None),
    models.CharField: ("string", None),
    models.TextField: ("string", None),
}
"""JSON Schema type and format of each kind of column; the first that fits holds."""


UNSOUND = (LookupError, FieldDoesNotExist, TypeError, ValueError)
"""What reading an unsound configuration raises."""


@dataclass(frozen=True)
class Property:
    """One published attribute: ``name`` is both its name at every door and its column."""

    name: str
    type: str
    format: str | None
    title: Any
    description: Any
    unit: Any
    choices: tuple[tuple[str, Any], ...]
    minimum: float | None
    maximum: float | None
    max_length: int | None
    required: bool
    read_only: bool
    may_be_empty: bool

    @classmethod
    def of(cls, field: models.Field) -> "Property":
        """The attribute that a model's field publishes.

        Raises:
            TypeError: the field is of a kind that :data:`JSON_TYPES` does not name.
        """
        column: Any = field.output_field if isinstance(field, models.GeneratedField) else field
        listed: Any = column.base_field if isinstance(column, ArrayField) else field
        json_type = next((known for kind, known in JSON_TYPES.items() if isinstance(column, kind)), None)
        if json_type is None:
            raise TypeError(f"{field} is a {type(column).__name__}, which no JSON type is known for")
        computed = isinstance(field, models.GeneratedField)
        return cls(
            name=field.name,
            type=json_type[0],
            format=json_type[1],
            title=field.verbose_name,
            description=field.help_text,
            unit=getattr(column, "unit", ""),
            choices=tuple((str(code), label) for code, label in listed.flatchoices),
            minimum=getattr(column, "minimum", None),
            maximum=getattr(column, "maximum", None),
            max_length=column.max_length,
            required=not (field.null or field.blank or field.has_default()) and field.editable,
            read_only=not field.editable or computed,
            may_be_empty=json_type[0] == "string" and field.blank and not (field.null or computed),
        )

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes this attribute takes, the last of them ``""`` where it may say nothing; none where it is free."""
        empty = ("",) if self.choices and self.may_be_empty else ()
        return (*(code for code, _ in self.choices), *empty)


@dataclass(frozen=True)
class Layer:
    """One published layer.

    ``title`` and ``description`` map a language to words. ``time`` names the columns where the feature's
    time begins and ends, the same one twice for an instant. ``bbox`` is west, south, east, north in degrees.
    """

    id: str
    model: type[Feature]
    title: dict[str, str]
    description: dict[str, str]
    properties: tuple[Property, ...]
    title_field: str
    time: tuple[str, str]
    crs: tuple[str, ...]
    bbox: tuple[float, float, float, float]
    default_limit: int
    max_limit: int

    @classmethod
    def of(cls, id: str, resource: dict[str, Any], provider: dict[str, Any], limits: dict[str, int]) -> "Layer":
        """The layer that a collection of the configuration describes.

        Raises:
            one of UNSOUND: the configuration does not agree with itself or with the models.
        """
        model = apps.get_model(provider["data"])
        start = provider["time_field"]
        return cls(
            id=id,
            model=model,
            title=resource["title"],
            description=resource["description"],
            properties=tuple(Property.of(model._meta.get_field(name)) for name in provider["properties"]),
            title_field=provider["title_field"],
            time=(start, provider.get("x-end-time-field", start)),
            crs=tuple(provider["crs"]),
            bbox=_bbox(*resource["extents"]["spatial"]["bbox"]),
            default_limit=limits["default_items"],
            max_limit=limits["max_items"],
        )

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def has_validity(self) -> bool:
        """Whether the layer's features have a validity, which may be open at either end; the others have an instant."""
        start, end = self.time
        return start != end

    @property
    def geometry_type(self) -> str:
        """``Point``, ``MultiLineString`` or ``MultiPolygon``."""
        return self.model.geometry_type()

    @property
    def dimension(self) -> int:
        """0 of points, 1 of lines, 2 of polygons."""
        return DIMENSIONS[self.geometry_type]

    def property(self, name: str) -> Property | None:
        """The published attribute of that name, if there is one."""
        return next((item for item in self.properties if item.name == name), None)


def _bbox(west: float, south: float, east: float, north: float) -> tuple[float, float, float, float]:
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise ValueError("the bbox is west, south, east, north in degrees, and ends at the antimeridian")
    return west, south, east, north


def in_language(words: Any) -> str:
    """Words of the configuration in the language that is active now; plain words stay as they are."""
    if not isinstance(words, dict):
        return str(words)
    return str(words.get(get_language() or "id") or next(iter(words.values())))


@cache
def config() -> dict[str, Any]:
    """pygeoapi's configuration, as its own loader reads it (``${NAME:-default}`` comes from the environment)."""
    with Path(settings.GEOPORTAL_CONFIG).open(encoding="utf-8") as file:
        settings_: dict[str, Any] = yaml_load(file)
    return settings_


def collections(settings_: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Id, resource and feature provider of every collection that a configuration lists."""
    for id, resource in settings_["resources"].items():
        for provider in resource.get("providers", []):
            if resource["type"] == "collection" and provider["type"] == "feature":
                yield id, resource, provider


@cache
def layers() -> tuple[Layer, ...]:
    """Every published layer, in the order of the configuration.

    A collection that does not agree with its model is left out: ``manage.py check`` says what is wrong with it,
    and the server refuses to start.
    """
    found = []
    for id, resource, provider in collections(config()):
        with suppress(*UNSOUND):
            found.append(Layer.of(id, resource, provider, config()["server"]["limits"]))
    return tuple(found)


class NoLayer(NotFound):
    """No layer has that id, though a raster may."""


def portal_title() -> str:
    """What the portal is called, in the language that is active now."""
    return in_language(config()["metadata"]["identification"]["title"])


def portal_bbox() -> tuple[float, float, float, float]:
    """What the portal is about, as west, south, east, north in degrees: the extent of its administrative areas. Other
    layers may reach beyond it, as earthquakes do."""
    return next(layer.bbox for layer in layers() if layer.model is AdministrativeArea)


def layer_get(id: str) -> Layer:
    """The layer of that collection id.

    Raises:
        NoLayer: there is none; the message lists those that are.
    """
    for layer in layers():
        if layer.id == id:
            return layer
    raise NoLayer(
        text(
            f"Tidak ada koleksi {id!r}. Yang ada: {', '.join(layer.id for layer in layers())}.",
            f"There is no collection {id!r}. There are: {', '.join(layer.id for layer in layers())}.",
        )
    )
