"""Documents from a file, or from a server that the operator lists."""

from http.client import HTTPException
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

from django.conf import settings

from layers.errors import Problem
from layers.text import text

LARGEST = 2 * 1024 * 1024
"""Bytes of a document."""

TIMEOUT = 20
"""Seconds that a server may stay silent."""

LONGEST = 120
"""Seconds that a document may take in all, however steadily it drips."""


def document_read(place: str) -> bytes:
    """What a path or an address (http, https) holds.

    Raises:
        Problem: there is nothing to read, it is larger than :data:`LARGEST`, or it or what it redirects to is on a
            host that ``CAP_HOSTS`` does not list.
    """
    try:
        if "://" in place:
            document = _fetch(place)
        else:
            with Path(place).open("rb") as file:
                document = file.read(LARGEST + 1)
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Problem(text(f"{place} tidak terbaca: {reason}.", f"{place} cannot be read: {reason}.")) from error
    if len(document) > LARGEST:
        raise Problem(text(f"{place} lebih besar dari {LARGEST} bita.", f"{place} is larger than {LARGEST} bytes."))
    return document


class _Redirects(HTTPRedirectHandler):
    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        try:
            _host_check(newurl)
        except Problem:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _fetch(url: str) -> bytes:
    """
    Raises:
        TimeoutError: it took :data:`LONGEST`; the thread that waits is left to end with the process.
    """
    answers: Queue[bytes | Exception] = Queue()
    Thread(target=lambda: answers.put(_attempt(url)), daemon=True).start()
    try:
        answer = answers.get(timeout=LONGEST)
    except Empty:
        words = text(f"lebih dari {LONGEST} detik", f"it takes longer than {LONGEST} seconds")
        raise TimeoutError(words) from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _attempt(url: str) -> bytes | Exception:
    try:
        _host_check(url)
        with build_opener(_Redirects).open(url, timeout=TIMEOUT) as answer:
            return bytes(answer.read(LARGEST + 1))
    except HTTPError as error:
        error.close()
        return error
    except Exception as error:
        return error


def _host_check(url: str) -> None:
    address = urlsplit(url)
    if address.scheme not in ("http", "https"):
        raise Problem(text(f"{url} bukan alamat http atau https.", f"{url} is no http or https address."))
    if address.hostname not in settings.CAP_HOSTS:
        listed = ", ".join(settings.CAP_HOSTS) or "-"
        raise Problem(
            text(
                f"{address.hostname} tidak terdaftar. Yang terdaftar di CAP_HOSTS: {listed}.",
                f"{address.hostname} is not listed. Listed in CAP_HOSTS: {listed}.",
            )
        )
