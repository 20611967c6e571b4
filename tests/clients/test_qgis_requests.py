"""Reading as QGIS 3.40 does it: what it asks for when it opens a layer, its filters, its coordinates."""

from typing import Any

import pytest
from conftest import FeatureMake, place
from django.contrib.gis.geos import Point
from django.utils.translation import override
from editors import GEOJSON
from pyproj import Transformer
from qgis_http import QgisHttp, encoded

from layers.catalog import Layer, layer_get

pytestmark = pytest.mark.django_db(transaction=True)

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
SCHEMA = "application/schema+json"
REL = "http://www.opengis.net/def/rel/ogc/1.0"


@pytest.fixture
def qgis(live_server: Any) -> QgisHttp:
    return QgisHttp(live_server.url)


def link(document: dict[str, Any], rel: str, type: str) -> str:
    """The one link of a relation and a media type; QGIS follows no relative one."""
    (href,) = (one["href"] for one in document["links"] if (one["rel"], one.get("type")) == (rel, type))
    assert href.startswith("http://")
    return str(href)


def in_english(words: Any) -> str:
    with override("en"):
        return str(words)


def codes(page: dict[str, Any]) -> list[str]:
    return [feature["properties"]["code"] for feature in page["features"]]


def test_a_layer_is_opened(qgis: QgisHttp, feature_make: FeatureMake, layer: Layer) -> None:
    for number in range(1, 13):
        feature_make(layer, number)

    detected = qgis("GET", "?SERVICE=WFS&REQUEST=GetCapabilities&ACCEPTVERSIONS=2.0.0,1.1.0,1.0.0")
    landing = qgis("GET", "", "application/json")
    assert (detected.status, detected.headers["Content-Type"]) == (200, "application/json")
    assert detected.json().keys() == landing.json().keys()

    api = qgis("GET", link(landing.json(), "service-desc", OPENAPI), f"{OPENAPI}, application/json")
    limit = api.json()["components"]["parameters"]["limit"]["schema"]
    assert (api.headers["Content-Type"], min(max(1000, limit["default"]), limit["maximum"])) == (OPENAPI, 1000)

    collection = qgis(
        "GET", f"{link(landing.json(), 'data', 'application/json')}/{layer.id}", "application/json"
    ).json()
    assert collection["storageCrs"] == CRS84
    assert {CRS84, f"{EPSG}32750"} <= set(collection["crs"])

    conforms = qgis("GET", link(landing.json(), "conformance", "application/json"), "application/json").json()
    cql2, features = "http://www.opengis.net/spec/cql2/1.0/conf", "http://www.opengis.net/spec/ogcapi-features"
    assert {
        f"{cql2}/cql2-text",
        f"{cql2}/basic-cql2",
        f"{cql2}/advanced-comparison-operators",
        f"{cql2}/case-insensitive-comparison",
        f"{cql2}/basic-spatial-operators",
        f"{cql2}/basic-spatial-functions",
        f"{features}-2/1.0/conf/crs",
        f"{features}-3/1.0/conf/filter",
        f"{features}-3/1.0/conf/features-filter",
        f"{features}-5/1.0/conf/schemas",
        "http://www.opengis.net/spec/ogcapi-common-3/1.0/conf/schemas",
    } <= set(conforms["conformsTo"])

    queryables = qgis("GET", link(collection, f"{REL}/queryables", SCHEMA), SCHEMA).json()["properties"]
    assert {name: known.get("type") for name, known in queryables.items()} == {
        known.name: known.type for known in layer.properties
    } | {"geom": None}
    assert {name for name, known in queryables.items() if known.get("format") == "date-time"} == {
        known.name for known in layer.properties if known.format == "date-time"
    }

    items = link(collection, "items", GEOJSON).partition("?")[0]
    first = qgis("GET", f"{items}?limit=10", f"{GEOJSON}, application/json")
    page = first.json()
    assert (first.headers["Content-Type"], page["numberMatched"], len(page["features"])) == (GEOJSON, 12, 10)
    for feature in page["features"]:
        assert list(feature["properties"]) == [known.name for known in layer.properties]
        assert feature["geometry"]["type"] == layer.geometry_type
    again = qgis("GET", f"{items}?limit=10", f"{GEOJSON}, application/json", If_None_Match=first.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    assert qgis("GET", f"{items}?limit=1", GEOJSON).json()["numberMatched"] == 12

    for address in (items, f"{items}/{page['features'][0]['id']}"):
        options = qgis("OPTIONS", address)
        assert (options.status, options.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")


def test_fields_have_aliases_in_their_order(qgis: QgisHttp, layer: Layer) -> None:
    """Newer QGIS reads them from the schema: what has a type is a field; two of one number undo the order."""
    collection = qgis("GET", f"/collections/{layer.id}", "application/json").json()
    properties = qgis("GET", link(collection, f"{REL}/schema", SCHEMA), SCHEMA).json()["properties"]
    fields = {known["x-ogc-propertySeq"]: (name, known) for name, known in properties.items() if "type" in known}
    assert len(fields) == len(layer.properties) + 1
    assert [
        (name, known["title"], known["type"], known.get("readOnly", False))
        for _, (name, known) in sorted(fields.items())
    ] == [
        ("id", "id", "integer", True),
        *((known.name, in_english(known.title), known.type, known.read_only) for known in layer.properties),
    ]
    assert [name for name, known in properties.items() if known.get("x-ogc-role") == "primary-geometry"] == ["geom"]


@pytest.fixture
def markets(feature_make: FeatureMake) -> None:
    layer = layer_get("markets")
    feature_make(
        layer,
        1,
        name="Pasar Café",
        kiosks=10,
        los=3,
        sni_certified=True,
        type="pasar_induk",
        observed_at="2026-01-02T08:00:00+08:00",
        geom=Point(116.10, -8.58, srid=4326),
    )
    feature_make(
        layer,
        2,
        name="pasar O'Brien 100%",
        kiosks=8,
        los=5,
        sni_certified=False,
        observed_at="2026-01-03T00:30:00+08:00",
        geom=Point(116.20, -8.58, srid=4326),
    )
    feature_make(layer, 3, name="Toko a+b & c\\", geom=Point(116.30, -8.50, srid=4326))


UTM = Transformer.from_crs(4326, 32750, always_xy=True)
EAST, NORTH = UTM.transform(116.10, -8.58)

FILTERS = [
    ('"sni_certified"', [1]),
    ('(NOT ("sni_certified"))', [2]),
    ('("sni_certified" = TRUE)', [1]),
    ('("is_price_reference" = FALSE)', [1, 2, 3]),
    ("(kiosks = 10)", [1]),
    ("(kiosks <> 10)", [2]),
    ("(kiosks >= 8.5)", [1]),
    ("(kiosks = NULL)", []),
    ("(kiosks IS NULL)", [3]),
    ("(kiosks IS NOT NULL)", [1, 2]),
    ("(kiosks = ( - (-10)))", [1]),
    ("((kiosks + los) = 13)", [1, 2]),
    ("((kiosks - los) = 3)", [2]),
    ("(((kiosks * 2) / 5) > 3.5)", [1]),
    ("((kiosks % los) = 1)", [1]),
    ("((los ^ 2) = 25)", [2]),
    ("(kiosks > los)", [1, 2]),
    ("kiosks BETWEEN 9 AND 20", [1]),
    ("kiosks NOT BETWEEN 9 AND 20", [2]),
    ("kiosks IN (8,9)", [2]),
    ("type NOT IN ('pasar_induk','pasar_modern')", [2, 3]),
    ("(name = 'pasar O''Brien 100%')", [2]),
    ("(name LIKE 'Toko a+b & c%')", [3]),
    (r"(name LIKE '%\\')", [3]),
    ("(name LIKE 'Pasar%')", [1]),
    ("(name NOT LIKE 'Pasar%')", [2, 3]),
    ("(CASEI(name) LIKE CASEI('PASAR CAFÉ'))", [1]),
    ("(CASEI(name) NOT LIKE CASEI('pasar%'))", [3]),
    ("((name LIKE 'Pasar%') OR (kiosks IS NULL))", [1, 3]),
    ("((kiosks > 5) AND (\"observed_at\" > TIMESTAMP('2026-01-02T00:00:00.000Z')))", [2]),
    ("(\"observed_at\" = TIMESTAMP('2026-01-02T16:30:00.000Z'))", [2]),
    ("(\"observed_at\" >= DATE('2026-01-03'))", [2]),
    ("S_INTERSECTS(geom,BBOX(116.05,-8.6,116.25,-8.55))", [1, 2]),
    ("S_INTERSECTS(geom,POINT(116.2 -8.58))", [2]),
    ("(S_INTERSECTS(geom,BBOX(116.05,-8.6,116.25,-8.55)) AND (kiosks = 8))", [2]),
]


@pytest.mark.usefixtures("markets")
@pytest.mark.parametrize(("filter", "numbers"), FILTERS)
def test_a_filter(qgis: QgisHttp, filter: str, numbers: list[int]) -> None:
    asked = f"limit=1000&filter={encoded(filter)}&filter-lang=cql2-text"
    answer = qgis("GET", f"/collections/markets/items?{asked}", f"{GEOJSON}, application/json")
    assert answer.status == 200, answer.body
    page, everything = answer.json(), qgis("GET", "/collections/markets/items?limit=1000", GEOJSON).json()
    assert page["features"] == [everything["features"][number - 1] for number in numbers]
    assert page["numberMatched"] == page["numberReturned"] == len(numbers)


@pytest.mark.usefixtures("markets")
@pytest.mark.parametrize(
    ("crs", "box"),
    [
        ("32750", (EAST - 500, NORTH - 500, EAST + 500, NORTH + 500)),
        ("4326", (-8.585, 116.095, -8.575, 116.105)),
    ],
)
def test_a_filter_in_the_crs_of_the_layer(qgis: QgisHttp, crs: str, box: tuple[float, ...]) -> None:
    bounds = ",".join(map(str, box))
    filter = encoded(f"S_INTERSECTS(geom,BBOX({bounds}))")
    uri = f"{EPSG}{crs}"
    for asked in (f"filter={filter}&filter-lang=cql2-text&filter-crs={uri}", f"bbox={bounds}&bbox-crs={uri}"):
        answer = qgis("GET", f"/collections/markets/items?limit=1000&crs={uri}&{asked}", GEOJSON)
        assert answer.headers["Content-Crs"] == f"<{uri}>"
        page = answer.json()
        assert codes(page) == ["T-0001"]
        east, north = (sum(box[start::2]) / 2 for start in (0, 1))
        assert page["features"][0]["geometry"]["coordinates"] == pytest.approx([east, north], abs=1e-3)


@pytest.mark.usefixtures("markets")
@pytest.mark.parametrize("filter", ["(kiosks > 5)", "((kiosks + 1) > 5)"])
def test_pages_of_a_filter(qgis: QgisHttp, filter: str) -> None:
    address = f"/collections/markets/items?limit=1&filter={encoded(filter)}&filter-lang=cql2-text"
    first = qgis("GET", address, GEOJSON).json()
    second = qgis("GET", link(first, "next", GEOJSON), GEOJSON).json()
    assert codes(first) + codes(second) == ["T-0001", "T-0002"]
    assert "next" not in [one["rel"] for one in second["links"]]


def test_reading_in_thousands(qgis: QgisHttp, feature_make: FeatureMake) -> None:
    """A page's links lead to the end; QGIS reads no page twice and stops where the last has none."""
    layer = layer_get("parking_spots")
    for number in range(1, 8):
        feature_make(layer, number, geom=place(layer, 116 + number / 100))
    seen, address = [], f"/collections/{layer.id}/items?limit=3"
    while address:
        page = qgis("GET", address, GEOJSON).json()
        seen.append(codes(page))
        address = next((one["href"] for one in page["links"] if one["rel"] == "next"), "")
    assert seen == [["T-0001", "T-0002", "T-0003"], ["T-0004", "T-0005", "T-0006"], ["T-0007"]]
