"""``manage.py raster_statistics RASTER``: what a raster says about each administrative area, as a table."""

import csv
from argparse import ArgumentParser
from typing import Any

import shapely
from django.core.management.base import BaseCommand, CommandError
from rasterio.errors import RasterioError

from layers.exports.tileset import progress
from layers.management.rasters import raster_add, raster_get
from layers.models import AdministrativeArea
from layers.services.raster_zonal import zonal
from layers.text import text

COLUMNS = ("quantity", "unit", "code", "name", "minimum", "mean", "maximum", "mapped")
SHARE = "share_"
"""Before a level: the columns after these; ``share_below`` is below the lowest level."""


class Command(BaseCommand):
    help = str(
        text(
            "Menulis statistik sebuah raster per wilayah administrasi sebagai CSV: terendah, rata-rata, tertinggi, dan "
            "bagian luas tiap tingkat; sel dihitung menurut bagiannya yang tercakup.",
            "Write a raster's statistics by administrative area as CSV: lowest, mean, highest, and the share of the "
            "area of each level; cells count by the share that is covered.",
        )
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        raster_add(parser)
        levels, usual = AdministrativeArea.Level.values, AdministrativeArea.Level.VILLAGE
        parser.add_argument("--level", choices=levels, default=usual)

    def handle(self, *, raster: str, level: str, **_: Any) -> None:
        known = raster_get(raster)
        areas = list(AdministrativeArea.objects.filter(level=level).order_by("code"))
        if not areas:
            raise CommandError(text(f"Tidak ada wilayah {level}.", f"There are no areas of the level {level}."))
        bands = list(known.bands.order_by("number"))
        shares = list(dict.fromkeys(one.level for band in bands for one in band.classes))
        writer = csv.writer(self.stdout, lineterminator="\n")
        writer.writerow([*COLUMNS, *(SHARE + (share or "below") for share in shares)])
        for band in bands:
            for area in progress(areas, f"{known.code}/{band.quantity}"):
                try:
                    (found,) = zonal(band, [(area.code, shapely.from_wkb(bytes(area.geom.wkb)))])
                except RasterioError as error:
                    raise CommandError(f"{known.file}: {error}") from error
                said = (found.minimum, found.mean, found.maximum, found.mapped, *map(found.shares.get, shares))
                writer.writerow([band.quantity, band.unit, area.code, area.name, *said])
