"""Points of a file, CSV or a GeoJSON feature collection, one at a time; one that cannot be read says why."""

import csv
import json
import re
from collections.abc import Container, Iterable, Iterator
from itertools import zip_longest
from typing import Any

import orjson

from layers.errors import InvalidParameter
from layers.query.screening import Point
from layers.query.values import number_read
from layers.text import text

LIMIT = 100_000

COLUMNS = 1_000
"""Beside the position, of all rows together; in a table each row is answered with all, the empty ones included."""

ID = "id_given"
"""The column for a GeoJSON feature's own id; that of an answer is its row."""

LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
"""With its end; io.StringIO would hold the text once more, at four bytes a character."""

FEATURES = re.compile(r'"features"\s*:\s*\[')
BETWEEN = re.compile(r"[\s,]*")
NUL = re.compile(r"(\\\\)|\\u0000")
"""In JSON text. An escaped backslash, group 1, is to be kept: what follows it is no escape."""

SURPLUS = text(
    "sel lebih banyak daripada kolom; koma desimal memerlukan titik koma sebagai pemisah",
    "more cells than columns; decimal commas need semicolons as separators",
)
NO_POINT = text("bukan Feature dengan geometri Point", "not a Feature with a Point geometry")


def points_csv(content: str) -> Iterator[Point]:
    """Rows of a table with the columns ``lon`` and ``lat``, separated by commas, or by semicolons as Excel does.

    A row with more cells than columns is faulty: with decimal commas, 116,10 would be read as 116 and 10. A column
    without a name, as Excel leaves them, is ``column_`` and its number.

    Raises:
        InvalidParameter: ``body``: a column is missing, there are more than :data:`COLUMNS`, or a row is no CSV.
    """
    head = content.partition("\n")[0]
    semicolons = head.count(";") > head.count(",")
    lines = (line[0] for line in LINE.finditer(content))
    cells = csv.reader(lines, delimiter=";" if semicolons else ",", strict=True)
    number = 0
    try:
        heads = [name or f"column_{column}" for column, name in enumerate(next(cells, []), 1)]
        names = {name.strip().lower(): name for name in heads}
        for wanted in ("lon", "lat"):
            if wanted not in names:
                raise InvalidParameter(
                    "body",
                    text(
                        f"Kolom {wanted!r} tidak ada. Baris pertama harus memuat lon dan lat, dalam derajat.",
                        f"There is no column {wanted!r}. The first row must name lon and lat, in degrees.",
                    ),
                )
        columns_check(len(heads) - 2)
        _twice_check(heads)
        for number, found in enumerate(filter(None, cells), 1):
            row: dict[str, Any] = dict(zip_longest(heads, found[: len(heads)]))
            lon, lat = row.pop(names["lon"]) or "", row.pop(names["lat"]) or ""
            if semicolons:
                lon, lat = lon.replace(",", "."), lat.replace(",", ".")
            yield _point(number, lon, lat, row, SURPLUS if "".join(found[len(heads) :]).strip() else None)
    except csv.Error as error:
        raise _unreadable(number + 1, error) from error


def points_geojson(content: str) -> Iterator[Point]:
    """Features of a collection of points, decoded one by one, so that memory is bounded.

    Raises:
        InvalidParameter: ``body``: it is no feature collection, or breaks off.
    """
    start = FEATURES.search(content)
    if start is None:
        raise InvalidParameter(
            "body", text("Bukan FeatureCollection GeoJSON.", "This is not a GeoJSON FeatureCollection.")
        )
    decoder, position, number = json.JSONDecoder(), start.end(), 0
    while True:
        gap = BETWEEN.match(content, position)
        position = gap.end() if gap else position
        if content[position : position + 1] == "]":
            return
        number += 1
        try:
            feature, position = decoder.raw_decode(content, position)
        except (ValueError, RecursionError) as error:
            raise _unreadable(number, error) from error
        match feature:
            case {"geometry": {"type": "Point", "coordinates": [lon, lat, *_]}}:
                yield _point(number, lon, lat, _given(feature))
            case _:
                yield _point(number, None, None, _given(feature), NO_POINT)


def _twice_check(names: Iterable[str]) -> None:
    """
    Raises:
        InvalidParameter: ``body``: two columns have one name, and of their cells only one would come back.
    """
    known: set[str] = set()
    for name in names:
        position = name.strip().lower()
        name = position if position in ("lon", "lat") else name
        if name in known:
            raise InvalidParameter(
                "body",
                text(
                    f"Dua kolom bernama {name!r}; beri setiap kolom nama sendiri.",
                    f"Two columns are named {name!r}; give each column a name of its own.",
                ),
            )
        known.add(name)


def columns_check(count: int) -> None:
    """
    Raises:
        InvalidParameter: ``body``: more than :data:`COLUMNS`.
    """
    if count > COLUMNS:
        raise InvalidParameter(
            "body",
            text(
                f"Lebih dari {COLUMNS} kolom selain posisinya; kirim lebih sedikit.",
                f"More than {COLUMNS} columns beside the position; send fewer.",
            ),
        )


def column_free(name: str, taken: Container[str]) -> str:
    """A name for a column that came, beside those that are taken.

    ``status``, where it is taken, becomes ``status_given``, and ``status_given`` then ``status_given_given``: no two
    names become one.
    """
    stem = name
    while stem not in taken and stem.endswith("_given"):
        stem = stem.removesuffix("_given")
    return f"{name}_given" if stem in taken else name


def _given(feature: Any) -> dict[str, Any]:
    """The properties of a feature, after its own id."""
    if not isinstance(feature, dict):
        return {}
    id, properties = feature.get("id"), feature.get("properties")
    named = properties if isinstance(properties, dict) else {}
    named = {column_free(name, (ID,)): value for name, value in named.items()}
    return named if id is None else {ID: id, **named}


def _unreadable(number: int, error: Exception) -> InvalidParameter:
    return InvalidParameter(
        "body", text(f"Baris {number} tidak terbaca: {error}.", f"Row {number} cannot be read: {error}.")
    )


def _point(number: int, lon: Any, lat: Any, given: dict[str, Any], fault: Any = None) -> Point:
    try:
        written = _written(given)
    except TypeError as error:
        fault = text(f"atribut tidak dapat ditulis: {error}", f"the properties cannot be written: {error}")
        return Point(number, None, None, str(fault), "{}")
    if fault:
        return Point(number, None, None, str(fault), written)
    degrees = []
    for name, value, most in (("lon", lon, 180), ("lat", lat, 90)):
        degree = _degree(value)
        if degree is None or abs(degree) > most:
            told = str(value)[:40].replace("\0", "")
            fault = text(
                f"{name} {told!r} bukan bilangan dari -{most} sampai {most}",
                f"{name} {told!r} is not a number from -{most} to {most}",
            )
            return Point(number, None, None, str(fault), written)
        degrees.append(degree)
    return Point(number, degrees[0], degrees[1], None, written)


def _degree(value: Any) -> float | None:
    """A number, or how a cell of a table writes one; None of anything else."""
    try:
        return number_read(str(value).strip()) if isinstance(value, str | int | float) else None
    except ValueError:
        return None


def _written(given: dict[str, Any]) -> str:
    """JSON text without NUL characters; null for a number that is not finite.

    Raises:
        TypeError: a lone surrogate, a whole number beyond 64 bits, or too deep.
    """
    nested = orjson.dumps([given])[1:-1]  # as deep as in an answer, for depth is bounded
    return NUL.sub(r"\1", nested.decode())
