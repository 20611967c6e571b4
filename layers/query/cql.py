"""A CQL2 filter (OGC 21-065r2) as an SQL predicate over the columns of a layer.

    text or JSON → cql_parse → tree of CQL2-JSON → Writer, operand by operand → SQL and arguments

Columns come from the layer's published properties, operators from the tables of ``cql_operators``; whatever else
a filter says is an argument. Three-valued logic as in SQL: a comparison with NULL is neither true nor false.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

import cql2
import numpy as np
import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from layers.catalog import Layer
from layers.errors import InvalidParameter
from layers.models.geometry import SRID, WORLD
from layers.query.cql_operators import (
    ARITHMETIC,
    ARRAYS,
    COMPARISONS,
    SPATIAL,
    TEMPORAL,
    WORDS,
    sql_join,
    sql_write,
)
from layers.query.cql_parse import DEEPEST, OPERATORS, Fault, cql_parse, too_deep, too_large
from layers.query.cql_terms import (
    Term,
    as_moment,
    finite,
    kind_of,
    moment_term,
    number_term,
    sql_alike,
    sql_exact,
    sql_instant,
    sql_needed,
    sql_of,
    storable,
)
from layers.query.spatial import BBox, Crs, Sql, edges_entangled, projected
from layers.text import text

CALCULATIONS = 100
"""Arithmetic operators in one filter: what numeric can hold, whatever is multiplied."""
LISTED = 10_000
"""Values in a list."""
POINTS = 10_000
"""Points of a geometry."""


def cql_predicate(layer: Layer, value: str, lang: str, crs: Crs) -> Sql:
    """A CQL2 filter as an SQL predicate, its values as arguments.

    Args:
        lang: ``cql2-text`` or ``cql2-json``.
        crs: what the filter's coordinates are in, in the axis order of its authority.

    Raises:
        InvalidParameter: the filter is no CQL2, does not fit the layer, or is too large; the message quotes where.
    """
    try:
        tree = cql_parse(value, lang)
        term = Writer(layer, crs).term(tree)
        return sql_needed(term, "boolean")
    except Fault as fault:
        place = _quoted(fault.node, lang)
        raise InvalidParameter(
            "filter", text(f"{fault.id} Di sini: {place}", f"{fault.en} It is here: {place}")
        ) from fault


class Writer:
    """Writes the terms of one filter."""

    def __init__(self, layer: Layer, crs: Crs) -> None:
        self.layer, self.crs = layer, crs
        self.operators = self.calculations = self.depth = 0

    def term(self, node: Any) -> Term:
        """The term of any node but an interval or a list, which only their functions take."""
        match node:
            case None:
                return Term("NULL", [], "null", node)
            case bool():
                return Term(str(node).lower(), [], "boolean", node)
            case int() | float():
                return number_term(node)
            case str():
                return Term("%s", [storable(node)], "string", node, value=node)
            case {"property": str(name)}:
                return self._column(name, node)
            case {"date": str(value)}:
                return moment_term(value, "date", node)
            case {"timestamp": str(value)}:
                return moment_term(value, "date-time", node)
            case {"bbox": list(numbers)}:
                return self._bbox(numbers, node)
            case {"type": str(), "coordinates": _} | {"type": str(), "geometries": _}:
                return self._geometry(node)
            case {"op": str(name), "args": list(args)}:
                return self._operation(name.lower(), args, node)
            case {"interval": _}:
                raise Fault(node, "INTERVAL hanya untuk fungsi T_….", "INTERVAL is for the functions T_… only.")
            case list():
                raise Fault(node, "Daftar tidak dapat di sini.", "A list cannot be here.")
        raise Fault(node, "Bukan ekspresi CQL2.", "This is no expression of CQL2.")

    def _column(self, name: str, node: Any) -> Term:
        if name == "geom":
            return Term("geom", [], "geometry", node)
        if name == "id":
            return Term("id", [], "number", node)
        known = self.layer.property(name)
        if not known:
            names = ["geom", "id", *(item.name for item in self.layer.properties)]
            raise Fault(
                node,
                f"Tidak ada atribut {name[:80]!r}. Yang ada: {', '.join(names)}.",
                f"There is no property {name[:80]!r}. There are: {', '.join(names)}.",
            )
        return Term(f'"{known.name}"', [], kind_of(known), node, known=known)

    def _operation(self, name: str, args: list[Any], node: Any) -> Term:
        if name not in WRITERS:
            near = get_close_matches(name, WRITERS, 1)
            raise Fault(
                node,
                f"CQL2 tidak punya {name[:80]!r}." + (f" Maksudnya {near[0]!r}?" if near else ""),
                f"CQL2 has no {name[:80]!r}." + (f" Is {near[0]!r} meant?" if near else ""),
            )
        write, fewest, most = WRITERS[name]
        if not fewest <= len(args) <= most:
            raise Fault(
                node,
                f"{name} memerlukan {fewest} operan, bukan {len(args)}.",
                f"{name} takes {fewest} operands, not {len(args)}.",
            )
        self.operators += 1
        if self.operators > OPERATORS:
            raise too_large(node)
        self.depth += 1
        if self.depth > DEEPEST:
            raise too_deep(f"{name}(…)")
        written = write(self, name, args, node)
        self.depth -= 1
        return written

    def logic(self, name: str, args: list[Any], node: Any) -> Term:
        parts = [sql_needed(self.term(arg), "boolean") for arg in args]
        return Term(*sql_join(f" {name.upper()} ", parts), "boolean", node)

    def negation(self, name: str, args: list[Any], node: Any) -> Term:
        return _condition("(NOT {x})", {"x": sql_needed(self.term(args[0]), "boolean")}, node)

    def comparison(self, name: str, args: list[Any], node: Any) -> Term:
        x, y = sql_alike([self.term(arg) for arg in args], node)
        return _condition(COMPARISONS[name], {"x": x, "y": y}, node)

    def between(self, name: str, args: list[Any], node: Any) -> Term:
        x, low, high = sql_alike([self.term(arg) for arg in args], node)
        return _condition("({x} BETWEEN {low} AND {high})", {"x": x, "low": low, "high": high}, node)

    def membership(self, name: str, args: list[Any], node: Any) -> Term:
        items = _list(args[1])
        x, *values = sql_alike([self.term(item) for item in [args[0], *items]], node)
        if not values:
            return Term("false", [], "boolean", node)
        return _condition("({x} IN {values})", {"x": x, "values": sql_join(", ", values)}, node)

    def likeness(self, name: str, args: list[Any], node: Any) -> Term:
        pattern = args[1]
        while isinstance(pattern, dict) and pattern.get("op") in WORDS and pattern.get("args"):
            pattern = pattern["args"][0]
        if not isinstance(pattern, str) or len(re.findall(r"\\*$", pattern)[0]) % 2:
            raise Fault(
                args[1],
                "Pola LIKE harus teks dengan % dan _, dan garis miring terbalik hanya di depan huruf lain.",
                "The pattern of LIKE must be text with % and _, and a backslash only before another character.",
            )
        x, y = (sql_needed(self.term(arg), "string") for arg in args)
        return _condition("({x} LIKE {y})", {"x": x, "y": y}, node)

    def nullness(self, name: str, args: list[Any], node: Any) -> Term:
        return _condition("({x} IS NULL)", {"x": sql_of(self.term(args[0]))}, node)

    def words(self, name: str, args: list[Any], node: Any) -> Term:
        return Term(*sql_write(WORDS[name], {"x": sql_needed(self.term(args[0]), "string")}), "string", node)

    def arithmetic(self, name: str, args: list[Any], node: Any) -> Term:
        self.calculations += 1
        if self.calculations > CALCULATIONS:
            raise Fault(
                node,
                f"Lebih dari {CALCULATIONS} operator hitung.",
                f"There are more than {CALCULATIONS} arithmetic operators.",
            )
        x, y = (sql_exact(self.term(arg)) for arg in args)
        return Term(*sql_write(ARITHMETIC[name], {"x": x, "y": y}), "number", node, exact=True)

    def spatial(self, name: str, args: list[Any], node: Any) -> Term:
        terms = [self.term(arg) for arg in args]
        x, y = (sql_needed(term, "geometry") for term in terms)
        literals = [wkb for term in terms for wkb in term.args]
        if len(literals) == len(terms):
            _crossings_check(list(map(shapely.from_wkb, literals)), node)
        return _condition(SPATIAL[name], {"x": x, "y": y}, node)

    def temporal(self, name: str, args: list[Any], node: Any) -> Term:
        """Compare where two operands start and end; by day where any of the four is a date."""
        ends = [end for arg in args for end in self._ends(arg)]
        days = any(end.kind == "date" for end in ends)
        s1, e1, s2, e2 = (sql_instant(end, days) for end in ends)
        return _condition(f"({TEMPORAL[name]})", {"s1": s1, "e1": e1, "s2": s2, "e2": e2}, node)

    def _ends(self, node: Any) -> tuple[Term, Term]:
        match node:
            case {"interval": [start, end]}:
                ends = self._end(start, "-infinity", 0), self._end(end, "infinity", 1)
                fixed = [end.args[0] for end in ends if end.args and not end.known]
                if len(fixed) == 2 and ends[0].kind == ends[1].kind and fixed[0] > fixed[1]:
                    raise Fault(node, "Rentang berakhir sebelum mulai.", "The interval ends before it starts.")
                return ends
        instant = as_moment(self.term(node))
        return instant, instant

    def _end(self, node: Any, infinity: str, side: int) -> Term:
        """One end of an interval: ``..`` is open, and so is an empty validity, as in the parameter ``datetime``."""
        if node == "..":
            return Term(f"'{infinity}'", [], "open", node)
        end = as_moment(self.term(node))
        validity = self.layer.time
        if end.known and validity[0] != validity[1] and end.known.name == validity[side]:
            return replace(end, sql=f"coalesce({end.sql}, '{infinity}')")
        return end

    def array(self, name: str, args: list[Any], node: Any) -> Term:
        x, y = (sql_of(self._texts(arg)) for arg in args)
        return _condition(ARRAYS[name], {"x": x, "y": y}, node)

    def _texts(self, node: Any) -> Term:
        """A list of texts, or a property that is one."""
        if isinstance(node, dict):
            term = self.term(node)
            return replace(term, sql=f"{sql_needed(term, 'array')[0]}::text[]")
        items = _list(node)
        if not all(isinstance(item, str) for item in items):
            raise Fault(node, "Daftar harus berisi teks.", "The list must hold text.")
        return Term("%s::text[]", [[storable(item) for item in items]], "array", node)

    def _bbox(self, numbers: list[Any], node: Any) -> Term:
        values = ",".join(repr(finite(number, node)) for number in numbers)
        return _shape(shapely.union_all(BBox.parse(values, self.crs, "filter").shapes), node)

    def _geometry(self, node: Any) -> Term:
        """A literal in the storage CRS; a collection as the one simplest shape that covers the same."""
        try:
            shape = shapely.force_2d(shapely.from_geojson(orjson.dumps(node)))
        except (shapely.errors.GEOSException, orjson.JSONEncodeError) as error:
            raise _unsound(node, str(error).strip()) from error
        if shapely.get_num_coordinates(shape) > POINTS:
            raise Fault(
                node,
                f"Geometri punya lebih dari {POINTS} titik.",
                f"The geometry has more than {POINTS} points.",
            )
        _crossings_check([shape], node)
        _check(shape, node)
        if shape.geom_type == "GeometryCollection":
            shape = shapely.union_all(shapely.get_parts(shape))
        if self.crs.swapped:
            shape = shapely.transform(shape, np.fliplr)
        if not self.crs.degrees:
            shape = projected(shape, self.crs, "filter", _quoted(node, "cql2-text"))
            _check(shape, node)
        west, south, east, north = shape.bounds
        if not (WORLD[0] <= west and WORLD[1] <= south and east <= WORLD[2] and north <= WORLD[3]):
            raise _unsound(node, f"outside the world, in the axis order of {self.crs.uri}")
        return _shape(shape, node)


Write = Callable[[Writer, str, list[Any], Any], Term]

WRITERS: dict[str, tuple[Write, int, float]] = {
    **dict.fromkeys(("and", "or"), (Writer.logic, 2, OPERATORS)),
    "not": (Writer.negation, 1, 1),
    **dict.fromkeys(COMPARISONS, (Writer.comparison, 2, 2)),
    "between": (Writer.between, 3, 3),
    "in": (Writer.membership, 2, 2),
    "like": (Writer.likeness, 2, 2),
    "isnull": (Writer.nullness, 1, 1),
    **dict.fromkeys(WORDS, (Writer.words, 1, 1)),
    **dict.fromkeys(ARITHMETIC, (Writer.arithmetic, 2, 2)),
    **dict.fromkeys(SPATIAL, (Writer.spatial, 2, 2)),
    **dict.fromkeys(TEMPORAL, (Writer.temporal, 2, 2)),
    **dict.fromkeys(ARRAYS, (Writer.array, 2, 2)),
}
"""Who writes each operator, and the fewest and most operands it takes."""


def _condition(template: str, operands: dict[str, Sql], node: Any) -> Term:
    return Term(*sql_write(template, operands), "boolean", node)


def _list(node: Any) -> list[Any]:
    """The values of a list; one value in parentheses is a list of one."""
    values = node if isinstance(node, list) else [node]
    if len(values) > LISTED:
        raise Fault(
            values[:3],
            f"Daftar memuat lebih dari {LISTED} nilai.",
            f"The list holds more than {LISTED} values.",
        )
    return values


def _shape(shape: Any, node: Any) -> Term:
    wkb = shapely.to_wkb(shapely.set_srid(shape, SRID), hex=True, include_srid=True)
    return Term("%s::geometry", [wkb], "geometry", node)


def _crossings_check(shapes: list[BaseGeometry], node: Any) -> None:
    if edges_entangled(shapes):
        raise Fault(node, "Garis geometri terlalu banyak bersilangan.", "The geometry's lines cross too often.")


def _check(shape: Any, node: Any) -> None:
    if shape.is_empty or not shape.is_valid:
        raise _unsound(node, "empty" if shape.is_empty else shapely.is_valid_reason(shape))


def _unsound(node: Any, reason: str) -> Fault:
    return Fault(node, f"Geometri tidak sah: {reason[:200]}.", f"The geometry is not valid: {reason[:200]}.")


def _quoted(node: Any, lang: str) -> str:
    """The beginning of a node as the client may have written it."""
    if isinstance(node, str):
        written = node
    elif lang == "cql2-json" or not isinstance(node, dict):
        written = orjson.dumps(node).decode()
    else:
        written = str(cql2.Expr(node))
    return written if len(written) <= 80 else written[:80] + "…"
