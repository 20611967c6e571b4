"""Ctrl-C at a command."""

import subprocess
import sys

from django.conf import settings


def test_a_command_that_is_interrupted_ends_without_a_traceback() -> None:
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", "raise KeyboardInterrupt"]
    ended = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (130, "")
