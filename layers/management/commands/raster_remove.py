"""``manage.py raster_remove RASTER``: a raster out of the portal."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from layers.importers.rasters import raster_remove
from layers.management.rasters import raster_add, raster_get
from layers.services.raster_zones import zones_of
from layers.text import text


class Command(BaseCommand):
    help = str(
        text(
            "Menarik raster yang keliru dimuat: pendaftaran, pita, dan berkasnya. Zona bencana yang dibuat darinya "
            "tetap ada.",
            "Withdraw a raster that was imported wrongly: its registration, bands and files. Disaster zones that were "
            "made from it stay.",
        )
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        raster_add(parser)

    def handle(self, *, raster: str, **_: Any) -> None:
        known = raster_get(raster)
        try:
            raster_remove(known)
        except OSError as error:
            left = text("tidak terdaftar lagi, berkasnya tersisa", "not registered any more, its file is left")
            raise CommandError(f"{known.code}: {left}: {error}") from error
        told = str(text(f"{known.name} dihapus dengan berkasnya.", f"{known.name} removed with its files."))
        if zones := list(zones_of(known).values_list("code", flat=True)):
            codes = ", ".join(zones)
            stay = text(
                f"{len(zones)} zona bencana darinya tetap ada: {codes}; dapat dihapus di /admin/.",
                f"Disaster zones made from it stay, {len(zones)}: {codes}; they can be deleted in /admin/.",
            )
            told = f"{told} {stay}"
        self.stdout.write(f"{known.code}: {told}")
