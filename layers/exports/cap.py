"""Disaster zones as messages of the Common Alerting Protocol (OASIS CAP 1.2), and the Atom feed that lists them.

Polygons go out latitude first, as CAP has them, and without holes, which CAP has none of. What a message says depends
on the zone alone, not on when it is asked for.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import shapely
from django.conf import settings
from django.utils import translation
from django.utils.timezone import localtime
from shapely import Polygon

from layers.models import DisasterZone
from layers.query.alerts import Told
from layers.text import text

CAP = "urn:oasis:names:tc:emergency:cap:1.2"
ATOM = "http://www.w3.org/2005/Atom"
CAP_TYPE = "application/cap+xml"

BEFORE_TIMES = ("language", "category", "event", "responseType", "urgency", "severity", "certainty", "audience")
AFTER_TIMES = ("senderName", "headline", "description", "instruction", "web", "contact")
"""Elements of ``info`` in the order of the schema."""

Level, Kind, Hazard = DisasterZone.Level, DisasterZone.Kind, DisasterZone.Hazard

SEVERITIES = {
    Level.HIGH: ("Severe", "Extreme"),
    Level.MEDIUM: ("Moderate", "Unknown"),
    Level.LOW: ("Minor",),
}
"""How CAP words a level; beside it what the message that a zone came from may have said."""

CATEGORIES = {
    Hazard.FLOOD: "Met",
    Hazard.TIDAL_WAVE: "Met",
    Hazard.WHIRLWIND: "Met",
    Hazard.DROUGHT: "Met",
    Hazard.WILDFIRE: "Fire",
}
"""The others are ``Geo``."""

NO_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold."""

SOON = timedelta(hours=1)
"""Within it what is to come is ``Expected``, after it ``Future`` (CAP 1.2, 3.2.2)."""

SAMPLE = "CONTOH-"
"""Codes of sample zones begin so; their messages are tests."""

Words = Sequence[Mapping[str, Any]]
"""One object a language by CAP's names, as :class:`layers.models.CapAlert` keeps them."""


@dataclass(frozen=True)
class Publisher:
    """Who publishes the messages: ``sender``, an address such as ``geoportal@example.id``, and a name by language."""

    sender: str
    name: Mapping[str, str]


def identifier(publisher: Publisher, id: int, sent: datetime) -> str:
    """Of the message about a state of a zone: another state has another."""
    host = publisher.sender.partition("@")[2]
    return f"{host}.disaster_zones.{id}.{int(sent.timestamp() * 1_000_000)}"


def alert_document(told: Told, publisher: Publisher, *, words: Words = ()) -> bytes:
    """The message about a zone that has an end: an alert, or an update of the messages about its former states.

    Of one that was withdrawn it is their cancellation, which repeats what was said with an urgency that is past.

    Args:
        words: what the message that the zone came from said of it.
    """
    zone, alert = told.zone, Element("alert", xmlns=CAP)
    sample = zone.code.startswith(SAMPLE)
    references = " ".join(
        f"{publisher.sender},{identifier(publisher, zone.pk, moment)},{_moment(moment)}" for moment in told.earlier
    )
    _add(alert, "identifier", identifier(publisher, zone.pk, told.sent))
    _add(alert, "sender", publisher.sender)
    _add(alert, "sent", _moment(told.sent))
    _add(alert, "status", "Test" if sample else "Actual")
    _add(alert, "msgType", "Cancel" if told.withdrawn_at else "Update" if references else "Alert")
    _add(alert, "source", zone.source)
    _add(alert, "scope", "Public")
    _add(alert, "note", "Data contoh / Sample data" if sample else "")
    _add(alert, "references", references)
    for said in words or _words(zone, publisher):
        _info(alert, zone, {**said, "urgency": "Past"} if told.withdrawn_at else said)
    return _document(alert)


def _info(alert: Element, zone: DisasterZone, said: Mapping[str, Any]) -> None:
    info = SubElement(alert, "info")
    if said["severity"] not in SEVERITIES[Level(zone.level)]:
        said = {**said, "severity": SEVERITIES[Level(zone.level)][0]}  # the zone was edited since
    for name in BEFORE_TIMES:
        _add(info, name, said.get(name, ""))
    if zone.valid_from:
        _add(info, "onset", _moment(zone.valid_from))
    if zone.valid_to:
        _add(info, "expires", _moment(zone.valid_to))
    for name in AFTER_TIMES:
        _add(info, name, said.get(name, ""))
    area = SubElement(info, "area")
    _add(area, "areaDesc", zone.declared_area or zone.name)
    for polygon in _polygons(zone):
        _add(area, "polygon", polygon)


