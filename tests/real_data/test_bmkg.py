"""Real messages of BMKG: a nowcast as CAP, a feed of felt earthquakes, the catalogue of the 2018 sequence.

They are not part of the project: the folder ``../shared/data`` beside the checkout holds them, where it is there.
"""

from pathlib import Path
from typing import Any

import pytest
import shapely
from cap_messages import faults
from django.conf import settings
from django.contrib.gis.db.models.functions import Area
from django.core.management import call_command

from layers.models import DisasterZone, Earthquake

DATA = Path(settings.BASE_DIR).parent / "shared" / "data"
NOWCAST = DATA / "cap" / "bmkg_nowcast_CGT20260924002_id.xml"
QUAKES = DATA / "earthquakes"

pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason="there is no folder ../shared/data beside the checkout"),
    pytest.mark.django_db,
]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(command: str, *arguments: object) -> str:
        call_command(command, *map(str, arguments))
        return capsys.readouterr().out

    return run


def test_a_nowcast(run: Any) -> None:
    """Two of its four polygons are triangles of a few hectares, left by a tool; the other two share an edge."""
    assert faults(NOWCAST.read_bytes()) == []

    out = run("cap_import", NOWCAST)

    assert out == (
        f"{NOWCAST}: 2.49.0.1.360.0.2026.09.24.07.75.002: 1 zona dibuat, 0 diakhiri\n"
        "  Gorontalo: 2 serpihan dibuang\n"
        "  masa berlakunya sudah lewat\n"
    )
    zone = DisasterZone.objects.annotate(square_metres=Area("geom")).get()
    assert (zone.hazard, zone.level, zone.kind, zone.declared_area) == ("105", "sedang", "peringatan", "Gorontalo")
    assert [str(moment) for moment in (zone.valid_from, zone.valid_to)] == [
        "2026-09-24 07:27:00+00:00",
        "2026-09-24 09:27:00+00:00",
    ]
    written = [
        shapely.Polygon([tuple(map(float, pair.split(",")))[::-1] for pair in line.split(">")[1].split("<")[0].split()])
        for line in NOWCAST.read_text().splitlines()
        if "<polygon>" in line
    ]
    stored = shapely.from_wkt(zone.geom.wkt)
    assert stored.symmetric_difference(shapely.union_all(written)).area < 0.001 * stored.area
    assert run("cap_import", NOWCAST.parent).endswith("sudah dikenal, dibiarkan\n")


def test_a_feed_of_felt_earthquakes(run: Any) -> None:
    feed = QUAKES / "bmkg_gempadirasakan_sample.json"
    assert run("quake_import", feed) == f"{feed}: 15 dibuat, 0 diubah, 0 tetap, 0 ditolak\n"
    assert run("quake_import", feed) == f"{feed}: 0 dibuat, 0 diubah, 15 tetap, 0 ditolak\n"

    newest = Earthquake.objects.latest("observed_at")
    assert (newest.code, str(newest.observed_at), newest.geom.coords, newest.magnitude, newest.depth, newest.mmi) == (
        "bmkg-20251224123034",
        "2025-12-24 05:30:34+00:00",
        (102.6, -4.46),
        4.6,
        30,
        3,
    )


def test_the_sequence_of_2018(run: Any) -> None:
    """A catalogue goes in as any file does."""
    sql = """
    SELECT 'bmkg-' || time_utc AS code, 'M ' || mag || ', Lombok' AS name, time_utc AS observed_at, mag AS magnitude,
        depth_km AS depth, geometry
    FROM bmkg_lombok_2018_sequence
    """
    run("layer_import", "earthquakes", QUAKES / "bmkg_lombok_2018_sequence.csv", "--sql", sql, "--source", "BMKG")

    assert Earthquake.objects.count() == 2244
    largest = Earthquake.objects.order_by("-magnitude")[:2]
    assert [(str(quake.observed_at)[:16], quake.magnitude) for quake in largest] == [
        ("2018-08-19 14:56", 6.9),
        ("2018-08-05 11:46", 6.8),
    ]
