"""Zonal statistics, held against a plain computation with shapely."""

import csv
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from conftest import FeatureMake
from django.contrib.gis.geos import GEOSGeometry
from django.core.management import CommandError, call_command
from rasterio.transform import from_origin
from rasters import CELL, NORTH, WEST, raster_make
from shapely.geometry.base import BaseGeometry

from layers.catalog import layer_get
from layers.management.commands.raster_statistics import COLUMNS
from layers.services import raster_zonal
from layers.services.raster_zonal import ZonalStatistics, zonal

pytestmark = pytest.mark.django_db

UTM = {"crs": "EPSG:32750", "transform": from_origin(400_000, 9_051_000, 100, 100)}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> None:
    settings.RASTERS_FOLDER = str(tmp_path / "rasters")


def square(left: float, top: float, right: float, bottom: float) -> BaseGeometry:
    """In cells from the north-west corner."""
    return shapely.box(WEST + CELL * left, NORTH - CELL * bottom, WEST + CELL * right, NORTH - CELL * top)


def test_cells_count_by_the_share_that_is_covered(tmp_path: Path) -> None:
    band = raster_make(tmp_path, [[0.2, 0.4, 0.8, -9999]]).bands.get()

    found = zonal(
        band,
        [
            ("whole", square(0, 0, 1, 1)),
            ("half of the second", square(0, 0, 1.5, 1)),
            ("half not mapped", square(2, 0, 4, 1)),
            ("half outside", square(-1, 0, 1, 1)),
            ("not mapped", square(3, 0, 4, 1)),
            ("elsewhere", square(10, 10, 11, 11)),
        ],
    )

    assert found == [
        ZonalStatistics("whole", 0.2, 0.2, 0.2, 1, {"rendah": 1, "sedang": 0, "tinggi": 0}),
        ZonalStatistics(
            "half of the second", 0.2, 0.2666667, 0.4, 1, {"rendah": 0.6666667, "sedang": 0.3333333, "tinggi": 0}
        ),
        ZonalStatistics("half not mapped", 0.8, 0.8, 0.8, 0.5, {"rendah": 0, "sedang": 0, "tinggi": 0.5}),
        ZonalStatistics("half outside", 0.2, 0.2, 0.2, 0.5, {"rendah": 0.5, "sedang": 0, "tinggi": 0}),
        ZonalStatistics("not mapped", None, None, None, 0, {"rendah": 0, "sedang": 0, "tinggi": 0}),
        ZonalStatistics("elsewhere", None, None, None, 0, {"rendah": 0, "sedang": 0, "tinggi": 0}),
    ]


def test_without_breaks_there_are_no_shares(tmp_path: Path) -> None:
    band = raster_make(tmp_path, [[0.2]], breaks=[], breaks_source="").bands.get()

    assert zonal(band, [("a", square(0, 0, 1, 1))]) == [ZonalStatistics("a", 0.2, 0.2, 0.2, 1, {})]


@pytest.mark.parametrize("step", [2048, 7], ids=["in one piece", "in many"])
@pytest.mark.parametrize("placed", [{}, UTM], ids=["degrees", "metres"])
def test_against_shapely(placed: dict[str, Any], step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raster_zonal, "STEP", step)
    cells = np.random.default_rng(3).random((20, 30)).astype(np.float32)
    cells[5:8, 5:20] = -9999
    raster = raster_make(tmp_path, cells, **placed)
    dataset = raster_zonal.dataset_get(raster)
    west, south, east, north = dataset.bounds
    ring = [(0.1, 0.1), (0.85, 0.2), (0.6, 0.55), (0.9, 0.97), (0.2, 0.8)]
    shape = shapely.Polygon([(west + x * (east - west), south + y * (north - south)) for x, y in ring])
    expected = _plainly(dataset, cells, shape)
    back = raster_zonal.to_raster(raster.crs)
    area = shapely.transform(
        shape, lambda points: np.column_stack(back.transform(points[:, 0], points[:, 1], direction="INVERSE"))
    )

    (found,) = zonal(raster.bands.get(), [("a", area)])

    shares = [found.shares[level] for level in ("rendah", "sedang", "tinggi")]
    assert [found.minimum, found.mean, found.maximum, found.mapped, *shares] == pytest.approx(expected, abs=2e-6)


def _plainly(dataset: Any, cells: np.ndarray, shape: BaseGeometry) -> list[float]:
    values, planar, weights = [], [], []
    for row in range(dataset.height):
        for column in range(dataset.width):
            west, north = dataset.transform @ (column, row)
            east, south = dataset.transform @ (column + 1, row + 1)
            covered = shapely.intersection(shape, shapely.box(west, south, east, north)).area
            if covered and cells[row, column] >= 0:
                values.append(float(cells[row, column]))
                planar.append(covered)
                middle = (north + south) / 2
                weights.append(covered * (np.cos(np.radians(middle)) if dataset.crs.is_geographic else 1))
    mapped = sum(planar) / shape.area
    classes = np.bincount(np.digitize(values, [0.33, 0.66]), weights) / sum(weights) * mapped
    return [min(values), np.average(values, weights=weights), max(values), mapped, *classes]


def test_the_command_writes_a_row_an_area(tmp_path: Path, feature_make: FeatureMake) -> None:
    raster_make(tmp_path, [[0.2, 0.4, 0.8, -9999]])
    areas = layer_get("administrative_areas")
    halves = {"52.71.01.1002": square(2, 0, 4, 1), "52.71.01.1001": square(0, 0, 2, 1)}
    for number, (code, shape) in enumerate(halves.items(), 1):
        geom = GEOSGeometry(shapely.MultiPolygon([shape]).wkt, srid=4326)
        feature_make(areas, number, code=code, name=f"Kelurahan {number}", geom=geom)

    told = StringIO()
    call_command("raster_statistics", "banjir", stdout=told)

    head, *rows = csv.reader(StringIO(told.getvalue()))
    assert head == [*COLUMNS, "share_rendah", "share_sedang", "share_tinggi"]
    assert rows == [
        ["indeks", "indeks", "52.71.01.1001", "Kelurahan 2", "0.2", "0.3", "0.4", "1.0", "0.5", "0.5", "0.0"],
        ["indeks", "indeks", "52.71.01.1002", "Kelurahan 1", "0.8", "0.8", "0.8", "0.5", "0.0", "0.0", "0.5"],
    ]


def test_the_command_says_what_is_not_there(tmp_path: Path, feature_make: FeatureMake) -> None:
    raster = raster_make(tmp_path, [[0.2]])
    with pytest.raises(CommandError, match="Yang ada: banjir"):
        call_command("raster_statistics", "gempa")
    with pytest.raises(CommandError, match="Tidak ada wilayah kelurahan"):
        call_command("raster_statistics", "banjir")
    feature_make(layer_get("administrative_areas"), code="52.71.01.1001")
    raster.path.unlink()
    with pytest.raises(CommandError, match="No such file"):
        call_command("raster_statistics", "banjir", stdout=StringIO())
