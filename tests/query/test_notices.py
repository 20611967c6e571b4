"""Waiting for PostgreSQL's notices of commits."""

import os
import resource
import time
from collections.abc import Iterator

import pytest
from conftest import FeatureMake
from django.db import connection

from layers.catalog import layer_get
from layers.query.notices import notices_await, notices_listen

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def crowded() -> Iterator[None]:
    """A process that has more files open than ``select`` can name, as one with a thousand streams has."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048) if hard < 0 else min(max(soft, 2048), hard), hard))
    connection.close()
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    yield
    for file in opened:
        os.close(file)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_connection_made_beside_a_thousand_streams_is_waited_for(crowded: None, feature_make: FeatureMake) -> None:
    notices_listen()
    assert connection.connection.fileno() > 1024
    began = time.monotonic()
    notices_await(0.2)
    assert time.monotonic() - began >= 0.2
    feature_make(layer_get("markets"))
    notices_await(60)
    assert time.monotonic() - began < 30
    connection.close()
