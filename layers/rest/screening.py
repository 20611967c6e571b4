"""Many points at once: a file comes in as a whole, its exposures leave as a stream."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any, cast

import orjson
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from layers.errors import InvalidParameter
from layers.exports.stream import begun
from layers.query.screening import Point
from layers.rest.formats import GeoJsonRenderer
from layers.rest.hazards import DATETIME, FRESH, ByFormat, Csv, moment
from layers.rest.problems import too_large
from layers.rest.views import PublicView
from layers.services.points import LIMIT, points_csv, points_geojson
from layers.services.screening import Screening, screening_csv, screening_geojson
from layers.text import text

MAX_BYTES = 40 * 1024 * 1024

Points = Callable[[str], Iterator[Point]]


class _File(BaseParser):
    """The points of a file, which may be larger than other bodies."""

    points: Points

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        content = stream.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise too_large()
        try:
            return self.points(content.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise InvalidParameter("body", text("Bukan UTF-8.", "This is not UTF-8.")) from error


class CsvFile(_File):
    media_type = "text/csv"
    points = staticmethod(points_csv)


class GeoJsonFile(_File):
    media_type = "application/geo+json"
    points = staticmethod(points_geojson)


class JsonFile(GeoJsonFile):
    media_type = "application/json"


class ScreenView(PublicView):
    """The exposure of up to 100,000 points."""

    parser_classes = [GeoJsonFile, JsonFile, CsvFile]
    renderer_classes = [GeoJsonRenderer, Csv]
    content_negotiation_class = ByFormat

    def parameters(self) -> Sequence[str]:
        return ["datetime", "f", "lang"]

    @extend_schema(
        summary=text("Bahaya di banyak titik", "Hazards at many points"),
        description=text(
            f"Kirim FeatureCollection titik, atau CSV dengan kolom lon dan lat; paling banyak {LIMIT} titik. Setiap "
            "baris dijawab; yang tidak terbaca menyebut sebabnya di fault.",
            f"Send a FeatureCollection of points, or CSV with the columns lon and lat; {LIMIT} points at most. Every "
            "row is answered; what cannot be read says why in fault.",
        ),
        parameters=[
            DATETIME,
            OpenApiParameter("f", enum=["geojson", "csv"], description=text("Format", "Format")),
        ],
        request=OpenApiTypes.OBJECT,
        responses=OpenApiTypes.OBJECT,
        tags=["hazards"],
    )
    def post(self, request: Request) -> StreamingHttpResponse:
        """
        Raises:
            InvalidParameter: ``body``: no such file, or no point in it.
            TooLarge: more than :data:`MAX_BYTES`, or more points than allowed.
        """
        if not request.data:
            raise InvalidParameter("body", text("Isi permintaan kosong.", "The body of the request is empty."))
        screening = Screening(moment(request.query_params.dict()))
        as_csv = request.accepted_renderer.format == "csv"
        points = cast(Iterator[Point], request.data)
        chunks = begun(
            (screening_csv if as_csv else screening_geojson)(screening, points), "csv" if as_csv else "geojson"
        )
        media_type = "text/csv; charset=utf-8" if as_csv else "application/geo+json"
        headers = FRESH | {"Data-Versions": orjson.dumps(screening.versions).decode()}
        return StreamingHttpResponse(chunks, content_type=media_type, headers=headers)
