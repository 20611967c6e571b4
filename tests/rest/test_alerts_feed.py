"""Zones as alerts: the Atom feed and the CAP messages, held to the rules of CAP 1.2's schema."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random
from typing import Any
from xml.etree import ElementTree

import pytest
import shapely
from cap_messages import NAMESPACE, area, faults, info, message
from conftest import FeatureMake
from django.contrib.gis.geos import GEOSGeometry, MultiPolygon, Polygon
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils.timezone import localtime, now
from rest_framework.test import APIClient

from layers.catalog import layer_get
from layers.importers.alerts import alert_import
from layers.importers.cap import alert_parse
from layers.models import DisasterZone
from layers.query.alerts import alerts, told_fetch, withdrawals_fetch
from layers.query.history import history_fetch, item_restore

pytestmark = pytest.mark.django_db

ZONES = layer_get("disaster_zones")
ATOM = "{http://www.w3.org/2005/Atom}"
HOUR = timedelta(hours=1)


@pytest.fixture
def warn(feature_make: FeatureMake) -> Any:
    """A zone that is an alert: ``warn(number, start=…, end=…, …)`` in hours from now."""

    def make(number: int = 1, start: float = -1, end: float = 1, **values: Any) -> DisasterZone:
        moment = now()
        times = {"valid_from": moment + start * HOUR, "valid_to": moment + end * HOUR}
        zone = feature_make(
            ZONES, number, **{"kind": "peringatan", "hazard": "101", "level": "tinggi"} | times | values
        )
        assert isinstance(zone, DisasterZone)
        return zone

    return make


def cap(client: APIClient, zone: DisasterZone) -> ElementTree.Element:
    answer = client.get(f"/api/v1/alerts/{zone.pk}.cap")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/cap+xml; charset=utf-8")
    assert faults(answer.content) == []
    return ElementTree.fromstring(answer.content)


def said(element: ElementTree.Element, *names: str) -> list[str | None]:
    return [element.findtext(name, namespaces={"": NAMESPACE}) for name in names]


def infos(alert: ElementTree.Element) -> Iterator[ElementTree.Element]:
    return alert.iter(f"{{{NAMESPACE}}}info")


def feed(client: APIClient, **parameters: str) -> ElementTree.Element:
    answer = client.get("/api/v1/alerts/", parameters)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/atom+xml; charset=utf-8")
    return ElementTree.fromstring(answer.content)


def titles(client: APIClient) -> list[str | None]:
    return [entry.findtext(f"{ATOM}title") for entry in feed(client).iter(f"{ATOM}entry")]


def test_what_is_valid_for_ever_is_no_alert(anyone: APIClient, warn: Any) -> None:
    endless, _ = warn(1, name="tanpa akhir"), warn(2, name="berlaku")
    with connection.cursor() as cursor:
        for end in ("infinity", "9999-12-31T23:59:59Z"):
            cursor.execute("UPDATE layers_disasterzone SET valid_to = %s WHERE id = %s", [end, endless.pk])
            assert titles(anyone) == ["berlaku"], end
            assert anyone.get(f"/api/v1/alerts/{endless.pk}.cap").status_code == 404, end


def test_the_feed_lists_what_has_not_ended(anyone: APIClient, warn: Any, feature_make: FeatureMake) -> None:
    zone = warn(1, name="berlaku")
    warn(2, name="akan datang", start=5, end=6)
    warn(3, name="berakhir", start=-3, end=-1)
    warn(4, name="kejadian", kind="kejadian")
    warn(5, name="peta", kind="peta_bahaya")
    feature_make(ZONES, 6, name="kejadian tanpa akhir", kind="kejadian")

    found = feed(anyone, lang="en")

    assert titles(anyone) == ["kejadian", "akan datang", "berlaku"]
    assert [found.findtext(ATOM + name) for name in ("id", "title")] == [
        "http://testserver/api/v1/alerts/",
        "Alerts in force",
    ]
    entry = found.findall(f"{ATOM}entry")[-1]
    address = f"http://testserver/api/v1/alerts/{zone.pk}.cap"
    until = localtime(zone.valid_to).isoformat(timespec="minutes")
    assert {child.tag.removeprefix(ATOM): child.text or child.attrib for child in entry} == {
        "id": address,
        "title": "berlaku",
        "updated": zone.updated_at.isoformat(),
        "published": zone.created_at.isoformat(),
        "link": {"rel": "alternate", "type": "application/cap+xml", "href": address},
        "summary": f"Flood, High, until {until}",
    }


def test_zones_end_by_themselves(anyone: APIClient, warn: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    zone = warn(end=1)
    before = anyone.get("/api/v1/alerts/")
    assert anyone.get("/api/v1/alerts/", headers={"If-None-Match": before["ETag"]}).status_code == 304

    later = now() + 2 * HOUR
    monkeypatch.setattr("layers.rest.alerts.now", lambda: later)

    after = anyone.get("/api/v1/alerts/", headers={"If-None-Match": before["ETag"]})
    assert (after.status_code, titles(anyone)) == (200, [])
    assert feed(anyone).findtext(f"{ATOM}updated") == zone.valid_to.isoformat()
    gone = anyone.get(f"/api/v1/alerts/{zone.pk}.cap")
    assert (gone.status_code, gone["Content-Type"]) == (404, "application/problem+json")


def test_what_a_message_cancels_is_cancelled_in_turn(anyone: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    times = {
        name: localtime(now() + hours * HOUR).isoformat(timespec="seconds")
        for name, hours in (("onset", 5), ("expires", 9))
    }
    first, later = ((now() - ago * HOUR).isoformat(timespec="seconds") for ago in (2, 1))
    alert_import(alert_parse(message("A", info(effective="", **times), sent=first)))
    zone = DisasterZone.objects.get()
    assert titles(anyone) == ["Banjir di Ampenan"]
    told = said(cap(anyone, zone), "sender", "identifier", "sent")

    references = f"uji@example.id,A,{first}"
    alert_import(alert_parse(message("B", msgType="Cancel", sent=later, references=references)))

    assert titles(anyone) == ["Withdrawn: Banjir di Ampenan"]
    cancelled = cap(anyone, zone)
    assert said(cancelled, "msgType", "references", "info/urgency", "info/expires") == [
        "Cancel",
        ",".join(map(str, told)),
        "Past",
        times["expires"],
    ]
    assert said(cancelled, "identifier") != told[1:2]

    expired = now() + 10 * HOUR
    monkeypatch.setattr("layers.rest.alerts.now", lambda: expired)
    assert titles(anyone) == []
    assert anyone.get(f"/api/v1/alerts/{zone.pk}.cap").status_code == 404
    updated = str(feed(anyone).findtext(f"{ATOM}updated"))
    assert datetime.fromisoformat(updated) == datetime.fromisoformat(times["expires"])


@pytest.mark.django_db(transaction=True)
def test_what_was_cancelled_before_it_came_is_not_told(anyone: APIClient) -> None:
    expires = localtime(now() + HOUR).isoformat(timespec="seconds")
    first, later = ((now() - ago * HOUR).isoformat(timespec="seconds") for ago in (2, 1))
    references = f"uji@example.id,A,{first}"
    alert_import(alert_parse(message("B", msgType="Cancel", sent=later, references=references)))
    alert_import(alert_parse(message("A", info(effective="", expires=expires), sent=first)))
    assert DisasterZone.objects.count() == 1
    assert titles(anyone) == []


@pytest.mark.django_db(transaction=True)
def test_what_is_deleted_is_cancelled_until_it_is_put_back(anyone: APIClient, warn: Any) -> None:
    zone = warn(name="Banjir")
    states = [said(cap(anyone, zone), "sender", "identifier", "sent")]
    zone.level = "rendah"
    zone.save()
    states.append(said(cap(anyone, zone), "sender", "identifier", "sent"))
    before = now()
    id = zone.pk
    zone.delete()
    zone.pk = id

    cancelled = cap(anyone, zone)

    assert titles(anyone) == ["Withdrawn: Banjir"]
    assert said(cancelled, "msgType", "references", "info/severity") == [
        "Cancel",
        " ".join(",".join(map(str, state)) for state in states),
        "Minor",
    ]
    assert datetime.fromisoformat(str(said(cancelled, "sent")[0])) >= before.replace(microsecond=0)

    item_restore(ZONES, id, history_fetch(ZONES, id, 1)[0].id)
    assert titles(anyone) == ["Banjir"]
    assert said(cap(anyone, zone), "msgType") == ["Update"]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"valid_to": 0, "kind": "kejadian"}, id="ended before its time"),
        pytest.param({"valid_to": -1}, id="ended in the past"),
        pytest.param({"kind": "peta_bahaya"}, id="a map now"),
        pytest.param({"valid_from": 1}, id="began as late as it ends"),
    ],
)
def test_what_becomes_no_alert_is_cancelled(anyone: APIClient, warn: Any, changes: dict[str, Any]) -> None:
    zone = warn(name="Banjir", start=-2, end=1, level="sedang")
    moment = zone.valid_to - HOUR
    for name, value in changes.items():
        setattr(zone, name, value if isinstance(value, str) else moment + value * HOUR)
    zone.save()
    zone.name = "Banjir, catatan"
    zone.save()

    assert titles(anyone) == ["Withdrawn: Banjir"]
    assert said(cap(anyone, zone), "msgType", "info/headline") == ["Cancel", "Banjir"]


@pytest.mark.parametrize("seed", range(12))
def test_all_that_was_withdrawn_is_found_whatever_was_edited(warn: Any, seed: int) -> None:
    random, moment = Random(seed), now()

    def edit(id: int) -> None:
        begins, ends = random.choice([None, -2, -1, 1]), random.choice([None, 1, 2, -1])
        times = {"valid_from": begins, "valid_to": ends if ends != -1 or begins is None else 1}
        changes = {name: value and moment + value * HOUR for name, value in times.items()}
        changes |= {"kind": random.choice(DisasterZone.Kind.values), "name": random.choice("ab")}
        names = random.sample(sorted(changes), random.randint(1, 2))
        with suppress(IntegrityError), transaction.atomic():  # times in a wrong order
            DisasterZone.objects.filter(pk=id).update(updated_at=now(), **{name: changes[name] for name in names})

    ids = [warn(number, kind=random.choice(DisasterZone.Kind.values)).pk for number in range(8)]
    for _ in range(30):
        edit(random.choice(ids))
    for id in random.sample(ids, 3):
        DisasterZone.objects.filter(pk=id).delete()
    withdrawn = [told.zone.pk for told in withdrawals_fetch(moment)]
    in_force = alerts(moment).values_list("pk", flat=True)
    assert sorted(withdrawn) == [id for id in ids if id not in in_force and told_fetch(id, moment)]
    assert withdrawn


def test_what_ends_as_it_said_or_goes_on_is_not_cancelled(
    anyone: APIClient, warn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shorter, endless, over, unknown = warn(1, end=9), warn(2, kind="kejadian"), warn(3, start=-3, end=-1), warn(4)
    shorter.valid_to = now() + HOUR
    shorter.save()
    endless.valid_to = None
    endless.save()
    over.delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM journal.change WHERE fid = %s", [unknown.pk])
        cursor.execute("ALTER TABLE layers_disasterzone DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM layers_disasterzone WHERE id = %s", [unknown.pk])
        cursor.execute("ALTER TABLE layers_disasterzone ENABLE TRIGGER USER")

    later = now() + 2 * HOUR
    monkeypatch.setattr("layers.rest.alerts.now", lambda: later)

    assert titles(anyone) == []


def test_an_empty_portal_has_an_empty_feed(anyone: APIClient) -> None:
    assert datetime.fromisoformat(str(feed(anyone).findtext(f"{ATOM}updated"))).tzinfo
    assert titles(anyone) == []


@pytest.mark.parametrize("id", ["1", "x", "0", "99999999999999999999", "-1"])
def test_what_is_no_alert_is_not_found(anyone: APIClient, id: str) -> None:
    answer = anyone.get(f"/api/v1/alerts/{id}.cap")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert "/api/v1/alerts/" in answer.json()["detail"]


@pytest.mark.parametrize("address", ["/api/v1/alerts/", "/api/v1/alerts/1.cap"])
def test_bad_requests_are_told(anyone: APIClient, warn: Any, address: str) -> None:
    assert anyone.get(address, {"bbox": "1,2,3,4"}).json()["parameter"] == "bbox"
    assert anyone.post(address).status_code == 405
    assert anyone.get(address, headers={"accept": "application/json"}).status_code == 406


def test_a_zone_as_a_message(anyone: APIClient, warn: Any) -> None:
    zone = warn(
        name="Banjir & <genangan>\x01", source="BPBD", declared_area="Ampenan", valid_from=None, kind="kejadian"
    )

    alert = cap(anyone, zone)

    sent = localtime(zone.updated_at).isoformat(timespec="seconds")
    assert said(alert, "sender", "sent", "status", "msgType", "source", "scope", "references") == [
        "geoportal@127.0.0.1",
        sent,
        "Actual",
        "Alert",
        "BPBD",
        "Public",
        None,
    ]
    indonesian, english = infos(alert)
    names = ("language", "event", "urgency", "severity", "certainty", "headline", "onset")
    assert said(indonesian, *names) == [
        "id",
        "Banjir",
        "Immediate",
        "Severe",
        "Observed",
        "Banjir & <genangan>",
        None,
    ]
    assert said(english, "language", "event", "senderName") == ["en", "Flood", "City Government of Mataram"]
    assert said(english, "expires") == [localtime(zone.valid_to).isoformat(timespec="seconds")]
    assert said(english, "area/areaDesc", "area/polygon") == [
        "Ampenan",
        "-8.580000,116.100000 -8.580000,116.110000 -8.570000,116.110000 -8.570000,116.100000 -8.580000,116.100000",
    ]


@pytest.mark.parametrize(("start", "urgency"), [(-1, "Immediate"), (0.9, "Expected"), (1.1, "Future")])
def test_urgency_is_how_long_it_is_until_then(anyone: APIClient, warn: Any, start: float, urgency: str) -> None:
    assert {info.findtext(f"{{{NAMESPACE}}}urgency") for info in infos(cap(anyone, warn(start=start, end=9)))} == {
        urgency
    }


@pytest.mark.parametrize("hazard", DisasterZone.Hazard.values)
@pytest.mark.parametrize("level", DisasterZone.Level.values)
def test_every_hazard_and_level_is_valid(anyone: APIClient, warn: Any, hazard: str, level: str) -> None:
    cap(anyone, warn(hazard=hazard, level=level, start=0.5, end=1))


def test_holes_are_cut_open(anyone: APIClient, warn: Any) -> None:
    rings = [
        [(116, -9), (117, -9), (117, -8), (116, -8), (116, -9)],
        [(116.1, -8.9), (116.1, -8.8), (116.3, -8.8), (116.3, -8.9), (116.1, -8.9)],
        [(116.6, -8.6), (116.6, -8.2), (116.8, -8.2), (116.8, -8.6), (116.6, -8.6)],
    ]
    zone = warn(geom=MultiPolygon(Polygon(*rings), Polygon.from_bbox((118, -9, 119, -8)), srid=4326))

    alert = cap(anyone, zone)

    first = next(infos(alert))
    polygons = [
        shapely.Polygon([tuple(map(float, pair.split(",")))[::-1] for pair in str(words.text).split()])
        for words in first.iter(f"{{{NAMESPACE}}}polygon")
    ]
    stored = shapely.from_wkt(GEOSGeometry(zone.geom).wkt)
    assert shapely.union_all(polygons).symmetric_difference(stored).area < 1e-6
    assert sum(polygon.area for polygon in polygons) == pytest.approx(stored.area, rel=1e-6)


def test_very_many_holes_are_cut_open(anyone: APIClient, warn: Any) -> None:
    holes = [shapely.box(116 + n / 1000 + 0.0002, -8.9, 116 + n / 1000 + 0.0008, -8.8) for n in range(1500)]
    shape = shapely.Polygon(shapely.box(116, -9, 118, -8).exterior, [hole.exterior for hole in holes])
    first = next(infos(cap(anyone, warn(geom=MultiPolygon(GEOSGeometry(shape.wkt), srid=4326)))))
    assert sum(1 for _ in first.iter(f"{{{NAMESPACE}}}polygon")) >= 1500


def test_each_state_is_a_message_that_updates_the_former(anyone: APIClient, warn: Any) -> None:
    zone = warn()
    states = [said(cap(anyone, zone), "sender", "identifier", "sent")]
    for name in ("lebih luas", "lebih sempit"):
        zone.name = name
        zone.save()
        states.append(said(cap(anyone, zone), "sender", "identifier", "sent"))

    alert = cap(anyone, zone)

    assert len({state[1] for state in states}) == 3
    assert said(alert, "msgType", "references") == ["Update", " ".join(",".join(map(str, one)) for one in states[:2])]
    address = f"/api/v1/alerts/{zone.pk}.cap"
    assert anyone.get(address).content == anyone.get(address).content
    etag = anyone.get(address)["ETag"]
    assert anyone.get(address, headers={"If-None-Match": etag}).status_code == 304


def test_what_came_as_cap_goes_out_with_its_words(anyone: APIClient) -> None:
    start = localtime().replace(microsecond=0)
    times = {"effective": start.isoformat(), "expires": (start + HOUR).isoformat()}
    words = {
        "severity": "Extreme",
        "senderName": "BMKG",
        "instruction": "Menjauh dari sungai.",
        "responseType": "Avoid",
    }
    indonesian = info(area("Ampenan"), area("Sekarbela", polygons=(), circles=("-8.6,116.1 1",)), **words, **times)
    english = indonesian.replace(">id<", ">en-GB<").replace("Menjauh dari sungai.", "Keep away from rivers.")
    alert_import(alert_parse(message("A-1", indonesian, english, sent=start.isoformat())))
    zone = DisasterZone.objects.get(code="A-1-2")

    first, second = infos(cap(anyone, zone))

    names = ("language", "responseType", "severity", "senderName", "instruction", "area/areaDesc")
    assert said(first, *names) == ["id", "Avoid", "Extreme", "BMKG", "Menjauh dari sungai.", "Sekarbela"]
    assert said(second, "language", "instruction") == ["en-GB", "Keep away from rivers."]

    zone.level = "rendah"
    zone.save()
    assert {said(one, "severity")[0] for one in infos(cap(anyone, zone))} == {"Minor"}


def test_samples_are_tests(anyone: APIClient) -> None:
    call_command("samples_load")
    zones = DisasterZone.objects.filter(valid_to__gt=now())
    assert {said(cap(anyone, zone), "status")[0] for zone in zones} == {"Test"}


def test_the_rules_find_what_is_wrong() -> None:
    """The checker itself can fail."""
    good = message("A", info())
    assert faults(good) == []
    for old, new, fault in (
        (b"+08:00</sent>", b"Z</sent>", "alert: sent is"),
        (b"<scope>Public</scope>", b"", "alert: 0 of scope"),
        (b"Severe", b"Parah", "info: severity is 'Parah'"),
        (b"-8.60,116.05</polygon>", b"-8.61,116.05</polygon>", "a polygon is not closed"),
        (b"-8.60,116.05", b"116.05,-8.60", "a polygon is not in latitude, longitude"),
        (b"<language>id</language>", b"", ""),
        (
            b"<event>Banjir</event><urgency>Immediate</urgency>",
            b"<urgency>Immediate</urgency><event>x</event>",
            "info: out",
        ),
        (b"<msgType>Alert", b"<msgType>Update", "msgType Update, references None"),
    ):
        assert old in good
        found = faults(good.replace(old, new))
        assert any(one.startswith(fault) for one in found) if fault else not found
