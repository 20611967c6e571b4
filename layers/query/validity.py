"""Features that begin and end by themselves: those of layers whose time is a validity, such as disaster zones.

What is valid changes with the clock, and no commit says so. What does is a layer's *boundary*: the last moment up to
now at which a validity began or ended. None lies between two answers with the same boundary, whatever was edited
elsewhere: so boundary and version together tell the state of what is valid. ``now()`` is that of the statement.
"""

from dataclasses import dataclass

from layers.catalog import Layer, layers
from layers.query.statement import row_fetch


@dataclass(frozen=True)
class Boundaries:
    """The boundaries of the layers that have one, by id; ``clock`` is what one of this very moment would be.

    ``ahead``: how many seconds from now the next validity of any layer begins or ends, infinite where none will.
    """

    layers: dict[str, int]
    clock: int
    ahead: float


def boundaries_fetch() -> Boundaries:
    """The boundaries as they are now."""
    known = [layer for layer in layers() if layer.has_validity]
    now, coming = (", ".join(map(write, known)) for write in (boundary, boundary_next))
    clock, found, ahead = row_fetch(
        (
            f"SELECT journal.moment(now(), NULL), ARRAY[{now}]::bigint[], "
            f"extract(epoch FROM least('infinity', {coming or 'NULL'})) - extract(epoch FROM now())",
            [],
        )
    )
    each = zip(known, found, strict=True)
    return Boundaries({layer.id: at for layer, at in each if at is not None}, clock, float(ahead))


def valid_at(validity: tuple[str, str], moment: str, prefix: str = "") -> str:
    """Whether a row is valid at a moment, as SQL; both ends of its validity are included, and may be open."""
    start, end = (f'{prefix}"{column}"' for column in validity)
    return f"coalesce({start} <= {moment}, true) AND coalesce({end} >= {moment}, true)"


def boundary(layer: Layer) -> str:
    """The layer's boundary as SQL, a number that grows with the clock (``journal.moment``); null where there is none.

    An index on each end makes it two look-ups.
    """
    start, end = layer.time
    began = f"""SELECT max("{start}") FROM {layer.table} WHERE "{start}" <= now() AND "{start}" > '-infinity'"""
    ended = f"""SELECT max("{end}") FROM {layer.table} WHERE "{end}" < now() AND "{end}" > '-infinity'"""
    return f"journal.moment(({began}), ({ended}))"


def boundary_next(layer: Layer) -> str:
    """When the next validity of the layer begins or ends, as SQL; null where none is to."""
    start, end = layer.time
    begins = f'SELECT min("{start}") FROM {layer.table} WHERE "{start}" > now()'
    ends = f'SELECT min("{end}") FROM {layer.table} WHERE "{end}" >= now()'
    return f"least(({begins}), ({ends}))"
