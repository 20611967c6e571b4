"""Values of files, cleaned by the models' own fields."""

from datetime import UTC, date, datetime, time
from typing import Any

import pyarrow as pa
import pytest
from django.core.exceptions import ValidationError

from layers.importers.values import column_clean, value_clean
from layers.models import AidPost, DisasterZone, Feature, HealthFacility, Market, ParkingSpot

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)
"""Noon in Mataram."""


@pytest.mark.parametrize(
    ("model", "field", "value", "stored"),
    [
        (Market, "type", "pasar_induk", "pasar_induk"),
        (Market, "type", " Pasar Induk ", "pasar_induk"),
        (Market, "type", "WHOLESALE market", "pasar_induk"),
        (Market, "condition", "", ""),
        (Market, "condition", None, ""),
        (DisasterZone, "hazard", 108, "108"),
        (DisasterZone, "hazard", 108.0, "108"),
        (DisasterZone, "hazard", "Earthquake", "108"),
        (Market, "sni_certified", "Ya", True),
        (Market, "sni_certified", "no", False),
        (Market, "sni_certified", 0, False),
        (Market, "sni_certified", "1", True),
        (Market, "sni_certified", None, None),
        (Market, "is_price_reference", None, False),
        (Market, "kiosks", "12", 12),
        (Market, "kiosks", "12.0", 12),
        (Market, "kiosks", 12.0, 12),
        (Market, "kiosks", float("nan"), None),
        (Market, "kiosks", "  ", None),
        (DisasterZone, "value_min", "0,33", 0.33),
        (DisasterZone, "value_min", "0.33", 0.33),
        (DisasterZone, "value_min", 1, 1.0),
        (Market, "code", 5271.0, "5271"),
        (Market, "code", 52710100100000, "52710100100000"),
        (Market, "name", " Pasar  Sindu\n", "Pasar  Sindu"),
        (ParkingSpot, "attendant_names", None, ""),
        (Market, "operating_days", "senin; Selasa", ["senin", "selasa"]),
        (Market, "operating_days", "Monday,tuesday", ["senin", "selasa"]),
        (Market, "operating_days", '["Senin", "selasa"]', ["senin", "selasa"]),
        (Market, "operating_days", None, []),
        (Market, "observed_at", "2026-11-21 12:00", NOON),
        (Market, "observed_at", "2026-11-21T12:00:00+08:00", NOON),
        (Market, "observed_at", "2026-11-21T04:00:00Z", NOON),
        (Market, "observed_at", "2026-11-21", datetime(2026, 11, 20, 16, tzinfo=UTC)),
        (Market, "observed_at", date(2026, 11, 21), datetime(2026, 11, 20, 16, tzinfo=UTC)),
        (Market, "observed_at", "2026/11/21 04:00:00+00", NOON),
        (Market, "observed_at", "2026/11/21 09:30:00.000+0530", NOON),
        (Market, "observed_at", "2026/11/21 12:00:00", NOON),
        (Market, "observed_at", "2026/11/21", datetime(2026, 11, 20, 16, tzinfo=UTC)),
        (ParkingSpot, "order_from", "2026/11/21", date(2026, 11, 21)),
        (ParkingSpot, "order_from", "2026-11-21", date(2026, 11, 21)),
        (ParkingSpot, "order_from", date(2026, 11, 21), date(2026, 11, 21)),
        (ParkingSpot, "order_from", "2026-11-20T18:00:00Z", date(2026, 11, 21)),
        (Market, "opens_at", "06:30", time(6, 30)),
        (Market, "opens_at", time(6, 30), time(6, 30)),
    ],
)
def test_a_value_is_read(model: type[Feature], field: str, value: Any, stored: Any) -> None:
    cleaned = value_clean(model._meta.get_field(field), value)

    assert (cleaned, type(cleaned)) == (stored, type(stored))


