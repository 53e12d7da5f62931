"""The models of a lock, compared with those on this machine."""

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
from nlu_lite.store.checkpoints import obtain_identified
from nlu_lite.store.sources import PLACES, Access, Digest, Fetched

REMEDY = "Make the lock anew: nlu-lite lock REF... > models.lock"


@dataclass(frozen=True)
class LockedModel:
    """What a lock says of a model.

    Attributes:
        reference: As it stands in the catalogue, or the direct reference as written.
        source: The place that it comes from: ``"installed"``, ``"folder"``, ``"hub"`` or ``"bucket"``.
        name: What it is called there: distribution, path, repository or file name of the archive.
        revision: Commit of a hub repository; None for other places.
        files: What tells each of its files from others, by name.
        place: The lock's name and the line on which this model stands.
        places: The same of its files, by name.
        digest: SHA-256 of all that can change a piece or a vector; see `nlu_lite.store.checkpoints.Obtained`. None in
            locks of version 0.1.0.
    """

    reference: str
    source: str
    name: str
    revision: str | None
    files: Mapping[str, Digest]
    place: str = ""
    places: Mapping[str, str] = field(default_factory=dict)
    digest: str | None = None

    def check(self, fetched: Fetched, cache: Cache) -> None:
        """Compare the files of a model with the lock.

        Raises:
            IntegrityError: A file has other bytes, is missing, or is one that the lock does not know.
        """
        found = sources.digests(fetched.path, fetched.origin, fetched.digest, cache)
        for name in sorted(found.keys() | self.files.keys()):
            if found.get(name) != self.files.get(name):
                raise IntegrityError(
                    f"{fetched.path}: {name} {_told(found.get(name))}",
                    f"that it {_told(self.files.get(name))}, as {self.places.get(name, self.place)} says",
                    "Delete what is there and fetch it again. If it stays so, the source gives other bytes by now "
                    "under the same name, or the lock was edited: use it only if you trust the change, with a new "
                    f"lock: {self._command}",
                )

    def check_digest(self, found: str) -> None:
        """Compare the digest of a model that was read with the lock's.

        Raises:
            IntegrityError: It is another.
        """
        if self.digest not in (None, found):
            raise IntegrityError(
                f"{self.reference!r} is read as a model with digest {found}",
                f"{self.digest}, as {self.place} says",
                "A file has changed that the lock does not list, or this release reads the files in another way. "
                f"If you trust the change, make the lock again: {self._command}",
            )

    @property
    def _command(self) -> str:
        return f"nlu-lite lock {shlex.quote(self.reference)} > models.lock"

    def verify(self, access: Access) -> None:
        """Compare what is on this machine with the lock.

        Raises:
            NluLiteError: As `check`; or the model is not here, or its reference has another meaning by now.
        """
        found = registry.look_up(self.reference).spec
        if not isinstance(found, ModelSpec) or found.reference != self.reference:
            raise FormatError(f"{self.place}: {self.reference!r} is no full reference of a model", "one", REMEDY)
        spec = self.pin(found)
        if self.digest is None:
            self.check(sources.fetch(spec, access), access.cache)
        else:
            kept = replace(access, archives=sources.Archives.KEEP)
            obtained = obtain_identified(spec, kept, lambda fetched: self.check(fetched, access.cache))
            self.check_digest(obtained.digest)

    def pin(self, spec: ModelSpec) -> ModelSpec:
        """Leave a model the one origin that the lock names.

        Raises:
            FormatError: The reference does not come from there.
        """
        for origin in spec.origins:
            pinned = _pinned(origin, self)
            if pinned is not None:
                return replace(spec, origins=(pinned,))
        stated = " or ".join(f"{PLACES[type(origin)].value} {name_origin(origin)}" for origin in spec.origins)
        raise FormatError(f"{self.place}: {self.reference!r} from {self.source} {self.name}", stated, REMEDY)


@dataclass(frozen=True)
class Lock:
    """A lock.

    Attributes:
        path: The file that it was read from.
        version: The version of this library that made it.
        models: What it says, by reference.
    """

    path: Path
    version: str
    models: Mapping[str, LockedModel]

    def model(self, reference: str) -> LockedModel:
        """Give what the lock says of a reference.

        Raises:
            OptionError: It says nothing of it.
        """
        if reference not in self.models:
            known = list(self.models)
            got = f"{self.path} has no {reference!r}"
            near = get_close_matches(reference[:200], known)
            raise OptionError(got, f"one of {', '.join(known)}", f"Lock it: nlu-lite lock {reference}", near)
        return self.models[reference]


def name_origin(origin: Origin) -> str:
    """Return what an origin is called in a lock: distribution, path, repository or file name of the archive."""
    if isinstance(origin, HubRepository):
        return origin.repository
    if isinstance(origin, BucketArchive):
        return origin.file or f"{origin.name}_{origin.language}"
    return origin.distribution if isinstance(origin, InstalledFile) else origin.path


def _pinned(origin: Origin, model: LockedModel) -> Origin | None:
    """Give an origin as the lock has it; None where it is another one."""
    if PLACES[type(origin)].value != model.source:
        return None
    if isinstance(origin, BucketArchive):  # the catalogue may name a newer one by now
        suits = origin.file == model.name or model.name.startswith(f"{origin.name}_{origin.language}_")
        return replace(origin, file=model.name) if suits else None
    if name_origin(origin) != model.name:
        return None
    return replace(origin, revision=model.revision) if isinstance(origin, HubRepository) else origin


def _told(digest: Digest | None) -> str:
    return "is not there" if digest is None else f"has {digest.size:,} bytes and the SHA-256 {digest.sha256}"
