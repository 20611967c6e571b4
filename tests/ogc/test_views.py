"""The OGC API door: documents, links, methods, formats, languages."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import FeatureMake, feature_body
from django.templatetags.static import static
from django.test import Client
from openapi_spec_validator import validate
from rest_framework.test import APIClient

from layers.catalog import Layer, layer_get, layers
from layers.ogc.formats import FORMATS, ItemsFormat

BASE = "http://testserver/oapi"


def get(client: Client, path: str, **params: str) -> dict[str, Any]:
    response = client.get(f"/oapi{path}", params)
    assert response.status_code == 200, response.content
    document: dict[str, Any] = json.loads(response.content)
    return document


def links(document: Any) -> Iterator[dict[str, str]]:
    if isinstance(document, dict):
        found = document.get("links", [])
        yield from found if isinstance(found, list) else []
        for part in document.values():
            yield from links(part)
    elif isinstance(document, list):
        for part in document:
            yield from links(part)


@pytest.mark.django_db
def test_every_link_from_the_landing_page_on_leads_somewhere(client: Client, feature_make: FeatureMake) -> None:
    for layer in layers():
        for number in range(1, 4):
            feature_make(layer, number)
    todo, seen = [f"{BASE}?f=json", f"{BASE}/collections/markets/items?limit=1&f=json"], set()
    while todo:
        href = todo.pop()
        if href in seen or not href.startswith(BASE) or href.endswith("/execution"):  # which takes POST only
            continue
        seen.add(href)
        response = client.get(href.format(tileMatrix=0, tileRow=0, tileCol=1 if "CRS84" in href else 0))
        assert response.status_code == 200, href
        if response.streaming:
            assert b"".join(response), href
        elif "json" in response["Content-Type"]:
            todo += [link["href"] for link in links(response.json())]
    assert len([href for href in seen if "/items" in href]) > 12


def test_links_say_what_they_are(client: Client) -> None:
    document = get(client, "")
    relations = {link["rel"] for link in document["links"]}
    assert {"self", "alternate", "service-desc", "service-doc", "conformance", "data"} <= relations
    ogc = {rel.removeprefix("http://www.opengis.net/def/rel/ogc/1.0/") for rel in relations if "/rel/ogc/" in rel}
    assert {"conformance", "processes", "tilesets-vector"} <= ogc
    assert all(link["title"] and link["type"] for link in links(document))
    assert next(link for link in document["links"] if link["rel"] == "data")["href"] == f"{BASE}/collections"


@pytest.mark.parametrize("path", ["/oapi", "/oapi/"])
def test_the_landing_page_answers_with_and_without_a_slash(client: Client, path: str) -> None:
    assert client.get(path).json()["title"] == "Geoportal Kota Mataram"


@pytest.mark.django_db
def test_titles_are_in_the_language_asked_for(client: Client) -> None:
    assert get(client, "/collections/markets")["title"] == "Pasar"
    assert get(client, "/collections/markets", lang="en")["title"] == "Markets"
    english = client.get("/oapi/collections/markets", headers={"Accept-Language": "en-GB,en;q=0.9"})
    assert english.json()["title"] == "Markets"
    assert english["Content-Language"] == "en"
    assert {"Accept", "Accept-Language", "Cookie"} <= set(english["Vary"].split(", "))
    client.cookies["django_language"] = "en"
    assert get(client, "/collections/markets")["title"] == "Markets"


@pytest.mark.django_db
def test_a_collection_says_what_it_offers(client: Client, layer: Layer) -> None:
    document = get(client, f"/collections/{layer.id}")
    assert document["id"] == layer.id
    assert document["itemType"] == "feature"
    assert document["storageCrs"] == "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
    assert tuple(document["crs"]) == layer.crs
    assert document["extent"]["spatial"]["bbox"] == [list(layer.bbox)]
    relations = [link["rel"].rsplit("/", 1)[-1] for link in document["links"]]
    assert {"items", "queryables", "schema", "license", "self"} <= set(relations)


def test_the_schema_describes_every_property(client: Client, layer: Layer) -> None:
    document = get(client, f"/collections/{layer.id}/schema", lang="en")
    assert list(document["properties"]) == ["id", "geom", *(known.name for known in layer.properties)]
    assert document["properties"]["geom"]["format"] == f"geometry-{layer.geometry_type.lower()}"
    for known in layer.properties:
        schema = document["properties"][known.name]
        codes = schema.get("items", schema).get("enum", [])
        assert schema["title"]
        assert isinstance(schema["type"], str)
        assert tuple(codes) == known.codes


def test_the_schema_knows_units_ranges_and_labels(client: Client) -> None:
    properties = get(client, "/collections/aid_posts/schema", lang="en")["properties"]
    assert properties["capacity"] | {"x-ogc-propertySeq": 0} == {
        "title": "capacity", "type": "integer", "minimum": 0, "maximum": 10_000_000, "x-ogc-unit": "people",
        "x-ogc-unitLang": "en", "x-ogc-propertySeq": 0,
    }  # fmt: skip
    assert {"const": "dapur_umum", "title": "Public kitchen"} in properties["type"]["oneOf"]
    assert properties["area"]["readOnly"] is True


def test_what_says_nothing_is_a_code_too(client: Client, layer: Layer, feature_make: FeatureMake) -> None:
    """Codes that may be left open are sent as "": the schema knows it, and it can be asked for."""
    properties = get(client, f"/collections/{layer.id}/schema", lang="en")["properties"]
    made = feature_make(layer)
    (feature,) = get(client, f"/collections/{layer.id}/items")["features"]
    for known in (known for known in layer.properties if known.choices and known.type == "string"):
        assert feature["properties"][known.name] in [*known.codes, None]
        if known.may_be_empty:
            assert properties[known.name]["enum"][-1] == ""
            assert properties[known.name]["oneOf"][-1] == {"const": "", "title": "not given"}
            layer.model.objects.filter(pk=made.pk).update(**{known.name: ""})
            for asked in ({known.name: ""}, {"filter": f"{known.name} = ''"}, {"filter": f"{known.name} IN ('')"}):
                assert get(client, f"/collections/{layer.id}/items", **asked)["numberMatched"] == 1
        elif known.required:
            assert client.get(f"/oapi/collections/{layer.id}/items", {known.name: ""}).status_code == 400


def test_queryables_are_what_items_can_be_filtered_by(client: Client, layer: Layer) -> None:
    document = get(client, f"/collections/{layer.id}/queryables")
    assert list(document["properties"]) == ["geom", *(known.name for known in layer.properties)]
    assert document["properties"]["geom"]["$ref"] == f"https://geojson.org/schema/{layer.geometry_type}.json"
    assert "type" not in document["properties"]["geom"]


def test_items_and_item_agree(client: Client, layer: Layer, feature_make: FeatureMake) -> None:
    made = feature_make(layer)
    page = get(client, f"/collections/{layer.id}/items")
    assert (page["type"], page["numberMatched"], page["numberReturned"]) == ("FeatureCollection", 1, 1)
    feature = get(client, f"/collections/{layer.id}/items/{made.id}")
    del feature["links"]
    assert page["features"] == [feature]


def test_pages_are_linked_to_the_end(client: Client, feature_make: FeatureMake) -> None:
    for number in range(6):
        feature_make(layer_get("markets"), number)
    href: str | None = f"{BASE}/collections/markets/items?limit=2&q=name&f=json"
    pages = []
    while href:
        page = client.get(href).json()
        pages.append([feature["id"] for feature in page["features"]])
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        href = following[0] if following else None
    assert [len(page) for page in pages] == [2, 2, 2]
    assert len({id for page in pages for id in page}) == 6
    assert page["numberMatched"] == 6


def test_a_page_for_people_leads_on_from_where_a_token_led(client: Client, feature_make: FeatureMake) -> None:
    for number in range(6):
        feature_make(layer_get("markets"), number)
    second = get(client, "/collections/markets/items", limit="2")["links"]
    page = client.get(next(link["href"] for link in second if link["rel"] == "next").replace("f=json", "f=html"))
    shown = page.context["document"]
    following = next(link["href"] for link in shown["links"] if link["rel"] == "next")
    third = client.get(following).context["document"]
    assert [[one["properties"]["code"] for one in found["features"]] for found in (shown, third)] == [
        ["T-0002", "T-0003"],
        ["T-0004", "T-0005"],
    ]


def test_offset_is_taken_and_links_back(client: Client, feature_make: FeatureMake) -> None:
    for number in range(6):
        feature_make(layer_get("markets"), number)
    page = get(client, "/collections/markets/items", limit="2", offset="3")
    back = next(link["href"] for link in page["links"] if link["rel"] == "prev")
    assert "offset=1" in back
    assert len(client.get(back).json()["features"]) == 2


@pytest.mark.django_db(transaction=True)
def test_an_etag_holds_until_the_data_changes(client: Client, layer: Layer, feature_make: FeatureMake) -> None:
    made = feature_make(layer)
    for path in (f"/oapi/collections/{layer.id}/items", f"/oapi/collections/{layer.id}/items/{made.id}"):
        first = client.get(path)
        assert first["Cache-Control"] == "public, no-cache"
        assert first["Last-Modified"]
        for etag in (first["ETag"], f"W/{first['ETag']}", f'"x", {first["ETag"]}'):
            again = client.get(path, headers={"If-None-Match": etag})
            assert (again.status_code, again.content) == (304, b"")
            assert again["ETag"] == ("W/" if etag.startswith("W/") else "") + first["ETag"]
        for other in ({"lang": "en"}, {"crs": "http://www.opengis.net/def/crs/EPSG/0/32750"}, {"f": "html"}):
            assert client.get(path, other, headers={"If-None-Match": first["ETag"]}).status_code == 200
        made.name += " x"
        made.save()
        changed = client.get(path, headers={"If-None-Match": first["ETag"]})
        assert changed.status_code == 200
        assert changed["ETag"] != first["ETag"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "path",
    [
        "collections/markets/items",
        "collections/markets/items?f=csv",
        "collections/markets/tiles/WebMercatorQuad/10/536/842",
        "styles/map",
    ],
)
def test_a_304_stands_for_the_compressed_answer_that_a_cache_has(
    client: Client, feature_make: FeatureMake, path: str
) -> None:
    """Of another strong ETag it could not be used, and without Accept-Encoding in Vary others would get what they
    cannot read (RFC 9111, 4.3.4 and 3.2)."""
    for number in range(20):
        feature_make(layer_get("markets"), number)
    first = client.get(f"/oapi/{path}", headers={"Accept-Encoding": "gzip"})
    assert first["Content-Encoding"] == "gzip"
    assert first.getvalue()
    again = client.get(f"/oapi/{path}", headers={"Accept-Encoding": "gzip", "If-None-Match": first["ETag"]})
    assert again.status_code == 304
    assert again["ETag"] == first["ETag"]
    assert {*again["Vary"].split(", ")} == {*first["Vary"].split(", ")}
    assert "Content-Type" not in again, "a cache would write it over the one that it has"
    assert "Content-Security-Policy" not in again


def test_a_part_of_a_file_is_the_bytes_of_the_range_asked_for(client: Client) -> None:
    asked = {"Accept-Encoding": "gzip", "Range": "bytes=0-999"}
    part = client.get(static("layers/portal.css"), headers=asked)
    assert (part.status_code, part["Content-Range"].partition("/")[0]) == (206, "bytes 0-999")
    assert "Content-Encoding" not in part
    assert part["Vary"] == "Accept-Encoding", "as that of the whole file"
    assert len(part.getvalue()) == 1000


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "format", [known for known in FORMATS.values() if not known.pages], ids=lambda known: known.name
)
def test_a_download_is_all_that_matches_unless_limited(
    client: Client, format: ItemsFormat, feature_make: FeatureMake
) -> None:
    for number in range(1, 121):
        feature_make(layer_get("markets"), number)
    path = "/oapi/collections/markets/items"
    whole = client.get(path, headers={"Accept": format.media_type})
    assert (whole.status_code, whole["Content-Type"]) == (200, format.media_type)
    assert whole["Content-Disposition"] == f'attachment; filename="markets.{format.extension}"'
    assert whole["Content-Crs"] == "<http://www.opengis.net/def/crs/OGC/1.3/CRS84>"
    assert 'rel="self"; type="' + format.media_type in whole["Link"]
    body = b"".join(whole)
    some = b"".join(client.get(path, {"f": format.name, "limit": "5", "lang": "id"}))
    if format.name in ("csv", "geojsonseq"):
        assert (body.count(b"T-0"), some.count(b"T-0")) == (120, 5)
    assert 0 < len(some) <= len(body)
    assert client.head(path, {"f": format.name}).status_code == 200
    again = client.get(path, headers={"Accept": format.media_type, "If-None-Match": whole["ETag"]})
    assert (again.status_code, again["ETag"].removeprefix("W/")) == (304, whole["ETag"].removeprefix("W/"))


def test_jsonfg_is_a_page_and_an_item(client: Client, layer: Layer, feature_make: FeatureMake) -> None:
    made = feature_make(layer)
    utm = "http://www.opengis.net/def/crs/EPSG/0/32750"
    page = get(client, f"/collections/{layer.id}/items", f="jsonfg", crs=utm)
    assert (page["type"], page["featureType"], page["coordRefSys"]) == ("FeatureCollection", layer.id, utm)
    assert "http://www.opengis.net/spec/json-fg-1/1.0/conf/core" in page["conformsTo"]
    (feature,) = page["features"]
    assert feature["geometry"]["type"] == feature["place"]["type"] == layer.geometry_type
    item = get(client, f"/collections/{layer.id}/items/{made.id}", f="jsonfg", crs=utm)
    assert {name: item[name] for name in feature} == feature
    assert client.get(f"/oapi/collections/{layer.id}/items/{made.id}", {"f": "csv"}).status_code == 400


def test_answers_to_people_who_are_signed_in_are_private(client: Client, feature_make: FeatureMake) -> None:
    feature_make(layer_get("markets"))
    answer = client.get("/oapi/collections/markets/items", headers={"Authorization": "Token x"})
    assert answer["Cache-Control"] == "private, no-cache"
    assert "Authorization" in answer["Vary"]


def test_content_crs_names_the_crs(client: Client, feature_make: FeatureMake) -> None:
    made = feature_make(layer_get("markets"))
    utm = "http://www.opengis.net/def/crs/EPSG/0/32750"
    for path in ("/oapi/collections/markets/items", f"/oapi/collections/markets/items/{made.id}"):
        assert client.get(path)["Content-Crs"] == "<http://www.opengis.net/def/crs/OGC/1.3/CRS84>"
        assert client.get(path, {"crs": utm})["Content-Crs"] == f"<{utm}>"


@pytest.mark.parametrize(
    ("path", "type"),
    [
        ("", "application/json"),
        ("/conformance", "application/json"),
        ("/openapi", "application/vnd.oai.openapi+json;version=3.0"),
        ("/collections", "application/json"),
        ("/collections/markets", "application/json"),
        ("/collections/markets/schema", "application/schema+json"),
        ("/collections/markets/queryables", "application/schema+json"),
        ("/collections/markets/items", "application/geo+json"),
    ],
)
@pytest.mark.django_db
def test_format_by_parameter_and_by_accept(client: Client, path: str, type: str) -> None:
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    assert client.get(f"/oapi{path}")["Content-Type"] == type
    assert client.get(f"/oapi{path}", headers={"Accept": "*/*"})["Content-Type"] == type
    assert client.get(f"/oapi{path}", headers={"Accept": "image/png"})["Content-Type"] == type
    assert client.get(f"/oapi{path}", headers={"Accept": "application/json"})["Content-Type"] == type
    assert client.get(f"/oapi{path}", headers={"Accept": browser})["Content-Type"].startswith("text/html")
    assert client.get(f"/oapi{path}?f=json", headers={"Accept": browser})["Content-Type"] == type
    assert client.get(f"/oapi{path}?f=html")["Content-Type"].startswith("text/html")
    assert client.get(f"/oapi{path}?f=xml").status_code == 400


@pytest.mark.parametrize("path", ["", "/conformance", "/openapi"])
def test_strangers_pass_where_qgis_sends_them(client: Client, path: str) -> None:
    assert client.get(f"/oapi{path}", {"SERVICE": "WFS", "REQUEST": "GetCapabilities"}).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["", "/collections", "/collections/markets/schema", "/collections/markets/items"])
def test_methods(client: Client, path: str) -> None:
    options = client.options(f"/oapi{path}")
    assert (options.status_code, options["Allow"], options.content) == (204, "GET, HEAD, OPTIONS", b"")
    head = client.head(f"/oapi{path}")
    assert (head.status_code, head.content) == (200, b"")
    assert int(head["Content-Length"]) > 100
    for method in ("PUT", "PATCH", "DELETE", "POST")[: 3 if path.endswith("items") else 4]:
        refused = Client(enforce_csrf_checks=True).generic(method, f"/oapi{path}", b"{}")
        assert (refused.status_code, refused["Allow"]) == (405, "GET, HEAD, OPTIONS")
        assert refused["Content-Type"] == "application/problem+json"


@pytest.mark.django_db
def test_who_writes_must_say_who_he_is(client: Client) -> None:
    for method, path in (("POST", "items"), ("PUT", "items/1"), ("PATCH", "items/1"), ("DELETE", "items/1")):
        refused = client.generic(method, f"/oapi/collections/markets/{path}", b"{}", "application/geo+json")
        assert (refused.status_code, refused["WWW-Authenticate"].split()[0]) == (401, "Basic")


def test_the_etag_of_a_new_item_is_the_one_it_is_read_with(
    client_with: Callable[..., APIClient], transactional_db: None, layer: Layer
) -> None:
    writer = client_with(layer, "add", "change")
    created = writer.post(f"/oapi/collections/{layer.id}/items", feature_body(layer), format="json")
    assert created.status_code == 201, created.content
    read = writer.get(created["Location"])
    assert read["ETag"] == created["ETag"]
    allowed = writer.options(created["Location"])["Allow"].split(", ")
    assert set(allowed) == {"GET", "HEAD", "OPTIONS", "PUT", "PATCH"}


@pytest.mark.parametrize("language", ["id", "en"])
def test_the_openapi_document_is_valid_and_complete(client: Client, language: str) -> None:
    response = client.get("/oapi/openapi", {"lang": language})
    document = response.json()
    validate(document)
    assert len(response.content) < 300_000
    limit = document["components"]["parameters"]["limit"]["schema"]
    assert (limit["default"], limit["maximum"]) == (100, 10_000)
    for layer in layers():
        names = [part.get("name") for part in document["paths"][f"/collections/{layer.id}/items"]["get"]["parameters"]]
        assert {known.name for known in layer.properties} <= set(names)
    assert "$ref" not in json.dumps(document).replace('"$ref": "#/', "")


@pytest.mark.django_db
def test_only_parameters_that_the_document_allows_are_taken(client: Client) -> None:
    """Requirement query-param-unknown of Features Part 1; ``others`` allows any, where nothing depends on them."""
    paths = client.get("/oapi/openapi").json()["paths"]
    others = {"$ref": "#/components/parameters/others"}
    taken, allowed = {}, {}
    for path, operations in paths.items():
        if "get" in operations and "{" not in path:
            allowed[path] = 200 if others in operations["get"]["parameters"] else 400
            taken[path] = client.get(f"/oapi{path}", {"foo": "1", "f": "json"}).status_code
    assert taken == allowed
    assert set(allowed.values()) == {200, 400}


def test_web_maps_of_other_sites_may_read(client: Client) -> None:
    response = client.get("/oapi", headers={"Origin": "https://peta.example"})
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "Content-Crs" in response["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in response


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {"if-none-match"}),
        ("OPTIONS", {"authorization"}),
        ("POST", {"authorization", "content-crs", "content-type"}),
        ("PUT", {"authorization", "content-crs", "content-type", "if-match"}),
        ("PATCH", {"authorization", "content-crs", "content-type", "if-match"}),
        ("DELETE", {"authorization", "if-match"}),
    ],
)
def test_web_maps_of_other_sites_may_ask_and_write(client: Client, method: str, headers: set[str]) -> None:
    """What a browser asks before it sends such a request (a preflight, as Fetch calls it)."""
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": ",".join(sorted(headers))}
    answer = client.options("/oapi/collections/markets/items/1", headers={"Origin": "https://peta.example", **asked})
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (200, "*")
    assert method in answer["Access-Control-Allow-Methods"].split(", ")
    assert headers <= set(answer["Access-Control-Allow-Headers"].split(", "))
    assert "Access-Control-Allow-Credentials" not in answer
