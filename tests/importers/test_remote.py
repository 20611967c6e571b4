"""Documents come from files and from the hosts that the operator lists, in bounded size."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import pytest
from pytest_django.fixtures import Settings

from layers.errors import Problem
from layers.importers import remote
from layers.importers.remote import LARGEST, document_read


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        port = self.server.server_address[1]
        to = {
            "/here": f"http://127.0.0.1:{port}/alert.xml",
            "/elsewhere": f"http://localhost:{port}/alert.xml",
            "/file": "file:///etc/passwd",
            "/round": f"http://127.0.0.1:{port}/round",
        }.get(self.path)
        if to:
            self.send_response(302)
            self.send_header("Location", to)
            self.end_headers()
            return
        if self.path == "/headers":
            self.wfile.write(b"HTTP/1.0 200 OK\r\n")
            self.drip(b"X: y\r\n")
        found = self.path in ("/alert.xml", "/large", "/drips")
        self.send_response(200 if found else 404)
        self.end_headers()
        if self.path == "/drips":
            self.drip(b"x")
        self.wfile.write(b"x" * (LARGEST + 1) if self.path == "/large" else b"<alert/>")

    def drip(self, drop: bytes) -> None:
        for _ in range(200):
            self.wfile.write(drop)
            self.wfile.flush()
            sleep(0.05)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def listed(settings: Settings) -> None:
    settings.CAP_HOSTS = ["127.0.0.1"]


def test_a_listed_host_is_read(site: str) -> None:
    assert document_read(f"{site}/alert.xml") == document_read(f"{site}/here") == b"<alert/>"


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("/elsewhere", "localhost tidak terdaftar. Yang terdaftar di CAP_HOSTS: 127.0.0.1."),
        ("/file", "Redirection to url 'file:///etc/passwd' is not allowed"),
        ("/round", "tidak terbaca"),
        ("/nowhere", "tidak terbaca"),
        ("/large", "lebih besar dari"),
        ("/a b\n", "tidak terbaca"),
    ],
)
def test_other_answers_are_refused(site: str, path: str, fault: str) -> None:
    with pytest.raises(Problem) as problem:
        document_read(site + path)
    assert fault in str(problem.value.detail)


@pytest.mark.parametrize("path", ["/drips", "/headers"])
def test_a_server_that_drips_is_left(site: str, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(remote, "LONGEST", 0.3)
    began = monotonic()
    with pytest.raises(Problem) as problem:
        document_read(site + path)
    assert "lebih dari 0.3 detik" in str(problem.value.detail)
    assert monotonic() - began < 9


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("https://example.id/alert.xml", "example.id tidak terdaftar"),
        ("https://127.0.0.1@example.id/", "example.id tidak terdaftar"),
        ("https://127.0.0.1.example.id/", "127.0.0.1.example.id tidak terdaftar"),
        ("file:///etc/passwd", "bukan alamat http atau https"),
        ("ftp://127.0.0.1/x", "bukan alamat http atau https"),
        ("http://[::1/", "tidak terbaca"),
        ("http://127.0.0.1:9/", "tidak terbaca"),
    ],
)
def test_other_addresses_are_not_asked(address: str, fault: str) -> None:
    with pytest.raises(Problem) as problem:
        document_read(address)
    assert fault in str(problem.value.detail)


def test_files(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * LARGEST)
    assert len(document_read(str(tmp_path / "a"))) == LARGEST
    (tmp_path / "a").write_bytes(b"x" * (LARGEST + 1))
    for name, fault in (("a", "lebih besar"), ("b", "No such file"), ("", "Is a directory")):
        with pytest.raises(Problem, match=fault):
            document_read(str(tmp_path / name))
