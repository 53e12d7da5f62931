"""What of models is on this machine already: looked at cheaply, for lists of many. Nothing is fetched or verified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nlu_lite.errors import NluLiteError
from nlu_lite.records import BucketArchive, HubRepository, InstalledFile, LocalFolder, Origin
from nlu_lite.store.bucket import BucketSource
from nlu_lite.store.cache import Cache
from nlu_lite.store.folder import FolderSource
from nlu_lite.store.hub import cached_snapshot
from nlu_lite.store.installed import located


@dataclass(frozen=True)
class Inventory:
    """What is here; each place is looked through once.

    Attributes:
        cache: Where archives and converted models are kept.
    """

    cache: Cache

    def where(self, origin: Origin, asked: Sequence[str] = ()) -> Path | None:
        """Give the file or folder of an origin; None where it is not here, or not whole.

        Args:
            origin: Where the files come from.
            asked: Files of a hub repository of which it has to be known whether they are there.
        """
        if isinstance(origin, HubRepository):
            return self._snapshot(origin, asked)
        if isinstance(origin, BucketArchive):
            return self._bucket.here(origin, self._kept)
        if isinstance(origin, InstalledFile):
            return _installed(origin)
        return _folder(origin)

    @cached_property
    def _bucket(self) -> BucketSource:
        return BucketSource(self.cache, offline=True)

    @cached_property
    def _kept(self) -> dict[str, Path]:
        return self._bucket.kept()

    @cached_property
    def _repositories(self) -> set[str]:
        from huggingface_hub import constants

        root = Path(constants.HF_HUB_CACHE)
        return {path.name for path in root.iterdir()} if root.is_dir() else set()

    def repositories(self) -> list[HubRepository]:
        """Return the hub repositories that are whole in the Hugging Face cache, by name."""
        names = sorted(name.removeprefix("models--") for name in self._repositories if name.startswith("models--"))
        found = [HubRepository(name.replace("--", "/", 1)) for name in names]
        return [origin for origin in found if _is_snapshot(origin)]

    def _snapshot(self, origin: HubRepository, asked: Sequence[str]) -> Path | None:
        if f"models--{origin.repository.replace('/', '--')}" not in self._repositories:
            return None
        return cached_snapshot(origin, asked)


def _is_snapshot(origin: HubRepository) -> bool:
    try:
        return cached_snapshot(origin) is not None
    except NluLiteError:
        return False


def _folder(origin: LocalFolder) -> Path | None:
    try:
        return FolderSource().fetch(origin)
    except NluLiteError:
        return None


def _installed(origin: InstalledFile) -> Path | None:
    try:
        path = located(origin)
    except NluLiteError:
        return None
    return path if path.is_file() and path.stat().st_size == origin.size else None
