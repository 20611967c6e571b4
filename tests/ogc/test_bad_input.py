"""Whatever is asked wrongly is a 4xx that says what would be right, at every layer."""

import json
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from conftest import FeatureMake
from django.test import Client

from layers.catalog import Layer, layer_get
from layers.query.params import PARAMETERS

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"

ITEMS = [
    ("bbox=1,2,3", "bbox"),
    ("bbox=1,2,3,4,5", "bbox"),
    ("bbox=a,b,c,d", "bbox"),
    ("bbox=nan,nan,nan,nan", "bbox"),
    ("bbox=1,2,inf,4", "bbox"),
    ("bbox=116,-8,117,-9", "bbox"),
    ("bbox=-181,-91,181,91", "bbox"),
    ("bbox=", "bbox"),
    ("bbox=%00", "bbox"),
    (f"bbox=1e300,1e300,1e301,1e301&bbox-crs={EPSG}32750", "bbox"),
    (f"bbox=500000,9000000,400000,9100000&bbox-crs={EPSG}32750", "bbox"),
    ("bbox=1,2,3,4&bbox-crs=EPSG:4326", "bbox-crs"),
    (f"bbox-crs={EPSG}32750", "bbox-crs"),
    ("crs=nowhere", "crs"),
    (f"crs={EPSG}2154", "crs"),
    ("datetime=yesterday", "datetime"),
    ("datetime=2026-13-01", "datetime"),
    ("datetime=2026-01-02/2026-01-01", "datetime"),
    ("datetime=1/2/3", "datetime"),
    ("datetime=", "datetime"),
    ("datetime=1989-05-11T13:16:22%2B17:59", "datetime"),
    ("limit=0", "limit"),
    ("limit=-5", "limit"),
    ("limit=ten", "limit"),
    ("limit=99999999999999999999999", "limit"),
    ("limit=5&limit=6", "limit"),
    ("offset=-1", "offset"),
    ("offset=1&next=x", "offset"),
    ("offset=99999999999999999999999", "offset"),
    ("properties=tak_ada", "properties"),
    ("sortby=tak_ada", "sortby"),
    ("sortby=-", "sortby"),
    ("skipGeometry=maybe", "skipGeometry"),
    ("f=shapefile", "f"),
    ("lang=fr", "lang"),
    ("lang=", "lang"),
    ("lang=%00", "lang"),
    ("name=%00", "name"),
    ("q=%00", "q"),
    ("observed_at=soon", "observed_at"),
    ("observed_at=1989-05-11T13:16:22-16:00", "observed_at"),
    ("tak_ada=1", "tak_ada"),
    ("filter=tak_ada=1", "filter"),
    ("filter=", "filter"),
    ("filter=%00", "filter"),
    ("filter=observed_at='1989-05-11T13:16:22%2B17:59'", "filter"),
    ("filter-lang=cql2-text", "filter-lang"),
    ("filter-crs=x", "filter-crs"),
    ("filter=name='x'&filter-lang=cql", "filter-lang"),
    ("filter=name='x'&filter-crs=EPSG:4326", "filter-crs"),
    ("next=x", "next"),
    ("next=", "next"),
    ("name[$ne]=x", "name[$ne]"),
    ("contact_name=x", "contact_name"),
]


ATTACKS = [
    "x' OR '1'='1",
    "1; DROP TABLE layers_market; --",
    'x" OR 1=1 --',
    "x') UNION SELECT username, password FROM auth_user --",
    "(SELECT pg_sleep(100))",
    "%s %(a)s %%",
    "\\'; --",
]


def assert_problem(response, status: int) -> dict[str, str]:  # type: ignore[no-untyped-def]
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    document = json.loads(response.content)
    assert document["status"] == status
    assert document["detail"]
    return document


