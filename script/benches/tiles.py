"""Tiles of the portal beside their bare SQL and tipg, over the rows of ``script/bench features``.

script/bench tiles [--quick]. Wants wrk and nginx. A cold tile is made for each request: no two requests are alike, by
their header Origin, and the portal gives none of its answers again. A warm one is given again as long as its version
holds. Portal, SQL and tipg are asked for the same tiles, random ones of zooms 14 to 16; warm ones as they are, and
compressed, which is how browsers ask for them.
"""

import os
import random
import re
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from math import floor
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import django
import psycopg2

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from peers.data import QUICK, Load, points_load, polygons_load, rows_insert  # noqa: E402
from peers.measures import Rate, machine_print, said, sql_rate, statements, wrk_rate  # noqa: E402
from peers.servers import Bench, Missing, Server, port_free, portal, tipg  # noqa: E402

from layers.catalog import Layer  # noqa: E402
from layers.query.params import FeatureQuery  # noqa: E402
from layers.query.tiles import TILE_MATRIX_SETS, Tile, TileData, tile_fetch  # noqa: E402

CLIENTS = 4
MERCATOR = TILE_MATRIX_SETS["WebMercatorQuad"]
CONF = Path("nginx.conf")
EDITS = 20 if QUICK else 100
NEEDLESS_EDITS = 200 if QUICK else 1000
BARS = {
    "cold, portal / SQL": 0.75,
    "cold, portal / tipg": 2,
    "warm, answers a second": 5000,
    "warm and compressed, answers a second": 5000,
    "304, answers a second": 5000,
    "warm through nginx, answers a second": 20_000,
    "the same compressed, answers a second": 20_000,
}
RATES = {
    "warm, answers a second": "portal, warm",
    "warm and compressed, answers a second": "portal, br",
    "304, answers a second": "portal, 304",
    "warm through nginx, answers a second": "nginx, warm",
    "the same compressed, answers a second": "nginx, br",
}
"""What is judged of the rates as it is."""
MOST = {"seconds for zoom 0, cold": 1, "edit to the new tile, p95 in ms": 50, "needless, % of the tiles seen": 1}
"""What should be at least, and at most, so much."""

LUA = """
local paths, tags, cold, compressed = {%s}, {%s}, %s, %s
local asked = 0
function init(args) math.randomseed(tonumber(args[1])) end
function request()
  local number = math.random(#paths)
  local headers = {}
  if cold then
    asked = asked + 1
    headers["Origin"] = ("http://%%d-%%d"):format(math.random(1e9), asked)
  end
  if compressed then headers["Accept-Encoding"] = "gzip, deflate, br, zstd" end
  if tags[number] then headers["If-None-Match"] = tags[number] end
  return wrk.format(nil, paths[number], headers)
end
"""

Numbers = dict[str, float]


def tiles_random(load: Load, zooms: Sequence[int], most: int) -> list[Tile]:
    """Tiles that the layer's rows fill, the same in each run."""
    chance = random.Random(4)
    west, south, east, north = load.layer.bbox
    found = []
    for z in zooms:
        (left, top), (right, bottom) = MERCATOR.place(z, west, north), MERCATOR.place(z, east, south)
        inside = [
            Tile(MERCATOR, z, x, y)
            for x in range(floor(left), floor(right) + 1)
            for y in range(floor(top), floor(bottom) + 1)
        ]
        found += chance.sample(inside, min(most, len(inside)))
    return found


def portal_path(layer: Layer, tile: Tile) -> str:
    return f"/oapi/collections/{layer.id}/tiles/{MERCATOR.id}/{tile.z}/{tile.y}/{tile.x}"


def tipg_path(layer: Layer, tile: Tile) -> str:
    return f"/collections/public.{layer.table}/tiles/{MERCATOR.id}/{tile.z}/{tile.x}/{tile.y}"


def lua(paths: Sequence[str], tags: Sequence[str] = (), cold: bool = False, compressed: bool = False) -> str:
    listed, known = (", ".join(f"'{value}'" for value in values) for values in (paths, tags))
    return LUA % (listed, known, str(cold).lower(), str(compressed).lower())


