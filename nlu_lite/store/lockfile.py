"""Locks: files that say, for each reference, which bytes it stood for when they were made.

A lock is TOML that `nlu-lite lock` writes. A model that is loaded with it comes from the place and the revision that
the lock names, and every file of it is compared with the lock before anything of it is read.
"""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

from nlu_lite import registry
from nlu_lite._version import __version__
from nlu_lite.errors import FormatError, IntegrityError, OptionError, SourceError, printable
from nlu_lite.records import BucketArchive, HubRepository, InstalledFile, ModelSpec, Origin
from nlu_lite.store import sources
from nlu_lite.store.cache import Cache
from nlu_lite.store.checkpoints import obtain_identified
from nlu_lite.store.sources import PLACES, Access, Digest, Fetched

FORMAT = 2
"""Number of the form of a lock. Locks of form 1, of version 0.1.0, have no digests of models."""
READ = (1, FORMAT)
LARGEST = 16 << 20
"""Bytes of a lock; more is none."""
REMEDY = "Make the lock anew: nlu-lite lock REF... > models.lock"
HEAD = """\
# Made by `nlu-lite lock`. nlu_lite.load(..., lock="models.lock") takes these bytes and no others.
format = {format}
nlu_lite = {version}
"""


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
        stated = " or ".join(f"{PLACES[type(origin)].value} {_name(origin)}" for origin in spec.origins)
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


# --- making ----------------------------------------------------------------------------------------------------------


def make(references: Sequence[str], access: Access) -> str:
    """Give the text of a lock: the models of references, fetched if they are not here, and read.

    Raises:
        OptionError: None of the references has a model.
        NluLiteError: As `load`: a reference cannot be resolved, or its model not be fetched or read.
    """
    specs = [spec for spec in registry.resolve(references) if isinstance(spec, ModelSpec)]
    if not specs:
        raise OptionError("no reference of a model", "one such as 'xx.embed.xlm'", "Text components need no lock")
    head = HEAD.format(format=FORMAT, version=_quoted(__version__))
    return head + "".join(_table(_locked(spec, access)) for spec in specs)


def _locked(spec: ModelSpec, access: Access) -> LockedModel:
    found = obtain_identified(spec, access)
    fetched, origin = found.fetched, found.fetched.origin
    revision = origin.revision if isinstance(origin, HubRepository) else None
    files = sources.digests(fetched.path, origin, fetched.digest, access.cache)
    return LockedModel(spec.reference, PLACES[type(origin)].value, _name(origin), revision, files, digest=found.digest)


def _name(origin: Origin) -> str:
    if isinstance(origin, HubRepository):
        return origin.repository
    if isinstance(origin, BucketArchive):
        return origin.file or f"{origin.name}_{origin.language}"
    return origin.distribution if isinstance(origin, InstalledFile) else origin.path


def _table(model: LockedModel) -> str:
    values = {"reference": model.reference, "source": model.source, "name": model.name, "revision": model.revision}
    values["digest"] = model.digest
    lines = ["", "[[model]]", *(f"{key} = {_quoted(value)}" for key, value in values.items() if value is not None)]
    for name, digest in model.files.items():
        lines += ["", "[[model.file]]", f"name = {_quoted(name)}", f'sha256 = "{digest.sha256}"']
        lines.append(f"size = {digest.size}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Write a TOML string: JSON's, but for DEL, which TOML wants escaped.

    Raises:
        FormatError: It is the name of a file that is not UTF-8, which TOML cannot hold.
    """
    if printable(text) != text:
        raise FormatError(f"the name {text!r} is not UTF-8", "a name that a lock can hold", "Rename the file or folder")
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


# --- reading ---------------------------------------------------------------------------------------------------------

TOP: Mapping[str, type] = {"format": int, "nlu_lite": str, "model": list}
MODEL: Mapping[str, type] = {"reference": str, "source": str, "name": str, "revision": str, "digest": str, "file": list}
FILE: Mapping[str, type] = {"name": str, "sha256": str, "size": int}
OPTIONAL = {"revision", "digest"}
MODEL_HEADER, FILE_HEADER = re.compile(r"\s*\[\[\s*model\s*\]\]"), re.compile(r"\s*\[\[\s*model\.file\s*\]\]")
WORDS = {int: "a whole number", str: "a string", list: "tables"}


@dataclass(frozen=True)
class _Text:
    """A lock's text, for errors that name its lines."""

    path: Path
    lines: tuple[str, ...]

    @cached_property
    def headers(self) -> list[tuple[int, list[int]]]:
        """The lines on which models begin, each with those on which its files do."""
        found: list[tuple[int, list[int]]] = []
        for number, line in enumerate(self.lines, 1):
            if MODEL_HEADER.match(line):
                found.append((number, []))
            elif found and FILE_HEADER.match(line):
                found[-1][1].append(number)
        return found

    def at(self, model: int | None = None, file: int | None = None) -> str:
        """Name the file, and the line of a model's or a file's header; the nearest above where it has none."""
        line, files = (1, []) if model is None or model >= len(self.headers) else self.headers[model]
        return f"{self.path}, line {files[file] if file is not None and file < len(files) else line}"

    def fail(self, at: str, got: str, expected: str, near: Sequence[str] = ()) -> NoReturn:
        raise FormatError(f"{at}: {got}", expected, REMEDY, near)


def read(path: str | Path) -> Lock:
    """Read a lock.

    Raises:
        SourceError: It cannot be read.
        FormatError: It is no lock, or was edited so that it is none any more; the line is named.
    """
    path = Path(path)
    text = _content(path)
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is no TOMLDecodeError
        raise FormatError(f"{path} is no TOML: {error or 'nested too deeply'}", "a lock", REMEDY) from error
    where = _Text(path, tuple(text.split("\n")))
    _check(where, where.at(), content, TOP)
    if content["format"] not in READ:
        expected = f"{' or '.join(map(str, READ))}, which nlu_lite {__version__} reads"
        where.fail(where.at(), f"format {content['format']}", expected)
    if not content["model"]:
        where.fail(where.at(), "no models", "[[model]] tables")
    models: dict[str, LockedModel] = {}
    for number, values in enumerate(content["model"]):
        model = _model(where, number, values, content["format"])
        if model.reference in models:
            where.fail(model.place, f"{model.reference!r} stands twice", "each reference once")
        models[model.reference] = model
    return Lock(path, content["nlu_lite"], models)


def _content(path: Path) -> str:
    try:
        with path.expanduser().open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, RuntimeError, ValueError) as error:  # a home that is not known, a NUL
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"{path} cannot be read ({reason})", "a lock", REMEDY) from error
    if len(data) > LARGEST:
        raise FormatError(f"{path} has more bytes than any lock", f"at most {LARGEST:,}", REMEDY)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is not UTF-8 at byte {error.start}", "a lock", REMEDY) from error


