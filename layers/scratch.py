"""Folders for files in the making; what a killed process left in one goes with the next of its name."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from tempfile import TemporaryDirectory

YOUNG = 60
"""Seconds for which nobody asks whether a folder is held, so that whoever makes one has the time to."""


@contextmanager
def scratch_folder(parent: str | Path, prefix: str) -> Iterator[Path]:
    """An empty folder whose name begins so, gone at the end: nothing else in ``parent`` may have such a name."""
    for left in Path(parent).glob(f"{prefix}*"):
        with suppress(OSError):
            if time.time() - left.lstat().st_mtime > YOUNG:
                with _held(left):
                    shutil.rmtree(left)
    with TemporaryDirectory(dir=parent, prefix=prefix) as folder, _held(folder):
        yield Path(folder)


@contextmanager
def _held(folder: str | Path) -> Iterator[None]:
    """Lock a folder; the kernel takes the lock back when this process ends, however it ends.

    Raises:
        OSError: another process holds it, or it is no folder.
    """
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        flock(file, LOCK_EX | LOCK_NB)
        yield
    finally:
        os.close(file)