@pytest.mark.django_db
@pytest.mark.parametrize(("query", "parameter"), ITEMS, ids=[query for query, _ in ITEMS])
def test_items(client: Client, layer: Layer, query: str, parameter: str) -> None:
    problem = assert_problem(client.get(f"/oapi/collections/{layer.id}/items?{query}"), 400)
    assert problem["parameter"] == parameter


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("opens_at=25:00", "opens_at"),
        ("opens_at=06:30%2B08:00", "opens_at"),
        ("opens_at=06:30%2B17:59", "opens_at"),
        ("filter=opens_at<'06:30%2B17:59'", "filter"),
    ],
)
def test_times_of_day(client: Client, query: str, parameter: str) -> None:
    assert assert_problem(client.get(f"/oapi/collections/markets/items?{query}"), 400)["parameter"] == parameter


@pytest.mark.parametrize("attack", ATTACKS)
def test_sql_in_every_parameter_is_a_word_or_a_fault(
    client: Client, layer: Layer, feature_make: FeatureMake, attack: str
) -> None:
    feature = feature_make(layer)
    path = f"/oapi/collections/{layer.id}/items"
    literal = "code = '" + attack.replace("'", "''") + "'"
    for name in (*PARAMETERS, *(known.name for known in layer.properties)):
        for known in ({name: attack}, {name: f"name,{attack}"}, {name: literal}, {attack: name}):
            answer = client.get(path, {"filter": "true"} | known if name.startswith("filter-") else known)
            if answer.status_code == 200:
                assert answer.json()["features"] == [], known
            else:
                assert_problem(answer, 400)
    assert layer.model.objects.get() == feature


@pytest.mark.django_db
@pytest.mark.parametrize(
    "id", ["abc", "-1", "1.5", "99999999999999999999999", "1%00", "%00", "0x1", "1'--", "9" * 5000]
)
def test_item_ids(client: Client, layer: Layer, id: str) -> None:
    assert_problem(client.get(f"/oapi/collections/{layer.id}/items/{id}"), 404)


def test_page_tokens_of_others_and_made_up(client: Client, feature_make: FeatureMake) -> None:
    for number in range(3):
        feature_make(layer_get("markets"), number)
    path = "/oapi/collections/{}/items"
    page = client.get(path.format("markets"), {"limit": "1"}).json()
    (link,) = (link["href"] for link in page["links"] if link["rel"] == "next")
    token = parse_qs(urlsplit(link).query)["next"][0]
    assert client.get(link).status_code == 200
    tampered = token[:5] + ("A" if token[5] != "A" else "B") + token[6:]
    for layer, given in (
        ("markets", {"next": tampered}),
        ("markets", {"next": token.rpartition(":")[0]}),
        ("markets", {"next": token + "A"}),
        ("markets", {"next": token, "sortby": "name"}),
        ("aid_posts", {"next": token}),
    ):
        assert assert_problem(client.get(path.format(layer), given), 400)["parameter"] == "next"


@pytest.mark.django_db
@pytest.mark.parametrize("suffix", ["", "/items", "/items/1", "/schema", "/queryables"])
@pytest.mark.parametrize("id", ["pasar", "Markets", "markets%00", quote("markets' --"), "x" * 5000])
def test_collections(client: Client, id: str, suffix: str) -> None:
    problem = assert_problem(client.get(f"/oapi/collections/{id}{suffix}", {"lang": "en"}), 404)
    assert "administrative_areas, markets, disaster_zones" in problem["detail"]


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["f=xml", "f=", "f=%00"])
@pytest.mark.parametrize("path", ["", "/conformance", "/openapi", "/collections", "/collections/markets/schema"])
def test_formats(client: Client, path: str, query: str) -> None:
    assert assert_problem(client.get(f"/oapi{path}?{query}"), 400)["parameter"] == "f"


@pytest.mark.parametrize("path", ["/oapi/nothing", "/oapi/collections/", "/nothing", "/%00"])
def test_addresses_that_are_not_there(client: Client, path: str) -> None:
    assert_problem(client.get(path), 404)


@pytest.mark.django_db
def test_a_browser_is_shown_a_page(client: Client) -> None:
    response = client.get("/oapi/collections/pasar", headers={"Accept": "text/html"})
    assert response.status_code == 404
    assert "administrative_areas" in response.content.decode()
    assert response["Content-Type"].startswith("text/html")
