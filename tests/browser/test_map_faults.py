"""The map page where things go wrong: links from long ago, a server that fails, a network that goes away."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pages import HURRY, MARKET, VIEW, Held, drawn, overflow, row, state
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer
from rasters import raster_make

from layers.models import Feature

pytestmark = pytest.mark.usefixtures("market")


def test_skip_link_leads_to_the_map_and_keeps_the_view(page: Page) -> None:
    page.goto(f"/#{VIEW}&layers=markets")
    drawn(page, MARKET)
    page.evaluate("window.isSame = true")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Langsung ke peta")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#map canvas")).to_be_focused()
    page.wait_for_timeout(500)
    assert state(page) == {"map": ["15.00/-8.58000/116.10000"], "layers": ["markets"]}
    assert page.evaluate("window.isSame")


@pytest.mark.parametrize(
    "link",
    [
        "layers=markets,gone&gone.type=x&item=gone/5",
        "layers=markets&markets.type=gone&markets.gone=x&markets.type=",
        "layers=markets&area=99.99",
        "layers=markets&item=markets",
        "layers=markets&map=99/999/999",
        "layers=markets&rasters=gone&place=gone/5",
    ],
)
def test_what_a_link_names_that_is_no_more_is_left_out(page: Page, link: str) -> None:
    page.goto(f"/#{link}")
    expect(row(page, "markets").locator("output")).to_have_text("1")
    drawn(page, MARKET)
    page.wait_for_function("() => !location.hash.includes('gone')")
    assert (state(page).keys(), state(page)["layers"]) == ({"map", "layers"}, ["markets"])
    expect(page.locator("#said")).to_be_empty()


@pytest.mark.parametrize(
    "document", ["**/tiles/WebMercatorQuad?f=tilejson*", "**/styles/map?*", "**/administrative_areas/items?*"]
)
def test_a_server_that_fails_leaves_the_way_to_the_data(page: Page, complaints: list[str], document: str) -> None:
    problem = {"title": "Unavailable", "status": 503}
    page.route(document, lambda route: route.fulfill(status=503, json=problem))
    page.goto("/?lang=en")
    expect(page.get_by_role("heading", name="The map cannot be drawn")).to_be_visible()
    expect(page.locator("#said")).to_be_hidden()
    page.unroute(document)
    page.get_by_role("button", name="Try again").click()
    expect(row(page, "markets").locator("output")).to_have_text("1")
    assert [complaint for complaint in complaints if "503" not in complaint] == []
    complaints.clear()


@pytest.mark.parametrize("script", ["main", "state", "maplibre-gl"])
def test_a_script_that_does_not_arrive_leaves_the_way_to_the_data(
    page: Page, complaints: list[str], script: str
) -> None:
    page.route(re.compile(rf"/{script}\.m?js$"), lambda route: route.abort())
    page.goto("/?lang=en")
    expect(page.get_by_role("heading", name="The map cannot be drawn")).to_be_visible()
    expect(page.locator("#said")).to_be_hidden()
    complaints.clear()


def test_what_is_awaited_is_told(page: Page, market: Feature) -> None:
    held = Held(page, "**/oapi/collections?*")
    page.goto(f"/#{VIEW}")
    said = page.locator("#said")
    expect(said).to_have_text("Memuat peta …")
    held.wait_for(1)
    held.answer()
    drawn(page, MARKET)
    expect(said).to_be_empty()
    there = page.get_by_role("status").and_(page.locator("#said, #lost, #live"))
    expect(there).to_have_count(3)  # or nobody would be read what they will say
    assert overflow(page, "Height") <= 0
    held = Held(page, f"**/markets/items/{market.pk}?*")
    page.locator("#map canvas").click()
    expect(said).to_have_text("Sedang ditanyakan …")
    held.answer()
    expect(page.locator("#feature h2")).to_have_text("Pasar satu")
    expect(said).to_be_empty()


def test_what_could_not_be_read_is_asked_for_again(page: Page, complaints: list[str]) -> None:
    page.add_init_script(HURRY)
    Held(page, "**/events?*")  # a stream that is opened asks for all counts
    tiles, counts = "**/markets/tiles/**", "**/markets/items?limit=1&*"
    for address in (tiles, counts):
        page.route(address, lambda route: route.fulfill(status=503, json={"status": 503}))
    page.goto(f"/#{VIEW}&layers=markets")
    expect(page.locator("#said")).to_have_text("Sebagian peta tidak terbaca; dicoba lagi.")
    expect(row(page, "markets").locator("output")).to_have_text("?")
    for address in (tiles, counts):
        page.unroute(address)
    drawn(page, MARKET)
    expect(row(page, "markets").locator("output")).to_have_text("1")
    expect(page.locator("#said")).to_be_empty()
    assert [complaint for complaint in complaints if "503" not in complaint] == []
    complaints.clear()


def test_a_clock_that_is_wrong_and_another_time_zone_mislead_nobody(
    browser: Browser, live_server: LiveServer, market: Feature
) -> None:
    page = browser.new_page(base_url=live_server.url, locale="id-ID", timezone_id="America/New_York")
    page.add_init_script("const right = Date.now; Date.now = () => right() + 2 * 86400000")
    page.goto(f"/#{VIEW}&item=markets/{market.pk}")
    expect(page.locator("#feature .observed")).to_have_text("Diamati 3 hari yang lalu")
    written = timezone.localtime(market.observed_at).strftime("%H.%M WITA")
    expect(page.locator("#feature time", has_text=f"{written} 3 hari yang lalu")).to_be_visible()
    page.close()


def test_a_raster_that_is_gone_meanwhile_does_not_stop_the_map(
    page: Page, complaints: list[str], tmp_path: Path, settings: Any
) -> None:
    settings.RASTERS_FOLDER = str(tmp_path / "rasters")
    raster_make(tmp_path, [[0.5]])
    page.route("**/banjir/map/tiles/WebMercatorQuad?*", lambda route: route.fulfill(status=404, json={"status": 404}))
    page.goto(f"/#{VIEW}")
    drawn(page, MARKET)
    expect(page.locator("#rasters")).to_be_hidden()
    assert [complaint for complaint in complaints if "404" not in complaint] == []
    complaints.clear()


def test_without_network_the_page_says_so_and_catches_up(page: Page, complaints: list[str], market: Feature) -> None:
    page.goto(f"/#{VIEW}&layers=markets")
    drawn(page, MARKET)
    page.context.set_offline(True)
    expect(page.locator("#lost")).to_have_text(
        re.compile(r"^Terputus sejak \d+ \w+ \d{4}, \d\d\.\d\d WITA; sesudahnya peta belum tentu benar")
    )
    page.get_by_role("searchbox").fill("satu")
    expect(page.locator("#found")).to_have_text("Tidak dapat dibaca: peladen tidak menjawab.")
    page.locator("#map canvas").click()
    expect(page.locator("#said")).to_have_text("Tidak dapat dibaca: peladen tidak menjawab.")
    market.delete()
    page.context.set_offline(False)
    drawn(page, MARKET, wanted=False)
    expect(row(page, "markets").locator("output")).to_have_text("0")
    assert [complaint for complaint in complaints if "ERR_INTERNET_DISCONNECTED" not in complaint] == []
    complaints.clear()


def test_an_area_that_cannot_be_read_is_not_chosen(page: Page, complaints: list[str], kecamatan: Feature) -> None:
    page.goto("/")
    expect(row(page, "markets").locator("output")).to_have_text("1")
    page.route("**/administrative_areas/items?code=*", lambda route: route.abort())
    area = page.get_by_label("Wilayah", exact=True)
    area.select_option(kecamatan.code)
    expect(page.locator("#said")).to_have_text("Tidak dapat dibaca: peladen tidak menjawab.")
    expect(area).to_have_value("")
    assert "area" not in state(page)
    assert [complaint for complaint in complaints if "ERR_FAILED" not in complaint] == []
    complaints.clear()
