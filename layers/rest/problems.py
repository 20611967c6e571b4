"""Every fault of the REST door as problem+json."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, RequestDataTooBig
from django.db import IntegrityError
from django.http import HttpResponse
from rest_framework.exceptions import (
    APIException,
    AuthenticationFailed,
    MethodNotAllowed,
    NotAcceptable,
    UnsupportedMediaType,
    ValidationError,
)
from rest_framework.settings import api_settings
from rest_framework.views import APIView, exception_handler

from layers.errors import Problem, TooLarge, problem_response
from layers.text import text

RULES = api_settings.NON_FIELD_ERRORS_KEY
"""Among the errors, what breaks a rule over several properties."""

CREDENTIALS = text(
    "Nama pengguna dan kata sandi, atau token, tidak sah.",
    "The user name and password, or the token, are not valid.",
)


class NulByte(Problem):
    """PostgreSQL stores no NUL in a text."""


class Conflict(Problem):
    """What another request stored in the same moment does not go with this one."""

    status = HTTPStatus.CONFLICT


def too_large() -> TooLarge:
    return TooLarge(text("Isi permintaan terlalu besar.", "The body of the request is too large."))


def exception_handle(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """The answer to a fault that a view raised; None leaves it to Django.

    A body that is not valid lists its faults in ``errors``: an object of lists of messages, by property.
    """
    problem = error if isinstance(error, Problem) else _problem(error)
    if problem:
        return problem.response()
    response = exception_handler(error, context)
    if response is None:
        return None
    document = {
        "title": HTTPStatus(response.status_code).phrase,
        "status": response.status_code,
        "detail": str(_detail(error, context["view"])),
    }
    if isinstance(error, ValidationError):
        errors = errors_by_property(error.detail)
        document["detail"] = " ".join(
            message if name == RULES else f"{name}: {message}" for name, found in errors.items() for message in found
        )
        document["errors"] = errors
    kept = ("WWW-Authenticate", "Retry-After")
    return problem_response(document, {name: response[name] for name in kept if name in response})


def errors_by_property(detail: Any) -> dict[str, list[str]]:
    """A validation's messages by property, whatever the depth at which they were found in it."""
    if not isinstance(detail, dict):
        return {RULES: list(_messages(detail))}
    return {RULES if name == NON_FIELD_ERRORS else name: list(_messages(found)) for name, found in detail.items()}


def _messages(detail: Any) -> Iterator[str]:
    if isinstance(detail, dict | list):
        for part in detail.values() if isinstance(detail, dict) else detail:
            yield from _messages(part)
    else:
        yield str(detail)


def _problem(error: Exception) -> Problem | None:
    if isinstance(error, IntegrityError):
        return Conflict(
            text(
                "Tidak cocok dengan perubahan lain yang baru saja disimpan. Baca ulang, lalu kirim lagi.",
                "This does not go with another change that was just stored. Read again, then send again.",
            )
        )
    if isinstance(error, RequestDataTooBig):
        return too_large()
    if isinstance(error, UnicodeEncodeError):
        return Problem(
            text(
                "Teks memuat surrogate tanpa pasangan.", "A text holds a surrogate without the other half of its pair."
            )
        )
    if isinstance(error, ValueError) and "NUL" in str(error):
        return NulByte(text("Byte NUL tidak dapat disimpan.", "A NUL byte cannot be stored."))
    return None


def _detail(error: Exception, view: APIView) -> str:
    """What is wrong, and what would be right where the view knows it."""
    if isinstance(error, MethodNotAllowed):
        here = text("Metode ini tidak berlaku di sini. Yang berlaku:", "This method is not allowed here. There are:")
        return f"{here} {', '.join(view.allowed_methods)}."
    if isinstance(error, UnsupportedMediaType):
        sent = text("Jenis isi ini tidak diterima. Kirim:", "This type of body is not accepted. Send:")
        return f"{sent} {', '.join(parser.media_type for parser in view.parser_classes)}."
    if isinstance(error, NotAcceptable):
        wanted = text("Tidak ada yang cocok dengan Accept. Yang ada:", "Nothing fits Accept. There are:")
        return f"{wanted} {', '.join(str(renderer.media_type) for renderer in view.renderer_classes)}."
    if isinstance(error, AuthenticationFailed):
        return CREDENTIALS
    return str(error.detail) if isinstance(error, APIException) else str(error)
