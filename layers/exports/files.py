"""A file that comes into its place when it is whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from layers.errors import Problem
from layers.scratch import scratch_folder
from layers.text import text


@contextmanager
def file_write(file: Path, *, overwrite: bool) -> Iterator[Path]:
    """A path to write to, in a folder of its own; what is in it at the end is moved beside ``file``.

    Raises:
        Problem: there is no such folder, the file exists and may not be replaced, or it cannot be written.
    """
    if not file.parent.is_dir():
        raise Problem(text(f"Tidak ada folder {file.parent}.", f"There is no folder {file.parent}."))
    if file.exists() and not overwrite:
        raise Problem(
            text(f"{file} sudah ada; ganti dengan --overwrite.", f"{file} exists; replace it with --overwrite.")
        )
    try:
        with scratch_folder(file.parent, ".geoportal-export-") as folder:
            yield folder / file.name
            for part in folder.iterdir():
                os.replace(part, file.parent / part.name)
    except (OSError, RuntimeError) as error:  # GDAL's are RuntimeErrors
        raise Problem(text(f"{file} tidak dapat ditulis: {error}", f"{file} cannot be written: {error}")) from error
