"""Earthquakes of BMKG's feeds (``autogempa``, ``gempaterkini``, ``gempadirasakan``), each event once."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.timezone import now

from layers.errors import Problem
from layers.models import Earthquake
from layers.models.geometry import SRID
from layers.query.session import imports_lock
from layers.text import text

WIB = timezone(timedelta(hours=7))
"""Western Indonesia Time, which BMKG's event ids are in."""

SOURCE = "BMKG"
NUMERALS = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
ROMAN = {numeral: number for number, numeral in enumerate(NUMERALS, 1)}
HEMISPHERES = {"LS": -1, "LU": 1, "BB": -1, "BT": 1}
UNSAID = ("", "-")


@dataclass
class QuakeReport:
    """How many events were created, changed, left alone; those refused with the reason, and values not understood."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@transaction.atomic
def quakes_import(document: bytes) -> QuakeReport:
    """Create and change earthquakes from a document of a feed; what it does not say stays as it is.

    Raises:
        Problem: the document is none of a feed.
    """
    events, report = _events(document), QuakeReport()
    imports_lock(Earthquake)
    for number, event in enumerate(events, 1):
        place = text(f"gempa ke-{number}", f"event {number}")
        try:
            values, notes = _values(event)
            report.notes += [f"{place} ({values['code']}): {note}" for note in notes]
            with transaction.atomic():
                outcome = _store(values)
        except ValueError as error:
            report.refused.append(f"{place}: {error}")
        except ValidationError as error:
            faults = "; ".join(f"{name}: {' '.join(found)}" for name, found in error.message_dict.items())
            report.refused.append(f"{place}: {faults}")
        else:
            setattr(report, outcome, getattr(report, outcome) + 1)
    return report


def _events(document: bytes) -> list[Any]:
    try:
        events = json.loads(document)["Infogempa"]["gempa"]
    except (ValueError, RecursionError, LookupError, TypeError) as error:
        raise Problem(
            text(
                "Ini bukan umpan gempa BMKG: JSON dengan Infogempa.gempa.",
                "This is no earthquake feed of BMKG: JSON with Infogempa.gempa.",
            )
        ) from error
    return events if isinstance(events, list) else [events]


def _store(values: Mapping[str, Any]) -> str:
    """``created``, ``changed`` or ``unchanged``.

    Feeds word the same place differently, so place and name stay unless epicentre or magnitude are others now.
    """
    quake = Earthquake.objects.select_for_update().filter(code=values["code"]).first()
    new = quake is None
    quake = quake or Earthquake()
    moved = new or not quake.geom.equals_exact(values["geom"], 1e-6)
    resized = quake.magnitude != values.get("magnitude", quake.magnitude)
    kept = ([] if moved or not quake.place else ["place"]) + ([] if moved or resized else ["name"])
    changes = {name: value for name, value in values.items() if name not in kept and getattr(quake, name) != value}
    if not changes:
        return "unchanged"
    for name, value in changes.items():
        setattr(quake, name, value)
    quake.full_clean()
    quake.save()
    return "created" if new else "changed"


def _values(event: Any) -> tuple[dict[str, Any], list[str]]:
    """What an event says of the fields of an earthquake, and the values that could not be understood.

    Raises:
        ValueError: there is no time or no position.
    """
    if not isinstance(event, dict):
        raise ValueError(text("bukan objek", "no object"))
    said = {name: " ".join(str(value).split()) for name, value in event.items()}
    time, notes = _time(said.get("DateTime", "")), []
    values: dict[str, Any] = {
        "code": f"bmkg-{time.astimezone(WIB):%Y%m%d%H%M%S}",
        "observed_at": time,
        "geom": Point(*_position(said), srid=SRID),
        "source": SOURCE,
    }
    for name, column in (("Magnitude", "magnitude"), ("Kedalaman", "depth")):
        number = re.match(r"-?\d+([.,]\d+)?", said.get(name, ""))
        if number:
            values[column] = float(number[0].replace(",", "."))
        elif name in said:
            notes.append(f"{name}: {said[name]!r}")
    if said.get("Wilayah", "") not in UNSAID:
        values["place"] = said["Wilayah"]
    if said.get("Dirasakan", "") not in UNSAID:
        values["felt"] = said["Dirasakan"]
        intensities = [ROMAN[word] for word in re.findall(r"\b[IVX]+\b", said["Dirasakan"]) if word in ROMAN]
        if intensities:
            values["mmi"] = float(max(intensities))
        else:
            notes.append(f"Dirasakan: {said['Dirasakan']!r}")
    if potential := re.search(r"(tidak )?berpotensi tsunami", said.get("Potensi", ""), re.IGNORECASE):
        values["tsunami"] = Earthquake.Tsunami.NONE if potential[1] else Earthquake.Tsunami.POSSIBLE
    magnitude = f"M {values['magnitude']:.1f}, " if "magnitude" in values else ""
    values["name"] = f"{magnitude}{values.get('place') or values['code']}"[:200]
    return values, notes


def _time(words: str) -> datetime:
    try:
        time = datetime.fromisoformat(words)
        if time.tzinfo is None:
            raise ValueError(words)
        time.astimezone(WIB)
    except (ValueError, OverflowError):
        wanted = "2026-11-22T03:00:00+00:00"
        raise ValueError(
            text(
                f"DateTime: {words!r} bukan waktu seperti {wanted}", f"DateTime: {words!r} is no time such as {wanted}"
            )
        ) from None
    if time > now() + timedelta(hours=1):
        raise ValueError(text(f"DateTime: {words} ada di masa depan", f"DateTime: {words} lies in the future"))
    return time


def _position(said: Mapping[str, str]) -> tuple[float, float]:
    """Longitude, latitude: of ``Coordinates`` (``lat,lon``), else of ``Lintang`` (``4.46 LS``) and ``Bujur``."""
    try:
        if "Coordinates" in said:
            latitude, longitude = map(float, said["Coordinates"].split(","))
        else:
            latitude, longitude = (_degrees(said[name]) for name in ("Lintang", "Bujur"))
    except (ValueError, KeyError):
        raise ValueError(
            text("Coordinates bukan posisi seperti -8.37,116.48", "Coordinates is no position such as -8.37,116.48")
        ) from None
    return longitude, latitude


def _degrees(words: str) -> float:
    degrees, hemisphere = words.split()
    return float(degrees) * HEMISPHERES[hemisphere]
