"""Disaster zones: hazard maps, warnings and observed events as areas."""

from django.contrib.gis.db import models
from django.db.models import CheckConstraint, F, Q

from layers.models.base import PlacedFeature
from layers.models.fields import CodeField, QuantityField, WordsField
from layers.text import text


class DisasterZone(PlacedFeature):
    """An area under a hazard. Where no zone lies, nothing is mapped; that never means safe."""

    class Hazard(models.TextChoices):
        """Codes of BNPB's disaster database (DIBI); liquefaction has none there."""

        FLOOD = "101", text("Banjir", "Flood")
        LANDSLIDE = "102", text("Tanah longsor", "Landslide")
        TIDAL_WAVE = "104", text("Gelombang pasang/abrasi", "Tidal wave and abrasion")
        WHIRLWIND = "105", text("Puting beliung", "Whirlwind")
        DROUGHT = "106", text("Kekeringan", "Drought")
        WILDFIRE = "107", text("Kebakaran hutan dan lahan", "Wildfire")
        EARTHQUAKE = "108", text("Gempa bumi", "Earthquake")
        TSUNAMI = "109", text("Tsunami", "Tsunami")
        ERUPTION = "111", text("Letusan gunung api", "Volcanic eruption")
        LIQUEFACTION = "likuefaksi", text("Likuefaksi", "Liquefaction")

    class Level(models.TextChoices):
        LOW = "rendah", text("Rendah", "Low")
        MEDIUM = "sedang", text("Sedang", "Medium")
        HIGH = "tinggi", text("Tinggi", "High")

    class Kind(models.TextChoices):
        MAP = "peta_bahaya", text("Peta bahaya", "Hazard map")
        WARNING = "peringatan", text("Prakiraan atau peringatan", "Forecast or warning")
        OBSERVED = "kejadian", text("Kejadian teramati", "Observed event")

    class Unit(models.TextChoices):
        INDEX = "indeks", text("Indeks 0 sampai 1", "Index of 0 to 1")
        METRE = "m", text("Kedalaman, meter", "Depth, metres")
        MMI = "mmi", text("Intensitas, MMI", "Intensity, MMI")
        KILOMETRE = "km", text("Jarak dari pusat, kilometer", "Distance from the centre, kilometres")

    class EmergencyStatus(models.TextChoices):
        STANDBY = "siaga_darurat", text("Siaga darurat", "Emergency standby")
        RESPONSE = "tanggap_darurat", text("Tanggap darurat", "Emergency response")
        TRANSITION = (
            "transisi_darurat_ke_pemulihan",
            text("Transisi darurat ke pemulihan", "Transition to recovery"),
        )

    geom = models.MultiPolygonField(text("zona", "zone"), srid=4326)
    hazard = CodeField(
        text("jenis bahaya", "hazard"), Hazard, help_text=text("Kode bencana BNPB.", "BNPB's disaster code.")
    )
    level = CodeField(text("tingkat bahaya", "hazard level"), Level)
    kind = CodeField(text("sifat zona", "kind of zone"), Kind)
    valid_from = models.DateTimeField(
        text("berlaku sejak", "valid from"),
        null=True,
        blank=True,
        help_text=text("Kosong: sejak dahulu.", "Empty: since ever."),
    )
    valid_to = models.DateTimeField(
        text("berlaku sampai", "valid to"),
        null=True,
        blank=True,
        help_text=text("Kosong: sampai diganti.", "Empty: until replaced."),
    )
    value_min = QuantityField(text("nilai terendah", "lowest value"), minimum=0, maximum=1_000)
    value_max = QuantityField(text("nilai tertinggi", "highest value"), minimum=0, maximum=1_000)
    unit = CodeField(
        text("satuan nilai", "unit of the values"),
        Unit,
        blank=True,
        help_text=text("Satuan nilai terendah dan tertinggi.", "What the lowest and highest value count."),
    )
    breaks = WordsField(
        text("batas kelas", "class breaks"),
        max_length=120,
        help_text=text(
            "Batas yang memisahkan tingkat, misalnya 0,33/0,66.",
            "What separates the levels, such as 0.33/0.66.",
        ),
    )
    method = WordsField(text("metode", "method"), max_length=300)
    emergency_status = CodeField(text("status keadaan darurat", "emergency status"), EmergencyStatus, blank=True)

    class Meta(PlacedFeature.Meta):
        verbose_name = text("zona bencana", "disaster zone")
        verbose_name_plural = text("zona bencana", "disaster zones")
        indexes = [
            models.Index(fields=["hazard", "level"], name="disasterzone_hazard_level"),
            models.Index(fields=["valid_from"], name="disasterzone_valid_from"),
            models.Index(fields=["valid_to"], name="disasterzone_valid_to"),
        ]
        constraints = [
            CheckConstraint(
                condition=Q(valid_to__gte=F("valid_from")),
                name="disasterzone_validity",
                violation_error_message=text(
                    "Masa berlaku berakhir sebelum mulai.", "The validity ends before it begins."
                ),
            ),
            CheckConstraint(
                condition=~Q(kind="peringatan") | Q(valid_from__isnull=False, valid_to__isnull=False),
                name="disasterzone_warning_has_validity",
                violation_error_message=text(
                    "Peringatan memerlukan awal dan akhir masa berlaku.",
                    "A warning needs its start and its end.",
                ),
            ),
            CheckConstraint(
                condition=Q(value_max__gte=F("value_min")),
                name="disasterzone_values",
                violation_error_message=text(
                    "Nilai tertinggi di bawah nilai terendah.", "The highest value is below the lowest."
                ),
            ),
            CheckConstraint(
                condition=Q(value_min=None, value_max=None) | ~Q(unit=""),
                name="disasterzone_values_have_a_unit",
                violation_error_message=text("Nilai memerlukan satuan.", "Values need a unit."),
            ),
            CheckConstraint(
                condition=~Q(unit="indeks") | Q(value_min__lte=1, value_max__lte=1),
                name="disasterzone_index_range",
                violation_error_message=text("Indeks bernilai 0 sampai 1.", "An index lies between 0 and 1."),
            ),
        ]
