"""A file as a stream of Arrow record batches, whatever GDAL reads."""

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyogrio
from pyogrio.raw import open_arrow
from pyproj import CRS
from pyproj.exceptions import CRSError

from layers.errors import InvalidParameter, Problem
from layers.models.geometry import SRID
from layers.text import text

BATCH = 16_384
"""Rows held in memory at a time."""

LONGITUDES = "lon,long,lng,longitude,bujur,x"
LATITUDES = "lat,latitude,lintang,y"
GEOMETRIES = "wkt,geom,geometry,the_geom"
"""Columns where a CSV file keeps its positions, in any case; longitude and latitude go by name, not by order."""

OPTIONS = {
    "CSV": {"X_POSSIBLE_NAMES": LONGITUDES, "Y_POSSIBLE_NAMES": LATITUDES, "GEOM_POSSIBLE_NAMES": GEOMETRIES},
    "GeoJSON": {"DATE_AS_STRING": "YES"},  # GDAL's own times have milliseconds only
}
"""How to open the files of a driver."""


@dataclass(frozen=True)
class Source:
    """An open file: the names of its fields, its CRS, how many rows it has (None: not known), and its rows."""

    fields: tuple[str, ...]
    geometry: str
    crs: CRS
    rows: int | None
    batches: Iterator[pa.RecordBatch]


@contextmanager
def source_open(
    path: Path, *, file_layer: str | None = None, sql: str | None = None, crs: str | None = None
) -> Iterator[Source]:
    """Open a file for reading.

    Args:
        file_layer: which layer of a file that has several.
        sql: read the answer of this query instead of a layer, in GDAL's SQLite dialect.
        crs: the CRS of a file that does not say; longitude, latitude in WGS 84 without it.

    Raises:
        Problem: the file is missing, not readable, has no geometry, or has several layers and none is named.
    """
    if not path.exists():
        raise Problem(text(f"Tidak ada berkas {path}.", f"There is no file {path}."))
    with warnings.catch_warnings(), ExitStack() as stack:
        # GDAL warns of values it cannot read and leaves them out; such rows are refused with a reason.
        warnings.filterwarnings("ignore", category=RuntimeWarning)
        try:
            layer = _layer_choose(path, file_layer, any_will_do=bool(sql))
            info = pyogrio.read_info(path, layer=layer)
            options: dict[str, Any] = {"sql": sql, "sql_dialect": "SQLITE"} if sql else {"layer": layer}
            options |= OPTIONS.get(info["driver"], {})
            if info["driver"] == "CSV" and set(map(str.lower, info["fields"])) & set(GEOMETRIES.split(",")):
                options["KEEP_GEOM_COLUMNS"] = "NO"  # or the text has the geometry's name, and neither is found by it
            stream = open_arrow(path, batch_size=BATCH, use_pyarrow=True, datetime_as_string=True, **options)
            meta, reader = stack.enter_context(stream)
        except (RuntimeError, ValueError) as error:  # pyogrio's errors are RuntimeErrors
            raise _unreadable(path, error) from error
        yield Source(
            fields=tuple(name for name in meta["fields"] if not pa.types.is_binary(reader.schema.field(name).type)),
            geometry=_geometry_column(path, reader.schema),
            crs=_crs(meta["crs"], crs),
            rows=None if sql or info["features"] < 0 else int(info["features"]),
            batches=_batches(path, reader),
        )


def _layer_choose(path: Path, wanted: str | None, *, any_will_do: bool) -> str:
    """The layer to read: the one wanted, or the only one; tables without geometry do not count beside one with."""
    known = {str(name): kind for name, kind in pyogrio.list_layers(path)}
    candidates = [wanted] if wanted in known else [name for name, kind in known.items() if kind] or list(known)
    if (wanted and wanted not in known) or (len(candidates) != 1 and not (candidates and any_will_do)):
        there = ", ".join(known) or "-"
        raise InvalidParameter(
            "file_layer",
            text(
                f"Pilih satu lapisan dari {path.name} dengan --file-layer: {there}.",
                f"Choose one layer of {path.name} with --file-layer: {there}.",
            ),
        )
    return str(candidates[0])


def _geometry_column(path: Path, schema: pa.Schema) -> str:
    names = [field.name for field in schema if (field.metadata or {}).get(b"ARROW:extension:name") == b"geoarrow.wkb"]
    if not names:
        raise Problem(
            text(
                f"{path.name} tidak memuat geometri. CSV memerlukan kolom bujur dan lintang ({LONGITUDES}; "
                f"{LATITUDES}) atau satu kolom WKT ({GEOMETRIES}).",
                f"{path.name} has no geometry. A CSV file needs columns of longitude and latitude ({LONGITUDES}; "
                f"{LATITUDES}) or one of WKT ({GEOMETRIES}).",
            )
        )
    if len(names) > 1:
        raise InvalidParameter(
            "sql",
            text(
                f"Kueri menghasilkan beberapa geometri ({', '.join(names)}); sebutkan bidang satu per satu, bukan *.",
                f"The query answers with several geometries ({', '.join(names)}); name the fields instead of *.",
            ),
        )
    return str(names[0])


def _crs(declared: str | None, told: str | None) -> CRS:
    if declared and told:
        raise InvalidParameter(
            "crs",
            text(
                f"Berkas ini sudah menyebut CRS-nya, {declared}; jangan beri --crs.",
                f"This file states its CRS, {declared}; leave --crs out.",
            ),
        )
    try:
        return CRS.from_user_input(declared or told or SRID).to_2d()
    except CRSError as error:
        raise InvalidParameter(
            "crs",
            text(
                f"CRS {declared or told!r} tidak dikenal; yang dikenal misalnya EPSG:32750.",
                f"The CRS {declared or told!r} is not known; one that is known is EPSG:32750, for example.",
            ),
        ) from error


def _batches(path: Path, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    while True:
        try:
            batch = reader.read_next_batch()
            batch.validate(full=True)
        except StopIteration:
            return
        except (pa.ArrowException, OSError, RuntimeError) as error:
            raise _unreadable(path, error) from error
        yield batch


def _unreadable(path: Path, error: Exception) -> Problem:
    if "utf8" in str(error).lower().replace("-", ""):
        return Problem(
            text(
                f"{path.name} tidak tersimpan sebagai UTF-8. Simpanlah ulang sebagai UTF-8 (di Excel: CSV UTF-8). "
                f"Shapefile: tulis pengodeannya, mis. CP1252, dalam berkas {path.stem}.cpg di sampingnya.",
                f"{path.name} is not stored as UTF-8. Save it again as UTF-8 (in Excel: CSV UTF-8). "
                f"Shapefile: write its encoding, such as CP1252, in a file {path.stem}.cpg beside it.",
            )
        )
    return Problem(
        text(
            f"{path.name} tidak terbaca sebagai data geografis (GeoJSON, GeoPackage, Shapefile, KML, CSV, "
            f"FlatGeobuf, …): {error}",
            f"{path.name} cannot be read as geographic data (GeoJSON, GeoPackage, Shapefile, KML, CSV, "
            f"FlatGeobuf, …): {error}",
        )
    )
