"""What rasters say about points."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pyproj import Transformer
from rasterio.transform import from_origin
from rasters import CELL, NORTH, WEST, raster_make

from layers.models import Raster, RasterBand
from layers.query.rasters import bands_of
from layers.services import rasters
from layers.services.rasters import RasterValue, band_values, bands_active, values_at, values_many

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HALF = CELL / 2


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> None:
    settings.RASTERS_FOLDER = str(tmp_path / "rasters")


def said(values: list[RasterValue]) -> list[tuple[str, float | None, str, str | None]]:
    return [
        (one.band.raster.code, one.value, one.status, one.hazard_class.level if one.hazard_class else None)
        for one in values
    ]


def test_a_value_its_class_and_whose_breaks(tmp_path: Path) -> None:
    raster_make(tmp_path, [[0.1, 0.33], [0.66, -9999]])

    places = [(0, 0), (1, 0), (0, 1), (1, 1), (2, 0)]
    found = [said(values_at(WEST + CELL * x + HALF, NORTH - CELL * y - HALF, bands_active(NOW))) for x, y in places]

    assert found == [
        [("banjir", 0.1, "mapped", "rendah")],
        [("banjir", 0.33, "mapped", "sedang")],
        [("banjir", 0.66, "mapped", "tinggi")],
        [("banjir", None, "not_mapped", None)],
        [("banjir", None, "not_mapped", None)],
    ]


def test_below_the_lowest_level_is_not_a_level(tmp_path: Path) -> None:
    raster_make(tmp_path, [[0.05, 0.7]], quantity="kedalaman", unit="m", breaks=[0.1, 0.7, 1.5])

    assert said(values_at(WEST + HALF, NORTH - HALF, bands_active(NOW))) == [("banjir", 0.05, "mapped", "")]
    assert said(values_at(WEST + CELL + HALF, NORTH - HALF, bands_active(NOW))) == [("banjir", 0.7, "mapped", "sedang")]


def test_the_document_says_all(tmp_path: Path) -> None:
    raster = raster_make(tmp_path, [[0.5]], observed_at=NOW)

    (value,) = values_at(WEST + HALF, NORTH - HALF, bands_active(NOW))

    assert value.document() == {
        "raster": "banjir", "name": "banjir", "hazard": "101", "kind": "peta_bahaya", "quantity": "indeks",
        "quantity_label": "Indeks bahaya",
        "unit": "indeks", "value": 0.5, "status": "mapped", "status_label": "Terpetakan", "level": "sedang",
        "class": {"minimum": 0.33, "maximum": 0.66, "label": "Sedang"}, "breaks": [0.33, 0.66],
        "breaks_source": "InaRISK", "source": "BNPB", "observed_at": NOW, "valid_from": None, "valid_to": None,
        "version": raster.version,
    }  # fmt: skip


def test_a_value_has_the_digits_that_a_cell_holds(tmp_path: Path) -> None:
    raster_make(tmp_path, [[22.8, 0.01234567, 0]], quantity="pga", unit="%g", breaks=[], breaks_source="")
    places = [(WEST + CELL * (column + 0.5), NORTH - HALF) for column in range(3)]
    found = [value.value for lon, lat in places for value in values_at(lon, lat, bands_active(NOW))]
    assert found == [22.8, 0.01234567, 0]


def test_only_rasters_that_are_valid_then(tmp_path: Path) -> None:
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    raster_make(tmp_path, [[0.5]], kind="peringatan", valid_from=start, valid_to=end)

    shown = [
        len(values_at(WEST + HALF, NORTH - HALF, bands_active(at)))
        for at in (datetime(2025, 12, 31, tzinfo=UTC), start, end, datetime(2026, 6, 2, tzinfo=UTC))
    ]

    assert shown == [0, 1, 1, 0]


def test_a_projected_raster(tmp_path: Path) -> None:
    raster_make(
        tmp_path, [[0.1, 0.2], [0.3, 0.4]], crs="EPSG:32750", transform=from_origin(400_000, 9_051_000, 100, 100)
    )
    lon, lat = Transformer.from_crs(32750, 4326, always_xy=True).transform(400_150, 9_050_850)

    assert said(values_at(lon, lat, bands_active(NOW))) == [("banjir", 0.4, "mapped", "sedang")]


def test_many_points_say_what_each_says(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    cells = rng.random((300, 400)).astype(np.float32)
    cells[:50, :50] = -9999
    raster = raster_make(tmp_path, cells, transform=from_origin(WEST, NORTH, 1e-4, 1e-4))
    lons, lats = WEST + rng.uniform(-0.002, 0.042, 500), NORTH - rng.uniform(-0.002, 0.032, 500)

    ((band, values),) = values_many(lons, lats, bands_active(NOW))

    with rasterio.open(raster.path) as kept:
        expected = [value[0] for value in kept.sample(zip(lons, lats, strict=True))]
    outside = (lons < WEST) | (lons >= WEST + 0.04) | (lats > NORTH) | (lats <= NORTH - 0.03)
    assert values is not None
    np.testing.assert_array_equal(values, np.where(outside, np.nan, expected))
    assert outside.any()
    assert np.isnan(values[~outside]).any()
    one_by_one = [
        values_at(lon, lat, bands_active(NOW))[0].value for lon, lat in zip(lons[:50], lats[:50], strict=True)
    ]
    assert one_by_one == [None if np.isnan(value) else float(f"{value:.7g}") for value in values[:50]]
    assert len(band_values(band, np.array([]), np.array([]))) == 0  # type: ignore[arg-type]


@pytest.mark.parametrize("place", [(0, 90), (180, -90), (-180, 0), (float("inf"), 0), (float("nan"), float("nan"))])
def test_places_elsewhere_are_not_mapped(place: tuple[float, float], tmp_path: Path) -> None:
    raster_make(tmp_path, [[0.5]])
    raster_make(tmp_path, [[0.5]], code="utm", crs="EPSG:32750", transform=from_origin(400_000, 9_051_000, 100, 100))

    assert [one.status for one in values_at(*place, bands_active(NOW))] == ["not_mapped", "not_mapped"]


def test_a_missing_file_is_said_and_keeps_no_other_from_answering(tmp_path: Path) -> None:
    raster_make(tmp_path, [[0.5]], code="a").path.unlink()
    raster_make(tmp_path, [[0.7]], code="b")

    assert said(values_at(WEST + HALF, NORTH - HALF, bands_active(NOW))) == [
        ("a", None, "unreadable", None),
        ("b", 0.7, "mapped", "tinggi"),
    ]


def test_the_register_is_read_once_a_version(tmp_path: Path) -> None:
    raster_make(tmp_path, [[0.5]])
    values_at(WEST, NORTH, bands_active(NOW))

    with CaptureQueriesContext(connection) as asked:
        values_at(WEST, NORTH, bands_active(NOW))
    assert len(asked) == 1

    raster_make(tmp_path, [[0.6]], code="lain")
    assert len(values_at(WEST, NORTH, bands_active(NOW))) == 2
    Raster.objects.get(code="banjir").delete()
    assert len(values_at(WEST, NORTH, bands_active(NOW))) == 1


def test_threads_read_side_by_side(tmp_path: Path) -> None:
    cells = np.random.default_rng(1).random((500, 500))
    raster_make(tmp_path, cells, transform=from_origin(WEST, NORTH, 1e-4, 1e-4))
    (band,) = RasterBand.objects.select_related("raster")
    lons, lats = WEST + np.arange(500) * 1e-4 + 5e-5, NORTH - np.arange(500) * 1e-4 - 5e-5

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: band_values(band, lons, lats), range(40)))

    for values in answers:
        np.testing.assert_allclose(values, np.diagonal(cells), rtol=1e-6)  # type: ignore[arg-type]


def test_few_datasets_stay_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rasters, "OPEN", 2)
    monkeypatch.setattr(rasters, "_datasets", rasters._Datasets())
    for code in "abc":
        raster_make(tmp_path, [[0.5]], code=code)

    for _ in range(2):
        assert [one.value for one in values_at(WEST + HALF, NORTH - HALF, bands_active(NOW))] == [0.5] * 3
    kept = rasters._datasets.known
    assert len(kept) == 2
    assert not any(known.dataset.closed for known in kept.values())


def test_bands_are_kept_in_memory_by_version() -> None:
    assert bands_of("x") is bands_of("x")
