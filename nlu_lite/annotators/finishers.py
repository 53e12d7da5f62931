"""`EmbeddingsFinisher` and `Finisher`: from annotations to vectors and strings."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from nlu_lite.annotators.annotation import Annotation, AnnotatorType
from nlu_lite.annotators.columns import Column, ColumnKind, Rows
from nlu_lite.annotators.parameters import Parameter, Parameters, check_flag, check_text, check_texts
from nlu_lite.annotators.stages import Stage
from nlu_lite.errors import OptionError

VECTOR_TYPES = (AnnotatorType.WORD_EMBEDDINGS, AnnotatorType.SENTENCE_EMBEDDINGS)
ANY_TYPE = tuple(value for name, value in vars(AnnotatorType).items() if name.isupper())


class FinisherStage(Stage):
    """A stage that turns columns of annotations into columns of values."""

    acceptedTypes: ClassVar[Collection[str]] = ANY_TYPE
    outputAnnotatorType: ClassVar[str | None] = None
    parameters: ClassVar[Parameters] = (
        Parameter("inputCols", "the names of the columns of annotations that are read", check_texts),
        Parameter("outputCols", "the names of the columns of values that are written", check_texts, []),
    )

    def setInputCols(self, *value: str | Sequence[str]) -> Self:
        """Set the names of the columns that are read: names, or a list of them."""
        return self._set(inputCols=value[0] if len(value) == 1 and not isinstance(value[0], str) else value)

    def setOutputCols(self, *value: str | Sequence[str]) -> Self:
        """Set the names of the columns that are written: names, or a list of them."""
        return self._set(outputCols=value[0] if len(value) == 1 and not isinstance(value[0], str) else value)

    def getOutputCols(self) -> list[str]:
        """Return the names of the columns that are written: by default ``finished_<column>``."""
        return self._get("outputCols") or [f"finished_{name}" for name in self._get("inputCols") or []]

    def check(self) -> None:
        """Check the columns.

        Raises:
            OptionError: No column is set, or there are more or fewer output than input columns.
        """
        reads, writes = self._get("inputCols") or [], self.getOutputCols()
        if not reads:
            got = f"stage {self.uid} has no inputCols"
            raise OptionError(got, "the name of each column", "Call setInputCols(...) of this stage")
        if len(reads) != len(writes):
            got = f"stage {self.uid} has {len(reads)} input columns and {len(writes)} output columns"
            raise OptionError(got, "an output column for each input column", "Call setOutputCols(...) of this stage")

    def list_reads(self) -> Mapping[str, Collection[str]]:
        """See `Runnable`."""
        return dict.fromkeys(self._get("inputCols"), self.acceptedTypes)

    def drops_annotations(self) -> bool:
        """See `Runnable`."""
        return bool(self._get("cleanAnnotations"))

    def run(self, rows: Rows) -> Rows:
        """See `Runnable`."""
        for source, target in zip(self._get("inputCols"), self.getOutputCols(), strict=True):
            for name, cells in self.finish(target, rows.columns[source]).items():
                rows = rows.add(name, cells)
        return rows

    @abstractmethod
    def finish(self, target: str, cells: Sequence[Sequence[Annotation]]) -> dict[str, list[Any]]:
        """Return the columns of values for a column of annotations."""


class EmbeddingsFinisher(FinisherStage):
    """Turns vectors of annotations into lists of vectors, float32 [d] each: on Spark array<array<float>>.

    With ``outputAsVector`` they are vectors of `pyspark.ml` on Spark, and float64 elsewhere.
    """

    name = "EmbeddingsFinisher"
    acceptedTypes: ClassVar[Collection[str]] = VECTOR_TYPES
    parameters = (
        Parameter("cleanAnnotations", "whether the columns of annotations are dropped", check_flag, False),
        Parameter("outputAsVector", "whether vectors are those of `pyspark.ml`", check_flag, False),
    )

    def list_writes(self) -> Mapping[str, Column]:
        """See `Runnable`."""
        kind = ColumnKind.VECTORS if self._get("outputAsVector") else ColumnKind.ARRAYS
        return dict.fromkeys(self.getOutputCols(), Column(kind))

    def finish(self, target: str, cells: Sequence[Sequence[Annotation]]) -> dict[str, list[Any]]:
        """See `FinisherStage`."""
        dtype = np.float64 if self._get("outputAsVector") else np.float32
        return {target: [[np.asarray(one.embeddings, dtype) for one in cell] for cell in cells]}


class Finisher(FinisherStage):
    """Turns annotations into their strings: a list of str, or one str with separators."""

    name = "Finisher"
    parameters = (
        Parameter("cleanAnnotations", "whether the columns of annotations are dropped", check_flag, True),
        Parameter("includeMetadata", "whether the metadata are included", check_flag, False),
        Parameter("outputAsArray", "whether the strings are a list, rather than joined", check_flag, True),
        Parameter(
            "parseEmbeddingsVectors",
            "whether vectors replace the strings of annotations that have one",
            check_flag,
            False,
        ),
        Parameter("valueSplitSymbol", "the separator of the values of an annotation", check_text, "#"),
        Parameter("annotationSplitSymbol", "the separator of annotations", check_text, "@"),
    )

    def list_writes(self) -> Mapping[str, Column]:
        """See `Runnable`."""
        is_array, written = self._get("outputAsArray"), {}
        for name in self.getOutputCols():
            written[name] = Column(ColumnKind.STRINGS if is_array else ColumnKind.STRING)
            if is_array and self._get("includeMetadata"):
                written[f"{name}_metadata"] = Column(ColumnKind.PAIRS)
        return written

    def finish(self, target: str, cells: Sequence[Sequence[Annotation]]) -> dict[str, list[Any]]:
        """See `FinisherStage`."""
        if not self._get("outputAsArray"):
            return {target: [self._get("annotationSplitSymbol").join(map(self._join, cell)) for cell in cells]}
        found: dict[str, list[Any]] = {target: [[self._show(one, " ") for one in cell] for cell in cells]}
        if self._get("includeMetadata"):
            found[f"{target}_metadata"] = [[pair for one in cell for pair in one.metadata.items()] for cell in cells]
        return found

    def _join(self, one: Annotation) -> str:
        separator = self._get("valueSplitSymbol")
        if not self._get("includeMetadata"):
            return self._show(one, separator)
        values = {**one.metadata, "result": self._show(one, separator)}
        return str(separator.join(f"{name}->{value}" for name, value in values.items()))

    def _show(self, one: Annotation, separator: str) -> str:
        if self._get("parseEmbeddingsVectors") and one.annotatorType in VECTOR_TYPES:
            return show_vector(one, separator)
        return str(one.result)


def show_vector(one: Annotation, separator: str = " ") -> str:
    """Return the numbers of an annotation's vector, as few digits as they need."""
    return separator.join(str(value) for value in np.asarray(one.embeddings, np.float32))
