"""A client that sends over a socket what QGIS 3.40 sends: its headers, its encoding, its credentials each time."""

import gzip
import json
import zlib
from base64 import b64encode
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlsplit


@dataclass(frozen=True)
class Answer:
    """``headers`` are spelled as the server spells them."""

    status: int
    reason: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class QgisHttp:
    """Addresses are complete, or below ``/oapi``; they go out as they are written."""

    def __init__(self, url: str, username: str = "", password: str = "") -> None:
        self.base = f"{url}/oapi"
        credentials = b64encode(f"{username}:{password}".encode()).decode()
        self.credentials = {"Authorization": f"Basic {credentials}"} if username else {}

    def __call__(
        self, method: str, address: str, accept: str = "*/*", body: Any = None, type: str = "", **headers: str
    ) -> Answer:
        url = urlsplit(address if address.startswith("http") else self.base + address)
        connection = HTTPConnection(url.netloc, timeout=60)
        sent = {
            "User-Agent": "Mozilla/5.0 QGIS/34006/Linux",
            "Accept": accept,
            "Accept-Encoding": "gzip, deflate",
            "Accept-Language": "en,*",
            **({"Content-Type": type} if type else {}),
            **self.credentials,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        target = f"{url.path}?{url.query}" if url.query else url.path
        connection.request(method, target, None if body is None else json.dumps(body), sent)
        with connection.getresponse() as answer:
            raw, got = answer.read(), dict(answer.getheaders())
        connection.close()
        unpack = {"gzip": gzip.decompress, "deflate": zlib.decompress}.get(got.get("Content-Encoding", ""), bytes)
        return Answer(answer.status, answer.reason, got, unpack(raw))


def encoded(value: str) -> str:
    """A parameter as Qt's ``QUrlQuery`` writes it: a space is ``%20``, a plus stays as it is."""
    return quote(value, safe="!$'()*+,/:;=?@~")
