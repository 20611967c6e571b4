-- The change journal: who changed what, where and when, and a version for each layer and each tile, whoever writes.
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

-- Objects as one; of pairs with the same key the last counts.
CREATE OR REPLACE AGGREGATE journal.overlay(jsonb) (SFUNC = jsonb_concat, STYPE = jsonb, PARALLEL = SAFE);

-- A tile of WebMercatorQuad as one number; the rows of a column are neighbours.
CREATE OR REPLACE FUNCTION journal.tile_number(z int, x int, y int) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (z::bigint << 48) | (x::bigint << 24) | y
$$;

-- How far south a latitude lies in WebMercatorQuad, as a fraction of its height; what is beyond its ends lies at them.
CREATE OR REPLACE FUNCTION journal.mercator_y(latitude float8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT 0.5 - asinh(tan(radians(least(greatest(latitude, -85.051), 85.051)))) / pi() / 2
$$;

-- The tiles of zooms 8 to 16 under boxes in degrees; null where they are more than 512.
CREATE OR REPLACE FUNCTION journal.tiles(boxes box2d[]) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    margin CONSTANT float8 := 1.0 / 14;  -- a tile shows 1/16 beyond its edges; boxes in indexes are rounded outwards
    most CONSTANT int := 512;
    box box2d;
    west float8; east float8; north float8; south float8;
    n int;
    found bigint[] := '{}';
BEGIN
    FOREACH box IN ARRAY boxes LOOP
        west := (ST_XMin(box) + 180) / 360;
        east := (ST_XMax(box) + 180) / 360;
        north := journal.mercator_y(ST_YMax(box));
        south := journal.mercator_y(ST_YMin(box));
        FOR z IN 8..16 LOOP
            n := 1 << z;
            IF ((east - west) * n + 1) * ((south - north) * n + 1) > most OR cardinality(found) > 64 * most THEN
                RETURN NULL;
            END IF;
            FOR x IN greatest(floor(west * n - margin), 0)::int .. least(floor(east * n + margin), n - 1)::int LOOP
                FOR y IN greatest(floor(north * n - margin), 0)::int .. least(floor(south * n + margin), n - 1)::int LOOP
                    found := found || journal.tile_number(z, x, y);
                END LOOP;
            END LOOP;
        END LOOP;
    END LOOP;
    found := ARRAY(SELECT DISTINCT unnest(found));
    RETURN CASE WHEN cardinality(found) <= most THEN found END;
END $$;

-- Runs after each statement on a layer; its argument is the layer's id. geom is set to null before to_jsonb, which
-- would turn it into rounded GeoJSON; the exact geometry has a column of its own. bounds follow from it. Numbers are
-- kept to the last digit, whatever the session asks for.
CREATE OR REPLACE FUNCTION journal.record() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET extra_float_digits = 1 AS $$
#variable_conflict use_variable
DECLARE
    bulk CONSTANT int := 10000;  -- inserts above this are kept as a range of ids
    few CONSTANT int := 1000;    -- up to here each feature marks its tiles, above it their common box does
    edit journal.edit;
    boxes box2d[];
BEGIN
    edit.id := nextval('journal.edit_id_seq');
    edit.layer := TG_ARGV[0];
    edit.op := left(TG_OP, 1);
    edit.n := 0;
    IF TG_OP = 'INSERT' THEN
        SELECT count(*), ST_Extent(geom) INTO edit.n, edit.bbox FROM new_rows;
        IF edit.n <= few THEN
            boxes := ARRAY(SELECT box2d(geom) FROM new_rows);
        END IF;
        IF edit.n > bulk THEN
            edit.fids := (SELECT range_agg(int8range(id, id, '[]')) FROM new_rows);
        ELSE
            INSERT INTO journal.change (edit, layer, fid, op) SELECT edit.id, edit.layer, id, 'I' FROM new_rows;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT count(*), ST_Extent(geom) INTO edit.n, edit.bbox FROM old_rows;
        IF edit.n <= few THEN
            boxes := ARRAY(SELECT box2d(geom) FROM old_rows);
        END IF;
        INSERT INTO journal.change (edit, layer, fid, op, old, geom)
        SELECT edit.id, edit.layer, id, 'D',
               to_jsonb(jsonb_populate_record(old_rows, '{"geom": null}')) - '{geom,bounds}'::text[], geom
        FROM old_rows;
    ELSIF TG_OP = 'UPDATE' THEN
        edit.n := (SELECT count(*) FROM new_rows);
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
                            THEN to_jsonb(jsonb_populate_record(a, '{"geom": null}')) - '{geom,bounds}'::text[] END,
                       CASE WHEN (b).id IS NOT NULL
                            THEN to_jsonb(jsonb_populate_record(b, '{"geom": null}')) ELSE '{}' END
                   ),
                   CASE WHEN (a).geom IS DISTINCT FROM (b).geom THEN (a).geom END
            FROM pairs
        )
        SELECT count(DISTINCT side.id), ST_Extent(side.geom), array_agg(box2d(side.geom)) FILTER (WHERE edit.n <= few)
        INTO edit.n, edit.bbox, boxes
        FROM pairs, LATERAL (VALUES ((a).id, (a).geom), ((b).id, (b).geom)) side (id, geom)
        WHERE side.id IS NOT NULL;
    END IF;
    IF edit.n > 0 OR TG_OP = 'TRUNCATE' THEN
        edit.tiles := journal.tiles(coalesce(boxes, ARRAY[edit.bbox]));
        INSERT INTO journal.edit (id, layer, op, n, fids, bbox, tiles) OVERRIDING SYSTEM VALUE
        VALUES (edit.id, edit.layer, edit.op, edit.n, edit.fids, edit.bbox, edit.tiles);
    END IF;
    RETURN NULL;
