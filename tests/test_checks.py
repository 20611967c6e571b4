"""The configuration and the models agree, and each way to disagree is named."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from layers.catalog import config
from layers.checks import config_faults
from layers.models import Market

Config = dict[str, Any]
EPSG = "http://www.opengis.net/def/crs/EPSG/0"


def provider(config: Config) -> dict[str, Any]:
    return config["resources"]["markets"]["providers"][0]


def extent(config: Config) -> dict[str, Any]:
    return config["resources"]["markets"]["extents"]["spatial"]


def test_the_configuration_is_sound() -> None:
    assert list(config_faults(config())) == []


def test_a_geometry_of_another_type_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Market, "geometry_type", lambda: "LineString")
    (fault,) = config_faults(config())
    assert (fault.id, "markets: geom is a LineString" in fault.msg) == ("layers.E006", True)
    assert "MultiLineString" in str(fault.hint)


@pytest.mark.parametrize(
    ("spoil", "id", "words"),
    [
        (lambda c: c.pop("metadata"), "layers.E001", "'metadata' is a required property"),
        (lambda c: c["resources"]["markets"]["title"].pop("en"), "layers.E002", "title is missing in: en"),
        (lambda c: provider(c).update(name="PostgreSQL"), "layers.E003", "the provider is PostgreSQL"),
        (lambda c: provider(c).update(data="layers.Mrket"), "layers.E004", "no model 'layers.Mrket'"),
        (lambda c: provider(c).update(data="auth.User"), "layers.E004", "auth.User is not a Feature"),
        (lambda c: provider(c)["properties"].append("prize"), "layers.E005", "no property 'prize'"),
        (lambda c: provider(c)["properties"].append("contact_name"), "layers.E005", "contact_name holds personal data"),
        (lambda c: provider(c).update(id_field="code"), "layers.E006", "id_field must be id"),
        (lambda c: provider(c).update(title_field="nam"), "layers.E006", "title_field is not among"),
        (lambda c: provider(c).update(time_field="name"), "layers.E006", "time_field: 'name' is not a published time"),
        (lambda c: provider(c)["crs"].append("EPSG:32750"), "layers.E007", "crs: 'EPSG:32750'"),
        (lambda c: provider(c)["crs"].append(f"{EPSG}/32754"), "layers.E007", "32754 is made for elsewhere"),
        (lambda c: extent(c).update(bbox=[176.5, -20.5, -178, -15.5]), "layers.E009", "ends at the antimeridian"),
        (lambda c: extent(c).update(bbox=[-9.2, 115.7, -8, 119.4]), "layers.E009", "west, south, east, north"),
        (lambda c: extent(c).update(bbox=[115.7, -9.2, 0, 119.4, -8, 0]), "layers.E009", "cannot be read"),
        (lambda c: c["resources"].pop("markets"), "layers.E008", "layers.Market: is stored and not published"),
        (
            lambda c: c["resources"].update(again=c["resources"]["markets"]),
            "layers.E008",
            "layers.Market: is published twice",
        ),
        (lambda c: provider(c).pop("properties"), "layers.E009", "cannot be read"),
    ],
)
def test_each_fault_is_named_with_a_hint(spoil: Callable[[Config], Any], id: str, words: str) -> None:
    spoilt = deepcopy(config())
    spoil(spoilt)
    faults = list(config_faults(spoilt))
    assert any(fault.id == id and words in fault.msg and fault.hint for fault in faults), faults
