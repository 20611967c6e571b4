"""What the database sets by itself, whoever writes: ``area``, ``updated_at``, the orientation of rings.

Triggers do it, because planners also edit in QGIS straight on PostGIS. They are attached after each migrate
to every layer of the catalogue, so that a further layer has nothing to remember.
"""

from typing import Any

from django.db import connection

from layers.catalog import Layer, layers
from layers.models import AdministrativeArea, PlacedFeature

AREAS = AdministrativeArea._meta.db_table

FUNCTIONS = f"""
CREATE OR REPLACE FUNCTION layers_area_of(feature geometry) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce((
        SELECT code FROM {AREAS} WHERE ST_Covers(geom, feature) ORDER BY length(code) DESC, code LIMIT 1
    ), '')
$$;

CREATE OR REPLACE FUNCTION layers_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW IS NOT DISTINCT FROM OLD THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'INSERT' OR NEW.geom IS DISTINCT FROM OLD.geom THEN
        NEW.geom := ST_ForcePolygonCCW(NEW.geom);  -- RFC 7946, section 3.1.6
    END IF;
    IF TG_ARGV[0] = 'placed' THEN
        NEW.area := layers_area_of(NEW.geom);
    END IF;
    NEW.updated_at := now();
    RETURN NEW;
END $$;
"""


def _stamp(layer: Layer) -> str:
    kind = "placed" if issubclass(layer.model, PlacedFeature) else "area"
    return f"""
CREATE OR REPLACE TRIGGER layers_stamp BEFORE INSERT OR UPDATE ON {layer.table}
FOR EACH ROW EXECUTE FUNCTION layers_stamp('{kind}');
"""


def _reassign() -> str:
    """When boundaries change, features whose area is another now are moved to it, in the same transaction."""
    updates = "".join(
        f"UPDATE {layer.table} SET area = layers_area_of(geom) WHERE area <> layers_area_of(geom);\n"
        for layer in layers()
        if issubclass(layer.model, PlacedFeature)
    )
    return f"""
CREATE OR REPLACE FUNCTION layers_reassign() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {updates}
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER layers_reassign
AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE OF geom, code ON {AREAS}
FOR EACH STATEMENT EXECUTE FUNCTION layers_reassign();
"""


def stamps_attach(**_: Any) -> None:
    """Attach the triggers to every layer of the catalogue; running it again changes nothing."""
    present = connection.introspection.table_names()
    if not all(layer.table in present for layer in layers()):
        return  # migrated only in part, back to an earlier state
    with connection.cursor() as cursor:
        cursor.execute(FUNCTIONS + _reassign() + "".join(_stamp(layer) for layer in layers()))
