"""The addresses around the resources: the list of them, tokens, the description."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.authtoken.serializers import AuthTokenSerializer
from rest_framework.authtoken.views import ObtainAuthToken
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer, TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from layers.catalog import in_language, layers, portal_title
from layers.errors import NotFound
from layers.query.params import params_single
from layers.rest.formats import Json
from layers.text import text


class Strict(APIView):
    """A view that refuses query parameters it does not know, for a slip of the pen should not widen an answer."""

    def parameters(self) -> Sequence[str]:
        return ["lang"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        params_single(dict(request.query_params.lists()), self.parameters())

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[Any, str]:
        """OPTIONS is told in JSON, for the renderers of some views take part in the choice of a format only."""
        if request.method == "OPTIONS":
            return JSONRenderer(), JSONRenderer.media_type
        chosen: tuple[Any, str] = super().perform_content_negotiation(request, force)
        return chosen

    def options(self, *args: Any, **kwargs: Any) -> Response:
        response = super().options(*args, **kwargs)
        for name, value in self.accepted(self.allowed_methods).items():
            response[name] = value
        return response

    def accepted(self, methods: Sequence[str]) -> dict[str, str]:
        """``Accept-Post`` and ``Accept-Patch`` (RFC 5789, section 3.1): what can be sent, where ``methods`` send it."""
        types = ", ".join(str(parser.media_type) for parser in self.parser_classes)
        return {f"Accept-{method.capitalize()}": types for method in ("POST", "PATCH") if method in methods}


class PublicView(Strict):
    """For everyone; credentials are not looked at."""

    authentication_classes = []
    permission_classes = [AllowAny]


class RootView(PublicView):
    """Every resource, with its address."""

    renderer_classes = [JSONRenderer]

    @extend_schema(
        summary=text("Daftar sumber daya", "List the resources"),
        description=text("Setiap lapisan beserta alamatnya.", "Every layer with its address."),
        responses=OpenApiTypes.OBJECT,
        tags=["portal"],
    )
    def get(self, request: Request) -> Response:
        return Response(
            {
                "title": portal_title(),
                "resources": [
                    {
                        "id": layer.id,
                        "title": in_language(layer.title),
                        "description": in_language(layer.description),
                        "href": reverse(f"rest:{layer.id}-list", request=request),
                    }
                    for layer in layers()
                ],
                **{name: reverse(f"rest:{name}", request=request) for name in ("token", "schema", "docs")},
            }
        )


class TokenView(PublicView, ObtainAuthToken):
    """A user's token, for the header ``Authorization: Token …``; the admin shows and revokes it."""

    parser_classes = [Json]

    @extend_schema(
        summary=text("Minta token", "Ask for a token"),
        description=text(
            "Kirimkan pada setiap permintaan: Authorization: Token ...",
            "Send it with each request: Authorization: Token ...",
        ),
        request=AuthTokenSerializer,
        responses=AuthTokenSerializer,
        tags=["portal"],
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().post(request, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response


class SchemaView(Strict, SpectacularJSONAPIView):
    """The OpenAPI description, in the language of the request."""


class DocsView(PublicView):
    """The description as a page; its scripts and styles come from this server."""

    renderer_classes = [TemplateHTMLRenderer]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        url = f"{reverse('rest:schema')}?lang={get_language()}"
        return Response({"url": url}, template_name="rest/docs.html")


@csrf_exempt
def missing(request: HttpRequest, rest: str) -> HttpResponse:
    """Send to the address with a slash at its end, method and body included; there, nothing is found."""
    if not rest.endswith("/"):
        return HttpResponsePermanentRedirect(request.get_full_path(force_append_slash=True), preserve_request=True)
    known = ", ".join(layer.id for layer in layers())
    raise NotFound(
        text(
            f"Tidak ada apa pun di {request.path}. Sumber daya yang ada: {known}.",
            f"There is nothing at {request.path}. The resources are: {known}.",
        )
    )
