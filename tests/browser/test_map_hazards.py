"""What the map answers to emergency teams: what threatens a place, and what a drawn area holds."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import FeatureMake, square
from django.contrib.gis.geos import Point
from django.db import connection
from django.utils import timezone
from pages import AID_POST, BESIDE, FLOODED, HERE, MARKET, VIEW, Held, corners_click, drawn, gone_back, settled, state
from playwright.sync_api import Page, Route, expect
from rasterio.transform import from_origin
from rasters import raster_make

from layers.catalog import layer_get
from layers.models import Feature


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
    settled(page)
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
    expect(panel.locator(".observed")).to_have_text(
        re.compile(r"^Latitude -8.5\d+, longitude 116.1 · as at \w+ \d+, \d{4}, \d\d:\d\d GMT\+8$")
    )
    safe.click()
    expect(panel.get_by_role("heading", name="Pos aman")).to_be_visible()
    panel.get_by_role("button", name="Hazards at this place").click()
    expect(flooded).to_be_visible()
    page.reload()
    expect(flooded).to_be_visible()
    panel.get_by_role("button", name="Close").click()
    gone_back(page)
    assert "place" not in state(page)


def test_who_is_there_asks_about_his_own_place(page: Page) -> None:
    page.goto(f"/?lang=en#{VIEW}")
    ask = page.get_by_role("button", name="What threatens me where I am?")
    ask.click()
    expect(page.locator("#said")).to_have_text(
        "Your position is not known; let the browser see your location, then load the page again."
    )

    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"longitude": HERE.x, "latitude": HERE.y})
    page.reload()
    ask.click()
    expect(page.locator("#feature .kind")).to_have_text("Hazards at this place")
    expect(page.locator("#feature .observed")).to_contain_text(f"Latitude {HERE.y}, longitude {HERE.x}")
    assert state(page)["place"] == [f"{HERE.y}/{HERE.x}"]


def test_a_position_that_comes_late_overrides_nothing(page: Page, market: Feature) -> None:
    page.context.grant_permissions(["geolocation"])
    page.add_init_script("navigator.geolocation.getCurrentPosition = (found) => (window.found = found)")
    arrived = f"found({{ coords: {{ longitude: {HERE.x}, latitude: {HERE.y}, accuracy: 10 }} }})"
    page.goto(f"/#{VIEW}")
    drawn(page, MARKET)
    ask, kind = page.get_by_role("button", name="Apa yang mengancam di tempat saya?"), page.locator("#feature .kind")
    ask.click()
    expect(page.locator("#said")).to_have_text("Sedang ditanyakan …")
    page.locator("#map canvas").click()
    expect(kind).to_have_text("Pasar")
    page.evaluate(arrived)
    page.wait_for_timeout(500)
    expect(kind).to_have_text("Pasar")
    page.locator("#draw").click()
    gone_back(page)
    corners_click(page, (-100, -100), (100, -100))
    ask.click()
    expect(page.locator("#drawing")).to_be_hidden()
    page.evaluate(arrived)
    expect(kind).to_have_text("Bahaya di tempat ini")


def test_room_and_beds_are_told_with_their_age(page: Page, feature_make: FeatureMake) -> None:
    now = timezone.now() - timedelta(hours=2, minutes=5)
    people = {"status": "buka", "status_as_of": now, "capacity": 80, "displaced_as_of": now}
    feature_make(layer_get("aid_posts"), 1, name="Pos penuh", geom=BESIDE, displaced_day=100, **people)
    feature_make(layer_get("aid_posts"), 2, name="Pos lega", geom=BESIDE, displaced_day=30, **people)
    beds = {"beds": 40, "beds_available": 12, "beds_as_of": now - timedelta(days=9)}
    feature_make(layer_get("health_facilities"), type="rumah_sakit", emergency_24h=True, geom=BESIDE, **beds)
    page.goto(f"/?lang=en#{VIEW}&place=-8.58/116.1")
    panel = page.locator("#feature")
    expect(panel.get_by_role("button", name="Pos penuh")).to_contain_text("east · full · status 2 hours ago")
    expect(panel.get_by_role("button", name="Pos lega")).to_contain_text("east · room for 50 more · status 2 hours ago")
    expect(panel).to_contain_text("12 beds free last week")


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
    expect(panel.locator(".observed")).to_have_text(
        re.compile(r"^0.222 km² · surely between 0 and 1,000 · as at \w+ \d+, \d{4}, \d\d:\d\d GMT\+8$")
    )
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
    gone_back(page)
    assert "drawn" not in state(page)


def test_an_area_is_drawn_with_the_keyboard_and_given_up(page: Page, market: Feature) -> None:
    page.goto(f"/?lang=en#{VIEW}")
    draw = page.get_by_role("button", name="Draw an affected area")
    expect(draw).to_be_enabled()
    draw.press("Enter")
    tools, canvas = page.locator("#drawing"), page.locator("#map canvas")
    expect(canvas).to_be_focused()
    expect(canvas).to_have_accessible_description(re.compile("^Click each corner"))
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
    expect(canvas).to_have_accessible_description("")
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


def test_a_question_is_given_up(page: Page, market: Feature) -> None:
    page.goto(f"/#{VIEW}")
    drawn(page, MARKET)
    panel, slow = page.locator("#feature"), Held(page, f"**/markets/items/{market.pk}?*")
    ways = (lambda: corners_click(page, (200, 200)), lambda: page.keyboard.press("Escape"))
    for asked, give_up in enumerate(ways, 1):
        corners_click(page, (0, 0))
        slow.wait_for(asked)
        give_up()
        slow.answer()
        expect(panel).to_be_hidden()
    corners_click(page, (0, 0))
    slow.wait_for(3)
    slow.answer()
    expect(panel).to_be_visible()
    page.go_back()
    expect(panel).to_be_hidden()
    page.go_forward()
    slow.wait_for(4)
    page.go_back()
    slow.answer()
    expect(panel).to_be_hidden()


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
    expect(page.locator("#feature .observed")).to_have_text(re.compile(f"^{re.escape(told)} · as at "))


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
