"""``tiles_export`` and ``tiles_warm``."""

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyogrio
import pytest
from conftest import FeatureMake, square
from django.contrib.gis.geos import Point
from django.core.management import CommandError, call_command
from pmtiles.reader import MmapSource, Reader, all_tiles
from pmtiles.tile import Compression, TileType
from pytest_django.live_server_helper import LiveServer

from layers.catalog import layer_get, layers, portal_bbox
from layers.exports.tileset import Pyramid
from layers.management.commands import tiles_export, tiles_warm
from layers.query.params import FeatureQuery
from layers.query.tiles import Tile, tile_fetch

MARKETS, ZONES = layer_get("markets"), layer_get("disaster_zones")
CITY = "116.05,-8.65,116.19,-8.53"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    """What a command line writes to stdout and stderr; CommandError where it fails."""

    def run(command: Any, *arguments: object) -> tuple[str, ...]:
        call_command(command.Command(), *map(str, arguments))
        return tuple(capsys.readouterr())

    return run


@pytest.fixture
def city(transactional_db: None, feature_make: FeatureMake) -> None:
    feature_make(MARKETS, 1, geom=Point(116.1, -8.58), name="Kebon Roek")
    feature_make(MARKETS, 2, geom=Point(116.15, -8.6))
    feature_make(ZONES, geom=square(116.08, -8.6, 0.05))


def test_an_archive_holds_the_tiles_that_the_server_has(city: None, run: Any, tmp_path: Path) -> None:
    file = tmp_path / "kota.pmtiles"
    assert run(tiles_export, file, "--zooms", "8-13", "--bbox", CITY, "--collections", "disaster_zones", "markets") == (
        f"{file}: 14 petak\n",
        "",
    )
    assert [path.name for path in tmp_path.iterdir()] == ["kota.pmtiles"]

    with file.open("rb") as opened:
        source = MmapSource(opened)
        header, metadata = Reader(source).header(), Reader(source).metadata()
        found = {address: gzip.decompress(data) for address, data in all_tiles(source)}
    asked = [(layer, FeatureQuery(limit=1)) for layer in (MARKETS, ZONES)]
    tiles = {
        (tile.z, tile.x, tile.y): tile_fetch(asked, tile, labels=True).mvt for tile in Pyramid.parse("8-13", CITY, [])
    }
    assert found == {address: mvt for address, mvt in tiles.items() if mvt}
    assert (header["min_zoom"], header["max_zoom"], header["clustered"]) == (8, 13, True)
    assert (header["tile_type"], header["tile_compression"]) == (TileType.MVT, Compression.GZIP)
    assert [header[f"{edge}_e7"] for edge in ("min_lon", "min_lat", "max_lon", "max_lat")] == [
        1160500000,
        -86500000,
        1161900000,
        -85300000,
    ]
    assert [layer["id"] for layer in metadata["vector_layers"]] == [
        "markets",
        "disaster_zones",
        "disaster_zones-labels",
    ]
    assert metadata["vector_layers"][0] | {
        "description": "",
        "fields": metadata["vector_layers"][0]["fields"]["kiosks"],
    } == {
        "id": "markets",
        "description": "",
        "minzoom": 8,
        "maxzoom": 13,
        "fields": "Number",
    }


@pytest.mark.django_db
def test_without_a_box_it_is_the_layers_within_the_portal() -> None:
    """Earthquakes may lie far from home."""
    far = replace(MARKETS, bbox=(94.0, -11.0, 142.0, 6.0))
    assert Pyramid.parse("5", None, [MARKETS, far]).bbox == portal_bbox()
    assert Pyramid.parse("5", None, [MARKETS]).bbox == MARKETS.bbox


def test_gdal_reads_an_archive(city: None, run: Any, tmp_path: Path) -> None:
    file = tmp_path / "kota.pmtiles"
    run(tiles_export, file, "--zooms", "0-12", "--bbox", CITY)
    read = pyogrio.raw.read(file, layer="markets", columns=["code", "name"])
    found = {tuple(row) for row in zip(*read[3], strict=True)}
    assert found == set(MARKETS.model.objects.values_list("code", "name"))
    assert pyogrio.read_info(file, layer="markets")["crs"] == "EPSG:3857"
    names = {name for name, _ in pyogrio.list_layers(file)}
    assert names == {layer.id for layer in layers()} | {"administrative_areas-labels", "disaster_zones-labels"}