def _words(zone: DisasterZone, publisher: Publisher) -> Iterator[dict[str, Any]]:
    """What a zone says by itself, in each language of the portal."""
    ahead = zone.valid_from - zone.updated_at if zone.valid_from else timedelta(0)
    urgency = "Immediate" if ahead <= timedelta(0) else "Expected" if ahead <= SOON else "Future"
    for language, _ in settings.LANGUAGES:
        with translation.override(language):
            hazard, level = zone.get_hazard_display(), zone.get_level_display()
            description = text(
                f"{hazard}, tingkat bahaya {level}. Sumber: {zone.source}. {zone.method}",
                f"{hazard}, hazard level {level}. Source: {zone.source}. {zone.method}",
            )
            yield {
                "language": language,
                "category": [CATEGORIES.get(Hazard(zone.hazard), "Geo")],
                "event": str(hazard),
                "urgency": urgency,
                "severity": SEVERITIES[Level(zone.level)][0],
                "certainty": "Observed" if zone.kind == Kind.OBSERVED else "Unknown",
                "senderName": publisher.name[language],
                "headline": zone.name,
                "description": str(description).strip(),
            }


def _polygons(zone: DisasterZone) -> Iterator[str]:
    shape: Any = shapely.from_wkb(bytes(zone.geom.wkb))
    for part in shape.geoms:
        for piece in _without_holes(part):
            yield " ".join(f"{latitude:.6f},{longitude:.6f}" for longitude, latitude in piece.exterior.coords)


def _without_holes(polygon: Polygon) -> Iterator[Polygon]:
    """The polygon, cut along meridians through its holes, the one in the middle first."""
    if not polygon.interiors:
        yield polygon
        return
    west, south, east, north = polygon.bounds
    centres = sorted(hole.centroid.x for hole in polygon.interiors)
    middle = centres[len(centres) // 2]
    for half in ((west, middle), (middle, east)):
        cut = polygon.intersection(shapely.box(half[0], south, half[1], north))
        for part in shapely.get_parts(cut):
            if isinstance(part, Polygon):
                yield from _without_holes(part)


@dataclass(frozen=True)
class Feed:
    """The head of an Atom feed: its address, its title, and when it changed last."""

    address: str
    title: str
    updated: datetime


def feed_document(feed: Feed, publisher: Publisher, language: str, alerts: Iterable[tuple[Told, str]]) -> bytes:
    """An Atom feed (RFC 4287) with an entry for each zone, beside which stands the address of its message."""
    root = Element("feed", {"xmlns": ATOM, "xml:lang": language})
    _add(root, "id", feed.address)
    _add(root, "title", feed.title)
    _add(root, "updated", feed.updated.isoformat())
    SubElement(root, "link", rel="self", type="application/atom+xml", href=feed.address)
    author = SubElement(root, "author")
    _add(author, "name", publisher.name[language])
    for told, address in alerts:
        zone, entry = told.zone, SubElement(root, "entry")
        _add(entry, "id", address)
        _add(entry, "title", f"{text('Dicabut', 'Withdrawn')}: {zone.name}" if told.withdrawn_at else zone.name)
        _add(entry, "updated", told.sent.isoformat())
        _add(entry, "published", zone.created_at.isoformat())
        SubElement(entry, "link", rel="alternate", type=CAP_TYPE, href=address)
        until = localtime(zone.valid_to).isoformat(timespec="minutes") if zone.valid_to else ""
        summary = f"{zone.get_hazard_display()}, {zone.get_level_display()}, {text('sampai', 'until')} {until}"
        _add(entry, "summary", summary)
    return _document(root)


def _moment(moment: datetime) -> str:
    """As CAP writes times: to the second, with an offset and never Z."""
    return localtime(moment).isoformat(timespec="seconds")


def _add(parent: Element, name: str, value: str | Iterable[str]) -> None:
    """An element for each value that is not empty, without what XML cannot hold."""
    for words in [value] if isinstance(value, str) else value:
        if words:
            SubElement(parent, name).text = NO_XML.sub("", words)


def _document(root: Element) -> bytes:
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document
