"""Questions about hazards beside their bare SQL, and an impact beside geopandas in plain Python, in one run.

script/bench hazards [--quick]. Wants wrk and pgbench. 100,000 zones and 100,000 places lie in the city, over its 50
kelurahan; every request is another one.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Event, Thread
from time import perf_counter

import django
import numpy as np
import rasterio
import shapely
from rasterio.transform import from_bounds

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from peers.data import POLYGONS, QUICK, Load, polygons_load, rows_insert  # noqa: E402
from peers.measures import machine_print, said, sql_rate, wrk_rate  # noqa: E402
from peers.servers import VENV, Bench, Missing, Server, portal, venv_make  # noqa: E402

from layers.catalog import layer_get  # noqa: E402
from layers.importers.rasters import raster_import  # noqa: E402
from layers.models import Raster, RasterBand  # noqa: E402
from layers.query.hazards import FUNCTION  # noqa: E402

CLIENTS = 4
BOX = (116.07, -8.62, 116.165, -8.555)
"""West, south, east, north of the city."""

SIDE = 0.0202
"""Degrees; a square of so much is 5 km² here."""

POINTS = 100_000
RASTERS, CELLS = 5, 1_000 if QUICK else 10_000
"""How many rasters there are, and their rows and columns."""

HERE = f"ST_Point({BOX[0]} + random() * {BOX[2] - BOX[0]}, {BOX[1]} + random() * {BOX[3] - BOX[1]}, 4326)"

LUA = """
function init(args) math.randomseed(tonumber(args[1])) end
function request()
  local lon, lat = %f + math.random() * %f, %f + math.random() * %f
  return wrk.format(nil, ("/api/v1/hazards/at?lon=%%.6f&lat=%%.6f"):format(lon, lat))
end
"""


def loads() -> list[Load]:
    """Zones of 15 to 30 m in radius, hospitals of which a tenth take emergencies, and posts of which half are open."""
    zones = Load(layer_get("disaster_zones"), POLYGONS, 0, polygons_load().insert.replace("$position", HERE))
    half = POLYGONS // 2
    health = f"""INSERT INTO $table (code, name, source, geom, type, emergency_24h, services, status, status_as_of)
        SELECT 'bench-' || n, $road || ' ' || n, 'bench', {HERE}, 'rumah_sakit', n % 10 = 0, '{{}}', 'normal', now()
        FROM generate_series(1, $rows) n"""
    posts = f"""INSERT INTO $table (code, name, source, geom, type, status, status_as_of, capacity)
        SELECT 'bench-' || n, $road || ' ' || n, 'bench', {HERE}, 'pengungsian',
            (ARRAY['buka', 'siaga'])[n % 2 + 1], now(), n % 500 FROM generate_series(1, $rows) n"""
    return [
        zones,
        Load(layer_get("health_facilities"), half, 0, health),
        Load(layer_get("aid_posts"), half, 0, posts),
    ]


def rasters_make(folder: Path) -> None:
    """Five rasters of MMI over the city; every value differs from its neighbours, which compresses badly."""
    os.environ["RASTERS_FOLDER"] = settings.RASTERS_FOLDER = str(folder / "rasters")
    file, steps = folder / "mmi.tif", np.linspace(0, 1, CELLS, dtype=np.float32)
    profile = {"driver": "GTiff", "count": 1, "height": CELLS, "width": CELLS, "dtype": "float32", "nodata": np.nan}
    west, south, east, north = BOX
    for number in range(1, RASTERS + 1):
        values = 5 + np.sin(steps * 5 * number)[:, None] + np.cos(steps * 7 * number)[None, :]
        with rasterio.open(
            file, "w", **profile, crs="EPSG:4326", transform=from_bounds(west, south, east, north, CELLS, CELLS)
        ) as dataset:
            dataset.write(values, 1)
        raster_import(
            file,
            Raster(code=f"bench-{number}", name=f"MMI {number}", hazard="108", kind="peta_bahaya", source="bench"),
            RasterBand(quantity="mmi", unit="mmi", breaks=[5, 6], breaks_source="bench"),
        )


def large_zone() -> int:
    """The id of a zone of 2,000 vertices that holds the city, as the intensities of a great earthquake do."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO layers_disasterzone (code, name, source, geom, hazard, level, kind) "
            "SELECT 'bench-mmi', 'MMI 6', 'bench', "
            "ST_Multi(ST_Buffer(ST_Point(116.12, -8.58, 4326), 0.6, 500)), '108', 'tinggi', 'kejadian' "
            "RETURNING id"
        )
        return int(cursor.fetchone()[0])


def point_rates(server: Server, folder: Path) -> tuple[float, float]:
    """Answers a second: of the portal, and of its statement, prepared."""
    west, south, east, north = BOX
    lua = LUA % (west, east - west, south, north - south)
    script = "\n".join(
        [
            f"\\set lon {west} + random(0, 1000000) * 0.000001 * {east - west}",
            f"\\set lat {south} + random(0, 1000000) * 0.000001 * {north - south}",
            f"SELECT {FUNCTION}(:lon, :lat, now(), 0, 0, 0);",
        ]
    )
    bare = sql_rate([script], CLIENTS, folder)
    asked = wrk_rate(server.port, lua, "at", CLIENTS, folder)
    print(f"a point, {CLIENTS} clients: SQL {bare}, portal {asked}")
    return asked.throughput, bare.throughput


