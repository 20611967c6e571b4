"""Rasters as coverages, map tiles and legends."""

from pathlib import Path
from struct import unpack
from typing import Any
from warnings import catch_warnings
from zlib import decompress

import numpy as np
import pytest
from django.test import Client
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile
from rasterio.transform import from_origin
from rasters import CELL, NORTH, WEST, raster_make

from layers.catalog import layers
from layers.models import Raster
from layers.ogc import coverage_values

pytestmark = pytest.mark.django_db

VALUES = [[0.1, 0.5, -9999], [0.9, 0.3, 0.2]]
COVERAGE = "/oapi/collections/banjir/coverage"
MAP = "/oapi/collections/banjir/map"


@pytest.fixture(autouse=True)
def raster(tmp_path: Path, settings: Any) -> Raster:
    settings.RASTERS_FOLDER = str(tmp_path / "rasters")
    return raster_make(tmp_path, VALUES, observed_at="2024-06-01T00:00:00Z")


@pytest.fixture
def web() -> Client:
    return Client(headers={"accept-language": "en"})


def box(left: float, top: float, right: float, bottom: float) -> str:
    """In cells from the north-west corner."""
    return f"{WEST + CELL * left},{NORTH - CELL * bottom},{WEST + CELL * right},{NORTH - CELL * top}"


def test_coveragejson(web: Client) -> None:
    response = web.get(COVERAGE)

    assert (response.status_code, response["Content-Type"]) == (200, "application/prs.coverage+json")
    document = response.json()
    axes = document["domain"].pop("axes")
    assert [axes["x"][end] for end in ("start", "stop", "num")] == pytest.approx([WEST + 0.005, WEST + 0.025, 3])
    assert [axes["y"][end] for end in ("start", "stop", "num")] == pytest.approx([NORTH - 0.005, NORTH - 0.015, 2])
    assert document == {
        "type": "Coverage",
        "domain": {
            "type": "Domain",
            "domainType": "Grid",
            "referencing": [
                {
                    "coordinates": ["x", "y"],
                    "system": {
                        "type": "GeographicCRS",
                        "id": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
                    },
                }
            ],
        },
        "parameters": {
            "indeks": {
                "type": "Parameter",
                "observedProperty": {"label": {"en": "Hazard index"}},
                "unit": {"label": {"en": "Index of 0 to 1"}, "symbol": "indeks"},
            }
        },
        "ranges": {
            "indeks": {
                "type": "NdArray",
                "dataType": "float",
                "axisNames": ["y", "x"],
                "shape": [2, 3],
                "values": [0.1, 0.5, None, 0.9, 0.3, 0.2],
            }
        },
    }


@pytest.mark.parametrize(
    ("bbox", "expected"),
    [
        (box(0, 0, 1, 1), [[0.1]]),
        (box(1.2, 0.2, 1.8, 1.8), [[0.5], [0.3]]),
        (box(1.5, 1.5, 1.5, 1.5), [[0.3]]),
        (box(-50, -50, 50, 50), [[0.1, 0.5, None], [0.9, 0.3, 0.2]]),
        (box(2, 0, 9, 1), [[None]]),
    ],
)
def test_a_box_gives_the_cells_that_it_touches(bbox: str, expected: Any, web: Client) -> None:
    held = web.get(COVERAGE, {"bbox": bbox}).json()["ranges"]["indeks"]

    assert held["shape"] == [len(expected), len(expected[0])]
    assert held["values"] == [value for row in expected for value in row]


@pytest.mark.parametrize(
    ("subset", "expected"),
    [
        (f"Lon({WEST + 1.2 * CELL}:{WEST + 1.8 * CELL}),Lat({NORTH - 1.8 * CELL}:{NORTH - 0.2 * CELL})", [0.5, 0.3]),
        (f"Lat({NORTH - 1.5 * CELL})", [0.9, 0.3, 0.2]),
        (f"Lon(*:{WEST + 0.5 * CELL})", [0.1, 0.9]),
        (f"Lat({NORTH - 1.5 * CELL}),Lon({WEST + 1.5 * CELL}:*)", [0.3, 0.2]),
    ],
)
def test_a_subset_is_a_box_axis_by_axis(subset: str, expected: list[float], web: Client) -> None:
    assert web.get(COVERAGE, {"subset": subset}).json()["ranges"]["indeks"]["values"] == expected


