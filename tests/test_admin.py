"""The admin: what it lists, what it stores, what it refuses, and who may see what."""

from datetime import UTC, datetime
from typing import Any

import pytest
from conftest import FeatureMake, in_the_background, place, square, values_make
from django.contrib.auth.models import Permission, User
from django.contrib.gis.geos import MultiPolygon
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.forms import Form, MultiWidget
from django.test import Client
from django.urls import reverse

from layers.catalog import Layer, layer_get, layers
from layers.models import Feature


def address(layer: Layer, page: str, *args: Any) -> str:
    return reverse(f"admin:layers_{layer.model._meta.model_name}_{page}", args=args)


def posted(form: Form) -> dict[str, Any]:
    """What a browser sends when the form goes back as it came."""
    data: dict[str, Any] = {}
    for bound in form:
        value, widget = bound.value(), bound.field.widget
        if bound.name == "geom":
            data[bound.name] = widget.get_context(bound.name, value, {})["serialized"]
        elif isinstance(widget, MultiWidget):
            parts = enumerate(widget.decompress(value))
            data |= {f"{bound.html_name}_{index}": "" if part is None else str(part) for index, part in parts}
        elif value not in (None, False):
            data[bound.html_name] = value
    return data


@pytest.fixture
def feature(layer: Layer, feature_make: FeatureMake) -> Feature:
    """One whose coordinates have every digit that a double holds."""
    return feature_make(layer, geom=place(layer, 116.12345678901234, -8.587654321098765))


@pytest.fixture
def admin_client(client: Client, db: None) -> Client:
    """A superuser's; without a password, which takes long to hash."""
    client.force_login(User.objects.create(username="admin", is_staff=True, is_superuser=True))
    return client


def test_list_shows_searches_and_filters(admin_client: Client, layer: Layer, feature: Feature) -> None:
    changelist = address(layer, "changelist")
    for query in ("", f"?q={feature.code}", f"?q={feature.name}"):
        assert feature.name in admin_client.get(changelist + query).content.decode(), query
    assert feature.name not in admin_client.get(f"{changelist}?q=nowhere").content.decode()
    filtered = admin_client.get(changelist).context["cl"].list_filter
    assert set(filtered) == {
        known.name
        for known in layer.properties
        if known.type == "boolean" or (known.choices and known.type == "string")
    }


def added(admin_client: Client, layer: Layer) -> dict[str, Any]:
    """What is sent to add a feature."""
    page = admin_client.get(address(layer, "add"))
    values = {name: value for name, value in values_make(layer).items() if "T00:00" not in str(value)}
    times = {
        f"{known.name}_{part}": value
        for known in layer.properties
        if known.required and known.format == "date-time"
        for part, value in enumerate(("2026-01-01", "00:00"))
    }
    return posted(page.context["adminform"].form) | values | times | {"geom": place(layer).json}


def test_feature_is_added(admin_client: Client, layer: Layer) -> None:
    data = added(admin_client, layer)
    response = admin_client.post(address(layer, "add"), data)
    assert response.status_code == 302, response.context["adminform"].form.errors
    stored = layer.model.objects.get(code=data["code"]).geom.normalize(clone=True)
    assert stored.equals_exact(place(layer).normalize(clone=True), 1e-9)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_add_a_code_in_the_same_moment_one_is_told(
    admin_client: Client, elsewhere: BaseDatabaseWrapper
) -> None:
    """And has what was typed before the eyes."""
    layer = layer_get("markets")
    data = added(admin_client, layer)
    with elsewhere.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {layer.table} (code, name, source, type, geom) VALUES (%s, 'A', 'uji', 'pasar_rakyat', %s)",
            [data["code"], place(layer).hexewkb.decode()],
        )
    thread, answers = in_the_background(lambda: admin_client.post(address(layer, "add"), data))
    elsewhere.commit()
    thread.join()
    form = answers[0].context["adminform"].form
    assert (answers[0].status_code, list(form.errors), form["name"].value()) == (200, ["code"], data["name"])


@pytest.mark.django_db(transaction=True)
def test_of_two_who_restore_a_feature_in_the_same_moment_both_have_it(
    admin_client: Client, elsewhere: BaseDatabaseWrapper, feature_make: FeatureMake
) -> None:
    layer = layer_get("markets")
    feature = feature_make(layer)
    columns = ", ".join(f'"{name}"' for name in ("id", "code", "name", "source", "type", "geom"))
    with elsewhere.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {layer.table}")
        row = cursor.fetchone()
        elsewhere.commit()
        history = address(layer, "history", feature.pk)
        feature.delete()
        edit = admin_client.get(history).context["edits"][0][0].id
        cursor.execute(f"INSERT INTO {layer.table} ({columns}) VALUES (%s, %s, %s, %s, %s, %s)", row)
    thread, answers = in_the_background(lambda: admin_client.post(history, {"edit": edit}))
    elsewhere.commit()
    thread.join()
    assert (answers[0].status_code, layer.model.objects.get().name) == (302, row[2])


