"""Pages of a list, as GeoJSON."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response

from layers.catalog import Layer
from layers.query.features import page_room
from layers.query.values import LARGEST, limit_parse, whole_parse
from layers.text import text

LIMIT = text("Banyaknya fitur sehalaman.", "How many features a page holds.")
OFFSET = text("Banyaknya fitur yang dilewati.", "How many features are passed over.")


class FeaturePagination(LimitOffsetPagination):
    """``limit`` and ``offset`` over a FeatureCollection that also counts all features that match.

    Where the geometries of so many are too large for a page, it holds fewer, and so do those that its links lead to.
    """

    room: int

    def paginate_queryset(self, queryset: QuerySet[Any], request: Request, view: Any = None) -> list[Any]:
        layer: Layer = view.layer
        self.room = limit_parse(request.query_params, layer.default_limit, layer.max_limit)
        if layer.dimension:
            self.room = page_room(queryset, self.get_offset(request), self.room)
        return super().paginate_queryset(queryset, request, view) or []

    def get_limit(self, request: Request) -> int:
        return self.room

    def get_offset(self, request: Request) -> int:
        return whole_parse("offset", request.query_params.get("offset", "0"), 0)

    def get_paginated_response(self, data: dict[str, Any]) -> Response:
        return Response(
            {
                "type": "FeatureCollection",
                "count": self.count,
                "next": self.get_next_link(),
                "previous": self.get_previous_link(),
                "features": data["features"],
            }
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        page = {"count": {"type": "integer"}, "next": link, "previous": link}
        return {"allOf": [schema, {"type": "object", "required": list(page), "properties": page}]}

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        limit = {"minimum": 1, "maximum": view.layer.max_limit, "default": view.layer.default_limit}
        offset = {"minimum": 0, "maximum": LARGEST, "default": 0}
        return [
            {"name": name, "in": "query", "description": words, "schema": {"type": "integer", **schema}}
            for name, words, schema in (("limit", LIMIT, limit), ("offset", OFFSET, offset))
        ]
