"""Bodies that no door may store, and what each says of them in English."""

from typing import Any

WORLD = (
    "Coordinates outside the world: longitude must be -180 to 180 and latitude -90 to 90, in the order longitude, "
    "latitude."
)
POINT = 'This is not a GeoJSON geometry such as {"type": "Point", "coordinates": [116.1, -8.58]}.'

NO_JSON: list[bytes] = [
    b"{",
    b"Pasar",
    b"\xff\xfe",
    b'{"type": NaN}',
    b'{"type": Infinity}',
    b'{"type": ' + b"1" * 5000 + b"}",
    b"[" * 100_000,
    b'{"type": "Feature", "properties": {"kiosks": NaN}}',
]

NO_FEATURES: list[Any] = [
    None,
    5,
    "Feature",
    [],
    {"type": "FeatureCollection", "features": []},
    {"type": "Point", "coordinates": [116.1, -8.58]},
    {"type": "Feature", "properties": []},
    {"type": "Feature", "properties": "name"},
]

BAD_VALUES: list[tuple[dict[str, Any], str]] = [
    ({"code": "a b"}, "A code holds no spaces."),
    ({"code": ""}, "This field may not be blank."),
    ({"code": "x" * 65}, "Ensure this field has no more than 64 characters."),
    ({"name": "x" * 201}, "Ensure this field has no more than 200 characters."),
    ({"name": "  "}, "This field may not be blank."),
    ({"name": ["x"]}, "This must be text."),
    ({"name": "a\0b"}, "Null characters are not allowed."),
    ({"name": "\ud800"}, "Surrogate characters are not allowed: U+D800."),
    ({"type": "warung"}, "'warung' is none of the codes: pasar_rakyat, pasar_induk, pasar_modern, pasar_khusus."),
    ({"type": "\ud800"}, "'\\ud800' is none of the codes: pasar_rakyat, pasar_induk, pasar_modern, pasar_khusus."),
    ({"condition": "a\0"}, "'a\\x00' is none of the codes: baik, rusak_ringan, rusak_sedang, rusak_berat."),
    ({"kiosks": -1}, "Ensure this value is greater than or equal to 0."),
    ({"kiosks": 10**30}, "Ensure this value is less than or equal to 10000000."),
    ({"kiosks": 1.5}, "A valid integer is required."),
    ({"kiosks": True}, "A valid integer is required."),
    ({"sni_certified": "maybe"}, "This must be true or false."),
    ({"operating_days": "senin"}, "This must be a list of codes."),
    (
        {"operating_days": ["senin", "lusa"]},
        "'lusa' is none of the codes: senin, selasa, rabu, kamis, jumat, sabtu, minggu.",
    ),
    (
        {"opens_at": "25:00"},
        "Time has wrong format. Use one of these formats instead: hh:mm[:ss[.uuuuuu]].",
    ),
    (
        {"observed_at": "kemarin"},
        "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].",
    ),
    ({"observed_at": "9999-12-31T23:59:59Z"}, "This time is out of range."),
    ({"observed_at": "0001-01-01T00:00:00+14:00"}, "This time is out of range."),
    ({"observed_at": "0001-01-01T00:00:00"}, "This time is out of range."),
]
"""A property of a market, and what is wrong with its value."""

BAD_POINTS: list[tuple[Any, str]] = [
    (5, POINT),
    ([], POINT),
    ({}, POINT),
    ("POINT (116.1 -8.58)", POINT),
    ({"type": "Point"}, POINT),
    ({"type": "Point", "coordinates": [116.1]}, POINT),
    ({"type": "Point", "coordinates": [116.1, -8.58, 0, 0]}, POINT),
    ({"type": "Point", "coordinates": ["116.1", "-8.58"]}, POINT),
    ({"type": "Point", "coordinates": {"x": 1}}, POINT),
    ({"type": "Point\0", "coordinates": [116.1, -8.58]}, POINT),
    ({"type": "Point", "coordinates": [10**400, 0]}, POINT),
    ({"type": "Feature", "geometry": {"type": "Point", "coordinates": [116.1, -8.58]}}, POINT),
    ({"type": "Point", "coordinates": []}, "The geometry is empty."),
    ({"type": "Point", "coordinates": [-8.58, 116.1]}, WORLD),
    ({"type": "Point", "coordinates": [181, 0]}, WORLD),
    ({"type": "LineString", "coordinates": [[0, 0], [1, 1]]}, "The geometry must be a Point, not a LineString."),
]
"""Geometries that no market has."""
