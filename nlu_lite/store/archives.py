"""The archives of Spark NLP's bucket on this machine: downloaded, converted, or unpacked by Spark NLP itself.

The folder ``.archives`` of the cache has a record of every archive that was downloaded, and the downloaded part of
unfinished ones. A record outlives its archive, so that a later download must have the same SHA-256.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from nlu_lite._util.atomic import write_file_atomically
from nlu_lite._util.digest import hash_file
from nlu_lite.errors import IntegrityError
from nlu_lite.records import BucketArchive
from nlu_lite.store.cache import Cache, build_model_key
from nlu_lite.store.folder import fingerprint


@dataclass(frozen=True)
class ArchiveRecord:
    """A record of an archive that was downloaded.

    Attributes:
        file: The file name of the archive.
        url: The address that it was downloaded from.
        size: Size in bytes.
        sha256: SHA-256 of the first download; all later ones must have the same.
        md5: The publisher's MD5, which the download matched; None if the publisher states none.
    """

    file: str
    url: str
    size: int
    sha256: str
    md5: str | None

    @property
    def verification(self) -> str:
        """Who vouches for the bytes, in words."""
        return "verified by the publisher's MD5" if self.md5 else "not verified by the publisher"


@dataclass(frozen=True)
class LocalArchive:
    """An archive on this machine, or the model that it was converted to.

    Attributes:
        path: The zip, the unpacked folder of Spark NLP's own cache, or the folder of the converted model.
        file: The file name of the archive.
        digest: SHA-256 of the archive; for an unpacked folder, a digest of the names, sizes and times of its files.
    """

    path: Path
    file: str
    digest: str


@dataclass(frozen=True)
class LocalArchives:
    """All archives on this machine.

    Attributes:
        cache: The cache of downloaded archives and converted models.
        pretrained: Spark NLP's own cache, whose models are read in place; never written.
    """

    cache: Cache
    pretrained: Path

    @property
    def folder(self) -> Path:
        """The folder of records and unfinished downloads."""
        return self.cache.root / ".archives"

    # --- look-up ---

    def find(self, origin: BucketArchive) -> LocalArchive | None:
        """Return an archive: converted, downloaded, or unpacked by Spark NLP, in this order; None if it is not here.

        Raises:
            IntegrityError: The downloaded archive has changed.
        """
        return self.find_downloaded(origin) or self._find_unpacked(origin)

    def find_downloaded(self, origin: BucketArchive) -> LocalArchive | None:
        """Return an archive that this library downloaded, or the model that it was converted to, if it is here.

        Raises:
            IntegrityError: The downloaded archive has changed.
        """
        records = (self.get_record(file) for file in select_archives(origin, self._list_recorded(), ".zip"))
        found = (self._find_recorded(record) for record in records if record is not None)
        return next((local for local in found if local is not None), None)

    def list_paths(self) -> dict[str, Path]:
        """Return the path of every archive or converted model, by the archive's file name; nothing is verified."""
        found = {f"{name}.zip": self.pretrained / name for name in self._list_unpacked()}
        for record in self.list_records():
            keys = [key for key in (build_model_key(record.sha256), _key(record.file)) if self.cache.has(key)]
            found |= {record.file: self.cache.root / keys[0]} if keys else {}
        return found

    def list_damaged_keys(self, origin: BucketArchive) -> list[str]:
        """Return the cache keys of the converted models of an archive whose files have changed."""
        records = [self.get_record(file) for file in select_archives(origin, self._list_recorded(), ".zip")]
        keys = [build_model_key(record.sha256) for record in records if record is not None]
        return [key for key in keys if self.cache.is_changed(key)]

    # --- records ---

    def get_record(self, file: str) -> ArchiveRecord | None:
        """Return the record of an archive by its file name; None if it was never downloaded."""
        try:
            record = ArchiveRecord(**json.loads(self._record_path(file).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, RecursionError):
            return None
        return record if _has_valid_types(record) and record.file == file else None

    def list_records(self) -> list[ArchiveRecord]:
        """Return the records of all archives that were ever downloaded, by file name."""
        return [record for file in self._list_recorded() if (record := self.get_record(file))]

    def build_change_error(
        self, where: Path | str, record: ArchiveRecord, got: str = "another SHA-256"
    ) -> IntegrityError:
        """Return the error for an archive that differs from its record."""
        return IntegrityError(
            f"{where} differs from the first download under this name ({got})",
            f"SHA-256 {record.sha256}",
            f"If you trust the new archive, delete {self._record_path(record.file)}",
        )

    # --- changes ---

    def add(self, part: Path, record: ArchiveRecord) -> LocalArchive:
        """Write the record of a downloaded archive, and move the archive into the cache."""
        with write_file_atomically(self._record_path(record.file)) as file:
            file.write_text(json.dumps(asdict(record), indent=2), encoding="utf-8")
        folder = self.cache.place(_key(record.file), _build_mover(part, record.file))
        return LocalArchive(folder / record.file, record.file, record.sha256)

    def discard(self, local: LocalArchive) -> None:
        """Delete an archive that this library downloaded; its record is kept, and so is every other archive.

        Raises:
            SourceError: It cannot be deleted.
        """
        if local.path.parent == self.cache.root / _key(local.file):
            self.cache.discard(_key(local.file))

    def _find_recorded(self, record: ArchiveRecord) -> LocalArchive | None:
        """Look for the converted model, then the archive; another process may convert and delete it in between."""
        return self._find_converted(record) or self._find_archive(record) or self._find_converted(record)

    def _find_converted(self, record: ArchiveRecord) -> LocalArchive | None:
        folder = self.cache.find(build_model_key(record.sha256))
        return LocalArchive(folder, record.file, record.sha256) if folder is not None else None

    def _find_archive(self, record: ArchiveRecord) -> LocalArchive | None:
        path = self.cache.root / _key(record.file) / record.file
        if self.cache.find(_key(record.file)) is None:
            if self.cache.is_changed(_key(record.file)):
                raise self.build_change_error(path, record)
            return None
        try:
            digest = hash_file(path)  # a conversion follows, which reads the whole archive anyway
        except FileNotFoundError:
            return None
        if digest != record.sha256:
            raise self.build_change_error(path, record)
        return LocalArchive(path, record.file, record.sha256)

    def _find_unpacked(self, origin: BucketArchive) -> LocalArchive | None:
        names = select_archives(origin, self._list_unpacked(), "")
        if not names:
            return None
        path = self.pretrained / names[0]
        return LocalArchive(path, f"{names[0]}.zip", fingerprint(path))

    def _list_unpacked(self) -> list[str]:
        return [path.parent.parent.name for path in self.pretrained.glob("*/metadata/part-00000")]

    def _list_recorded(self) -> list[str]:
        return sorted(path.name.removesuffix(".json") for path in self.folder.glob("*.zip.json"))

    def _record_path(self, file: str) -> Path:
        return self.folder / f"{file}.json"


def select_archives(origin: BucketArchive, names: list[str], suffix: str) -> list[str]:
    """Return the names of a model's archives, newest first; only the catalogue's archive if the catalogue names one.

    Args:
        origin: The model.
        names: Names of archives.
        suffix: The end of their names: ``".zip"``, or an empty string for unpacked archives.
    """
    if origin.file is not None:
        wanted = origin.file.removesuffix(".zip") + suffix
        return [wanted] if wanted in names else []
    start = re.escape(f"{origin.name}_{origin.language}")
    pattern = re.compile(rf"{start}_\d+(?:\.\d+)*_\d+(?:\.\d+)*_(\d+){re.escape(suffix)}")
    found = [(int(match[1]), name) for name in names if (match := pattern.fullmatch(name))]
    return [name for _, name in sorted(found, reverse=True)]


def _has_valid_types(record: ArchiveRecord) -> bool:
    texts = isinstance(record.url, str) and isinstance(record.md5, str | None)
    numbers = type(record.size) is int and isinstance(record.sha256, str)
    return texts and numbers and re.fullmatch("[0-9a-f]{64}", record.sha256) is not None


def _key(file: str) -> str:
    return f"archive-{file.removesuffix('.zip')}"


def _build_mover(part: Path, file: str) -> Callable[[Path], None]:
    def move(folder: Path) -> None:
        part.replace(folder / file)

    return move
