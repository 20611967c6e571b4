"""The history of a feature at the REST door: who changed what and when, and a way back."""

import json
from typing import Any, ClassVar

import shapely
from django.core.exceptions import ValidationError as Invalid
from django.db import transaction
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error
from rest_framework.utils.urls import replace_query_param

from layers.catalog import Layer
from layers.errors import NotFound
from layers.models import Feature
from layers.query.history import Edit, State, history_fetch, item_restore
from layers.query.journal import actor_set
from layers.query.values import id_parse, limit_parse, whole_parse
from layers.rest.pagination import LIMIT, OFFSET
from layers.rest.preconditions import PRECONDITION, precondition_check, tagged
from layers.text import text


class HistoryPermission(BasePermission):
    """Edits name people: who may view or change the layer reads them, who may change it goes back."""

    def has_permission(self, request: Request, view: Any) -> bool:
        actions = ("view", "change") if request.method in SAFE_METHODS else ("change",)
        return any(may(request, view.layer, action) for action in actions)


def may(request: Request, layer: Layer, action: str) -> bool:
    """Whether the user of a request has a permission on the layer's model."""
    meta = layer.model._meta
    return request.user.has_perm(f"{meta.app_label}.{action}_{meta.model_name}")


class HistoryActions(GenericAPIView[Feature]):
    """``history/`` of a feature, and ``history/{edit}/restore/``; the feature may be deleted by now."""

    layer: ClassVar[Layer]

    @extend_schema(
        summary=text("Riwayat fitur", "History of a feature"),
        description=text(
            "Siapa mengubah apa dan kapan, yang terbaru dahulu, beserta nilai dan geometri lama. Juga untuk fitur yang "
            "sudah dihapus. Memerlukan izin melihat atau mengubah.",
            "Who changed what and when, newest first, with the old values and the old geometry. Also of a feature that "
            "was deleted. Needs the permission to view or to change.",
        ),
        parameters=[
            OpenApiParameter("limit", OpenApiTypes.INT, description=LIMIT),
            OpenApiParameter("offset", OpenApiTypes.INT, description=OFFSET),
        ],
        responses=OpenApiTypes.OBJECT,
    )
    @action(
        detail=True,
        methods=["get"],
        renderer_classes=[JSONRenderer],  # edits are no GeoJSON
        permission_classes=[HistoryPermission],
        filter_backends=[],
        pagination_class=None,
    )
    def history(self, request: Request, id: str) -> Response:
        limit = limit_parse(request.query_params, self.layer.default_limit, self.layer.max_limit)
        offset = whole_parse("offset", request.query_params.get("offset", "0"), 0)
        number = self._number(id)
        edits = history_fetch(self.layer, number, limit + 1, offset)
        if not edits and not self.get_queryset().filter(pk=number).exists():
            raise self._missing(id)
        more = replace_query_param(request.build_absolute_uri(), "offset", offset + limit)
        return Response(
            {
                "next": more if len(edits) > limit else None,
                "edits": [_edit(self.layer, edit) for edit in edits[:limit]],
            }
        )

    @extend_schema(
        summary=text("Kembalikan keadaan lama", "Put an old state back"),
        description=text(
            "Mengembalikan fitur ke keadaannya sebelum sebuah perubahan, melalui pemeriksaan yang sama seperti "
            "perubahan lain. Memerlukan izin mengubah; untuk fitur yang sudah dihapus juga izin menambah.",
            "Puts the feature back into its state before an edit, checked as any other change. Needs the permission to "
            "change; of a feature that was deleted also the permission to add.",
        ),
        request=None,
        parameters=[OpenApiParameter("edit", OpenApiTypes.INT64, OpenApiParameter.PATH), PRECONDITION],
    )
    @action(
        detail=True,
        methods=["post"],
        url_path="history/<str:edit>/restore",
        permission_classes=[HistoryPermission],
        filter_backends=[],
        pagination_class=None,
    )
    @transaction.atomic
    def restore(self, request: Request, id: str, edit: str) -> Response:
        actor_set(request.user.get_username())
        number = self._number(id)
        present = self.get_queryset().select_for_update().filter(pk=number).first()
        if present:
            precondition_check(request, self.layer, present)
        elif not may(request, self.layer, "add"):
            self.permission_denied(request)
        try:
            feature = item_restore(self.layer, number, self._number(edit))
        except Invalid as error:
            raise ValidationError(as_serializer_error(error)) from error
        return tagged(Response(self.get_serializer(feature).data), self.layer)

    def _number(self, id: str) -> int:
        number = id_parse(id)
        if number is None:
            raise self._missing(id)
        return number

    def _missing(self, id: str) -> NotFound:
        return NotFound(
            text(f"{self.layer.id} tidak pernah punya {id!r}.", f"There never was {id!r} in {self.layer.id}.")
        )


def _edit(layer: Layer, edit: Edit) -> dict[str, Any]:
    return {
        "id": edit.id,
        "at": edit.at and edit.at.isoformat(),
        "actor": edit.actor,
        "db_user": edit.db_user,
        "action": edit.action,
        "old": _part(layer, edit.old),
        "new": _part(layer, edit.new),
    }


def _part(layer: Layer, state: State) -> dict[str, Any]:
    """What is published of a state, or of a part of one, as members of a GeoJSON feature."""
    published = {known.name: state[known.name] for known in layer.properties if known.name in state}
    if "geom" not in state:
        return {"properties": published}
    return {"geometry": json.loads(str(shapely.to_geojson(shapely.from_wkb(state["geom"])))), "properties": published}
