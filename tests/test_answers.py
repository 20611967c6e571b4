"""Answers given again, by the application as it is served: never a stale one, and never one that is somebody else's."""

from typing import Any

import pytest
from conftest import FeatureMake, prepared
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client
from pytest_django.fixtures import Settings
from rest_framework.authtoken.models import Token
from werkzeug.test import Client as Browser

from geoportal.wsgi import application
from layers.answers import OVERHEAD, Answer, Memory
from layers.catalog import Layer, layer_get

ITEMS = "/oapi/collections/markets/items"


@pytest.fixture
def served() -> Browser:
    return Browser(application, use_cookies=False)


@pytest.mark.django_db(transaction=True)
def test_what_was_not_modified_costs_one_look_at_the_journal(
    served: Browser, layer: Layer, feature_make: FeatureMake, django_assert_num_queries: Any
) -> None:
    made = feature_make(layer)
    path = f"/oapi/collections/{layer.id}/items?limit=1"
    told = {"If-None-Match": served.get(path).headers["ETag"], "Origin": "https://peta.example"}
    full = served.get(path, headers=told)
    for _ in range(2):
        with django_assert_num_queries(1) as asked:
            again = served.get(path, headers=told)
        assert layer.table not in prepared(asked.captured_queries[0]["sql"])
        assert (again.status, again.data, list(again.headers)) == ("304 Not Modified", b"", list(full.headers))
    made.name += " x"
    made.save()
    changed = served.get(path, headers=told)
    assert (changed.status_code, changed.json["features"][0]["properties"]["name"]) == (200, made.name)


@pytest.mark.django_db(transaction=True)
def test_an_answer_is_given_again_only_to_the_same_question(
    served: Browser, client: Client, feature_make: FeatureMake, settings: Settings
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # as behind a proxy
    feature_make(layer_get("markets"))
    etag = served.get(ITEMS).headers["ETag"]
    for _ in range(2):
        assert served.get(ITEMS, headers={"If-None-Match": etag}).status_code == 304
    others = [("Accept-Language", "en"), ("Accept", "text/html"), ("Accept", "application/vnd.ogc.fg+json")]
    for name, value in [*others, ("Host", "127.0.0.1"), ("X-Forwarded-Proto", "https")]:
        assert served.get(ITEMS, headers={"If-None-Match": etag, name: value}).status_code == 200
    assert served.get(f"{ITEMS}?limit=3", headers={"If-None-Match": etag}).status_code == 200
    assert served.head(ITEMS, headers={"If-None-Match": etag}).status_code == 304
    client.force_login(User.objects.create_user("petugas"))
    session = {"Cookie": client.cookies.output(attrs=[], header="").strip()}
    token = {"Authorization": f"Token {Token.objects.create(user=User.objects.get()).key}"}
    for credentials in (session, token):
        mine = served.get(ITEMS, headers={"If-None-Match": etag, **credentials})
        assert (mine.status_code, mine.headers["Cache-Control"]) == (304, "private, no-cache")
    assert served.get(ITEMS, headers={"If-None-Match": etag}).headers["Cache-Control"] == "public, no-cache"


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_gone_makes_no_answer_true(
    served: Browser, feature_make: FeatureMake, monkeypatch: pytest.MonkeyPatch
) -> None:
    feature_make(layer_get("markets"))
    told = {"If-None-Match": served.get(ITEMS).headers["ETag"]}
    assert served.get(ITEMS, headers=told).status_code == 304

    def gone(*_: object) -> None:
        raise OperationalError("the connection was closed")

    monkeypatch.setattr("layers.query.statement._execute", gone)
    answer = served.get(ITEMS, headers=told)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")


def answer(size: int, **headers: str) -> Answer:
    return Answer("200 OK", list(headers.items()), b"x" * size, "1", lambda: "1")


def test_a_memory_keeps_what_was_used_last_up_to_its_capacity() -> None:
    memory = Memory(8 * (OVERHEAD + 101))
    for name in "abcdefgh":
        memory.put((name,), answer(100))
    assert memory.get(("a",))
    memory.put(("i",), answer(100))
    assert [name for name in "abcdefghi" if memory.get((name,))] == list("acdefghi")
    memory.put(("i",), answer(50))
    memory.put(("j",), answer(0))
    assert [name for name in "abcdefghij" if memory.get((name,))] == list("cdefghij")


@pytest.mark.parametrize(
    ("query", "large"),
    [("q", answer(1001)), ("q" * 1001, answer(1)), ("q", answer(1, Link="x" * 1000))],
    ids=["body", "question", "headers"],
)
def test_what_is_larger_than_an_eighth_of_the_memory_is_not_kept(query: str, large: Answer) -> None:
    memory = Memory(8 * (OVERHEAD + 1001))
    memory.put(("a",), answer(1000))
    memory.put((query, None), answer(0))
    memory.put((query, None), large)
    assert memory.get(("a",))
    assert not memory.get((query, None))
