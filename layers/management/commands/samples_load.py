"""``manage.py samples_load``: the sample data of ``fixtures/`` into an empty portal."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from layers.catalog import layers
from layers.errors import Problem
from layers.importers.importer import layer_import
from layers.text import text


class Command(BaseCommand):
    help = str(
        text(
            "Memuat data contoh, satu berkas tiap lapisan, bila semua lapisan masih kosong.",
            "Load the sample data, one file a layer, where every layer is still empty.",
        )
    )

    def handle(self, **_: Any) -> None:
        filled = [layer.id for layer in layers() if layer.model._default_manager.exists()]
        if filled:
            there = ", ".join(filled)
            self.stdout.write(
                str(text(f"Data contoh dilewati: sudah ada isi di {there}.", f"No samples: there is data in {there}."))
            )
            return
        with transaction.atomic():
            for layer in layers():
                file = Path(settings.BASE_DIR) / "fixtures" / f"{layer.id}.geojson"
                if not file.exists():
                    continue  # of a city that has none, or begins with an empty portal
                try:
                    report = layer_import(layer, file)
                except Problem as problem:
                    raise CommandError(str(problem.detail)) from problem
                if not report.written:
                    raise CommandError(f"{file.name}: {report.refusals[0]}")
                self.stdout.write(
                    str(text(f"{layer.id}: {report.created} contoh", f"{layer.id}: {report.created} samples"))
                )
