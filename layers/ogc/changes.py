"""The change feed of a collection: what happened since a token, as GeoJSON with tombstones; see docs/changes.md."""

from urllib.parse import urlencode

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from layers.catalog import layer_get
from layers.errors import Gone
from layers.ogc.links import base_url, collection_link, link, link_header, negotiated
from layers.ogc.openapi import GEOJSON
from layers.ogc.resource import resource
from layers.query.changes import Changes, Place, changes_fetch
from layers.query.features import version_fetch
from layers.query.params import params_single
from layers.query.values import limit_parse
from layers.text import text


@resource
def changes(request: HttpRequest, id: str) -> HttpResponse:
    """GET ``since=TOKEN&limit=``; without ``since``, the token of this moment, to be had before the items are read.

    Raises:
        InvalidParameter: a parameter is unknown or malformed.
        Gone: the journal does not know all that happened since the token; the answer links to the start.
    """
    layer = layer_get(id)
    given = params_single(dict(request.GET.lists()), ["f", "lang", "limit", "since"])
    limit = limit_parse(given, layer.default_limit, layer.max_limit)
    negotiated(request, {"json": GEOJSON})
    collection = f"{base_url(request)}/collections/{layer.id}"
    if "since" in given:
        found = changes_fetch(layer, Place.parse(given["since"]), limit)
        if found is None:
            raise _gone(collection)
    else:
        found = Changes([], version_fetch(layer).tag, more=False)
    links = [link("self", request.build_absolute_uri(), text("Dokumen ini", "This document"), GEOJSON)]
    if found.more:
        title = text("Perubahan berikutnya", "The changes after these")
        following = urlencode({**given, "since": found.token})
        links.append(link("next", f"{collection}/changes?{following}", title, GEOJSON))
    if "since" not in given:
        title = text("Item, untuk dibaca setelah ini", "The items, to be read after this")
        links.append(link("items", f"{collection}/items", title, GEOJSON))
    links.append(collection_link(request, layer))
    head = {
        "type": "FeatureCollection",
        "timeStamp": timezone.now().isoformat(),
        "token": found.token,
        "numberReturned": len(found.features),
        "links": links,
    }
    body = orjson.dumps(head)[:-1] + f',"features":[{",".join(found.features)}]}}'.encode()
    return HttpResponse(body, content_type=GEOJSON, headers={"Cache-Control": "no-store"})


def _gone(collection: str) -> Gone:
    title = text("Mulai lagi dari sini", "Begin again here")
    links = [link("start", f"{collection}/changes", title, GEOJSON)]
    return Gone(
        text(
            "Yang terjadi sejak token ini tidak lagi diketahui seluruhnya: terlalu lama, atau lapisan diganti "
            "seluruhnya. Minta token baru dari tautan start, lalu baca ulang semua item.",
            "What happened since this token is not known in full: it is too old, or the layer was replaced as a "
            "whole. Get a new token from the link start, then read all items again.",
        ),
        headers={"Link": link_header(links)},
        links=links,
    )
