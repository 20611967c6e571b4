"""The map page in a real browser against a live server: what it draws, tells, keeps in its link and hears.

Whatever the page asks of another host, and whatever it complains of, fails the test. ``/events`` is a process of its
own, which is played here.
"""

import base64
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pyogrio
import pytest
import shapely
from conftest import FeatureMake, square
from django.contrib.gis.geos import Point
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, Route, expect
from pytest_django.live_server_helper import LiveServer
from rasterio.transform import from_origin
from rasters import raster_make
from test_browser import HOSTILE, overflow

from layers.catalog import layer_get, layers
from layers.management.commands.tiles_warm import tile_address
from layers.models import Feature
from layers.query import features
from layers.query.tiles import Tile

HERE = Point(116.1, -8.58, srid=4326)
VIEW = "map=15/-8.58/116.1"
BESIDE = Point(116.101, -8.58, srid=4326)
"""46 pixels to the right of the middle of the view."""

GROUND = (223, 229, 223)
MARKET, AID_POST, NIGHT_WATER, ABROAD = (122, 74, 18), (163, 18, 90), (15, 25, 29), (200, 30, 200)
FLOODED = (234, 173, 171)
"""A high class of a raster over water."""
ABROAD_PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGM4IXcCAANgAa9ABWm/AAAAAElFTkSuQmCC"


@pytest.fixture
def complaints() -> list[str]:
    """What went wrong in the page, or left the house."""
    return []


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, complaints: list[str]) -> Iterator[Page]:
    """A page on a desktop, in Indonesian; addresses are relative to the server. Nothing happens on ``/events``."""
    home, screen = live_server.url, {"width": 1280, "height": 800}
    context = browser.new_context(base_url=home, viewport=screen, locale="id-ID", timezone_id="Asia/Makassar")
    page = context.new_page()
    page.set_default_timeout(20_000)
    inside = (home, "data:", "blob:")
    page.on("request", lambda request: request.url.startswith(inside) or complaints.append(f"asked {request.url}"))
    page.on("pageerror", lambda error: complaints.append(f"failed: {error}"))
    page.on("console", lambda said: said.type == "error" and complaints.append(f"said {said.text}"))
    page.on("dialog", lambda dialog: complaints.append(f"opened {dialog.message}"))
    page.route("**/events?*", lambda route: stream(route, "retry: 600000\n\n"))
    yield page
    context.close()
    assert complaints == []


def stream(route: Route, events: str) -> None:
    route.fulfill(content_type="text/event-stream", body=events)


@pytest.fixture
def market(feature_make: FeatureMake) -> Feature:
    """A market in the middle of the view, seen three days ago."""
    seen = timezone.now() - timedelta(days=3, hours=1)
    values: dict[str, Any] = {"type": "pasar_induk", "kiosks": 1420, "observed_at": seen, "opens_at": "06:30"}
    return feature_make(layer_get("markets"), 1, name="Pasar satu", geom=HERE, **values)


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


class Held:
    """Answers to what the page asks of some address, kept back until :meth:`answer`."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.asked = 0
        self.routes: list[Route] = []
        page.route(address, self._keep)

    def _keep(self, route: Route) -> None:
        self.asked += 1
        self.routes.append(route)

    def wait_for(self, asked: int) -> None:
        """Wait until as many questions were asked in all."""
        for _ in range(100):
            if self.asked >= asked:
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"asked {self.asked} times, not {asked}")

    def answer(self) -> None:
        """Let all go on, and leave the page the time to show them; those that the page gave up go nowhere."""
        for route in self.routes:
            route.continue_()
        self.routes.clear()
        self.page.wait_for_timeout(1000)


def row(page: Page, layer: str) -> Locator:
    return page.locator(f"[data-layer={layer}]")


def state(page: Page) -> dict[str, list[str]]:
    """What the page's address says after the hash."""
    return parse_qs(urlsplit(page.url).fragment)


def test_draws_and_counts_every_layer(page: Page, market: Feature) -> None:
    page.goto(f"/#{VIEW}")
    drawn(page, MARKET)
    assert page.locator("#layers .switch span").all_text_contents() == [layer.title["id"] for layer in layers()]
    expect(row(page, "markets").locator("output")).to_have_text("1")
    expect(row(page, "aid_posts").locator("output")).to_have_text("0")
    expect(row(page, "markets").locator("fieldset img")).to_have_count(4)


def test_counts_no_further_than_the_api(
    page: Page, market: Feature, feature_make: FeatureMake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "COUNTED", 1)
    feature_make(layer_get("markets"), 2, type="pasar_induk")
    page.goto(f"/#{VIEW}&markets.type=pasar_induk")
    expect(row(page, "markets").locator("output")).to_have_text("> 1")


