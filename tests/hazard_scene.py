"""A city small enough to check by hand: two kelurahan, zones, posts and facilities, some in the way of others."""

from typing import Any

from conftest import FeatureMake, square
from django.contrib.gis.geos import Point

from layers.catalog import layer_get
from layers.models import Feature

AT, IMPACT, SCREEN = (f"/api/v1/hazards/{name}" for name in ("at", "impact", "screen"))

WEST, SOUTH = 116.10, -8.60
RING = [[WEST, SOUTH], [WEST + 0.01, SOUTH], [WEST + 0.01, SOUTH + 0.01], [WEST, SOUTH + 0.01], [WEST, SOUTH]]
POLYGON = {"type": "Polygon", "coordinates": [RING]}
"""The first kelurahan."""

POPULATION = {
    "population": 1000,
    "population_source": "BPS",
    "population_date": "2023-06-30",
}


def make(feature_make: FeatureMake, layer: str, number: int, lon: float, lat: float, **values: Any) -> Feature:
    """A point feature, or a square of 0.01 degrees with its south-western corner there."""
    known = layer_get(layer)
    side = values.pop("side", 0.01)
    geom = Point(lon, lat, srid=4326) if known.geometry_type == "Point" else square(lon, lat, side)
    return feature_make(known, number, geom=geom, **values)


def scene_make(feature_make: FeatureMake) -> None:
    """Kelurahan 1001 in the west and 1002 in the east; a high flood zone over the west half of the first."""
    areas = "administrative_areas"
    make(feature_make, areas, 1, WEST, SOUTH, side=0.02, code="52.71", name="Kota Mataram")
    make(feature_make, areas, 2, WEST, SOUTH, code="52.71.01.1001", name="Barat", **POPULATION)
    make(feature_make, areas, 3, WEST + 0.01, SOUTH, code="52.71.01.1002", name="Timur", **POPULATION)
    zones = "disaster_zones"
    flood = {"hazard": "101", "kind": "peta_bahaya"}
    make(feature_make, zones, 1, WEST, SOUTH, side=0.005, level="tinggi", code="banjir-t", **flood)
    make(feature_make, zones, 2, WEST, SOUTH, level="rendah", code="banjir-r", **flood)
    warning = {"hazard": "105", "kind": "peringatan", "level": "sedang"}
    validity = {"valid_from": "2026-01-01T00:00:00+08:00", "valid_to": "2026-01-02T00:00:00+08:00"}
    make(feature_make, zones, 3, WEST, SOUTH, code="angin", **warning, **validity)
    status = {"status_as_of": "2026-01-01T00:00:00+08:00"}
    posts = "aid_posts"
    opened = {"status": "buka", "type": "pengungsian", "capacity": 100, "displaced_day": 20, "displaced_night": 70}
    counted = {"displaced_as_of": "2026-01-01T00:00:00+08:00"}
    make(feature_make, posts, 1, WEST + 0.002, SOUTH + 0.002, code="terancam", **opened, **counted, **status)
    make(feature_make, posts, 2, WEST + 0.015, SOUTH + 0.004, code="buka", **opened, **counted, **status)
    make(feature_make, posts, 3, WEST + 0.014, SOUTH + 0.004, code="tutup", **status | {"status": "tutup"})
    make(
        feature_make,
        posts,
        4,
        WEST + 0.013,
        SOUTH + 0.004,
        code="putus",
        access="terputus",
        **opened | counted,
        **status,
    )
    health = "health_facilities"
    hospital = {"type": "rumah_sakit", "emergency_24h": True, "status": "normal", "beds": 50}
    make(feature_make, health, 1, WEST + 0.012, SOUTH + 0.001, code="rs", **hospital, **status)
    make(
        feature_make,
        health,
        2,
        WEST + 0.011,
        SOUTH + 0.001,
        code="rs-tutup",
        **hospital | {"status": "closed"},
        **status,
    )
    make(feature_make, health, 3, WEST + 0.011, SOUTH + 0.002, code="apotek", type="apotek")
    make(feature_make, health, 4, WEST + 0.001, SOUTH + 0.001, code="rs-banjir", **hospital, **status)


def comb(teeth: int, *, across: bool = False) -> list[tuple[float, float]]:
    """A closed ring of long narrow teeth; ``across``, they lie across those of another."""
    step = 0.1 / teeth
    ends = [(n * step + x, y) for n in range(teeth) for x, y in ((0, 0), (0, 0.1), (step / 2, 0.1), (step / 2, 0))]
    ring = [*ends, (0.1, 0), (0.1, -0.01), (0, -0.01), (0, 0)]
    return [(116 + y, x - 8.6) if across else (116 + x, y - 8.6) for x, y in ring]
