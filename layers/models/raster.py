"""Hazard rasters: what the database knows about files that are kept outside of it, below ``RASTERS_FOLDER``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from itertools import pairwise
from math import ceil, sqrt
from pathlib import Path

import numpy as np
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import CheckConstraint, F, Q
from django.db.models.functions import Now

from layers.models.disaster_zone import DisasterZone
from layers.models.fields import CodeField, WordsField
from layers.text import text

SQUARES = 4_000_000
"""Squares that the peaks of a raster are of, at most."""


class Raster(models.Model):
    """A Cloud-Optimised GeoTIFF of 32-bit floats, north up, NaN where nothing is mapped; its bands say of what.

    A file is never changed: its name holds its checksum, and an import of the same code brings a file of its own.
    Beside a large one lie its peaks, a file of the highest value in each square of cells.
    """

    code = models.CharField(
        text("kode", "code"),
        max_length=64,
        unique=True,
        validators=[
            RegexValidator(
                r"^[a-z0-9][a-z0-9_-]*$",
                text(
                    "Kode raster terdiri atas huruf kecil, angka, - dan _, karena menjadi bagian alamat.",
                    "The code of a raster is of lower-case letters, digits, - and _, for it is part of an address.",
                ),
            )
        ],
    )
    name = models.CharField(text("nama", "name"), max_length=200)
    hazard = CodeField(text("jenis bahaya", "hazard"), DisasterZone.Hazard)
    kind = CodeField(text("sifat", "kind"), DisasterZone.Kind)
    valid_from = models.DateTimeField(text("berlaku sejak", "valid from"), null=True, blank=True)
    valid_to = models.DateTimeField(text("berlaku sampai", "valid to"), null=True, blank=True)
    source = models.CharField(text("sumber", "source"), max_length=300)
    observed_at = models.DateTimeField(text("waktu pengamatan", "observed at"), null=True, blank=True)
    crs = models.TextField(text("CRS", "CRS"), help_text=text("EPSG:KODE, atau WKT.", "EPSG:CODE, or WKT."))
    width = models.IntegerField(text("kolom", "columns"))
    height = models.IntegerField(text("baris", "rows"))
    bbox = ArrayField(
        models.FloatField(),
        size=4,
        verbose_name=text("batas", "extent"),
        help_text=text("Barat, selatan, timur, utara dalam derajat.", "West, south, east, north in degrees."),
    )
    file = models.CharField(text("berkas", "file"), max_length=120)
    checksum = models.CharField(text("jumlah periksa", "checksum"), max_length=64, help_text="SHA-256")
    created_at = models.DateTimeField(text("dibuat", "created at"), db_default=Now(), editable=False)
    updated_at = models.DateTimeField(text("diperbarui", "updated at"), auto_now=True)

    class Meta:
        verbose_name = text("raster bahaya", "hazard raster")
        verbose_name_plural = text("raster bahaya", "hazard rasters")
        ordering = ["code"]
        constraints = [
            CheckConstraint(
                condition=Q(valid_to__gte=F("valid_from")),
                name="raster_validity",
                violation_error_message=text(
                    "Masa berlaku berakhir sebelum mulai.", "The validity ends before it begins."
                ),
            ),
            CheckConstraint(
                condition=~Q(kind="peringatan") | Q(valid_from__isnull=False, valid_to__isnull=False),
                name="raster_warning_has_validity",
                violation_error_message=text(
                    "Peringatan memerlukan awal dan akhir masa berlaku.", "A warning needs its start and its end."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"

    @property
    def path(self) -> Path:
        return Path(settings.RASTERS_FOLDER) / self.file

    @property
    def square(self) -> int:
        """How many cells wide and high a square of the peaks is; 1 where the raster is its own peaks."""
        return ceil(sqrt(self.width * self.height / SQUARES))

    @property
    def peaks_path(self) -> Path:
        return self.path if self.square == 1 else self.path.with_suffix(".peaks.tif")

    def holds_at(self, at: datetime) -> bool:
        """Whether its validity, both ends included, holds a moment."""
        return (self.valid_from is None or self.valid_from <= at) and (self.valid_to is None or at <= self.valid_to)

    @property
    def version(self) -> str:
        """Another one wherever the file or what is said about it differs."""
        return _version(self.checksum, self.updated_at)


@lru_cache(maxsize=1_000)
def _version(checksum: str, updated_at: datetime) -> str:
    return sha256(f"{checksum} {updated_at}".encode()).hexdigest()[:16]


@dataclass(frozen=True)
class HazardClass:
    """Values from ``minimum`` up to, and without, ``maximum``; ``level`` is empty below the lowest level."""

    level: str
    minimum: float | None
    maximum: float | None

    @property
    def label(self) -> str:
        below = text("Di bawah tingkat terendah", "Below the lowest level")
        return str(DisasterZone.Level(self.level).label if self.level else below)


@lru_cache(maxsize=1_000)
def classes_of(*breaks: float) -> tuple[HazardClass, ...]:
    """The classes between breaks: two separate the three levels, a third one lies below the lowest level."""
    levels = ["", *DisasterZone.Level.values][-len(breaks) - 1 :]
    return tuple(map(HazardClass, levels, [None, *breaks], [*breaks, None])) if breaks else ()


def class_numbers(values: np.ndarray | float, breaks: Sequence[float]) -> np.ndarray:
    """Which class each value falls into, from 0; one on a break into the upper.

    Compared as the 32-bit floats that rasters hold: 0.7 is kept as 0.69999999.
    """
    return np.searchsorted(np.asarray(breaks, np.float32), np.asarray(values, np.float32), "right")


def breaks_clean(breaks: list[float]) -> None:
    """Two or three rising numbers, or none.

    Raises:
        ValidationError: they are not.
    """
    rising = all(low < high for low, high in pairwise(breaks))
    if len(breaks) not in (0, 2, 3) or not rising or not np.isfinite(breaks).all():
        raise ValidationError(
            text(
                "Batas kelas: dua bilangan menaik memisahkan rendah, sedang, dan tinggi; yang ketiga, di depan, "
                "memisahkan rendah dari yang lebih rendah. Misalnya 0.33/0.66 atau 0.1/0.7/1.5.",
                "Class breaks: two rising numbers separate low, medium and high; a third one before them separates "
                "low from what is lower. For example 0.33/0.66 or 0.1/0.7/1.5.",
            )
        )


class RasterBand(models.Model):
    """What the values of a band are, which classes they fall into by whose breaks, and their statistics."""

    class Quantity(models.TextChoices):
        INDEX = "indeks", text("Indeks bahaya", "Hazard index")
        DEPTH = "kedalaman", text("Kedalaman genangan", "Depth of inundation")
        MMI = "mmi", text("Intensitas guncangan", "Shaking intensity")
        PGA = "pga", text("Percepatan tanah puncak", "Peak ground acceleration")
        PGV = "pgv", text("Kecepatan tanah puncak", "Peak ground velocity")
        DISTANCE = "jarak", text("Jarak dari pusat", "Distance from the centre")

    class Unit(models.TextChoices):
        """Those of disaster zones, and those of ground motion."""

        INDEX = "indeks", text("Indeks 0 sampai 1", "Index of 0 to 1")
        METRE = "m", text("Meter", "Metres")
        MMI = "mmi", text("MMI", "MMI")
        KILOMETRE = "km", text("Kilometer", "Kilometres")
        PERCENT_G = "%g", text("Persen percepatan gravitasi", "Percent of the acceleration of gravity")
        CENTIMETRE_PER_SECOND = "cm/s", text("Sentimeter per detik", "Centimetres per second")

    raster = models.ForeignKey(Raster, models.CASCADE, related_name="bands")
    number = models.IntegerField(text("nomor", "number"), help_text=text("Dari 1.", "From 1."))
    quantity = CodeField(text("besaran", "quantity"), Quantity)
    unit = CodeField(text("satuan", "unit"), Unit)
    breaks = ArrayField(models.FloatField(), verbose_name=text("batas kelas", "class breaks"), blank=True)
    breaks_source = WordsField(text("sumber batas kelas", "source of the breaks"))
    minimum = models.FloatField(text("nilai terendah", "lowest value"))
    mean = models.FloatField(text("nilai rata-rata", "mean value"))
    maximum = models.FloatField(text("nilai tertinggi", "highest value"))
    deviation = models.FloatField(text("simpangan baku", "standard deviation"))
    mapped = models.FloatField(text("bagian terpetakan", "share mapped"), help_text="0 – 1")

    class Meta:
        verbose_name = text("pita raster", "raster band")
        verbose_name_plural = text("pita raster", "raster bands")
        ordering = ["raster", "number"]
        constraints = [
            models.UniqueConstraint(fields=["raster", "number"], name="rasterband_number"),
            models.UniqueConstraint(fields=["raster", "quantity"], name="rasterband_quantity"),
            CheckConstraint(
                condition=Q(breaks=[], breaks_source="") | ~Q(breaks=[]) & ~Q(breaks_source=""),
                name="rasterband_breaks_have_a_source",
                violation_error_message=text(
                    "Batas kelas dan sumbernya disebut bersama.", "Class breaks and their source go together."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.raster.code}: {self.quantity}"

    def clean(self) -> None:
        """Hold the breaks to :func:`breaks_clean`."""
        super().clean()
        breaks_clean(self.breaks)

    @property
    def classes(self) -> tuple[HazardClass, ...]:
        """Empty without breaks."""
        return classes_of(*self.breaks)

    def class_of(self, value: float) -> HazardClass | None:
        """The class that a value falls into; one on a break falls into the upper. None without breaks."""
        return self.classes[int(class_numbers(value, self.breaks))] if self.breaks else None
