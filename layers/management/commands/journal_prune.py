"""``manage.py journal_prune``: forget the oldest part of the change journal."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from layers.query.journal import journal_prune
from layers.text import text


class Command(BaseCommand):
    help = str(
        text(
            "Melupakan perubahan yang lebih tua dari JOURNAL_DAYS hari. Datanya tetap; riwayat sebelum itu "
            "hilang, dan penyalin yang tertinggal sejauh itu mulai lagi dari awal.",
            "Forget the changes older than JOURNAL_DAYS days. The data itself stays as it is; the history before is "
            "gone, and mirrors that lag so far behind begin again.",
        )
    )

    def handle(self, *, verbosity: int, **_: Any) -> None:
        days: int = settings.JOURNAL_DAYS
        forgotten = journal_prune(days)
        told = text(
            f"{forgotten} perubahan yang lebih tua dari {days} hari dilupakan",
            f"{forgotten} edits older than {days} days forgotten",
        )
        if verbosity:
            self.stdout.write(str(told))
