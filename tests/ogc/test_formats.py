"""Items in every format, held against the GeoJSON of the same query."""

import csv
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import psycopg2
import pyogrio
import pytest
import shapely
from conftest import FeatureMake, circle, place
from django.db import OperationalError, connection, transaction

from layers.catalog import Layer, layer_get
from layers.ogc.formats import FORMATS, items_stream, jsonfg_members
from layers.ogc.links import link_header
from layers.query.features import items_fetch
from layers.query.params import FeatureQuery
from layers.query.rows import BATCH, jsonfg_feature, rows_fetch
from layers.query.spatial import CRS84, crs_get

UTM = "http://www.opengis.net/def/crs/EPSG/0/32750"
LATITUDE_FIRST = "http://www.opengis.net/def/crs/EPSG/0/4326"
CRS = [CRS84, LATITUDE_FIRST, UTM]
DOWNLOADS = [name for name, known in FORMATS.items() if not known.pages]
FILES = ["flatgeobuf", "gpkg"]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which temporary files are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def three(layer: Layer, feature_make: FeatureMake) -> None:
    for number in (1, 2, 3):
        at = datetime(2026, number, 1, 0, 0, 0, 250_000, UTC)
        geom = place(layer, 116.1 + number / 7, -8.58)
        feature_make(layer, number, name=f'Ñ "{number}", a;b\nc', observed_at=at, geom=geom)


def asked(layer: Layer, **params: str) -> FeatureQuery:
    return FeatureQuery.parse(layer, {name.replace("_", "-"): [value] for name, value in params.items()})


def geojson(layer: Layer, query: FeatureQuery) -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = json.loads(f"[{items_fetch(layer, query).features}]")
    return features


def download(name: str, layer: Layer, query: FeatureQuery) -> bytes:
    return b"".join(items_stream(FORMATS[name], layer, query))


def table(name: str, layer: Layer, query: FeatureQuery, folder: Path) -> tuple[dict[str, Any], Any]:
    """What GDAL reads of a download."""
    file = folder / FORMATS[name].filename(layer)
    file.write_bytes(download(name, layer, query))
    options = {"GEOM_POSSIBLE_NAMES": "geom", "KEEP_GEOM_COLUMNS": "NO"} if name == "csv" else {}
    meta, read = pyogrio.read_arrow(file, **options)
    return meta, read


def cell(value: Any) -> str:
    """A value of GeoJSON as a spreadsheet has it."""
    if isinstance(value, list):
        return ";".join(value)
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def names_of(layer: Layer, params: dict[str, str]) -> list[str]:
    """The columns that a query asks for, beside the geometry."""
    listed = params["properties"].split(",") if "properties" in params else None
    return ["id", *(known.name for known in layer.properties if not listed or known.name in listed)]


def values(layer: Layer, row: dict[str, Any]) -> dict[str, Any]:
    """The id and properties of a row, as GDAL or as GeoJSON has them, in the same types; times in seconds."""
    found = {"id": row["id"]}
    for known in layer.properties:
        if known.name in row:
            value = row[known.name]
            if known.format == "date-time" and value is not None:
                moment = datetime.fromisoformat(value) if isinstance(value, str) else value
                value = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
            elif known.format == "time" and value is not None:
                value = str(value)
            elif isinstance(value, list):
                value = ";".join(value)
            found[known.name] = value
    return found


QUERIES: list[dict[str, str]] = [
    {},
    {"properties": "name,code"},
    {"skipGeometry": "true"},
    {"sortby": "-code", "limit": "2"},
    {"sortby": "-code", "offset": "1"},
    {"bbox": "116.3,-8.6,116.4,-8.5"},
    {"q": "Ñ 2"},
    {"code": "none"},
]


