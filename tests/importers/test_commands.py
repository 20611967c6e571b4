"""``manage.py layer_import``, ``layer_export`` and ``samples_load``, as people type them."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import IntegrityError, connection

from layers.catalog import layers
from layers.management.commands import layer_export, layer_import
from layers.models import AdministrativeArea, Market, PlacedFeature

Output = tuple[str, str]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    """What a command line writes to stdout and stderr; CommandError where it fails."""

    def run(command: type[BaseCommand], *arguments: object) -> Output:
        call_command(command(), *map(str, arguments))
        return tuple(capsys.readouterr())

    return run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "pasar.csv"
    path.write_text(
        "KODE,NAMOBJ,JENIS,lon,lat\nA,Sindu,Pasar rakyat,116.13,-8.58\nB,Mandalika,Pasar induk,116.15,-8.60\n"
    )
    return path


MAPPED = ("--map", "code=KODE", "--map", "name=NAMOBJ", "--map", "type=JENIS")


def test_import(db: None, run: Any, file: Path) -> None:
    options = (
        *MAPPED,
        "--source",
        "Dinas Perdagangan",
        "--observed-at",
        "2026-11-01 08:00",
        "--set",
        "sni_certified=ya",
    )

    assert run(layer_import.Command, "markets", file, *options) == (
        "markets: 2 dibuat, 0 diubah, 0 tetap, 0 ditolak\n",
        "",
    )
    sindu = Market.objects.get(code="A")
    assert (sindu.source, str(sindu.observed_at), sindu.sni_certified) == (
        "Dinas Perdagangan",
        "2026-11-01 00:00:00+00:00",
        True,
    )
    assert (
        run(layer_import.Command, "markets", file, *options)[0] == "markets: 0 dibuat, 0 diubah, 2 tetap, 0 ditolak\n"
    )


def test_refused_rows_fail_the_command(db: None, run: Any, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with file.open("a") as rows:
        rows.writelines(f"C{n},Mal,mal,116.1,-8.58\n" for n in range(21))

    with pytest.raises(CommandError, match="tidak ada yang ditulis"):
        run(layer_import.Command, "markets", file, *MAPPED, "--source", "x", "--report", file.with_name("r.csv"))

    out, err = capsys.readouterr()
    assert out == "markets: tidak ditulis: 2 dibuat, 0 diubah, 0 tetap, 21 ditolak\n"
    assert err.splitlines()[0].startswith("  baris 3 (C0): type: Nilai 'mal' bukan pilihan yang valid. Yang ada: ")
    assert len(err.splitlines()) == 21
    assert err.splitlines()[-1] == "… (semuanya: --report FILE.csv)"
    assert len(file.with_name("r.csv").read_text().splitlines()) == 24
    assert not Market.objects.exists()

    out, _ = run(layer_import.Command, "markets", file, *MAPPED, "--source", "x", "--skip-refused")
    assert out == "markets: 2 dibuat, 0 diubah, 0 tetap, 21 ditolak\n"
    assert Market.objects.count() == 2


def test_a_dry_run(db: None, run: Any, file: Path) -> None:
    out, _ = run(layer_import.Command, "markets", file, *MAPPED, "--source", "x", "--dry-run")

    assert out == "markets: tidak ditulis: 2 dibuat, 0 diubah, 0 tetap, 0 ditolak\n"
    assert not Market.objects.exists()


@pytest.mark.parametrize(("switches", "written"), [((), ""), (("--dry-run",), "tidak ditulis: ")])
def test_columns_that_were_not_used_are_told(
    db: None, run: Any, file: Path, switches: tuple[str, ...], written: str
) -> None:
    file.write_text(
        file.read_text()
        .replace("JENIS,", "JENIS,kios,lapak,")
        .replace("rakyat,", "rakyat,999,1,")
        .replace("induk,", "induk,9,1,")
    )

    out, err = run(layer_import.Command, "markets", file, *MAPPED, "--source", "x", *switches)

    assert out.splitlines() == [
        f"markets: {written}2 dibuat, 0 diubah, 0 tetap, 0 ditolak",
        "Tidak dipakai: kios, lapak",
    ]
    assert err == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("pasar", "x.csv"), "Tidak ada koleksi 'pasar'. Yang ada: administrative_areas, markets"),
        (("markets", "/nowhere/x.csv"), "Tidak ada berkas /nowhere/x.csv."),
        (("markets", "x.csv", "--map", "name"), "'name' bukan BIDANG=NILAI"),
        (("markets", "x.csv", "--set", "=1"), "'=1' bukan BIDANG=NILAI"),
        (("markets", "x.csv", "--set", "source=a", "--source", "b"), "'source' diberi dua kali."),
        (("markets", "x.csv", "--map", "name=A", "--map", "name=B"), "'name' diberi dua kali."),
    ],
)
def test_what_does_not_fit_is_told(db: None, run: Any, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(CommandError) as error:
        run(layer_import.Command, *arguments)

    assert message in str(error.value)


def test_a_fault_of_the_database_is_told(db: None, run: Any, file: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE layers_market ADD COLUMN extra int NOT NULL")

    with pytest.raises(IntegrityError, match="null value in column"):
        run(layer_import.Command, "markets", file, *MAPPED, "--source", "x")


def test_export_and_back(db: None, run: Any, file: Path, tmp_path: Path) -> None:
    run(layer_import.Command, "markets", file, *MAPPED, "--source", "x")
    target = tmp_path / "out.gpkg"

    assert run(layer_export.Command, "markets", target) == (f"{target}: 2 fitur\n", "")
    with pytest.raises(CommandError, match="--overwrite"):
        run(layer_export.Command, "markets", target)
    assert run(layer_export.Command, "markets", target, "--overwrite")[0] == f"{target}: 2 fitur\n"
    assert run(layer_import.Command, "markets", target)[0] == "markets: 0 dibuat, 0 diubah, 2 tetap, 0 ditolak\n"


def test_samples_fill_an_empty_portal_and_only_that(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    files = {layer.id: settings.BASE_DIR / "fixtures" / f"{layer.id}.geojson" for layer in layers()}
    counts = {id: len(json.loads(file.read_text())["features"]) for id, file in files.items()}

    call_command("samples_load")

    assert capsys.readouterr() == ("".join(f"{id}: {count} contoh\n" for id, count in counts.items()), "")
    assert {layer.id: layer.model._default_manager.count() for layer in layers()} == counts
    points = [layer.model for layer in layers() if layer.geometry_type == "Point"]
    placed = [model for model in points if issubclass(model, PlacedFeature)]
    assert not [one for model in placed for one in model._default_manager.filter(area="")]

    AdministrativeArea.objects.all().delete()
    call_command("samples_load")
    assert capsys.readouterr().out.startswith("Data contoh dilewati: sudah ada isi di markets")
    assert not AdministrativeArea.objects.exists()
