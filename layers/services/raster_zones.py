"""Classes of a raster as disaster zones: vectorised, simplified without gaps between them, and stored."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import shapely
from django.contrib.gis.geos import GEOSGeometry
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from rasterio.errors import RasterioError
from rasterio.features import shapes, sieve
from rasterio.io import DatasetReader
from rasterio.windows import Window
from shapely.geometry.base import BaseGeometry

from layers.errors import Problem
from layers.models import DisasterZone, Raster, RasterBand
from layers.models.geometry import SRID
from layers.models.raster import HazardClass, breaks_clean, class_numbers, classes_of
from layers.query.session import imports_lock
from layers.services.rasters import dataset_get, digits, to_raster
from layers.text import text

SLIVER = 4
"""Cells; smaller patches become part of what surrounds them."""

TOLERANCES = (2.0, 1.0, 0.75, 0.0)
"""In cells; triangles of less than its square are cut off the outlines. The first that misplaces little is taken."""

KEPT = 0.01
"""The share of a class that may lie elsewhere, gains and losses together: totals hide what moved."""

ROWS = 2048


@dataclass(frozen=True)
class Outline:
    """A class with the area it covers, in longitude, latitude."""

    hazard_class: HazardClass
    shape: BaseGeometry


def zones_store(raster: Raster, breaks: list[float] | None = None) -> list[DisasterZone]:
    """Make the disaster zones of a raster, in place of those it made before, in one transaction.

    Args:
        breaks: others than those that the raster was imported with.

    Raises:
        Problem: it has no quantity or breaks that make zones, its file cannot be read, or a zone of another origin
            has the code; nothing was written.
    """
    band = _band(raster)
    breaks = band.breaks if breaks is None else breaks
    try:
        breaks_clean(breaks)
        outlines = list(_outlines(dataset_get(raster), band.number, breaks, raster.crs))
    except ValidationError as error:
        raise Problem(" ".join(error.messages)) from error
    except RasterioError as error:
        raise Problem(
            text(f"{raster.file} tidak terbaca: {error}", f"{raster.file} cannot be read: {error}")
        ) from error
    if not breaks:
        raise Problem(text("Raster tanpa batas kelas; beri --breaks.", "The raster has no breaks; give --breaks."))
    origin = _origin(raster)
    with transaction.atomic():
        imports_lock(DisasterZone)
        codes = [_code(raster, level) for level in DisasterZone.Level.values]
        there = {zone.code: zone for zone in DisasterZone.objects.select_for_update().filter(code__in=codes)}
        if others := [zone.code for zone in there.values() if not zone.method.startswith(origin)]:
            listed = ", ".join(others)
            raise Problem(
                text(
                    f"{listed}: zona dari asal lain memakai kode ini.",
                    f"{listed}: zones of another origin have this code.",
                )
            )
        stored = [
            _zone_store(there.pop(_code(raster, one.hazard_class.level), DisasterZone()), band, breaks, one, origin)
            for one in outlines
        ]
        DisasterZone.objects.filter(code__in=there).delete()
    return stored


def zones_of(raster: Raster) -> QuerySet[DisasterZone]:
    """The disaster zones that were made from a raster, by code."""
    return DisasterZone.objects.filter(method__startswith=_origin(raster)).order_by("code")


def _origin(raster: Raster) -> str:
    """How the method of each of its zones begins."""
    return f"Raster {raster.code}:"


def _band(raster: Raster) -> RasterBand:
    for band in raster.bands.all():
        if band.unit in DisasterZone.Unit.values:
            return band
    raise Problem(
        text("Raster ini tidak memuat besaran zona bencana.", "No quantity of the raster is one of disaster zones.")
    )


def _code(raster: Raster, level: str) -> str:
    return f"{raster.code}-{level}"


def _zone_store(
    zone: DisasterZone, band: RasterBand, breaks: Sequence[float], outline: Outline, origin: str
) -> DisasterZone:
    raster, found = band.raster, outline.hazard_class
    low = digits(band.minimum) if found.minimum is None else found.minimum
    high = max(low, digits(band.maximum)) if found.maximum is None else found.maximum
    words = "/".join(f"{number:g}" for number in breaks)
    own = breaks == band.breaks
    values: dict[str, Any] = {
        "code": _code(raster, found.level),
        "name": f"{raster.name}, {low:g} – {high:g} {band.unit}"[:200],
        "geom": GEOSGeometry(memoryview(shapely.to_wkb(outline.shape)), srid=SRID),
        "level": found.level,
        "value_min": low,
        "value_max": high,
        "unit": band.unit,
        "breaks": f"{words} ({band.breaks_source})"[:120] if own else words,
        "method": f"{origin} {band.quantity}, {raster.width} × {raster.height}",
    }
    values |= {
        name: getattr(raster, name) for name in ("hazard", "kind", "valid_from", "valid_to", "source", "observed_at")
    }
    for name, value in values.items():
        setattr(zone, name, value)
    try:
        zone.full_clean()
    except ValidationError as error:
        raise Problem(f"{zone.code}: {' '.join(error.messages)}") from error
    zone.save()
    return zone


def _outlines(dataset: DatasetReader, number: int, breaks: Sequence[float], crs: str) -> Iterator[Outline]:
    known = [one for one in classes_of(*breaks) if one.level]
    ranks, patches = _patches(*_classes(dataset, number, breaks, len(known)), len(known))
    back = to_raster(crs)

    def placed(corners: np.ndarray) -> np.ndarray:
        east, north = dataset.transform @ corners.T
        return np.column_stack(back.transform(east, north, direction="INVERSE"))

    for rank, one in enumerate(known, 1):
        if (own := patches[ranks == rank]).size:  # of one class, so they meet in points at most
            yield Outline(one, shapely.transform(shapely.MultiPolygon(list(own)), placed))


def _patches(classes: np.ndarray, mapped: np.ndarray, levels: int) -> tuple[np.ndarray, np.ndarray]:
    """Ranks and outlines in cells: the simplest that leave each class where it is, the exact ones if none do."""
    numbers = range(1, levels + 1)
    bound = KEPT * np.array([np.count_nonzero(classes == rank) for rank in numbers])
    whole = [sieve(classes, SLIVER, mask=mapped)] if classes.size > SLIVER else []
    for cleaned in (*whole, classes):
        moved = np.array([np.count_nonzero((cleaned == rank) != (classes == rank)) for rank in numbers])
        if (moved > bound).any():
            continue
        found = list(shapes(cleaned, mask=cleaned > 0, connectivity=4))
        ranks = np.array([rank for _, rank in found], int)
        patches = np.array([shapely.geometry.shape(patch) for patch, _ in found], object)
        # A vertex at each corner of a cell, so that patches that touch also share their vertices.
        patches = shapely.transform(shapely.segmentize(patches, 1), np.rint)
        for tolerance in TOLERANCES:
            simpler = shapely.coverage_simplify(patches, tolerance)
            if not shapely.is_valid(simpler).all():
                continue
            apart = shapely.area(shapely.symmetric_difference(patches, simpler))
            if (moved + np.bincount(ranks, apart, minlength=levels + 1)[1:] <= bound).all():
                return ranks, simpler
    return ranks, simpler


def _classes(
    dataset: DatasetReader, number: int, breaks: Sequence[float], levels: int
) -> tuple[np.ndarray, np.ndarray]:
    """The rank of each cell's level, 0 where there is none, and which cells are mapped."""
    classes = np.zeros((dataset.height, dataset.width), np.uint8)
    mapped = np.zeros(classes.shape, bool)
    below = len(breaks) + 1 - levels
    for step in range(ceil(dataset.height / ROWS)):
        rows = slice(step * ROWS, min((step + 1) * ROWS, dataset.height))
        values = dataset.read(number, window=Window(0, rows.start, dataset.width, rows.stop - rows.start))
        mapped[rows] = ~np.isnan(values)
        ranks = class_numbers(values, breaks) + 1 - below
        classes[rows] = np.where(mapped[rows], np.maximum(ranks, 0), 0)
    return classes, mapped
