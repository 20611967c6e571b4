"""The frame of the map page, without a browser."""

import json
import re
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from layers.web.words import WORDS

SCRIPTS = Path("layers/static/layers/web").resolve()


def start(page: str) -> dict[str, object]:
    """What the page tells its scripts."""
    found = re.search(r'<script id="start" type="application/json">(.*?)</script>', page)
    assert found
    told: dict[str, object] = json.loads(found[1])
    return told


@pytest.mark.parametrize(("language", "word"), [("id", "Lapisan"), ("en", "Layers")])
def test_page_is_in_the_language_of_the_reader(client: Client, language: str, word: str) -> None:
    page = client.get("/", {"lang": language}).content.decode()
    assert f'<html lang="{language}">' in page
    assert f"<h2>{word}</h2>" in page
    told = start(page)
    assert (told["language"], told["api"], told["events"]) == (language, "/oapi", "/events")
    assert told["background"] == {"address": "", "attribution": ""}


def test_parts_of_the_background_are_of_one_file(client: Client, settings: Settings, tmp_path: Path) -> None:
    settings.MAP_BACKGROUND = str(tmp_path / "background.pmtiles")
    Path(settings.MAP_BACKGROUND).write_bytes(b"0123456789")
    whole = client.get("/background.pmtiles")
    assert whole.getvalue() == b"0123456789"
    assert "Vary" not in whole, "it is the same in every language, for who is signed in and who is not"
    for known, status, body in ((whole["ETag"], 206, b"345"), ('"another"', 200, b"0123456789")):
        part = client.get("/background.pmtiles", headers={"Range": "bytes=3-5", "If-Range": known})
        assert (part.status_code, part.getvalue()) == (status, body)


def test_scripts_have_every_word_they_use_and_no_other() -> None:
    scripts = "".join(path.read_text() for path in SCRIPTS.glob("*.js"))
    asked = set(re.findall(r'word\("(\w+)"', scripts))
    assert asked <= WORDS.keys()
    assert [name for name in WORDS if not re.search(rf"\b{name}\b", scripts)] == []


def test_browsers_fetch_all_modules_at_once(client: Client) -> None:
    page = client.get("/").content.decode()
    named = re.findall(r'<link rel="modulepreload" href="/static/\w+/([^"]+)">', page)

    def imported(module: Path) -> set[Path]:
        names = re.findall(r'(?:from |import\()"([^"]+)"', module.read_text()) if module.parent == SCRIPTS else []
        return {module}.union(*(imported((SCRIPTS / name).resolve()) for name in names))

    wanted = imported(SCRIPTS / "main.js")
    assert sorted(named) == sorted(str(module.relative_to(SCRIPTS.parent.parent)) for module in wanted)


def test_page_asks_no_other_host() -> None:
    sources = [*SCRIPTS.iterdir(), Path("layers/templates/web/map.html")]
    assert [path.name for path in sources if re.search(r"https?://\w", path.read_text())] == []
