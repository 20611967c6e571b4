"""The ETags of features, and what a change can be made to depend on (RFC 9110, section 13.1): what would undo a change
that its sender has not seen is refused."""

from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import parse_etags, parse_http_date_safe
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from layers.catalog import Layer
from layers.errors import Problem
from layers.models import Feature
from layers.query.features import version_fetch
from layers.query.journal import item_changed, journal_number
from layers.text import text

IF_MATCH = text("ETag item yang dibaca; 412 bila sudah berubah.", "The item's ETag as read; 412 if it changed.")
PRECONDITION = OpenApiParameter("If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, description=IF_MATCH)


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


def precondition_check(request: HttpRequest | Request, layer: Layer, feature: Feature) -> None:
    """Hold a feature, whose row is locked, against ``If-Match``, ``If-None-Match`` and ``If-Unmodified-Since``.

    The version in an ETag is the whole layer's; an item that did not change since is in the state that the client read,
    whatever changed elsewhere, at which door, in which format and language it was read, and though a proxy that
    compresses marks the ETag as weak.

    Raises:
        PreconditionFailed: it changed since the versions that ``If-Match`` names or, without it, since
            ``If-Unmodified-Since``; or it is there, or as it was, and ``If-None-Match`` says that it must not be.
    """
    wanted, unwanted, since = map(request.headers.get, ("If-Match", "If-None-Match", "If-Unmodified-Since"))
    unchanged = _is_one_of(layer, feature, wanted) if wanted else not _is_newer(feature, since or "")
    if not unchanged:
        raise PreconditionFailed(
            text(
                "Item ini sudah berubah sejak dibaca. Baca ulang, lalu kirim lagi.",
                "This item has changed since it was read. Read it again, then send again.",
            )
        )
    if unwanted and _is_one_of(layer, feature, unwanted):
        raise PreconditionFailed(
            text(
                "Item ini sudah ada dalam keadaan yang ditolak If-None-Match.",
                "This item is there already, in a state that If-None-Match rules out.",
            )
        )


def _is_one_of(layer: Layer, feature: Feature, etags: str) -> bool:
    versions = (etag.removeprefix("W/").strip('"').partition(".")[0] for etag in parse_etags(etags))
    return any(version == "*" or not item_changed(layer, feature.pk, version) for version in versions)


def _is_newer(feature: Feature, date: str) -> bool:
    """Whether it changed after a date, which tells seconds; what is no date says nothing (RFC 9110, 13.1.4)."""
    since = parse_http_date_safe(date)
    return since is not None and int(feature.updated_at.timestamp()) > since
