"""The sample data: it fits the models, shows every code and says that it is sample; the kelurahan tile the city."""

import json
import re
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import shapely
from django.conf import settings
from django.contrib.gis.geos import GEOSGeometry
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from layers.catalog import Layer, layers
from layers.models import DisasterZone
from layers.models.geometry import geometry_clean

FIXTURES = Path(settings.BASE_DIR) / "fixtures"
CITY = "52.71"
CITY_POPULATION = 441_147
"""BPS, mid-2023."""
SAMPLE = r"Data contoh .*\bbukan\b.* resmi.* / Sample data .*\bnot\b.* official.*"


def features(layer_id: str) -> list[dict[str, Any]]:
    collection: dict[str, Any] = json.loads((FIXTURES / f"{layer_id}.geojson").read_text(encoding="utf-8"))
    return list(collection["features"])


def properties(layer_id: str) -> list[dict[str, Any]]:
    return [feature["properties"] for feature in features(layer_id)]


def areas(level: str) -> dict[str, dict[str, Any]]:
    """The administrative areas of a level by code: their properties, and ``shape``."""
    length = {"province": 2, "city": 5, "district": 8, "village": 13}[level]
    return {
        feature["properties"]["code"]: feature["properties"] | {"shape": shape(feature["geometry"])}
        for feature in features("administrative_areas")
        if len(feature["properties"]["code"]) == length
    }


def test_a_file_a_layer() -> None:
    assert {path.name for path in FIXTURES.iterdir()} == {f"{layer.id}.geojson" for layer in layers()}


def test_one_feature_a_line(layer: Layer) -> None:
    first, *lines, last = (FIXTURES / f"{layer.id}.geojson").read_text(encoding="utf-8").splitlines()

    assert (first, last) == ('{"type": "FeatureCollection", "features": [', "]}")
    assert [json.loads(line.removesuffix(",")) for line in lines] == features(layer.id)


def test_geometries_follow_rfc_7946(layer: Layer) -> None:
    for feature in features(layer.id):
        assert feature.keys() == {"type", "properties", "geometry"}
        geometry = shape(feature["geometry"])
        code = feature["properties"]["code"]
        assert geometry.geom_type == layer.geometry_type, code
        assert shapely.is_valid(geometry), code
        coordinates = shapely.get_coordinates(geometry)
        assert (coordinates == coordinates.round(6)).all(), code
        assert shapely.equals_identical(geometry, shapely.orient_polygons(geometry)), code


def test_features_fit_the_model(layer: Layer) -> None:
    """Only what an import may write, nothing restricted, every value within its field's rules."""
    importable = {item.name for item in layer.properties if not item.read_only} - set(layer.model.restricted)
    for feature in features(layer.id):
        values = feature["properties"]
        assert values.keys() <= importable, values["code"]
        geom = geometry_clean(GEOSGeometry(json.dumps(feature["geometry"])), layer.geometry_type)
        layer.model(**values, geom=geom).full_clean(validate_unique=False, validate_constraints=False)


def test_codes_are_unique_and_every_choice_is_shown(layer: Layer) -> None:
    rows = properties(layer.id)

    assert len({row["code"] for row in rows}) == len(rows)
    for item in layer.properties:
        if item.choices and not item.read_only:
            values = (row.get(item.name, []) for row in rows)
            shown = {code for value in values for code in (value if isinstance(value, list) else [value])}
            assert shown == {code for code, _ in item.choices}, item.name


def test_times_are_in_wita(layer: Layer) -> None:
    for row in properties(layer.id):
        for item in layer.properties:
            if item.format == "date-time" and item.name in row:
                assert datetime.fromisoformat(row[item.name]).utcoffset() == timedelta(hours=8), row["code"]


def test_sources_say_sample_in_both_languages(layer: Layer) -> None:
    for row in properties(layer.id):
        assert re.fullmatch(SAMPLE, row["source"]), row["code"]
        if layer.id == "administrative_areas":
            assert re.search("perkiraan.*approximate", row["source"])
        else:
            assert row["code"].startswith("CONTOH-")


def test_the_kelurahan_tile_the_city() -> None:
    villages, districts, city = areas("village"), areas("district"), areas("city")[CITY]["shape"]
    province = areas("province")["52"]["shape"]

    assert (len(villages), len(districts)) == (50, 6)
    shapes = [village["shape"] for village in villages.values()]
    # No overlap, and each corner on a shared edge is in both neighbours.
    assert shapely.coverage_is_valid(shapes)
    assert_one_ring(city)
    assert shapely.coverage_union_all(shapes).equals(city)
    for code, district in districts.items():
        parts = [village["shape"] for village in villages.values() if village["code"].startswith(code)]
        assert_one_ring(district["shape"])
        assert shapely.coverage_union_all(parts).equals(district["shape"]), code
    assert province.covers(city)


def assert_one_ring(geometry: BaseGeometry) -> None:
    assert [len(part.interiors) for part in shapely.get_parts(geometry)] == [0]


def test_populations_sum_up() -> None:
    villages, districts, city = areas("village"), areas("district"), areas("city")[CITY]

    assert city["population"] == CITY_POPULATION
    assert sum(village["population"] for village in villages.values()) == CITY_POPULATION
    for code, district in districts.items():
        parts = [row for row in villages.values() if row["code"].startswith(code)]
        assert district["population"] == sum(row["population"] for row in parts), code
    for row in [*villages.values(), *districts.values()]:
        assert re.match("Contoh: .* / Sample: .*", row["population_source"])


def test_samples_lie_where_they_say() -> None:
    """Positions from OpenStreetMap may fall in the neighbour of an approximate polygon; our own may not."""
    villages = {f"Kelurahan {row['name']}": row["shape"] for row in areas("village").values()}
    for layer_id in ("markets", "parking_spots", "health_facilities", "aid_posts"):
        for feature in features(layer_id):
            row = feature["properties"]
            if "OpenStreetMap" not in row["source"]:
                assert villages[row["declared_area"]].contains(shape(feature["geometry"])), row["code"]


def test_every_hazard_is_mapped_at_every_level() -> None:
    maps = [row for row in properties("disaster_zones") if row["kind"] == DisasterZone.Kind.MAP]

    assert {(row["hazard"], row["level"]) for row in maps} == set(
        product(DisasterZone.Hazard.values, DisasterZone.Level.values)
    )


def test_displaced_people_add_up() -> None:
    counted = [row for row in properties("aid_posts") if "displaced_night" in row]

    assert any(row["displaced_night"] for row in counted)
    for row in counted:
        people = max(row["displaced_day"], row["displaced_night"])
        assert row["under_fives"] + row["elderly"] <= people, row["code"]
        assert row["pregnant"] <= row["women"] <= people, row["code"]
        assert row["disabled"] <= people, row["code"]
        assert (people >= row["capacity"]) == (row["status"] == "penuh"), row["code"]
