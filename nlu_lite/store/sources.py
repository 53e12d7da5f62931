"""A `ModelSpec` becomes verified local files."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

from nlu_lite.errors import OfflineError, OptionError, SourceError, UnknownReference
from nlu_lite.records import Authority, BucketArchive, HubRepository, InstalledFile, LocalFolder, ModelSpec, Origin
from nlu_lite.store.bucket import ArchiveRecord, BucketSource, Local
from nlu_lite.store.cache import Cache
from nlu_lite.store.digests import Digest, digests
from nlu_lite.store.folder import FolderSource, fingerprint
from nlu_lite.store.hub import MODULES, HubSource, is_known
from nlu_lite.store.installed import InstalledSource
from nlu_lite.store.inventory import Inventory
from nlu_lite.store.limits import NetworkError
from nlu_lite.store.snapshots import check_snapshot

__all__ = [
    "PLACES",
    "Access",
    "Archives",
    "Digest",
    "Fetched",
    "FolderSource",
    "Inventory",
    "Place",
    "asked",
    "check_unchanged",
    "digests",
    "discard",
    "fetch",
    "known_archives",
]


class Place(Enum):
    """Where models come from."""

    INSTALLED = "installed"
    FOLDER = "folder"
    HUB = "hub"
    BUCKET = "bucket"


class Archives(Enum):
    """What becomes of a downloaded archive once it has been converted."""

    REMOVE = "remove"
    KEEP = "keep"


def _default_archives() -> Archives:
    value = os.environ.get("NLU_LITE_ARCHIVES") or Archives.REMOVE.value
    if value not in {choice.value for choice in Archives}:
        raise OptionError(f"NLU_LITE_ARCHIVES={value!r}", '"remove" or "keep"', "Set it to one of these")
    return Archives(value)


YES, NO = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}


def _is_offline() -> bool:
    name = "NLU_LITE_OFFLINE"
    value = os.environ.get(name, "").strip().lower()
    if value not in YES | NO:  # whoever wrote it may have meant either
        raise OptionError(f"{name}={os.environ[name]!r}", '"1" or "0"', "Set it to one of these")
    return value in YES or os.environ.get("HF_HUB_OFFLINE", "").strip().lower() in YES


def _accept(_folder: Path) -> None:
    """Find nothing wrong."""


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
        archives: Whether a downloaded archive stays in the cache after its conversion; by default as
            ``NLU_LITE_ARCHIVES`` says (``remove`` or ``keep``), else it is removed.
        inspect: Called with a folder that has a ``config.json``, before the weights of a hub repository are downloaded;
            what it raises spares the download.
    """

    cache: Cache
    offline: bool | None = None
    source: Place | None = None
    revision: str | None = None
    archives: Archives = field(default_factory=_default_archives)
    inspect: Callable[[Path], None] = _accept

    @property
    def is_offline(self) -> bool:
        """Whether the network is not to be used.

        Raises:
            OptionError: ``NLU_LITE_OFFLINE`` is neither a yes nor a no.
        """
        return _is_offline() if self.offline is None else self.offline


@dataclass(frozen=True)
class Fetched:
    """Local files of a model.

    Attributes:
        path: A file or folder.
        origin: Where it came from.
        digest: What tells its content from any other's; of the user's own files, from what they were before as well.
        verified: Who vouches for an archive's bytes, in words; None for what comes from elsewhere than the bucket.
    """

    path: Path
    origin: Origin
    digest: str
    verified: str | None = None


def fetch(spec: ModelSpec, access: Access) -> Fetched:
    """Get the files of a model: from what is on this machine, else from the first of its origins that has them.

    Never another model in place of the one named: all origins of a model hold the same weights. One that cannot be
    reached is passed over with a warning on the logger ``nlu_lite``; when none is left, the error tells of each.

    Raises:
        OptionError: `access` asks for a place or a revision that the model does not have.
        SourceError: The files could not be fetched.
        OfflineError: They are not here, and the network is not to be used.
        IntegrityError: Their bytes are not the published ones.
        MissingExtra: A package that carries them is not installed.
    """
    if spec.sentence is None or spec.sentence.authority is not Authority.FILES:
        return _fetch(spec, access, asked(spec))
    try:
        found = _fetch(spec, replace(access, offline=True), ())
    except OfflineError:
        return _fetch(spec, access, (MODULES,))
    return _with_statements(spec, found, access)


def _with_statements(spec: ModelSpec, found: Fetched, access: Access) -> Fetched:
    """Ask a hub repository that is here for the statements that another library did not fetch.

    A model of token vectors runs without them. Where the hub cannot be asked, a warning tells what that means.
    """
    if not isinstance(found.origin, HubRepository) or is_known(found.origin, found.path, MODULES):
        return found
    if not access.is_offline:
        with suppress(SourceError, UnknownReference):
            return _fetch(replace(spec, origins=(found.origin,)), replace(access, revision=None), (MODULES,))
    logging.getLogger("nlu_lite").warning(
        "Whether %s has a %s, which would state how its vectors of sentences are made, cannot be found out offline; "
        "they are the means of its token vectors. Run once where there is a network: nlu-lite download %s",
        spec.reference,
        MODULES,
        spec.reference,
    )
    return found


