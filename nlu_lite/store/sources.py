"""From a `ModelSpec` to verified files on this machine."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

from nlu_lite.errors import OfflineError, OptionError, SourceError, UnknownReference
from nlu_lite.records import Authority, BucketArchive, HubRepository, InstalledFile, LocalFolder, ModelSpec, Origin
from nlu_lite.store.archives import ArchiveRecord, LocalArchive
from nlu_lite.store.bucket import BucketSource
from nlu_lite.store.cache import Cache
from nlu_lite.store.folder import FolderSource, fingerprint
from nlu_lite.store.hub import HubSource, Inspect
from nlu_lite.store.installed import InstalledSource
from nlu_lite.store.limits import NetworkError
from nlu_lite.store.repositories import MODULES, is_presence_known
from nlu_lite.store.snapshots import check_snapshot


class SourceKind(Enum):
    """The kinds of sources of models."""

    INSTALLED = "installed"
    FOLDER = "folder"
    HUB = "hub"
    BUCKET = "bucket"


class ArchiveRetention(Enum):
    """Whether a downloaded archive is kept after its conversion."""

    REMOVE = "remove"
    KEEP = "keep"


def _read_archive_retention() -> ArchiveRetention:
    value = os.environ.get("NLU_LITE_ARCHIVES") or ArchiveRetention.REMOVE.value
    if value not in {choice.value for choice in ArchiveRetention}:
        raise OptionError(f"NLU_LITE_ARCHIVES={value!r}", '"remove" or "keep"', "Set it to one of these")
    return ArchiveRetention(value)


YES, NO = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}


def _is_offline() -> bool:
    name = "NLU_LITE_OFFLINE"
    value = os.environ.get(name, "").strip().lower()
    if value not in YES | NO:  # the user may have meant either
        raise OptionError(f"{name}={os.environ[name]!r}", '"1" or "0"', "Set it to one of these")
    return value in YES or os.environ.get("HF_HUB_OFFLINE", "").strip().lower() in YES


SOURCE_KINDS: dict[type[Origin], SourceKind] = {
    InstalledFile: SourceKind.INSTALLED,
    LocalFolder: SourceKind.FOLDER,
    HubRepository: SourceKind.HUB,
    BucketArchive: SourceKind.BUCKET,
}


@dataclass(frozen=True)
class Access:
    """Where files may come from, and where they are stored.

    Attributes:
        cache: The cache of archives and converted models.
        offline: Whether the network must not be used; None reads ``NLU_LITE_OFFLINE`` and ``HF_HUB_OFFLINE``.
        source: The only kind of source to use; None uses the sources in the catalogue, in order.
        revision: Branch, tag or commit of hub repositories; None for that of the reference, else the main branch.
        archives: Whether a downloaded archive is kept after its conversion; by default as ``NLU_LITE_ARCHIVES`` says
            (``remove`` or ``keep``), else it is removed.
    """

    cache: Cache
    offline: bool | None = None
    source: SourceKind | None = None
    revision: str | None = None
    archives: ArchiveRetention = field(default_factory=_read_archive_retention)

    @property
    def is_offline(self) -> bool:
        """Whether the network must not be used.

        Raises:
            OptionError: ``NLU_LITE_OFFLINE`` is neither a yes nor a no.
        """
        return _is_offline() if self.offline is None else self.offline


@dataclass(frozen=True)
class ModelFiles:
    """The files of a model on this machine.

    Attributes:
        path: A file or folder.
        origin: The origin of the files.
        digest: A digest of the content; for the user's own files, a digest that changes with the files.
        verified: Who vouches for the bytes of an archive, in words; None for files of other sources.
    """

    path: Path
    origin: Origin
    digest: str
    verified: str | None = None


def fetch(spec: ModelSpec, access: Access, inspect: Inspect | None = None) -> ModelFiles:
    """Return the files of a model: those on this machine, else those of the first origin that has them.

    All origins of a model hold the same weights; another model never takes its place. An origin that cannot be reached
    is skipped with a warning on the logger ``nlu_lite``. If no origin is left, the error names the reason for each.

    Args:
        spec: The model.
        access: Where files may come from.
        inspect: Called before the weights of a hub repository are downloaded.

    Raises:
        OptionError: `access` has a source or a revision that the model does not have.
        SourceError: The files cannot be fetched.
        OfflineError: They are not on this machine, and the network must not be used.
        IntegrityError: Their bytes are not the published ones.
        MissingExtra: The package that contains them is not installed.
    """
    if spec.sentence is None or spec.sentence.authority is not Authority.FILES:
        return _fetch(spec, access, _HubRequest(inspect, list_optional_files(spec)))
    try:
        files = _fetch(spec, replace(access, offline=True), _HubRequest(inspect, ()))
    except OfflineError:
        return _fetch(spec, access, _HubRequest(inspect, (MODULES,)))
    return _add_statements(spec, files, access, inspect)


@dataclass(frozen=True)
class _HubRequest:
    """What only hub repositories need; see `HubSource`."""

    inspect: Inspect | None
    optional: tuple[str, ...]


def _add_statements(spec: ModelSpec, files: ModelFiles, access: Access, inspect: Inspect | None) -> ModelFiles:
    """Ask the hub for the authors' statements if another library downloaded a repository without them.

    A token model runs without them. If the hub cannot be asked, a warning states the consequence.
    """
    if not isinstance(files.origin, HubRepository) or is_presence_known(files.origin, files.path, MODULES):
        return files
    if not access.is_offline:
        with suppress(SourceError, UnknownReference):
            request = _HubRequest(inspect, (MODULES,))
            return _fetch(replace(spec, origins=(files.origin,)), replace(access, revision=None), request)
    logging.getLogger("nlu_lite").warning(
        "Whether %s has a %s, which would state how to compute its sentence vectors, is unknown while offline; "
        "sentence vectors are the means of its token vectors. Run once with a network: nlu-lite download %s",
        spec.reference,
        MODULES,
        spec.reference,
    )
    return files


def _fetch(spec: ModelSpec, access: Access, request: _HubRequest) -> ModelFiles:
    origins = _select_origins(spec, access)
    try:
        return _fetch_first(origins, replace(access, offline=True), request)
    except OfflineError as error:
        if access.is_offline and not _is_pinned(origins, access):
            remedy = (
                f"Run on a machine with a network: nlu-lite download {spec.reference}. Alternatively: {error.remedy}"
            )
            raise OfflineError(error.got, error.expected, remedy, error.nearest) from error
        if access.is_offline:
            raise
    return _fetch_first(origins, replace(access, offline=False), request)


def _is_pinned(origins: Sequence[Origin], access: Access) -> bool:
    """Return whether a revision is chosen, which `nlu-lite download` would not use."""
    has_revision = any(isinstance(origin, HubRepository) and origin.revision for origin in origins)
    return has_revision or access.revision is not None


def list_optional_files(spec: ModelSpec) -> tuple[str, ...]:
    """Return the files that must be there or known to be missing: the authors' statements on sentence vectors."""
    return (MODULES,) if spec.sentence is not None and spec.sentence.authority is Authority.AUTHORS else ()


