"""Locked models, and their comparison with the models on this machine."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

from nlu_lite import registry
from nlu_lite.errors import FormatError, IntegrityError, OptionError
from nlu_lite.records import BucketArchive, HubRepository, InstalledFile, ModelSpec, Origin
from nlu_lite.store import sources
from nlu_lite.store.cache import Cache
from nlu_lite.store.checkpoints import LoadedCheckpoint, load_checkpoint
from nlu_lite.store.digests import FileDigest, digest_files
from nlu_lite.store.sources import SOURCE_KINDS, Access, ModelFiles

REMEDY = "Make the lock again: nlu-lite lock REF... > models.lock"


@dataclass(frozen=True)
class LockedModel:
    """A model of a lock.

    Attributes:
        reference: Its reference as the catalogue writes it, or a direct reference.
        source: The kind of its source: ``"installed"``, ``"folder"``, ``"hub"`` or ``"bucket"``.
        name: Its name there: distribution, path, repository or file name of the archive.
        revision: Commit of a hub repository; None for other sources.
        files: The digest of each file, by name.
        location: The lock's name and the line of this model.
        locations: The lock's name and the line of each file, by name.
        digest: SHA-256 of everything that can change a piece or a vector; see
            `nlu_lite.store.checkpoints.LoadedCheckpoint`. None in locks of version 0.1.0.
    """

    reference: str
    source: str
    name: str
    revision: str | None
    files: Mapping[str, FileDigest]
    location: str = ""
    locations: Mapping[str, str] = field(default_factory=dict)
    digest: str | None = None

    def check_files(self, files: ModelFiles, cache: Cache) -> None:
        """Compare the files of a model with the lock.

        Raises:
            IntegrityError: A file has other bytes, is missing, or is not in the lock.
        """
        found = digest_files(files.path, files.origin, files.digest, cache)
        for name in sorted(found.keys() | self.files.keys()):
            if found.get(name) != self.files.get(name):
                location = self.locations.get(name, self.location)
                raise IntegrityError(
                    f"{files.path}: {name} {_describe_file(found.get(name))}",
                    f"a file that {_describe_file(self.files.get(name))}, as {location} says",
                    "Delete the file and fetch it again. If the error remains, the source now sends other bytes "
                    "under the same name, or the lock was edited. If you trust the change, make a new "
                    f"lock: {self._command}",
                )

    def check_digest(self, found: str) -> None:
        """Compare the digest of a model with that of the lock.

        Raises:
            IntegrityError: They differ.
        """
        if self.digest not in (None, found):
            raise IntegrityError(
                f"{self.reference!r} is read as a model with digest {found}",
                f"{self.digest}, as {self.location} says",
                "A file has changed that the lock does not list, or this release reads the files in another way. "
                f"If you trust the change, make the lock again: {self._command}",
            )

    @property
    def _command(self) -> str:
        return f"nlu-lite lock {shlex.quote(self.reference)} > models.lock"

    def verify(self, access: Access) -> None:
        """Compare the model on this machine with the lock.

        Raises:
            NluLiteError: As `check_files`; or the model is not on this machine, or its reference has a new meaning.
        """
        found = registry.look_up(self.reference).spec
        if not isinstance(found, ModelSpec) or found.reference != self.reference:
            raise FormatError(f"{self.location}: {self.reference!r} is not a full reference of a model", "one", REMEDY)
        if self.digest is None:
            self.check_files(sources.fetch(self.pin(found), access), access.cache)
        else:
            self.load(found, replace(access, archives=sources.ArchiveRetention.KEEP))

    def load(self, spec: ModelSpec, access: Access) -> LoadedCheckpoint:
        """Fetch and read a model from the locked origin, and compare it with the lock.

        Raises:
            FormatError: The reference does not have the locked origin.
            IntegrityError: A file or the digest of the model differs from the lock.
            NluLiteError: As `load_checkpoint`.
        """
        loaded = load_checkpoint(self.pin(spec), access, lambda files: self.check_files(files, access.cache))
        self.check_digest(loaded.digest)
        return loaded

    def pin(self, spec: ModelSpec) -> ModelSpec:
        """Return a model with the locked origin alone.

        Raises:
            FormatError: The reference does not have this origin.
        """
        for origin in spec.origins:
            pinned = _pin_origin(origin, self)
            if pinned is not None:
                return replace(spec, origins=(pinned,))
        stated = " or ".join(f"{SOURCE_KINDS[type(origin)].value} {name_origin(origin)}" for origin in spec.origins)
        raise FormatError(f"{self.location}: {self.reference!r} from {self.source} {self.name}", stated, REMEDY)


@dataclass(frozen=True)
class Lock:
    """A lock.

    Attributes:
        path: The file of the lock.
        version: The version of this library that made it.
        models: Its models, by reference.
    """

    path: Path
    version: str
    models: Mapping[str, LockedModel]

    def get_model(self, reference: str) -> LockedModel:
        """Return the locked model of a reference.

        Raises:
            OptionError: The lock does not have this reference.
        """
        if reference not in self.models:
            known = list(self.models)
            got = f"{self.path} has no {reference!r}"
            near = get_close_matches(reference[:200], known)
            raise OptionError(got, f"one of {', '.join(known)}", f"Lock it: nlu-lite lock {reference}", near)
        return self.models[reference]


def name_origin(origin: Origin) -> str:
    """Return the name of an origin in a lock: distribution, path, repository or file name of the archive."""
    if isinstance(origin, HubRepository):
        return origin.repository
    if isinstance(origin, BucketArchive):
        return origin.file or f"{origin.name}_{origin.language}"
    return origin.distribution if isinstance(origin, InstalledFile) else origin.path


def _pin_origin(origin: Origin, model: LockedModel) -> Origin | None:
    """Return an origin with the locked revision or file; None if it is not the locked origin."""
    if SOURCE_KINDS[type(origin)].value != model.source:
        return None
    if isinstance(origin, BucketArchive):  # the catalogue may name a newer archive now
        suits = origin.file == model.name or model.name.startswith(f"{origin.name}_{origin.language}_")
        return replace(origin, file=model.name) if suits else None
    if name_origin(origin) != model.name:
        return None
    return replace(origin, revision=model.revision) if isinstance(origin, HubRepository) else origin


def _describe_file(digest: FileDigest | None) -> str:
    return "does not exist" if digest is None else f"has {digest.size:,} bytes and the SHA-256 {digest.sha256}"
