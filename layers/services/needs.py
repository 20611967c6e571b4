"""Minimum needs of people, by head count: the Sphere Handbook 2018, and BNPB's regulation (Perka BNPB) 7/2008."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any

from django.utils.formats import number_format

from layers.text import text

MONTH = 30
"""Days."""

DAY, MONTHLY, ONCE = "day", "month", "once"


@dataclass(frozen=True)
class Figure:
    """What one person needs: so much ``per`` day or month, or once; of what is counted, whole ones are needed.

    From ``after`` days on, ``later`` holds instead.
    """

    item: str
    label: Any
    amount: Fraction
    unit: Any
    per: str
    after: int = 0
    later: Fraction | None = None
    counted: bool = False


def _one_per(people: int) -> Fraction:
    return Fraction(1, people)


LITRE, PIECE, SQUARE_METRE = text("L", "L"), text("buah", "pieces"), text("m²", "m²")

TOILETS = Figure("toilets", text("Jamban", "Toilets"), _one_per(20), PIECE, ONCE, counted=True)
FAMILY_KITS = Figure("family_kits", text("Paket keluarga", "Family kits"), _one_per(5), PIECE, ONCE, counted=True)

SPHERE: Sequence[Figure] = (
    Figure("water", text("Air bersih", "Water"), Fraction(15), LITRE, DAY),
    Figure("food", text("Pangan", "Food"), Fraction(2100), text("kkal", "kcal"), DAY),
    TOILETS,
    Figure("water_points", text("Titik air", "Water points"), _one_per(250), PIECE, ONCE, counted=True),
    Figure("covered_area", text("Ruang beratap", "Covered area"), Fraction(7, 2), SQUARE_METRE, ONCE),
    Figure("camp_area", text("Luas tapak", "Camp area"), Fraction(45), SQUARE_METRE, ONCE),
    Figure("soap", text("Sabun mandi", "Bathing soap"), Fraction(250), text("g", "g"), MONTHLY),
    Figure("detergent", text("Sabun cuci", "Laundry soap"), Fraction(200), text("g", "g"), MONTHLY),
    FAMILY_KITS,
)

BNPB: Sequence[Figure] = (
    Figure("water", text("Air bersih", "Water"), Fraction(7), LITRE, DAY, after=3, later=Fraction(15)),
    Figure("rice", text("Beras", "Rice"), Fraction(400), text("g", "g"), DAY),
    TOILETS,
    Figure("covered_area", text("Ruang beratap", "Covered area"), Fraction(3), SQUARE_METRE, ONCE),
    FAMILY_KITS,
)

STANDARDS: dict[str, tuple[Any, Sequence[Figure]]] = {
    "sphere": (text("Sphere, Buku Pegangan 2018", "The Sphere Handbook 2018"), SPHERE),
    "bnpb": (text("Perka BNPB Nomor 7 Tahun 2008", "BNPB regulation 7 of 2008"), BNPB),
}
"""Name and figures by the value of ``standard``."""


@dataclass(frozen=True)
class Need:
    """What people need of one item: ``per_day`` on the last day (None where it is no daily need), ``total`` in all.

    ``figure`` tells the amount for a person in words.
    """

    item: str
    label: str
    unit: str
    figure: str
    per_day: float | None
    total: float


def needs_of(people: int, days: int, standard: str) -> list[Need]:
    """The minimum needs of so many people for so many days by one of :data:`STANDARDS`."""
    return [_need(figure, people, days) for figure in STANDARDS[standard][1]]


def _need(figure: Figure, people: int, days: int) -> Need:
    first = min(days, figure.after) if figure.later else days
    amount = figure.later if figure.later and days > figure.after else figure.amount
    times = {DAY: Fraction(days), MONTHLY: Fraction(days, MONTH), ONCE: Fraction(1)}[figure.per]
    total = people * figure.amount * times
    if figure.later:
        total = people * (figure.amount * first + figure.later * (days - first))
    return Need(
        figure.item,
        str(figure.label),
        str(figure.unit),
        _words(figure),
        float(people * amount) if figure.per == DAY else None,
        ceil(total) if figure.counted else round(float(total), 1),
    )


def _words(figure: Figure) -> str:
    if figure.counted:
        people = figure.amount.denominator
        return str(text(f"1 untuk {people} orang", f"1 for {people} people"))
    amounts = (figure.amount, figure.later or 0)
    amount, later = (number_format(f"{float(number):g}", force_grouping=True) for number in amounts)
    words = {
        DAY: text(f"{amount} {figure.unit} per orang per hari", f"{amount} {figure.unit} a person a day"),
        MONTHLY: text(f"{amount} {figure.unit} per orang per bulan", f"{amount} {figure.unit} a person a month"),
        ONCE: text(f"{amount} {figure.unit} per orang", f"{amount} {figure.unit} a person"),
    }[figure.per]
    changed = text(f", sejak hari ke-{figure.after + 1} {later}", f", from day {figure.after + 1} on {later}")
    return str(words) + (str(changed) if figure.later else "")
