"""The HTML pages, without a browser: every one in both languages, with nothing from elsewhere and nothing unescaped."""

import re
from contextlib import closing
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest
from conftest import FeatureMake
from django.conf import settings
from django.test import Client

from layers.catalog import Layer, layer_get

HOSTILE = "</script><b>'\"&amp;"


class Loaded(HTMLParser):
    """The addresses that a browser fetches without being asked, and the tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.tags.append(tag)
        address = given.get("href") if tag == "link" else given.get("src")
        if address and given.get("rel") != "alternate":
            self.addresses.append(address)


def html(client: Client, path: str, language: str = "id", status: int = 200) -> str:
    response = client.get(path, {"f": "html", "lang": language})
    assert response.status_code == status
    assert response["Content-Type"] == "text/html; charset=utf-8"
    page: str = response.content.decode()
    assert f'<html lang="{language}">' in page
    assert all(address.startswith("/static/") for address in Loaded(page).addresses), path
    return page


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("background", "elsewhere"),
    [
        ("", ""),
        ("/srv/peta.pmtiles", ""),
        ("https://tiles.example/{z}/{x}/{y}.png", "https://tiles.example"),
        ("https://tiles.example:8443/peta.pmtiles", "https://tiles.example:8443"),
        ("https://tiles.example/style.json?key=a", "https://tiles.example https:"),
        ("http://tiles.example/style.json", "http://tiles.example https: http:"),
    ],
)
def test_pages_load_only_what_is_theirs(client: Client, settings: Any, background: str, elsewhere: str) -> None:
    settings.MAP_BACKGROUND, settings.EVENTS_URL = background, "http://127.0.0.1:8001/events"
    pages = [client.get(path) for path in ("/", "/oapi?f=html", "/admin/login/", "/nowhere?f=html")]
    (policy,) = {page["Content-Security-Policy"] for page in pages}
    directives = {words[0]: words[1:] for words in map(str.split, policy.split(";"))}
    assert directives["default-src"] == ["'self'"]
    assert "script-src" not in directives
    assert directives["connect-src"] == [
        "'self'",
        "blob:",
        "data:",
        *elsewhere.split()[:1],
        "http://127.0.0.1:8001",
        *elsewhere.split()[1:],
    ]
    assert directives["object-src"] == directives["base-uri"] == directives["frame-ancestors"] == ["'none'"]
    assert "Content-Security-Policy" not in client.get("/oapi?f=json")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/oapi/collections", "/api/v1/markets/", "/admin/", "/healthz", "/nowhere"])
def test_a_name_that_is_not_the_portals_is_told(client: Client, path: str) -> None:
    asked = {"lang": "en", "f": "json"}
    refused = client.get(path, asked, headers={"host": "<b>.example"})
    assert (refused.status_code, refused["Content-Type"]) == (400, "application/problem+json")
    assert "'<b>.example'. The operators add" in refused.json()["detail"]
    page = client.get(path, {"lang": "id"}, headers={"host": "<b>.example", "accept": "text/html"})
    assert page.status_code == 400
    assert "&lt;b&gt;.example" in page.content.decode()


@pytest.mark.parametrize("path", ["/", "/oapi/collections", "/api/v1/markets/", "/nowhere"])
@pytest.mark.parametrize("accept", ["*/*", "text/html"])
def test_more_parameters_than_are_read_are_refused(client: Client, path: str, accept: str) -> None:
    refused = client.get(f"{path}?{'a&' * 1001}", headers={"accept": accept})
    assert (refused.status_code, refused["Content-Type"]) == (400, "application/problem+json")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/oapi?f=html", "/admin/login/"])
def test_browsers_keep_the_files_of_a_page_until_the_next_release(client: Client, path: str) -> None:
    addresses = Loaded(client.get(path).content.decode()).addresses
    files = [address for address in addresses if address.startswith(f"/static/{settings.RELEASE}/")]
    assert len(files) >= 3
    for address in files:
        with closing(client.get(address)) as response:
            assert "immutable" in response["Cache-Control"], address


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/oapi", "/oapi/collections", "/oapi/processes"])
def test_headings_skip_no_level(client: Client, path: str) -> None:
    levels = [int(tag[1]) for tag in Loaded(html(client, path)).tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.django_db
def test_the_landing_page_leads_to_the_map(client: Client) -> None:
    assert '<a href="/">Peta langsung</a>' in html(client, "/oapi")


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "word"), [("id", "Kesesuaian"), ("en", "Conformance")])
@pytest.mark.parametrize("path", ["/oapi", "/oapi/collections", "/oapi/conformance", "/oapi/openapi"])
def test_page_of_the_portal(client: Client, path: str, language: str, word: str) -> None:
    assert word in html(client, path, language)


@pytest.mark.parametrize("language", ["id", "en"])
def test_pages_of_a_layer(client: Client, layer: Layer, feature_make: FeatureMake, language: str) -> None:
    feature = feature_make(layer, name="Nama satu")
    here = f"/oapi/collections/{layer.id}"
    for path in (here, f"{here}/schema", f"{here}/queryables", f"{here}/items"):
        assert layer.title[language] in html(client, path, language)
    for path in (f"{here}/items", f"{here}/items/{feature.pk}"):
        assert "Nama satu" in html(client, path, language)


def test_nothing_is_left_unescaped(client: Client, feature_make: FeatureMake) -> None:
    layer = layer_get("markets")
    feature = feature_make(layer, name=HOSTILE, address=HOSTILE, source=HOSTILE)
    for path in ("/oapi/collections/markets/items", f"/oapi/collections/markets/items/{feature.pk}"):
        page = html(client, path)
        assert page.count("&lt;/script&gt;&lt;b&gt;&#x27;&quot;&amp;amp;") >= 3
        assert HOSTILE not in page
        assert "</script><b>" not in page


@pytest.mark.django_db
def test_fault_has_a_page_with_a_way_back(client: Client) -> None:
    page = html(client, "/oapi/collections/<b>", "en", status=404)
    assert "b" not in Loaded(page).tags
    assert "&lt;b&gt;" in page
    assert 'href="/oapi"' in page


def test_a_form_without_its_token_is_told_as_every_fault() -> None:
    strict = Client(enforce_csrf_checks=True, headers={"Accept-Language": "en"})
    told = strict.post("/admin/login/")
    assert (told.status_code, told["Content-Type"]) == (403, "application/problem+json")
    page = strict.post("/admin/login/", headers={"Accept": "text/html"})
    assert (page.status_code, page["Content-Type"]) == (403, "text/html; charset=utf-8")
    assert told.json()["detail"] in page.content.decode()
    assert "Allow cookies, go back to the page before" in told.json()["detail"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/oapi/collections/nirwana", "/oapi/collections?lang=fr", "/nirwana"])
def test_a_fault_says_what_its_form_follows_from(client: Client, path: str) -> None:
    """Caches may keep a 404, and give the page to programs and the document to browsers."""
    for accept, media_type in (("text/html", "text/html; charset=utf-8"), ("*/*", "application/problem+json")):
        answer = client.get(path, headers={"Accept": accept})
        assert answer["Content-Type"] == media_type
        assert {"Accept", "Accept-Language", "Cookie"} <= {*answer["Vary"].split(", ")}


@pytest.mark.django_db
def test_coordinates_of_another_crs_are_not_drawn(client: Client) -> None:
    asked = {"f": "html", "crs": "http://www.opengis.net/def/crs/EPSG/0/32750"}
    page = client.get("/oapi/collections/markets/items", asked).content.decode()
    assert 'class="map"' not in page


def test_each_format_of_items_is_offered_by_its_name(client: Client, feature_make: FeatureMake) -> None:
    feature_make(layer_get("markets"))
    page = html(client, "/oapi/collections/markets/items")
    for name in ("GeoJSON", "JSON-FG", "CSV", "GeoJSON-Seq", "FlatGeobuf", "GeoPackage"):
        assert f">{name}</a>" in page


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "word"), [("id", "Petak vektor"), ("en", "Vector tiles")])
@pytest.mark.parametrize("tms", ["", "/WebMercatorQuad", "/WorldCRS84Quad"])
def test_pages_of_tiles(client: Client, layer: Layer, tms: str, language: str, word: str) -> None:
    """Of a collection and of the dataset, for who asks by ``f`` or as browsers do; programs go on to get JSON."""
    for start in (f"/oapi/collections/{layer.id}", "/oapi"):
        path = f"{start}/tiles{tms}"
        page = html(client, path, language)
        assert f"<title>{word}" in page
        assert ("f=tilejson" in page) == bool(tms)
        assert (layer.title[language] in page) == bool(tms or start != "/oapi")
        asked = {"accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "accept-language": language}
        assert client.get(path, headers=asked).content.decode().count(word) == page.count(word)
        assert client.get(path, headers={"accept": "*/*"})["Content-Type"] == "application/json"
        assert client.get(path, {"f": "json"}, headers=asked)["Content-Type"] == "application/json"


@pytest.mark.django_db
def test_page_of_chosen_tiles_keeps_the_choice(client: Client) -> None:
    page = client.get("/oapi/tiles/WebMercatorQuad?collections=markets,aid_posts&f=html").content.decode()
    assert page.count("/tiles/WebMercatorQuad?collections=markets,aid_posts&amp;f=tilejson") == 2
    assert "/tiles/WebMercatorQuad/{z}/{y}/{x}?collections=markets,aid_posts<" in page
    assert "parking_spots" not in page


@pytest.mark.parametrize("path", ["/", "/background.pmtiles", "/events", "/healthz", "/readyz"])
@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_what_is_only_read_takes_no_other_method(db: None, path: str, method: str) -> None:
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    answer = getattr(client, method)(path)
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert answer.json()["detail"].startswith(f"{method.upper()} is not allowed here.")
