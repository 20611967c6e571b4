"""``manage.py raster_zones RASTER``: the classes of a raster as disaster zones."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from layers.errors import Problem
from layers.management.rasters import breaks_parse, raster_add, raster_get
from layers.services.raster_zones import zones_store
from layers.text import text


class Command(BaseCommand):
    help = str(
        text(
            "Membuat zona bencana dari kelas-kelas sebuah raster: satu zona tiap tingkat, disederhanakan tanpa celah, "
            "luasnya tetap sampai 1%. Zona yang dibuat raster itu sebelumnya diganti.",
            "Make disaster zones of the classes of a raster: one a level, simplified without gaps, their areas kept "
            "within 1%. Zones that the raster made before are replaced.",
        )
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        raster_add(parser)
        breaks = text("batas kelas; milik raster bila tidak disebut", "class breaks; the raster's own if not given")
        parser.add_argument("--breaks", metavar="NUMBERS", help=str(breaks))

    def handle(self, *, raster: str, breaks: str | None, **_: Any) -> None:
        known = raster_get(raster)
        try:
            stored = zones_store(known, None if breaks is None else breaks_parse(breaks))
        except Problem as problem:
            raise CommandError(str(problem.detail)) from problem
        for zone in stored:
            self.stdout.write(f"{zone.code}: {zone.name}")
