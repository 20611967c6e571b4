"""CQL2 text and JSON (OGC 21-065r2) into one tree, CQL2-JSON, within limits that keep reading it cheap."""

import re
from dataclasses import dataclass, field
from typing import Any

import cql2
import orjson

LARGEST = 100_000
"""Bytes of a filter."""
DEEPEST = 64
"""Conditions, functions or parentheses inside each other."""
OPERATORS = 1_000
"""Operators, functions and groups in one filter."""

_WORDS = {"and", "between", "div", "is", "like", "not", "or"}
_SHAPES = {
    *("point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection"),
    *("z", "m", "zm"),
}
_TOKEN = re.compile(r"""'(?:[^']|'')*'?|"[^"]*"?|\w+|[<>]=|<>|!=|\s+|.""", re.DOTALL)
_BARE = re.compile(r"""('(?:[^']|'')*'?|"[^"]*"?)|(?<![\w.])\.(?=\d)""")
"""Text in quotes, which stays, or the point of a number without a digit before it, which the grammar of cql2 lacks."""
_PLACEHOLDER = 0xF0000
"""First of the characters for private use, whose names stand for groups that are parsed already."""
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
"""Of JSON; one without an end reaches to the end, or each quote inside of it would be tried as a start."""
_PRIVATE = re.compile(r"[\0\U000f0000-\U0010ffff]")


class Fault(Exception):
    """Something is wrong at a node of the tree, or, for ``str``, at a piece of the text; told in both languages."""

    def __init__(self, node: Any, id: str, en: str) -> None:
        super().__init__(en)
        self.node, self.id, self.en = node, id, en


def cql_parse(value: str, lang: str) -> Any:
    """The tree of a filter. A quote in text is two of them, or one behind a backslash; where a backslash before a
    quote can be read as the end of the text, it is.

    Raises:
        Fault: it is no CQL2, too large, too deep, or holds a character that no filter needs.
    """
    if len(value.encode("utf-8", "surrogatepass")) > LARGEST:
        raise Fault(
            value,
            f"Filter lebih dari {LARGEST} bita.",
            f"The filter is longer than {LARGEST} bytes.",
        )
    if private := _PRIVATE.search(value):
        raise _syntax(value, private.start(), "NUL or a character for private use")
    if lang == "cql2-json":
        return _json_parse(value)
    try:
        return _text_parse(value)
    except Fault:
        if "\\'" not in value:
            raise
        return _text_parse(value.replace("\\'", "''"))


def _json_parse(value: str) -> Any:
    depth = 0
    for bracket in re.findall(r"[][{}]", _STRING.sub("", value)):
        depth += 1 if bracket in "[{" else -1
        if depth > 2 * DEEPEST + 10:  # an operator takes two, a multipolygon at the bottom six
            raise too_deep(value)
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise _syntax(value, error.pos, error.msg) from error


@dataclass
class _Open:
    """A parenthesis that is not closed yet: where it is, what it is for, and the text inside of it so far."""

    start: int
    kind: str
    inside: list[str] = field(default_factory=list)


def _text_parse(value: str) -> Any:
    """Parse from the innermost group outwards, each group once.

    The grammar of cql2 tries every "(" both as a group and as a list, so that a mistake inside n groups costs it
    2ⁿ steps; and it overflows its stack on thousands of operators. A group is therefore replaced by a name of the
    same length before what is around it is parsed, and operators are counted first.
    """
    value = _BARE.sub(lambda match: match[1] or "0.", value)
    groups: list[Any] = []
    opened = [_Open(-1, "group")]
    before, operators = "", 0
    for match in _TOKEN.finditer(value):
        word, here = match[0].lower(), opened[-1]
        if word == "(":
            if before == "in" and any(outer.kind == "in" for outer in opened):
                raise _syntax(value, match.start(), "IN inside of the list of another IN")
            opened.append(_Open(match.start(), _kind(before, here.kind)))
        elif word == ")":
            if len(opened) == 1:
                raise _syntax(value, match.start(), "unexpected )")
            opened.pop()
            inside = "".join(here.inside)
            if here.kind == "group":
                groups.append(_piece_parse(value, inside, here.start + 1, groups) if inside.strip() else [])
                opened[-1].inside.append(f'"{chr(_PLACEHOLDER + len(groups) - 1)}"'.ljust(len(inside) + 2))
            else:
                opened[-1].inside.append(f"({inside})")
        else:
            if word == "," and here.kind == "group" and len(opened) > 1:
                here.kind = "list"
            here.inside.append(match[0])
        operators += here.kind != "shape" and _operates(word, before)
        if operators > OPERATORS or len(opened) > DEEPEST + 1:
            raise too_large(value) if operators > OPERATORS else too_deep(value)
        before = before if word.isspace() else word
    if len(opened) > 1:
        raise _syntax(value, opened[-1].start, "( without )")
    return _piece_parse(value, "".join(opened[0].inside), 0, groups)


def _kind(before: str, around: str) -> str:
    """What an opening parenthesis after the word ``before`` is for."""
    if around == "shape" or before in _SHAPES:
        return "shape"
    if before == "in":
        return "in"
    called = before and (before[-1] == '"' or before[-1].isalnum() or before[-1] == "_") and before not in _WORDS
    return "call" if called else "group"


def _operates(word: str, before: str) -> bool:
    """Whether a word makes a node of the tree; the sign of a number in a list does not."""
    if word == "-":
        return before not in ("(", ",")
    return word == "(" or word in _WORDS or not (word[0].isalnum() or word[0] in "_'\".,)" or word.isspace())


def _piece_parse(value: str, piece: str, start: int, groups: list[Any]) -> Any:
    try:
        return _restored(cql2.parse_text(piece).to_json(), groups)
    except RecursionError as error:  # a chain of operators that each hold the next one, without a parenthesis
        raise too_deep(value) from error
    except cql2.ParseError as error:
        found = re.match(r"\s*--> (\d+):(\d+)", str(error))
        line, column = (int(found[1]), int(found[2])) if found else (1, 1)
        skipped = sum(len(text) for text in piece.splitlines(keepends=True)[: line - 1])
        raise _syntax(value, start + skipped + column - 1, str(error).rpartition("= ")[2]) from error


def _restored(node: Any, groups: list[Any]) -> Any:
    """The tree with each group back in the place of its name."""
    match node:
        case {"property": str(name)} if len(name) == 1 and ord(name) >= _PLACEHOLDER:
            return groups[ord(name) - _PLACEHOLDER]
        case {"op": _, "args": args}:
            return {**node, "args": [_restored(arg, groups) for arg in args]}
        case {"interval": ends}:
            return {"interval": [_restored(end, groups) for end in ends]}
        case list():
            return [_restored(item, groups) for item in node]
    return node


def _syntax(value: str, position: int, reason: str) -> Fault:
    near = value[max(position - 20, 0) : position + 20]
    return Fault(
        near,
        f"Bukan CQL2 pada huruf ke-{position + 1}: {reason}.",
        f"Not CQL2 at character {position + 1}: {reason}.",
    )


def too_deep(node: Any) -> Fault:
    return Fault(
        node,
        f"Bersarang lebih dari {DEEPEST} tingkat.",
        f"It is nested more than {DEEPEST} levels deep.",
    )


def too_large(node: Any) -> Fault:
    return Fault(
        node,
        f"Lebih dari {OPERATORS} operator, fungsi, dan kurung.",
        f"There are more than {OPERATORS} operators, functions and parentheses.",
    )
