"""A layer as a file, and the file as a layer again."""

import csv
import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import pyogrio
import pytest
from conftest import FeatureMake, place
from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.db import Error, connection

from layers.catalog import Layer, layer_get
from layers.errors import Problem
from layers.exports.writer import WRITERS, layer_export
from layers.importers.importer import ImportReport, layer_import
from layers.models import Market
from layers.models.geometry import PARTS
from layers.query.rows import BATCH

WORDS = "Pasar \"Baru\"; a,b \\ 'q' ünï 市場"
FIXTURES = Path(__file__).parent.parent.parent / "fixtures"


@pytest.fixture
def samples(layer: Layer, db: None) -> int:
    """The layer's sample data."""
    return layer_import(layer, FIXTURES / f"{layer.id}.geojson").created


def rows(layer: Layer) -> list[dict[str, Any]]:
    return list(layer.model._default_manager.order_by("id").values())


def unchanged(count: int, unused: tuple[str, ...] = ()) -> ImportReport:
    return ImportReport(
        created=0,
        changed=0,
        unchanged=count,
        refused=0,
        repaired=0,
        outside=0,
        refusals=(),
        unused=unused,
        written=True,
    )


@pytest.mark.parametrize("ending", WRITERS)
def test_what_comes_back_changes_nothing(layer: Layer, samples: int, tmp_path: Path, ending: str) -> None:
    before = rows(layer)
    file = tmp_path / f"{layer.id}{ending}"

    assert layer_export(layer, file) == samples > 0
    # No import can tell which field a Shapefile's cut name stands for.
    names = {"id", *(known.name for known in layer.properties)}
    cut = tuple(name for name in pyogrio.read_info(file)["fields"] if ending == ".shp" and name not in names)
    assert replace(layer_import(layer, file), outside=0) == unchanged(samples, unused=cut)
    assert rows(layer) == before


def test_an_end_replaces_one_that_was_infinite(db: None, feature_make: FeatureMake, tmp_path: Path) -> None:
    layer, file = layer_get("disaster_zones"), tmp_path / "zona.geojson"
    feature_make(layer, valid_to="2027-01-01T00:00:00Z")
    layer_export(layer, file)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE layers_disasterzone SET valid_to = 'infinity'")
    assert layer_import(layer, file).changed == 1
    assert [row["valid_to"] for row in rows(layer)] == [datetime(2027, 1, 1, tzinfo=UTC)]


@pytest.mark.parametrize("second", ["06.789123", "06.000999", "59.999999"])
@pytest.mark.parametrize("ending", [ending for ending in WRITERS if ending != ".shp"])
def test_times_finer_than_gdal_keeps_them_come_back_unchanged(
    db: None, feature_make: FeatureMake, tmp_path: Path, ending: str, second: str
) -> None:
    layer = layer_get("markets")
    market = feature_make(layer, observed_at=f"2026-11-21T04:05:{second}Z", opens_at=f"06:30:{second}")
    file = tmp_path / f"pasar{ending}"
    layer_export(layer, file)
    before = rows(layer)
    assert layer_import(layer, file) == unchanged(1)
    assert rows(layer) == before

    Market.objects.update(name="Berubah")
    assert layer_import(layer, file).changed == 1
    (after,) = rows(layer)
    kept = {"observed_at", "opens_at", "name"}
    assert {name: after[name] for name in kept} == {name: before[0][name] for name in kept}

    Market.objects.update(observed_at="2026-11-21T04:05:00Z")
    assert layer_import(layer, file).changed == 1, "another time is another time"
    assert market.pk == after["id"]


