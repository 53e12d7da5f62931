"""Save stages and pipelines to folders in the layout of `pyspark.ml`, with the weights of their models."""

from __future__ import annotations

import json
import shutil
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from nlu_lite import formats, saving
from nlu_lite._util.atomic import write_folder_atomically
from nlu_lite._util.os_errors import translate_write_errors
from nlu_lite._util.paths import expand_user
from nlu_lite._version import __version__
from nlu_lite.annotators.embeddings import ModelStage
from nlu_lite.annotators.models import get_model
from nlu_lite.annotators.stages import Stage
from nlu_lite.errors import IntegrityError, OptionError, SourceError
from nlu_lite.pipeline import Pipeline
from nlu_lite.store.checkpoints import load_checkpoint

PACKAGE = "nlu_lite.annotators"
WEIGHTS = "model"
"""The folder of the weights within that of a stage, in transformers' layout."""
RECIPE = "recipe"
"""The key of the recipe of sentence vectors in the metadata."""


class Writer(ABC):
    """Writes a stage or a pipeline to a folder of this machine: ``stage.write().overwrite().save(path)``."""

    def __init__(self) -> None:
        self._replaces = False

    def overwrite(self) -> Self:
        """Replace what is at the path."""
        self._replaces = True
        return self

    def session(self, sparkSession: object) -> Self:  # noqa: ARG002  # as in pyspark.ml
        """Return the writer: no session is needed."""
        return self

    def option(self, key: str, value: object) -> Self:  # noqa: ARG002  # as in pyspark.ml
        """Return the writer: there are no options."""
        return self

    def save(self, path: str | Path) -> None:
        """Write the folder, whole or not at all.

        Raises:
            SourceError: The folder exists and is not to be replaced, or cannot be written.
            OptionError: The path is not on this machine.
            IntegrityError: The files of a model have changed since it was opened.
        """
        folder = parse_location(path)
        if folder.exists() and not self._replaces:
            remedy = "Call write().overwrite().save(path) to replace it"
            raise SourceError(f"there is something at {folder}", "the path of a new folder", remedy)
        old = folder.with_name(f".{uuid4().hex}.old")
        with translate_write_errors(folder), write_folder_atomically(folder) as part:
            self.fill(part)
            if folder.exists():
                folder.rename(old)
        shutil.rmtree(old, ignore_errors=True)

    @abstractmethod
    def fill(self, folder: Path) -> None:
        """Write the files to an empty folder."""


class StageWriter(Writer):
    """Writes a stage."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage

    def fill(self, folder: Path) -> None:
        """See `Writer`."""
        extra = {}
        if isinstance(self._stage, ModelStage) and self._stage._opened is not None:
            extra = write_weights(self._stage._opened, folder / WEIGHTS)
        maps = {"paramMap": self._stage._paramMap, "defaultParamMap": self._stage._defaultParamMap}
        values = {key: {param.name: value for param, value in known.items()} for key, known in maps.items()}
        write_metadata(folder, self._stage, {**values, **extra})


class PipelineWriter(Writer):
    """Writes a pipeline and its stages."""

    def __init__(self, pipeline: Any, stages: Sequence[Any]) -> None:
        super().__init__()
        self._pipeline, self._stages = pipeline, stages

    def fill(self, folder: Path) -> None:
        """See `Writer`."""
        names = [stage.uid for stage in self._stages]
        write_metadata(folder, self._pipeline, {"paramMap": {"stageUids": names, "language": "Python"}})
        for number, stage in enumerate(self._stages):
            stage.write().save(str(folder / "stages" / name_stage(number, stage.uid, len(names))))


def name_stage(number: int, uid: str, count: int) -> str:
    """Return the name of a stage's folder, as in `pyspark.ml`."""
    return f"{str(number).zfill(len(str(count)))}_{uid}"


def write_metadata(folder: Path, stage: Any, values: dict[str, Any]) -> None:
    """Write the metadata of a stage, as `pyspark.ml` does."""
    metadata = {"class": f"{PACKAGE}.{type(stage).__name__}", "uid": stage.uid, "nlu_lite": __version__, **values}
    (folder / "metadata").mkdir()
    (folder / "metadata" / "part-00000").write_text(json.dumps(metadata) + "\n", encoding="utf-8")
    (folder / "metadata" / "_SUCCESS").touch()


def write_weights(pipeline: Pipeline, folder: Path) -> dict[str, Any]:
    """Write the files of a model, and return what else is needed to open them, as JSON values.

    Raises:
        IntegrityError: The files have changed since the model was opened.
    """
    model = get_model(pipeline)
    loaded = load_checkpoint(saving.pin_origin(model), replace(pipeline.access, revision=None))
    if loaded.digest != model.digest:
        got = f"the files of {model.spec.name!r} have changed since they were loaded"
        raise IntegrityError(got, "the files that the stage runs", "Load the stage again")
    folder.mkdir()
    formats.write_checkpoint(loaded.checkpoint, folder)
    recipe = loaded.spec.sentence
    return {"model": model.spec.name, RECIPE: None if recipe is None else saving.encode_record(recipe)}


def parse_location(path: str | Path) -> Path:
    """Return the path of a folder on this machine.

    Raises:
        OptionError: It is on another file system.

    Example:
        >>> parse_location("file:///tmp/model").as_posix()
        '/tmp/model'
    """
    text = str(path)
    scheme, colon, rest = text.partition(":")
    if not colon or len(scheme) < 2:  # one letter is a drive
        return expand_user(path)
    if scheme != "file":
        got = f"{text!r} is on the file system {scheme!r}"
        raise OptionError(got, "a path on this machine", "Save to or load from a local folder, and copy it")
    return expand_user("/" + rest.lstrip("/"))
