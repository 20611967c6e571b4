"""The change feed: what it tells, where it begins again, and a mirror that misses nothing."""

import json
import random
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import quote

import pytest
from conftest import FeatureMake, in_the_background, place, values_make
from django.conf import settings
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from pytest_django.live_server_helper import LiveServer

from layers.catalog import Layer, layer_get
from layers.query.journal import journal_prune

BASE = "http://testserver/oapi/collections"

pytestmark = pytest.mark.django_db(transaction=True)


def ask(layer: Layer, **params: Any) -> dict[str, Any]:
    response = Client(headers={"accept-language": "en"}).get(f"/oapi/collections/{layer.id}/changes", params)
    assert (response.status_code, response["Content-Type"]) == (200, "application/geo+json"), response.content
    document: dict[str, Any] = response.json()
    return document


def refused(layer: Layer, status: int, **params: Any) -> Any:
    response = Client(headers={"accept-language": "en"}).get(f"/oapi/collections/{layer.id}/changes", params)
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    return response


def item(layer: Layer, id: int) -> dict[str, Any]:
    document = Client().get(f"/oapi/collections/{layer.id}/items/{id}?f=json").json()
    return {name: document[name] for name in ("type", "id", "geometry", "properties")}


def execute(sql: str, *args: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, args)
        return cursor.fetchall() if cursor.description else None


def test_it_tells_what_changed_and_what_went(layer: Layer, feature_make: FeatureMake) -> None:
    kept, gone = feature_make(layer, 1), feature_make(layer, 2)
    start = ask(layer)
    address = f"{BASE}/{layer.id}"
    assert start["features"] == []
    assert [(link["rel"], link["href"]) for link in start["links"]] == [
        ("self", f"{address}/changes"),
        ("items", f"{address}/items"),
        ("collection", address),
    ]
    gone_id = gone.pk
    gone.delete()
    for name in ("Satu", "Dua"):
        kept.name = name
        kept.save()
    made = feature_make(layer, 3)
    answer = ask(layer, since=start["token"])
    deleted, *present = answer["features"]
    assert parse_datetime(deleted.pop("deleted"))
    assert deleted == {"type": "Feature", "id": gone_id, "geometry": None, "properties": None}
    assert present == [item(layer, kept.pk), item(layer, made.pk)]
    assert (answer["type"], answer["numberReturned"]) == ("FeatureCollection", 3)
    assert parse_datetime(answer["timeStamp"])
    assert [link["rel"] for link in answer["links"]] == ["self", "collection"]
    assert ask(layer, since=answer["token"])["features"] == []


def test_nothing_but_what_is_published_is_told(layer: Layer, feature_make: FeatureMake) -> None:
    start = ask(layer)
    feature = feature_make(layer)
    for name in layer.model.restricted:
        execute(f"UPDATE {layer.table} SET {name} = 'RAHASIA' WHERE id = %s", feature.pk)
    answer = ask(layer, since=start["token"])
    assert [list(one["properties"]) for one in answer["features"]] == [[known.name for known in layer.properties]]
    assert "RAHASIA" not in json.dumps(answer)


@pytest.fixture(params=[False, True], ids=["in loops", "by hash"])
def is_hashed(request: pytest.FixtureRequest) -> Iterator[None]:
    """PostgreSQL joins by hash, which keeps no order, as it does where changes are many."""
    if request.param:
        execute("SET enable_nestloop = off")
    yield
    execute("RESET enable_nestloop")


@pytest.mark.usefixtures("is_hashed")
@pytest.mark.parametrize(("number", "pages"), [(6, 4), (7, 5)], ids=["the last is full", "the last is not full"])
def test_every_page_goes_on_where_the_last_one_ended(feature_make: FeatureMake, number: int, pages: int) -> None:
    """Within one statement of one commit, too."""
    layer = layer_get("markets")
    start = ask(layer)
    with transaction.atomic():
        made = [feature_make(layer, one).pk for one in range(number)]
        execute(f"UPDATE {layer.table} SET name = 'Baru'")
    seen: list[int] = []
    answer = ask(layer, since=start["token"], limit=3)
    for page in range(1, pages + 1):
        seen += [feature["id"] for feature in answer["features"]]
        following = [link["href"] for link in answer["links"] if link["rel"] == "next"]
        assert bool(following) is (page < pages)
        if not following:
            break
        assert len(answer["features"]) == 3
        answer = Client().get(following[0]).json()
        assert "limit=3" in following[0]
    assert sorted(seen) == sorted(made * 2)
    assert answer["token"] == ask(layer)["token"]


