"""Connections to a database that has fallen silent are given up.

PostgreSQL stops a statement that takes too long, and TCP notices a machine that is gone. Of a server whose processes
hang, stopped or waiting for a disk, neither is true, for its kernel confirms what it is sent: who asks would wait for
ever, and soon no thread would be left, not even for what needs no database.
"""

import os
import socket
import struct
import time
from contextlib import suppress
from threading import Thread
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from psycopg2 import InterfaceError
from psycopg2.extensions import TRANSACTION_STATUS_ACTIVE

GRACE = 3
"""Seconds that PostgreSQL has, beyond the time that a statement may take, to tell so itself."""

SINCE_SENT, SINCE_RECEIVED = 44, 52
"""Where Linux's ``tcp_info`` (linux/tcp.h) has the milliseconds since data went out, and since some came in."""

_connections: WeakKeyDictionary[Any, None] = WeakKeyDictionary()


def silence_watch() -> None:
    """From now on, and from a thread, break off each connection over TCP on which a question waits for longer than
    ``STATEMENT_TIMEOUT`` without a word: who asked it gets an ``OperationalError``."""
    if settings.STATEMENT_TIMEOUT:
        Thread(target=_watch, args=((settings.STATEMENT_TIMEOUT + GRACE) * 1000,), daemon=True).start()


def connection_remember(*, connection: Any, **_: Any) -> None:
    """Have a new connection watched, from its first statement on."""
    _connections[connection.connection] = None


def _watch(longest: int) -> None:
    while True:
        time.sleep(1)
        for known in _connections.keyrefs():
            raw = known()
            if raw is not None and raw.info.transaction_status == TRANSACTION_STATUS_ACTIVE:
                with suppress(OSError, InterfaceError):  # it was closed just now
                    _silence_end(raw.fileno(), longest)


def _silence_end(file: int, longest: int) -> None:
    with socket.socket(fileno=os.dup(file)) as line:
        told = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, SINCE_RECEIVED + 4)
        if min(struct.unpack_from("=I", told, at)[0] for at in (SINCE_SENT, SINCE_RECEIVED)) > longest:
            line.shutdown(socket.SHUT_RDWR)
