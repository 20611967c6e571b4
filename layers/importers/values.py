"""Columns of a file, cleaned by the models' own fields and written as PostgreSQL reads them."""

import json
import re
from datetime import UTC, date, datetime, time
from functools import cache
from math import isnan
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.db import models
from django.utils import timezone, translation

from layers.text import text

BOOLEANS = {"ya": True, "yes": True, "true": True, "1": True, "tidak": False, "no": False, "false": False, "0": False}

GDAL_DATE = re.compile(r"^(\d{4})/(\d\d)/(\d\d)\b")
"""How GDAL writes dates and times where a format has text only, as in CSV and KML: ``2026/09/05 23:00:00+00``."""

no_null_characters = ProhibitNullCharactersValidator()


def column_clean(field: models.Field, column: pa.Array) -> tuple[pa.Array, dict[int, str]]:
    """A column as the field stores it: text that COPY reads, null for NULL; and what is wrong, by position.

    Each distinct value is cleaned once, which is what makes a million rows quick.
    """
    encoded = _flat(column).dictionary_encode(null_encoding="encode")
    texts: list[str | None] = []
    faults: dict[int, str] = {}
    for number, value in enumerate(encoded.dictionary.to_pylist()):
        try:
            texts.append(_literal(value_clean(field, value)))
        except ValidationError as error:
            texts.append(None)
            faults[number] = f"{field.name}: {' '.join(error.messages)}{_choices(field)}"
    numbers = encoded.indices.to_numpy()
    wrong = np.flatnonzero(np.isin(numbers, list(faults)))
    return pa.array(texts, pa.string()).take(encoded.indices), {int(row): faults[numbers[row]] for row in wrong}


def value_clean(field: models.Field, value: Any) -> Any:
    """A value of a file as the field stores it.

    Taken are labels in both languages beside codes, ya/tidak, numbers as text, a comma as decimal sign, lists as
    JSON or separated by ``;`` or ``,``, and times without an offset as times of the city. Nothing (an empty text,
    NaN) is what the field is without a value.

    Raises:
        ValidationError: the field's own words.
    """
    return field.clean(_read(field, value), None)


def _read(field: models.Field, value: Any) -> Any:
    if isinstance(value, str):
        no_null_characters(value)
        value = value.strip()
    if value is None or value == "" or (isinstance(value, float) and isnan(value)):
        return field.get_default()
    if isinstance(field, ArrayField):
        return [_read(field.base_field, item) for item in _list(_words(value))]
    if field.choices:
        return _labels(field).get(_words(value).casefold(), _words(value))
    if isinstance(field, models.BooleanField):
        return BOOLEANS.get(_words(value).casefold(), value)
    if isinstance(field, models.IntegerField):
        return re.sub(r"\.0$", "", _words(value))
    if isinstance(field, models.FloatField):
        return re.sub(r"^(-?\d+),(\d+)$", r"\1.\2", value) if isinstance(value, str) else value
    if isinstance(field, models.DateField | models.TimeField):
        return _moment(field, value)
    return _words(value)


def _words(value: Any) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _list(words: str) -> list[Any]:
    if words.startswith("["):
        try:
            return [item for item in json.loads(words) if item is not None]
        except (ValueError, RecursionError):
            pass
    return [item.strip() for item in re.split("[;,]", words) if item.strip()]


@cache
def _labels(field: models.Field) -> dict[str, str]:
    """Code by code and by label in each language, without regard to case."""
    labels: dict[str, str] = {}
    for language in ("en", "id"):
        with translation.override(language):
            labels |= {str(label).casefold(): str(code) for code, label in field.flatchoices}
    return labels | {str(code).casefold(): str(code) for code, _ in field.flatchoices}


def _moment(field: models.Field, value: Any) -> Any:
    words = value.isoformat() if isinstance(value, date | time) else _words(value)
    words = GDAL_DATE.sub(r"\1-\2-\3", words)
    if isinstance(field, models.TimeField) or (not isinstance(field, models.DateTimeField) and len(words) <= 10):
        return words
    moment = models.DateTimeField().to_python(words)
    if timezone.is_naive(moment):
        moment = timezone.make_aware(moment, timezone.get_default_timezone())
    try:
        local = timezone.localtime(moment.astimezone(UTC))
    except OverflowError:
        raise ValidationError(
            text("Waktu di luar tahun 1 sampai 9999.", "The time is outside the years 1 to 9999.")
        ) from None
    return local if isinstance(field, models.DateTimeField) else local.date()


def _choices(field: models.Field) -> str:
    listed = field.base_field if isinstance(field, ArrayField) else field
    codes = ", ".join(str(code) for code, _ in listed.flatchoices)
    return str(text(f" Yang ada: {codes}.", f" There are: {codes}.")) if codes else ""


def _flat(column: pa.Array) -> pa.Array:
    """The column without GDAL's extension types, and lists as text."""
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if pa.types.is_list(column.type):
        return pc.binary_join(column.cast(pa.list_(pa.string())), ";")
    return column


def _literal(value: Any) -> str | None:
    """As PostgreSQL's input functions read it."""
    if value is None:
        return None
    if isinstance(value, list):
        quoted = (re.sub(r'(["\\])', r"\\\1", str(item)) for item in value)
        return "{" + ",".join(f'"{item}"' for item in quoted) + "}"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)
