"""The images of the map as SVG, made of the tables, and the sprite they make.

``script/sprite`` draws the sheet into ``sprite/``; it is run again after each change of symbols or glyphs.
"""

from hashlib import sha256
from pathlib import Path

from layers.styles.glyphs import GLYPHS, OTHER
from layers.styles.symbols import (
    BOUNDARIES,
    BOUNDARY_COLOUR,
    EPICENTRE_COLOUR,
    EPICENTRE_OPACITY,
    HALO,
    HAZARDS,
    LEVELS,
    LINE_WIDTH,
    MAGNITUDES,
    SHADE_OPACITY,
    SYMBOLS,
    ZONE_OPACITY,
    Symbol,
)
from layers.styles.symbols import OTHER as OTHER_SYMBOL

SPRITE = Path(__file__).with_name("sprite")
RATIOS = {"": 1, "@2x": 2}
"""How many pixels of a sprite's picture a pixel of the map has, by the ending of its name."""

OTHER_IMAGE = "other"
ICON, PATTERN, SAMPLE = (28, 28), (16, 16), (40, 24)
CELL, COLUMNS = 32, 8

_FRAMES = {
    "square": ('<rect x="2.5" y="2.5" width="23" height="23" rx="2"/>', "translate(6 6)"),
    "rounded": ('<rect x="2.5" y="2.5" width="23" height="23" rx="8"/>', "translate(6 6)"),
    "circle": ('<circle cx="14" cy="14" r="12.5"/>', "translate(6 6)"),
    "house": ('<path d="M14 1.2 26.4 8v18H1.6V8z"/>', "translate(6 7.5)"),
    "diamond": ('<path d="M14 .9 27.1 14 14 27.1.9 14z"/>', "translate(7.2 7.2) scale(.85)"),
}
"""Each shape, and the place of a glyph in it."""

_PATTERNS = {
    "dots": '<g fill="{ink}"><circle cx="4" cy="4" r="1.3"/><circle cx="12" cy="12" r="1.3"/></g>',
    "stripes": '<path d="M0 16 16 0M-2 2 2-2M14 18l4-4" stroke="{ink}" stroke-width="1.2"/>',
    "grid": '<path d="M0 8h16M8 0v16" stroke="{ink}" stroke-width="1.2"/>',
}


def image_name(collection: str, code: str) -> str:
    """The icon of a type or hazard; the one for all others where it has none of its own."""
    name = f"{collection}-{code}"
    return name if name in GLYPHS else OTHER_IMAGE


def magnitude_name(code: str) -> str:
    return f"magnitude-{code}"


def pattern_name(level: str) -> str:
    return f"level-{level}"


def sample_name(code: str) -> str:
    """The piece of a filled area or of a line that a legend shows."""
    return f"sample-{code}"


def shape_name(collection: str, dimension: int) -> str:
    """The sample of a layer of lines (1) or areas (2) that has one look for all."""
    return sample_name(f"{collection if collection in SYMBOLS else OTHER_IMAGE}-{dimension}")


def image(name: str) -> str | None:
    """An image as an SVG document; None where there is none of that name."""
    size, content = {**_sprite_images(), **_samples()}.get(name, (ICON, ""))
    return _svg(*size, content) if content else None


def sheet() -> str:
    """All images of the sprite as one SVG document."""
    width, height = sheet_size()
    images = _sprite_images()
    places = sprite_index(1)
    cells = (
        f'<svg x="{places[name]["x"]}" y="{places[name]["y"]}" width="{size[0]}" height="{size[1]}">{content}</svg>'
        for name, (size, content) in images.items()
    )
    return _svg(width, height, "".join(cells))


