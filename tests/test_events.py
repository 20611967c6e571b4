"""``/events``: who watches is told of every change, and, after an absence, of what was missed."""

import asyncio
import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import psycopg2
import pytest
from conftest import FeatureMake
from django.contrib.gis.geos import Point
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from processes import granian
from test_outage import Cable

from geoportal import events
from layers.catalog import layer_get, layers
from layers.query.changes import Place
from layers.query.journal import journal_prune
from layers.query.notices import News, Notice, news_fetch
from layers.query.validity import Boundaries, boundaries_fetch

MARKETS, POSTS, ZONES = map(layer_get, ("markets", "aid_posts", "disaster_zones"))
ELSEWHERE = "00000000-0000-4000-8000-000000000000-7000000"
ALL = [layer.id for layer in layers()]

Told = tuple[str, Any, str | None]


class Watcher:
    """A client that reads one stream."""

    def __init__(self, port: int, path: str = "/events", **headers: str) -> None:
        self.line = HTTPConnection("127.0.0.1", port, timeout=60)
        self.line.request("GET", path, headers={"Accept-Language": "en"} | headers)
        self.answer = self.line.getresponse()
        self.status = self.answer.status

    def next(self) -> Told:
        """Name, data and id of the next event; heartbeats, which a busy machine lets through, are none."""
        deadline = time.monotonic() + 60
        while (told := self._read())[0] == "alive":
            assert time.monotonic() < deadline, "nothing is told"
        return told

    def _read(self) -> Told:
        fields: dict[str, str] = {}
        while (line := self.answer.readline()).strip() or not fields:
            assert line, "the stream ended"
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name and not line.startswith(b":"):
                fields[name] = value
        return fields["event"], json.loads(fields["data"]), fields.get("id")

    def close(self) -> None:
        self.answer.close()
        self.line.close()


Watch = Callable[..., Watcher]


@pytest.fixture
def watch(transactional_db: None) -> Iterator[Watch]:
    """Open a stream of an events process that lets four be open."""
    opened = []
    with granian("asgi", EVENTS_STREAMS="4") as server:

        def open(*args: Any, **headers: str) -> Watcher:
            opened.append(Watcher(server.port, *args, **headers))
            return opened[-1]

        yield open
        for watcher in opened:
            watcher.close()


def change(layer: str, version: str, bbox: Any, n: int, id: str | None) -> Told:
    return "change", {"layer": layer, "version": version, "bbox": bbox, "n": n}, id


def test_changes_are_told_as_they_are_committed(watch: Watch, feature_make: FeatureMake) -> None:
    everything, posts = watch(), watch("/events?collections=aid_posts")
    assert everything.answer.headers["Content-Type"] == "text/event-stream"
    assert everything.answer.headers["Access-Control-Allow-Origin"] == "*"
    name, told, start = everything.next()
    assert (name, told) == ("hello", {"version": start})
    assert posts.next() == (name, told, start)

    def follows(later: str | None, earlier: str | None) -> bool:
        """Numbers may be missing: a transaction that was rolled back takes one along."""
        (epoch, _, seq), (former, _, before) = str(later).rpartition("-"), str(earlier).rpartition("-")
        return epoch == former and int(seq) > int(before)

    began = time.monotonic()
    feature_make(MARKETS, geom=Point(116.1, -8.5))
    first = everything.next()
    one = first[2]
    assert first == change("markets", str(one), [116.1, -8.5, 116.1, -8.5], 1, one)
    assert follows(one, start)
    assert time.monotonic() - began < events.HEARTBEAT / 2

    with transaction.atomic():
        MARKETS.model.objects.update(geom=Point(116.2, -8.6))
        feature_make(POSTS, geom=Point(116.3, -8.7))
    both = [everything.next(), everything.next()]
    two = str(both[1][2])
    assert [last for *_, last in both] == [None, two], "who saw the first of two has not seen all"
    assert follows(two, one)
    assert {told["layer"]: told for _, told, _ in both} == {
        "markets": change("markets", two, [116.1, -8.6, 116.2, -8.5], 1, None)[1],
        "aid_posts": change("aid_posts", two, [116.3, -8.7, 116.3, -8.7], 1, None)[1],
    }
    assert posts.next() == change("aid_posts", two, [116.3, -8.7, 116.3, -8.7], 1, two)


def test_what_begins_and_ends_by_itself_is_told_as_it_does(watch: Watch, feature_make: FeatureMake) -> None:
    everything, posts = watch(), watch("/events?collections=aid_posts")
    everything.next(), posts.next()
    began, ended = (timezone.now() + timedelta(seconds=seconds) for seconds in (10, 13))
    with transaction.atomic():
        feature_make(ZONES, 1, valid_from=began)
        feature_make(ZONES, 2, valid_to=ended)
    version = everything.next()[1]["version"]
    told = timezone.now()
    for moment in (began, ended):
        if told < moment:  # a notice that a busy machine brings after both moments may be of both
            assert everything.next() == change("disaster_zones", version, None, 0, version)
            told = timezone.now()
        assert timedelta(0) <= told - moment < timedelta(seconds=events.HEARTBEAT / 2)
    feature_make(POSTS)
    assert posts.next()[1]["layer"] == "aid_posts"


