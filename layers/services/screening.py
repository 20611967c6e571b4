"""The exposure of many points to zones and rasters, as a stream of GeoJSON or CSV.

Every point of the file is answered, in its order; one that cannot be read has ``fault`` instead of an exposure.
``worst_level`` is of zones and rasters together. Where neither says anything, a point is ``not_mapped``,
which never means safe. A column that came and has the name of one of the answer's gets another, see
:func:`column_free`.
"""

import csv
import io
import re
from array import array
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from math import isnan
from typing import Any

import numpy as np
import orjson

from layers.errors import InvalidParameter, TooLarge
from layers.models import RasterBand
from layers.models.raster import class_numbers
from layers.query.hazards import LEVELS
from layers.query.screening import Exposure, Point, exposures_fetch
from layers.services.hazards import NOTE, raster_versions
from layers.services.points import LIMIT, column_free, columns_check
from layers.services.rasters import MAPPED, NOT_MAPPED, UNREADABLE, bands_active, digits, values_many
from layers.text import text

OWN = ("row", "lon", "lat", "fault", "area", "area_name", "status", "worst_level")
ZONES = ("hazards", "zones")
NAMES = (*OWN, *ZONES, "rasters")
"""Of the answer, in one format or the other, beside those that a table has for each band."""


class _Values:
    """What a band says about every point; None instead of ``values`` where its file cannot be read."""

    def __init__(self, band: RasterBand, values: np.ndarray | None) -> None:
        self.band, self.values, self.name = band, values, _name(band)
        self.levels = [one.level for one in band.classes]
        if values is not None and self.levels:
            self.numbers = class_numbers(values, band.breaks)

    def value(self, index: int) -> dict[str, Any]:
        """As answers hold it, of the point at an index from 0."""
        value = np.nan if self.values is None else float(self.values[index])
        known = not isnan(value)
        return {
            "status": MAPPED if known else UNREADABLE if self.values is None else NOT_MAPPED,
            "value": digits(value) if known else None,
            "unit": self.band.unit,
            "level": self.levels[self.numbers[index]] if known and self.levels else None,
        }


def _name(band: RasterBand) -> str:
    return f"{band.raster.code}/{band.quantity}"


def _columns(band: str) -> tuple[str, str]:
    """Of a table, for the value and the level."""
    return band, f"{band} level"


@dataclass
class Screening:
    """Reads points and writes their exposures, each once.

    ``columns`` are those of the file, as they are met, each with its name in the answer.
    """

    at: datetime
    lons: array = field(default_factory=lambda: array("d"))
    lats: array = field(default_factory=lambda: array("d"))
    columns: dict[str, str] = field(default_factory=dict)
    rasters: Sequence[_Values] = ()
    reading: Future[list[tuple[RasterBand, np.ndarray | None]]] = field(default_factory=Future)
    versions: dict[str, str] = field(default_factory=dict)

    def exposures(self, points: Iterable[Point]) -> Generator[list[dict[str, Any]]]:
        """Batches of properties: those that were given, then the exposure.

        Raises:
            InvalidParameter: ``body``: there is no point at all, or there are too many columns.
            TooLarge: there are more than :data:`LIMIT`.
        """
        bands = bands_active(self.at)  # the connection is busy with the next batch from the first one on
        with (
            ThreadPoolExecutor(1) as beside,
            closing(exposures_fetch(self._noted(points, bands, beside), self.at)) as batches,
        ):
            for batch in batches:
                if not self.versions:
                    self._begin(batch[0])
                yield [self._exposure(one) for one in batch]
        if not self.versions:
            raise InvalidParameter("body", text("Tidak ada titik di dalamnya.", "There are no points in it."))

    def _noted(self, points: Iterable[Point], bands: list[RasterBand], beside: Executor) -> Iterator[Point]:
        """The points; once all are known, rasters are read while PostgreSQL looks for zones."""
        taken = {*NAMES, *(column for band in bands for column in _columns(_name(band)))}
        for point in points:
            if point.number > LIMIT:
                raise TooLarge(
                    text(f"Paling banyak {LIMIT} titik sekali kirim.", f"{LIMIT} points at a time, at most.")
                )
            self.lons.append(np.nan if point.lon is None else point.lon)
            self.lats.append(np.nan if point.lat is None else point.lat)
            for name in orjson.loads(point.given):
                if name not in self.columns:
                    self.columns[name] = column_free(name, taken)
                    columns_check(len(self.columns))
            yield point
        self.reading = beside.submit(values_many, np.array(self.lons), np.array(self.lats), bands)

    def _begin(self, first: Exposure) -> None:
        self.rasters = [_Values(band, values) for band, values in self.reading.result()]
        self.versions = orjson.loads(first.versions or "{}") | raster_versions(one.band.raster for one in self.rasters)

    def _exposure(self, one: Exposure) -> dict[str, Any]:
        point = one.point
        zones = orjson.loads(one.zones) if one.zones else []
        rasters = {} if point.fault else {one.name: one.value(point.number - 1) for one in self.rasters}
        known = [zone["level"] for zone in zones] + [value["level"] for value in rasters.values()]
        mapped = bool(zones) or any(value["status"] == MAPPED for value in rasters.values())
        given = {self.columns[name]: value for name, value in orjson.loads(point.given).items()}
        return given | {
            "row": point.number,
            "lon": point.lon,
            "lat": point.lat,
            "fault": point.fault,
            "area": one.area,
            "area_name": one.area_name,
            "status": None if point.fault else MAPPED if mapped else NOT_MAPPED,
            "worst_level": next((level for level in LEVELS if level in known), None),
            "hazards": zones,
            "rasters": rasters,
        }


