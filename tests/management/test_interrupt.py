"""Commands that do not come to their end: Ctrl-C, and a database that is gone."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

GONE = {"DATABASE_URL": "postgresql://geoportal@127.0.0.1:1/geoportal"}


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=settings.BASE_DIR, env=os.environ | variables, capture_output=True, text=True, check=False
    )


def test_a_command_that_is_interrupted_ends_without_a_traceback() -> None:
    ended = run("shell", "--no-imports", "-c", "raise KeyboardInterrupt")
    assert (ended.returncode, ended.stderr) == (130, "")


@pytest.mark.parametrize(
    "command",
    ["migrate", "samples_load", "journal_prune", "jobs_run --once", "raster_zones banjir", "tiles_export x.pmtiles"],
)
def test_a_command_without_its_database_says_so_in_one_line(command: str) -> None:
    ended = run(*command.split(), **GONE)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)
    assert ended.stderr.startswith("PostgreSQL: connection to server at")


def test_the_traceback_is_there_for_who_asks() -> None:
    assert "Traceback" in run("journal_prune", "--traceback", **GONE).stderr
