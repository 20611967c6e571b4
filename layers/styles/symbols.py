"""The colours, shapes and lines of the map, each written here once.

Colours of danger follow ISO 22324: red, orange, yellow. Green is not among them, for it means safe, and no zone of a
hazard map is. No colour stands alone: a level has its pattern, a layer the shape of its icons, a type its glyph, a
boundary its dashes.
"""

from dataclasses import dataclass

from layers.text import text

PAPER = "#cfe0e8"
"""Below everything: water, and what is not mapped."""

LAND = "#ffffff"
INK = "#14231f"
HALO = "#ffffff"


@dataclass(frozen=True)
class Symbol:
    """The icons of a layer: their colour, and the shape around their glyphs."""

    colour: str
    frame: str


@dataclass(frozen=True)
class Level:
    """How an area of a hazard level is filled; ``ink`` draws the pattern over ``colour``."""

    colour: str
    ink: str
    pattern: str


@dataclass(frozen=True)
class Boundary:
    """The line around an administrative area: ``width`` in pixels, ``dash`` in line widths, zooms of line and name."""

    width: float
    dash: tuple[float, ...]
    minzoom: int
    name_minzoom: int
    name_maxzoom: int
    name_size: int


@dataclass(frozen=True)
class Magnitude:
    """Earthquakes from ``minimum`` up to, and without, ``maximum``; the circle's ``radius`` is in pixels."""

    label: str
    minimum: float | None
    maximum: float | None
    radius: float


OTHER = Symbol("#37474f", "circle")

SYMBOLS = {
    "markets": Symbol("#7a4a12", "square"),
    "parking_spots": Symbol("#1d4f91", "rounded"),
    "health_facilities": Symbol("#00695c", "circle"),
    "aid_posts": Symbol("#a3125a", "house"),
}

LINE_WIDTH = 1.6
SHADE_OPACITY = 0.2
"""Of lines and areas that have no look of their own."""

HAZARDS = {
    "101": Symbol("#1565c0", "diamond"),
    "102": Symbol("#6d4c41", "diamond"),
    "104": Symbol("#00788a", "diamond"),
    "105": Symbol("#546e7a", "diamond"),
    "106": Symbol("#8a6a00", "diamond"),
    "107": Symbol("#bf360c", "diamond"),
    "108": Symbol("#6a1b9a", "diamond"),
    "109": Symbol("#0d2a6b", "diamond"),
    "111": Symbol("#5d1010", "diamond"),
    "likuefaksi": Symbol("#556216", "diamond"),
}

LEVELS = {
    "rendah": Level("#fff0a3", "#b99a1a", "dots"),
    "sedang": Level("#ffcb94", "#d97a2b", "stripes"),
    "tinggi": Level("#f59a94", "#c9433f", "grid"),
}
"""From low to high: a higher one is drawn above a lower one."""

MAGNITUDES = {
    "major": Magnitude(text("Sangat kuat, M 7 ke atas", "Major, M 7 and above"), 7, None, 12.5),
    "strong": Magnitude(text("Kuat, M 6 sampai 7", "Strong, M 6 to 7"), 6, 7, 10),
    "moderate": Magnitude(text("Sedang, M 5 sampai 6", "Moderate, M 5 to 6"), 5, 6, 7.5),
    "light": Magnitude(text("Ringan, M 4 sampai 5", "Light, M 4 to 5"), 4, 5, 5.5),
    "minor": Magnitude(text("Kecil, di bawah M 4", "Minor, below M 4"), None, 4, 3.5),
}
"""The classes of seismology, from high to low: a lower one is drawn above a higher one, which would hide it."""

EPICENTRE_COLOUR = HAZARDS["108"].colour
EPICENTRE_OPACITY = 0.6

ZONE_OPACITY = 0.8
"""Near to one, so that colours of zones above each other do not mix into that of another level."""

BOUNDARY_COLOUR = "#4d5a63"

BOUNDARIES = {
    "provinsi": Boundary(3, (), 0, 5, 9, 15),
    "kabupaten_kota": Boundary(2.2, (6, 2, 1, 2), 6, 8, 12, 14),
    "kecamatan": Boundary(1.5, (4, 2), 9, 11, 14, 13),
    "kelurahan": Boundary(0.8, (2, 2), 11, 13, 24, 11),
}

CLUSTER_RADII = ((0, 11), (10, 14), (100, 18), (1000, 23))
"""From how many features on a cluster's circle has which radius in pixels."""