@pytest.mark.parametrize("crs", CRS)
def test_csv(layer: Layer, three: None, crs: str) -> None:
    for params in QUERIES:
        query = asked(layer, crs=crs, **params)
        features = geojson(layer, query)

        body = download("csv", layer, query)

        head, *rows = csv.reader(io.StringIO(body.decode(), newline=""))
        names = names_of(layer, params)
        assert head == [*names, *([] if query.skip_geometry else ["geom"])]
        cells = [[str(feature["id"]), *map(cell, feature["properties"].values())] for feature in features]
        assert [row[: len(names)] for row in rows] == cells, params
        if not query.skip_geometry:
            shapes = [shapely.geometry.shape(feature["geometry"]) for feature in features]
            assert [shapely.from_wkt(row[-1]) for row in rows] == shapes, params
        assert body.count(b"\r\n") == len(rows) + 1


@pytest.mark.parametrize("crs", CRS)
def test_geojsonseq(layer: Layer, three: None, crs: str) -> None:
    for params in QUERIES:
        query = asked(layer, crs=crs, **params)

        nothing, *records = download("geojsonseq", layer, query).split(b"\x1e")

        assert nothing == b""
        assert all(record.endswith(b"\n") for record in records)
        assert list(map(json.loads, records)) == geojson(layer, query), params


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("crs", CRS)
def test_files_of_gdal(layer: Layer, three: None, tmp_path: Path, name: str, crs: str) -> None:
    for params in QUERIES:
        query = asked(layer, crs=crs, **params)
        features = geojson(layer, query)

        meta, read = table(name, layer, query, tmp_path)

        assert [field for field in meta["fields"] if field != "fid"] == names_of(layer, params)
        rows = read.to_pylist() if query.sortby else sorted(read.to_pylist(), key=lambda row: row["id"])
        wanted = [values(layer, {"id": feature["id"], **feature["properties"]}) for feature in features]
        for row, one in zip(rows, wanted, strict=True):
            assert values(layer, row) == pytest.approx(one, abs=0.001), params  # GDAL keeps milliseconds
        if not query.skip_geometry:
            assert (meta["geometry_type"], meta["crs"]) == (layer.geometry_type, f"EPSG:{query.crs.srid}")
            shapes = shapely.from_wkb([row[meta["geometry_name"] or "wkb_geometry"] for row in rows])
            expected = [shapely.geometry.shape(feature["geometry"]) for feature in features]
            if query.crs.swapped:
                expected = [shapely.transform(shape, lambda points: points[:, ::-1]) for shape in expected]
            near = 10**-query.crs.decimals
            assert all(map(shapely.equals_exact, shapes, expected, [near] * len(features))), params


@pytest.mark.parametrize("crs", CRS)
def test_gdal_reads_csv(layer: Layer, three: None, tmp_path: Path, crs: str) -> None:
    query = asked(layer, crs=crs)

    meta, read = table("csv", layer, query, tmp_path)

    shapes = shapely.from_wkb(read[meta["geometry_name"] or "wkb_geometry"].to_pylist())
    assert list(shapes) == [shapely.geometry.shape(feature["geometry"]) for feature in geojson(layer, query)]


