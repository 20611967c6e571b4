"""What rasters say about many points, in both formats, beside what they say about each point alone."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import FeatureMake, square
from rasters import CELL, NORTH, WEST, raster_make

from layers.catalog import layer_get
from layers.models import Raster
from layers.query.screening import TOGETHER
from layers.services.points import points_csv, points_geojson
from layers.services.rasters import bands_active, values_at
from layers.services.screening import Screening, screening_csv, screening_geojson

NOW = datetime.now(UTC)
OUTSIDE = (0.0, 0.0)

pytestmark = pytest.mark.django_db


@pytest.fixture
def flood(tmp_path: Path, settings: Any) -> Raster:
    """Four cells: low, medium, high, and nothing mapped."""
    settings.RASTERS_FOLDER = str(tmp_path / "rasters")
    return raster_make(tmp_path, [[0.1, 0.5, 0.9, -9999]])


def table(places: list[tuple[float, float]]) -> str:
    return "\n".join(["lon,lat", *(f"{lon},{lat}" for lon, lat in places), "x,1"])


def cells(count: int) -> list[tuple[float, float]]:
    return [(WEST + CELL * (n + 0.5), NORTH - CELL / 2) for n in range(count)]


def rows(content: str) -> list[dict[str, str]]:
    lines = b"".join(screening_csv(Screening(NOW), points_csv(content))).decode()
    return list(csv.DictReader(lines.splitlines()))


def test_a_table_has_a_value_and_a_level_for_each_raster(flood: Raster) -> None:
    found = rows(table([*cells(4), OUTSIDE]))

    assert [(row["banjir/indeks"], row["banjir/indeks level"]) for row in found] == [
        ("0.1", "rendah"),
        ("0.5", "sedang"),
        ("0.9", "tinggi"),
        ("not_mapped", ""),
        ("not_mapped", ""),
        ("", ""),
    ]
    assert [(row["status"], row["worst_level"]) for row in found] == [
        ("mapped", "rendah"),
        ("mapped", "sedang"),
        ("mapped", "tinggi"),
        ("not_mapped", ""),
        ("not_mapped", ""),
        ("", ""),
    ]


def test_a_collection_names_the_raster_and_its_version(flood: Raster) -> None:
    screening = Screening(NOW)
    document = json.loads(b"".join(screening_geojson(screening, points_csv(table(cells(3)[2:])))))

    mapped, faulty = (feature["properties"] for feature in document["features"])
    assert mapped["rasters"] == {
        "banjir/indeks": {"status": "mapped", "value": 0.9, "unit": "indeks", "level": "tinggi"}
    }
    assert faulty["rasters"] == {}
    assert document["versions"]["rasters/banjir"] == flood.version


def test_a_raster_without_its_file_says_so(flood: Raster) -> None:
    flood.path.unlink()
    (row, _) = rows(table(cells(1)))
    assert (row["banjir/indeks"], row["banjir/indeks level"]) == ("unreadable", "")


def test_many_points_have_the_values_of_each_alone(tmp_path: Path, settings: Any) -> None:
    settings.RASTERS_FOLDER = str(tmp_path / "rasters")
    draw = np.random.default_rng(5)
    raster_make(tmp_path, draw.uniform(0, 1, (300, 300)), breaks=[], breaks_source="")
    places = [(WEST + CELL * x, NORTH - CELL * y) for x, y in draw.uniform(-10, 310, (200, 2)).tolist()]

    found = [row["banjir/indeks"] for row in rows(table(places))[:-1]]

    alone = [values_at(lon, lat, bands_active(NOW))[0].value for lon, lat in places]
    assert [None if value == "not_mapped" else float(value) for value in found] == alone
    assert None in alone


def test_columns_that_bear_a_name_of_the_answer_come_back_under_another(flood: Raster) -> None:
    """In both formats the same, and so that none takes the place of another; an answer can be screened again."""
    ours = ["row", "fault", "area", "area_name", "status", "worst_level", "hazards", "zones", "rasters"]
    ours += ["banjir/indeks", "banjir/indeks level"]
    free = ["name", "Status", "rt/rw", "zone", "_given"]
    names = ["lon", "lat", *ours, *(f"{name}_given" for name in ours), *free]
    ((lon, lat),) = cells(1)
    content = ",".join(names) + "\n" + ",".join([str(lon), str(lat), *(f"={name}" for name in names[2:])])
    came = {name: f"={name}" for name in free} | {f"{name}_given": f"={name}" for name in names[2:] if name not in free}

    document = json.loads(b"".join(screening_geojson(Screening(NOW), points_csv(content))))
    (table_row,) = rows(content)

    properties = document["features"][0]["properties"]
    assert {name: value for name, value in properties.items() if str(value).startswith("=")} == came
    assert {name: value[1:] for name, value in table_row.items() if value.startswith("'=")} == came
    assert (properties["status"], table_row["status"], table_row["banjir/indeks"]) == ("mapped", "mapped", "0.1")
    again = b"".join(screening_csv(Screening(NOW), points_csv(content))).decode()
    header = next(csv.reader(again.splitlines()))
    assert len(header) == len(set(header))
    assert rows(again)[0]["status_given"] == "mapped"


def test_a_place_among_the_properties_stays_beside_that_of_the_answer() -> None:
    """As the columns of QGIS that a layer of points was made from."""
    place = {"type": "Point", "coordinates": [116, -8]}
    feature = {"type": "Feature", "id": "SD-1", "properties": {"lon": "116° E", "row": 9}, "geometry": place}
    content = json.dumps({"type": "FeatureCollection", "features": [feature]})
    (found,) = json.loads(b"".join(screening_geojson(Screening(NOW), points_geojson(content))))["features"]
    assert (found["id"], found["properties"]["id_given"], found["properties"]["row_given"]) == (1, "SD-1", 9)
    assert (found["properties"]["lon_given"], found["geometry"]["coordinates"]) == ("116° E", [116, -8])
    (line,) = csv.DictReader(b"".join(screening_csv(Screening(NOW), points_geojson(content))).decode().splitlines())
    assert (line["lon"], line["lon_given"], line["id_given"], line["row_given"]) == ("116.0", "116° E", "SD-1", "9")


def test_points_come_in_their_order_however_many_are_compared_together(feature_make: FeatureMake) -> None:
    zones = [("101", "rendah", 0.0), ("101", "tinggi", 0.01), ("102", "sedang", 0.02)]
    for number, (hazard, level, offset) in enumerate(zones, 1):
        geom = square(WEST + offset, NORTH, 0.02)
        feature_make(layer_get("disaster_zones"), number, geom=geom, hazard=hazard, level=level)
    draw = np.random.default_rng(7)
    places = [(WEST + x, NORTH + y) for x, y in draw.uniform(-0.01, 0.05, (2 * TOGETHER + 7, 2)).tolist()]

    found = rows(table(places))

    def of(lon: float, lat: float) -> str:
        if not NORTH <= lat <= NORTH + 0.02:
            return ""
        worst = {hazard: level for hazard, level, offset in zones if offset <= lon - WEST <= offset + 0.02}
        return " ".join(f"{hazard}:{level}" for hazard, level in worst.items())

    assert [row["row"] for row in found] == [str(number) for number in range(1, len(places) + 2)]
    assert [row["hazards"] for row in found[:-1]] == [of(*place) for place in places]
    assert {row["hazards"] for row in found} == {"", "101:rendah", "101:tinggi", "101:tinggi 102:sedang", "102:sedang"}
