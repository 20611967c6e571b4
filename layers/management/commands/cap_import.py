"""``manage.py cap_import FILE|DIRECTORY|URL``: CAP alerts as disaster zones."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from layers.errors import Problem
from layers.importers.alerts import alert_import
from layers.importers.cap import Alert, alert_parse
from layers.importers.remote import document_read
from layers.models import DisasterZone
from layers.text import text

SUFFIXES = (".xml", ".cap")


class Command(BaseCommand):
    help = str(
        text(
            "Memuat alert CAP 1.2 sebagai zona bencana. Update dan Cancel mengakhiri yang digantikannya; latihan dan "
            "uji coba tidak dimuat; alert yang sama tidak dimuat dua kali.",
            "Load CAP 1.2 alerts as disaster zones. Update and Cancel end what they replace; exercises and tests are "
            "not taken in; the same alert is not taken in twice.",
        )
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        told = text(
            "berkas, folder berisi berkas .xml dan .cap, atau alamat di peladen yang terdaftar di CAP_HOSTS",
            "a file, a folder with .xml and .cap files, or an address on a host that CAP_HOSTS lists",
        )
        parser.add_argument("place", metavar="FILE|DIRECTORY|URL", help=str(told))
        hazard = text(
            "kode BNPB untuk kejadian yang jenisnya tidak terbaca dari kata-katanya",
            "BNPB's code for events whose words do not tell the hazard",
        )
        parser.add_argument("--hazard", choices=DisasterZone.Hazard.values, help=str(hazard))

    def handle(self, *, place: str, hazard: str | None, **_: Any) -> None:
        places = _places(place)
        read: list[tuple[str, Alert]] = []
        for one in places:
            try:
                read.append((one, alert_parse(document_read(one))))
            except Problem as problem:
                self.stderr.write(f"{one}: {problem.detail}")
        stored = 0
        for one, alert in sorted(read, key=lambda item: item[1].sent):
            try:
                report = alert_import(alert, hazard=hazard)
            except Problem as problem:
                self.stderr.write(f"{one}: {alert.identifier}: {problem.detail}")
                continue
            stored += 1
            self.stdout.write(f"{one}: {report.identifier}: {report.outcome}")
            for note in report.notes:
                self.stdout.write(f"  {note}")
        if refused := len(places) - stored:
            raise CommandError(
                text(
                    f"{refused} dari {len(places)} tidak dapat dipakai, dan tidak menulis apa pun.",
                    f"{refused} of {len(places)} could not be used, and wrote nothing.",
                )
            )


def _places(place: str) -> list[str]:
    if not Path(place).is_dir():
        return [place]
    files = sorted(str(path) for path in Path(place).iterdir() if path.suffix.lower() in SUFFIXES)
    if not files:
        raise CommandError(
            text(f"Tidak ada berkas .xml atau .cap di {place}.", f"There is no .xml or .cap file in {place}.")
        )
    return files
