"""Is the process alive, and can it serve: for load balancers and container engines."""

from typing import Any

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse

from layers.catalog import layers
from layers.query.health import database_state, migrations_pending


def alive(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain")


def ready(request: HttpRequest) -> JsonResponse:
    """What was checked and found: the database, its migrations, the catalogue; 503 where one is not well."""
    try:
        pending = migrations_pending()
        checks: dict[str, dict[str, Any]] = {
            "database": {"ok": True, **database_state()},
            "migrations": {"ok": not pending, "pending": pending},
            "catalogue": {"ok": bool(layers()), "collections": [layer.id for layer in layers()]},
        }
    except (DatabaseError, InterfaceError):
        checks = {"database": {"ok": False, "detail": "does not answer"}}
    well = all(check["ok"] for check in checks.values())
    headers = {} if well else {"Retry-After": "10"}
    return JsonResponse(
        {"status": "ready" if well else "not ready", "checks": checks},
        status=200 if well else 503,
        headers=headers,
    )