def test_the_order_is_that_of_commits(feature_make: FeatureMake, elsewhere: BaseDatabaseWrapper) -> None:
    """What was changed before something else, and committed after it, is on the later page."""
    layer = layer_get("markets")
    *slow, quick = (feature_make(layer, number).pk for number in (1, 2, 3))
    token = ask(layer)["token"]
    update = f"UPDATE {layer.table} SET name = 'Baru' WHERE id = ANY(%s)"
    with elsewhere.cursor() as cursor:
        cursor.execute(update, [slow])
    execute(update, [quick])
    elsewhere.commit()
    pages = []
    for _ in range(3):
        answer = ask(layer, since=token, limit=1)
        pages += [feature["id"] for feature in answer["features"]]
        token = answer["token"]
    assert pages == [quick, *slow]


def test_a_commit_waits_for_the_one_that_was_numbered_before(
    feature_make: FeatureMake, elsewhere: BaseDatabaseWrapper
) -> None:
    """Who read between the two would miss the first; and what has waited was not there yet while it did."""
    layer = layer_get("markets")
    first, second = (feature_make(layer, number, name="Lama").pk for number in (1, 2))
    token = ask(layer)["token"]
    update = f"UPDATE {layer.table} SET name = 'Baru' WHERE id = %s"
    with elsewhere.cursor() as cursor:
        cursor.execute(update, [first])
        cursor.execute("SET CONSTRAINTS journal.number IMMEDIATE")
    waiting, _ = in_the_background(lambda: execute(update, second))
    between, moment = ask(layer, since=token), timezone.now()
    elsewhere.commit()
    waiting.join()
    assert between["features"] == []
    assert [feature["id"] for feature in ask(layer, since=between["token"])["features"]] == [first, second]
    address = f"/oapi/collections/{layer.id}/items/{second}"
    names = [Client().get(address, asked).json()["properties"]["name"] for asked in ({"asof": moment.isoformat()}, {})]
    assert names == ["Lama", "Baru"]


def test_a_page_knows_nothing_of_what_went_or_came_back_on_a_later_one(feature_make: FeatureMake) -> None:
    layer = layer_get("markets")
    back = feature_make(layer, 1)
    token = ask(layer)["token"]
    gone = feature_make(layer, 2)
    gone_id = gone.pk
    gone.delete()
    execute(f"DELETE FROM {layer.table} WHERE id = %s", back.pk)
    back.save(force_insert=True)
    pages = []
    for _ in range(4):
        answer = ask(layer, since=token, limit=1)
        pages.append([(feature["id"], "deleted" in feature) for feature in answer["features"]])
        token = answer["token"]
    assert pages == [[], [(gone_id, True)], [(back.pk, False)], [(back.pk, False)]]


def test_an_item_with_another_id_is_one_that_went_and_one_that_came(feature_make: FeatureMake) -> None:
    layer = layer_get("markets")
    id = feature_make(layer).pk
    token = ask(layer)["token"]
    execute(f"UPDATE {layer.table} SET id = -id")
    told = ask(layer, since=token)["features"]
    assert [(feature["id"], "deleted" in feature) for feature in told] == [(-id, False), (id, True)]


