"""One row of a statement that only reads."""

from typing import Any

from django.db import InterfaceError, OperationalError, connection

from layers.query.spatial import Sql


def row_fetch(statement: Sql) -> Any:
    """The first row, or None.

    It can be asked for again on a new connection, so the old one is not asked first whether it still lives, which
    would cost as much as reading a version does.
    """
    connection.health_check_done = True  # type: ignore[attr-defined]
    try:
        return _execute(statement)
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block or connection.is_usable():
            raise
        connection.close()
        return _execute(statement)


def _execute(statement: Sql) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(*statement)
        return cursor.fetchone()
