"""The project's nginx.conf before the portal: what it keeps is never older than the layer, and streams pass at once."""

import gzip
import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path

import pytest
from conftest import FeatureMake
from django.conf import settings
from django.templatetags.static import static
from django.utils import timezone
from processes import granian, port_free, running
from test_events import Watcher

from geoportal.events import HEARTBEAT
from geoportal.versions import ALL, VersionsFolder
from layers.catalog import layer_get
from layers.query.notices import News, news_fetch
from layers.query.validity import Boundaries

NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
MARKETS = layer_get("markets")
ZONES = layer_get("disaster_zones")
TILE = "/oapi/collections/markets/tiles/WebMercatorQuad/10/536/842"
ZONE_TILE = TILE.replace("markets", "disaster_zones")
KEPT = [
    TILE,
    "/oapi/tiles/WebMercatorQuad/10/536/842?collections=markets,aid_posts",
    "/oapi/collections/markets/items?f=json",
]

pytestmark = pytest.mark.skipif(NGINX is None, reason="there is no nginx here: apt install nginx-light")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def etag(self) -> str:
        return self.headers["ETag"] or ""


class Site:
    """The portal behind nginx; parts of it can be taken away."""

    def __init__(self, folder: Path) -> None:
        self.stack, self.portal, self.teller, self.folder = ExitStack(), ExitStack(), ExitStack(), folder
        self.port, versions = port_free(), folder / "versions"
        self.events = self.teller.enter_context(granian("asgi", VERSIONS_FOLDER=str(versions)))
        portal = self.portal.enter_context(granian("wsgi", PROXIES="1"))
        text = (settings.BASE_DIR / "nginx.conf").read_text()
        for written, here in {
            "/run/nginx.pid": f"{folder}/nginx.pid",
            "listen 80;": f"listen 127.0.0.1:{self.port};",
            "portal:8000": f"127.0.0.1:{portal.port}",
            "portal:8001": f"127.0.0.1:{self.events.port}",
            "/var/cache/nginx/portal": f"{folder}/cache",
            "/run/geoportal": str(versions),
            "/dev/stdout": f"{folder}/access.log",
            "/dev/stderr": f"{folder}/error.log",
        }.items():
            assert written in text
            text = text.replace(written, here)
        (folder / "nginx.conf").write_text(text)
        mine = "user root; " if os.geteuid() == 0 else ""
        command = [str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", f"{mine}daemon off;"]
        self.stack.enter_context(running(command, self.port))

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as line:
            line.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = line.getresponse()
            return Answer(answer.status, answer.headers, answer.read())

    def keep(self, path: str) -> Answer:
        """Ask until the answer is kept under the version of now: a busy machine is told it late, and until then keeps
        the new answer under the version before."""
        layer = path.split("/")[3] if path.startswith("/oapi/collections/") else ALL
        news = news_fetch(None)
        version = f".{news.epoch}-{news.versions.get(layer, news.place.seq)}-"
        until(lambda: version in self.told(layer).name, "its version is not told")

        def kept() -> Answer | None:
            answer, files = self.ask(path), (self.folder / "cache").rglob("*")
            key = f"KEY: {self.told(layer)} http://127.0.0.1:{self.port}{path}\n".encode()
            return answer if any(key in content(file) for file in files) else None

        return until(kept, "it is not kept")

    def told(self, layer: str) -> Path:
        return (self.folder / "versions" / str(int(time.time())) / layer).resolve()

    def ask_for_kept(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """On a busy machine there are seconds for which no version is told; then the portal is asked."""
        return until(lambda: given(self.ask(path, method, **headers)), "it is not given")


def content(file: Path) -> bytes:
    """Nothing of a folder, and of what nginx has renamed meanwhile."""
    with suppress(OSError):
        return file.read_bytes()
    return b""


def given(answer: Answer) -> Answer | None:
    return None if answer.status == 502 else answer


def until[Found](look: Callable[[], Found | None], otherwise: str, seconds: int = 60) -> Found:
    began = time.monotonic()
    while not (found := look()):
        assert time.monotonic() - began < seconds, otherwise
        time.sleep(0.05)
    return found


@pytest.fixture
def site(transactional_db: None, tmp_path: Path, feature_make: FeatureMake) -> Iterator[Site]:
    feature_make(MARKETS)
    site = Site(tmp_path)
    with site.stack, site.portal, site.teller:
        yield site


def rename(name: str) -> None:
    MARKETS.model.objects.update(name=name)


def test_answers_are_kept_while_the_layer_is_unchanged(site: Site, feature_make: FeatureMake) -> None:
    before = {path: site.ask(path) for path in KEPT}
    for path, first in before.items():
        assert (first.status, first.headers["Cache-Control"]) == (200, "public, no-cache")
        rename(f"{path} baru")
        second = site.keep(path)
        assert second.body != first.body
        assert site.ask(path, If_None_Match=first.etag).body == second.body
        same = site.ask(path, If_None_Match=second.etag)
        assert (same.status, same.body, same.etag) == (304, b"", second.etag)

    kept = {path: site.keep(path) for path in KEPT}
    other, empty = "/oapi/collections/aid_posts/items?f=json", TILE.replace("10/536/842", "10/0/0")
    kept_other, kept_empty = site.keep(other), site.keep(empty)
    assert (kept_empty.status, kept_empty.body) == (204, b"")
    site.portal.close()
    for path in KEPT:
        again = site.ask_for_kept(path)
        assert (again.status, again.etag, again.body) == (200, kept[path].etag, kept[path].body)
        assert site.ask_for_kept(path, "HEAD").etag == again.etag
        assert site.ask_for_kept(path, If_None_Match=again.etag).status == 304
        modified = again.headers["Last-Modified"] or ""
        assert site.ask_for_kept(path, If_Modified_Since=modified).status == 200
        for personal in (
            {"Cookie": "a=b"},
            {"Authorization": "Basic eDp5"},
            {"Accept_Language": "en", "Host": "b.example"},
        ):
            assert site.ask(path, **personal).status == 502, "not for others"
    assert site.ask_for_kept(empty).status == 204
    assert site.ask("/oapi/collections/markets").status == 502

    rename("lain")
    until(lambda: {site.ask(path).status for path in KEPT} == {502}, "what is old is given")
    assert site.ask_for_kept(other).body == kept_other.body, "which is another layer"
    assert "crit" not in (site.folder / "error.log").read_text()


def test_what_ends_by_itself_is_kept_until_then(site: Site, feature_make: FeatureMake) -> None:
    feature_make(ZONES)
    together = "/oapi/tiles/WebMercatorQuad/10/536/842?collections=markets,disaster_zones"
    for seconds in (3, 9, 27):  # a busy machine may need more until both are kept
        ends = timezone.now() + timedelta(seconds=seconds)
        ZONES.model.objects.update(valid_to=ends)
        before = {path: site.keep(path) for path in (ZONE_TILE, together)}
        if timezone.now() < ends:
            break
    assert all(b"disaster_zones" in answer.body for answer in before.values())
    time.sleep(max(0, (ends - timezone.now()).total_seconds()))
    ended = until(lambda: None if (answer := site.ask(ZONE_TILE)).status == 200 else answer, "its end is not told")
    assert (ended.status, ended.body) == (204, b"")
    until(lambda: b"disaster_zones" not in site.ask(together).body, "its end is told of its layer only")
    both = site.keep(together)
    assert (b"disaster_zones" in both.body, b"markets" in both.body) == (False, True)
    assert site.ask(ZONE_TILE, If_None_Match=before[ZONE_TILE].etag).status == 204


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP])
def test_nothing_kept_is_given_once_nobody_tells_the_versions(site: Site, ending: signal.Signals) -> None:
    etag = site.ask(TILE).etag
    os.killpg(site.events.group, ending)
    time.sleep(2)
    until(lambda: not site.told("markets").exists(), "it is told still")
    rename("baru")
    assert site.ask(TILE).etag != etag
    if ending == signal.SIGSTOP:
        os.killpg(site.events.group, signal.SIGCONT)
        kept = site.keep(TILE)
        site.portal.close()
        assert site.ask_for_kept(TILE).etag == kept.etag


