"""CAP messages as values, and their areas as geometries."""

from time import monotonic

import pytest
from cap_messages import SQUARE, area, info, message
from pyproj import Geod
from shapely import from_wkt
from shapely.geometry.base import BaseGeometry

from layers.errors import Problem
from layers.importers.cap import Area, alert_parse
from layers.importers.cap_areas import area_shape

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE alert [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(
        b'<!ENTITY a%d "%s">' % (n, (b"&a%s;" % (b"" if n == 1 else b"%d" % (n - 1))) * 10) for n in range(1, 12)
    )
    + b"]><alert>&a11;</alert>"
)
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'


def test_a_message_is_read_as_it_is_written() -> None:
    alert = alert_parse(
        message(
            "A-2",
            info(
                area(circles=("-8.58,116.1 2.5",)),
                language="en-GB",
                headline="Flood\n  in Ampenan",
                description="First.\nSecond.",
                responseType="Evacuate",
            ),
            references="uji@example.id,A-1,2024-11-22T09:00:00+08:00 lain@example.id,B,2024-11-22T08:00:00-00:00",
            msgType="Update",
        )
    )
    assert (alert.key, alert.sent.isoformat(), alert.message_type) == (
        "uji@example.id,A-2",
        "2024-11-22T02:00:00+00:00",
        "Update",
    )
    assert alert.replaces == ("uji@example.id,A-1", "lain@example.id,B")
    (said,) = alert.infos
    assert (said.language, said.words) == (
        "en-GB",
        {
            "category": ["Met"],
            "event": "Banjir",
            "responseType": ["Evacuate"],
            "urgency": "Immediate",
            "severity": "Severe",
            "certainty": "Likely",
            "headline": "Flood in Ampenan",
            "description": "First.\nSecond.",
        },
    )
    assert said.areas == (Area("Ampenan", (SQUARE,), ("-8.58,116.1 2.5",)),)
    assert (said.effective.isoformat(), said.onset) == ("2024-11-22T02:30:00+00:00", None)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        (b"", "bukan XML"),
        (b"\x00\x01", "bukan XML"),
        (b"{}", "bukan XML"),
        (b"<?xml version='1.0' encoding='klingon'?><a/>", "bukan XML"),
        (message()[:-3], "bukan XML"),
        (b"<alert/>", "bukan alert CAP 1.2"),
        (message().replace(b"cap:1.2", b"cap:1.1"), "bukan alert CAP 1.2"),
        (BOMB, "DOCTYPE"),
        (OUTSIDE, "DOCTYPE"),
        (message(identifier=""), "identifier tidak ada"),
        (message("a b"), "identifier tidak ada, atau memuat spasi"),
        (message(sender="a,b"), "sender tidak ada, atau memuat"),
        (message(sent=""), "sent tidak ada"),
        (message(sent="2024-11-22T10:00:00"), "sent: '2024-11-22T10:00:00' bukan waktu dengan selisih"),
        (message(sent="kemarin"), "sent: 'kemarin' bukan waktu"),
        (message(sent="0001-01-01T00:00:00+08:00"), "sent: '0001-01-01T00:00:00+08:00' bukan waktu"),
        (message(status="Nyata"), "status: 'Nyata' tidak ada; yang ada: Actual, "),
        (message(msgType="Cancel", references="A-1"), "references: 'A-1' bukan sender,identifier,sent"),
        (message("A", info(severity="Parah")), "severity: 'Parah' tidak ada"),
        (message("A", info(category="")), "category tidak ada"),
        (message("A", info(event="")), "event tidak ada"),
        (message("A", info(expires="besok")), "expires: 'besok' bukan waktu"),
    ],
)
def test_what_is_no_message_is_refused_at_once(document: bytes, fault: str) -> None:
    start = monotonic()
    with pytest.raises(Problem) as problem:
        alert_parse(document)
    assert fault in str(problem.value.detail)
    assert monotonic() - start < 20


