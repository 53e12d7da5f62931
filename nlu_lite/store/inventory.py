"""The models that are on this machine: a cheap look-up for long lists, which downloads and verifies nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nlu_lite.errors import NluLiteError
from nlu_lite.records import BucketArchive, HubRepository, InstalledFile, LocalFolder, Origin
from nlu_lite.store.archives import LocalArchives, select_archives
from nlu_lite.store.bucket import BucketSource
from nlu_lite.store.cache import Cache
from nlu_lite.store.folder import FolderSource
from nlu_lite.store.installed import locate_installed_file
from nlu_lite.store.repositories import find_snapshot


@dataclass(frozen=True)
class Inventory:
    """The models on this machine; each cache is listed once.

    Attributes:
        cache: The cache of archives and converted models.
    """

    cache: Cache

    def find(self, origin: Origin, optional: Sequence[str] = ()) -> Path | None:
        """Return the file or folder of an origin; None if it is missing or incomplete.

        Args:
            origin: The origin of the files.
            optional: Files that must be in the snapshot of a hub repository, or known to be missing from it.
        """
        if isinstance(origin, HubRepository):
            return self._find_snapshot(origin, optional)
        if isinstance(origin, BucketArchive):
            return self._find_archive(origin)
        if isinstance(origin, InstalledFile):
            return _find_installed(origin)
        return _find_folder(origin)

    def list_repositories(self) -> list[HubRepository]:
        """Return the hub repositories that are complete in the Hugging Face cache, by name."""
        names = sorted(name.removeprefix("models--") for name in self._folders if name.startswith("models--"))
        found = [HubRepository(name.replace("--", "/", 1)) for name in names]
        return [origin for origin in found if _has_snapshot(origin)]

    @cached_property
    def _archives(self) -> dict[str, Path]:
        archives: LocalArchives = BucketSource(self.cache, offline=True).archives
        return archives.list_paths()

    @cached_property
    def _folders(self) -> set[str]:
        """The names of the folders of the Hugging Face cache."""
        from huggingface_hub import constants

        root = Path(constants.HF_HUB_CACHE)
        return {path.name for path in root.iterdir()} if root.is_dir() else set()

    def _find_snapshot(self, origin: HubRepository, optional: Sequence[str]) -> Path | None:
        if f"models--{origin.repository.replace('/', '--')}" not in self._folders:
            return None
        return find_snapshot(origin, optional)

    def _find_archive(self, origin: BucketArchive) -> Path | None:
        files = select_archives(origin, list(self._archives), ".zip") if self._archives else []
        return self._archives[files[0]] if files else None


def _has_snapshot(origin: HubRepository) -> bool:
    try:
        return find_snapshot(origin) is not None
    except NluLiteError:
        return False


def _find_folder(origin: LocalFolder) -> Path | None:
    try:
        return FolderSource().fetch(origin)
    except NluLiteError:
        return None


def _find_installed(origin: InstalledFile) -> Path | None:
    try:
        path = locate_installed_file(origin)
    except NluLiteError:
        return None
    return path if path.is_file() and path.stat().st_size == origin.size else None
