"""Filters of a list: what each holds back, and what is no filter."""

from collections.abc import Iterator
from math import isclose
from typing import Any

import pytest
from conftest import FeatureMake, place, square
from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.db import connection
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod
from rest_framework.test import APIClient

from layers.catalog import Layer, Property, layer_get
from layers.rest.filters import FARTHEST, box_around, filterset_for

GEOD = Geod(ellps="WGS84")


def names(client: APIClient, layer: Layer, **query: Any) -> list[str]:
    """The names of the features that a list holds."""
    answer = client.get(f"/api/v1/{layer.id}/", query)
    assert answer.status_code == 200, answer.content
    return [feature["properties"]["name"] for feature in answer.json()["features"]]


def refused(client: APIClient, layer: Layer, query: str) -> dict[str, Any]:
    answer = client.get(f"/api/v1/{layer.id}/?{query}")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    return answer.json()  # type: ignore[no-any-return]


def examples(known: Property) -> Iterator[tuple[str, str]]:
    """A sound value for every filter of a property."""
    kind = known.format or known.type
    value = {"array": "", "boolean": "true", "date": "2026-01-02", "date-time": "2026-01-02T03:04:05Z", "integer": "7"}
    value |= {"number": "0.5", "time": "06:30", "string": "Ada", "uri": "https://contoh.id/"}
    sound = ",".join(known.codes[:2]) if kind == "array" else known.codes[0] if known.choices else value[kind]
    yield known.name, sound
    if kind in ("date", "date-time", "integer", "number", "time"):
        yield f"{known.name}__gte", sound
        yield f"{known.name}__lte", sound
    elif kind in ("string", "uri") and not known.choices:
        yield f"{known.name}__icontains", sound


def test_every_property_is_a_filter(anyone: APIClient, feature_make: FeatureMake, layer: Layer) -> None:
    feature_make(layer)
    own = ["in_bbox", "point", "dist", "search", "ordering"]
    sound = [example for known in layer.properties for example in examples(known)]
    assert [*own, *(name for name, _ in sound)] == list(filterset_for(layer).base_filters)
    for name, value in sound:
        anyone_answer = anyone.get(f"/api/v1/{layer.id}/", {name: value})
        assert anyone_answer.status_code == 200, (name, anyone_answer.content)


def test_filters_by_kind(anyone: APIClient, feature_make: FeatureMake) -> None:
    layer = layer_get("markets")
    feature_make(layer, 1, name="Dahulu", kiosks=5, operating_days=["senin", "sabtu"], sni_certified=True)
    feature_make(layer, 2, name="Kini", kiosks=9, operating_days=["senin"], type="pasar_induk", opens_at="06:30")
    feature_make(layer, 3, name="100% Segar", observed_at="2026-01-02T00:00:00+08:00", sni_certified=False)
    assert names(anyone, layer, type="pasar_induk") == ["Kini"]
    assert names(anyone, layer, kiosks=5) == ["Dahulu"]
    assert names(anyone, layer, kiosks__gte=5, kiosks__lte=8) == ["Dahulu"]
    assert names(anyone, layer, kiosks__lte=2_147_483_647) == ["Dahulu", "Kini"]
    assert names(anyone, layer, operating_days="senin") == ["Dahulu", "Kini"]
    assert names(anyone, layer, operating_days="sabtu,senin") == ["Dahulu"]
    assert names(anyone, layer, sni_certified="true") == ["Dahulu"]
    assert names(anyone, layer, sni_certified="false") == ["100% Segar"]
    assert names(anyone, layer, name="Kini") == ["Kini"]
    assert names(anyone, layer, name="kini") == []
    assert names(anyone, layer, name__icontains="HUL") == ["Dahulu"]
    assert names(anyone, layer, name__icontains="%") == ["100% Segar"], "a % is a %"
    assert names(anyone, layer, opens_at__gte="06:00", opens_at__lte="07:00") == ["Kini"]
    assert names(anyone, layer, observed_at__gte="2026-01-01T15:59:59Z") == ["100% Segar"]
    assert names(anyone, layer, observed_at__gte="2026-01-01T16:00:01Z") == []
    assert names(anyone, layer, observed_at__lte="2026-01-02") == ["100% Segar"], "a date is its start, local time"
    assert names(anyone, layer, area="") == ["Dahulu", "Kini", "100% Segar"], "an empty value asks for the empty ones"
    assert names(anyone, layer, area="", kiosks=9) == ["Kini"]


