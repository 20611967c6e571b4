"""The language in which commands speak."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

ENGLISH = "There is no file nowhere.csv."
INDONESIAN = "Tidak ada berkas nowhere.csv."


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, INDONESIAN),
        ({"LANG": "en_US.UTF-8"}, ENGLISH),
        ({"LANG": "id_ID.UTF-8"}, INDONESIAN),
        ({"LANG": "C.UTF-8"}, INDONESIAN),
        ({"LANG": "id_ID.UTF-8", "LC_ALL": "en_GB.UTF-8"}, ENGLISH),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "de:id:en"}, INDONESIAN),
        ({"LANG": "../../etc"}, INDONESIAN),
    ],
)
def test_commands_speak_the_language_of_the_terminal(variables: dict[str, str], expected: str) -> None:
    spoken = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    environment = {name: value for name, value in os.environ.items() if name not in spoken} | variables
    command = [sys.executable, "manage.py", "layer_import", "markets", "nowhere.csv"]
    where = settings.BASE_DIR
    refused = subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True, check=False)
    assert expected in refused.stderr