def test_tiles_have_the_addresses_that_are_warmed(page: Page, market: Feature, live_server: LiveServer) -> None:
    asked: set[str] = set()
    page.on("request", lambda request: "/tiles/WebMercatorQuad/" in request.url and asked.add(request.url))
    page.goto(f"/#{VIEW}")
    drawn(page, MARKET)
    places = (re.search(r"collections/(\w+)/tiles/WebMercatorQuad/(\d+)/(\d+)/(\d+)", url) for url in asked)
    warmed = {
        tile_address(live_server.url, layer_get(place[1]), Tile.parse("WebMercatorQuad", *place.groups()[1:]))
        for place in places
        if place
    }
    assert asked == warmed != set()


def test_what_has_ended_is_neither_counted_nor_found(page: Page, feature_make: FeatureMake) -> None:
    zones = layer_get("disaster_zones")
    feature_make(zones, 1, name="Luapan kini")
    feature_make(zones, 2, name="Luapan dulu", valid_to="2026-01-01T00:00:00+08:00")
    page.goto(f"/#{VIEW}")
    expect(row(page, "disaster_zones").locator("output")).to_have_text("1")
    page.locator("#search input").fill("Luapan")
    expect(page.locator("#found button")).to_have_text(["Luapan kiniZona bencana"])


def test_leads_to_every_other_door(page: Page) -> None:
    page.goto("/?lang=en")
    doors = page.get_by_role("navigation", name="Other doors").get_by_role("link")
    found = doors.evaluate_all("all => all.map(one => one.getAttribute('href'))")
    assert found == ["/oapi/", "/oapi/openapi?f=html", "/api/v1/docs/", "/admin/"]
    assert [page.request.get(address).status for address in found] == [200] * 4


def test_layer_is_switched_off_and_the_link_remembers(page: Page, market: Feature) -> None:
    page.goto(f"/#{VIEW}")
    drawn(page, MARKET)
    row(page, "markets").get_by_role("switch").click()
    drawn(page, MARKET, wanted=False)
    assert "markets" not in state(page)["layers"][0].split(",")
    page.reload()
    expect(row(page, "markets").get_by_role("switch")).not_to_be_checked()
    expect(row(page, "aid_posts").get_by_role("switch")).to_be_checked()


def test_click_shows_attributes_with_label_unit_and_age(page: Page, market: Feature) -> None:
    page.goto(f"/#{VIEW}")
    drawn(page, MARKET)
    page.locator("#map canvas").click()
    panel = page.locator("#feature")
    expect(panel.get_by_role("heading", name="Pasar satu")).to_be_focused()
    expect(panel.locator(".observed")).to_have_text("Diamati 3 hari yang lalu")
    facts = dict(zip(panel.locator("dt").all_text_contents(), panel.locator("dd").all_text_contents(), strict=True))
    assert facts["jenis"] == "Pasar induk"
    assert facts["kios"] == "1.420 kios"
    assert facts["jam buka"] == "06.30"
    assert facts["waktu pengamatan"].endswith("3 hari yang lalu")
    assert "alamat" not in facts, "what is not known takes no room"
    assert state(page)["item"] == [f"markets/{market.pk}"]


def test_a_place_tells_what_threatens_it_and_where_to_go(page: Page, feature_make: FeatureMake) -> None:
    zone = feature_make(layer_get("disaster_zones"), hazard="101", level="tinggi", geom=square(116.099, -8.581, 0.002))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE layers_disasterzone SET valid_to = 'infinity', observed_at = '-infinity'")
    posts = layer_get("aid_posts")
    here = {"status": "buka", "status_as_of": timezone.now() - timedelta(hours=2, minutes=5), "capacity": 80}
    feature_make(posts, 1, name="Pos aman", geom=Point(116.1, -8.57, srid=4326), **here)
    feature_make(posts, 2, name="Pos tergenang", geom=BESIDE, **here)
    page.goto(f"/?lang=en#{VIEW}")
    drawn(page, AID_POST)
    page.locator("#map canvas").click()
    panel = page.locator("#feature")
    expect(panel.locator(".observed")).to_have_text("Observed -infinity")
    report = panel.get_by_role("link", name="Situation report").get_attribute("href")
    assert report is not None
    assert page.request.get(report).headers["content-type"].startswith("text/html")
    panel.get_by_role("button", name="What threatens this place?").click()
    expect(panel.locator(".kind")).to_have_text("Hazards at this place")
    expect(panel.get_by_role("heading", name="Outside the mapped area")).to_be_focused()
    expect(panel.get_by_role("button", name="Flood: High")).to_contain_text(f"{zone.name} · ")
    expect(panel.get_by_role("button", name="Flood: High")).to_contain_text("-infinity · ends infinity")
    safe, flooded = (panel.get_by_role("button", name=name) for name in ("Pos aman", "Pos tergenang"))
    expect(safe).to_have_text("Pos aman1.1 km north · for 80 people · status 2 hours ago")
    expect(flooded).to_contain_text("m east")
    expect(panel).to_contain_text("1 left out, for the same hazard threatens them.")
    assert "item" not in state(page)
    safe.click()
    expect(panel.get_by_role("heading", name="Pos aman")).to_be_visible()
    panel.get_by_role("button", name="Hazards at this place").click()
    expect(flooded).to_be_visible()
    page.reload()
    expect(flooded).to_be_visible()
    panel.get_by_role("button", name="Close").click()
    assert "place" not in state(page)


