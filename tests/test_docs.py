"""The documentation is complete: every setting, command, parameter and conformance class has its place."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from layers.catalog import layers
from layers.ogc.conformance import CONFORMANCE
from layers.query.params import PARAMETERS

ROOT = Path(settings.BASE_DIR)
DOCS = {path.name: path.read_text() for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]}


def headings(page: str) -> set[str]:
    return set(re.findall(r"^#+ (.+)$", DOCS[page], re.MULTILINE))


def settings_read() -> set[str]:
    """The variables that the settings read, by whichever function, and those that ``script/server`` reads."""
    read = re.findall(r'(?:environ\.|\b_)\w+\(\s*"([A-Z_]+)"', (ROOT / "geoportal/settings.py").read_text())
    return {*read, *re.findall(r"\$\{([A-Z_]+):-", (ROOT / "script/server").read_text())}


def test_every_setting_has_its_heading_and_no_other() -> None:
    assert settings_read() == {name for name in headings("operators.md") if re.fullmatch("[A-Z_]+", name)}


def test_no_setting_of_the_caller_reaches_the_tests() -> None:
    theirs = dict.fromkeys(settings_read(), "of the caller")
    command = ["bash", "-c", ". script/sandbox.sh; env"]
    seen = subprocess.run(command, env=os.environ | theirs, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "SECRET_KEY" in seen
    assert "of the caller" not in seen


def test_every_command_has_its_heading() -> None:
    commands = {path.stem for path in (ROOT / "layers/management/commands").glob("[a-z]*.py")}
    assert commands <= headings("operators.md")


def test_every_parameter_of_items_is_explained() -> None:
    for name in PARAMETERS:
        assert f"`{name}`" in DOCS["web-developers.md"]


def test_the_conformance_page_declares_what_the_portal_does() -> None:
    assert tuple(re.findall(r"^\| `(http\S+)` \|", DOCS["conformance.md"], re.MULTILINE)) == CONFORMANCE


def test_the_readme_opens_with_the_two_commands() -> None:
    first_screen = "\n".join(DOCS["README.md"].splitlines()[:30])
    assert "    script/server\n" in first_screen
    assert "    script/test\n" in first_screen
    assert all(f"`{layer.id}`" in DOCS["README.md"] for layer in layers())


@pytest.mark.parametrize("page", DOCS)
def test_links_between_pages_lead_somewhere(page: str) -> None:
    folder = ROOT if page == "README.md" else ROOT / "docs"
    for target in re.findall(r"\]\(([^)]+)\)", DOCS[page]):
        if target.startswith("http"):
            continue
        path, _, anchor = target.partition("#")
        assert (folder / path).exists(), target
        if anchor:
            anchors = {
                re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings(Path(path).name)
            }
            assert anchor in anchors, target
