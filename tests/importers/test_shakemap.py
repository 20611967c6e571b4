"""``shakemap_import``: grids of BMKG and USGS, and what is no grid."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from django.core.management import CommandError, call_command

from layers.importers import shakemap
from layers.importers.shakemap import grid_parse
from layers.models import Raster

pytestmark = pytest.mark.django_db

GRID = """<?xml version="1.0" encoding="UTF-8"?>
<shakemap_grid xmlns="http://earthquake.usgs.gov/eqcenter/shakemap" event_id="{event}" shakemap_event_type="ACTUAL">
<event magnitude="6.9" event_timestamp="2018-08-05T00:00:00WIB" />
<grid_specification lon_min="0" lat_min="0" lon_max="1" lat_max="1" nlon="9" nlat="9" />
<grid_field index="1" name="LON" units="dd" />
<grid_field index="2" name="LAT" units="dd" />
<grid_field index="3" name="PGA" units="{pga}" />
<grid_field index="4" name="PGV" units="{pgv}" />
<grid_field index="5" name="MMI" units="intensity" />
<grid_data>
{rows}
</grid_data>
</shakemap_grid>
"""

ROWS = """116.0000 -8.5000 10 1 5.0
116.0333 -8.5000 20 2 5.5
116.0667 -8.5000 30 3 6.0
116.0000 -8.5250 40 4 6.5
116.0333 -8.5250 50 5 7.0
116.0667 -8.5250 60 6 7.5"""

OPTIONS = (
    *("--event-time", "2018-08-05 19:46:37", "--kind", "kejadian", "--source", "BMKG"),
    *("--breaks", "5/6", "--breaks-source", "BPBD"),
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.RASTERS_FOLDER = str(tmp_path / "rasters")
    return tmp_path / "rasters"


def grid(rows: str = ROWS, event: str = "20180805", pga: str = "pctg", pgv: str = "cms") -> str:
    return GRID.format(rows=rows, event=event, pga=pga, pgv=pgv)


def write(folder: Path, document: str) -> str:
    path = folder / "grid.xml"
    path.write_text(document)
    return str(path)


@pytest.mark.parametrize("units", [{"pga": "pctg", "pgv": "cms"}, {"pga": "%g", "pgv": "cm/s"}], ids=["BMKG", "USGS"])
def test_a_grid_becomes_three_bands(units: dict[str, str], tmp_path: Path) -> None:
    """Of the header nothing is believed: not its time, its kind, nor the grid it specifies."""
    call_command("shakemap_import", write(tmp_path, grid(**units)), *OPTIONS)

    raster = Raster.objects.get()
    assert (raster.code, raster.hazard, raster.kind) == ("shakemap-20180805", "108", "kejadian")
    assert raster.observed_at == datetime(2018, 8, 5, 11, 46, 37, tzinfo=UTC)
    assert raster.valid_from == raster.observed_at
    assert [(band.quantity, band.unit, band.breaks, band.minimum, band.maximum) for band in raster.bands.all()] == [
        ("mmi", "mmi", [5, 6], 5, 7.5),
        ("pga", "%g", [], 10, 60),
        ("pgv", "cm/s", [], 1, 6),
    ]
    with rasterio.open(raster.path) as kept:
        assert kept.bounds == pytest.approx((115.98333, -8.5375, 116.08335, -8.4875), abs=1e-4)
        np.testing.assert_array_equal(kept.read(1), [[5, 5.5, 6], [6.5, 7, 7.5]])
        np.testing.assert_array_equal(kept.read(2), [[10, 20, 30], [40, 50, 60]])


def test_rows_may_come_in_any_order() -> None:
    shuffled = "\n".join(sorted(ROWS.splitlines(), key=lambda row: row[::-1]))

    np.testing.assert_array_equal(grid_parse(grid(shuffled).encode()).fields["MMI"], [[5, 5.5, 6], [6.5, 7, 7.5]])


BOMB = '<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><shakemap_grid>&b;</shakemap_grid>'

BAD = {
    "text": ("bukan xml", "bukan XML"),
    "entities": (BOMB, "DOCTYPE"),
    "another document": ("<alert/>", "bukan grid.xml"),
    "no rows": (grid(rows=""), "bukan grid.xml"),
    "words": (grid(rows="116 -8.5 a b c"), "grid_data tidak terbaca"),
    "too few columns": (grid(rows="116 -8.5 1\n116.1 -8.5 1"), "grid_data tidak terbaca"),
    "a row is missing": (grid(rows=ROWS.rsplit("\n", 1)[0]), "kisi yang teratur"),
    "a row is there twice": (grid(rows=f"{ROWS.rsplit(chr(10), 1)[0]}\n{ROWS.splitlines()[0]}"), "kisi yang teratur"),
    "irregular": (grid(rows=ROWS.replace("116.0333", "116.0400")), "kisi yang teratur"),
    "not a number": (grid(rows=ROWS.replace("116.0333", "nan")), "kisi yang teratur"),
    "one row": (grid(rows=ROWS.splitlines()[0]), "kisi yang teratur"),
    "another unit": (grid(pga="ln(g)"), "PGA dalam 'ln"),
    "no MMI": (grid().replace('"MMI"', '"PSA"'), "Tidak ada bidang MMI"),
    "no index": (grid().replace('index="5"', ""), "grid_field tanpa nomor"),
    "elsewhere": (grid(rows=ROWS.replace("116.", "16.")), "di tempat lain"),
    "beyond the scale": (grid(rows=ROWS.replace("7.5", "75")), "tidak mungkin dalam satuan mmi"),
    "no code can be made": (grid(event="a b"), "huruf kecil"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_grid_is_refused(case: str, folder: Path, tmp_path: Path) -> None:
    document, reason = BAD[case]

    with pytest.raises(CommandError, match=reason):
        call_command("shakemap_import", write(tmp_path, document), *OPTIONS)

    assert not Raster.objects.exists()
    assert not folder.exists() or not list(folder.iterdir())


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shakemap, "LARGEST", 100)

    with pytest.raises(CommandError, match="lebih besar dari 100"):
        call_command("shakemap_import", write(tmp_path, grid()), *OPTIONS)
    with pytest.raises(CommandError, match=r"tidak-ada\.xml"):
        call_command("shakemap_import", str(tmp_path / "tidak-ada.xml"), *OPTIONS)
