"""What every layer has: identity, geometry, source and time, and the constraints that follow from its fields.

The database keeps what it can by itself, for planners also write to it straight from QGIS:

- constraints are derived from the fields: a code must be of its list, a number in its range;
- a geometry must be valid, not empty and inside the world;
- ``area`` and ``updated_at`` are set by a trigger (``layers/query/stamps.py``), whoever writes.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.contrib.gis.db import models
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db.models import CheckConstraint, F, Func, Q
from django.db.models.functions import Now
from django.db.models.signals import class_prepared
from django.dispatch import receiver

from layers.models.fields import CodeField, CodesField, WordsField
from layers.models.geometry import SRID, WORLD, geometry_clean
from layers.text import text

WORLD_SQL = f"ST_MakeEnvelope({', '.join(f'{bound:g}' for bound in WORLD)}, {SRID})"
"""Only a geometry that is not empty can lie inside of it."""


class Feature(models.Model):
    """A feature of a layer; each layer adds ``geom``, in EPSG:4326 stored as longitude, latitude."""

    id = models.BigAutoField(primary_key=True)
    code = models.CharField(
        text("kode", "code"),
        max_length=64,
        unique=True,
        validators=[RegexValidator(r"^\S+$", text("Kode tidak boleh memuat spasi.", "A code holds no spaces."))],
        help_text=text(
            "Kode unik dari instansi pemilik; impor mencocokkan baris dengan kode ini.",
            "The owner's unique business key; imports match rows by it.",
        ),
    )
    name = models.CharField(text("nama", "name"), max_length=200)
    source = models.CharField(
        text("sumber", "source"),
        max_length=300,
        help_text=text("Asal data: instansi, dokumen, tanggal.", "Where it comes from: agency, document, date."),
    )
    observed_at = models.DateTimeField(
        text("waktu pengamatan", "observed at"),
        null=True,
        blank=True,
        help_text=text("Saat fakta ini benar di lapangan.", "When the fact was true in the field."),
    )
    created_at = models.DateTimeField(text("dibuat", "created at"), db_default=Now(), editable=False)
    updated_at = models.DateTimeField(text("diperbarui", "updated at"), db_default=Now(), editable=False)

    restricted: ClassVar[tuple[str, ...]] = ()
    """Fields with personal data: the admin shows them to its users, no door publishes them."""

    ageing: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Fields whose facts are as of a time of their own, by the field with that time."""

    class Meta:
        abstract = True
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"

    @classmethod
    def geometry_type(cls) -> str:
        """One of ``DIMENSIONS``: one type a layer, because clients guess it from the first features."""
        return str(cls._meta.get_field("geom").geom_class.__name__)  # type: ignore[union-attr]

    def clean(self) -> None:
        """Bring the geometry into its stored form.

        Raises:
            ValidationError: on ``geom``, see :func:`layers.models.geometry.geometry_clean`.
        """
        super().clean()
        geom = getattr(self, "geom", None)
        if geom is not None:
            try:
                self.geom = geometry_clean(geom, self.geometry_type())
            except ValidationError as error:
                raise ValidationError({"geom": error}) from error

    def times_renewed(self, given: Mapping[str, Any]) -> dict[str, datetime]:
        """Now, for each time that a new fact of ``given`` is as of and that ``given`` does not say.

        A status that was changed in a hurry would else be passed on with the age of the one before it.
        """
        now = datetime.now(UTC)
        return {
            time: now
            for time, facts in self.ageing.items()
            if time not in given and any(given.get(fact) not in (None, "", getattr(self, fact)) for fact in facts)
        }


class PlacedFeature(Feature):
    """A feature in an administrative area: the one computed from its position, and the one its source declares.

    The two are kept apart: official boundaries are generalised, and points 70 m apart can fall on two sides.
    """

    area = WordsField(
        text("wilayah", "administrative area"),
        max_length=13,
        db_default="",
        editable=False,
        db_index=True,
        help_text=text(
            "Kode wilayah terkecil yang memuat seluruh fitur ini, dihitung dari posisinya; kosong bila tidak ada.",
            "Code of the smallest administrative area that covers the whole feature, computed from its position; "
            "empty where there is none.",
        ),
    )
    declared_area = WordsField(
        text("wilayah menurut sumber", "declared area"),
        max_length=120,
        help_text=text(
            "Kelurahan atau kecamatan sebagaimana tertulis pada sumber.",
            "The kelurahan or kecamatan as the source states it.",
        ),
    )

    class Meta(Feature.Meta):
        abstract = True


class FieldConstraint(CheckConstraint):
    """What the database checks of one field; Python has its validators, or :func:`geometry_clean`, for the same."""

    def deconstruct(self) -> Any:
        return "django.db.models.CheckConstraint", *super().deconstruct()[1:]

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Ask nothing of the database: :meth:`Feature.full_clean` has checked the field."""


CALENDAR_SQL = (
    "(isfinite(%(expressions)s) IS NOT TRUE OR "
    "%(expressions)s BETWEEN '0001-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999999+00')"
)
"""PostgreSQL has years that Python has not: one of them in a row, and no door could read the layer."""


def _constraints(model: type[Feature]) -> Iterator[FieldConstraint]:
    """What the database can check of each field: that it is given, its list of codes, its range, its geometry."""
    name = model._meta.model_name
    for field in model._meta.local_fields:
        if isinstance(field, CodeField):
            yield FieldConstraint(condition=Q(**{f"{field.name}__in": field.codes}), name=f"{name}_{field.name}")
        elif isinstance(field, CodesField):
            listed = Q(**{f"{field.name}__contained_by": [code for code, _ in field.base_field.flatchoices]})
            yield FieldConstraint(condition=listed, name=f"{name}_{field.name}")
        elif isinstance(field, models.CharField) and not field.blank:
            yield FieldConstraint(condition=~Q(**{field.name: ""}), name=f"{name}_{field.name}_given")
        elif isinstance(field, models.DateField):
            yield FieldConstraint(condition=Q(_of(field.name, CALENDAR_SQL)), name=f"{name}_{field.name}_year")
        bounds = {"gte": getattr(field, "minimum", None), "lte": getattr(field, "maximum", None)}
        limits = {f"{field.name}__{lookup}": bound for lookup, bound in bounds.items() if bound is not None}
        if limits:
            yield FieldConstraint(condition=Q(**limits), name=f"{name}_{field.name}")
    rules = ("NOT ST_IsEmpty(%(expressions)s)", "ST_IsValid(%(expressions)s)", f"(%(expressions)s @ {WORLD_SQL})")
    yield FieldConstraint(
        condition=Q(*(_of("geom", rule) for rule in rules)),
        name=f"{name}_geom",
    )


def _of(field: str, template: str) -> Func:
    return Func(F(field), template=template, output_field=models.BooleanField())


@receiver(class_prepared)
def constraints_derive(sender: type[models.Model], **_: Any) -> None:
    """Add the derived constraints where migrations look for them."""
    if issubclass(sender, Feature):
        sender._meta.constraints = [*sender._meta.constraints, *_constraints(sender)]
        sender._meta.original_attrs["constraints"] = sender._meta.constraints
