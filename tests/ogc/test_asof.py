"""A layer as it was: random edits, replayed in plain Python, against what items say of a moment between them."""

import json
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from conftest import FeatureMake
from django.contrib.gis.geos import GEOSGeometry, Point
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plain_scan import Row
from test_items_scan import VALUES, Request, feature_check, link_make, pages, params, requests, scan

from layers.catalog import Layer, layer_get
from layers.errors import Gone, InvalidParameter
from layers.query.features import item_fetch, items_fetch
from layers.query.journal import journal_prune
from layers.query.params import FeatureQuery
from layers.query.rows import rows_fetch
from layers.query.spatial import DEFAULT_CRS

MARKETS = layer_get("markets")

Edit = tuple[str, int, dict[str, Any]]
"""What is done, with which of the rows, and new values."""

pytestmark = pytest.mark.django_db(transaction=True)


@st.composite
def scenes(draw: st.DrawFn) -> tuple[str, list[tuple[list[Edit], bool]], list[tuple[Request, int, float]]]:
    """A layer, transactions with whether they are committed, and requests as of a share of the way behind one."""
    id = draw(st.sampled_from(list(VALUES)))
    row = {name: st.sampled_from(values) for name, values in VALUES[id].items()}
    few = st.lists(st.sampled_from(sorted(row)), min_size=1, max_size=2, unique=True)
    values = st.one_of(few.flatmap(lambda names: st.fixed_dictionaries({name: row[name] for name in names})))
    edit = st.one_of(
        *[st.tuples(st.just("add"), st.integers(0, 9), st.fixed_dictionaries(row))] * 3,
        *[st.tuples(st.just("change"), st.integers(0, 9), values)] * 4,
        st.tuples(st.sampled_from(("remove", "put back", "renumber")), st.integers(0, 9), st.just({})),
    )
    transactions = st.tuples(st.lists(edit, min_size=1, max_size=4), st.sampled_from((True,) * 5 + (False,)))
    asked = st.tuples(requests(id), st.integers(0, 99), st.sampled_from((0.0, 0.3, 1.0)))
    return id, draw(st.lists(transactions, min_size=3, max_size=8)), draw(st.lists(asked, min_size=4, max_size=8))


class Replay:
    """The rows of a layer by id, as plain values, beside those that are stored."""

    def __init__(self, layer: Layer, make: FeatureMake) -> None:
        self.layer, self.make, self.number = layer, make, 0
        self.rows: dict[int, Row] = {}
        self.gone: dict[int, Row] = {}

    def edit(self, edit: Edit) -> None:
        kind, which, values = edit
        known = sorted(self.gone if kind == "put back" else self.rows)
        if kind == "add":
            self.number += 1
            self.store(None, {**values, "code": f"T-{self.number}"})
        elif known:
            id = known[which % len(known)]
            if kind == "put back":
                self.store(id, self.gone.pop(id))
                return
            row = self.rows.pop(id)
            if kind == "remove":
                self.layer.model.objects.filter(pk=id).delete()
                self.gone[id] = row
            elif kind == "renumber":
                self.layer.model.objects.filter(pk=id).update(id=id + 1_000_000)
                self.rows[id + 1_000_000] = {**row, "id": id + 1_000_000}
            else:
                self.layer.model.objects.filter(pk=id).update(**stored(values))
                self.rows[id] = {**row, **values}

    def store(self, id: int | None, row: Row) -> None:
        with_id = {} if id is None else {"id": id}
        made = self.make(self.layer, self.number, **stored(row) | with_id)
        self.rows[made.pk] = {**row, "id": made.pk}


def stored(values: Row) -> dict[str, Any]:
    return {
        name: GEOSGeometry(value.wkt, srid=4326) if name == "geom" else value
        for name, value in values.items()
        if name != "id"
    }


