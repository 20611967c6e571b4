"""The area of an impact over HTTP: a shape sent or asked by, and what is no area."""

import json
import re
from time import monotonic
from typing import Any
from urllib.parse import urlencode

import pytest
from conftest import FeatureMake
from hazard_scene import IMPACT, POLYGON, SOUTH, WEST, comb, scene_make
from rest_framework.test import APIClient
from shapely.geometry import box, mapping, shape

from layers.rest.impact_body import MAX_VERTICES

pytestmark = pytest.mark.django_db


EXECUTION = "/oapi/processes/impact/execution"


def feature(geometry: Any, **members: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"name": "\0"}, "geometry": geometry, **members}


def collection(*geometries: Any) -> dict[str, Any]:
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    return {"type": "FeatureCollection", "crs": crs, "features": [feature(one) for one in geometries]}


def test_what_qgis_and_ogr2ogr_write_is_an_area_at_both_doors(anyone: APIClient, feature_make: FeatureMake) -> None:
    """Parts that overlap or touch are joined; nothing of the features but their shape is kept with a job."""
    scene_make(feature_make)
    west, middle, east = (mapping(box(WEST + x, SOUTH, WEST + x + 0.006, SOUTH + 0.01)) for x in (0, 0.003, 0.004))
    both = {"type": "MultiPolygon", "coordinates": [west["coordinates"], mapping(box(117, -8, 118, -7))["coordinates"]]}
    plain = anyone.post(IMPACT, POLYGON, format="json").json()
    for sent in (feature(POLYGON, id=5), collection(POLYGON), collection(west, middle, east), collection(east, west)):
        rest = anyone.post(IMPACT, sent, format="json")
        process = anyone.post(EXECUTION, {"inputs": {"geometry": sent}}, format="json")
        job = anyone.post(EXECUTION, {"inputs": {"geometry": sent}}, format="json", headers={"prefer": "respond-async"})
        assert (rest.status_code, process.status_code, job.status_code) == (200, 200, 201)
        for answer in (rest, process):
            assert answer.json()["area_m2"] == pytest.approx(plain["area_m2"])
            assert answer.json()["people"] == plain["people"]
    assert anyone.post(IMPACT, collection(both, middle, east), format="json").status_code == 200


def test_areas_that_are_none_are_told_in_words_of_the_portal(anyone: APIClient) -> None:
    """Not in those of a library: json.exception.out_of_range.403."""
    nested = feature(feature(POLYGON))
    bad = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}
    for sent in (nested, feature(bad), collection(POLYGON, {"type": "Point", "coordinates": [116, -8]}), bad):
        rest = anyone.post(IMPACT, sent, format="json")
        process = anyone.post(EXECUTION, {"inputs": {"geometry": sent}}, format="json")
        for answer in (rest, process):
            assert (answer.status_code, answer.json()["parameter"]) == (400, "geometry")
            assert answer.json()["detail"] in (
                "The geometry must be a Polygon or a MultiPolygon. About a point, ask hazards/at.",
                "Its coordinates must be closed rings of [longitude, latitude] pairs.",
            )


def test_a_collection_is_bounded_as_a_whole(anyone: APIClient) -> None:
    """Of many features, and of features that lie across each other, which take long to join."""
    squares = [mapping(box(116 + n / 10**6, -8, 116.1, -7.9)) for n in range(MAX_VERTICES // 5 + 1)]
    assert anyone.post(IMPACT, collection(*squares), format="json").status_code == 413
    combs = ({"type": "Polygon", "coordinates": [comb(1500, across=across)]} for across in (False, True))
    answer = anyone.post(IMPACT, collection(*combs), format="json")
    assert (answer.status_code, answer.json()["parameter"]) == (400, "geometry")
    assert answer.json()["detail"].startswith("The features cross each other")


BOWTIE = {
    "type": "Polygon",
    "coordinates": [[[116.1, -8.6], [116.2, -8.5], [116.1, -8.5], [116.2, -8.6], [116.1, -8.6]]],
}


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({}, "body"),
        ([], "body"),
        (None, "body"),
        ({"zone": "x"}, "zone"),
        ({"zone": 2**70}, "zone"),
        ({"zone": 1e300}, "zone"),
        ({"zone": 1.5}, "zone"),
        ({"zone": True}, "zone"),
        ({"zone": 99}, "zone"),
        ({"zone": 1, "alert": "x"}, "body"),
        ({"alert": "x"}, "alert"),
        ({"raster": "x", "threshold": 1}, "raster"),
        ({"raster": "x", "threshold": 10**400}, "body"),
        ({"raster": "x", "threshold": True}, "body"),
        ({"raster": "x"}, "body"),
        ({"type": "Point", "coordinates": [116, -8]}, "geometry"),
        ({"type": "Polygon", "coordinates": []}, "geometry"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}, "geometry"),
        ({"type": "Polygon", "coordinates": "x"}, "geometry"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [200, 0], [200, 1], [0, 0]]]}, "geometry"),
        ({"type": "Feature", "geometry": None}, "geometry"),
        (mapping(box(-179, -9, 179, -8)), "geometry"),
        ({"type": "FeatureCollection", "features": []}, "geometry"),
        ({"type": "FeatureCollection", "features": "x"}, "geometry"),
        ({"type": "FeatureCollection", "features": [POLYGON, None]}, "geometry"),
        ({"type": "FeatureCollection", "features": [POLYGON, {"type": "Polygon", "coordinates": []}]}, "geometry"),
        ({"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": None}]}, "geometry"),
        (BOWTIE, "geometry"),
    ],
)
def test_a_bad_area_is_refused_by_name(anyone: APIClient, body: Any, parameter: str) -> None:
    answer = anyone.post(IMPACT, json.dumps(body), content_type="application/json")
    assert (answer.status_code, answer.json()["parameter"]) == (400, parameter)