def sheet_size() -> tuple[int, int]:
    """Width and height in pixels of the map."""
    return CELL * COLUMNS, CELL * -(-len(_sprite_images()) // COLUMNS)


def sheet_digest() -> str:
    """What ``sprite/sheet.sha256`` holds as long as the pictures are those of the tables."""
    return sha256(sheet().encode()).hexdigest()


def sprite_index(ratio: int) -> dict[str, dict[str, int]]:
    """Where each image lies in the sprite's picture, as the MapLibre style specification writes it."""
    return {
        name: {
            "x": number % COLUMNS * CELL * ratio,
            "y": number // COLUMNS * CELL * ratio,
            "width": size[0] * ratio,
            "height": size[1] * ratio,
            "pixelRatio": ratio,
        }
        for number, (name, (size, _)) in enumerate(_sprite_images().items())
    }


Image = tuple[tuple[int, int], str]
"""Width and height, and the SVG inside of it."""


def _sprite_images() -> dict[str, Image]:
    icons = {name: (ICON, _icon(_symbol(name), glyph)) for name, glyph in GLYPHS.items()}
    patterns = {pattern_name(code): (PATTERN, _pattern(code)) for code in LEVELS}
    circles = {magnitude_name(code): (ICON, _circle(magnitude.radius)) for code, magnitude in MAGNITUDES.items()}
    return {OTHER_IMAGE: (ICON, _icon(OTHER_SYMBOL, OTHER)), **icons, **circles, **patterns}


def _samples() -> dict[str, Image]:
    zones = {sample_name(code): (SAMPLE, _zone(code)) for code in LEVELS}
    lines = {sample_name(code): (SAMPLE, _line(code)) for code in BOUNDARIES}
    symbols = {**SYMBOLS, OTHER_IMAGE: OTHER_SYMBOL}
    shapes = {sample_name(f"{id}-{n}"): (SAMPLE, _shape(known, n)) for id, known in symbols.items() for n in (1, 2)}
    return {**zones, **lines, **shapes}


def _symbol(name: str) -> Symbol:
    collection, code = name.split("-")
    return SYMBOLS.get(collection) or HAZARDS.get(code, OTHER_SYMBOL)


def _icon(symbol: Symbol, glyph: str) -> str:
    shape, place = _FRAMES[symbol.frame]
    stroke = f'fill="none" stroke="{HALO}" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"'
    return (
        f'<g fill="{symbol.colour}" stroke="{HALO}" stroke-width="1.5" stroke-linejoin="round">{shape}</g>'
        f'<g transform="{place}"><path d="{glyph}" {stroke}/></g>'
    )


def _circle(radius: float) -> str:
    """Around an epicentre, seen through, since later shocks lie within the first one's circle."""
    middle = f'cx="{ICON[0] / 2:g}" cy="{ICON[1] / 2:g}"'
    return (
        f'<circle {middle} r="{radius:g}" fill="{EPICENTRE_COLOUR}" fill-opacity="{EPICENTRE_OPACITY}" '
        f'stroke="{HALO}" stroke-width="3"/>'
        f'<circle {middle} r="{radius:g}" fill="none" stroke="{EPICENTRE_COLOUR}" stroke-width="1.5"/>'
    )


def _pattern(level: str) -> str:
    return _PATTERNS[LEVELS[level].pattern].format(ink=LEVELS[level].ink)


def _zone(level: str) -> str:
    """A piece of an area, in the opacity it has on the map."""
    width, height = SAMPLE
    tiles = "".join(
        f'<g transform="translate({x} {y})">{_pattern(level)}</g>'
        for x in range(0, width, PATTERN[0])
        for y in range(0, height, PATTERN[1])
    )
    colour = LEVELS[level].colour
    area = f'<rect width="{width}" height="{height}" fill="{colour}" fill-opacity="{ZONE_OPACITY}"/>'
    edge = (
        f'<rect x="1" y="1" width="{width - 2}" height="{height - 2}" fill="none" stroke="{colour}" stroke-width="2"/>'
    )
    return area + tiles + edge


def _line(level: str) -> str:
    boundary = BOUNDARIES[level]
    dashes = " ".join(f"{length * boundary.width:g}" for length in boundary.dash) or "none"
    return (
        f'<path d="M0 {SAMPLE[1] / 2:g}h{SAMPLE[0]}" stroke="{BOUNDARY_COLOUR}" stroke-width="{boundary.width:g}" '
        f'stroke-dasharray="{dashes}"/>'
    )


def _shape(symbol: Symbol, dimension: int) -> str:
    width, height = SAMPLE
    stroke = f'stroke="{symbol.colour}" stroke-width="{LINE_WIDTH}"'
    if dimension == 1:
        return f'<path d="M0 {height / 2:g}h{width}" {stroke}/>'
    inside = f'x="1" y="1" width="{width - 2}" height="{height - 2}"'
    return f'<rect {inside} fill="{symbol.colour}" fill-opacity="{SHADE_OPACITY}" {stroke}/>'


def _svg(width: int, height: int, content: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f"{content}</svg>"
    )
