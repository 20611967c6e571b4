"""Failed log-ins are limited, at every door alike: all of them ask ``django.contrib.auth.authenticate``.

Who fails :data:`LIMIT` times within :data:`WINDOW`, by user name and address, is refused until the oldest of these
failures is past. A log-in that succeeds takes none of them back: people behind one address would give each other
further guesses. The count is kept in the database, for there are several processes.
"""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from rest_framework.authtoken.models import Token

from layers.errors import Problem
from layers.models import LoginFailure
from layers.text import text

LIMIT = 10
WINDOW = timedelta(minutes=15)


class TooManyFailures(Problem):
    """The log-in failed too often; ``Retry-After`` says how many seconds to wait."""

    status = HTTPStatus.TOO_MANY_REQUESTS


class LimitedBackend(ModelBackend):
    """Django's users and permissions, and a limit to guessing passwords."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        """
        Raises:
            TooManyFailures: whatever the password is.
        """
        if "\0" in (username or ""):
            return None  # there is no such name, and PostgreSQL cannot be asked for it
        who = salted_hmac("layers.logins", f"{username}\n{_address(request)}", algorithm="sha256").hexdigest()
        now = timezone.now()
        recent = LoginFailure.objects.filter(who=who, at__gt=now - WINDOW).order_by("-at")
        if failures := list(recent.values_list("at", flat=True)[LIMIT - 1 : LIMIT]):
            seconds = int((failures[0] + WINDOW - now).total_seconds()) + 1
            raise TooManyFailures(
                text(
                    f"Terlalu banyak upaya masuk yang gagal. Cobalah lagi dalam {seconds} detik.",
                    f"Too many log-ins have failed. Try again in {seconds} seconds.",
                ),
                headers={"Retry-After": str(seconds)},
            )
        user = super().authenticate(request, username, password, **kwargs)
        if user is None:
            LoginFailure.objects.filter(at__lte=now - WINDOW).delete()
            LoginFailure.objects.create(who=who, at=now)
        return user


class TokenWithdrawal:
    """Among the password validators, for these are told of changes: who got hold of a password may have a token."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Any will do."""

    def get_help_text(self) -> str:
        return str(
            text(
                "Token yang ada tidak berlaku lagi sesudahnya.",
                "A token that there is becomes invalid with the change.",
            )
        )

    def password_changed(self, password: str, user: User) -> None:
        Token.objects.filter(user=user).delete()


def _address(request: HttpRequest | None) -> str:
    """The client's address: the last in ``X-Forwarded-For`` that a proxy of our own wrote."""
    if request is None:
        return ""
    forwarded = request.headers.get("X-Forwarded-For", "").replace(",", " ").split()
    trusted = settings.PROXIES
    return forwarded[-trusted] if 0 < trusted <= len(forwarded) else request.META["REMOTE_ADDR"]
