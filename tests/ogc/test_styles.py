"""The resources of OGC API - Styles, for every layer of the catalogue."""

from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils import translation

from layers.catalog import Layer, layer_get, layers
from layers.ogc.styles import MAP
from layers.styles.images import sprite_index
from layers.styles.symbols import MAGNITUDES

BASE = "http://testserver/oapi"
SE = "{http://www.opengis.net/se}"
XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
STYLES = [MAP, *(layer.id for layer in layers())]


@pytest.fixture
def anybody() -> Client:
    return Client(headers={"accept-language": "id"})


def get(client: Client, path: str) -> Any:
    response = client.get(f"/oapi/styles{path}")
    assert response.status_code == 200, response.content
    return response.json()


def words(style: dict[str, Any]) -> str:
    return str([drawn["layout"]["text-field"] for drawn in style["layers"] if "text-field" in drawn.get("layout", {})])


def test_list_links_to_what_answers(anybody: Client) -> None:
    document = get(anybody, "")
    assert [style["id"] for style in document["styles"]] == STYLES
    assert document["default"] == MAP
    relations = ["stylesheet", "stylesheet", "describedby", "http://www.opengis.net/def/rel/ogc/1.0/legend"]
    for style in document["styles"]:
        assert [link["rel"] for link in style["links"]] == relations
        for link in style["links"]:
            response = anybody.get(link["href"])
            assert (response.status_code, response["Content-Type"]) == (200, link["type"])


@pytest.mark.parametrize("id", STYLES)
def test_style_draws_its_layers(anybody: Client, id: str) -> None:
    style = get(anybody, f"/{id}")
    drawn = {one.id for one in layers()} if id == MAP else {id}
    tiles = f"{BASE}/tiles" if id == MAP else f"{BASE}/collections/{id}/tiles"
    assert style["version"] == 8
    assert style["sprite"] == f"{BASE}/styles/sprite"
    assert style["sources"] == {"portal": {"type": "vector", "url": f"{tiles}/WebMercatorQuad?f=tilejson&labels=true"}}
    assert "glyphs" not in style
    background, *parts = style["layers"]
    assert background["type"] == "background"
    assert {part["source-layer"].removesuffix("-labels") for part in parts} == drawn
    assert len({part["id"] for part in parts}) == len(parts)
    images = {part.get("layout", {}).get("icon-image") or part.get("paint", {}).get("fill-pattern") for part in parts}
    assert images - {None} <= set(sprite_index(1))


@pytest.mark.parametrize("id", STYLES)
def test_clusters_are_circles_with_their_count_and_nothing_else(anybody: Client, id: str) -> None:
    for part in get(anybody, f"/{id}")["layers"][1:]:
        if part["id"].endswith(("-cluster", "-count")):
            assert part["filter"] == ["all", ["has", "point_count"], [">", ["get", "point_count"], 1]]
        elif "-speck" in part["id"]:
            assert part["filter"][1:3] == [["has", "point_count"], ["==", ["get", "point_count"], 1]]
        else:
            assert ["!", ["has", "point_count"]] in (part["filter"], part["filter"][1])
    types = [part["type"] for part in get(anybody, f"/{id}")["layers"] if part["id"].endswith(("-cluster", "-count"))]
    assert types == ["circle", "symbol"] * (len(STYLES) - 1 if id == MAP else 1)


def test_small_polygons_are_specks_of_their_level_and_small_areas_are_not_drawn(anybody: Client) -> None:
    specks = [part["id"] for part in get(anybody, f"/{MAP}")["layers"] if "-speck" in part["id"]]
    zones = [f"disaster_zones-speck-{code}" for code in ("rendah", "sedang", "tinggi")]
    points = [f"{layer.id}-speck" for layer in layers() if layer.geometry_type == "Point"]
    assert specks == [*zones, *points]


def test_map_lies_in_order(anybody: Client) -> None:
    """Areas below lines below marks; among areas and among icons, points above polygons."""
    order = {"background": 0, "fill": 1, "line": 2, "circle": 3, "symbol": 3}
    parts = get(anybody, f"/{MAP}")["layers"]
    assert all(order[below["type"]] <= order[above["type"]] for below, above in pairwise(parts))
    fills = [part["source-layer"] for part in parts if part["type"] == "fill"]
    assert list(dict.fromkeys(fills)) == ["administrative_areas", "disaster_zones"]
    icons = [part["source-layer"] for part in parts if "-icon" in part["id"]]
    points = [layer.id for layer in layers() if layer.geometry_type == "Point"]
    assert list(dict.fromkeys(icons)) == ["disaster_zones-labels", *points]


def test_polygons_are_labelled_at_their_points_for_labels(anybody: Client) -> None:
    """At the polygons themselves those who draw tile by tile write a label in each."""
    marks = [part for part in get(anybody, f"/{MAP}")["layers"] if part["type"] == "symbol"]
    sources = {layer.id: layer.id + "-labels" * (layer.geometry_type != "Point") for layer in layers()}
    for part in marks:
        layer, _, kind = part["id"].partition("-")
        assert part["source-layer"] == (layer if kind == "count" else sources[layer])


def test_style_speaks_the_language_asked_for(anybody: Client) -> None:
    indonesian = get(anybody, "/disaster_zones")
    english = get(anybody, "/disaster_zones?lang=en")
    assert (indonesian["name"], english["name"]) == ("Zona bencana", "Disaster zones")
    assert "Banjir\\nTinggi" in words(indonesian)
    assert "Flood\\nHigh" in words(english)
    assert get(Client(headers={"accept-language": "en"}), "/disaster_zones") == english


