"""The files of a model repository: which of them a model needs, and whether a snapshot has them all."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from nlu_lite.errors import SourceError, UnknownReference
from nlu_lite.records import HubRepository

TOKENIZER_CONFIG = "tokenizer_config.json"
DESCRIPTION = (
    "added_tokens.json",
    "config.json",
    "sentencepiece.bpe.model",
    "spiece.model",
    "spm.model",
    "tokenizer.json",
    TOKENIZER_CONFIG,
    "special_tokens_map.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
)
"""The files of a model, other than its weights."""
SUBWORD_FILES = ("sentencepiece.bpe.model", "spiece.model", "spm.model", "tokenizer.json", "vocab.json", "vocab.txt")
WEIGHTS = (
    re.compile(r"model\.safetensors"),
    re.compile(r"model\.safetensors\.index\.json|model-\d+-of-\d+\.safetensors"),
    re.compile(r"pytorch_model\.bin"),
    re.compile(r"pytorch_model\.bin\.index\.json|pytorch_model-\d+-of-\d+\.bin"),
)
"""The names of weights in each layout, in order of preference."""
MODULES = "modules.json"
SENTENCE_FILES = re.compile(
    r"modules\.json|config_sentence_transformers\.json|sentence_bert_config\.json|\d+_\w+/config\.json"
)
"""The files of sentence-transformers, in which authors state how to compute sentence vectors."""


def select_model_files(names: Sequence[str]) -> list[str]:
    """Return those files of a repository that a model needs; an empty list if it has no weights.

    Example:
        >>> select_model_files(["README.md", "config.json", "pytorch_model.bin", "model.safetensors"])
        ['config.json', 'model.safetensors']
    """
    for pattern in WEIGHTS:
        weights = [name for name in names if pattern.fullmatch(name)]
        if weights:
            statements = [name for name in names if MODULES in names and SENTENCE_FILES.fullmatch(name)]
            return sorted([name for name in DESCRIPTION if name in names] + statements + weights)
    return []


def select_downloads(origin: HubRepository, names: Sequence[str]) -> list[str]:
    """Return the files to download from a repository.

    Raises:
        SourceError: The repository lacks files that every model needs.
    """
    files = select_model_files(names)
    is_missing = {
        "config.json": "config.json" not in names,
        "model.safetensors or pytorch_model.bin": not files,
        f"subword model ({', '.join(SUBWORD_FILES)})": set(names).isdisjoint(SUBWORD_FILES),
    }
    missing = [name for name in is_missing if is_missing[name]]
    if missing:
        present = ", ".join(sorted(names)[:20]) or "nothing"
        raise SourceError(
            f"the repository {origin.repository!r} has no {' and no '.join(missing)}; it has {present}",
            "a model in transformers' layout",
            _suggest_folder(origin, names),
        )
    return files


def _suggest_folder(origin: HubRepository, names: Sequence[str]) -> str:
    """Return the remedy for a repository without a model at its root; old repositories have the model in a folder."""
    weights = {name.rpartition("/")[0] for name in names if any(p.fullmatch(name.rpartition("/")[2]) for p in WEIGHTS)}
    folders = sorted(folder for folder in weights if folder and f"{folder}/config.json" in names)
    if not folders:
        return "Load another repository, or another revision of this one"
    revision = f" --revision {origin.revision}" if origin.revision else ""
    return f"Run `hf download {origin.repository}{revision} --local-dir DIR`, and load path:DIR/{folders[0]}"


# --- snapshots in the Hugging Face cache -----------------------------------------------------------------------------


def find_snapshot(origin: HubRepository, optional: Sequence[str] = ()) -> Path | None:
    """Return the folder of a snapshot in the Hugging Face cache; None if it is missing or incomplete.

    Args:
        origin: The repository.
        optional: Files that must be in the snapshot, or known to be missing from the repository.

    Raises:
        UnknownReference: The repository's name is not valid.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    name, patterns = origin.repository, [*DESCRIPTION]
    try:
        path = Path(snapshot_download(name, revision=origin.revision, local_files_only=True, allow_patterns=patterns))
    except LocalEntryNotFoundError:
        return None
    except HFValidationError as error:
        got = f"{name!r} is not a valid name of a repository"
        raise UnknownReference(got, "hf:organisation/name", "Check the name") from error
    is_known = all(is_presence_known(origin, path, file) for file in optional)
    return path if is_known and _is_complete(path) else None


def is_presence_known(origin: HubRepository, folder: Path, name: str) -> bool:
    """Return whether a file is in a snapshot, or is known to be missing from the repository.

    The hub puts a ``.gitattributes`` into every repository, and no model needs it. A snapshot that has it was
    downloaded as a whole.
    """
    from huggingface_hub import try_to_load_from_cache

    if (folder / ".gitattributes").exists():
        return True
    return try_to_load_from_cache(origin.repository, name, revision=folder.name) is not None


def _is_complete(folder: Path) -> bool:
    """Return whether a snapshot has all files that a model needs: a download may have been interrupted."""
    names = {item.name for item in folder.iterdir() if item.is_file()}
    if "config.json" not in names or names.isdisjoint(SUBWORD_FILES):
        return False
    if not all((folder / name).exists() for name in _list_pooling_files(folder / MODULES)):
        return False
    weights = {name for name in select_model_files(sorted(names)) if not SENTENCE_FILES.fullmatch(name)}
    weights -= set(DESCRIPTION)
    indexes = [name for name in weights if name.endswith(".index.json")]
    shards = {shard for name in indexes for shard in _list_shards(folder / name)}
    return shards <= names and bool(weights) and (bool(indexes) or not any("-of-" in name for name in weights))


def _list_pooling_files(modules: Path) -> list[str]:
    """Return the configuration files of the pooling modules; an empty list if none is stated."""
    try:
        stated = [(str(module["type"]), str(module["path"])) for module in json.loads(modules.read_bytes())]
    except (OSError, ValueError, KeyError, TypeError):
        return []  # a damaged file is an error where the sentence recipe is read
    return [f"{path}/config.json" for kind, path in stated if kind.endswith("Pooling")]


def _list_shards(index: Path) -> set[str]:
    try:
        return set(map(str, json.loads(index.read_bytes())["weight_map"].values()))
    except (ValueError, KeyError, AttributeError, TypeError):
        return {""}  # no file has this name, so that an unreadable index is downloaded again
