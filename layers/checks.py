"""System checks: ``pygeoapi-config.yml`` and the models agree, and the database spoils no answer.

``manage.py check`` prints each fault with a hint.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db import models
from jsonschema import ValidationError
from pygeoapi.config import validate_config

from layers.catalog import UNSOUND, Layer, collections, config
from layers.models import Feature
from layers.models.geometry import DIMENSIONS
from layers.query.session import encoding, postgis_schema, session_is_kept
from layers.query.spatial import crs_get, crs_serves

PROVIDER = "layers.ogc.features.FeatureProvider"


@register("layers")
def catalogue_check(**_: Any) -> list[CheckMessage]:
    """Every fault of the configuration that :mod:`layers.catalog` reads."""
    return list(config_faults(config()))


@register(Tags.database)
def database_check(databases: Sequence[str] | None, **_: Any) -> list[CheckMessage]:
    """Before ``migrate``, and at ``check --database default``: what would spoil answers without a word."""
    return list(_database_faults()) if databases else []


def _database_faults() -> Iterator[CheckMessage]:
    if (known := encoding()) != "UTF8":
        hint = "Make it with: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
        yield Error(f"DATABASE_URL: the database keeps text as {known}", hint=hint, id="layers.E010")
    if not session_is_kept():
        hint = "Have it keep sessions (PgBouncer: pool_mode = session), or name PostgreSQL itself."
        yield Error("DATABASE_URL: a pooler may give each transaction another session", hint=hint, id="layers.E011")
    if (schema := postgis_schema()) not in ("public", None):
        hint = "Make it there, before anything else is in this database: CREATE EXTENSION postgis SCHEMA public"
        yield Error(f"DATABASE_URL: postgis is in the schema {schema}, not in public", hint=hint, id="layers.E012")


def require() -> None:
    """Refuse to serve an unsound catalogue.

    Raises:
        ImproperlyConfigured: with every fault.
    """
    if faults := catalogue_check():
        raise ImproperlyConfigured("\n".join(map(str, faults)))


def config_faults(settings_: dict[str, Any]) -> Iterator[CheckMessage]:
    """Every fault of a configuration, held against pygeoapi's schema and the models."""
    try:
        validate_config(settings_)
    except ValidationError as error:
        place = "/".join(map(str, error.absolute_path))
        yield _fault(1, place or "configuration", error.message, "See pygeoapi's configuration schema.")
        return
    published = []
    for id, resource, provider in collections(settings_):
        yield from _collection_faults(id, resource, provider)
        published.append(provider["data"])
        try:
            layer = Layer.of(id, resource, provider, settings_["server"]["limits"])
        except UNSOUND as error:
            yield _fault(9, id, f"cannot be read: {error!r}", "Compare it with a collection that works.")
        else:
            yield from _crs_faults(layer)
    for model in apps.get_models():
        if issubclass(model, Feature) and model._meta.label not in published:
            yield _fault(8, model._meta.label, "is stored and not published", "Add a collection for it.")
    for label in {label for label in published if published.count(label) > 1}:
        yield _fault(8, label, "is published twice", "Keep one collection a model.")


def _collection_faults(id: str, resource: dict[str, Any], provider: dict[str, Any]) -> Iterator[CheckMessage]:
    for words in ("title", "description", "keywords"):
        given = resource[words] if isinstance(resource[words], dict) else {}
        if missing := [code for code, _ in settings.LANGUAGES if not given.get(code)]:
            yield _fault(2, id, f"{words} is missing in: {', '.join(missing)}", f"Write {words}: {{id: …, en: …}}.")
    if provider["name"] != PROVIDER:
        yield _fault(3, id, f"the provider is {provider['name']}", f"Write name: {PROVIDER}.")
    try:
        model = apps.get_model(provider["data"])
    except (LookupError, ValueError):
        yield _fault(4, id, f"there is no model {provider['data']!r}", "Write data: layers.NameOfModel.")
        return
    if not issubclass(model, Feature):
        yield _fault(4, id, f"{provider['data']} is not a Feature", "Derive the model from Feature or PlacedFeature.")
        return
    yield from _property_faults(id, provider, model)


def _crs_faults(layer: Layer) -> Iterator[CheckMessage]:
    for uri in layer.crs:
        try:
            is_served = crs_serves(crs_get(uri), layer.bbox)
        except (ValueError, RuntimeError) as error:
            yield _fault(7, layer.id, f"crs: {error}", "List CRS84 and EPSG codes by their OGC URI.")
        else:
            if not is_served:
                yield _fault(7, layer.id, f"crs: {uri} is made for elsewhere", "List the UTM zone of the extent.")


def _property_faults(id: str, provider: dict[str, Any], model: type[Feature]) -> Iterator[CheckMessage]:
    listed = provider.get("properties", [])
    for name in listed:
        if not _column(model, name):
            known = ", ".join(field.name for field in model._meta.fields)
            yield _fault(5, id, f"there is no property {name!r}", f"{model.__name__} has: {known}.")
        elif name in model.restricted:
            yield _fault(5, id, f"{name} holds personal data", "Take it off the list; it is never published.")
    if provider.get("id_field") != "id":
        yield _fault(6, id, "id_field must be id", "Write id_field: id.")
    if provider.get("title_field") not in listed:
        yield _fault(6, id, "title_field is not among the properties", "Write title_field: name.")
    for key in ("time_field", "x-end-time-field"):
        name = provider.get(key, "observed_at")
        if name not in listed or not isinstance(_column(model, name), models.DateTimeField):
            yield _fault(6, id, f"{key}: {name!r} is not a published time", "Name a date-time among the properties.")
    geometry = _column(model, "geom")
    if geometry is None or not getattr(geometry, "spatial_index", False):
        yield _fault(6, id, "geom has no spatial index", "Declare geom with spatial_index=True, the default.")
    elif model.geometry_type() not in DIMENSIONS:
        types = ", ".join(DIMENSIONS)
        yield _fault(6, id, f"geom is a {model.geometry_type()}", f"Declare it as one of: {types}.")


def _column(model: type[Feature], name: str) -> models.Field | None:
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    return field if isinstance(field, models.Field) else None


def _fault(number: int, subject: str, message: str, hint: str) -> CheckMessage:
    return Error(f"pygeoapi-config.yml: {subject}: {message}", hint=hint, id=f"layers.E{number:03}")
