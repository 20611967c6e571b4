"""Health facilities, with the state of beds and emergency departments."""

from django.contrib.gis.db import models
from django.db.models import CheckConstraint, F, Q

from layers.models.base import PlacedFeature
from layers.models.fields import BEDS, CodeField, CodesField, CountField, WordsField
from layers.text import text


class HealthFacility(PlacedFeature):
    """A health facility. Bed counts and operating status age, so each carries the time it was reported.

    The vocabulary of the status follows EDXL-HAVE (OASIS): facility status, emergency department offload.
    """

    class Type(models.TextChoices):
        HOSPITAL = "rumah_sakit", text("Rumah sakit", "Hospital")
        PUSKESMAS = "puskesmas", text("Puskesmas", "Community health centre (puskesmas)")
        PUSTU = "pustu", text("Puskesmas pembantu", "Sub health centre (pustu)")
        CLINIC = "klinik", text("Klinik", "Clinic")
        PHARMACY = "apotek", text("Apotek", "Pharmacy")
        LABORATORY = "lab", text("Laboratorium", "Laboratory")
        PSC = "psc_119", text("PSC 119", "Public safety centre 119")

    class HospitalClass(models.TextChoices):
        A = "A", text("Kelas A", "Class A")
        B = "B", text("Kelas B", "Class B")
        C = "C", text("Kelas C", "Class C")
        D = "D", text("Kelas D", "Class D")

    class Service(models.TextChoices):
        EMERGENCY = "gawat_darurat", text("Gawat darurat", "Emergency care")
        INPATIENT = "rawat_inap", text("Rawat inap", "Inpatient care")
        OUTPATIENT = "rawat_jalan", text("Rawat jalan", "Outpatient care")
        SURGERY = "bedah", text("Bedah", "Surgery")
        INTENSIVE = "intensif", text("Perawatan intensif", "Intensive care")
        DELIVERY = "persalinan", text("Persalinan", "Childbirth")
        DIALYSIS = "hemodialisis", text("Hemodialisis", "Dialysis")
        MENTAL = "jiwa", text("Kesehatan jiwa", "Mental health")
        LABORATORY = "laboratorium", text("Laboratorium", "Laboratory")
        RADIOLOGY = "radiologi", text("Radiologi", "Radiology")
        PHARMACY = "farmasi", text("Farmasi", "Pharmacy")

    class Status(models.TextChoices):
        NORMAL = "normal", text("Normal", "Normal")
        COMPROMISED = "compromised", text("Terganggu", "Compromised")
        EVACUATING = "evacuating", text("Sedang dievakuasi", "Evacuating")
        CLOSED = "closed", text("Tutup", "Closed")

    class Offload(models.TextChoices):
        NORMAL = "normal", text("Normal", "Normal")
        DELAYED = "delayed", text("Tertunda", "Delayed")

    geom = models.PointField(text("posisi", "position"), srid=4326)
    type = CodeField(text("jenis", "type"), Type)
    address = WordsField(text("alamat", "address"))
    hospital_class = CodeField(text("kelas rumah sakit", "hospital class"), HospitalClass, blank=True)
    operator = WordsField(text("penyelenggara", "operator"), max_length=120)
    opening_hours = WordsField(
        text("jam layanan", "opening hours"),
        max_length=120,
        help_text=text("Dalam notasi opening_hours OpenStreetMap.", "In OpenStreetMap's opening_hours notation."),
    )
    emergency_24h = models.BooleanField(text("IGD 24 jam", "emergency department open 24 h"), null=True, blank=True)
    is_ambulance_base = models.BooleanField(text("pangkalan ambulans", "ambulance base"), null=True, blank=True)
    services = CodesField(text("layanan", "services"), Service)
    reservation_url = models.URLField(
        text("tautan reservasi", "reservation link"), blank=True, default="", db_default=""
    )
    beds = CountField(text("tempat tidur", "beds"), unit=BEDS)
    beds_available = CountField(text("tempat tidur kosong", "beds available"), unit=BEDS)
    icu_beds = CountField(text("tempat tidur ICU", "ICU beds"), unit=BEDS)
    icu_beds_available = CountField(text("tempat tidur ICU kosong", "ICU beds available"), unit=BEDS)
    beds_as_of = models.DateTimeField(text("data tempat tidur per", "beds as of"), null=True, blank=True)
    status = CodeField(text("status fasilitas", "facility status"), Status, blank=True)
    emergency_offload = CodeField(text("serah terima pasien IGD", "emergency department offload"), Offload, blank=True)
    status_as_of = models.DateTimeField(text("status per", "status as of"), null=True, blank=True)
    contact_name = WordsField(text("nama kontak", "contact person"), max_length=120)
    contact_phone = WordsField(text("telepon kontak", "contact's phone"), max_length=40)

    restricted = ("contact_name", "contact_phone")

    ageing = {"beds_as_of": ("beds_available", "icu_beds_available"), "status_as_of": ("status", "emergency_offload")}

    class Meta(PlacedFeature.Meta):
        verbose_name = text("fasilitas kesehatan", "health facility")
        verbose_name_plural = text("fasilitas kesehatan", "health facilities")
        constraints = [
            CheckConstraint(
                condition=Q(beds_available=None, icu_beds_available=None) | Q(beds_as_of__isnull=False),
                name="healthfacility_beds_have_a_time",
                violation_error_message=text(
                    "Tempat tidur kosong memerlukan waktu data.",
                    "Available beds need the time they were counted.",
                ),
            ),
            CheckConstraint(
                condition=Q(status="", emergency_offload="") | Q(status_as_of__isnull=False),
                name="healthfacility_status_has_a_time",
                violation_error_message=text("Status memerlukan waktu data.", "A status needs its time."),
            ),
            CheckConstraint(
                condition=Q(beds_available__lte=F("beds")),
                name="healthfacility_beds_available_of_beds",
                violation_error_message=text(
                    "Tempat tidur kosong melebihi jumlahnya.", "More beds are available than there are."
                ),
            ),
            CheckConstraint(
                condition=Q(icu_beds_available__lte=F("icu_beds")),
                name="healthfacility_icu_beds_available_of_icu_beds",
                violation_error_message=text(
                    "Tempat tidur ICU kosong melebihi jumlahnya.",
                    "More ICU beds are available than there are.",
                ),
            ),
        ]
