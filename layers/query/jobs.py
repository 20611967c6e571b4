"""How long a job may compute."""

from django.db import connection


def timeout_set(seconds: int) -> None:
    """Stop each further statement of this connection after some seconds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, false)", [f"{seconds}s"])
