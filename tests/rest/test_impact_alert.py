"""A CAP alert sent for its impact."""

from datetime import datetime
from math import cos, sin

import pytest
from cap_messages import SQUARE, area, info, message
from conftest import FeatureMake
from hazard_scene import IMPACT, POLYGON, RING, comb, scene_make
from rest_framework.test import APIClient

from layers.importers.alerts import alert_import
from layers.importers.cap import alert_parse
from layers.models import CapAlert, DisasterZone
from layers.rest.impact_body import MAX_JOINED, MAX_VERTICES

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("media_type", ["application/cap+xml", "application/xml"])
def test_a_cap_alert_is_an_area_and_is_not_stored(
    anyone: APIClient, feature_make: FeatureMake, media_type: str
) -> None:
    """Two languages name the same area, which counts once; another info adds a square of its own."""
    scene_make(feature_make)
    zones = DisasterZone.objects.count()
    pairs = [f"{y},{x}" for x, y in RING]
    square, further = " ".join(pairs), "-8.30,116.40 -8.30,116.41 -8.29,116.41 -8.29,116.40 -8.30,116.40"
    infos = [info(area(polygons=(square,)), language=language) for language in ("id", "en")]
    sent = message("baru", *infos, info(area(polygons=(further,)), severity="Minor"))
    answer = anyone.post(IMPACT, sent, content_type=media_type)
    drawn = anyone.post(IMPACT, POLYGON, format="json")
    assert answer.status_code == 200, answer.content
    people = [document.json()["people"] for document in (answer, drawn)]
    assert [(one["affected"], one["least"]) for one in people] == [(people[1]["affected"], people[1]["least"])] * 2
    assert answer.json()["area_m2"] == pytest.approx(2 * drawn.json()["area_m2"], rel=0.01)
    assert (CapAlert.objects.count(), DisasterZone.objects.count()) == (0, zones)


def comb_words(teeth: int, *, across: bool = False) -> str:
    return " ".join(f"{y:.6f},{x:.6f}" for x, y in comb(teeth, across=across))


ENTITY = b'<!DOCTYPE a [<!ENTITY b "c">]><alert/>'
LONG_BOWTIE = " ".join([*(f"-8.5,116.{n:03}" for n in range(1000)), "-8.4,116", "-8.6,116.5"])
STAR = " ".join(f"{-8.5 + sin(n * 3.14) / 10:.6f},{116.1 + cos(n * 3.14) / 10:.6f}" for n in range(900))
HALF_ROUND = SQUARE.replace(" ", " x,", 1)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"", "a CAP 1.2 alert"),
        (b"<alert", "not XML"),
        (ENTITY, "DOCTYPE"),
        (b"<alert/>", "no alert of CAP 1.2"),
        (message("x", info(), status="Exercise"), "Exercise"),
        (message("x", info(responseType="AllClear")), "Banjir: the danger is over. It warns of nothing any more."),
        (message("x", info(urgency="Past", event="Rob")), "Rob: the danger is over"),
        (message("x"), "no info with an area"),
        (message("x", info("")), "no info with an area"),
        (message("x", info(area(), area("Sekarbela", polygons=()))), "Sekarbela: no polygon or circle"),
        (message("x", info(area(polygons=(SQUARE, "-8,116 -9,116")))), "polygon -8,116 -9,116: fewer than three"),
        (message("x", info(area(polygons=(LONG_BOWTIE,)))), "1000 corners"),
        (message("x", info(area(polygons=(STAR,)))), "its edges cross each other too often"),
        (
            message("x", info(area(polygons=(comb_words(500), comb_words(500, across=True))))),
            "cross each other too often",
        ),
        (
            message("x", info(area(polygons=(comb_words(500),)), area(polygons=(comb_words(500, across=True),)))),
            "cross each other too often",
        ),
        (message("x", info(area(polygons=(HALF_ROUND,)))), "is no number"),
        (message("x", info(area(polygons=(), circles=("-8.5,116.1 2000",)))), "1000 km"),
    ],
)
def test_a_bad_cap_alert_is_refused(anyone: APIClient, sent: bytes, said: str) -> None:
    answer = anyone.post(IMPACT, sent, content_type="application/cap+xml")
    assert (answer.status_code, answer.json()["parameter"]) == (400, "body")
    assert said in answer.json()["detail"]


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ({"sent": "9999-01-01T00:00:00-00:00"}, "sent lies in the future"),
        ({"sent": "9999-12-31T23:59:00+00:00", "expires": ""}, "sent lies in the future"),
        ({"onset": "9999-12-31T23:59:00+00:00", "expires": ""}, "cannot be"),
        ({"expires": "2001-01-01T00:00:00+00:00"}, "cannot be"),
    ],
)
def test_times_that_cannot_be_are_refused_as_where_it_is_taken_in(
    anyone: APIClient, times: dict[str, str], said: str
) -> None:
    of_alert = {name: times[name] for name in times.keys() & {"sent"}}
    of_info = {name: times[name] for name in times.keys() - {"sent"}}
    sent = message("x", info(area(), **of_info), **of_alert)
    answer = anyone.post(IMPACT, sent, content_type="application/cap+xml")
    assert (answer.status_code, answer.json()["parameter"]) == (400, "body")
    assert said in answer.json()["detail"]


