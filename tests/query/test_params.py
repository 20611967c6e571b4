"""A request becomes a typed value, or a fault that names the parameter. No database is asked."""

from datetime import UTC, datetime

import pytest
from django.utils import translation
from pyproj import Transformer

from layers.catalog import Layer, layer_get
from layers.errors import InvalidParameter
from layers.query.params import FeatureQuery
from layers.query.spatial import CRS84, crs_get
from layers.query.values import Interval, id_parse

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


def parse(layer: str = "markets", **params: str) -> FeatureQuery:
    return FeatureQuery.parse(layer_get(layer), {name.replace("__", "-"): [value] for name, value in params.items()})


def bounds(query: FeatureQuery) -> list[tuple[float, ...]]:
    assert query.bbox
    return list(query.bbox.bounds)


def test_nothing_asked_is_the_first_page_of_everything(layer: Layer) -> None:
    query = FeatureQuery.parse(layer, {})
    assert query == FeatureQuery(limit=100, scope=query.scope)


def test_bbox_in_each_axis_order() -> None:
    assert bounds(parse(bbox="116.0,-8.7,116.2,-8.5")) == [(116.0, -8.7, 116.2, -8.5)]
    assert bounds(parse(bbox="116.0,-8.7,0,116.2,-8.5,100")) == [(116.0, -8.7, 116.2, -8.5)]
    assert bounds(parse(bbox="-8.7,116.0,-8.5,116.2", bbox__crs=EPSG + "4326")) == [(116.0, -8.7, 116.2, -8.5)]


def test_bbox_across_the_antimeridian_is_two_boxes() -> None:
    assert bounds(parse(bbox="170,-10,-170,10")) == [(170, -10, 180, 10), (-180, -10, -170, 10)]


def test_bbox_in_metres_is_brought_to_degrees_with_its_bent_edges() -> None:
    query = parse(bbox="400000,9040000,412000,9060000", bbox__crs=EPSG + "32750")
    expected = Transformer.from_crs(32750, 4326, always_xy=True).transform_bounds(4e5, 904e4, 412e3, 906e4)
    assert bounds(query)[0] == pytest.approx(expected, abs=1e-5)
    assert query.bbox
    assert len(query.bbox.shapes[0].exterior.coords) > 50


@pytest.mark.parametrize(
    ("value", "wkt"),
    [
        ("116,-8,116,-8", "POINT (116 -8)"),
        ("116,-8,117,-8", "LINESTRING (116 -8, 117 -8)"),
        ("116,-8,116,-7", "LINESTRING (116 -8, 116 -7)"),
    ],
)
def test_bbox_may_be_a_point_or_a_line(value: str, wkt: str) -> None:
    query = parse(bbox=value)
    assert query.bbox
    assert [shape.wkt for shape in query.bbox.shapes] == [wkt]


@pytest.mark.parametrize(
    "value",
    ["", "1", "1,2,3", "1,2,3,4,5", "a,b,c,d", "1,2,nan,4", "1,2,inf,4", "116,-8,117,-9", "-181,0,1,1", "0,0,1,91",
     "0,0,5,1,1,4", "1;2;3;4", "1,2,3,4,", "\0,2,3,4", "1_16,-8,117,-7"],
)  # fmt: skip
def test_a_bad_bbox_is_refused(value: str) -> None:
    with pytest.raises(InvalidParameter) as fault:
        parse(bbox=value)
    assert fault.value.extra == {"parameter": "bbox"}


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("32750", "1e30,1e30,2e30,2e30"),
        ("32750", "-10000000,-10000000,10000000,20000000"),
        ("32750", "0,9000000,10000000,9500000"),  # its east is at 178° W
        ("32750", "400000,-1000000,600000,9000000"),  # around the South Pole
        ("9490", "-10000000,9000000,10000000,9500000"),
        ("3857", "1e30,1e30,2e30,2e30"),
        ("3857", "0,0,1e9,1"),
    ],
)
def test_a_bbox_far_outside_its_projection_is_refused(code: str, value: str) -> None:
    with pytest.raises(InvalidParameter, match=r"area that|wilayah berlakunya"):
        parse(bbox=value, bbox__crs=EPSG + code)


WORLD = "-20037508.342789244,-2000000,20037508.342789244,2000000"
SOUTH, NORTH = -17.67891, 17.67891


@pytest.mark.parametrize(
    ("value", "spans"),
    [
        (WORLD, [(-180, 180)]),
        ("-30000000,-2000000,30000000,2000000", [(-180, 180)]),
        ("0,-2000000,22000000,2000000", [(0, 180), (-180, -162.37064)]),
        ("-22000000,-2000000,0,2000000", [(162.37064, 180), (-180, 0)]),
        ("22000000,-2000000,23000000,2000000", [(-162.37064, -153.38748)]),
        ("-90000000,-2000000,-80000000,2000000", [(-88.48375, 1.34778)]),
        ("20037508.342789244,-2000000,20037508.342789244,2000000", [(180, 180)]),
    ],
)
def test_a_bbox_of_web_mercator_goes_on_past_the_ends_of_the_world(
    value: str, spans: list[tuple[float, float]]
) -> None:
    found = bounds(parse(bbox=value, bbox__crs=EPSG + "3857"))
    assert found == [pytest.approx((west, SOUTH, east, NORTH), abs=1e-5) for west, east in spans]


def test_a_bbox_of_web_mercator_goes_on_past_the_poles() -> None:
    found = bounds(parse(bbox="0,-300000000,1000000,300000000", bbox__crs=EPSG + "3857"))
    assert found == [pytest.approx((0, -90, 8.98315, 90), abs=1e-4)]


