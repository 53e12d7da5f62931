"""Load stages and pipelines that this library, `pyspark.ml` or Spark NLP saved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from nlu_lite import annotators
from nlu_lite.annotators.embeddings import ModelStage
from nlu_lite.annotators.models import open_folder
from nlu_lite.annotators.refused import build_error, load_names
from nlu_lite.annotators.saving import PACKAGE, RECIPE, WEIGHTS, name_stage, parse_location
from nlu_lite.annotators.stages import Stage
from nlu_lite.annotators.tokens import TokenizerModel
from nlu_lite.errors import FormatError, SourceError, UnsupportedReference
from nlu_lite.formats.sparknlp.archive import read_archive, read_whole
from nlu_lite.records import SentenceRecipe
from nlu_lite.saving.values import decode_record

S = TypeVar("S", bound=Stage)
SPARK_NLP = "com.johnsnowlabs."
LARGEST = 16 << 20
MODEL_FACTS = ("dimension", "caseSensitive", "engine")
"""Parameters whose defaults are facts about the model, which the archive states less exactly than the model itself."""
PIPELINES = ("Pipeline", "PipelineModel")
CONTEXT = r"""\Q.,;:!?*-()"'\E"""
DEFAULT_RULE = rf"\A([{CONTEXT}]*)([^{CONTEXT}](?:.*[^{CONTEXT}])*)([{CONTEXT}]*)\z"
"""The rule of Spark NLP's `TokenizerModel` if no pattern was set; it is in the archive, as a Java object."""


class StageReader:
    """Reads a stage: ``Stage.read().load(path)``."""

    def __init__(self, stage: Any) -> None:
        self._stage = stage

    def session(self, sparkSession: object) -> StageReader:  # noqa: ARG002  # as in pyspark.ml
        """Return the reader: no session is needed."""
        return self

    def load(self, path: str) -> Any:
        """Return the stage."""
        return self._stage.load(path)


def load_stage(path: str | Path, cls: type[S]) -> S:
    """Load a stage.

    Args:
        path: A folder; for a model also a zip of Spark NLP, or a folder in transformers' layout.
        cls: The class of the stage.

    Raises:
        SourceError: The folder cannot be read.
        FormatError: It holds a stage of another class, or is damaged.
        UnsupportedReference: It holds a stage that the library does not have.
    """
    folder = parse_location(path)
    if issubclass(cls, ModelStage) and not has_metadata(folder) and folder.exists():
        return cls()._adopt(open_folder(cls.__name__, folder))
    metadata = read_metadata(folder)
    name = metadata["class"].rpartition(".")[2]
    found = find_class(name, folder)
    if not issubclass(found, cls):
        got = f"{folder} holds a stage of class {name}"
        raise FormatError(got, f"one of class {cls.__name__}", f"Call {name}.load(path)")
    return fill_stage(found, metadata, folder)


def load_stages(path: str | Path, wanted: str) -> list[Any]:
    """Load the stages of a pipeline.

    Args:
        path: The folder.
        wanted: The class of the pipeline: ``"Pipeline"`` or ``"PipelineModel"``.

    Raises:
        SourceError: The folder cannot be read.
        FormatError: It holds a pipeline of the other class or none, or is damaged.
        UnsupportedReference: It has a stage that the library does not have.
    """
    folder = parse_location(path)
    metadata = read_metadata(folder)
    name = metadata["class"].rpartition(".")[2]
    if name != wanted:
        what = f"a {name}" if name in PIPELINES else f"a stage of class {name}"
        raise FormatError(f"{folder} holds {what}", f"a pipeline of class {wanted}", f"Call {name}.load(path)")
    names = metadata.get("paramMap", {}).get("stageUids")
    if not isinstance(names, list) or not all(isinstance(one, str) and "/" not in one for one in names):
        raise FormatError(f"{folder} has no list of stages", "stageUids in its metadata", "Save the pipeline again")
    return [_load_any(folder / "stages" / name_stage(n, uid, len(names))) for n, uid in enumerate(names)]


def _load_any(folder: Path) -> Any:
    metadata = read_metadata(folder)
    package, _, name = metadata["class"].rpartition(".")
    if name in PIPELINES and not package.startswith(SPARK_NLP):
        create: Any = getattr(annotators, name)
        return create(stages=load_stages(folder, name))
    if package.startswith(("pyspark.", "org.apache.spark.")):
        return _load_spark_stage(folder, metadata["class"])
    return fill_stage(find_class(name, folder), metadata, folder)