def _model(where: _Text, number: int, values: Mapping[str, Any], form: int) -> LockedModel:
    at = where.at(number)
    _check(where, at, values, MODEL)
    places = [place.value for place in PLACES.values()]
    if values["source"] not in places:
        where.fail(at, f"source {_short(values['source'])}", ", ".join(places))
    if (values["source"] == "hub") != ("revision" in values):
        where.fail(at, f"source {values['source']!r} and {'a' if 'revision' in values else 'no'} revision", "a hub's")
    revision = values.get("revision")
    if revision is not None and not re.fullmatch("[0-9a-f]{40}", revision):
        where.fail(at, f"revision {_short(revision)}", "a commit: 40 hexadecimal digits in small letters")
    if ("digest" in values) != (form == FORMAT):
        got = f"{'a' if 'digest' in values else 'no'} digest"
        where.fail(at, got, f"{'one' if form == FORMAT else 'none'} in a lock of format {form}")
    _check_sha256(where, at, values, "digest")
    files: dict[str, Digest] = {}
    lines: dict[str, str] = {}
    for count, file in enumerate(values["file"]):
        _add(where, where.at(number, count), files, file)
        lines[file["name"]] = where.at(number, count)
    if not files:
        where.fail(at, f"{values['reference']!r} has no files", "[[model.file]] tables")
    return LockedModel(
        values["reference"], values["source"], values["name"], revision, files, at, lines, values.get("digest")
    )


def _add(where: _Text, at: str, files: dict[str, Digest], values: Mapping[str, Any]) -> None:
    _check(where, at, values, FILE)
    _check_sha256(where, at, values, "sha256")
    if values["name"] in files:
        where.fail(at, f"the file {_short(values['name'])} stands twice", "each file once")
    files[values["name"]] = Digest(values["sha256"], values["size"])


def _check_sha256(where: _Text, at: str, values: Mapping[str, Any], key: str) -> None:
    if key in values and not re.fullmatch("[0-9a-f]{64}", values[key]):
        where.fail(at, f"{key} {_short(values[key])}", "64 hexadecimal digits in small letters")


def _check(where: _Text, at: str, values: object, known: Mapping[str, type]) -> None:
    """Check that there are the keys that there have to be, no others, and the types of their values."""
    if not isinstance(values, dict):
        where.fail(at, _short(values), "a table")
    for key, value in values.items():
        if key not in known:
            where.fail(at, f"an unknown key {_short(key)}", ", ".join(known), get_close_matches(key, list(known)))
        if not isinstance(value, known[key]) or isinstance(value, bool):
            where.fail(at, f"{key} is {_short(value)}", WORDS[known[key]])
    for key in known:
        if key not in values and key not in OPTIONAL:
            where.fail(at, f"no {key}", ", ".join(known))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}..."


# --- comparing -------------------------------------------------------------------------------------------------------


def _pinned(origin: Origin, model: LockedModel) -> Origin | None:
    """Give an origin as the lock has it; None where it is another one."""
    if PLACES[type(origin)].value != model.source:
        return None
    if isinstance(origin, BucketArchive):  # the catalogue may name a newer one by now
        suits = origin.file == model.name or model.name.startswith(f"{origin.name}_{origin.language}_")
        return replace(origin, file=model.name) if suits else None
    if _name(origin) != model.name:
        return None
    return replace(origin, revision=model.revision) if isinstance(origin, HubRepository) else origin


def _told(digest: Digest | None) -> str:
    return "is not there" if digest is None else f"has {digest.size:,} bytes and the SHA-256 {digest.sha256}"