@pytest.mark.parametrize(
    ("value", "type"),
    [("0,0,0,0", "Point"), ("0,0,1e-300,1000000", "LineString"), ("0,0,0.002,0.002", "Polygon")],
)
def test_a_bbox_in_metres_is_a_line_where_it_is_thinner_than_a_millimetre(value: str, type: str) -> None:
    query = parse(bbox=value, bbox__crs=EPSG + "3857")
    assert query.bbox
    assert [(shape.geom_type, shape.is_valid) for shape in query.bbox.shapes] == [(type, True)]


@pytest.mark.parametrize(
    ("value", "start", "end"),
    [
        ("2018-08-05T11:46:35Z", "2018-08-05T11:46:35", "2018-08-05T11:46:35"),
        ("2018-08-05T19:46:35+08:00", "2018-08-05T11:46:35", "2018-08-05T11:46:35"),
        ("2018-08-05T19:46:35", "2018-08-05T11:46:35", "2018-08-05T11:46:35"),
        ("2018-08-05", "2018-08-04T16:00:00", "2018-08-05T15:59:59.999999"),
        ("2018-08-05/..", "2018-08-04T16:00:00", None),
        ("/2018-08-05", None, "2018-08-05T15:59:59.999999"),
        ("../..", None, None),
        ("2018-08-01/2018-08-05", "2018-07-31T16:00:00", "2018-08-05T15:59:59.999999"),
    ],
)
def test_datetime(value: str, start: str | None, end: str | None) -> None:
    assert Interval.parse(value) == Interval(
        *(datetime.fromisoformat(moment).replace(tzinfo=UTC) if moment else None for moment in (start, end))
    )


@pytest.mark.parametrize(
    "value",
    ["", "..", "yesterday", "2018", "2018-13-01", "2018-08-32", "2018-08-05T25:00:00Z", "2018-W31", "20180805",
     "2018-08-05/2018-08-01", "2018-01-01/2018-02-01/2018-03-01", "2018-08-05/x", "2018-08-05\0"],
)  # fmt: skip
def test_a_bad_datetime_is_refused(value: str) -> None:
    with pytest.raises(InvalidParameter) as fault:
        parse(datetime=value)
    assert fault.value.extra == {"parameter": "datetime"}


@pytest.mark.parametrize(("value", "meant"), [("true", True), ("1", True), ("false", False), ("0", False)])
def test_a_boolean_is_taken_as_gdal_writes_it(value: str, meant: bool) -> None:
    query = FeatureQuery.parse(layer_get("markets"), {"sni_certified": [value]})
    assert [(known.name, asked) for known, asked in query.equals] == [("sni_certified", meant)]


def test_property_filters_take_the_type_of_their_column() -> None:
    query = parse(type="pasar_induk", kiosks="12", sni_certified="true", operating_days="senin", opens_at="06:30")
    assert {known.name: str(value) for known, value in query.equals} == {
        "type": "pasar_induk", "kiosks": "12", "sni_certified": "True", "operating_days": "senin",
        "opens_at": "06:30:00",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("type", "pasar_malam"), ("kiosks", "many"), ("kiosks", "1.5"), ("kiosks", "9" * 30), ("kiosks", "١"),
        ("sni_certified", "yes"), ("operating_days", "sunday"), ("opens_at", "25:00"), ("observed_at", "now"),
        ("name", "a\0b"), ("name", "x" * 1001), ("limit", "0"), ("limit", "-1"), ("limit", "ten"), ("limit", "1.5"),
        ("limit", str(10**30)), ("limit", ""), ("offset", "-1"), ("offset", "x"), ("offset", str(2**31)),
        ("properties", "nam"), ("properties", ""), ("properties", "contact_name"), ("sortby", "nam"), ("sortby", ""),
        ("skipGeometry", "yes"), ("crs", "EPSG:32750"), ("crs", EPSG + "2154"), ("crs", ""), ("q", "a\0b"),
        ("contact_name", "x"), ("unknown", "x"), ("", "x"), ("bbox-crs", CRS84),
    ],
)  # fmt: skip
def test_every_other_bad_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidParameter) as fault:
        FeatureQuery.parse(layer_get("markets"), {name: [value]})
    assert fault.value.extra == {"parameter": name}


def test_a_parameter_given_twice_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="limit"):
        FeatureQuery.parse(layer_get("markets"), {"limit": ["1", "2"]})


def test_a_misspelt_parameter_gets_a_suggestion_in_both_languages() -> None:
    with translation.override("en"), pytest.raises(InvalidParameter, match="Is 'limit' meant"):
        parse(lmit="1")
    with translation.override("id"), pytest.raises(InvalidParameter, match="Maksudnya 'limit'"):
        parse(lmit="1")


def test_a_limit_over_the_maximum_is_the_maximum() -> None:
    assert parse(limit="10001").limit == 10_000


def test_sorting_and_choice_of_properties() -> None:
    query = parse(sortby="-name,+code,type", properties="code,name")
    assert query.sortby == (("name", True), ("code", False), ("type", False))
    assert parse(sortby="name,code,-name" + ",name" * 1000).sortby == (("name", False), ("code", False))
    assert query.properties == ("code", "name")


@pytest.mark.parametrize(
    ("value", "id"),
    [("7", 7), ("0", 0), (str(2**63 - 1), 2**63 - 1), (str(2**63), None), ("-1", None), ("x", None), ("1\0", None),
     ("9" * 400, None), ("", None), ("١", None)],
)  # fmt: skip
def test_ids(value: str, id: int | None) -> None:
    assert id_parse(value) == id


def test_crs() -> None:
    assert [crs_get(EPSG + code).swapped for code in ("4326", "3857", "32750", "9490")] == [True, False, False, False]
    assert [crs_get(uri).decimals for uri in (CRS84, EPSG + "4326", EPSG + "32750")] == [7, 7, 3]
