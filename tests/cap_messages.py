"""CAP messages for tests: made of what a test wants to say, and held to the rules of the OASIS schema of CAP 1.2."""

import re
from datetime import datetime
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"

SQUARE = "-8.60,116.05 -8.60,116.15 -8.50,116.15 -8.50,116.05 -8.60,116.05"


def message(identifier: str = "A-1", *infos: str, **elements: str) -> bytes:
    """An alert; ``elements`` replace or add elements of ``alert``, ``infos`` are made by :func:`info`."""
    said = {
        "identifier": identifier,
        "sender": "uji@example.id",
        "sent": "2024-11-22T10:00:00+08:00",
        "status": "Actual",
        "msgType": "Alert",
        "scope": "Public",
    } | elements
    return f'<?xml version="1.0"?><alert xmlns="{NAMESPACE}">{_elements(said)}{"".join(infos)}</alert>'.encode()


def info(*areas: str, **elements: str) -> str:
    """An info of an area by :func:`area`, or of none where ``areas`` is a single empty text."""
    said = {
        "language": "id",
        "category": "Met",
        "event": "Banjir",
        "urgency": "Immediate",
        "severity": "Severe",
        "certainty": "Likely",
        "effective": "2024-11-22T10:30:00+08:00",
        "expires": "2024-11-22T16:00:00+08:00",
        "headline": "Banjir di Ampenan",
    } | elements
    return f"<info>{_elements(said)}{''.join(areas or [area()])}</info>"


def area(description: str = "Ampenan", *, polygons: tuple[str, ...] = (SQUARE,), circles: tuple[str, ...] = ()) -> str:
    shapes = [("polygon", words) for words in polygons] + [("circle", words) for words in circles]
    return f"<area>{_elements({'areaDesc': description})}{''.join(_element(*shape) for shape in shapes)}</area>"


def _elements(said: dict[str, str]) -> str:
    return "".join(_element(name, words) for name, words in said.items() if words)


def _element(name: str, words: str) -> str:
    return f"<{name}>{escape(words)}</{name}>"


TIME = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}[+-]\d{2}:\d{2}"
KEY = r"[^\s,<&]+"
NUMBER = r"-?\d+(\.\d+)?"
ANY = r"[\s\S]*\S[\s\S]*"

ALERT = {
    "identifier": ("1", KEY),
    "sender": ("1", KEY),
    "sent": ("1", TIME),
    "status": ("1", "Actual|Exercise|System|Test|Draft"),
    "msgType": ("1", "Alert|Update|Cancel|Ack|Error"),
    "source": ("?", ANY),
    "scope": ("1", "Public|Restricted|Private"),
    "restriction": ("?", ANY),
    "addresses": ("?", ANY),
    "code": ("*", ANY),
    "note": ("?", ANY),
    "references": ("?", rf"{KEY},{KEY},{TIME}( {KEY},{KEY},{TIME})*"),
    "incidents": ("?", ANY),
    "info": ("*", None),
}
INFO = {
    "language": ("?", "[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*"),
    "category": ("+", "Geo|Met|Safety|Security|Rescue|Fire|Health|Env|Transport|Infra|CBRNE|Other"),
    "event": ("1", ANY),
    "responseType": ("*", "Shelter|Evacuate|Prepare|Execute|Avoid|Monitor|Assess|AllClear|None"),
    "urgency": ("1", "Immediate|Expected|Future|Past|Unknown"),
    "severity": ("1", "Extreme|Severe|Moderate|Minor|Unknown"),
    "certainty": ("1", "Observed|Likely|Possible|Unlikely|Unknown"),
    "audience": ("?", ANY),
    "eventCode": ("*", None),
    "effective": ("?", TIME),
    "onset": ("?", TIME),
    "expires": ("?", TIME),
    "senderName": ("?", ANY),
    "headline": ("?", ANY),
    "description": ("?", ANY),
    "instruction": ("?", ANY),
    "web": ("?", ANY),
    "contact": ("?", ANY),
    "parameter": ("*", None),
    "resource": ("*", None),
    "area": ("*", None),
}
AREA = {
    "areaDesc": ("1", ANY),
    "polygon": ("*", rf"{NUMBER},{NUMBER}( {NUMBER},{NUMBER}){{3,}}"),
    "circle": ("*", rf"{NUMBER},{NUMBER} {NUMBER}"),
    "geocode": ("*", None),
    "altitude": ("?", NUMBER),
    "ceiling": ("?", NUMBER),
}
"""Elements in the order of the schema: how often each stands (1, ?, +, *) and what it holds (None: elements)."""

RULES: dict[str, dict[str, Any]] = {"alert": ALERT, "info": INFO, "area": AREA}


def faults(document: bytes) -> list[str]:
    """What breaks a rule of CAP 1.2's schema, or of its text: polygons are closed, latitude is first, an Update has
    references, times are in order."""
    root = ElementTree.fromstring(document)
    if root.tag != f"{{{NAMESPACE}}}alert":
        return [f"the root is {root.tag}"]
    found = _faults(root)
    said = {child.tag.partition("}")[2]: child.text or "" for child in root}
    if (said["msgType"] == "Alert") != ("references" not in said):
        found.append(f"msgType {said['msgType']}, references {said.get('references')}")
    for words in root.iter(f"{{{NAMESPACE}}}polygon"):
        pairs = (words.text or "").split()
        if pairs[0] != pairs[-1]:
            found.append("a polygon is not closed")
        if any(abs(float(pair.split(",")[0])) > 90 or abs(float(pair.split(",")[1])) > 180 for pair in pairs):
            found.append("a polygon is not in latitude, longitude")
    for one in root.iter(f"{{{NAMESPACE}}}info"):
        times = [one.findtext(f"{{{NAMESPACE}}}{name}") for name in ("effective", "onset", "expires")]
        moments = [datetime.fromisoformat(time) for time in times if time]
        if moments != sorted(moments):
            found.append(f"times are out of order: {times}")
    return found


def _faults(element: ElementTree.Element) -> list[str]:
    kind = element.tag.partition("}")[2]
    rules, names = RULES[kind], [child.tag.removeprefix(f"{{{NAMESPACE}}}") for child in element]
    found = [f"{kind}: no {name} is known" for name in names if name not in rules]
    known = [name for name in names if name in rules]
    if known != sorted(known, key=list(rules).index):
        found.append(f"{kind}: out of order: {known}")
    for name, (often, _) in rules.items():
        count = known.count(name)
        if not {"1": count == 1, "?": count <= 1, "+": count >= 1, "*": True}[often]:
            found.append(f"{kind}: {count} of {name}")
    for child, name in zip(element, names, strict=True):
        pattern = rules.get(name, ("", None))[1]
        if pattern and not re.fullmatch(pattern, child.text or ""):
            found.append(f"{kind}: {name} is {child.text!r}")
        elif name in RULES:
            found += _faults(child)
    return found
