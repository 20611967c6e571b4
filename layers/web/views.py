"""The frame of the map page."""

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

from layers.errors import NotFound
from layers.models import DisasterZone
from layers.query import features
from layers.text import text
from layers.web.words import WORDS

Hazard = DisasterZone.Hazard
FIRST = {"disaster_zones": {"hazard": [Hazard.FLOOD, Hazard.LANDSLIDE, Hazard.TIDAL_WAVE, Hazard.TSUNAMI]}}
"""The codes shown at first: maps of shaking, drought or wind cover the whole city and hide the others."""

SCRIPTS = Path(__file__).parent.parent / "static/layers/web"
MODULES = [
    "vendor/maplibre-gl/dist/maplibre-gl.mjs",
    *(f"layers/web/{file.name}" for file in sorted(SCRIPTS.glob("*.js"))),
]
"""The scripts, which browsers fetch at once: each would be asked for only when another that names it has come."""


def map_page(request: HttpRequest) -> HttpResponse:
    """The page, with what its scripts must know to begin: addresses, language, words and background."""
    address = reverse("map-background") if _is_file() else settings.MAP_BACKGROUND
    start = {
        "api": reverse("oapi-landing"),
        "events": reverse("events"),
        "hazards": {name: reverse(f"rest:hazards-{name}") for name in ("at", "impact")},
        "timeZone": settings.TIME_ZONE,
        "language": request.LANGUAGE_CODE,
        "words": WORDS,
        "codes": FIRST,
        "counted": features.COUNTED,
        "background": {"address": address, "attribution": settings.MAP_BACKGROUND_ATTRIBUTION},
    }
    return render(request, "web/map.html", {"start": start, "modules": MODULES})


def background(request: HttpRequest) -> HttpResponse:
    """The operator's PMTiles file, in the ranges of bytes that the page asks for.

    Raises:
        NotFound: the background is no file here.
    """
    if not (_is_file() and Path(settings.MAP_BACKGROUND).is_file()):
        raise NotFound(text("Di sini tidak ada berkas PMTiles.", "There is no PMTiles file here: BASEMAP names none."))
    headers = [("Content-Type", "application/vnd.pmtiles"), ("Cache-Control", "public, no-cache")]
    file = StaticFile(settings.MAP_BACKGROUND, headers)
    if request.headers.get("If-Range", file.etag) != file.etag:
        request.META.pop("HTTP_RANGE", None)  # the rest of another file would go on from the part that the client has
    found: HttpResponse = WhiteNoiseMiddleware.serve(file, request)
    return found


def _is_file() -> bool:
    address: str = settings.MAP_BACKGROUND
    return address.endswith(".pmtiles") and "://" not in address
