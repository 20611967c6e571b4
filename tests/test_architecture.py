"""The shape of the house: which way imports point, where SQL is written, what never stands in a file."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

ORDER = [
    {"text"},
    {"errors"},
    {"models", "answers", "middleware", "scratch"},
    {"catalog"},
    {"query"},
    {"checks", "services", "exports", "importers", "logins", "styles"},
    {"rest"},
    {"ogc", "web", "admin", "templatetags", "management"},
    {"apps"},
]
"""Parts of ``layers``: each may import those above it and itself; the docstring of ``layers`` tells it people."""

RANK = {part: rank for rank, parts in enumerate(ORDER) for part in parts}

SOURCES = sorted(path for path in (ROOT / "layers").rglob("*.py") if "migrations" not in path.parts)


def test_the_map_of_the_package_tells_the_order() -> None:
    told = (ast.get_docstring(ast.parse((ROOT / "layers/__init__.py").read_text())) or "").partition("one way:")[2]
    parts = [set(re.findall(r"\w+", rank)) for rank in told.partition(".")[0].split("←")]
    assert parts == ORDER


@pytest.mark.parametrize("package", ["layers", "layers/ogc", "layers/services"])
def test_the_map_of_a_package_names_every_part(package: str) -> None:
    entries = [path for path in (ROOT / package).iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]
    told = ast.get_docstring(ast.parse((ROOT / package / "__init__.py").read_text())) or ""
    missing = {path.stem for path in entries} - set(re.findall(r"``(\w+)``", told)) - {"__init__", "migrations"}
    assert not missing


def _part(path: Path) -> str:
    return path.relative_to(ROOT / "layers").with_suffix("").parts[0]


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from (f"{node.module}.{name.name}" for name in node.names)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    part = _part(path)
    if part == "__init__":
        assert not list(_imports(path))
        return
    for name in _imports(path):
        if name.startswith("layers."):
            imported = name.split(".")[1]
            allowed = imported == part or RANK[imported] < RANK[part]
            assert allowed, f"{part} must not import {name}"
        assert not name.startswith("geoportal"), "the layers do not know the project"


@pytest.mark.parametrize(
    "path", [path for path in SOURCES if _part(path) != "query"], ids=lambda path: str(path.relative_to(ROOT))
)
def test_sql_is_written_in_query_only(path: Path) -> None:
    names = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
    names |= {node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}
    assert not names & {"cursor", "RawSQL", "raw"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 600
    assert ast.get_docstring(ast.parse(path.read_text())) or not path.read_text().strip()


def test_no_file_names_a_folder_of_somebody() -> None:
    git = ["git", "-c", f"safe.directory={ROOT}", "-C", ROOT]
    if subprocess.run([*git, "rev-parse"], capture_output=True).returncode:
        pytest.skip("git knows which files belong here, and this folder is no clone")
    found = subprocess.run([*git, "grep", "-nIE", r"/(tmp|root|home|Users)/\w"], capture_output=True, text=True)
    assert found.returncode == 1, found.stdout or found.stderr
