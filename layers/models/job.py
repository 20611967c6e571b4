"""What is computed in its own time, for those who come back for it (OGC API - Processes, statusInfo)."""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q
from django.db.models.functions import Now


class Job(models.Model):
    """A question and, once it is finished, its answer: ``result`` (JSON), or the ``problem`` that prevented it.

    Whoever knows the id may read and dismiss it, so it cannot be guessed; ``owner`` is None for who is not signed in.
    A worker that computes it holds it until ``lease_until``, and prolongs that; past it, the job is anybody's again.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True)
    inputs = models.JSONField()
    response = models.CharField(max_length=8, choices=[("raw", "raw"), ("document", "document")])
    language = models.CharField(max_length=8)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    result = models.TextField(default="")
    problem = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="job_unfinished", condition=Q(finished_at=None))]
        constraints = [
            CheckConstraint(
                condition=Q(finished_at=None, result="", problem__isnull=True)
                | Q(finished_at__isnull=False, result="", problem__isnull=False)
                | Q(finished_at__isnull=False, problem__isnull=True) & ~Q(result=""),
                name="job_ends_with_a_result_or_a_problem",
            )
        ]

    def __str__(self) -> str:
        return f"{self.id} ({self.status})"

    @property
    def status(self) -> str:
        """As OGC API - Processes calls it."""
        if self.finished_at:
            return "failed" if self.problem else "successful"
        return "running" if self.started_at else "accepted"
