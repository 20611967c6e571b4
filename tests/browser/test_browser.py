"""What people see on every page but the live map."""

import re
from typing import Any

import pytest
from conftest import FeatureMake, values_make
from django.contrib.auth.models import User
from django.contrib.gis.geos import Point
from django.test import Client
from hazard_scene import scene_make
from pages import HOSTILE, overflow
from playwright.sync_api import Browser, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from layers.catalog import Layer, layer_get
from layers.models import AdministrativeArea, DisasterZone, Feature

# The map's colours, from portal.css and admin.css, and the rim of a dot that OpenLayers draws by itself.
MARK, LIT, LAND, LAND_AT_NIGHT = (10, 107, 88), (180, 83, 9), (251, 252, 249), (25, 36, 31)
ADMIN_LAND, ADMIN_DOT = (255, 255, 255), (51, 153, 204)


@pytest.fixture
def screen() -> ViewportSize:
    """That of a phone."""
    return {"width": 360, "height": 740}


def shown_on_map(page: Page, colour: tuple[int, int, int]) -> None:
    """Wait until the page's map has a pixel of that colour."""
    page.wait_for_function(
        """colour => {
            const canvas = document.querySelector(".ol-viewport canvas");
            if (!canvas?.width) return false;
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            for (let i = 0; i < data.length; i += 4)
                if (colour.every((value, channel) => data[i + channel] === value)) return true;
            return false;
        }""",
        arg=colour,
    )


@pytest.fixture
def features(kecamatan: Feature, layer: Layer, feature_make: FeatureMake) -> list[Feature]:
    return [feature_make(layer, number, name=f"Nama {number}") for number in range(2, 5)]


