"""OGC API - Processes: the process ``impact`` answers what REST answers, at once and as a job."""

import json
from typing import Any

import pytest
from conftest import FeatureMake
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from hazard_scene import SOUTH, WEST, make, scene_make

from layers.models import Job
from layers.rest.impact_body import MAX_VERTICES
from layers.rest.impact_inputs import INPUTS
from layers.services import jobs

EXECUTION = "/oapi/processes/impact/execution"
RING = [[WEST, SOUTH], [WEST + 0.01, SOUTH], [WEST + 0.01, SOUTH + 0.01], [WEST, SOUTH + 0.01], [WEST, SOUTH]]
POLYGON = {"type": "Polygon", "coordinates": [RING]}
PASSING = ("datetime", "computed_at")
REL = "http://www.opengis.net/def/rel/ogc/1.0"
EXCEPTIONS = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0"

pytestmark = pytest.mark.django_db


@pytest.fixture
def web() -> Client:
    return Client(headers={"accept-language": "en"})


def execute(web: Client, body: Any, **headers: str) -> Any:
    content = body if isinstance(body, str) else json.dumps(body)
    return web.post(EXECUTION, content, content_type="application/json", headers=headers)


def job_make(web: Client, **inputs: Any) -> str:
    answer = execute(web, {"inputs": inputs or {"geometry": POLYGON}}, prefer="respond-async")
    assert answer.status_code == 201, answer.content
    return str(answer["Location"]).removeprefix("http://testserver")


def lasting(impact: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in impact.items() if name not in PASSING}


def test_the_process_is_listed_and_described(web: Client) -> None:
    listed = web.get("/oapi/processes", {"limit": 1}).json()
    described = web.get("/oapi/processes/impact").json()

    (summary,) = listed["processes"]
    assert (summary["id"], summary["jobControlOptions"]) == ("impact", ["sync-execute", "async-execute", "dismiss"])
    inputs, outputs = described.pop("inputs"), described.pop("outputs")
    assert described == summary
    assert {name: one["schema"] for name, one in inputs.items()} == {name: one[1] for name, one in INPUTS.items()}
    assert {(one["minOccurs"], one["maxOccurs"]) for one in inputs.values()} == {(0, 1)}
    assert outputs["impact"]["schema"] == {"type": "object", "contentMediaType": "application/json"}
    links = {link["rel"]: link["href"] for link in summary["links"]}
    assert links[f"{REL}/execute"] == f"http://testserver{EXECUTION}"
    landing = {link["rel"]: link["href"] for link in web.get("/oapi").json()["links"]}
    assert landing[f"{REL}/processes"] == "http://testserver/oapi/processes"
    assert web.get("/oapi/processes", {"limit": 0}).json()["parameter"] == "limit"
    assert landing[f"{REL}/job-list"] == "http://testserver/oapi/jobs"


@pytest.mark.parametrize("wrapped", [False, True])
def test_it_answers_what_rest_answers(web: Client, feature_make: FeatureMake, wrapped: bool) -> None:
    scene_make(feature_make)
    asked = {"datetime": "2026-01-01T12:00:00+08:00", "standard": "bnpb", "days": 3, "limit": 1}
    query = "&".join(f"{name}={value}" for name, value in asked.items()).replace("+", "%2B")
    rest = web.post(f"/api/v1/hazards/impact?{query}", POLYGON, content_type="application/json")

    inputs = {"geometry": POLYGON, **asked}
    if wrapped:
        inputs = {name: {"value": value} for name, value in inputs.items()}
    answer = execute(web, {"inputs": inputs})

    assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"]) == (
        200,
        "application/json",
        "no-store",
    )
    assert lasting(answer.json()) == lasting(rest.json())
    assert answer.json()["people"]["affected"] == 1000


