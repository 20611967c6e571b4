"""What an area holds: people and what they need, features of every layer, and what cannot be reached."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import floor
from typing import Any

from django.db.models import Q
from django.utils.formats import number_format

from layers.errors import InvalidParameter
from layers.models import CapAlert, Raster, RasterBand
from layers.query.impact import EQUAL_AREA, Area, impact_fetch
from layers.services.hazards import NOTE, Coded, is_other_time, labelled, labels_of, raster_versions
from layers.services.needs import STANDARDS, Need, needs_of
from layers.services.raster_areas import area_above
from layers.text import text

STANDARD, DAYS, LISTED = "sphere", 7, 100
"""Of an impact where nothing is said: the standard of needs, days to count them for, features of a layer to list."""

MAX_DAYS = 365

MAX_LISTED = 1_000

UNCERTAINTY = text(
    "Perkiraan: penduduk tiap kelurahan dibagi rata menurut luas, padahal orang tidak tinggal merata. Yang pasti di "
    "dalam hanya penduduk kelurahan yang seluruhnya tercakup (least); paling banyak seluruh penduduk kelurahan yang "
    "tersentuh (most). Orang di luar kelurahan yang dipetakan tidak dihitung. "
    "Jumlah penduduk setua tanggal sumbernya, dan tidak membedakan siang dan malam.",
    "An estimate: the people of each kelurahan are spread evenly over its area, but people do not live evenly. Only "
    "those of kelurahan that lie wholly inside are surely inside (least); at most it is everyone of every kelurahan "
    "touched (most). People outside of mapped kelurahan are not counted. "
    "The population is as old as the date of its source, and knows neither day nor night.",
)
PARTLY = text(
    "Penduduk sebagian kelurahan tidak diketahui, tidak termasuk: angka ini terlalu rendah, dan batas atasnya (most) "
    "tidak diketahui.",
    "Of some kelurahan the population is not known and not included: the numbers are too low, and how many people it "
    "is at most is not known.",
)
UNMAPPED = text(
    "Sebagian besar wilayah ini di luar kelurahan yang dipetakan: orang di sana tidak dihitung, dan batas atas "
    "jumlahnya (most) tidak diketahui.",
    "Most of this area lies in no mapped kelurahan: people there are not counted, and how many it is at most is not "
    "known.",
)
UNKNOWN = text(
    "Penduduk di wilayah ini tidak diketahui; itu bukan berarti tidak ada.",
    "The population here is not known; that does not mean that there is none.",
)

REASONS = {
    "terputus": text("Akses terputus", "Cut off"),
    "inside": text("Di dalam wilayah ini", "Inside the area"),
    "closed": text("Tutup", "Closed"),
    "evacuating": text("Sedang dievakuasi", "Evacuating"),
}
"""Why a place is out of reach."""

WHOLE = 0.9999
"""From this share on a kelurahan counts as wholly inside: boundaries of different sources differ by slivers."""

ENDED = text(
    "Yang ditanyakan tidak berlaku pada saat ini; lihat masa berlakunya.",
    "What is asked about is not in force at this time; see its validity.",
)
OTHER_TIME = text(
    "Hanya masa berlaku zona yang menurut saat yang ditanyakan; penduduk, pos, fasilitas dan lainnya seperti sekarang.",
    "Only the validity of zones is of the time asked; people, posts, facilities and all else are as they are now.",
)
PASSABLE = text(
    "Gempa, angin dan kekeringan menimpa seluruh daerah: fasilitas di dalamnya dihitung terjangkau, kecuali yang "
    "statusnya tutup atau dievakuasi. Periksa seberapa baru status itu.",
    "Earthquakes, wind and drought strike whole regions: facilities inside count as within reach, but for those whose "
    "status is closed or evacuating. See how recent that status is.",
)


@dataclass(frozen=True)
class About:
    """What was asked about: a zone, a raster with its threshold, or a message; nothing of an area that was drawn.

    ``in_force`` is whether its validity, both ends included, holds the moment that is asked about.
    """

    code: str
    name: str
    hazard: Coded | None
    level: Coded | None
    kind: Coded | None
    valid_from: str | None
    valid_to: str | None
    source: str
    observed_at: str | None
    in_force: bool

    @classmethod
    def of(cls, row: Mapping[str, Any], at: datetime) -> "About":
        times = ("valid_from", "valid_to", "observed_at")
        written = {name: row[name].isoformat() for name in times if isinstance(row[name], datetime)}
        told: dict[str, Any] = labelled({**row, **written}, labels_of("disaster_zones"))
        return cls(**{**told, "in_force": _holds(row, at)})


def _holds(row: Mapping[str, Any], at: datetime) -> bool:
    """As the statement says of zones, whose ends may be infinite; of others by their times."""
    if "in_force" in row:
        return bool(row["in_force"])
    return bool((row["valid_from"] or at) <= at <= (row["valid_to"] or at))


@dataclass(frozen=True)
class Kelurahan:
    """``share`` of its area inside, 1 where all but a sliver is; ``affected`` people, None where that is not known."""

    code: str
    name: str
    share: float
    inside_m2: float
    affected: int | None
    population: int | None
    population_source: str
    population_date: str | None
    has_open_post: bool
    geometry: dict[str, Any] | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Kelurahan":
        people = row["population"]
        share = 1.0 if row["share"] >= WHOLE else row["share"]
        affected = None if people is None else round(people * share)
        numbers = {"share": round(share, 6), "inside_m2": round(row["inside_m2"], 1), "affected": affected}
        return cls(**{**row, **numbers})

    @property
    def percent(self) -> float:
        """The share, rounded down: 100 only where the kelurahan counts as wholly inside."""
        return floor(self.share * 1000) / 10


@dataclass(frozen=True)
class People:
    """People affected, and between which numbers they surely are; all None where no population is known.

    ``most`` is None where the population of a kelurahan is not known, and where most of the area lies in none.
    """

    affected: int | None
    least: int | None
    most: int | None
    uncertainty: str

    @classmethod
    def of(cls, kelurahan: list[Kelurahan], *, is_mapped: bool) -> "People":
        known = [(one, one.population) for one in kelurahan if one.population is not None]
        if not known:
            return cls(None, None, None, str(UNKNOWN))
        affected = sum(one.affected or 0 for one, _ in known)  # of whole people, so that the column adds up
        least = sum(people for one, people in known if one.share == 1)
        all_known = len(known) == len(kelurahan)
        most = sum(people for _, people in known) if is_mapped and all_known else None
        return cls(affected, least, most, str(UNCERTAINTY) if all_known else f"{UNCERTAINTY} {PARTLY}")


@dataclass(frozen=True)
class Inside:
    """Features of a layer that meet the area: how many, sums over all of them, and the first ones as GeoJSON features.

    In ``totals``, ``unknown`` is of how many features the number is not known: the sum is of the others.
    """

    count: int
    totals: dict[str, dict[str, int]]
    features: list[dict[str, Any]]


@dataclass(frozen=True)
class Impact:
    """What an area holds at a moment; areas in square metres, by an equal-area projection of the ellipsoid.

    ``about`` is what the area was named by; it is empty where the area was drawn.
    ``unmapped_m2`` is how much lies in no kelurahan. ``without_post`` are the codes of kelurahan with people affected
    and no open aid post that can be reached. ``needs`` are those of the people affected for ``days`` days.
    ``versions`` are those of the data it was made from, in one snapshot.
    """

    datetime: datetime
    computed_at: str
    note: str
    about: list[About]
    area_m2: float
    unmapped_m2: float
    area_computed_in: str
    people: People
    kelurahan: list[Kelurahan]
    without_post: list[str]
    standard: str
    standard_name: str
    days: int
    needs: list[Need]
    layers: dict[str, Inside]
    out_of_reach_total: int
    out_of_reach: list[dict[str, Any]]
    geometry: dict[str, Any] | None
    versions: dict[str, str]


@dataclass(frozen=True)
class ImpactQuery:
    """What is asked: an area, a moment, by which standard needs are counted, for how many days.

    ``limit`` features a layer are listed; ``shapes`` asks for geometries.
    """

    area: Area
    at: datetime
    standard: str = STANDARD
    days: int = DAYS
    limit: int = LISTED
    shapes: bool = False


def alert_area(identifier: str) -> Area:
    """What the zones of a CAP alert cover, by its identifier or its code.

    Raises:
        InvalidParameter: ``alert``: there is none that made zones.
    """
    alert = CapAlert.objects.filter(Q(identifier=identifier) | Q(code=identifier)).order_by("-sent").first()
    if alert is None or not alert.words:
        raise InvalidParameter(
            "alert",
            text(
                f"Tidak ada peringatan {identifier!r} yang membuat zona. Muat dahulu dengan manage.py cap_import.",
                f"There is no alert {identifier!r} that made zones. Take it in first, with manage.py cap_import.",
            ),
        )
    return Area(zone_codes=tuple(alert.zone_codes()))


def raster_area(code: str, threshold: float) -> Area:
    """Where the first band of a raster is ``threshold`` or more.

    Raises:
        InvalidParameter: ``raster``: there is none of that code; ``threshold``: nothing reaches it.
    """
    band = RasterBand.objects.select_related("raster").filter(raster__code=code).order_by("number").first()
    if band is None:
        known = ", ".join(Raster.objects.values_list("code", flat=True)) or "–"
        raise InvalidParameter(
            "raster",
            text(f"Tidak ada raster {code!r}. Yang ada: {known}.", f"There is no raster {code!r}. There are: {known}."),
        )
    shape, step = area_above(band, threshold)
    note = text(
        f"Raster ini dibaca per kotak {step} × {step} sel dengan nilai tertingginya: wilayah ini dapat terlalu lebar, "
        "kurang dari satu kotak.",
        f"This raster is read by squares of {step} × {step} cells, each by its highest value: the area may be too "
        "wide, by less than a square.",
    )
    raster = band.raster
    said = ("code", "hazard", "kind", "valid_from", "valid_to", "source", "observed_at")
    about: dict[str, Any] = {name: getattr(raster, name) for name in said} | {
        "name": f"{raster.name}, {band.get_quantity_display()} ≥ {number_format(f'{threshold:g}')} {band.unit}",
        "level": None,
    }
    return Area(shape=shape, versions=raster_versions([raster]), note=str(note) if step > 1 else "", about=(about,))


def impact_of(query: ImpactQuery) -> Impact:
    """
    Raises:
        InvalidParameter: ``zone``: the zones that are asked about are not there.
    """
    found = impact_fetch(query.area, query.at, query.limit, query.shapes)
    if found is None:
        raise InvalidParameter("zone", text("Tidak ada zona seperti itu.", "There is no such zone."))
    kelurahan = [Kelurahan.of(row) for row in found["kelurahan"]]
    unmapped = max(found["area_m2"] - sum(one.inside_m2 for one in kelurahan), 0)
    is_mapped = unmapped <= found["area_m2"] / 2
    people = People.of(kelurahan, is_mapped=is_mapped)
    about = [About.of(row, query.at) for row in (*found["about"], *query.area.about)]
    notes = (
        NOTE,
        query.area.note,
        "" if is_mapped else UNMAPPED,
        "" if all(one.in_force for one in about) else ENDED,
        PASSABLE if found["is_passable"] else "",
        OTHER_TIME if is_other_time(query.at, found["computed_at"]) else "",
    )
    return Impact(
        datetime=query.at,
        computed_at=found["computed_at"],
        note=" ".join(str(note) for note in notes if note),
        about=about,
        area_m2=round(found["area_m2"], 1),
        unmapped_m2=round(unmapped, 1),
        area_computed_in=f"EPSG:{EQUAL_AREA}",
        people=people,
        kelurahan=kelurahan,
        without_post=[one.code for one in kelurahan if one.affected != 0 and not one.has_open_post],
        standard=query.standard,
        standard_name=str(STANDARDS[query.standard][0]),
        days=query.days,
        needs=[] if people.affected is None else needs_of(people.affected, query.days, query.standard),
        layers={id: Inside(**inside) for id, inside in found["layers"].items()},
        out_of_reach_total=found["out_of_reach_total"],
        out_of_reach=[place | {"reason_label": str(REASONS[place["reason"]])} for place in found["out_of_reach"]],
        geometry=found["geometry"],
        versions=found["versions"] | query.area.versions,
    )
