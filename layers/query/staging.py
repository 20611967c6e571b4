"""Rows of a file on their way into a layer's table: staged, judged as a whole, written in one go.

The judgement is the database's own: check constraints and unique indexes are read from its catalogue and
evaluated for each row as it would be stored, so that a refusal names the row and the reason.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO

import pyarrow as pa
from django.db import connection, models
from pyarrow import csv

from layers.catalog import Layer
from layers.query.stamps import oriented
from layers.text import text

CHECKS = """
SELECT conname, pg_get_expr(conbin, conrelid) FROM pg_constraint
WHERE conrelid = %(table)s::regclass AND contype = 'c' ORDER BY conname
"""

UNIQUES = """
SELECT array_agg(attname::text ORDER BY attnum), coalesce(pg_get_expr(indpred, indrelid), 'true')
FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)
WHERE indrelid = %(table)s::regclass AND indisunique AND NOT indisprimary
GROUP BY indexrelid, indpred, indrelid ORDER BY indexrelid
"""

EXACT = {"DateTimeField": ("millisecond", ""), "TimeField": ("second", "::interval")}
"""How exactly GDAL tells values of a field, and a cast to what intervals can be added to: a time of day would wrap."""


@dataclass(frozen=True)
class Unique:
    """A unique index: its columns, and the condition under which it holds."""

    columns: list[str]
    condition: str


@dataclass(frozen=True)
class Reason:
    """Why a row is refused: the condition, in SQL, and the words; ``%s`` in them is the SQL expression ``value``."""

    condition: str
    words: Any
    value: str | None = None


@dataclass(frozen=True)
class Staging:
    """The rows of one import, within the transaction that is open.

    ``columns`` are those of the layer that the file feeds, ``code`` and ``geom`` among them. On features that are
    there already the other columns stay as they are; new features get the fields' defaults.
    """

    layer: Layer
    columns: tuple[str, ...]

    def open(self) -> None:
        """Make the empty staging table; from here on the transaction may take its time."""
        _execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        _execute("DROP TABLE IF EXISTS pg_temp.import_rows, pg_temp.import_outcomes")
        _execute(
            f"CREATE TEMP TABLE import_rows ON COMMIT DROP AS SELECT 0::bigint AS _row, ''::text AS _refusal, "
            f"{_names(self.columns)} FROM {self.layer.table} WITH NO DATA"
        )

    def rows_add(self, rows: pa.RecordBatch) -> None:
        """Stage rows: ``_row`` (their number), ``_refusal`` (why they cannot be read, or null) and the columns.

        Columns are text as PostgreSQL's input functions read it, null for NULL.
        """
        buffer = BytesIO()
        csv.write_csv(rows, buffer, csv.WriteOptions(include_header=False))
        buffer.seek(0)
        with connection.wrap_database_errors, connection.cursor() as cursor:
            cursor.copy_expert(f"COPY import_rows ({_names(rows.schema.names)}) FROM STDIN (FORMAT csv)", buffer)

    def rows_judge(self) -> dict[str, int]:
        """Decide which rows are ``created``, ``changed``, ``unchanged`` and ``refused``, and count them.

        From here to the end of the transaction nobody else writes to the layer.
        """
        _execute("ANALYZE import_rows (_row, code)")
        # EXCLUSIVE, so that nobody locks a row and then waits for the table, while the rows' writing waits for him.
        _execute(f"LOCK TABLE {self.layer.table} IN EXCLUSIVE MODE")
        table = {"table": self.layer.table}
        uniques = [Unique(*row) for row in _fetch(UNIQUES, table)]
        _execute(*_judgement(self, _fetch(CHECKS, table), [u for u in uniques if {*u.columns} <= {*self.columns}]))
        return dict(_fetch("SELECT outcome, count(*) FROM import_outcomes GROUP BY outcome"))

    def refusals(self, limit: int) -> list[tuple[Any, ...]]:
        """Number, code and reason of the first rows that are refused."""
        return _fetch(
            "SELECT _row, code, reason FROM import_outcomes WHERE outcome = 'refused' ORDER BY _row LIMIT %(limit)s",
            {"limit": limit},
        )

    def report_write(self, file: BinaryIO) -> None:
        """Write what becomes of each row, as CSV: row, code, outcome, reason."""
        rows = "SELECT _row AS row, code, outcome, reason FROM import_outcomes ORDER BY _row"
        with connection.wrap_database_errors, connection.cursor() as cursor:
            cursor.copy_expert(f"COPY ({rows}) TO STDOUT (FORMAT csv, HEADER)", file)

    def rows_write(self, counts: dict[str, int]) -> None:
        """Write the rows that were judged ``created`` or ``changed``, so that only they meet the triggers."""
        table, columns = self.layer.table, _names(self.columns)
        staged = "FROM import_rows JOIN import_outcomes USING (_row, code) WHERE outcome ="
        if counts.get("created"):
            defaults = self.defaults()
            values = ", ".join([columns, *(f"%({name})s" for name in defaults)])
            _execute(
                f"INSERT INTO {table} ({_names([*self.columns, *defaults])}) "
                f"SELECT {values} {staged} 'created' ORDER BY _row",
                defaults,
            )
        if counts.get("changed"):
            _execute(
                f"UPDATE {table} stored SET ({columns}) = ROW ({', '.join(_fed(self).values())}) "
                f"FROM (SELECT * {staged} 'changed') staged WHERE stored.code = staged.code"
            )
        _execute(f"ANALYZE {table}")

    def defaults(self) -> dict[str, Any]:
        """What a new feature gets in the columns that the file does not feed, except in those it must be given."""
        return {field.column: field.get_default() for field in self._unfed() if not _required(field)}

    def missing(self) -> list[str]:
        """Columns that a new feature must be given and the file does not feed."""
        return [field.column for field in self._unfed() if _required(field)]

    def _unfed(self) -> Iterator[models.Field]:
        for field in self.layer.model._meta.local_concrete_fields:
            if field.editable and not field.primary_key and field.column not in self.columns:
                yield field


def _required(field: models.Field) -> bool:
    return not (field.null or field.blank or field.has_default())


def _judgement(staging: Staging, checks: list[tuple[Any, ...]], uniques: list[Unique]) -> tuple[str, dict[str, Any]]:
    """What becomes of each row; further reasons are sought only for rows that could be read."""
    arguments, cases = staging.defaults(), []
    reasons = [*_missing(staging), *_duplicates(staging, uniques), *_violations(staging, checks)]
    for number, reason in enumerate(reasons):
        name = f"reason_{number}"
        arguments[name] = str(reason.words)
        told = f"format(%({name})s, {reason.value})" if reason.value else f"%({name})s"
        cases.append(f"CASE WHEN {reason.condition} THEN {told} END")
    return (
        f"""