def _load_spark_stage(folder: Path, name: str) -> Any:
    from nlu_lite._util.extras import check_extra

    check_extra("pyspark", "spark", f"the stage {name} in {folder}")
    from pyspark.ml.util import DefaultParamsReader
    from pyspark.sql import SparkSession

    context = SparkSession.builder.getOrCreate().sparkContext  # Spark 3.5 takes no session
    return DefaultParamsReader.loadParamsInstance(str(folder), context)


def find_class(name: str, folder: Path) -> type[Any]:
    """Return the class of a stage by its name.

    Raises:
        UnsupportedReference: The library does not have it.
    """
    if name in annotators.__all__ and isinstance(found := getattr(annotators, name), type) and issubclass(found, Stage):
        return found
    if name in PIPELINES:
        raise FormatError(f"{folder} holds a {name}", "one stage", f"Call {name}.load(path)")
    if name in load_names():
        error = build_error(name)
        raise UnsupportedReference(f"{folder}: {error.got}", error.expected, error.remedy)
    got = f"{folder} holds a stage of class {name!r}, which nlu_lite does not know"
    raise UnsupportedReference(got, "a stage of nlu_lite.annotators", "Load it with the library that saved it")


def fill_stage(cls: type[S], metadata: Mapping[str, Any], folder: Path) -> S:
    """Return a stage with the parameters in its metadata, and with its model.

    Raises:
        FormatError: The metadata are damaged.
        UnsupportedReference: A parameter that was set is not known here.
    """
    stage: Any = cls()
    if issubclass(cls, ModelStage):
        stage._adopt(_open_model(cls.__name__, metadata, folder))
    if issubclass(cls, TokenizerModel) and metadata["class"].startswith(SPARK_NLP):
        _check_rules(folder)
    defaults, values = metadata.get("defaultParamMap", {}), metadata.get("paramMap", {})
    if not isinstance(defaults, dict) or not isinstance(values, dict):
        raise FormatError(f"{folder / 'metadata'} has no parameters", "paramMap and defaultParamMap", "Save it again")
    if unknown := [name for name in values if not stage.hasParam(name)]:
        got = f"{folder} has the parameters {unknown} of {cls.__name__}, which nlu_lite does not have"
        raise UnsupportedReference(got, f"one of {', '.join(one.name for one in stage.params)}", "Save it without them")
    known = {name: value for name, value in defaults.items() if stage.hasParam(name) and name not in MODEL_FACTS}
    stage._setDefault(**known)
    stage._set(**values)
    if isinstance(metadata.get("uid"), str):
        stage._resetUid(metadata["uid"])
    filled: S = stage
    return filled


def _open_model(kind: str, metadata: Mapping[str, Any], folder: Path) -> Any:
    if not metadata["class"].startswith(PACKAGE):
        return open_folder(kind, folder)
    recipe = metadata.get(RECIPE)
    try:
        sentence = None if recipe is None else decode_record(SentenceRecipe, recipe)
    except ValueError as error:
        raise FormatError(f"{folder / 'metadata'} is damaged ({error})", "a recipe", "Save the stage again") from error
    return open_folder(kind, folder / WEIGHTS, sentence)


def _check_rules(folder: Path) -> None:
    """Refuse a tokenizer with patterns of its own: they are Java objects, and are not read."""
    parts = sorted((folder / "fields" / "rules").glob("part-*"))
    data = b"".join(part.read_bytes() for part in parts)
    if data and DEFAULT_RULE.encode() not in data:
        got = f"{folder} holds a TokenizerModel with patterns or characters of its own, as a Java object"
        remedy = "Set them again: Tokenizer().setContextChars(...), setInfixPatterns(...)"
        raise UnsupportedReference(got, "a TokenizerModel with Spark NLP's default patterns", remedy)


def has_metadata(path: Path) -> bool:
    """Whether a folder or a zip has metadata of Spark."""
    return any((path / "metadata").glob("part-*")) if path.is_dir() else path.is_file()


def read_metadata(path: Path) -> dict[str, Any]:
    """Return the metadata of a stage in a folder, or of a model in a zip.

    Raises:
        SourceError: There is nothing at the path.
        FormatError: The metadata are damaged, or there are none.
    """
    if not path.exists():
        raise SourceError(f"there is nothing at {path}", "the folder of a saved stage", "Check the path")
    if path.is_dir():
        text = b"".join(part.read_bytes() for part in sorted((path / "metadata").glob("part-*")))
    else:
        members = read_archive(path)
        names = sorted(name for name in members if name.startswith("metadata/part-"))
        text = b"".join(read_whole(members[name], LARGEST) for name in names)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(
            f"{path} has no metadata of a stage ({error})", "one line of JSON", "Save it again"
        ) from error
    if not isinstance(found, dict) or not isinstance(found.get("class"), str):
        raise FormatError(f"{path} has metadata without a class", "the class of a stage", "Save it again")
    return found
