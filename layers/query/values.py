"""The values that a request may hold, each read in one place; what is none is refused by the parameter's name."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import isfinite, nan
from typing import Any

from django.utils import timezone

from layers.catalog import Property
from layers.errors import InvalidParameter
from layers.text import text

LARGEST = 2**31 - 1
# PostgreSQL takes no offset of 16 hours or more; the world has none beyond 14. In an address that is typed by hand
# the plus of an offset arrives as a space.
_TIME = re.compile(r"^\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+ -](0\d|1[0-5]):\d\d)?)?$")

_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([Ee][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Interval:
    """A time span, both ends included; ``None`` is open."""

    start: datetime | None
    end: datetime | None

    @classmethod
    def parse(cls, value: str, parameter: str = "datetime") -> "Interval":
        """Read an RFC 3339 instant or ``start/end``, either end open as ``..`` or empty (OGC 17-069r4, 7.15.4).

        A date alone means the whole day, a time without offset is local time (``settings.TIME_ZONE``).

        Raises:
            InvalidParameter: not such a value, or an interval that ends before it starts.
        """
        ends = value.split("/")
        try:
            start = None if "/" in value and ends[0] in ("", "..") else _instant(ends[0])
            end = None if "/" in value and ends[-1] in ("", "..") else _instant(ends[-1], last=True)
        except ValueError:
            start = end = None
            ends = []
        if len(ends) not in (1, 2):
            raise InvalidParameter(
                parameter,
                text(
                    f"{value!r} bukan waktu RFC 3339 seperti 2018-08-05T19:46:00+08:00, dan bukan pula rentang "
                    "seperti 2018-08-01/2018-08-31 atau 2018-08-01/..",
                    f"{value!r} is neither an RFC 3339 time such as 2018-08-05T19:46:00+08:00 nor an interval such "
                    "as 2018-08-01/2018-08-31 or 2018-08-01/..",
                ),
            )
        if start and end and start > end:
            raise InvalidParameter(
                parameter, text(f"{value!r} berakhir sebelum mulai.", f"{value!r} ends before it starts.")
            )
        return cls(start, end)


def value_parse(parameter: str, kind: str, value: str) -> Any:
    """A value of a kind, which is a JSON Schema format or type such as ``date`` or ``integer``.

    Raises:
        InvalidParameter: it is not one.
    """
    parse, words = KINDS[kind]
    try:
        return parse(value)
    except ValueError as error:
        raise InvalidParameter(parameter, text(f"{value!r} bukan {words}.", f"{value!r} is not {words}.")) from error


def whole_parse(parameter: str, value: str, least: int, most: int = LARGEST) -> int:
    """A whole number.

    Raises:
        InvalidParameter: it is not one from ``least`` to ``most``.
    """
    try:
        number = _integer(value)
    except ValueError:
        number = None
    if number is None or not least <= number <= most:
        raise InvalidParameter(
            parameter,
            text(
                f"{value!r} bukan bilangan bulat dari {least} sampai {most}.",
                f"{value!r} is not a whole number from {least} to {most}.",
            ),
        )
    return number


def limit_parse(given: Mapping[str, str], default: int, most: int) -> int:
    """``limit`` of a request; over the maximum it is taken for the maximum, for OGC 17-069r4 forbids an error.

    Raises:
        InvalidParameter: it is no whole number, 0 or over :data:`LARGEST`.
    """
    return min(whole_parse("limit", given.get("limit", str(default)), 1), most)


def _instant(value: str, *, last: bool = False) -> datetime:
    if not _TIME.match(value):
        raise ValueError(value)
    day, clock = value[:11], value[11:].replace(" ", "+")
    moment = datetime.fromisoformat((day + clock).upper())
    if len(value) == len("2018-08-05") and last:
        moment += timedelta(days=1, microseconds=-1)
    return moment if moment.tzinfo else timezone.make_aware(moment)


def _time_of_day(value: str) -> time:
    read = time.fromisoformat(value)
    if read.tzinfo:
        raise ValueError(value)
    return read


def _integer(value: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", value):
        raise ValueError(value)
    return int(value)


def number_read(value: str) -> float:
    """A decimal number as JSON and XML write it; ``float`` reads 1_16 and the digits of every script as well.

    Raises:
        ValueError: it is not one, or not finite.
    """
    number = float(value) if _DECIMAL.fullmatch(value) else nan
    if not isfinite(number):
        raise ValueError(value)
    return number


def _boolean(value: str) -> bool:
    if value not in ("true", "false", "1", "0"):  # GDAL writes 1 and 0
        raise ValueError(value)
    return value in ("true", "1")


def _string(value: str) -> str:
    if "\0" in value or len(value) > 1000:
        raise ValueError(value)
    return value


KINDS: dict[str, tuple[Callable[[str], Any], Any]] = {
    "array": (_string, text("teks sampai 1000 huruf", "text of up to 1000 characters")),
    "boolean": (_boolean, text("true atau false", "true or false")),
    "date": (date.fromisoformat, text("tanggal seperti 2018-08-05", "a date such as 2018-08-05")),
    "date-time": (
        _instant,
        text("waktu seperti 2018-08-05T19:46:00+08:00", "a time such as 2018-08-05T19:46:00+08:00"),
    ),
    "integer": (_integer, text("bilangan bulat", "a whole number")),
    "number": (number_read, text("bilangan", "a number")),
    "string": (_string, text("teks sampai 1000 huruf", "text of up to 1000 characters")),
    "time": (_time_of_day, text("jam seperti 06:30", "a time of day such as 06:30")),
    "uri": (_string, text("alamat sampai 1000 huruf", "an address of up to 1000 characters")),
}
"""How each kind of value is read, and what to call it."""


def property_parse(known: Property, value: str, parameter: str | None = None) -> Any:
    """A value that a property is compared with; for a list, one element of it.

    Raises:
        InvalidParameter: it is not of the property's type, or none of its codes; by ``parameter``, the property's
            name unless said otherwise.
    """
    if known.choices and value not in known.codes:
        codes = ", ".join(code or "''" for code in known.codes)
        raise InvalidParameter(
            parameter or known.name,
            text(f"{value!r} bukan salah satu kode: {codes}.", f"{value!r} is none of the codes: {codes}."),
        )
    return value_parse(parameter or known.name, known.format or known.type, value)


def id_parse(value: str) -> int | None:
    """The id of an item, None where it cannot be one: not a whole number, or too large for a bigint."""
    return int(value) if re.fullmatch(r"[0-9]{1,19}", value) and int(value) < 2**63 else None
