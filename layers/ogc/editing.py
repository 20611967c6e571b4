"""OGC API - Features, Part 4 (OGC 20-002r1): create, replace, update and delete.

A body goes through the serializer of REST, so that both doors take and refuse the same. What is OGC's own stands
here: the methods that each user may use, ``Content-Crs``, ``If-Match``, nulls, and the id in the path that rules.
"""

from http import HTTPStatus
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import APIException, AuthenticationFailed
from rest_framework.request import Request

from layers.catalog import Layer
from layers.errors import Forbidden, NotFound, Problem
from layers.models import Feature
from layers.ogc.caching import item_etag
from layers.query.journal import actor_set, journal_number
from layers.query.params import crs_parse
from layers.query.spatial import CRS84
from layers.query.values import id_parse
from layers.rest.formats import GeoJson, GeoJsonRenderer, Json
from layers.rest.preconditions import precondition_check
from layers.rest.problems import CREDENTIALS
from layers.rest.serializers import serializer_for
from layers.rest.views import Strict
from layers.text import text

READS = ("GET", "HEAD", "OPTIONS")

ACTIONS = {"POST": "add", "PUT": "change", "PATCH": "change", "DELETE": "delete"}
"""The permission on the layer's model that each method needs."""


class Unauthorized(Problem):
    """The credentials are not valid."""

    status = HTTPStatus.UNAUTHORIZED


def offered(request: HttpRequest, layer: Layer, *, item: bool) -> dict[str, str]:
    """What the user of the request may do with an item, or with the items, of a layer: ``Allow``, ``Accept-Post`` and
    ``Accept-Patch``.

    Raises:
        Unauthorized, Forbidden: see :func:`user_of`.
    """
    view = ItemView(layer=layer) if item else ItemsView(layer=layer)
    methods = view.methods_of(user_of(request))
    return {"Allow": ", ".join(methods), **view.accepted(methods)}


def user_of(request: HttpRequest) -> Any:
    """Who asks, in whichever way they signed in.

    Raises:
        Unauthorized: the credentials are not valid.
        Forbidden: a request that is no mere reading comes with a session and without its CSRF token.
    """
    view = Strict()
    asked = view.initialize_request(request)
    try:
        return asked.user
    except AuthenticationFailed as error:
        raise Unauthorized(CREDENTIALS, headers={"WWW-Authenticate": view.get_authenticate_header(asked)}) from error
    except APIException as error:
        raise Forbidden(error.detail) from error


def item_create(request: HttpRequest, layer: Layer) -> HttpResponse:
    """POST: 201 with the address and the ETag of the new item."""
    return ItemsView.as_view(layer=layer)(request)


def item_replace(request: HttpRequest, layer: Layer, id: str) -> HttpResponse:
    """PUT: what the body leaves out goes back to its default; personal data, which nobody can read here, stays."""
    return ItemView.as_view(layer=layer)(request, id=id)


def item_change(request: HttpRequest, layer: Layer, id: str) -> HttpResponse:
    """PATCH as a merge patch (RFC 7396): what the body leaves out stays, null goes back to its default."""
    return ItemView.as_view(layer=layer)(request, id=id)


def item_delete(request: HttpRequest, layer: Layer, id: str) -> HttpResponse:
    """DELETE."""
    return ItemView.as_view(layer=layer)(request, id=id)


class MergePatch(Json):
    media_type = "application/merge-patch+json"


class EditingView(Strict):
    """What the items and one item have in common; answers have no body but a problem."""

    layer: Layer = None  # type: ignore[assignment]  # as_view takes it, and asks for a default
    parser_classes = [GeoJson, Json]
    renderer_classes = [GeoJsonRenderer]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Whatever ``Accept`` says: there is nothing to choose from."""
        return super().perform_content_negotiation(request, force=True)

    def parameters(self) -> list[str]:
        return ["f", "lang"]

    def get_queryset(self) -> QuerySet[Feature]:
        return self.layer.model._default_manager.all()

    @property
    def allowed_methods(self) -> list[str]:
        """``Allow`` of this user; of anyone while it is not known who asks."""
        user = getattr(self.request, "_user", None)
        return list(self.methods_of(user)) if user else list(READS)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        self.headers = self.default_response_headers  # once more, for now it is known who asks
        return super().finalize_response(request, response, *args, **kwargs)

    def methods_of(self, user: Any) -> tuple[str, ...]:
        meta = self.layer.model._meta
        return READS + tuple(
            method
            for method, action in ACTIONS.items()
            if hasattr(self, method.lower()) and user.has_perm(f"{meta.app_label}.{action}_{meta.model_name}")
        )

    def store(self, feature: Feature | None = None) -> Feature:
        """Store the body as a new feature, or into one; a PATCH in part.

        Raises:
            rest_framework.exceptions.ValidationError, ParseError: the body is no such feature.
            InvalidParameter: ``Content-Crs`` names no CRS of the layer.
        """
        given = self.request.headers.get("Content-Crs", CRS84).strip()
        crs = crs_parse(self.layer, given.removeprefix("<").removesuffix(">"), "Content-Crs")
        partial = self.request.method == "PATCH"
        body = self.request.data
        if isinstance(body, dict):
            body = ({"type": "Feature"} if partial else {}) | {key: body[key] for key in body if key != "id"}
            if isinstance(properties := body.get("properties"), dict):
                body["properties"] = {
                    name: self.default(name) if value is None else value
                    for name, value in properties.items()
                    if name != "id"
                }
        serializer = serializer_for(self.layer)(feature, data=body, partial=partial, context={"crs": crs})
        serializer.is_valid(raise_exception=True)
        stored: Feature = serializer.save()
        return stored

    def default(self, name: str) -> Any:
        """What a property is where nothing is said of it; None where it is none of the layer's."""
        columns: Any = self.layer.model._meta
        return columns.get_field(name).get_default() if self.layer.property(name) else None

    def etag(self, id: int) -> str:
        """The ETag of an item as this transaction leaves it; to be read at its end."""
        journal_number()
        return item_etag(self.request, self.layer, id)


class ItemsView(EditingView):
    @transaction.atomic
    def post(self, request: Request) -> HttpResponse:
        actor_set(request.user.get_username())
        id = self.store().pk
        address = request.build_absolute_uri(f"{request.path}/{id}")
        return HttpResponse(status=201, headers={"Location": address, "ETag": self.etag(id)})


class ItemView(EditingView):
    parser_classes = [MergePatch, GeoJson, Json]

    @transaction.atomic
    def put(self, request: Request, id: str) -> HttpResponse:
        feature = self.store(self.locked(id))
        return HttpResponse(status=204, headers={"ETag": self.etag(feature.pk)})

    patch = put

    @transaction.atomic
    def delete(self, request: Request, id: str) -> HttpResponse:
        self.locked(id).delete()
        return HttpResponse(status=204)

    def locked(self, id: str) -> Feature:
        """The feature, which nobody else can change until the transaction ends.

        Raises:
            NotFound: the layer has none of that id.
            PreconditionFailed: it is not as the request's preconditions say.
        """
        actor_set(self.request.user.get_username())
        number = id_parse(id)
        feature = None if number is None else self.get_queryset().select_for_update().filter(pk=number).first()
        if feature is None:
            raise NotFound(
                text(f"Tidak ada item {id!r} di {self.layer.id}.", f"There is no item {id!r} in {self.layer.id}.")
            )
        precondition_check(self.request, self.layer, feature)
        return feature
