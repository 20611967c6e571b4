"""Administrative areas, from province to kelurahan."""

from django.contrib.gis.db import models
from django.core.validators import RegexValidator
from django.db.models import Case, CheckConstraint, Func, Q, UniqueConstraint, Value, When
from django.db.models.functions import Length
from django.db.models.lookups import Exact

from layers.models.base import Feature
from layers.models.fields import PEOPLE, CountField, WordsField
from layers.text import text


class AdministrativeArea(Feature):
    """An administrative area. ``code`` is its Kemendagri code, and level and parent follow from it.

    BPS numbers diverge below the city (Sekarbela is ``52.71.04`` and ``5271011``), so both are kept.
    """

    class Level(models.TextChoices):
        PROVINCE = "provinsi", text("Provinsi", "Province")
        CITY = "kabupaten_kota", text("Kabupaten/kota", "Regency or city")
        DISTRICT = "kecamatan", text("Kecamatan", "Kecamatan (district)")
        VILLAGE = "kelurahan", text("Kelurahan/desa", "Kelurahan (urban village)")

    geom = models.MultiPolygonField(text("batas wilayah", "boundary"), srid=4326)
    level = models.GeneratedField(
        verbose_name=text("tingkat", "level"),
        choices=Level,
        expression=Case(
            When(Exact(Length("code"), 2), then=Value(Level.PROVINCE.value)),
            When(Exact(Length("code"), 5), then=Value(Level.CITY.value)),
            When(Exact(Length("code"), 8), then=Value(Level.DISTRICT.value)),
            default=Value(Level.VILLAGE.value),
        ),
        output_field=models.CharField(max_length=40),
        db_persist=True,
    )
    parent = models.GeneratedField(
        verbose_name=text("wilayah induk", "parent area"),
        expression=Func("code", Value(r"\.?[^.]*$"), Value(""), function="regexp_replace"),
        output_field=models.CharField(max_length=8),
        db_persist=True,
        help_text=text("Kode wilayah setingkat di atasnya.", "Code of the area one level up."),
    )
    bps_code = WordsField(
        text("kode BPS", "BPS code"),
        max_length=10,
        validators=[RegexValidator(r"^\d{2,10}$", text("Kode BPS hanya memuat angka.", "A BPS code has digits only."))],
    )
    population = CountField(text("penduduk", "population"), unit=PEOPLE, maximum=300_000_000)
    population_source = WordsField(text("sumber jumlah penduduk", "source of the population"))
    population_date = models.DateField(text("tanggal jumlah penduduk", "date of the population"), null=True, blank=True)

    class Meta(Feature.Meta):
        verbose_name = text("wilayah administrasi", "administrative area")
        verbose_name_plural = text("wilayah administrasi", "administrative areas")
        constraints = [
            CheckConstraint(
                condition=Q(code__regex=r"^\d{2}(\.\d{2}(\.\d{2}(\.\d{4})?)?)?$"),
                name="administrativearea_code",
                violation_error_message=text(
                    "Kode wilayah harus berbentuk 52, 52.71, 52.71.01 atau 52.71.01.1004.",
                    "The code must look like 52, 52.71, 52.71.01 or 52.71.01.1004.",
                ),
            ),
            CheckConstraint(
                condition=Q(population=None) | Q(population_date__isnull=False) & ~Q(population_source=""),
                name="administrativearea_population_source",
                violation_error_message=text(
                    "Jumlah penduduk memerlukan sumber dan tanggal.",
                    "A population needs its source and date.",
                ),
            ),
            UniqueConstraint(
                fields=["bps_code"],
                condition=~Q(bps_code=""),
                name="administrativearea_bps_code_unique",
                violation_error_message=text(
                    "Kode BPS ini sudah dipakai wilayah lain.", "Another area has this BPS code."
                ),
            ),
        ]
