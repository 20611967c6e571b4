"""What the commands that bring rasters in have in common."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db.models import DateTimeField

from layers.errors import InvalidParameter
from layers.importers.values import value_clean
from layers.models import DisasterZone, Raster, RasterBand
from layers.text import text


def raster_add(parser: ArgumentParser) -> None:
    """The argument that names a raster, for :func:`raster_get`."""
    parser.add_argument("raster", metavar="RASTER", help=str(text("kode raster", "code of the raster")))


def raster_get(code: str) -> Raster:
    """
    Raises:
        CommandError: there is no raster of that code; the message lists those that are.
    """
    known = Raster.objects.filter(code=code).first()
    if known is None:
        listed = ", ".join(Raster.objects.order_by("code").values_list("code", flat=True)) or "–"
        raise CommandError(
            text(f"Tidak ada raster {code!r}. Yang ada: {listed}.", f"No raster {code!r}. There are: {listed}.")
        )
    return known


def said_add(parser: ArgumentParser) -> None:
    """The options that say of a raster what its file does not."""
    code = text("kode; nama berkas bila tidak disebut", "code; the file's name if not given")
    parser.add_argument("--code", metavar="CODE", help=str(code))
    name = text("nama; kode bila tidak disebut", "name; the code if not given")
    parser.add_argument("--name", metavar="WORDS", help=str(name))
    parser.add_argument("--kind", required=True, choices=DisasterZone.Kind.values)
    parser.add_argument("--source", metavar="WORDS", required=True)
    for name in ("--valid-from", "--valid-to"):
        parser.add_argument(name, metavar="TIME")
    breaks = text("batas kelas, mis. 0.33/0.66 atau 0.1/0.7/1.5", "class breaks, such as 0.33/0.66 or 0.1/0.7/1.5")
    parser.add_argument("--breaks", metavar="NUMBERS", default="", help=str(breaks))
    whose = text("siapa yang menetapkan batas itu", "who set these breaks")
    parser.add_argument("--breaks-source", metavar="WORDS", default="", help=str(whose))


def raster_said(options: dict[str, Any], stem: str, hazard: str, observed_at: str | None) -> Raster:
    """The raster that the options describe.

    Raises:
        InvalidParameter: a time is none.
    """
    code = options["code"] or stem.lower()
    return Raster(
        code=code,
        name=options["name"] or code,
        hazard=hazard,
        kind=options["kind"],
        source=options["source"],
        observed_at=moment_parse("--observed-at", observed_at),
        valid_from=moment_parse("--valid-from", options["valid_from"]),
        valid_to=moment_parse("--valid-to", options["valid_to"]),
    )


def moment_parse(option: str, words: str | None) -> datetime | None:
    """A time; one without an offset is the city's.

    Raises:
        InvalidParameter: it is none.
    """
    try:
        moment: datetime | None = value_clean(DateTimeField(null=True, blank=True), words)
    except ValidationError as error:
        raise InvalidParameter(option, f"{option}: {' '.join(error.messages)}") from error
    return moment


def breaks_parse(words: str) -> list[float]:
    """Numbers between slashes.

    Raises:
        InvalidParameter: they are none.
    """
    try:
        return [float(number.replace(",", ".")) for number in words.split("/")] if words else []
    except ValueError as error:
        raise InvalidParameter(
            "--breaks", text(f"{words!r} bukan bilangan seperti 0.33/0.66.", f"{words!r} is not like 0.33/0.66.")
        ) from error


def raster_summary(raster: Raster, bands: list[RasterBand]) -> str:
    """Shape, and what each band holds."""
    held = "; ".join(
        f"{band.quantity} {band.minimum:g} – {band.maximum:g} {band.unit}, {band.mapped:.1%}" for band in bands
    )
    return str(
        text(
            f"{raster.width} × {raster.height} sel, {held} terpetakan",
            f"{raster.width} × {raster.height} cells, {held} mapped",
        )
    )
