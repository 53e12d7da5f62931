"""Files and folders that appear whole or not at all: written under another name in the same folder, then renamed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def write_file_atomically(path: Path, part: Path | None = None) -> Iterator[Path]:
    """Yield the path of a temporary file, and rename it to `path` when the block ends.

    The file is flushed to the disk before it is renamed, so that a power cut cannot leave an empty file. An exception
    removes the temporary file and leaves `path` as it was.

    Args:
        path: The file; an existing one is replaced.
        part: The temporary file, in the same folder; by default a new name, which is never too long.

    Raises:
        OSError: The file cannot be written.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     with write_file_atomically(Path(folder, "a.txt")) as part:
        ...         size = part.write_text("text")
        ...     [path.name for path in Path(folder).iterdir()]
        ['a.txt']
    """
    part = part or _name_part(path)
    try:
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def write_folder_atomically(folder: Path, part: Path | None = None) -> Iterator[Path]:
    """Yield the path of an empty temporary folder, and rename it to `folder` when the block ends.

    An exception removes the temporary folder.

    Args:
        folder: The folder, which must not exist when the block ends.
        part: The temporary folder, in the same folder; by default a new name, which is never too long.

    Raises:
        OSError: The folder cannot be written.
    """
    part = part or _name_part(folder)
    try:
        part.mkdir(parents=True)
        yield part
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _name_part(path: Path) -> Path:
    return path.with_name(f".{uuid4().hex}.part")
