"""Items of the portal beside their bare SQL, pygeoapi, tipg and MapServer, all over the same tables and in one run.

script/bench features [--quick]. Wants wrk; MapServer wants cgi-mapserver and nginx, and is left out without them.
Every request is another one (a random box, or another limit), every run is warm: it follows one that is not counted.
"""

import re
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any
from urllib.parse import quote, urlsplit

import django
import orjson
import shapely
from psycopg2.extensions import adapt

django.setup()

from django.core.management import call_command  # noqa: E402
from peers.data import QUICK, ROADS, Load, points_load, polygons_load, rows_insert  # noqa: E402
from peers.measures import Rate, machine_print, said, sql_rate, statements, wrk_rate  # noqa: E402
from peers.servers import PEERS, Bench, Missing, Server, portal  # noqa: E402

CLIENTS = (1, 4)
UNCHANGED, NOT_MODIFIED = "If-None-Match, 304", 2500
"""The same request again, and how many a second are wanted."""


@dataclass(frozen=True)
class Work:
    """A query string with ``{west}`` and so on for a random box, ``{few}`` for 95 to 105; and the bars.

    The bars are the portal's throughput at 4 clients as a multiple of the bare SQL's, of the better of pygeoapi's and
    tipg's, and of MapServer's; a server that no bar names is not measured.
    """

    name: str
    query: str
    sql: float | None = None
    python: float | None = None
    mapserver: float | None = None

    def measures(self, name: str) -> bool:
        return name == "portal" or bool(self.mapserver if name == "MapServer" else self.python)


BOX = "bbox={west},{south},{east},{north}"
AREA = "S_INTERSECTS(geom,POLYGON(({west} {south},{east} {south},{east} {north},{west} {north},{west} {south})))"
FILTER = quote(f"{AREA} AND name LIKE '{ROADS[0]}%'", safe="{}(),")
FIRST, FAR = Work("first page", "limit={few}"), Work("far page", "limit={few}")
WORKS = (
    Work("limit=1000 in a box", f"{BOX}&limit=1000", 0.75, 10, 2),
    Work("limit=10 in a box", f"{BOX}&limit=10", 0.75, 15, 2),
    Work("CQL2 filter, limit=100", f"filter={FILTER}&filter-lang=cql2-text&limit=100", 0.7, 5),
    FIRST,
    FAR,
)


Rates = dict[tuple[str, str, int], Rate]
"""By work, server and clients."""


def far_query(server: Server, load: Load) -> str:
    """The query of the portal's far page: where its own ``next`` links lead."""
    path = server.path(load.layer, "limit=10000")
    for _ in range(ceil(load.deep / 10_000)):
        page = orjson.loads(server.get(path)[2])
        address = urlsplit(next(link["href"] for link in page["links"] if link["rel"] == "next"))
        path = f"{address.path}?{address.query}"
    return re.sub(r"limit=\d+", "limit={few}", address.query.replace("&f=json", ""))


def fault(server: Server, load: Load, query: str) -> str | None:
    """Why this cannot be measured, if so: the answer to one such request."""
    west, south = load.layer.bbox[:2]
    status, _, body = server.get(server.path(load.layer, filled(query, load, west, south)))
    if status != 200:
        return f"{status} {' '.join(body[:150].decode(errors='replace').split())}"
    return None if orjson.loads(body)["features"] else "no features"


def filled(query: str, load: Load, west: float, south: float) -> str:
    width, height = load.box
    box = {"west": west, "south": south, "east": west + width, "north": south + height}
    return query.format(few=100, **{name: f"{value:.6f}" for name, value in box.items()})


LUA = """
local query, west, south, width, height, across, up = %s
function init(args) math.randomseed(tonumber(args[1])) end
function request()
  local w, s = west + math.random() * (across - width), south + math.random() * (up - height)
  local values = {west = ("%%.6f"):format(w), south = ("%%.6f"):format(s), east = ("%%.6f"):format(w + width),
    north = ("%%.6f"):format(s + height), few = tostring(math.random(95, 105))}
  return wrk.format(nil, (query:gsub("{(%%a+)}", values)))
end
"""


def http_rate(
    server: Server, load: Load, query: str, clients: int, folder: Path, headers: tuple[str, ...] = ()
) -> Rate:
    """By wrk, with the same sequence of requests for every server.

    Raises:
        Missing: not every answer was a good one.
    """
    west, south, east, north = load.layer.bbox
    arguments = [f"{server.path(load.layer, query)!r}", *map(str, (west, south, *load.box, east - west, north - south))]
    return wrk_rate(server.port, LUA % ", ".join(arguments), query, clients, folder, headers)


def pgbench_script(server: Server, load: Load, query: str) -> str:
    """The portal's own statements, with random boxes for the one of the request.

    Raises:
        Missing: there is none for it.
    """
    west, south, east, north = load.layer.bbox
    (width, height), number = load.box, "random(0, 1000000) * 0.000001"
    lines = [
        f"\\set west {west} + {number} * {east - west - width}",
        f"\\set south {south} + {number} * {north - south - height}",
        f"\\set east :west + {width}",
        f"\\set north :south + {height}",
    ]
    asked = shapely.box(west, south, west + width, south + height)
    bounds = dict(zip(asked.bounds, (":west", ":south", ":east", ":north"), strict=True))

    def value(given: Any) -> str:
        if isinstance(given, float):
            return next((name for bound, name in bounds.items() if abs(given - bound) < 1e-5), str(given))
        if isinstance(given, str) and (corners := re.findall(r"\((\S+), (\S+)\)", given)):
            (w, s), (e, n) = ((float(x), float(y)) for x, y in corners)
            sides = (f":west + {w - west}", f":south + {s - south}", f":east + {e - west - width}")
            return "box(point({}, {}), point({}, {}))".format(*sides, f":north + {n - south - height}")
        try:
            if shapely.from_wkb(given).equals_exact(asked, 1e-5, normalize=True):
                return "ST_MakeEnvelope(:west, :south, :east, :north, 4326)"
        except (TypeError, shapely.GEOSException):
            pass
        return str(adapt(given))

    for sql, params in statements(server.path(load.layer, filled(query, load, west, south))):
        lines.append((sql % tuple(map(value, params)) if params else sql) + ";")
    if "{west}" in query and ":west," not in "".join(lines):
        raise Missing("its box is not among the arguments of the statement")
    return "\n".join(lines)