def test_who_comes_back_is_told_what_was_missed(watch: Watch, feature_make: FeatureMake) -> None:
    first = watch()
    _, _, start = first.next()
    for number in (1, 2):
        feature_make(MARKETS, number, geom=Point(116 + number, -8))
        _, _, now = first.next()
    missed = [("hello", {"version": now}, None), change("markets", now, [117.0, -8.0, 118.0, -8.0], 2, now)]

    for path, headers in ((f"/events?since={start}", {}), (f"/events?since={now}", {"Last-Event-ID": start})):
        back = watch(path, **headers)
        assert [back.next(), back.next()] == missed
    assert watch(f"/events?since={now}").next() == ("hello", {"version": now}, now)


@pytest.mark.parametrize("last", [ELSEWHERE, "x", "\N{SNOWMAN}".encode().decode("latin-1"), f"{ELSEWHERE}{'0' * 5000}"])
def test_who_was_somewhere_unknown_reads_all_anew(watch: Watch, feature_make: FeatureMake, last: str) -> None:
    first = watch()
    first.next()
    feature_make(MARKETS)
    first.next()
    back = watch("/events?collections=markets,aid_posts", **{"Last-Event-ID": last})
    _, told, id = back.next()
    assert id is None
    changes = [back.next(), back.next()]
    assert {(name, one["layer"], one["bbox"]) for name, one, _ in changes} == {
        ("change", "markets", None),
        ("change", "aid_posts", None),
    }
    assert [last for *_, last in changes] == [None, told["version"]]


def test_places_that_are_forgotten_are_told_as_unknown(watch: Watch, feature_make: FeatureMake) -> None:
    first = watch()
    _, _, start = first.next()
    for layer, number in ((MARKETS, 1), (MARKETS, 2), (POSTS, 1)):
        feature_make(layer, number)
        first.next()  # or two commits may be told as one
    with connection.cursor() as cursor:
        cursor.execute("UPDATE journal.edit SET at = at - interval '2 days'")
    assert journal_prune(1) > 0

    back = watch(f"/events?since={start}")
    back.next()
    told = {one["layer"]: one["bbox"] for _, one, _ in (back.next(), back.next())}
    assert told == {"markets": None, "aid_posts": [116.1, -8.58, 116.1, -8.58]}

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE layers_aidpost")
    assert first.next()[1] | {"version": ""} == {"layer": "aid_posts", "version": "", "bbox": None, "n": 0}


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/events?collections=pasar", 400, f"Give one or more of: {', '.join(ALL)}, separated by commas."),
        ("GET", "/events?collections=", 400, f"Give one or more of: {', '.join(ALL)}, separated by commas."),
        ("GET", "/events?colections=markets", 400, "There is no parameter 'colections'. Is 'collections' meant?"),
        ("GET", "/events?since=7", 400, "'7' is not a token"),
        ("GET", "/events?since=a&since=b", 400, "'since' is given more than once."),
        ("GET", "/events?since=%00", 400, "'\\x00' is not a token"),
        ("POST", "/events", 405, "/events takes GET only."),
        ("GET", "/", 404, "The address is /events."),
    ],
)
def test_what_is_wrong_is_told_before_the_stream(method: str, path: str, status: int, words: str) -> None:
    """Without a database: it is not asked."""
    query = path.partition("?")[2].encode()
    scope = {"type": "http", "method": method, "path": path.partition("?")[0], "query_string": query}
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(events.Events()(scope | {"headers": [(b"accept-language", b"en")]}, never, send))
    head, body = sent
    told = json.loads(body["body"])
    assert (head["status"], told["status"]) == (status, status)
    assert told["detail"].startswith(words)
    assert (b"content-type", b"application/problem+json") in head["headers"]
    assert (b"access-control-allow-origin", b"*") in head["headers"]
    assert ((b"allow", b"GET") in head["headers"]) == (status == 405)


def test_more_streams_than_may_be_are_refused(watch: Watch) -> None:
    for watcher in [watch() for _ in range(4)]:
        watcher.next()
    refused = watch()
    assert (refused.status, refused.answer.headers["Retry-After"]) == (503, "10")
    assert json.loads(refused.answer.read())["detail"] == "Too many streams are open. Try again later."


