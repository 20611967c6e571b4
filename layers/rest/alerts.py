"""Our zones as alerts: an Atom feed, and each as a message of the Common Alerting Protocol (OASIS CAP 1.2).

An alert is a warning or an observed event that says when it ends and has not ended by now; it may begin later. A hazard
map is none: it tells what may happen, not what does. No job ends a zone: each request asks the clock.
"""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import F, Max, Q, QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.timezone import now
from django.utils.translation import get_language
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.reverse import reverse

from layers.catalog import Layer, config, layers
from layers.errors import NotFound
from layers.exports.cap import CAP_TYPE, Feed, Publisher, alert_document, feed_document
from layers.models import CapAlert, DisasterZone
from layers.query.features import version_fetch
from layers.query.history import history_fetch
from layers.query.values import id_parse
from layers.rest.views import PublicView
from layers.text import text

EARLIER = 100
"""Former states of a zone that its message names."""

FOR_EVER = datetime(9999, 12, 31, tzinfo=UTC)
"""From here on, and so for PostgreSQL's infinity, there need not be a local time."""

TITLE = text("Peringatan yang berlaku", "Alerts in force")


class AtomRenderer(BaseRenderer):
    """Takes part in the choice by ``Accept`` only; the document is made as bytes."""

    media_type = "application/atom+xml"
    format = "atom"


class CapRenderer(AtomRenderer):
    media_type = CAP_TYPE
    format = "cap"


class AlertsView(PublicView):
    """The feed of the alerts in force, newest first."""

    renderer_classes = [AtomRenderer]

    @extend_schema(
        summary=text("Umpan peringatan", "Feed of alerts"),
        description=text(
            "Umpan Atom: peringatan dan kejadian yang belum berakhir, masing-masing dengan alamat pesan CAP-nya.",
            "An Atom feed: warnings and observed events that have not ended, each with the address of its CAP message.",
        ),
        responses={(200, "application/atom+xml"): OpenApiTypes.STR},
        tags=["portal"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        moment = now()
        zones = alerts(moment).defer("geom").order_by("-updated_at", "-id")
        feed = Feed(request.build_absolute_uri(request.path), str(TITLE), _changed(moment))
        entries = ((zone, reverse("rest:alert", [zone.pk], request=request)) for zone in zones)
        document = feed_document(feed, publisher(), get_language() or "id", entries)
        return _answer(request, document, "application/atom+xml; charset=utf-8")


class AlertView(PublicView):
    """One alert as a CAP message, in both languages."""

    renderer_classes = [CapRenderer]

    @extend_schema(
        summary=text("Pesan CAP", "CAP message"),
        description=text(
            "Satu zona sebagai pesan CAP 1.2. Zona yang sudah berakhir tidak ada di sini.",
            "A zone as a message of CAP 1.2. A zone that has ended is not here.",
        ),
        parameters=[OpenApiParameter("id", OpenApiTypes.STR, OpenApiParameter.PATH)],
        responses={(200, CAP_TYPE): OpenApiTypes.STR},
        tags=["portal"],
    )
    def get(self, request: Request, id: str) -> HttpResponseBase:
        number = id_parse(id)
        zone = None if number is None else alerts(now()).filter(pk=number).first()
        if zone is None:
            raise NotFound(
                text(
                    f"Zona {id!r} tidak ada, sudah berakhir, atau bukan peringatan. Yang berlaku: /api/v1/alerts/.",
                    f"There is no zone {id!r}, it has ended, or it is no alert. Those in force: /api/v1/alerts/.",
                )
            )
        document = alert_document(zone, publisher(), words=_words(zone), earlier=_earlier(zone))
        return _answer(request, document, f"{CAP_TYPE}; charset=utf-8")


def alerts(moment: datetime) -> QuerySet[DisasterZone]:
    """The zones that are alerts at a moment; those that were cancelled before they began never held, and are none.

    An alert says when it ends: what is valid for ever is none.
    """
    begins = Q(valid_from=None) | Q(valid_from__lt=F("valid_to"))
    ends = Q(valid_to__gte=moment, valid_to__lt=FOR_EVER)
    return DisasterZone.objects.exclude(kind=DisasterZone.Kind.MAP).filter(begins, ends)


def publisher() -> Publisher:
    """The portal, as it names itself in its configuration."""
    provider = config()["metadata"]["provider"]["name"]
    names = {}
    for language, _ in settings.LANGUAGES:
        names[language] = provider[language] if isinstance(provider, dict) else str(provider)
    return Publisher(f"geoportal@{urlsplit(settings.PUBLIC_URL).hostname}", names)


def _answer(request: Request, document: bytes, content_type: str) -> HttpResponseBase:
    response = HttpResponse(document, content_type=content_type)
    response["ETag"] = f'"{sha256(document).hexdigest()[:32]}"'
    response["Cache-Control"] = "public, no-cache"
    return get_conditional_response(request, response["ETag"], None, response) or response


def _layer() -> Layer:
    return next(layer for layer in layers() if layer.model is DisasterZone)


def _changed(moment: datetime) -> datetime:
    """When the feed changed last: by an edit, or because an alert ended."""
    ended = DisasterZone.objects.filter(valid_to__lte=moment).aggregate(last=Max("valid_to"))["last"]
    return max(filter(None, (version_fetch(_layer()).at, ended)), default=datetime.fromtimestamp(0, UTC))


def _words(zone: DisasterZone) -> list[dict[str, Any]]:
    """What the message that a zone came from says of it; nothing where it came from none."""
    code, _, number = zone.code.rpartition("-")
    alert = CapAlert.objects.filter(code=code).first()
    if alert is None or zone.code not in alert.zone_codes():
        return []
    words: list[dict[str, Any]] = alert.words[int(number) - 1]
    return words


def _earlier(zone: DisasterZone) -> list[datetime]:
    """When the former states of a zone were stored, oldest first."""
    edits = history_fetch(_layer(), zone.pk, EARLIER)
    return [datetime.fromisoformat(edit.old["updated_at"]) for edit in reversed(edits) if "updated_at" in edit.old]
