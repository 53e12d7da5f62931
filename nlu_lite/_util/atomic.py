"""Files and folders that appear whole or not at all: written under another name, then renamed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def write_file(path: Path, part: Path | None = None) -> Iterator[Path]:
    """Yield the path to write to, and rename it to `path` once the disk holds its content.

    A block that raises leaves no file, and keeps an older file of this name.

    Args:
        path: The file.
        part: The name until then, in the same folder; by default a hidden name that no other process uses.

    Raises:
        OSError: The file cannot be written.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     with write_file(Path(folder, "a.txt")) as part:
        ...         _ = part.write_text("whole")
        ...     [path.name for path in Path(folder).iterdir()]
        ['a.txt']
    """
    part = part or hidden_name(path)
    try:
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def write_folder(path: Path, part: Path | None = None) -> Iterator[Path]:
    """Make an empty folder, yield it, and rename it to `path`, at which there may be nothing.

    Args:
        path: The folder.
        part: The name until then, in the same folder; by default a hidden name that no other process uses.

    Raises:
        OSError: The folder cannot be made.
    """
    part = part or hidden_name(path)
    try:
        part.mkdir(parents=True)
        yield part
        part.rename(path)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def hidden_name(path: Path) -> Path:
    """Return a hidden name in the same folder; it is never too long, since it does not contain that of `path`."""
    return path.with_name(f".{uuid4().hex}")
