"""`Stage`: the base of all annotators, and the columns that they have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, Self

from nlu_lite.annotators.annotation import Annotation
from nlu_lite.annotators.bases import MLWritable, Transformer
from nlu_lite.annotators.columns import Column, ColumnKind, Rows
from nlu_lite.annotators.parameters import Parameter, Parameterized, Parameters, check_flag, check_text, check_texts
from nlu_lite.errors import OptionError


class Stage(Parameterized, Transformer, MLWritable):
    """A stage of a pipeline: it adds columns to frames of pandas, Arrow, Polars and Spark.

    On a machine with Spark it is a Transformer of `pyspark.ml`.
    """

    def fit(self, dataset: Any) -> Self:
        """Check the columns of a frame, and return this stage: nothing is trained.

        Raises:
            InputError: The frame lacks a column.
        """
        from nlu_lite.annotators.frames import check_frame

        check_frame([self], dataset)
        return self

    def _transform(self, dataset: Any) -> Any:
        from nlu_lite.annotators.frames import transform_frame

        return transform_frame([self], dataset)

    @abstractmethod
    def list_reads(self) -> Mapping[str, Collection[str]]:
        """See `Runnable`."""

    def list_types(self) -> Collection[str]:
        """See `Runnable`."""
        return ()

    @abstractmethod
    def list_writes(self) -> Mapping[str, Column]:
        """See `Runnable`."""

    def drops_annotations(self) -> bool:
        """See `Runnable`."""
        return False

    def check(self) -> None:
        """See `Runnable`."""

    @abstractmethod
    def run(self, rows: Rows) -> Rows:
        """See `Runnable`."""

    def reshape(self, rows: Rows) -> Rows:
        """See `Runnable`."""
        return rows

    def inherit(self, columns: Mapping[str, Column]) -> Self:  # noqa: ARG002  # stages with a model use it
        """See `Runnable`."""
        return self

    def prepare_pickling(self, threads: int) -> Self:  # noqa: ARG002
        """Return this stage with a model that is opened where the stage is unpickled, with a number of threads."""
        return self

    def write(self) -> Any:
        """Return a writer: ``stage.write().overwrite().save(path)``."""
        from nlu_lite.annotators.saving import StageWriter

        return StageWriter(self)

    def save(self, path: str) -> None:
        """Save the stage to a new folder.

        Raises:
            SourceError: The folder exists, or cannot be written.
        """
        self.write().save(path)

    @classmethod
    def load(cls, path: str) -> Self:
        """Load a stage that this library or Spark NLP saved.

        Raises:
            SourceError: The folder cannot be read.
            FormatError: It holds another stage, or is damaged.
        """
        from nlu_lite.annotators.loading import load_stage

        return load_stage(path, cls)

    @classmethod
    def read(cls) -> Any:
        """Return a reader: ``Stage.read().load(path)``."""
        from nlu_lite.annotators.loading import StageReader

        return StageReader(cls)


class AnnotatorStage(Stage):
    """A stage that reads columns of annotations, and writes one.

    Attributes:
        inputAnnotatorTypes: The types of annotations that it reads, a column each.
        optionalInputAnnotatorTypes: The types that it can read in addition; none.
        outputAnnotatorType: The type of annotations that it writes.
    """

    optionalInputAnnotatorTypes: ClassVar[list[str]] = []

    inputAnnotatorTypes: ClassVar[list[str]] = []
    outputAnnotatorType: ClassVar[str] = ""
    parameters: ClassVar[Parameters] = (
        Parameter("inputCols", "the names of the columns of annotations that are read", check_texts),
        Parameter("outputCol", "the name of the column of annotations that is written", check_text),
        Parameter("lazyAnnotator", "whether `LightPipeline` leaves this stage out", check_flag, False),
    )

    def setInputCols(self, *value: str | Sequence[str]) -> Self:
        """Set the names of the columns that are read: names, or a list of them, in any order.

        Raises:
            OptionError: The number of names is not that of the types that the stage reads.
        """
        return self._set(inputCols=self.inputColsValidation(value))

    def inputColsValidation(self, value: Sequence[Any]) -> list[str]:
        """Return the names of columns that `setInputCols` was given.

        Raises:
            OptionError: Their number is not that of the types that the stage reads.
        """
        names = value[0] if len(value) == 1 and not isinstance(value[0], str) else value
        wanted = self.inputAnnotatorTypes
        checked = check_texts("inputCols", names)
        if len(checked) != len(wanted):
            got = f"{type(self).__name__}.setInputCols was given {len(checked)} columns: {', '.join(checked) or 'none'}"
            expected = f"{len(wanted)}: {' and '.join(f'a column of type {one}' for one in wanted)}"
            raise OptionError(got, expected, "Pass their names")
        return checked

    def list_reads(self) -> Mapping[str, Collection[str]]:
        """See `Runnable`."""
        return dict.fromkeys(self._get("inputCols"), self.inputAnnotatorTypes)

    def list_types(self) -> Collection[str]:
        """See `Runnable`."""
        return self.inputAnnotatorTypes

    def list_writes(self) -> Mapping[str, Column]:
        """See `Runnable`."""
        compat = self._get("compat") if self.hasParam("compat") else None
        return {self._get("outputCol"): Column(ColumnKind.ANNOTATIONS, self.outputAnnotatorType, compat)}

    def check(self) -> None:
        """Check that the columns are set.

        Raises:
            OptionError: A column is not set.
        """
        for name, setter in (("inputCols", "setInputCols"), ("outputCol", "setOutputCol")):
            if not self._get(name):
                got = f"stage {self.uid} has no {name}"
                raise OptionError(got, "the name of each column", f"Call {setter}(...) of this stage")

    def run(self, rows: Rows) -> Rows:
        """See `Runnable`."""
        cells = self.annotate(rows.get_annotations(self._get("inputCols")))
        return rows.add(self._get("outputCol"), cells)

    def annotate(self, rows: Sequence[Sequence[Annotation]]) -> list[list[Annotation]]:
        """Return the annotations of each row.

        Args:
            rows: For each row the annotations of all input columns.
        """
        raise NotImplementedError


def select(annotations: Sequence[Annotation], annotator_type: str) -> list[Annotation]:
    """Return the annotations of a type."""
    return [one for one in annotations if one.annotatorType == annotator_type]


def get_sentence_number(annotation: Annotation) -> str:
    """Return the number of an annotation's sentence, as a str."""
    return str(annotation.metadata.get("sentence", "0"))
