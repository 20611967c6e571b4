"""Operands of a CQL2 filter with their kinds, and how they are brought to one kind."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from django.utils import timezone

from layers.catalog import Property
from layers.query.cql_parse import Fault
from layers.query.spatial import Sql
from layers.query.values import KINDS
from layers.text import text

KIND_WORDS = {
    "array": text("daftar", "a list"),
    "boolean": text("benar/salah", "a boolean"),
    "date": text("tanggal", "a date"),
    "date-time": text("waktu", "a time stamp"),
    "geometry": text("geometri", "a geometry"),
    "null": text("NULL", "NULL"),
    "number": text("bilangan", "a number"),
    "string": text("teks", "text"),
    "time": text("jam", "a time of day"),
}
"""What an operand can be, in words."""


@dataclass(frozen=True)
class Term:
    """An operand: its SQL, what kind of value it has, and the node of the tree that it comes from.

    ``known`` is the property of a plain column, ``value`` the text of a plain text literal: it becomes a date or a
    time beside one. ``exact``: of type numeric, because it was calculated.
    """

    sql: str
    args: list[Any]
    kind: str
    node: Any
    known: Property | None = None
    value: str | None = None
    exact: bool = False


def kind_of(known: Property) -> str:
    if known.format in KIND_WORDS:
        return str(known.format)
    return "number" if known.type == "integer" else known.type


def sql_of(term: Term) -> Sql:
    return term.sql, term.args


def sql_needed(term: Term, kind: str) -> Sql:
    """The SQL of a term of that kind, or of NULL where there may be one."""
    if term.kind == kind:
        return sql_of(term)
    if term.kind == "null" and kind in ("boolean", "string"):
        return f"NULL::{'text' if kind == 'string' else kind}", []
    raise Fault(
        term.node,
        f"Di sini perlu {KIND_WORDS[kind]}, bukan {KIND_WORDS[term.kind]}.",
        f"This must be {KIND_WORDS[kind]}, not {KIND_WORDS[term.kind]}.",
    )


def sql_exact(term: Term) -> Sql:
    if term.exact:
        return sql_of(term)
    sql, args = sql_of(term) if term.kind == "null" else sql_needed(term, "number")
    return f"{sql}::numeric", args


def sql_alike(terms: Sequence[Term], node: Any) -> list[Sql]:
    """Terms brought to one kind that can be compared; text that is none of a property's codes equals none of them."""
    kinds = {term.kind for term in terms if term.value is None}
    if kinds & {"date", "date-time"}:
        terms = [as_moment(term) if term.value is not None else term for term in terms]
    elif "time" in kinds:
        terms = [_time(term) if term.value is not None else term for term in terms]
    kinds = {term.kind for term in terms} - {"null"}
    if kinds == {"date", "date-time"}:
        return [sql_instant(term, days=True) for term in terms]
    if len(kinds) > 1 or kinds & {"array", "geometry"}:
        words = ", ".join(str(KIND_WORDS[kind]) for kind in sorted(kinds))
        raise Fault(
            node,
            f"Tidak dapat dibandingkan: {words}. Pakai S_… untuk geometri dan A_… untuk daftar.",
            f"These cannot be compared: {words}. Use S_… for geometries and A_… for lists.",
        )
    return (
        [sql_exact(term) for term in terms] if any(term.exact for term in terms) else [sql_of(term) for term in terms]
    )


def number_term(node: float) -> Term:
    number = finite(node, node)
    return Term("%s", [int(number) if number.is_integer() else number], "number", node)


def finite(node: Any, place: Any) -> float:
    if isinstance(node, bool) or not isinstance(node, int | float) or not isfinite(node):
        raise Fault(place, "Ada yang bukan bilangan.", "There is something that is no number.")
    if float(node).is_integer() and abs(node) >= 2**63:
        raise Fault(place, "Bilangan di luar ±9223372036854775807.", "A number is beyond ±9223372036854775807.")
    return node


def storable(value: str) -> str:
    if "\0" in value:
        raise Fault(value, "Teks memuat huruf NUL.", "The text holds a NUL character.")
    return value


def as_moment(term: Term) -> Term:
    """A date or time stamp: a column or literal that is one, or text that reads as one."""
    if term.value is not None:
        return moment_term(
            term.value, "date" if re.fullmatch(r"\d{4}-\d\d-\d\d", term.value) else "date-time", term.node
        )
    if term.kind not in ("date", "date-time", "null"):
        sql_needed(term, "date-time")
    return term


def moment_term(value: str, kind: str, node: Any) -> Term:
    return Term("%s", [_read(value, kind, node)], kind, node)


def _time(term: Term) -> Term:
    return Term("%s::time", [_read(str(term.value), "time", term.node)], "time", term.node)


def _read(value: str, kind: str, node: Any) -> Any:
    parse, words = KINDS[kind]
    try:
        read = parse(value)
        if kind == "date" and value != read.isoformat():
            raise ValueError(value)
    except (ValueError, OverflowError) as error:
        raise Fault(node, f"{value[:80]!r} bukan {words}.", f"{value[:80]!r} is not {words}.") from error
    return read


def sql_instant(term: Term, days: bool) -> Sql:
    """A moment of time, as the day of the portal's time zone where days are compared."""
    if term.kind in ("open", "null"):
        return f"{term.sql}::{'date' if days else 'timestamptz'}", []
    if days and term.kind == "date-time":
        return f"({term.sql} AT TIME ZONE %s)::date", [*term.args, timezone.get_current_timezone_name()]
    return sql_of(term)
