"""CAP messages as disaster zones: one zone for each area, in force while the message is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.timezone import now

from layers.errors import Problem
from layers.importers.cap import Alert, Info
from layers.importers.cap_areas import area_shape
from layers.models import CapAlert, DisasterZone
from layers.query.session import imports_lock
from layers.text import text

Hazard, Level = DisasterZone.Hazard, DisasterZone.Level

HAZARDS = {
    Hazard.TSUNAMI: r"tsunami",
    Hazard.LIQUEFACTION: r"likuefaksi|liquefaction",
    Hazard.EARTHQUAKE: r"gempa|earthquake",
    Hazard.ERUPTION: r"gunung ?api|erupsi|letusan|volcan|eruption|abu vulkanik",
    Hazard.LANDSLIDE: r"longsor|landslide|gerakan tanah",
    Hazard.TIDAL_WAVE: r"\brob\b|banjir pesisir|gelombang(?! panas)|abrasi"
    r"|tidal|coastal flood|storm surge|high wave|high surf",
    Hazard.FLOOD: r"banjir|flood",
    Hazard.WILDFIRE: r"kebakaran|karhutla|wildfire|forest fire",
    Hazard.DROUGHT: r"kekeringan|drought",
    Hazard.WHIRLWIND: r"puting beliung|angin|cuaca ekstrem|hujan|petir|badai|siklon"
    r"|tornado|wind|storm|thunder|\brain|cyclone|hurricane|typhoon",
}
"""Words of an event that tell the hazard, the first that fits. BNPB counts extreme weather as 105."""

LEVELS = {
    "Extreme": Level.HIGH,
    "Severe": Level.HIGH,
    "Moderate": Level.MEDIUM,
    "Minor": Level.LOW,
    "Unknown": Level.MEDIUM,
}

LASTS = timedelta(hours=24)
"""How long a message holds that does not say until when (CAP leaves it to those who receive it)."""

LONGEST = timedelta(days=366)
"""A validity beyond this is taken for a slip of the pen."""


@dataclass(frozen=True)
class AlertReport:
    """What became of a message: ``zones`` that it made, and what was mended, left out or is worth knowing."""

    identifier: str
    outcome: Any
    zones: int = 0
    notes: tuple[str, ...] = ()


@transaction.atomic
def alert_import(alert: Alert, *, hazard: str | None = None) -> AlertReport:
    """Make disaster zones of a message, and end those of the messages that it updates or cancels.

    Messages may come in any order, and more than once. An exercise, a test and what is not public make no zone. An
    update of which something cannot be mapped ends no zone, for nobody else would tell what it says there.

    Args:
        hazard: BNPB's code for events whose words tell none.

    Raises:
        Problem: an alert or update of which no zone can be made; nothing was written.
    """
    if why := _not_for_us(alert):
        return AlertReport(alert.identifier, why)
    imports_lock(CapAlert)
    if CapAlert.objects.filter(sender=alert.sender, identifier=alert.identifier).exists():
        return AlertReport(alert.identifier, text("sudah dikenal, dibiarkan", "known already, left alone"))
    made = _zones(alert, hazard)
    zones, notes = made.zones, made.mended + made.left_out
    replaces = _replaces(alert)
    if replaces and made.left_out:
        replaces = []
        notes.append(str(text("tidak lengkap: zona lama tetap berlaku", "incomplete: older zones stay in force")))
    starts = [zone.valid_from for zone in zones if zone.valid_from]
    kept = CapAlert(
        code=_code(alert),
        sender=alert.sender,
        identifier=alert.identifier,
        sent=alert.sent,
        replaces=replaces,
        replaces_from=max(alert.sent, min(starts, default=alert.sent)),
        words=made.words,
    )
    _validated(kept)
    kept.save()
    for zone in zones:
        zone.save()
    for other in CapAlert.objects.filter(replaces__contains=[alert.key], sent__gte=alert.sent):
        _zones_end(kept, other)
        notes.append(str(text(f"sudah digantikan oleh {other.identifier}", f"already replaced by {other.identifier}")))
    number, ended = len(zones), sum(_zones_end(other, kept) for other in _replaced(kept))
    if zones and all(zone.valid_to and zone.valid_to <= now() for zone in zones):
        notes.append(str(text("masa berlakunya sudah lewat", "its validity is already over")))
    outcome = text(f"{number} zona dibuat, {ended} diakhiri", f"{number} zones made, {ended} ended")
    return AlertReport(alert.identifier, outcome, number, tuple(notes))


def _not_for_us(alert: Alert) -> Any:
    if alert.status != "Actual":
        return text(f"status {alert.status}: tidak dimuat", f"status {alert.status}: not taken in")
    if alert.scope != "Public":
        return text(f"scope {alert.scope}: tidak untuk umum", f"scope {alert.scope}: not for the public")
    if alert.message_type in ("Ack", "Error"):
        return text(f"msgType {alert.message_type}: dilewati", f"msgType {alert.message_type}: passed over")
    sent_check(alert)
    if alert.message_type != "Alert" and not _replaces(alert):
        kind = alert.message_type
        raise Problem(text(f"{kind} tanpa references.", f"A message of type {kind} without references."))
    return None


def sent_check(alert: Alert) -> None:
    """
    Raises:
        Problem: it was sent in the future; clocks may differ by a day.
    """
    if alert.sent > now() + timedelta(days=1):
        raise Problem(text(f"sent ada di masa depan: {alert.sent}.", f"sent lies in the future: {alert.sent}."))


@dataclass
class _Made:
    """The zones of a message with the words of each in every language, and notes: what was mended, what left out."""

    zones: list[DisasterZone] = field(default_factory=list)
    words: list[list[dict[str, Any]]] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def _zones(alert: Alert, hazard: str | None) -> _Made:
    made, over = _Made(), alert.message_type == "Cancel"
    for infos in [] if over else infos_grouped(alert):
        if infos[0].is_over:
            over = True
            made.mended.append(info_over(infos[0]))
            continue
        _info_zones(made, alert, infos, hazard)
    if not made.zones and (made.left_out or not over):
        why = "; ".join(made.left_out) or text("tidak ada info dengan area", "there is no info with an area")
        raise Problem(text(f"Tidak ada yang dapat dipetakan: {why}.", f"Nothing can be mapped: {why}."))
    return made


def infos_grouped(alert: Alert) -> list[list[Info]]:
    """Infos that say the same in several languages together, Indonesian first, then English."""
    groups: dict[Any, list[Info]] = {}
    for info in alert.infos:
        said = tuple(info.words.get(name) for name in ("urgency", "severity", "certainty"))
        shapes = tuple((area.polygons, area.circles) for area in info.areas)
        same = groups.setdefault((said, info.effective, info.onset, info.expires, shapes), [])
        if all(other.language != info.language for other in same):
            same.append(info)
        else:
            groups[object()] = [info]
    return [sorted(infos, key=_preference) for infos in groups.values()]


def infos_said(alert: Alert, infos: list[Info]) -> dict[str, Any]:
    """What infos of :func:`infos_grouped` say of a zone, by its columns; ``hazard`` is None where no words tell it."""
    first = infos[0]
    starts, ends = _validity(alert, first)
    return {
        "name": _name(infos),
        "source": _cut(f"{first.words.get('senderName') or alert.sender}, CAP {alert.key}", 300),
        "observed_at": alert.sent,
        "hazard": _hazard(infos),
        "level": LEVELS[first.words["severity"]],
        "kind": DisasterZone.Kind.WARNING.value,
        "valid_from": starts,
        "valid_to": ends,
    }


def _validity(alert: Alert, info: Info) -> tuple[datetime, datetime]:
    starts = info.onset or info.effective or alert.sent
    return starts, info.expires or min(starts, alert.sent + LONGEST) + LASTS


def info_assumed(info: Info) -> list[str]:
    """What :func:`infos_said` took for what an info does not say, in words."""
    found = []
    if info.expires is None:
        found.append(str(text("tanpa expires: berlaku 24 jam", "no expires: it holds for 24 hours")))
    if info.words["severity"] == "Unknown":
        found.append(str(text("severity Unknown: tingkat sedang", "severity Unknown: taken as medium")))
    return found


def info_impossible(alert: Alert, info: Info) -> str | None:
    """That an info is valid in a way that cannot be, in words; None where it is not."""
    starts, ends = _validity(alert, info)
    if starts <= alert.sent + LONGEST and starts < ends and ends - starts <= LONGEST:
        return None
    event, span = info.words["event"], f"{starts.isoformat()} - {ends.isoformat()}"
    return str(text(f"{event}: masa berlaku {span} tidak wajar", f"{event}: validity {span} cannot be"))


def info_over(info: Info) -> str:
    """That an info says the danger is over, in words."""
    event = info.words["event"]
    return str(text(f"{event}: bahaya sudah lewat", f"{event}: the danger is over"))


def _preference(info: Info) -> int:
    return next((rank for rank, code in enumerate(("id", "en")) if info.language.lower().startswith(code)), 2)


def _info_zones(made: _Made, alert: Alert, infos: list[Info], hazard: str | None) -> None:
    first, said = infos[0], infos_said(alert, infos)
    said["hazard"] = said["hazard"] or hazard
    event = first.words["event"]
    if not first.areas:
        made.left_out.append(str(text(f"{event}: tanpa area", f"{event}: no area")))
        return
    if said["hazard"] is None:
        unknown = text(
            f"{event}: jenis bahaya tidak dikenal; sebutkan dengan --hazard",
            f"{event}: the hazard is not known; say it with --hazard",
        )
        made.left_out.append(str(unknown))
        return
    if impossible := info_impossible(alert, first):
        made.left_out.append(impossible)
        return
    made.mended += info_assumed(first)
    for area in first.areas:
        found = area_shape(area)
        made.mended += [f"{area.description}: {note}" for note in found.mended]
        made.left_out += [f"{area.description}: {note}" for note in found.left_out]
        if found.geometry is None:
            continue
        zone = DisasterZone(
            code=f"{_code(alert)}-{len(made.zones) + 1}",
            declared_area=_cut(area.description, 120),
            geom=found.geometry,
            method=_cut("CAP: {event}, {urgency}, {severity}, {certainty}".format(**first.words), 300),
            **said,
        )
        _validated(zone)
        made.zones.append(zone)
        made.words.append([{"language": info.language, **info.words} for info in infos])


def _hazard(infos: list[Info]) -> str | None:
    for name in ("event", "headline"):
        said = " ".join(info.words.get(name, "") for info in infos)
        for hazard, words in HAZARDS.items():
            if re.search(words, said, re.IGNORECASE):
                return hazard.value
    return None


def _name(infos: list[Info]) -> str:
    """The headline, in Indonesian and English where there are both and they differ."""
    named = [info for info in infos if _preference(info) < 2] or infos[:1]
    lines = dict.fromkeys(info.words.get("headline") or info.words["event"] for info in named)
    return " / ".join(_cut(line, 200 // len(lines) - 2) for line in lines)


def _code(alert: Alert) -> str:
    """The identifier, or a digest where that is too long for a zone's code, or another sender's as well."""
    taken = CapAlert.objects.filter(code=alert.identifier).exclude(sender=alert.sender)
    if len(alert.identifier) <= 58 and not taken.exists():
        return alert.identifier
    return f"cap-{sha256(alert.key.encode()).hexdigest()[:32]}"


def _cut(words: str, length: int) -> str:
    return words if len(words) <= length else f"{words[: length - 1]}…"


def _replaces(alert: Alert) -> list[str]:
    return [] if alert.message_type == "Alert" else [key for key in alert.replaces if key != alert.key]


def _replaced(alert: CapAlert) -> Iterator[CapAlert]:
    for key in alert.replaces:
        sender, _, identifier = key.partition(",")
        yield from CapAlert.objects.filter(sender=sender, identifier=identifier, sent__lte=alert.sent)


def _zones_end(alert: CapAlert, replaced_by: CapAlert) -> int:
    """End the zones of a message where another takes over; how many ended earlier by it."""
    moment = replaced_by.replaces_from
    zones = DisasterZone.objects.filter(code__in=alert.zone_codes(), valid_to__gt=moment)
    return zones.update(valid_to=Greatest(F("valid_from"), moment.astimezone(UTC)))


def _validated(row: CapAlert | DisasterZone) -> None:
    try:
        row.full_clean()
    except ValidationError as error:
        faults = "; ".join(f"{name}: {' '.join(found)}" for name, found in error.message_dict.items())
        raise Problem(text(f"Tidak dapat disimpan: {faults}", f"It cannot be stored: {faults}")) from error
