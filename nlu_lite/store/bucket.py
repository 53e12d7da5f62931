"""Spark NLP's public bucket, and what Spark NLP itself has fetched from it.

An archive is fetched once, by one of however many processes want it, and kept until it has been converted. Beside the
cache's folders, ``.archives`` holds what was fetched so far of unfinished archives, and what is known of finished ones.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nlu_lite._util.atomic import write_file_atomically
from nlu_lite._util.digest import hash_file
from nlu_lite.errors import FormatError, IntegrityError, OfflineError, SourceError
from nlu_lite.records import BucketArchive
from nlu_lite.store.cache import Cache, model_key, translate_cache_errors
from nlu_lite.store.download import Outcome, Patience, discard, download, etag_of
from nlu_lite.store.folder import fingerprint
from nlu_lite.store.index import Published, md5_of, resolve

BASE = "https://s3.amazonaws.com/auxdata.johnsnowlabs.com/public/models/"
LARGEST_GROWTH = 50
"""How many times larger than the zip its content may be; weights hardly shrink, so more is a zip bomb."""
LARGEST_INDEX = 256 << 20
"""Most bytes of the index, which describes tens of thousands of archives in some hundred bytes each."""
FILE_NAME = r"[^\x00-\x1f\x7f/\\.\ud800-\udfff][^\x00-\x1f\x7f/\\\ud800-\udfff]{0,199}"
"""Names of archives: no paths, nothing hidden, no control characters, and short enough for names with more behind."""
SMALL = 64 << 20
"""Bytes that content may always have, whatever the zip's size."""
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    EOFError,
    NotImplementedError,
    RuntimeError,  # an encrypted member
)
"""What zipfile raises for bytes that are no whole zip."""


@dataclass(frozen=True)
class ArchiveRecord:
    """What is known of an archive that was fetched; it outlives the archive.

    Attributes:
        file: Its file name.
        url: Where it came from.
        size: Bytes.
        sha256: Digest when it was first fetched; every later copy has to have the same.
        md5: The publisher's digest, with which it agreed; None means "not verified by the publisher".
    """

    file: str
    url: str
    size: int
    sha256: str
    md5: str | None

    @property
    def verified(self) -> str:
        """Say in words who vouches for the bytes."""
        return "verified by the publisher's MD5" if self.md5 else "not verified by the publisher"


@dataclass(frozen=True)
class Local:
    """Where an archive, or what was made from it, is on this machine.

    Attributes:
        path: The zip, the unpacked folder of Spark NLP's own cache, or the converted model.
        file: The archive's file name.
        digest: The archive's SHA-256; of an unpacked folder, a digest of its files' names, sizes and times.
    """

    path: Path
    file: str
    digest: str


def _default_base() -> str:
    return os.environ.get("NLU_LITE_BUCKET") or BASE


def _default_pretrained() -> Path:
    return Path.home() / "cache_pretrained"