def test_saving_keeps_what_was_not_changed(admin_client: Client, layer: Layer, feature: Feature) -> None:
    before = layer.model.objects.filter(pk=feature.pk).values().get()
    page = admin_client.get(address(layer, "change", feature.pk))
    data = posted(page.context["adminform"].form) | {"name": "Nama baru"}
    response = admin_client.post(address(layer, "change", feature.pk), data)
    assert response.status_code == 302, response.context["adminform"].form.errors
    after = layer.model.objects.filter(pk=feature.pk).values().get()
    assert after == before | {"name": "Nama baru", "updated_at": after["updated_at"]}


def test_what_others_changed_meanwhile_is_not_undone(admin_client: Client, layer: Layer, feature: Feature) -> None:
    page = admin_client.get(address(layer, "change", feature.pk))
    data = posted(page.context["adminform"].form) | {"source": "Admin"}
    layer.model.objects.filter(pk=feature.pk).update(name="Diubah lewat REST")
    before = layer.model.objects.filter(pk=feature.pk).values().get()
    for sent in (data, {name: value for name, value in data.items() if name != "opened"}):
        response = admin_client.post(address(layer, "change", feature.pk), sent, headers={"accept-language": "en"})
        (told,) = response.context["adminform"].form.non_field_errors()
        assert told.startswith("While this page was open, the feature was changed elsewhere")
        assert layer.model.objects.filter(pk=feature.pk).values().get() == before
    page = admin_client.get(address(layer, "change", feature.pk))
    data = posted(page.context["adminform"].form) | {"source": "Admin"}
    assert admin_client.post(address(layer, "change", feature.pk), data).status_code == 302
    feature.refresh_from_db()
    assert (feature.name, feature.source) == ("Diubah lewat REST", "Admin")


def test_a_status_changed_in_a_hurry_has_not_the_age_of_the_one_before(
    admin_client: Client, feature_make: FeatureMake
) -> None:
    layer = layer_get("aid_posts")
    long_ago = datetime(2018, 8, 5, 11, 46, tzinfo=UTC)
    post = feature_make(layer, status="buka", status_as_of=long_ago)
    here, start = address(layer, "change", post.pk), datetime.now(UTC)
    data = posted(admin_client.get(here).context["adminform"].form)
    page = admin_client.post(here, data | {"name": "Nama baru"}, follow=True)
    post.refresh_from_db()
    assert (post.status_as_of, len(page.context["messages"])) == (long_ago, 1)

    data = posted(admin_client.get(here).context["adminform"].form)
    page = admin_client.post(here, data | {"status": "penuh"}, follow=True, headers={"accept-language": "en"})
    post.refresh_from_db()
    told = "Status as of: set to the present, for the data changed and its time did not."
    renewed = post.status_as_of
    assert renewed >= start
    assert any(str(message).startswith(told) for message in page.context["messages"])

    data = posted(admin_client.get(here).context["adminform"].form)
    admin_client.post(here, data | {"name": "Nama lain"})
    post.refresh_from_db()
    assert (post.name, post.status_as_of) == ("Nama lain", renewed), "to the microsecond"

    data = posted(admin_client.get(here).context["adminform"].form)
    earlier = {"status": "tutup", "status_as_of_0": "2018-08-06", "status_as_of_1": "08:00:00"}
    admin_client.post(here, data | earlier)
    post.refresh_from_db()
    assert post.status_as_of.year == 2018


@pytest.mark.parametrize("language", ["id", "en"])
def test_a_date_is_read_with_its_day_first(admin_client: Client, feature_make: FeatureMake, language: str) -> None:
    layer = layer_get("markets")
    market = feature_make(layer)
    here = address(layer, "change", market.pk)
    data = posted(admin_client.get(here).context["adminform"].form)
    given = {"observed_at_0": "05/09/2026", "observed_at_1": "10:30"}
    answer = admin_client.post(here, data | given, headers={"accept-language": language})
    market.refresh_from_db()
    assert (answer.status_code, market.observed_at) == (302, datetime(2026, 9, 5, 2, 30, tzinfo=UTC))


