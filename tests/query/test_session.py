"""A connection is a session of its own, with the portal's settings and no others."""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from processes import port_free, running

FOREIGN = {
    "statement_timeout": "0",
    "search_path": "kota, public",
    "default_transaction_isolation": "serializable",
    "standard_conforming_strings": "off",
    "extra_float_digits": "0",
    "jit": "on",
}
"""What may be set for a role, for the sake of other programs."""

PGBOUNCER = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin")


def setting(session: BaseDatabaseWrapper, name: str) -> str:
    with session.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [name])
        return str(cursor.fetchone()[0])


def test_what_is_set_for_the_role_does_not_reach_the_portal(transactional_db: None) -> None:
    with connection.cursor() as cursor, closing(connection.copy()) as other:
        here = f"ALTER ROLE CURRENT_USER IN DATABASE {connection.settings_dict['NAME']}"
        for name, value in FOREIGN.items():
            cursor.execute(f"{here} SET {name} = {value}")
        try:
            assert {name: setting(other, name) for name in FOREIGN} == {
                name: settings.DATABASE_SESSION[name] for name in FOREIGN
            }
        finally:
            cursor.execute(f"{here} RESET ALL")


@pytest.mark.parametrize(
    ("made", "prepared", "fault"),
    [
        ("ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0", "", "text as SQL_ASCII"),
        ("TEMPLATE template0", "CREATE SCHEMA gis; CREATE EXTENSION postgis SCHEMA gis", "in the schema gis"),
    ],
    ids=["letters are bytes", "postgis elsewhere"],
)
def test_a_database_that_would_spoil_answers_is_refused(
    transactional_db: None,
    elsewhere: BaseDatabaseWrapper,
    monkeypatch: pytest.MonkeyPatch,
    made: str,
    prepared: str,
    fault: str,
) -> None:
    """As ``initdb`` makes one without a locale, whose filters miss what is there; as some hosts set up PostGIS."""
    elsewhere.set_autocommit(True)
    name = f"{connection.settings_dict['NAME']}_other"
    with elsewhere.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
        cursor.execute(f"CREATE DATABASE {name} {made}")
        connection.close()
        try:
            with monkeypatch.context() as patch:
                patch.setitem(connection.settings_dict, "NAME", name)
                if prepared:
                    with connection.cursor() as inside:
                        inside.execute(prepared)
                with pytest.raises(CommandError, match=fault):
                    call_command("check", databases=["default"])
        finally:
            connection.close()
            cursor.execute(f"DROP DATABASE {name}")


def test_a_connection_without_its_settings_is_closed(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or it would serve on without any limit."""
    connection.close()
    with monkeypatch.context() as patch:
        patch.setitem(settings.DATABASE_SESSION, "no_such_setting", "1")
        with pytest.raises(ProgrammingError):
            connection.ensure_connection()
    assert connection.connection is None


@pytest.fixture(params=["session", "transaction"])
def pooled(request: pytest.FixtureRequest, tmp_path: Path, transactional_db: None) -> Iterator[str]:
    """The database behind PgBouncer as it comes, but for its way to pool."""
    if PGBOUNCER is None:
        pytest.skip("there is no PgBouncer here: apt install pgbouncer")
    known, port = connection.settings_dict, port_free()
    server = " ".join(f"{name.lower()}={known[name]}" for name in ("HOST", "PORT", "USER", "PASSWORD") if known[name])
    configuration = tmp_path / "pgbouncer.ini"
    configuration.write_text(
        f"[databases]\n* = {server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = any\npool_mode = {request.param}\n"
    )
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)  # as root it runs as another user
    as_another = ["--user=postgres"] if os.geteuid() == 0 else []
    with pytest.MonkeyPatch.context() as patch, running([PGBOUNCER, *as_another, str(configuration)], port):
        connection.close()
        patch.setitem(known, "HOST", "127.0.0.1")
        patch.setitem(known, "PORT", str(port))
        yield request.param
        connection.close()


def test_a_pooler_keeps_sessions_or_is_refused(pooled: str) -> None:
    if pooled == "transaction":
        with pytest.raises(CommandError, match="pool_mode = session"):
            call_command("check", databases=["default"])
    else:
        call_command("check", databases=["default"])
        assert setting(connection, "statement_timeout") == settings.DATABASE_SESSION["statement_timeout"]