@dataclass(frozen=True)
class BucketSource:
    """The bucket.

    Attributes:
        cache: Where archives are kept.
        offline: Whether only what is on this machine may be used.
        base: Address of the folder of archives; by default ``NLU_LITE_BUCKET``, else Spark NLP's public bucket.
        pretrained: Spark NLP's own cache, in which models are read in place; never written.
        patience: How long to go on when the server fails.
    """

    cache: Cache
    offline: bool = False
    base: str = field(default_factory=_default_base)
    pretrained: Path = field(default_factory=_default_pretrained)
    patience: Patience = field(default_factory=Patience)

    def fetch(self, origin: BucketArchive) -> Local:
        """Give the archive: converted, fetched or unpacked by Spark NLP before, in this order, else downloaded.

        Raises:
            SourceError: It could not be downloaded or kept.
            OfflineError: It is not here, and the network is not to be used.
            IntegrityError: Its bytes are not the published ones, or not those of the first download.
            FormatError: It is a zip that no model has, or the bucket's index cannot be read.
        """
        here = self._kept(origin) or self._unpacked(origin)
        if here is not None:
            return here
        if self.offline:
            raise self._not_here(origin)
        with translate_cache_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            return self._alone(origin)

    def discard(self, local: Local) -> None:
        """Delete an archive that is no longer needed; only one that this library fetched, and never its record."""
        if local.path.parent == self.cache.root / _key(local.file):
            self.cache.discard(_key(local.file))

    def record(self, file: str) -> ArchiveRecord | None:
        """Give what is known of an archive that was fetched before; None where nothing is."""
        try:
            record = ArchiveRecord(**json.loads(self._record_file(file).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, RecursionError):
            return None
        return record if _is_record(record) and record.file == file else None

    def records(self) -> list[ArchiveRecord]:
        """Give what is known of all archives that were fetched before, by file name."""
        names = sorted(path.name.removesuffix(".json") for path in self._folder.glob("*.zip.json"))
        return [record for name in names if (record := self.record(name))]

    # --- what is here ---

    def kept(self) -> dict[str, Path]:
        """List what is here, by the archive's file name: unpacked by Spark NLP, fetched or converted; unverified."""
        found = {f"{name}.zip": self.pretrained / name for name in self._unpacked_names()}
        for path in self._folder.glob("*.zip.json"):
            record = self.record(path.name.removesuffix(".json"))
            if record is not None:
                keys = [key for key in (model_key(record.sha256), _key(record.file)) if self.cache.has(key)]
                found |= {record.file: self.cache.root / keys[0]} if keys else {}
        return found

    def here(self, origin: BucketArchive, kept: dict[str, Path]) -> Path | None:
        """Give where an archive is, of what `kept` lists; None where it is not here."""
        files = _matching(origin, list(kept), ".zip") if kept else []
        return kept[files[0]] if files else None

    def _kept(self, origin: BucketArchive) -> Local | None:
        names = [path.name.removesuffix(".json") for path in self._folder.glob("*.zip.json")]
        for file in _matching(origin, names, ".zip"):
            record = self.record(file)
            local = self._local(record) if record is not None else None
            if local is not None:
                return local
        return None

    def _local(self, record: ArchiveRecord) -> Local | None:
        """Look for the converted model, then the archive; another process may convert and delete it in between."""
        return self._converted(record) or self._fetched(record) or self._converted(record)

    def _converted(self, record: ArchiveRecord) -> Local | None:
        folder = self.cache.find(model_key(record.sha256))
        return Local(folder, record.file, record.sha256) if folder is not None else None

    def _fetched(self, record: ArchiveRecord) -> Local | None:
        path = self.cache.root / _key(record.file) / record.file
        if self.cache.find(_key(record.file)) is None:
            if self.cache.is_changed(_key(record.file)):
                raise self._changed(path, record)
            return None
        try:
            digest = hash_file(path)  # it is about to be converted, so that it is read once more anyway
        except FileNotFoundError:
            return None
        if digest != record.sha256:
            raise self._changed(path, record)
        return Local(path, record.file, record.sha256)

    def _unpacked(self, origin: BucketArchive) -> Local | None:
        for name in _matching(origin, self._unpacked_names(), ""):
            return Local(self.pretrained / name, f"{name}.zip", fingerprint(self.pretrained / name))
        return None

    def _unpacked_names(self) -> list[str]:
        return [path.parent.parent.name for path in self.pretrained.glob("*/metadata/part-00000")]

    def _keys(self, origin: BucketArchive) -> list[str]:
        """Return the keys under which the cache has what the archives of a model were converted to."""
        names = [path.name.removesuffix(".json") for path in self._folder.glob("*.zip.json")]
        records = [record for file in _matching(origin, names, ".zip") if (record := self.record(file))]
        return [model_key(record.sha256) for record in records]

    # --- what has to be fetched ---

    def _alone(self, origin: BucketArchive) -> Local:
        """Fetch it, unless another process has done so (and perhaps converted it) while this one waited."""
        from filelock import FileLock

        published = self._published(origin)
        with FileLock(self._folder / f"{published.file}.lock"):
            here = self._kept(BucketArchive(origin.name, origin.language, published.file))
            return here or self._downloaded(origin, published)

    def _downloaded(self, origin: BucketArchive, published: Published) -> Local:
        part = self._folder / f"{published.file}.part"
        url = self._url(published.file)
        download(url, part, self.patience)
        if origin.file is not None:
            published = replace(published, md5=self._md5_of(origin.name, origin.file))
        try:
            record = self._checked(part, published, url)
        except FormatError:
            discard(part)
            raise
        _write_json(self._record_file(published.file), asdict(record))
        folder = self.cache.place(_key(published.file), _mover(part, published.file))
        discard(part)
        return Local(folder / published.file, published.file, record.sha256)

    def _checked(self, part: Path, published: Published, url: str) -> ArchiveRecord:
        """Compare with the publisher's digest and with that of an earlier download, and look through the zip."""
        record = ArchiveRecord(published.file, url, part.stat().st_size, hash_file(part), published.md5)
        if published.md5 is not None and (got := _md5(part)) != published.md5:
            raise IntegrityError(f"{url} has MD5 {got}", f"{published.md5} as the index states", "Try again later")
        earlier = self.record(published.file)
        if earlier is not None and earlier.sha256 != record.sha256:
            raise self._changed(url, earlier, record.sha256)
        check_zip(part, url)
        return record

    def _published(self, origin: BucketArchive) -> Published:
        if origin.file is None:
            published = resolve(self._index(), origin.name, origin.language)
        else:
            published = Published(origin.file, None, 0)
        if not re.fullmatch(FILE_NAME, published.file):
            raise FormatError(f"{published.file!r} is no name of an archive", "a file name", "Check the catalogue")
        return published

    def _md5_of(self, name: str, file: str) -> str | None:
        """Give what the index states for an archive that could be fetched without it, if there is an index."""
        index = self._folder / "metadata.json"
        with suppress(SourceError):  # then an older one does, if it is here
            index = replace(self, patience=replace(self.patience, attempts=1))._index()
        try:
            return md5_of(index, name, file) if index.is_file() else None
        except (SourceError, FormatError):
            return None

    def _index(self) -> Path:
        """Give the bucket's index, fetched again only if the bucket says that it has changed."""
        from filelock import FileLock

        index, part = self._folder / "metadata.json", self._folder / "metadata.json.part"
        with FileLock(self._folder / "metadata.json.lock"):
            discard(part)
            known = etag_of(index) if index.is_file() else None
            if download(self._url("metadata.json"), part, self.patience, known, LARGEST_INDEX) is Outcome.COMPLETE:
                _replace_index(part, index)
        return index

    # --- names and errors ---

    @property
    def _folder(self) -> Path:
        return self.cache.root / ".archives"

    def _record_file(self, file: str) -> Path:
        return self._folder / f"{file}.json"

    def _url(self, file: str) -> str:
        return f"{self.base.rstrip('/')}/{quote(file, errors='replace')}"

    def _not_here(self, origin: BucketArchive) -> OfflineError:
        what = origin.file or f"{origin.name} ({origin.language})"
        damaged = [
            f", where {key} has changed since it was placed" for key in self._keys(origin) if self.cache.is_changed(key)
        ]
        address = self._url(origin.file) if origin.file else self.base
        return OfflineError(
            f"the archive {what} is neither in {self.cache.root}{''.join(damaged)} nor in {self.pretrained}, and the "
            "network is not to be used",
            "its files",
            f"Load it once where there is a network, from {address}, and copy {self.cache.root} here",
        )

    def _changed(self, where: Path | str, record: ArchiveRecord, got: str = "another SHA-256") -> IntegrityError:
        return IntegrityError(
            f"{where} is not what was first fetched under this name ({got})",
            f"SHA-256 {record.sha256}",
            f"If the new one is to be trusted, delete {self._record_file(record.file)}",
        )


def check_zip(path: Path, name: str) -> None:
    """Look through a zip without unpacking it: names that lead elsewhere, claims that are bombs, sums that are wrong.

    Args:
        path: The zip.
        name: What to call it in errors.

    Raises:
        IntegrityError: It is no zip, or damaged.
        FormatError: It has an absolute name, one with ``..``, a link, the same name twice, or far too much content.
    """
    remedy = "Try again; if it stays so, the published archive itself is damaged"
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(archive.infolist(), path.stat().st_size, name)
            damaged = archive.testzip()
    except FormatError:
        raise
    except UNREADABLE as error:
        raise IntegrityError(f"{name} is no whole zip ({error})", "a zip", remedy) from error
    if damaged is not None:
        raise IntegrityError(f"{name} is damaged at {damaged!r}", "its own CRC-32", remedy)


def _check_members(members: list[zipfile.ZipInfo], size: int, name: str) -> None:
    claimed = sum(member.file_size for member in members)
    if claimed > max(SMALL, LARGEST_GROWTH * size):
        raise FormatError(f"{name} claims {claimed:,} bytes in {size:,}", "weights", "Do not use this archive")
    seen: set[str] = set()
    for member in members:
        if not 0 <= member.header_offset < size:
            raise zipfile.BadZipFile(f"{member.filename!r} begins at {member.header_offset}")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise zipfile.BadZipFile(f"{member.filename!r} is compressed by method {member.compress_type}")
        if member.filename in seen or _leads_elsewhere(member):
            raise FormatError(
                f"{name} holds {member.filename!r}, a link, a second of its name or a path that leads out of it",
                "plain files",
                "Do not use this archive",
            )
        seen.add(member.filename)


def _leads_elsewhere(member: zipfile.ZipInfo) -> bool:
    path = member.filename
    absolute = path.startswith(("/", "\\")) or re.match("[A-Za-z]:", path) is not None
    return absolute or ".." in re.split(r"[/\\]", path) or stat.S_ISLNK(member.external_attr >> 16)


def _matching(origin: BucketArchive, names: list[str], suffix: str) -> list[str]:
    """Choose the names of a model's archives, newest first; only the one that the catalogue names, if it names one."""
    if origin.file is not None:
        wanted = origin.file.removesuffix(".zip") + suffix
        return [wanted] if wanted in names else []
    start = re.escape(f"{origin.name}_{origin.language}")
    pattern = re.compile(rf"{start}_\d+(?:\.\d+)*_\d+(?:\.\d+)*_(\d+){re.escape(suffix)}")
    found = [(int(match[1]), name) for name in names if (match := pattern.fullmatch(name))]
    return [name for _, name in sorted(found, reverse=True)]


def _is_record(record: ArchiveRecord) -> bool:
    """Return whether the values that were read have the types that they should have."""
    texts = isinstance(record.url, str) and isinstance(record.md5, str | None)
    numbers = type(record.size) is int and isinstance(record.sha256, str)
    return texts and numbers and re.fullmatch("[0-9a-f]{64}", record.sha256) is not None


def _key(file: str) -> str:
    return f"archive-{file.removesuffix('.zip')}"


def _mover(part: Path, file: str) -> Callable[[Path], None]:
    def fill(folder: Path) -> None:
        part.replace(folder / file)

    return fill


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _replace_index(part: Path, index: Path) -> None:
    """Put a new index in place; its ETag goes last, so that an old ETag never stands beside a new index."""
    etag = etag_of(part)
    discard(index)
    part.replace(index)
    if etag is not None:
        index.with_name(index.name + ".etag").write_text(etag, encoding="utf-8")
    discard(part)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    with write_file_atomically(path) as part:
        part.write_text(json.dumps(content, indent=2), encoding="utf-8")
