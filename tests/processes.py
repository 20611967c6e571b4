"""Servers of the portal in processes of their own, for tests that need the real thing."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.db import connection


def port_free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(command: Sequence[str], port: int, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program, once it takes connections; it and its children are a process group."""
    process = subprocess.Popen(
        command,
        cwd=settings.BASE_DIR,
        env=os.environ | environment,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                assert process.poll() is None, "it ended"
                time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait(20)


@dataclass(frozen=True)
class Server:
    port: int
    group: int


@contextmanager
def granian(interface: str, *, database_port: int | None = None, **environment: str) -> Iterator[Server]:
    """The WSGI or ASGI application on the database of the tests."""
    known = connection.settings_dict
    port = port_free()
    address = f"127.0.0.1:{database_port or known['PORT']}/{known['NAME']}"
    url = f"postgresql://{known['USER']}:{known['PASSWORD']}@{address}"
    command = [sys.executable, "-m", "granian", "--interface", interface, "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers-kill-timeout", "3", "--no-log", f"geoportal.{interface}:application"]
    with running(command, port, DATABASE_URL=url, **environment) as process:
        yield Server(port, process.pid)
