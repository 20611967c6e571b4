"""Answers that were given before, given again for as long as the data they were made of is the same.

What is asked at an address, with the headers that answers differ by, was answered once, by the application that stands
behind :class:`Answers`. Asked again, it costs one look at the journal: that is what makes a tile and a 304 cheap.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpResponse

DIFFER = (
    "REQUEST_METHOD",
    "wsgi.url_scheme",
    "HTTP_X_FORWARDED_PROTO",
    "SCRIPT_NAME",
    "PATH_INFO",
    "QUERY_STRING",
    "HTTP_HOST",
    "HTTP_ACCEPT",
    "HTTP_ACCEPT_ENCODING",
    "HTTP_ACCEPT_LANGUAGE",
    "HTTP_IF_NONE_MATCH",
    "HTTP_ORIGIN",
)
"""What answers to people who are not signed in differ by."""

CAPACITY = 32 * 1024 * 1024
"""Bytes of questions and answers that a worker keeps."""

OVERHEAD = 2048
"""Bytes that an answer takes beside its text, about."""

SHARE = 8
"""An answer larger than the capacity divided by this is not kept: a few of its size would leave no other."""

Key = tuple[str | None, ...]


@dataclass(frozen=True)
class Answer:
    """A response, and how to ask for the tag of the data it was made of: while it is ``tag``, the answer is true."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes
    tag: str
    tag_now: Callable[[], str]


class Memory:
    """The answers used last, up to a capacity in bytes; none is larger than a share of it."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._size = 0
        self._answers: OrderedDict[Key, Answer] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key) -> Answer | None:
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
            return self._answers.get(key)

    def put(self, key: Key, answer: Answer) -> None:
        with self._lock:
            if former := self._answers.pop(key, None):
                self._size -= _size(key, former)
            if (size := _size(key, answer)) <= self._capacity / SHARE:
                self._answers[key] = answer
                self._size += size
            while self._size > self._capacity:
                self._size -= _size(*self._answers.popitem(last=False))


def _size(key: Key, answer: Answer) -> int:
    """Bytes: the key holds what a client wrote, and so do the links in the headers."""
    asked = sum(len(part) for part in key if part)
    told = sum(len(name) + len(value) for name, value in answer.headers)
    return asked + told + len(answer.body) + OVERHEAD


def repeatable[R: HttpResponse](response: R, tag: str, tag_now: Callable[[], str]) -> R:
    """The response, to be given again to whoever asks the same while ``tag_now()`` is ``tag``."""
    response.repeatable = (tag, tag_now)  # type: ignore[attr-defined]
    return response


class Answers:
    """The WSGI application (PEP 3333), behind its memory; what is no stream is a list, which servers send in one go."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application
        self.memory = Memory(CAPACITY)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        is_read = environ["REQUEST_METHOD"] in ("GET", "HEAD")
        is_shared = is_read and not environ.get("HTTP_COOKIE") and not environ.get("HTTP_AUTHORIZATION")
        key = tuple(map(environ.get, DIFFER))
        known = self.memory.get(key) if is_shared else None
        if known and _holds(known):
            start_response(known.status, known.headers)
            return [known.body]
        response = self.application(environ, start_response)
        if not isinstance(response, HttpResponse):
            return response
        body = response.content
        if is_shared and (told := getattr(response, "repeatable", None)):
            status = f"{response.status_code} {response.reason_phrase}"
            self.memory.put(key, Answer(status, list(response.items()), body, *told))
        response.close()
        return [body]


def _holds(answer: Answer) -> bool:
    try:
        return answer.tag_now() == answer.tag
    except (OperationalError, InterfaceError):
        return False  # what stands behind tells about a database that does not answer
