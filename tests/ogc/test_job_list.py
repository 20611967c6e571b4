"""The list of jobs (OGC 18-062r2, class job-list): those of a status, a time, a duration."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from layers.models import Job

ALL = ("accepted", "running", "successful", "failed")


@pytest.fixture
def staff(db: None) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(User.objects.create_user("staf", is_staff=True))
    return client


@pytest.fixture
def made(db: None) -> dict[str, str]:
    """The status of jobs by their id, made at noon of the first days of a year in the order of ``ALL``: one runs for an
    hour, the finished ones took 10 and 100 seconds."""
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    states: list[dict[str, Any]] = [
        {},
        {"started_at": timezone.now() - timedelta(hours=1)},
        {"started_at": noon, "finished_at": noon + timedelta(seconds=10), "result": "{}"},
        {"started_at": noon, "finished_at": noon + timedelta(seconds=100), "problem": {"detail": "x", "status": 503}},
    ]
    jobs = [
        Job.objects.create(inputs={}, response="raw", language="id", created_at=noon + timedelta(days=day), **state)
        for day, state in enumerate(states)
    ]
    return {str(job.pk): job.status for job in jobs}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        *((f"status={status}", {status}) for status in ALL),
        ("status=dismissed", set()),
        ("status=accepted,failed&status=running", {"accepted", "failed", "running"}),
        ("type=process&processID=impact", set(ALL)),
        ("datetime=2026-01-02T12:00:00Z", {"running"}),
        ("datetime=2026-01-03T00:00:00Z/..", {"successful", "failed"}),
        ("datetime=../2026-01-02T12:00:00Z", {"accepted", "running"}),
        ("minDuration=10", {"running", "successful", "failed"}),
        ("minDuration=11", {"running", "failed"}),
        ("maxDuration=100", {"successful", "failed"}),
        ("maxDuration=99", {"successful"}),
        ("minDuration=11&maxDuration=3599", {"failed"}),
        ("minDuration=0&status=accepted", set()),
        ("status=failed&datetime=2026-01-01/2026-01-03", set()),
        ("status=failed,successful&limit=1", {"failed"}),
    ],
)
def test_jobs_are_listed_as_they_are_asked_for(
    staff: Client, made: dict[str, str], asked: str, expected: set[str]
) -> None:
    listed = staff.get(f"/oapi/jobs?{asked}").json()["jobs"]
    assert {made[job["jobID"]] for job in listed} == {job["status"] for job in listed} == expected


@pytest.mark.parametrize(
    "wrong",
    [
        "status=done",
        "status=",
        "status=failed,",
        "type=openeo",
        "processID=dampak",
        "datetime=yesterday",
        "minDuration=-1",
        "maxDuration=PT5S",
        "minDuration=1&minDuration=2",
        "owner=1",
    ],
)
def test_what_the_list_cannot_be_asked_for_is_refused_by_name(staff: Client, wrong: str) -> None:
    answer = staff.get(f"/oapi/jobs?{wrong}")
    assert (answer.status_code, answer.json()["parameter"]) == (400, wrong.partition("=")[0])
