"""Parking spots and their permits (SiJukir)."""

from django.contrib.gis.db import models
from django.db.models import CheckConstraint, F, Q

from layers.models.base import PlacedFeature
from layers.models.fields import PEOPLE, VEHICLES, CodeField, CodesField, CountField, WordsField
from layers.text import text


class ParkingSpot(PlacedFeature):
    """A place where attendants (jukir) collect the parking fee, under a six-monthly order."""

    class Type(models.TextChoices):
        ROADSIDE = "tepi_jalan", text("Tepi jalan umum", "Roadside")
        DEDICATED = "khusus", text("Tempat khusus parkir", "Dedicated parking place")

    class RoadAuthority(models.TextChoices):
        CITY = "kota", text("Jalan kota", "City road")
        PROVINCE = "provinsi", text("Jalan provinsi", "Provincial road")
        NATION = "nasional", text("Jalan nasional", "National road")

    class VehicleClass(models.TextChoices):
        MOTORCYCLE = "sepeda_motor", text("Sepeda motor", "Motorcycle")
        CAR = "mobil", text("Mobil", "Car")
        TRUCK = "truk_bus", text("Truk/bus", "Truck or bus")
        TRAILER = "truk_gandeng", text("Truk gandeng", "Trailer truck")

    geom = models.PointField(text("posisi", "position"), srid=4326)
    type = CodeField(text("jenis", "type"), Type)
    road_name = WordsField(text("nama jalan", "road name"), max_length=120)
    road_authority = CodeField(
        text("kewenangan jalan", "road authority"),
        RoadAuthority,
        blank=True,
        help_text=text(
            "Di jalan provinsi dan nasional kota tidak boleh memungut.",
            "On provincial and national roads the city may not charge.",
        ),
    )
    is_charged = models.BooleanField(text("dipungut retribusi", "charged by the city"), default=False, db_default=False)
    capacity_motorcycle = CountField(text("kapasitas sepeda motor", "motorcycle capacity"), unit=VEHICLES)
    capacity_car = CountField(text("kapasitas mobil", "car capacity"), unit=VEHICLES)
    capacity_truck = CountField(text("kapasitas truk/bus", "truck and bus capacity"), unit=VEHICLES)
    capacity_trailer = CountField(text("kapasitas truk gandeng", "trailer truck capacity"), unit=VEHICLES)
    qris_classes = CodesField(
        text("golongan dengan QRIS", "vehicle classes with QRIS"),
        VehicleClass,
        help_text=text("Golongan kendaraan yang dapat dibayar dengan kode QRIS.", "Classes payable by a QRIS code."),
    )
    attendants = CountField(text("juru parkir", "attendants"), unit=PEOPLE)
    order_number = WordsField(
        text("nomor surat perintah", "order number"),
        max_length=80,
        help_text=text(
            "Surat perintah enam bulanan; tanpa surat ini juru parkir tidak resmi.",
            "The six-monthly order; without it attendants are not official.",
        ),
    )
    order_from = models.DateField(text("surat perintah berlaku sejak", "order valid from"), null=True, blank=True)
    order_to = models.DateField(text("surat perintah berlaku sampai", "order valid to"), null=True, blank=True)
    attendant_names = WordsField(text("nama juru parkir", "attendants' names"), max_length=500)

    restricted = ("attendant_names",)

    class Meta(PlacedFeature.Meta):
        verbose_name = text("titik parkir", "parking spot")
        verbose_name_plural = text("titik parkir", "parking spots")
        constraints = [
            CheckConstraint(
                condition=Q(is_charged=False) | ~Q(road_authority__in=["provinsi", "nasional"]),
                name="parkingspot_charge_on_city_roads",
                violation_error_message=text(
                    "Kota tidak boleh memungut retribusi di jalan provinsi atau nasional.",
                    "The city may not charge on a provincial or national road.",
                ),
            ),
            CheckConstraint(
                condition=Q(order_to__gte=F("order_from")),
                name="parkingspot_order_period",
                violation_error_message=text(
                    "Akhir surat perintah mendahului awalnya.", "The order ends before it begins."
                ),
            ),
        ]