def script(layer: Layer, tile: Tile) -> str:
    """The SQL that the portal runs for a tile that it does not have."""
    with connection.cursor() as cursor:
        run = [cursor.mogrify(*each).decode() for each in statements(portal_path(layer, tile))]
    return "".join(f"{sql};\n" for sql in run if not sql.startswith("SET"))


def rates(servers: Sequence[Server], load: Load, bench: Bench) -> Iterator[tuple[str, Rate]]:
    layer, tiles = load.layer, tiles_random(load, (14, 15, 16), 40)
    first, *others = servers
    paths = [portal_path(layer, tile) for tile in tiles]
    yield "SQL, cold", sql_rate([script(layer, tile) for tile in tiles], CLIENTS, bench.folder)
    yield "portal, cold", wrk_rate(first.port, lua(paths, cold=True), "cold", CLIENTS, bench.folder)
    for other in others:
        with said(f"{layer.id}: without {other.name}:"):
            given = lua([tipg_path(layer, tile) for tile in tiles], cold=True)
            yield f"{other.name}, cold", wrk_rate(other.port, given, "cold", CLIENTS, bench.folder)
    yield "portal, warm", warm_rate(first, lua(paths), bench.folder)
    yield "portal, br", warm_rate(first, lua(paths, compressed=True), bench.folder)
    tags = [first.get(path)[1]["etag"] for path in paths]
    yield "portal, 304", warm_rate(first, lua(paths, tags), bench.folder)
    with said("without nginx:"):
        front = nginx(bench, first)
        yield "nginx, warm", warm_rate(front, lua(paths), bench.folder)
        yield "nginx, br", warm_rate(front, lua(paths, compressed=True), bench.folder)


def warm_rate(server: Server, script: str, folder: Path) -> Rate:
    """By 16 clients, the second time: in the first each worker makes what it gives again from then on."""
    wrk_rate(server.port, script, "warm", 16, folder)
    return wrk_rate(server.port, script, "warm", 16, folder)


def nginx(bench: Bench, behind: Server) -> Server:
    """The project's own nginx.conf, before the portal that runs here."""
    if not shutil.which("nginx"):
        raise Missing("apt-get install nginx-light would bring it")
    port = port_free()
    conf = CONF.read_text()
    for was, now in (
        (r"listen \d+", f"listen 127.0.0.1:{port}"),
        (r"server portal:\d+", f"server 127.0.0.1:{behind.port}"),
        (r"pid \S+;", f"pid {bench.folder}/nginx.pid;"),
        (r"/run/geoportal", str(bench.versions)),
        (r"access_log [^;]+", "access_log off"),
        (r"proxy_cache_path \S+", f"proxy_cache_path {bench.folder}/cache"),
    ):
        conf = re.sub(was, now, conf)
    file = bench.folder / "portal-nginx.conf"
    file.write_text(conf)
    mine = "user root; " if os.geteuid() == 0 else ""  # nginx's own user may not read the versions
    bench.program("nginx", ["nginx", "-c", str(file), "-p", str(bench.folder), "-g", f"{mine}daemon off;"], {})
    server = Server("nginx", "", port, behind.items)
    return bench.answering(server)


def zoom_0(server: Server, layer: Layer) -> float:
    """Seconds of the largest tile there is, asked for once."""
    start = perf_counter()
    status, _, _ = server.get(portal_path(layer, Tile(MERCATOR, 0, 0, 0)), {"Origin": "http://zoom-0"})
    if status != 200:
        raise Missing(f"zoom 0 answers {status}")
    return perf_counter() - start


