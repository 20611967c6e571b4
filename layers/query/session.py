"""What a connection to the database is: one session, with settings of its own."""

from contextlib import closing
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Model

PROBES = 5


def session_begin(**created: Any) -> None:
    """Set what ``settings.DATABASE_SESSION`` says, or close the connection that was created: without it no limit holds.

    By SQL: PgBouncer refuses options in the connection's start, or is told to ignore them.
    """
    begun = created["connection"]
    try:
        with begun.cursor() as cursor:
            cursor.execute(
                "SELECT set_config(name, value, false) FROM unnest(%s, %s) setting (name, value)",
                [list(settings.DATABASE_SESSION), list(settings.DATABASE_SESSION.values())],
            )
    except BaseException:
        begun.close()
        raise


def imports_lock(model: type[Model]) -> None:
    """Wait for other imports into the same model, to the end of the transaction; people may edit meanwhile.

    What came at the same time, such as an event of two feeds, or an alert and its cancellation, would else not be seen.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [model._meta.db_table])


def encoding() -> str:
    """How the database keeps text, such as ``UTF8``."""
    connection.ensure_connection()
    return str(connection.connection.info.parameter_status("server_encoding"))


def postgis_schema() -> str | None:
    """Where the extension ``postgis`` is; None where it is yet to be made."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'postgis'")
        found = cursor.fetchone()
    return found and str(found[0])


def session_is_kept() -> bool:
    """Whether one server process answers all that a connection asks.

    A pooler that gives out processes by transaction gives the one that was used last to whoever begins next, and under
    load any other; one with a single process has none left, and one that pools by statement refuses to begin.
    """
    other = connection.copy()
    with closing(other), connection.cursor() as cursor, other.cursor() as rival:
        for _ in range(PROBES):
            asked = _process(cursor)
            try:
                rival.execute("BEGIN")
                _process(rival)
                if _process(cursor) != asked:
                    return False
                rival.execute("ROLLBACK")
            except DatabaseError:
                return False
    return True


def _process(cursor: Any) -> int:
    cursor.execute("SELECT pg_backend_pid()")
    return int(cursor.fetchone()[0])
