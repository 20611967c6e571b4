"""How fast something answers: by wrk over HTTP, by pgbench in the database."""

import os
import platform
import random
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client
from peers.data import QUICK
from peers.servers import Missing, Server

WARM, SECONDS = (1, 2) if QUICK else (2, 6)

DONE = """
function done(summary, latency)
  local errors = summary.errors
  print("RATE", summary.requests / summary.duration * 1e6, latency:percentile(50) / 1e3, latency:percentile(95) / 1e3,
    errors.status, errors.timeout + errors.read + errors.connect)
end
"""
"""The end of every script of wrk."""


@dataclass(frozen=True)
class Rate:
    """Answers a second, and the milliseconds in which half and 95% of them came."""

    throughput: float
    p50: float
    p95: float

    def __str__(self) -> str:
        return f"{self.throughput:,.0f}/s {self.p50:.1f}|{self.p95:.1f}"


def wrk_rate(port: int, lua: str, seed: str, clients: int, folder: Path, headers: Sequence[str] = ()) -> Rate:
    """By wrk, with the same sequence of requests for every server that has the same seed.

    Raises:
        Missing: not every answer was a good one.
    """
    script = folder / "requests.lua"
    script.write_text(lua + DONE)
    given = [part for header in headers for part in ("--header", header)]
    for seconds in (WARM, SECONDS):
        command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "30s", "-s", str(script), *given]
        number = random.Random(f"{seed} {clients} {seconds}").randrange(2**31)
        told = subprocess.check_output([*command, f"http://127.0.0.1:{port}", "--", str(number)], text=True)
    throughput, p50, p95, refused, lost = map(float, re.findall(r"^RATE\s+(.*)$", told, re.MULTILINE)[0].split())
    if refused or lost:
        raise Missing(f"{refused:.0f} of its answers were errors, and {lost:.0f} did not come")
    return Rate(throughput, p50, p95)


def statements(path: str) -> list[tuple[str, Any]]:
    """The SQL with its arguments that the portal runs for a request, once it has answered it before.

    What it prepares, it runs as ``EXECUTE name (...)``; on a new connection it prepares it again, to be seen.
    """
    run: list[tuple[str, Any]] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        run.append((sql, params))
        return execute(sql, params, many, context)

    client = Client(headers={"host": "localhost"})
    client.get(path)
    connection.close()
    with connection.execute_wrapper(note):
        client.get(path)
    prepared = [re.sub(r"\$\d+", "%s", sql.partition(" AS ")[2]) for sql, _ in run if sql.startswith("PREPARE ")]
    return [
        (prepared.pop(0) if sql.startswith("EXECUTE ") else sql, params)
        for sql, params in run
        if not sql.startswith("PREPARE ")
    ]


def sql_rate(scripts: Sequence[str], clients: int, folder: Path) -> Rate:
    """By pgbench, prepared, over one connection a client with the portal's settings; a random script each time."""
    command = ["pgbench", "-n", "-l", "-M", "prepared", "-c", str(clients)]
    for number, script in enumerate(scripts):
        (folder / f"work{number}.sql").write_text(script)
        command += ["-f", f"work{number}.sql"]
    session = (f"-c {name}={value.replace(' ', '\\ ')}" for name, value in settings.DATABASE_SESSION.items())
    environment = {**os.environ, "PGOPTIONS": " ".join(session)}
    for seconds in (WARM, SECONDS):
        for log in folder.glob("pgbench_log.*"):
            log.unlink()
        told = subprocess.check_output(
            [*command, "-T", str(seconds), os.environ["DATABASE_URL"]], env=environment, text=True, cwd=folder
        )
    log = next(folder.glob("pgbench_log.*"))
    times = sorted(int(line.split()[2]) / 1000 for line in log.read_text().splitlines())
    throughput = float(re.findall(r"tps = ([\d.]+)", told)[0])
    return Rate(throughput, times[len(times) // 2], times[len(times) * 95 // 100])


@contextmanager
def said(about: str) -> Iterator[None]:
    """Go on without what is missing, and say so."""
    try:
        yield
    except Missing as reason:
        print(about, reason)


def machine_print(servers: list[Server]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT version(), postgis_lib_version(), current_setting('shared_buffers')")
        postgres, postgis, buffers = cursor.fetchone()
    model = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())[:1]
    print(f"{os.cpu_count()} x {model[0] if model else platform.machine()}, {platform.platform()}")
    print(f"Python {platform.python_version()}, PostGIS {postgis}, shared_buffers {buffers}, {postgres}")
    print(", ".join(f"{server.name} {server.version}" for server in servers))
    print(f"warm: {SECONDS} s after {WARM} s that are not counted, over distinct requests")
