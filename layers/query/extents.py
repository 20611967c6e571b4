"""Where the features of a layer lie: the configured extent, widened by what is outside of it."""

from layers.catalog import Layer
from layers.query.spatial import Box
from layers.query.statement import row_fetch

FARTHEST = 1_000
"""Degrees; beyond every coordinate."""


def extent_fetch(layer: Layer) -> Box:
    """A box that holds every feature of the layer (OGC 17-069r4, requirement 16), and the configured extent.

    The index finds what lies outside of the configured extent, which is little or nothing.
    """
    west, south, east, north = layer.bbox
    outside = (
        (-FARTHEST, -FARTHEST, west, FARTHEST),
        (east, -FARTHEST, FARTHEST, FARTHEST),
        (west, -FARTHEST, east, south),
        (west, north, east, FARTHEST),
    )
    beyond = " OR ".join(["bounds && %s::box"] * len(outside))
    args = [f"({left}, {low}), ({right}, {high})" for left, low, right, high in outside]
    found = row_fetch(
        (
            f"SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box) "
            f"FROM (SELECT ST_Extent(geom) AS box FROM {layer.table} WHERE {beyond}) found",
            args,
        )
    )
    if found[0] is None:
        return layer.bbox
    return min(west, found[0]), min(south, found[1]), max(east, found[2]), max(north, found[3])
