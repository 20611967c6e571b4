"""A request for items as a typed, validated value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from layers.catalog import Layer, Property
from layers.errors import InvalidParameter
from layers.query.asof import asof_parse
from layers.query.cql import cql_predicate
from layers.query.paging import Position, position_read
from layers.query.spatial import CRS84, DEFAULT_CRS, BBox, Crs, Sql, crs_get
from layers.query.values import Interval, limit_parse, property_parse, value_parse, whole_parse
from layers.text import text

PARAMETERS = (
    "asof",
    "bbox",
    "bbox-crs",
    "crs",
    "datetime",
    "f",
    "filter",
    "filter-crs",
    "filter-lang",
    "lang",
    "limit",
    "next",
    "offset",
    "properties",
    "q",
    "skipGeometry",
    "sortby",
)
"""Query parameters of items beside the properties of the layer."""

Params = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class FeatureQuery:
    """What is asked of a layer's items; ``properties`` are those to write, ``equals`` those to match.

    ``filter`` is an SQL predicate with its arguments. ``scope`` names what is asked, all but the page: a position
    in one list is none in another. ``asof`` is a place in the journal, None for the present.
    """

    limit: int
    offset: int = 0
    after: Position | None = None
    crs: Crs = DEFAULT_CRS
    bbox: BBox | None = None
    interval: Interval | None = None
    equals: tuple[tuple[Property, Any], ...] = ()
    words: tuple[str, ...] = ()
    filter: Sql | None = None
    sortby: tuple[tuple[str, bool], ...] = ()
    properties: tuple[str, ...] = ()
    skip_geometry: bool = False
    scope: str = ""
    asof: int | None = None

    @property
    def is_choice(self) -> bool:
        """Whether some of the layer's items are asked for, rather than all of the present ones."""
        chosen = (self.bbox, self.interval, self.equals, self.words, self.filter)
        return any(chosen) or self.asof is not None

    @property
    def rectangle(self) -> tuple[str, str] | None:
        """:attr:`BBox.rectangle`, where the box alone decides what is asked for: of the present, ordered by id."""
        others = (self.interval, self.equals, self.words, self.filter, self.sortby, self.after)
        return self.bbox.rectangle if self.bbox and self.asof is None and not any(others) else None

    @classmethod
    def parse(cls, layer: Layer, params: Params) -> "FeatureQuery":
        """Read the query parameters of ``/items``; ``sortby`` pairs a property with whether it descends.

        Raises:
            InvalidParameter: a parameter is unknown, given twice, malformed or out of range.
            Gone: the journal does not reach back as far as ``asof``.
        """
        given = params_single(params, [*PARAMETERS, *(item.name for item in layer.properties)])
        _together(given, "bbox-crs", "bbox")
        _together(given, "filter-crs", "filter")
        _together(given, "filter-lang", "filter")
        if "offset" in given and "next" in given:
            raise InvalidParameter(
                "offset", text("offset tidak berlaku bersama next.", "offset does not go with next.")
            )
        scope = _scope(layer, given)
        bbox_crs = crs_parse(layer, given.get("bbox-crs", CRS84), "bbox-crs")
        filter_crs = crs_parse(layer, given.get("filter-crs", CRS84), "filter-crs")
        filter_lang = choice_parse("filter-lang", given.get("filter-lang", "cql2-text"), ("cql2-text", "cql2-json"))
        return cls(
            limit=limit_parse(given, layer.default_limit, layer.max_limit),
            offset=whole_parse("offset", given.get("offset", "0"), 0),
            after=position_read(scope, given["next"]) if "next" in given else None,
            crs=crs_parse(layer, given.get("crs", CRS84), "crs"),
            bbox=BBox.parse(given["bbox"], bbox_crs) if "bbox" in given else None,
            interval=Interval.parse(given["datetime"]) if "datetime" in given else None,
            equals=tuple(
                (item, property_parse(item, given[item.name])) for item in layer.properties if item.name in given
            ),
            words=tuple(value_parse("q", "string", given.get("q", "")).split()),
            filter=cql_predicate(layer, given["filter"], filter_lang, filter_crs) if "filter" in given else None,
            sortby=_sorted_by(layer, _names(given, "sortby")),
            properties=tuple(_property(layer, name, "properties").name for name in _names(given, "properties")),
            skip_geometry=value_parse("skipGeometry", "boolean", given.get("skipGeometry", "false")),
            scope=scope,
            asof=asof_parse(layer, given["asof"]) if "asof" in given else None,
        )


