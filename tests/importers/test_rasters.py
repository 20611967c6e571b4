"""``raster_import``: what comes in, how it is kept, and what is refused with nothing written."""

import os
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path
from subprocess import run
from typing import Any

import numpy as np
import pytest
import rasterio
from conftest import in_the_background
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import IntegrityError, InterfaceError, connection
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import Affine, from_origin
from rasters import CELL, DEGREES, NORTH, WEST, raster_make, raster_write

from layers.errors import Problem
from layers.importers.rasters import raster_import
from layers.models import Raster, RasterBand
from layers.scratch import scratch_folder

pytestmark = pytest.mark.django_db

OPTIONS = ("--hazard", "101", "--quantity", "indeks", "--unit", "indeks", "--kind", "peta_bahaya", "--source", "BNPB")
VALUES = np.array([[0.1, 0.5, -9999], [0.9, 0.3, 0.2]], np.float32)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.RASTERS_FOLDER = str(tmp_path / "rasters")
    return tmp_path / "rasters"


def test_a_raster_is_kept_as_a_cog_and_registered(folder: Path, tmp_path: Path, capsys: Any) -> None:
    file = raster_write(tmp_path / "Indeks.tif", VALUES)

    call_command(
        "raster_import", str(file), *OPTIONS, "--breaks", "0,33/0.66", "--breaks-source", "InaRISK",
        "--observed-at", "2024-06-01", "--name", "Bahaya banjir",
    )  # fmt: skip

    assert capsys.readouterr().out == "indeks: 3 × 2 sel, indeks 0.1 – 0.9 indeks, 83.3% terpetakan\n"
    raster = Raster.objects.get()
    band = raster.bands.get()
    assert (raster.code, raster.name, raster.hazard, raster.kind, raster.source) == (
        "indeks", "Bahaya banjir", "101", "peta_bahaya", "BNPB",
    )  # fmt: skip
    assert (raster.crs, raster.width, raster.height) == ("EPSG:4326", 3, 2)
    assert raster.bbox == pytest.approx([WEST, NORTH - 2 * CELL, WEST + 3 * CELL, NORTH])
    assert raster.observed_at == datetime(2024, 5, 31, 16, tzinfo=UTC)
    assert (band.number, band.quantity, band.unit, band.breaks, band.breaks_source) == (
        1, "indeks", "indeks", [0.33, 0.66], "InaRISK",
    )  # fmt: skip
    known = VALUES[VALUES >= 0].astype(float)
    assert (band.minimum, band.mean, band.maximum, band.deviation, band.mapped) == pytest.approx(
        (known.min(), known.mean(), known.max(), known.std(), 5 / 6)
    )
    assert [path.name for path in folder.iterdir()] == [raster.file]
    with rasterio.open(raster.path) as kept:
        assert kept.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert (kept.dtypes, kept.crs, kept.transform) == (("float32",), CRS.from_epsg(4326), DEGREES)
        assert (kept.descriptions, kept.units) == (("indeks",), ("indeks",))
        np.testing.assert_array_equal(kept.read(1), np.where(VALUES < 0, np.nan, VALUES))


def test_a_large_raster_is_tiled_and_has_overviews(tmp_path: Path) -> None:
    raster = raster_make(tmp_path, np.full((600, 700), 0.5), transform=from_origin(WEST, NORTH, 1e-4, 1e-4))

    with rasterio.open(raster.path) as kept:
        assert kept.block_shapes == [(128, 128)]
        assert kept.overviews(1) == [2, 4, 8]


def test_smooth_values_take_little_of_the_disk(tmp_path: Path) -> None:
    indices = np.linspace(0, 1, 256 * 256, dtype=np.float32).reshape(256, 256)
    raster = raster_make(tmp_path, indices, transform=from_origin(WEST, NORTH, 1e-4, 1e-4))

    with rasterio.open(raster.path) as kept:
        np.testing.assert_array_equal(kept.read(1), indices)
    assert raster.path.stat().st_size < indices.nbytes / 3


def test_scale_and_offset_are_applied(tmp_path: Path) -> None:
    file = raster_write(tmp_path / "skala.tif", np.array([[0, 50, 255]], np.uint8), nodata=255)
    with rasterio.open(file, "r+") as dataset:
        dataset.scales, dataset.offsets = (0.01,), (0.25,)

    raster = raster_import(file, *_said())

    with rasterio.open(raster.path) as kept:
        np.testing.assert_allclose(kept.read(1), [[0.25, 0.75, np.nan]])


