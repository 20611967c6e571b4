"""A million points from a GeoPackage into parking_spots, beside a bare COPY of the same rows, and the first page after.

script/bench import [ROWS]. The bars: under 2 minutes, under 1 GB.
"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import django
import numpy as np
import pyarrow as pa
import shapely
from pyogrio.raw import write_arrow

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from layers.catalog import layer_get  # noqa: E402

SECONDS, MEGABYTES = 120, 1024
BATCH = 50_000
MAPPED = {
    "code": "KODE",
    "name": "NAMOBJ",
    "type": "JENIS",
    "road_authority": "KEWENANGAN",
    "capacity_motorcycle": "MOTOR",
    "capacity_car": "MOBIL",
    "qris_classes": "QRIS",
}


def points_write(path: Path, count: int) -> None:
    """Points spread over the city, with codes, labels in words, numbers as text, and lists."""
    batches = (points_make(number, min(BATCH, count - number)) for number in range(0, count, BATCH))
    stream = pa.RecordBatchReader.from_batches(points_make(0, 1).schema, batches)
    write_arrow(stream, path, driver="GPKG", geometry_name="geom", geometry_type="Point", crs="EPSG:4326")


def points_make(first: int, count: int) -> pa.RecordBatch:
    random, number = np.random.default_rng(first), np.arange(first, first + count)
    positions = shapely.points(random.uniform(116.07, 116.17, count), random.uniform(-8.625, -8.555, count))
    return pa.RecordBatch.from_pydict(
        {
            "KODE": [f"P-{n:07}" for n in number],
            "NAMOBJ": [f"Titik parkir {n}" for n in number],
            "JENIS": np.array(["Tepi jalan umum", "Tempat khusus parkir"], object)[number % 2],
            "KEWENANGAN": np.array(["Jalan kota", "provinsi", ""], object)[number % 3],
            "MOTOR": random.integers(0, 200, count),
            "MOBIL": random.integers(0, 80, count).astype(str),
            "QRIS": np.array(["Sepeda motor;Mobil", ""], object)[number % 2],
            "road_name": [f"Jalan {n % 700}" for n in number],
            "geom": pa.array(shapely.to_wkb(positions), pa.binary()),
        }
    )


def import_run(path: Path) -> tuple[float, float]:
    """Seconds of a ``manage.py layer_import``, and megabytes at its peak (no fewer than this process has: Linux counts
    from the fork).
    """
    mapped = [f"--map={name}={field}" for name, field in MAPPED.items()]
    command = [sys.executable, "manage.py", "layer_import", "parking_spots", str(path), *mapped, "--source=bench"]
    start = perf_counter()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit("the import failed")
    return perf_counter() - start, usage.ru_maxrss / 1024


def copy_run(folder: Path) -> float:
    """Seconds of a COPY of the same rows into a table with the same columns, constraints, indexes and triggers."""
    table, rows = layer_get("parking_spots").table, folder / "rows.csv"
    columns = ", ".join([*MAPPED, "source", "road_name", "geom", "attendant_names"])
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        with rows.open("wb") as file:
            cursor.copy_expert(f"COPY (SELECT {columns} FROM {table} WHERE source = 'bench') TO STDOUT", file)
        cursor.execute(f"CREATE TABLE bench_copy (LIKE {table} INCLUDING ALL)")
        cursor.execute(
            "SELECT replace(pg_get_triggerdef(oid), %s, 'bench_copy') FROM pg_trigger "
            "WHERE tgrelid = %s::regclass AND NOT tgisinternal",
            [f"public.{table}", table],
        )
        for (trigger,) in cursor.fetchall():
            cursor.execute(trigger)
        start = perf_counter()
        with rows.open("rb") as file:
            cursor.copy_expert(f"COPY bench_copy ({columns}) FROM STDIN", file)
        return perf_counter() - start


def page_get() -> tuple[float, int]:
    """Seconds of a page of 1,000 items, and how many match."""
    start = perf_counter()
    response = Client(headers={"host": "localhost"}).get("/oapi/collections/parking_spots/items?f=json&limit=1000")
    return perf_counter() - start, int(response.json()["numberMatched"])


def main(count: int) -> None:
    call_command("samples_load")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "points.gpkg"
        points_write(path, count)
        seconds, megabytes = import_run(path)
        first, matched = page_get()
        second, _ = page_get()
        bare = copy_run(Path(folder))
    print(f"layer_import {seconds:7.1f} s {count / seconds:8,.0f} rows/s {megabytes:6.0f} MB at its peak")
    print(
        f"bare COPY    {bare:7.1f} s {count / bare:8,.0f} rows/s; the import takes {seconds / bare:.2f} times as long"
    )
    print(f"1,000 of {matched:,} items: the first time {first * 1000:.0f} ms, then {second * 1000:.0f} ms")
    if count == 1_000_000 and (seconds > SECONDS or megabytes > MEGABYTES):
        sys.exit(f"over the bar of {SECONDS} s and {MEGABYTES} MB")


main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
