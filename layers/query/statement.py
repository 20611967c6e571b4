"""One row of a statement that only reads."""

from hashlib import sha256
from typing import Any
from weakref import WeakKeyDictionary

from django.db import InterfaceError, OperationalError, connection

from layers.query.spatial import Sql

PREPARED = 64
"""Statements that a connection keeps prepared."""

_prepared: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()
"""By connection to the server: the names of its prepared statements, by their SQL."""


def row_fetch(statement: Sql, *, prepare: bool = False) -> Any:
    """The first row, or None.

    It can be asked for again on a new connection, so the old one is not asked first whether it still lives, which
    would cost as much as reading a version does. Where there was none to lose, nobody waits for a second one.

    Args:
        prepare: keep the statement's plan, where the same SQL comes again and again: to plan a page takes as long as to
            read it. One plan then has to do for all arguments, and the types of these follow from where they stand.
    """
    connection.health_check_done = True  # type: ignore[attr-defined]
    try:
        return _execute(statement, prepare)
    except (OperationalError, InterfaceError):
        if connection.connection is None or connection.in_atomic_block or connection.is_usable():
            raise
        connection.close()
        return _execute(statement, prepare)


def _execute(statement: Sql, prepare: bool) -> Any:
    with connection.cursor() as cursor:
        sql, args = statement
        if prepare:
            given = f" ({', '.join(['%s'] * len(args))})" if args else ""
            sql = f"EXECUTE {_prepare(cursor, sql, len(args))}{given}"
        cursor.execute(sql, args)
        return cursor.fetchone()


def _prepare(cursor: Any, sql: str, arguments: int) -> str:
    """Its name says which it is: a pooler that mixes up sessions meets an error, not the answer of another."""
    names = _prepared.setdefault(cursor.connection, {})
    if sql not in names:
        if len(names) == PREPARED:
            cursor.execute("DEALLOCATE ALL")
            names.clear()
        name = f"statement_{sha256(sql.encode()).hexdigest()[:32]}"
        cursor.execute(f"PREPARE {name} AS {sql % tuple(f'${n + 1}' for n in range(arguments))}")
        names[sql] = name
    return names[sql]