@pytest.mark.parametrize("ending", [".gpkg", ".geojson", ".csv", ".fgb"])
def test_what_comes_back_to_an_empty_layer_is_the_same(
    layer: Layer, samples: int, feature_make: FeatureMake, tmp_path: Path, ending: str
) -> None:
    """All that is published, to the last digit; Shapefile alone loses names, long texts and the like."""
    geom = place(layer, 116.12345678901234, -8.512345678901234)
    if isinstance(geom, MultiPolygon):
        rings = [
            [(0, 0), (1 / 3, 0), (1 / 3, 1 / 7), (0, 0.1), (0, 0)],
            [(0.1, 0.01), (0.1, 0.02), (0.2, 0.02), (0.1, 0.01)],
        ]
        geom = MultiPolygon(Polygon(*rings), srid=4326)
    moment = datetime(2026, 11, 21, 4, 5, 6, 789_000, UTC)
    feature_make(layer, 99, name=WORDS, geom=geom, observed_at=moment)
    computed = {"id", "area", "created_at", "updated_at", *layer.model.restricted}
    before = [{name: value for name, value in row.items() if name not in computed} for row in rows(layer)]
    file = tmp_path / f"{layer.id}{ending}"

    layer_export(layer, file)
    layer.model._default_manager.all().delete()
    layer_import(layer, file)

    after = [{name: value for name, value in row.items() if name not in computed} for row in rows(layer)]
    assert sorted(after, key=lambda row: row["code"]) == sorted(before, key=lambda row: row["code"])


@pytest.mark.parametrize("ending", WRITERS)
def test_gdal_reads_what_is_published_and_nothing_else(
    layer: Layer, feature_make: FeatureMake, tmp_path: Path, ending: str
) -> None:
    feature_make(layer, **dict.fromkeys(layer.model.restricted, "Rahasia"))
    file = tmp_path / f"{layer.id}{ending}"

    layer_export(layer, file)

    published = ["id", *(known.name for known in layer.properties)]
    info = pyogrio.read_info(file)
    fields = list(info["fields"])
    if ending == ".shp":
        assert len(fields) == len(published)
    elif ending == ".csv":
        assert fields == published + (["lon", "lat"] if layer.geometry_type == "Point" else ["wkt"])
    else:
        assert [name for name in fields if name != "id"] == published[1:]
    assert info["features"] == 1
    if ending != ".csv":
        assert info["geometry_type"] in (layer.geometry_type, PARTS.get(layer.geometry_type))
        assert info["crs"] == "EPSG:4326"
    assert b"Rahasia" not in b"".join(part.read_bytes() for part in tmp_path.iterdir())


def test_geojson_is_rfc_7946(db: None, feature_make: FeatureMake, tmp_path: Path) -> None:
    market = feature_make(layer_get("markets"), operating_days=["senin"], kiosks=3, opens_at="06:30")

    layer_export(layer_get("markets"), tmp_path / "pasar.geojson")

    document = json.loads((tmp_path / "pasar.geojson").read_text())
    (feature,) = document.pop("features")
    assert document == {"type": "FeatureCollection"}
    assert feature["id"] == market.pk
    assert feature["geometry"] == {"type": "Point", "coordinates": [116.1, -8.58]}
    assert list(feature["properties"]) == [known.name for known in layer_get("markets").properties]
    listed = {name: feature["properties"][name] for name in ("operating_days", "kiosks", "opens_at", "sni_certified")}
    assert listed == {"operating_days": ["senin"], "kiosks": 3, "opens_at": "06:30:00", "sni_certified": None}


def test_csv_has_columns_of_coordinates(db: None, feature_make: FeatureMake, tmp_path: Path) -> None:
    feature_make(layer_get("markets"), operating_days=["senin", "rabu"])

    layer_export(layer_get("markets"), tmp_path / "pasar.csv")

    (row,) = csv.DictReader((tmp_path / "pasar.csv").read_text().splitlines())
    assert (row["lon"], row["lat"], row["operating_days"]) == ("116.1", "-8.58", "senin;rabu")


