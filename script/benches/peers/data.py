"""The same rows for every bench: random points, and random rings."""

import sys
from dataclasses import dataclass
from math import sqrt
from string import Template

from django.db import connection

from layers.catalog import Layer, layer_get

QUICK = "--quick" in sys.argv
POINTS, POLYGONS = (100_000, 20_000) if QUICK else (1_000_000, 100_000)
ROADS = ("Langko", "Majapahit", "Pejanggik", "Saleh Sungkar", "Udayana")


@dataclass(frozen=True)
class Load:
    """A layer under test: its rows, and the share of its extent that a box covers."""

    layer: Layer
    rows: int
    in_box: int
    insert: str

    @property
    def deep(self) -> int:
        """Where the far page begins: at 400,000 of a million."""
        return self.rows * 2 // 5

    @property
    def box(self) -> tuple[float, float]:
        """Width and height in degrees of a box that holds about ``in_box`` features."""
        west, south, east, north = self.layer.bbox
        share = sqrt(self.in_box / self.rows)
        return (east - west) * share, (north - south) * share


def points_load() -> Load:
    layer = layer_get("parking_spots")
    insert = """INSERT INTO $table
        (code, name, source, geom, type, road_name, road_authority, capacity_motorcycle, capacity_car, qris_classes,
            area)
        SELECT 'bench-' || n, $road || ' ' || n, 'bench', $position, 'khusus', 'Jalan ' || n % 700, 'kota', n % 200,
            n % 80, ARRAY['sepeda_motor', 'mobil'], '52.71.01.1001' FROM generate_series(1, $rows) n"""
    return Load(layer, POINTS, 1700, insert)


def polygons_load() -> Load:
    """Rings of 25 positions, 15 to 30 m in radius."""
    layer = layer_get("disaster_zones")
    insert = """INSERT INTO $table
        (code, name, source, geom, hazard, level, kind, valid_from, value_min, value_max, unit, method, area)
        SELECT 'bench-' || n, $road || ' ' || n, 'bench',
            ST_ForcePolygonCCW(ST_Multi(ST_Buffer($position, 0.00015 + random() * 0.00015, 6))), '101', 'sedang',
            'peta_bahaya', now(), 0.33, 0.66, 'indeks', 'Model hidraulik', '52.71.01.1001'
        FROM generate_series(1, $rows) n"""
    return Load(layer, POLYGONS, 1000, insert)


def rows_insert(load: Load) -> None:
    """Without the triggers, which work row by row; then one change with them, so that the data has a new version."""
    west, south, east, north = load.layer.bbox
    insert = Template(load.insert).substitute(
        table=load.layer.table,
        rows=load.rows,
        road=f"(ARRAY{list(ROADS)})[n % {len(ROADS)} + 1]",
        position=f"ST_Point({west} + random() * {east - west}, {south} + random() * {north - south}, 4326)",
    )
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0; SET session_replication_role = replica; SELECT setseed(0.5)")
        cursor.execute(insert)
        cursor.execute("RESET session_replication_role")
        cursor.execute(f"UPDATE {load.layer.table} SET observed_at = now() WHERE code = 'bench-1'")
        cursor.execute(f"VACUUM ANALYZE {load.layer.table}")
