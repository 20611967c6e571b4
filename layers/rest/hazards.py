"""The questions of emergency teams about a point, an area, and many points; see docs/emergency.md."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import IO, Any

import orjson
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from layers.errors import InvalidParameter
from layers.query.hazards import REACH, Position
from layers.query.impact import Area
from layers.query.params import params_single
from layers.query.values import limit_parse, value_parse, whole_parse
from layers.rest.formats import GeoJson, GeoJsonRenderer, Json
from layers.rest.impact_body import MEMBERS, area_parse, coords_area, zone_area
from layers.rest.impact_formats import impact_csv, impact_geojson, impact_html, impact_json
from layers.rest.views import PublicView
from layers.services.hazards import hazards_at
from layers.services.impact import DAYS, LISTED, MAX_DAYS, MAX_LISTED, STANDARD, ImpactQuery, impact_of
from layers.services.needs import STANDARDS
from layers.text import text

FRESH = {"Cache-Control": "no-store"}
"""An answer ages by the second."""

DATETIME = OpenApiParameter(
    "datetime",
    OpenApiTypes.DATETIME,
    description=text("Saat yang ditanyakan; bila kosong, sekarang.", "The time asked about; now where empty."),
)


class HazardsAtView(PublicView):
    """What threatens a point, and where to go from there."""

    renderer_classes = [JSONRenderer]

    def parameters(self) -> Sequence[str]:
        return ["lon", "lat", "datetime", "radius", "lang"]

    @extend_schema(
        summary=text("Bahaya di sebuah titik", "Hazards at a point"),
        description=text(
            "Zona yang memuat titik ini atau dalam radiusnya, nilai setiap raster bahaya, wilayah administrasi, serta "
            "pos bantuan dan fasilitas gawat darurat terdekat di luar bahaya yang sama.",
            "Zones that hold the point or lie within the radius, the value of every hazard raster, the administrative "
            "area, and the nearest aid posts and emergency facilities outside of the same hazard.",
        ),
        parameters=[
            OpenApiParameter("lon", OpenApiTypes.DOUBLE, required=True, description=text("Bujur", "Longitude")),
            OpenApiParameter("lat", OpenApiTypes.DOUBLE, required=True, description=text("Lintang", "Latitude")),
            DATETIME,
            OpenApiParameter(
                "radius",
                OpenApiTypes.DOUBLE,
                description=text("Meter, 0 sampai 50.000", "Metres, 0 to 50,000"),
            ),
        ],
        responses=OpenApiTypes.OBJECT,
        tags=["hazards"],
    )
    def get(self, request: Request) -> HttpResponse:
        """
        Raises:
            InvalidParameter: a position or a radius out of range, or a time that is none.
        """
        given = params_single(dict(request.query_params.lists()), self.parameters())
        position = Position(_number(given, "lon", -180, 180), _number(given, "lat", -90, 90))
        radius = _number({"radius": "0", **given}, "radius", 0, REACH)
        return _json(hazards_at(position, moment(given), radius))


class ByFormat(DefaultContentNegotiation):
    """``f`` names the format; without it ``Accept`` does."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> tuple[Any, str]:
        name = request.query_params.get("f")
        if name is None:
            chosen: tuple[Any, str] = super().select_renderer(request, renderers, format_suffix)
            return chosen
        for renderer in renderers:
            if renderer.format == name:
                return renderer, renderer.media_type
        known = ", ".join(renderer.format for renderer in renderers)
        raise InvalidParameter(
            "f", text(f"{name!r} tidak ada; yang ada: {known}.", f"No {name!r}; there are: {known}.")
        )


class Cap(BaseParser):
    """A CAP alert, as the bytes that it is."""

    media_type = "application/cap+xml"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        return (parser_context or {})["request"].body


class Xml(Cap):
    media_type = "application/xml"


class Csv(BaseRenderer):
    media_type, format = "text/csv", "csv"


class Html(BaseRenderer):
    media_type, format = "text/html", "html"


WRITERS = {"json": impact_json, "geojson": impact_geojson, "csv": impact_csv, "html": impact_html}

IMPACT_PARAMETERS = [
    DATETIME,
    OpenApiParameter(
        "standard",
        enum=list(STANDARDS),
        default=STANDARD,
        description=text("Standar kebutuhan", "The standard of the needs"),
    ),
    OpenApiParameter(
        "days",
        {"type": "integer", "minimum": 1, "maximum": MAX_DAYS, "default": DAYS},
        description=text("Lama kebutuhan dihitung, hari", "Days to count needs for"),
    ),
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": MAX_LISTED, "default": LISTED},
        description=text("Fitur yang didaftar tiap lapisan", "Features to list of each layer"),
    ),
    OpenApiParameter("f", enum=list(WRITERS), description=text("Format", "Format")),
]


