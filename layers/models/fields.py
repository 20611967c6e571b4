"""Columns that know their unit, range and codes. Migrations see them as the plain Django fields they are."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from layers.text import text

PEOPLE = text("orang", "people")
VEHICLES = text("kendaraan", "vehicles")
BEDS = text("tempat tidur", "beds")


class _Plain(models.Field):
    plain: ClassVar[str]

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, _, args, kwargs = super().deconstruct()
        kwargs.pop("validators", None)
        return name, self.plain, args, kwargs


class _Number(_Plain):
    """A number with a unit and an inclusive range; empty means not known, which is not zero."""

    def __init__(
        self,
        verbose_name: Any = None,
        *,
        unit: Any = "",
        minimum: float | None = None,
        maximum: float | None = None,
        **kwargs: Any,
    ) -> None:
        bounds = [
            *([] if minimum is None else [MinValueValidator(minimum)]),
            *([] if maximum is None else [MaxValueValidator(maximum)]),
        ]
        settings: dict[str, Any] = {"null": True, "blank": True, "validators": bounds} | kwargs
        super().__init__(verbose_name, **settings)
        self.unit, self.minimum, self.maximum = unit, minimum, maximum


class CountField(_Number, models.IntegerField):
    """A whole number, from 0 to 10 million unless said otherwise."""

    plain = "django.db.models.IntegerField"

    def __init__(self, verbose_name: Any = None, **kwargs: Any) -> None:
        super().__init__(verbose_name, **{"minimum": 0, "maximum": 10_000_000} | kwargs)


class QuantityField(_Number, models.FloatField):
    """A measured number."""

    plain = "django.db.models.FloatField"


class WordsField(_Plain, models.CharField):
    """Free words, empty where nothing is known."""

    plain = "django.db.models.CharField"

    def __init__(self, verbose_name: Any = None, **kwargs: Any) -> None:
        settings: dict[str, Any] = {"max_length": 200, "blank": True, "default": "", "db_default": ""} | kwargs
        super().__init__(verbose_name, **settings)


class CodeField(_Plain, models.CharField):
    """One code of a list; with ``blank=True`` it may stay open."""

    plain = "django.db.models.CharField"

    def __init__(self, verbose_name: Any = None, choices: Any = None, **kwargs: Any) -> None:
        empty = {"default": "", "db_default": ""} if kwargs.get("blank") else {}
        super().__init__(verbose_name, choices=choices, **{"max_length": 40} | empty | kwargs)

    @property
    def codes(self) -> list[str]:
        """Every value the column takes."""
        return [str(code) for code, _ in self.flatchoices] + ([""] if self.blank else [])


class CodesField(_Plain, ArrayField):
    """Any number of codes of a list, in any order."""

    plain = "django.contrib.postgres.fields.ArrayField"

    def __init__(self, verbose_name: Any = None, choices: Any = None, **kwargs: Any) -> None:
        settings: dict[str, Any] = {"blank": True, "default": list, "db_default": []} | kwargs
        settings.setdefault("base_field", CodeField(choices=choices))
        super().__init__(verbose_name=verbose_name, **settings)
