"""What the database keeps by itself, whoever writes."""

import re
from contextlib import nullcontext
from typing import Any

import pytest
from conftest import FeatureMake, in_the_background, place, square, values_make
from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateField
from rest_framework.test import APIClient

from layers.catalog import Layer, layer_get, layers
from layers.models import AdministrativeArea, DisasterZone, Market, PlacedFeature
from layers.models.fields import CodeField, CodesField
from layers.query.stamps import stamps_attach

PLACED = [layer for layer in layers() if issubclass(layer.model, PlacedFeature)]


def insert(model: Any, geom: str = "POINT(116.1 -8.6)", **values: Any) -> None:
    """Write as QGIS does: plain SQL, past all of Django."""
    columns = {"code": "X", "name": "x", "source": "x", **values}
    names = ", ".join(columns)
    marks = ", ".join(["%s"] * len(columns))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({names}, geom) VALUES ({marks}, ST_GeomFromText(%s, 4326))",
            [*columns.values(), geom],
        )


@pytest.mark.django_db
@pytest.mark.parametrize(
    "geom",
    ["POINT EMPTY", "POINT(180.1 0)", "POINT(0 -90.000001)", "POINT(NaN 1)"],
)
def test_the_database_refuses_a_point_outside_the_world(geom: str) -> None:
    with pytest.raises(IntegrityError, match="market_geom"):
        insert(Market, geom, type="pasar_rakyat")


@pytest.mark.django_db
@pytest.mark.parametrize("geom", ["MULTIPOLYGON EMPTY", "MULTIPOLYGON(((0 0, 1 1, 1 0, 0 1, 0 0)))"])
def test_the_database_refuses_a_polygon_that_crosses_itself_or_is_none(geom: str) -> None:
    with pytest.raises(IntegrityError, match="disasterzone_geom"):
        insert(DisasterZone, geom, hazard="101", level="tinggi", kind="peta_bahaya")


@pytest.mark.django_db
def test_the_database_refuses_every_code_that_is_not_listed(layer: Layer) -> None:
    fields = [field for field in layer.model._meta.fields if isinstance(field, CodeField | CodesField)]
    for field in fields:
        value: Any = ["tak_ada"] if isinstance(field, CodesField) else "tak_ada"
        values = {**values_make(layer), field.name: value}
        with pytest.raises(IntegrityError, match=f"{layer.model._meta.model_name}_{field.name}"):
            insert(layer.model, place(layer).wkt, **values)


@pytest.mark.django_db
def test_the_database_refuses_years_that_cannot_be_read(
    layer: Layer, feature_make: FeatureMake, anyone: APIClient
) -> None:
    feature = feature_make(layer)
    times = [field.column for field in layer.model._meta.fields if isinstance(field, DateField)]
    for column in times:
        for value in ("20260-01-01", "10000-01-01", "0001-12-31 BC", "0001-01-01", "9999-12-31", "infinity"):
            is_read = column == "updated_at" or value in ("0001-01-01", "9999-12-31", "infinity")
            fault = nullcontext() if is_read else pytest.raises(IntegrityError, match=f"{column}_year")
            with fault, transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"UPDATE {layer.table} SET {column} = %s WHERE id = %s", [value, feature.pk])
                assert anyone.get(f"/api/v1/{layer.id}/").status_code == 200
                transaction.set_rollback(True)


@pytest.mark.django_db
@pytest.mark.parametrize("column", ["code", "name", "source"])
def test_the_database_refuses_empty_words(column: str) -> None:
    with pytest.raises(IntegrityError, match=f"market_{column}_given"):
        insert(Market, type="pasar_rakyat", **{column: ""})


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("layer_id", "values", "constraint"),
    [
        ("markets", {"kiosks": -1}, "market_kiosks"),
        ("disaster_zones", {"valid_from": "2020-01-02", "valid_to": "2020-01-01"}, "disasterzone_validity"),
        ("disaster_zones", {"kind": "peringatan"}, "disasterzone_warning_has_validity"),
        ("disaster_zones", {"value_min": 2, "value_max": 1, "unit": "m"}, "disasterzone_values"),
        ("disaster_zones", {"value_min": 2}, "disasterzone_values_have_a_unit"),
        ("disaster_zones", {"value_max": 1.5, "unit": "indeks"}, "disasterzone_index_range"),
        ("parking_spots", {"is_charged": True, "road_authority": "nasional"}, "parkingspot_charge_on_city_roads"),
        ("parking_spots", {"order_from": "2026-02-01", "order_to": "2026-01-01"}, "parkingspot_order_period"),
        ("health_facilities", {"beds": 5, "beds_available": 2}, "healthfacility_beds_have_a_time"),
        ("health_facilities", {"status": "normal"}, "healthfacility_status_has_a_time"),
        (
            "health_facilities",
            {"beds": 5, "beds_available": 6, "beds_as_of": "2026-01-01"},
            "healthfacility_beds_available_of_beds",
        ),
        ("aid_posts", {"displaced_night": 5}, "aidpost_displaced_have_a_time"),
        ("administrative_areas", {"code": "52.7"}, "administrativearea_code"),
        ("administrative_areas", {"population": 5}, "administrativearea_population_source"),
    ],
)
def test_the_database_refuses_what_does_not_fit_together(
    layer_id: str, values: dict[str, Any], constraint: str
) -> None:
    layer = layer_get(layer_id)
    with pytest.raises(IntegrityError, match=constraint):
        insert(layer.model, place(layer).wkt, **{**values_make(layer), **values})


