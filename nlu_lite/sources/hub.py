"""Model repositories of the Hugging Face hub, kept in the Hugging Face cache.

`HF_ENDPOINT`, `HF_TOKEN`, `HF_HOME` and the hub's other settings hold, since huggingface_hub itself does the work.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlu_lite.errors import OfflineError, SourceError, UnknownReference
from nlu_lite.records import HubRepository

SETTINGS = "tokenizer_config.json"
DESCRIPTION = (
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
    """

    offline: bool
    inspect: Callable[[Path], None]
    asked: tuple[str, ...] = ()

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
        from huggingface_hub import HfApi, hf_hub_download, snapshot_download
        from huggingface_hub.errors import EntryNotFoundError

        if self.offline:
            raise _not_here(origin)
        with _explained(origin):
            info = HfApi().model_info(origin.repository, revision=origin.revision)
            _check_name(origin, info.id)
            files = _chosen(origin, [file.rfilename for file in info.siblings or ()])
            for name in (name for name in files if STATEMENTS.fullmatch(name) or name == SETTINGS):
                hf_hub_download(origin.repository, name, revision=info.sha)
            self.inspect(Path(hf_hub_download(origin.repository, "config.json", revision=info.sha)).parent)
            for name in set(self.asked).difference(files):
                with suppress(EntryNotFoundError):  # which the Hugging Face cache notes
                    hf_hub_download(origin.repository, name, revision=info.sha)
            snapshot_download(origin.repository, revision=origin.revision, allow_patterns=files)
            return Path(snapshot_download(origin.repository, revision=info.sha, allow_patterns=files))


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
            "Load another repository, or another revision of this one",
        )
    return files


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
    names = {item.name for item in folder.iterdir() if item.exists()}
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
    except (client_error, OSError) as error:
        if isinstance(error, SourceError):
            raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SourceError(
            f"{name!r} could not be fetched from {constants.ENDPOINT} ({reason})",
            "an answer of the hub",
            f"Try again later, or fetch it elsewhere with `hf download {name}` and copy the Hugging Face cache",
        ) from error


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
