"""The change journal learns where: boxes, marks of the tiles that an edit touches, and how far back its feed goes."""

from django.db import migrations

TABLES = """
ALTER TABLE journal.edit
    ADD COLUMN db_user text,             -- who was logged in to PostgreSQL, which nobody can forge; null of older edits
    ADD COLUMN bbox    box2d,            -- extent of the old and the new geometries
    ADD COLUMN tiles   bigint[],         -- tiles under them, see journal.tiles; null is the whole layer
    ALTER COLUMN xid SET DEFAULT pg_current_xact_id(),
    ALTER COLUMN db_user SET DEFAULT session_user,
    ALTER COLUMN actor SET DEFAULT coalesce(nullif(current_setting('geoportal.actor', true), ''), session_user);
COMMENT ON COLUMN journal.edit.op IS 'I, U, D, T for truncate, S where the layer was touched: anything may have changed';

DROP INDEX journal.edit_version;
CREATE INDEX edit_feed ON journal.edit (layer, seq, id) INCLUDE (at);
CREATE INDEX edit_bulk ON journal.edit (layer) WHERE fids IS NOT NULL;

CREATE TABLE journal.tile (              -- which commit touched a tile; the newest counts
    layer text NOT NULL,
    tile  bigint NOT NULL,               -- see journal.tiles; 0 is the whole layer
    seq   bigint NOT NULL,
    PRIMARY KEY (layer, tile, seq)
);

CREATE TABLE journal.horizon (           -- the oldest position from which a layer's changes are known
    layer text PRIMARY KEY,
    seq   bigint NOT NULL
);
"""

BACK = """
DROP TABLE journal.horizon, journal.tile;
DROP INDEX journal.edit_feed, journal.edit_bulk;
CREATE INDEX edit_version ON journal.edit (layer, seq, at);
ALTER TABLE journal.edit
    DROP COLUMN db_user, DROP COLUMN bbox, DROP COLUMN tiles,
    ALTER COLUMN xid DROP DEFAULT, ALTER COLUMN actor DROP DEFAULT;
"""


class Migration(migrations.Migration):
    dependencies = [("layers", "0003_login_failure")]

    operations = [migrations.RunSQL(TABLES, BACK)]
