"""The tables of the change journal; its functions are in layers/query/journal.sql, attached after each migrate."""

from django.db import migrations

TABLES = """
CREATE SCHEMA journal;
CREATE SEQUENCE journal.seq;

CREATE TABLE journal.meta (
    epoch uuid NOT NULL DEFAULT gen_random_uuid()  -- to be renewed after a restore or a failover that lost commits
);
INSERT INTO journal.meta DEFAULT VALUES;

CREATE TABLE journal.edit (                  -- one row a statement that changed a layer
    id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid   xid8 NOT NULL,                     -- groups the statements of a transaction
    seq   bigint,                            -- order of commits, one number a transaction; null until the commit
    at    timestamptz,
    layer text NOT NULL,
    op    "char" NOT NULL,                   -- I, U, D, T for truncate
    n     int NOT NULL,                      -- features changed
    actor text NOT NULL,                     -- whom the application names, else the database's user
    fids  int8multirange                     -- ids of a bulk insert, which has no rows in change
);
CREATE INDEX edit_version ON journal.edit (layer, seq, at);
CREATE INDEX edit_open ON journal.edit (xid) WHERE seq IS NULL;

CREATE TABLE journal.change (                -- one row a feature
    edit  bigint NOT NULL,                   -- journal.edit.id; a foreign key would queue a check a row
    layer text NOT NULL,
    fid   bigint NOT NULL,
    op    "char" NOT NULL,
    old   jsonb,                             -- U: old values of the changed columns; D: the row; I: null
    geom  geometry,                          -- old geometry, where it changed or went
    PRIMARY KEY (edit, fid)
);
CREATE INDEX change_feature ON journal.change (layer, fid);

CREATE FUNCTION journal.number() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE CONSTRAINT TRIGGER number AFTER INSERT ON journal.edit
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION journal.number();
"""


class Migration(migrations.Migration):
    dependencies = [("layers", "0001_initial")]

    operations = [migrations.RunSQL(TABLES, "DROP SCHEMA journal CASCADE")]
