"""Which field of a file, or which constant, feeds which field of a layer."""

from collections.abc import Iterable, Mapping

from django.db.models import Field

from layers.catalog import Layer
from layers.errors import InvalidParameter
from layers.importers.reader import GEOMETRIES, LATITUDES, LONGITUDES
from layers.text import text

PASSED_OVER = {"fid", "ogc_fid", *f"{LONGITUDES},{LATITUDES},{GEOMETRIES}".split(",")}
"""Row numbers of GDAL, and where a row is: no one misses them."""


def fields_importable(layer: Layer) -> dict[str, Field]:
    """The fields a file may fill: all but the geometry and what the database sets by itself."""
    return {
        field.name: field
        for field in layer.model._meta.local_concrete_fields
        if field.editable and not field.primary_key and field.name != "geom"
    }


def field_get(layer: Layer, parameter: str, name: str) -> Field:
    """The field of that name.

    Raises:
        InvalidParameter: there is none to fill, by the name of the option that asked for it.
    """
    fields = fields_importable(layer)
    if name not in fields:
        raise InvalidParameter(
            parameter,
            text(
                f"{layer.id} tidak memiliki bidang {name!r} yang dapat diisi. Yang ada: {', '.join(fields)}.",
                f"{layer.id} has no field {name!r} to fill. There are: {', '.join(fields)}.",
            ),
        )
    return fields[name]


def columns_map(
    layer: Layer, file_fields: Iterable[str], mapping: Mapping[str, str], constants: Mapping[str, str]
) -> dict[str, str]:
    """The file's field for each field of the layer that the file feeds.

    Args:
        mapping: the file's field for a field of the layer, where the two are not called the same.
        constants: fields that the file shall not feed.

    Raises:
        InvalidParameter: a field that is not there, or given twice, or no ``code``; the message lists what there is.
    """
    fields, there = fields_importable(layer), list(file_fields)
    for name in mapping:
        field_get(layer, "map", name)
    for name in mapping.keys() & constants.keys():
        raise InvalidParameter(
            "map",
            text(
                f"{name!r} diberi dua kali: dengan --map dan sebagai nilai tetap.",
                f"{name!r} is given twice: by --map and as a constant.",
            ),
        )
    columns = {}
    for name in fields.keys() - constants.keys():
        wanted = mapping.get(name, name)
        found = wanted if wanted in there else next((f for f in there if f.casefold() == wanted.casefold()), None)
        if found is not None:
            columns[name] = found
        elif name in mapping:
            raise InvalidParameter(
                "map",
                text(
                    f"Berkas tidak memiliki bidang {wanted!r}. Yang ada: {', '.join(there) or '(tidak ada)'}.",
                    f"The file has no field {wanted!r}. There are: {', '.join(there) or '(none)'}.",
                ),
            )
    if "code" not in {*columns, *constants}:
        raise InvalidParameter(
            "map",
            text(
                "Bidang mana yang memuat kode unik setiap baris? Sebutkan dengan --map code=BIDANG. "
                f"Bidang berkas: {', '.join(there) or '(tidak ada)'}.",
                "Which field holds each row's unique code? Say it with --map code=FIELD. "
                f"Fields of the file: {', '.join(there) or '(none)'}.",
            ),
        )
    return {name: columns[name] for name in fields if name in columns}


def columns_unused(layer: Layer, file_fields: Iterable[str], columns: Mapping[str, str]) -> tuple[str, ...]:
    """The file's fields that feed none of the layer: a misspelt one would be missed by nobody.

    Not among them is what an export writes and no file may fill, such as ``id`` and ``updated_at``.
    """
    own = {field.name for field in layer.model._meta.local_concrete_fields} - fields_importable(layer).keys()
    return tuple(
        name for name in file_fields if name not in columns.values() and name.casefold() not in own | PASSED_OVER
    )
