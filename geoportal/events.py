"""``/events``: what changes in the layers, as server-sent events (HTML, 9.2), for as many as want to watch.

One thread follows the journal (``layers.query.notices``), whatever the number of streams; a stream is a few
coroutines of the one event loop. Told are layers, versions and boxes only, which anybody may know.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs

import orjson
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

from geoportal.versions import VersionsFolder
from layers.catalog import layers
from layers.errors import InvalidParameter, MethodNotAllowed, NotFound, Problem, Unavailable
from layers.query.changes import Place
from layers.query.notices import News, Notice, news_fetch, notices_await, notices_listen
from layers.query.params import params_single
from layers.query.validity import Boundaries, boundaries_fetch
from layers.text import text

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

HEARTBEAT = 20
"""Seconds without an event after which one tells clients and proxies that the stream lives."""

PATIENCE = 30
"""Seconds that a client may take to read before it is dropped."""

BEGINNING = 15
"""Seconds that the first clients wait for the journal to be read."""

ANYONE = [(b"access-control-allow-origin", b"*")]
STREAM = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]
UNKNOWN = Place("", 0)

logger = logging.getLogger(__name__)


def events_elsewhere(request: HttpRequest) -> HttpResponse:
    """Lead from the portal's own address to that of the events process: browsers follow, and take the query and
    ``Last-Event-ID`` along. With nginx in front, nobody comes here."""
    if not settings.EVENTS_URL:
        raise NotFound(text("Di sini tidak ada aliran peristiwa.", "There are no events here: EVENTS_URL is not set."))
    query = request.META["QUERY_STRING"]
    return HttpResponseRedirect(
        f"{settings.EVENTS_URL}?{query}" if query else settings.EVENTS_URL, preserve_request=True
    )


class Stream:
    """What one client is yet to be told: at most one notice a layer, however slowly it reads."""

    def __init__(self, shown: frozenset[str]) -> None:
        self.shown = shown
        self.waiting: dict[str, Notice] = {}
        self.place = UNKNOWN
        self.wake = asyncio.Event()

    def offer(self, news: News) -> None:
        for notice in news.notices:
            if notice.layer in self.shown:
                self.waiting[notice.layer] = notice.after(self.waiting.pop(notice.layer, None))
        self.place = news.place
        if self.waiting:
            self.wake.set()

    def take(self) -> bytes:
        """All that waits. Only the last event has an id: who comes back with one has seen all before it."""
        told, self.waiting = list(self.waiting.values()), {}
        self.wake.clear()
        return b"".join(_change(notice, self.place, last=notice is told[-1]) for notice in told)


class Hub:
    """All streams, and the thread that tells them what happens."""

    def __init__(self) -> None:
        self.streams: set[Stream] = set()
        self.news: News | None = None
        self.begun = asyncio.Event()
        self.is_lost = False
        self.stopped = Event()
        self.folder = VersionsFolder(settings.VERSIONS_FOLDER) if settings.VERSIONS_FOLDER else None
        self.asking = ThreadPoolExecutor(1)
        """For clients that come back: one query at a time is enough, and leaves the database to others."""

    def start(self) -> None:
        Thread(target=self._follow, args=(asyncio.get_running_loop(),), daemon=True).start()

    def stop(self) -> None:
        self.stopped.set()
        self.begun.set()
        if self.folder:
            self.folder.clear()
        for stream in self.streams:
            stream.wake.set()

    def publish(self, news: News) -> None:
        self.news = news
        self.begun.set()
        for stream in self.streams:
            stream.offer(news)

    async def now(self) -> News:
        """What was read last. Who comes before there is any waits: what is committed until then, nobody would tell him.

        Raises:
            Unavailable: the database does not answer.
        """
        with suppress(TimeoutError):
            await asyncio.wait_for(self.begun.wait(), BEGINNING)
        if self.news is None:
            raise _unavailable()
        return self.news

    async def missed(self, since: Place) -> News:
        """What a client that was there until ``since`` has missed.

        Raises:
            Unavailable: the database does not answer.
        """
        news = await asyncio.get_running_loop().run_in_executor(self.asking, _news_fetch_again, since)
        if news is None:
            raise _unavailable()
        return news

    def _follow(self, loop: asyncio.AbstractEventLoop) -> None:
        since: Place | None = None
        former: Boundaries | None = None
        while not self.stopped.is_set():
            try:
                notices_listen()  # each time: a query may have got another connection, a standby been promoted
                news, boundaries = news_fetch(since), boundaries_fetch()
                self.is_lost = False
                if self.folder:
                    self._versions_tell(self.folder, news, boundaries)
                news = news.turned(boundaries, former or boundaries)
                if news.place != since or news.notices:
                    loop.call_soon_threadsafe(self.publish, news)
                since, former = news.place, boundaries
                notices_await(min(1, boundaries.ahead))
            except Exception as error:
                # Whatever it is: were nobody to follow, the heartbeats would go on saying that all is well
                expected = isinstance(error, DatabaseError | InterfaceError)
                if not self.is_lost:
                    logger.error("the journal cannot be followed: %s", error, exc_info=not expected)
                self.is_lost = True
                if self.folder:
                    self.folder.clear()
                connection.close()
                self.stopped.wait(1)

    def _versions_tell(self, folder: VersionsFolder, news: News, boundaries: Boundaries) -> None:
        """Who finds no versions asks the portal itself: a folder that fails is no reason to leave streams untold."""
        try:
            folder.write(news, boundaries)
            if self.stopped.is_set():  # meanwhile, by another thread
                folder.clear()
        except OSError as error:
            logger.error("VERSIONS_FOLDER: %s", error)
            with suppress(OSError):
                folder.renew()


class Events:
    """The ASGI application."""

    def __init__(self) -> None:
        self.hub = Hub()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            try:
                stream, first = await self._opened(scope, headers)
            except Problem as problem:
                await _refuse(problem, headers.get("accept-language", ""), send)
                return
            try:
                await self._serve(stream, first, receive, send)
            finally:
                self.hub.streams.discard(stream)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self.hub.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.hub.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _opened(self, scope: Scope, headers: dict[str, str]) -> tuple[Stream, bytes]:
        """A stream, and its first words.

        Raises:
            Problem: the request is wrong, or there are too many streams, or the database does not answer.
        """
        if scope["path"] != "/events":
            raise NotFound(text("Alamatnya /events.", "The address is /events."))
        if scope["method"] != "GET":
            raise MethodNotAllowed(
                text("/events hanya menerima GET.", "/events takes GET only."), headers={"Allow": "GET"}
            )
        shown, since = _asked(scope["query_string"].decode("latin-1"), headers.get("last-event-id"))
        if len(self.hub.streams) >= settings.EVENTS_STREAMS:
            raise Unavailable(
                text(
                    "Terlalu banyak aliran terbuka. Cobalah lagi nanti.", "Too many streams are open. Try again later."
                )
            )
        if self.hub.is_lost:
            raise _unavailable()
        stream = Stream(shown)
        self.hub.streams.add(stream)  # before the query, so that nothing falls between
        try:
            now = await self.hub.now()
            if since and since != now.place:
                now = await self.hub.missed(since)
                stream.offer(now)
        except BaseException:
            self.hub.streams.discard(stream)
            raise
        missed = stream.take()
        hello = _event("hello", {"version": str(now.place)}, None if missed else now.place)
        return stream, hello + missed

    async def _serve(self, stream: Stream, first: bytes, receive: Receive, send: Send) -> None:
        left = asyncio.create_task(_left(receive))
        told = asyncio.create_task(self._tell(stream, first, send))
        _, pending = await asyncio.wait((left, told), return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        for ended in await asyncio.gather(left, told, return_exceptions=True):
            # OSError: the client does not read in time, or, as ASGI has it, is gone
            if isinstance(ended, Exception) and not isinstance(ended, OSError):
                logger.error("a stream broke off", exc_info=ended)

    async def _tell(self, stream: Stream, words: bytes, send: Send) -> None:
        async with asyncio.timeout(PATIENCE):
            await send({"type": "http.response.start", "status": 200, "headers": [*ANYONE, *STREAM]})
        while not self.hub.stopped.is_set():
            async with asyncio.timeout(PATIENCE):
                await send({"type": "http.response.body", "body": words, "more_body": True})
            with suppress(TimeoutError):
                await asyncio.wait_for(stream.wake.wait(), HEARTBEAT)
            words = stream.take() or (QUIET if self.hub.is_lost else ALIVE)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(problem: Problem, languages: str, send: Send) -> None:
    with translation.override(_language(languages)):
        answer = problem.response()
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.items()]
    await send({"type": "http.response.start", "status": answer.status_code, "headers": [*ANYONE, *headers]})
    await send({"type": "http.response.body", "body": answer.content})


def _asked(query: str, last_event_id: str | None) -> tuple[frozenset[str], Place | None]:
    """The layers to be told about, and where the client was before; what it read last counts more than ``since``."""
    given = params_single(parse_qs(query, keep_blank_values=True), ["collections", "since"])
    known = [layer.id for layer in layers()]
    shown = given["collections"].split(",") if "collections" in given else known
    if not set(shown) <= set(known):
        words = ", ".join(known)
        fault = text(f"Tulis satu atau lebih dari: {words}.", f"Give one or more of: {words}, separated by commas.")
        raise InvalidParameter("collections", fault)
    since = Place.parse(given["since"]) if "since" in given else None
    if last_event_id:
        since = UNKNOWN
        with suppress(InvalidParameter):
            since = Place.parse(last_event_id)
    return frozenset(shown), since


def _news_fetch_again(since: Place) -> News | None:
    """On a connection that may have been lost meanwhile; None where there is no other."""
    for _ in range(2):
        with suppress(DatabaseError, InterfaceError):
            return news_fetch(since)
        connection.close()
    return None


def _change(notice: Notice, place: Place, last: bool) -> bytes:
    version = str(Place(place.epoch, notice.seq))
    told = {"layer": notice.layer, "version": version, "bbox": notice.bbox, "n": notice.n}
    return _event("change", told, place if last else None)


def _event(name: str, told: dict[str, Any], id: Place | None) -> bytes:
    line = f"id: {id}\n".encode() if id else b""
    return b"event: %b\ndata: %b\n%b\n" % (name.encode(), orjson.dumps(told), line)


ALIVE = _event("alive", {}, None)
QUIET = b":\n\n"
"""A comment, which proxies see and scripts do not: nobody knows whether something changed."""


def _unavailable() -> Unavailable:
    return Unavailable(
        text("Basis data tidak menjawab. Cobalah lagi.", "The database does not answer. Try again in a moment.")
    )


def _language(accepted: str) -> str:
    for wanted, _ in parse_accept_lang_header(accepted.lower()):
        with suppress(LookupError):
            return translation.get_supported_language_variant(wanted)
    return str(settings.LANGUAGE_CODE)