class ImpactView(PublicView):
    """What an area holds; a zone and a small shape can also be asked about by GET, so that a report has an address."""

    parser_classes = [Json, GeoJson, Cap, Xml]
    renderer_classes = [JSONRenderer, GeoJsonRenderer, Csv, Html]
    content_negotiation_class = ByFormat

    def parameters(self) -> Sequence[str]:
        area = [] if self.request.method == "POST" else ["zone", "coords"]
        return [*area, "datetime", "standard", "days", "limit", "f", "lang"]

    @extend_schema(
        summary=text("Dampak sebuah zona atau bentuk", "Impact of a zone or a shape"),
        description=text(
            "Seperti POST, untuk sebuah zona (zone) atau sebuah bentuk (coords): salah satu.",
            "As POST does, for a zone (zone) or a shape (coords): one of both.",
        ),
        parameters=[
            OpenApiParameter("zone", OpenApiTypes.INT64, description=text("Id zona bencana", "Id of a disaster zone")),
            OpenApiParameter(
                "coords",
                description=text(
                    "Polygon atau MultiPolygon sebagai WKT, bujur di depan, dalam derajat.",
                    "A Polygon or MultiPolygon as WKT, longitude first, in degrees.",
                ),
            ),
            *IMPACT_PARAMETERS,
        ],
        responses=OpenApiTypes.OBJECT,
        tags=["hazards"],
    )
    def get(self, request: Request) -> HttpResponse:
        """
        Raises:
            InvalidParameter: not one of ``zone`` and ``coords`` is given, or a parameter is malformed.
            TooLarge: a shape with too many vertices.
        """
        given = params_single(dict(request.query_params.lists()), self.parameters())
        if ("zone" in given) == ("coords" in given):
            raise InvalidParameter(
                "zone", text("Beri zone atau coords, salah satu.", "Give zone or coords, one of both.")
            )
        return self._answer(request, zone_area(given["zone"]) if "zone" in given else coords_area(given["coords"]))

    @extend_schema(
        summary=text("Dampak di sebuah wilayah", "Impact on an area"),
        description=text(
            f"Penduduk terdampak dan kebutuhannya, isi setiap lapisan, dan yang tak terjangkau. Kirim {MEMBERS}.",
            f"People affected and their needs, what every layer has inside, and what is out of reach. Send {MEMBERS}.",
        ),
        parameters=IMPACT_PARAMETERS,
        request={
            "application/json": OpenApiTypes.OBJECT,
            "application/geo+json": OpenApiTypes.OBJECT,
            "application/cap+xml": OpenApiTypes.BINARY,
        },
        responses=OpenApiTypes.OBJECT,
        tags=["hazards"],
    )
    def post(self, request: Request) -> HttpResponse:
        """
        Raises:
            InvalidParameter: the body names no area, or a parameter is malformed.
            TooLarge: a geometry with too many vertices.
        """
        return self._answer(request, area_parse(request.data))

    def _answer(self, request: Request, area: Area) -> HttpResponse:
        renderer = request.accepted_renderer
        query = impact_query(area, request.query_params.dict(), shapes=renderer.format in ("geojson", "html"))
        charset = "; charset=utf-8" if renderer.media_type.startswith("text/") else ""
        return HttpResponse(
            WRITERS[renderer.format](impact_of(query)), content_type=renderer.media_type + charset, headers=FRESH
        )


def impact_query(area: Area, given: dict[str, str], *, shapes: bool) -> ImpactQuery:
    """The question about an area, with its parameters.

    Raises:
        InvalidParameter: one is malformed or out of range.
    """
    standard = given.get("standard", STANDARD)
    if standard not in STANDARDS:
        known = ", ".join(STANDARDS)
        raise InvalidParameter(
            "standard", text(f"{standard!r} tidak ada; yang ada: {known}.", f"No {standard!r}; there are: {known}.")
        )
    return ImpactQuery(
        area,
        moment(given),
        standard,
        days=whole_parse("days", given.get("days", str(DAYS)), 1, MAX_DAYS),
        limit=limit_parse(given, LISTED, MAX_LISTED),
        shapes=shapes,
    )


def moment(given: dict[str, str]) -> datetime:
    """The time asked about, now where none is given."""
    at: datetime = value_parse("datetime", "date-time", given["datetime"]) if "datetime" in given else timezone.now()
    return at


def _number(given: dict[str, str], name: str, least: float, most: float) -> float:
    if name not in given:
        raise InvalidParameter(name, text(f"{name} harus diberikan.", f"{name} must be given."))
    number: float = value_parse(name, "number", given[name])
    if not least <= number <= most:
        raise InvalidParameter(
            name,
            text(
                f"{given[name]} tidak di antara {least:g} dan {most:g}.",
                f"{given[name]} is not between {least:g} and {most:g}.",
            ),
        )
    return number


def _json(answer: object) -> HttpResponse:
    return HttpResponse(orjson.dumps(answer, default=str), content_type="application/json", headers=FRESH)