def test_answers_are_compressed_once(site: Site, feature_make: FeatureMake) -> None:
    for number in range(2, 40):
        feature_make(MARKETS, number)
    documents = [
        "collections?f=json",
        "openapi",
        "collections/markets/schema",
        "collections/markets/items?f=csv",
        "?f=html",
    ]
    files = ["layers/portal.js", "layers/portal.css", "layers/icon.svg", "vendor/maplibre-gl/dist/maplibre-gl.mjs"]
    for path in [
        *KEPT,
        *(f"/oapi/{path}" for path in documents),
        *map(static, files),
        "/api/v1/schema/",
    ]:
        plain = site.ask(path)
        for _ in range(2):
            packed = site.ask(path, Accept_Encoding="gzip")
            assert packed.headers.get_all("Content-Encoding") == ["gzip"], path
            assert gzip.decompress(packed.body) == plain.body
        assert site.ask(path).headers["Content-Encoding"] is None


def test_streams_pass_at_once(site: Site) -> None:
    with closing(Watcher(site.port)) as watcher:
        assert watcher.answer.headers["Content-Type"] == "text/event-stream"
        _, told, start = watcher.next()
        assert told["version"] == start
        began = time.monotonic()
        rename("baru")
        assert watcher.next()[1]["layer"] == "markets"
        assert time.monotonic() - began < HEARTBEAT / 2


