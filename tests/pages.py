"""Pages in a real browser against a live server, and the live map as tests see it.

Whatever a page asks of another host, and whatever it complains of, fails the test. ``/events`` is a process of its
own, on which nothing happens here.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import FeatureMake, square
from django.contrib.gis.geos import Point
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, Route, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from layers.catalog import layer_get
from layers.models import Feature

HOSTILE = "</script><img src=x onerror=alert(1)>'\"&amp;"

HERE = Point(116.1, -8.58, srid=4326)
VIEW = "map=15/-8.58/116.1"
BESIDE = Point(116.101, -8.58, srid=4326)
"""46 pixels to the right of the middle of the view."""

GROUND = (223, 229, 223)
MARKET, AID_POST, NIGHT_WATER, ABROAD = (122, 74, 18), (163, 18, 90), (15, 25, 29), (200, 30, 200)
FLOODED = (234, 173, 171)
"""A high class of a raster over water."""


def stream(route: Route, events: str) -> None:
    route.fulfill(content_type="text/event-stream", body=events)


HURRY = "const later = setTimeout; setTimeout = (work, pause, ...given) => later(work, pause / 10, ...given)"
"""What a page does after a while, it does ten times as soon."""

SEES = """([colour, wanted]) => {
    const drawn = document.querySelector("#map canvas");
    if (!drawn?.width) return false;
    const copy = new OffscreenCanvas(drawn.width, drawn.height).getContext("2d");
    copy.drawImage(drawn, 0, 0);
    const { data } = copy.getImageData(0, 0, drawn.width, drawn.height);
    let found = false;
    for (let i = 0; i < data.length && !found; i += 4)
        found = colour.every((value, channel) => Math.abs(data[i + channel] - value) < 3);
    return found === wanted;
}"""


def drawn(page: Page, colour: tuple[int, int, int], wanted: bool = True) -> None:
    """Wait until the map has a pixel of that colour, or none."""
    page.wait_for_function(SEES, arg=[colour, wanted], polling=200)


def settled(page: Page) -> None:
    """Wait until all layers of the map are there."""
    expect(page.locator("#map")).to_have_attribute("aria-busy", "false")


def gone_back(page: Page) -> None:
    """Wait until the browser has left the entry of a panel that was closed: until then the address may be of either."""
    page.wait_for_function("() => !history.state.panel")


class Held:
    """Answers to what the page asks of some address, kept back until :meth:`answer`."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.asked = self.answered = 0
        self.routes: list[Route] = []
        page.route(address, self._keep)

    def _keep(self, route: Route) -> None:
        self.asked += 1
        self.routes.append(route)

    def wait_for(self, asked: int) -> None:
        """Wait until as many questions were asked in all."""
        for _ in range(600):
            if self.asked >= asked:
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"asked {self.asked} times, not {asked}")

    def answer(self) -> None:
        """Let all go on once there are some, and leave the page the time to show them; those it gave up go nowhere."""
        self.wait_for(self.answered + 1)
        self.answered = self.asked
        for route in self.routes:
            route.continue_()
        self.routes.clear()
        self.page.wait_for_timeout(1000)


def row(page: Page, layer: str) -> Locator:
    return page.locator(f"[data-layer={layer}]")


def state(page: Page) -> dict[str, list[str]]:
    """What the page's address says after the hash."""
    return parse_qs(urlsplit(page.url).fragment)


def corners_click(page: Page, *offsets: tuple[int, int]) -> None:
    """Click the map at pixels to the right of its middle and below."""
    box = page.locator("#map canvas").bounding_box()
    assert box is not None
    for right, down in offsets:
        page.mouse.click(box["x"] + box["width"] / 2 + right, box["y"] + box["height"] / 2 + down)


def overflow(page: Page, length: str = "Width") -> int:
    """Pixels by which the page is wider than the screen, or longer (``Height``)."""
    pixels: int = page.evaluate(f"document.documentElement.scroll{length} - inner{length}")
    return pixels


@pytest.fixture
def complaints() -> list[str]:
    """What went wrong in the page, or left the house."""
    return []


@pytest.fixture
def screen() -> ViewportSize:
    return {"width": 1280, "height": 800}


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, complaints: list[str], screen: ViewportSize) -> Iterator[Page]:
    """A page in Indonesian, read in another time zone than the city's; addresses are relative to the server."""
    home = live_server.url
    context = browser.new_context(base_url=home, viewport=screen, locale="id-ID", timezone_id="Asia/Jakarta")
    page = context.new_page()
    page.set_default_timeout(60_000)
    inside = (home, "data:", "blob:")
    page.on("request", lambda request: request.url.startswith(inside) or complaints.append(f"asked {request.url}"))
    page.on("pageerror", lambda error: complaints.append(f"failed: {error}"))
    page.on("console", lambda said: said.type == "error" and complaints.append(f"said {said.text}"))
    page.on("dialog", lambda dialog: complaints.append(f"opened {dialog.message}"))
    page.route("**/events?*", lambda route: stream(route, "retry: 600000\n\n"))
    yield page
    context.close()
    assert complaints == []


@pytest.fixture
def market(feature_make: FeatureMake) -> Feature:
    """A market in the middle of the view, seen three days ago."""
    seen = timezone.now() - timedelta(days=3, hours=1)
    values: dict[str, Any] = {"type": "pasar_induk", "kiosks": 1420, "observed_at": seen, "opens_at": "06:30"}
    return feature_make(layer_get("markets"), 1, name="Pasar satu", geom=HERE, **values)


@pytest.fixture
def kecamatan(live_server: LiveServer, feature_make: FeatureMake) -> Feature:
    layer = layer_get("administrative_areas")
    return feature_make(layer, code="52.71.01", name="Ampenan", geom=square(116.09, -8.59, 0.03))