class TestJsonFg:
    """A page, in any CRS; OGC 21-045r1."""

    def document(self, layer: Layer, query: FeatureQuery) -> dict[str, Any]:
        features = json.loads(f"[{items_fetch(layer, query, write=jsonfg_feature).features}]")
        return {"type": "FeatureCollection", **jsonfg_members(layer, query), "features": features}

    @pytest.mark.parametrize("crs", CRS)
    def test_a_page(self, layer: Layer, three: None, crs: str) -> None:
        for params in QUERIES:
            query = asked(layer, crs=crs, **params)
            found = self.document(layer, query)["features"]
            assert all(list(one) == ["type", "id", "time", "place", "geometry", "properties"] for one in found)
            plain, moved = geojson(layer, asked(layer, **params)), geojson(layer, query)
            assert [one["geometry"] for one in found] == [one["geometry"] for one in plain], params
            places = [None if crs == CRS84 else one["geometry"] for one in moved]
            assert [one["place"] for one in found] == places, params
            for member in ("id", "properties"):
                assert [one[member] for one in found] == [one[member] for one in moved], params

    def test_its_members(self, db: None) -> None:
        zones = layer_get("disaster_zones")
        assert jsonfg_members(zones, asked(zones, crs=UTM)) == {
            "conformsTo": [
                "http://www.opengis.net/spec/json-fg-1/1.0/conf/core",
                "http://www.opengis.net/spec/json-fg-1/1.0/conf/types-schemas",
            ],
            "featureType": "disaster_zones",
            "geometryDimension": 2,
            "coordRefSys": UTM,
        }
        assert jsonfg_members(layer_get("markets"), asked(layer_get("markets")))["geometryDimension"] == 0
        assert "geometryDimension" not in jsonfg_members(zones, asked(zones, skipGeometry="true"))

    def test_an_instant(self, db: None, feature_make: FeatureMake) -> None:
        markets = layer_get("markets")
        feature_make(markets, 1, observed_at="2026-01-01T08:00:00+08:00")
        feature_make(markets, 2, observed_at=None)
        times = [feature["time"] for feature in self.document(markets, asked(markets, properties="name"))["features"]]
        assert times == [{"timestamp": "2026-01-01T00:00:00.000000Z"}, None]

    def test_an_interval(self, db: None, feature_make: FeatureMake) -> None:
        zones = layer_get("disaster_zones")
        start, end = "2026-01-01T08:00:00+08:00", "2026-02-01T08:00:00+08:00"
        for number, (begins, ends) in enumerate([(start, end), (start, None), (None, end), (None, None)], 1):
            feature_make(zones, number, valid_from=begins, valid_to=ends)
        begin, finish = "2026-01-01T00:00:00.000000Z", "2026-02-01T00:00:00.000000Z"
        assert [feature["time"] for feature in self.document(zones, asked(zones))["features"]] == [
            {"interval": [begin, finish]},
            {"interval": [begin, ".."]},
            {"interval": ["..", finish]},
            None,
        ]

    @pytest.mark.parametrize("crs", CRS)
    def test_gdal_reads_it(self, layer: Layer, three: None, tmp_path: Path, crs: str) -> None:
        file = tmp_path / FORMATS["jsonfg"].filename(layer)
        file.write_bytes(orjson.dumps(self.document(layer, asked(layer, crs=crs))))
        meta, read = pyogrio.read_arrow(file)
        assert pyogrio.read_info(file)["driver"] == "JSONFG"
        assert (meta["crs"], read.num_rows) == (f"EPSG:{crs_get(crs).srid}", 3)


@pytest.mark.parametrize("name", DOWNLOADS)
def test_an_empty_layer(layer: Layer, db: None, tmp_path: Path, name: str) -> None:
    file = tmp_path / FORMATS[name].filename(layer)
    file.write_bytes(download(name, layer, asked(layer)))
    if name == "geojsonseq":
        assert file.read_bytes() == b""
    else:
        assert pyogrio.read_info(file, force_feature_count=True)["features"] == 0


@pytest.mark.parametrize("name", [*DOWNLOADS, "jsonfg"])
def test_personal_data_stays(layer: Layer, feature_make: FeatureMake, name: str) -> None:
    feature_make(layer, **dict.fromkeys(layer.model.restricted, "Rahasia"))
    if name == "jsonfg":
        body = str(items_fetch(layer, asked(layer), write=jsonfg_feature).features).encode()
    else:
        body = download(name, layer, asked(layer))
    assert b"T-0001" in body or b"52.71" in body
    assert b"Rahasia" not in body


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3+A1", "'-2+3+A1"),
        ("+62 (370) 123-456", "+62 (370) 123-456"),
        ("-8.5", "-8.5"),
        ("a=1", "a=1"),
        ("'=1", "'=1"),
    ],
)
def test_a_spreadsheet_meets_no_formula(feature_make: FeatureMake, given: str, written: str) -> None:
    markets = layer_get("markets")
    feature_make(markets, address=given)
    (row,) = csv.DictReader(io.StringIO(download("csv", markets, asked(markets)).decode(), newline=""))
    assert row["address"] == written


def test_digits(feature_make: FeatureMake) -> None:
    markets = layer_get("markets")
    feature_make(markets, geom=place(markets, 116.123456789, -8.587654321))

    def geom(crs: str) -> str:
        query = asked(markets, crs=crs, properties="code")
        (row,) = csv.DictReader(io.StringIO(download("csv", markets, query).decode(), newline=""))
        return row["geom"]

    assert geom(CRS84) == "POINT(116.1234568 -8.5876543)"
    assert geom(LATITUDE_FIRST) == "POINT(-8.5876543 116.1234568)"
    assert [len(number.split(".")[1]) for number in geom(UTM)[6:-1].split()] == [3, 3]