def now(layer: Layer = MARKETS) -> datetime:
    """When the layer was last changed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(at), clock_timestamp()) FROM journal.edit WHERE layer = %s", [layer.id])
        found: datetime = cursor.fetchone()[0]
    return found


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(scene=scenes())
def test_items_as_of_a_moment_are_what_a_replay_has(client: Client, feature_make: FeatureMake, scene: Any) -> None:
    id, transactions, asked = scene
    layer = layer_get(id)
    layer.model.objects.all().delete()
    replay = Replay(layer, feature_make)
    states: list[tuple[datetime, list[Row]]] = []
    for edits, is_kept in transactions:
        before = dict(replay.rows), dict(replay.gone)
        with transaction.atomic():
            for edit in edits:
                replay.edit(edit)
            transaction.set_rollback(not is_kept)
        if not is_kept:
            replay.rows, replay.gone = before
        states.append((now(layer), list(replay.rows.values())))
    for request, behind, share in asked:
        moment, rows = states[behind % len(states)]
        later = min((at for at, _ in states if at > moment), default=moment)
        moment += max(timedelta(0), (later - moment) * share - timedelta(microseconds=1))
        rows = next(rows for at, rows in reversed(states) if at <= moment)
        expected = scan(layer, rows, request)[request.get("offset", 0) :]
        link = link_make(layer, request["method"], params(request) | {"asof": moment.isoformat()})
        shown = list(islice(pages(client, link), len(rows) + 1))
        listed = [feature for page in shown for feature in page["features"]]
        assert [feature["id"] for feature in listed] == [row["id"] for row in expected]
        for feature, row in zip(listed, expected, strict=True):
            feature_check(feature, row, layer, request)
        counted = len(expected) + request.get("offset", 0)
        assert all(page["numberMatched"] == counted for page in shown if expected)


def names(moment: datetime, layer: Layer = MARKETS, **asked: str) -> list[str]:
    query = FeatureQuery.parse(
        layer, {"asof": [moment.isoformat()], **{name: [value] for name, value in asked.items()}}
    )
    features = json.loads(f"[{items_fetch(layer, query).features}]")
    return [feature["properties"]["name"] for feature in features]


def test_every_property_comes_back_to_the_last_digit(layer: Layer, feature_make: FeatureMake) -> None:
    feature = feature_make(layer, observed_at="2018-08-05T19:46:00.123456+08:00")
    present = FeatureQuery.parse(layer, {})
    before, moment = items_fetch(layer, present), now(layer)
    feature.name = "Baru"
    feature.observed_at = timezone.now()
    feature.save()
    feature.delete()
    past = FeatureQuery.parse(layer, {"asof": [moment.isoformat()]})
    assert items_fetch(layer, past).features == before.features
    id = json.loads(before.features or "")["id"]
    assert item_fetch(layer, id, DEFAULT_CRS, asof=past.asof)[1] == before.features
    assert items_fetch(layer, present).features == ""
    rows = [row for batch in rows_fetch(layer, ("wkb",), past) for row in batch]
    assert [row[1] for row in rows] == [feature.code]


@pytest.mark.parametrize("change", ["UPDATE layers_disasterzone SET value_max = 2", "DELETE FROM layers_disasterzone"])
def test_a_writer_who_reads_rounded_numbers_does_not_round_what_was(feature_make: FeatureMake, change: str) -> None:
    zones = layer_get("disaster_zones")
    feature_make(zones, unit="m", value_max=1 / 3)
    before, moment = items_fetch(zones, FeatureQuery.parse(zones, {})), now(zones)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL extra_float_digits = 0")
        cursor.execute(change)
    past = FeatureQuery.parse(zones, {"asof": [moment.isoformat()]})
    assert items_fetch(zones, past).features == before.features


def test_a_bulk_insert_is_undone_as_a_whole(feature_make: FeatureMake) -> None:
    """Above 10,000 rows the journal keeps ranges of ids only."""
    first = feature_make(MARKETS, 1, name="a")
    again = feature_make(MARKETS, 2, name="b")
    id, before = again.pk, now()
    again.delete()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO layers_market (id, code, name, source, type, geom) SELECT %s + n, 'n' || n, 'n' || n, source, "
            "type, geom FROM layers_market, generate_series(0, 10000) n",
            [id],
        )
    after = now()
    MARKETS.model.objects.filter(pk__in=[first.pk, id, id + 1]).update(name="c")
    MARKETS.model.objects.filter(pk=id + 2).delete()
    assert names(before) == ["a", "b"]
    assert names(after, limit="4") == ["a", "n0", "n1", "n2"]
    assert names(after, limit="2", filter="name LIKE 'n%'") == ["n0", "n1"]
    assert names(timezone.now(), limit="4") == ["c", "c", "c", "n3"]


def test_a_state_that_is_forgotten_is_gone(feature_make: FeatureMake) -> None:
    feature = feature_make(MARKETS, name="a")
    moments = [now()]
    for name in "bc":
        MARKETS.model.objects.update(name=name)
        moments.append(now())
    MARKETS.model.objects.update(name="d")
    with connection.cursor() as cursor:
        cursor.execute("SELECT journal.prune(%s)", [moments[2]])
    with pytest.raises(Gone) as gone:
        names(moments[1])
    known = gone.value.document()
    assert (known["status"], known["parameter"]) == (410, "asof")
    assert datetime.fromisoformat(known["since"]) == moments[2]
    assert (names(moments[2]), names(now())) == (["c"], ["d"])
    journal_prune(0)
    with pytest.raises(Gone):
        names(moments[2])
    assert names(now()) == ["d"]
    feature.delete()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE layers_market")
        cursor.execute("SELECT max(at) FROM journal.edit WHERE layer = 'markets'")
        emptied = cursor.fetchone()[0]
    with pytest.raises(Gone) as gone:
        names(emptied - timedelta(microseconds=1))
    assert datetime.fromisoformat(gone.value.document()["since"]) == emptied
    assert names(emptied) == []


def test_before_the_first_change_there_was_nothing(feature_make: FeatureMake) -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE journal.edit, journal.change, journal.horizon")  # what other tests left
    feature_make(MARKETS)
    assert names(datetime.fromisoformat("1900-01-01T00:00:00Z")) == []


def test_a_column_that_came_later_is_null(feature_make: FeatureMake) -> None:
    feature = feature_make(MARKETS, kiosks=3)
    moment = now()
    feature.delete()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE journal.change SET old = old - 'kiosks' || '{\"gone\": 1}' WHERE op = 'D'")
    query = FeatureQuery.parse(MARKETS, {"asof": [moment.isoformat()]})
    (past,) = json.loads(f"[{items_fetch(MARKETS, query).features}]")
    assert (past["properties"]["kiosks"], "gone" in past["properties"]) == (None, False)


@pytest.mark.parametrize("value", ["", "kemarin", "2026-13-01", "2026-01-01/..", "2126-01-01T00:00:00Z", "\0"])
def test_what_is_no_moment_of_the_past_is_refused(value: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        FeatureQuery.parse(MARKETS, {"asof": [value]})
    assert refused.value.extra == {"parameter": "asof"}


def test_over_http(client: Client, feature_make: FeatureMake) -> None:
    """All formats, tokens that are good for one moment only, and no edit of the past."""
    for number in (1, 2):
        feature_make(MARKETS, number, name="dulu", geom=Point(116.1, -8.5))
    moment, address = now().isoformat(), "/oapi/collections/markets/items"
    MARKETS.model.objects.update(name="kini")
    for format in ("json", "html", "jsonfg", "csv", "geojsonseq", "flatgeobuf", "gpkg"):
        answer = client.get(address, {"asof": moment, "f": format})
        body = b"".join(answer) if answer.streaming else answer.content
        assert (answer.status_code, b"dulu" in body, b"kini" in body) == (200, True, False), format
    page = client.get(address, {"asof": moment, "limit": "1"})
    etag = {"If-None-Match": page["ETag"]}
    assert client.get(address, {"asof": moment, "limit": "1"}, headers=etag).status_code == 304
    (following,) = [link["href"] for link in page.json()["links"] if link["rel"] == "next"]
    assert [feature["properties"]["name"] for feature in client.get(following).json()["features"]] == ["dulu"]
    token = following.partition("next=")[2]
    for other in ({}, {"asof": now().isoformat()}):
        assert client.get(address, {"next": token, **other}).status_code == 400
    assert client.get(address, {"asof": moment, "contact_name": "x"}).status_code == 400
    assert client.get(address, {"asof": "2126-01-01T00:00:00Z"}).json()["parameter"] == "asof"


def test_an_item_that_moved_on_and_on_is_where_it_was(client: Client, feature_make: FeatureMake) -> None:
    feature = feature_make(MARKETS, geom=Point(116.0, -8.5))
    moments = [now()]
    for number in (1, 2, 3):
        MARKETS.model.objects.update(geom=Point(116.0 + number, -8.5))
        moments.append(now())
    address = f"/oapi/collections/markets/items/{feature.pk}"
    for number, moment in enumerate(moments):
        answer = client.get(address, {"asof": moment.isoformat()}).json()
        assert answer["geometry"]["coordinates"] == [116.0 + number, -8.5]


def test_an_item_as_it_was(client: Client, feature_make: FeatureMake) -> None:
    feature = feature_make(MARKETS, name="dulu")
    address, born = f"/oapi/collections/markets/items/{feature.pk}", now()
    MARKETS.model.objects.update(name="kini")
    renamed = now()
    feature.delete()
    assert client.get(address).status_code == 404
    for moment, name in ((born, "dulu"), (renamed, "kini")):
        for format in ("json", "html", "jsonfg"):
            answer = client.get(address, {"asof": moment.isoformat(), "f": format})
            assert (answer.status_code, name in answer.content.decode()) == (200, True), format
        etag = {"If-None-Match": client.get(address, {"asof": moment.isoformat()})["ETag"]}
        assert client.get(address, {"asof": moment.isoformat()}, headers=etag).status_code == 304
    assert client.get(address, {"asof": (born - timedelta(microseconds=1)).isoformat()}).status_code in (404, 410)
    assert client.get(address, {"asof": "2126-01-01T00:00:00Z"}).json()["parameter"] == "asof"
