"""Classes of a raster as pictures, in the colours and patterns of the zones of the same levels."""

from collections.abc import Sequence
from struct import pack
from typing import Any
from zlib import compress, crc32

import numpy as np

from layers.models.raster import HazardClass, class_numbers
from layers.styles.images import sample_name
from layers.styles.symbols import LEVELS, ZONE_OPACITY

SIDE = 256
"""Pixels of a tile; a multiple of the patterns' period, so that they run on from tile to tile."""

PERIOD = 16

_y, _x = np.mgrid[0:PERIOD, 0:PERIOD]
_PATTERNS = {
    "dots": ((_x - 3.5) % 16 - 8) ** 2 + ((_y - 3.5) % 16 - 8) ** 2 < 3,
    "stripes": (_x + _y) % PERIOD == 0,
    "grid": (_x == 8) | (_y == 8),
}


def picture(values: np.ndarray, classes: Sequence[HazardClass]) -> bytes:
    """A tile as PNG: ``values`` are 256 by 256 from the north-west, NaN where nothing is mapped.

    What is not mapped, and what is below the lowest level, stays transparent, as where no zone lies.
    """
    colours = [bytes(4)]
    pixels = np.zeros(values.shape, np.uint8)
    numbers = class_numbers(values, [one.minimum for one in classes[1:] if one.minimum is not None])
    for number, one in enumerate(classes):
        if one.level:
            look = LEVELS[one.level]
            inside = (numbers == number) & ~np.isnan(values)
            pixels[inside] = len(colours)
            pixels[inside & np.tile(_PATTERNS[look.pattern], (SIDE // PERIOD, SIDE // PERIOD))] = len(colours) + 1
            colours += [_rgba(look.colour), _rgba(look.ink)]
    return _png(pixels, colours)


def legend(classes: Sequence[HazardClass]) -> list[dict[str, Any]]:
    """One entry for each class, from the lowest: what its values are called and how they look."""
    return [
        {
            "code": one.level,
            "label": one.label,
            "minimum": one.minimum,
            "maximum": one.maximum,
            **(
                {
                    "symbol": "fill",
                    "colour": LEVELS[one.level].colour,
                    "pattern": LEVELS[one.level].pattern,
                    "image": sample_name(one.level),
                }
                if one.level
                else {"symbol": "none"}
            ),
        }
        for one in classes
    ]


def _rgba(colour: str) -> bytes:
    return bytes.fromhex(colour[1:]) + bytes([round(255 * ZONE_OPACITY)])


def _png(pixels: np.ndarray, colours: Sequence[bytes]) -> bytes:
    """An image whose pixels, of 8 bits, number its colours (PNG, third edition)."""
    height, width = pixels.shape
    rows = np.insert(pixels, 0, 0, axis=1)  # each row begins with its filter, none
    chunks = {
        b"IHDR": pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0),
        b"PLTE": b"".join(colour[:3] for colour in colours),
        b"tRNS": b"".join(colour[3:] for colour in colours),
        b"IDAT": compress(rows.tobytes()),
        b"IEND": b"",
    }
    written = (pack(">I", len(data)) + name + data + pack(">I", crc32(name + data)) for name, data in chunks.items())
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)
