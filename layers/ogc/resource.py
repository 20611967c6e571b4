"""What every resource of the OGC API does alike, and the methods that a page takes."""

from collections.abc import Callable, Sequence
from functools import wraps

from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt

from layers.catalog import NoLayer
from layers.errors import MethodNotAllowed, NotFound
from layers.ogc.links import base_url
from layers.query.rasters import bands_of, rasters_version
from layers.text import text

View = Callable[..., HttpResponseBase]
Offer = Callable[..., dict[str, str]]

GET = ("GET", "HEAD")


def resource(view: View, takes: Sequence[str] = GET, offer: Offer | None = None) -> View:
    """A resource of the OGC API, which comes in several formats, and takes the methods that ``only`` is told."""

    @wraps(view)
    def answer(request: HttpRequest, **kwargs: str) -> HttpResponseBase:
        asked = request.META.get("QUERY_STRING", "")
        if "+" in asked and "%20" in asked:  # who writes a space as %20, as QGIS does, means a plus by +
            request.GET = QueryDict(asked.replace("+", "%2B"))
        try:
            response = view(request, **kwargs)
        except NoLayer:
            _raster_tell(request, kwargs.get("id", ""))
            raise
        patch_vary_headers(response, ["Accept"])
        return response

    return only(answer, takes, offer)


def only(view: View, takes: Sequence[str] = GET, offer: Offer | None = None) -> View:
    """A view that takes some methods and refuses all others.

    ``Allow`` names them; or ``offer`` gives the headers that say what the user of a request may do.
    """

    @csrf_exempt  # what writes checks by itself, and a refusal should say why rather than ask for a token
    @wraps(view)
    def answer(request: HttpRequest, **kwargs: str) -> HttpResponseBase:
        if request.method in takes:
            return view(request, **kwargs)
        headers = offer(request, **kwargs) if offer else {"Allow": ", ".join((*takes, "OPTIONS"))}
        if request.method == "OPTIONS":
            return HttpResponse(status=204, headers=headers)
        refused = text(f"{request.method} tidak berlaku di sini.", f"{request.method} is not allowed here.")
        raise MethodNotAllowed(f"{refused} {headers['Allow']}.", headers=headers)

    return answer


def _raster_tell(request: HttpRequest, id: str) -> None:
    """
    Raises:
        NotFound: the collection is a raster, which has neither items nor what comes with them.
    """
    if any(band.raster.code == id for band in bands_of(rasters_version())):
        values = f"{base_url(request)}/collections/{id}/coverage"
        raise NotFound(
            text(
                f"{id!r} adalah raster, tanpa item. Nilainya ada di {values}.",
                f"{id!r} is a raster, which has no items. Its values are at {values}.",
            )
        )
