"""The columns that stages read and write, and the check that each column is there before it is read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from nlu_lite.annotators.annotation import Annotation
from nlu_lite.errors import InputError, find_nearest_names


class ColumnKind(Enum):
    """The content of a cell of a column."""

    GIVEN = "given"  # any value of the caller's except annotations: a text, a list of texts, a map
    UNKNOWN = "unknown"  # a column of pandas whose cells are all empty
    ANNOTATIONS = "annotations"  # a list of annotations
    STRING = "string"
    STRINGS = "strings"  # a list of str
    PAIRS = "pairs"  # a list of pairs of a name and a str
    ARRAYS = "arrays"  # a list of vectors, float32 [d] each
    VECTORS = "vectors"  # a list of vectors, on Spark those of `pyspark.ml`


@dataclass(frozen=True)
class Column:
    """A column of a frame.

    Attributes:
        kind: The content of its cells.
        annotator_type: The type of its annotations; None if it has none, or is not known to have any.
        compat: The library whose results it reproduces, if that is known.
    """

    kind: ColumnKind
    annotator_type: str | None = None
    compat: str | None = None


GIVEN = Column(ColumnKind.GIVEN)


@dataclass(frozen=True)
class Rows:
    """The rows of a frame that stages run over, as plain values.

    Attributes:
        columns: Cells by name of the column.
        source: The number of each row's input row; a stage can write several rows for one.
    """

    columns: dict[str, list[Any]]
    source: list[int]

    def get_annotations(self, names: Sequence[str]) -> list[list[Annotation]]:
        """Return for each row the annotations of several columns, in the order of the names."""
        cells = [self.columns[name] for name in names]
        return [[one for cell in row for one in cell] for row in zip(*cells, strict=True)]

    def add(self, name: str, cells: list[Any]) -> Rows:
        """Return the rows with another column."""
        return Rows({**self.columns, name: cells}, self.source)


class Runnable(Protocol):
    """A stage, as the functions that run stages see it."""

    @property
    def uid(self) -> str:
        """Its identifier, for messages."""

    def list_reads(self) -> Mapping[str, Collection[str]]:
        """Return the types of annotations that each column read may have; none for columns of the caller's."""

    def list_types(self) -> Collection[str]:
        """Return the types of annotations that the stage needs, a column each."""

    def list_writes(self) -> Mapping[str, Column]:
        """Return the columns written."""

    def drops_annotations(self) -> bool:
        """Whether columns of annotations are dropped when the stage has run."""

    def check(self) -> None:
        """Check the parameters, before any stage runs."""

    def inherit(self, columns: Mapping[str, Column]) -> Runnable:
        """Return this stage with the parameters that the columns it reads determine."""

    def run(self, rows: Rows) -> Rows:
        """Add the columns of this stage to rows."""

    def reshape(self, rows: Rows) -> Rows:
        """Change the rows of a frame when the stage has run; `LightPipeline` does not."""


@dataclass(frozen=True)
class Plan:
    """The columns of a frame that stages read, write and drop.

    Attributes:
        reads: The columns of the frame that are read.
        writes: The columns that the result has in addition, or in place of columns of the frame.
        drops: The columns of the frame that the result lacks.
        stages: The stages, with the parameters that their columns determine.
    """

    reads: dict[str, Column] = field(default_factory=dict)
    writes: dict[str, Column] = field(default_factory=dict)
    drops: tuple[str, ...] = ()
    stages: tuple[Any, ...] = ()


def plan(stages: Sequence[Runnable], frame: Mapping[str, Column]) -> Plan:
    """Check that each stage finds its columns, and return the columns of all.

    Args:
        stages: The stages, in order.
        frame: The columns of the frame.

    Raises:
        InputError: A stage reads a column that neither the frame nor an earlier stage has, or whose annotations have
            another type.
        OptionError: A parameter is missing.
    """
    reads: dict[str, Column] = {}
    writes: dict[str, Column] = {}
    drops: list[str] = []
    adapted: list[Runnable] = []
    for given in stages:
        given.check()
        known = {name: column for name, column in {**frame, **writes}.items() if name in writes or name not in drops}
        for name, types in given.list_reads().items():
            _check_column(given, name, types, known)
            if name not in writes:
                reads[name] = Column(ColumnKind.ANNOTATIONS if types else ColumnKind.GIVEN)
        _check_types(given, known)
        stage = given.inherit(known)
        adapted.append(stage)
        writes |= stage.list_writes()
        if stage.drops_annotations():
            drops += [name for name, column in frame.items() if column.kind is ColumnKind.ANNOTATIONS]
            writes = {name: one for name, one in writes.items() if one.kind is not ColumnKind.ANNOTATIONS}
    return Plan(reads, writes, tuple(drops), tuple(adapted))


def _check_column(stage: Runnable, name: str, types: Collection[str], known: Mapping[str, Column]) -> None:
    if name not in known:
        have = [other for other, column in known.items() if types and column.annotator_type in types]
        shown = ", ".join(map(repr, have or known)) or "a frame with columns"
        wanted = f" of type {' or '.join(types)}" if types else ""
        raise InputError(
            f"stage {stage.uid} reads the column {name!r}{wanted}, which neither the frame nor an earlier stage has",
            f"one of {shown}" if known else shown,
            "Set the input columns of this stage, or put the stage that writes the column before it",
            find_nearest_names(name, known),
        )
    found = known[name].annotator_type
    if types and known[name].kind is ColumnKind.GIVEN:
        got = f"stage {stage.uid} reads the column {name!r}, which holds no annotations"
        raise InputError(got, f"a column of type {' or '.join(types)}", "Put the stages that write it before this one")
    if types and found is not None and found not in types:
        fitting = [other for other, column in known.items() if column.annotator_type in types]
        got = f"stage {stage.uid} reads the column {name!r}, whose annotations are of type {found}"
        expected = f"a column of type {' or '.join(types)}" + (f": {', '.join(map(repr, fitting))}" if fitting else "")
        raise InputError(got, expected, "Set the input columns of this stage")


def _check_types(stage: Runnable, known: Mapping[str, Column]) -> None:
    """Check that each type of annotations that a stage needs is that of a column, where the types are known."""
    names = list(stage.list_reads())
    types = {known[name].annotator_type for name in names}
    missing = [one for one in stage.list_types() if one not in types]
    if missing and None not in types:
        fitting = [other for other, column in known.items() if column.annotator_type == missing[0]]
        got = (
            f"stage {stage.uid} reads {', '.join(map(repr, names))}, none of which has annotations of type {missing[0]}"
        )
        expected = f"a column of this type: {', '.join(map(repr, fitting))}" if fitting else "a column of this type"
        raise InputError(got, expected, "Call setInputCols(...) of this stage")


def run(stages: Sequence[Runnable], rows: Rows) -> Rows:
    """Run stages over rows, in order."""
    for stage in stages:
        rows = stage.reshape(stage.run(rows))
    return rows
