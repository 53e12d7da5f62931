"""`Pipeline` and `PipelineModel`: stages that run together."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Self

from nlu_lite.annotators import bases
from nlu_lite.annotators.frames import check_frame, transform_frame
from nlu_lite.annotators.stages import Stage
from nlu_lite.errors import OptionError


class StoredStages:
    """The reading and saving of sequences of stages: `Pipeline` and `PipelineModel`."""

    @abstractmethod
    def write(self) -> Any:
        """Return a writer: ``pipeline.write().overwrite().save(path)``."""

    @classmethod
    def read(cls) -> Any:
        """Return a reader: ``Pipeline.read().load(path)``."""
        from nlu_lite.annotators.loading import StageReader

        return StageReader(cls)

    @classmethod
    def load(cls, path: str) -> Self:
        """Load a pipeline that this library, `pyspark.ml` or Spark NLP saved.

        Raises:
            SourceError: The folder cannot be read.
            FormatError: It holds a pipeline of the other class, or a single stage, or is damaged.
            UnsupportedReference: It has a stage that the library does not have.
        """
        from nlu_lite.annotators.loading import load_stages

        create: Any = cls
        loaded: Self = create(stages=load_stages(path, cls.__name__))
        return loaded

    def save(self, path: str) -> None:
        """Save the stages to a new folder."""
        self.write().save(path)


class Pipeline(StoredStages, bases.Pipeline):
    """A sequence of stages; on a machine with Spark it is a Pipeline of `pyspark.ml`, and takes other stages too.

    Args:
        stages: The stages, in order.

    Example:
        >>> from nlu_lite.annotators import DocumentAssembler, Tokenizer
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"text": ["Good morning."]})
        >>> model = Pipeline(stages=[DocumentAssembler().setInputCol("text"), Tokenizer()]).fit(frame)
        >>> [token.result for token in model.transform(frame)["token"][0]]
        ['Good', 'morning', '.']
    """

    def _fit(self, dataset: Any) -> PipelineModel:
        stages = _list_stages(self)
        if all(isinstance(stage, Stage | PipelineModel) for stage in stages):
            check_frame(list(flatten(stages)), dataset)
            return PipelineModel(stages)
        return PipelineModel(bases.Pipeline(stages=stages)._fit(dataset).stages)

    def write(self) -> Any:
        """Return a writer: ``pipeline.write().overwrite().save(path)``."""
        from nlu_lite.annotators.saving import PipelineWriter

        return PipelineWriter(self, self.getStages())


class PipelineModel(StoredStages, bases.PipelineModel):
    """A sequence of stages that transforms frames of pandas, Arrow, Polars and Spark.

    Consecutive stages of this library run together: on Spark, each partition passes through Python once.

    Args:
        stages: The stages, in order.
    """

    def _transform(self, dataset: Any) -> Any:
        for is_own, stages in groupby(flatten(self.stages), lambda stage: isinstance(stage, Stage)):
            if is_own:
                dataset = transform_frame(list(stages), dataset)
            else:
                for stage in stages:
                    dataset = stage.transform(dataset)
        return dataset

    def copy(self, extra: Any = None) -> PipelineModel:
        """Return a copy with other values of some parameters."""
        return PipelineModel([stage.copy(extra or {}) for stage in self.stages])

    def write(self) -> Any:
        """Return a writer: ``model.write().overwrite().save(path)``."""
        from nlu_lite.annotators.saving import PipelineWriter

        return PipelineWriter(self, self.stages)


def _list_stages(pipeline: Pipeline) -> list[Any]:
    """Return the stages of a pipeline, and those of pipelines among them.

    Raises:
        OptionError: They are not set, are no list, or one of them cannot be a stage.
    """
    stages = pipeline.getStages() if pipeline.isDefined("stages") else None
    if not isinstance(stages, list | tuple):
        got = f"stage {pipeline.uid} has {'no stages' if stages is None else f'stages of type {type(stages).__name__}'}"
        raise OptionError(got, "a list of stages", "Call Pipeline(stages=[...]) or setStages([...])")
    found: list[Any] = []
    for stage in stages:
        found += _list_stages(stage) if isinstance(stage, Pipeline) else [stage]
    if wrong := [stage for stage in found if not isinstance(stage, (bases.Transformer, *bases.ESTIMATORS))]:
        raise _refuse_stage(wrong[0])
    return found


def _refuse_stage(stage: object) -> OptionError:
    if isinstance(stage, type):
        got = f"a pipeline has the class {stage.__name__} as a stage"
        return OptionError(got, "an instance of the class", f"Create it: {stage.__name__}()")
    got = f"a pipeline has a stage of type {type(stage).__name__}"
    return OptionError(got, "stages of nlu_lite.annotators or transformers of pyspark.ml", "Remove it")


def flatten(stages: Sequence[Any]) -> Iterator[Any]:
    """Yield stages, and those of pipelines among them.

    Raises:
        OptionError: A stage is an estimator that has not been fitted.
    """
    for stage in stages:
        if isinstance(stage, bases.PipelineModel):
            yield from flatten(stage.stages)
        elif isinstance(stage, bases.Transformer):
            yield stage
        else:
            raise _refuse_stage(stage)
