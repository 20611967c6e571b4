"""The documentation is complete: every setting, command, parameter and conformance class has its place."""

import re
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


def test_every_setting_has_its_heading() -> None:
    source = (ROOT / "geoportal" / "settings.py").read_text()
    names = set(re.findall(r'(?:environ\.get|_required|_list)\(\s*"(\w+)"', source))
    assert len(names) > 5
    assert names <= headings("operators.md")


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
