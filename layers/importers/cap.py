"""CAP messages (OASIS Common Alerting Protocol 1.2) as values. Signatures are passed over, not verified."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element

from layers.errors import Problem
from layers.importers.xml import xml_root
from layers.models.cap_alert import CODES
from layers.text import text

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"

SINGLE = ("event", "urgency", "severity", "certainty", "audience", "senderName", "headline", "web", "contact")
PARAGRAPHS = ("description", "instruction")
LISTS = ("category", "responseType")


@dataclass(frozen=True)
class Area:
    """Where: ``polygons`` as ``lat,lon lat,lon …``, ``circles`` as ``lat,lon radius`` in kilometres."""

    description: str
    polygons: tuple[str, ...]
    circles: tuple[str, ...]


@dataclass(frozen=True)
class Info:
    """What is said in one language; ``words`` are by CAP's names, ``category`` and ``responseType`` lists."""

    language: str
    words: dict[str, Any]
    effective: datetime | None
    onset: datetime | None
    expires: datetime | None
    areas: tuple[Area, ...]

    @property
    def is_over(self) -> bool:
        """Whether it says that the danger is over."""
        return self.words["urgency"] == "Past" or "AllClear" in self.words.get("responseType", ())


@dataclass(frozen=True)
class Alert:
    """A message; ``replaces`` are the ``sender,identifier`` of those it updates or cancels."""

    identifier: str
    sender: str
    sent: datetime
    status: str
    message_type: str
    scope: str
    replaces: tuple[str, ...]
    infos: tuple[Info, ...]

    @property
    def key(self) -> str:
        return f"{self.sender},{self.identifier}"


def alert_parse(document: bytes) -> Alert:
    """The message that a document holds.

    Raises:
        Problem: it is no XML, has a document type (that is where entities come from), is no CAP 1.2, or lacks what
            every message must have.
    """
    root = xml_root(document)
    if root.tag != f"{{{NAMESPACE}}}alert":
        raise Problem(
            text(
                f"Ini bukan alert CAP 1.2 (namespace {NAMESPACE}), melainkan {root.tag}.",
                f"This is no alert of CAP 1.2 (namespace {NAMESPACE}) but {root.tag}.",
            )
        )
    return Alert(
        identifier=_key(root, "identifier"),
        sender=_key(root, "sender"),
        sent=_moment_required(root, "sent"),
        status=_code(root, "status"),
        message_type=_code(root, "msgType"),
        scope=_code(root, "scope"),
        replaces=_references(root),
        infos=tuple(_info(info) for info in _all(root, "info")),
    )


def _info(info: Element) -> Info:
    words: dict[str, Any] = {name: _line(info, name) for name in SINGLE}
    words |= {name: _text(info, name) for name in PARAGRAPHS}
    words |= {name: [_known(name, (found.text or "").strip()) for found in _all(info, name)] for name in LISTS}
    words |= {name: _code(info, name) for name in ("urgency", "severity", "certainty")}
    for name in ("category", "event"):
        if not words[name]:
            raise _missing(name)
    return Info(
        language=_language(_line(info, "language") or "en-US"),  # the default of the standard
        words={name: value for name, value in words.items() if value},
        effective=_moment(info, "effective"),
        onset=_moment(info, "onset"),
        expires=_moment(info, "expires"),
        areas=tuple(_area(area) for area in _all(info, "area")),
    )


def _language(words: str) -> str:
    """As RFC 5646 writes languages; ``und`` where it is none."""
    code = words.replace("_", "-")
    return code if re.fullmatch("[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*", code) else "und"


def _area(area: Element) -> Area:
    polygons, circles = (tuple((found.text or "").strip() for found in _all(area, name)) for name in _SHAPES)
    return Area(_line(area, "areaDesc"), polygons, circles)


_SHAPES = ("polygon", "circle")


def _references(root: Element) -> tuple[str, ...]:
    found = []
    for reference in _text(root, "references").split():
        sender, _, rest = reference.partition(",")
        identifier = rest.rpartition(",")[0]
        if not (sender and identifier):
            raise Problem(
                text(
                    f"references: {reference!r} bukan sender,identifier,sent.",
                    f"references: {reference!r} is not sender,identifier,sent.",
                )
            )
        found.append(f"{sender},{identifier}")
    return tuple(found)


def _all(element: Element, name: str) -> list[Element]:
    return element.findall(f"{{{NAMESPACE}}}{name}")


def _text(element: Element, name: str) -> str:
    return (element.findtext(f"{{{NAMESPACE}}}{name}") or "").strip()


def _line(element: Element, name: str) -> str:
    return " ".join(_text(element, name).split())


def _key(element: Element, name: str) -> str:
    value = _text(element, name)
    if not re.fullmatch(r"[^\s,<&]+", value):
        raise Problem(
            text(
                f"{name} tidak ada, atau memuat spasi, koma, < atau &: {value!r}.",
                f"{name} is missing, or holds a space, comma, < or &: {value!r}.",
            )
        )
    return value


def _code(element: Element, name: str) -> str:
    return _known(name, _text(element, name))


def _known(name: str, value: str) -> str:
    if value not in CODES[name]:
        listed = ", ".join(CODES[name])
        raise Problem(
            text(f"{name}: {value!r} tidak ada; yang ada: {listed}.", f"{name}: no {value!r}; there are: {listed}.")
        )
    return value


def _moment_required(element: Element, name: str) -> datetime:
    moment = _moment(element, name)
    if moment is None:
        raise _missing(name)
    return moment


def _moment(element: Element, name: str) -> datetime | None:
    value = _text(element, name)
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError(value)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Problem(
            text(
                f"{name}: {value!r} bukan waktu dengan selisih dari UTC seperti 2026-11-22T10:00:00+08:00.",
                f"{name}: {value!r} is no time with an offset from UTC such as 2026-11-22T10:00:00+08:00.",
            )
        ) from error


def _missing(name: str) -> Problem:
    return Problem(text(f"{name} tidak ada.", f"{name} is missing."))
