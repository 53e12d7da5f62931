"""What a result looks like."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, Flag, auto
from importlib.util import find_spec

from nlu_lite.errors import MissingExtra, OptionError


class Level(Enum):
    """What a row of the result is."""

    TOKEN = "token"
    SENTENCE = "sentence"
    DOCUMENT = "document"


class Also(Flag):
    """What stands beside strings and vectors."""

    NOTHING = 0
    POSITIONS = auto()
    METADATA = auto()


class Form(Enum):
    """The library whose frame the result is."""

    PANDAS = "pandas"
    ARROW = "arrow"
    POLARS = "polars"


class Cells(Enum):
    """What a vector is in a pandas frame: a view of a row of the matrix, or a cell of an Arrow column."""

    NUMPY = "numpy"
    ARROW = "arrow"


class Empty(Enum):
    """What to do with documents without words."""

    DROP = "drop"
    KEEP = "keep"


@dataclass(frozen=True)
class Layout:
    """What a result looks like.

    Attributes:
        level: What a row is; also the name of the column of strings.
        also: What stands beside strings and vectors.
        form: The library whose frame it is.
        cells: What a vector is, in a pandas frame.
        empty: Whether a document without words has a row.
    """

    level: Level
    also: Also = Also.NOTHING
    form: Form = Form.PANDAS
    cells: Cells = Cells.NUMPY
    empty: Empty = Empty.DROP


def check_rows(layout: Layout) -> None:
    """Refuse a row for a document without words where each row is a word.

    Raises:
        OptionError: Such rows are asked for.
    """
    if layout.empty is Empty.KEEP and layout.level is Level.TOKEN:
        raise OptionError(
            'empty="keep" at the token level, where a text without words has no token to make a row of',
            "it at the sentence or document level",
            'Pass output_level="sentence" or output_level="document", or leave empty= out',
        )


def check_installed(layout: Layout) -> None:
    """Refuse, before any work, a layout whose packages are not there.

    Raises:
        MissingExtra: One is missing.
    """
    if layout.form is Form.POLARS:
        _check('as_="polars"', "polars", "polars")
    if layout.form is not Form.PANDAS:
        _check(f'as_="{layout.form.value}"', "pyarrow", layout.form.value)
    if layout.cells is Cells.ARROW:
        _check('vectors="arrow"', "pyarrow", "arrow")


def _check(asked: str, package: str, extra: str) -> None:
    if find_spec(package) is None:
        raise MissingExtra(f"{asked} needs {package}", remedy=f'Run: pip install "nlu-lite[{extra}]"')
