"""From a `ModelSpec` to a `Checkpoint` on this machine: downloaded, verified, converted once, and checked by a lock."""

from __future__ import annotations

from nlu_lite.store.cache import Cache, locate_cache
from nlu_lite.store.inventory import Inventory
from nlu_lite.store.sources import SOURCE_KINDS, Access, ArchiveRetention, ModelFiles, SourceKind, list_optional_files

__all__ = [
    "SOURCE_KINDS",
    "Access",
    "ArchiveRetention",
    "Cache",
    "Inventory",
    "ModelFiles",
    "SourceKind",
    "list_optional_files",
    "locate_cache",
]
