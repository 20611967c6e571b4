"""Fixtures that every test may use; whatever runs over the catalogue gets a further layer without a change here."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from threading import Thread
from time import monotonic, sleep
from typing import Any

import dj_database_url
import pytest
from django.contrib.auth.models import User
from django.contrib.gis.geos import GEOSGeometry, LineString, MultiLineString, MultiPolygon, Point, Polygon
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase
from django.utils import translation
from playwright.sync_api import Browser, expect, sync_playwright
from rest_framework.test import APIClient

from layers.catalog import Layer, layers
from layers.models import Feature

pytest_plugins = ["editors", "pages"]

FeatureMake = Callable[..., Feature]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for ``layer`` runs for every layer of the catalogue."""
    if "layer" in metafunc.fixturenames:
        metafunc.parametrize("layer", layers(), ids=lambda layer: layer.id)


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """The second process of ``script/test`` has a PostgreSQL of its own.

    A change feed tells nothing that came after a transaction which is still open, in whatever database of the server.
    """
    if os.environ.get("PYTEST_XDIST_WORKER", "gw0") != "gw0":
        os.environ["DATABASE_URL"] = os.environ[f"DATABASE_URL_{os.environ['PYTEST_XDIST_WORKER']}"]
        own = dj_database_url.parse(os.environ["DATABASE_URL"])
        connection.settings_dict.update({key: own[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")})


KEPT = ("django_content_type", "auth_permission")
"""Tables that ``migrate`` fills."""


def filled_empty(_: TransactionTestCase) -> None:
    """Empty what a test has filled and committed.

    Django would truncate every table and attach every trigger anew, which took a third of the time of all tests.
    """
    known = connection.introspection.django_table_names(only_existing=True, include_views=False)
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(f"(SELECT '{name}' FROM {name} LIMIT 1)" for name in known if name not in KEPT)
        )
        if filled := [name for (name,) in cursor.fetchall()]:
            # what a page asked of the live server, and did not wait for, may still read
            cursor.execute(f"SET lock_timeout = 0; TRUNCATE {', '.join(filled)} CASCADE; RESET lock_timeout")


TransactionTestCase._fixture_teardown = filled_empty  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def default_language() -> None:
    """A request leaves its language active; no test begins in that of the one before."""
    translation.deactivate()


def square(west: float, south: float, side: float = 0.01) -> MultiPolygon:
    """A square in degrees, as every polygon layer stores it."""
    return MultiPolygon(Polygon.from_bbox((west, south, west + side, south + side)), srid=4326)


def circle(quarter: int) -> MultiPolygon:
    """A polygon with so many vertices in a quarter of it."""
    return MultiPolygon(Point(116.1, -8.58, srid=4326).buffer(0.01, quarter), srid=4326)


def place(layer: Layer, longitude: float = 116.1, latitude: float = -8.58) -> GEOSGeometry:
    """A geometry of the layer's type at a position."""
    if layer.geometry_type == "Point":
        return Point(longitude, latitude, srid=4326)
    if layer.geometry_type == "MultiLineString":
        return MultiLineString(LineString((longitude, latitude), (longitude + 0.01, latitude + 0.01)), srid=4326)
    return square(longitude, latitude)


def values_make(layer: Layer, number: int = 1) -> dict[str, Any]:
    """The least that a feature of the layer needs: each required property, a code that ``number`` makes unique."""
    made: dict[str, Any] = {}
    for known in layer.properties:
        if not known.required:
            continue
        if known.choices:
            made[known.name] = known.codes[0]
        elif known.format == "date-time":
            made[known.name] = "2026-01-01T00:00:00+08:00"
        else:
            made[known.name] = f"{known.name} {number}"
    made["code"] = f"52.71.{number:02}" if layer.id == "administrative_areas" else f"T-{number:04}"
    return made


@pytest.fixture
def feature_make(db: None) -> FeatureMake:
    """Store a feature: ``feature_make(layer, number, geom=…, name=…)``."""

    def make(layer: Layer, number: int = 1, **values: Any) -> Feature:
        feature = layer.model(**{"geom": place(layer), **values_make(layer, number), **values})
        feature.full_clean()
        feature.save()
        feature.refresh_from_db()
        return feature

    return make


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
expect.set_options(timeout=60_000)  # another process of tests may take the processor
QUIET = ("quic", "background-networking", "component-update", "sync")
WEBGL = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, with WebGL made by the processor; a test that wants it is skipped where there is none."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here: apt install chromium")
    with pytest.MonkeyPatch.context() as patch:
        # Playwright runs an event loop in this thread, where Django then refuses every query.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        with sync_playwright() as playwright:
            disabled = [f"--disable-{what}" for what in QUIET]
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--no-first-run", *disabled, *WEBGL]
            )
            yield browser
            browser.close()


def feature_body(layer: Layer, number: int = 1, **properties: Any) -> dict[str, Any]:
    """The least GeoJSON that makes a feature of the layer."""
    geometry = json.loads(place(layer).geojson)
    return {"type": "Feature", "geometry": geometry, "properties": values_make(layer, number) | properties}


@pytest.fixture
def anyone() -> APIClient:
    """A client of REST that is nobody and reads English."""
    return APIClient(headers={"accept-language": "en"})


@pytest.fixture
def client_with(officer_with: Callable[..., User]) -> Callable[..., APIClient]:
    """A client of REST with permissions on a layer: ``client_with(layer, "add", "change")``."""

    def make(layer: Layer, *actions: str) -> APIClient:
        client = APIClient(headers={"accept-language": "en"})
        client.force_authenticate(officer_with(layer, *actions))
        return client

    return make


@pytest.fixture
def writer(client_with: Callable[..., APIClient], layer: Layer) -> APIClient:
    """A client of REST that may do everything with the layer."""
    return client_with(layer, "add", "change", "delete")


@pytest.fixture
def elsewhere(transactional_db: None) -> Iterator[BaseDatabaseWrapper]:
    """A second connection to the database."""
    other = connection.copy()
    other.set_autocommit(False)
    yield other
    other.close()


def in_the_background(send: Callable[[], Any]) -> tuple[Thread, list[Any]]:
    """Send a request from a thread, and come back once it waits for a lock."""
    answers: list[Any] = []

    def run() -> None:
        answers.append(send())
        connection.close()

    thread = Thread(target=run)
    thread.start()
    deadline = monotonic() + 60
    with connection.cursor() as cursor:
        while monotonic() < deadline:
            cursor.execute(
                "SELECT count(*), pg_stat_clear_snapshot() "  # for a transaction sees the same activity all the time
                "FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            if cursor.fetchone()[0]:
                return thread, answers
            sleep(0.01)
    raise AssertionError("the request did not wait")


def prepared(execute: str) -> str:
    """What an ``EXECUTE name (...)`` of this connection runs."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements WHERE name = %s", [execute.split()[1]])
        return str(cursor.fetchone()[0])
