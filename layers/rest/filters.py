"""What a list can be filtered and ordered by, made from the catalogue."""

from collections.abc import Callable, Iterator
from functools import reduce
from math import asin, cos, degrees, radians, sin
from operator import or_
from typing import Any, ClassVar

import shapely
from django import forms
from django.contrib.gis.db.models import GeometryField
from django.contrib.gis.geos import GEOSGeometry, Point
from django.contrib.gis.measure import Distance
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Cast
from django.utils.text import format_lazy
from django_filters.filters import Filter
from django_filters.filterset import FilterSet
from drf_spectacular.utils import extend_schema_field

from layers.catalog import Layer, Property
from layers.errors import InvalidParameter
from layers.models.geometry import SRID
from layers.query.features import SEARCHED
from layers.query.spatial import DEFAULT_CRS, BBox
from layers.query.values import LARGEST, property_parse, value_parse
from layers.text import text

FARTHEST = 100_000
"""The largest ``dist``, in metres."""

POLAR_RADIUS = 6_356_752
"""Of the WGS 84 ellipsoid, in metres."""


def point_parse(value: str) -> Point:
    """Read ``longitude,latitude``, in degrees.

    Raises:
        InvalidParameter: not two numbers, or outside the world.
    """
    position = [value_parse("point", "number", part) for part in value.split(",")]
    if len(position) != 2 or not (-180 <= position[0] <= 180 and -90 <= position[1] <= 90):
        raise InvalidParameter(
            "point",
            text(
                f"{value!r} bukan bujur,lintang: bujur -180 sampai 180, lintang -90 sampai 90.",
                f"{value!r} is not longitude,latitude: longitude is -180 to 180, latitude -90 to 90.",
            ),
        )
    return Point(position, srid=SRID)


def distance_parse(value: str) -> float:
    """Read metres.

    Raises:
        InvalidParameter: not a number, or not from 0 to ``FARTHEST``.
    """
    metres: float = value_parse("dist", "number", value)
    if not 0 <= metres <= FARTHEST:
        raise InvalidParameter(
            "dist",
            text(
                f"{value!r} tidak di antara 0 dan {FARTHEST} meter.",
                f"{value!r} is not between 0 and {FARTHEST} metres.",
            ),
        )
    return metres


def box_around(point: Point, metres: float) -> BBox:
    """A box that holds every place within a distance, measured on the ellipsoid, of a position."""
    angle = 1.01 * metres / POLAR_RADIUS  # on a sphere inside the ellipsoid, so more than enough
    south, north = point.y - degrees(angle), point.y + degrees(angle)
    if south <= -90 or north >= 90:
        return BBox(((-180, max(south, -90), 180, min(north, 90)),))
    reach = degrees(asin(sin(angle) / cos(radians(point.y))))
    west, east = point.x - reach, point.x + reach
    turned = [(west + turn, south, east + turn, north) for turn in (0, -360, 360)]
    return BBox(tuple(bounds for bounds in turned if bounds[0] <= 180 and bounds[2] >= -180))


