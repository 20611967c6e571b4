"""QGIS itself opens every layer; skipped where Debian's python3-qgis is not installed."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import FeatureMake

from layers.catalog import layers

PYTHON = "/usr/bin/python3"


def has_qgis() -> bool:
    try:
        return subprocess.run([PYTHON, "-c", "import qgis.core"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not has_qgis(), reason="QGIS is missing (package python3-qgis)")
def test_qgis_opens_every_layer(live_server: Any, feature_make: FeatureMake, tmp_path: Path) -> None:
    for layer in layers():
        for number in range(1, 61):
            feature_make(layer, number)
    environment = {"QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    run = subprocess.run(
        [PYTHON, str(Path(__file__).with_name("qgis_open.py")), f"{live_server.url}/oapi", *(x.id for x in layers())],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    seen = json.loads(run.stdout.splitlines()[-1])
    for layer in layers():
        found = seen[layer.id]
        assert found["valid"], found["error"]
        assert found["count"] == 60
        assert len(set(found["codes"])) == 60
        assert found["geometry"] == layer.geometry_type
        assert found["fields"][-len(layer.properties) :] == [known.name for known in layer.properties]
