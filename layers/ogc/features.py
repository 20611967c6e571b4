"""The pygeoapi feature provider, over the same queries as the views.

It also serves without the portal: ``pygeoapi serve`` with ``pygeoapi-config.yml`` and ``DATABASE_URL`` answers
the same features.
"""

import os
from dataclasses import replace
from typing import Any

import django
import orjson
from django.apps import apps

if not apps.ready:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "geoportal.settings")
    django.setup()

from pygeoapi.provider.base import (
    BaseProvider,
    ProviderInvalidQueryError,
    ProviderItemNotFoundError,
)

from layers.catalog import layers
from layers.errors import InvalidParameter
from layers.ogc.schemas import plain_schema
from layers.query.features import item_fetch, items_fetch
from layers.query.params import FeatureQuery
from layers.query.spatial import CRS84, crs_get
from layers.query.values import id_parse


class FeatureProvider(BaseProvider):
    """Features of one layer; ``data`` in the configuration is its model, such as ``layers.Market``."""

    def __init__(self, provider_def: dict[str, Any]) -> None:
        super().__init__(provider_def)
        self.layer = next(layer for layer in layers() if layer.model._meta.label == provider_def["data"])
        self.get_fields()

    def get_fields(self) -> dict[str, Any]:
        self._fields = {known.name: plain_schema(known) for known in self.layer.properties}
        return self._fields

    def query(
        self,
        offset: int = 0,
        limit: int = 10,
        bbox: list[float] | None = None,
        datetime_: str | None = None,
        properties: list[tuple[str, str]] | None = None,
        sortby: list[dict[str, str]] | None = None,
        select_properties: list[str] | None = None,
        skip_geometry: bool = False,
        q: str | None = None,
        filterq: Any = None,
        crs_transform_spec: Any = None,
        **_: Any,
    ) -> dict[str, Any]:
        """A page of features, as pygeoapi asks for it.

        Raises:
            ProviderInvalidQueryError: a value is malformed, or a CQL filter is given, which only the portal takes.
        """
        if filterq is not None:
            raise ProviderInvalidQueryError(user_msg="filter is not supported here")
        asked = {
            "offset": str(offset),
            "limit": str(limit),
            "bbox": ",".join(map(str, bbox or [])),
            "datetime": datetime_,
            "sortby": ",".join(key["order"] + key["property"] for key in sortby or []),
            "properties": ",".join(select_properties or []),
            "skipGeometry": "true" if skip_geometry else None,
            "q": q,
            "crs": _crs_uri(crs_transform_spec),
            **dict(properties or []),
        }
        try:
            query = FeatureQuery.parse(self.layer, {name: [value] for name, value in asked.items() if value})
        except InvalidParameter as error:
            raise ProviderInvalidQueryError(user_msg=str(error)) from error
        pages, returned = [items_fetch(self.layer, query)], 0
        while pages[-1].next and (returned := returned + pages[-1].returned) < limit:  # pygeoapi leads on by limit
            pages.append(items_fetch(self.layer, replace(query, offset=offset + returned, limit=limit - returned)))
        matched = pages[0].matched
        return {
            "type": "FeatureCollection",
            "features": [one for page in pages for one in orjson.loads(f"[{page.features}]")],
            **({} if matched is None else {"numberMatched": matched}),
            "numberReturned": sum(page.returned for page in pages),
        }

    def get(self, identifier: str, crs_transform_spec: Any = None, **_: Any) -> dict[str, Any]:
        """One feature by its id.

        Raises:
            ProviderItemNotFoundError: there is none.
        """
        id = id_parse(identifier)
        text = None if id is None else item_fetch(self.layer, id, crs_get(_crs_uri(crs_transform_spec)))[1]
        if text is None:
            raise ProviderItemNotFoundError(user_msg=f"no item {identifier}")
        feature: dict[str, Any] = orjson.loads(text)
        return feature


def _crs_uri(spec: Any) -> str:
    return spec.target_crs_uri if spec else CRS84
