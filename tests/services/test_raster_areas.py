"""Where a raster reaches a threshold: by cells, or by squares of cells where there are too many."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasters import CELL, NORTH, WEST, raster_make

from layers.errors import InvalidParameter
from layers.importers import peaks
from layers.models import Raster, RasterBand
from layers.models import raster as rasters
from layers.services import raster_areas
from layers.services.impact import raster_area

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.RASTERS_FOLDER = str(tmp_path / "rasters")
    return tmp_path


def cell(row: int, column: int) -> shapely.Polygon:
    west, north = WEST + CELL * column, NORTH - CELL * row
    return shapely.box(west, north - CELL, west + CELL, north)


def band_of(folder: Path, values: Any) -> RasterBand:
    raster: Raster = raster_make(folder, values, breaks=[], breaks_source="")
    return RasterBand.objects.select_related("raster").get(raster=raster)


def test_cells_that_reach_it_are_the_area(folder: Path) -> None:
    band = band_of(folder, [[0.1, 0.5, -9999], [0.9, 0.3, 0.5]])
    shape, step = raster_areas.area_above(band, 0.5)
    wanted = shapely.union_all([cell(0, 1), cell(1, 0), cell(1, 2)])
    assert step == 1
    assert shape.symmetric_difference(wanted).area < 1e-12


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6, 0.8])
def test_cells_that_meet_at_corners_are_one_valid_shape(share: float, folder: Path) -> None:
    values = (np.random.default_rng(7).random((40, 50)) < share).astype(float)
    shape, _ = raster_areas.area_above(band_of(folder, values), 1)
    assert shape.is_valid
    assert shape.area == pytest.approx(values.sum() * CELL**2)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(high=st.sets(st.tuples(st.integers(0, 10), st.integers(0, 6)), min_size=1, max_size=5), most=st.integers(1, 30))
def test_of_a_large_raster_nothing_is_lost(high: set[tuple[int, int]], most: int, folder: Path) -> None:
    """A single cell among many counts, as an average of them would not; the edge stays within a square."""
    values = np.full((11, 7), 0.1)
    for place in high:
        values[place] = 0.9
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rasters, "SQUARES", most)
        patch.setattr(peaks, "ROWS", 4)
        shape, step = raster_areas.area_above(band_of(folder, values), 0.9)
    wanted = shapely.union_all([cell(*place) for place in high])
    grid = shapely.box(WEST, NORTH - 11 * CELL, WEST + 7 * CELL, NORTH)
    assert step > 1
    assert wanted.difference(shape).area < 1e-12
    assert (
        shape.difference(wanted.buffer((step - 1) * CELL * 1.0001, cap_style="square", join_style="mitre")).area < 1e-12
    )
    assert shape.difference(grid).area < 1e-12


def test_an_answer_says_that_it_was_read_by_squares(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    band_of(folder, np.full((4, 4), 0.5))
    assert raster_area("banjir", 0.5).note == ""
    monkeypatch.setattr(rasters, "SQUARES", 4)
    band_of(folder, np.full((4, 4), 0.5))
    assert "2 × 2 sel" in raster_area("banjir", 0.5).note


def test_without_its_peaks_a_raster_is_to_be_imported_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rasters, "SQUARES", 4)
    band = band_of(folder, np.full((4, 4), 0.5))
    band.raster.peaks_path.unlink()
    with pytest.raises(InvalidParameter, match="mengimpornya kembali") as refused:
        raster_areas.area_above(band, 0.5)
    assert refused.value.extra == {"parameter": "raster"}
    assert raster_areas.area_above(band_of(folder, np.full((4, 4), 0.5)), 0.5)[1] == 2


def test_too_scattered_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    band = band_of(folder, np.indices((20, 20)).sum(axis=0) % 2)
    monkeypatch.setattr(raster_areas, "MAX_VERTICES", 100)
    with pytest.raises(InvalidParameter, match="terpencar") as refused:
        raster_areas.area_above(band, 1)
    assert refused.value.extra == {"parameter": "threshold"}


def test_what_nothing_reaches_is_refused_with_the_highest(folder: Path) -> None:
    with pytest.raises(InvalidParameter, match=r"yang tertinggi 0\.9"):
        raster_areas.area_above(band_of(folder, [[0.9]]), 1)
