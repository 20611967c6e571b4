"""Requests made up from the portal's own OpenAPI document are answered as it says, and never by a failure."""

from typing import Any

import pytest
import schemathesis
from conftest import FeatureMake
from django.contrib.auth.models import User
from hypothesis import HealthCheck, settings
from rest_framework.authtoken.models import Token
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from geoportal.wsgi import application
from layers.catalog import layers

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

document = schemathesis.openapi.from_wsgi("/oapi/openapi", application)
document.config.phases.coverage.enabled = False  # it sends ten thousand requests
few = settings(max_examples=4, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
pytestmark = pytest.mark.django_db(transaction=True)


def ask(case: Any, feature_make: FeatureMake, **headers: str) -> None:
    """Send a request, to an item that is there where it is one for an item; what is refused changes nothing."""
    layer = next((layer for layer in layers() if f"/{layer.id}/" in case.path), layers()[0])
    feature = layer.model.objects.first() or feature_make(layer, 99)
    if str(case.path_parameters.get("featureId", "")).isdecimal():
        case.path_parameters["featureId"] = feature.pk
    before = list(layer.model.objects.values())
    answer = case.call_and_validate(headers={"Accept-Encoding": "identity", **headers}, checks=CHECKS)
    assert answer.status_code < 400 or list(layer.model.objects.values()) == before


@document.include(method="GET").parametrize()
@few
def test_reading(case: Any, feature_make: FeatureMake) -> None:
    ask(case, feature_make)


@document.include(path_regex="/search$").parametrize()
@few
def test_searching(case: Any, feature_make: FeatureMake) -> None:
    ask(case, feature_make)


@document.exclude(method="GET").exclude(path_regex="/search$").parametrize()
@few
def test_editing(case: Any, feature_make: FeatureMake) -> None:
    user, _ = User.objects.get_or_create(username="petugas", is_superuser=True)
    token, _ = Token.objects.get_or_create(user=user)
    ask(case, feature_make, Authorization=f"Token {token}")
