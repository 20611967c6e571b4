"""Items in formats other than GeoJSON and HTML: JSON-FG by pages, the others as downloads of all that matches."""

import csv
import io
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from tempfile import gettempdir
from typing import Any

from layers.catalog import Layer
from layers.exports.stream import begun
from layers.query.features import properties_listed
from layers.query.params import FeatureQuery
from layers.query.rows import cells_fetch, items_fetch_all
from layers.scratch import scratch_folder
from layers.text import text

CHUNK = 256 * 1024
"""Bytes of a file sent at a time."""

JSONFG_PROFILE = "http://www.opengis.net/def/profile/OGC/0/jsonfg"


@dataclass(frozen=True)
class ItemsFormat:
    """``name`` is the value of ``f``; ``pages`` tells one page, like GeoJSON, from all that matches."""

    name: str
    media_type: str
    extension: str
    title: Any
    pages: bool = False

    def filename(self, layer: Layer) -> str:
        """What a download is called."""
        return f"{layer.id}.{self.extension}"


FORMATS = {
    known.name: known
    for known in (
        # GeoJSON's own media type would do as well, but then Accept could not tell the two apart.
        ItemsFormat(
            "jsonfg",
            "application/vnd.ogc.fg+json",
            "json",
            text("Dokumen ini sebagai JSON-FG", "This document as JSON-FG"),
            pages=True,
        ),
        ItemsFormat("csv", "text/csv; charset=utf-8", "csv", text("Unduhan CSV", "Download as CSV")),
        ItemsFormat(
            "geojsonseq",
            "application/geo+json-seq",
            "geojsons",
            text("Unduhan urutan teks GeoJSON", "Download as GeoJSON text sequence"),
        ),
        ItemsFormat(
            "flatgeobuf", "application/flatgeobuf", "fgb", text("Unduhan FlatGeobuf", "Download as FlatGeobuf")
        ),
        ItemsFormat(
            "gpkg", "application/geopackage+sqlite3", "gpkg", text("Unduhan GeoPackage", "Download as GeoPackage")
        ),
    )
}
"""By the value of ``f``."""


def items_stream(format: ItemsFormat, layer: Layer, query: FeatureQuery) -> Generator[bytes]:
    """All items that a query finds, up to its limit, in a format that is not one of pages.

    The first bytes are made before this returns, so that what goes wrong by then can be answered with a status. What
    goes wrong later ends the text with :data:`layers.exports.stream.BROKEN`.
    Text formats hold a transaction of this thread's connection until the end, or until ``close()``.
    """
    return begun(STREAMS[format.name](layer, query), format.name)


def jsonfg_members(layer: Layer, query: FeatureQuery) -> dict[str, Any]:
    """What a JSON-FG feature collection (OGC 21-045r1, Core and Feature Types and Schemas) has beside GeoJSON's.

    Its features are those of :func:`layers.query.rows.jsonfg_feature`.
    """
    conformance = "http://www.opengis.net/spec/json-fg-1/1.0/conf/"
    dimension = {} if query.skip_geometry else {"geometryDimension": layer.dimension}
    return {
        "conformsTo": [f"{conformance}core", f"{conformance}types-schemas"],
        "featureType": layer.id,
        **dimension,
        "coordRefSys": query.crs.uri,
    }


def _csv(layer: Layer, query: FeatureQuery) -> Generator[bytes]:
    """RFC 4180: codes, not labels; every geometry as WKT in ``geom``, whatever its type and CRS."""
    names = [known.name for known in properties_listed(layer, query)]
    head: list[Sequence[str | None]] = [["id", *names, *([] if query.skip_geometry else ["geom"])]]
    with closing(cells_fetch(layer, query)) as batches:
        for batch in batches:
            yield _csv_lines([*head, *batch])
            head = []
    if head:
        yield _csv_lines(head)


def _csv_lines(rows: Sequence[Sequence[str | None]]) -> bytes:
    lines = io.StringIO(newline="")
    csv.writer(lines).writerows(rows)
    return lines.getvalue().encode()


def _geojsonseq(layer: Layer, query: FeatureQuery) -> Generator[bytes]:
    """RFC 8142: each feature between a record separator and a line feed."""
    with closing(items_fetch_all(layer, query)) as batches:
        for batch in batches:
            yield "".join(f"\x1e{feature}\n" for (feature,) in batch).encode()


def _gdal(layer: Layer, query: FeatureQuery, ending: str, **options: str) -> Generator[bytes]:
    from layers.exports.writer import gdal_write  # its GDAL and Arrow take a worker 95 MB, which most never need

    with scratch_folder(gettempdir(), "geoportal-items-") as folder:
        path = folder / f"{layer.id}{ending}"
        gdal_write(layer, path, query, **options)
        file = path.open("rb")
    with file:  # it is gone once it is closed, however that comes about
        while chunk := file.read(CHUNK):
            yield chunk


STREAMS: dict[str, Callable[[Layer, FeatureQuery], Generator[bytes]]] = {
    "csv": _csv,
    "geojsonseq": _geojsonseq,
    # Its spatial index would take 150 bytes of memory a feature, and put the features into an order of its own.
    "flatgeobuf": partial(_gdal, ending=".fgb", driver="FlatGeobuf", SPATIAL_INDEX="NO"),
    "gpkg": partial(_gdal, ending=".gpkg", driver="GPKG"),
}
"""By the format's name."""
