"""The one way a file becomes features of a layer."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from django.db import transaction
from tqdm import tqdm

from layers.catalog import Layer
from layers.errors import InvalidParameter, Problem
from layers.importers.geometries import GeometryColumn
from layers.importers.mapping import columns_map, columns_unused, field_get, fields_importable
from layers.importers.reader import Source, source_open
from layers.importers.values import column_clean
from layers.query.staging import Staging
from layers.text import text

REFUSALS = 20
"""Refused rows that a report names by itself; its file names all."""


@dataclass(frozen=True)
class Refusal:
    """A row that cannot be stored: its number in the file, from 1, its code where it could be read, and why."""

    row: int
    code: str | None
    reason: str

    def __str__(self) -> str:
        row = text(f"baris {self.row}", f"row {self.row}")
        return f"{row} ({self.code}): {self.reason}" if self.code else f"{row}: {self.reason}"


@dataclass(frozen=True)
class ImportReport:
    """What became of the rows of a file, or would have where ``written`` is false.

    ``outside`` of the layer's configured extent is no fault, but often a wrong CRS, or longitude and latitude confused.
    ``unused`` are fields of the file, see :func:`layers.importers.mapping.columns_unused`.
    """

    created: int
    changed: int
    unchanged: int
    refused: int
    repaired: int
    outside: int
    refusals: tuple[Refusal, ...]
    unused: tuple[str, ...]
    written: bool


def layer_import(
    layer: Layer,
    file: Path,
    *,
    mapping: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
    file_layer: str | None = None,
    sql: str | None = None,
    crs: str | None = None,
    repair: bool = False,
    skip_refused: bool = False,
    dry_run: bool = False,
    report: Path | None = None,
) -> ImportReport:
    """Create and change features of a layer from a file, matched by ``code``, in one transaction.

    Fields that the file does not feed stay as they are; new features get their defaults.

    Args:
        mapping: the file's field for a field of the layer; equal names, in any case, need no mention.
        constants: a field's value for all rows.
        file_layer, sql, crs: see :func:`layers.importers.reader.source_open`.
        repair: make invalid polygons valid instead of refusing them.
        skip_refused: write the other rows where some are refused; nothing is written otherwise.
        dry_run: write nothing, but report what would be.
        report: a CSV file for what became of each row.

    Raises:
        Problem: file, layer and options do not fit; nothing was written.
    """
    constant_columns = {name: _constant(layer, name, value) for name, value in (constants or {}).items()}
    with source_open(file, file_layer=file_layer, sql=sql, crs=crs) as source, transaction.atomic():
        columns = columns_map(layer, source.fields, mapping or {}, constants or {})
        staging = Staging(layer, (*columns, *constant_columns, "geom"))
        staging.open()
        geometries = GeometryColumn(layer.geometry_type, source.crs, layer.bbox, repair=repair)
        _rows_stage(staging, source, columns, constant_columns, geometries)
        counts = staging.rows_judge()
        if not counts:
            raise Problem(text(f"{file.name} tidak memuat satu baris pun.", f"{file.name} holds no rows."))
        if report:
            _report_write(staging, report)
        written = not dry_run and (skip_refused or not counts.get("refused"))
        if written:
            staging.rows_write(counts)
        refusals = tuple(Refusal(*row) for row in staging.refusals(REFUSALS))
        transaction.set_rollback(not written)
    outcomes = {outcome: counts.get(outcome, 0) for outcome in ("created", "changed", "unchanged", "refused")}
    return ImportReport(
        **outcomes,
        repaired=geometries.repaired,
        outside=geometries.outside,
        refusals=refusals,
        unused=columns_unused(layer, source.fields, columns),
        written=written,
    )


def _constant(layer: Layer, name: str, value: str) -> pa.Scalar:
    """The value as COPY reads it."""
    texts, faults = column_clean(field_get(layer, "set", name), pa.array([value]))
    if faults:
        raise InvalidParameter("set", faults[0])
    return texts[0]


def _rows_stage(
    staging: Staging,
    source: Source,
    columns: Mapping[str, str],
    constants: Mapping[str, pa.Scalar],
    geometries: GeometryColumn,
) -> None:
    """Clean and stage all rows, with a progress bar on a terminal."""
    fields = fields_importable(staging.layer)
    done = 0
    with tqdm(total=source.rows, desc=staging.layer.id, unit_scale=True, disable=None, leave=False) as bar:
        for batch in source.batches:
            rows: dict[str, pa.Array] = {}
            faults: dict[int, list[str]] = defaultdict(list)
            for name, found in columns.items():
                rows[name], wrong = column_clean(fields[name], batch.column(found))
                _note(faults, wrong)
            for name, value in constants.items():
                rows[name] = pa.repeat(value, batch.num_rows)
            rows["geom"], wrong = geometries.clean(batch.column(source.geometry))
            _note(faults, wrong)
            reasons = [" ".join(faults[row]) if row in faults else None for row in range(batch.num_rows)]
            rows["_refusal"] = pa.array(reasons, pa.string())
            rows["_row"] = pa.array(np.arange(done + 1, done + 1 + batch.num_rows))
            staging.rows_add(pa.RecordBatch.from_pydict(rows))
            done += batch.num_rows
            bar.update(batch.num_rows)


def _note(faults: dict[int, list[str]], wrong: Mapping[int, str]) -> None:
    for row, reason in wrong.items():
        faults[row].append(reason)


def _report_write(staging: Staging, path: Path) -> None:
    try:
        with path.open("wb") as file:
            staging.report_write(file)
    except OSError as error:
        raise InvalidParameter(
            "report",
            text(f"{path} tidak dapat ditulis: {error.strerror}.", f"{path} cannot be written: {error.strerror}."),
        ) from error
