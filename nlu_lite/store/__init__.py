"""A `ModelSpec` becomes a `Checkpoint` on this machine: fetched, verified, converted once, kept, held to a lock."""

from __future__ import annotations

from nlu_lite.store.cache import Cache, default_cache
from nlu_lite.store.inventory import Inventory
from nlu_lite.store.sources import PLACES, Access, Archives, Fetched, Place, asked

__all__ = ["PLACES", "Access", "Archives", "Cache", "Fetched", "Inventory", "Place", "asked", "default_cache"]