def impact_times(server: Server, bodies: list[dict], query: str = "") -> tuple[float, list[dict]]:
    """Median milliseconds, the first answer not counted, and the answers."""
    times, answers = [], []
    for body in bodies:
        start = perf_counter()
        answers.append(json.loads(_post(server, f"impact{query}", json.dumps(body).encode(), "application/json")))
        times.append((perf_counter() - start) * 1000)
    return median(times[1:] or times), answers


def _post(server: Server, question: str, body: bytes, media_type: str) -> bytes:
    connected = HTTPConnection("127.0.0.1", server.port, timeout=120)
    connected.request("POST", f"/api/v1/hazards/{question}", body, {"Content-Type": media_type})
    response = connected.getresponse()
    content = response.read()
    connected.close()
    if response.status != 200:
        raise Missing(f"{response.status} {content[:200]!r}")
    return content


def squares(number: int) -> list[shapely.Polygon]:
    west, south, east, north = BOX
    draw = random.Random(5)
    corners = [(draw.uniform(west, east - SIDE), draw.uniform(south, north - SIDE)) for _ in range(number)]
    return [shapely.box(lon, lat, lon + SIDE, lat + SIDE) for lon, lat in corners]


def plain_impact(area: shapely.Polygon, answer: dict) -> None:
    """By geopandas, and whether both say the same."""
    venv_make()
    script = Path(__file__).parent / "peers" / "plain_impact.py"
    told = json.loads(
        subprocess.check_output([f"{VENV}/bin/python", script, os.environ["DATABASE_URL"], area.wkt], text=True)
    )
    counts = {layer_get(id).table.removeprefix("layers_"): inside["count"] for id, inside in answer["layers"].items()}
    same = all(counts[name] == count for name, count in told["counts"].items())
    people = abs(told["people"] - answer["people"]["affected"]) < 1
    print(
        f"the same in geopandas: {told['read_ms']:,.0f} ms to read, {told['computed_ms']:,.0f} ms to compute; "
        f"counts {'agree' if same else 'differ'}, people {'agree' if people else 'differ'}"
    )


class Memory:
    """The most that any process of this bench's servers takes while it is watched, in MB."""

    def __enter__(self) -> "Memory":
        self.most, self.done = 0.0, Event()
        self.thread = Thread(target=self._watch)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.thread.join()

    def _watch(self) -> None:
        while not self.done.wait(0.05):
            self.most = max([self.most, *map(_resident, _descendants())])


def _descendants() -> list[Path]:
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[status.parent] = int(status.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    known = {int(Path("/proc/self").resolve().name)}
    while found := {int(path.name) for path, parent in parents.items() if parent in known} - known:
        known |= found
    return [path for path in parents if int(path.name) in known and path.name != Path("/proc/self").resolve().name]


def _resident(process: Path) -> float:
    """Without memory that is shared: PostgreSQL's buffers are no process's own."""
    try:
        found = re.findall(r"Rss(?:Anon|File):\s+(\d+)", (process / "status").read_text())
    except OSError:
        return 0
    return sum(map(int, found)) / 1024


def screening(server: Server) -> tuple[float, float]:
    """Seconds and the server's most memory for many points."""
    draw = random.Random(7)
    west, south, east, north = BOX
    rows = (f"{n},{draw.uniform(west, east):.6f},{draw.uniform(south, north):.6f},School {n}" for n in range(POINTS))
    body = ("id,lon,lat,name\n" + "\n".join(rows)).encode()
    start = perf_counter()
    with Memory() as memory:
        answered = _post(server, "screen?f=csv", body, "text/csv").count(b"\n") - 1
    if answered != POINTS:
        raise Missing(f"{answered} rows came back")
    return perf_counter() - start, memory.most


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    call_command("samples_load")
    missed = 0

    def bar(words: str, reached: float, wanted: float, *, most: bool) -> None:
        nonlocal missed
        good = reached <= wanted if most else reached >= wanted
        missed += not good
        print(f"{words:50}{reached:10,.2f}   bar {wanted:7,}   {'reached' if good else 'not reached'}")

    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        bench = Bench(layer_get("health_facilities"), layer_get("disaster_zones"), folder, stack)
        rasters_make(folder)
        server = portal(bench)
        for load in loads():
            rows_insert(load)
        machine_print([server])
        asked, bare = point_rates(server, folder)
        bar("a point, SQL / portal", bare / asked, 2, most=True)
        bar("a point, answers a second", asked, 300, most=False)
        areas = squares(20)
        took, answers = impact_times(server, [shapely.geometry.mapping(area) for area in areas])
        bar("impact of 5 km², ms", took, 150, most=True)
        with said("without geopandas:"):
            plain_impact(areas[-1], answers[-1])
        took, _ = impact_times(server, [{"zone": large_zone()}] * 5)
        bar("impact of an earthquake, ms", took, 1000, most=True)
        start = perf_counter()
        impact_times(server, [{"raster": "bench-1", "threshold": 6}])
        bar("impact of a raster at MMI 6, the first, ms", (perf_counter() - start) * 1000, 1000, most=True)
        seconds, memory = screening(server)
        bar(f"screening {POINTS:,} points, s", seconds, 20, most=True)
        bar("memory of the server then, MB", memory, 300, most=True)
    if missed:
        sys.exit(f"{missed} bars are not reached")


main()
