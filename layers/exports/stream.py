"""Answers that are sent while they are made: what goes wrong early has a status, what goes wrong late is in them."""

from collections.abc import Generator
from contextlib import closing

BROKEN = {
    "csv": b'"INCOMPLETE: the server failed, download again',
    "geojsonseq": b'\x1e{"type":"INCOMPLETE: the server failed, download again',
}
"""How text ends that broke off, by its format, since servers end the response as if it were whole: readers refuse or
show the rest of a quotation that does not end. Of other formats the end itself is missed."""


def begun(chunks: Generator[bytes], format: str) -> Generator[bytes]:
    """The same bytes, the first of them made now."""

    def rest() -> Generator[bytes]:
        with closing(chunks):
            first = next(chunks, b"")
            yield b""
            yield first
            try:
                yield from chunks
            except Exception:
                yield BROKEN.get(format, b"")
                raise

    made = rest()
    next(made)
    return made