def test_rasters_lie_on_the_map_and_answer_about_a_place(page: Page, tmp_path: Path, settings: Any) -> None:
    settings.RASTERS_FOLDER = str(tmp_path / "rasters")
    raster_make(tmp_path, [[0.9, 0.9], [0.9, 0.9]], name="Rob 2025", transform=from_origin(116, -8.5, 0.1, 0.1))
    raster_make(tmp_path, [[0.5]], code="tanpa", breaks=[], breaks_source="")
    page.goto(f"/?lang=en#{VIEW}")
    rasters = page.locator("#rasters")
    expect(rasters.get_by_role("switch")).to_have_count(1)
    drawn(page, FLOODED, wanted=False)
    rasters.get_by_role("switch", name="Rob 2025").check()
    drawn(page, FLOODED)
    rasters.locator("summary").click()
    expect(rasters.locator(".sample")).to_have_text(["Low: < 0.33", "Medium: 0.33 – 0.66", "High: ≥ 0.66"])
    page.reload()
    drawn(page, FLOODED)
    page.locator("#map canvas").click(button="right")
    expect(page.locator("#feature")).to_contain_text("Hazard index: 0.9 indeksRob 2025 · High")
    rasters.get_by_role("switch", name="Rob 2025").uncheck()
    drawn(page, FLOODED, wanted=False)
    assert "rasters" not in state(page)


def test_a_right_click_asks_about_a_place_without_a_feature(page: Page) -> None:
    page.goto(f"/?lang=en#{VIEW}")
    expect(page.locator("#layers output").first).to_have_text("0")
    page.locator("#map canvas").click(button="right")
    panel = page.locator("#feature")
    expect(panel).to_contain_text("No zone is mapped here; that does not mean safe.")
    assert [round(float(part), 2) for part in state(page)["place"][0].split("/")] == [-8.58, 116.1]


def corners_click(page: Page, *offsets: tuple[int, int]) -> None:
    """Click the map at pixels to the right of its middle and below."""
    box = page.locator("#map canvas").bounding_box()
    assert box is not None
    for right, down in offsets:
        page.mouse.click(box["x"] + box["width"] / 2 + right, box["y"] + box["height"] / 2 + down)


def test_an_area_is_drawn_and_tells_what_it_holds(page: Page, market: Feature, feature_make: FeatureMake) -> None:
    people = {"population": 1000, "population_source": "BPS", "population_date": "2023-06-30"}
    areas = layer_get("administrative_areas")
    feature_make(areas, 1, code="52.71.01.1001", name="Dasan Agung", geom=square(116.09, -8.59, 0.02), **people)
    page.goto(f"/?lang=en#{VIEW}")
    page.get_by_role("button", name="Draw an affected area").click()
    tools, panel = page.locator("#drawing"), page.locator("#feature")
    done, undo = (tools.get_by_role("button", name=name) for name in ("Done", "Undo"))
    expect(undo).to_be_disabled()
    corners_click(page, (-100, -100), (100, -100), (0, 0))
    expect(done).to_be_enabled()
    undo.click()
    expect(done).to_be_disabled()
    expect(panel).to_be_hidden()
    corners_click(page, (100, 100), (-100, 100))
    done.click()
    expect(tools).to_be_hidden()
    expect(panel.locator(".kind")).to_have_text("Inside this area")
    expect(panel.get_by_role("heading", level=2)).to_have_text(re.compile(r"^\d+ people affected$"))
    expect(panel.locator(".observed")).to_have_text("0.222 km² · surely between 0 and 1,000")
    expect(panel).to_contain_text("Dasan Agung: ")
    expect(panel.locator("dt", has_text="Markets")).to_have_count(1)
    expect(panel).to_contain_text("Kelurahan without an open post")
    report = panel.get_by_role("link", name="Situation report").get_attribute("href")
    assert report is not None
    assert "People affected" in page.request.get(report).text()
    assert len(state(page)["drawn"][0].split(",")) == 4
    page.reload()
    expect(panel).to_contain_text("Dasan Agung: ")
    panel.get_by_role("button", name="Close").click()
    assert "drawn" not in state(page)


