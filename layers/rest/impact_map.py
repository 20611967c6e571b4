"""A map of an impact as SVG: shapes in the page itself, so that it shows offline and prints."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, floor, log10, radians
from typing import Any

import orjson
import shapely
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from layers.services.impact import Impact
from layers.text import text

WIDTH, HEIGHT, MARGIN = 720.0, 480.0, 12.0
"""Units of the drawing; the shorter side of the map is centred."""

METRES = 111_320.0
"""Of a degree of longitude at the equator."""

LETTERS = {"markets": "M", "parking_spots": "P", "health_facilities": "H", "aid_posts": "A", "earthquakes": "E"}
"""What marks the points of a layer, beside its colour: prints are often black and white."""


@dataclass(frozen=True)
class Frame:
    """Degrees to units of the drawing; degrees of longitude are as short as they are on the ground."""

    west: float
    north: float
    scale: float
    squeeze: float
    left: float
    top: float

    @classmethod
    def of(cls, bounds: tuple[float, float, float, float]) -> "Frame":
        west, south, east, north = bounds
        squeeze = max(cos(radians((south + north) / 2)), 0.01)
        across, down = max((east - west) * squeeze, 1e-6), max(north - south, 1e-6)
        scale = min((WIDTH - 2 * MARGIN) / across, (HEIGHT - 2 * MARGIN) / down)
        return cls(west, north, scale, squeeze, (WIDTH - across * scale) / 2, (HEIGHT - down * scale) / 2)

    def at(self, lon: float, lat: float) -> tuple[float, float]:
        return self.left + (lon - self.west) * self.squeeze * self.scale, self.top + (self.north - lat) * self.scale

    def path(self, shape: Any) -> str:
        """The path of a polygon or several; other parts of a collection are not drawn."""
        rings = [ring for part in shapely.get_parts(shape) for ring in _rings(part)]
        return "".join(
            "M" + "L".join("{:.1f},{:.1f}".format(*self.at(*corner)) for corner in ring) + "Z" for ring in rings
        )


def _rings(part: Any) -> Iterator[Any]:
    if part.geom_type == "Polygon":
        yield from (shapely.get_coordinates(ring) for ring in (part.exterior, *part.interiors))


def impact_map(impact: Impact) -> SafeString:
    """The kelurahan affected with their names, the area asked about, and a letter for each point inside."""
    area = _shape(impact.geometry)
    kelurahan = [(one, _shape(one.geometry)) for one in impact.kelurahan]
    frame = Frame.of(shapely.union_all([shape.envelope for _, shape in kelurahan] or [area.envelope]).bounds)
    drawn = [
        format_html_join(
            "",
            '<path class="kelurahan{}" d="{}"><title>{}</title></path>',
            (("" if one.affected != 0 else " none", frame.path(shape), one.name) for one, shape in kelurahan),
        ),
        format_html('<path class="area" d="{}"/>', frame.path(area)),
        format_html_join(
            "",
            '<text class="name" x="{}" y="{}">{}</text>',
            (_label(frame, one.name, shape) for one, shape in kelurahan),
        ),
        *(_points(frame, id, inside.features) for id, inside in impact.layers.items()),
        _scale_bar(frame),
    ]
    return format_html(
        '<svg viewBox="0 0 {} {}" role="img" aria-label="{}" xmlns="http://www.w3.org/2000/svg">{}</svg>',
        f"{WIDTH:g}",
        f"{HEIGHT:g}",
        text("Peta wilayah yang terdampak", "Map of the area affected"),
        mark_safe("".join(drawn)),  # noqa: S308  (each part is escaped)
    )


def _shape(geometry: Any) -> Any:
    return shapely.from_geojson(orjson.dumps(geometry))


def _label(frame: Frame, name: str, shape: Any) -> tuple[str, str, str]:
    place = shapely.point_on_surface(shape)
    x, y = frame.at(place.x, place.y)
    return f"{x:.1f}", f"{y:.1f}", name


def _points(frame: Frame, layer: str, features: list[dict[str, Any]]) -> SafeString:
    marks = []
    for feature in features:
        if feature["geometry"]["type"] == "Point":
            x, y = frame.at(*feature["geometry"]["coordinates"][:2])
            marks.append(
                (layer, f"{x:.1f}", f"{y:.1f}", f"{y + 3:.1f}", LETTERS.get(layer, "•"), feature["properties"]["name"])
            )
    return format_html_join(
        "",
        '<g class="point {0}"><title>{5}</title><circle cx="{1}" cy="{2}" r="6"/><text x="{1}" y="{3}">{4}</text></g>',
        marks,
    )


def _scale_bar(frame: Frame) -> SafeString:
    """A round number of metres, about a fifth of the width."""
    unit = frame.scale / METRES
    wanted = WIDTH / 5 / unit
    power = 10 ** floor(log10(wanted))
    metres = max(step * power for step in (1, 2, 5) if step * power <= wanted)
    length = metres * unit
    words = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    return format_html(
        '<path class="scale" d="M{0},{1}v5h{2}v-5"/><text class="scale" x="{3}" y="{1}">{4}</text>'
        '<text class="scale" x="{5}" y="24">U/N ↑</text>',
        f"{MARGIN:g}",
        f"{HEIGHT - MARGIN - 5:g}",
        f"{length:.1f}",
        f"{MARGIN + length + 6:.1f}",
        words,
        f"{WIDTH - 50:g}",
    )
