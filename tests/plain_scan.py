"""CQL2 filters drawn at random, and what a plain scan of Python says of them.

A filter is a tree of tuples. ``written`` is its CQL2 text, ``truth`` its three-valued truth for a row, which maps
columns to values, ``geom`` to a shape.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

import shapely
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

Row = Mapping[str, Any]

SIGNS: dict[str, Any] = {
    "=": lambda x, y: x == y,
    "<>": lambda x, y: x != y,
    "<": lambda x, y: x < y,
    ">": lambda x, y: x > y,
    "<=": lambda x, y: x <= y,
    ">=": lambda x, y: x >= y,
}
SPATIAL = ("contains", "crosses", "disjoint", "equals", "intersects", "overlaps", "touches", "within")
"""Names that CQL2, after ``S_``, and shapely share."""

PATTERNS = ["a", "b", "B", "é", "'", "%", "_", r"\%", r"\_", r"\\"]
"""What patterns of LIKE are made of."""


@dataclass(frozen=True)
class Column:
    name: str


@dataclass(frozen=True)
class Box:
    """A box in degrees; a west greater than east lies across the antimeridian."""

    west: float
    south: float
    east: float
    north: float

    @property
    def numbers(self) -> str:
        return f"{self.west},{self.south},{self.east},{self.north}"

    @property
    def shape(self) -> BaseGeometry:
        spans = [(self.west, self.east)] if self.west <= self.east else [(self.west, 180), (-180, self.east)]
        corners = [[(x, y) for x in span for y in (self.south, self.north)] for span in spans]
        return shapely.union_all([shapely.MultiPoint(each).convex_hull for each in corners])


def boxes(longitudes: Sequence[float], latitudes: Sequence[float]) -> st.SearchStrategy[Box]:
    x, y = st.sampled_from(longitudes), st.sampled_from(latitudes)
    return st.builds(lambda west, east, ys: Box(west, min(ys), east, max(ys)), x, x, st.tuples(y, y))


def is_ordered(values: Sequence[Any]) -> bool:
    """Whether Python and a database of any collation put the values into the same order."""
    return all(not isinstance(value, str) or re.fullmatch("[a-z]*", value) for value in values)


def filters(
    columns: Mapping[str, Sequence[Any]], shapes: st.SearchStrategy[Any] | None = None
) -> st.SearchStrategy[Any]:
    """Filters over columns, each with the values that it is compared with, and over ``geom`` where shapes are given."""
    leaf = st.one_of([leaf for name, values in columns.items() for leaf in _leaves(name, values, columns)])
    if shapes is not None:
        plain, sign, geom = leaf, st.sampled_from(SPATIAL), st.just(Column("geom"))
        spatial = st.tuples(sign, geom, shapes) | st.tuples(sign, shapes, geom)
        leaf = st.booleans().flatmap(lambda in_space: spatial if in_space else plain)
    return st.recursive(
        leaf,
        lambda inner: st.tuples(st.just("NOT"), inner) | st.tuples(st.sampled_from(["AND", "OR"]), inner, inner),
        max_leaves=8,
    )


def _leaves(name: str, values: Sequence[Any], columns: Mapping[str, Sequence[Any]]) -> list[st.SearchStrategy[Any]]:
    column, value, ordered = st.just(Column(name)), st.sampled_from(values), is_ordered(values)
    alike = [
        Column(other)
        for other, others in columns.items()
        if type(others[0]) is type(values[0]) and is_ordered(others) == ordered
    ]
    operand = value | st.sampled_from(alike)
    sign = st.sampled_from(list(SIGNS) if ordered else ["=", "<>"])
    leaves = [
        st.tuples(sign, column, operand),
        st.tuples(sign, operand, column),
        st.tuples(st.just("IS NULL"), column),
        st.tuples(st.just("IN"), column, st.lists(value, min_size=1, max_size=3)),
    ]
    if isinstance(values[0], bool):
        leaves.append(column)
    elif ordered:
        leaves.append(st.tuples(st.just("BETWEEN"), column, value, operand))
    if isinstance(values[0], str):
        leaves.append(st.tuples(st.just("LIKE"), column, st.lists(st.sampled_from(PATTERNS), max_size=4)))
    return leaves


def written(tree: Any) -> str:
    """A filter, or an operand of one, as CQL2 text."""
    match tree:
        case ("NOT", inner):
            return f"NOT ({written(inner)})"
        case ("AND" | "OR" as sign, x, y):
            return f"({written(x)}) {sign} ({written(y)})"
        case ("IS NULL", x):
            return f"{written(x)} IS NULL"
        case ("IN", x, values):
            return f"{written(x)} IN ({', '.join(map(written, values))})"
        case ("BETWEEN", x, low, high):
            return f"{written(x)} BETWEEN {written(low)} AND {written(high)}"
        case ("LIKE", x, parts):
            return f"{written(x)} LIKE {written(''.join(parts))}"
        case (sign, x, y):
            first, second = written(x), written(y)
            return f"S_{sign.upper()}({first}, {second})" if sign in SPATIAL else f"{first} {sign} {second}"
        case Column(name):
            return name
        case Box():
            return f"BBOX({tree.numbers})"
        case BaseGeometry():
            return tree.wkt
        case datetime():
            return f"TIMESTAMP('{tree.astimezone(UTC).isoformat().replace('+00:00', 'Z')}')"
        case time():
            return f"'{tree}'"
        case str():
            return "'" + tree.replace("'", "''") + "'"
    return str(tree).lower()


def truth(tree: Any, row: Row) -> bool | None:
    """The three-valued truth of a filter for a row."""
    match tree:
        case Column():
            return row[tree.name]
        case ("NOT", inner):
            value = truth(inner, row)
            return None if value is None else not value
        case ("AND" | "OR" as sign, *parts):
            values = [truth(part, row) for part in parts]
            decided = sign == "OR"
            return decided if decided in values else None if None in values else not decided
        case ("IS NULL", x):
            return row[x.name] is None
        case ("IN", x, values):
            return None if row[x.name] is None else row[x.name] in values
        case ("BETWEEN", x, low, high):
            return truth(("AND", (">=", x, low), ("<=", x, high)), row)
        case ("LIKE", x, parts):
            return _like(row[x.name], parts)
    x, y = (row[operand.name] if isinstance(operand, Column) else operand for operand in tree[1:])
    if tree[0] in SPATIAL:
        x, y = (operand.shape if isinstance(operand, Box) else operand for operand in (x, y))
        return bool(getattr(x, tree[0])(y))
    return None if x is None or y is None else SIGNS[tree[0]](x, y)


def _like(value: str, parts: list[str]) -> bool:
    if not parts:
        return not value
    if parts[0] == "%":
        return any(_like(value[start:], parts[1:]) for start in range(len(value) + 1))
    return bool(value) and (parts[0] == "_" or value[0] == parts[0][-1]) and _like(value[1:], parts[1:])
