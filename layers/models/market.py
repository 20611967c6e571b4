"""Markets of the Sistem Informasi Pasar Rakyat (SIPR)."""

from django.contrib.gis.db import models

from layers.models.base import PlacedFeature
from layers.models.fields import PEOPLE, CodeField, CodesField, CountField, WordsField
from layers.text import text


class Market(PlacedFeature):
    """A market; the prices surveyed at it are kept apart, for they age daily."""

    class Type(models.TextChoices):
        TRADITIONAL = "pasar_rakyat", text("Pasar rakyat", "Traditional market")
        WHOLESALE = "pasar_induk", text("Pasar induk", "Wholesale market")
        MODERN = "pasar_modern", text("Pasar modern", "Modern market")
        SPECIAL = "pasar_khusus", text("Pasar khusus", "Specialised market")

    class Condition(models.TextChoices):
        GOOD = "baik", text("Baik", "Good")
        LIGHT = "rusak_ringan", text("Rusak ringan", "Lightly damaged")
        MODERATE = "rusak_sedang", text("Rusak sedang", "Moderately damaged")
        HEAVY = "rusak_berat", text("Rusak berat", "Heavily damaged")

    class Day(models.TextChoices):
        MONDAY = "senin", text("Senin", "Monday")
        TUESDAY = "selasa", text("Selasa", "Tuesday")
        WEDNESDAY = "rabu", text("Rabu", "Wednesday")
        THURSDAY = "kamis", text("Kamis", "Thursday")
        FRIDAY = "jumat", text("Jumat", "Friday")
        SATURDAY = "sabtu", text("Sabtu", "Saturday")
        SUNDAY = "minggu", text("Minggu", "Sunday")

    geom = models.PointField(text("posisi", "position"), srid=4326)
    type = CodeField(text("jenis", "type"), Type)
    address = WordsField(text("alamat", "address"))
    manager = WordsField(
        text("pengelola", "manager"),
        max_length=120,
        help_text=text("Perangkat daerah (OPD) atau badan pengelola.", "City agency (OPD) or body in charge."),
    )
    kiosks = CountField(text("kios", "kiosks"), unit=text("kios", "kiosks"))
    los = CountField(
        text("los", "open stalls (los)"),
        unit=text("los", "stalls"),
        help_text=text("Petak terbuka beratap.", "Stalls under a shared roof, without walls."),
    )
    traders = CountField(text("pedagang", "traders"), unit=PEOPLE)
    operating_days = CodesField(text("hari buka", "operating days"), Day)
    opens_at = models.TimeField(text("jam buka", "opens at"), null=True, blank=True)
    closes_at = models.TimeField(
        text("jam tutup", "closes at"),
        null=True,
        blank=True,
        help_text=text(
            "Lebih awal dari jam buka berarti keesokan harinya.",
            "Earlier than the opening means the next day.",
        ),
    )
    sni_certified = models.BooleanField(text("bersertifikat SNI", "SNI certified"), null=True, blank=True)
    condition = CodeField(text("kondisi", "condition"), Condition, blank=True)
    is_price_reference = models.BooleanField(
        text("acuan harga", "price reference"),
        default=False,
        db_default=False,
        help_text=text("Pasar acuan survei harga harian.", "A reference market of the daily price survey."),
    )
    contact_name = WordsField(text("nama kontak", "contact person"), max_length=120)
    contact_phone = WordsField(text("telepon kontak", "contact's phone"), max_length=40)

    restricted = ("contact_name", "contact_phone")

    class Meta(PlacedFeature.Meta):
        verbose_name = text("pasar", "market")
        verbose_name_plural = text("pasar", "markets")