@pytest.mark.parametrize("path", ["/", "/oapi/collections", "/admin/login/"])
def test_a_script_that_is_no_file_of_the_portal_does_not_run(page: Page, complaints: list[str], path: str) -> None:
    page.goto(path)
    assert (
        page.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "window.ran = true";
        document.body.append(script);
        document.body.insertAdjacentHTML("beforeend", "<img src='data:,' onerror='window.ran = true'>");
        return new Promise((resolve) => setTimeout(() => resolve(window.ran ?? false), 200));
    }""")
        is False
    )
    assert complaints
    assert all("Content Security Policy" in complaint for complaint in complaints)
    complaints.clear()


def test_pages_of_the_portal_fit_a_phone(page: Page) -> None:
    for path in ("/oapi/", "/oapi/collections", "/oapi/conformance"):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert overflow(page) <= 0, path


def test_a_situation_report_fits_a_phone(page: Page, feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    zone = DisasterZone.objects.get(code="banjir-r")
    for language in ("id", "en"):
        page.goto(f"/api/v1/hazards/impact?zone={zone.pk}&f=html&lang={language}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert overflow(page) <= 0, language


def test_pages_of_a_layer_fit_a_phone_and_draw(page: Page, layer: Layer, features: list[Feature]) -> None:
    here = f"/oapi/collections/{layer.id}"
    for path in (here, f"{here}/items", f"{here}/items/{features[0].pk}"):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        shown_on_map(page, MARK)
        assert overflow(page) <= 0, path
    for path in (f"{here}/schema", f"{here}/queryables"):
        page.goto(path)
        expect(page.locator("tbody tr").first).to_be_visible()
        assert overflow(page) <= 0, path


def test_touch_targets_are_large(page: Page) -> None:
    page.goto("/oapi/collections/markets/items")
    targets = page.locator("header a, .crumbs a, .button, .chip, select, input, .ol-zoom button, footer nav a")
    heights = targets.evaluate_all("all => all.map(one => [one.textContent, one.getBoundingClientRect().height])")
    assert len(heights) > 12
    assert [name for name, height in heights if height < 44] == []


def test_openapi_page_shows_the_operations(page: Page) -> None:
    page.goto("/oapi/openapi?f=html")
    expect(page.locator(".opblock").nth(6)).to_be_visible()
    assert overflow(page) <= 0


def test_rest_documentation_fits_a_phone(page: Page) -> None:
    page.goto("/api/v1/docs/")
    expect(page.locator(".opblock").first).to_be_visible()
    assert overflow(page) <= 0
    widths = page.locator(".opblock-tag small").evaluate_all("all => all.map(one => one.clientWidth)")
    assert min(widths) > 200
    page.get_by_role("link", name="EN", exact=True).click()
    expect(page.get_by_text("Find features").first).to_be_visible()


@pytest.mark.parametrize("path", ["/api/v1/docs/", "/oapi/openapi?f=html", "/oapi/collections/markets/items"])
def test_without_javascript_nothing_is_blank(browser: Browser, live_server: LiveServer, path: str) -> None:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto(path)
    if "markets" in path:
        expect(page.locator(".map")).to_be_hidden()
    else:
        page.locator("noscript a").click()
        assert page.locator("body").inner_text().replace(" ", "").strip("{\n").startswith('"openapi":"3')
    context.close()


@pytest.mark.parametrize(("scheme", "land"), [("light", LAND), ("dark", LAND_AT_NIGHT)])
def test_follows_the_colour_scheme(page: Page, kecamatan: Feature, scheme: Any, land: tuple[int, int, int]) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto("/oapi/collections/markets/items")
    shown_on_map(page, land)


def test_paper_has_the_map_in_its_size_and_in_light_colours(
    page: Page, kecamatan: Feature, feature_make: FeatureMake
) -> None:
    feature_make(layer_get("markets"))
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="dark")
    page.goto("/oapi/collections/markets/items")
    shown_on_map(page, LAND_AT_NIGHT)
    size = "one => [one.offsetWidth, one.offsetHeight]"
    seen = page.locator(".map").evaluate(size)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    shown_on_map(page, LAND)
    shown_on_map(page, MARK)
    page.emulate_media(media="print")
    assert page.locator(".map").evaluate(size) == seen
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    shown_on_map(page, LAND_AT_NIGHT)
    page.set_viewport_size({"width": 1000, "height": 800})
    assert page.locator(".map").evaluate(size) != seen, "it follows the window again"
    page.emulate_media(color_scheme="light")
    shown_on_map(page, LAND)


def test_a_table_is_printed_on_wide_sheets_alone_with_words_whole(
    page: Page, kecamatan: Feature, feature_make: FeatureMake
) -> None:
    feature_make(layer_get("markets"), name="Cakranegarabaratdaya")
    page.goto("/oapi/collections/markets/items")
    shown_on_map(page, MARK)
    pdf = page.pdf(format="A4", prefer_css_page_size=True)
    sheets = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert sheets
    assert all(float(width) > float(height) for width, height in sheets)
    page.set_viewport_size({"width": 400, "height": 600})
    page.emulate_media(media="print")
    name = page.get_by_role("link", name="Cakranegarabaratdaya")
    lines = name.evaluate("one => one.getClientRects().length")
    assert lines == 1, "a word stays whole, however many columns there are"


def test_language_is_chosen_once(page: Page) -> None:
    page.goto("/oapi/")
    expect(page.locator("html")).to_have_attribute("lang", "id")
    page.get_by_role("link", name="EN", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Geoportal of Kota Mataram")
    page.get_by_role("link", name="Markets", exact=True).click()
    expect(page.get_by_role("link", name="See the data")).to_be_visible()
    page.get_by_role("link", name="ID", exact=True).click()
    expect(page.get_by_role("link", name="Lihat data")).to_be_visible()


def test_report_fits_a_phone_and_tells_what_it_shows(page: Page, feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    AdministrativeArea.objects.update(
        population_date="2023-06-30", population_source="Kependudukan kota, semester satu"
    )
    zone = DisasterZone.objects.get(code="banjir-t")
    page.goto(f"/api/v1/hazards/impact?zone={zone.pk}&f=html")
    expect(page.get_by_role("main").get_by_role("img", name="Peta wilayah yang terdampak")).to_be_visible()
    expect(page.get_by_role("region", name="Kelurahan terdampak")).to_be_visible()
    assert overflow(page) == 0
    assert page.locator("table:not(:has(thead))").count() == 0


@pytest.mark.parametrize("has_scripts", [True, False])
def test_filter_asks_only_what_was_chosen(
    browser: Browser, live_server: LiveServer, feature_make: FeatureMake, has_scripts: bool
) -> None:
    layer = layer_get("markets")
    feature_make(layer, 1, name="Pasar satu", type="pasar_rakyat")
    feature_make(layer, 2, name="Pasar dua", type="pasar_induk", condition="baik")
    page = browser.new_page(base_url=live_server.url, java_script_enabled=has_scripts)
    page.goto("/oapi/collections/markets/items?lang=id&limit=5")
    page.get_by_label("Jenis").select_option("Pasar induk")
    page.get_by_role("button", name="Saring").click()
    expect(page.locator("tbody th")).to_have_text(["Pasar dua"])
    assert page.url.partition("?")[2] == "limit=5&lang=id&type=pasar_induk"
    expect(page.get_by_label("Jenis")).to_have_value("pasar_induk")
    page.close()


def test_pages_are_turned(page: Page, feature_make: FeatureMake) -> None:
    for number in range(3):
        feature_make(layer_get("markets"), number, name=f"Pasar {number}")
    page.goto("/oapi/collections/markets/items?limit=2")
    expect(page.get_by_role("status")).to_have_text(re.compile("Ditampilkan 2 dari 3"))
    page.get_by_role("link", name="Berikutnya").click()
    expect(page.locator("tbody th")).to_have_text(["Pasar 2"])
    page.get_by_role("link", name="Sebelumnya").click()
    expect(page.locator("tbody tr")).to_have_count(2)


def test_table_and_map_light_up_in_step(page: Page, feature_make: FeatureMake) -> None:
    feature_make(layer_get("markets"), name="Pasar satu")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/oapi/collections/markets/items")
    shown_on_map(page, MARK)
    row = page.locator("tbody tr")
    row.hover()
    expect(row).to_have_class("lit")
    shown_on_map(page, LIT)
    page.mouse.move(1, 1)
    page.locator(".map").hover(position={"x": 10, "y": 300})
    expect(row).not_to_have_class("lit")
    page.locator(".map").hover()
    expect(row).to_have_class("lit")


def test_hostile_words_stay_words(page: Page, feature_make: FeatureMake) -> None:
    feature = feature_make(layer_get("markets"), name=HOSTILE, address=HOSTILE)
    here = "/oapi/collections/markets/items"
    for path, place in ((here, "tbody th"), (f"{here}/{feature.pk}", "h1")):
        page.goto(path)
        expect(page.locator(place)).to_have_text(HOSTILE)
        shown_on_map(page, MARK)
    page.goto(f"{here}?q={HOSTILE.replace('&', '%26')}")
    expect(page.get_by_label("Kata")).to_have_value(HOSTILE)


def test_a_word_without_end_stays_in_its_cell(officer: Page, feature_make: FeatureMake) -> None:
    word = "PasarInduk" * 20
    feature = feature_make(layer_get("markets"), name=word)
    feature_make(layer_get("markets"), 2, name="Pasar", address=word)
    officer.goto("/oapi/collections/markets/items")
    cells = officer.locator("tbody tr:last-child td")
    sizes = cells.evaluate_all("(cells) => cells.map((cell) => [cell.offsetWidth, cell.offsetHeight])")
    assert max(width for width, _ in sizes) < 500
    assert max(height for _, height in sizes) < 60, "one line"
    officer.goto(f"/admin/layers/market/{feature.pk}/history/")
    assert overflow(officer) == 0


def test_history_has_room_for_its_words_on_a_phone_and_on_paper(officer: Page, feature_make: FeatureMake) -> None:
    feature = feature_make(layer_get("markets"), name="Pasar")
    feature.name = "Pasar Kebon Roek di Jalan Adi Sucipto, di sebelah lapangan dan masjid, " * 2
    feature.save()
    officer.goto(f"/admin/layers/market/{feature.pk}/history/")
    put_back = officer.get_by_role("button", name="Kembalikan yang lama")
    for width, medium in ((390, "screen"), (390, "print"), (1280, "print")):
        officer.set_viewport_size({"width": width, "height": 800})
        officer.emulate_media(media=medium)
        told = officer.locator("#change-history dd")
        assert told.bounding_box()["width"] > width * 0.8
        assert told.inner_text().split() == ["Pasar", "→", *feature.name.split()]
        expect(put_back).to_be_visible(visible=medium == "screen")
    assert officer.locator("#container").evaluate("page => getComputedStyle(page).display") == "block"


def test_fault_is_told_as_a_page(page: Page, complaints: list[str]) -> None:
    page.goto("/oapi/collections/markets/items?bbox=<b>&lang=en")
    expect(page.get_by_role("heading", level=1)).to_have_text("400 Bad Request")
    expect(page.locator("main")).to_contain_text("'<b>' is not 4 or 6 numbers")
    page.get_by_role("link", name="Home").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Geoportal of Kota Mataram")
    assert [complaint.partition("(")[2] for complaint in complaints] == ["Bad Request)"]
    complaints.clear()


@pytest.fixture
def officer(page: Page, client: Client, live_server: LiveServer, kecamatan: Feature) -> Page:
    """The page of a superuser who is logged in."""
    client.force_login(User.objects.create(username="admin", is_staff=True, is_superuser=True))
    session = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    page.context.add_cookies([session])
    return page


def test_point_is_drawn_and_saved(officer: Page) -> None:
    officer.goto("/admin/layers/market/add/")
    for name, value in values_make(layer_get("markets")).items():
        field = officer.locator(f"[name={name}]")
        field.select_option(value) if name == "type" else field.fill(value)
    shown_on_map(officer, ADMIN_LAND)
    officer.locator(".dj_map").click()
    expect(officer.locator("[name=geom]")).to_have_value(re.compile('"Point"'))
    officer.locator("[name=_save]").click()
    expect(officer.locator(".messagelist .success")).to_be_visible()
    stored = layer_get("markets").model.objects.get()
    assert stored.geom.distance(Point(116.105, -8.575, srid=4326)) < 0.001
    assert stored.area == "52.71.01"


def test_stored_point_is_shown_and_kept(officer: Page, feature_make: FeatureMake) -> None:
    market = feature_make(layer_get("markets"), geom=Point(116.1000000001, -8.5800000001, srid=4326))
    officer.goto(f"/admin/layers/market/{market.pk}/change/")
    shown_on_map(officer, ADMIN_DOT)
    officer.locator("[name=name]").fill("Nama baru")
    officer.locator("[name=_save]").click()
    expect(officer.locator(".messagelist .success")).to_be_visible()
    stored = type(market).objects.get()
    assert (stored.name, stored.geom.coords) == ("Nama baru", (116.1000000001, -8.5800000001))


def test_way_on_from_a_change_that_came_too_late(officer: Page, feature_make: FeatureMake) -> None:
    """To load the page again would send the same again."""
    market = feature_make(layer_get("markets"), name="Lama")
    officer.goto(f"/admin/layers/market/{market.pk}/change/")
    type(market).objects.filter(pk=market.pk).update(name="Diubah lewat REST")
    officer.locator("[name=address]").fill("Jalan Udayana")
    officer.locator("[name=_save]").click()
    officer.locator(".nonfield").get_by_role("link", name="buka lagi").click()
    expect(officer.locator("[name=name]")).to_have_value("Diubah lewat REST")
    officer.locator("[name=address]").fill("Jalan Udayana")
    officer.locator("[name=_save]").click()
    expect(officer.locator(".messagelist .success")).to_be_visible()
    stored = type(market).objects.get()
    assert (stored.name, stored.address) == ("Diubah lewat REST", "Jalan Udayana")


def test_polygon_is_drawn(officer: Page) -> None:
    officer.goto("/admin/layers/disasterzone/add/")
    shown_on_map(officer, ADMIN_LAND)
    area = officer.locator(".dj_map")
    for x, y in ((80, 150), (200, 150), (200, 250)):
        area.click(position={"x": x, "y": y})
        officer.wait_for_timeout(300)
    area.dblclick(position={"x": 80, "y": 250})
    expect(officer.locator("[name=geom]")).to_have_value(re.compile('"MultiPolygon"'))


def test_scale_of_a_map_is_readable(page: Page, kecamatan: Feature) -> None:
    """Small text needs a contrast of 4.5 (WCAG 2.2, 1.4.3), by day and by night."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto("/oapi/collections/markets/items?f=html")
        ink, ground = (
            page.locator(place).evaluate("(one, name) => getComputedStyle(one)[name].match(/\\d+/g).map(Number)", name)
            for place, name in ((".ol-scale-line-inner", "color"), (".map", "backgroundColor"))
        )
        light, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, scheme


def luminance(colour: list[int]) -> float:
    """Relative, as WCAG 2.2 defines it."""
    parts = (part / 255 for part in colour)
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
