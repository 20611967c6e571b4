"""Log-ins that failed (``layers/logins.py``)."""

from django.db import models


class LoginFailure(models.Model):
    """One failure; ``who`` is a digest of user name and address, for people type passwords where names belong."""

    who = models.CharField(max_length=64)
    at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [models.Index(fields=["who", "at"], name="loginfailure_who_at")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.who[:8]}"