@contextmanager
def _cabled(**environment: str) -> Iterator[tuple[Cable, int, Watcher]]:
    """The line of an events process to the database, its port, and one who watches."""
    cable = Cable()
    cable.plugged = True
    with (
        closing(cable.listener),
        granian("asgi", database_port=cable.port, **environment) as server,
        closing(Watcher(server.port)) as watcher,
    ):
        watcher.next()
        yield cable, server.port, watcher


def _assert_lost(port: int) -> None:
    with closing(Watcher(port, f"/events?since={ELSEWHERE}")) as refused:
        assert (refused.status, refused.answer.headers["Retry-After"]) == (503, "10")


def _assert_comes_back(port: int) -> None:
    with closing(Watcher(port, f"/events?since={ELSEWHERE}")) as back:
        assert back.status == 200
        assert [back.next()[0] for _ in range(1 + len(ALL))] == ["hello", *["change"] * len(ALL)]


def test_streams_outlive_the_database(transactional_db: None, feature_make: FeatureMake) -> None:
    with _cabled() as (cable, port, watcher):
        _assert_comes_back(port)
        cable.pull()
        feature_make(MARKETS)
        time.sleep(0.5)
        _assert_lost(port)
        cable.plugged = True
        assert watcher.next()[1]["layer"] == "markets"
        _assert_comes_back(port)


def test_streams_outlive_a_database_that_hangs(transactional_db: None, feature_make: FeatureMake) -> None:
    with _cabled(STATEMENT_TIMEOUT="3") as (cable, port, watcher):
        cable.flows.clear()
        feature_make(MARKETS)
        _assert_lost(port)
        cable.pull()  # what hung comes to an end, and a new server starts
        cable.flows.set()
        cable.plugged = True
        assert watcher.next()[1]["layer"] == "markets"


def _put_in_the_way(folder: Path) -> None:
    """A file instead of a folder, into which others may be writing just now."""
    file = folder.with_name("in the way")
    file.touch()
    deadline = time.monotonic() + 20
    while not folder.is_file():
        assert time.monotonic() < deadline, "the folder is there again and again"
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            file.replace(folder)


def test_streams_outlive_the_folder_of_versions(
    transactional_db: None, feature_make: FeatureMake, tmp_path: Path
) -> None:
    folder = tmp_path / "versions"
    with granian("asgi", VERSIONS_FOLDER=str(folder)) as server, closing(Watcher(server.port)) as watcher:
        watcher.next()
        _put_in_the_way(folder)
        time.sleep(1.5)
        feature_make(MARKETS)
        assert watcher.next()[1]["layer"] == "markets"
        folder.unlink()
        deadline = time.monotonic() + 20
        while not (folder / str(int(time.time())) / "markets").exists():
            assert time.monotonic() < deadline, "nginx finds no versions any more"
            time.sleep(0.1)


@contextmanager
def _followed() -> Iterator[Queue[News]]:
    """What the thread that follows the journal tells."""
    hub, told = events.Hub(), Queue[News]()

    class Loop:
        def call_soon_threadsafe(self, _: Callable[[News], None], news: News) -> None:
            told.put(news)

    def follow() -> None:
        hub._follow(Loop())  # type: ignore[arg-type]
        connection.close()

    thread = Thread(target=follow)
    thread.start()
    try:
        yield told
    finally:
        hub.stop()
        thread.join()


def test_notices_wake_on_a_connection_that_was_replaced_between_two_queries(
    transactional_db: None, feature_make: FeatureMake, monkeypatch: pytest.MonkeyPatch
) -> None:
    kills = [True]

    def fetch_killed() -> Boundaries:
        if kills.pop() if kills else False:
            with closing(psycopg2.connect(**connection.get_connection_params())) as other, other.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
            time.sleep(0.1)
        return boundaries_fetch()

    monkeypatch.setattr(events, "boundaries_fetch", fetch_killed)
    with _followed() as told:
        told.get(timeout=20)
        waits = []
        for number in range(1, 7):
            feature_make(MARKETS, number)
            began = time.monotonic()
            told.get(timeout=20)
            waits.append(time.monotonic() - began)
            time.sleep(0.1)
        assert min(waits[1:]) < 0.5, "the first has the follower listen anew, and the machine may be busy"