@pytest.mark.parametrize("name", ["scale-size", "scaleSize"])
def test_an_answer_of_another_size_is_of_the_nearest_values(name: str, web: Client) -> None:
    document = web.get(COVERAGE, {"bbox": box(0, 0, 2, 2), name: "Lat(2),Lon(4)"}).json()

    assert document["ranges"]["indeks"]["shape"] == [2, 4]
    assert document["ranges"]["indeks"]["values"] == [0.1, 0.1, 0.5, 0.5, 0.9, 0.9, 0.3, 0.3]
    assert [document["domain"]["axes"]["x"][end] for end in ("start", "stop")] == pytest.approx(
        [WEST + 0.25 * CELL, WEST + 1.75 * CELL]
    )
    beyond = web.get(COVERAGE, {"bbox": box(2, 0, 4, 1), name: "Lat(1),Lon(2)"}).json()
    assert beyond["ranges"]["indeks"]["values"] == [None, None]


def test_geotiff(web: Client) -> None:
    response = web.get(COVERAGE, {"f": "geotiff", "bbox": box(1, 0, 3, 1)})

    assert response["Content-Type"] == "image/tiff; application=geotiff"
    assert response["Content-Disposition"] == 'attachment; filename="banjir.tif"'
    with MemoryFile(response.content) as memory, memory.open() as dataset:
        assert (dataset.descriptions, dataset.units, dataset.crs.to_epsg()) == (("indeks",), ("indeks",), 4326)
        assert dataset.bounds == pytest.approx((WEST + CELL, NORTH - CELL, WEST + 3 * CELL, NORTH))
        np.testing.assert_array_equal(dataset.read(1), np.array([[0.5, np.nan]], np.float32))


def test_a_projected_raster_answers_in_its_crs(tmp_path: Path, web: Client) -> None:
    utm = from_origin(400_000, 9_051_000, 100, 100)
    raster = raster_make(tmp_path, [[0.1, 0.2], [0.3, 0.4]], code="utm", crs="EPSG:32750", transform=utm)
    west, south, east, north = raster.bbox
    middle = f"{(west + east) / 2 + 1e-4},{south - 1},{east + 1},{(south + north) / 2 - 1e-4}"

    document = web.get("/oapi/collections/utm/coverage", {"bbox": middle}).json()

    system = document["domain"]["referencing"][0]["system"]
    assert system == {"type": "ProjectedCRS", "id": "http://www.opengis.net/def/crs/EPSG/0/32750"}
    assert document["ranges"]["indeks"]["values"] == [0.4]
    assert document["domain"]["axes"]["x"] == {"start": 400_150, "stop": 400_150, "num": 1}
    moved = web.get("/oapi/collections/utm/coverage", {"bbox": middle, "scale-size": "Lon(1),Lat(1)"}).json()
    assert moved["domain"]["referencing"][0]["system"]["type"] == "GeographicCRS"


