"""A stopped or slow database is a 503 to come back after, and the portal works again by itself."""

import json
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from typing import Any

import pytest
from conftest import FeatureMake, feature_body
from django.conf import settings
from django.db import connection
from processes import granian
from rest_framework.test import APIClient

from layers.catalog import layer_get
from layers.ogc.formats import FORMATS


class Cable:
    """A TCP line to the database that can be pulled out and plugged in again; while it does not flow, both ends are
    there and hear nothing, as from a server whose processes hang."""

    def __init__(self) -> None:
        known = connection.settings_dict
        self.target = known["HOST"], int(known["PORT"])
        self.plugged = False
        self.flows = threading.Event()
        self.flows.set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.ends: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            if not self.plugged:
                near.close()
                continue
            far = socket.create_connection(self.target)
            self.ends += [near, far]
            threading.Thread(target=self._carry, args=(near, far), daemon=True).start()

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        with selectors.DefaultSelector() as selector, near, far:
            selector.register(near, selectors.EVENT_READ, far)
            selector.register(far, selectors.EVENT_READ, near)
            try:
                while True:
                    for key, _ in selector.select():
                        data = key.fileobj.recv(65536)  # type: ignore[union-attr]
                        self.flows.wait()
                        if not data:
                            return
                        key.data.sendall(data)
            except OSError:
                return

    def pull(self) -> None:
        self.plugged = False
        for end in self.ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self.ends.clear()


