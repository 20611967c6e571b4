"""Values as people read them, in both languages."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone, translation

from layers.catalog import Layer, layer_get
from layers.ogc import schemas
from layers.templatetags import portal


def feature(**properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "id": 7, "geometry": None, "properties": properties}


def shown(id: str, name: str, value: Any, language: str = "id") -> str:
    item = layer_get(id).property(name)
    assert item is not None
    with translation.override(language):
        return str(portal.shown(feature(**{name: value}), item))


@pytest.mark.parametrize(
    ("id", "name", "value", "indonesian", "english"),
    [
        ("markets", "name", "Pasar <b>", "Pasar <b>", "Pasar <b>"),
        ("markets", "type", "pasar_induk", "Pasar induk", "Wholesale market"),
        ("markets", "type", "lain", "lain", "lain"),
        ("markets", "operating_days", ["senin", "minggu"], "Senin, Minggu", "Monday, Sunday"),
        ("markets", "operating_days", [], "–", "–"),
        ("markets", "traders", 12345, "12.345 orang", "12,345 people"),
        ("markets", "traders", 0, "0 orang", "0 people"),
        ("markets", "traders", None, "–", "–"),
        ("markets", "address", "", "–", "–"),
        ("markets", "is_price_reference", True, "ya", "yes"),
        ("markets", "is_price_reference", False, "tidak", "no"),
        ("markets", "opens_at", "04:30:00", "04.30", "04:30"),
        ("disaster_zones", "value_min", 0.25, "0,25", "0.25"),
        ("parking_spots", "order_to", "2026-12-31", "31 Des 2026", "31 Dec 2026"),
    ],
)
def test_value_is_shown(id: str, name: str, value: Any, indonesian: str, english: str) -> None:
    assert (shown(id, name, value), shown(id, name, value, "en")) == (indonesian, english)


def test_link_is_a_link_only_to_the_web() -> None:
    assert shown("health_facilities", "reservation_url", "https://a.id/?x=<") == (
        '<a href="https://a.id/?x=&lt;" rel="noopener noreferrer">https://a.id/?x=&lt;</a>'
    )
    assert shown("health_facilities", "reservation_url", "javascript:alert(1)") == "javascript:alert(1)"


@pytest.mark.parametrize(
    ("age", "indonesian", "english"),
    [
        (timedelta(days=3, hours=1), "3\xa0hari lalu", "3\xa0days ago"),
        (timedelta(minutes=40, seconds=1), "40\xa0menit lalu", "40\xa0minutes ago"),
        (timedelta(days=-2, seconds=-9), "2\xa0hari lagi", "in 2\xa0days"),
    ],
)
def test_time_is_local_and_has_an_age(age: timedelta, indonesian: str, english: str) -> None:
    value = (timezone.now() - age).isoformat()
    assert f">{indonesian}<" in shown("markets", "observed_at", value)
    assert f">{english}<" in shown("markets", "observed_at", value, "en")


def test_time_is_wita() -> None:
    value = datetime(2018, 8, 5, 11, 46, tzinfo=UTC).isoformat()
    assert ">5 Agu 2018, 19.46 WITA <" in shown("markets", "observed_at", value)
    assert '<time datetime="2018-08-05T19:46:00+08:00">5 Aug 2018, 19:46 WITA <' in shown(
        "markets", "observed_at", value, "en"
    )


@pytest.mark.parametrize("value", ["infinity", "9999-12-31T23:59:59+00:00", "12026-01-01T00:00:00+00:00"])
def test_time_beyond_the_calendar_is_shown_as_it_is(value: str) -> None:
    assert shown("disaster_zones", "valid_to", value) == value


def test_columns_without_values_are_left_out() -> None:
    found = [feature(code="A", traders=None, los=0), feature(code="B", operating_days=[], address="")]
    assert [item.name for item in portal.filled(layer_get("markets"), found)] == ["code", "los"]


def test_feature_without_its_name_goes_by_its_id() -> None:
    assert portal.named(feature(name="Pasar"), layer_get("markets")) == "Pasar"
    assert portal.named(feature(code="A"), layer_get("markets")) == "7"


def test_links() -> None:
    document = {"links": [{"rel": "next", "href": "http://a/items?f=json&q=a%26b&offset=2"}]}
    assert portal.link(document, "prev") == ""
    assert portal.as_html(portal.link(document, "next")) == "http://a/items?q=a%26b&offset=2&f=html"


def test_schema_tells_every_code_and_unit(layer: Layer) -> None:
    rows = {row.name: row for row in portal.schema_rows(schemas.schema(layer, ""))}
    assert list(rows) == ["id", "geom", *(item.name for item in layer.properties)]
    for item in layer.properties:
        assert [code["const"] for code in rows[item.name].codes] == list(item.codes)
        assert rows[item.name].unit == str(item.unit)
        assert rows[item.name].required == item.required


def test_outline_is_the_extent() -> None:
    geometry = portal.outline({"spatial": {"bbox": [[1, 2, 3, 4]]}})["geometry"]
    assert geometry["coordinates"] == [[[1, 2], [3, 2], [3, 4], [1, 4], [1, 2]]]
