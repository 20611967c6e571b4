"""The question of POST hazards/impact as the inputs of a process (OGC API - Processes), each by its name."""

from collections.abc import Mapping
from typing import Any

import jsonschema

from layers.errors import InvalidParameter
from layers.rest.hazards import impact_query
from layers.rest.impact_body import area_parse, geojson_area
from layers.rest.impact_formats import impact_json
from layers.services.impact import DAYS, LISTED, MAX_DAYS, MAX_LISTED, STANDARD, ImpactQuery, impact_of
from layers.services.needs import STANDARDS
from layers.text import text

GEOJSON = ("geometry", "feature", "feature-collection")
"""Formats of OGC 18-062r2, 7.13.1."""

INPUTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "geometry": (
        text(
            "Wilayah: Polygon, MultiPolygon, atau Feature dan FeatureCollection darinya (GeoJSON), bujur di depan.",
            "The area: a GeoJSON Polygon, MultiPolygon, or a Feature or FeatureCollection of these, longitude first.",
        ),
        {"type": "object", "anyOf": [{"format": f"geojson-{kind}"} for kind in GEOJSON]},
    ),
    "zone": (
        text("Id zona bencana, menggantikan geometri.", "Id of a disaster zone, in place of a geometry."),
        {"type": "integer", "minimum": 0},
    ),
    "alert": (
        text("Pengenal peringatan CAP yang sudah dimuat.", "Identifier of a CAP alert that was taken in."),
        {"type": "string", "minLength": 1},
    ),
    "raster": (
        text(
            "Kode raster: wilayah tempat nilainya mencapai threshold.",
            "Code of a raster: the area where it reaches the threshold.",
        ),
        {"type": "string", "pattern": "^[a-z0-9_-]+$"},
    ),
    "threshold": (
        text("Nilai raster terendah yang termasuk.", "The lowest value of the raster that counts."),
        {"type": "number", "minimum": -999_999_999, "maximum": 999_999_999},
    ),
    "datetime": (
        text("Saat yang ditanyakan; bila kosong, sekarang.", "The time asked about; now where empty."),
        {"type": "string", "format": "date-time"},
    ),
    "standard": (
        text("Standar kebutuhan.", "The standard of the needs."),
        {"type": "string", "enum": list(STANDARDS), "default": STANDARD},
    ),
    "days": (
        text("Lama kebutuhan dihitung, hari.", "Days to count needs for."),
        {"type": "integer", "minimum": 1, "maximum": MAX_DAYS, "default": DAYS},
    ),
    "limit": (
        text(
            f"Fitur yang didaftar tiap lapisan, paling banyak {MAX_LISTED}.",
            f"Features to list of each layer, {MAX_LISTED} at most.",
        ),
        {"type": "integer", "minimum": 1, "default": LISTED},  # more is taken for the maximum
    ),
}
"""What each input says, and its JSON Schema."""

AREAS = ({"geometry"}, {"zone"}, {"alert"}, {"raster", "threshold"})
"""The ways to name an area, one of which is taken."""


def inputs_parse(inputs: Mapping[str, Any]) -> ImpactQuery:
    """The question that inputs ask.

    Raises:
        InvalidParameter: one is unknown, does not fit its schema or names what is not there, or no area is named.
        TooLarge: a geometry with too many vertices.
    """
    given = {}
    for name, value in inputs.items():
        if name not in INPUTS:
            known = ", ".join(INPUTS)
            raise InvalidParameter(
                name, text(f"Masukan ini tidak ada; yang ada: {known}.", f"There is no such input; there are: {known}.")
            )
        try:
            jsonschema.validate(value, INPUTS[name][1])
        except jsonschema.ValidationError as error:
            rule = f"{error.validator} {error.validator_value}"
            raise InvalidParameter(
                name, text(f"Tidak sesuai skemanya: {rule}.", f"This does not fit its schema: {rule}.")
            ) from error
        given[name] = int(value) if INPUTS[name][1]["type"] == "integer" else value  # 12.0 is one, too
    named = {name: value for name, value in given.items() if name in set().union(*AREAS)}
    if set(named) not in AREAS:
        raise InvalidParameter(
            "inputs",
            text(
                "Beri satu dari: geometry, zone, alert, atau raster beserta threshold.",
                "Give one of: geometry, zone, alert, or raster together with threshold.",
            ),
        )
    area = geojson_area(named["geometry"]) if "geometry" in named else area_parse(named)
    return impact_query(area, {name: str(given[name]) for name in given.keys() - named.keys()}, shapes=False)


def impact_answer(query: ImpactQuery) -> str:
    """The answer as JSON, the same as that of POST hazards/impact.

    Raises:
        InvalidParameter: ``zone``: there is none of that id.
    """
    return impact_json(impact_of(query)).decode()
