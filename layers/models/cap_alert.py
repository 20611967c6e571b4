"""Alerts that came as messages of the Common Alerting Protocol (OASIS CAP 1.2)."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

CODES = {
    "status": ("Actual", "Exercise", "System", "Test", "Draft"),
    "msgType": ("Alert", "Update", "Cancel", "Ack", "Error"),
    "scope": ("Public", "Restricted", "Private"),
    "category": (
        *("Geo", "Met", "Safety", "Security", "Rescue", "Fire"),
        *("Health", "Env", "Transport", "Infra", "CBRNE", "Other"),
    ),
    "responseType": (
        *("Shelter", "Evacuate", "Prepare", "Execute", "Avoid"),
        *("Monitor", "Assess", "AllClear", "None"),
    ),
    "urgency": ("Immediate", "Expected", "Future", "Past", "Unknown"),
    "severity": ("Extreme", "Severe", "Moderate", "Minor", "Unknown"),
    "certainty": ("Observed", "Likely", "Possible", "Unlikely", "Unknown"),
}
"""The codes that CAP's elements take."""


class CapAlert(models.Model):
    """A message that was taken in: known again when it comes twice, remembered when what it replaces comes later.

    Its zones are the disaster zones with the codes ``{code}-1``, ``{code}-2``, …
    """

    code = models.CharField(max_length=58, unique=True)
    sender = models.TextField()
    identifier = models.TextField()
    sent = models.DateTimeField()
    replaces = ArrayField(models.TextField(), default=list, blank=True)
    """``sender,identifier`` of the messages that this one updates or cancels."""
    replaces_from = models.DateTimeField()
    """When the zones of those end."""
    words = models.JSONField(default=list, blank=True)
    """For each zone in turn what the message says beside time and place: one object a language, by CAP's names."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sender", "identifier"], name="capalert_sender_identifier")]
        indexes = [GinIndex(fields=["replaces"], name="capalert_replaces")]

    def __str__(self) -> str:
        return f"{self.sender},{self.identifier}"

    def zone_codes(self) -> list[str]:
        return [f"{self.code}-{number}" for number in range(1, len(self.words) + 1)]