def _scope(layer: Layer, given: Mapping[str, str]) -> str:
    asked = (item for item in given.items() if item[0] not in ("f", "lang", "limit", "next", "offset"))
    return f"{layer.id} {sorted(asked)}"


def _together(given: Mapping[str, str], name: str, other: str) -> None:
    if name in given and other not in given:
        raise InvalidParameter(name, text(f"{name} hanya berlaku bersama {other}.", f"{name} goes with {other} only."))


def choice_parse(parameter: str, value: str, known: Sequence[str]) -> str:
    """
    Raises:
        InvalidParameter: the value is none of those known.
    """
    if value not in known:
        listed = ", ".join(known)
        raise InvalidParameter(
            parameter, text(f"{value!r} tidak ada; yang ada: {listed}.", f"No {value!r}; there are: {listed}.")
        )
    return value


def params_single(params: Params, known: Sequence[str]) -> dict[str, str]:
    """Every parameter's one value.

    Raises:
        InvalidParameter: one is not in ``known`` or was given more than once.
    """
    for name, values in params.items():
        if name not in known:
            near = get_close_matches(name, known, 1)
            raise InvalidParameter(
                name,
                text(
                    f"Parameter {name!r} tidak dikenal. "
                    + (f"Maksudnya {near[0]!r}? " if near else "")
                    + f"Yang ada: {', '.join(known)}.",
                    f"There is no parameter {name!r}. "
                    + (f"Is {near[0]!r} meant? " if near else "")
                    + f"There are: {', '.join(known)}.",
                ),
            )
        if len(values) > 1:
            raise InvalidParameter(
                name,
                text(f"Parameter {name!r} diberikan lebih dari sekali.", f"{name!r} is given more than once."),
            )
    return {name: values[0] for name, values in params.items()}


def crs_parse(layer: Layer, uri: str, parameter: str) -> Crs:
    """One of the layer's CRS, by its URI.

    Raises:
        InvalidParameter: the layer is not offered in it; the message lists those it is.
    """
    if uri not in layer.crs:
        raise InvalidParameter(
            parameter,
            text(f"{uri!r} tidak didukung. Yang ada: ", f"{uri!r} is not supported. There are: ")
            + ", ".join(layer.crs),
        )
    return crs_get(uri)


def _names(given: Mapping[str, str], parameter: str) -> list[str]:
    return [name.strip() for name in given[parameter].split(",")] if parameter in given else []


def _property(layer: Layer, name: str, parameter: str) -> Property:
    found = layer.property(name)
    if found is None:
        known = ", ".join(item.name for item in layer.properties)
        raise InvalidParameter(
            parameter,
            text(
                f"Tidak ada atribut {name!r}. Yang ada: {known}.",
                f"There is no property {name!r}. There are: {known}.",
            ),
        )
    return found


def _sorted_by(layer: Layer, names: list[str]) -> tuple[tuple[str, bool], ...]:
    """By property, whether it descends; one named again decides nothing, and a thousand would stop PostgreSQL."""
    keys: dict[str, bool] = {}
    for name in names:
        keys.setdefault(*_sort(layer, name))
    return tuple(keys.items())


def _sort(layer: Layer, name: str) -> tuple[str, bool]:
    found = _property(layer, name.lstrip("+-"), "sortby")
    if found.type == "array":
        raise InvalidParameter(
            "sortby", text(f"{found.name} adalah daftar, tak berurutan.", f"{found.name} is a list and has no order.")
        )
    return found.name, name.startswith("-")
