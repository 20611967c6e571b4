"""BMKG's feeds become earthquakes, each event once, and values that are not understood are told."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import in_the_background
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from layers.errors import Problem
from layers.importers.quakes import QuakeReport, quakes_import
from layers.models import Earthquake

pytestmark = pytest.mark.django_db

FELT = {
    "Tanggal": "20 Nov 2024",
    "Jam": "12:30:34 WIB",
    "DateTime": "2024-11-20T05:30:34+00:00",
    "Coordinates": "-8.31,116.47",
    "Lintang": "8.31 LS",
    "Bujur": "116.47 BT",
    "Magnitude": "5.2",
    "Kedalaman": "13 km",
    "Wilayah": "Pusat gempa berada di darat 41 km Timur Laut Mataram",
    "Dirasakan": "III - IV Lombok Utara, II-III Mataram",
}
RECENT = {
    "DateTime": "2024-11-20T05:30:34+00:00",
    "Coordinates": "-8.31,116.47",
    "Magnitude": "5.2",
    "Kedalaman": "13 km",
    "Wilayah": "41 km TimurLaut MATARAM-NTB",
    "Potensi": "Tidak berpotensi tsunami",
}


def take(*events: Any) -> QuakeReport:
    return quakes_import(json.dumps({"Infogempa": {"gempa": events if len(events) != 1 else events[0]}}).encode())


def edits() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM journal.change WHERE layer = 'earthquakes'")
        return int(cursor.fetchone()[0])


def test_an_event_becomes_an_earthquake() -> None:
    assert take(FELT) == QuakeReport(created=1)

    quake = Earthquake.objects.get()
    assert (quake.code, quake.observed_at.isoformat(), quake.geom.coords) == (
        "bmkg-20241120123034",
        "2024-11-20T05:30:34+00:00",
        (116.47, -8.31),
    )
    assert (quake.magnitude, quake.depth, quake.felt, quake.mmi, quake.tsunami, quake.source) == (
        5.2,
        13,
        "III - IV Lombok Utara, II-III Mataram",
        4,
        "",
        "BMKG",
    )
    assert quake.place == "Pusat gempa berada di darat 41 km Timur Laut Mataram"
    assert quake.name == "M 5.2, Pusat gempa berada di darat 41 km Timur Laut Mataram"


def test_the_same_event_of_two_feeds_is_one() -> None:
    """What one feed says and the other does not is kept, and in turns they change nothing."""
    before = edits()
    assert take(FELT) == QuakeReport(created=1)
    assert take(RECENT, FELT) == QuakeReport(changed=1, unchanged=1)
    assert take(RECENT) == QuakeReport(unchanged=1)

    quake = Earthquake.objects.get()
    assert (quake.tsunami, quake.mmi, quake.place) == ("tidak_berpotensi", 4, FELT["Wilayah"])
    assert edits() - before == 2


def test_a_revision_replaces_what_it_revises() -> None:
    take(FELT)
    assert take({**RECENT, "Magnitude": "5.4", "Coordinates": "-8.35,116.50"}) == QuakeReport(changed=1)
    quake = Earthquake.objects.get()
    assert (quake.magnitude, quake.geom.coords, quake.name) == (
        5.4,
        (116.5, -8.35),
        "M 5.4, 41 km TimurLaut MATARAM-NTB",
    )


@pytest.mark.parametrize(
    ("potential", "code"),
    [
        ("Tidak berpotensi tsunami", "tidak_berpotensi"),
        ("Berpotensi TSUNAMI untuk diteruskan pada masyarakat", "berpotensi"),
        ("Gempa ini dirasakan untuk diteruskan pada masyarakat", ""),
    ],
)
def test_tsunami_potential(potential: str, code: str) -> None:
    take({**RECENT, "Potensi": potential})
    assert Earthquake.objects.get().tsunami == code


def test_the_hemispheres_serve_where_there_are_no_coordinates() -> None:
    event = {name: value for name, value in FELT.items() if name != "Coordinates"}
    take(event)
    assert Earthquake.objects.get().geom.coords == (116.47, -8.31)


def test_values_that_are_not_known_are_told() -> None:
    report = take({**FELT, "Magnitude": "-", "Kedalaman": "dangkal", "Dirasakan": "Mataram", "Wilayah": "-"})
    assert report == QuakeReport(
        created=1,
        notes=[
            "gempa ke-1 (bmkg-20241120123034): Magnitude: '-'",
            "gempa ke-1 (bmkg-20241120123034): Kedalaman: 'dangkal'",
            "gempa ke-1 (bmkg-20241120123034): Dirasakan: 'Mataram'",
        ],
    )
    quake = Earthquake.objects.get()
    assert (quake.name, quake.magnitude, quake.depth, quake.mmi) == ("bmkg-20241120123034", None, None, None)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"DateTime": ""}, "DateTime: '' bukan waktu"),
        ({"DateTime": "2024-11-20T05:30:34"}, "DateTime: '2024-11-20T05:30:34' bukan waktu"),
        ({"DateTime": "9999-12-31T23:59:59-12:00"}, "bukan waktu"),
        ({"DateTime": "2999-01-01T00:00:00+00:00"}, "ada di masa depan"),
        ({"Coordinates": "x"}, "Coordinates bukan posisi"),
        ({"Coordinates": "116.47,-8.31"}, "Koordinat di luar dunia"),
        ({"Coordinates": "nan,nan"}, "geom: "),
        ({"Magnitude": "52"}, "magnitude: "),
        ({"Kedalaman": "-5 km"}, "depth: "),
        ({"Wilayah": "x" * 301}, "place: "),
        ({"Dirasakan": "II a\x00"}, "NUL"),
        ({"Wilayah": "\ud800"}, "surrogates not allowed"),
    ],
)
def test_one_that_cannot_be_stored_is_refused_and_the_others_stay(change: dict[str, str], fault: str) -> None:
    report = take({**FELT, **change}, {**FELT, "DateTime": "2024-11-20T06:00:00+00:00"})
    assert (report.created, len(report.refused)) == (1, 1)
    assert report.refused[0].startswith("gempa ke-1: ")
    assert fault in report.refused[0]
    assert Earthquake.objects.count() == 1


@pytest.mark.parametrize(
    "document", [b"", b"<a/>", b"[]", b"{}", b'{"Infogempa": []}', b'{"Infogempa": 5}', b"[" * 100_000, b"\xff"]
)
def test_what_is_no_feed_is_refused(document: bytes) -> None:
    with pytest.raises(Problem, match=r"bukan umpan gempa BMKG"):
        quakes_import(document)


@pytest.mark.parametrize("events", [None, 5, "x", [1], [None]])
def test_events_that_are_none_are_refused(events: Any) -> None:
    report = quakes_import(json.dumps({"Infogempa": {"gempa": events}}).encode())
    assert report == QuakeReport(refused=["gempa ke-1: bukan objek"])


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "autogempa.json"
    file.write_text(json.dumps({"Infogempa": {"gempa": FELT}}))
    call_command("quake_import", str(file))
    assert capsys.readouterr() == (f"{file}: 1 dibuat, 0 diubah, 0 tetap, 0 ditolak\n", "")

    file.write_text(json.dumps({"Infogempa": {"gempa": [RECENT, {}]}}))
    with pytest.raises(CommandError, match="1 gempa tidak dapat dipakai; yang lain tersimpan"):
        call_command("quake_import", str(file))
    out, err = capsys.readouterr()
    assert out == f"{file}: 0 dibuat, 1 diubah, 0 tetap, 1 ditolak\n"
    assert err.startswith("  gempa ke-2: DateTime: ''")


def test_feeds_of_unlisted_hosts_are_not_asked() -> None:
    with pytest.raises(CommandError, match=r"data\.bmkg\.go\.id tidak terdaftar"):
        call_command("quake_import")


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_store_an_event_once(elsewhere: BaseDatabaseWrapper) -> None:
    with transaction.atomic():
        first = take(FELT)
        thread, others = in_the_background(lambda: take(FELT))
    thread.join()
    assert [first, *others] == [QuakeReport(created=1), QuakeReport(unchanged=1)]