def test_codes_are_ticked(admin_client: Client, feature_make: FeatureMake) -> None:
    layer = layer_get("markets")
    market = feature_make(layer, operating_days=["senin"])
    page = admin_client.get(address(layer, "change", market.pk))
    data = posted(page.context["adminform"].form)
    assert data["operating_days"] == ["senin"]
    admin_client.post(address(layer, "change", market.pk), data | {"operating_days": ["senin", "minggu"]})
    market.refresh_from_db()
    assert market.operating_days == ["senin", "minggu"]
    data = posted(admin_client.get(address(layer, "change", market.pk)).context["adminform"].form)
    response = admin_client.post(address(layer, "change", market.pk), data | {"operating_days": ["monday"]})
    assert list(response.context["adminform"].form.errors) == ["operating_days"]


BOWTIE = '{"type": "MultiPolygon", "coordinates": [[[[0, 0], [9, 9], [9, 0], [0, 9], [0, 0]]]]}'


@pytest.mark.parametrize(
    ("id", "geom"),
    [
        ("markets", ""),
        ("markets", "POINT(1"),
        ("markets", "\0"),
        ("markets", '{"type": "Point"}'),
        ("markets", '{"type": "Point", "coordinates": [1e308, 1e308]}'),
        ("markets", '{"type": "Point", "coordinates": ["a", "b"]}'),
        ("markets", "SRID=4326;POINT(181 0)"),
        ("markets", "POINT EMPTY"),
        ("markets", square(116.1, -8.6).json),
        ("disaster_zones", BOWTIE),
    ],
)
def test_bad_geometry_is_told_at_its_field(admin_client: Client, feature_make: FeatureMake, id: str, geom: str) -> None:
    layer = layer_get(id)
    feature = feature_make(layer)
    page = admin_client.get(address(layer, "change", feature.pk))
    data = posted(page.context["adminform"].form) | {"geom": geom}
    response = admin_client.post(address(layer, "change", feature.pk), data)
    assert response.status_code == 200
    assert list(response.context["adminform"].form.errors) == ["geom"]
    assert layer.model.objects.get(pk=feature.pk).geom == feature.geom


def test_personal_data_is_apart(admin_client: Client, layer: Layer, feature: Feature) -> None:
    sets = admin_client.get(address(layer, "change", feature.pk)).context["adminform"].fieldsets
    shown = [name for _, options in sets for name in options["fields"]]
    columns = [field.name for field in layer.model._meta.fields if field.name != "id"]
    assert sorted(shown) == sorted([*columns, "opened"])
    personal = [options["fields"] for _, options in sets if "collapse" in options["classes"]]
    assert personal == ([list(layer.model.restricted)] if layer.model.restricted else [])


def test_officer_has_his_layer_and_no_other(client: Client, layer: Layer, feature: Feature) -> None:
    officer = User.objects.create_user("petugas", is_staff=True)
    name = layer.model._meta.model_name
    officer.user_permissions.set(Permission.objects.filter(codename__in=[f"view_{name}", f"change_{name}"]))
    client.force_login(officer)
    listed = client.get(reverse("admin:index")).context["app_list"]
    assert [model["model"] for app in listed for model in app["models"]] == [layer.model]
    other = layer_get("markets" if layer.id != "markets" else "aid_posts")
    refused = client.get(address(other, "changelist"), headers={"accept": "text/html", "accept-language": "id"})
    assert (refused.status_code, "Hak Anda tidak mencakup halaman ini" in refused.content.decode()) == (403, True)
    assert client.get(address(layer, "history", "abc")).status_code == 404
    assert client.get(address(layer, "add")).status_code == 403
    assert client.get(address(layer, "change", feature.pk)).status_code == 200


def test_map_has_the_layer_in_view_and_nothing_from_elsewhere(admin_client: Client, layer: Layer) -> None:
    form = admin_client.get(address(layer, "add")).context["adminform"].form
    west, south, east, north = layer.bbox
    view = form.fields["geom"].widget.attrs
    assert (view["default_lon"], view["default_lat"]) == ((west + east) / 2, (south + north) / 2)
    pixels = (east - west) / 360 * 256 * 2 ** view["default_zoom"]
    assert 300 < pixels <= 600
    media = form.media
    assert all(path.startswith("/static/") for path in [*map(media.absolute_path, media._js)])
    assert "vendor/ol/dist/ol.js" in media._js


@pytest.mark.parametrize(("language", "words"), [("id", "Data dan pengguna"), ("en", "Data and users")])
def test_speaks_both_languages(admin_client: Client, language: str, words: str) -> None:
    assert words in admin_client.get("/admin/", headers={"accept-language": language}).content.decode()