def test_a_zone_and_an_item_by_its_address(web: Client, feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    zone = make(feature_make, "disaster_zones", 9, WEST, SOUTH, code="alamat")
    href = f"http://testserver/oapi/collections/disaster_zones/items/{zone.pk}?f=json"

    by_id, by_address = (
        execute(web, {"inputs": inputs}).json() for inputs in ({"zone": zone.pk}, {"geometry": {"href": href}})
    )

    assert [one["code"] for one in by_id.pop("about")] == ["alamat"]
    assert by_address.pop("about") == [], "an address is read as the geometry that is there"
    assert lasting(by_id) == lasting(by_address)
    assert by_id["people"]["affected"] == 1000


def test_whole_numbers_may_be_written_with_a_point(web: Client, feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    zone = make(feature_make, "disaster_zones", 9, WEST, SOUTH, code="alamat")
    plain, pointed = (
        execute(web, {"inputs": {"zone": kind(zone.pk), "days": kind(3), "limit": kind(1)}}) for kind in (int, float)
    )
    assert (plain.status_code, pointed.status_code) == (200, 200)
    assert lasting(pointed.json()) == lasting(plain.json())


def test_as_a_document(web: Client, feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    outputs = {"impact": {"transmissionMode": "value", "format": {"mediaType": "application/json"}}}
    answer = execute(web, {"inputs": {"geometry": POLYGON}, "outputs": outputs, "response": "document"}).json()
    assert answer["impact"]["value"]["people"]["affected"] == 1000


def test_a_job_from_its_making_to_its_dismissal(web: Client, feature_make: FeatureMake) -> None:
    scene_make(feature_make)
    answer = execute(web, {"inputs": {"geometry": POLYGON}}, prefer="wait=10, respond-async")

    assert (answer.status_code, answer["Preference-Applied"]) == (201, "respond-async")
    job = answer["Location"].removeprefix("http://testserver")
    status = web.get(job).json()
    assert status == answer.json()
    assert (status["status"], status["type"], status["processID"]) == ("accepted", "process", "impact")
    early = web.get(f"{job}/results")
    assert (early.status_code, early.json()["type"]) == (404, f"{EXCEPTIONS}/result-not-ready")

    call_command("jobs_run", "--once")

    status = web.get(job).json()
    assert status["status"] == "successful"
    assert status["created"] <= status["started"] <= status["finished"]
    (results,) = (link["href"] for link in status["links"] if link["rel"] == f"{REL}/results")
    assert web.get(results, {"fomat": "json"}).json()["parameter"] == "fomat"
    found = web.get(results).json()
    assert lasting(found) == lasting(execute(web, {"inputs": {"geometry": POLYGON}}).json())
    dismissed = web.delete(job)
    assert (dismissed.status_code, dismissed.json()["status"]) == (200, "dismissed")
    for address in (job, f"{job}/results"):
        gone = web.get(address)
        assert (gone.status_code, gone.json()["type"]) == (404, f"{EXCEPTIONS}/no-such-job")
    assert web.delete(job).status_code == 404


def test_a_job_that_fails_tells_what_was_wrong(web: Client) -> None:
    job = job_make(web, zone=99)
    call_command("jobs_run", "--once")

    assert (web.get(job).json()["status"], web.get(job).json()["message"]) == ("failed", "There is no such zone.")
    answer = web.get(f"{job}/results")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["parameter"] == "zone"


BOWTIE = {
    "type": "Polygon",
    "coordinates": [[[116.1, -8.6], [116.2, -8.5], [116.1, -8.5], [116.2, -8.6], [116.1, -8.6]]],
}


@pytest.mark.parametrize("prefer", ["", "respond-async"])
@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ("[]", "inputs"),
        ("{}", "inputs"),
        ({"inputs": []}, "inputs"),
        ({"inputs": {}}, "inputs"),
        ({"inputs": {"days": 3}}, "inputs"),
        ({"inputs": {"zone": 1, "alert": "x"}}, "inputs"),
        ({"inputs": {"threshold": 1}}, "inputs"),
        ({"inputs": {"raster": "x"}}, "inputs"),
        ({"inputs": {"zone": "1"}}, "zone"),
        ({"inputs": {"zone": 2**70}}, "zone"),
        ({"inputs": {"zone": {"href": "http://testserver/"}}}, "zone"),
        ({"inputs": {"alert": "x"}}, "alert"),
        ({"inputs": {"alert": "\x00"}}, "alert"),
        ({"inputs": {"raster": "x", "threshold": 1}}, "raster"),
        ({"inputs": {"raster": "\ud800", "threshold": 1}}, "raster"),
        ({"inputs": {"raster": "x", "threshold": 10**400}}, "threshold"),
        ({"inputs": {"geometry": "x"}}, "geometry"),
        ({"inputs": {"geometry": {}}}, "geometry"),
        ({"inputs": {"geometry": {"type": "Point", "coordinates": [116, -8]}}}, "geometry"),
        ({"inputs": {"geometry": {"zone": 1}}}, "geometry"),
        ({"inputs": {"geometry": BOWTIE}}, "geometry"),
        ({"inputs": {"geometry": {"href": "http://example.com/oapi/collections/markets/items/1"}}}, "geometry"),
        ({"inputs": {"geometry": {"href": "http://testserver/oapi/collections/markets/items/1"}}}, "geometry"),
        ({"inputs": {"geometry": {"href": "http://testserver/oapi/collections/x/items/1"}}}, "geometry"),
        ({"inputs": {"geometry": {"href": 5}}}, "geometry"),
        ({"inputs": {"geometry": POLYGON, "datetime": "kemarin"}}, "datetime"),
        ({"inputs": {"geometry": POLYGON, "standard": "x"}}, "standard"),
        ({"inputs": {"geometry": POLYGON, "days": 0}}, "days"),
        ({"inputs": {"geometry": POLYGON, "limit": True}}, "limit"),
        ({"inputs": {"geometry": POLYGON, "days": 7.5}}, "days"),
        ({"inputs": {"zone": 1e300}}, "zone"),
        ({"inputs": {"geometry": POLYGON, "luas": 1}}, "luas"),
        ({"inputs": {"\ud800": 1}}, "\ud800"),
        ({"inputs": {}, "\ud800": 1}, "\ud800"),
        ({"inputs": {"geometry": POLYGON}, "outputs": {"x": {}}}, "outputs"),
        ({"inputs": {"geometry": POLYGON}, "outputs": {"impact": {"transmissionMode": "reference"}}}, "outputs"),
        ({"inputs": {"geometry": POLYGON}, "outputs": {"impact": {"format": {"mediaType": "text/csv"}}}}, "outputs"),
        ({"inputs": {"geometry": POLYGON}, "outputs": {"impact": 1}}, "outputs"),
        ({"inputs": {"geometry": POLYGON}, "response": "x"}, "response"),
        ({"inputs": {"geometry": POLYGON}, "subscriber": {"successUri": "http://example.com"}}, "subscriber"),
    ],
)
def test_what_is_wrong_is_refused_by_name_before_there_is_a_job(
    web: Client, body: Any, parameter: str, prefer: str
) -> None:
    answer = execute(web, body, prefer=prefer)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["parameter"] == parameter
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    "body", ["{", '{"inputs": NaN}', "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "[" * 100_000]
)
def test_bodies_that_are_no_json(web: Client, body: str) -> None:
    assert execute(web, body).status_code == 400


def test_a_surrogate_is_refused_at_both_doors(web: Client) -> None:
    alert = {"alert": "\ud800"}
    rest = web.post("/api/v1/hazards/impact", json.dumps(alert), content_type="application/json")
    assert (rest.status_code, execute(web, {"inputs": alert}).status_code) == (400, 400)


def test_what_is_too_large_is_413(web: Client, settings: Any) -> None:
    top = [[round(116 + n / 10**6, 6), -8 + n % 2 / 10**6] for n in range(MAX_VERTICES)]
    polygon = {"type": "Polygon", "coordinates": [[[116, -9], [117, -9], *reversed(top), [116, -9]]]}
    assert execute(web, {"inputs": {"geometry": polygon}}, prefer="respond-async").status_code == 413
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert execute(web, {"inputs": {"geometry": POLYGON}}, prefer="respond-async").status_code == 413
    assert not Job.objects.exists()


def test_members_that_a_geometry_does_not_have_are_not_stored(web: Client) -> None:
    job_make(web, geometry={**POLYGON, "name": "\x00"})
    assert Job.objects.get().inputs == {"geometry": POLYGON}


def test_too_many_waiting_jobs_are_503(web: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "WAITING", 1)
    job_make(web)
    answer = execute(web, {"inputs": {"geometry": POLYGON}}, prefer="respond-async")
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert execute(web, {"inputs": {"geometry": POLYGON}}).status_code == 200


def test_strangers_see_no_list(web: Client) -> None:
    user = User.objects.create_user("petugas", password="rahasia")
    staff = User.objects.create_user("staf", password="rahasia", is_staff=True)
    anonymous = job_make(web)
    signed_in = Client(headers={"accept-language": "en"})
    signed_in.force_login(user)
    own = job_make(signed_in)
    assert Job.objects.get(pk=own.rpartition("/")[2]).owner == user

    def listed(client: Client, **query: Any) -> set[str]:
        found = client.get("/oapi/jobs", query).json()["jobs"]
        return {f"/oapi/jobs/{job['jobID']}" for job in found}

    assert (listed(web), listed(signed_in)) == (set(), {own})
    signed_in.force_login(staff)
    assert listed(signed_in) == {anonymous, own}
    assert len(listed(signed_in, limit=1)) == 1
    for client in (web, signed_in):
        assert {client.get(job).status_code for job in (anonymous, own)} == {200}
    wrong = web.get("/oapi/jobs", headers={"authorization": "Token salah"})
    assert (wrong.status_code, wrong["WWW-Authenticate"]) == (401, 'Basic realm="api"')
    assert web.get("/oapi/jobs", {"limit": 0}).json()["parameter"] == "limit"


def test_a_session_without_its_token_makes_no_job() -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.create_user("petugas"))
    assert execute(strict, {"inputs": {"geometry": POLYGON}}, prefer="respond-async").status_code == 403
    assert execute(strict, {"inputs": {"geometry": POLYGON}}).status_code == 200


@pytest.mark.parametrize(
    "address", ["processes/x", "jobs/x", "jobs/x/results", "jobs/00000000-0000-4000-8000-000000000000"]
)
def test_what_is_not_there_is_404(web: Client, address: str) -> None:
    answer = web.get(f"/oapi/{address}")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["type"].startswith(EXCEPTIONS)


def test_methods(web: Client) -> None:
    for address, allow in (("processes", "GET, HEAD"), ("processes/impact/execution", "POST"), ("jobs", "GET, HEAD")):
        answer = web.delete(f"/oapi/{address}")
        assert (answer.status_code, answer["Allow"]) == (405, f"{allow}, OPTIONS")


@pytest.mark.parametrize(("language", "word"), [("id", "Penduduk terdampak"), ("en", "People affected")])
def test_pages(web: Client, language: str, word: str) -> None:
    def page(path: str) -> str:
        answer = web.get(path, {"f": "html", "lang": language})
        assert (answer.status_code, answer["Content-Type"]) == (200, "text/html; charset=utf-8")
        return str(answer.content.decode())

    job = job_make(web, zone=99)
    assert word in page("/oapi/processes")
    assert word in page("/oapi/processes/impact")
    assert 'http-equiv="refresh"' in page(job)
    call_command("jobs_run", "--once")
    assert "There is no such zone." in page(job)
    assert 'http-equiv="refresh"' not in page(job)
    assert job not in page("/oapi/jobs")
