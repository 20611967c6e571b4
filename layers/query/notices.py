"""What changed in all layers since a moment, in few words: for those who refresh what they show.

PostgreSQL's notice at a commit only wakes; what happened is read from the journal. So one query serves those who
were there, those who come back, and standbys, where no notice arrives. No commit tells that a validity begins or ends:
that follows from the boundaries of the layers (``validity.py``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from selectors import EVENT_READ, DefaultSelector
from typing import Any

from django.db import connection

from layers.catalog import layers
from layers.query.changes import LAST, Place
from layers.query.spatial import Box
from layers.query.validity import Boundaries

FAR = 10_000
"""Commits; whoever is further behind is not told where they were, which would take long to gather."""

NEWS = """
SELECT meta.epoch::text, layer, version, coalesce(horizon.seq, 0), n, placed,
       ST_XMin(extent), ST_YMin(extent), ST_XMax(extent), ST_YMax(extent)
FROM journal.meta, unnest(%(layers)s) layer LEFT JOIN journal.horizon USING (layer),
     journal.layer_version(layer) version, LATERAL (
    SELECT coalesce(sum(n), 0)::bigint AS n, bool_and(bbox IS NOT NULL) AS placed, ST_Extent(bbox::geometry) AS extent
    FROM journal.edit WHERE edit.layer = layer.layer AND seq > greatest(%(seq)s, version - %(far)s)
) changed"""


@dataclass(frozen=True)
class Notice:
    """Changes of a layer up to the commit ``seq``: about ``n`` features, all within ``bbox`` (west, south, east,
    north in degrees), which is None where that is not known."""

    layer: str
    seq: int
    bbox: Box | None
    n: int

    def after(self, former: "Notice | None") -> "Notice":
        """Both as one."""
        if former is None:
            return self
        return Notice(self.layer, max(self.seq, former.seq), _around(self.bbox, former.bbox), self.n + former.n)


def _around(a: Box | None, b: Box | None) -> Box | None:
    if a is None or b is None:
        return None
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


@dataclass(frozen=True)
class News:
    """The state of the journal, ``versions`` of all layers by id, and what changed since a former state."""

    epoch: str
    versions: dict[str, int]
    notices: Sequence[Notice]

    @property
    def place(self) -> Place:
        return Place(self.epoch, max(self.versions.values(), default=0))

    def turned(self, now: Boundaries, former: Boundaries) -> "News":
        """With a notice, of no known place, for each layer in which a validity began or ended."""
        turned = [Notice(id, self.versions[id], None, 0) for id, at in now.layers.items() if at > former.clock]
        return replace(self, notices=[*self.notices, *turned])


def news_fetch(since: Place | None) -> News:
    """What changed after a place; of every layer, at places unknown, where the journal does not know that place.

    With None nothing has changed.
    """
    seq = since.seq if since else LAST
    asked: dict[str, Any] = {"layers": [layer.id for layer in layers()], "seq": seq, "far": FAR}
    with connection.cursor() as cursor:
        cursor.execute(NEWS, asked)
        rows = cursor.fetchall()
    news = News(rows[0][0], {layer: version for _, layer, version, *_ in rows}, ())
    if since is None:
        return news
    known = since.epoch == news.epoch and since.seq <= news.place.seq
    notices = [
        Notice(
            layer,
            version,
            (box[0], box[1], box[2], box[3]) if known and placed and since.seq >= max(horizon, version - FAR) else None,
            n,
        )
        for _, layer, version, horizon, n, placed, *box in rows
        if version > since.seq or not known
    ]
    return News(news.epoch, news.versions, notices)


def notices_listen() -> None:
    """Have PostgreSQL wake :func:`notices_await` at every commit; a standby cannot."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_is_in_recovery()")
        if not cursor.fetchone()[0]:
            cursor.execute("LISTEN journal")


def notices_await(seconds: float) -> None:
    """Return once something was committed since the last call, at the latest after some seconds."""
    raw = connection.connection
    # select() knows no file above 1024, which streams soon fill; a connection that was closed has none at all
    with connection.wrap_database_errors, DefaultSelector() as selector:
        selector.register(raw, EVENT_READ)
        if not raw.notifies and selector.select(seconds):
            raw.poll()
    raw.notifies.clear()