def test_an_area_is_drawn_with_the_keyboard_and_given_up(page: Page, market: Feature) -> None:
    page.goto(f"/?lang=en#{VIEW}")
    draw = page.get_by_role("button", name="Draw an affected area")
    expect(draw).to_be_enabled()
    draw.press("Enter")
    tools, canvas = page.locator("#drawing"), page.locator("#map canvas")
    expect(canvas).to_be_focused()
    for corner, way in enumerate(("ArrowRight", "ArrowDown", "ArrowLeft"), 1):
        page.keyboard.press("Enter")
        expect(tools.get_by_role("button", name="Undo")).to_be_enabled()
        expect(tools.get_by_role("button", name="Done")).to_be_enabled(enabled=corner == 3)
        view = state(page)["map"]
        page.keyboard.press(way)
        page.wait_for_function("before => !location.hash.includes(before)", arg=view[0])
    page.keyboard.press("Backspace")
    expect(tools.get_by_role("button", name="Done")).to_be_disabled()
    page.keyboard.press("Escape")
    expect(tools).to_be_hidden()
    expect(canvas).to_be_focused()
    draw.click()
    page.get_by_role("searchbox").fill("Pasar")
    page.locator("#found button", has_text="Pasar satu").click()
    expect(page.locator("#feature")).to_contain_text("Pasar satu")
    expect(tools).to_be_hidden()


def test_an_area_that_crosses_itself_can_be_mended(page: Page, complaints: list[str]) -> None:
    page.goto(f"/?lang=en#{VIEW}")
    page.get_by_role("button", name="Draw an affected area").click()
    corners_click(page, (-100, -100), (100, 100), (100, -100), (-100, 100))
    page.get_by_role("button", name="Done").click()
    expect(page.locator("#said")).to_contain_text("Self-intersection")
    page.get_by_role("button", name="Undo").click()
    corners_click(page, (-100, -100))
    expect(page.locator("#feature")).to_contain_text("Population not known")
    assert [complaint for complaint in complaints if "400" not in complaint] == []
    complaints.clear()


def test_only_what_was_asked_last_is_shown(page: Page, market: Feature, feature_make: FeatureMake) -> None:
    post = feature_make(layer_get("aid_posts"), name="Pos satu", geom=BESIDE)
    page.goto(f"/#{VIEW}")
    drawn(page, MARKET)
    drawn(page, AID_POST)
    slow = Held(page, f"**/markets/items/{market.pk}?*")
    corners_click(page, (0, 0))
    slow.wait_for(1)
    corners_click(page, (46, 0))
    panel, heading = page.locator("#feature"), page.locator("#feature h2")
    expect(heading).to_have_text("Pos satu")
    slow.answer()
    expect(heading).to_have_text("Pos satu")
    assert state(page)["item"] == [f"aid_posts/{post.pk}"]
    slow = Held(page, "**/hazards/at?*")
    page.locator("#map canvas").click(button="right")
    slow.wait_for(1)
    panel.get_by_role("button", name="Tutup").click()
    slow.answer()
    expect(panel).to_be_hidden()
    assert not state(page).keys() & {"item", "place"}


def test_a_drawing_goes_on_while_an_area_is_asked_about(page: Page) -> None:
    page.goto(f"/?lang=en#{VIEW}")
    draw, tools, panel = page.locator("#draw"), page.locator("#drawing"), page.locator("#feature")
    slow = Held(page, "**/hazards/impact?*")
    draw.click()
    corners_click(page, (-100, -100), (100, -100), (100, 100), (-100, -100))
    slow.wait_for(1)
    page.keyboard.press("Escape")
    expect(tools).to_be_hidden()
    slow.answer()
    expect(panel).to_be_hidden()
    assert "drawn" not in state(page)
    draw.click()
    corners_click(page, (-100, -100), (100, -100), (100, 100), (-100, -100))
    slow.wait_for(2)
    draw.click()
    corners_click(page, (-50, -50), (50, -50))
    slow.answer()
    expect(tools).to_be_visible()
    expect(panel).to_be_hidden()
    corners_click(page, (50, 50), (-50, -50))
    slow.wait_for(3)
    slow.answer()
    expect(panel.locator(".kind")).to_have_text("Inside this area")
    expect(tools).to_be_hidden()
    assert len(state(page)["drawn"][0].split(",")) == 3


