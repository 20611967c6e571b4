"""The change journal (``journal.sql``): attached to every layer, read as the version of a layer.

``VERSION`` is a subquery with one row, to be read in the same statement as the data it describes.
"""

from pathlib import Path
from typing import Any

from django.db import connection

from layers.catalog import Layer, layers

FUNCTIONS = Path(__file__).with_name("journal.sql")

VERSION = """
SELECT epoch::text || '-' || coalesce(seq, 0) AS tag, at
FROM journal.meta LEFT JOIN LATERAL (
    SELECT seq, at FROM journal.edit WHERE layer = %s AND seq IS NOT NULL ORDER BY seq DESC LIMIT 1
) newest ON true"""
"""The version of a layer, its id the argument: ``tag`` changes with every commit that changed it, ``at`` says when."""


def journal_attach(**_: Any) -> None:
    """Record the changes of every layer of the catalogue; running it again changes nothing."""
    present = connection.introspection.table_names()
    if not all(layer.table in present for layer in layers()):
        return  # migrated only in part, back to an earlier state
    with connection.cursor() as cursor:
        cursor.execute(FUNCTIONS.read_text() + "".join(map(_watch, layers())))


def _watch(layer: Layer) -> str:
    """Statement triggers for each kind of change; PostgreSQL wants one for each, with the rows it has."""
    rows = {
        "insert": "REFERENCING NEW TABLE AS new_rows",
        "update": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
        "delete": "REFERENCING OLD TABLE AS old_rows",
        "truncate": "",
    }
    return "".join(
        f"CREATE OR REPLACE TRIGGER journal_{event} AFTER {event} ON {layer.table} {tables} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION journal.record('{layer.id}');\n"
        for event, tables in rows.items()
    )