END $$;

-- For changes that no trigger sees: columns added or dropped, a restore, work done with triggers disabled.
CREATE OR REPLACE FUNCTION journal.touch(touched text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_trigger WHERE tgname = 'journal_update' AND encode(tgargs, 'escape') = touched || '\000'
    ) THEN
        RAISE EXCEPTION 'There is no layer %. Give the id of a collection, such as markets.', quote_nullable(touched);
    END IF;
    INSERT INTO journal.edit (layer, op, n) VALUES (touched, 'S', 0);
END $$;

-- Runs once in each writing transaction, at its commit.
CREATE OR REPLACE FUNCTION journal.number() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    drawn bigint;
    moment timestamptz;
    changed record;
BEGIN
    IF (SELECT seq FROM journal.edit WHERE id = NEW.id) IS NOT NULL THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock(1785686382);
    drawn := nextval('journal.seq');
    moment := clock_timestamp();
    FOR changed IN
        WITH mine AS (
            UPDATE journal.edit SET seq = drawn, at = moment WHERE xid = pg_current_xact_id() AND seq IS NULL RETURNING *
        ), marks AS (
            INSERT INTO journal.tile (layer, tile, seq)
            SELECT DISTINCT layer, unnest(coalesce(tiles, '{0}')), drawn FROM mine
        ), unknown AS (  -- the rows before are not kept: whoever follows the changes begins again
            INSERT INTO journal.horizon SELECT DISTINCT layer, drawn FROM mine WHERE op IN ('T', 'S')
            ON CONFLICT (layer) DO UPDATE SET seq = excluded.seq
        )
        SELECT layer, sum(n) AS n, ST_Extent(bbox::geometry) AS bbox FROM mine GROUP BY layer
    LOOP
        PERFORM pg_notify('journal', json_build_object(
            'layer', changed.layer, 'seq', drawn, 'n', changed.n, 'bbox',
            CASE WHEN changed.bbox IS NOT NULL THEN json_build_array(
                ST_XMin(changed.bbox), ST_YMin(changed.bbox), ST_XMax(changed.bbox), ST_YMax(changed.bbox)) END
        )::text);
    END LOOP;
    RETURN NULL;
END $$;

