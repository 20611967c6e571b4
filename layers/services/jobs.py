"""Jobs: taken in up to a bound, computed by whoever is free, kept for a while.

A job is a row, so it outlives every process. A worker holds it by a lease that it prolongs while it lives; what a
killed worker held is free again once the lease is past.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from layers.errors import NotFound, ServerError, Unavailable
from layers.models import Job
from layers.text import text

LEASE = 15
"""Seconds."""

ATTEMPTS = 3
"""After so many workers that ended while at it, a job is given up."""

WAITING = 20
"""Unfinished jobs of a user; those who are not signed in count as one."""

KEPT = 100
"""Finished jobs of a user; the oldest go first."""

KEPT_FOR = timedelta(days=7)

EXCEPTION = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0"

logger = logging.getLogger(__name__)


def job_submit(inputs: dict[str, Any], response: str, language: str, owner: User | None) -> Job:
    """
    Raises:
        Unavailable: too many jobs of this owner wait already.
    """
    if Job.objects.filter(owner=owner, finished_at=None).count() >= WAITING:
        raise Unavailable(
            text(
                f"Sudah {WAITING} pekerjaan menunggu. Cobalah lagi sebentar lagi, atau tanpa respond-async.",
                f"{WAITING} jobs wait already. Try again in a moment, or without respond-async.",
            )
        )
    job = Job.objects.create(inputs=inputs, response=response, language=language, owner=owner)
    job.refresh_from_db()
    return job


def job_get(id: str) -> Job:
    """
    Raises:
        NotFound: there is none of that id, or not any more.
    """
    job = Job.objects.defer("inputs").filter(pk=id).first() if _is_uuid(id) else None
    if job:
        return job
    raise NotFound(
        text(
            f"Tidak ada pekerjaan {id!r}; yang selesai disimpan paling lama {KEPT_FOR.days} hari.",
            f"There is no job {id!r}; those finished are kept for {KEPT_FOR.days} days at most.",
        ),
        type=f"{EXCEPTION}/no-such-job",
    )


def jobs_of(user: User | None) -> QuerySet[Job]:
    """The jobs that a user may list, the newest first: his own, all for staff, none for who is not signed in."""
    listed = Job.objects.order_by("-created_at").defer("inputs", "result")
    if user is None:
        return listed.none()
    return listed if user.is_staff else listed.filter(owner=user)


def job_dismiss(id: str) -> Job:
    """Forget a job, finished or not; a worker that is at it finds nowhere to leave its answer.

    Raises:
        NotFound: there is none of that id.
    """
    job = job_get(id)
    Job.objects.filter(pk=job.pk).delete()
    return job


@transaction.atomic
def job_claim() -> Job | None:
    """The unfinished job that waits longest and that nobody holds, held from now on; None where there is none."""
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    waiting = Job.objects.select_for_update(skip_locked=True).filter(free, finished_at=None)
    job = waiting.order_by("created_at").first()
    if job is None:
        return None
    if job.attempts == ATTEMPTS:
        given_up = ServerError(
            text(
                f"Dicoba {ATTEMPTS} kali, dan setiap kali prosesnya berakhir.",
                f"It was tried {ATTEMPTS} times, and each time the process ended.",
            )
        )
        job_finish(job, problem=given_up.document())
        return job_claim()
    job.attempts += 1
    job.started_at = job.started_at or now
    job.lease_until = now + timedelta(seconds=LEASE)
    job.save(update_fields=["attempts", "started_at", "lease_until"])
    return job


@contextmanager
def job_held(job: Job) -> Iterator[None]:
    """Prolong the lease, from a thread, for as long as this process is at the job."""
    done = Event()

    def prolong() -> None:
        while not done.wait(LEASE / 3):
            until = timezone.now() + timedelta(seconds=LEASE)
            try:
                Job.objects.filter(pk=job.pk, finished_at=None).update(lease_until=until)
            except (DatabaseError, InterfaceError) as error:
                logger.warning("job %s: its lease is not prolonged: %s", job.pk, error)
                connection.close()  # the next turn opens another one
        connection.close()

    thread = Thread(target=prolong, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def job_finish(job: Job, *, result: str = "", problem: dict[str, Any] | None = None) -> None:
    """Leave the answer, unless it was dismissed or another worker was faster; forget what is kept long enough."""
    unfinished = Job.objects.filter(pk=job.pk, finished_at=None)
    unfinished.update(result=result, problem=problem, finished_at=timezone.now(), lease_until=None)
    finished = Job.objects.filter(finished_at__isnull=False)
    too_many = finished.filter(owner=job.owner_id).order_by("-finished_at").values_list("pk", flat=True)[KEPT:]
    finished.filter(Q(finished_at__lt=timezone.now() - KEPT_FOR) | Q(pk__in=list(too_many))).delete()


def _is_uuid(id: str) -> bool:
    try:
        return str(UUID(id)) == id
    except ValueError:
        return False
