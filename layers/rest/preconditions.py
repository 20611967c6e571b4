"""The ETags of features, and ``If-Match`` (RFC 9110, section 13.1.1): what would undo a change that its sender has not
seen is refused."""

from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import parse_etags
from rest_framework.request import Request
from rest_framework.response import Response

from layers.catalog import Layer
from layers.errors import Problem
from layers.query.features import version_fetch
from layers.query.journal import item_changed, journal_number
from layers.text import text


class PreconditionFailed(Problem):
    """The item is no longer as the client knows it."""

    status = HTTPStatus.PRECONDITION_FAILED


def feature_etag(layer: Layer) -> str:
    """What the layer's features are now, as this release writes them."""
    return f'"{version_fetch(layer).tag}.{settings.RELEASE}"'


def tagged(response: Response, layer: Layer) -> Response:
    """The response with the ETag of what the open transaction leaves; to be called at its end."""
    journal_number()
    response["ETag"] = feature_etag(layer)
    return response


def precondition_check(request: HttpRequest | Request, layer: Layer, id: int) -> None:
    """Hold an item, whose row is locked, against the ETags in ``If-Match``, if there are any.

    The version in an ETag is the whole layer's; an item that did not change since is in the state that the client read,
    whatever changed elsewhere, at which door, in which format and language it was read, and though a proxy that
    compresses marks the ETag as weak.

    Raises:
        PreconditionFailed: it changed since the versions that they name.
    """
    given = request.headers.get("If-Match")
    tags = [etag.removeprefix("W/").strip('"').partition(".")[0] for etag in parse_etags(given or "")]
    if given and not any(tag == "*" or not item_changed(layer, id, tag) for tag in tags):
        raise PreconditionFailed(
            text(
                "Item ini sudah berubah sejak dibaca. Baca ulang, lalu kirim lagi.",
                "This item has changed since it was read. Read it again, then send again.",
            )
        )