def test_search_wants_every_word(anyone: APIClient, feature_make: FeatureMake, layer: Layer) -> None:
    feature_make(layer, 1, name="Kebon Roek")
    feature_make(layer, 2, name="Kebon Sari")
    assert names(anyone, layer, search="kebon") == ["Kebon Roek", "Kebon Sari"]
    assert names(anyone, layer, search="  ROEK kebon ") == ["Kebon Roek"]
    assert names(anyone, layer, search=layer.model.objects.get(name="Kebon Sari").code) == ["Kebon Sari"]
    assert names(anyone, layer, search="kebon_") == []


def test_ordering(anyone: APIClient, feature_make: FeatureMake) -> None:
    layer = layer_get("markets")
    for number, (name, kiosks) in enumerate([("A", 2), ("B", None), ("C", 1), ("D", 2)], start=1):
        feature_make(layer, number, name=name, kiosks=kiosks)
    assert names(anyone, layer) == ["A", "B", "C", "D"]
    assert names(anyone, layer, ordering="kiosks") == ["C", "A", "D", "B"]
    assert names(anyone, layer, ordering="-kiosks") == ["A", "D", "C", "B"], "what is not known comes last both ways"
    assert names(anyone, layer, ordering="-kiosks,-name") == ["D", "A", "C", "B"]
    assert names(anyone, layer, ordering="-id") == ["D", "C", "B", "A"]


def test_in_bbox(anyone: APIClient, feature_make: FeatureMake, layer: Layer) -> None:
    feature_make(layer, 1, name="Mataram", geom=place(layer, 116.1, -8.58))
    feature_make(layer, 2, name="Timur Suva", geom=place(layer, -179.9, -17))
    feature_make(layer, 3, name="Barat Suva", geom=place(layer, 179.9, -17))
    assert names(anyone, layer, in_bbox="116,-9,117,-8") == ["Mataram"]
    assert names(anyone, layer, in_bbox="170,-20,-170,-10") == ["Timur Suva", "Barat Suva"]
    assert names(anyone, layer, in_bbox="116.1,-8.58,116.1,-8.58") == ["Mataram"], "a box may be a point"
    assert names(anyone, layer, in_bbox="0,0,1,1") == []


def test_in_bbox_meets_the_shape_and_not_its_box(anyone: APIClient, feature_make: FeatureMake) -> None:
    layer = layer_get("disaster_zones")
    corner = Polygon([(116, -9), (116, -8), (117, -8), (116, -9)])
    feature_make(layer, name="Sudut", geom=MultiPolygon(corner, srid=4326))
    assert names(anyone, layer, in_bbox="116.8,-8.9,116.9,-8.8") == []
    assert names(anyone, layer, in_bbox="116,-8.9,116.9,-8.8") == ["Sudut"]


@pytest.mark.parametrize("azimuth", [0, 45, 90, 200, 300])
@pytest.mark.parametrize("start", [(116.1, -8.58), (179.9995, 5.0), (-179.9995, -30.0), (30.0, 85.0), (0.0, 89.9999)])
def test_distance_is_in_true_metres(
    anyone: APIClient, feature_make: FeatureMake, start: tuple[float, float], azimuth: float
) -> None:
    layer = layer_get("markets")
    longitude, latitude, _ = GEOD.fwd(*start, azimuth, 1000)
    feature_make(layer, name="Seribu", geom=Point(longitude, latitude, srid=4326))
    point = f"{start[0]},{start[1]}"
    assert names(anyone, layer, point=point, dist=1000.01) == ["Seribu"]
    assert names(anyone, layer, point=point, dist=999.99) == []


def test_distance_to_an_area_is_to_its_edge(anyone: APIClient, feature_make: FeatureMake) -> None:
    layer = layer_get("disaster_zones")
    feature_make(layer, name="Zona", geom=square(116, -8, 1))
    west = GEOD.inv(115.99, -7.5, 116, -7.5)[2]
    assert isclose(west, 1103, abs_tol=1)
    assert names(anyone, layer, point="115.99,-7.5", dist=west + 1) == ["Zona"]
    assert names(anyone, layer, point="115.99,-7.5", dist=west - 1) == []
    assert names(anyone, layer, point="116.5,-7.5", dist=0) == ["Zona"]


@given(
    st.tuples(st.floats(-180, 180), st.floats(-90, 90)),
    st.floats(0, FARTHEST),
    st.floats(0, 360),
)
def test_the_box_around_holds_the_circle(start: tuple[float, float], metres: float, azimuth: float) -> None:
    longitude, latitude, _ = GEOD.fwd(*start, azimuth, metres)
    boxes = box_around(Point(start, srid=4326), metres).bounds
    edge = 1e-9
    assert any(
        west - edge <= longitude <= east + edge and south - edge <= latitude <= north + edge
        for west, south, east, north in boxes
    )