def test_a_file_that_exists_stays_unless_told_otherwise(city: None, run: Any, tmp_path: Path) -> None:
    file = tmp_path / "kota.pmtiles"
    file.write_text("mine")
    with pytest.raises(CommandError, match="--overwrite"):
        run(tiles_export, file, "--zooms", 10)
    with pytest.raises(CommandError, match="semua petak kosong"):
        run(tiles_export, file, "--zooms", 10, "--bbox=0,0,1,1", "--overwrite")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("kota.pmtiles", "mine")]
    run(tiles_export, file, "--zooms", 10, "--overwrite")
    assert file.read_bytes().startswith(b"PMTiles\x03")


@pytest.mark.parametrize("command", [tiles_export, tiles_warm])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--zooms", "3-"], "--zooms '3-': tulis satu zoom"),
        (["--zooms", "5-4"], "--zooms '5-4'"),
        (["--zooms", "99"], "--zooms '99'"),
        (["--zooms", "0-17"], "--zooms '0-17'"),
        (["--zooms=-1"], "--zooms '-1'"),
        (["--bbox", "1,2,3"], "--bbox '1,2,3': tulis barat,selatan,timur,utara"),
        (["--bbox", "1,2,1,3"], "--bbox '1,2,1,3'"),
        (["--bbox", "0,0,nan,1"], "--bbox '0,0,nan,1'"),
        (["--bbox", "0,0,1,91"], "--bbox '0,0,1,91'"),
        (["--bbox=-180,-90,180,90"], "Itu 357913941 petak; paling banyak 500000."),
        (["--collections", "pasar"], "Tidak ada koleksi 'pasar'."),
    ],
)
def test_what_does_not_fit_is_told(run: Any, tmp_path: Path, command: Any, arguments: list[str], words: str) -> None:
    file = [tmp_path / "x.pmtiles"] if command is tiles_export else []
    with pytest.raises(CommandError) as error:
        run(command, *file, *arguments)
    assert str(error.value).startswith(words)
    assert not list(tmp_path.iterdir())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("x.mbtiles", "Nama berkas harus berakhir dengan .pmtiles."),
        ("tiada/x.pmtiles", "Tidak ada folder"),
        ("/proc/x.pmtiles", "/proc/x.pmtiles tidak dapat ditulis"),
    ],
)
def test_a_file_that_cannot_be_written_is_told(run: Any, tmp_path: Path, file: str, words: str) -> None:
    with pytest.raises(CommandError, match=words):
        run(tiles_export, tmp_path / file)


def test_the_pyramid_of_a_box() -> None:
    def addresses(zooms: str, bbox: str) -> list[tuple[int, int, int]]:
        pyramid = Pyramid.parse(zooms, bbox, [])
        tiles = list(pyramid)
        assert len(pyramid) == len(tiles)
        return [(tile.z, tile.x, tile.y) for tile in tiles]

    assert addresses("0-1", "-180,-90,180,90") == [(0, 0, 0), (1, 0, 0), (1, 0, 1), (1, 1, 0), (1, 1, 1)]
    assert addresses("12", "116.12,-8.6,116.13,-8.59") == [(12, 3369, 2146)]
    west, south, east, north = Tile.parse("WebMercatorQuad", "12", "2146", "3369").degrees()
    assert west < 116.12 < 116.13 < east
    assert south < -8.6 < -8.59 < north


def test_warming_asks_for_every_tile(live_server: LiveServer, city: None, run: Any) -> None:
    area = ("--zooms", "8-12", "--bbox", CITY, "--url", live_server.url)
    tiles = len(Pyramid.parse("8-12", CITY, []))
    for chosen, several in ([], len(layers())), (["--collections", "markets", "aid_posts"], 2):
        told, _ = run(tiles_warm, *area, *chosen)
        made, empty, failed = (int(part.split()[0]) for part in told.split(","))
        assert (made > 0, empty >= tiles, made + empty, failed) == (True, True, several * tiles, 0)


def test_warming_tells_what_failed(live_server: LiveServer, run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError, match="Ada yang gagal: 1 × HTTP 404"):
        run(tiles_warm, "--collections", "markets", "--zooms", 0, "--url", f"{live_server.url}/elsewhere")
    assert capsys.readouterr().out == "0 dibuat, 0 kosong, 1 gagal\n"
    with pytest.raises(CommandError, match=r"http://127\.0\.0\.1:9 tidak menjawab: .*Connection refused"):
        run(tiles_warm, "--zooms", 0, "--url", "http://127.0.0.1:9")
    with pytest.raises(CommandError, match="--url 'file:///x'"):
        run(tiles_warm, "--zooms", 0, "--url", "file:///x")
