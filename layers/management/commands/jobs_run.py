"""``manage.py jobs_run``: compute the jobs that were asked for with ``Prefer: respond-async``."""

import logging
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, InterfaceError, connection
from django.utils import translation

from layers.errors import Problem, ServerError, Unavailable
from layers.models import Job
from layers.query.jobs import timeout_set
from layers.rest.impact_inputs import impact_answer, inputs_parse
from layers.services.jobs import job_claim, job_finish, job_held
from layers.text import text

TIMEOUT = 300
"""Seconds that a statement of a job may take."""

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = str(
        text(
            "Menghitung pekerjaan OGC API Processes yang menunggu, satu demi satu. Boleh berjalan beberapa sekaligus; "
            "yang terputus di tengah dikerjakan ulang.",
            "Compute the jobs of OGC API Processes that wait, one after another. Several may run at the same time; "
            "what one that was killed leaves behind is taken up again.",
        )
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        once = text("berhenti bila tidak ada yang menunggu", "end where none waits")
        parser.add_argument("--once", action="store_true", help=str(once))

    def handle(self, *, once: bool, **_: Any) -> None:
        well = True
        while True:
            try:
                job = job_claim()
                if job:
                    _run(job)
                well = True
            except Exception as error:  # such as a database that is gone, or no memory for a thread: it may come back
                if once:
                    raise
                if well:
                    logger.error("jobs wait: %r", error)
                well, job = False, None
                connection.close()
            if job is None:
                if once:
                    return
                time.sleep(1)


def _run(job: Job) -> None:
    """Compute a job and leave its answer; the database's own failures are left to who claims it next."""
    with job_held(job), translation.override(job.language):
        try:
            timeout_set(TIMEOUT)
            result = impact_answer(inputs_parse(job.inputs))
        except Problem as problem:
            job_finish(job, problem=problem.document())
        except (DatabaseError, InterfaceError):
            if not connection.is_usable():
                raise
            logger.exception("job %s", job.pk)
            slow = text("Basis data tidak selesai menghitungnya.", "The database did not compute it to the end.")
            job_finish(job, problem=Unavailable(slow).document())
        except Exception:
            logger.exception("job %s", job.pk)
            failed = text("Kesalahan pada peladen; sudah dicatat.", "The server failed; the cause is in its log.")
            job_finish(job, problem=ServerError(failed).document())
        else:
            job_finish(job, result=result)