@pytest.mark.parametrize(
    ("model", "field", "value", "message"),
    [
        (Market, "code", None, "Field ini tidak boleh kosong."),
        (Market, "code", "A 1", "Kode tidak boleh memuat spasi."),
        (Market, "code", "A\0", "Karakter null tidak diizinkan."),
        (Market, "code", "A" * 65, "Pastikan nilai ini mengandung paling banyak 64 karakter"),
        (Market, "type", "mal", "Nilai 'mal' bukan pilihan yang valid."),
        (Market, "kiosks", "12.5", "harus berupa integer"),
        (Market, "kiosks", 12.5, "harus berupa integer"),
        (Market, "kiosks", "1.234", "harus berupa integer"),
        (Market, "kiosks", "banyak", "harus berupa integer"),
        (Market, "kiosks", float("inf"), "harus berupa integer"),
        (Market, "kiosks", -1, "lebih besar dari atau sama dengan 0"),
        (Market, "kiosks", 10**20, "lebih kecil dari atau sama dengan"),
        (Market, "sni_certified", "mungkin", "harus berupa True, False, atau None"),
        (Market, "operating_days", "senin;libur", "Nilai 'libur' bukan pilihan yang valid."),
        (Market, "observed_at", "21/11/2026", "YYYY-MM-DD"),
        (Market, "observed_at", 5, "YYYY-MM-DD"),
        (Market, "observed_at", "0001-01-01T00:00:00+23:00", "tahun 1 sampai 9999"),
        (Market, "observed_at", "9999-12-31T23:00:00-10:00", "tahun 1 sampai 9999"),
        (Market, "operating_days", "[" * 100_000, "bukan pilihan yang valid"),
        (Market, "opens_at", "25:00", "HH:MM"),
        (ParkingSpot, "order_from", "2026-13-01T00:00:00", "tanggal"),
        (AidPost, "status_as_of", None, "tidak boleh"),
        (DisasterZone, "value_max", "12 m", "bilangan real"),
        (HealthFacility, "reservation_url", "rsud", "URL"),
    ],
)
def test_a_value_is_refused_in_the_words_of_the_model(
    model: type[Feature], field: str, value: Any, message: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        value_clean(model._meta.get_field(field), value)

    assert message in " ".join(refusal.value.messages)


def test_a_column_is_text_for_copy_with_faults_by_position() -> None:
    texts, faults = column_clean(Market._meta.get_field("type"), pa.array(["pasar_induk", "mal", None, "Pasar rakyat"]))

    assert texts.to_pylist() == ["pasar_induk", None, None, "pasar_rakyat"]
    assert faults == {
        1: "type: Nilai 'mal' bukan pilihan yang valid. Yang ada: pasar_rakyat, pasar_induk, pasar_modern, "
        "pasar_khusus.",
        2: "type: Field ini tidak boleh kosong. Yang ada: pasar_rakyat, pasar_induk, pasar_modern, pasar_khusus.",
    }


@pytest.mark.parametrize(
    ("field", "column", "texts"),
    [
        ("operating_days", pa.array([["senin", "selasa"], [], None]), ['{"senin","selasa"}', "{}", "{}"]),
        ("sni_certified", pa.array([True, False, None]), ["True", "False", None]),
        ("kiosks", pa.array([1, None, 3], pa.int32()), ["1", None, "3"]),
        ("opens_at", pa.array([time(6, 30), None], pa.time32("ms")), ["06:30:00", None]),
        ("observed_at", pa.array(["2026-11-21T12:00:00"]), ["2026-11-21T12:00:00+08:00"]),
        ("observed_at", pa.array([date(2026, 11, 21)]), ["2026-11-21T00:00:00+08:00"]),
    ],
)
def test_columns_of_every_type(field: str, column: pa.Array, texts: list[str | None]) -> None:
    cleaned, faults = column_clean(Market._meta.get_field(field), column)

    assert (cleaned.to_pylist(), faults) == (texts, {})
