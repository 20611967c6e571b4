"""Never a stale tile: whoever writes, and however, a tile under an unchanged tag is the same byte for byte, also when
zones begin and end by themselves.

Random edits are made by writers side by side, each with a connection of its own, while tiles are read. All that is
read is kept by tile and tag: a second answer under the same tag must be the first one.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from time import monotonic, sleep
from typing import Any

import psycopg2
import pytest
from conftest import values_make
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from layers.catalog import Layer, layer_get
from layers.query import tiles
from layers.query.params import FeatureQuery
from layers.query.tiles import TILE_MATRIX_SETS, Detail, Tile, TileData, tile_fetch, tile_version

AREAS, POINTS, ZONES = map(layer_get, ("administrative_areas", "markets", "disaster_zones"))
ANCHOR = (116.1003, -8.5804)
"""All tiles that are read hold this place or border on one that does."""

FEW = (Detail(6), Detail(3, grid=64, tolerance=2, alone=True), Detail(2, grid=32, tolerance=16), Detail(0, grid=32))
"""Details that a handful of features already asks for."""

SQUARE = "ST_Multi(ST_MakeEnvelope({x}, {y}, {x} + {size}, {y} + {size}, 4326))"

SECONDS = 12
"""How long a test goes on; whoever looks for more lets it."""

Edit = tuple[Sequence[str], bool]
"""Statements of one transaction, and whether it is committed."""

pytestmark = pytest.mark.django_db(transaction=True)


@st.composite
def places(draw: st.DrawFn) -> tuple[float, float]:
    """In, at the edge or in the margin of a tile around the anchor, at some zoom."""
    matrix_set = TILE_MATRIX_SETS[draw(st.sampled_from(sorted(TILE_MATRIX_SETS)))]
    x, y = matrix_set.place(z := draw(st.integers(0, 18)), *ANCHOR)
    west, south, east, north = Tile(matrix_set, z, int(x), int(y)).degrees()
    sixteenth = st.sampled_from((-1 / 16, 1 + 1 / 16)).flatmap(lambda edge: st.floats(edge - 1e-3, edge + 1e-3))
    share = st.one_of(st.floats(0, 1), st.sampled_from((0.0, 1.0)), sixteenth)
    longitude, latitude = west + draw(share) * (east - west), south + draw(share) * (north - south)
    return max(-179.0, min(179.0, longitude)), max(-89.0, min(89.0, latitude))


def shape(layer: Layer, x: float, y: float, size: float) -> str:
    return f"ST_Point({x}, {y}, 4326)" if layer is POINTS else SQUARE.format(x=x, y=y, size=min(size, 90 - y, 180 - x))


numbers = iter(range(10**9))


def code_make(layer: Layer) -> str:
    number = next(numbers)
    return (
        f"{number % 90 + 10}.{number // 90 % 90 + 10}.{number // 8100 % 90 + 10}" if layer is AREAS else f"S-{number}"
    )


soon = st.one_of(st.none(), st.floats(-1, 3), st.floats(-1, 3))
validities = st.tuples(soon, soon).map(
    lambda ends: [
        "NULL" if end is None else f"clock_timestamp() + interval '{end:.3f} s'"
        for end in (sorted(ends) if None not in ends else ends)  # type: ignore[type-var]
    ]
)
"""SQL for a beginning and an end, each in a few seconds, past or not known."""


@st.composite
def statements(draw: st.DrawFn) -> str:
    """One statement of a writer; small ones are more likely than those that touch a whole layer."""
    layer = draw(st.sampled_from((POINTS, POINTS, ZONES, ZONES, AREAS)))
    table, least = layer.table, {name: value for name, value in values_make(layer).items() if name != "code"}
    columns, values = ", ".join(least), ", ".join(f"'{value}'" for value in least.values())
    if layer is ZONES:
        columns += ", valid_from, valid_to"
        values += "".join(f", {moment}" for moment in draw(validities))
    x, y = draw(places())
    size = 10 ** draw(st.floats(-5.5, 0.7))
    one = f"WHERE id = (SELECT id FROM {table} ORDER BY md5(id::text || '{draw(st.integers(0, 99))}') LIMIT 1)"
    insert = f"INSERT INTO {table} (code, {columns}, geom) SELECT"
    kind = draw(st.sampled_from(("insert",) * 6 + ("move",) * 4 + ("name", "name", "delete", "delete", "rare")))
    if kind == "rare":
        kind = draw(st.sampled_from(("import", "flood", "shift", "clear", "truncate", "touch", "prune", "nothing")))
    many = {"import": 1100, "flood": 10_100}.get(kind, 0)
    if many and layer is not AREAS:
        spread = (
            f"ST_Translate({shape(layer, 0, 0, 0.0001)}, {x} + n % 100 * {size} / 1e4, {y} + n / 100 * {size} / 1e4)"
        )
        return f"{insert} '{code_make(layer)}-' || n, {values}, {spread} FROM generate_series(1, {many}) n"
    return {
        "move": f"UPDATE {table} SET geom = {shape(layer, x, y, size)} {one}",
        "name": f"UPDATE {table} SET name = 'n{next(numbers)}' {one}",
        "delete": f"DELETE FROM {table} {one}",
        "shift": f"UPDATE {table} SET geom = ST_Translate(geom, 0.0001, 0) WHERE ST_XMax(geom) < 179",
        "clear": f"DELETE FROM {table}",
        "truncate": f"TRUNCATE {table}",
        "touch": f"SELECT journal.touch('{layer.id}')",
        "prune": "SELECT journal.prune(clock_timestamp())",
        "nothing": f"UPDATE {table} SET name = name",
    }.get(kind, f"{insert} '{code_make(layer)}', {values}, {shape(layer, x, y, size)}")


edits: st.SearchStrategy[Edit] = st.tuples(
    st.lists(statements(), min_size=1, max_size=3), st.sampled_from((True,) * 5 + (False,))
)
rounds = st.lists(st.lists(st.lists(edits, min_size=1, max_size=3), min_size=1, max_size=3), min_size=2, max_size=5)
"""Rounds of writers who write side by side; each makes some edits."""


def truncates(scripts: Sequence[Sequence[Edit]]) -> bool:
    """TRUNCATE empties a table for older snapshots, too (PostgreSQL 15, 13.5): what is read meanwhile is of no state.
    Its tag is that of before, so nobody is given it again."""
    return any("TRUNCATE" in statement for script in scripts for work, _ in script for statement in work)


def write(script: Sequence[Edit]) -> None:
    """What a writer does; a conflict with another one undoes the edit."""
    with closing(psycopg2.connect(**connection.get_connection_params() | {"cursor_factory": None})) as writer:
        for work, kept in script:
            try:
                with writer.cursor() as cursor:
                    cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
                    for statement in work:
                        cursor.execute(statement)
                (writer.commit if kept else writer.rollback)()
            except (psycopg2.errors.DeadlockDetected, psycopg2.errors.UniqueViolation):
                writer.rollback()


def tiles_around() -> Iterator[Tile]:
    """At each zoom the tile that holds the anchor, and one beside it."""
    for matrix_set in TILE_MATRIX_SETS.values():
        for z in (0, 3, 6, 7, 8, 9, 11, 13, 15, 16, 17, 18):
            x, y = map(int, matrix_set.place(z, *ANCHOR))
            yield Tile(matrix_set, z, x, y)
            if z > 6:
                yield Tile(matrix_set, z, x - z % 2, y + (z + 1) % 2)


ASKED = (
    [(POINTS, FeatureQuery(limit=1))],
    [(ZONES, FeatureQuery(limit=1))],
    [(layer, FeatureQuery(limit=1)) for layer in (AREAS, POINTS, ZONES)],
)
SAMPLES = [(asked, tile) for tile in tiles_around() for asked in ASKED]


class Seen:
    """Every answer by what was asked and its tag."""

    def __init__(self) -> None:
        self.answers: dict[Any, TileData] = {}
        self.checked = self.again = 0

    def look(self, sample: int) -> TileData:
        asked, tile = SAMPLES[sample]
        before = seq(tile_version(asked, tile))
        data = tile_fetch(asked, tile, labels=True)
        assert before <= seq(data.tag) <= seq(tile_version(asked, tile))
        known = self.answers.setdefault((sample, data.tag), data)
        self.checked += 1
        self.again += known is not data
        assert (known.mvt, known.details) == (data.mvt, data.details), f"{tile} is stale under {data.tag}"
        return data

    def has_turned(self) -> bool:
        """Whether a tile changed without a commit, as it does when a validity begins or ends."""
        turned: dict[Any, set[bytes]] = {}
        for (sample, tag), data in self.answers.items():
            turned.setdefault((sample, seq(tag)), set()).add(data.mvt)
        return max(map(len, turned.values()), default=0) > 1


def seq(tag: str) -> int:
    """The commit in a tag, which the boundary of what is valid may follow."""
    return int(tag.split("-")[5])


@pytest.mark.parametrize("details", [tiles.DETAILS, FEW], ids=["details", "few"])
def test_a_tile_under_an_unchanged_tag_is_unchanged(monkeypatch: pytest.MonkeyPatch, details: Any) -> None:
    monkeypatch.setattr(tiles, "DETAILS", details)
    seen = Seen()
    end = monotonic() + SECONDS

    @settings(
        max_examples=40,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(rounds=rounds, part=st.integers(0, 3))
    def run(rounds: Sequence[Sequence[Sequence[Edit]]], part: int) -> None:
        samples = range(part, len(SAMPLES), 4)
        for scripts in rounds:
            if monotonic() > end and seen.has_turned():
                return
            faults: list[BaseException] = []
            writers = [threading.Thread(target=guarded, args=(faults, script)) for script in scripts]
            for writer in writers:
                writer.start()
            turn = 0
            while any(writer.is_alive() for writer in writers):
                if truncates(scripts):
                    sleep(0.01)
                    continue
                seen.look(samples[turn % len(samples)])
                turn += 1
            assert faults == []
            for sample in samples:
                asked, tile = SAMPLES[sample]
                data = seen.look(sample)
                assert seq(data.tag) == seq(tile_version(asked, tile))

    def guarded(faults: list[BaseException], script: Sequence[Edit]) -> None:
        try:
            write(script)
        except BaseException as fault:
            faults.append(fault)

    run()
    assert seen.again > seen.checked / 10  # some tiles stayed as they were
    assert seen.has_turned()
    assert any(data.mvt for data in seen.answers.values())