def screening_geojson(screening: Screening, points: Iterable[Point]) -> Generator[bytes]:
    """A feature collection with a point for each row; its foreign members tell time, versions and what it means."""
    between = b""
    for batch in screening.exposures(points):
        if not between:
            head = {"datetime": screening.at, "note": str(NOTE), "versions": screening.versions}
            yield b'{"type":"FeatureCollection",' + orjson.dumps(head)[1:-1] + b',"features":['
        yield between + b",".join(map(_feature, batch))
        between = b","
    yield b"]}"


def _feature(properties: dict[str, Any]) -> bytes:
    place = [properties.pop("lon"), properties.pop("lat")]
    geometry = None if place[0] is None else {"type": "Point", "coordinates": place}
    return orjson.dumps({"type": "Feature", "id": properties["row"], "geometry": geometry, "properties": properties})


FORMULA = re.compile(r"[=@\t\r]|[+-](?![0-9 ().,-]*\Z)").match
"""What text that a spreadsheet takes for a formula begins with; signed numbers, as of telephones, are none."""


def screening_csv(screening: Screening, points: Iterable[Point]) -> Generator[bytes]:
    """A table: the exposure, one column a raster for its value and one for its level, then the columns that came."""
    begun = False
    for batch in screening.exposures(points):
        bands = [one.name for one in screening.rasters]
        given = list(screening.columns.values())
        lines = io.StringIO(newline="")
        writer = csv.writer(lines)
        if not begun:
            names = [column for band in bands for column in _columns(band)]
            writer.writerow(harmless([*OWN, *ZONES, *names, *given]))
            begun = True
        writer.writerows(harmless(_cells(row, bands, given)) for row in batch)
        yield lines.getvalue().encode()


def harmless(cells: Iterable[Any]) -> list[Any]:
    """Cells of a table, an apostrophe before those that a spreadsheet would take for a formula."""
    return [f"'{cell}" if isinstance(cell, str) and FORMULA(cell) else cell for cell in cells]


def _cells(row: dict[str, Any], bands: list[str], given: list[str]) -> Iterator[Any]:
    yield from (row[name] for name in OWN)
    yield " ".join(f"{zone['hazard']}:{zone['level']}" for zone in row["hazards"])
    yield " ".join(zone["zone"] for zone in row["hazards"])
    for band in bands:
        value = row["rasters"].get(band)
        yield value and (value["status"] if value["value"] is None else value["value"])
        yield value and value["level"]
    for name in given:
        cell = row.get(name)
        yield orjson.dumps(cell).decode() if isinstance(cell, dict | list) else cell
