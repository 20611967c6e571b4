"""Media types of the REST door: JSON and GeoJSON, both ways."""

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer
from rest_framework.utils.json import strict_constant

from layers.text import text


class Json(BaseParser):
    """A JSON body (RFC 8259): UTF-8, without NaN, no larger than ``DATA_UPLOAD_MAX_MEMORY_SIZE``."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = (parser_context or {})["request"].body  # Django limits the size of a body, not of a stream
        try:
            return json.loads(body, parse_constant=strict_constant)
        except (ValueError, RecursionError) as error:
            raise ParseError(
                text(f"Isi permintaan bukan JSON: {error}.", f"The body of the request is not JSON: {error}.")
            ) from error


class GeoJson(Json):
    media_type = "application/geo+json"


class GeoJsonRenderer(JSONRenderer):
    media_type = "application/geo+json"
    format = "geojson"
