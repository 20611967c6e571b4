"""``raster_remove``: what goes, what stays, and that files go after the register only."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.test import Client
from django.utils.translation import override
from hazard_scene import AT
from rasters import CELL, NORTH, WEST, raster_make
from rest_framework.test import APIClient

from layers.models import DisasterZone, Raster, RasterBand
from layers.services.raster_zones import zones_store

pytestmark = pytest.mark.django_db

PLACE = {"lon": WEST + CELL / 2, "lat": NORTH - CELL / 2}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.RASTERS_FOLDER = str(tmp_path / "rasters")
    return tmp_path / "rasters"


@pytest.fixture
def remove(django_capture_on_commit_callbacks: Any, capsys: pytest.CaptureFixture[str]) -> Any:
    """What the command printed, its transaction committed."""

    def run(code: str, language: str = "id") -> str:
        with django_capture_on_commit_callbacks(execute=True), override(language):
            call_command("raster_remove", code)
        return capsys.readouterr().out

    return run


def test_a_raster_goes_from_the_register_the_answers_and_the_disk(
    folder: Path, tmp_path: Path, remove: Any, client: Client, anyone: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> tuple[set[str], set[str]]:
        collections = {one["id"] for one in client.get("/oapi/collections?f=json").json()["collections"]}
        rasters = {one["raster"] for one in anyone.get(AT, PLACE).json()["rasters"]}
        return collections & {"banjir", "lain"}, rasters

    other = raster_make(tmp_path, [[0.7]], code="lain")
    monkeypatch.setattr("layers.models.raster.SQUARES", 2)
    raster = raster_make(tmp_path, [[0.1, 0.2, 0.9], [0.3, 0.4, -9999]], name="Bahaya banjir")
    assert raster.peaks_path.exists()
    assert told() == ({"banjir", "lain"}, {"banjir", "lain"})

    assert remove("banjir") == "banjir: Bahaya banjir dihapus dengan berkasnya.\n"

    assert told() == ({"lain"}, {"lain"})
    assert client.get("/oapi/collections/banjir").status_code == 404
    assert [band.raster for band in RasterBand.objects.all()] == list(Raster.objects.all()) == [other]
    assert [path.name for path in folder.iterdir()] == [other.file]


def test_zones_that_were_made_from_it_stay_and_are_named(tmp_path: Path, remove: Any) -> None:
    raster = raster_make(tmp_path, [[0.1, 0.5]])
    zones_store(raster)
    zones_store(raster_make(tmp_path, [[0.1, 0.5]], code="banjir-2"))

    assert remove("banjir").partition(". ")[2] == (
        "2 zona bencana darinya tetap ada: banjir-rendah, banjir-sedang; dapat dihapus di /admin/.\n"
    )
    assert remove("banjir-2", "en") == (
        "banjir-2: banjir-2 removed with its files. Disaster zones made from it stay, 2: banjir-2-rendah, "
        "banjir-2-sedang; they can be deleted in /admin/.\n"
    )
    assert DisasterZone.objects.count() == 4


def test_an_unknown_code_is_refused(tmp_path: Path) -> None:
    raster = raster_make(tmp_path, [[0.5]])

    with pytest.raises(CommandError, match=r"Tidak ada raster 'nihil'. Yang ada: banjir\."):
        call_command("raster_remove", "nihil")

    assert raster.path.exists()


def test_a_file_that_is_missing_already_is_no_fault(tmp_path: Path, remove: Any) -> None:
    raster_make(tmp_path, [[0.5]]).path.unlink()
    assert remove("banjir").startswith("banjir: ")
    assert not Raster.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_file_that_cannot_be_removed_is_told(tmp_path: Path) -> None:
    raster = raster_make(tmp_path, [[0.5]])
    raster.path.unlink()
    raster.path.mkdir()

    with pytest.raises(CommandError, match=f"tidak terdaftar lagi, berkasnya tersisa: .*{raster.file}"):
        call_command("raster_remove", "banjir")

    assert not Raster.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_where_the_transaction_fails_the_files_stay(folder: Path, tmp_path: Path) -> None:
    """At its very end: what refers to the row is looked for at COMMIT."""
    raster = raster_make(tmp_path, [[0.5]])
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE refers (id bigint REFERENCES layers_raster DEFERRABLE INITIALLY DEFERRED)")
        cursor.execute("INSERT INTO refers VALUES (%s)", [raster.pk])
    try:
        with pytest.raises(IntegrityError, match="refers"):
            call_command("raster_remove", "banjir")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE refers")

    assert Raster.objects.get().bands.count() == 1
    assert [path.name for path in folder.iterdir()] == [raster.file]
