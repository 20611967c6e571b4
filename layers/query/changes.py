"""The changes of a layer in the order of their commits: none is skipped, whoever writes and however long it takes.

A token is the version of a layer (``VERSION`` of ``journal.py``), and within the changes of a commit also the edit and
the item where a page ended.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from layers.catalog import Layer
from layers.errors import InvalidParameter
from layers.query.features import feature
from layers.query.params import FeatureQuery
from layers.text import text

LAST = 2**63 - 1
TOKEN = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-([0-9]{1,19})(?:\.([0-9]{1,19})\.(-?[0-9]{1,19}))?")


@dataclass(frozen=True)
class Place:
    """A place between two changes: behind the item ``fid`` of an edit of the commit ``seq``, or behind all of it."""

    epoch: str
    seq: int
    edit: int = LAST
    fid: int = LAST

    @classmethod
    def parse(cls, token: str) -> "Place":
        """
        Raises:
            InvalidParameter: ``since`` is no token.
        """
        found = TOKEN.fullmatch(token)
        numbers = [int(number) for number in found.groups()[1:] if number is not None] if found else []
        if not found or any(abs(number) > LAST for number in numbers):
            raise InvalidParameter(
                "since",
                text(
                    f"{token!r} bukan token dari anggota token sebuah jawaban. Mulailah tanpa since.",
                    f"{token!r} is not a token, as an answer's member token has it. Begin without since.",
                ),
            )
        return cls(found[1], *numbers)

    def __str__(self) -> str:
        within = "" if self.edit == LAST else f".{self.edit}.{self.fid}"
        return f"{self.epoch}-{self.seq}{within}"


@dataclass(frozen=True)
class Changes:
    """A page of changes: the present state of items that changed, and tombstones, as GeoJSON features.

    ``token`` names the place behind them; ``more``: there are further changes already.
    """

    features: list[str]
    token: str
    more: bool


def changes_fetch(layer: Layer, since: Place, limit: int) -> Changes | None:
    """Up to ``limit`` changes after a place, None where the journal does not know all that happened since."""
    asked: dict[str, Any] = {
        "layer": layer.id,
        "epoch": since.epoch,
        "seq": since.seq,
        "edit": since.edit,
        "fid": since.fid,
        "complete": since.edit == LAST,
        "rows": limit + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(_statement(layer), asked)
        rows = cursor.fetchall()
    known, newest = rows[0][:2]
    if not known:
        return None
    steps = [row[2:] for row in rows if row[2] is not None]
    page = steps[:limit]
    more = len(steps) > limit
    last = Place(since.epoch, *page[-1][:3]) if more else Place(since.epoch, newest)
    latest = {fid: (op, at, item) for _, _, fid, op, at, item in page}
    features = [_told(fid, *change) for fid, change in latest.items()]
    return Changes([written for written in features if written], str(last), more)


def _told(fid: int, op: str, at: datetime, item: str | None) -> str | None:
    """An item as it is now, or a tombstone. One that was deleted after this change is told of by that later one."""
    if item is None and op == "D":
        return orjson.dumps(
            {"type": "Feature", "id": fid, "geometry": None, "properties": None, "deleted": at.isoformat()}
        ).decode()
    return item


def _statement(layer: Layer) -> str:
    """The state of the journal, and beside it a row for each change; in one statement, hence from one snapshot."""
    return f"""
WITH state AS MATERIALIZED (
    SELECT epoch::text = %(epoch)s AND %(seq)s <= newest AND (%(seq)s > horizon OR %(seq)s = horizon AND %(complete)s)
           AS known, newest
    FROM journal.meta, journal.layer_version(%(layer)s) newest, LATERAL (
        SELECT coalesce((SELECT seq FROM journal.horizon WHERE layer = %(layer)s), 0) AS horizon
    ) kept
), step AS MATERIALIZED (
    SELECT edit.seq, edit.id, changed.fid, changed.op, edit.at
    FROM journal.edit, LATERAL (
        SELECT CASE WHEN edit.seq = %(seq)s AND edit.id = %(edit)s THEN %(fid)s ELSE -{LAST} END::bigint AS fid
    ) behind, LATERAL (
        (SELECT fid, op::text FROM journal.change WHERE edit = edit.id AND fid > behind.fid
         ORDER BY fid LIMIT %(rows)s)
        UNION ALL
        (SELECT id, 'I' FROM unnest(edit.fids) ids JOIN {layer.table} ON id >= lower(ids) AND id < upper(ids)
         WHERE id > behind.fid ORDER BY id LIMIT %(rows)s)
    ) changed
    WHERE layer = %(layer)s AND (edit.seq, edit.id) >= (%(seq)s, %(edit)s) AND (SELECT known FROM state)
    ORDER BY edit.seq, edit.id, changed.fid LIMIT %(rows)s
)
SELECT known, newest, step.seq, step.id, step.fid, step.op, step.at, written
FROM state LEFT JOIN step ON true LEFT JOIN LATERAL (
    SELECT {feature(layer, FeatureQuery(limit=1))} AS written FROM {layer.table} WHERE id = step.fid
) item ON true
ORDER BY step.seq, step.id, step.fid"""