def test_links_in_a_header() -> None:
    links = [
        {"rel": "self", "type": "text/csv", "title": "Unduhan „CSV“", "href": "http://x/items?f=csv"},
        {"rel": "profile", "href": "http://x/p"},
    ]
    assert link_header(links) == (
        '<http://x/items?f=csv>; rel="self"; type="text/csv"; '
        "title*=UTF-8''Unduhan%20%E2%80%9ECSV%E2%80%9C, "
        '<http://x/p>; rel="profile"'
    )


def markets_fill(count: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        # Without triggers, for what they compute is not read.
        cursor.execute("SET LOCAL session_replication_role = replica; SET LOCAL statement_timeout = 0")
        cursor.execute(
            "INSERT INTO layers_market (code, name, type, source, geom, address, area, declared_area, manager, "
            "operating_days, condition, contact_name, contact_phone) "
            "SELECT 'PSR-' || n, 'Pasar ' || n, 'pasar_rakyat', 'contoh', "
            "ST_SetSRID(ST_MakePoint(116 + n / %s::float, -8.5), 4326), 'Jalan', '', '', '', '{}', '', '', '' "
            "FROM generate_series(1, %s) n",
            [count, count],
        )
        cursor.execute("SET LOCAL session_replication_role = origin")


def cursors() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_cursors WHERE name <> ''")
        return [statement for (statement,) in cursor.fetchall()]


@contextmanager
def file_size_limited(size: int) -> Iterator[None]:
    """No file grows beyond so many bytes, as on a disk that fills up."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, former[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)


class TestStreaming:
    @pytest.fixture
    def many(self, db: None) -> int:
        markets_fill(3 * BATCH)
        return 3 * BATCH

    @pytest.mark.parametrize("name", ["csv", "geojsonseq"])
    def test_the_first_bytes_come_before_the_last_row_is_read(self, many: int, name: str) -> None:
        markets = layer_get("markets")
        chunks = items_stream(FORMATS[name], markets, FeatureQuery(limit=many))
        (open_one,) = cursors()
        assert "layers_market" in open_one
        first = next(chunks)
        assert first.count(b"Pasar ") == BATCH
        assert first.count(b"\n") in (BATCH, BATCH + 1)
        rest = list(chunks)
        assert sum(chunk.count(b"Pasar ") for chunk in rest) == many - BATCH
        assert not cursors()

    def test_few_large_geometries_are_held_at_a_time(
        self, feature_make: FeatureMake, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        zones = layer_get("disaster_zones")
        for number in range(5):
            feature_make(zones, number, geom=circle(100 if number else 1))
        monkeypatch.setattr("layers.query.rows.STEP", 1)
        monkeypatch.setattr("layers.query.rows.BATCH_BYTES", 2 * 400 * 16)
        with closing(rows_fetch(zones, ("wkb",))) as batches:
            assert [len(batch) for batch in batches] == [3, 2]

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("name", ["csv", "geojsonseq"])
    def test_text_that_breaks_off_does_not_look_whole(self, name: str) -> None:
        markets_fill(2 * BATCH)
        chunks = items_stream(FORMATS[name], layer_get("markets"), FeatureQuery(limit=2 * BATCH))
        first = next(chunks)
        with closing(psycopg2.connect(**connection.get_connection_params())) as other, other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
        told = first + next(chunks)
        with pytest.raises(OperationalError):
            next(chunks)
        connection.close()
        assert told.count(b"Pasar ") == BATCH
        if name == "csv":
            with pytest.raises(csv.Error, match="unexpected end of data"):
                list(csv.reader(io.StringIO(told.decode()), strict=True))
            assert list(csv.reader(io.StringIO(told.decode())))[-1][0].startswith("INCOMPLETE")
        else:
            with pytest.raises(orjson.JSONDecodeError):
                orjson.loads(told.rpartition(b"\x1e")[2])

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("name", ["csv", "geojsonseq"])
    @pytest.mark.parametrize("read", [0, 1, 2])
    def test_a_client_that_leaves_ends_the_transaction(self, feature_make: FeatureMake, name: str, read: int) -> None:
        markets = layer_get("markets")
        feature_make(markets)
        chunks = items_stream(FORMATS[name], markets, asked(markets))
        assert connection.in_atomic_block
        for _ in range(read):
            next(chunks, None)
        chunks.close()
        assert not connection.in_atomic_block
        assert not cursors()

    @pytest.mark.parametrize("name", FILES)
    @pytest.mark.parametrize("read", [0, 1])
    def test_files_leave_nothing_behind(self, many: int, temporary: Path, name: str, read: int) -> None:
        chunks = items_stream(FORMATS[name], layer_get("markets"), FeatureQuery(limit=many))
        for _ in range(read):
            next(chunks)
        assert not cursors()
        chunks.close()
        assert not list(temporary.iterdir())

    @pytest.mark.parametrize("name", FILES)
    def test_what_a_killed_worker_left_goes_with_the_next_file(self, db: None, temporary: Path, name: str) -> None:
        left = temporary / "geoportal-items-a"
        left.mkdir()
        os.utime(left, (0, 0))
        download(name, layer_get("markets"), FeatureQuery(limit=1))
        assert not list(temporary.iterdir())

    @pytest.mark.parametrize("name", DOWNLOADS)
    def test_what_breaks_off_is_told_before_the_first_byte(self, db: None, temporary: Path, name: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE layers_market RENAME COLUMN traders TO merchants")
        markets = layer_get("markets")
        with pytest.raises(Exception, match="traders"):
            items_stream(FORMATS[name], markets, asked(markets))
        assert not list(temporary.iterdir())

    @pytest.mark.parametrize(
        ("name", "short"), [("flatgeobuf", 1), ("flatgeobuf", 5_000), ("flatgeobuf", 50_000), ("gpkg", 300_000)]
    )
    def test_a_file_that_the_disk_cuts_short_is_not_given_as_whole(
        self, many: int, temporary: Path, name: str, short: int
    ) -> None:
        markets, query = layer_get("markets"), FeatureQuery(limit=many)
        size = len(download(name, markets, query))
        with file_size_limited(size - short), pytest.raises((OSError, RuntimeError)) as fault:
            download(name, markets, query)
        assert not list(temporary.iterdir())
        assert not cursors(), f"though {fault} holds on to all that was called"

    @pytest.mark.django_db(transaction=True)
    def test_memory_is_bounded(self) -> None:
        markets_fill(200_000)
        child = """
import resource, sys, django
django.setup()
from layers.catalog import layer_get
from layers.ogc.formats import FORMATS, items_stream
from layers.query.params import FeatureQuery
def grown(name, limit):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    size = sum(map(len, items_stream(FORMATS[name], layer_get("markets"), FeatureQuery(limit=limit))))
    return size, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
for name in sys.argv[1:]:
    grown(name, 2_000)
    print(name, *grown(name, 10**9))
"""
        settings = connection.settings_dict
        url = f"postgresql://{settings['USER']}:{settings['PASSWORD']}@{settings['HOST']}:{settings['PORT']}"
        environment = {**os.environ, "DATABASE_URL": f"{url}/{settings['NAME']}"}
        command = [sys.executable, "-c", child, *DOWNLOADS]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=600)
        grown = {
            name: (int(size), int(megabytes)) for name, size, megabytes in map(str.split, done.stdout.splitlines())
        }
        assert list(grown) == DOWNLOADS
        assert all(size > 20_000_000 for size, _ in grown.values())
        assert all(megabytes < 30 for _, megabytes in grown.values()), grown


def test_who_downloads_nothing_carries_no_gdal_for_it() -> None:
    """A worker that only answers requests for JSON stays small: every resource is there, these libraries are not."""
    seen = "import sys, geoportal.wsgi, geoportal.urls; print(sorted({'pyogrio', 'pyarrow'} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", seen], text=True) == "[]\n"