def test_a_double_click_on_the_first_corner_ends_a_drawing_and_nothing_else(page: Page, market: Feature) -> None:
    page.goto(f"/#{VIEW}")
    drawn(page, MARKET)
    page.locator("#draw").click()
    corners_click(page, (0, 0), (-100, -100), (-100, 100), (0, 0))
    expect(page.locator("#feature .kind")).to_have_text("Di dalam wilayah ini")
    view = state(page)["map"]
    page.mouse.down(click_count=2)
    page.mouse.up(click_count=2)
    page.wait_for_timeout(1000)
    assert (state(page)["map"], "drawn" in state(page)) == (view, True)


DRAWN = "drawn=-8.585/116.095,-8.585/116.105,-8.575/116.105,-8.575/116.095"


@pytest.mark.parametrize(
    ("least", "most", "told"),
    [
        (20, 1000, "1.22 km² · surely between 20 and 1,000"),
        (1200, None, "1.22 km² · at least 1,200"),
        (0, None, "1.22 km²"),
        (None, 1000, "1.22 km² · at most 1,000"),
        (None, None, "1.22 km²"),
    ],
)
def test_people_are_told_as_far_as_they_are_known(page: Page, least: int | None, most: int | None, told: str) -> None:
    def answer(route: Route) -> None:
        found = route.fetch().json()
        route.fulfill(json={**found, "people": {**found["people"], "affected": 500, "least": least, "most": most}})

    page.route("**/hazards/impact?*", answer)
    page.goto(f"/?lang=en#{VIEW}&{DRAWN}")
    expect(page.locator("#feature h2")).to_have_text("500 people affected")
    expect(page.locator("#feature .observed")).to_have_text(told)


def test_an_area_tells_what_its_places_have_together(page: Page, feature_make: FeatureMake) -> None:
    for number, capacity in enumerate((2000, 60)):
        feature_make(layer_get("aid_posts"), number, geom=HERE, capacity=capacity)
    for number, beds in enumerate((12, None)):
        known = {"beds": beds, "beds_available": beds, "beds_as_of": timezone.now()}
        feature_make(layer_get("health_facilities"), number, geom=HERE, **known)
    feature_make(layer_get("parking_spots"), geom=HERE)
    page.goto(f"/#{VIEW}&{DRAWN}")
    facts = page.locator("#feature dl")
    expect(facts).to_contain_text("Pos bantuan2 · daya tampung: 2.060 orang")
    expect(facts).to_contain_text("Fasilitas kesehatan2 · tempat tidur kosong: ≥ 12 tempat tidur")
    expect(facts).to_contain_text("Titik parkir1")


def test_keyboard_opens_and_closes_a_feature(page: Page, market: Feature) -> None:
    page.goto(f"/#{VIEW}")
    drawn(page, MARKET)
    page.locator("#map canvas").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Pasar satu")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#feature")).to_be_hidden()
    expect(page.locator("#map canvas")).to_be_focused()
    assert "item" not in state(page)


def test_features_at_one_place_are_all_reached(page: Page, market: Feature, feature_make: FeatureMake) -> None:
    feature_make(layer_get("disaster_zones"), name="Zona satu", geom=square(116.09, -8.59, 0.02))
    page.goto(f"/#{VIEW}")
    drawn(page, MARKET)
    page.wait_for_timeout(500)
    page.locator("#map canvas").click()
    expect(page.get_by_role("heading", name="Pasar satu")).to_be_visible()
    page.get_by_role("button", name="Zona bencana: Zona satu").click()
    expect(page.get_by_role("heading", name="Zona satu")).to_be_visible()
    page.get_by_role("button", name="Pasar: Pasar satu").click()
    expect(page.get_by_role("heading", name="Pasar satu")).to_be_visible()


def test_search_goes_to_what_is_chosen(page: Page, market: Feature) -> None:
    page.goto("/#map=11/-8.6/116.2&layers=aid_posts")
    page.get_by_role("searchbox").fill("tidak ada")
    expect(page.locator("#found")).to_have_text("Tidak ada yang cocok.")
    page.get_by_role("searchbox").fill("satu")
    page.locator("#found").get_by_role("button", name="Pasar satu").click()
    expect(page.get_by_role("heading", name="Pasar satu")).to_be_visible()
    expect(row(page, "markets").get_by_role("switch")).to_be_checked()
    drawn(page, MARKET)
    page.wait_for_function("parseFloat(new URLSearchParams(location.hash.slice(1)).get('map')) > 14")


