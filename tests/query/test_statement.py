"""Statements that only read, with and without a plan that is kept."""

import socket
import threading
from contextlib import suppress

import pytest
from django.db import OperationalError, connection

from layers.query.statement import row_fetch


@pytest.mark.django_db
def test_a_statement_is_prepared_once_whatever_the_number_of_its_arguments() -> None:
    for sql, args, row in (("SELECT 7 %% 4", [], (3,)), ("SELECT %s::int, %s::text", [1, "%"], (1, "%"))):
        assert [row_fetch((sql, args), prepare=True) for _ in range(2)] == [row] * 2
        written = sql % tuple(f"${number}" for number in range(1, len(args) + 1))
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", [f"%AS {written}"])
            assert cursor.fetchone() == (1,)


@pytest.mark.django_db(transaction=True)
def test_statements_of_two_connections_have_the_same_name_only_where_they_are_the_same() -> None:
    """Or a pooler that mixes up sessions would have one answered by the other."""
    names = []
    for sql in ("SELECT 1", "SELECT 2", "SELECT 1"):
        connection.close()
        row_fetch((sql, []), prepare=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM pg_prepared_statements")
            names += cursor.fetchall()
    assert names[0] != names[1]
    assert names[0] == names[2]


@pytest.mark.django_db(transaction=True)
def test_a_server_that_cannot_be_reached_is_waited_for_once() -> None:
    asked: list[None] = []

    class Deaf(threading.Thread):
        """Takes connections and ends them without a word."""

        def run(self) -> None:
            with suppress(OSError):
                while True:
                    line, _ = listener.accept()
                    asked.append(None)
                    line.close()

    connection.close()
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.MonkeyPatch.context() as patch:
        patch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
        patch.setitem(connection.settings_dict, "PORT", str(listener.getsockname()[1]))
        patch.setitem(connection.settings_dict["OPTIONS"], "sslmode", "disable")
        Deaf(daemon=True).start()
        with pytest.raises(OperationalError):
            row_fetch(("SELECT 1", []))
    assert len(asked) == 1