@pytest.mark.parametrize("query", ["in_bbox=116,-9,117,-8", "in_bbox=170,-9,-170,-8", "point=116.1,-8.58&dist=500"])
def test_space_is_asked_of_the_index(db: None, layer: Layer, query: str) -> None:
    filters = filterset_for(layer)(QueryDict(query), queryset=layer.model.objects.all())
    assert filters.is_valid()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        constraints = connection.introspection.get_constraints(cursor, layer.table)
    plan = filters.qs.order_by().explain()
    indexes = [name for name, known in constraints.items() if known["index"] and known["columns"] == ["geom"]]
    assert any(index in plan for index in indexes)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("in_bbox=", "in_bbox"),
        ("in_bbox=116,-9,117", "in_bbox"),
        ("in_bbox=116,-9,117,-8,0", "in_bbox"),
        ("in_bbox=a,b,c,d", "in_bbox"),
        ("in_bbox=116,-8,117,-9", "in_bbox"),
        ("in_bbox=nan,-9,117,-8", "in_bbox"),
        ("in_bbox=inf,-9,117,-8", "in_bbox"),
        ("in_bbox=116,-9,117,91", "in_bbox"),
        ("in_bbox=-181,-9,117,-8", "in_bbox"),
        ("in_bbox=%00", "in_bbox"),
        ("point=116.1,-8.58", "dist"),
        ("dist=5", "point"),
        ("point=116.1&dist=5", "point"),
        ("point=116.1,-8.58,0&dist=5", "point"),
        ("point=116.1,91&dist=5", "point"),
        ("point=nan,0&dist=5", "point"),
        ("point=116.1,-8.58&dist=-1", "dist"),
        ("point=116.1,-8.58&dist=100001", "dist"),
        ("point=116.1,-8.58&dist=nan", "dist"),
        ("point=116.1,-8.58&dist=", "dist"),
        ("type=warung", "type"),
        ("type=", "type"),
        ("type=pasar_rakyat%00", "type"),
        ("kiosks=1.5", "kiosks"),
        ("kiosks__gte=banyak", "kiosks__gte"),
        ("kiosks__lte=2147483648", "kiosks__lte"),
        ("kiosks__gte=-2147483648", "kiosks__gte"),
        ("kiosks__lte=" + "9" * 40, "kiosks__lte"),
        ("operating_days=senin,lusa", "operating_days"),
        ("operating_days=", "operating_days"),
        ("sni_certified=yes", "sni_certified"),
        ("opens_at=25:00", "opens_at"),
        ("observed_at__gte=kemarin", "observed_at__gte"),
        ("observed_at__gte=2026-02-30", "observed_at__gte"),
        ("name=%00", "name"),
        ("name__icontains=a%00", "name__icontains"),
        ("search=%00", "search"),
        ("search=" + "a" * 1001, "search"),
        ("ordering=", "ordering"),
        ("ordering=nama", "ordering"),
        ("ordering=--name", "ordering"),
        ("ordering=geom", "ordering"),
        ("ordering=name%00", "ordering"),
        ("type=pasar_rakyat&type=pasar_induk", "type"),
        ("format=json", "format"),
        ("geom=x", "geom"),
        ("id=1", "id"),
        ("kiosks__gt=1", "kiosks__gt"),
        ("type__isnull=true", "type__isnull"),
        ("source__regex=.", "source__regex"),
        ("%00=1", "\0"),
    ],
)
def test_a_bad_filter_is_named(db: None, anyone: APIClient, query: str, parameter: str) -> None:
    problem = refused(anyone, layer_get("markets"), query)
    assert (problem["status"], problem["parameter"]) == (400, parameter)
    assert problem["detail"]


def test_a_slip_of_the_pen_is_put_right(db: None, anyone: APIClient) -> None:
    detail = refused(anyone, layer_get("markets"), "tpye=pasar_rakyat")["detail"]
    assert detail.startswith("There is no parameter 'tpye'. Is 'type' meant? There are: lang, limit, offset, in_bbox, ")


def test_one_feature_takes_no_filter(anyone: APIClient, feature_make: FeatureMake, layer: Layer) -> None:
    feature = feature_make(layer)
    answer = anyone.get(f"/api/v1/{layer.id}/{feature.pk}/?limit=1")
    assert (answer.status_code, answer.json()["parameter"]) == (400, "limit")
