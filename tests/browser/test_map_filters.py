"""What is found on the map page, and what it shows less of: search, and filters by type, magnitude and area."""

import re

from conftest import FeatureMake, square
from django.contrib.gis.geos import Point
from pages import BESIDE, HERE, MARKET, VIEW, Held, drawn, row, state
from playwright.sync_api import Page, expect

from layers.catalog import layer_get
from layers.models import Feature


def test_search_goes_to_what_is_chosen(page: Page, market: Feature) -> None:
    page.goto("/#map=11/-8.6/116.2&layers=aid_posts")
    page.get_by_role("searchbox").fill("tidak ada")
    expect(page.locator("#found")).to_have_text("Tidak ada yang cocok.")
    page.get_by_role("searchbox").fill("satu")
    page.locator("#found").get_by_role("button", name="Pasar satu").click()
    expect(page.get_by_role("heading", name="Pasar satu")).to_be_visible()
    expect(row(page, "markets").get_by_role("switch")).to_be_checked()
    drawn(page, MARKET)
    page.wait_for_function("() => parseFloat(new URLSearchParams(location.hash.slice(1)).get('map')) > 14")


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
        for name in ("CSV", "GeoJSON-Seq", "GeoPackage"):
            link = row(page, "markets").locator(".downloads a", has_text=name)
            expect(link).to_have_attribute("href", re.compile("pasar_rakyat"))
        row(page, "markets").get_by_role("button", name="Pakai lapisan ini", include_hidden=True)
        page.reload()
        expect(row(page, "markets").locator("output")).to_have_text("1")
        row(page, "markets").locator("summary").click()
        expect(row(page, "markets").get_by_label("Pasar induk")).not_to_be_checked()
    for name, lines in (("CSV", 2), ("GeoJSON-Seq", 1)):
        with page.expect_download() as download:
            row(page, "markets").get_by_role("link", name=name).click()
        assert download.value.path().read_text().count("\n") == lines


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
    page.wait_for_function("() => location.hash.includes('area=52.71.02')")
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
    page.wait_for_function(f"() => location.hash.includes('area={east.code}')")
    slow.answer()
    expect(choice).to_have_value(east.code)
    assert state(page)["area"] == [east.code]
