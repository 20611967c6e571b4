"""Real files of Mataram and Lombok go in as a planner would put them in, and come out of the OGC API.

They are not part of the project: the folder ``../shared/data`` beside the checkout holds them, where it is there.
"""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client

from layers.models import AdministrativeArea, DisasterZone, HealthFacility

DATA = Path(settings.BASE_DIR).parent / "shared" / "data"

pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason="there is no folder ../shared/data beside the checkout"),
    pytest.mark.django_db,
]

KELURAHAN = (
    "administrative_areas",
    DATA / "boundaries" / "mataram_kelurahan.geojson",
    *("--map", "code=kode", "--map", "name=nama", "--map", "bps_code=kode_bps"),
    *("--source", "Cahya DSN (MIT)"),
)

BANDS = (
    "disaster_zones",
    DATA / "shakemap" / "bmkg_20180805000000_lombok_mmi_bands.geojson",
    *("--map", "value_min=mmi_min", "--map", "value_max=mmi_max"),
    *("--set", "hazard=108", "--set", "kind=Kejadian teramati", "--set", "unit=mmi", "--set", "breaks=5/6"),
    *("--source", "BMKG ShakeMap", "--observed-at", "2018-08-05 19:46:37"),
    "--sql",
    """
    SELECT *, 'mmi-20180805-' || mmi_min AS code, 'Gempa 5 Agustus 2018, MMI ' || mmi_min || '-' || mmi_max AS name,
        CASE WHEN mmi_max <= 5 THEN 'rendah' WHEN mmi_max <= 6 THEN 'sedang' ELSE 'tinggi' END AS level
    FROM bmkg_20180805000000_lombok_mmi_bands
    """,
)

HOSPITALS = (
    "health_facilities",
    DATA / "osm" / "osm_mataram_health_subset.geojson",
    *("--map", "code=osm_id", "--map", "declared_area=in_kelurahan"),
    *("--source", "OpenStreetMap (ODbL)"),
    "--sql",
    """
    SELECT osm_id, name, in_kelurahan, ST_PointOnSurface(geometry) AS geometry,
        CASE WHEN name LIKE 'Puskesmas Pembantu %' THEN 'pustu'
             WHEN name LIKE 'Puskesmas %' THEN 'puskesmas' ELSE 'rumah_sakit' END AS type
    FROM osm_mataram_health_subset WHERE amenity = 'hospital'
    """,
)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: object) -> str:
        call_command("layer_import", *map(str, arguments))
        return capsys.readouterr().out

    return run


def served(client: Client, layer: str, **parameters: str) -> dict[str, Any]:
    response = client.get(f"/oapi/collections/{layer}/items", {"f": "json", "limit": "100", **parameters})
    assert response.status_code == 200
    return dict(response.json())


def test_kelurahan(run: Any, client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    """One boundary has a spike without an area, and one kelurahan lacks its BPS code."""
    with pytest.raises(CommandError, match="tidak ada yang ditulis"):
        run(*KELURAHAN)
    assert "(52.71.01.1004): geom: Geometri tidak sah: Too few points" in capsys.readouterr().err
    assert not AdministrativeArea.objects.exists()

    assert run(*KELURAHAN, "--repair") == (
        "administrative_areas: 50 dibuat, 0 diubah, 0 tetap, 0 ditolak, 1 geometri diperbaiki\n"
        "Tidak dipakai: centroid_lat, centroid_lon, luas_km2_utm50s, kode_kecamatan, kecamatan\n"
    )
    assert run(*KELURAHAN, "--repair").startswith("administrative_areas: 0 dibuat, 0 diubah, 50 tetap, 0 ditolak")

    pejeruk = AdministrativeArea.objects.get(bps_code="")
    assert (pejeruk.code, pejeruk.name, pejeruk.level, pejeruk.parent) == (
        "52.71.01.1006",
        "Pejeruk",
        "kelurahan",
        "52.71.01",
    )
    document = served(client, "administrative_areas")
    assert (document["numberMatched"], len(document["features"])) == (50, 50)
    assert {feature["geometry"]["type"] for feature in document["features"]} == {"MultiPolygon"}


def test_mmi_bands(run: Any, client: Client) -> None:
    assert run(*BANDS) == "disaster_zones: 8 dibuat, 0 diubah, 0 tetap, 0 ditolak\n"

    assert list(DisasterZone.objects.order_by("value_min").values_list("value_min", "value_max", "level")) == [
        (3.5, 4, "rendah"),
        (4, 4.5, "rendah"),
        (4.5, 5, "rendah"),
        (5, 5.5, "sedang"),
        (5.5, 6, "sedang"),
        (6, 6.5, "tinggi"),
        (6.5, 7, "tinggi"),
        (7, 7.5, "tinggi"),
    ]
    assert served(client, "disaster_zones", hazard="108")["numberMatched"] == 8
    over_mataram = served(client, "disaster_zones", bbox="116.10,-8.60,116.11,-8.59")["features"]
    assert [feature["properties"]["code"] for feature in over_mataram] == ["mmi-20180805-6.0"]


def test_hospitals(run: Any, client: Client) -> None:
    run(*KELURAHAN, "--repair")

    assert run(*HOSPITALS) == "health_facilities: 11 dibuat, 0 diubah, 0 tetap, 0 ditolak\n"

    names = dict(AdministrativeArea.objects.values_list("code", "name"))
    facilities = list(HealthFacility.objects.all())
    assert [one.code for one in facilities if names.get(one.area) != one.declared_area.split(" / ")[0]] == []
    assert {one.name for one in facilities if one.type != "rumah_sakit"} == {
        "Puskesmas Ampenan",
        "Puskesmas Pagesangan",
        "Puskesmas Pembantu Ampenan Selatan",
    }
    assert served(client, "health_facilities")["numberMatched"] == 11


def test_a_boundary_file_over_the_samples(run: Any) -> None:
    """Official boundaries replace the sample's by code; what the file does not say stays."""
    call_command("samples_load")

    out = run(*KELURAHAN, "--repair")

    assert "50 diubah" in out
    assert AdministrativeArea.objects.count() == 58
    assert AdministrativeArea.objects.filter(source="Cahya DSN (MIT)").count() == 50