CREATE TEMP TABLE import_outcomes ON COMMIT DROP AS
WITH merged AS ({_merged(staging, uniques)}),
judged AS (
    SELECT _row, code, id, _differs, coalesce(_refusal, nullif(concat_ws(' ', {", ".join(cases)}), '')) AS reason
    FROM merged
)
SELECT _row, code, reason, CASE
    WHEN reason IS NOT NULL THEN 'refused'
    WHEN id IS NULL THEN 'created'
    WHEN _differs THEN 'changed'
    ELSE 'unchanged'
END AS outcome
FROM judged""",
        arguments,
    )


def _merged(staging: Staging, uniques: list[Unique]) -> str:
    """Each staged row as it would be stored; ``_first_N``: the first row of the file with the same unique columns."""
    defaults = staging.defaults()
    fed = _fed(staging)
    kept = {
        column: f"CASE WHEN stored.id IS NULL THEN %({column})s ELSE stored.{_quoted(column)} END"
        for column in defaults
    }
    columns = [field.column for field in staging.layer.model._meta.local_concrete_fields]
    merged = {column: f"stored.{_quoted(column)}" for column in columns} | kept | fed
    firsts = {
        f"_first_{number}": f"min(_row) FILTER (WHERE {_literal(unique.condition)}) "
        f"OVER (PARTITION BY {_names(unique.columns)})"
        for number, unique in enumerate(uniques)
    }
    return (
        f"SELECT _row, _refusal, {_as(merged)}, {', '.join(firsts)}, "
        f"({', '.join(fed.values())}) IS DISTINCT FROM ({_names(staging.columns, of='stored')}) AS _differs "
        f"FROM (SELECT *, {_as(firsts)} FROM import_rows) staged "
        f"LEFT JOIN {staging.layer.table} stored ON stored.code = staged.code"
    )


def _fed(staging: Staging) -> dict[str, str]:
    """What the columns of a row become, beside the ``stored`` row if there is one: as ``staged``.

    A time that the file could not tell more exactly stays, see :data:`EXACT`.
    """
    fed = {column: f"staged.{_quoted(column)}" for column in staging.columns}
    for field in staging.layer.model._meta.local_concrete_fields:
        exact = EXACT.get(field.get_internal_type())
        if exact and field.column in fed:
            unit, cast = exact
            given, kept = fed[field.column], f"stored.{_quoted(field.column)}"
            fed[field.column] = (  # by sums, for infinite times have no difference before PostgreSQL 17
                f"CASE WHEN date_trunc('{unit}', {given}) = {given} "
                f"AND {kept}{cast} > {given}{cast} - interval '1 {unit}' "
                f"AND {kept}{cast} < {given}{cast} + interval '1 {unit}' THEN {kept} ELSE {given} END"
            )
    return fed | {"geom": oriented(staging.layer, "staged.geom")}


def _missing(staging: Staging) -> Iterator[Reason]:
    if missing := ", ".join(staging.missing()):
        yield Reason("id IS NULL", text(f"Baris baru memerlukan juga {missing}.", f"A new row also needs {missing}."))


def _duplicates(staging: Staging, uniques: list[Unique]) -> Iterator[Reason]:
    for number, unique in enumerate(uniques):
        names, condition, first = ", ".join(unique.columns), _literal(unique.condition), f"_first_{number}"
        same = text(f"{names}: sama dengan baris %s.", f"{names}: the same as in row %s.")
        yield Reason(f"{condition} AND {first} < _row", same, first)
        if unique.columns != ["code"]:
            holder = (
                f"(SELECT other.code FROM {staging.layer.table} other WHERE {condition} AND other.code <> merged.code "
                f"AND ({_names(unique.columns, of='other')}) = ({_names(unique.columns, of='merged')}))"
            )
            taken = text(f"{names}: sudah dipakai oleh %s.", f"{names}: already used by %s.")
            yield Reason(f"{condition} AND {holder} IS NOT NULL", taken, holder)


def _violations(staging: Staging, checks: list[tuple[Any, ...]]) -> Iterator[Reason]:
    words = {known.name: known.get_violation_error_message() for known in staging.layer.model._meta.constraints}
    for name, condition in checks:
        yield Reason(f"({_literal(condition)}) IS FALSE", words.get(name, name))


def _as(expressions: dict[str, str]) -> str:
    return ", ".join(f"{expression} AS {_quoted(name)}" for name, expression in expressions.items())


def _names(columns: Iterable[str], *, of: str = "") -> str:
    return ", ".join(f"{of}.{_quoted(column)}" if of else _quoted(column) for column in columns)


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def _literal(expression: str) -> str:
    """An expression of the database's catalogue, in a statement with arguments."""
    return expression.replace("%", "%%")


def _execute(sql: str, arguments: dict[str, Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)


def _fetch(sql: str, arguments: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        return list(cursor.fetchall())
