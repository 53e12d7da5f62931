"""Find installed packages and read the data files in them, without importing them."""

from __future__ import annotations

import pickletools
from importlib import metadata
from pathlib import Path
from typing import Any

MAX_RUN = 2000  # characters or syllables in one call of a package: limits its memory, and longer runs are hardly text

_VALUE_OPCODES = ("BINUNICODE", "SHORT_BINUNICODE", "BININT", "BININT1", "BININT2")


def is_installed(package: str) -> bool:
    """Return whether a distribution is installed.

    Example:
        >>> is_installed("numpy"), is_installed("no-such-package")
        (True, False)
    """
    try:
        metadata.distribution(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def locate_file(package: str, name: str) -> Path:
    """Return the path of a data file in a package, without importing the package.

    Args:
        package: A distribution whose only module has the same name.
        name: The path of the file inside the module.
    """
    return Path(str(metadata.distribution(package).locate_file(package))) / name


def read_pickle_values(path: Path) -> list[Any]:
    """Return the strings and small integers of a pickle in their order, without executing the pickle.

    Example:
        >>> import pickle, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "words.bin")
        ...     size = path.write_bytes(pickle.dumps({"one": 1, "two": 2}))
        ...     read_pickle_values(path)
        ['one', 1, 'two', 2]
    """
    opcodes = pickletools.genops(path.read_bytes())
    return [argument for opcode, argument, _ in opcodes if opcode.name in _VALUE_OPCODES]
