"""``manage.py layer_export LAYER FILE``: a layer's features into a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from layers.catalog import layer_get, layers
from layers.errors import Problem
from layers.exports.writer import layer_export
from layers.text import text


class Command(BaseCommand):
    help = str(
        text(
            "Menulis semua fitur sebuah lapisan ke berkas: hanya atribut yang diterbitkan, tanpa data pribadi. "
            "Shapefile memendekkan nama bidang menjadi sepuluh huruf dan teks menjadi 254; format lain tidak.",
            "Write all features of a layer to a file: only the attributes that are published, no personal data. "
            "Shapefile shortens names to ten letters and text to 254; the other formats do not.",
        )
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("layer", metavar="LAYER", help=", ".join(layer.id for layer in layers()))
        parser.add_argument("file", metavar="FILE", type=Path, help="*.gpkg, *.geojson, *.csv, *.fgb, *.shp")
        replaced = text("ganti berkas yang sudah ada", "replace a file that exists")
        parser.add_argument("--overwrite", action="store_true", help=str(replaced))

    def handle(self, *, layer: str, file: Path, overwrite: bool, **_: Any) -> None:
        try:
            rows = layer_export(layer_get(layer), file, overwrite=overwrite)
        except Problem as problem:
            raise CommandError(str(problem.detail)) from problem
        self.stdout.write(str(text(f"{file}: {rows} fitur", f"{file}: {rows} features")))
