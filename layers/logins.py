"""Who may sign in: passwords are not to be guessed, and other sites not to make use of one that a browser keeps.

Failed log-ins are limited, at every door alike: all of them ask ``django.contrib.auth.authenticate``.

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
from rest_framework.authentication import BasicAuthentication
from rest_framework.authtoken.models import Token
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from layers.errors import Problem
from layers.models import LoginFailure
from layers.text import text

LIMIT = 10
WINDOW = timedelta(minutes=15)

FORMS = ("", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
"""Types of a body that any site may have a browser send here without asking first (Fetch, 2.2.2)."""


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


class OwnBasicAuthentication(BasicAuthentication):
    """Basic authentication, but not of a form that another site has a browser send.

    A browser adds the credentials that it keeps, to whoever's form, and no view that reads no body would notice. All
    other requests that change something are safe: before these, browsers ask (CORS), and are told to send none.
    """

    def authenticate(self, request: Request) -> tuple[User, Any] | None:
        """
        Raises:
            AuthenticationFailed: the user name or the password is wrong.
            PermissionDenied: it may be such a form.
        """
        known: tuple[User, Any] | None = super().authenticate(request)
        if known and _is_foreign_form(request):
            raise PermissionDenied(
                text(
                    "Permintaan dari situs lain hanya diterima dengan Content-Type: application/json.",
                    "A request that comes from another site needs Content-Type: application/json.",
                )
            )
        return known


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


def _is_foreign_form(request: Request) -> bool:
    """Whether it may be one; programs that are no browsers say nothing of a site."""
    if request.method != "POST" or (request.content_type or "").partition(";")[0].strip().lower() not in FORMS:
        return False
    own = [f"{request.scheme}://{request.get_host()}", *settings.CSRF_TRUSTED_ORIGINS]
    return request.headers.get("Origin", own[0]) not in own or request.headers.get("Sec-Fetch-Site") == "cross-site"


def _address(request: HttpRequest | None) -> str:
    """The client's address: the last in ``X-Forwarded-For`` that a proxy of our own wrote."""
    if request is None:
        return ""
    forwarded = request.headers.get("X-Forwarded-For", "").replace(",", " ").split()
    trusted = settings.PROXIES
    return forwarded[-trusted] if 0 < trusted <= len(forwarded) else request.META["REMOTE_ADDR"]