def test_shapefile_shortens_names(db: None, feature_make: FeatureMake, tmp_path: Path) -> None:
    posts = layer_get("aid_posts")
    feature_make(posts, displaced_day=1, displaced_night=2, displaced_as_of="2026-01-01T00:00:00Z")

    layer_export(posts, tmp_path / "pos.shp")

    assert {path.suffix for path in tmp_path.iterdir()} == {".shp", ".shx", ".dbf", ".prj", ".cpg"}
    names = {"displaced_", "displace_1", "displace_2"}
    assert names <= set(pyogrio.read_info(tmp_path / "pos.shp")["fields"])
    mapping = {"displaced_day": "displaced_", "displaced_night": "displace_1", "displaced_as_of": "displace_2"}
    unused = ("status_as_", "under_five", "declared_a", "observed_a")
    assert layer_import(posts, tmp_path / "pos.shp", mapping=mapping) == unchanged(1, unused)


@pytest.mark.parametrize("ending", WRITERS)
def test_an_empty_layer(layer: Layer, db: None, tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"{layer.id}{ending}"

    assert layer_export(layer, file) == 0
    assert pyogrio.read_info(file, force_feature_count=True)["features"] == 0


def test_what_a_killed_export_left_goes_with_the_next(db: None, tmp_path: Path) -> None:
    for name in (".geoportal-export-a", ".others"):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (0, 0))
    layer_export(layer_get("markets"), tmp_path / "markets.csv")
    assert {path.name for path in tmp_path.iterdir()} == {"markets.csv", ".others"}


def test_more_rows_than_a_batch(db: None, tmp_path: Path) -> None:
    count = BATCH + 1
    made = (
        Market(code=f"PSR-{n}", name="Pasar", type="pasar_rakyat", source="contoh", geom=Point(116 + n / count, -8))
        for n in range(count)
    )
    Market.objects.bulk_create(made)

    for ending in (".gpkg", ".geojson"):
        assert layer_export(layer_get("markets"), tmp_path / f"pasar{ending}") == count
        assert pyogrio.read_info(tmp_path / f"pasar{ending}")["features"] == count


class TestWhatCannotBeWritten:
    """Nothing is written, and what was there stays."""

    def refusal(self, file: Path) -> str:
        with pytest.raises(Problem) as problem:
            layer_export(layer_get("markets"), file)
        return str(problem.value.detail)

    @pytest.mark.parametrize("name", ["pasar.xlsx", "pasar", "pasar.geojson.gz"])
    def test_an_ending_without_a_format(self, db: None, tmp_path: Path, name: str) -> None:
        assert self.refusal(tmp_path / name).endswith("salah satu dari .gpkg, .geojson, .csv, .fgb, .shp.")
        assert not list(tmp_path.iterdir())

    def test_a_folder_that_is_missing(self, db: None, tmp_path: Path) -> None:
        assert self.refusal(tmp_path / "ada" / "pasar.csv") == f"Tidak ada folder {tmp_path}/ada."

    def test_a_file_that_exists(self, db: None, tmp_path: Path) -> None:
        file = tmp_path / "pasar.csv"
        file.write_text("milik orang")

        assert self.refusal(file) == f"{file} sudah ada; ganti dengan --overwrite."
        assert file.read_text() == "milik orang"
        layer_export(layer_get("markets"), file, overwrite=True)
        assert file.read_text().startswith('"id","code"')

    @pytest.mark.parametrize("ending", WRITERS)
    def test_a_read_that_breaks_off(self, db: None, tmp_path: Path, ending: str) -> None:
        file = tmp_path / f"pasar{ending}"
        file.write_text("yang lama")
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE layers_market RENAME COLUMN traders TO merchants")

        with pytest.raises(Error, match="traders"):
            layer_export(layer_get("markets"), file, overwrite=True)
        assert [path.read_text() for path in tmp_path.iterdir()] == ["yang lama"]

    @pytest.mark.parametrize("ending", [ending for ending in WRITERS if ending != ".geojson"])
    def test_an_interruption(self, db: None, tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """As Ctrl-C is, not as a file that cannot be written."""

        def interrupted(*_: object) -> NoReturn:
            raise KeyboardInterrupt

        monkeypatch.setattr("layers.exports.writer.rows_fetch", interrupted)
        with pytest.raises(KeyboardInterrupt):
            layer_export(layer_get("markets"), tmp_path / f"pasar{ending}")
        assert list(tmp_path.iterdir()) == []
