"""Aid posts: command, shelter, kitchen, store and evacuation places."""

from django.contrib.gis.db import models
from django.db.models import CheckConstraint, Q

from layers.models.base import PlacedFeature
from layers.models.fields import PEOPLE, CodeField, CountField, WordsField
from layers.text import text

DISPLACED = ("displaced_day", "displaced_night", "women", "under_fives", "elderly", "pregnant", "disabled")


class AidPost(PlacedFeature):
    """A post that serves people in a disaster. Day and night counts differ, and both age: see ``displaced_as_of``."""

    class Type(models.TextChoices):
        COMMAND = "pos_komando", text("Pos komando", "Command post")
        FIELD = "pos_lapangan", text("Pos lapangan", "Field post")
        SUPPORT = "pos_pendukung", text("Pos pendukung", "Support post")
        SHELTER = "pengungsian", text("Pengungsian", "Displacement site")
        KITCHEN = "dapur_umum", text("Dapur umum", "Public kitchen")
        STORE = "gudang", text("Gudang logistik", "Logistics store")
        HEALTH = "pos_kesehatan", text("Pos kesehatan", "Health post")
        TEMPORARY = "tes", text("Tempat evakuasi sementara (TES)", "Temporary evacuation site (TES)")
        FINAL = "tea", text("Tempat evakuasi akhir (TEA)", "Final evacuation area (TEA)")

    class Status(models.TextChoices):
        READY = "siaga", text("Siaga, belum dibuka", "On standby, not open")
        OPEN = "buka", text("Buka", "Open")
        FULL = "penuh", text("Penuh", "Full")
        CLOSED = "tutup", text("Tutup", "Closed")

    class Access(models.TextChoices):
        MOTORCYCLE = "roda2", text("Roda dua", "Motorcycle only")
        CAR = "roda4", text("Roda empat", "Car")
        TRUCK = "truk", text("Truk", "Truck")
        CUT = "terputus", text("Terputus", "Cut off")

    geom = models.PointField(text("posisi", "position"), srid=4326)
    type = CodeField(text("jenis", "type"), Type)
    address = WordsField(text("alamat", "address"))
    event = WordsField(
        text("kejadian", "event"),
        max_length=120,
        help_text=text(
            "Bencana yang dilayani; kosong untuk tempat tetap.",
            "The disaster it serves; empty for a standing place.",
        ),
    )
    status = CodeField(text("status", "status"), Status)
    status_as_of = models.DateTimeField(text("status per", "status as of"))
    capacity = CountField(text("daya tampung", "capacity"), unit=PEOPLE)
    displaced_day = CountField(text("pengungsi siang hari", "displaced people by day"), unit=PEOPLE)
    displaced_night = CountField(text("pengungsi malam hari", "displaced people by night"), unit=PEOPLE)
    women = CountField(text("perempuan", "women"), unit=PEOPLE)
    under_fives = CountField(text("balita", "children under five"), unit=PEOPLE)
    elderly = CountField(text("lansia", "elderly people"), unit=PEOPLE)
    pregnant = CountField(text("ibu hamil", "pregnant women"), unit=PEOPLE)
    disabled = CountField(text("penyandang disabilitas", "people with disabilities"), unit=PEOPLE)
    displaced_as_of = models.DateTimeField(text("data pengungsi per", "displaced people as of"), null=True, blank=True)
    access = CodeField(text("akses", "access"), Access, blank=True)
    contact_name = WordsField(text("nama kontak", "contact person"), max_length=120)
    contact_phone = WordsField(text("telepon kontak", "contact's phone"), max_length=40)

    restricted = ("contact_name", "contact_phone")

    ageing = {"status_as_of": ("status",), "displaced_as_of": DISPLACED}

    class Meta(PlacedFeature.Meta):
        verbose_name = text("pos bantuan", "aid post")
        verbose_name_plural = text("pos bantuan", "aid posts")
        constraints = [
            CheckConstraint(
                condition=Q(**dict.fromkeys(DISPLACED)) | Q(displaced_as_of__isnull=False),
                name="aidpost_displaced_have_a_time",
                violation_error_message=text(
                    "Jumlah pengungsi memerlukan waktu data.", "Counts of displaced people need their time."
                ),
            ),
        ]
