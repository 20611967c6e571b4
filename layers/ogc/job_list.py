"""What the list of jobs can be asked for (OGC 18-062r2, 11.2 to 11.3, class job-list)."""

from collections.abc import Mapping
from datetime import timedelta

from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

from layers.query.params import Params, choice_parse, params_single
from layers.query.values import Interval, whole_parse

IMPACT = "impact"
"""Of the process, and of its one output."""

TYPE = "process"

STATUSES = {
    "accepted": Q(started_at=None, finished_at=None),
    "running": Q(started_at__isnull=False, finished_at=None),
    "successful": Q(finished_at__isnull=False, problem__isnull=True),
    "failed": Q(problem__isnull=False),
    "dismissed": Q(pk__in=()),
}
"""The jobs that ``Job.status`` says this of; those that were dismissed are forgotten."""

CHOICES = {"processID": (IMPACT,), "status": tuple(STATUSES), "type": (TYPE,)}
"""Parameters with several values, separated by commas or given again, and what these can be."""

PARAMETERS = ("datetime", "f", "lang", "limit", "maxDuration", "minDuration", *CHOICES)

DURATION = Coalesce("finished_at", Now()) - F("started_at")
"""Until now where a job is not finished; null, and so neither long nor short, where it was not started."""


def job_params(params: Params) -> dict[str, str]:
    """Each parameter's one value, that of a choice with commas.

    Raises:
        InvalidParameter: one is unknown, or given more than once and no choice.
    """
    joined = {name: [",".join(values)] if name in CHOICES else values for name, values in params.items()}
    return params_single(joined, PARAMETERS)


def jobs_asked(given: Mapping[str, str]) -> Q:
    """The jobs of a status, made within ``datetime``, that took from ``minDuration`` to ``maxDuration`` seconds.

    Raises:
        InvalidParameter: a value is none of those there are, no time or no number of seconds.
    """
    chosen = {name: given[name].split(",") for name in CHOICES if name in given}
    for name, values in chosen.items():
        for value in values:
            choice_parse(name, value, CHOICES[name])
    asked = Q()
    for status in chosen.get("status", ()):
        asked |= STATUSES[status]
    if "datetime" in given:
        created = Interval.parse(given["datetime"])
        asked &= Q(created_at__gte=created.start) if created.start else Q()
        asked &= Q(created_at__lte=created.end) if created.end else Q()
    for name, compared in (("minDuration", GreaterThanOrEqual), ("maxDuration", LessThanOrEqual)):
        if name in given:
            asked &= Q(compared(DURATION, timedelta(seconds=whole_parse(name, given[name], 0))))
    return asked
