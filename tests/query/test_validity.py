"""When what is valid changes by itself. The clock of these tests stands still: it is that of their transaction."""

from datetime import datetime, timedelta
from math import inf

import pytest
from conftest import FeatureMake
from django.db import connection

from layers.catalog import layer_get
from layers.query.validity import boundaries_fetch

ZONES = "disaster_zones"
MOMENT = timedelta(microseconds=1)


@pytest.fixture
def now(db: None) -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        found: datetime = cursor.fetchone()[0]
    return found


def zones(make: FeatureMake, now: datetime, *spans: tuple[int | None, int | None]) -> None:
    """All zones there are: they begin and end so many microseconds from now, None for an open end."""
    layer_get(ZONES).model.objects.all().delete()
    for number, span in enumerate(spans, 1):
        begins, ends = (None if after is None else now + after * MOMENT for after in span)
        make(layer_get(ZONES), number, valid_from=begins, valid_to=ends)


def test_without_an_end_nothing_changes(feature_make: FeatureMake, now: datetime) -> None:
    zones(feature_make, now, (None, None))
    found = boundaries_fetch()
    assert (found.layers, found.ahead) == ({}, inf)


def test_what_always_was_and_always_will_be_changes_nothing(feature_make: FeatureMake, now: datetime) -> None:
    """PostgreSQL's infinity, which planners may write."""
    zones(feature_make, now, (None, None), (None, None))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE layers_disasterzone SET valid_from = '-infinity', valid_to = 'infinity'")
    found = boundaries_fetch()
    assert (found.layers, found.ahead) == ({}, inf)


@pytest.mark.parametrize(
    ("spans", "ahead"),
    [
        ([(7, 9), (None, 3)], 3e-6),
        ([(2, 9), (None, 3)], 2e-6),
        ([(-5, 6), (-9, -2)], 6e-6),
        ([(0, None), (5, None)], 5e-6),
        ([(-5, 0)], 0),
    ],
    ids=["an end", "a beginning", "an end of what began", "what begins now has begun", "what ends now has not ended"],
)
def test_the_next_change_is_the_first(
    feature_make: FeatureMake, now: datetime, spans: list[tuple[int | None, int | None]], ahead: float
) -> None:
    zones(feature_make, now, *spans)
    assert boundaries_fetch().ahead == pytest.approx(ahead, abs=1e-7)


@pytest.mark.parametrize(
    ("spans", "same"),
    [
        ([(-9, None), (-4, None)], [(-4, None)]),
        ([(-9, None), (None, -4)], [(None, -4), (None, -6)]),
        ([(-9, -3), (None, -4)], [(None, -3)]),
        ([(0, None)], [(-8, None), (0, 7)]),
        ([(-8, 0)], [(-8, None)]),
    ],
    ids=["a beginning", "an end", "the last of the ends", "this moment", "what ends now has not ended"],
)
def test_a_boundary_is_the_last_change(
    feature_make: FeatureMake,
    now: datetime,
    spans: list[tuple[int | None, int | None]],
    same: list[tuple[int | None, int | None]],
) -> None:
    """Zones with the same last change have the same boundary, and none is beyond the clock's."""
    zones(feature_make, now, *spans)
    first = boundaries_fetch()
    zones(feature_make, now, *same)
    assert first.layers == boundaries_fetch().layers != {}
    assert first.layers[ZONES] <= first.clock


def test_an_end_is_another_boundary_than_a_beginning_a_moment_earlier(feature_make: FeatureMake, now: datetime) -> None:
    zones(feature_make, now, (-4, None))
    began = boundaries_fetch()
    zones(feature_make, now, (None, -3))
    ended = boundaries_fetch()
    assert began.layers[ZONES] < ended.layers[ZONES] <= ended.clock
