"""What the database sets by itself, whoever writes: ``area``, ``updated_at``, the orientation of rings, ``bounds``.

Triggers do it, because planners also edit in QGIS straight on PostGIS. They are attached after each migrate
to every layer of the catalogue, so that a further layer has nothing to remember. They have the rights of the owner, for
whoever may write one layer must not need rights on the others: an area is looked up, or moved, whosever it is.

``bounds`` is the box of ``geom``. Its index gives it back, which that of ``geom`` cannot: so what is inside of a box is
found and counted without a look at the rows. Boxes that overlap, as those of polygons do, are found faster by SP-GiST,
points by GiST.
"""

from typing import Any

from django.db import connection
from django.db.models import GeneratedField

from layers.catalog import Layer, layers
from layers.models import AdministrativeArea, PlacedFeature
from layers.query.journal import TRANSITIONS

AREAS = AdministrativeArea._meta.db_table

AREA_OF = f"""
-- Candidates are sorted by their boxes before a boundary is looked at, for the larger areas have the longer ones.
CREATE OR REPLACE FUNCTION layers_area_of(feature geometry) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce((
        SELECT code
        FROM (SELECT code, geom FROM {AREAS} WHERE geom ~ feature ORDER BY length(code) DESC, code OFFSET 0) candidate
        WHERE ST_Covers(geom, feature) LIMIT 1
    ), '')
$$;
"""


def _bounds(layer: Layer) -> str:
    """The column, and its index where it is missing or of another kind; to ask for either again would wait for everyone
    who reads the layer."""
    kind, index = "gist" if layer.geometry_type == "Point" else "spgist", f"{layer.table}_bounds"
    return f"""
DO $$ BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = '{layer.table}'::regclass AND attname = 'bounds' AND NOT attisdropped
    ) THEN
        ALTER TABLE {layer.table} ADD COLUMN bounds box GENERATED ALWAYS AS (box(geom)) STORED;
    END IF;
    IF NOT EXISTS (
        SELECT FROM pg_class JOIN pg_am ON pg_am.oid = relam
        WHERE pg_class.oid = to_regclass('{index}') AND amname = '{kind}'
    ) THEN
        DROP INDEX IF EXISTS {index};
        CREATE INDEX {index} ON {layer.table} USING {kind} (bounds) INCLUDE (id);
    END IF;
END $$;
"""


def oriented(layer: Layer, geom: str) -> str:
    """A geometry as it is stored, its rings as RFC 7946, section 3.1.6, has them. Lines would be turned round."""
    return f"ST_ForcePolygonCCW({geom})" if layer.dimension == 2 else geom


def _stamp(layer: Layer) -> str:
    fields = layer.model._meta.local_concrete_fields
    given = [field.column for field in fields if not isinstance(field, GeneratedField)]  # those are unset in NEW
    new, old = (", ".join(f'{row}."{column}"' for column in given) for row in ("NEW", "OLD"))
    area = "NEW.area := layers_area_of(NEW.geom);" if issubclass(layer.model, PlacedFeature) else ""
    return f"""
CREATE OR REPLACE FUNCTION {layer.table}_stamp() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND ({new}) IS NOT DISTINCT FROM ({old}) THEN
        RETURN NEW;
    END IF;
    NEW.geom := {oriented(layer, "NEW.geom")};
    {area}
    NEW.updated_at := statement_timestamp();
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER stamp BEFORE INSERT OR UPDATE ON {layer.table}
FOR EACH ROW EXECUTE FUNCTION {layer.table}_stamp();
"""


def _reassign() -> str:
    """When boundaries change, features whose area is another now are moved to it, in the same transaction.

    None is missed: features are locked for other writers first, who would see the boundaries as they were before.
    """
    placed = [layer.table for layer in layers() if issubclass(layer.model, PlacedFeature)]
    updates = "".join(
        f"""
    UPDATE {table} SET area = layers_area_of(geom)
    WHERE id IN (SELECT id FROM unnest(changed) box JOIN {table} ON geom && box) AND area <> layers_area_of(geom);"""
        for table in placed
    )
    triggers = "".join(
        f"CREATE OR REPLACE TRIGGER layers_reassign_{event} AFTER {event} ON {AREAS} {tables} "
        "FOR EACH STATEMENT EXECUTE FUNCTION layers_reassign();\n"
        for event, tables in TRANSITIONS.items()
    )
    return f"""
CREATE OR REPLACE FUNCTION layers_reassign() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    changed geometry[];  -- the boxes of areas as they were and are
BEGIN
    IF TG_OP = 'INSERT' THEN
        changed := ARRAY(SELECT ST_Envelope(geom) FROM new_rows);
    ELSIF TG_OP = 'DELETE' THEN
        changed := ARRAY(SELECT ST_Envelope(geom) FROM old_rows);
    ELSIF TG_OP = 'UPDATE' THEN
        changed := ARRAY(
            SELECT ST_Envelope(side.geom)
            FROM old_rows FULL JOIN new_rows USING (id), LATERAL (VALUES (old_rows.geom), (new_rows.geom)) side (geom)
            WHERE (old_rows.code, old_rows.geom) IS DISTINCT FROM (new_rows.code, new_rows.geom)
        );
    ELSE
        changed := ARRAY[ST_MakeEnvelope(-180, -90, 180, 90, 4326)];
    END IF;
    IF cardinality(changed) = 0 THEN
        RETURN NULL;
    END IF;
    LOCK TABLE {", ".join(placed)} IN EXCLUSIVE MODE;{updates}
    RETURN NULL;
END $$;
{triggers}"""


def stamps_attach(**_: Any) -> None:
    """Attach the triggers and ``bounds`` to every layer of the catalogue; running it again changes nothing."""
    present = connection.introspection.table_names()
    if not all(layer.table in present for layer in layers()):
        return  # migrated only in part, back to an earlier state
    with connection.cursor() as cursor:
        cursor.execute(AREA_OF + _reassign() + "".join(map(_bounds, layers())) + "".join(map(_stamp, layers())))