def test_history_shows_old_and_new_and_puts_the_old_back(admin_client: Client, layer: Layer, feature: Feature) -> None:
    before = layer.model.objects.filter(pk=feature.pk).values().get()
    feature.name = "<b>Baru</b>"
    feature.geom = place(layer, 116.2, -8.5)
    feature.save()
    history = address(layer, "history", feature.pk)
    page = admin_client.get(history, headers={"accept-language": "en"})
    content = page.content.decode()
    (change, told), (added, _) = page.context["edits"]
    assert (change.action, added.action) == ("change", "add")
    assert [(old[:5], new[:5]) for _, old, new in told] == [("name ", "<b>Ba"), (feature.geom.wkt[:5],) * 2]
    assert "&lt;b&gt;Baru" in content
    assert content.count("Put the old state back") == 1, "before it was added there was nothing"
    response = admin_client.post(history, {"edit": change.id}, follow=True, headers={"accept-language": "en"})
    assert "The old state was put back." in response.content.decode()
    after = layer.model.objects.filter(pk=feature.pk).values().get()
    assert after == before | {"updated_at": after["updated_at"]}
    assert response.context["edits"][0][0].actor == "admin"


def test_putting_back_undoes_nothing_that_its_page_did_not_show(
    admin_client: Client, feature_make: FeatureMake
) -> None:
    layer = layer_get("markets")
    feature = feature_make(layer, name="Pasar lama")
    layer.model.objects.update(name="Pasar salah")
    history = address(layer, "history", feature.pk)
    page = admin_client.get(history)
    sent = {"edit": page.context["edits"][0][0].id, "newest": page.context["newest"]}
    assert f'name="newest" value="{sent["newest"]}"' in page.content.decode()
    layer.model.objects.update(kiosks=77)
    told = admin_client.post(history, sent, follow=True, headers={"accept-language": "en"})
    feature.refresh_from_db()
    assert (feature.name, feature.kiosks) == ("Pasar salah", 77)
    assert [str(message)[:51] for message in told.context["messages"]] == [
        "While this history was open, the feature was change"
    ]
    admin_client.post(history, sent | {"newest": told.context["newest"]})
    feature.refresh_from_db()
    assert feature.name == "Pasar lama"


def test_a_deleted_feature_is_had_back_from_its_history(admin_client: Client, layer: Layer, feature: Feature) -> None:
    id, history = feature.pk, address(layer, "history", feature.pk)
    deleted = admin_client.post(address(layer, "delete", id), {"post": "yes"}, follow=True)
    assert f'<a href="{address(layer, "deleted")}">Yang dihapus dapat' in deleted.content.decode()
    page = admin_client.get(history)
    admin_client.post(history, {"edit": page.context["edits"][0][0].id})
    assert layer.model.objects.get(pk=id).geom == feature.geom


def test_features_that_were_deleted_together_are_had_back_too(
    admin_client: Client, layer: Layer, feature: Feature
) -> None:
    sent = {"action": "delete_selected", "_selected_action": [feature.pk], "post": "yes"}
    deleted = admin_client.post(address(layer, "changelist"), sent, follow=True)
    assert f'<a href="{address(layer, "deleted")}">Yang dihapus dapat' in deleted.content.decode()
    assert not layer.model.objects.exists()


def test_what_was_deleted_is_listed_until_it_is_put_back(
    admin_client: Client, layer: Layer, feature_make: FeatureMake
) -> None:
    first, second, there = (feature_make(layer, number, name=f"Lama <{number}>") for number in (1, 2, 3))
    listed, id = address(layer, "deleted"), second.pk
    assert f'href="{listed}"' in admin_client.get(address(layer, "changelist")).content.decode()
    assert admin_client.get(listed).context["deleted"] == []

    for feature in (first, second):
        admin_client.post(address(layer, "delete", feature.pk), {"post": "yes"})
    other = next(known for known in layers() if known is not layer)
    feature_make(other, id=id).delete()  # another layer's
    page = admin_client.get(listed, headers={"accept-language": "en"})
    told = [(one.code, one.name, one.actor) for one in page.context["deleted"]]
    assert told == [(second.code, "Lama <2>", "admin"), (first.code, "Lama <1>", "admin")]
    content = page.content.decode()
    assert "Lama &lt;2&gt;" in content
    assert there.code not in content
    assert [one.id for one in admin_client.get(listed, {"offset": 1}).context["deleted"]] == [
        page.context["deleted"][1].id
    ]

    for _ in range(2):  # deleted twice, it is listed once
        history = address(layer, "history", id)
        assert f'href="{history}"' in admin_client.get(listed).content.decode()
        admin_client.post(history, {"edit": admin_client.get(history).context["edits"][0][0].id})
        assert [one.code for one in admin_client.get(listed).context["deleted"]] == [first.code]
        admin_client.post(address(layer, "delete", id), {"post": "yes"})
    assert [one.code for one in admin_client.get(listed).context["deleted"]] == [second.code, first.code]


