"""The change journal (``journal.sql``): attached to every layer, read as the version of a layer.

``VERSION`` is a subquery with one row, to be read in the same statement as the data it describes. The version of a tile
is SQL too: ``journal.tile_version(layer, z, x, y)``, of WorldCRS84Quad ``journal.crs84_tile_version``. What changed is
read in ``changes.py``, how an item came to be what it is in ``history.py``.
"""

import re
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from layers.catalog import Layer, layers

FUNCTIONS = Path(__file__).with_name("journal.sql")

VERSION = "SELECT tag, at FROM journal.version(%s)"
"""The version of a layer, its id the argument: ``tag`` changes with every commit that changed it, ``at`` says when."""

TRANSITIONS = {
    "insert": "REFERENCING NEW TABLE AS new_rows",
    "update": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "REFERENCING OLD TABLE AS old_rows",
    "truncate": "",
}
"""Kinds of statements, and the rows that their triggers see; PostgreSQL wants a trigger for each."""

CHANGED = """
SELECT NOT EXISTS (SELECT FROM journal.meta WHERE epoch::text = %s) OR EXISTS (
    SELECT FROM journal.horizon WHERE layer = %s AND seq > %s::numeric
) OR EXISTS (
    SELECT FROM journal.change JOIN journal.edit ON edit.id = change.edit
    WHERE change.layer = %s AND fid = %s AND seq > %s::numeric
)"""


def item_changed(layer: Layer, id: int, tag: str) -> bool:
    """Whether an item may have changed after the version of its layer that ``tag`` names; it may where the journal
    does not know all that happened since.

    A bulk insert, of which the journal keeps no row for each item, brought nothing that a client has seen before it.
    Ask once the item's row is locked: then the answer holds until the transaction ends. A tag that is none of
    this journal names no state that a client could have seen, and counts as changed.
    """
    epoch, _, seq = tag.rpartition("-")
    if not re.fullmatch(r"[0-9]{1,19}", seq):
        return True
    with connection.cursor() as cursor:
        cursor.execute(CHANGED, [epoch, layer.id, seq, layer.id, id, seq])
        return bool(cursor.fetchone()[0])


def actor_set(name: str) -> None:
    """Name the person behind the changes that the transaction makes from here on; to be called inside of one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('geoportal.actor', %s, true)", [name])


def journal_number() -> None:
    """Give the transaction its number now, instead of at its commit: its new version can be read, and no other
    transaction is numbered until it ends. So this is the last step but reading."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS journal.number IMMEDIATE")


@transaction.atomic
def journal_prune(days: int) -> int:
    """Forget what is older than some days; the state of every layer and tile is kept. How many edits were forgotten."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT journal.prune(now() - make_interval(days => %s))", [days])
        return int(cursor.fetchone()[0])


def journal_attach(**_: Any) -> None:
    """Record the changes of every layer of the catalogue; running it again changes nothing."""
    present = connection.introspection.table_names()
    if not all(layer.table in present for layer in layers()):
        return  # migrated only in part, back to an earlier state
    with connection.cursor() as cursor:
        cursor.execute(FUNCTIONS.read_text() + "".join(map(_watch, layers())))


def _watch(layer: Layer) -> str:
    return "".join(
        f"CREATE OR REPLACE TRIGGER journal_{event} AFTER {event} ON {layer.table} {tables} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION journal.record('{layer.id}');\n"
        for event, tables in TRANSITIONS.items()
    )
