"""The tables of symbols: complete, without strays, and drawn into the sprite that is kept."""

import struct

from layers.catalog import Layer, layer_get, layers
from layers.styles.glyphs import GLYPHS
from layers.styles.images import (
    OTHER_IMAGE,
    RATIOS,
    SPRITE,
    image,
    image_name,
    magnitude_name,
    sheet_digest,
    sheet_size,
    sprite_index,
)
from layers.styles.symbols import BOUNDARIES, HAZARDS, LEVELS, MAGNITUDES, SYMBOLS


def codes(layer: Layer, name: str) -> tuple[str, ...]:
    found = layer.property(name)
    return found.codes if found else ()


def test_tables_speak_of_the_codes_of_the_models() -> None:
    zones, areas = layer_get("disaster_zones"), layer_get("administrative_areas")
    assert tuple(LEVELS) == codes(zones, "level")
    assert tuple(HAZARDS) == codes(zones, "hazard")
    assert tuple(BOUNDARIES) == codes(areas, "level")


def test_every_glyph_is_of_a_code_and_every_code_has_one() -> None:
    known = {f"{layer.id}-{code}" for layer in layers() if layer.id in SYMBOLS for code in codes(layer, "type")}
    assert set(GLYPHS) == known | {f"disaster_zones-{code}" for code in HAZARDS}


def test_other_codes_have_the_common_icon() -> None:
    assert image_name("markets", "pasar_malam") == OTHER_IMAGE
    assert image(OTHER_IMAGE)


def test_colours_differ() -> None:
    for table in (SYMBOLS, HAZARDS, LEVELS):
        assert len({entry.colour for entry in table.values()}) == len(table)
    assert len({level.pattern for level in LEVELS.values()}) == len(LEVELS)
    assert len({boundary.dash for boundary in BOUNDARIES.values()}) == len(BOUNDARIES)
    assert len({symbol.frame for symbol in SYMBOLS.values()}) == len(SYMBOLS)


def test_magnitudes_leave_no_gap_and_circles_grow_with_them() -> None:
    rising = list(MAGNITUDES.values())[::-1]
    assert [rising[0].minimum, *(known.maximum for known in rising)] == [*(known.minimum for known in rising), None]
    assert [known.radius for known in rising] == sorted({known.radius for known in rising})


def test_kept_sprite_is_of_these_tables() -> None:
    kept = (SPRITE / "sheet.sha256").read_text().strip()
    assert kept == sheet_digest(), "run script/sprite"


def test_sprite_holds_its_images() -> None:
    for ending, ratio in RATIOS.items():
        picture = (SPRITE / f"sprite{ending}.png").read_bytes()
        width, height = struct.unpack(">II", picture[16:24])
        assert (width, height) == tuple(ratio * side for side in sheet_size())
        places = sprite_index(ratio)
        drawn = {*(f"level-{code}" for code in LEVELS), *map(magnitude_name, MAGNITUDES)}
        assert {OTHER_IMAGE, *GLYPHS, *drawn} == set(places)
        taken: set[tuple[int, int]] = set()
        for place in places.values():
            assert place["pixelRatio"] == ratio
            assert place["x"] + place["width"] <= width
            assert place["y"] + place["height"] <= height
            taken.add((place["x"], place["y"]))
        assert len(taken) == len(places)