def test_filter_by_type_reaches_map_count_download_and_link(
    page: Page, market: Feature, feature_make: FeatureMake
) -> None:
    feature_make(layer_get("markets"), 2, type="pasar_rakyat", geom=BESIDE)
    page.goto(f"/#{VIEW}&layers=markets")
    expect(row(page, "markets").locator("output")).to_have_text("2")
    row(page, "markets").locator("summary").click()
    row(page, "markets").get_by_label("Pasar induk").uncheck()
    expect(row(page, "markets").locator("output")).to_have_text("1")
    assert "pasar_induk" not in state(page)["markets.type"][0]
    for _ in range(2):
        for name in ("CSV", "GeoJSON", "GeoPackage"):
            link = row(page, "markets").locator(".downloads a", has_text=name)
            expect(link).to_have_attribute("href", re.compile("pasar_rakyat"))
        row(page, "markets").get_by_role("button", name="Pakai lapisan ini", include_hidden=True)
        page.reload()
        expect(row(page, "markets").locator("output")).to_have_text("1")
        row(page, "markets").locator("summary").click()
        expect(row(page, "markets").get_by_label("Pasar induk")).not_to_be_checked()
    with page.expect_download() as download:
        row(page, "markets").get_by_role("link", name="CSV").click()
    assert len(download.value.path().read_text().splitlines()) == 2


def test_earthquakes_are_chosen_by_magnitude(page: Page, feature_make: FeatureMake) -> None:
    quakes = layer_get("earthquakes")
    feature_make(quakes, 1, magnitude=6.9, geom=HERE)
    feature_make(quakes, 2, magnitude=6, geom=BESIDE)
    feature_make(quakes, 3, magnitude=7, geom=BESIDE)
    feature_make(quakes, 4, magnitude=3.2, geom=BESIDE)
    page.goto(f"/?lang=en#{VIEW}")
    quake = row(page, "earthquakes")
    expect(quake.locator("output")).to_have_text("4")
    quake.locator("summary").click()
    for label in ("Strong, M 6 to 7", "Light, M 4 to 5", "Moderate, M 5 to 6", "Minor, below M 4"):
        quake.get_by_label(label).uncheck()
    expect(quake.locator("output")).to_have_text("1")
    quake.get_by_label("Strong, M 6 to 7").check()
    expect(quake.locator("output")).to_have_text("3")
    assert state(page)["earthquakes.magnitude"] == ["major,strong"]
    page.reload()
    expect(row(page, "earthquakes").locator("output")).to_have_text("3")


def test_filter_by_area_keeps_zones_that_may_touch_it(page: Page, market: Feature, feature_make: FeatureMake) -> None:
    areas = layer_get("administrative_areas")
    for number, west in ((1, 116.09), (2, 116.13)):
        feature_make(areas, number, name=f"Kecamatan {number}", level="kecamatan", geom=square(west, -8.59, 0.03))
    feature_make(layer_get("markets"), 2, geom=Point(116.14, -8.58, srid=4326))
    feature_make(layer_get("disaster_zones"), 1, geom=square(116.1, -8.59, 0.04))
    feature_make(layer_get("disaster_zones"), 2, geom=square(116.17, -8.59, 0.01))
    page.goto("/")
    expect(row(page, "markets").locator("output")).to_have_text("2")
    page.get_by_label("Wilayah", exact=True).select_option("52.71.02")
    expect(row(page, "disaster_zones").locator("output")).to_have_text("1")
    expect(row(page, "markets").locator("output")).to_have_text("1")
    page.wait_for_function("location.hash.includes('area=52.71.02')")
    page.reload()
    expect(page.get_by_label("Wilayah", exact=True)).to_have_value("52.71.02")
    expect(row(page, "disaster_zones").locator("output")).to_have_text("1")


def test_the_area_chosen_last_is_the_one(page: Page, feature_make: FeatureMake) -> None:
    areas = layer_get("administrative_areas")
    west = feature_make(areas, 1, code="52.71.01", name="Ampenan", geom=square(116.05, -8.59, 0.03))
    east = feature_make(areas, 2, code="52.71.02", name="Mataram", geom=square(116.15, -8.59, 0.03))
    page.goto(f"/#{VIEW}")
    choice = page.get_by_label("Wilayah", exact=True)
    expect(row(page, "markets").locator("output")).to_have_text("0")
    slow = Held(page, f"**/administrative_areas/items?code={west.code}&*")
    choice.select_option(west.code)
    slow.wait_for(1)
    choice.select_option(east.code)
    page.wait_for_function(f"location.hash.includes('area={east.code}')")
    slow.answer()
    expect(choice).to_have_value(east.code)
    assert state(page)["area"] == [east.code]