@pytest.mark.parametrize("format", ["json", "geotiff"])
def test_never_the_whole_file_by_accident(format: str, web: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(coverage_values.MOST, format, 2)

    response = web.get(COVERAGE, {"f": format})

    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    problem = response.json()
    assert problem["parameter"] == "bbox"
    assert problem["detail"].startswith("3 × 2 cells × 1 quantities; at most 2 values")
    assert "Give bbox=west,south,east,north of about 0.0173° × 0.0115°, scale-size=Lon(1),Lat(1)," in problem["detail"]
    assert web.get(COVERAGE, {"f": format, "scale-size": "Lon(1),Lat(1)"}).status_code == 200
    assert web.get(COVERAGE, {"f": format, "bbox": box(0, 0, 2, 1)}).status_code == 200


@pytest.mark.parametrize(
    ("asked", "parameter"),
    [
        ({"bbox": "1,2,3"}, "bbox"),
        ({"bbox": "0,0,1,1"}, "bbox"),
        ({"bbox": "nan,0,1,1"}, "bbox"),
        ({"bbox": "170,-10,-170,10"}, "bbox"),
        ({"properties": "kedalaman"}, "properties"),
        ({"f": "png"}, "f"),
        ({"subset": "Lat(1)"}, "subset"),
        ({"subset": "lat(-8.54)"}, "subset"),
        ({"subset": "Lat(a:b)"}, "subset"),
        ({"subset": "Lat(-8.53:-8.54)"}, "subset"),
        ({"subset": "Lat(-8.54:-8.53),Lat(-8.54:-8.53)"}, "subset"),
        ({"subset": "Lat(-8.54:-8.53)", "bbox": box(0, 0, 1, 1)}, "subset"),
        ({"scale-size": "Lon(0),Lat(2)"}, "scale-size"),
        ({"scale-size": "Lon(2)"}, "scale-size"),
        ({"scale-size": "100"}, "scale-size"),
        ({"scale-size": "Lon(501),Lat(500)"}, "scale-size"),
        ({"scale-size": "Lon(999999999),Lat(999999999)", "f": "geotiff"}, "scale-size"),
        ({"scale-size": "Lon(2),Lat(2)", "bbox": box(1, 1, 1, 1)}, "scale-size"),
        ({"scaleSize": "Lon(2)"}, "scaleSize"),
    ],
)
def test_bad_parameters_are_named(asked: dict[str, str], parameter: str, web: Client) -> None:
    response = web.get(COVERAGE, asked)

    assert (response.status_code, response.json()["parameter"]) == (400, parameter)


@pytest.mark.parametrize(
    "address",
    [
        "markets/coverage",
        "nihil/coverage",
        "nihil/map/legend",
        "banjir/map/tiles/WorldCRS84Quad",
        "banjir/map/tiles/WorldCRS84Quad/0/0/0.png",
        "banjir/map/tiles/WebMercatorQuad/0/0/1.png",
        "banjir/map/tiles/WebMercatorQuad/a/0/0.png",
        "tanpa/map/legend",
        "tanpa/map/tiles/WebMercatorQuad/0/0/0.png",
    ],
)
def test_what_is_not_there_is_404(address: str, web: Client, tmp_path: Path) -> None:
    raster_make(tmp_path, [[0.5]], code="tanpa", breaks=[], breaks_source="")

    response = web.get(f"/oapi/collections/{address}")

    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


def test_a_missing_file_is_503(raster: Raster, web: Client) -> None:
    raster.path.unlink()

    for address in (COVERAGE, f"{MAP}/tiles/WebMercatorQuad/0/0/0.png"):
        assert web.get(address).status_code == 503


def test_etags_hold_until_the_raster_changes(tmp_path: Path, web: Client) -> None:
    addresses = (COVERAGE, f"{COVERAGE}?f=geotiff", f"{MAP}/legend", f"{MAP}/tiles/WebMercatorQuad/0/0/0.png")
    etags = [web.get(address)["ETag"] for address in addresses]
    assert len(set(etags)) == len(etags)

    def again() -> list[int]:
        pairs = zip(addresses, etags, strict=True)
        return [web.get(address, headers={"if-none-match": etag}).status_code for address, etag in pairs]

    assert again() == [304] * 4
    raster_make(tmp_path, VALUES, breaks=[0.3, 0.6])
    assert again() == [200] * 4
    assert web.get(f"{MAP}/legend").json()["breaks"] == [0.3, 0.6]


def test_the_legend_says_colours_patterns_and_whose_breaks(web: Client) -> None:
    images = "http://testserver/oapi/styles/images/sample-"
    low = {"code": "rendah", "label": "Low", "minimum": None, "maximum": 0.33}
    medium = {"code": "sedang", "label": "Medium", "minimum": 0.33, "maximum": 0.66}
    high = {"code": "tinggi", "label": "High", "minimum": 0.66, "maximum": None}
    looks = (("#fff0a3", "dots", "rendah"), ("#ffcb94", "stripes", "sedang"), ("#f59a94", "grid", "tinggi"))

    legend = web.get(f"{MAP}/legend").json()

    assert legend == {
        "id": "banjir",
        "title": "banjir",
        "quantity": "indeks",
        "quantity_label": "Hazard index",
        "unit": "indeks",
        "breaks": [0.33, 0.66],
        "breaks_source": "InaRISK",
        "unmapped": "No colour: not mapped, not safe.",
        "entries": [
            {**entry, "symbol": "fill", "colour": colour, "pattern": pattern, "image": f"{images}{code}.svg"}
            for entry, (colour, pattern, code) in zip((low, medium, high), looks, strict=True)
        ],
    }


def test_tilejson(raster: Raster, web: Client) -> None:
    answer = web.get(f"{MAP}/tiles/WebMercatorQuad")
    document = answer.json()

    assert answer["Content-Type"] == "application/vnd.mapbox.tile+json", "as that of vector tiles"
    assert document["tiles"] == [f"http://testserver{MAP}/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}.png"]
    assert (document["bounds"], document["attribution"]) == (raster.bbox, "BNPB")


def test_a_tile_has_the_colours_of_the_levels(tmp_path: Path, web: Client) -> None:
    """A raster of three columns, low, medium and high, and below it cells of nothing, over one tile."""
    raster_make(tmp_path, [[0.1, 0.5, 0.9], [-9999, -9999, -9999]])

    response = web.get(f"{MAP}/tiles/WebMercatorQuad/12/2145/3368.png")

    assert response["Content-Type"] == "image/png"
    pixels = png_read(response.content)
    assert pixels.shape == (256, 256, 4)
    shown = {tuple(map(int, colour)) for colour in pixels.reshape(-1, 4)}
    level = {"rendah": (255, 240, 163, 204), "sedang": (255, 203, 148, 204), "tinggi": (245, 154, 148, 204)}
    ink = {(185, 154, 26, 204), (217, 122, 43, 204), (201, 67, 63, 204)}
    assert shown == {*level.values(), *ink, (0, 0, 0, 0)}
    at = place(WEST + CELL / 2 + 0.0002, NORTH - CELL / 2)
    assert {tuple(map(int, pixels[at[1] + y, at[0] + x])) for y in range(3) for x in range(3)} & {level["rendah"]}
    below = place(WEST + CELL / 2, NORTH - 1.5 * CELL)
    assert tuple(pixels[below[1], below[0]]) == (0, 0, 0, 0)


def test_a_tile_elsewhere_is_transparent(web: Client) -> None:
    for tile in ("13/0/0", "0/0/0"):
        pixels = png_read(web.get(f"{MAP}/tiles/WebMercatorQuad/{tile}.png").content)
        assert np.count_nonzero(pixels[..., 3]) <= 1


@pytest.mark.parametrize(
    "path",
    [
        *(f"collections/banjir/{part}" for part in ("items", "items/1", "schema", "queryables", "changes", "tiles")),
        "collections/banjir/tiles/WebMercatorQuad",
        "collections/banjir/tiles/WebMercatorQuad/0/0/0",
        "styles/banjir",
        "styles/banjir/legend",
    ],
)
def test_what_a_raster_has_not_leads_to_what_it_has(web: Client, path: str) -> None:
    refused = web.get(f"/oapi/{path}")
    assert refused.status_code == 404
    assert refused.json()["detail"] == (
        "'banjir' is a raster, which has no items. Its values are at "
        "http://testserver/oapi/collections/banjir/coverage."
    )


def test_nothing_is_listed_where_there_is_no_raster(web: Client) -> None:
    assert web.get(COVERAGE.replace("banjir", "x")).json()["detail"] == "There is no raster 'x'. There are: banjir."
    Raster.objects.all().delete()
    assert web.get(COVERAGE).json()["detail"] == "There is no raster 'banjir'."


def test_rasters_are_among_the_collections_without_items(web: Client) -> None:
    listed = {one["id"]: one for one in web.get("/oapi/collections").json()["collections"]}
    document = web.get("/oapi/collections/banjir").json()

    assert list(listed) == [*(layer.id for layer in layers()), "banjir"]
    assert listed["banjir"] == document
    links = document.pop("links")
    assert document == {
        "id": "banjir",
        "title": "banjir",
        "description": "Flood: Hazard index (Index of 0 to 1). Source: BNPB.",
        "extent": {
            "spatial": {
                "bbox": [pytest.approx([WEST, NORTH - 2 * CELL, WEST + 3 * CELL, NORTH])],
                "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
                "grid": [
                    {"cellsCount": 3, "resolution": pytest.approx(CELL)},
                    {"cellsCount": 2, "resolution": pytest.approx(CELL)},
                ],
            },
            "temporal": {"interval": [["2024-06-01T00:00:00+00:00", None]]},
        },
        "itemType": "coverage",
        "dataType": "coverage",
        "layerDataType": "Coverage",
        "crs": ["http://www.opengis.net/def/crs/OGC/1.3/CRS84"],
        "storageCrs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
    }
    rel = "http://www.opengis.net/def/rel/ogc/1.0"
    assert [link["rel"] for link in links] == [
        "self",
        "alternate",
        *[f"{rel}/coverage"] * 2,
        f"{rel}/coverage-domainset",
        f"{rel}/coverage-rangetype",
        f"{rel}/tilesets-map",
        f"{rel}/legend",
    ]
    for link in links:
        answer = web.get(link["href"])
        assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (200, link["type"].partition(";")[0])
    assert web.get("/oapi/collections/banjir/items").status_code == 404


def test_a_raster_without_classes_offers_no_pictures(tmp_path: Path, web: Client) -> None:
    raster_make(tmp_path, [[0.5]], code="tanpa", breaks=[], breaks_source="")

    relations = {link["rel"].rpartition("/")[2] for link in web.get("/oapi/collections/tanpa").json()["links"]}

    assert relations == {"self", "alternate", "coverage", "coverage-domainset", "coverage-rangetype"}
    assert "tanpa" in web.get("/oapi/collections/tanpa?f=html").content.decode()


@pytest.mark.parametrize(("language", "words"), [("id", ("Banjir", "Rendah", "bukan aman")), ("en", ("Flood", "Low"))])
def test_the_page_of_a_raster(web: Client, raster: Raster, language: str, words: tuple[str, ...]) -> None:
    Raster.objects.update(name="<b>")
    asked = {"f": "html", "lang": language}

    page = web.get("/oapi/collections/banjir", asked).content.decode()
    listed = web.get("/oapi/collections", asked).content.decode()

    assert all(word in page for word in words)
    assert "/oapi/collections/banjir/coverage?f=geotiff" in page
    assert "&lt;b&gt;" in page
    assert "<b>" not in page + listed
    assert '/collections/banjir"' in listed
    assert "/collections/banjir/items" not in page + listed


def place(longitude: float, latitude: float) -> tuple[int, int]:
    """Column and row of a pixel in tile 12/2145/3368."""
    scale = 2**12
    column = (longitude + 180) / 360 * scale - 3368
    row = (0.5 - np.arcsinh(np.tan(np.radians(latitude))) / np.pi / 2) * scale - 2145
    return int(column * 256), int(row * 256)


def png_read(data: bytes) -> np.ndarray:
    """Pixels of a palette image as red, green, blue, alpha."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    with catch_warnings(action="ignore", category=NotGeoreferencedWarning), MemoryFile(data).open() as image:
        colours = image.colormap(1)
        read = np.array([colours[number] for number in image.read(1).ravel()], np.uint8)
    (width, height) = unpack(">II", data[16:24])
    assert len(decompress(data[data.index(b"IDAT") + 4 : -16])) == height * (width + 1)
    return read.reshape(height, width, 4)
