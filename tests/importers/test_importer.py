"""A file becomes features of a layer, all of it or none, and the report says what became of each row."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyogrio
import pytest
import shapely
from conftest import FeatureMake, place, square, values_make
from django.db import OperationalError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from layers.catalog import Layer, layer_get
from layers.errors import InvalidParameter, Problem
from layers.importers.importer import ImportReport, Refusal, layer_import
from layers.models import AdministrativeArea, Feature, HealthFacility, Market, ParkingSpot
from layers.query.staging import Staging

Row = tuple[dict[str, Any], Any]

PLACES = [(116.0744, -8.5700), (116.1161, -8.5832), (116.1487, -8.5981)]
CODES = ["PSR-1", "PSR-2", "PSR-3"]


def geojson(path: Path, rows: Iterable[Row]) -> Path:
    """A GeoJSON file of properties and geometries; a pair of numbers is a point."""
    features = [
        {
            "type": "Feature",
            "properties": properties,
            "geometry": {"type": "Point", "coordinates": geometry} if isinstance(geometry, tuple) else geometry,
        }
        for properties, geometry in rows
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def points(path: Path, codes: list[str], positions: list[tuple[float, float]], **options: Any) -> Path:
    """A file of points with their codes, in the format of its ending."""
    pyogrio.raw.write(
        path,
        shapely.to_wkb(shapely.points(positions)),
        [np.array(codes, object)],
        ["code"],
        geometry_type="Point",
        **{"crs": "EPSG:4326"} | options,
    )
    return path


def market(code: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "name": f"Pasar {code}", "type": "pasar_rakyat", "source": "survei", **more}


def outcome(report: ImportReport) -> tuple[int, int, int, int, bool]:
    return report.created, report.changed, report.unchanged, report.refused, report.written


@pytest.fixture
def markets(db: None) -> Layer:
    return layer_get("markets")


@pytest.fixture
def three(tmp_path: Path) -> Path:
    return geojson(tmp_path / "three.geojson", [(market(code), at) for code, at in zip(CODES, PLACES, strict=True)])


def stored(model: type[Feature] = Market) -> dict[str, tuple[float, float]]:
    features = model._default_manager.all()
    return {feature.code: (round(feature.geom.x, 6), round(feature.geom.y, 6)) for feature in features}


@pytest.mark.parametrize(
    "ending", ["gpkg", "geojson", "fgb", "shp", "kml", "csv", "utm.gpkg", "wkt.csv", "lintang.csv"]
)
def test_formats_and_crs(markets: Layer, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"pasar.{ending}"
    rows = list(zip(CODES, PLACES, strict=True))
    if ending == "csv":
        path.write_text("code,lon,lat\n" + "".join(f"{code},{x},{y}\n" for code, (x, y) in rows))
    elif ending == "wkt.csv":
        path.write_text("code;WKT\n" + "".join(f"{code};POINT ({x} {y})\n" for code, (x, y) in rows))
    elif ending == "lintang.csv":  # latitude first, and the decimal commas of an Indonesian spreadsheet
        lines = "".join(f"{code};{y};{x}\n".replace(".", ",") for code, (x, y) in rows)
        path.write_text("\ufeffCODE;Lintang;Bujur\n" + lines, encoding="utf-8")
    elif ending == "utm.gpkg":
        points(path, CODES, [_utm(*at) for at in PLACES], crs="EPSG:32750")
    else:
        points(path, CODES, PLACES, driver="LIBKML" if ending == "kml" else None)

    report = layer_import(markets, path, constants={"name": "Pasar", "type": "Pasar rakyat", "source": "survei"})

    assert outcome(report) == (3, 0, 0, 0, True)
    assert stored() == dict(rows)


def _utm(longitude: float, latitude: float) -> tuple[float, float]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ST_X(p), ST_Y(p) FROM ST_Transform(ST_SetSRID(ST_Point(%s, %s), 4326), 32750) p",
            [longitude, latitude],
        )
        x, y = cursor.fetchone()
    return x, y


def test_the_same_file_again_changes_nothing(markets: Layer, three: Path) -> None:
    layer_import(markets, three)
    before = list(Market.objects.order_by("id").values())

    assert outcome(layer_import(markets, three)) == (0, 0, 3, 0, True)
    assert list(Market.objects.order_by("id").values()) == before


def test_new_rows_are_created_others_changed_and_unfed_columns_left_alone(
    markets: Layer, three: Path, tmp_path: Path, feature_make: FeatureMake
) -> None:
    layer_import(markets, three)
    Market.objects.filter(code="PSR-1").update(kiosks=40, contact_name="Ibu contoh")
    before = {one.code: one for one in Market.objects.all()}
    changed = geojson(
        tmp_path / "changed.geojson",
        [
            (market("PSR-1", address="Jalan Saleh Sungkar"), PLACES[0]),
            (market("PSR-2", address=""), PLACES[1]),
            (market("PSR-4", address="Jalan Koperasi"), PLACES[2]),
        ],
    )

    assert outcome(layer_import(markets, changed)) == (1, 1, 1, 0, True)
    after = {one.code: one for one in Market.objects.all()}
    assert (after["PSR-1"].address, after["PSR-1"].kiosks, after["PSR-1"].contact_name) == (
        "Jalan Saleh Sungkar",
        40,
        "Ibu contoh",
    )
    assert {code: after[code].id for code in before} == {code: before[code].id for code in before}
    assert after["PSR-1"].updated_at > before["PSR-1"].updated_at
    assert after["PSR-2"].updated_at == before["PSR-2"].updated_at
    assert after["PSR-4"].operating_days == []


def test_ids_follow_the_file(markets: Layer, three: Path) -> None:
    layer_import(markets, three)

    assert [one.code for one in Market.objects.order_by("id")] == CODES


def test_names_are_mapped_and_labels_read(markets: Layer, tmp_path: Path) -> None:
    file = geojson(
        tmp_path / "sipr.geojson",
        [({"KODE": 7, "NAMOBJ": "Pasar Sindu", "JENIS": "Pasar rakyat", "SOURCE": "SIPR", "id": 99}, PLACES[0])],
    )

    report = layer_import(
        markets, file, mapping={"code": "kode", "name": "NAMOBJ", "type": "JENIS"}, constants={"sni_certified": "ya"}
    )

    assert outcome(report) == (1, 0, 0, 0, True)
    assert list(Market.objects.values_list("code", "name", "type", "source", "sni_certified")) == [
        ("7", "Pasar Sindu", "pasar_rakyat", "SIPR", True)
    ]


def test_one_bad_row_and_nothing_is_written(markets: Layer, tmp_path: Path) -> None:
    file = geojson(
        tmp_path / "bad.geojson",
        [(market("PSR-1"), PLACES[0]), (market("PSR-2", type="mal", kiosks=-1), (200.0, 0.0))],
    )

    report = layer_import(markets, file)

    assert outcome(report) == (1, 0, 0, 1, False)
    assert [(refusal.row, refusal.code) for refusal in report.refusals] == [(2, "PSR-2")]
    for part in ("type: Nilai 'mal'", "Yang ada: pasar_rakyat", "kiosks: ", "geom: Koordinat di luar dunia"):
        assert part in report.refusals[0].reason
    assert not Market.objects.exists()


def test_the_other_rows_can_be_written(markets: Layer, tmp_path: Path) -> None:
    file = geojson(tmp_path / "bad.geojson", [(market("PSR-1"), PLACES[0]), (market("PSR 2"), None)])

    report = layer_import(markets, file, skip_refused=True)

    assert report == ImportReport(
        created=1,
        changed=0,
        unchanged=0,
        refused=1,
        repaired=0,
        outside=0,
        refusals=(Refusal(2, None, "code: Kode tidak boleh memuat spasi. geom: Geometri kosong atau tidak terbaca."),),
        unused=(),
        written=True,
    )
    assert list(stored()) == ["PSR-1"]


def test_a_dry_run_reports_and_writes_nothing(markets: Layer, three: Path) -> None:
    assert outcome(layer_import(markets, three, dry_run=True)) == (3, 0, 0, 0, False)
    assert not Market.objects.exists()


def test_the_report_names_every_row(markets: Layer, three: Path, tmp_path: Path) -> None:
    layer_import(markets, three)
    file = geojson(
        tmp_path / "mixed.geojson",
        [
            (market("PSR-1"), PLACES[0]),
            (market("PSR-2", name='Pasar, "baru"'), PLACES[1]),
            (market("PSR-9"), PLACES[2]),
            (market("PSR-9"), PLACES[2]),
        ],
    )

    layer_import(markets, file, report=tmp_path / "report.csv")

    assert list(csv.reader((tmp_path / "report.csv").read_text().splitlines())) == [
        ["row", "code", "outcome", "reason"],
        ["1", "PSR-1", "unchanged", ""],
        ["2", "PSR-2", "changed", ""],
        ["3", "PSR-9", "created", ""],
        ["4", "PSR-9", "refused", "code: sama dengan baris 3."],
    ]


def test_twenty_refusals_are_named(markets: Layer, tmp_path: Path) -> None:
    file = geojson(tmp_path / "many.geojson", [(market(f"PSR-{n}", type="mal"), PLACES[0]) for n in range(30)])

    report = layer_import(markets, file)

    assert (report.refused, [refusal.row for refusal in report.refusals]) == (30, list(range(1, 21)))


def test_every_later_duplicate_is_refused(markets: Layer, tmp_path: Path) -> None:
    codes = ["A", "B", "A", "B", "A"]
    file = geojson(tmp_path / "twice.geojson", [(market(code), PLACES[0]) for code in codes])

    report = layer_import(markets, file)

    assert [str(refusal) for refusal in report.refusals] == [
        "baris 3 (A): code: sama dengan baris 1.",
        "baris 4 (B): code: sama dengan baris 2.",
        "baris 5 (A): code: sama dengan baris 1.",
    ]


def test_rows_that_break_a_rule_between_fields_are_refused_in_its_words(db: None, tmp_path: Path) -> None:
    parking = {"name": "Parkir", "type": "khusus", "source": "Dishub"}
    file = geojson(
        tmp_path / "parking.geojson",
        [
            ({**parking, "code": "P-1", "is_charged": True, "road_authority": "nasional"}, PLACES[0]),
            ({**parking, "code": "P-2", "is_charged": True, "road_authority": "kota"}, PLACES[0]),
        ],
    )

    report = layer_import(layer_get("parking_spots"), file)

    assert [str(refusal) for refusal in report.refusals] == [
        "baris 1 (P-1): Kota tidak boleh memungut retribusi di jalan provinsi atau nasional."
    ]


def test_rules_are_held_against_defaults_and_what_is_stored(
    db: None, tmp_path: Path, feature_make: FeatureMake
) -> None:
    spots = layer_get("parking_spots")
    feature_make(spots, 1, code="P-1", road_authority="nasional")
    zones = layer_get("disaster_zones")
    charged = {"name": "Parkir", "type": "khusus", "source": "Dishub", "is_charged": True}
    file = geojson(tmp_path / "p.geojson", [({**charged, "code": code}, PLACES[0]) for code in ("P-1", "P-2")])
    zone = {"code": "Z-1", "name": "Zona", "hazard": "101", "level": "rendah", "kind": "kejadian", "source": "BPBD"}
    shape = json.loads(square(116.1, -8.6).geojson)
    flood = geojson(tmp_path / "z.geojson", [({**zone, "value_min": 0.1}, shape)])

    assert [refusal.code for refusal in layer_import(spots, file).refusals] == ["P-1"]
    assert [str(refusal) for refusal in layer_import(zones, flood).refusals] == [
        "baris 1 (Z-1): Nilai memerlukan satuan."
    ]


def test_new_rows_need_what_the_file_does_not_give(markets: Layer, tmp_path: Path, three: Path) -> None:
    layer_import(markets, three)
    rows = [({"code": code, "kiosks": 12}, PLACES[0]) for code in ("PSR-1", "PSR-9")]

    report = layer_import(markets, geojson(tmp_path / "kiosks.geojson", rows))

    assert [str(refusal) for refusal in report.refusals] == [
        "baris 2 (PSR-9): Baris baru memerlukan juga name, source, type."
    ]
    assert report.changed == 1


def test_unique_columns_besides_the_code(db: None, tmp_path: Path, feature_make: FeatureMake) -> None:
    areas = layer_get("administrative_areas")
    feature_make(areas, 1, code="52.71.01", bps_code="5271010")
    shape = json.loads(square(116.1, -8.6).geojson)
    codes = [
        ("52.71.02", "5271010"),
        ("52.71.03", "5271030"),
        ("52.71.04", "5271030"),
        ("52.71.05", ""),
        ("52.71.06", ""),
    ]
    rows = [({"code": code, "bps_code": bps, "name": code, "source": "BPS"}, shape) for code, bps in codes]
    file = geojson(tmp_path / "areas.geojson", [*rows, ({**rows[0][0], "code": "52.71.01"}, shape)])

    assert [str(refusal) for refusal in layer_import(areas, file).refusals] == [
        "baris 1 (52.71.02): bps_code: sudah dipakai oleh 52.71.01.",
        "baris 3 (52.71.04): bps_code: sama dengan baris 2.",
        "baris 6 (52.71.01): bps_code: sama dengan baris 1.",
    ]


def test_what_lies_elsewhere_is_told_and_taken(markets: Layer, tmp_path: Path) -> None:
    """Such as what a receiver writes that knows no position."""
    rows = [(market("PSR-1"), PLACES[0]), (market("PSR-2"), (-8.5832, 86.1161)), (market("PSR-3"), (0.0, 0.0))]
    report = layer_import(markets, geojson(tmp_path / "jauh.geojson", rows))
    assert (outcome(report), report.outside) == ((3, 0, 0, 0, True), 2)
    refused = layer_import(markets, geojson(tmp_path / "kosong.geojson", [(market("PSR-4"), None)]), skip_refused=True)
    assert (refused.refused, refused.outside) == (1, 0)


def test_refused_coordinates_are_told_to_lie_elsewhere(markets: Layer, tmp_path: Path) -> None:
    """Metres of a file that does not say its CRS, or latitude before longitude: what to look at is the same."""
    rows = [(market("PSR-1"), (398_000.0, 9_052_000.0)), (market("PSR-2"), (-8.5832, 116.1))]
    report = layer_import(markets, geojson(tmp_path / "meter.geojson", rows))
    assert (report.refused, report.outside) == (2, 2)


def test_polygons_are_repaired_when_told(db: None, tmp_path: Path) -> None:
    areas = layer_get("administrative_areas")
    bowtie = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
    file = geojson(tmp_path / "bowtie.geojson", [({"code": "52", "name": "NTB", "source": "contoh"}, bowtie)])

    refused = layer_import(areas, file)
    repaired = layer_import(areas, file, repair=True)

    assert (outcome(refused), refused.repaired) == ((0, 0, 0, 1, False), 0)
    assert "Self-intersection" in refused.refusals[0].reason
    assert (outcome(repaired), repaired.repaired) == ((1, 0, 0, 0, True), 1)
    assert AdministrativeArea.objects.get().geom.area == 0.5
    assert outcome(layer_import(areas, file, repair=True)) == (0, 0, 1, 0, True)


def test_areas_are_assigned_and_follow_the_boundaries(
    markets: Layer, three: Path, tmp_path: Path, feature_make: FeatureMake
) -> None:
    areas = layer_get("administrative_areas")
    feature_make(areas, 1, code="52.71", geom=square(116.0, -8.7, 0.2))
    layer_import(markets, three)
    assert set(Market.objects.values_list("area", flat=True)) == {"52.71"}

    shape = json.loads(square(PLACES[0][0] - 0.001, PLACES[0][1] - 0.001).geojson)
    village = {"code": "52.71.01.1013", "name": "Bintaro", "source": "contoh"}
    layer_import(areas, geojson(tmp_path / "village.geojson", [(village, shape)]))

    assert dict(Market.objects.values_list("code", "area")) == {
        "PSR-1": "52.71.01.1013",
        "PSR-2": "52.71",
        "PSR-3": "52.71",
    }


def test_computed_fields_in_a_file_are_passed_over(markets: Layer, tmp_path: Path) -> None:
    rows = [(market("PSR-1", id=77, area="52.71.01", created_at="2001-01-01", updated_at="2001-01-01"), PLACES[0])]

    layer_import(markets, geojson(tmp_path / "own.geojson", rows))

    one = Market.objects.get()
    assert (one.area, one.created_at.year > 2001, one.id != 77) == ("", True, True)


@pytest.mark.parametrize("column", ["wkt", "geom", "Geometry", "the_geom"])
def test_a_table_may_have_its_geometry_as_words(markets: Layer, tmp_path: Path, column: str) -> None:
    file = tmp_path / "pasar.csv"
    file.write_text(f'code,name,source,type,{column}\nP-1,a,x,pasar_rakyat,"POINT(116.1 -8.58)"\n')
    report = layer_import(markets, file)
    assert (outcome(report), report.unused) == ((1, 0, 0, 0, True), ())
    assert markets.model.objects.get().geom.coords == (116.1, -8.58)


def test_what_nothing_takes_is_told(markets: Layer, tmp_path: Path) -> None:
    """A misspelt name, a name that a Shapefile cut, and one that gave way to another; not positions and numbers."""
    file = tmp_path / "pasar.csv"
    file.write_text(
        "FID,ID,code,kios,observed_a,name,NAMOBJ,Lon,Lat,Updated_At\n7,7,PSR-1,999,2026,a,b,116.1,-8.58,x\n"
    )

    report = layer_import(
        markets, file, mapping={"name": "namobj"}, constants={"type": "pasar_rakyat", "source": "survei"}
    )

    assert (outcome(report), report.unused) == ((1, 0, 0, 0, True), ("kios", "observed_a", "name"))


def test_a_query_composes_codes_and_takes_a_point_of_each_polygon(db: None, tmp_path: Path) -> None:
    shape = json.loads(square(116.1, -8.6).geojson)
    file = geojson(tmp_path / "osm.geojson", [({"nama": "RS", "kelas": "b"}, shape), ({"nama": "Klinik"}, shape)])
    sql = (
        "SELECT nama AS name, kelas AS hospital_class, 'RS-' || row_number() OVER () AS code, "
        "ST_PointOnSurface(geometry) AS geometry FROM osm WHERE kelas IS NOT NULL"
    )

    report = layer_import(
        layer_get("health_facilities"), file, sql=sql, constants={"type": "Rumah sakit", "source": "OSM"}
    )

    assert outcome(report) == (1, 0, 0, 0, True)
    one = HealthFacility.objects.get()
    assert (one.code, one.name, one.hospital_class, round(one.geom.x, 3)) == ("RS-1", "RS", "B", 116.105)


def test_words_of_every_kind_arrive_as_they_are(markets: Layer, tmp_path: Path) -> None:
    words = "Pasar \"Baru\"; a,b \\. {c} \\N %s 'q' ünï 市場\n\\.\nbaris"
    file = geojson(tmp_path / "words.geojson", [(market("PSR-1", name=words), PLACES[0])])

    layer_import(markets, file)

    assert Market.objects.get().name == words
    assert outcome(layer_import(markets, file)) == (0, 0, 1, 0, True)


def test_more_rows_than_a_batch(db: None, tmp_path: Path) -> None:
    count = 40_000
    path = points(
        tmp_path / "many.gpkg", [f"P-{n}" for n in range(count)], [(116 + n / count, -8) for n in range(count)]
    )

    report = layer_import(
        layer_get("parking_spots"), path, constants={"name": "Parkir", "type": "khusus", "source": "x"}
    )

    assert outcome(report) == (count, 0, 0, 0, True)
    assert ParkingSpot.objects.order_by("-id")[0].code == "P-39999"


def test_a_table_without_geometry_beside_the_layer_is_passed_over(markets: Layer, tmp_path: Path) -> None:
    """QGIS keeps styles in a GeoPackage as such a table."""
    path = points(tmp_path / "pasar.gpkg", CODES, PLACES)
    styles = np.array(["<qml/>"], object)
    pyogrio.raw.write(path, None, [styles], ["styleQML"], layer="layer_styles", append=True)

    report = layer_import(markets, path, constants={"name": "Pasar", "type": "pasar_rakyat", "source": "survei"})

    assert outcome(report) == (3, 0, 0, 0, True)


class TestWhatDoesNotFit:
    """File, layer and options that do not fit together are told so, and nothing is written."""

    def refusal(self, path: Path, **options: Any) -> str:
        with pytest.raises(Problem) as problem:
            layer_import(layer_get("markets"), path, **options)
        assert not Market.objects.exists()
        return str(problem.value.detail)

    def test_no_file(self, db: None, tmp_path: Path) -> None:
        assert self.refusal(tmp_path / "nope.gpkg") == f"Tidak ada berkas {tmp_path}/nope.gpkg."

    @pytest.mark.parametrize("content", ["", "halo", "{}", '{"type": "FeatureCollection", "features": [', "PK\x03\x04"])
    @pytest.mark.parametrize("name", ["x.txt", "x.geojson", "x.gpkg", "x.shp", "x.kml", "x.zip"])
    def test_no_geographic_data(self, db: None, tmp_path: Path, name: str, content: str) -> None:
        (tmp_path / name).write_text(content)

        assert self.refusal(tmp_path / name).startswith(f"{name} tidak ")

    def test_no_rows(self, db: None, tmp_path: Path) -> None:
        file = geojson(tmp_path / "none.geojson", [])
        assert self.refusal(file, constants={"code": "A"}) == "none.geojson tidak memuat satu baris pun."

    @pytest.mark.parametrize("header", ["code,name", "code;name;alamat"])
    def test_no_geometry(self, db: None, tmp_path: Path, header: str) -> None:
        (tmp_path / "pasar.csv").write_text(f"{header}\n1,2\n")

        assert self.refusal(tmp_path / "pasar.csv").startswith("pasar.csv tidak memuat geometri. CSV memerlukan kolom")

    def test_not_utf8(self, db: None, tmp_path: Path) -> None:
        (tmp_path / "pasar.csv").write_bytes("code,name,lon,lat\nA,Caf\xe9,116,-8\n".encode("latin-1"))

        assert "UTF-8" in self.refusal(tmp_path / "pasar.csv")
        (tmp_path / "pasar.csv").write_text("code,name,lon,lat\nA,Pasar,116,-8\n", encoding="utf-16")
        assert self.refusal(tmp_path / "pasar.csv").startswith("pasar.csv tidak tersimpan sebagai UTF-8. ")

    def test_shapefile_that_does_not_say_its_encoding(self, markets: Layer, tmp_path: Path) -> None:
        path = tmp_path / "pasar.shp"
        names = np.array(["Café"], object)
        wkb = shapely.to_wkb(shapely.points([PLACES[0]]))
        pyogrio.raw.write(path, wkb, [names], ["name"], geometry_type="Point", crs="EPSG:4326", encoding="CP1252")
        (tmp_path / "pasar.cpg").unlink()
        constants = {"code": "A", "type": "pasar_rakyat", "source": "survei"}
        reason = self.refusal(path, constants=constants)
        assert reason.endswith("tulis pengodeannya, mis. CP1252, dalam berkas pasar.cpg di sampingnya.")
        (tmp_path / "pasar.cpg").write_text("CP1252")
        layer_import(markets, path, constants=constants)
        assert Market.objects.get().name == "Café"

    def test_several_layers(self, markets: Layer, tmp_path: Path) -> None:
        path = tmp_path / "dua.gpkg"
        points(path, CODES, PLACES, layer="pasar")
        points(path, CODES, PLACES, layer="parkir", append=True)

        assert self.refusal(path) == "Pilih satu lapisan dari dua.gpkg dengan --file-layer: pasar, parkir."
        assert self.refusal(path, file_layer="toko").endswith("--file-layer: pasar, parkir.")
        constants = {"name": "Pasar", "type": "pasar_rakyat", "source": "survei"}
        assert layer_import(markets, path, file_layer="parkir", constants=constants).created == 3
        assert layer_import(markets, path, sql="SELECT * FROM pasar", constants=constants).unchanged == 3

    def test_no_code(self, db: None, tmp_path: Path) -> None:
        file = geojson(tmp_path / "a.geojson", [({"KODE": "A", "NAMOBJ": "x"}, PLACES[0])])

        assert self.refusal(file) == (
            "Bidang mana yang memuat kode unik setiap baris? Sebutkan dengan --map code=BIDANG. "
            "Bidang berkas: KODE, NAMOBJ."
        )

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"mapping": {"nama": "name"}}, "markets tidak memiliki bidang 'nama' yang dapat diisi. Yang ada: code,"),
            ({"mapping": {"area": "name"}}, "markets tidak memiliki bidang 'area' yang dapat diisi."),
            ({"mapping": {"name": "NAMOBJ"}}, "Berkas tidak memiliki bidang 'NAMOBJ'. Yang ada: code, name"),
            ({"constants": {"nama": "x"}}, "markets tidak memiliki bidang 'nama' yang dapat diisi."),
            ({"constants": {"kiosks": "x"}}, "kiosks: Nilai “x” harus berupa integer."),
            ({"mapping": {"name": "name"}, "constants": {"name": "x"}}, "'name' diberi dua kali"),
            ({"crs": "EPSG:32750"}, "Berkas ini sudah menyebut CRS-nya, EPSG:4326"),
            ({"sql": "SELECT"}, "three.geojson tidak terbaca"),
            ({"sql": "SELECT code FROM three"}, "three.geojson tidak memuat geometri."),
            ({"sql": "SELECT *, ST_Centroid(geometry) AS c FROM three"}, "Kueri menghasilkan beberapa geometri"),
            ({"report": Path("/nowhere/report.csv")}, "/nowhere/report.csv tidak dapat ditulis"),
        ],
    )  # fmt: skip
    def test_options(self, db: None, three: Path, options: dict[str, Any], message: str) -> None:
        assert self.refusal(three, **options).startswith(message)

    def test_a_crs_for_a_file_that_does_not_say(self, markets: Layer, tmp_path: Path) -> None:
        x, y = _utm(*PLACES[0])
        (tmp_path / "utm.csv").write_text(f"code,name,type,source,x,y\nPSR-1,Pasar,pasar_rakyat,survei,{x},{y}\n")

        assert self.refusal(tmp_path / "utm.csv", crs="EPSG:1").startswith("CRS 'EPSG:1' tidak dikenal")
        assert "di luar dunia" in layer_import(markets, tmp_path / "utm.csv").refusals[0].reason
        layer_import(markets, tmp_path / "utm.csv", crs="EPSG:32750")
        assert stored() == {"PSR-1": PLACES[0]}

    def test_parameters_are_named(self, db: None, three: Path) -> None:
        with pytest.raises(InvalidParameter) as problem:
            layer_import(layer_get("markets"), three, mapping={"nama": "name"})
        assert problem.value.extra == {"parameter": "map"}


def test_every_layer_takes_the_least_a_feature_needs(layer: Layer, db: None, tmp_path: Path) -> None:
    file = geojson(tmp_path / "least.geojson", [(values_make(layer), json.loads(place(layer).geojson))])

    assert outcome(layer_import(layer, file)) == (1, 0, 0, 0, True)


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_ends_while_rows_are_copied_is_a_fault_of_the_database(
    elsewhere: BaseDatabaseWrapper,
) -> None:
    """As commands tell it, not psycopg's own."""
    with transaction.atomic(), elsewhere.cursor() as cursor:
        staging = Staging(layer_get("markets"), ("code",))
        staging.open()
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid])
        with pytest.raises(OperationalError):
            staging.rows_add(pa.RecordBatch.from_pydict({"_row": [1], "_refusal": [None], "code": ["T-1"]}))
        transaction.set_rollback(True)