def check_unchanged(files: ModelFiles, cache: Cache) -> None:
    """Compare the files of a hub repository with their state when they were downloaded.

    The cache compares archives and converted models itself. A folder is its owner's, who may change it at any time.

    Raises:
        IntegrityError: A file has changed.
    """
    if isinstance(files.origin, HubRepository):
        check_snapshot(files.path, cache)


def discard(files: ModelFiles, access: Access) -> None:
    """Delete a downloaded archive after its conversion, unless `access` keeps it; no other file is deleted.

    Raises:
        SourceError: It cannot be deleted.
    """
    origin = files.origin
    if isinstance(origin, BucketArchive) and origin.file and access.archives is ArchiveRetention.REMOVE:
        local = LocalArchive(files.path, origin.file, files.digest)
        BucketSource(access.cache, access.is_offline).archives.discard(local)


def list_archive_records(cache: Cache) -> list[ArchiveRecord]:
    """Return the records of all archives that were ever downloaded into a cache, by file name."""
    return BucketSource(cache, offline=True).archives.list_records()


def _select_origins(spec: ModelSpec, access: Access) -> list[Origin]:
    origins = [origin for origin in spec.origins if access.source in (None, SOURCE_KINDS[type(origin)])]
    if not origins:
        kinds = [SOURCE_KINDS[type(origin)].value for origin in spec.origins]
        raise OptionError(
            f"{spec.reference!r} has no source {access.source.value if access.source else None!r}",
            " or ".join(kinds) or "no source at all",
            "Leave source= out",
        )
    if access.revision is None:
        return origins
    repositories: list[Origin] = [origin for origin in origins if isinstance(origin, HubRepository)]
    if not repositories:
        raise OptionError(
            f"revision={access.revision!r} was passed, and the model's source has no revisions",
            "a model of a hub repository",
            "Leave it out",
        )
    return repositories


def _fetch_first(origins: Sequence[Origin], access: Access, request: _HubRequest) -> ModelFiles:
    failures: list[SourceError | UnknownReference] = []
    for origin in origins:
        try:
            files = _fetch_origin(origin, access, request)
        except (SourceError, UnknownReference) as error:
            failures.append(error)
            continue
        if failures and not access.is_offline:
            logging.getLogger("nlu_lite").warning("Fetched from %s instead, since %s", origin, failures[-1])
        return files
    raise failures[0] if len(failures) == 1 else _join_failures(failures)


def _join_failures(failures: Sequence[SourceError | UnknownReference]) -> SourceError:
    got = "; and ".join(failure.got for failure in failures)
    if any(isinstance(failure, OfflineError) for failure in failures):
        return OfflineError(got, failures[0].expected, failures[0].remedy)
    unreachable = [failure for failure in failures if isinstance(failure, NetworkError)]
    remedy = ". ".join(dict.fromkeys(failure.remedy for failure in unreachable or failures[:1]))
    return (NetworkError if unreachable else SourceError)(got, failures[0].expected, remedy)


def _fetch_origin(origin: Origin, access: Access, request: _HubRequest) -> ModelFiles:
    match origin:
        case InstalledFile():
            return ModelFiles(InstalledSource(access.cache.memo).fetch(origin), origin, origin.sha256)
        case LocalFolder():
            path = FolderSource().fetch(origin)
            return ModelFiles(path, origin, fingerprint(path))
        case HubRepository():
            return _fetch_repository(origin, access, request)
        case BucketArchive():
            return _fetch_archive(origin, access)


def _fetch_repository(origin: HubRepository, access: Access, request: _HubRequest) -> ModelFiles:
    origin = replace(origin, revision=access.revision or origin.revision)
    folder = HubSource(access.is_offline, request.inspect, request.optional).fetch(origin)
    return ModelFiles(folder, replace(origin, revision=folder.name), folder.name)


def _fetch_archive(origin: BucketArchive, access: Access) -> ModelFiles:
    bucket = BucketSource(access.cache, access.is_offline)
    local = bucket.fetch(origin)
    record = bucket.archives.get_record(local.file)
    verified = record.verification if record is not None and record.sha256 == local.digest else None
    return ModelFiles(local.path, replace(origin, file=local.file), local.digest, verified)
