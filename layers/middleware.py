"""The language of every answer, and faults told as problem+json (RFC 9457), or as a page to browsers."""

import logging
from collections.abc import Callable
from urllib.parse import urlsplit

from compression_middleware.middleware import CompressionMiddleware as BaseCompressionMiddleware
from django.conf import settings
from django.core.exceptions import DisallowedHost, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers

from layers.errors import Forbidden, InvalidParameter, NotFound, Problem, ServerError, Unavailable
from layers.text import text

SPEECHLESS = ("application/vnd.mapbox-vector-tile", "application/vnd.pmtiles")
"""Media types that are the same in every language: caches keep one for all."""

COMPRESSED = ("json", "javascript", "xml", "mapbox-vector-tile")
"""Media types beside text that compression makes smaller, by a word in them."""

SILENT = text(
    "Basis data tidak menjawab, atau tidak tepat waktu. Cobalah lagi sebentar lagi.",
    "The database does not answer, or not in time. Try again in a moment.",
)
REFUSALS = {
    "25006": text(  # at a standby, or where default_transaction_read_only is set
        "Basis data untuk sementara hanya dapat dibaca. Tidak ada yang disimpan; cobalah lagi nanti.",
        "The database can only be read for the time being. Nothing was stored; try again later.",
    ),
    "53100": text(
        "Cakram basis data penuh. Tidak ada yang disimpan; pengelola perlu menyediakan ruang.",
        "The disk of the database is full. Nothing was stored; the operators have to make room.",
    ),
}
"""Why PostgreSQL refuses what it would take at another time, by its code of the error."""

logger = logging.getLogger(__name__)


class LanguageMiddleware:
    """``lang=id`` or ``lang=en`` decides; without it the cookie or ``Accept-Language`` does, as Django reads them.

    Django's own middleware looks for a language in the path, too, twice a request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = _language_activate(request) or self.get_response(request)
        if response.get("Content-Type") not in SPEECHLESS:
            patch_vary_headers(response, ["Accept-Language", "Cookie"])
            response.headers.setdefault("Content-Language", translation.get_language())
        return response


def _language_activate(request: HttpRequest) -> HttpResponse | None:
    """Have the language of a request spoken; the refusal of one that there is not."""
    translation.activate(translation.get_language_from_request(request))
    request.LANGUAGE_CODE = translation.get_language()
    asked = request.GET.get("lang")
    if asked is None:
        return None
    try:
        request.LANGUAGE_CODE = translation.get_supported_language_variant(asked)
    except LookupError:
        known = ", ".join(code for code, _ in settings.LANGUAGES)
        fault = text(f"Bahasa {asked!r} tidak ada; yang ada: {known}.", f"No language {asked!r}; there are: {known}.")
        return problem_answer(request, InvalidParameter("lang", fault))
    translation.activate(request.LANGUAGE_CODE)
    return None


class CompressionMiddleware(BaseCompressionMiddleware):
    """zstd, br or gzip, as the client takes it; formats that are compressed already stay as they are."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if response.status_code == 304:
            return _as_kept(request, response)
        media_type = response.get("Content-Type", "")
        if not media_type.startswith("text/") and not any(word in media_type for word in COMPRESSED):
            return response
        if response.status_code == 206:  # its Content-Range counts the bytes that it has now
            patch_vary_headers(response, ["Accept-Encoding"])
            return response
        compressed: HttpResponse = super().process_response(request, response)
        return compressed


