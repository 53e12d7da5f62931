"""Installed packages, and the files that they carry: these are read, and nothing in them is run."""

from __future__ import annotations

import pickletools
from importlib import metadata
from pathlib import Path
from typing import Any

LONGEST = 2000  # characters or syllables that a package is given at once

_VALUES = ("BINUNICODE", "SHORT_BINUNICODE", "BININT", "BININT1", "BININT2")


def installed(package: str) -> bool:
    """Whether a distribution is there.

    Example:
        >>> installed("numpy"), installed("no-such-package")
        (True, False)
    """
    try:
        metadata.distribution(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def file_of(package: str, name: str) -> Path:
    """Give the path of a file that a package carries, without importing the package.

    Args:
        package: A distribution whose one module has the same name.
        name: The file's path inside the module.
    """
    return Path(str(metadata.distribution(package).locate_file(package))) / name


def pickled(path: Path) -> list[Any]:
    """Give the strings and small whole numbers of a pickle, in their order.

    Example:
        >>> import pickle, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "words.bin")
        ...     size = path.write_bytes(pickle.dumps({"one": 1, "two": 2}))
        ...     pickled(path)
        ['one', 1, 'two', 2]
    """
    read = pickletools.genops(path.read_bytes())
    return [argument for code, argument, _ in read if code.name in _VALUES]
