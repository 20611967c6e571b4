"""``manage.py shakemap_import grid.xml``: a ShakeMap of BMKG or USGS as a raster."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from layers.errors import Problem
from layers.importers.shakemap import shakemap_import
from layers.management.rasters import breaks_parse, raster_said, raster_summary, said_add
from layers.text import text


class Command(BaseCommand):
    help = str(
        text(
            "Memuat grid.xml sebuah ShakeMap sebagai raster dengan MMI, PGA, dan PGV. Waktu dan sifatnya disebut di "
            "sini, karena kepala berkas dapat salah; berlaku sejak waktu gempa bila --valid-from tidak disebut.",
            "Load the grid.xml of a ShakeMap as a raster of MMI, PGA and PGV. Time and kind are given here, for the "
            "file's header can be wrong; it is valid from the time of the earthquake where --valid-from is not given.",
        )
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="grid.xml", type=Path)
        parser.add_argument("--event-time", metavar="TIME", required=True)
        said_add(parser)

    def handle(self, *, file: Path, **options: Any) -> None:
        try:
            raster = raster_said(options, "", "108", options["event_time"])
            raster.valid_from = raster.valid_from or raster.observed_at
            raster = shakemap_import(file, raster, breaks_parse(options["breaks"]), options["breaks_source"])
        except Problem as problem:
            raise CommandError(str(problem.detail)) from problem
        self.stdout.write(f"{raster.code}: {raster_summary(raster, list(raster.bands.all()))}")
