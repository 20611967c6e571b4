"""Places in a list, as signed tokens: a page after one costs what the first costs, and writers shift nothing."""

from dataclasses import dataclass
from typing import Any

from django.core.signing import BadSignature, Signer

from layers.errors import InvalidParameter
from layers.text import text


@dataclass(frozen=True)
class Position:
    """Where a page ends: the values of the sort keys, the id the last, of its last item; ``matched`` if it is known."""

    keys: tuple[Any, ...]
    matched: int | None


def position_write(scope: str, position: Position) -> str:
    """A position as a token, signed so that it cannot be made up."""
    return Signer(salt=scope).sign_object([position.keys, position.matched])


def position_read(scope: str, token: str) -> Position:
    """The position that a token holds.

    Raises:
        InvalidParameter: it was tampered with, or was given for another collection, filter or order.
    """
    try:
        keys, matched = Signer(salt=scope).unsign_object(token)
    except BadSignature as error:
        raise InvalidParameter(
            "next",
            text(
                "Bukan token halaman dari permintaan ini. Mulailah lagi tanpa next.",
                "This is no page token of this request. Begin again without next.",
            ),
        ) from error
    return Position(tuple(keys), matched)
