"""The tiles of an area: listed, and as a PMTiles archive (version 3) for a CDN or a device without network."""

import gzip
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from math import floor
from pathlib import Path
from typing import Any

from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import write
from tqdm import tqdm

from layers.catalog import Layer, in_language, portal_bbox
from layers.errors import Problem
from layers.exports.files import file_write
from layers.query.extents import extent_fetch
from layers.query.params import FeatureQuery
from layers.query.spatial import Box
from layers.query.tiles import Tile, labels_id, labels_properties, matrix_set_get, snapshot, tile_fetch
from layers.text import text

DEEPEST = 16
"""Clients enlarge the tiles of this zoom to show deeper ones: a unit of them is 15 cm."""

MOST = 500_000
"""Tiles; more are asked for by mistake only."""

MERCATOR_EDGE = 85.051128

FIELDS = {"integer": "Number", "number": "Number", "boolean": "Boolean"}
"""TileJSON's names of JSON types; all others are ``String``."""


@dataclass(frozen=True)
class Pyramid:
    """The tiles of WebMercatorQuad that touch a box (west, south, east, north in degrees), at some zooms."""

    zooms: range
    bbox: Box

    @classmethod
    def parse(cls, zooms: str, bbox: str | None, layers: Sequence[Layer]) -> "Pyramid":
        """Read ``5`` or ``0-14``, and ``west,south,east,north``; without a box, where the layers are within the portal.

        Raises:
            Problem: a zoom or the box is malformed or out of range, or the tiles are too many.
        """
        found = cls(_zooms(zooms), home(extent(layers)) if bbox is None else _box(bbox))
        if len(found) > MOST:
            raise Problem(
                text(
                    f"Itu {len(found)} petak; paling banyak {MOST}. Kurangi --zooms, atau persempit --bbox.",
                    f"These are {len(found)} tiles; {MOST} at most. Give fewer --zooms or a smaller --bbox.",
                )
            )
        return found

    def __len__(self) -> int:
        return sum(len(columns) * len(rows) for _, columns, rows in self._spans())

    def __iter__(self) -> Iterator[Tile]:
        known = matrix_set_get("WebMercatorQuad")
        for z, columns, rows in self._spans():
            yield from (Tile(known, z, x, y) for x in columns for y in rows)

    def _spans(self) -> Iterator[tuple[int, range, range]]:
        known = matrix_set_get("WebMercatorQuad")
        west, south, east, north = self.bbox
        for z in self.zooms:
            left, top = known.place(z, west, min(north, MERCATOR_EDGE))
            right, bottom = known.place(z, east, max(south, -MERCATOR_EDGE))
            last = (1 << z) - 1
            yield (
                z,
                range(floor(left), min(floor(right), last) + 1),
                range(max(floor(top), 0), min(floor(bottom), last) + 1),
            )


def tileset_export(layers: Sequence[Layer], pyramid: Pyramid, file: Path, *, overwrite: bool = False) -> int:
    """Write the tiles of one state of the data, gzipped, and say how many are not empty.

    Raises:
        Problem: the name does not end in ``.pmtiles``, the file exists and may not be replaced or cannot be written,
            or there is nothing to write.
    """
    if file.suffix.lower() != ".pmtiles":
        raise Problem(text("Nama berkas harus berakhir dengan .pmtiles.", "The file must end in .pmtiles."))
    with file_write(file, overwrite=overwrite) as place:
        return _archive_write(layers, pyramid, place)


def _archive_write(layers: Sequence[Layer], pyramid: Pyramid, file: Path) -> int:
    asked = [(layer, FeatureQuery(limit=1)) for layer in layers]
    tiles = sorted(pyramid, key=lambda tile: zxy_to_tileid(tile.z, tile.x, tile.y))  # readers want them in this order
    written = 0
    with write(str(file)) as archive, closing(archive.tile_f), snapshot():
        for tile in progress(tiles, file.name):
            if mvt := tile_fetch(asked, tile, labels=True).mvt:
                archive.write_tile(zxy_to_tileid(tile.z, tile.x, tile.y), gzip.compress(mvt, mtime=0))
                written += 1
        if not written:
            raise Problem(
                text("Tidak ada apa pun di sana: semua petak kosong.", "Nothing is there: all tiles are empty.")
            )
        archive.finalize(_header(pyramid.bbox), _metadata(layers, pyramid.zooms))
    return written


def _header(bbox: Box) -> dict[str, Any]:
    west, south, east, north = (round(degrees * 1e7) for degrees in bbox)
    return {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_lon_e7": west,
        "min_lat_e7": south,
        "max_lon_e7": east,
        "max_lat_e7": north,
    }


def _metadata(layers: Sequence[Layer], zooms: range) -> dict[str, Any]:
    return {
        "name": ", ".join(in_language(layer.title) for layer in layers),
        "type": "overlay",
        "vector_layers": vector_layers(layers, zooms, labels=True),
    }


def vector_layers(layers: Sequence[Layer], zooms: range, *, labels: bool) -> list[dict[str, Any]]:
    """What the tiles hold, with the points for labels or without, as TileJSON 3.0.0 tells it."""
    held = [(layer.id, in_language(layer.title), layer.properties) for layer in layers]
    for layer in layers:
        if labels and (name := labels_id(layer)):
            title = text(f"{layer.title['id']}: titik label", f"{layer.title['en']}: points for labels")
            held.append((name, str(title), tuple(labels_properties(layer.properties, layer))))
    return [
        {
            "id": name,
            "description": title,
            "minzoom": zooms[0],
            "maxzoom": zooms[-1],
            "fields": {known.name: FIELDS.get(known.type, "String") for known in properties},
        }
        for name, title, properties in held
    ]


def extent(layers: Sequence[Layer]) -> Box:
    """A box that holds all that these layers have."""
    west, south, east, north = zip(*map(extent_fetch, layers), strict=True)
    return min(west), min(south), max(east), max(north)


def home(box: Box) -> Box:
    """The part of a box that is in the portal's."""
    west, south, east, north = zip(box, portal_bbox(), strict=True)
    return max(west), max(south), min(east), min(north)


def progress[T](steps: Sequence[T], title: str) -> Iterable[T]:
    """The same steps, with a bar on a terminal."""
    return tqdm(steps, desc=title, unit_scale=True, disable=None, leave=False)


def _zooms(words: str) -> range:
    first, dash, last = words.partition("-")
    ends = [first, last] if dash else [first]
    if all(end.isascii() and end.isdigit() and len(end) < 3 for end in ends):
        low, high = int(ends[0]), int(ends[-1])
        if low <= high <= DEEPEST:
            return range(low, high + 1)
    raise Problem(
        text(
            f"--zooms {words!r}: tulis satu zoom, atau yang pertama dan terakhir, dari 0 sampai {DEEPEST}, mis. 0-14.",
            f"--zooms {words!r}: give one zoom, or the first and the last, from 0 to {DEEPEST}, such as 0-14.",
        )
    )


def _box(words: str) -> Box:
    try:
        west, south, east, north = map(float, words.split(","))
    except ValueError:
        west, south, east, north = (float("nan"),) * 4
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise Problem(
            text(
                f"--bbox {words!r}: tulis barat,selatan,timur,utara dalam derajat, mis. 116.05,-8.65,116.19,-8.53.",
                f"--bbox {words!r}: give west,south,east,north in degrees, such as 116.05,-8.65,116.19,-8.53.",
            )
        )
    return west, south, east, north