def ask(port: int, path: str, timeout: int = 60) -> tuple[int, str | None]:
    """Status and Retry-After."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=timeout)) as line:
        line.request("GET", path)
        answer = line.getresponse()
        return answer.status, answer.getheader("Retry-After")


PATHS = ["/oapi/collections/markets/items", "/oapi/collections/markets/items/1", "/api/v1/markets/", "/readyz"]


@pytest.mark.django_db(transaction=True)
def test_the_portal_outlives_its_database() -> None:
    cable = Cable()
    with granian("wsgi", database_port=cable.port) as server, closing(cable.listener):
        port = server.port
        for _ in range(2):
            assert [ask(port, path) for path in PATHS] == [(503, "10")] * 4
            assert ask(port, "/healthz")[0] == ask(port, "/oapi/conformance")[0] == 200
            cable.plugged = True
            assert [ask(port, path)[0] for path in PATHS] == [200, 404, 200, 200]
            cable.pull()


@pytest.mark.django_db(transaction=True)
def test_a_database_that_hangs_is_given_up() -> None:
    """Whoever waits for it leaves its thread to others."""
    cable = Cable()
    cable.plugged = True
    with granian("wsgi", database_port=cable.port, STATEMENT_TIMEOUT="3") as server, closing(cable.listener):
        port = server.port
        for path in PATHS[:2]:
            assert ask(port, PATHS[0])[0] == 200
            cable.flows.clear()
            assert ask(port, path, timeout=30) == (503, "10")
            assert ask(port, "/healthz")[0] == 200
            cable.flows.set()
        assert ask(port, "/readyz")[0] == 200


@contextmanager
def locked(table: str) -> Iterator[None]:
    """Another holds the table for itself, and our statements may take a fifth of a second."""
    other = connection.copy()
    other.set_autocommit(False)
    with closing(other), other.cursor() as cursor, connection.cursor() as mine:
        cursor.execute(f"LOCK TABLE {table}")
        mine.execute("SET statement_timeout = '200ms'")
        yield
        mine.execute("RESET statement_timeout")


ITEMS = "/oapi/collections/markets/items"
SLOW = [
    *(("GET", f"{ITEMS}?f={name}") for name in ("json", *FORMATS)),
    ("GET", f"{ITEMS}?filter=name LIKE 'x%'&sortby=name&offset=1"),
    ("GET", f"{ITEMS}/1"),
    ("POST", "/oapi/collections/markets/search"),
    ("POST", ITEMS),
    ("PUT", f"{ITEMS}/1"),
    ("PATCH", f"{ITEMS}/1"),
    ("DELETE", f"{ITEMS}/1"),
    ("GET", "/api/v1/markets/"),
    ("POST", "/api/v1/markets/"),
]


def assert_stopped(answer: Any) -> None:
    assert (answer.status_code, answer["Retry-After"], answer["Content-Type"]) == (
        503,
        "10",
        "application/problem+json",
    )
    assert answer.json()["detail"] == "The database does not answer, or not in time. Try again in a moment."


@pytest.mark.parametrize(("method", "path"), SLOW)
def test_what_takes_too_long_is_stopped(
    transactional_db: None, client_with: Callable[..., APIClient], method: str, path: str
) -> None:
    layer = layer_get("markets")
    body = {} if path.endswith("search") else feature_body(layer)
    client = client_with(layer, "add", "change", "delete")
    with locked(layer.table):
        start = time.monotonic()
        assert_stopped(client.generic(method, path, json.dumps(body), "application/json"))
        assert time.monotonic() - start < settings.STATEMENT_TIMEOUT / 2
    assert client.get(ITEMS).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_an_edit_that_is_stopped_half_way_changes_nothing(
    transactional_db: None, client_with: Callable[..., APIClient], feature_make: FeatureMake, method: str
) -> None:
    """The feature itself can be written, its entry in the journal cannot."""
    layer = layer_get("markets")
    feature = feature_make(layer)
    client = client_with(layer, "add", "change", "delete")
    before = list(layer.model.objects.values())
    path = ITEMS if method == "POST" else f"{ITEMS}/{feature.pk}"
    with locked("journal.edit"):
        assert_stopped(client.generic(method, path, json.dumps(feature_body(layer, 2)), "application/json"))
    assert list(layer.model.objects.values()) == before
    assert client.generic(method, path, json.dumps(feature_body(layer, 2)), "application/json").status_code in (
        201,
        204,
    )


def test_statements_are_stopped_after_the_time_that_is_set(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == (f"{settings.STATEMENT_TIMEOUT}s",)


def test_who_waits_for_a_lock_gives_up_earlier(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == (f"{settings.STATEMENT_TIMEOUT // 5}s",)


def test_a_server_that_vanishes_is_given_up(db: None) -> None:
    connection.ensure_connection()
    with socket.socket(fileno=os.dup(connection.connection.fileno())) as line:
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 15_000  # what was sent and not confirmed
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 5  # an answer that does not come


@contextmanager
def only_read() -> Iterator[None]:
    """As at a standby, or a primary that somebody has set so."""
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
        try:
            yield
        finally:
            cursor.execute("SET default_transaction_read_only = off")


@pytest.mark.parametrize(("method", "path"), [one for one in SLOW if one[0] != "GET" and "search" not in one[1]])
def test_an_edit_of_a_database_that_can_only_be_read_is_told_to_come_back(
    transactional_db: None,
    client_with: Callable[..., APIClient],
    feature_make: FeatureMake,
    method: str,
    path: str,
) -> None:
    layer = layer_get("markets")
    path = path.replace("/1", f"/{feature_make(layer).pk}")
    client = client_with(layer, "add", "change", "delete")
    with only_read():
        answer = client.generic(method, path, json.dumps(feature_body(layer, 2)), "application/json")
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert answer.json()["detail"].startswith("The database can only be read")


def test_a_full_disk_of_the_database_is_told(
    transactional_db: None, client_with: Callable[..., APIClient], feature_make: FeatureMake
) -> None:
    layer = layer_get("markets")
    client = client_with(layer, "add")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE disk_full; END $$"
        )
        cursor.execute(f"CREATE TRIGGER full_disk AFTER INSERT ON {layer.table} EXECUTE FUNCTION full_disk()")
        try:
            answers = [client.post(path, feature_body(layer), format="json") for path in (ITEMS, "/api/v1/markets/")]
        finally:
            cursor.execute("DROP FUNCTION full_disk CASCADE")
    for answer in answers:
        assert (answer.status_code, answer["Retry-After"]) == (503, "10")
        assert answer.json()["detail"].startswith("The disk of the database is full.")


def test_a_log_in_that_cannot_be_counted_is_told_to_come_back(transactional_db: None, anyone: APIClient) -> None:
    with only_read():
        answer = anyone.post("/api/v1/token/", {"username": "petugas", "password": "salah"}, format="json")
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")


def test_a_database_that_can_only_be_read_answers_all_questions(transactional_db: None, anyone: APIClient) -> None:
    table = "lon,lat\n116.08,-8.58\n"
    with only_read():
        ready = anyone.get("/readyz")
        assert [anyone.get(path).status_code for path in (ITEMS, "/api/v1/hazards/at?lon=116.08&lat=-8.58")] == [
            200
        ] * 2
        screened = anyone.post("/api/v1/hazards/screen?f=csv", table, content_type="text/csv")
        assert b"not_mapped" in b"".join(screened)
    assert (ready.status_code, ready.json()["checks"]["database"]["takes_edits"]) == (200, False)
    assert anyone.get("/readyz").json()["checks"]["database"]["takes_edits"] is True
