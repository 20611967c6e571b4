"""Zones as alerts: which are in force, which were withdrawn, and what was told of them.

An alert is a warning or an observed event that says when it ends and has not ended by now; it may begin later. A hazard
map is none: it tells what may happen, not what does. No job ends a zone: each request asks the clock.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connection
from django.db.models import F, Max, Q, QuerySet

from layers.catalog import Layer, layers
from layers.models import DisasterZone
from layers.query.history import Edit, State, histories_fetch, value_read

FOR_EVER = datetime(9999, 12, 31, tzinfo=UTC)
"""From here on, and so for PostgreSQL's infinity, there need not be a local time."""

EARLIER = 100
"""Former states of a zone that its message names."""

CHANGED = f"""
WITH former AS (
    SELECT fid, old FROM journal.change WHERE layer = %(layer)s AND old ?| ARRAY['kind', 'valid_from', 'valid_to']
)
SELECT DISTINCT fid FROM former LEFT JOIN {DisasterZone._meta.db_table} zone ON zone.id = fid
WHERE (zone.valid_to BETWEEN %(moment)s AND %(for_ever)s
    OR (old ->> 'valid_to')::timestamptz BETWEEN %(moment)s AND %(for_ever)s)
AND (zone.kind <> %(map)s OR fid IN (SELECT fid FROM former WHERE old ->> 'kind' <> %(map)s))"""
"""Items of which some former state may have been an alert that had not ended by now. Its end is that of the item, or is
written in the first change of it since, and so is its kind: thousands of maps that are valid anew are passed over."""

ENDED = """
SELECT max((old ->> 'valid_to')::timestamptz) FROM journal.change
WHERE layer = %s AND old ->> 'valid_to' <> '-infinity' AND (old ->> 'valid_to')::timestamptz <= %s"""
"""The last end that a former state had before a moment."""


@dataclass(frozen=True)
class Told:
    """A zone as a message tells it, with when its former states were stored, oldest first.

    ``withdrawn_at``: when it was deleted, ended before its time, or became none; until its end this is worth telling.
    """

    zone: DisasterZone
    earlier: Sequence[datetime] = ()
    withdrawn_at: datetime | None = None

    @property
    def sent(self) -> datetime:
        return self.withdrawn_at or self.zone.updated_at


def alerts(moment: datetime) -> QuerySet[DisasterZone]:
    """The zones that are alerts at a moment; those that were cancelled before they began never held, and are none.

    An alert says when it ends: what is valid for ever is none.
    """
    begins = Q(valid_from=None) | Q(valid_from__lt=F("valid_to"))
    ends = Q(valid_to__gte=moment, valid_to__lt=FOR_EVER)
    return DisasterZone.objects.exclude(kind=DisasterZone.Kind.MAP).filter(begins, ends)


def withdrawals_fetch(moment: datetime) -> Iterator[Told]:
    """The zones that were told as alerts, would still be at a moment, and are none any more."""
    with connection.cursor() as cursor:
        hazard_map = DisasterZone.Kind.MAP.value
        cursor.execute(CHANGED, {"layer": zones_layer().id, "moment": moment, "for_ever": FOR_EVER, "map": hazard_map})
        changed = [id for (id,) in cursor.fetchall()]
    in_force = set(alerts(moment).filter(pk__in=changed).values_list("pk", flat=True))
    histories = histories_fetch(zones_layer(), [id for id in changed if id not in in_force])
    return filter(None, (_withdrawal(edits, moment) for edits in histories.values()))


def ended_last(moment: datetime) -> datetime | None:
    """When an alert ended last before a moment, as it is now or as it was withdrawn; or one whose end was changed."""
    present = DisasterZone.objects.filter(valid_to__lte=moment).aggregate(last=Max("valid_to"))["last"]
    with connection.cursor() as cursor:
        cursor.execute(ENDED, [zones_layer().id, moment])
        return max(filter(None, (present, *cursor.fetchone())), default=None)


def told_fetch(id: int, moment: datetime) -> Told | None:
    """What there is to tell of a zone at a moment, be it deleted by then."""
    edits = histories_fetch(zones_layer(), [id]).get(id, [])
    if zone := alerts(moment).filter(pk=id).first():
        return Told(zone, _earlier(edits))
    return _withdrawal(edits, moment)


def zones_layer() -> Layer:
    return next(layer for layer in layers() if layer.model is DisasterZone)


def _withdrawal(edits: Sequence[Edit], moment: datetime) -> Told | None:
    """What took the place of the state that was told last, if that would still be an alert.

    What has no end any more is not withdrawn: the danger goes on.
    """
    if not edits:
        return None
    if edits[0].action != "delete":
        present = _zone({**(edits[0].before or {}), **edits[0].new})
        if _is_told(present) or _is_endless(present):
            return None
    for age, edit in enumerate(edits):
        if edit.before is None or _is_passing(edits[age : age + 2]) or not _is_told(zone := _zone(edit.before)):
            continue
        if zone.valid_to is None or zone.valid_to < moment:
            break
        return Told(zone, _earlier(edits[age:]), _stored(edit.new) or edit.at)
    return None


def _is_passing(edits: Sequence[Edit]) -> bool:
    """Whether the state between two edits, the newer first, began and ended with one commit, so that nobody saw it."""
    return len(edits) > 1 and edits[0].at is not None and edits[0].at == edits[1].at


def _zone(state: State) -> DisasterZone:
    """The zone in a former state; infinite times mean what an open end does."""
    fields = DisasterZone._meta.local_concrete_fields
    known = {field: state[field.column] for field in fields if field.column in state}
    infinite = ("infinity", "-infinity")
    return DisasterZone(
        **{field.attname: value_read(field, None if value in infinite else value) for field, value in known.items()}
    )


def _is_told(zone: DisasterZone) -> bool:
    """Whether it was an alert when it was stored, by the rule of :func:`alerts`."""
    if zone.kind == DisasterZone.Kind.MAP or not zone.valid_to or zone.valid_to >= FOR_EVER:
        return False
    return max(zone.updated_at, zone.valid_from or zone.updated_at) < zone.valid_to


def _is_endless(zone: DisasterZone) -> bool:
    return zone.kind != DisasterZone.Kind.MAP and (not zone.valid_to or zone.valid_to >= FOR_EVER)


def _earlier(edits: Sequence[Edit]) -> list[datetime]:
    stored = [_stored(edit.old) for edit in edits[:EARLIER]]
    return [moment for moment in reversed(stored) if moment]


def _stored(state: State) -> datetime | None:
    return datetime.fromisoformat(state["updated_at"]) if "updated_at" in state else None
