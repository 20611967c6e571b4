"""How an item came to be what it is: its edits as the journal keeps them, and a way back to a state before one.

The journal keeps what each change replaced; so a state is the present one with what was replaced since put back.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import orjson
from django.contrib.gis.geos import GEOSGeometry
from django.db import connection, models, transaction

from layers.catalog import Layer
from layers.errors import NotFound, Problem
from layers.models import Feature
from layers.text import text

EDITS = """
SELECT fid, changed.id, at, actor, db_user, changed.op, changed.old, ST_AsEWKB(changed.geom)
FROM (
    SELECT fid, edit AS id, op::text, old, geom
    FROM journal.change WHERE layer = %(layer)s AND fid = ANY(%(ids)s::bigint[])
    UNION ALL
    SELECT fid, id, op::text, NULL, NULL
    FROM journal.edit, unnest(%(ids)s::bigint[]) fid WHERE layer = %(layer)s AND fids @> fid
    UNION ALL
    SELECT id, NULL, 'present', to_jsonb(jsonb_populate_record(item, '{{"geom": null}}')), geom
    FROM {table} item WHERE id = ANY(%(ids)s::bigint[])
) changed LEFT JOIN journal.edit ON edit.id = changed.id
ORDER BY fid, changed.id DESC NULLS FIRST"""
"""Of each item what is there now, if anything, then what each edit replaced, the newest first."""

DELETED = """
SELECT fid, at, actor, db_user, old ->> 'code', old ->> 'name'
FROM journal.change JOIN journal.edit ON edit.id = change.edit
WHERE change.layer = %s AND change.op = 'D' AND NOT EXISTS (SELECT FROM {table} WHERE id = change.fid)
AND NOT EXISTS (
    SELECT FROM journal.change later
    WHERE later.layer = change.layer AND later.fid = change.fid AND later.edit > change.edit
)
ORDER BY change.edit DESC, fid LIMIT %s OFFSET %s"""

State = Mapping[str, Any]
"""Values of columns as JSON has them, ``geom`` as EWKB."""


class Unrestorable(Problem):
    """There is no such state to put back, or more happened to the item than who asks knows of."""


@dataclass(frozen=True)
class Edit:
    """One change of an item: ``action`` is ``add``, ``change`` or ``delete``.

    ``old`` and ``new`` hold what the change replaced and by what; ``before`` is the whole state before it, None where
    there was no item, or where the journal does not know it.
    """

    id: int
    at: datetime | None
    actor: str
    db_user: str | None
    action: str
    old: State
    new: State
    before: State | None


@dataclass(frozen=True)
class Deleted:
    """An item that is there no more, and who deleted it when; ``id`` leads to its history."""

    id: int
    at: datetime
    actor: str
    db_user: str | None
    code: str
    name: str


ACTIONS = {"I": "add", "U": "change", "D": "delete"}


def history_fetch(layer: Layer, id: int, limit: int, offset: int = 0) -> list[Edit]:
    """Up to ``limit`` edits of an item, which may be deleted by now, newest first; ``offset`` skips the newest."""
    return histories_fetch(layer, [id]).get(id, [])[offset : offset + limit]


def histories_fetch(layer: Layer, ids: Sequence[int]) -> dict[int, list[Edit]]:
    """All edits of items, which may be deleted by now, newest first, by item."""
    with connection.cursor() as cursor:
        cursor.execute(EDITS.format(table=layer.table), {"layer": layer.id, "ids": list(ids)})
        rows = cursor.fetchall()
    return {id: list(_edits(found)) for id, found in groupby(rows, itemgetter(0))}


def deleted_fetch(layer: Layer, limit: int, offset: int = 0) -> list[Deleted]:
    """Up to ``limit`` items that were deleted and not put back, as far as the journal reaches, the last one first."""
    with connection.cursor() as cursor:
        cursor.execute(DELETED.format(table=layer.table), [layer.id, limit, offset])
        return [Deleted(*row) for row in cursor.fetchall()]


def _edits(rows: Iterable[tuple[Any, ...]]) -> Iterator[Edit]:
    state: State | None = None
    for _, edit, at, actor, db_user, op, values, geom in rows:
        old = {**orjson.loads(values or "{}"), "geom": geom and bytes(geom)}
        if op in ("present", "D"):
            before: State | None = old
            new: State = {}
        elif op == "I":
            before, old, new = None, {}, state or {}
        else:
            old = {name: value for name, value in old.items() if name != "geom" or value}
            before = state and {**state, **old}
            new = {name: state[name] for name in old if name in state} if state else {}
        state = before
        if op != "present":
            yield Edit(edit, at, actor, db_user, ACTIONS[op], old, new, before)


def value_read(field: models.Field, value: Any) -> Any:
    """The value of a state as the model has it."""
    if field.name == "geom":
        return GEOSGeometry(memoryview(value))
    return field.to_python(value)


@transaction.atomic
def item_restore(layer: Layer, id: int, edit: int, newest: int | None = None) -> Feature:
    """Put an item back into the state it was in before an edit, be it deleted by now or not.

    What the database computes is computed anew. The caller names the actor.

    Args:
        newest: the last edit of the item that who asks knows of; without it, what came since is undone, too.

    Raises:
        NotFound: the journal has no such edit of the item.
        Unrestorable: there was no item before the edit, or its state is not known, or ``newest`` is not the last one.
        django.core.exceptions.ValidationError: the state is not valid any more.
    """
    present = layer.model._default_manager.select_for_update().filter(pk=id).first()
    edits = histories_fetch(layer, [id]).get(id, [])
    found = next((one for one in edits if one.id == edit), None)
    if found is None:
        raise NotFound(
            text(
                f"Tidak ada perubahan {edit} pada item {id} di {layer.id}.",
                f"There is no edit {edit} of item {id} in {layer.id}.",
            )
        )
    if newest not in (None, edits[0].id):
        raise Unrestorable(
            text(
                "Sementara riwayat ini terbuka, fitur ini diubah lagi. Tidak ada yang dikembalikan: lihat perubahan "
                "yang baru, lalu pilih lagi.",
                "While this history was open, the feature was changed again. Nothing was put back: see what is new, "
                "then choose again.",
            )
        )
    if found.before is None:
        raise Unrestorable(
            text(
                "Sebelum perubahan ini item belum ada, atau keadaannya tidak diketahui lagi. Pilih yang lebih baru.",
                "Before this edit there was no item, or its state is not known any more. Choose a newer one.",
            )
        )
    feature = present or layer.model(id=id)
    for field in layer.model._meta.local_concrete_fields:
        if field.editable and not field.primary_key and field.column in found.before:
            setattr(feature, field.name, value_read(field, found.before[field.column]))
    feature.full_clean()
    feature.save(force_insert=present is None)
    feature.refresh_from_db()
    return feature
