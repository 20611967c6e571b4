"""Alerts come in one at a time."""

from django.db import connection


def alerts_lock() -> None:
    """Wait for other imports of alerts, to the end of the transaction: an alert and its cancellation that came at the
    same time would else not see each other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('layers_capalert'))")