def _as_kept(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """A 304 with the headers of the answer that it stands for, which was compressed: by its ETag a cache finds what it
    has, and it takes over its Vary, and a Content-Type if there were one (RFC 9111, 3.2): Django's own is HTML's."""
    patch_vary_headers(response, ["Accept-Encoding"])
    del response["Content-Type"]
    if (weak := f"W/{response.get('ETag')}") in request.headers.get("If-None-Match", ""):
        response["ETag"] = weak
    return response


class PolicyMiddleware:
    """What pages may load and run (Content Security Policy, level 3): what this server has, the background that the
    operator chose and the stream of events; no script but those of the portal's files, whatever data may say."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.get("Content-Type", "").startswith("text/html"):
            response["Content-Security-Policy"] = _policy()
        return response


def _policy() -> str:
    background, events = settings.MAP_BACKGROUND, settings.EVENTS_URL or ""
    others = [_origin(address) for address in (background, events) if "://" in address]
    if "://" in background and "{z}" not in background and not background.endswith(".pmtiles"):
        # a style or TileJSON names further servers; one that came by http may name such ones
        others += ["https:"] if background.startswith("https:") else ["https:", "http:"]
    elsewhere = " ".join(others)
    return (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; object-src 'none'; "
        f"img-src 'self' data: blob: {elsewhere}; connect-src 'self' blob: data: {elsewhere}; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


class ProblemMiddleware:
    """Tell the faults that views raise; a database that is gone, full or read-only is a 503 to come back after."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, Problem):
            return problem_answer(request, error)
        code = getattr(error.__cause__, "pgcode", "")
        if code in REFUSALS or isinstance(error, OperationalError | InterfaceError):
            logger.error("database: %s", error)
            return problem_answer(request, Unavailable(REFUSALS.get(code, SILENT)))
        return None


def problem_answer(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The fault, as the page that a browser shows or as the document that a program reads."""
    if _wants_page(request):
        response = render(request, "ogc/problem.html", {"document": problem.document()}, status=problem.status)
        for name, value in problem.headers.items():
            response[name] = value
    else:
        response = problem.response()
    patch_vary_headers(response, ["Accept"])
    return response


def _wants_page(request: HttpRequest) -> bool:
    try:
        wanted = request.GET.get("f")
    except SuspiciousOperation:  # more parameters than are read, which no page can be made of
        return False
    if wanted is not None:
        return wanted == "html"
    types = ["application/problem+json", "application/json", "text/html"]
    return request.get_preferred_type(types) == "text/html"


def request_refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400."""
    if isinstance(exception, DisallowedHost):
        host = request.META.get("HTTP_HOST", "")[:100]
        why = text(
            f"Portal ini tidak bernama {host!r}. Pengelola menambahkan nama yang benar pada ALLOWED_HOSTS.",
            f"This portal has no name {host!r}. The operators add a name that is right to ALLOWED_HOSTS.",
        )
    else:
        why = text("Permintaan ini tidak dapat dibaca.", "This request cannot be read.")
    return problem_answer(request, Problem(why))


def page_forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler403."""
    return problem_answer(
        request,
        Forbidden(
            text(
                "Hak Anda tidak mencakup halaman ini. Mintalah kepada pengelola, atau masuk sebagai pengguna lain.",
                "Your permissions do not include this page. Ask the operators, or log in as somebody else.",
            )
        ),
    )


def form_refused(request: HttpRequest, reason: str) -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW."""
    return problem_answer(
        request,
        Forbidden(
            text(
                "Formulir ini sudah kedaluwarsa, bukan dari portal ini, atau peramban memblokir kuki. Tidak ada yang "
                "disimpan. Izinkan kuki, kembali ke halaman sebelumnya, muat ulang, lalu isi dan kirim lagi.",
                "This form is out of date, is not one of this portal, or the browser blocks cookies. Nothing was "
                "stored. Allow cookies, go back to the page before, load it again, then fill it in and send it.",
            )
        ),
    )


def page_missing(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    return problem_answer(
        request,
        NotFound(text(f"Tidak ada apa pun di {request.path}.", f"There is nothing at {request.path}.")),
    )


def server_failed(request: HttpRequest) -> HttpResponse:
    """Django's handler500; the cause is in the log."""
    return problem_answer(
        request,
        ServerError(
            text(
                "Kesalahan pada peladen; sudah dicatat untuk pengelola.",
                "The server failed; the operators find the cause in the log.",
            )
        ),
    )
