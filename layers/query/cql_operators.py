"""What each operator and function of CQL2 (OGC 21-065r2) is in PostGIS, as templates.

``{x}`` stands for an operand; :func:`sql_write` puts it in, its arguments in the order of the placeholders.
"""

import re
from collections.abc import Iterable, Mapping

from layers.query.spatial import Sql

COMPARISONS = {sign: f"({{x}} {sign} {{y}})" for sign in ("=", "<>", "<", ">", "<=", ">=")}

POWER = """(SELECT CASE
    WHEN x = 0 THEN CASE WHEN y > 0 THEN 0 WHEN y = 0 THEN 1 END
    WHEN x < 0 AND y <> trunc(y) THEN NULL
    WHEN abs(y * ln(abs(x))) < 700 THEN power(x, y)
END FROM (SELECT {x} AS x, {y} AS y OFFSET 0) base)"""
"""NULL where there is no real number, or one beyond 10^±304; OFFSET keeps the operands from being copied."""

ARITHMETIC = {
    "+": "({x} + {y})",
    "-": "({x} - {y})",
    "*": "({x} * {y})",
    "/": "({x} / nullif({y}, 0))",
    "div": "div({x}, nullif({y}, 0))",
    "%": "mod({x}, nullif({y}, 0))",
    "^": POWER,
}
"""On numeric, which 100 operators cannot overflow; a division by zero is NULL."""

WORDS = {
    "casei": "replace(lower(upper({x})), 'ß', 'ss')",
    "accenti": "translate(regexp_replace(normalize({x}, NFD), '[\u0300-\u036f]', '', 'g'), 'ØøĐđŁłĦħŦŧ', 'OoDdLlHhTt')",
}
"""Case is folded, so that Σ, σ and ς are one letter: ``lower`` alone keeps the ς at the end of words. Without the
extension ``unaccent``, letters are taken apart and combining marks dropped; strokes are no marks to Unicode."""

SPATIAL = {
    "s_intersects": "ST_Intersects({x}, {y})",
    "s_disjoint": "ST_Disjoint({x}, {y})",
    "s_contains": "ST_Contains({x}, {y})",
    "s_within": "ST_Within({x}, {y})",
    "s_equals": "ST_Equals({x}, {y})",
    "s_touches": "ST_Touches({x}, {y})",
    "s_crosses": "ST_Crosses({x}, {y})",
    "s_overlaps": "ST_Overlaps({x}, {y})",
}

TEMPORAL = {
    "t_after": "{s1} > {e2}",
    "t_before": "{e1} < {s2}",
    "t_contains": "{s1} < {s2} AND {e1} > {e2}",
    "t_disjoint": "{e1} < {s2} OR {s1} > {e2}",
    "t_during": "{s1} > {s2} AND {e1} < {e2}",
    "t_equals": "{s1} = {s2} AND {e1} = {e2}",
    "t_finishedby": "{s1} < {s2} AND {e1} = {e2}",
    "t_finishes": "{s1} > {s2} AND {e1} = {e2}",
    "t_intersects": "{s1} <= {e2} AND {e1} >= {s2}",
    "t_meets": "{e1} = {s2}",
    "t_metby": "{s1} = {e2}",
    "t_overlappedby": "{s1} > {s2} AND {s1} < {e2} AND {e1} > {e2}",
    "t_overlaps": "{s1} < {s2} AND {e1} > {s2} AND {e1} < {e2}",
    "t_startedby": "{s1} = {s2} AND {e1} > {e2}",
    "t_starts": "{s1} = {s2} AND {e1} < {e2}",
}
"""``s`` and ``e`` are where the first and the second operand start and end; an instant does both at once."""

ARRAYS = {
    "a_equals": "({x} @> {y} AND {x} <@ {y})",
    "a_contains": "({x} @> {y})",
    "a_containedby": "({x} <@ {y})",
    "a_overlaps": "({x} && {y})",
}
"""Lists are compared as sets: neither order nor repetition counts."""


def sql_write(template: str, operands: Mapping[str, Sql]) -> Sql:
    """The template with its operands."""
    names = re.findall(r"\{(\w+)\}", template)
    sql = re.sub(r"\{(\w+)\}", lambda match: operands[match[1]][0], template)
    return sql, [value for name in names for value in operands[name][1]]


def sql_join(sign: str, parts: Iterable[Sql]) -> Sql:
    """The parts with a sign between them, in parentheses."""
    listed = list(parts)
    return f"({sign.join(sql for sql, _ in listed)})", [value for _, values in listed for value in values]
