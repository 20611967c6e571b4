"""Jobs: claimed once, taken up again when their worker is gone, bounded in number, computed by ``jobs_run``."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from typing import Any

import pytest
from conftest import FeatureMake
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone
from hazard_scene import SOUTH, WEST, scene_make

from layers.errors import NotFound, Unavailable
from layers.models import Job
from layers.services import jobs

RING = [[WEST, SOUTH], [WEST + 0.01, SOUTH], [WEST + 0.01, SOUTH + 0.01], [WEST, SOUTH + 0.01], [WEST, SOUTH]]
INPUTS = {"geometry": {"type": "Polygon", "coordinates": [RING]}}


def submit(owner: User | None = None, **inputs: Any) -> Job:
    return jobs.job_submit(inputs or INPUTS, "raw", "en", owner)


def claimed() -> Job:
    submit()
    job = jobs.job_claim()
    assert job
    return job


@pytest.mark.django_db
def test_the_oldest_is_claimed_once_and_again_when_its_lease_is_past() -> None:
    first, second = submit(), submit()
    Job.objects.filter(pk=first.pk).update(created_at=timezone.now() - timedelta(minutes=1))

    assert [jobs.job_claim(), jobs.job_claim(), jobs.job_claim()] == [first, second, None]
    first.refresh_from_db()
    assert (first.status, first.attempts) == ("running", 1)
    Job.objects.filter(pk=first.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.job_claim() == first
    first.refresh_from_db()
    assert first.attempts == 2


@pytest.mark.django_db
def test_a_job_that_ends_its_workers_is_given_up() -> None:
    job = submit()
    for _ in range(jobs.ATTEMPTS):
        assert jobs.job_claim() == job
        Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    other = submit()

    assert jobs.job_claim() == other
    job.refresh_from_db()
    assert (job.status, job.problem["status"]) == ("failed", 500)


def outlive_the_lease(job: Job) -> None:
    """Wait until the job is held by a lease that was given after the present one had been over."""

    def lease() -> Any:
        return jobs.job_get(str(job.pk)).lease_until

    present = lease()
    until(lambda: lease() > present + timedelta(seconds=jobs.LEASE))


def test_two_workers_do_not_claim_the_same(elsewhere: BaseDatabaseWrapper) -> None:
    job = submit()
    with elsewhere.cursor() as cursor:
        cursor.execute("SELECT FROM layers_job WHERE id = %s FOR UPDATE", [job.pk])
    assert jobs.job_claim() is None
    elsewhere.rollback()
    assert jobs.job_claim() == job


@pytest.mark.django_db(transaction=True)
def test_a_job_at_work_keeps_its_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LEASE", 6)
    job = claimed()
    with jobs.job_held(job):
        outlive_the_lease(job)
        assert jobs.job_claim() is None
    until(lambda: jobs.job_claim() == job, seconds=20)


@pytest.mark.django_db(transaction=True)
def test_a_job_at_work_keeps_its_lease_when_the_database_hangs_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LEASE", 6)
    job = claimed()

    def hang_up() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
            return cursor.fetchall() == [(True,)]

    with jobs.job_held(job):
        until(hang_up)
        outlive_the_lease(job)
        assert jobs.job_claim() is None


@pytest.mark.django_db
def test_who_waits_with_many_jobs_is_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "WAITING", 2)
    user = User.objects.create(username="petugas")
    submit()
    finished = submit()
    jobs.job_finish(finished, result="{}")
    submit()
    with pytest.raises(Unavailable) as refused:
        submit()
    assert refused.value.headers["Retry-After"]
    assert submit(user).owner == user
    assert Job.objects.count() == 4


@pytest.mark.django_db
def test_finished_jobs_are_forgotten_by_number_and_age(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "KEPT", 2)
    user = User.objects.create(username="petugas")
    old, of_user, first, second, third, waiting = submit(user), submit(user), *(submit() for _ in range(4))
    for age, job in enumerate((third, second, first)):
        Job.objects.filter(pk=job.pk).update(created_at=timezone.now() - timedelta(minutes=age + 1))
    for job in (old, of_user, first, second):
        jobs.job_finish(job, result="{}")
    Job.objects.filter(pk=old.pk).update(finished_at=timezone.now() - jobs.KEPT_FOR - timedelta(seconds=1))
    jobs.job_finish(third, result="{}")
    assert set(Job.objects.all()) == {of_user, second, third, waiting}


@pytest.mark.django_db
def test_what_was_dismissed_stays_away() -> None:
    job = submit()
    jobs.job_claim()
    jobs.job_dismiss(str(job.pk))
    jobs.job_finish(job, result="{}")
    for id in (str(job.pk), "x", str(job.pk).upper(), f"{{{job.pk}}}", "\x00"):
        with pytest.raises(NotFound):
            jobs.job_get(id)


@pytest.mark.django_db
def test_the_first_answer_stays() -> None:
    job = submit()
    jobs.job_finish(job, result='{"n": 1}')
    jobs.job_finish(job, result='{"n": 2}')
    assert jobs.job_get(str(job.pk)).result == '{"n": 1}'


@pytest.mark.django_db
def test_lists_show_ones_own() -> None:
    user, other, staff = (User.objects.create(username=name, is_staff=name == "staf") for name in ("a", "b", "staf"))
    own, stranger = submit(user), submit()
    assert list(jobs.jobs_of(user)) == [own]
    assert list(jobs.jobs_of(other)) == list(jobs.jobs_of(None)) == []
    assert set(jobs.jobs_of(staff)) == {own, stranger}


@pytest.mark.django_db(transaction=True)
def test_jobs_run_goes_on_when_there_was_no_memory_for_a_thread(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    job = submit()

    def refuse(*_: Any) -> None:
        raise RuntimeError("can't start new thread")

    def wait(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("layers.management.commands.jobs_run.job_held", refuse)
    monkeypatch.setattr("layers.management.commands.jobs_run.time.sleep", wait)
    with pytest.raises(KeyboardInterrupt):
        call_command("jobs_run")
    assert "can't start new thread" in caplog.text
    job.refresh_from_db()
    assert job.finished_at is None


@pytest.mark.django_db(transaction=True)
def test_jobs_run_computes_each_in_its_language(feature_make: FeatureMake, monkeypatch: pytest.MonkeyPatch) -> None:
    scene_make(feature_make)
    good, missing, broken = submit(), submit(zone=2**40), submit(zone=1)
    Job.objects.filter(pk=missing.pk).update(language="id")
    Job.objects.filter(pk=broken.pk).update(inputs={"zone": None, "days": {}, "geometry": 1})

    call_command("jobs_run", "--once")

    good, missing, broken = (jobs.job_get(str(job.pk)) for job in (good, missing, broken))
    assert '"affected":1000' in good.result
    assert '"note":"Outside of zones' in good.result
    assert missing.problem == {
        "title": "Bad Request",
        "status": 400,
        "detail": "Tidak ada zona seperti itu.",
        "parameter": "zone",
    }
    assert (broken.status, broken.problem["status"]) == ("failed", 400)


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_takes_too_long_ends_the_job_and_not_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(_: Any) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(10)")
        return "{}"

    monkeypatch.setattr("layers.management.commands.jobs_run.impact_answer", slow)
    monkeypatch.setattr("layers.management.commands.jobs_run.TIMEOUT", 1)
    job = submit()
    call_command("jobs_run", "--once")
    job = jobs.job_get(str(job.pk))
    assert (job.status, job.problem["status"]) == ("failed", 503)


def worker() -> "subprocess.Popen[bytes]":
    """``manage.py jobs_run`` in a process of its own, on the database of the test."""
    known = connection.settings_dict
    url = f"postgresql://{known['USER']}:{known['PASSWORD']}@{known['HOST']}:{known['PORT']}/{known['NAME']}"
    command = [sys.executable, "manage.py", "jobs_run"]
    return subprocess.Popen(command, cwd=settings.BASE_DIR, env=os.environ | {"DATABASE_URL": url})


def until(condition: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.django_db(transaction=True)
def test_a_job_survives_the_end_of_its_worker(feature_make: FeatureMake) -> None:
    """The first worker is killed while it waits for a table that the test holds; the second one computes the job."""
    scene_make(feature_make)
    job = submit()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE layers_administrativearea IN ACCESS EXCLUSIVE MODE")
        first = worker()
        until(lambda: jobs.job_get(str(job.pk)).status == "running")
        first.send_signal(signal.SIGKILL)
        first.wait()
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now())
    second = worker()
    try:
        until(lambda: jobs.job_get(str(job.pk)).status == "successful")
    finally:
        second.terminate()
        second.wait()
    done = jobs.job_get(str(job.pk))
    assert done.attempts == 2
    assert '"affected":1000' in done.result
