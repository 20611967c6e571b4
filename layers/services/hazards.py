"""What threatens a position: zones, rasters, the administrative area, and where to go from there.

Codes come with their labels in the active language. Times of status are as they are now, whatever time is asked
about: only zones and rasters have a validity.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
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
PLACES_NOW = text(
    "Zona dan raster menurut saat yang ditanyakan; pos dan fasilitas seperti sekarang.",
    "Zones and rasters are of the time asked; posts and facilities are as they are now.",
)
NOW = timedelta(minutes=1)
"""A time asked about that is so near is taken for now."""


@dataclass(frozen=True)
class Coded:
    """A code with its label."""

    code: str
    label: str


Labels = dict[str, dict[str, Coded]]
"""By property, the label of each code."""


def labels_of(layer: str) -> Labels:
    """Those of a layer's properties that have codes, in the active language."""
    return _labels(layer, get_language())


@cache
def _labels(layer: str, _language: str) -> Labels:
    return {
        known.name: {code: Coded(code, str(label)) for code, label in known.choices}
        for known in layer_get(layer).properties
        if known.choices
    }


def labelled(row: Mapping[str, Any], labels: Labels) -> dict[str, Any]:
    """The row with its codes and their labels in the place of codes."""
    return {name: _coded(value, labels[name]) if name in labels else value for name, value in row.items()}


def _coded(code: str | None, known: Mapping[str, Coded]) -> Coded | None:
    return known.get(code) or Coded(code, code) if code else None


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


@dataclass(frozen=True)
class Area:
    """An administrative area by its Kemendagri code."""

    code: str
    name: str
    level: Coded


@dataclass(frozen=True)
class Places:
    """The nearest places, and those left out because a hazard that threatens the position threatens them as well.

    Earthquakes, drought and wind leave none out. A place has ``distance`` in metres, ``bearing`` in degrees from north,
    its capacity and ``status_age_seconds``. ``left_out`` counts those nearer than the last place of ``nearest``, or
    within the reach where there are fewer.
    """

    nearest: list[dict[str, Any]]
    left_out: int
    left_out_nearest: list[dict[str, Any]]

    @classmethod
    def of(cls, layer: str, found: Mapping[str, Any]) -> "Places":
        labels = labels_of(layer)
        nearest, out = ([labelled(row, labels) for row in found[name]] for name in ("places", "left_out_nearest"))
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
    area_labels, zone_labels = labels_of("administrative_areas"), labels_of("disaster_zones")
    rasters = values_at(position.lon, position.lat, bands_active(at, found["rasters"]))
    notes = ("" if areas else OUTSIDE, NOTE, PLACES_NOW if is_other_time(at, found["computed_at"]) else "")
    return HazardsAt(
        lon=position.lon,
        lat=position.lat,
        datetime=at,
        radius=radius,
        computed_at=found["computed_at"],
        mapped=bool(areas),
        note=" ".join(str(note) for note in notes if note),
        areas=[Area(**labelled(row, area_labels)) for row in areas],
        zones_total=found["zones_total"],
        zones=[Zone(**labelled(row, zone_labels)) for row in found["zones"]],
        rasters=[value.document() for value in rasters],
        aid_posts=Places.of("aid_posts", found["aid_posts"]),
        health_facilities=Places.of("health_facilities", found["health_facilities"]),
        versions=found["versions"] | raster_versions(value.band.raster for value in rasters),
    )


def is_other_time(at: datetime, computed_at: str) -> bool:
    """Whether a time asked about is another than that of the answer."""
    return abs(at - datetime.fromisoformat(computed_at)) > NOW


def raster_versions(rasters: Iterable[Raster]) -> dict[str, str]:
    """Of rasters, as the versions of an answer list them."""
    return {f"rasters/{raster.code}": raster.version for raster in rasters}