def test_a_bulk_insert_is_told_item_by_item() -> None:
    layer = layer_get("markets")
    start = ask(layer)
    execute(
        f"INSERT INTO {layer.table} (code, name, source, type, geom) "
        "SELECT 'B-' || n, 'A', 'uji', 'pasar_rakyat', ST_Point(116, -8, 4326) FROM generate_series(1, 10001) n"
    )
    (first,) = execute(f"SELECT min(id) FROM {layer.table}")[0]
    execute(f"DELETE FROM {layer.table} WHERE id = %s", first + 1)
    assert execute("SELECT count(*) FROM journal.change WHERE layer = 'markets' AND op = 'I' AND fid >= %s", first) == [
        (0,)
    ]
    answer = ask(layer, since=start["token"], limit=9_000)
    assert [feature["id"] for feature in answer["features"][:2]] == [first, first + 2]
    rest = ask(layer, since=answer["token"], limit=9_000)
    ids = [feature["id"] for feature in answer["features"] + rest["features"] if "deleted" not in feature]
    assert ids == [row[0] for row in execute(f"SELECT id FROM {layer.table} ORDER BY id")]
    assert [feature["id"] for feature in rest["features"] if "deleted" in feature] == [first + 1]


@pytest.mark.parametrize(
    "forget",
    [
        lambda table: execute(f"TRUNCATE {table}"),
        lambda table: execute("SELECT journal.touch('markets')"),
        lambda table: execute("UPDATE journal.meta SET epoch = gen_random_uuid()"),
        lambda table: journal_prune(-1),
    ],
    ids=["truncate", "touch", "restore", "prune"],
)
def test_it_begins_again_where_not_all_is_known(feature_make: FeatureMake, forget: Callable[[str], Any]) -> None:
    layer = layer_get("markets")
    start = ask(layer)
    for number in range(1, 4):
        feature_make(layer, number)
    within = ask(layer, since=start["token"], limit=1)
    forget(layer.table)
    response = refused(layer, 410, since=start["token"])
    (link,) = response.json()["links"]
    assert (link["rel"], link["href"]) == ("start", f"{BASE}/markets/changes")
    assert response["Link"].startswith(f'<{BASE}/markets/changes>; rel="start"')
    assert refused(layer, 410, since=within["token"])
    again = Client().get(link["href"]).json()["token"]
    made = feature_make(layer, 9).pk
    assert [feature["id"] for feature in ask(layer, since=again)["features"]] == [made]


def test_a_place_within_a_forgotten_commit_is_gone_the_one_behind_it_is_not(feature_make: FeatureMake) -> None:
    layer = layer_get("markets")
    start = ask(layer)["token"]
    with transaction.atomic():
        for number in (1, 2):
            feature_make(layer, number)
    within, behind = ask(layer, since=start, limit=1)["token"], ask(layer)["token"]
    last = feature_make(layer, 3).pk
    journal_prune(-1)
    refused(layer, 410, since=within)
    assert [feature["id"] for feature in ask(layer, since=behind)["features"]] == [last]


def test_pruning_does_not_hide_that_a_table_was_emptied(feature_make: FeatureMake) -> None:
    layer = layer_get("markets")
    feature_make(layer)
    token = ask(layer)["token"]
    execute(f"TRUNCATE {layer.table}")
    assert journal_prune(-1) > 0
    refused(layer, 410, since=token)


def test_pruning_keeps_the_state_of_each_layer(feature_make: FeatureMake) -> None:
    layer, quiet = layer_get("markets"), layer_get("aid_posts")
    feature_make(quiet)
    before = ask(quiet)["token"]
    for number in range(1, 4):
        feature_make(layer, number)
    token = ask(layer)["token"]
    journal_prune(1)
    assert ask(layer, since=token)["features"] == []
    assert journal_prune(-1) >= 2
    assert (ask(layer)["token"], ask(quiet)["token"]) == (token, before)
    assert ask(layer, since=token)["features"] == ask(quiet, since=before)["features"] == []
    assert journal_prune(-1) == 0


