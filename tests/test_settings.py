"""What operators set, and what they are told where it cannot be."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from geoportal import settings

ROOT = Path(__file__).parent.parent


ORIGINS = "settings.PUBLIC_URL, settings.CSRF_TRUSTED_ORIGINS"


def started(told: str = ORIGINS, **variables: str) -> subprocess.CompletedProcess[str]:
    script = f"import django; django.setup(); from django.conf import settings; print({told})"
    command = [sys.executable, "-c", script]
    return subprocess.run(command, env=os.environ | variables, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("STATEMENT_TIMEOUT", "15s", "give a whole number, such as 15"),
        ("PROXIES", "-1", "give a whole number, such as 0"),
        ("JOURNAL_DAYS", "", "give a whole number, such as 365"),
        ("TIME_ZONE", "WITA", "give a name of the tz database, such as Asia/Makassar"),
        ("PUBLIC_URL", "geoportal.example", "give scheme and host alone, such as https://geoportal.example"),
        ("PUBLIC_URL", "https://geoportal.example/peta", "give scheme and host alone"),
        ("PUBLIC_URL", "ftp://geoportal.example", "give scheme and host alone"),
        ("ALLOWED_HOSTS", "https://geoportal.example", "give the names of hosts alone, such as geoportal.example"),
        ("ALLOWED_HOSTS", "geoportal.example:8443", "give the names of hosts alone"),
        ("CAP_HOSTS", "https://data.bmkg.go.id/", "give the names of hosts alone"),
    ],
)
def test_a_setting_that_cannot_be_is_named(name: str, value: str, words: str) -> None:
    refused = started(**{name: value})
    assert refused.returncode == 1
    last = refused.stderr.splitlines()[-1]
    assert last.startswith(f"django.core.exceptions.ImproperlyConfigured: {name}={value}: {words}")


def test_hosts_are_names_and_addresses() -> None:
    allowed = started(
        "settings.ALLOWED_HOSTS", ALLOWED_HOSTS="[::1], .geoportal.example,10.0.0.1,", PUBLIC_URL="http://a.b"
    )
    own = "'localhost', '127.0.0.1', '[::1]', 'a.b'"  # the container's health check asks by the second
    assert allowed.stdout == f"['[::1]', '.geoportal.example', '10.0.0.1', {own}]\n", allowed.stderr


def test_options_of_the_address_count() -> None:
    url = "postgresql://a@b/c?sslmode=require&connect_timeout=9"
    known = started("settings.DATABASES['default']['OPTIONS']", DATABASE_URL=url)
    options = ast.literal_eval(known.stdout)
    assert (options["sslmode"], options["connect_timeout"], options["keepalives_idle"]) == ("require", 9, 5)


@pytest.mark.parametrize(
    "part", ["pygeoapi-config.yml", "requirements.txt", "layers/page.html", "layers/static/page.js"]
)
def test_whatever_changes_makes_another_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    for path in ("pygeoapi-config.yml", "requirements.txt", "layers/page.html", "layers/static/page.js"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("1")
    monkeypatch.setattr(settings, "BASE_DIR", tmp_path)
    monkeypatch.setattr(settings, "GEOPORTAL_CONFIG", tmp_path / "pygeoapi-config.yml")
    first = settings._release()
    written = tmp_path / "layers/__pycache__/page.cpython-313.pyc.139"  # for a moment, by whoever starts first
    written.parent.mkdir()
    written.write_text("half")
    assert settings._release() == first
    (tmp_path / part).write_text("2")
    assert settings._release() != first


@pytest.mark.parametrize("name", ["SECRET_KEY", "TIME_ZONE"])
def test_another_setting_that_answers_are_made_with_makes_another_release(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Or caches were told that a page still holds whose next one, of a token signed with another key, is refused."""
    first = settings._release()
    monkeypatch.setattr(settings, name, "Asia/Jakarta")
    assert settings._release() != first


def test_a_slash_behind_the_address_does_no_harm() -> None:
    answered = started(PUBLIC_URL="https://geoportal.example:8443/")
    assert answered.stdout == "https://geoportal.example:8443 ['https://geoportal.example:8443']\n", answered.stderr


@pytest.mark.parametrize(("proxies", "heeded"), [("0", "None"), ("1", "('HTTP_X_FORWARDED_PROTO', 'https')")])
def test_only_a_proxy_of_ours_says_the_scheme(proxies: str, heeded: str) -> None:
    assert started("settings.SECURE_PROXY_SSL_HEADER", PROXIES=proxies).stdout == f"{heeded}\n"


def test_a_command_names_the_setting_and_shows_no_code() -> None:
    command, variables = [sys.executable, "manage.py", "check"], os.environ | {"PROXIES": "satu"}
    refused = subprocess.run(command, env=variables, cwd=ROOT, capture_output=True, text=True)
    assert refused.returncode == 1
    assert refused.stderr.startswith("manage.py: PROXIES")
    assert refused.stderr.count("\n") == 1


def test_a_command_heeds_the_settings_that_it_is_given() -> None:
    command = [sys.executable, "manage.py", "check", "--settings", "elsewhere"]
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert refused.returncode == 1
    assert "No module named 'elsewhere'" in refused.stderr


def test_the_timeout_of_requests_is_not_for_commands() -> None:
    told = "from django.conf import settings; print(settings.STATEMENT_TIMEOUT)"
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", told]
    environment = os.environ | {"STATEMENT_TIMEOUT": "20"}
    assert subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True).stdout == "0\n"
