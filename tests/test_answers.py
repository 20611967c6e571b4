"""Answers given again, as middleware does it: never a stale one, and never one that is somebody else's."""

from typing import Any

import pytest
from conftest import FeatureMake
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client

from layers import answers
from layers.answers import OVERHEAD, Answer, Memory
from layers.catalog import Layer, layer_get

ITEMS = "/oapi/collections/markets/items"


@pytest.mark.django_db(transaction=True)
def test_what_was_not_modified_costs_one_look_at_the_journal(
    client: Client, layer: Layer, feature_make: FeatureMake, django_assert_num_queries: Any
) -> None:
    made = feature_make(layer)
    path = f"/oapi/collections/{layer.id}/items"
    first = client.get(path, {"limit": "1"})
    told = {"If-None-Match": first["ETag"], "Origin": "https://peta.example"}
    full = client.get(path, {"limit": "1"}, headers=told)
    for _ in range(2):
        with django_assert_num_queries(1) as asked:
            again = client.get(path, {"limit": "1"}, headers=told)
        assert layer.table not in asked.captured_queries[0]["sql"]
        assert (again.status_code, again.content, dict(again.items())) == (304, b"", dict(full.items()))
    made.name += " x"
    made.save()
    changed = client.get(path, {"limit": "1"}, headers=told)
    assert (changed.status_code, changed.json()["features"][0]["properties"]["name"]) == (200, made.name)


@pytest.mark.django_db(transaction=True)
def test_an_answer_is_given_again_only_to_the_same_question(client: Client, feature_make: FeatureMake) -> None:
    feature_make(layer_get("markets"))
    etag = client.get(ITEMS)["ETag"]
    for _ in range(2):
        assert client.get(ITEMS, headers={"If-None-Match": etag}).status_code == 304
    others = [("Accept-Language", "en"), ("Accept", "text/html"), ("Accept", "application/vnd.ogc.fg+json")]
    for name, value in [*others, ("Host", "127.0.0.1")]:
        assert client.get(ITEMS, headers={"If-None-Match": etag, name: value}).status_code == 200
    assert client.get(ITEMS, {"limit": "3"}, headers={"If-None-Match": etag}).status_code == 200
    client.force_login(User.objects.create_user("petugas"))
    mine = client.get(ITEMS, headers={"If-None-Match": etag})
    assert (mine.status_code, mine["Cache-Control"]) == (304, "private, no-cache")
    client.logout()
    assert client.get(ITEMS, headers={"If-None-Match": etag})["Cache-Control"] == "public, no-cache"


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_gone_makes_no_answer_true(
    client: Client, feature_make: FeatureMake, monkeypatch: pytest.MonkeyPatch
) -> None:
    feature_make(layer_get("markets"))
    told = {"If-None-Match": client.get(ITEMS)["ETag"]}
    assert client.get(ITEMS, headers=told).status_code == 304

    def gone(*_: object) -> None:
        raise OperationalError("the connection was closed")

    monkeypatch.setattr("layers.query.statement._execute", gone)
    answer = client.get(ITEMS, headers=told)
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")


def test_a_memory_keeps_what_was_used_last_up_to_its_capacity() -> None:
    def answer(size: int) -> Answer:
        return Answer(200, {}, b"x" * size, "1", lambda: "1")

    memory = Memory(3 * OVERHEAD + 300)
    for name in ("a", "b", "c"):
        memory.put((name,), answer(100))
    assert memory.get(("a",))
    memory.put(("d",), answer(100))
    assert [name for name in "abcd" if memory.get((name,))] == ["a", "c", "d"]
    memory.put(("d",), answer(50))
    memory.put(("e",), answer(answers.CAPACITY))
    assert not any(memory.get((name,)) for name in "abcde")