class ValueField(forms.Field):
    def __init__(self, *, parse: Callable[[str], Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.parse = parse

    def clean(self, value: str | None) -> Any:
        return None if value is None else self.parse(value)


class ValueFilter(Filter):
    """A filter whose value ``parse`` reads, or refuses as InvalidParameter; ``schema`` is its OpenAPI schema."""

    field_class = ValueField

    def __init__(self, *, schema: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        extend_schema_field(schema)(self)

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return qs if value is None else qs.filter(**{f"{self.field_name}__{self.lookup_expr}": value})


class LayerFilterSet(FilterSet):
    """Filters that every layer has."""

    layer: ClassVar[Layer]

    in_bbox = ValueFilter(
        parse=lambda value: BBox.parse(value, DEFAULT_CRS, "in_bbox"),
        method="within_box",
        schema={
            "type": "string",
            "description": text(
                "Kotak barat,selatan,timur,utara dalam derajat, misalnya 116.07,-8.63,116.17,-8.55; "
                "barat > timur melintasi bujur 180.",
                "A box west,south,east,north in degrees, such as 116.07,-8.63,116.17,-8.55; "
                "west > east crosses the antimeridian.",
            ),
        },
    )
    point = ValueFilter(
        parse=point_parse,
        method="within_distance",
        schema={
            "type": "string",
            "description": text(
                "Titik bujur,lintang dalam derajat, misalnya 116.1,-8.58; bersama dist.",
                "A position longitude,latitude in degrees, such as 116.1,-8.58; goes with dist.",
            ),
        },
    )
    dist = ValueFilter(
        parse=distance_parse,
        method="within_distance",
        schema={
            "type": "number",
            "minimum": 0,
            "maximum": FARTHEST,
            "description": text("Jarak terjauh dari point, dalam meter.", "Largest distance from point, in metres."),
        },
    )
    search = ValueFilter(
        parse=lambda value: value_parse("search", "string", value),
        method="holding_words",
        schema={
            "type": "string",
            "description": text(
                "Kata-kata yang semuanya ada pada kode atau nama.", "Words that must all be in the code or name."
            ),
        },
    )
    ordering = ValueFilter(
        parse=lambda value: value.split(","),
        method="ordered",
        schema={
            "type": "string",
            "description": text(
                "Atribut pengurut, dipisah koma, tanda - membalik urutan, misalnya -updated_at,name. "
                "Nilai yang tidak diketahui selalu di akhir.",
                "Properties to order by, separated by commas, a - reverses, such as -updated_at,name. "
                "Unknown values always come last.",
            ),
        },
    )

    def within_box(self, queryset: QuerySet[Any], name: str, box: BBox) -> QuerySet[Any]:
        return queryset.filter(_any_shape("geom__intersects", box))

    def within_distance(self, queryset: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        point, dist = self.form.cleaned_data["point"], self.form.cleaned_data["dist"]
        if point is None or dist is None:
            raise InvalidParameter(
                "point" if point is None else "dist",
                text("point dan dist hanya berlaku bersama.", "point and dist go together."),
            )
        if name == "dist":
            return queryset
        geography = Cast("geom", GeometryField(srid=SRID, geography=True))
        nearby: QuerySet[Any] = queryset.alias(geography=geography).filter(
            _any_shape("geom__bboverlaps", box_around(point, dist)),  # the index is planar
            geography__dwithin=(point, Distance(m=dist)),
        )
        return nearby

    def holding_words(self, queryset: QuerySet[Any], name: str, words: str) -> QuerySet[Any]:
        for word in words.split():
            queryset = queryset.filter(reduce(or_, (Q(**{f"{column}__icontains": word}) for column in SEARCHED)))
        return queryset

    def ordered(self, queryset: QuerySet[Any], name: str, keys: list[str]) -> QuerySet[Any]:
        known = ["id", *(item.name for item in self.layer.properties)]
        for key in keys:
            if key.removeprefix("-") not in known:
                raise InvalidParameter(
                    "ordering",
                    text(
                        f"Tidak ada atribut {key!r}. Yang ada: {', '.join(known)}.",
                        f"There is no property {key!r}. There are: {', '.join(known)}.",
                    ),
                )
        return queryset.order_by(
            *(F(key[1:]).desc(nulls_last=True) if key.startswith("-") else F(key).asc(nulls_last=True) for key in keys),
            "id",
        )


def filterset_for(layer: Layer) -> type[LayerFilterSet]:
    """The filters of a layer: each property by its name, numbers and times also by ``__gte`` and ``__lte``,
    free text also by ``__icontains``, and lists by the codes that they must hold."""
    filters = dict(item for known in layer.properties for item in _property_filters(known))
    meta = type("Meta", (), {"model": layer.model, "fields": []})
    return type(f"{layer.model.__name__}FilterSet", (LayerFilterSet,), {**filters, "layer": layer, "Meta": meta})


def _property_filters(known: Property) -> Iterator[tuple[str, ValueFilter]]:
    kind = known.format or known.type
    if kind == "array":
        some = ", ".join(known.codes)
        words = text(f"kode yang semuanya ada, dipisah koma: {some}", f"codes it must all hold, with commas: {some}")
        yield _property_filter(known, "contains", words)
        return
    yield _property_filter(known, "exact", "")
    if kind in ("integer", "number"):
        yield _property_filter(known, "gte", text("paling sedikit", "at least"))
        yield _property_filter(known, "lte", text("paling banyak", "at most"))
    elif kind in ("date", "date-time", "time"):
        yield _property_filter(known, "gte", text("sejak", "from"))
        yield _property_filter(known, "lte", text("sampai", "until"))
    elif kind != "boolean" and not known.choices:
        yield _property_filter(known, "icontains", text("memuat teks ini", "contains this text"))


def _property_filter(known: Property, lookup: str, words: str) -> tuple[str, ValueFilter]:
    parameter = known.name if lookup in ("exact", "contains") else f"{known.name}__{lookup}"

    def parse(value: str) -> Any:
        if known.type == "array":
            return [property_parse(known, code) for code in value.split(",")]
        parsed = property_parse(known, value, parameter)
        if known.type == "integer" and abs(parsed) > LARGEST:  # Django's lookups would let unknown values through
            raise InvalidParameter(parameter, text(f"{value} terlalu besar.", f"{value} is too large."))
        return parsed

    schema = {
        "description": format_lazy("{}: {}" if words else "{}", known.title, words),
        **({"type": "string"} if known.type == "array" else {"type": known.type}),
        **({"format": known.format} if known.format else {}),
        **({"enum": list(known.codes)} if known.codes and known.type != "array" else {}),
    }
    return parameter, ValueFilter(field_name=known.name, lookup_expr=lookup, parse=parse, schema=schema)


def _any_shape(lookup: str, box: BBox) -> Q:
    shapes = (GEOSGeometry(memoryview(shapely.to_wkb(shape)), srid=SRID) for shape in box.shapes)
    return reduce(or_, (Q(**{lookup: shape}) for shape in shapes))
