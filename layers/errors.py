"""What can be wrong with a request, one exception a fault, and the one way to tell it: problem+json (RFC 9457)."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpResponse


class Problem(Exception):
    """A fault that is told to the client.

    ``detail`` says what is wrong and what would be right; ``extra`` adds members to the document,
    such as ``parameter``, the name of the parameter at fault.
    """

    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST

    def __init__(self, detail: Any, *, headers: Mapping[str, str] | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.detail, self.headers, self.extra = detail, dict(headers or {}), extra

    def document(self) -> dict[str, Any]:
        """The members of the document; ``title`` is the status's phrase, for ``type`` is ``about:blank``."""
        return {
            "title": self.status.phrase,
            "status": int(self.status),
            "detail": str(self.detail),
            **self.extra,
        }

    def response(self) -> HttpResponse:
        return problem_response(self.document(), self.headers)


class InvalidParameter(Problem):
    """A parameter is unknown, given twice, malformed or out of range."""

    def __init__(self, parameter: str, detail: Any) -> None:
        super().__init__(detail, parameter=parameter)


class Forbidden(Problem):
    """Who asks may not see or do this."""

    status = HTTPStatus.FORBIDDEN


class TooLarge(Problem):
    """More was sent than is taken."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class NotFound(Problem):
    """There is no such collection, item or page."""

    status = HTTPStatus.NOT_FOUND


class Gone(Problem):
    """What is asked about was there, and is not kept any more."""

    status = HTTPStatus.GONE


class MethodNotAllowed(Problem):
    """The resource does not take this method; the header ``Allow`` names those it takes."""

    status = HTTPStatus.METHOD_NOT_ALLOWED


class ServerError(Problem):
    """The portal itself is at fault."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR


class Unavailable(Problem):
    """The database does not answer, or not in time."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, detail: Any) -> None:
        super().__init__(detail, headers={"Retry-After": "10"})


def problem_response(document: dict[str, Any], headers: Mapping[str, str] | None = None) -> HttpResponse:
    """An ``application/problem+json`` answer with the status that the document names.

    A lone surrogate, which a name in a request may have and UTF-8 cannot, is escaped.
    """
    written = json.dumps(document, cls=DjangoJSONEncoder, ensure_ascii=False)
    return HttpResponse(
        written.encode(errors="backslashreplace"),
        status=document["status"],
        content_type="application/problem+json",
        headers=dict(headers or {}),
    )