def test_legend_names_every_code(anybody: Client, layer: Layer) -> None:
    properties = [found for name in ("type", "level", "hazard") if (found := layer.property(name))]
    with translation.override("en"):
        expected = [(one.name, code, str(label)) for one in properties for code, label in one.choices]
        if layer.id == "earthquakes":
            expected = [("magnitude", code, str(known.label)) for code, known in MAGNITUDES.items()]
    entries = get(anybody, f"/{layer.id}/legend?lang=en")["entries"]
    assert [(entry["property"], entry["code"], entry["label"]) for entry in entries] == expected
    for entry in entries:
        shown = anybody.get(entry["image"])
        assert (shown.status_code, shown["Content-Type"]) == (200, "image/svg+xml")
        ElementTree.fromstring(shown.content)


def test_legend_tells_how_a_level_looks(anybody: Client) -> None:
    entries = get(anybody, "/disaster_zones/legend?lang=en")["entries"]
    assert entries[2] == {
        "layer": "disaster_zones",
        "layer_title": "Disaster zones",
        "property": "level",
        "property_title": "hazard level",
        "code": "tinggi",
        "label": "High",
        "symbol": "fill",
        "colour": "#f59a94",
        "pattern": "grid",
        "image": f"{BASE}/styles/images/sample-tinggi.svg",
    }


def test_earthquakes_are_drawn_by_magnitude(anybody: Client) -> None:
    entries = get(anybody, "/earthquakes/legend?lang=en")["entries"]
    assert [(entry["minimum"], entry["maximum"]) for entry in entries] == [(7, None), (6, 7), (5, 6), (4, 5), (None, 4)]
    layers = {drawn["id"]: drawn for drawn in get(anybody, "/earthquakes")["layers"]}
    strong = layers["earthquakes-icon-strong"]
    assert strong["filter"][3:] == [[">=", ["get", "magnitude"], 6], ["<", ["get", "magnitude"], 7]]
    assert strong["layout"]["icon-image"] in sprite_index(1)
    assert f"{BASE}/styles/images/{strong['layout']['icon-image']}.svg" == entries[1]["image"]


def test_legend_of_the_map_joins_those_of_the_layers(anybody: Client) -> None:
    joined = [entry for layer in layers() for entry in get(anybody, f"/{layer.id}/legend")["entries"]]
    entries = get(anybody, f"/{MAP}/legend")["entries"]
    assert sorted(entries, key=str) == sorted(joined, key=str)


def test_legend_is_a_page_to_print(anybody: Client) -> None:
    page = anybody.get("/oapi/styles/map/legend?lang=en", headers={"accept": "text/html"})
    assert page["Content-Type"].startswith("text/html")
    assert "Health facilities: type" in page.content.decode()
    assert page.content.decode().count("<img") == 1 + len(get(anybody, "/map/legend")["entries"])


def test_metadata_lists_stylesheets_and_layers(anybody: Client, layer: Layer) -> None:
    document = get(anybody, f"/{layer.id}/metadata?lang=en")
    assert document["title"] == layer.title["en"]
    assert [sheet["native"] for sheet in document["stylesheets"]] == [True, False]
    assert [described["id"] for described in document["layers"]] == [layer.id]
    assert document["layers"][0]["type"] == ("point", "line", "polygon")[layer.dimension]


@pytest.mark.parametrize("id", STYLES)
def test_sld_has_a_rule_for_each_code(anybody: Client, id: str) -> None:
    response = anybody.get(f"/oapi/styles/{id}?f=sld&lang=en")
    assert response["Content-Type"] == "application/vnd.ogc.sld+xml;version=1.1"
    root = ElementTree.fromstring(response.content)
    drawn = layers() if id == MAP else [layer_get(id)]
    titles = {rule.text or "" for rule in root.iterfind(f".//{SE}Rule/{SE}Name")}
    properties = [found for layer in drawn for name in ("type", "hazard", "level") if (found := layer.property(name))]
    with translation.override("en"):
        labels = [str(label) for found in properties for _, label in found.choices]
    assert [label for label in labels if not any(label in title for title in titles)] == []
    for href in {resource.get(XLINK_HREF, "") for resource in root.iter(f"{SE}OnlineResource")}:
        assert anybody.get(href)["Content-Type"] == "image/svg+xml"


@pytest.mark.parametrize(("file", "media_type"), [("json", "application/json"), ("png", "image/png")])
def test_sprite_comes_in_two_sizes(anybody: Client, file: str, media_type: str) -> None:
    small, large = (anybody.get(f"/oapi/styles/sprite{ending}.{file}") for ending in ("", "@2x"))
    assert (small["Content-Type"], large["Content-Type"]) == (media_type, media_type)
    assert small.content != large.content


@pytest.mark.parametrize(
    "path", ["/map", "/map?f=sld", "/sprite.png", "/sprite.json", "/map/legend", "/markets/metadata"]
)
def test_unchanged_is_told_without_a_body(anybody: Client, path: str) -> None:
    first = anybody.get(f"/oapi/styles{path}")
    again = anybody.get(f"/oapi/styles{path}", headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/parks", 404),
        ("/parks/legend", 404),
        ("/parks/metadata", 404),
        ("/sprite@3x.png", 404),
        ("/sprite.gif", 404),
        ("/images/parks.svg", 404),
        ("/map?f=qml", 400),
        ("/map?colour=red", 400),
        ("/map/legend?f=sld", 400),
        ("?limit=1", 400),
        ("/sprite.png?f=png&f=json", 400),
    ],
)
def test_bad_requests_are_problems(anybody: Client, path: str, status: int) -> None:
    response = anybody.get(f"/oapi/styles{path}")
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")


def test_only_reading(anybody: Client) -> None:
    response = anybody.put("/oapi/styles/map", "{}", content_type="application/json")
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, OPTIONS")