def test_a_fault_that_nobody_foresaw_ends_no_streams(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    faults = [True]

    def fetch(since: Place | None) -> News:
        if faults.pop() if faults else False:
            raise LookupError("a fault")
        return news_fetch(since)

    monkeypatch.setattr(events, "news_fetch", fetch)
    with _followed() as told:
        assert set(told.get(timeout=20).versions) == set(ALL)
    assert [(record.message, bool(record.exc_info)) for record in logged_by_events(caplog)] == [
        ("the journal cannot be followed: a fault", True)
    ]


def logged_by_events(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == events.logger.name]


async def never() -> Any:
    await asyncio.Event().wait()


CHANGED = b'event: change\ndata: {"layer":"markets","version":"e-4","bbox":null,"n":1}\nid: e-4\n\n'


def stream_scope(path: str = "/events") -> dict[str, Any]:
    return {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}


@pytest.mark.parametrize(("is_lost", "heard"), [(False, b"event: alive\ndata: {}\n\n"), (True, b":\n\n")])
def test_who_does_not_read_is_dropped_and_who_is_quiet_hears_a_heartbeat(
    monkeypatch: pytest.MonkeyPatch, is_lost: bool, heard: bytes
) -> None:
    """While nobody can follow the journal it is a comment, so that a client takes the stream for lost."""
    monkeypatch.setattr(events, "PATIENCE", 0.2)
    monkeypatch.setattr(events, "HEARTBEAT", 0.05)
    application, sent = events.Events(), []
    application.hub.publish(News("e", {"markets": 3}, ()))

    async def send(message: dict[str, Any]) -> None:
        sent.append(message.get("body"))
        application.hub.is_lost = is_lost
        if len(sent) == 4:
            await never()

    async def watched() -> None:
        async with asyncio.timeout(5):
            await application(stream_scope(), never, send)

    asyncio.run(watched())
    assert sent == [None, b'event: hello\ndata: {"version":"e-3"}\nid: e-3\n\n', heard, heard]
    assert application.hub.streams == set()


@pytest.mark.parametrize("is_known", [True, False])
def test_who_comes_before_anything_is_known_misses_nothing(monkeypatch: pytest.MonkeyPatch, is_known: bool) -> None:
    monkeypatch.setattr(events, "BEGINNING", 60 if is_known else 0.1)
    application, sent = events.Events(), asyncio.Queue[dict[str, Any]]()

    async def told() -> list[Any]:
        stream = asyncio.create_task(application(stream_scope(), never, sent.put))
        await asyncio.sleep(0.01)
        assert sent.empty()
        if is_known:
            application.hub.publish(News("e", {"markets": 3}, ()))
            application.hub.publish(News("e", {"markets": 4}, [Notice("markets", 4, None, 1)]))
        async with asyncio.timeout(20):
            answer = [await sent.get(), await sent.get()]
            application.hub.stop()
            await stream
        return [answer[0]["status"], answer[1]["body"]]

    status, words = asyncio.run(told())
    assert status == (200 if is_known else 503)
    if is_known:
        assert words == b'event: hello\ndata: {"version":"e-4"}\n\n' + CHANGED
    assert application.hub.streams == set()


@pytest.mark.parametrize(
    ("raised", "logged"), [(ValueError("a mistake"), True), (BrokenPipeError("gone"), False), (TimeoutError(), False)]
)
def test_what_breaks_a_stream_is_logged_unless_the_client_did(
    raised: Exception, logged: bool, caplog: pytest.LogCaptureFixture
) -> None:
    application = events.Events()
    application.hub.publish(News("e", {"markets": 3}, ()))

    async def send(message: dict[str, Any]) -> None:
        raise raised

    asyncio.run(application(stream_scope(), never, send))
    assert [record.exc_info[1] for record in logged_by_events(caplog) if record.exc_info] == [raised] * logged
    assert application.hub.streams == set()


def test_what_waits_does_not_grow() -> None:
    stream = events.Stream(frozenset(ALL))
    for seq in range(1, 10_001):
        box = (116.0, -8.0 - seq, 116.0 + seq, -8.0)
        stream.offer(News("e", {"markets": seq}, [Notice("markets", seq, box, 2)]))
    stream.offer(News("e", {"markets": 10_001}, [Notice("aid_posts", 10_001, None, 1)]))
    assert list(stream.waiting.values()) == [
        Notice("markets", 10_000, (116.0, -10_008.0, 10_116.0, -8.0), 20_000),
        Notice("aid_posts", 10_001, None, 1),
    ]
    assert stream.place == Place("e", 10_001)
    assert stream.take().count(b"event: change") == 2
    assert not stream.take()


def test_the_portal_leads_to_the_events_process(client: Client, settings: Any) -> None:
    settings.EVENTS_URL = "http://127.0.0.1:8001/events"
    answer = client.get("/events?collections=markets&since=x", headers={"origin": "http://elsewhere.example"})
    assert (answer.status_code, answer["Location"], answer["Access-Control-Allow-Origin"]) == (
        307,
        "http://127.0.0.1:8001/events?collections=markets&since=x",
        "*",
    )
    settings.EVENTS_URL = None
    assert client.get("/events").status_code == 404


def test_a_client_that_leaves_frees_its_place(watch: Watch) -> None:
    for _ in range(9):
        deadline = time.monotonic() + events.HEARTBEAT / 2  # with a heartbeat, it would be noticed anyway
        while (watcher := watch()).status == 503:
            assert time.monotonic() < deadline, "who left holds his place"
            time.sleep(0.1)
        watcher.next()
        watcher.close()