def test_the_same_code_again_replaces_raster_and_file(
    folder: Path, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    first = raster_make(tmp_path, [[0.1]])
    with django_capture_on_commit_callbacks(execute=True):
        second = raster_make(tmp_path, [[0.2]])

    assert first.pk == second.pk
    assert second.version != first.version
    assert [band.maximum for band in RasterBand.objects.all()] == [pytest.approx(0.2)]
    assert [path.name for path in folder.iterdir()] == [second.file]


def test_peaks_come_and_go_with_a_large_raster(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr("layers.models.raster.SQUARES", 2)
    large = raster_make(tmp_path, [[0.1, 0.2, 0.9], [0.3, 0.4, -9999]])
    with rasterio.open(large.peaks_path) as peaks:
        np.testing.assert_allclose(peaks.read(1), [[0.4, 0.9]])
        assert peaks.bounds == (*DEGREES @ (0, 2), *DEGREES @ (4, 0))
    assert {path.name for path in folder.iterdir()} == {large.path.name, large.peaks_path.name}

    with django_capture_on_commit_callbacks(execute=True):
        small = raster_make(tmp_path, [[0.5]])
    assert [path.name for path in folder.iterdir()] == [small.file]


def test_a_band_of_several(tmp_path: Path) -> None:
    file = raster_write(tmp_path / "dua.tif", np.array([[[0.1]], [[0.7]]], np.float32))

    with pytest.raises(Problem, match="2 pita"):
        raster_import(file, *_said())
    with pytest.raises(Problem, match="pita 3"):
        raster_import(file, *_said(), number=3)

    assert raster_import(file, *_said(), number=2).bands.get().maximum == pytest.approx(0.7)


BAD = {
    "no CRS": ({"crs": None}, "tidak menyebutkan CRS"),
    "not placed": ({"transform": None}, "tidak menyebutkan CRS"),
    "rotated": ({"transform": DEGREES @ Affine.rotation(10)}, "diputar"),
    "south up": ({"transform": Affine(CELL, 0, WEST, 0, CELL, NORTH)}, "diputar"),
    "elsewhere": ({"transform": from_origin(10, 50, CELL, CELL)}, "di tempat lain"),
    "elsewhere in metres": (
        {"crs": "EPSG:32633", "transform": from_origin(500_000, 5_000_000, 10, 10)},
        "di tempat lain",
    ),
    "nodata not known": ({"nodata": None}, "--nodata"),
    "nodata is a value": ({"nodata": -1}, "-9999 sampai 0.9 tidak mungkin dalam satuan indeks"),
}


@pytest.mark.parametrize("case", BAD)
def test_an_unsound_file_is_refused(case: str, folder: Path, tmp_path: Path) -> None:
    changed, reason = BAD[case]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        file = raster_write(tmp_path / "buruk.tif", VALUES, **changed)

    with pytest.raises(CommandError, match=reason):
        call_command("raster_import", str(file), *OPTIONS)

    _nothing_written(folder)


def test_a_text_a_folder_and_a_truncated_file_are_refused(folder: Path, tmp_path: Path) -> None:
    words = tmp_path / "catatan.tif"
    words.write_text("bukan raster")
    cut = raster_write(tmp_path / "terpotong.tif", np.full((500, 500), 0.5, np.float32))
    cut.write_bytes(cut.read_bytes()[:50_000])

    for file, reason in (
        (words, "tidak terbaca sebagai raster"),
        (cut, "tidak terbaca sebagai raster"),
        (tmp_path, "Tidak ada berkas"),
        (tmp_path / "tidak-ada.tif", "Tidak ada berkas"),
    ):
        with pytest.raises(CommandError, match=reason):
            call_command("raster_import", str(file), *OPTIONS)

    _nothing_written(folder)


def test_a_raster_bomb_is_refused_before_a_cell_is_read(folder: Path, tmp_path: Path) -> None:
    """Sparse: 100 kilobytes that would unfold to 40 gigabytes."""
    bomb = tmp_path / "bom.tif"
    profile = {"driver": "GTiff", "count": 1, "dtype": "float32", "crs": "EPSG:4326", "nodata": -9999}
    side = 100_000
    with rasterio.open(
        bomb, "w", **profile, width=side, height=side, transform=from_origin(WEST, NORTH, 1e-6, 1e-6),
        sparse_ok=True, tiled=True, blockxsize=4096, blockysize=4096,
    ):  # fmt: skip
        pass
    assert bomb.stat().st_size < 1_000_000

    with pytest.raises(CommandError, match="100000 × 100000 sel; paling banyak"):
        call_command("raster_import", str(bomb), *OPTIONS)

    _nothing_written(folder)


SAID = {
    "code": ({"code": "Banjir 2024"}, "huruf kecil"),
    "code of a layer": ({"code": "markets"}, "nama lapisan"),
    "falling breaks": ({"breaks": [0.6, 0.3]}, "menaik"),
    "one break": ({"breaks": [0.6]}, "menaik"),
    "breaks of nobody": ({"breaks_source": ""}, "disebut bersama"),
    "hazard": ({"hazard": "999"}, "hazard"),
    "no source": ({"source": ""}, "source"),
    "a warning without an end": ({"kind": "peringatan"}, "awal dan akhir"),
    "unit": ({"unit": "kaki"}, "unit"),
}


@pytest.mark.parametrize("case", SAID)
def test_what_is_said_is_checked(case: str, folder: Path, tmp_path: Path) -> None:
    said, reason = SAID[case]

    with pytest.raises(Problem, match=reason):
        raster_make(tmp_path, [[0.5]], **said)

    _nothing_written(folder)


def test_breaks_and_times_that_are_none(folder: Path, tmp_path: Path) -> None:
    file = raster_write(tmp_path / "a.tif", VALUES)
    for extra, reason in ((("--breaks", "a/b"), "bukan bilangan"), (("--observed-at", "kemarin"), "--observed-at")):
        with pytest.raises(CommandError, match=reason):
            call_command("raster_import", str(file), *OPTIONS, *extra)
    _nothing_written(folder)


def test_where_the_register_refuses_the_file_goes_too(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise IntegrityError("no")

    monkeypatch.setattr("layers.importers.rasters.os.replace", refuse)
    with pytest.raises(IntegrityError):
        raster_make(tmp_path, [[0.5]])

    _nothing_written(folder)


@pytest.mark.django_db(transaction=True)
def test_of_two_first_imports_the_one_that_fails_leaves_the_file_of_the_other(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second comes when the first has registered its file and not placed it yet, and waits for it."""
    (tmp_path / "second").mkdir()
    threads = []

    def second() -> None:
        with pytest.raises(Problem, match="banjir baru saja dimuat oleh impor lain"):
            raster_make(tmp_path / "second", [[0.5]])

    def place(source: Path, target: Path) -> None:
        threads.append(in_the_background(second)[0])
        source.rename(target)

    monkeypatch.setattr("layers.importers.rasters.os.replace", place)
    raster = raster_make(tmp_path, [[0.5]])
    for thread in threads:
        thread.join()

    assert len(threads) == 1
    assert [path.name for path in folder.iterdir()] == [Raster.objects.get().file] == [raster.file]


@pytest.mark.django_db(transaction=True)
def test_the_file_stays_where_nobody_can_tell_whether_the_commit_came_to_pass(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def place_and_lose_the_database(source: Path, target: Path) -> None:
        source.rename(target)
        connection.connection.close()

    monkeypatch.setattr("layers.importers.rasters.os.replace", place_and_lose_the_database)
    with pytest.raises(InterfaceError):
        raster_make(tmp_path, [[0.5]])
    monkeypatch.undo()
    connection.close()
    kept = [path.name for path in folder.iterdir()]
    assert kept == [raster_make(tmp_path, [[0.5]]).file]


def test_what_a_killed_import_left_goes_with_the_next(folder: Path, tmp_path: Path) -> None:
    killed = """
import os, signal, sys
from layers.scratch import scratch_folder
with scratch_folder(sys.argv[1], ".import-") as made:
    (made / "cog.tif").touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""
    folder.mkdir()
    run([sys.executable, "-c", killed, str(folder)], cwd=settings.BASE_DIR)
    (left,) = folder.iterdir()
    assert list(left.iterdir())
    raster_make(tmp_path, [[0.5]])
    assert left.exists(), "it may be one that was made just now"

    os.utime(left, (0, 0))
    with scratch_folder(folder, ".import-") as held:
        assert not left.exists()
        os.utime(held, (0, 0))
        raster_make(tmp_path, [[0.5]])
        assert held.exists()
    assert [path.name for path in folder.iterdir()] == [Raster.objects.get().file]


def _said() -> tuple[Raster, RasterBand]:
    raster = Raster(code="a", name="A", hazard="101", kind="peta_bahaya", source="BNPB")
    return raster, RasterBand(quantity="indeks", unit="indeks", breaks=[])


def _nothing_written(folder: Path) -> None:
    assert not Raster.objects.exists()
    assert not folder.exists() or not list(folder.iterdir())