def test_link_restores_position_and_feature(page: Page, market: Feature) -> None:
    page.goto(f"/?lang=en#map=13.5/-8.57/116.11&layers=markets&item=markets/{market.pk}")
    expect(page.get_by_role("heading", name="Pasar satu")).to_be_visible()
    expect(page.locator("#feature .observed")).to_have_text("Observed 3 days ago")
    page.get_by_role("button", name="Share this view").click()
    shared = page.locator("#use code").text_content()
    assert shared == page.url
    assert state(page) == {
        "map": ["13.50/-8.57000/116.11000"],
        "layers": ["markets"],
        "item": [f"markets/{market.pk}"],
    }


def test_language_changes_and_the_view_stays(page: Page, market: Feature) -> None:
    page.goto(f"/#{VIEW}&layers=markets")
    drawn(page, MARKET)
    page.get_by_role("link", name="EN", exact=True).click()
    expect(page.get_by_role("heading", name="Layers")).to_be_visible()
    drawn(page, MARKET)
    assert (state(page)["map"], state(page)["layers"]) == (["15.00/-8.58000/116.10000"], ["markets"])
    row(page, "markets").locator("summary").click()
    expect(row(page, "markets").get_by_label("Wholesale market")).to_be_visible()


def test_addresses_of_a_layer_answer(page: Page, market: Feature) -> None:
    page.goto("/?lang=en")
    row(page, "markets").locator("summary").click()
    row(page, "markets").get_by_role("button", name="Use this layer").click()
    addresses = page.locator("#use code").all_text_contents()
    assert len(addresses) == 5
    *found, curl = addresses
    for address in [*found, curl.split('"')[1]]:
        place = {"z": 15, "x": 26951, "y": 17168}
        assert page.request.get(address.format(**place)).ok, address


def test_fits_a_phone(page: Page, market: Feature) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"/#{VIEW}")
    drawn(page, MARKET)
    assert overflow(page) <= 0
    expect(page.locator("#panel")).to_be_hidden()
    page.get_by_role("button", name="Lapisan dan pencarian").click()
    expect(page.get_by_role("searchbox")).to_be_visible()
    targets = page.locator(".languages a, #panel :is(input[type=search], select, .switch, summary, button, .doors a)")
    heights = targets.evaluate_all("all => all.map(one => [one.textContent, one.getBoundingClientRect().height])")
    assert len(heights) > 18
    assert [name for name, height in heights if 0 < height < 44] == []
    page.get_by_role("button", name="Lihat peta").click()
    page.locator("#map canvas").click(position={"x": 180, "y": 341})
    expect(page.get_by_role("heading", name="Pasar satu")).to_be_visible()
    assert overflow(page) <= 0


@pytest.mark.parametrize("width", [390, 1280])
def test_a_long_word_pushes_nothing_out_of_sight(page: Page, feature_make: FeatureMake, width: int) -> None:
    name = "Panjangsekali" * 15
    feature = feature_make(layer_get("markets"), name=name, geom=HERE)
    page.set_viewport_size({"width": width, "height": 740})
    page.goto(f"/#{VIEW}&item=markets/{feature.pk}")
    close = page.locator("#feature").get_by_role("button", name="Tutup")
    expect(close).to_be_in_viewport(ratio=1)
    close.click()
    if width < 1000:
        page.get_by_role("button", name="Lapisan dan pencarian").click()
    page.get_by_role("searchbox").fill("panjang")
    expect(page.locator("#found button")).to_contain_text(name)
    assert page.evaluate("(panel => panel.scrollWidth - panel.clientWidth)(document.querySelector('#panel'))") <= 0
    for path in ("", f"/{feature.pk}"):
        page.goto(f"/oapi/collections/markets/items{path}?f=html")
        assert overflow(page) <= 0


def test_what_a_link_shows_is_not_under_its_panel(page: Page, market: Feature) -> None:
    """A link from a desktop has the feature in the middle of the map, where a phone has the panel."""
    page.set_viewport_size({"width": 390, "height": 600})
    page.goto(f"/#{VIEW}&item=markets/{market.pk}")
    expect(page.get_by_role("heading", name="Pasar satu")).to_be_visible()
    page.wait_for_function(
        """([latitude, panel]) => {
            const [zoom, centre] = new URLSearchParams(location.hash.slice(1)).get("map").split("/").map(Number);
            const map = document.querySelector("#map").getBoundingClientRect();
            const below = (centre - latitude) / 360 * 512 * 2 ** zoom;
            return map.top + map.height / 2 + below < document.querySelector(panel).getBoundingClientRect().top;
        }""",
        arg=[HERE.y, "#feature"],
    )


