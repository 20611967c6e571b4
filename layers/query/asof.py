"""A layer as it was: the present rows that did not change since, and of the others what the journal kept of before.

A moment means the state after the last commit until then. It is looked up once, as the place of that commit in the
journal; what is read from there on is the same whenever it is asked, until the journal forgets that far back.
"""

from datetime import datetime

from django.utils import timezone

from layers.catalog import Layer
from layers.errors import Gone, InvalidParameter
from layers.query.spatial import Sql
from layers.query.statement import row_fetch
from layers.query.values import value_parse
from layers.text import text

PLACE = """
SELECT seq, %s > clock_timestamp(), horizon > seq,
       (SELECT at FROM journal.edit WHERE layer = asked AND edit.seq >= horizon ORDER BY edit.seq LIMIT 1)
FROM (VALUES (%s)) layer (asked), LATERAL (
    SELECT coalesce((SELECT max(seq) FROM journal.edit WHERE layer = asked AND at <= %s), 0) AS seq,
           coalesce((SELECT seq FROM journal.horizon WHERE layer = asked), 0) AS horizon
) place"""
"""The last commit until a moment, whether that is yet to come, or forgotten, and from when on commits are known."""


def asof_parse(layer: Layer, value: str) -> int:
    """The place in the journal where a layer was at a moment (RFC 3339).

    Raises:
        InvalidParameter: it is no moment, or it is yet to come.
        Gone: the journal does not know the layer's state then; the problem's ``since`` says from when on it does.
    """
    moment: datetime = value_parse("asof", "date-time", value)
    place, is_coming, is_forgotten, since = row_fetch((PLACE, [moment, layer.id, moment]))
    if is_coming:
        raise InvalidParameter("asof", text(f"{value!r} belum tiba.", f"{value!r} is yet to come."))
    if is_forgotten:
        known = timezone.localtime(since).isoformat()
        raise Gone(
            text(
                f"Keadaan {layer.id} pada {value} tidak diketahui lagi. Yang masih diketahui: sejak {known}.",
                f"The state of {layer.id} at {value} is not known any more. It is known from {known} on.",
            ),
            parameter="asof",
            since=known,
        )
    return int(place)


def table_at(layer: Layer, place: int | None, id: int | None = None) -> Sql:
    """The rows of a layer at a place in the journal, as what ``FROM`` names; None is the present, the table itself.

    Who looks for one ``id`` says so, and only its changes are gathered; other rows may then be as they are now.
    Of a column that came after a row had gone nothing is known: it is null there.
    """
    if place is None:
        return layer.table, []
    names = [field.column for field in layer.model._meta.local_concrete_fields]
    present = ", ".join(f'"{name}"' for name in names)
    before = ", ".join("coalesce(changed.geom, now.geom)" if name == "geom" else f'was."{name}"' for name in names)
    one, args = ("", []) if id is None else (" AND change.layer = edit.layer AND fid = %s", [id])
    return (
        f"""(
    WITH bulk AS MATERIALIZED (
        SELECT id AS edit, fids FROM journal.edit WHERE layer = %s AND seq > %s AND fids IS NOT NULL
    ), changed AS MATERIALIZED (
        SELECT fid, min(edit) AS edit, (array_agg(change.op::text ORDER BY edit))[1] AS op,
               journal.overlay(old ORDER BY edit DESC) AS old,
               (array_agg(geom ORDER BY edit) FILTER (WHERE geom IS NOT NULL))[1] AS geom
        FROM journal.change JOIN journal.edit ON edit.id = change.edit
        WHERE edit.layer = %s AND seq > %s{one} GROUP BY fid
    )
    SELECT {present} FROM {layer.table} now
    WHERE NOT EXISTS (SELECT FROM changed WHERE fid = now.id) AND NOT EXISTS (SELECT FROM bulk WHERE fids @> now.id)
    UNION ALL
    SELECT {before}
    FROM changed LEFT JOIN {layer.table} now ON now.id = fid,
         LATERAL jsonb_populate_record(now, coalesce(old, '{{}}')) was
    WHERE op <> 'I' AND NOT EXISTS (SELECT FROM bulk WHERE fids @> fid AND bulk.edit < changed.edit)
) past""",
        [layer.id, place, layer.id, place, *args],
    )
