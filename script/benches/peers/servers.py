"""The portal as served, and the servers beside it, over the same tables: each with 2 processes on 127.0.0.1.

What one needs is below ``.local/peers`` and in a folder that is gone afterwards.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from string import Template
from time import monotonic, sleep

from django.conf import settings

from layers.catalog import Layer

HERE = Path(__file__).parent
VENV = Path(".local/peers")
PATIENCE = 120
"""Seconds in which a server must answer."""


class Missing(Exception):
    """A server cannot be measured here; the message says why."""


@dataclass(frozen=True)
class Server:
    """``items`` is the path to a layer's items, to be filled in by :meth:`path`."""

    name: str
    version: str
    port: int
    items: str

    def path(self, layer: Layer, query: str) -> str:
        return f"{self.items.format(layer=layer)}{'&' if '?' in self.items else '?'}{query}"

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
        """Status, headers by their names in lower case, and body."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path, headers=headers or {})
            response = connection.getresponse()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        finally:
            connection.close()


@dataclass(frozen=True)
class Bench:
    """The layers to serve, a folder for what is written, and the stack on which programs are ended."""

    points: Layer
    polygons: Layer
    folder: Path
    stack: ExitStack

    @property
    def versions(self) -> Path:
        """Where the portal tells nginx the versions of its layers."""
        return self.folder / "versions"

    def program(self, name: str, command: list[str], env: dict[str, str], stdin: socket.socket | None = None) -> None:
        """Run a program until the stack ends, or this process does."""
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | env
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "--", *command],
                env=environment,
                stdin=stdin or subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
            )
        self.stack.callback(_end, process)

    def configuration(self, file: str, **values: object) -> Path:
        """A file of this folder, with its ``$names`` filled in."""
        database, path = settings.DATABASES["default"], self.folder / file
        known = {
            **{f"db_{key}": database[key.upper()] for key in ("host", "port", "name", "user", "password")},
            **dict(zip(("west", "south", "east", "north"), self.points.bbox, strict=True)),
            "database": os.environ["DATABASE_URL"],
            "folder": self.folder,
            "points": self.points.id,
            "points_table": self.points.table,
            "polygons": self.polygons.id,
            "polygons_table": self.polygons.table,
        }
        path.write_text(Template((HERE / file).read_text()).substitute(known, **values))
        return path

    def answering(self, server: Server) -> Server:
        """The server, once it answers.

        Raises:
            Missing: it does not; the message is the end of its log.
        """
        deadline, fault = monotonic() + PATIENCE, "it does not start"
        while monotonic() < deadline:
            try:
                status, _, body = server.get(server.path(self.points, "limit=1"))
            except OSError:
                sleep(0.2)
                continue
            if status == 200:
                return server
            fault = f"{status} {body[:200].decode()}"
            sleep(0.2)
        log = (self.folder / f"{server.name}.log").read_text()
        raise Missing(f"{fault}\n{log[-1000:]}")


def portal(bench: Bench) -> Server:
    """By ``script/server``, as everyone serves it."""
    port = port_free()
    bench.program("portal", ["script/server"], {"PORT": str(port), "VERSIONS_FOLDER": str(bench.versions)})
    version = f"on Django {_version(sys.executable, 'django')}, granian {_version(sys.executable, 'granian')}"
    return bench.answering(Server("portal", version, port, "/oapi/collections/{layer.id}/items?f=json"))


def pygeoapi(bench: Bench) -> Server:
    """With its own PostgreSQL provider, under granian as the portal is."""
    venv_make()
    port = port_free()
    config = bench.configuration("pygeoapi.yml", port=port)
    openapi = config.with_name("openapi.yml")
    env = {"PYGEOAPI_CONFIG": str(config), "PYGEOAPI_OPENAPI": str(openapi)}
    command = [f"{VENV}/bin/pygeoapi", "openapi", "generate", str(config), "--output-file", str(openapi)]
    subprocess.run(command, env={**os.environ, **env}, check=True, stdout=subprocess.DEVNULL)
    server = f"{VENV}/bin/granian --interface wsgi --workers 2 --blocking-threads 4 --log-level warning --port {port}"
    bench.program("pygeoapi", [*server.split(), "pygeoapi.flask_app:APP"], env)
    version = _version(f"{VENV}/bin/python", "pygeoapi")
    return bench.answering(Server("pygeoapi", version, port, "/collections/{layer.id}/items?f=json"))


def tipg(bench: Bench) -> Server:
    venv_make()
    port = port_free()
    server = f"{VENV}/bin/uvicorn --workers 2 --log-level warning --port {port} tipg.main:app"
    tables = f'["public.{bench.points.table}", "public.{bench.polygons.table}"]'
    bench.program("tipg", server.split(), {"TIPG_DB_TABLES": tables, "TIPG_CATALOG_TTL": "86400"})
    version = _version(f"{VENV}/bin/python", "tipg")
    return bench.answering(Server("tipg", version, port, "/collections/public.{layer.table}/items?f=geojson"))


def mapserver(bench: Bench) -> Server:
    """Two FastCGI processes on one socket, behind nginx."""
    if not (shutil.which("mapserv") and shutil.which("nginx")):
        raise Missing("apt-get install cgi-mapserver nginx-light would bring it")
    listener = bench.stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=64))
    port = port_free()
    bench.configuration("mapserver.map", port=port)
    config = bench.configuration("mapserver.conf")
    for _ in range(2):
        bench.program("MapServer", ["mapserv"], {"MAPSERVER_CONFIG_FILE": str(config)}, stdin=listener)
    front = bench.configuration("nginx.conf", port=port, fastcgi_port=listener.getsockname()[1])
    bench.program("MapServer", ["nginx", "-p", str(bench.folder), "-e", "stderr", "-c", str(front)], {})
    told = subprocess.run(["mapserv", "-v"], capture_output=True, text=True).stdout
    version = re.findall(r"version (\S+)", told)[0]
    return bench.answering(Server("MapServer", version, port, "/bench/ogcapi/collections/{layer.id}/items?f=json"))


PEERS: dict[str, Callable[[Bench], Server]] = {"pygeoapi": pygeoapi, "tipg": tipg, "MapServer": mapserver}


def _end(process: subprocess.Popen[bytes]) -> None:
    """With everything that it started; mapserv, for one, minds no TERM while it waits for a request."""
    with suppress(ProcessLookupError):
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def port_free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _version(python: str, package: str) -> str:
    code = f"from importlib.metadata import version; print(version('{package}'))"
    return subprocess.check_output([python, "-c", code], text=True).strip()


def venv_make() -> None:
    """Install the peers that come as Python packages, where they are not there yet."""
    wanted, installed = HERE / "requirements.txt", VENV / "requirements.txt"
    if installed.exists() and installed.read_text() == wanted.read_text():
        return
    print("Installing pygeoapi and tipg into .local/peers", file=sys.stderr)
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
        install = [f"{VENV}/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "--requirement", str(wanted)], check=True)
    except subprocess.CalledProcessError as error:
        raise Missing(f"its packages cannot be installed: {error}") from error
    shutil.copy(wanted, installed)