def edits(server: Server, load: Load) -> list[float]:
    """Milliseconds from an edit's statement to the end of another client's request for its tile, which is new."""
    layer, taken = load.layer, []
    rows = "SELECT id, ST_X(ST_Centroid(geom)), ST_Y(ST_Centroid(geom)) FROM {} WHERE source = 'bench' AND id %% %s = 0"
    with closing(psycopg2.connect(**connection.get_connection_params() | {"cursor_factory": None})) as writer:
        writer.autocommit = True
        with writer.cursor() as cursor:
            cursor.execute(rows.format(layer.table), [load.rows // EDITS])
            for id, longitude, latitude in cursor.fetchall()[:EDITS]:
                x, y = map(int, MERCATOR.place(16, longitude, latitude))
                path = portal_path(layer, Tile(MERCATOR, 16, x, y))
                before = server.get(path)[1]["etag"]
                start = perf_counter()
                cursor.execute(f"UPDATE {layer.table} SET name = name || '!' WHERE id = %s", [id])
                _, headers, _ = server.get(path, {"If-None-Match": before})
                taken.append((perf_counter() - start) * 1000)
                if headers["etag"] == before:
                    sys.exit(f"stale: {path}")
    return sorted(taken)


def needless(load: Load) -> float:
    """Per cent of the tiles seen, zooms 8 to 16, whose ETag changed and their bytes not after small random edits."""
    layer, chance = load.layer, random.Random(4)
    tiles = tiles_random(load, range(8, 17), 60)

    def look() -> list[TileData]:
        return [tile_fetch([(layer, FeatureQuery(limit=1))], tile) for tile in tiles]

    before = look()
    with connection.cursor() as cursor:
        for _ in range(NEEDLESS_EDITS):
            set_ = chance.choice(("name = name || '!'", "geom = ST_Translate(geom, 0.00005, 0.00005)"))
            code = f"bench-{chance.randint(1, load.rows)}"
            cursor.execute(f"UPDATE {layer.table} SET {set_} WHERE code = %s", [code])
    pairs = list(zip(before, look(), strict=True))
    if any(old.version == new.version and old.mvt != new.mvt for old, new in pairs):
        sys.exit("a tile is stale")
    return 100 * sum(old.version != new.version and old.mvt == new.mvt for old, new in pairs) / len(pairs)


def measure(servers: Sequence[Server], load: Load, bench: Bench) -> Numbers:
    print(f"\n{load.layer.id}: {load.rows:,} rows; answers a second, and milliseconds at 50% | 95%")
    at = {}
    for name, rate in rates(servers, load, bench):
        print(f"{name:14}{rate!s:>28}", flush=True)
        at[name] = rate.throughput
    numbers = {"cold, portal / SQL": at["portal, cold"] / at["SQL, cold"]}
    if "tipg, cold" in at:
        numbers["cold, portal / tipg"] = at["portal, cold"] / at["tipg, cold"]
    for words, name in RATES.items():
        if name in at:
            numbers[words] = at[name]
    numbers["seconds for zoom 0, cold"] = zoom_0(servers[0], load.layer)
    taken = edits(servers[0], load)
    print(f"an edit to the new tile: {taken[len(taken) // 2]:.1f} | {taken[len(taken) * 95 // 100]:.1f} ms")
    numbers["edit to the new tile, p95 in ms"] = taken[len(taken) * 95 // 100]
    numbers["needless, % of the tiles seen"] = needless(load)
    return numbers


def bars_print(numbers: Numbers) -> int:
    """How many are not reached."""
    missed = 0
    print()
    for name, number in numbers.items():
        good = number >= BARS[name] if name in BARS else number <= MOST[name]
        missed += not good
        bar = f"{'>=' if name in BARS else '<='} {BARS.get(name, MOST.get(name)):,}"
        print(f"{name:42}{number:12,.2f}   bar {bar:>10}   {'reached' if good else 'not reached'}")
    return missed


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if not (shutil.which("wrk") and shutil.which("pgbench")):
        sys.exit("wrk and pgbench are needed: apt-get install wrk postgresql-contrib")
    call_command("samples_load")
    loads, missed = (points_load(), polygons_load()), 0
    with TemporaryDirectory() as name, ExitStack() as stack:
        bench = Bench(loads[0].layer, loads[1].layer, Path(name), stack)
        servers = [portal(bench)]  # before the rows: it brings the database up to date
        for load in loads:
            rows_insert(load)
        with said("without tipg:"):
            servers.append(tipg(bench))
        machine_print(servers)
        for load in loads:
            missed += bars_print(measure(servers, load, bench))
    if missed and not QUICK:
        sys.exit(f"{missed} bars are not reached")


main()