def test_dark_follows_the_reader_and_paper_is_light(page: Page, market: Feature) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(f"/#{VIEW}")
    drawn(page, NIGHT_WATER)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    drawn(page, NIGHT_WATER, wanted=False)
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    drawn(page, NIGHT_WATER)
    page.emulate_media(color_scheme="light")
    drawn(page, NIGHT_WATER, wanted=False)


def test_change_elsewhere_shows(page: Page, market: Feature, feature_make: FeatureMake) -> None:
    news: list[str] = []

    def events(route: Route) -> None:
        told = "".join(news)
        news.clear()  # before the answer: while that is on its way, the test goes on and adds to the news
        stream(route, "retry: 300\nevent: hello\ndata: {}\n\n" + told)

    page.unroute("**/events?*")
    page.route("**/events?*", events)
    page.goto(f"/#{VIEW}")
    drawn(page, MARKET)
    drawn(page, AID_POST, wanted=False)
    feature_make(layer_get("aid_posts"), geom=BESIDE)
    told = {"layer": "aid_posts", "version": "1-2", "bbox": [*BESIDE, *BESIDE], "n": 1}
    news.append(f"id: 1-2\nevent: change\ndata: {json.dumps(told)}\n\n")
    drawn(page, AID_POST)
    expect(row(page, "aid_posts").locator("output")).to_have_text("1")
    market.delete()
    news.append(f"event: change\ndata: {json.dumps({**told, 'layer': 'markets', 'bbox': None})}\n\n")
    drawn(page, MARKET, wanted=False)
    expect(row(page, "markets").locator("output")).to_have_text("0")


def test_without_events_the_page_says_so(page: Page, complaints: list[str]) -> None:
    page.unroute("**/events?*")
    page.route("**/events?*", lambda route: route.fulfill(status=503))
    page.goto("/")
    expect(page.locator("#live")).to_have_text("Tidak langsung: muat ulang untuk data terbaru.")
    assert [complaint for complaint in complaints if "503" not in complaint] == []
    complaints.clear()


def test_without_webgl_the_page_leads_to_the_data(page: Page, market: Feature, complaints: list[str]) -> None:
    page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page.goto("/?lang=en")
    expect(page.get_by_role("heading", name="The map cannot be drawn")).to_be_visible()
    page.locator("#no-map").get_by_role("link", name="Markets").click()
    expect(page.locator("tbody th")).to_have_text("Pasar satu")
    page.close()  # or it may complain once more of what it was left in the middle of
    complaints.clear()


def test_hostile_words_stay_words(page: Page, feature_make: FeatureMake) -> None:
    feature = feature_make(layer_get("markets"), name=HOSTILE, address=HOSTILE)
    page.goto(f"/#item=markets/{feature.pk}")
    expect(page.locator("#feature h2")).to_have_text(HOSTILE)
    page.get_by_role("searchbox").fill("alert(1)")
    expect(page.locator("#found button")).to_contain_text(HOSTILE)


def test_background_of_the_operator(page: Page, settings: Any, complaints: list[str]) -> None:
    settings.MAP_BACKGROUND = "https://tiles.example/{z}/{x}/{y}.png"
    settings.MAP_BACKGROUND_ATTRIBUTION = "© Contoh"
    picture = base64.b64decode(ABROAD_PNG)
    cors = {"Access-Control-Allow-Origin": "*"}
    page.route("https://tiles.example/**", lambda route: route.fulfill(body=picture, headers=cors))
    page.goto(f"/#{VIEW}")
    drawn(page, ABROAD)
    expect(page.locator(".maplibregl-ctrl-attrib")).to_contain_text("© Contoh")
    assert all(complaint.startswith("asked https://tiles.example/") for complaint in complaints)
    complaints.clear()


def test_background_from_a_file_of_the_operator(page: Page, settings: Any, tmp_path: Path) -> None:
    area = shapely.to_wkb(np.array([shapely.box(116, -8.7, 116.2, -8.5)]))
    settings.MAP_BACKGROUND = str(tmp_path / "background.pmtiles")
    options = {"geometry_type": "Polygon", "crs": "EPSG:4326", "driver": "PMTiles"}
    pyogrio.raw.write(settings.MAP_BACKGROUND, area, [np.array(["land"])], ["kind"], layer="land", **options)
    page.goto(f"/#{VIEW}")
    drawn(page, GROUND)
