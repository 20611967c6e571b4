"""``manage.py layer_import LAYER FILE``: the features of a file into a layer."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from layers.catalog import layer_get, layers
from layers.errors import Problem
from layers.importers.importer import ImportReport, layer_import
from layers.text import text

OPTIONS = {
    "--file-layer": (
        "NAME",
        text("lapisan mana dari berkas yang memuat beberapa", "which layer of a file that has several"),
    ),
    "--sql": (
        "SELECT",
        text(
            "baca jawaban kueri ini atas berkas (SQLite di GDAL), mis. untuk menyusun kode dari beberapa bidang atau "
            "mengambil satu titik dari tiap poligon dengan ST_PointOnSurface(geometry)",
            "read the answer of this query of the file (GDAL's SQLite), to compose a code of several fields, say, or "
            "to take a point of each polygon with ST_PointOnSurface(geometry)",
        ),
    ),
    "--crs": (
        "CRS",
        text(
            "CRS berkas yang tidak menyebutkannya, mis. EPSG:32750; tanpa ini bujur, lintang WGS 84",
            "CRS of a file that does not say, such as EPSG:32750; longitude, latitude in WGS 84 without it",
        ),
    ),
}

SWITCHES = {
    "--repair": text(
        "jadikan poligon yang tidak sah sah, alih-alih menolaknya",
        "make invalid polygons valid, instead of refusing them",
    ),
    "--skip-refused": text("tulis baris lainnya bila ada yang ditolak", "write the other rows where some are refused"),
    "--dry-run": text("jangan menulis apa pun, laporkan saja", "write nothing, only report"),
}


class Command(BaseCommand):
    help = str(
        text(
            "Memuat berkas geografis (apa pun yang dibaca GDAL) ke sebuah lapisan. Baris dicocokkan dengan kode: yang "
            "belum ada dibuat, yang berbeda diubah; bidang yang tidak ada di berkas dibiarkan. Bila satu baris saja "
            "ditolak, tidak ada yang ditulis, kecuali dengan --skip-refused.",
            "Load a geographic file (whatever GDAL reads) into a layer. Rows are matched by code: new ones are "
            "created, those that differ are changed; fields that the file does not have are left alone. Where even "
            "one row is refused, nothing is written, unless --skip-refused is given.",
        )
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("layer", metavar="LAYER", help=", ".join(layer.id for layer in layers()))
        parser.add_argument(
            "file", metavar="FILE", type=Path, help="GeoJSON, GeoPackage, Shapefile, KML, CSV, FlatGeobuf, …"
        )
        pairs: dict[str, Any] = {"type": _pair, "action": "append", "default": []}
        mapped = text(
            "bidang lapisan dan bidang berkas yang mengisinya, mis. name=NAMOBJ; nama yang sama tidak perlu disebut",
            "a field of the layer and the file's field that feeds it, such as name=NAMOBJ; equal names need no mention",
        )
        parser.add_argument("--map", metavar="FIELD=FILEFIELD", help=str(mapped), **pairs)
        constant = text(
            "nilai yang sama bagi semua baris, mis. hazard=108", "one value for all rows, such as hazard=108"
        )
        parser.add_argument("--set", metavar="FIELD=VALUE", help=str(constant), **pairs)
        parser.add_argument("--source", metavar="WORDS", help="= --set source=WORDS")
        parser.add_argument("--observed-at", metavar="TIME", help="= --set observed_at=TIME")
        for name, (metavar, words) in OPTIONS.items():
            parser.add_argument(name, metavar=metavar, help=str(words))
        for name, words in SWITCHES.items():
            parser.add_argument(name, action="store_true", help=str(words))
        told = text("tulis nasib tiap baris ke berkas CSV ini", "write what becomes of each row to this CSV file")
        parser.add_argument("--report", metavar="FILE.csv", type=Path, help=str(told))

    def handle(self, *, layer: str, file: Path, **options: Any) -> None:
        constants = [*options["set"]]
        constants += [(name, options[name]) for name in ("source", "observed_at") if options[name] is not None]
        passed = ("file_layer", "sql", "crs", "repair", "skip_refused", "dry_run", "report")
        try:
            report = layer_import(
                layer_get(layer),
                file,
                mapping=_once(options["map"]),
                constants=_once(constants),
                **{name: options[name] for name in passed},
            )
        except Problem as problem:
            raise CommandError(str(problem.detail)) from problem
        self.stdout.write(f"{layer}: {_summary(report)}")
        if report.unused:
            unused = ", ".join(report.unused)
            self.stdout.write(str(text(f"Tidak dipakai: {unused}", f"Not used: {unused}")))
        for refusal in report.refusals:
            self.stderr.write(f"  {refusal}")
        if report.refused > len(report.refusals):
            self.stderr.write(str(text("… (semuanya: --report FILE.csv)", "… (all of them: --report FILE.csv)")))
        if report.refused and not options["skip_refused"]:
            raise CommandError(
                text(
                    "Ada baris yang ditolak, jadi tidak ada yang ditulis. Perbaiki berkas, atau beri --skip-refused.",
                    "Rows were refused, so nothing was written. Mend the file, or give --skip-refused.",
                )
            )


def _pair(argument: str) -> tuple[str, str]:
    name, equals, value = argument.partition("=")
    if not (name and equals):
        raise ArgumentTypeError(text(f"{argument!r} bukan BIDANG=NILAI", f"{argument!r} is not FIELD=VALUE"))
    return name, value


def _once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise CommandError(text(f"{name!r} diberi dua kali.", f"{name!r} is given twice."))
        found[name] = value
    return found


def _summary(report: ImportReport) -> Any:
    repaired, outside = report.repaired, report.outside
    summary = text(
        f"{report.created} dibuat, {report.changed} diubah, {report.unchanged} tetap, {report.refused} ditolak"
        + (f", {repaired} geometri diperbaiki" if repaired else "")
        + (f", {outside} di luar batas lapisan: benarkah CRS dan urutan koordinatnya?" if outside else ""),
        f"{report.created} created, {report.changed} changed, {report.unchanged} left alone, {report.refused} refused"
        + (f", {repaired} geometries repaired" if repaired else "")
        + (f", {outside} outside the layer's extent: are CRS and axis order right?" if outside else ""),
    )
    return summary if report.written else text(f"tidak ditulis: {summary}", f"not written: {summary}")
