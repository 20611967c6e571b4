-- The change journal: who changed what and when, and a version for each layer, whoever writes.
--
-- Statement triggers write one edit a statement and one change a feature. At COMMIT a deferred trigger takes one
-- lock, draws one number for the transaction and keeps the lock until the commit is visible: so the order of
-- numbers is the order of commits, and a reader's snapshot holds all changes up to the number it sees.
-- A version must not be the largest id of a change: two states of the data could then share it.

-- Pairs of a that differ in b.
CREATE OR REPLACE FUNCTION journal.diff(a jsonb, b jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT jsonb_object_agg(key, value) FROM jsonb_each(a) WHERE value IS DISTINCT FROM b -> key
$$;

-- Runs after each statement on a layer; its argument is the layer's id. geom is set to null before to_jsonb, which
-- would turn it into rounded GeoJSON; the exact geometry has a column of its own.
CREATE OR REPLACE FUNCTION journal.record() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    bulk CONSTANT int := 10000;  -- inserts above this are kept as a range of ids
    edit journal.edit;
BEGIN
    edit.id := nextval('journal.edit_id_seq');
    edit.layer := TG_ARGV[0];
    edit.op := left(TG_OP, 1);
    edit.n := 0;
    IF TG_OP = 'INSERT' THEN
        edit.n := (SELECT count(*) FROM new_rows);
        IF edit.n > bulk THEN
            edit.fids := (SELECT range_agg(int8range(id, id, '[]')) FROM new_rows);
        ELSE
            INSERT INTO journal.change (edit, layer, fid, op) SELECT edit.id, edit.layer, id, 'I' FROM new_rows;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        edit.n := (SELECT count(*) FROM old_rows);
        INSERT INTO journal.change (edit, layer, fid, op, old, geom)
        SELECT edit.id, edit.layer, id, 'D',
               to_jsonb(jsonb_populate_record(old_rows, '{"geom": null}')) - 'geom', geom
        FROM old_rows;
    ELSIF TG_OP = 'UPDATE' THEN
        -- IS NOT FALSE keeps the join FULL: an inner one gets a cached nested loop, quadratic on bulk updates.
        WITH pairs AS MATERIALIZED (
            SELECT old_rows AS a, new_rows AS b FROM old_rows FULL JOIN new_rows ON new_rows.id = old_rows.id
            WHERE (old_rows *<> new_rows) IS NOT FALSE
        ), kept AS (
            INSERT INTO journal.change (edit, layer, fid, op, old, geom)
            SELECT edit.id, edit.layer, coalesce((b).id, (a).id),
                   CASE WHEN (a).id IS NULL THEN 'I' WHEN (b).id IS NULL THEN 'D' ELSE 'U' END,
                   journal.diff(
                       CASE WHEN (a).id IS NOT NULL
                            THEN to_jsonb(jsonb_populate_record(a, '{"geom": null}')) - 'geom' END,
                       CASE WHEN (b).id IS NOT NULL
                            THEN to_jsonb(jsonb_populate_record(b, '{"geom": null}')) ELSE '{}' END
                   ),
                   CASE WHEN (a).geom IS DISTINCT FROM (b).geom THEN (a).geom END
            FROM pairs
            RETURNING 1
        )
        SELECT count(*) INTO edit.n FROM kept;
    END IF;
    IF edit.n > 0 OR TG_OP = 'TRUNCATE' THEN
        INSERT INTO journal.edit (id, xid, layer, op, n, actor, fids) OVERRIDING SYSTEM VALUE
        VALUES (edit.id, pg_current_xact_id(), edit.layer, edit.op, edit.n,
                coalesce(nullif(current_setting('geoportal.actor', true), ''), session_user), edit.fids);
    END IF;
    RETURN NULL;
END $$;

-- Runs once in each writing transaction, at its commit.
CREATE OR REPLACE FUNCTION journal.number() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    drawn bigint;
BEGIN
    IF (SELECT seq FROM journal.edit WHERE id = NEW.id) IS NULL THEN
        PERFORM pg_advisory_xact_lock(1785686382);
        drawn := nextval('journal.seq');
        UPDATE journal.edit SET seq = drawn, at = clock_timestamp() WHERE xid = pg_current_xact_id() AND seq IS NULL;
    END IF;
    RETURN NULL;
END $$;
