"""BMKG's ShakeMap of 5 August 2018: its values, its zones, and what each kelurahan of Mataram had."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from django.conf import settings as project
from django.core.management import call_command
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from layers.models import AdministrativeArea, DisasterZone, Raster
from layers.services.impact import ImpactQuery, impact_of, raster_area
from layers.services.raster_zonal import zonal
from layers.services.rasters import bands_active, values_many

DATA = Path(project.BASE_DIR).parent / "shared" / "data"

pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason="there is no folder ../shared/data beside the checkout"),
    pytest.mark.django_db,
]

KEPT = DATA / "shakemap" / "bmkg_20180805000000_lombok.tif"


@pytest.fixture
def raster(tmp_path: Path, settings: Any) -> Raster:
    settings.RASTERS_FOLDER = str(tmp_path)
    call_command(
        "shakemap_import",
        str(DATA / "shakemap" / "20180805000000_grid.xml"),
        *("--event-time", "2018-08-05 19:46:37", "--kind", "kejadian", "--source", "BMKG ShakeMap"),
        *("--breaks", "5/6", "--breaks-source", "MMI"),
        verbosity=0,
    )
    return Raster.objects.get(code="shakemap-20180805000000")


def test_the_same_values_as_bmkgs_own_raster(raster: Raster) -> None:
    rng = np.random.default_rng(2018)
    lons, lats = rng.uniform(115.6, 116.95, 2_000), rng.uniform(-9.15, -8.0, 2_000)
    with rasterio.open(KEPT) as kept:
        expected = np.array(list(kept.sample(zip(lons, lats, strict=True))))

    found = values_many(lons, lats, bands_active(datetime.now(UTC)))

    assert [band.quantity for band, _ in found] == ["mmi", "pga", "pgv"]
    for number, (_, values) in enumerate(found):
        np.testing.assert_array_equal(values, expected[:, number])  # type: ignore[arg-type]


def test_no_zone_has_a_gap(raster: Raster) -> None:
    call_command("raster_zones", raster.code)

    shapes = [shapely.from_wkb(bytes(zone.geom.wkb)) for zone in DisasterZone.objects.order_by("level")]
    assert shapely.coverage_is_valid(shapes)
    with rasterio.open(raster.path) as kept:
        cells = np.bincount(np.digitize(kept.read(1), [5, 6]).ravel())
        cell = abs(kept.transform.a * kept.transform.e)
    assert [shape.area for shape in shapes] == pytest.approx(cells * cell, rel=0.01)


def test_the_mmi_of_each_kelurahan(raster: Raster) -> None:
    call_command(
        "layer_import", "administrative_areas", str(DATA / "boundaries" / "mataram_kelurahan.geojson"), "--repair",
        "--map", "code=kode", "--map", "name=nama", "--map", "bps_code=kode_bps", "--source", "Cahya DSN (MIT)",
    )  # fmt: skip
    areas = {area.name: shapely.from_wkb(bytes(area.geom.wkb)) for area in AdministrativeArea.objects.all()}

    found = {one.code: one for one in zonal(raster.bands.get(quantity="mmi"), areas.items())}

    assert len(found) == 50
    assert (min(one.minimum for one in found.values()), max(one.maximum for one in found.values())) == (5.66, 6.2)  # type: ignore[type-var]
    assert [one.mapped for one in found.values()] == pytest.approx([1] * 50, abs=1e-6)
    bintaro, jempong, sapta_marga = found["Bintaro"], found["Jempong Baru"], found["Sapta Marga"]
    assert (bintaro.minimum, bintaro.mean, bintaro.maximum) == (5.79, 5.79, 5.79)
    assert (sapta_marga.minimum, sapta_marga.mean, sapta_marga.maximum) == (6.2, 6.2, 6.2)
    assert (jempong.minimum, jempong.maximum, jempong.shares["tinggi"]) == (5.66, 6.1, pytest.approx(0.961, abs=5e-4))
    assert jempong.mean == pytest.approx(_mean(areas["Jempong Baru"]), abs=1e-5)


def _mean(area: Any) -> float:
    """By hand, cell by cell."""
    with rasterio.open(KEPT) as kept:
        values, total, weight = kept.read(1), 0.0, 0.0
        for row, column in np.ndindex(kept.shape):
            west, north = kept.transform @ (column, row)
            east, south = kept.transform @ (column + 1, row + 1)
            covered = shapely.intersection(area, shapely.box(west, south, east, north)).area
            share = covered * np.cos(np.radians((north + south) / 2))
            total, weight = total + share * float(values[row, column]), weight + share
    return total / weight


def test_the_people_where_mmi_was_six(raster: Raster) -> None:
    """The boundaries and people of the samples; apportioned in UTM 50S, cell by cell, beside the portal's EPSG:6933."""
    call_command("samples_load", verbosity=0)
    wards = AdministrativeArea.objects.filter(level="kelurahan")
    to_metres = Transformer.from_crs(4326, 32750, always_xy=True)

    def metres(shape: BaseGeometry) -> float:
        return shapely.transform(shape, lambda at: np.column_stack(to_metres.transform(*at.T))).area

    with rasterio.open(KEPT) as kept:
        places = [kept.transform @ (column, row) for row, column in np.argwhere(kept.read(1) >= 6)]
        wide, high = kept.transform.a, kept.transform.e
    cells = shapely.union_all([shapely.box(west, north + high, west + wide, north) for west, north in places])
    shapes = {ward: shapely.from_wkb(bytes(ward.geom.wkb)) for ward in wards}
    shares = {ward: metres(shape & cells) / metres(shape) for ward, shape in shapes.items()}
    met = {ward: share for ward, share in shares.items() if share > 0}

    found = impact_of(ImpactQuery(raster_area(raster.code, 6), datetime.now(UTC)))

    assert {one.code: one.share for one in found.kelurahan} == {
        ward.code: pytest.approx(share, abs=1e-3) for ward, share in met.items()
    }
    assert found.people.affected == pytest.approx(sum(ward.population * share for ward, share in met.items()), rel=1e-3)
    people = found.people
    assert (len(found.kelurahan), people.affected, people.least) == (37, 230_467, 92_370)
    assert found.unmapped_m2 > 0.9 * found.area_m2, "the island beyond the city"
    assert people.most is None
