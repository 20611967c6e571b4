"""The impact of an area in plain Python with geopandas: DATABASE WKT, JSON out with milliseconds, counts and people."""

import json
import sys
import warnings
from time import perf_counter

import geopandas
import psycopg2
import shapely

TABLES = ("disasterzone", "healthfacility", "aidpost", "market", "parkingspot")
ACTIVE = "WHERE coalesce(valid_from <= now(), true) AND coalesce(valid_to >= now(), true)"


warnings.simplefilter("ignore")  # pandas would rather have SQLAlchemy


def main(database: str, wkt: str) -> None:
    area = shapely.from_wkt(wkt)
    with psycopg2.connect(database) as connection:
        start = perf_counter()
        layers = {
            name: geopandas.read_postgis(
                f"SELECT id, geom FROM layers_{name} {ACTIVE if name == 'disasterzone' else ''}", connection, "geom"
            )
            for name in TABLES
        }
        kelurahan = geopandas.read_postgis(
            "SELECT code, population, geom FROM layers_administrativearea WHERE level = 'kelurahan'", connection, "geom"
        )
        read = perf_counter() - start
    start = perf_counter()
    counts = {name: len(layer.iloc[layer.sindex.query(area, "intersects")]) for name, layer in layers.items()}
    whole = kelurahan.to_crs(6933).area
    inside = kelurahan.intersection(area).to_crs(6933).area
    people = float((kelurahan.population * inside / whole).sum())
    computed = perf_counter() - start
    print(json.dumps({"read_ms": read * 1000, "computed_ms": computed * 1000, "counts": counts, "people": people}))


main(*sys.argv[1:])
