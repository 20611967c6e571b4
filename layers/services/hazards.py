"""What threatens a position: zones, rasters, the administrative area, and where to go from there.

Codes come with their labels in the active language. Times of status are as they are now, whatever time is asked
about: only zones and rasters have a validity.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.utils.translation import get_language

from layers.catalog import layer_get
from layers.models import Raster
from layers.query.hazards import Position, hazards_at_fetch
from layers.services.rasters import bands_active, values_at
from layers.text import text

NOTE = text(
    "Di luar zona dan raster berarti belum dipetakan, bukan aman.",
    "Outside of zones and rasters means not mapped; it never means safe.",
)
OUTSIDE = text(
    "Posisi ini di luar wilayah yang dipetakan portal ini.", "This position is outside the mapped area of this portal."
)


@dataclass(frozen=True)
class Coded:
    """A code with its label."""

    code: str
    label: str

    @classmethod
    def of(cls, layer: str, property: str, code: str) -> "Coded | None":
        """The label that the property of a layer gives a code, in the active language; None for the empty code."""
        return _coded(layer, property, get_language()).get(code, cls(code, code)) if code else None


@cache
def _coded(layer: str, property: str, _language: str) -> dict[str, Coded]:
    known = layer_get(layer).property(property)
    return {code: Coded(code, str(label)) for code, label in known.choices} if known else {}


@cache
def _coded_names(layer: str) -> list[str]:
    return [known.name for known in layer_get(layer).properties if known.choices]


@dataclass(frozen=True)
class Zone:
    """An active zone; ``distance`` is in metres, 0 where it holds the position; ``age_seconds`` since observed."""

    id: int
    code: str
    name: str
    hazard: Coded
    level: Coded
    kind: Coded
    valid_from: str | None
    valid_to: str | None
    value_min: float | None
    value_max: float | None
    unit: Coded | None
    breaks: str
    source: str
    observed_at: str | None
    updated_at: str
    age_seconds: int | None
    distance: float

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Zone":
        coded = ("hazard", "level", "kind", "unit")
        return cls(**{**row, **{name: Coded.of("disaster_zones", name, row[name]) for name in coded}})


@dataclass(frozen=True)
class Area:
    """An administrative area by its Kemendagri code."""

    code: str
    name: str
    level: Coded


@dataclass(frozen=True)
class Places:
    """The nearest places, and those left out because a hazard that threatens the position threatens them as well.

    A place has ``distance`` in metres, ``bearing`` in degrees from north, its capacity and ``status_age_seconds``.
    ``left_out`` counts those nearer than the last place of ``nearest``, or within the reach where there are fewer.
    """

    nearest: list[dict[str, Any]]
    left_out: int
    left_out_nearest: list[dict[str, Any]]

    @classmethod
    def of(cls, layer: str, found: Mapping[str, Any]) -> "Places":
        nearest, out = ([_place(layer, row) for row in found[name]] for name in ("places", "left_out_nearest"))
        return cls(nearest, found["left_out"], out)


@dataclass(frozen=True)
class HazardsAt:
    """The answer about a position (longitude, latitude); ``versions`` of the layers it was made from, in one snapshot.

    ``mapped`` is whether an administrative area holds the position. ``zones`` are the worst of ``zones_total``.
    """

    lon: float
    lat: float
    datetime: datetime
    radius: float
    computed_at: str
    mapped: bool
    note: str
    areas: list[Area]
    zones_total: int
    zones: list[Zone]
    rasters: list[dict[str, Any]]
    aid_posts: Places
    health_facilities: Places
    versions: dict[str, str]


def hazards_at(position: Position, at: datetime, radius: float) -> HazardsAt:
    """What threatens a position at a moment, within ``radius`` metres of it, and the nearest places of help."""
    found = hazards_at_fetch(position, at, radius)
    areas = found["areas"] or []
    rasters = values_at(position.lon, position.lat, bands_active(at, found["rasters"]))
    return HazardsAt(
        lon=position.lon,
        lat=position.lat,
        datetime=at,
        radius=radius,
        computed_at=found["computed_at"],
        mapped=bool(areas),
        note=str(NOTE if areas else OUTSIDE + " " + NOTE),
        areas=[Area(row["code"], row["name"], _known("administrative_areas", "level", row["level"])) for row in areas],
        zones_total=found["zones_total"],
        zones=[Zone.of(row) for row in found["zones"]],
        rasters=[value.document() for value in rasters],
        aid_posts=Places.of("aid_posts", found["aid_posts"]),
        health_facilities=Places.of("health_facilities", found["health_facilities"]),
        versions=found["versions"]
        | {f"rasters/{value.band.raster.code}": value.band.raster.version for value in rasters},
    )


def raster_versions(rasters: Iterable[Raster]) -> dict[str, str]:
    """Of rasters, as the versions of an answer list them."""
    return {f"rasters/{raster.code}": raster.version for raster in rasters}


def _place(layer: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, **{name: Coded.of(layer, name, row[name]) for name in _coded_names(layer) if name in row}}


def _known(layer: str, property: str, code: str) -> Coded:
    return Coded.of(layer, property, code) or Coded(code, code)
