"""Statements that only read, with and without a plan that is kept."""

import pytest
from django.db import connection

from layers.query.statement import row_fetch


@pytest.mark.django_db
def test_a_statement_is_prepared_once_whatever_the_number_of_its_arguments() -> None:
    for sql, args, row in (("SELECT 7 %% 4", [], (3,)), ("SELECT %s::int, %s::text", [1, "%"], (1, "%"))):
        assert [row_fetch((sql, args), prepare=True) for _ in range(2)] == [row] * 2
        written = sql % tuple(f"${number}" for number in range(1, len(args) + 1))
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", [f"%AS {written}"])
            assert cursor.fetchone() == (1,)
