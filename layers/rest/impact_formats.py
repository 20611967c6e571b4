"""The impact of an area in the formats it is asked for: JSON, GeoJSON, CSV, and a page to print."""

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import orjson
from django.template.loader import render_to_string

from layers.catalog import Layer, Property, layer_get
from layers.rest.impact_map import LETTERS, impact_map
from layers.services.impact import Impact, Inside
from layers.services.screening import harmless
from layers.text import text

CSV_COLUMNS = ("section", "code", "name", "item", "value")

DAYS = text("hari", "days")


def impact_json(impact: Impact) -> bytes:
    """Everything but geometries; the features of a layer are objects of their id and properties."""
    document = asdict(impact)
    del document["geometry"]
    for one in document["kelurahan"]:
        del one["geometry"]
    for inside in document["layers"].values():
        inside["listed"] = [{"id": one["id"], **one["properties"]} for one in inside.pop("features")]
    return orjson.dumps(document)


def impact_geojson(impact: Impact) -> bytes:
    """The area with the totals, the kelurahan, and the features that are listed; ``layer`` tells them apart."""
    summary = orjson.loads(impact_json(impact))
    for inside in summary["layers"].values():
        del inside["listed"]
    del summary["kelurahan"]
    features = [_feature(None, impact.geometry, {"layer": "area", **summary})]
    for one in impact.kelurahan:
        properties = asdict(one)
        features.append(_feature(None, properties.pop("geometry"), {"layer": "kelurahan", **properties}))
    for id, inside in impact.layers.items():
        features += [
            _feature(one["id"], one["geometry"], {"layer": id, **one["properties"]}) for one in inside.features
        ]
    return orjson.dumps({"type": "FeatureCollection", "features": features})


def _feature(id: int | None, geometry: Any, properties: dict[str, Any]) -> dict[str, Any]:
    identity = {} if id is None else {"id": id}
    return {"type": "Feature", **identity, "geometry": geometry, "properties": properties}


def impact_csv(impact: Impact) -> bytes:
    """One value a row, so that one file holds all: ``section``, ``code`` and ``name`` of what it is about, ``item``."""
    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    writer.writerow(CSV_COLUMNS)
    for row in _rows(impact):
        writer.writerow(harmless(row))
    return lines.getvalue().encode()


def _rows(impact: Impact) -> Iterator[tuple[Any, ...]]:
    for item in ("datetime", "computed_at", "note", "area_m2", "unmapped_m2", "area_computed_in"):
        value = getattr(impact, item)
        yield "area", "", "", item, value.isoformat() if item == "datetime" else value
    for about in impact.about:
        for item, value in asdict(about).items():
            if item not in ("code", "name"):
                yield "about", about.code, about.name, item, value["label"] if isinstance(value, dict) else value
    for item, value in asdict(impact.people).items():
        yield "people", "", "", item, value
    for one in impact.kelurahan:
        members = asdict(one)
        for item in ("affected", "population", "population_source", "population_date", "share", "has_open_post"):
            yield "kelurahan", one.code, one.name, item, members[item]
    for need in impact.needs:
        for item, value in (("per_day", need.per_day), ("total", need.total)):
            if value is not None:
                yield (
                    "needs",
                    need.item,
                    f"{need.label} ({need.unit}; {impact.standard_name}: {need.figure}; {impact.days} {DAYS})",
                    item,
                    value,
                )
    for id, inside in impact.layers.items():
        yield id, "", "", "count", inside.count
        for item, total in inside.totals.items():
            yield id, "", "", item, total["sum"]
            yield id, "", "", f"{item} (unknown)", total["unknown"]
        for feature in inside.features:
            yield id, feature["properties"]["code"], feature["properties"]["name"], "inside", 1
    yield "out_of_reach", "", "", "count", impact.out_of_reach_total
    for place in impact.out_of_reach:
        yield "out_of_reach", place["code"], place["name"], place["layer"], place["reason"]
    for layer, version in impact.versions.items():
        yield "versions", "", "", layer, version


def impact_html(impact: Impact) -> bytes:
    """A situation report that prints on A4 and needs no other file."""
    known = [(layer_get(id), inside) for id, inside in impact.layers.items() if inside.count]
    context = {
        "impact": impact,
        "layers": [(layer, inside, _totals(layer, inside)) for layer, inside in known],
        "letters": [(LETTERS[layer.id], layer) for layer, _ in known if layer.id in LETTERS],
        "map": impact_map(impact),
        "square_kilometres": round(impact.area_m2 / 1e6, 2),
        "square_kilometres_unmapped": round(impact.unmapped_m2 / 1e6, 2),
    }
    return render_to_string("hazards/impact.html", context).encode()


def _totals(layer: Layer, inside: Inside) -> list[tuple[Property, dict[str, int]]]:
    return [(item, inside.totals[item.name]) for item in layer.properties if item.name in inside.totals]