@pytest.mark.parametrize(
    "token",
    ["", "x", "1", "{tag}x", "{tag}.1", "{epoch}--1", "{epoch}-9999999999999999999", "{epoch}-" + "9" * 5000],
    ids=lambda token: token[:30],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    layer = layer_get("markets")
    tag = ask(layer)["token"]
    epoch = tag.rpartition("-")[0]
    problem = refused(layer, 400, since=token.format(tag=tag, epoch=epoch)).json()
    assert problem["parameter"] == "since"


def test_a_token_of_the_future_is_gone() -> None:
    layer = layer_get("markets")
    epoch = ask(layer)["token"].rpartition("-")[0]
    refused(layer, 410, since=f"{epoch}-999999999")


@pytest.mark.parametrize(("params", "name"), [({"limit": "0"}, "limit"), ({"sinc": "x"}, "sinc"), ({"f": "csv"}, "f")])
def test_bad_parameters_are_named(params: dict[str, str], name: str) -> None:
    assert refused(layer_get("markets"), 400, **params).json()["parameter"] == name


def test_the_collection_leads_to_it(layer: Layer) -> None:
    for language, word in (("id", "Perubahan"), ("en", "Changes")):
        document = Client().get(f"/oapi/collections/{layer.id}", {"f": "json", "lang": language}).json()
        (link,) = [link for link in document["links"] if link["rel"] == "changes"]
        assert link["href"] == f"{BASE}/{layer.id}/changes"
        assert link["title"].startswith(word)


def test_one_statement_answers_a_page(feature_make: FeatureMake, django_assert_num_queries: Any) -> None:
    layer = layer_get("markets")
    start = ask(layer)
    for number in range(1, 4):
        feature_make(layer, number)
        with django_assert_num_queries(1):
            assert len(ask(layer, since=start["token"])["features"]) == number


WRITERS, EDITS = 8, 40


def write(layer: Layer, number: int) -> int:
    """Insert, change and delete in transactions, with savepoints and with others that come to nothing."""
    chance = random.Random(number)
    point = place(layer).hexewkb.decode()
    columns = [name for name in values_make(layer) if name != "code"]
    given = [values_make(layer)[name] for name in columns]
    made = 0

    def insert() -> None:
        nonlocal made
        made += 1
        execute(
            f"INSERT INTO {layer.table} (geom, code, {', '.join(columns)}) "
            f"VALUES (%s, %s, {', '.join(['%s'] * len(columns))})",
            *(point, f"W-{number}-{made}", *given),
        )

    def some(sql: str) -> None:
        execute(
            f"{sql} WHERE id IN (SELECT id FROM {layer.table} WHERE code LIKE %s ORDER BY random() LIMIT 2)",
            f"W-{number}-%",
        )

    try:
        for _ in range(EDITS):
            with transaction.atomic():
                insert()
                sid = transaction.savepoint()
                some(f"DELETE FROM {layer.table}") if chance.random() < 0.5 else insert()
                if chance.random() < 0.5:
                    transaction.savepoint_rollback(sid)
                some(f"UPDATE {layer.table} SET name = 'N{chance.random()}'")
                execute("SELECT pg_sleep(%s)", chance.random() / 100)
                transaction.set_rollback(chance.random() < 0.2)
    finally:
        connection.close()
    return made


@pytest.fixture
def mirror() -> Callable[..., str]:
    """The code that the documentation shows."""
    page = (Path(settings.BASE_DIR) / "docs" / "changes.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    found: Callable[..., str] = names["mirror"]
    return found


@pytest.fixture
def writing() -> Iterator[Callable[[Layer], Event]]:
    with ThreadPoolExecutor(WRITERS + 1) as pool:
        writers: list[Future[int]] = []

        def begin(layer: Layer) -> Event:
            done = Event()
            writers.extend(pool.submit(write, layer, number) for number in range(WRITERS))
            pool.submit(lambda: (wait(writers), done.set()))
            return done

        yield begin
        for writer in writers:
            writer.result()


def test_a_mirror_equals_the_layer_while_eight_write(
    live_server: LiveServer, mirror: Callable[..., str], writing: Callable[[Layer], Event]
) -> None:
    layer = layer_get("markets")
    collection = f"{live_server.url}/oapi/collections/{layer.id}"
    items: dict[int, Any] = {}
    done = writing(layer)
    token = mirror(collection, items)
    rounds = 0
    while not done.wait(0.01):
        token = mirror(collection, items, token)
        rounds += 1
    token = mirror(collection, items, token)
    rows = execute(f"SELECT id FROM {layer.table} ORDER BY id")
    assert rounds > 1
    assert sorted(items) == [id for (id,) in rows]
    assert list(items.values()) == [item(layer, id) for id in items]
    assert mirror(collection, items, quote(token)) == token
    execute(f"TRUNCATE {layer.table}")
    mirror(collection, items, token)
    assert items == {}