def test_a_cancellation_is_no_exercise(anyone: APIClient) -> None:
    sent = message("x", info(), msgType="Cancel")
    detail = anyone.post(IMPACT, sent, content_type="application/cap+xml").json()["detail"]
    assert detail == "msgType Cancel: a report is made of Alert, Update only."


def test_a_small_area_of_a_cap_alert_counts_beside_a_large_one(anyone: APIClient, feature_make: FeatureMake) -> None:
    """A triangle, less than a thousandth of the other: within one area that would be a sliver."""
    scene_make(feature_make)
    triangle = " ".join(f"{y},{x}" for x, y in RING[:3] + RING[:1])
    far = "-11,119 -11,121 -10,121 -10,119 -11,119"
    both, alone = (
        anyone.post(IMPACT, message("x", info(*areas)), content_type="application/cap+xml").json()
        for areas in ([area("Jauh", polygons=(far,)), area(polygons=(triangle,))], [area(polygons=(triangle,))])
    )
    assert both["people"]["affected"] == alone["people"]["affected"] > 0


def test_what_was_mended_of_a_cap_alert_is_told(anyone: APIClient, feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    sliver = "-8.60,116.1 -8.60,116.1001 -8.6001,116.1 -8.60,116.1"
    over = info(area("Lembar"), event="Rob", responseType="AllClear")
    sent = message("x", info(area(polygons=(SQUARE, sliver)), severity="Unknown"), over)
    note = anyone.post(IMPACT, sent, content_type="application/cap+xml").json()["note"]
    told = "severity Unknown: taken as medium; Rob: the danger is over; Ampenan: 1 slivers dropped."
    assert f"The alert: {told}" in note


def test_of_many_notes_on_a_cap_alert_the_first_are_told(anyone: APIClient, feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    areas = [area(f"Lingkungan {n}", polygons=(f"-8.5,{n}.0 -8.4,{n}.1 -8.4,{n}.0 -8.5,{n}.1",)) for n in range(8)]
    note = anyone.post(IMPACT, message("x", info(*areas)), content_type="application/cap+xml").json()["note"]
    assert "Lingkungan 4: 1 polygon repaired; and 3 more." in note


def test_a_cap_alert_tells_the_same_as_where_it_is_taken_in(anyone: APIClient, feature_make: FeatureMake) -> None:
    """One entry for several languages, the hazard by its words, and an end where it says none."""
    scene_make(feature_make)
    further = "-8.30,116.40 -8.30,116.41 -8.29,116.41 -8.29,116.40 -8.30,116.40"
    infos = [info(language=language, headline=name, expires="") for language, name in (("en", "Flood"), ("id", "Air"))]
    sent = message("A-1", *infos, info(area(polygons=(further,)), event="Tsunami", severity="Minor"))
    at = f"{IMPACT}?datetime=2024-11-23T12:00:00%2B08:00"
    posted = anyone.post(at, sent, content_type="application/cap+xml").json()
    alert_import(alert_parse(sent))
    stored = anyone.post(at, {"alert": "A-1"}, format="json").json()

    assert [(one["code"], one["name"], one["hazard"]["code"], one["in_force"]) for one in posted["about"]] == [
        ("A-1", "Air / Flood", "101", False),
        ("A-1", "Banjir di Ampenan", "109", False),
    ]
    assert "no expires: it holds for 24 hours" in posted["note"]
    kept = [{**one, "code": "A-1"} for one in stored["about"]]
    times = ("valid_from", "valid_to", "observed_at")
    for one in posted["about"] + kept:
        one.update({name: datetime.fromisoformat(one[name]) for name in times})
    assert posted["about"] == kept


def test_circles_of_a_cap_alert_are_counted_before_they_are_drawn(anyone: APIClient) -> None:
    circles = tuple(f"-8.5,116.{n:04} 0.1" for n in range(600))
    sent = message("x", info(area(polygons=(), circles=circles), area(polygons=(), circles=("-8.4,116 1", *circles))))
    answer = anyone.post(IMPACT, sent, content_type="application/cap+xml")
    assert (answer.status_code, str(MAX_JOINED) in answer.json()["detail"]) == (413, True)


def test_a_cap_alert_of_too_many_vertices_is_refused(anyone: APIClient) -> None:
    polygon = " ".join(["-8.5,116.1"] * MAX_VERTICES)
    answer = anyone.post(
        IMPACT, message("x", info(area(polygons=(SQUARE, polygon)))), content_type="application/cap+xml"
    )
    assert answer.status_code == 413
    assert str(MAX_VERTICES) in answer.json()["detail"]