@pytest.mark.parametrize(
    ("written", "read"), [("", "en-US"), ("id", "id"), ("en_GB", "en-GB"), ("Bahasa Indonesia", "und")]
)
def test_languages_are_those_of_the_standard(written: str, read: str) -> None:
    assert alert_parse(message("A", info(language=written))).infos[0].language == read


def test_deep_nesting_harms_nobody() -> None:
    depth = 200_000
    with pytest.raises(Problem, match="bukan alert CAP"):
        alert_parse(b"<a>" * depth + b"</a>" * depth)


def shape(polygons: tuple[str, ...] = (), circles: tuple[str, ...] = ()) -> tuple[BaseGeometry | None, list[str]]:
    found = area_shape(Area("x", polygons, circles))
    return found.geometry and from_wkt(found.geometry.wkt), found.mended + found.left_out


def test_latitude_comes_first() -> None:
    found, notes = shape((SQUARE,))
    assert (found.bounds, found.geom_type, notes) == ((116.05, -8.6, 116.15, -8.5), "MultiPolygon", [])  # type: ignore[union-attr]


@pytest.mark.parametrize(("latitude", "radius"), [(-8.58, 5), (0, 100), (60, 300), (-8.58, 0.05)])
def test_a_circle_is_one_on_the_ellipsoid(latitude: float, radius: float) -> None:
    found, notes = shape(circles=(f"{latitude},116.1 {radius}",))
    assert found
    assert notes == []
    earth = Geod(ellps="WGS84")
    corners = found.geoms[0].exterior.coords[:]
    for longitude, y in corners:
        assert earth.inv(116.1, latitude, longitude, y)[2] == pytest.approx(radius * 1000, rel=1e-6)
    area_, _ = earth.geometry_area_perimeter(found)
    assert abs(area_) == pytest.approx(3.141592653589793 * (radius * 1000) ** 2, rel=1e-3)


def test_what_is_wrong_is_mended_dropped_or_told() -> None:
    bowtie = "-8.6,116.0 -8.5,116.1 -8.6,116.1 -8.5001,116.001 -8.5001,116.0 -8.5,116.001"
    island = "-8.700,116.0 -8.701,116.0 -8.701,116.001 -8.700,116.001"
    triangle = "-8.800,116.0 -8.801,116.0 -8.800,116.001"
    found, notes = shape(
        (bowtie, island, triangle, "-8,116 -9,116", "116.1,-8.6 116.2,-8.6 116.2,-8.5", "a,b"), ("-8.6,116.1 0",)
    )
    assert found
    assert found.is_valid
    assert sorted(round(part.area, 7) for part in found.geoms) == [0.000001, 0.0024837, 0.0024887]
    assert notes == [
        "1 poligon diperbaiki",
        "1 serpihan dibuang",
        "1 serpihan dibuang",
        "polygon -8,116 -9,116: kurang dari tiga sudut",
        "polygon 116.1,-8.6 116.2,-8.6 116.2,-8.5: 116.1,-8.6 di luar dunia; CAP menulis lintang,bujur",
        "polygon a,b: 'a' bukan bilangan",
        "circle -8.6,116.1 0: jari-jari harus lebih dari 0, paling besar 1000 km",
    ]


@pytest.mark.parametrize("circle", ["-8,179.99 100", "89.9,0 100"])
def test_no_shape_goes_around_the_world(circle: str) -> None:
    found, notes = shape(circles=(circle,))
    assert found is None
    assert notes[0].endswith("melintasi bujur 180 atau memuat kutub")


@pytest.mark.parametrize("words", ["nan,116 -8,116 -8,117", "inf,1 1,1 1,2", "", "1,1 1,1 1,1 1,1"])
def test_nothing_is_made_of_nothing(words: str) -> None:
    found, notes = shape((words,))
    assert found is None
    assert "tidak ada poligon atau lingkaran yang terpakai" in notes
