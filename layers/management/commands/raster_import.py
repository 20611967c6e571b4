"""``manage.py raster_import FILE``: a raster of a hazard into the portal."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from layers.errors import Problem
from layers.importers.rasters import raster_import
from layers.management.rasters import breaks_parse, raster_said, raster_summary, said_add
from layers.models import DisasterZone, RasterBand
from layers.text import text


class Command(BaseCommand):
    help = str(
        text(
            "Memuat raster bahaya (apa pun yang dibaca GDAL): diperiksa, ditulis sebagai Cloud-Optimised GeoTIFF di "
            "RASTERS_FOLDER, dan didaftarkan. Kode yang sudah ada diganti.",
            "Load a hazard raster (whatever GDAL reads): checked, written as a Cloud-Optimised GeoTIFF to "
            "RASTERS_FOLDER, and registered. A raster of the same code is replaced.",
        )
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--hazard", required=True, choices=DisasterZone.Hazard.values)
        parser.add_argument("--quantity", required=True, choices=RasterBand.Quantity.values)
        # a percent sign in a choice upsets argparse's own formatting
        parser.add_argument("--unit", required=True, metavar="UNIT", help=_listed(RasterBand.Unit.values))
        said_add(parser)
        parser.add_argument("--observed-at", metavar="TIME")
        parser.add_argument("--band", metavar="NUMBER", type=int, help=str(text("pita berkas", "band of the file")))
        nothing = text("nilai yang berarti tidak dipetakan", "the value that means not mapped")
        parser.add_argument("--nodata", metavar="VALUE", type=float, help=str(nothing))

    def handle(self, *, file: Path, **options: Any) -> None:
        try:
            raster = raster_said(options, file.stem, options["hazard"], options["observed_at"])
            band = RasterBand(
                quantity=options["quantity"],
                unit=options["unit"],
                breaks=breaks_parse(options["breaks"]),
                breaks_source=options["breaks_source"],
            )
            raster_import(file, raster, band, number=options["band"], nodata=options["nodata"])
        except Problem as problem:
            raise CommandError(str(problem.detail)) from problem
        self.stdout.write(f"{raster.code}: {raster_summary(raster, [band])}")


def _listed(codes: list[str]) -> str:
    return ", ".join(codes).replace("%", "%%")
