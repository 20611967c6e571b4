"""Whether the database can serve."""

from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def database_state() -> dict[str, str | bool]:
    """The versions of PostgreSQL and PostGIS, and whether it takes edits, which a standby does not.

    Raises:
        django.db.OperationalError: the database does not answer.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version'), postgis_lib_version(), current_setting('transaction_read_only')"
        )
        postgresql, postgis, read_only = cursor.fetchone()
    return {"postgresql": postgresql, "postgis": postgis, "takes_edits": read_only == "off"}


def migrations_pending() -> list[str]:
    """Migrations of this code that the database does not have, as ``app.name``."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
