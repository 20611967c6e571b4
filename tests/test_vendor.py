"""script/vendor: what the portal serves of others is what they published."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

FOLDER = Path("layers/static/vendor")


def check(root: Path) -> tuple[int, str]:
    done = subprocess.run([sys.executable, root / "script/vendor", "--check"], capture_output=True, text=True)
    return done.returncode, done.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    (tmp_path / "script").mkdir()
    shutil.copy(settings.BASE_DIR / "script/vendor", tmp_path / "script")
    shutil.copytree(settings.BASE_DIR / FOLDER, tmp_path / FOLDER)
    return tmp_path


def test_vendored_files_are_as_listed() -> None:
    assert check(settings.BASE_DIR) == (0, "VENDORED.json: 3 package(s) as listed\n")


def test_fault_is_named(copy: Path) -> None:
    (copy / FOLDER / "ol/ol.css").write_text("body {}")
    (copy / FOLDER / "ol/LICENSE.md").unlink()
    (copy / FOLDER / "stray.js").touch()
    assert check(copy) == (
        1,
        "ol/LICENSE.md is missing\nol/ol.css is not what its package holds\nstray.js is not in VENDORED.json\n",
    )
