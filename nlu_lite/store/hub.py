"""The source of model repositories on the Hugging Face hub, stored in the Hugging Face cache.

`HF_ENDPOINT`, `HF_TOKEN`, `HF_HOME` and the other settings of the hub apply, since huggingface_hub does the download.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from nlu_lite.errors import UnknownReference
from nlu_lite.records import HubRepository
from nlu_lite.store.download import Patience
from nlu_lite.store.hub_errors import (
    MALFORMED,
    build_offline_error,
    build_remedy,
    describe_error,
    translate_hub_errors,
)
from nlu_lite.store.limits import NetworkError, check_space, limit_requests
from nlu_lite.store.repositories import SENTENCE_FILES, TOKENIZER_CONFIG, find_snapshot, select_downloads

Inspect: TypeAlias = Callable[[Path], None]
"""Called with a folder that has a ``config.json`` and no weights yet; an exception prevents their download."""
MAXIMUM_DESCRIPTION = 64 << 20
"""Maximum size of a repository's description, in bytes; it is held in memory."""


@dataclass(frozen=True)
class RepositoryListing:
    """A repository as the hub describes it.

    Attributes:
        name: Its present name.
        commit: The commit of its branch or tag.
        sizes: Size of each file in bytes, by name; 0 if the hub does not state it.
    """

    name: str
    commit: str
    sizes: dict[str, int]


@dataclass(frozen=True)
class HubSource:
    """The Hugging Face hub.

    Attributes:
        offline: Whether only the Hugging Face cache may be used.
        inspect: Called before the weights are downloaded; None for no call.
        optional: Files that must be in the snapshot, or known to be missing from the repository: another library may
            have downloaded a snapshot without them.
        patience: How long to wait for the hub, and the limits of its answers.
    """

    offline: bool
    inspect: Inspect | None = None
    optional: tuple[str, ...] = ()
    patience: Patience = field(default_factory=Patience)

    def fetch(self, origin: HubRepository) -> Path:
        """Return the folder of a snapshot in the Hugging Face cache; download the snapshot if it is not there.

        The name of the folder is the commit. Only files that a model needs are downloaded: safetensors if there are
        any.

        Raises:
            UnknownReference: There is no such repository, or it has been renamed.
            SourceError: It cannot be downloaded, or lacks files that a model needs.
            OfflineError: It is not in the cache, and the network must not be used.
        """
        return find_snapshot(origin, self.optional) or self._download(origin)

    def _download(self, origin: HubRepository) -> Path:
        if self.offline:
            raise build_offline_error(origin)
        with translate_hub_errors(origin):
            listing = self._request_listing(origin)
            _check_name(origin, listing.name)
            files = select_downloads(origin, list(listing.sizes))
            with self._limit_requests(origin):
                return self._download_files(origin, listing, files)

    def _request_listing(self, origin: HubRepository) -> RepositoryListing:
        from huggingface_hub import HfApi

        with self._limit_requests(origin, MAXIMUM_DESCRIPTION):
            try:
                info = HfApi().model_info(
                    origin.repository, revision=origin.revision, timeout=self.patience.timeout, files_metadata=True
                )
                sizes = {str(one.rfilename): one.size or 0 for one in info.siblings or ()}
                return RepositoryListing(str(info.id), _parse_commit(info.sha), sizes)
            except MALFORMED as error:
                got = f"the hub's description of {origin.repository!r} cannot be read ({describe_error(error)})"
                raise NetworkError(got, "JSON with a commit and files", build_remedy(origin)) from error

    def _download_files(self, origin: HubRepository, listing: RepositoryListing, files: Sequence[str]) -> Path:
        """Download the files, first those by which a model may be refused.

        They are downloaded one by one, since the limits apply to the requests of this thread.
        """
        from huggingface_hub.errors import EntryNotFoundError

        download = partial(_download_file, origin.repository, listing.commit)
        for name in (name for name in files if SENTENCE_FILES.fullmatch(name) or name == TOKENIZER_CONFIG):
            download(name)
        folder = download("config.json").parent
        if self.inspect is not None:
            self.inspect(folder)
        for name in set(self.optional).difference(files):
            with suppress(EntryNotFoundError):  # the Hugging Face cache records that the file does not exist
                download(name)
        _check_space(origin, listing, files)
        for name in files:
            download(name)
        # This records in the cache which commit the branch or tag is.
        _download_file(origin.repository, origin.revision, "config.json")
        return folder

    def _limit_requests(self, origin: HubRepository, largest: int | None = None) -> AbstractContextManager[None]:
        from huggingface_hub import constants, get_session

        folder, remedy = Path(constants.HF_HUB_CACHE), build_remedy(origin)
        return limit_requests(get_session(), self.patience.limits, folder, remedy, largest, _find_unsafe_header)


def _download_file(repository: str, revision: str | None, name: str) -> Path:
    from huggingface_hub import hf_hub_download

    path = Path(hf_hub_download(repository, name, revision=revision))
    if not path.is_file():  # an invalid ETag can lead to a folder
        raise ValueError(f"{path} is no file")
    return path


def _find_unsafe_header(response: Any) -> str:
    """Return a header that huggingface_hub would use as a file name, and that could lead out of its cache."""
    for header in ("ETag", "X-Linked-ETag", "X-Repo-Commit"):
        value = response.headers.get(header)
        if value is not None and not re.fullmatch(r'(W/)?"?[\w+=:-][\w.+=:-]{0,199}"?', value, re.ASCII):
            return f"{header} {value!r:.100}"
    return ""


def _parse_commit(sha: object) -> str:
    if not isinstance(sha, str) or not re.fullmatch("[0-9a-f]{40,64}", sha):
        raise ValueError(f"its commit is {sha!r:.100}")
    return sha


def _check_space(origin: HubRepository, listing: RepositoryListing, files: Sequence[str]) -> None:
    """Check that the disk has space for the files of a repository, before the first large one is downloaded."""
    from huggingface_hub import constants, try_to_load_from_cache

    missing = [
        name
        for name in files
        if not isinstance(try_to_load_from_cache(origin.repository, name, revision=listing.commit), str)
    ]
    check_space(Path(constants.HF_HUB_CACHE), sum(listing.sizes[name] for name in missing))


def _check_name(origin: HubRepository, present: str) -> None:
    """Refuse an old name: the hub redirects it to the new one, but anybody may register it at any time."""
    if present != origin.repository:
        got = f"the repository {origin.repository!r} has been renamed to {present!r}"
        raise UnknownReference(got, "its present name", f"Load hf:{present}")
