"""The entries in effect: the built-in ones, those of installed packages, of ``NLU_LITE_CATALOGUE`` and of `register`.

``load("de.embed.house_model")`` must mean the same everywhere in a program, so the whole process shares the registered
files. They are the only mutable state of this module: an immutable tuple inside one object, replaced as a whole.
Everything else is a pure function of the texts of the files.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from types import TracebackType

from nlu_lite._util.paths import expand_user
from nlu_lite._util.toml import TomlFile, read_toml_file
from nlu_lite.errors import SourceError
from nlu_lite.registry.catalogue import Catalogue, load_nlu_rows, read_data
from nlu_lite.registry.extension import extend_catalogue

VARIABLE = "NLU_LITE_CATALOGUE"
GROUP = "nlu_lite.catalogue"
MAXIMUM_SIZE = 4 << 20
"""Maximum size of a file of entries, in bytes."""
REMEDY = "Correct the entry; docs/references.md describes the keys"


@dataclass
class _Registry:
    """The files that are registered in this process."""

    files: tuple[TomlFile, ...] = ()
    lock: Lock = field(default_factory=Lock)

    def add(self, file: TomlFile) -> None:
        """Add a file, unless its entries contradict others that are in effect."""
        with self.lock:
            files = (*self.files, file)
            _assemble((*_read_packages(), *_read_environment(), *files))
            self.files = files

    def remove(self, file: TomlFile) -> None:
        """Remove a file; do nothing if it is not registered."""
        with self.lock:
            self.files = tuple(kept for kept in self.files if kept is not file)


_REGISTRY = _Registry()


@dataclass(frozen=True)
class Registration:
    """A registered file: `remove`, or the end of a ``with`` block, removes its entries from the catalogue."""

    file: TomlFile

    def remove(self) -> None:
        """Remove the entries; a second call does nothing."""
        _REGISTRY.remove(self.file)

    def __enter__(self) -> Registration:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def __repr__(self) -> str:
        return f"Registration({self.file.name!r})"


def register(path: str | os.PathLike[str]) -> Registration:
    r"""Add the entries of a TOML file to the catalogue for the rest of the process.

    The file is read once, by this call. For entries that last longer than a process, name the file in
    ``NLU_LITE_CATALOGUE``, or declare an entry point of the group ``nlu_lite.catalogue`` in a package.

    Args:
        path: A file of ``[[model]]`` and ``[[alias]]`` tables.

    Returns:
        A registration that removes the entries again, by `remove` or as a context manager.

    Raises:
        OptionError: `path` is not a path.
        SourceError: The file cannot be read.
        FormatError: The file is not TOML, or an entry cannot be used; the error names the file and the line.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     file = Path(folder, "my.toml")
        ...     lines = ["[[alias]]", 'reference = "xx.embed.mine"', 'of = "xx.embed.xlm"']
        ...     _ = file.write_text("\n".join(lines))
        ...     with register(file):
        ...         load_catalogue().rows["xx.embed.mine"].model
        'xlm_roberta_base'
    """
    registration = Registration(_read_file(expand_user(path), "register()"))
    _REGISTRY.add(registration.file)
    return registration


def load_catalogue() -> Catalogue:
    """Return the catalogue with all entries that are in effect now.

    Raises:
        SourceError: A file that ``NLU_LITE_CATALOGUE`` or a package names cannot be read.
        FormatError: An entry of such a file cannot be used.
    """
    return _assemble((*_read_packages(), *_read_environment(), *_REGISTRY.files))


@cache
def load_built_in() -> Catalogue:
    """Return NLU's tables with the library's own additions."""
    file = TomlFile("nlu_lite's additions.toml", read_data("additions.toml"), REMEDY)
    return extend_catalogue(Catalogue(load_nlu_rows()), [file])


@lru_cache(maxsize=8)
def _assemble(files: tuple[TomlFile, ...]) -> Catalogue:
    return extend_catalogue(load_built_in(), files)


# --- where files come from -------------------------------------------------------------------------------------------


@cache
def _read_packages() -> tuple[TomlFile, ...]:
    """Read the files of packages, ordered by name; packages do not change while a process runs."""
    points = sorted(metadata.entry_points(group=GROUP), key=lambda point: (point.value, point.name))
    return tuple(_read_entry_point(point) for point in points)


def _read_entry_point(point: metadata.EntryPoint) -> TomlFile:
    """Read ``package:file.toml`` without importing the package, which could run any code."""
    package, _, file = point.value.partition(":")
    root, *folders = package.strip().split(".")
    try:
        spec = find_spec(root)
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.submodule_search_locations or not file.strip():
        got = f"the entry point {point.name!r} of the group {GROUP} is {point.value!r}, which is not a package's file"
        raise SourceError(got, "package:file.toml", "Correct or uninstall the package that declares it")
    path = Path(spec.submodule_search_locations[0], *folders, file.strip())
    return _read_file(path, f"the entry point {point.name!r}")


def _read_environment() -> tuple[TomlFile, ...]:
    paths = [expand_user(part) for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part.strip()]
    return tuple(_read_again_if_changed(path, _stat(path)) for path in paths)


def _stat(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=32)
def _read_again_if_changed(path: Path, _status: tuple[int, int] | None) -> TomlFile:
    """Read a file; its time and size are a part of the cache's key."""
    return _read_file(path, VARIABLE)


def _read_file(path: Path, named_by: str) -> TomlFile:
    return read_toml_file(path, MAXIMUM_SIZE, REMEDY, f"{path}, which {named_by} names,")
