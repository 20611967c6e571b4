"""The versions of the layers as a folder, by which a proxy on the same machine knows what of its cache holds.

``FOLDER/SECOND/LAYER`` resolves to a name that changes with each commit that changes the layer (``_all``: any layer),
when a validity begins or ends in it, and with each release. ``SECOND`` is Unix time: names are there for the seconds
around now only. So whoever reads them late, after the process ended or lost its database, finds none, and asks the
portal itself.
"""

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from layers.query.notices import News
from layers.query.validity import Boundaries

ALL = "_all"


class VersionsFolder:
    """Written by one process at a time."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.renew()

    def renew(self) -> None:
        """Begin with an empty folder, whatever became of it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.clear()
        for part in ("layers", "versions"):
            shutil.rmtree(self.folder / part, ignore_errors=True)
            (self.folder / part).mkdir()

    def write(self, news: News, boundaries: Boundaries) -> None:
        """To be called at every change, and every second.

        Raises:
            OSError: the disk is full, or somebody else removed what was here; :meth:`renew` begins again.
        """
        newest = {**news.versions, ALL: news.place.seq}
        turned = {**boundaries.layers, ALL: max(boundaries.layers.values(), default=0)}
        targets = {
            layer: f"{settings.RELEASE}.{news.epoch}-{seq}-{turned.get(layer, 0)}" for layer, seq in newest.items()
        }
        for layer, target in targets.items():
            (self.folder / "versions" / target).mkdir(exist_ok=True)
            _link(self.folder / "layers" / layer, f"../versions/{target}")
        now = int(time.time())
        wanted = {str(second) for second in range(now - 1, now + 3)}
        present = self._seconds()
        for second in wanted - present:
            _link(self.folder / second, "layers")
        for second in present - wanted:
            (self.folder / second).unlink()
            for version in (self.folder / "versions").iterdir():
                if version.name not in targets.values():
                    version.rmdir()

    def clear(self) -> None:
        """From here on nobody finds a version; where the disk refuses, a few seconds later."""
        with suppress(OSError):
            for second in self._seconds():
                (self.folder / second).unlink(missing_ok=True)

    def _seconds(self) -> set[str]:
        return {name for name in os.listdir(self.folder) if name.isdigit()}


def _link(path: Path, target: str) -> None:
    if path.is_symlink() and os.readlink(path) == target:
        return
    path.with_name(f".{path.name}").symlink_to(target)
    path.with_name(f".{path.name}").replace(path)
