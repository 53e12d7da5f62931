"""The source of archives in Spark NLP's public bucket.

An archive is downloaded by one process, however many want it, and kept until it has been converted.
"""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

from nlu_lite._util.digest import hash_file
from nlu_lite.errors import FormatError, IntegrityError, OfflineError, SourceError
from nlu_lite.records import BucketArchive
from nlu_lite.store.archives import ArchiveRecord, LocalArchive, LocalArchives
from nlu_lite.store.cache import Cache, translate_cache_errors
from nlu_lite.store.download import DownloadStatus, Patience, discard, download, move_download, read_etag
from nlu_lite.store.index import PublishedArchive, find_md5, resolve
from nlu_lite.store.zips import check_zip

BASE = "https://s3.amazonaws.com/auxdata.johnsnowlabs.com/public/models/"
MAXIMUM_INDEX = 256 << 20
"""Maximum size of the index, in bytes; it describes tens of thousands of archives in some hundred bytes each."""
FILE_NAME = r"[^\x00-\x1f\x7f/\\.\ud800-\udfff][^\x00-\x1f\x7f/\\\ud800-\udfff]{0,199}"
"""Valid names of archives: no path, no hidden file, no control character, and short enough to add an extension."""


def _get_base() -> str:
    return os.environ.get("NLU_LITE_BUCKET") or BASE


def _get_pretrained() -> Path:
    return Path.home() / "cache_pretrained"


@dataclass(frozen=True)
class BucketSource:
    """The bucket.

    Attributes:
        cache: The cache of downloaded archives and converted models.
        offline: Whether the network must not be used.
        base: The address of the bucket's folder of archives; by default ``NLU_LITE_BUCKET``, else that of Spark NLP.
        pretrained: Spark NLP's own cache, whose models are read in place; never written.
        patience: How long to retry when the server fails.
    """

    cache: Cache
    offline: bool = False
    base: str = field(default_factory=_get_base)
    pretrained: Path = field(default_factory=_get_pretrained)
    patience: Patience = field(default_factory=Patience)

    @property
    def archives(self) -> LocalArchives:
        """The archives on this machine."""
        return LocalArchives(self.cache, self.pretrained)

    def fetch(self, origin: BucketArchive) -> LocalArchive:
        """Return an archive that is on this machine, else download it.

        Raises:
            SourceError: It cannot be downloaded or stored.
            OfflineError: It is not on this machine, and the network must not be used.
            IntegrityError: Its bytes are not the published ones, or not those of the first download.
            FormatError: It is a zip that cannot hold a model, or the bucket's index cannot be read.
        """
        local = self.archives.find(origin)
        if local is not None:
            return local
        if self.offline:
            raise self._build_offline_error(origin)
        with translate_cache_errors(self.archives.folder):
            self.archives.folder.mkdir(parents=True, exist_ok=True)
            return self._download_once(origin)

    def _download_once(self, origin: BucketArchive) -> LocalArchive:
        """Download an archive unless another process downloaded (and perhaps converted) it while this one waited."""
        from filelock import FileLock

        published = self._find_published(origin)
        with FileLock(self.archives.folder / f"{published.file}.lock"):
            local = self.archives.find_downloaded(BucketArchive(origin.name, origin.language, published.file))
            return local or self._download(origin, published)

    def _download(self, origin: BucketArchive, published: PublishedArchive) -> LocalArchive:
        part = self.archives.folder / f"{published.file}.part"
        url = self._build_url(published.file)
        download(url, part, self.patience)
        if origin.file is not None:
            published = replace(published, md5=self._find_md5(origin.name, origin.file))
        try:
            record = self._verify(part, published, url)
        except FormatError:
            discard(part)
            raise
        local = self.archives.add(part, record)
        discard(part)
        return local

    def _verify(self, part: Path, published: PublishedArchive, url: str) -> ArchiveRecord:
        """Compare a download with the publisher's digest and with that of an earlier download, and check the zip."""
        record = ArchiveRecord(published.file, url, part.stat().st_size, hash_file(part), published.md5)
        if published.md5 is not None and (got := _compute_md5(part)) != published.md5:
            raise IntegrityError(f"{url} has MD5 {got}", f"{published.md5} as the index states", "Try again later")
        earlier = self.archives.get_record(published.file)
        if earlier is not None and earlier.sha256 != record.sha256:
            raise self.archives.build_change_error(url, earlier, record.sha256)
        check_zip(part, url)
        return record

    def _find_published(self, origin: BucketArchive) -> PublishedArchive:
        if origin.file is None:
            published = resolve(self._update_index(), origin.name, origin.language)
        else:
            published = PublishedArchive(origin.file, None, 0)
        if not re.fullmatch(FILE_NAME, published.file):
            raise FormatError(
                f"{published.file!r} is not a valid name of an archive", "a file name", "Check the catalogue"
            )
        return published

    def _find_md5(self, name: str, file: str) -> str | None:
        """Return the index's MD5 of an archive that can be downloaded without the index; None if there is no index."""
        index = self.archives.folder / "metadata.json"
        with suppress(SourceError):  # an older index on this machine serves as well
            index = replace(self, patience=replace(self.patience, attempts=1))._update_index()
        try:
            return find_md5(index, name, file) if index.is_file() else None
        except (SourceError, FormatError):
            return None

    def _update_index(self) -> Path:
        """Return the path of the bucket's index, downloaded again only if the bucket has a newer one."""
        from filelock import FileLock

        folder = self.archives.folder
        index, part = folder / "metadata.json", folder / "metadata.json.part"
        with FileLock(folder / "metadata.json.lock"):
            discard(part)
            etag = read_etag(index) if index.is_file() else None
            status = download(self._build_url("metadata.json"), part, self.patience, etag, MAXIMUM_INDEX)
            if status is DownloadStatus.COMPLETE:
                move_download(part, index)
        return index

    def _build_url(self, file: str) -> str:
        return f"{self.base.rstrip('/')}/{quote(file, errors='replace')}"

    def _build_offline_error(self, origin: BucketArchive) -> OfflineError:
        name = origin.file or f"{origin.name} ({origin.language})"
        keys = self.archives.list_damaged_keys(origin)
        damage = "".join(f", where {key} has changed since it was placed" for key in keys)
        address = self._build_url(origin.file) if origin.file else self.base
        return OfflineError(
            f"the archive {name} is neither in {self.cache.root}{damage} nor in {self.pretrained}, and the network "
            "must not be used",
            "its files",
            f"Load it once on a machine with a network, from {address}, and copy {self.cache.root} to this machine",
        )


def _compute_md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