-- Forget the edits that were committed before a moment, and the marks that newer ones stand in for. The newest edit of
-- a layer stays, for it is the layer's version. How many edits were forgotten.
CREATE OR REPLACE FUNCTION journal.prune(moment timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    forgotten bigint;
BEGIN
    DELETE FROM journal.tile USING (
        SELECT layer, max(seq) AS newest FROM journal.tile WHERE tile = 0 GROUP BY layer
    ) whole WHERE whole.layer = tile.layer AND seq < newest;
    DELETE FROM journal.tile mark USING (
        SELECT layer, tile, max(seq) AS newest FROM journal.tile GROUP BY layer, tile
    ) same WHERE same.layer = mark.layer AND same.tile = mark.tile AND seq < newest;
    WITH gone AS (
        DELETE FROM journal.edit WHERE at < moment AND seq < journal.layer_version(layer) RETURNING id, layer, seq
    ), changes AS (
        DELETE FROM journal.change USING gone WHERE change.edit = gone.id
    ), unknown AS (
        INSERT INTO journal.horizon SELECT layer, max(seq) FROM gone GROUP BY layer
        ON CONFLICT (layer) DO UPDATE SET seq = greatest(horizon.seq, excluded.seq)
    )
    SELECT count(*) INTO forgotten FROM gone;
    RETURN forgotten;
END $$;

-- The versions below are STABLE, so that they see what the statement that asks them sees: version and data agree.

CREATE OR REPLACE FUNCTION journal.layer_version(asked text) RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN coalesce((SELECT seq FROM journal.edit WHERE layer = asked AND seq IS NOT NULL ORDER BY seq DESC LIMIT 1), 0);
END $$;

-- The newest commit that changed a layer as a tag, unlike that of any other journal; and when it was.
CREATE OR REPLACE FUNCTION journal.version(asked text, OUT tag text, OUT at timestamptz)
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    newest bigint;
BEGIN
    SELECT edit.seq, edit.at INTO newest, version.at FROM journal.edit
    WHERE layer = asked AND edit.seq IS NOT NULL ORDER BY edit.seq DESC LIMIT 1;
    tag := journal.tag(coalesce(newest, 0));
END $$;

CREATE OR REPLACE FUNCTION journal.tag(seq bigint) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (SELECT epoch FROM journal.meta) || '-' || seq;
END $$;

-- The newer of two moments as a number that grows with it. Beginnings and ends are included in what they bound, so that
-- of the same moment the end comes after the beginning. Of infinite moments there is none.
CREATE OR REPLACE FUNCTION journal.moment(began timestamptz, ended timestamptz) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT greatest((extract(epoch FROM began) * 2000000)::bigint, (extract(epoch FROM ended) * 2000000)::bigint + 1)
$$;

-- Of a tile of WebMercatorQuad. Below zoom 8 the layer's version counts, above 16 the ancestor's.
CREATE OR REPLACE FUNCTION journal.tile_version(asked text, z int, x int, y int) RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    IF z < 8 THEN
        RETURN journal.layer_version(asked);
    ELSIF z > 16 THEN
        RETURN journal.tile_version(asked, 16, x >> (z - 16), y >> (z - 16));
    END IF;
    RETURN greatest(
        (SELECT max(seq) FROM journal.tile WHERE layer = asked AND tile = 0),
        (SELECT max(seq) FROM journal.tile WHERE layer = asked AND tile = journal.tile_number(z, x, y)),
        0
    );
END $$;

-- Of a tile of WorldCRS84Quad. Its columns are those of WebMercatorQuad one zoom deeper, so the same marks hold for
-- it: those of the rows that it shows, 1/16 beyond its edges included; two or three in Indonesia.
CREATE OR REPLACE FUNCTION journal.crs84_tile_version(asked text, z int, x int, y int) RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    depth CONSTANT int := least(z + 1, 16);
    height CONSTANT float8 := 180 / 2.0 ^ z;
    north CONSTANT int := floor(journal.mercator_y(90 - (y - 1.0 / 14) * height) * (1 << depth));
    south CONSTANT int := floor(journal.mercator_y(90 - (y + 15.0 / 14) * height) * (1 << depth));
    newest bigint := 0;
BEGIN
    IF depth < 8 THEN
        RETURN journal.layer_version(asked);
    END IF;
    FOR line IN north..south LOOP
        newest := greatest(newest, journal.tile_version(asked, depth, x >> (z + 1 - depth), line));
    END LOOP;
    RETURN newest;
END $$;
