"""Vector tiles as GDAL reads them."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyogrio
import shapely
from shapely.geometry.base import BaseGeometry

EXTENT = 4096


@dataclass(frozen=True)
class Drawn:
    """A feature of a tile; its geometry in units right of and below the tile's north-west corner."""

    id: int | None
    geometry: BaseGeometry
    properties: dict[str, Any]


def mvt_read(tile: bytes) -> dict[str, list[Drawn]]:
    """The features of each layer of a tile, and of each their properties that are known."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tile.mvt"
        path.write_bytes(tile)
        return {name: _features(path, name) for name in pyogrio.list_layers(path)[:, 0]} if tile else {}


def _features(path: Path, layer: str) -> list[Drawn]:
    meta, _, geometries, columns = pyogrio.raw.read(path, layer=layer, CLIP="NO")
    flipped = shapely.transform(shapely.from_wkb(geometries), lambda xy: xy * (1, -1) + (0, EXTENT))
    return [
        _drawn(geometry, dict(zip(meta["fields"], values, strict=True)))
        for geometry, *values in zip(flipped, *columns, strict=True)
    ]


def _drawn(geometry: BaseGeometry, values: dict[str, Any]) -> Drawn:
    known = {name: value.item() if isinstance(value, np.generic) else value for name, value in values.items()}
    known = {name: value for name, value in known.items() if value is not None and value == value}
    return Drawn(known.pop("mvt_id", None), geometry, known)
