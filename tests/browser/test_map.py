"""The map page in a real browser against a live server: what it draws, tells, keeps in its link and hears."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from conftest import FeatureMake, square
from django.db import connection
from django.utils import timezone
from pages import (
    ABROAD,
    AID_POST,
    BESIDE,
    GROUND,
    HERE,
    HOSTILE,
    HURRY,
    MARKET,
    NIGHT_WATER,
    VIEW,
    Held,
    drawn,
    gone_back,
    overflow,
    row,
    settled,
    state,
    stream,
)
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from layers.catalog import layer_get, layers
from layers.management.commands.tiles_warm import tile_address
from layers.models import Feature
from layers.query import features, tiles
from layers.query.tiles import Tile

ABROAD_PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGM4IXcCAANgAa9ABWm/AAAAAElFTkSuQmCC"


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
    seen = timezone.localtime(market.observed_at)
    assert facts["waktu pengamatan"].endswith(f"{seen:%H.%M} WITA 3 hari yang lalu")
    assert "alamat" not in facts, "what is not known takes no room"
    assert state(page)["item"] == [f"markets/{market.pk}"]


def test_a_day_without_end_is_shown_as_it_is(page: Page, feature_make: FeatureMake) -> None:
    spot = feature_make(layer_get("parking_spots"), geom=HERE)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE layers_parkingspot SET order_from = '2026-01-01', order_to = 'infinity'")
    page.goto(f"/#{VIEW}&item=parking_spots/{spot.pk}")
    expect(page.locator("#feature")).to_contain_text("infinity")


def test_keyboard_opens_and_closes_a_feature(page: Page, market: Feature) -> None:
    page.goto(f"/#{VIEW}")
    drawn(page, MARKET)
    page.locator("#map canvas").focus()
    held = Held(page, f"**/markets/items/{market.pk}?*")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_have_text("Sedang ditanyakan …")
    held.answer()
    expect(page.get_by_role("heading", name="Pasar satu")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#feature")).to_be_hidden()
    expect(page.locator("#map canvas")).to_be_focused()
    gone_back(page)
    assert "item" not in state(page)


def test_keyboard_tells_how_many_features_a_cluster_stands_for(
    page: Page, market: Feature, feature_make: FeatureMake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiles, "DETAILS", tiles.DETAILS[-1:])
    feature_make(layer_get("markets"), 2, geom=HERE)
    page.goto(f"/#{VIEW}&layers=markets")
    settled(page)
    page.locator("#map canvas").press("Enter")
    expect(page.locator("#said")).to_have_text("2 fitur di sini; perbesar untuk melihatnya.")


def test_features_at_one_place_are_all_reached(page: Page, market: Feature, feature_make: FeatureMake) -> None:
    feature_make(layer_get("disaster_zones"), name="Zona satu", geom=square(116.09, -8.59, 0.02))
    page.goto(f"/#{VIEW}")
    drawn(page, MARKET)
    settled(page)
    page.locator("#map canvas").click()
    expect(page.get_by_role("heading", name="Pasar satu")).to_be_visible()
    page.get_by_role("button", name="Zona bencana: Zona satu").click()
    expect(page.get_by_role("heading", name="Zona satu")).to_be_visible()
    page.get_by_role("button", name="Pasar: Pasar satu").click()
    expect(page.get_by_role("heading", name="Pasar satu")).to_be_visible()


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
    _, style, tiles, *_ = found  # which QGIS asks for one by one
    described = page.request.get(style).json()["sources"]["portal"]["url"]
    assert page.request.get(described).json()["tiles"] == [tiles]


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


def test_a_phone_on_its_side_shows_map_and_answer_beside_each_other(page: Page, market: Feature) -> None:
    page.set_viewport_size({"width": 640, "height": 360})
    page.goto(f"/#{VIEW}&item=markets/{market.pk}")
    expect(page.get_by_role("heading", name="Pasar satu")).to_be_visible()
    body, main = (page.locator(place).bounding_box() for place in ("#feature .body", "main"))
    assert body
    assert main
    assert body["height"] > main["height"] / 2
    assert body["x"] > main["width"] / 3
    toggle = page.get_by_role("button", name="Lapisan dan pencarian").bounding_box()
    assert toggle
    assert toggle["x"] > 0
    assert toggle["x"] + toggle["width"] < body["x"]


def test_what_colours_tell_is_seen_in_forced_colours(page: Page, market: Feature) -> None:
    page.emulate_media(color_scheme="dark", forced_colors="active")
    page.goto(f"/#{VIEW}")
    icon = page.locator(".maplibregl-ctrl-zoom-in .maplibregl-ctrl-icon")
    assert icon.evaluate("one => getComputedStyle(one).filter") == "none", "the library draws them white on black"
    lines = {
        language: page.get_by_role("link", name=language, exact=True).evaluate(
            "one => getComputedStyle(one).textDecorationLine"
        )
        for language in ("ID", "EN")
    }
    assert lines == {"ID": "underline", "EN": "none"}, "the language that is read"


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


def test_without_events_the_page_says_so_and_asks_again(page: Page, market: Feature, complaints: list[str]) -> None:
    page.add_init_script(HURRY)
    page.unroute("**/events?*")
    page.route("**/events?*", lambda route: route.fulfill(status=503))
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto(f"/#{VIEW}")
    expect(page.locator("#lost")).to_have_text(re.compile("^Terputus sejak .* WITA"))
    expect(page.locator("#lost")).to_be_in_viewport(ratio=1)
    drawn(page, MARKET)
    market.delete()
    page.route("**/events?*", lambda route: stream(route, "retry: 600000\n\n"))  # wins over the one before
    drawn(page, MARKET, wanted=False)
    assert [complaint for complaint in complaints if "503" not in complaint] == []
    complaints.clear()


def test_what_is_told_over_the_map_hides_nothing_of_a_phone(page: Page, complaints: list[str]) -> None:
    page.route("**/events?*", lambda route: route.fulfill(status=503))
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto(f"/#{VIEW}")
    lost = page.locator("#lost")
    lost.click(trial=True)
    page.get_by_role("button", name="Lapisan dan pencarian").click()
    page.get_by_role("searchbox").click()
    page.locator("#draw").click()
    page.get_by_role("button", name="Batal").click(trial=True)
    lost.click(trial=True)
    assert [complaint for complaint in complaints if "503" not in complaint] == []
    complaints.clear()


def test_going_back_closes_the_panel(page: Page, market: Feature) -> None:
    page.goto("/oapi/?f=html")
    page.goto(f"/#{VIEW}&layers=markets")
    drawn(page, MARKET)
    panel = page.locator("#feature")
    page.locator("#map canvas").click()
    expect(panel.get_by_role("heading", name="Pasar satu")).to_be_visible()
    page.go_back()
    expect(panel).to_be_hidden()
    assert "item" not in state(page)
    page.go_forward()
    expect(panel.get_by_role("heading", name="Pasar satu")).to_be_visible()
    panel.get_by_role("button", name="Tutup").click()
    expect(panel).to_be_hidden()
    page.wait_for_function("() => !history.state.panel && !location.hash.includes('item')")
    page.go_back()
    expect(page).to_have_url(re.compile("/oapi/"))


def test_what_was_closed_is_opened_again_by_going_forward(page: Page, market: Feature) -> None:
    page.goto("/oapi/?f=html")
    page.goto(f"/#{VIEW}&layers=markets")
    drawn(page, MARKET)
    heading, panel = page.get_by_role("heading", name="Pasar satu"), page.locator("#feature")
    page.locator("#map canvas").click()
    expect(heading).to_be_visible()
    close, switch = panel.get_by_role("button", name="Tutup"), row(page, "aid_posts").get_by_role("switch")
    # what is drawn before the browser has gone back, as when the map is still moving, is written at the panel's entry
    close.evaluate("(close, other) => (close.click(), other.click())", switch.element_handle())
    gone_back(page)
    page.go_forward()
    expect(heading).to_be_visible()
    page.evaluate("history.replaceState(history.state, '', location.href.replace(/&item=.*/, ''))")
    page.reload()
    expect(heading).to_be_visible()
    page.evaluate("document.querySelector('#draw').click(); document.querySelector('#draw').click()")
    gone_back(page)
    page.wait_for_timeout(500)
    expect(panel).to_be_hidden()
    page.go_back()
    expect(page).to_have_url(re.compile("/oapi/"))


def test_going_back_from_a_pasted_link_shows_what_was_there(page: Page, market: Feature) -> None:
    page.goto(f"/#{VIEW}&layers=markets")
    drawn(page, MARKET)
    page.locator("#map canvas").click()
    heading = page.get_by_role("heading", name="Pasar satu")
    expect(heading).to_be_visible()
    page.evaluate("location.hash = 'layers=aid_posts'")
    expect(row(page, "markets").get_by_role("switch")).not_to_be_checked()
    expect(heading).to_be_hidden()
    page.go_back()
    expect(heading).to_be_visible()
    expect(row(page, "markets").get_by_role("switch")).to_be_checked()
    assert state(page)["layers"] == ["markets"]
    page.go_back()
    expect(heading).to_be_hidden()
    assert (state(page)["layers"], "item" in state(page)) == (["markets"], False)
    page.go_forward()
    expect(heading).to_be_visible()


def test_a_stream_that_falls_silent_is_opened_anew(page: Page) -> None:
    page.add_init_script(HURRY)
    page.unroute("**/events?*")
    held = Held(page, "**/events?*")  # as where a network lost the connection: it neither answers nor ends
    page.goto(f"/#{VIEW}")
    expect(page.locator("#lost")).to_have_text(re.compile("^Terputus sejak"))
    held.wait_for(2)


def test_without_webgl_the_page_leads_to_the_data(page: Page, market: Feature, complaints: list[str]) -> None:
    page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page.goto("/?lang=en")
    expect(page.get_by_role("heading", name="The map cannot be drawn")).to_be_visible()
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 740})
        expect(page.locator("#panel").get_by_role("link", name="REST")).to_be_visible()
        expect(page.locator("main").locator("input, select, button").filter(visible=True)).to_have_text(["Try again"])
    page.locator("#no-map").get_by_role("link", name="Markets").click()
    expect(page.locator("tbody th")).to_have_text("Pasar satu")
    page.close()  # or it may complain once more of what it was left in the middle of
    complaints.clear()


@pytest.mark.parametrize("width", [1280, 360])
def test_without_javascript_nothing_is_offered_that_needs_it(
    browser: Browser, live_server: LiveServer, width: int
) -> None:
    page = browser.new_page(
        base_url=live_server.url, java_script_enabled=False, viewport={"width": width, "height": 740}
    )
    page.goto("/")
    page.locator("noscript a").click(trial=True)  # nothing lies over it
    expect(page.locator("#panel").get_by_role("link", name="REST")).to_be_visible()
    expect(page.locator("main").locator("input, select, button").filter(visible=True)).to_have_count(0)
    page.close()


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
    page.close()
    assert {complaint.rsplit("/", 3)[0] for complaint in complaints} == {"asked https://tiles.example"}
    complaints.clear()


def test_background_from_a_file_of_the_operator(page: Page, settings: Any, tmp_path: Path) -> None:
    area = shapely.to_wkb(np.array([shapely.box(116, -8.7, 116.2, -8.5)]))
    settings.MAP_BACKGROUND = str(tmp_path / "background.pmtiles")
    options = {"geometry_type": "Polygon", "crs": "EPSG:4326", "driver": "PMTiles"}
    pyogrio.raw.write(settings.MAP_BACKGROUND, area, [np.array(["land"])], ["kind"], layer="land", **options)
    page.goto(f"/#{VIEW}")
    drawn(page, GROUND)
