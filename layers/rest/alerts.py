"""Our zones as alerts: an Atom feed, and each as a message of the Common Alerting Protocol (OASIS CAP 1.2).

What was withdrawn before its end is told until then, for those who read it before to forget it.
"""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
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

from layers.catalog import config
from layers.errors import NotFound
from layers.exports.cap import CAP_TYPE, Feed, Publisher, alert_document, feed_document
from layers.models import CapAlert, DisasterZone
from layers.query.alerts import Told, alerts, ended_last, told_fetch, withdrawals_fetch, zones_layer
from layers.query.features import version_fetch
from layers.query.values import id_parse
from layers.rest.views import PublicView
from layers.text import text

TITLE = text("Peringatan yang berlaku", "Alerts in force")


class AtomRenderer(BaseRenderer):
    """Takes part in the choice by ``Accept`` only; the document is made as bytes."""

    media_type = "application/atom+xml"
    format = "atom"


class CapRenderer(AtomRenderer):
    media_type = CAP_TYPE
    format = "cap"


class AlertsView(PublicView):
    """The feed of the alerts in force and of those that were withdrawn, newest first."""

    renderer_classes = [AtomRenderer]

    @extend_schema(
        summary=text("Umpan peringatan", "Feed of alerts"),
        description=text(
            "Umpan Atom: peringatan dan kejadian yang belum berakhir, masing-masing dengan alamat pesan CAP-nya. Yang "
            "dicabut sebelum berakhir tetap di sini sampai saat itu, dengan pesan Cancel.",
            "An Atom feed: warnings and observed events that have not ended, each with the address of its CAP message. "
            "What was withdrawn before its end stays here until then, with a message of type Cancel.",
        ),
        responses={(200, "application/atom+xml"): OpenApiTypes.STR},
        tags=["portal"],
    )
    def get(self, request: Request) -> HttpResponseBase:
        moment = now()
        in_force = map(Told, alerts(moment).defer("geom"))
        told = sorted([*in_force, *withdrawals_fetch(moment)], key=lambda one: (one.sent, one.zone.pk), reverse=True)
        feed = Feed(request.build_absolute_uri(request.path), str(TITLE), _changed(moment))
        entries = ((one, reverse("rest:alert", [one.zone.pk], request=request)) for one in told)
        document = feed_document(feed, publisher(), get_language() or "id", entries)
        return _answer(request, document, "application/atom+xml; charset=utf-8")


class AlertView(PublicView):
    """One alert as a CAP message, in both languages."""

    renderer_classes = [CapRenderer]

    @extend_schema(
        summary=text("Pesan CAP", "CAP message"),
        description=text(
            "Satu zona sebagai pesan CAP 1.2. Zona yang sudah berakhir tidak ada di sini; yang dicabut sebelumnya "
            "berjenis Cancel sampai saat itu.",
            "A zone as a message of CAP 1.2. A zone that has ended is not here; one that was withdrawn before is of "
            "type Cancel until then.",
        ),
        parameters=[OpenApiParameter("id", OpenApiTypes.STR, OpenApiParameter.PATH)],
        responses={(200, CAP_TYPE): OpenApiTypes.STR},
        tags=["portal"],
    )
    def get(self, request: Request, id: str) -> HttpResponseBase:
        number = id_parse(id)
        told = None if number is None else told_fetch(number, now())
        if told is None:
            raise NotFound(
                text(
                    f"Zona {id!r} tidak ada, sudah berakhir, atau bukan peringatan. Yang berlaku: /api/v1/alerts/.",
                    f"There is no zone {id!r}, it has ended, or it is no alert. Those in force: /api/v1/alerts/.",
                )
            )
        document = alert_document(told, publisher(), words=_words(told.zone))
        return _answer(request, document, f"{CAP_TYPE}; charset=utf-8")


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


def _changed(moment: datetime) -> datetime:
    """When the feed changed last: by an edit, or because an alert ended."""
    changes = version_fetch(zones_layer()).at, ended_last(moment)
    return max(filter(None, changes), default=datetime.fromtimestamp(0, UTC))


def _words(zone: DisasterZone) -> list[dict[str, Any]]:
    """What the message that a zone came from says of it; nothing where it came from none."""
    code, _, number = zone.code.rpartition("-")
    alert = CapAlert.objects.filter(code=code).first()
    if alert is None or zone.code not in alert.zone_codes():
        return []
    words: list[dict[str, Any]] = alert.words[int(number) - 1]
    return words
