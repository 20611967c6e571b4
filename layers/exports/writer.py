"""A layer as a file: streamed out of PostGIS in Arrow batches, and moved into place when it is whole."""

import warnings
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv
from pyogrio.raw import open_arrow, write_arrow

from layers.catalog import Layer
from layers.errors import Problem
from layers.exports.files import file_write
from layers.query.features import properties_listed
from layers.query.params import FeatureQuery
from layers.query.rows import EVERYTHING, features_fetch, rows_fetch
from layers.text import text

TYPES = {
    None: pa.string(),
    "uri": pa.string(),
    "date": pa.date32(),
    "time": pa.time32("s"),
    "date-time": pa.timestamp("us", tz="UTC"),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "array": pa.string(),
}
"""Arrow's type by JSON type, or by format where the type is ``string``."""

GDAL_TYPES = TYPES | {"date-time": pa.timestamp("ms", tz="UTC")}
"""GDAL keeps milliseconds, and would round 59.9999 seconds up to 60."""


def layer_export(layer: Layer, file: Path, *, overwrite: bool = False) -> int:
    """Write all features of a layer to a file in the format of its ending, and say how many.

    Written are ``id`` and the published properties, and the geometry in EPSG:4326: in CSV as ``lon`` and ``lat`` for
    points, as ``wkt`` for polygons. Lists are lists in GeoJSON, elsewhere text separated by ``;``.

    Raises:
        Problem: the ending names no format, there is no such folder, or the file exists and may not be replaced.
    """
    write = WRITERS.get(file.suffix.lower())
    if write is None:
        endings = ", ".join(WRITERS)
        raise Problem(
            text(
                f"Nama berkas harus berakhir dengan salah satu dari {endings}.",
                f"The file must end in one of {endings}.",
            )
        )
    with file_write(file, overwrite=overwrite) as place:
        return write(layer, place)


class Batches:
    """The features of a layer as Arrow record batches.

    ``rows`` counts those that passed; ``fault`` is what broke off the reading, which GDAL keeps to itself.
    """

    def __init__(
        self,
        layer: Layer,
        geometry: dict[str, pa.DataType],
        query: FeatureQuery = EVERYTHING,
        *,
        types: Mapping[str | None, pa.DataType] = TYPES,
    ) -> None:
        self.layer, self.geometry, self.query, self.rows = layer, tuple(geometry), query, 0
        self.fault: BaseException | None = None
        properties = {
            known.name: types[known.format if known.type == "string" else known.type]
            for known in properties_listed(layer, query)
        }
        self.schema = pa.schema({"id": pa.int64(), **properties, **geometry})

    def __iter__(self) -> Generator[pa.RecordBatch]:
        try:
            with closing(rows_fetch(self.layer, self.geometry, self.query)) as batches:
                for rows in batches:
                    columns = zip(zip(*rows, strict=True), self.schema, strict=True)
                    self.rows += len(rows)
                    yield pa.RecordBatch.from_arrays([_array(*column) for column in columns], schema=self.schema)
        except (Exception, KeyboardInterrupt) as fault:
            self.fault = fault
            raise


def _array(values: Iterable[Any], field: pa.Field) -> pa.Array:
    # Arrow never lets go of the memoryviews that psycopg2 hands out.
    return pa.array(map(bytes, values) if field.type == pa.binary() else values, field.type)


def gdal_write(layer: Layer, file: Path, query: FeatureQuery = EVERYTHING, **options: str) -> int:
    """Write what a query finds, in its CRS and east before north, and say how many features.

    Args:
        options: ``driver`` and its options, as GDAL names them.

    Raises:
        RuntimeError, OSError: GDAL cannot write the file.
    """
    wanted = not query.skip_geometry
    batches = Batches(layer, {"wkb": pa.binary()} if wanted else {}, query, types=GDAL_TYPES)
    with warnings.catch_warnings(), closing(iter(batches)) as read:  # GDAL leaves it where it is when it stops
        warnings.filterwarnings("ignore", "Normalized/laundered field name", RuntimeWarning)  # Shapefile's ten letters
        try:
            write_arrow(
                pa.RecordBatchReader.from_batches(batches.schema, read),
                file,
                geometry_name="wkb" if wanted else None,
                geometry_type=layer.geometry_type if wanted else None,
                crs=f"EPSG:{query.crs.srid}" if wanted else None,
                **options,
            )
        except RuntimeError:
            if not batches.fault:
                raise
    if batches.fault:  # of an interruption GDAL says nothing: Arrow takes it for the end
        raise batches.fault
    _read_back(file, batches.rows)
    return batches.rows


def _read_back(file: Path, rows: int) -> None:
    """GDAL says nothing of a FlatGeobuf whose end found no room on the disk.

    Raises:
        RuntimeError, OSError: the file does not hold so many features.
    """
    with open_arrow(file, columns=[], read_geometry=False, return_fids=True, use_pyarrow=True) as (_, batches):
        found = sum(len(batch) for batch in batches)
    if found != rows:
        raise RuntimeError(f"{found} of {rows} features were written")


def _csv_write(layer: Layer, file: Path) -> int:
    point = layer.geometry_type == "Point"
    batches = Batches(layer, {"lon": pa.float64(), "lat": pa.float64()} if point else {"wkt": pa.string()})
    with csv.CSVWriter(file, batches.schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return batches.rows


def _geojson_write(layer: Layer, file: Path) -> int:
    """RFC 7946, made in PostGIS: GDAL would round numbers."""
    rows = 0
    with file.open("w", encoding="utf-8") as out:
        out.write('{"type":"FeatureCollection","features":[')
        for batch in features_fetch(layer):
            out.write(("," if rows else "") + "\n" + ",\n".join(feature for (feature,) in batch))
            rows += len(batch)
        out.write("\n]}\n")
    return rows


WRITERS: dict[str, Callable[[Layer, Path], int]] = {
    ".gpkg": partial(gdal_write, driver="GPKG"),
    ".geojson": _geojson_write,
    ".csv": _csv_write,
    ".fgb": partial(gdal_write, driver="FlatGeobuf"),
    ".shp": partial(gdal_write, driver="ESRI Shapefile", ENCODING="UTF-8"),
}
"""By the file's ending."""
