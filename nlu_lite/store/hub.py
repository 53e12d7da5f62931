"""Model repositories of the Hugging Face hub, kept in the Hugging Face cache.

`HF_ENDPOINT`, `HF_TOKEN`, `HF_HOME` and the hub's other settings hold, since huggingface_hub itself does the work.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nlu_lite.errors import NluLiteError, OfflineError, SourceError, UnknownReference
from nlu_lite.records import HubRepository
from nlu_lite.store.download import Patience
from nlu_lite.store.limits import NetworkError, check_space, watched

SETTINGS = "tokenizer_config.json"
DESCRIPTION = (
    "added_tokens.json",
    "config.json",
    "sentencepiece.bpe.model",
    "spiece.model",
    "spm.model",
    "tokenizer.json",
    SETTINGS,
    "special_tokens_map.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
)
SUBWORD_FILES = ("sentencepiece.bpe.model", "spiece.model", "spm.model", "tokenizer.json", "vocab.json", "vocab.txt")
WEIGHTS = (
    re.compile(r"model\.safetensors"),
    re.compile(r"model\.safetensors\.index\.json|model-\d+-of-\d+\.safetensors"),
    re.compile(r"pytorch_model\.bin"),
    re.compile(r"pytorch_model\.bin\.index\.json|pytorch_model-\d+-of-\d+\.bin"),
)
"""The ways in which weights are stored, the one to prefer first."""
LARGEST_DESCRIPTION = 64 << 20
"""Most bytes of a repository's description, which is held in memory."""
MALFORMED = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, ImportError)
"""Raised by huggingface_hub for headers, JSON and settings of the network that cannot be used."""
MODULES = "modules.json"
STATEMENTS = re.compile(
    r"modules\.json|config_sentence_transformers\.json|sentence_bert_config\.json|\d+_\w+/config\.json"
)
"""How authors say that vectors of sentences are made: sentence-transformers' files."""


@dataclass(frozen=True)
class HubSource:
    """The Hugging Face hub.

    Attributes:
        offline: Whether only what is in the Hugging Face cache may be used.
        inspect: Called with a folder that has a ``config.json`` and no weights yet; what it raises spares the download.
        asked: Files that need not be there, but of which it has to be known whether they are: what somebody else put
            into the Hugging Face cache may lack them without the repository doing so.
        patience: How long to wait for the hub, and the limits of what it sends.
    """

    offline: bool
    inspect: Callable[[Path], None]
    asked: tuple[str, ...] = ()
    patience: Patience = field(default_factory=Patience)

    def fetch(self, origin: HubRepository) -> Path:
        """Give the folder of a snapshot: the Hugging Face cache's, if it has one, else downloaded.

        The folder's name is the commit. Only files that a model needs are downloaded: safetensors where there are any.

        Raises:
            UnknownReference: There is no such repository, or it has another name by now.
            SourceError: It could not be downloaded, or it lacks files that a model needs.
            OfflineError: It is not in the cache, and the network is not to be used.
        """
        return cached_snapshot(origin, self.asked) or self._downloaded(origin)

    def _downloaded(self, origin: HubRepository) -> Path:
        if self.offline:
            raise _not_here(origin)
        with _explained(origin):
            listing = self._listing(origin)
            _check_name(origin, listing.name)
            files = _chosen(origin, list(listing.sizes))
            with self._watched(origin):
                return self._fetched(origin, listing, files)

    def _listing(self, origin: HubRepository) -> Listing:
        from huggingface_hub import HfApi

        with self._watched(origin, LARGEST_DESCRIPTION):
            try:
                info = HfApi().model_info(
                    origin.repository, revision=origin.revision, timeout=self.patience.timeout, files_metadata=True
                )
                return Listing(
                    str(info.id), _commit(info.sha), {str(one.rfilename): one.size or 0 for one in info.siblings or ()}
                )
            except MALFORMED as error:
                got = f"the hub's description of {origin.repository!r} cannot be read ({_reason(error)})"
                raise NetworkError(got, "JSON with a commit and files", _remedy(origin)) from error

    def _fetched(self, origin: HubRepository, listing: Listing, files: Sequence[str]) -> Path:
        """Fetch file by file, since the requests of this thread are watched; first those that may refuse the model."""
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import EntryNotFoundError

        def get(name: str, revision: str | None = listing.commit) -> Path:
            path = Path(hf_hub_download(origin.repository, name, revision=revision))
            if not path.is_file():  # an ETag that cannot be makes another thing of it
                raise ValueError(f"{path} is no file")
            return path

        for name in (name for name in files if STATEMENTS.fullmatch(name) or name == SETTINGS):
            get(name)
        self.inspect(get("config.json").parent)
        for name in set(self.asked).difference(files):
            with suppress(EntryNotFoundError):  # which the Hugging Face cache notes
                get(name)
        _check_room(origin, listing, files)
        for name in files:
            get(name)
        get("config.json", origin.revision)  # notes in the cache which commit the branch or tag is
        return get("config.json").parent

    def _watched(self, origin: HubRepository, largest: int | None = None) -> AbstractContextManager[None]:
        from huggingface_hub import constants, get_session

        folder = Path(constants.HF_HUB_CACHE)
        return watched(get_session(), self.patience.limits, folder, _remedy(origin), largest, _bad_name)


