"""Needs are plain sums that can be done by hand."""

from django.utils import translation

from layers.services.needs import needs_of


def totals(people: int, days: int, standard: str) -> dict[str, tuple[float | None, float]]:
    return {need.item: (need.per_day, need.total) for need in needs_of(people, days, standard)}


def test_sphere() -> None:
    assert totals(101, 7, "sphere") == {
        "water": (1515.0, 10605.0),
        "food": (212100.0, 1484700.0),
        "toilets": (None, 6),
        "water_points": (None, 1),
        "covered_area": (None, 353.5),
        "camp_area": (None, 4545.0),
        "soap": (None, 5891.7),
        "detergent": (None, 4713.3),
        "family_kits": (None, 21),
    }


def test_bnpb_gives_more_water_from_the_fourth_day() -> None:
    assert totals(100, 3, "bnpb")["water"] == (700.0, 2100.0)
    assert totals(100, 5, "bnpb")["water"] == (1500.0, 2100.0 + 2 * 1500.0)
    assert totals(100, 5, "bnpb")["rice"] == (40000.0, 200000.0)


def test_nobody_needs_nothing() -> None:
    assert {total for _, total in totals(0, 7, "sphere").values()} == {0}


def test_figures_are_told() -> None:
    figures = {need.item: need.figure for need in needs_of(1, 7, "bnpb")}
    assert figures["water"] == "7 L per orang per hari, sejak hari ke-4 15"
    assert figures["toilets"] == "1 untuk 20 orang"


def test_figures_are_written_as_the_language_does() -> None:
    told = {}
    for language in ("id", "en"):
        with translation.override(language):
            figures = {need.item: need.figure for need in needs_of(1, 7, "sphere")}
        told[language] = [figures["covered_area"], figures["food"]]
    assert told == {
        "id": ["3,5 m² per orang", "2.100 kkal per orang per hari"],
        "en": ["3.5 m² a person", "2,100 kcal a person a day"],
    }
