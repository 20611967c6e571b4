"""The resources of the REST door, one a layer."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet
from django.utils.http import parse_etags
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import ModelViewSet

from layers.catalog import Layer, in_language
from layers.errors import NotFound
from layers.models import Feature
from layers.query.journal import actor_set
from layers.query.values import id_parse
from layers.rest.filters import LayerFilterSet, filterset_for
from layers.rest.formats import GeoJson, GeoJsonRenderer, Json
from layers.rest.history import HistoryActions
from layers.rest.pagination import FeaturePagination
from layers.rest.preconditions import PRECONDITION, feature_etag, precondition_check, tagged
from layers.rest.serializers import serializer_for
from layers.rest.views import Strict
from layers.text import text

CHANGES = ("update", "partial_update", "destroy")
"""Actions on a feature that is there."""


@extend_schema_view(
    list=extend_schema(
        summary=text("Cari fitur", "Find features"),
        description=text("Sehalaman demi sehalaman, menurut saringan.", "Page by page, as the filters say."),
    ),
    retrieve=extend_schema(
        summary=text("Baca fitur", "Read a feature"),
        description=text("Satu fitur menurut id.", "One feature by its id."),
    ),
    create=extend_schema(
        summary=text("Tambah fitur", "Add a feature"),
        description=text("Memerlukan izin menambah.", "Needs the permission to add."),
    ),
    update=extend_schema(
        summary=text("Ganti fitur", "Replace a feature"),
        parameters=[PRECONDITION],
        description=text(
            "Atribut yang tidak disebut kembali ke nilai awalnya. Memerlukan izin mengubah.",
            "Properties left out go back to their defaults. Needs the permission to change.",
        ),
    ),
    partial_update=extend_schema(
        summary=text("Ubah fitur", "Change a feature"),
        parameters=[PRECONDITION],
        description=text(
            "Atribut yang tidak disebut tetap. Memerlukan izin mengubah.",
            "Properties left out stay as they are. Needs the permission to change.",
        ),
    ),
    destroy=extend_schema(
        summary=text("Hapus fitur", "Delete a feature"),
        parameters=[PRECONDITION],
        description=text("Memerlukan izin menghapus.", "Needs the permission to delete."),
    ),
)
class LayerViewSet(HistoryActions, Strict, ModelViewSet[Feature]):
    """The features of a layer: all may read, those with the permission of its model may write."""

    layer: ClassVar[Layer]
    filterset_class: ClassVar[type[LayerFilterSet]]

    renderer_classes = [GeoJsonRenderer, JSONRenderer]
    parser_classes = [GeoJson, Json]
    pagination_class = FeaturePagination
    filter_backends = [DjangoFilterBackend]
    lookup_url_kwarg = "id"

    def parameters(self) -> Sequence[str]:
        paged = {"list": ["limit", "offset", *self.filterset_class.base_filters], "history": ["limit", "offset"]}
        return ["lang", *paged.get(self.action, [])]

    def get_view_name(self) -> str:
        return in_language(self.layer.title)

    def get_view_description(self, html: bool = False) -> str:
        return in_language(self.layer.description)

    def get_renderers(self) -> list[BaseRenderer]:
        return [JSONRenderer()] if self.action == "metadata" else super().get_renderers()

    def get_queryset(self) -> QuerySet[Feature]:
        features = super().get_queryset()
        return features.select_for_update() if self.action in CHANGES else features

    def get_object(self) -> Feature:
        """
        Raises:
            NotFound: the layer has no feature of that id.
            PreconditionFailed: it is to be changed, and is not as the request's preconditions say.
        """
        id = self.kwargs["id"]
        number = id_parse(id)
        feature = None if number is None else self.get_queryset().filter(pk=number).first()
        if feature is None:
            raise NotFound(
                text(f"Tidak ada fitur {id!r} di {self.layer.id}.", f"There is no feature {id!r} in {self.layer.id}.")
            )
        if self.action in CHANGES:
            precondition_check(self.request, self.layer, feature)
        return feature

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The feature, or 304 to whoever has it as it is (RFC 9110, section 13.1.2)."""
        etag = feature_etag(self.layer)  # before the feature, so that it is never newer
        response = super().retrieve(request, *args, **kwargs)
        known = parse_etags(request.headers.get("If-None-Match", ""))
        if "*" in known or etag in (tag.removeprefix("W/") for tag in known):
            response = Response(status=304)
        response["ETag"] = etag
        return response

    @transaction.atomic
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return tagged(super().create(request, *args, **kwargs), self.layer)

    @transaction.atomic
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return tagged(super().update(request, *args, **kwargs), self.layer)

    @transaction.atomic
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        actor_set(request.user.get_username())
        return super().destroy(request, *args, **kwargs)

    def perform_create(self, serializer: BaseSerializer[Feature]) -> None:
        actor_set(self.request.user.get_username())
        serializer.save().refresh_from_db()  # with what the database computes

    perform_update = perform_create

    def get_success_headers(self, data: Any) -> dict[str, str]:
        return {"Location": reverse(f"rest:{self.layer.id}-detail", [data["id"]], request=self.request)}


def viewset_for(layer: Layer) -> type[LayerViewSet]:
    """The viewset of a layer."""
    return type(
        f"{layer.model.__name__}ViewSet",
        (LayerViewSet,),
        {
            "layer": layer,
            "queryset": layer.model._default_manager.all(),
            "serializer_class": serializer_for(layer),
            "filterset_class": filterset_for(layer),
        },
    )