def test_history_tells_whole_words_and_folds_shapes(admin_client: Client, feature_make: FeatureMake) -> None:
    """Times are local."""
    layer, ending = layer_get("disaster_zones"), "akhir yang baru"
    zone = feature_make(layer, source="panjang " * 20)
    zone.valid_to, zone.source = datetime(2026, 11, 22, 22, tzinfo=UTC), "panjang " * 20 + ending
    zone.geom = MultiPolygon(zone.geom[0].centroid.buffer(0.01), srid=4326)
    zone.save()
    page = admin_client.get(address(layer, "history", zone.pk), headers={"accept-language": "en"}).content.decode()
    assert "23 Nov 2026, 06:00" in page
    assert f"{ending}\n" in page
    assert ")))</details>" in page


def test_codes_in_another_order_are_no_change(admin_client: Client, feature_make: FeatureMake) -> None:
    layer = layer_get("markets")
    market = feature_make(layer, operating_days=["minggu", "senin"])
    data = posted(admin_client.get(address(layer, "change", market.pk)).context["adminform"].form)
    for days, kept in ((["senin", "minggu"], ["minggu", "senin"]), (["senin"], ["senin"]), ([], [])):
        admin_client.post(address(layer, "change", market.pk), data | {"operating_days": days})
        market.refresh_from_db()
        assert market.operating_days == kept
        data["opened"] = market.updated_at.isoformat()


def test_what_cannot_be_put_back_is_told(admin_client: Client, feature_make: FeatureMake) -> None:
    layer = layer_get("markets")
    feature = feature_make(layer)
    history = address(layer, "history", feature.pk)
    (added, _) = admin_client.get(history).context["edits"][0]
    for edit, words in ((added.id, "there was no item"), (0, "There is no edit 0"), ("x", "There is no edit 0")):
        response = admin_client.post(history, {"edit": edit}, follow=True, headers={"accept-language": "en"})
        assert words in response.content.decode()
    assert admin_client.get(history, {"offset": 2**63 - 1}).status_code == 200
    feature.delete()
    feature_make(layer)
    (gone, _) = admin_client.get(history).context["edits"][0]
    response = admin_client.post(history, {"edit": gone.id}, follow=True, headers={"accept-language": "en"})
    assert "already exists" in response.content.decode()
    assert admin_client.get(address(layer, "history", 999_999_999)).status_code == 302


def test_who_may_only_look_puts_nothing_back(client: Client, feature_make: FeatureMake) -> None:
    layer = layer_get("markets")
    feature = feature_make(layer)
    officer = User.objects.create_user("petugas", is_staff=True)
    client.force_login(officer)
    history = address(layer, "history", feature.pk)
    assert (client.get(history).status_code, client.get(address(layer, "deleted")).status_code) == (403, 403)
    officer.user_permissions.set(Permission.objects.filter(codename="view_market"))
    assert '<form method="post">' not in client.get(history).content.decode()
    assert client.post(history, {"edit": 1}).status_code == 403
    assert client.get(address(layer, "deleted")).status_code == 200


def test_what_ends_at_the_end_of_the_calendar_can_be_edited(admin_client: Client, feature_make: FeatureMake) -> None:
    """There is no local time of it; PostgreSQL's ``infinity`` is read as it, too."""
    zones = layer_get("disaster_zones")
    zone = feature_make(zones, valid_to="2099-01-01T00:00:00Z")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE layers_disasterzone SET valid_to = 'infinity'")
    assert zone.name in admin_client.get(address(zones, "changelist")).content.decode()
    form = admin_client.get(address(zones, "change", zone.pk)).context["adminform"].form
    answer = admin_client.post(address(zones, "change", zone.pk), posted(form) | {"name": "Lain"})
    assert answer.status_code == 302, answer.context["errors"]
    assert "infinity" in admin_client.get(address(zones, "history", zone.pk)).content.decode()
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, extract(year FROM valid_to)::int FROM layers_disasterzone")
        assert cursor.fetchall() == [("Lain", 9999)]