def measure(servers: list[Server], load: Load, folder: Path) -> Rates:
    """Each work by each server in turn, so that what else the machine does falls on all alike."""
    rates: Rates = {}
    first = servers[0]
    far = far_query(first, load)
    for work in WORKS:
        query = far if work is FAR else work.query
        able = [server for server in servers if work.measures(server.name)]
        for server in able[:]:
            if why := fault(server, load, query):
                print(f"{load.layer.id}, {work.name}: {server.name} is left out, it answers {why}")
                able.remove(server)
        if first not in able:
            continue
        for clients in CLIENTS:
            with said(f"{load.layer.id}, {work.name}: the bare SQL is left out:"):
                rates[work.name, "SQL", clients] = sql_rate([pgbench_script(first, load, query)], clients, folder)
            for server in able:
                with said(f"{load.layer.id}, {work.name}: {server.name} is left out:"):
                    rates[work.name, server.name, clients] = http_rate(server, load, query, clients, folder)
    for clients in CLIENTS:
        with said(f"{load.layer.id}, {UNCHANGED}: the portal is left out:"):
            rates[UNCHANGED, first.name, clients] = unchanged_rate(first, load, clients, folder)
    return rates


def unchanged_rate(server: Server, load: Load, clients: int, folder: Path) -> Rate:
    """Of the same request again with If-None-Match.

    Raises:
        Missing: it has no ETag, or does not answer 304.
    """
    query = filled(WORKS[0].query, load, *load.layer.bbox[:2])
    path = server.path(load.layer, query)
    etag = server.get(path)[1].get("etag")
    if etag is None:
        raise Missing("there is no ETag")
    if (status := server.get(path, {"If-None-Match": etag})[0]) != 304:
        raise Missing(f"it answers {status}")
    return http_rate(server, load, query, clients, folder, (f"If-None-Match: {etag}",))


def rates_print(load: Load, rates: Rates) -> None:
    names = ["SQL", "portal", *PEERS]
    print(f"\n{load.layer.id}: {load.rows:,} rows; answers a second, and milliseconds at 50% | 95%")
    print(f"{'':24}clients" + "".join(f"{name:>23}" for name in names))
    for work in [*(work.name for work in WORKS), UNCHANGED]:
        for clients in CLIENTS:
            cells = [rates.get((work, name, clients)) for name in names]
            if any(cells):
                print(f"{work:24}{clients:7}" + "".join(f"{cell or '-'!s:>23}" for cell in cells))


def bars(rates: Rates) -> Iterator[tuple[str, float, float]]:
    """What is compared at 4 clients, what was reached, and what should be."""
    at = {(work, server): rate.throughput for (work, server, clients), rate in rates.items() if clients == 4}
    for work in WORKS:
        rivals = (("SQL",), work.sql), (("pygeoapi", "tipg"), work.python), (("MapServer",), work.mapserver)
        for names, bar in rivals:
            beside = {at[work.name, name]: name for name in names if (work.name, name) in at}
            if bar and beside and (work.name, "portal") in at:
                best = max(beside)
                yield f"{work.name}, portal / {beside[best]}", at[work.name, "portal"] / best, bar
    if (FAR.name, "portal") in at:
        yield f"portal, {FAR.name} / {FIRST.name}", at[FAR.name, "portal"] / at[FIRST.name, "portal"], 0.8
    if (UNCHANGED, "portal") in at:
        yield f"portal, {UNCHANGED}, answers a second", at[UNCHANGED, "portal"], NOT_MODIFIED


def bars_print(rates: Rates) -> int:
    """How many are not reached."""
    missed = 0
    print()
    for words, reached, bar in bars(rates):
        missed += reached < bar
        print(f"{words:50}{reached:9,.2f}   bar {bar:7,}   {'not reached' if reached < bar else 'reached'}")
    return missed


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if not (shutil.which("wrk") and shutil.which("pgbench")):
        sys.exit("wrk and pgbench are needed: apt-get install wrk postgresql-contrib")
    call_command("samples_load")
    loads = points_load(), polygons_load()
    missed = 0
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        bench = Bench(loads[0].layer, loads[1].layer, folder, stack)
        servers = [portal(bench)]  # before the rows: it brings the database up to date
        start = perf_counter()
        for load in loads:
            rows_insert(load)
        print(f"loaded in {perf_counter() - start:.0f} s")
        for peer, serve in PEERS.items():
            with said(f"without {peer}:"):
                servers.append(serve(bench))
        machine_print(servers)
        for load in loads:
            rates = measure(servers, load, folder)
            rates_print(load, rates)
            missed += bars_print(rates)
    if missed and not QUICK:
        sys.exit(f"{missed} bars are not reached")


main()
