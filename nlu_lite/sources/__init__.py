"""A `ModelSpec` becomes verified local files."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from nlu_lite.cache import Cache
from nlu_lite.errors import OptionError, SourceError, UnsupportedReference
from nlu_lite.records import BucketArchive, HubRepository, InstalledFile, LocalFolder, ModelSpec, Origin
from nlu_lite.sources.folder import FolderSource, fingerprint
from nlu_lite.sources.hub import HubSource
from nlu_lite.sources.installed import InstalledSource

__all__ = ["Access", "Fetched", "Place", "fetch"]


class Place(Enum):
    """Where models come from."""

    INSTALLED = "installed"
    FOLDER = "folder"
    HUB = "hub"
    BUCKET = "bucket"


PLACES: dict[type[Origin], Place] = {
    InstalledFile: Place.INSTALLED,
    LocalFolder: Place.FOLDER,
    HubRepository: Place.HUB,
    BucketArchive: Place.BUCKET,
}


@dataclass(frozen=True)
class Access:
    """What may be used to get at files.

    Attributes:
        cache: Where what is downloaded or converted is kept.
        offline: Whether only what is on this machine may be used; None asks the environment (``NLU_LITE_OFFLINE``,
            ``HF_HUB_OFFLINE``).
        source: The one place that is to be used; None for those that the catalogue names, in order.
        revision: Branch, tag or commit of hub repositories; None for what the reference says, else the main branch.
    """

    cache: Cache
    offline: bool | None = None
    source: Place | None = None
    revision: str | None = None

    @property
    def is_offline(self) -> bool:
        """Whether the network is not to be used."""
        if self.offline is not None:
            return self.offline
        settings = (os.environ.get(name, "") for name in ("NLU_LITE_OFFLINE", "HF_HUB_OFFLINE"))
        return any(value.strip().lower() in {"1", "true", "yes", "on"} for value in settings)


@dataclass(frozen=True)
class Fetched:
    """Local files of a model.

    Attributes:
        path: A file or folder.
        origin: Where it came from.
        digest: What tells its content from any other's; of the user's own files, from what they were before as well.
    """

    path: Path
    origin: Origin
    digest: str


def fetch(spec: ModelSpec, access: Access) -> Fetched:
    """Get the files of a model from the first of its origins that this library can read.

    Never another model in place of the one named: an origin that fails is not passed over in silence.

    Raises:
        UnsupportedReference: None of its origins can be read.
        OptionError: `access` asks for a place or a revision that the model does not have.
        SourceError: The files could not be fetched.
        MissingExtra: A package that carries them is not installed.
    """
    origins = [origin for origin in spec.origins if access.source in (None, PLACES[type(origin)])]
    if not origins:
        places = [PLACES[type(origin)].value for origin in spec.origins]
        raise OptionError(
            f"{spec.reference!r} has no source {access.source.value if access.source else None!r}",
            " or ".join(places) or "no source at all",
            "Leave source= out",
        )
    readable = [origin for origin in origins if not isinstance(origin, BucketArchive)]
    if not readable:
        raise _unreadable(spec)
    return _fetched(readable[0], access)


def _fetched(origin: Origin, access: Access) -> Fetched:
    if access.revision is not None and not isinstance(origin, HubRepository):
        raise OptionError(
            f"revision={access.revision!r} was given, but the model comes from a place without revisions",
            "it with a hub repository",
            "Leave it out",
        )
    if isinstance(origin, InstalledFile):
        return Fetched(InstalledSource().fetch(origin), origin, origin.sha256)
    if isinstance(origin, LocalFolder):
        path = FolderSource().fetch(origin)
        return Fetched(path, origin, fingerprint(path))
    if isinstance(origin, HubRepository):
        origin = replace(origin, revision=access.revision or origin.revision)
        folder = HubSource(access.is_offline).fetch(origin)
        return Fetched(folder, replace(origin, revision=folder.name), folder.name)
    raise SourceError(f"there is no source for {origin}")  # pragma: no cover (all kinds are above)


def _unreadable(spec: ModelSpec) -> UnsupportedReference:
    archive = next((origin.file for origin in spec.origins if isinstance(origin, BucketArchive) and origin.file), None)
    what = f" ({archive})" if archive else ""
    return UnsupportedReference(
        f"{spec.reference!r} is published only as an archive in Spark NLP's bucket{what}, and such archives cannot be "
        "read yet",
        "a model that is installed, in a folder, or on the hub",
        'Load another, such as "xx.embed.xlm" (from the hub) or "xx.embed.multilingual_e5_small_q4" (packaged)',
    )