@pytest.mark.django_db
def test_a_row_needs_only_what_is_required(layer: Layer) -> None:
    insert(layer.model, place(layer).wkt, **values_make(layer))
    assert layer.model.objects.count() == 1


@pytest.mark.parametrize("placed", PLACED, ids=lambda layer: layer.id)
def test_the_smallest_area_that_covers_a_feature_is_found(placed: Layer, feature_make: FeatureMake) -> None:
    areas = layer_get("administrative_areas")
    feature_make(areas, 1, code="52.71", geom=square(116.0, -8.7, 0.2))
    feature_make(areas, 2, code="52.71.01", geom=square(116.0, -8.7, 0.1))
    inner = feature_make(placed, 1, geom=place(placed, 116.05, -8.65))
    outer = feature_make(placed, 2, geom=place(placed, 116.15, -8.65))
    outside = feature_make(placed, 3, geom=place(placed, 117.0, -8.65))
    assert [made.area for made in (inner, outer, outside)] == ["52.71.01", "52.71", ""]

    inner.geom = place(placed, 116.15, -8.55)
    inner.save()
    inner.refresh_from_db()
    assert inner.area == "52.71"


def test_moved_boundaries_move_their_features(feature_make: FeatureMake) -> None:
    spot = feature_make(layer_get("parking_spots"), geom=Point(116.15, -8.65, srid=4326))
    area = feature_make(layer_get("administrative_areas"), code="52.71", geom=square(116.0, -8.7, 0.1))
    assert area_now(spot) == ""
    area.geom = square(116.1, -8.7, 0.1)
    area.save()
    assert area_now(spot) == "52.71"
    area.delete()
    assert area_now(spot) == ""
    area = feature_make(layer_get("administrative_areas"), code="52.72", geom=square(116.1, -8.7, 0.1))
    assert area_now(spot) == "52.72"
    area.code = "52.73"
    area.save()
    assert area_now(spot) == "52.73"
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {area._meta.db_table}")
    assert area_now(spot) == ""


def test_boundaries_find_a_feature_that_comes_at_the_same_time(
    elsewhere: BaseDatabaseWrapper, feature_make: FeatureMake
) -> None:
    spot = feature_make(layer_get("parking_spots"), geom=Point(117, -8.65, srid=4326))
    area = feature_make(layer_get("administrative_areas"), code="52.71", geom=square(116.0, -8.7, 0.1))
    area.geom = square(116.1, -8.7, 0.1)
    with elsewhere.cursor() as cursor:
        cursor.execute("UPDATE layers_parkingspot SET geom = ST_Point(116.15, -8.65, 4326)")
        thread, _ = in_the_background(area.save)
        elsewhere.commit()
    thread.join()
    assert area_now(spot) == "52.71"


def test_a_feature_finds_boundaries_that_come_at_the_same_time(
    elsewhere: BaseDatabaseWrapper, feature_make: FeatureMake
) -> None:
    spot = feature_make(layer_get("parking_spots"), geom=Point(117, -8.65, srid=4326))
    feature_make(layer_get("administrative_areas"), code="52.71", geom=square(116.0, -8.7, 0.1))
    spot.geom = Point(116.05, -8.65, srid=4326)
    with elsewhere.cursor() as cursor:
        cursor.execute("UPDATE layers_administrativearea SET code = '52.72'")
        thread, _ = in_the_background(spot.save)
        elsewhere.commit()
    thread.join()
    assert area_now(spot) == "52.72"


