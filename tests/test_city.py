"""Another city takes the code as it is: the configuration names the city, and samples are not needed."""

import re
import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from pytest_django.fixtures import Settings

from layers import catalog
from layers.templatetags import portal

ROOT = Path(settings.BASE_DIR)


def test_no_code_names_the_city() -> None:
    files = [path for folder in ("layers", "geoportal") for path in (ROOT / folder).rglob("*")]
    read = [path for path in files if path.suffix in (".py", ".html", ".js", ".sql") and "vendor" not in path.parts]
    assert len(read) > 100
    assert not [path for path in read if re.search("mataram|lombok", path.read_text(), re.IGNORECASE)]


@pytest.mark.django_db
def test_every_door_has_the_title_of_the_configuration(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    known: dict[str, Any] = deepcopy(catalog.config())
    known["metadata"]["identification"]["title"] = {"id": "Geoportal Kota Palu", "en": "Geoportal of Palu"}
    for module in (catalog, portal):
        monkeypatch.setattr(module, "config", lambda: known)
    for path in ("/admin/login/", "/api/v1/", "/api/v1/schema/", "/api/v1/docs/"):
        for language, title in known["metadata"]["identification"]["title"].items():
            assert title in client.get(path, {"lang": language}).content.decode(), (path, language)


@pytest.mark.django_db
def test_a_layer_without_samples_stays_empty(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.BASE_DIR = tmp_path
    call_command("samples_load")
    assert capsys.readouterr() == ("", "")
    (tmp_path / "fixtures").mkdir()
    shutil.copy(ROOT / "fixtures" / "markets.geojson", tmp_path / "fixtures")
    call_command("samples_load")
    assert capsys.readouterr() == ("markets: 15 contoh\n", "")
