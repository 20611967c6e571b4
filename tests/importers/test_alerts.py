"""CAP messages as disaster zones: which are taken in, and what updates, cancellations and repetition do."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from cap_messages import area, info, message
from django.core.management import CommandError, call_command
from django.utils.timezone import now

from layers.errors import Problem
from layers.importers.alerts import AlertReport, alert_import
from layers.importers.cap import alert_parse
from layers.models import CapAlert, DisasterZone

pytestmark = pytest.mark.django_db


def take(document: bytes, **options: Any) -> AlertReport:
    return alert_import(alert_parse(document), **options)


def reference(identifier: str) -> str:
    return f"uji@example.id,{identifier},2024-11-22T10:00:00+08:00"


def times(zone: DisasterZone) -> tuple[str, str]:
    assert zone.valid_from
    assert zone.valid_to
    return f"{zone.valid_from:%H:%M}", f"{zone.valid_to:%H:%M}"


def test_an_alert_becomes_a_zone_for_each_area() -> None:
    indonesian = info(area("Ampenan"), area("Sekarbela", polygons=(), circles=("-8.6,116.1 1",)))
    english = indonesian.replace("Banjir di Ampenan", "Flood in Ampenan").replace(">id<", ">en<")

    report = take(message("A-1", english, indonesian))

    assert (report.identifier, str(report.outcome), report.zones) == ("A-1", "2 zona dibuat, 0 diakhiri", 2)
    ampenan, sekarbela = DisasterZone.objects.order_by("code")
    assert (ampenan.code, ampenan.name, ampenan.declared_area, sekarbela.code, sekarbela.declared_area) == (
        "A-1-1",
        "Banjir di Ampenan / Flood in Ampenan",
        "Ampenan",
        "A-1-2",
        "Sekarbela",
    )
    assert (ampenan.hazard, ampenan.level, ampenan.kind) == ("101", "tinggi", "peringatan")
    assert (ampenan.observed_at, *times(ampenan)) == (datetime(2024, 11, 22, 2, tzinfo=UTC), "02:30", "08:00")
    assert ampenan.source == "uji@example.id, CAP uji@example.id,A-1"
    assert ampenan.method == "CAP: Banjir, Immediate, Severe, Likely"
    kept = CapAlert.objects.get()
    assert [[said["language"] for said in words] for words in kept.words] == [["id", "en"], ["id", "en"]]


def test_a_zone_is_named_in_the_languages_of_the_portal_by_headline_or_event() -> None:
    chinese = info(language="zh", headline="洪水")
    take(message("A", chinese, info(headline=""), info(language="en", headline="F" * 300)))
    assert DisasterZone.objects.get().name == f"Banjir / {'F' * 97}…"
    take(message("B", chinese))
    assert DisasterZone.objects.get(code="B-1").name == "洪水"
    take(message("C", info(), info(language="en")))
    assert DisasterZone.objects.get(code="C-1").name == "Banjir di Ampenan"


def test_infos_that_differ_are_zones_of_their_own() -> None:
    take(message("A", info(), info(severity="Minor", headline="Genangan di Sekarbela")))
    assert list(DisasterZone.objects.values_list("name", "level").order_by("code")) == [
        ("Banjir di Ampenan", "tinggi"),
        ("Genangan di Sekarbela", "rendah"),
    ]


def test_the_same_alert_twice_is_one() -> None:
    take(message("A", info()))
    zone = DisasterZone.objects.get()
    zone.name = "Disunting"
    zone.save()

    report = take(message("A", info()))

    assert (str(report.outcome), report.zones) == ("sudah dikenal, dibiarkan", 0)
    assert DisasterZone.objects.get().name == "Disunting"


@pytest.mark.parametrize("status", ["Exercise", "System", "Test", "Draft"])
def test_what_is_not_actual_is_not_taken_in(status: str) -> None:
    report = take(message("A", info(), status=status))
    assert (str(report.outcome), report.zones) == (f"status {status}: tidak dimuat", 0)
    assert not DisasterZone.objects.exists()
    assert not CapAlert.objects.exists()


@pytest.mark.parametrize(
    ("elements", "outcome"),
    [
        ({"scope": "Private"}, "scope Private: tidak untuk umum"),
        ({"scope": "Restricted"}, "scope Restricted: tidak untuk umum"),
        ({"msgType": "Ack"}, "msgType Ack: dilewati"),
        ({"msgType": "Error"}, "msgType Error: dilewati"),
    ],
)
def test_what_is_not_for_everybody_is_not_taken_in(elements: dict[str, str], outcome: str) -> None:
    assert str(take(message("A", info(), **elements)).outcome) == outcome
    assert not DisasterZone.objects.exists()


LATER = {"sent": "2024-11-22T11:00:00+08:00"}
UPDATE = message("B", info(effective="2024-11-22T11:20:00+08:00"), msgType="Update", references=reference("A"), **LATER)
CANCEL = message("C", msgType="Cancel", references=reference("A"), **LATER)


def test_an_update_ends_what_it_replaces_when_it_begins() -> None:
    take(message("A", info()))

    report = take(UPDATE)

    assert str(report.outcome) == "1 zona dibuat, 1 diakhiri"
    old, new = DisasterZone.objects.order_by("code")
    assert (times(old), times(new)) == (("02:30", "03:20"), ("03:20", "08:00"))


def test_an_update_of_several_infos_takes_over_when_the_first_of_them_begins() -> None:
    take(message("A", info()))
    later, sooner = (info(effective=f"2024-11-22T{time}:00+08:00", headline=time) for time in ("13:00", "11:20"))
    take(message("B", later, sooner, msgType="Update", references=reference("A"), **LATER))
    assert times(DisasterZone.objects.get(code="A-1")) == ("02:30", "03:20")


@pytest.mark.parametrize("infos", [(), (info(),)], ids=["bare", "with what it cancels"])
def test_a_cancellation_ends_at_once(infos: tuple[str, ...]) -> None:
    take(message("A", info()))
    cancel = message("C", *infos, msgType="Cancel", references=reference("A"), **LATER)
    assert str(take(cancel).outcome) == "0 zona dibuat, 1 diakhiri"
    assert times(DisasterZone.objects.get()) == ("02:30", "03:00")


def test_cancelled_before_it_began_it_never_holds() -> None:
    take(message("A", info(onset="2024-11-22T12:00:00+08:00")))
    take(CANCEL)
    assert times(DisasterZone.objects.get()) == ("04:00", "04:00")


@pytest.mark.parametrize("urgency", ["Past", "Immediate"])
def test_an_all_clear_ends_and_makes_no_zone(urgency: str) -> None:
    take(message("A", info()))
    words = {"urgency": urgency} | ({"responseType": "AllClear"} if urgency != "Past" else {})
    report = take(message("B", info("", **words), msgType="Update", references=reference("A"), **LATER))
    assert (str(report.outcome), report.notes) == ("0 zona dibuat, 1 diakhiri", ("Banjir: bahaya sudah lewat",))
    assert times(DisasterZone.objects.get()) == ("02:30", "03:00")


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_messages_may_come_in_any_order(order: tuple[int, ...]) -> None:
    cancel = message(
        "C",
        msgType="Cancel",
        sent="2024-11-22T12:00:00+08:00",
        references=f"{reference('A')} {reference('B')}",
    )
    documents = [message("A", info()), UPDATE, cancel]

    for number in order:
        take(documents[number])
    for document in documents:
        take(document)

    old, new = DisasterZone.objects.order_by("code")
    assert (times(old), times(new)) == (("02:30", "03:20"), ("03:20", "04:00"))


def test_only_what_is_older_is_replaced() -> None:
    """Neither by itself, nor around in a circle, nor by an Alert."""
    take(message("A", info(), msgType="Update", references=f"{reference('A')} {reference('B')}"))
    take(message("B", info(), references=reference("A"), **LATER))
    take(message("C", info(), msgType="Update", references=reference("B"), sent="2024-11-22T09:00:00+08:00"))
    assert {times(zone) for zone in DisasterZone.objects.all()} == {("02:30", "08:00")}


def test_another_sender_s_identifier_is_another_alert() -> None:
    take(message("A", info()))
    take(message("C", msgType="Cancel", references="lain@example.id,A,2024-11-22T10:00:00+08:00", **LATER))
    assert times(DisasterZone.objects.get()) == ("02:30", "08:00")
    take(message("A", info(severity="Minor"), sender="lain@example.id"))
    assert sorted(DisasterZone.objects.values_list("source", flat=True)) == [
        "lain@example.id, CAP lain@example.id,A",
        "uji@example.id, CAP uji@example.id,A",
    ]
    first, second = (zone.code for zone in DisasterZone.objects.order_by("id"))
    assert (first, second.startswith("cap-"), len(second)) == ("A-1", True, 38)


@pytest.mark.parametrize(
    "infos",
    [
        (info(area("Ampenan"), area("Sekarbela", polygons=("-8,116 -9,116",))),),
        (info(area("Ampenan"), area("Sekarbela", polygons=())),),
        (info(area("Ampenan")), info(area("Sekarbela"), event="Peringatan dini", headline="Waspada")),
    ],
)
def test_an_update_with_something_left_out_ends_nothing(infos: tuple[str, ...]) -> None:
    """Whoever is warned there by the older message stays warned."""
    take(message("A", info(area("Ampenan"), area("Sekarbela"))))
    report = take(message("B", *infos, msgType="Update", references=reference("A"), **LATER))
    assert str(report.outcome) == "1 zona dibuat, 0 diakhiri"
    assert report.notes[-2] == "tidak lengkap: zona lama tetap berlaku"
    assert [times(zone) for zone in DisasterZone.objects.filter(code__startswith="A-")] == [("02:30", "08:00")] * 2
    assert CapAlert.objects.get(identifier="B").replaces == []


def test_an_all_clear_beside_what_cannot_be_mapped_ends_nothing() -> None:
    take(message("A", info(area("Ampenan"), area("Sekarbela"))))
    clear = info(area("Ampenan"), responseType="AllClear")
    unknown = info(area("Sekarbela"), event="Peringatan dini", headline="Waspada")
    with pytest.raises(Problem, match="jenis bahaya tidak dikenal"):
        take(message("B", clear, unknown, msgType="Update", references=reference("A"), **LATER))
    assert {times(zone) for zone in DisasterZone.objects.all()} == {("02:30", "08:00")}


@pytest.mark.parametrize(
    "elements",
    [
        {"expires": "9999-12-31T23:59:59+00:00"},
        {"onset": "9999-12-31T23:59:59+00:00", "expires": ""},
        {"onset": "9999-12-31T22:00:00+00:00", "expires": "9999-12-31T23:59:59+00:00"},
    ],
)
def test_a_time_that_stands_for_never_is_refused_by_name(elements: dict[str, str]) -> None:
    with pytest.raises(Problem, match="masa berlaku"):
        take(message("A", info(**elements)))


def test_a_long_identifier_has_a_short_code() -> None:
    long = "urn:oid:2.49.0.1.360.0." + "0123456789" * 8
    take(message(long, info()))
    assert CapAlert.objects.get().identifier == long
    assert len(DisasterZone.objects.get().code) <= 64
    assert str(take(message(long, info())).outcome) == "sudah dikenal, dibiarkan"


@pytest.mark.parametrize(
    ("event", "hazard"),
    [
        ("Hujan Lebat dan Petir", "105"),
        ("Peringatan Dini Tsunami akibat gempa", "109"),
        ("Banjir Rob", "104"),
        ("Peringatan Dini Banjir Pesisir", "104"),
        ("Banjir Bandang", "101"),
        ("Tanah Longsor", "102"),
        ("Gelombang Tinggi", "104"),
        ("Angin Kencang", "105"),
        ("Erupsi Gunung Api", "111"),
        ("Gempabumi", "108"),
        ("Forest fire", "107"),
        ("Severe Thunderstorm", "105"),
        ("Kekeringan Meteorologis", "106"),
    ],
)
def test_the_event_tells_the_hazard(event: str, hazard: str) -> None:
    take(message("A", info(event=event)))
    assert DisasterZone.objects.get().hazard == hazard


@pytest.mark.parametrize("event", ["Kabut Asap", "Gelombang Panas"])
def test_an_event_that_tells_no_hazard_needs_one(event: str) -> None:
    document = message("A", info(event=event, headline=event))
    with pytest.raises(Problem, match="jenis bahaya tidak dikenal; sebutkan dengan --hazard"):
        take(document)
    take(document, hazard="107")
    assert DisasterZone.objects.get().hazard == "107"


FUTURE = now() + timedelta(days=3)


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        (message("A"), "tidak ada info dengan area"),
        (message("A", info("")), "Banjir: tanpa area"),
        (message("A", info(area(polygons=()))), "Ampenan: tidak ada poligon atau lingkaran yang terpakai"),
        (message("A", info(expires="2024-11-22T10:00:00+08:00")), "masa berlaku"),
        (message("A", info(expires="2999-01-01T00:00:00+08:00")), "masa berlaku"),
        (message("A", info(), sent=FUTURE.isoformat()), "sent ada di masa depan"),
        (message("A", info(), msgType="Update"), "Update tanpa references"),
        (message("A", info(), msgType="Update", references=reference("A")), "Update tanpa references"),
        (message("A", info(area(circles=("-8,116 1",) * 1001))), "lebih dari 1000 poligon dan lingkaran"),
        (message("A", msgType="Cancel"), "Cancel tanpa references"),
    ],
)
def test_what_cannot_be_mapped_is_refused_and_writes_nothing(document: bytes, fault: str) -> None:
    with pytest.raises(Problem) as problem:
        take(document)
    assert fault in str(problem.value.detail)
    assert not DisasterZone.objects.exists()
    assert not CapAlert.objects.exists()


def test_an_update_that_cannot_be_mapped_leaves_what_it_replaces() -> None:
    take(message("A", info()))
    with pytest.raises(Problem):
        take(message("B", info(area(polygons=("0,0",))), msgType="Update", references=reference("A"), **LATER))
    assert times(DisasterZone.objects.get()) == ("02:30", "08:00")


@pytest.mark.parametrize(("hours", "notes"), [(1, ()), (-1, ("masa berlakunya sudah lewat",))])
def test_only_what_is_over_is_told_to_be(hours: int, notes: tuple[str, ...]) -> None:
    sent, expires = (f"{now() + timedelta(hours=away):%FT%T}+00:00" for away in (-2, hours))
    assert take(message("A", info(effective=sent, expires=expires), sent=sent)).notes == notes


def test_clocks_may_differ_by_a_day() -> None:
    ahead, far_ahead = (f"{now() + timedelta(hours=away):%FT%T}+00:00" for away in (23, 25))
    assert take(message("A", info(effective="", expires=""), sent=ahead)).zones == 1
    with pytest.raises(Problem, match="masa depan"):
        take(message("B", info(effective="", expires=""), sent=far_ahead))


def test_what_was_assumed_is_told() -> None:
    report = take(message("A", info(expires="", severity="Unknown", effective="2020-01-01T00:00:00+08:00")))
    assert report.notes == (
        "tanpa expires: berlaku 24 jam",
        "severity Unknown: tingkat sedang",
        "masa berlakunya sudah lewat",
    )
    zone = DisasterZone.objects.get()
    assert zone.valid_from
    assert (zone.level, zone.valid_to) == ("sedang", zone.valid_from + timedelta(hours=24))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[str, str]]:
    def run(*arguments: object) -> tuple[str, str]:
        call_command("cap_import", *map(str, arguments))
        return tuple(capsys.readouterr())  # type: ignore[return-value]

    return run


def test_a_folder_is_taken_in_by_time(run: Callable[..., tuple[str, str]], tmp_path: Path) -> None:
    (tmp_path / "a.cap").write_bytes(CANCEL)
    (tmp_path / "b.XML").write_bytes(message("A", info()))
    (tmp_path / "readme.txt").write_text("x")

    assert run(tmp_path) == (
        f"{tmp_path}/b.XML: A: 1 zona dibuat, 0 diakhiri\n  masa berlakunya sudah lewat\n"
        f"{tmp_path}/a.cap: C: 0 zona dibuat, 1 diakhiri\n",
        "",
    )


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.xml").write_text("bukan xml")
    (tmp_path / "b.xml").write_bytes(message("A", info("")))
    (tmp_path / "c.xml").write_bytes(message("B", info()))

    with pytest.raises(CommandError, match="2 dari 3 tidak dapat dipakai, dan tidak menulis apa pun"):
        call_command("cap_import", str(tmp_path))

    out, err = capsys.readouterr()
    assert out.startswith(f"{tmp_path}/c.xml: B: 1 zona dibuat")
    assert [line.partition(": ")[0] for line in err.splitlines()] == [f"{tmp_path}/a.xml", f"{tmp_path}/b.xml"]
    assert [zone.code for zone in DisasterZone.objects.all()] == ["B-1"]


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"Tidak ada berkas \.xml atau \.cap"):
        call_command("cap_import", str(tmp_path))