def _bad_name(response: Any) -> str:
    """Return a header that huggingface_hub would make the name of a file, though it might lead out of its cache."""
    for header in ("ETag", "X-Linked-ETag", "X-Repo-Commit"):
        value = response.headers.get(header)
        if value is not None and not re.fullmatch(r'(W/)?"?[\w+=:-][\w.+=:-]{0,199}"?', value, re.ASCII):
            return f"{header} {value!r:.100}"
    return ""


@dataclass(frozen=True)
class Listing:
    """A repository as the hub describes it.

    Attributes:
        name: Its present name.
        commit: What its branch or tag is.
        sizes: Bytes of each file, by name; 0 where the hub does not state them.
    """

    name: str
    commit: str
    sizes: dict[str, int]


def _commit(sha: object) -> str:
    if not isinstance(sha, str) or not re.fullmatch("[0-9a-f]{40,64}", sha):
        raise ValueError(f"its commit is {sha!r:.100}")
    return sha


def _check_room(origin: HubRepository, listing: Listing, files: Sequence[str]) -> None:
    """Refuse a repository for whose files the disk has no room, before the first large one is fetched."""
    from huggingface_hub import constants, try_to_load_from_cache

    missing = [
        name
        for name in files
        if not isinstance(try_to_load_from_cache(origin.repository, name, revision=listing.commit), str)
    ]
    check_space(Path(constants.HF_HUB_CACHE), sum(listing.sizes[name] for name in missing))


def _check_name(origin: HubRepository, present: str) -> None:
    """Refuse an old name: the hub still leads from it to the new one, but anybody may take it at any time."""
    if present != origin.repository:
        raise UnknownReference(
            f"the repository {origin.repository!r} is called {present!r} by now", "its present name", "Load that one"
        )


def _chosen(origin: HubRepository, names: Sequence[str]) -> list[str]:
    """Choose the files to download; all kinds of files that a model needs have to be there."""
    files = needed(names)
    lacks = {
        "config.json": "config.json" not in names,
        "model.safetensors or pytorch_model.bin": not files,
        f"subword model ({', '.join(SUBWORD_FILES)})": set(names).isdisjoint(SUBWORD_FILES),
    }
    missing = [name for name, is_missing in lacks.items() if is_missing]
    if missing:
        present = ", ".join(sorted(names)[:20]) or "nothing"
        raise SourceError(
            f"the repository {origin.repository!r} has no {' and no '.join(missing)}; it has {present}",
            "a model in transformers' layout",
            _other_place(origin, names),
        )
    return files


def _other_place(origin: HubRepository, names: Sequence[str]) -> str:
    """Return the remedy for a repository without a model at its root: an old layout has it in a folder."""
    weights = {name.rpartition("/")[0] for name in names if any(p.fullmatch(name.rpartition("/")[2]) for p in WEIGHTS)}
    inner = sorted(folder for folder in weights if folder and f"{folder}/config.json" in names)
    if not inner:
        return "Load another repository, or another revision of this one"
    revision = f" --revision {origin.revision}" if origin.revision else ""
    return f"Run `hf download {origin.repository}{revision} --local-dir DIR`, and load path:DIR/{inner[0]}"


def needed(names: Sequence[str]) -> list[str]:
    """Choose the files that a model needs from those of its repository; none where it has no weights.

    Example:
        >>> needed(["README.md", "config.json", "pytorch_model.bin", "model.safetensors", "onnx/model.onnx"])
        ['config.json', 'model.safetensors']
    """
    for pattern in WEIGHTS:
        weights = [name for name in names if pattern.fullmatch(name)]
        if weights:
            stated = [name for name in names if MODULES in names and STATEMENTS.fullmatch(name)]
            return sorted([name for name in DESCRIPTION if name in names] + stated + weights)
    return []


