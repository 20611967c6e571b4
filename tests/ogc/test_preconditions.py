"""Edits that hold only of what the editor has read: ``If-Match``, ``If-None-Match`` and ``If-Unmodified-Since``."""

from collections.abc import Callable

import pytest
from conftest import feature_body, in_the_background
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.http import http_date
from editors import MERGE, Editor, address, problem

from layers.catalog import Layer, layer_get


def test_if_match_that_holds(transactional_db: None, editor: Editor, layer: Layer) -> None:
    """A version is the whole layer's, yet only a change of the item itself takes the right to write away."""
    etag = editor("POST", address(layer), feature_body(layer))["ETag"]
    feature = layer.model.objects.get()
    for number, given in enumerate(("{}", "W/{}", '"x", {}', "*"), 2):
        assert editor("POST", address(layer), feature_body(layer, number)).status_code == 201
        change = {"properties": {"name": f"Nama {number}"}}
        answer = editor("PATCH", address(layer, feature), change, MERGE, if_match=given.format(etag))
        assert answer.status_code == 204, given
        etag = answer["ETag"]
    replaced = editor("PUT", address(layer, feature), feature_body(layer), if_match=etag)
    assert replaced.status_code == 204
    assert editor("DELETE", address(layer, feature), if_match=replaced["ETag"]).status_code == 204


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_if_match_that_is_old(transactional_db: None, editor: Editor, layer: Layer, method: str) -> None:
    etag = editor("POST", address(layer), feature_body(layer))["ETag"]
    feature = layer.model.objects.get()
    editor("PATCH", address(layer, feature), {"properties": {"name": "Oleh orang lain"}}, MERGE)
    epoch = etag.strip('"').rpartition("-")[0]
    for given in (etag, '"x"', "x", '""', f'"{epoch}-x.y"', f'"00000000-0000-0000-0000-000000000000-{"9" * 18}.y"'):
        answer = editor(method, address(layer, feature), feature_body(layer), if_match=given)
        assert problem(answer, 412)["detail"].startswith("This item has changed")
    assert layer.model.objects.get().name == "Oleh orang lain"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_what_must_not_be_there_is_not_overwritten(
    transactional_db: None, editor: Editor, layer: Layer, method: str
) -> None:
    etag = editor("POST", address(layer), feature_body(layer))["ETag"]
    feature = layer.model.objects.get()
    for given in ("*", etag, f'"x", W/{etag}'):
        answer = editor(method, address(layer, feature), feature_body(layer), if_none_match=given)
        assert problem(answer, 412)["detail"].startswith("This item is there already"), given
    assert editor(method, address(layer, feature), feature_body(layer), if_none_match='"x"').status_code == 204


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_if_unmodified_since(transactional_db: None, editor: Editor, layer: Layer, method: str) -> None:
    etag = editor("POST", address(layer), feature_body(layer))["ETag"]
    feature = layer.model.objects.get()
    before = http_date(int(feature.updated_at.timestamp()) - 1)
    answer = editor(method, address(layer, feature), feature_body(layer), if_unmodified_since=before)
    assert problem(answer, 412)["detail"].startswith("This item has changed")
    for headers in ({"if_unmodified_since": before, "if_match": etag}, {"if_unmodified_since": "x"}):
        answer = editor("PATCH", address(layer, feature), feature_body(layer), MERGE, **headers)
        assert answer.status_code == 204, headers
    feature.refresh_from_db()
    then = http_date(feature.updated_at.timestamp())
    answer = editor(method, address(layer, feature), feature_body(layer), if_unmodified_since=then)
    assert answer.status_code == 204, "its Last-Modified is in seconds"


def test_if_match_after_a_layer_was_emptied(transactional_db: None, editor: Editor, layer: Layer) -> None:
    etag = editor("POST", address(layer), feature_body(layer))["ETag"]
    feature = layer.model.objects.get()
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {layer.table}")
    feature.save(force_insert=True)
    problem(editor("DELETE", address(layer, feature), if_match=etag), 412)


@pytest.mark.parametrize(("mine", "status"), [(True, 412), (False, 204)])
def test_if_match_in_a_race(
    elsewhere: BaseDatabaseWrapper, editor_with: Callable[..., Editor], mine: bool, status: int
) -> None:
    """Another changes this item, or only moves the layer's version, while the request waits for the item."""
    layer = layer_get("markets")
    editor = editor_with(layer, "add", "change")
    etag = editor("POST", address(layer), feature_body(layer))["ETag"]
    feature = layer.model.objects.get()
    editor("POST", address(layer), feature_body(layer, 2))
    with elsewhere.cursor() as cursor:
        cursor.execute(f"SELECT FROM {layer.table} WHERE id = %s FOR UPDATE", [feature.pk])
        comparison = "=" if mine else "<>"
        cursor.execute(f"UPDATE {layer.table} SET address = 'Jalan Lain' WHERE id {comparison} %s", [feature.pk])
    change = {"properties": {"kiosks": 5}}
    thread, answers = in_the_background(lambda: editor("PATCH", address(layer, feature), change, MERGE, if_match=etag))
    elsewhere.commit()
    thread.join()
    assert answers[0].status_code == status
    feature.refresh_from_db()
    assert (feature.kiosks, feature.address) == ((None, "Jalan Lain") if mine else (5, ""))


def test_an_etag_is_the_state_that_was_written(transactional_db: None, editor_with: Callable[..., Editor]) -> None:
    layer = layer_get("markets")
    editor = editor_with(layer, "add", "change")
    created = editor("POST", address(layer), feature_body(layer))
    feature = layer.model.objects.get()
    changed = editor("PATCH", address(layer, feature), {"properties": {"kiosks": 5}}, MERGE)
    assert created["ETag"] != changed["ETag"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(seq) FROM journal.edit")
        assert changed["ETag"].strip('"').partition(".")[0].endswith(f"-{cursor.fetchone()[0]}")