def test_streams_that_may_break_off_are_not_kept(site: Site) -> None:
    address = "/oapi/collections/markets/items"
    ways: list[tuple[str, dict[str, str]]] = [
        (f"{address}?f=csv", {}),
        (f"{address}?f=geojsonseq", {}),
        (address, {"Accept": "text/csv"}),
        (address, {"Accept": "application/geo+json-seq"}),
    ]
    for path, headers in ways:
        first = site.ask(path, **headers)
        assert first.status == 200
        assert site.ask(path, If_None_Match=first.etag, **headers).status == 304
    whole = site.keep(f"{address}?f=flatgeobuf")
    site.portal.close()
    assert [site.ask(path, **headers).status for path, headers in ways] == [502] * 4
    assert site.ask_for_kept(f"{address}?f=flatgeobuf").body == whole.body


def test_a_portal_that_is_gone_is_told(site: Site) -> None:
    site.portal.close()
    site.teller.close()
    for path in ("/", "/oapi/collections", TILE, "/api/v1/markets/", "/events"):
        answer = site.ask(path, Origin="https://peta.example")
        told = json.loads(answer.body)
        assert (answer.status, told["status"], answer.headers["Content-Type"]) == (502, 502, "application/problem+json")
        assert (answer.headers["Retry-After"], answer.headers["Access-Control-Allow-Origin"]) == ("10", "*")


def test_bodies_that_come_slowly_hold_no_thread_of_the_portal(site: Site) -> None:
    with ExitStack() as lines:
        for _ in range(20):
            line = lines.enter_context(closing(HTTPConnection("127.0.0.1", site.port, timeout=60)))
            line.putrequest("POST", "/api/v1/hazards/impact")
            line.putheader("Content-Type", "application/json")
            line.putheader("Content-Length", "1000")
            line.endheaders(b"{")
        assert site.ask("/healthz").status == 200
        line.send(b" " * 998 + b"}")
        assert line.getresponse().status == 400, "which says what an impact needs"


def test_links_have_the_scheme_that_a_proxy_further_out_tells(site: Site) -> None:
    assert b'"https://127.0.0.1' in site.ask("/oapi/?f=json", X_Forwarded_Proto="https").body


def test_whoever_writes_is_not_kept(site: Site) -> None:
    assert site.ask("/oapi/collections/markets/items/1", "DELETE").status == 401


def test_the_folder_of_versions(tmp_path: Path) -> None:
    folder = VersionsFolder(str(tmp_path))

    def seen() -> dict[str, str]:
        second = tmp_path / str(int(time.time()))
        return {link.name: link.resolve(strict=True).name for link in second.iterdir()} if second.exists() else {}

    def write(boundary: int = 0, **versions: int) -> None:
        folder.write(News("e", versions, ()), Boundaries({"aid_posts": boundary}, 9, float("inf")))

    assert seen() == {}
    write(markets=3, aid_posts=2)
    before = seen()
    assert before["_all"] == before["markets"] != before["aid_posts"]
    write(markets=3, aid_posts=4)
    after = seen()
    assert after["markets"] == before["markets"]
    assert after["_all"] == after["aid_posts"] not in before.values()
    write(7, markets=3, aid_posts=4)
    turned = seen()
    assert turned["markets"] == before["markets"]
    assert turned["_all"] == turned["aid_posts"] not in after.values()
    write(markets=3, aid_posts=4)
    folder.clear()
    assert seen() == {}
    write(markets=3, aid_posts=4)
    assert seen() == after
    time.sleep(4)
    assert seen() == {}
    write(markets=3, aid_posts=4)
    assert {path.name for path in (tmp_path / "versions").iterdir()} == set(after.values())
    VersionsFolder(str(tmp_path))
    assert seen() == {}
