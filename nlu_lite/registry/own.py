"""Which entries hold now: the built-in ones, those of installed packages, of ``NLU_LITE_CATALOGUE`` and of `register`.

What ``load("de.embed.house_model")`` means has to be the same wherever in a program it is called, so that registered
files are known to the whole process. They are the one thing that changes here: an immutable tuple inside one object,
exchanged as a whole. Everything else is a pure function of the files' texts.
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

from nlu_lite.errors import FormatError, OptionError, SourceError
from nlu_lite.registry.catalogue import Catalogue, nlu_rows, read_data
from nlu_lite.registry.entries import LARGEST, Source, extended

VARIABLE = "NLU_LITE_CATALOGUE"
GROUP = "nlu_lite.catalogue"


@dataclass
class _Registered:
    """The files that were registered in this process."""

    sources: tuple[Source, ...] = ()
    lock: Lock = field(default_factory=Lock)

    def add(self, source: Source) -> None:
        """Add a file, if it agrees with all that holds already."""
        with self.lock:
            sources = (*self.sources, source)
            _assembled((*_installed(), *_from_environment(), *sources))
            self.sources = sources

    def remove(self, source: Source) -> None:
        """Take a file out; nothing happens where it is not in."""
        with self.lock:
            self.sources = tuple(kept for kept in self.sources if kept is not source)


_REGISTERED = _Registered()


@dataclass(frozen=True)
class Registration:
    """A registered file: `remove`, or leaving a ``with`` block, takes its entries out of the catalogue again."""

    source: Source

    def remove(self) -> None:
        """Take the entries out; doing so twice does no harm."""
        _REGISTERED.remove(self.source)

    def __enter__(self) -> Registration:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def __repr__(self) -> str:
        return f"Registration({self.source.name!r})"


def register(path: str | os.PathLike[str]) -> Registration:
    r"""Add the entries of a TOML file to the catalogue, for the rest of the process.

    The file is read once, now. Entries for longer than a process: name the file in ``NLU_LITE_CATALOGUE``, or let a
    package have an entry point of the group ``nlu_lite.catalogue``.

    Args:
        path: A file of ``[[model]]`` and ``[[alias]]`` tables.

    Returns:
        What takes the entries out again, by its `remove` or as a context manager.

    Raises:
        OptionError: `path` is no path.
        SourceError: The file cannot be read.
        FormatError: It is no TOML, or has an entry that cannot be used; the file and the line are named.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     file = Path(folder, "my.toml")
        ...     lines = ["[[alias]]", 'reference = "xx.embed.mine"', 'of = "xx.embed.xlm"']
        ...     _ = file.write_text("\n".join(lines))
        ...     with register(file):
        ...         current().rows["xx.embed.mine"].model
        'xlm_roberta_base'
    """
    registration = Registration(_read(expanded(path), "register()"))
    _REGISTERED.add(registration.source)
    return registration


def current() -> Catalogue:
    """Give the catalogue with all entries that hold now.

    Raises:
        SourceError: A file that ``NLU_LITE_CATALOGUE`` or a package names cannot be read.
        FormatError: It has an entry that cannot be used.
    """
    return _assembled((*_installed(), *_from_environment(), *_REGISTERED.sources))


@cache
def built_in() -> Catalogue:
    """Give NLU's tables and the library's own additions."""
    source = Source("nlu_lite's additions.toml", read_data("additions.toml"), Path())
    return extended(Catalogue(nlu_rows()), [source])


@lru_cache(maxsize=8)
def _assembled(sources: tuple[Source, ...]) -> Catalogue:
    return extended(built_in(), sources)


# --- where files come from -------------------------------------------------------------------------------------------


@cache
def _installed() -> tuple[Source, ...]:
    """Read the files of packages, in the order of their names; packages do not change while a process runs."""
    points = sorted(metadata.entry_points(group=GROUP), key=lambda point: (point.value, point.name))
    return tuple(_of_package(point) for point in points)


def _of_package(point: metadata.EntryPoint) -> Source:
    """Find ``package:file.toml`` without importing the package: only its place is asked for."""
    package, _, file = point.value.partition(":")
    root, *folders = package.strip().split(".")
    try:
        spec = find_spec(root)
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.submodule_search_locations or not file.strip():
        raise SourceError(
            f"the entry point {point.name!r} of the group {GROUP} names {point.value!r}, which is no file of a package",
            "package:file.toml",
            "Correct the package that has it, or uninstall it",
        )
    return _read(Path(spec.submodule_search_locations[0], *folders, file.strip()), f"the entry point {point.name!r}")


def _from_environment() -> tuple[Source, ...]:
    paths = [expanded(part) for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part.strip()]
    return tuple(_unchanged(path, _stamp(path)) for path in paths)


def expanded(path: str | os.PathLike[str]) -> Path:
    """Return a path with the user's home in the place of ``~``; as it is where no such user is known.

    Raises:
        OptionError: It is no path.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:  # the home of a user who is not known: there is no such file either
        return Path(path)
    except TypeError as error:
        got = f"path is a {type(path).__name__}"
        raise OptionError(got, "the path of a file or folder", "Pass a str or a Path") from error


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=32)
def _unchanged(path: Path, _stamp: tuple[int, int] | None) -> Source:
    """Read a file again only when its time or size has changed."""
    return _read(path, VARIABLE)


def _read(path: Path, whence: str) -> Source:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:  # a NUL in the path is a ValueError
        reason = getattr(error, "strerror", None) or error
        got = f"{path}, which {whence} names, cannot be read ({reason})"
        raise SourceError(got, "a TOML file of entries", "Check the path") from error
    if len(data) > LARGEST:
        raise FormatError(
            f"{path} is too large for a file of entries", f"at most {LARGEST:,} bytes", "Name another file"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is not UTF-8 at byte {error.start}", "UTF-8", "Save it as UTF-8") from error
    return Source(str(path), text, path.absolute().parent)
