"""``manage.py quake_import [FILE|URL]``: BMKG's earthquakes."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from layers.errors import Problem
from layers.importers.quakes import quakes_import
from layers.importers.remote import document_read
from layers.text import text

FEEDS = [
    f"https://data.bmkg.go.id/DataMKG/TEWS/{feed}.json" for feed in ("gempadirasakan", "gempaterkini", "autogempa")
]


class Command(BaseCommand):
    help = str(
        text(
            "Memuat gempa bumi dari umpan BMKG. Gempa yang sama dari beberapa umpan menjadi satu.",
            "Load earthquakes from BMKG's feeds. The same event of several feeds becomes one.",
        )
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        told = text(
            f"berkas JSON, atau alamat di peladen yang terdaftar di CAP_HOSTS; tanpa ini: {', '.join(FEEDS)}",
            f"a JSON file, or an address on a host that CAP_HOSTS lists; without it: {', '.join(FEEDS)}",
        )
        parser.add_argument("places", metavar="FILE|URL", nargs="*", default=FEEDS, help=str(told))

    def handle(self, *, places: list[str], **_: Any) -> None:
        refused = 0
        for place in places:
            try:
                report = quakes_import(document_read(place))
            except Problem as problem:
                raise CommandError(f"{place}: {problem.detail}") from problem
            for note in (*report.refused, *report.notes):
                self.stderr.write(f"  {note}")
            refused += len(report.refused)
            summary = text(
                f"{report.created} dibuat, {report.changed} diubah, {report.unchanged} tetap, "
                f"{len(report.refused)} ditolak",
                f"{report.created} created, {report.changed} changed, {report.unchanged} left alone, "
                f"{len(report.refused)} refused",
            )
            self.stdout.write(f"{place}: {summary}")
        if refused:
            raise CommandError(
                text(
                    f"{refused} gempa tidak dapat dipakai; yang lain tersimpan.",
                    f"{refused} events could not be used; the others are stored.",
                )
            )
