"""``manage.py tiles_export FILE.pmtiles``: the vector tiles of an area as one file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from layers.errors import Problem
from layers.exports.tileset import Pyramid, tileset_export
from layers.management.tiles import area_add, layers_chosen
from layers.text import text


class Command(BaseCommand):
    help = str(
        text(
            "Menulis petak vektor ke sebuah arsip PMTiles, untuk CDN atau gawai tanpa jaringan: semua lapisan, atau "
            "yang disebut, pada satu keadaan data; dari zona bencana hanya yang berlaku saat ini.",
            "Write vector tiles to a PMTiles archive, for a CDN or a device without network: all layers or those that "
            "are named, at one state of the data; of disaster zones what is valid now.",
        )
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE.pmtiles", type=Path)
        area_add(parser)
        replaced = text("ganti berkas yang sudah ada", "replace a file that exists")
        parser.add_argument("--overwrite", action="store_true", help=str(replaced))

    def handle(
        self, *, file: Path, collections: list[str] | None, zooms: str, bbox: str | None, overwrite: bool, **_: Any
    ) -> None:
        try:
            layers = layers_chosen(collections)
            written = tileset_export(layers, Pyramid.parse(zooms, bbox, layers), file, overwrite=overwrite)
        except Problem as problem:
            raise CommandError(str(problem.detail)) from problem
        self.stdout.write(str(text(f"{file}: {written} petak", f"{file}: {written} tiles")))