def _fetch(spec: ModelSpec, access: Access, wanted: tuple[str, ...]) -> Fetched:
    origins = _origins(spec, access)
    try:
        return _first(origins, replace(access, offline=True), wanted)
    except OfflineError as error:
        if access.is_offline and not _is_pinned(origins, access):
            remedy = f"Run where there is a network: nlu-lite download {spec.reference}. In other words: {error.remedy}"
            raise OfflineError(error.got, error.expected, remedy, error.nearest) from error
        if access.is_offline:
            raise
    return _first(origins, replace(access, offline=False), wanted)


def _is_pinned(origins: Sequence[Origin], access: Access) -> bool:
    """Say whether a revision was chosen that `nlu-lite download` would not take."""
    chosen = any(isinstance(origin, HubRepository) and origin.revision for origin in origins)
    return chosen or access.revision is not None


def asked(spec: ModelSpec) -> tuple[str, ...]:
    """Name the files without whose presence or known absence a model is not loaded: its authors' statements."""
    return (MODULES,) if spec.sentence is not None and spec.sentence.authority is Authority.AUTHORS else ()


def check_unchanged(fetched: Fetched, cache: Cache) -> None:
    """Compare the files of a hub repository with what they were when they were downloaded.

    Archives and converted models are compared by the cache; a folder is its owner's, who may change it at any time.

    Raises:
        IntegrityError: A file has changed.
    """
    if isinstance(fetched.origin, HubRepository):
        check_snapshot(fetched.path, cache)


def discard(fetched: Fetched, access: Access) -> None:
    """Delete a downloaded archive after its conversion, unless `access` asks to keep it; anything else stays.

    Raises:
        SourceError: It cannot be deleted.
    """
    origin = fetched.origin
    if isinstance(origin, BucketArchive) and origin.file and access.archives is Archives.REMOVE:
        BucketSource(access.cache, access.is_offline).discard(Local(fetched.path, origin.file, fetched.digest))


def known_archives(cache: Cache) -> list[ArchiveRecord]:
    """Give what is known of the archives that were ever fetched into a cache, by file name."""
    return BucketSource(cache, offline=True).records()


def _origins(spec: ModelSpec, access: Access) -> list[Origin]:
    origins = [origin for origin in spec.origins if access.source in (None, PLACES[type(origin)])]
    if not origins:
        places = [PLACES[type(origin)].value for origin in spec.origins]
        raise OptionError(
            f"{spec.reference!r} has no source {access.source.value if access.source else None!r}",
            " or ".join(places) or "no source at all",
            "Leave source= out",
        )
    if access.revision is None:
        return origins
    versioned: list[Origin] = [origin for origin in origins if isinstance(origin, HubRepository)]
    if not versioned:
        raise OptionError(
            f"revision={access.revision!r} was given, but the model comes from a place without revisions",
            "it with a hub repository",
            "Leave it out",
        )
    return versioned


def _first(origins: Sequence[Origin], access: Access, wanted: tuple[str, ...]) -> Fetched:
    failures: list[SourceError | UnknownReference] = []
    for origin in origins:
        try:
            fetched = _fetched(origin, access, wanted)
        except (SourceError, UnknownReference) as error:
            failures.append(error)
            continue
        if failures and not access.is_offline:
            logging.getLogger("nlu_lite").warning("Fetched from %s instead, since %s", origin, failures[-1])
        return fetched
    raise failures[0] if len(failures) == 1 else _all_failed(failures)


def _all_failed(failures: Sequence[SourceError | UnknownReference]) -> SourceError:
    got = "; and ".join(failure.got for failure in failures)
    if any(isinstance(failure, OfflineError) for failure in failures):
        return OfflineError(got, failures[0].expected, failures[0].remedy)
    unreachable = [failure for failure in failures if isinstance(failure, NetworkError)]
    remedy = ". ".join(dict.fromkeys(failure.remedy for failure in unreachable or failures[:1]))
    return (NetworkError if unreachable else SourceError)(got, failures[0].expected, remedy)


def _fetched(origin: Origin, access: Access, wanted: tuple[str, ...]) -> Fetched:
    if isinstance(origin, InstalledFile):
        return Fetched(InstalledSource().fetch(origin), origin, origin.sha256)
    if isinstance(origin, LocalFolder):
        path = FolderSource().fetch(origin)
        return Fetched(path, origin, fingerprint(path))
    if isinstance(origin, HubRepository):
        origin = replace(origin, revision=access.revision or origin.revision)
        folder = HubSource(access.is_offline, access.inspect, wanted).fetch(origin)
        return Fetched(folder, replace(origin, revision=folder.name), folder.name)
    bucket = BucketSource(access.cache, access.is_offline)
    local = bucket.fetch(origin)
    record = bucket.record(local.file)
    verified = record.verified if record is not None and record.sha256 == local.digest else None
    return Fetched(local.path, replace(origin, file=local.file), local.digest, verified)