def cached_snapshot(origin: HubRepository, asked: Sequence[str] = ()) -> Path | None:
    """Give the folder of a snapshot in the Hugging Face cache; None where there is none, or not all of it.

    Args:
        origin: The repository.
        asked: Files of which it has to be known whether they are in the repository.

    Raises:
        UnknownReference: It is no name of a repository.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        path = Path(
            snapshot_download(
                origin.repository, revision=origin.revision, local_files_only=True, allow_patterns=[*DESCRIPTION]
            )
        )
    except LocalEntryNotFoundError:
        return None
    except HFValidationError as error:
        raise UnknownReference(
            f"{origin.repository!r} is no name of a repository", "hf:organisation/name", "Check the name"
        ) from error
    known = all(is_known(origin, path, name) for name in asked)
    return path if known and _is_complete(path) else None


def is_known(origin: HubRepository, folder: Path, name: str) -> bool:
    """Say whether a file is there, or is known to be missing from the repository.

    What the hub puts into every repository and no model needs is here only where the whole of it was downloaded.
    """
    from huggingface_hub import try_to_load_from_cache

    if (folder / ".gitattributes").exists():
        return True
    return try_to_load_from_cache(origin.repository, name, revision=folder.name) is not None


def _is_complete(folder: Path) -> bool:
    """Say whether a snapshot has all that a model needs: a download may have been interrupted."""
    names = {item.name for item in folder.iterdir() if item.is_file()}
    if "config.json" not in names or names.isdisjoint(SUBWORD_FILES):
        return False
    if not all((folder / name).exists() for name in _poolings(folder / MODULES)):
        return False
    weights = {name for name in needed(sorted(names)) if not STATEMENTS.fullmatch(name)} - set(DESCRIPTION)
    indexes = [name for name in weights if name.endswith(".index.json")]
    shards = {shard for name in indexes for shard in _shards(folder / name)}
    return shards <= names and bool(weights) and (bool(indexes) or not any("-of-" in name for name in weights))


def _poolings(modules: Path) -> list[str]:
    """Name the files that say how vectors of sentences are made; none where that is not stated."""
    try:
        stated = [(str(module["type"]), str(module["path"])) for module in json.loads(modules.read_bytes())]
    except (OSError, ValueError, KeyError, TypeError):
        return []  # damaged, if it is there: reading it says how
    return [f"{path}/config.json" for kind, path in stated if kind.endswith("Pooling")]


def _shards(index: Path) -> set[str]:
    try:
        return set(map(str, json.loads(index.read_bytes())["weight_map"].values()))
    except (ValueError, KeyError, AttributeError, TypeError):
        return {""}  # an index that cannot be read is fetched again: no file has this name


@contextmanager
def _explained(origin: HubRepository) -> Iterator[None]:
    """Turn what huggingface_hub and its HTTP client raise into errors of this library."""
    from huggingface_hub import constants, errors

    client_error: Any = errors.HfHubHTTPError.__mro__[1]  # httpx's HTTPError, or that of its successor httpx2
    name = origin.repository
    page = f"{constants.ENDPOINT}/{name}"
    try:
        yield
    except errors.GatedRepoError as error:
        raise SourceError(
            f"the repository {name!r} is gated", "access", f"Accept its conditions at {page} and set HF_TOKEN"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise SourceError(
            f"the repository {name!r} has no revision {origin.revision!r}", "a branch, tag or commit", f"See {page}"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise UnknownReference(
            f"the hub has no repository {name!r}",
            "one that is public",
            "Check the name; for a private one set HF_TOKEN",
        ) from error
    except errors.OfflineModeIsEnabled as error:
        raise _not_here(origin) from error
    except NluLiteError:
        raise
    except (client_error, OSError, *MALFORMED) as error:
        raise NetworkError(
            f"{name!r} could not be fetched from {constants.ENDPOINT} ({_reason(error)})",
            "an answer of the hub",
            _remedy(origin),
        ) from error


def _reason(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__


def _remedy(origin: HubRepository) -> str:
    return (
        "Try again later, set HF_ENDPOINT to a mirror, or fetch it elsewhere with "
        f"`hf download {origin.repository}` and copy the Hugging Face cache"
    )


def _not_here(origin: HubRepository) -> OfflineError:
    from huggingface_hub import constants

    name, revision = origin.repository, origin.revision
    of = f" at revision {revision!r}" if revision else ""
    cache = Path(constants.HF_HUB_CACHE)
    return OfflineError(
        f"the repository {name!r}{of} is not, or not wholly, in the Hugging Face cache ({cache}), and the network is "
        "not to be used",
        "its files",
        f"Fetch it where there is a network: hf download {name}{f' --revision {revision}' if revision else ''}; then "
        f"copy the folder models--{name.replace('/', '--')} of the cache there into the one here",
    )
