"""Classes of a raster as disaster zones."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from conftest import in_the_background, square
from django.core.management import CommandError, call_command
from django.db import transaction
from rasterio.transform import from_origin
from rasters import CELL, NORTH, WEST, raster_make

from layers.catalog import layer_get
from layers.models import DisasterZone, Raster
from layers.query.history import history_fetch
from layers.services.raster_zones import zones_store

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> None:
    settings.RASTERS_FOLDER = str(tmp_path / "rasters")


def shapes() -> dict[str, Any]:
    return {zone.level: shapely.from_wkb(bytes(zone.geom.wkb)) for zone in DisasterZone.objects.all()}


def hills(side: int = 300) -> np.ndarray:
    """Smooth, from 0 to 1, with a corner that is not mapped."""
    y, x = np.mgrid[0:side, 0:side] / side
    values = (np.sin(7 * x) * np.cos(5 * y) + 1) / 2
    values[:10, :15] = -9999
    return values


def test_a_class_becomes_a_zone_that_names_its_raster(tmp_path: Path, capsys: Any) -> None:
    raster_make(tmp_path, [[0.1, 0.5], [0.9, -9999]])

    call_command("raster_zones", "banjir")

    assert capsys.readouterr().out.splitlines() == [
        "banjir-rendah: banjir, 0.1 – 0.33 indeks",
        "banjir-sedang: banjir, 0.33 – 0.66 indeks",
        "banjir-tinggi: banjir, 0.66 – 0.9 indeks",
    ]
    zone = DisasterZone.objects.get(level="sedang")
    assert (zone.code, zone.hazard, zone.kind, zone.source, zone.unit, zone.breaks, zone.method) == (
        "banjir-sedang", "101", "peta_bahaya", "BNPB", "indeks", "0.33/0.66 (InaRISK)", "Raster banjir: indeks, 2 × 2",
    )  # fmt: skip
    assert (zone.value_min, zone.value_max) == (0.33, 0.66)
    ends = {zone.level: (zone.value_min, zone.value_max) for zone in DisasterZone.objects.exclude(level="sedang")}
    assert ends == {"rendah": (0.1, 0.33), "tinggi": (0.66, 0.9)}, "not 0.10000000149, as a 32-bit float holds it"
    assert zone.geom.extent == pytest.approx((WEST + CELL, NORTH - CELL, WEST + 2 * CELL, NORTH))


@pytest.mark.parametrize(
    "placed",
    [
        {"transform": from_origin(WEST, NORTH, 0.001, 0.0013)},
        {"crs": "EPSG:32750", "transform": from_origin(400_000, 9_051_000, 100, 80)},
    ],
    ids=["degrees", "metres"],
)
def test_outlines_are_simpler_without_gaps_and_areas_kept(placed: dict[str, Any], tmp_path: Path) -> None:
    cells = hills()
    raster = raster_make(tmp_path, cells, **placed)

    zones_store(raster)

    found = shapes()
    assert shapely.coverage_is_valid(list(found.values()))
    whole = sum(shape.area for shape in found.values())
    known = cells[cells >= 0]
    for number, level in enumerate(("rendah", "sedang", "tinggi")):
        share = np.mean(np.digitize(known, [0.33, 0.66]) == number)
        assert found[level].area / whole == pytest.approx(share, rel=0.02)
    outline = np.count_nonzero(np.diff(np.digitize(cells, [-1, 0.33, 0.66]), axis=0))
    assert sum(map(shapely.get_num_coordinates, found.values())) < outline / 2
    assert shapely.get_num_interior_rings(shapely.union_all(list(found.values()))) == 0


@pytest.mark.parametrize("side", [24, 60, 90])
def test_zones_lie_where_their_cells_do_also_of_coarse_rasters(side: int, tmp_path: Path) -> None:
    """What an outline gains here and loses there cancels out in its area."""
    y, x = np.mgrid[0:side, 0:side] / side
    cells = (np.sin(9 * x + 4 * y) * np.cos(8 * y - 5 * x) + 1) / 2
    raster = raster_make(tmp_path, cells)

    zones_store(raster)

    zones = shapes()
    assert shapely.coverage_is_valid(list(zones.values()))
    classes = np.digitize(cells.astype(np.float32), [0.33, 0.66])
    for number, level in enumerate(("rendah", "sedang", "tinggi")):
        squares = [
            shapely.box(WEST + column * CELL, NORTH - (row + 1) * CELL, WEST + (column + 1) * CELL, NORTH - row * CELL)
            for row, column in np.argwhere(classes == number)
        ]
        exact = shapely.union_all(squares)
        assert (zones[level] ^ exact).area <= 0.0101 * exact.area, level


def test_slivers_go_to_what_surrounds_them_but_not_where_they_matter(tmp_path: Path) -> None:
    speckled = np.full((60, 60), 0.1)
    speckled[30:, :] = 0.9
    speckled[10, 10] = speckled[50, 50] = 0.5
    speckled[20:25, 20:25] = 0.5
    zones_store(raster_make(tmp_path, speckled))
    assert [len(zone.geom) for zone in DisasterZone.objects.order_by("level")] == [
        1,
        3,
        1,
    ]  # 2 of 27 cells are more than 1%

    larger = np.full((200, 200), 0.1)
    larger[100:, :] = 0.9
    larger[10, 10] = 0.5
    larger[20:60, 20:60] = 0.5
    zones_store(raster_make(tmp_path, larger))
    assert [len(zone.geom) for zone in DisasterZone.objects.order_by("level")] == [1, 1, 1]


def test_what_is_below_the_lowest_level_is_no_zone(tmp_path: Path) -> None:
    raster = raster_make(tmp_path, [[0.05, 0.7]], quantity="kedalaman", unit="m", breaks=[0.1, 0.7, 1.5])

    assert [zone.level for zone in zones_store(raster)] == ["sedang"]
    assert zones_store(raster, [1.0, 2.0, 3.0]) == []
    assert not DisasterZone.objects.exists()


def test_again_replaces_in_place_and_the_journal_knows(tmp_path: Path) -> None:
    raster = raster_make(tmp_path, [[0.1, 0.5, 0.9]])
    before = {zone.level: zone.pk for zone in zones_store(raster)}

    call_command("raster_zones", "banjir", "--breaks", "0.6/0.95")

    after = {zone.level: zone.pk for zone in DisasterZone.objects.all()}
    assert after == {"rendah": before["rendah"], "sedang": before["sedang"]}
    assert DisasterZone.objects.get(level="sedang").breaks == "0.6/0.95"
    assert [edit.action for edit in history_fetch(layer_get("disaster_zones"), before["tinggi"], 10)] == [
        "delete",
        "add",
    ]


@pytest.mark.django_db(transaction=True)
def test_made_twice_at_once_there_is_one_zone_a_class(tmp_path: Path) -> None:
    raster = raster_make(tmp_path, [[0.1, 0.5, 0.9]])
    with transaction.atomic():
        first = zones_store(raster)
        thread, others = in_the_background(lambda: zones_store(raster))
    thread.join()
    assert [[zone.pk for zone in stored] for stored in others] == [[zone.pk for zone in first]]


def test_what_cannot_be_made_is_refused_with_nothing_written(tmp_path: Path) -> None:
    raster_make(tmp_path, [[0.5]], breaks=[], breaks_source="")
    raster_make(tmp_path, [[5]], code="pga", quantity="pga", unit="%g", breaks=[10, 20])
    raster_make(tmp_path, [[0.5]], code="hilang").path.unlink()
    raster_make(tmp_path, [[0.5]], code="milik")
    other = DisasterZone(
        code="milik-tinggi", name="A", hazard="101", level="tinggi", kind="peta_bahaya", source="B",
        geom=square(116.1, -8.6),
    )  # fmt: skip
    other.save()

    for arguments, reason in (
        (["nihil"], "Tidak ada raster 'nihil'. Yang ada: banjir, hilang, milik, pga"),
        (["banjir"], "tanpa batas kelas"),
        (["banjir", "--breaks", "3/2"], "menaik"),
        (["pga"], "besaran zona"),
        (["hilang"], "tidak terbaca"),
        (["milik"], "asal lain"),
    ):
        with pytest.raises(CommandError, match=reason):
            call_command("raster_zones", *arguments)

    assert list(DisasterZone.objects.all()) == [other]
    assert Raster.objects.count() == 4
