"""`NluLite`: a stage of a `pyspark.ml` pipeline, which is saved with the pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyspark import keyword_only
from pyspark.ml import Transformer
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable
from pyspark.sql import DataFrame

from nlu_lite import saving
from nlu_lite.errors import OptionError
from nlu_lite.options import PredictOptions
from nlu_lite.pipeline import Pipeline, load
from nlu_lite.spark.frames import predict

OPTIONS = {
    "inputCol": "text_column",
    "outputLevel": "output_level",
    "lang": "lang",
    "langCol": "lang_column",
    "positions": "positions",
    "metadata": "metadata",
    "keepColumns": "keep_columns",
    "missing": "missing",
    "empty": "empty",
}
"""The options of `Pipeline.mapper` by the names of their parameters."""
RUNNING = ("vectors", "chunk", "threads", "device", "archive")
"""The parameters that `nlu_lite.spark.predict` has under the same names."""


@dataclass(frozen=True)
class StageSource:
    """The pipeline of a stage, as its parameters name it.

    Attributes:
        reference: References of models, or None.
        path: Folder of a saved pipeline, or None.
        settings: Content of the folder's file, which a later pipeline at the same path replaces; None for references.
    """

    reference: str | None
    path: str | None
    settings: bytes | None

    def load(self) -> Pipeline:
        """Load the pipeline in the driver."""
        return load(path=self.path) if self.reference is None else load(self.reference)


class NluLite(Transformer, DefaultParamsReadable, DefaultParamsWritable):  # type: ignore[misc]  # they have no types
    """A transformer that adds tokens and vectors to a frame of Spark; see `nlu_lite.spark.predict`.

    Args:
        reference: References as `nlu_lite.load` takes them.
        path: A folder that `Pipeline.save` wrote, instead of references; the driver reads it.
        inputCol: The column of texts; by default ``text``, else the only column of strings.
        outputLevel: ``"token"``, ``"sentence"`` or ``"document"``.
        lang: Language of the texts.
        langCol: The column of language codes.
        positions: Whether columns of offsets are added.
        metadata: Whether columns of numbers and statistics are added.
        keepColumns: Whether the other columns are kept.
        missing: ``"error"`` or ``"skip"``.
        empty: ``"drop"`` or ``"keep"``.
        vectors: ``"array"`` or ``"ml"``.
        chunk: Maximum number of texts that are processed at once. Default: 256.
        threads: Threads of a forward pass in each worker process. Default: 1.
        device: The device of the workers, as for `nlu_lite.load`. Default: that of the pipeline.
        archive: Name of an archive of the saved pipeline on the workers; see `nlu_lite.spark.predict`.

    Raises:
        OptionError: Neither `reference` nor `path` is set, or both are; raised by `transform`.

    Each parameter has a getter and a setter of Spark's kind: ``getInputCol()``, ``setInputCol("review")``.
    """

    reference: Param[str] = Param(Params._dummy(), "reference", "references of models", TypeConverters.toString)
    path: Param[str] = Param(Params._dummy(), "path", "folder of a saved pipeline", TypeConverters.toString)
    inputCol: Param[str] = Param(Params._dummy(), "inputCol", "column of texts", TypeConverters.toString)
    outputLevel: Param[str] = Param(Params._dummy(), "outputLevel", "unit of a row", TypeConverters.toString)
    lang: Param[str] = Param(Params._dummy(), "lang", "language of the texts", TypeConverters.toString)
    langCol: Param[str] = Param(Params._dummy(), "langCol", "column of language codes", TypeConverters.toString)
    positions: Param[bool] = Param(Params._dummy(), "positions", "add offsets", TypeConverters.toBoolean)
    metadata: Param[bool] = Param(Params._dummy(), "metadata", "add numbers and statistics", TypeConverters.toBoolean)
    keepColumns: Param[bool] = Param(Params._dummy(), "keepColumns", "keep other columns", TypeConverters.toBoolean)
    missing: Param[str] = Param(Params._dummy(), "missing", "treatment of nulls", TypeConverters.toString)
    empty: Param[str] = Param(Params._dummy(), "empty", "rows of texts without words", TypeConverters.toString)
    vectors: Param[str] = Param(Params._dummy(), "vectors", "type of vectors", TypeConverters.toString)
    chunk: Param[int] = Param(Params._dummy(), "chunk", "texts at once", TypeConverters.toInt)
    threads: Param[int] = Param(Params._dummy(), "threads", "threads of a worker", TypeConverters.toInt)
    device: Param[str] = Param(Params._dummy(), "device", "device of the workers", TypeConverters.toString)
    archive: Param[str] = Param(Params._dummy(), "archive", "archive of weights", TypeConverters.toString)

    @keyword_only  # type: ignore[untyped-decorator]
    def __init__(
        self,
        *,
        reference: str | None = None,
        path: str | None = None,
        inputCol: str | None = None,
        outputLevel: str | None = None,
        lang: str | None = None,
        langCol: str | None = None,
        positions: bool | None = None,
        metadata: bool | None = None,
        keepColumns: bool | None = None,
        missing: str | None = None,
        empty: str | None = None,
        vectors: str | None = None,
        chunk: int | None = None,
        threads: int | None = None,
        device: str | None = None,
        archive: str | None = None,
    ) -> None:
        super().__init__()
        self._opened: tuple[StageSource, Pipeline] | None = None
        self._setDefault(positions=False, metadata=False, keepColumns=True, missing="error", empty="drop")
        self._setDefault(vectors="array", chunk=256, threads=1)
        self._set(**{name: value for name, value in self._input_kwargs.items() if value is not None})

    def _transform(self, dataset: DataFrame) -> DataFrame:
        chosen = {name: self.getOrDefault(name) for name in OPTIONS if self.isDefined(name)}
        options = PredictOptions(**{OPTIONS[name]: value for name, value in chosen.items()})  # type: ignore[typeddict-item]
        running = {name: self._find(name) for name in RUNNING}
        return predict(dataset, self._load(), **running, **options)

    def _find(self, name: str) -> Any:
        return self.getOrDefault(name) if self.isDefined(name) else None

    def _load(self) -> Pipeline:
        """Load the pipeline once for all frames, and again when its files have changed."""
        reference, path = self._find("reference"), self._find("path")
        if (reference is None) == (path is None):
            got = f"reference={reference!r} and path={path!r}"
            raise OptionError(got, "one of them", "Set one: setReference or setPath")
        source = StageSource(reference, path, None if path is None else _read_settings(path))
        if self._opened is None or self._opened[0] != source or not saving.is_unchanged(self._opened[1]):
            self._opened = source, source.load()
        return self._opened[1]


def _read_settings(path: str) -> bytes | None:
    try:
        return (Path(path) / saving.FILE).read_bytes()
    except OSError:
        return None  # the error is that of `load`


def _add_accessors(stage: Any) -> None:
    """Add the getters and setters of Spark's kind for each parameter."""

    def build(name: str) -> tuple[Any, Any]:
        return lambda self: self.getOrDefault(name), lambda self, value: self._set(**{name: value})

    for name in ("reference", "path", *OPTIONS, *RUNNING):
        suffix = name[0].upper() + name[1:]
        getter, setter = build(name)
        setattr(stage, f"get{suffix}", getter)
        setattr(stage, f"set{suffix}", setter)


_add_accessors(NluLite)
