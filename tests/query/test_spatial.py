"""The CRS of the catalogue, in PostGIS's own list."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from layers.query.spatial import crs_register

pytestmark = pytest.mark.django_db


def say(sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else None


def test_a_role_that_did_not_make_the_extension_is_told_what_it_lacks() -> None:
    say("CREATE ROLE plain_owner; SET LOCAL ROLE plain_owner")
    crs_register()  # all are known: nothing is to be written
    say("RESET ROLE; DELETE FROM spatial_ref_sys WHERE srid = 9490; SET LOCAL ROLE plain_owner")

    with pytest.raises(ImproperlyConfigured, match=r"GRANT INSERT ON spatial_ref_sys TO plain_owner$"):
        crs_register()

    say("RESET ROLE; GRANT INSERT ON spatial_ref_sys TO plain_owner; SET LOCAL ROLE plain_owner")
    crs_register()
    assert say("SELECT auth_name, auth_srid FROM spatial_ref_sys WHERE srid = 9490") == [("EPSG", 9490)]