def test_what_is_no_boundary_waits_for_no_feature(elsewhere: BaseDatabaseWrapper, feature_make: FeatureMake) -> None:
    spot = feature_make(layer_get("parking_spots"), geom=Point(116.05, -8.65, srid=4326))
    area = feature_make(layer_get("administrative_areas"), code="52.71", geom=square(116.0, -8.7, 0.1))
    area.name = "Mataram"
    with elsewhere.cursor() as cursor:
        cursor.execute("UPDATE layers_parkingspot SET name = 'edited'")
        area.save()
        elsewhere.commit()
    assert (area_now(spot), area.name) == ("52.71", "Mataram")


def area_now(feature: Any) -> str:
    feature.refresh_from_db()
    return str(feature.area)


def test_updated_at_follows_real_changes_only(layer: Layer, feature_make: FeatureMake) -> None:
    feature = feature_make(layer)
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {layer.table} DISABLE TRIGGER stamp")
        cursor.execute(f"UPDATE {layer.table} SET updated_at = '2020-01-01'")
        cursor.execute(f"ALTER TABLE {layer.table} ENABLE TRIGGER stamp")
        cursor.execute(f"UPDATE {layer.table} SET name = name, geom = geom")
        feature.refresh_from_db()
        assert feature.updated_at.year == 2020
        cursor.execute(f"UPDATE {layer.table} SET name = 'other'")
    feature.refresh_from_db()
    assert feature.updated_at.year > 2020


def test_level_and_parent_follow_from_the_code(feature_make: FeatureMake) -> None:
    areas = layer_get("administrative_areas")
    for number, code in enumerate(("52", "52.71", "52.71.01", "52.71.01.1004")):
        feature_make(areas, number, code=code)
    assert list(AdministrativeArea.objects.values_list("level", "parent")) == [
        ("provinsi", ""),
        ("kabupaten_kota", "52"),
        ("kecamatan", "52.71"),
        ("kelurahan", "52.71.01"),
    ]


@pytest.mark.django_db
def test_clean_names_the_geometry_that_is_wrong() -> None:
    zone = DisasterZone(**values_make(layer_get("disaster_zones")), geom="MULTIPOLYGON(((0 0, 1 1, 1 0, 0 1, 0 0)))")
    with pytest.raises(ValidationError) as fault:
        zone.full_clean()
    assert [error.code for error in fault.value.error_dict["geom"]] == ["geometry_invalid"]


@pytest.mark.django_db
def test_a_planner_needs_no_rights_but_on_his_layer(feature_make: FeatureMake) -> None:
    """As docs/operators.md gives them; the areas are looked up, and moved, all the same."""
    areas = layer_get("administrative_areas")
    feature_make(areas, code="52", geom=square(116, -9, 1))
    feature_make(layer_get("aid_posts"), geom=Point(118.5, -8.5, srid=4326))
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE planner_of_markets; CREATE ROLE planner_of_areas")
        for role, table in (("planner_of_markets", Market._meta.db_table), ("planner_of_areas", areas.table)):
            cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {role}")
        cursor.execute("SET LOCAL ROLE planner_of_markets")
        insert(Market, "POINT(116.5 -8.5)", type="pasar_rakyat")
        cursor.execute("UPDATE layers_market SET geom = ST_Translate(geom, 2, 0) RETURNING area")
        assert cursor.fetchone() == ("",)
        cursor.execute("SET LOCAL ROLE planner_of_areas")
        cursor.execute("UPDATE layers_administrativearea SET geom = ST_Translate(geom, 2, 0)")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; RESET ROLE")
        cursor.execute("SELECT area FROM layers_market UNION ALL SELECT area FROM layers_aidpost")
        assert cursor.fetchall() == [("52",), ("52",)]


@pytest.mark.django_db
def test_an_index_of_boxes_of_another_kind_is_made_anew(layer: Layer) -> None:
    index = f"{layer.table}_bounds"
    kinds = {"gist": "spgist", "spgist": "gist"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT oid, pg_get_indexdef(oid) FROM pg_class WHERE oid = %s::regclass", [index])
        before, definition = cursor.fetchone()
        stamps_attach()
        cursor.execute("SELECT %s::regclass::oid", [index])
        assert cursor.fetchone() == (before,), "one that is right stays"
        (kind,) = re.findall(r" USING (\w+) ", definition)
        cursor.execute(f"DROP INDEX {index}")
        cursor.execute(definition.replace(f" USING {kind} ", f" USING {kinds[kind]} "))
        stamps_attach()
        cursor.execute("SELECT pg_get_indexdef(%s::regclass)", [index])
        assert cursor.fetchone() == (definition,)
