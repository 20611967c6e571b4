"""Earthquakes, as the agency that located them reports them."""

from django.contrib.gis.db import models

from layers.models.base import Feature
from layers.models.fields import CodeField, QuantityField, WordsField
from layers.text import text


class Earthquake(Feature):
    """An earthquake at its epicentre; ``code`` is the agency's event id, ``observed_at`` the origin time."""

    class Tsunami(models.TextChoices):
        POSSIBLE = "berpotensi", text("Berpotensi tsunami", "Tsunami possible")
        NONE = "tidak_berpotensi", text("Tidak berpotensi tsunami", "No tsunami expected")

    geom = models.PointField(text("episenter", "epicentre"), srid=4326)
    observed_at = models.DateTimeField(text("waktu gempa", "origin time"), db_index=True)
    magnitude = QuantityField(text("magnitudo", "magnitude"), minimum=-2, maximum=10)
    depth = QuantityField(text("kedalaman", "depth"), unit=text("kilometer", "kilometres"), minimum=0, maximum=800)
    place = WordsField(
        text("lokasi", "place"),
        max_length=300,
        help_text=text("Letak episenter dalam kata-kata.", "Where the epicentre lies, in words."),
    )
    felt = WordsField(
        text("dirasakan", "felt"),
        max_length=1000,
        help_text=text(
            "Intensitas (MMI) menurut tempat, sebagaimana dilaporkan.", "Intensity (MMI) by place, as it was reported."
        ),
    )
    mmi = QuantityField(
        text("intensitas tertinggi", "highest intensity"),
        unit="MMI",
        minimum=1,
        maximum=12,
        help_text=text("Yang tertinggi di antara yang dirasakan.", "The highest of those that were felt."),
    )
    tsunami = CodeField(
        text("potensi tsunami", "tsunami potential"),
        Tsunami,
        blank=True,
        help_text=text("Kosong: tidak disebutkan.", "Empty: not said."),
    )

    class Meta(Feature.Meta):
        verbose_name = text("gempa bumi", "earthquake")
        verbose_name_plural = text("gempa bumi", "earthquakes")
