"""Servers of the portal in processes of their own, for tests that need the real thing."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from django.conf import settings
from django.db import connection


def port_free() -> int:
    """A port that the system gives to nobody else before the server takes it: below those that it hands out itself."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
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
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                assert process.poll() is None, "it ended"
                time.sleep(0.1)
        else:
            raise AssertionError("it takes no connections")
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        finally:
            with suppress(ProcessLookupError):  # what did not end fails its own test, and no other
                os.killpg(process.pid, signal.SIGKILL)


@dataclass(frozen=True)
class Server:
    port: int
    group: int


@contextmanager
def granian(interface: str, *, database_port: int | None = None, **environment: str) -> Iterator[Server]:
    """The WSGI or ASGI application on the database of the tests, with the threads that `script/server` gives it."""
    known = connection.settings_dict
    port = port_free()
    address = f"127.0.0.1:{database_port or known['PORT']}/{known['NAME']}"
    url = f"postgresql://{known['USER']}:{known['PASSWORD']}@{address}"
    command = [sys.executable, "-m", "granian", "--interface", interface, "--host", "127.0.0.1", "--port", str(port)]
    command += ["--blocking-threads", "4"] if interface == "wsgi" else []
    command += ["--workers-kill-timeout", "3", "--no-log", f"geoportal.{interface}:application"]
    with running(command, port, DATABASE_URL=url, **environment) as process:
        yield Server(port, process.pid)