@pytest.mark.parametrize("f", ["json", "geojson", "csv", "html"])
def test_a_shape_asked_by_get_is_answered_like_one_that_is_sent(
    anyone: APIClient, feature_make: FeatureMake, f: str
) -> None:
    scene_make(feature_make)
    query = f"{IMPACT}?f={f}&datetime=2026-01-01T12:00:00Z"
    sent = anyone.post(query, POLYGON, format="json")
    asked = anyone.get(f"{query}&{urlencode({'coords': shape(POLYGON).wkt})}")
    assert (sent.status_code, asked.status_code) == (200, 200)
    computed = re.compile(rb'"computed_at":"[^"]*"|computed_at,[^,]*|<time[^<]*')
    assert computed.sub(b"", asked.content) == computed.sub(b"", sent.content)


@pytest.mark.parametrize(
    ("coords", "parameter"),
    [
        ("", "coords"),
        ("POINT(116.1 -8.6)", "coords"),
        ("POLYGON", "coords"),
        ("POLYGON EMPTY", "coords"),
        ("POLYGON((116.1 -8.6, 116.2 -8.6", "coords"),
        ("POLYGON((116.1 -8.6, 116.2 -8.6, 116.1 -8.6))", "coords"),
        ("POLYGON((nan nan, nan nan, nan nan, nan nan))", "coords"),
        ("POLYGON((1e999 0, 1 0, 1 1, 1e999 0))", "coords"),
        ("POLYGON((179 -9, -179 -9, -179 -8, 179 -8, 179 -9))", "coords"),
        ("SRID=4326;POLYGON((0 0, 1 0, 1 1, 0 0))", "coords"),
        ("POLYGON((-8.6 116.1, -8.6 116.2, -8.5 116.2, -8.6 116.1))", "coords"),
        ("GEOMETRYCOLLECTION(" * 20_000, "coords"),
        (shape(BOWTIE).wkt, "coords"),
        ("POLYGON((0 0, 1 0, 1 1, 0 0))&zone=1", "zone"),
    ],
)
def test_bad_coords_are_refused_by_name(anyone: APIClient, coords: str, parameter: str) -> None:
    answer = anyone.get(f"{IMPACT}?coords={coords}")
    assert (answer.status_code, answer.json()["parameter"]) == (400, parameter)


def test_an_area_across_the_meridian_of_180_is_sent_in_two(anyone: APIClient, feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    whole = anyone.get(f"{IMPACT}?coords=POLYGON((179 -9,-179 -9,-179 -8,179 -8,179 -9))")
    assert "split it there into a MultiPolygon" in whole.json()["detail"]
    halves = ["((179 -9,180 -9,180 -8,179 -8,179 -9))", "((-180 -9,-179 -9,-179 -8,-180 -8,-180 -9))"]
    split = anyone.get(f"{IMPACT}?coords=MULTIPOLYGON({','.join(halves)})")
    assert (split.status_code, split.json()["people"]["affected"]) == (200, None)


def test_an_area_must_be_named(anyone: APIClient) -> None:
    answer = anyone.get(IMPACT)
    assert (answer.status_code, answer.json()["detail"]) == (400, "Give zone or coords, one of both.")


def test_a_self_crossing_tells_where(anyone: APIClient) -> None:
    for sent in (BOWTIE, collection(POLYGON, BOWTIE)):
        answer = anyone.post(IMPACT, sent, format="json")
        assert "Self-intersection[116.15 -8.55]" in answer.json()["detail"]


def test_too_many_vertices_are_refused_with_the_bound(anyone: APIClient) -> None:
    top = [[round(116 + n / 10**6, 6), -8 + n % 2 / 10**6] for n in range(MAX_VERTICES)]
    body = {"type": "Polygon", "coordinates": [[[116, -9], [117, -9], *reversed(top), [116, -9]]]}
    answer = anyone.post(IMPACT, json.dumps(body), content_type="application/json")
    assert answer.status_code == 413
    assert str(MAX_VERTICES) in answer.json()["detail"]


def test_edges_side_by_side_too_often_are_refused_before_they_are_checked(anyone: APIClient) -> None:
    """GEOS compares every two of these diagonals: minutes of a thread, for 700 kB from anyone."""
    slanted = [(round(116 + (x - 116) - (y + 8.6), 7), round(-8.6 + (x - 116) + (y + 8.6), 7)) for x, y in comb(10_000)]
    begin = monotonic()
    answer = anyone.post(IMPACT, {"type": "Polygon", "coordinates": [slanted]}, format="json")
    assert (answer.status_code, answer.json()["parameter"]) == (400, "geometry")
    assert "too often" in answer.json()["detail"]
    assert monotonic() - begin < 20
