"""Frames: which column holds the texts, which the languages, and what comes along."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from nlu_lite.errors import InputError, nearest_names
from nlu_lite.frames.arrow import frame_without_views, series_objects, to_objects
from nlu_lite.options import PredictRequest

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


class Sheet(Protocol):
    """A frame of any library."""

    @property
    def names(self) -> list[Hashable]:
        """Names of the columns."""

    @property
    def index(self) -> pd.Index | None:
        """Labels of the rows; None where the library has none."""

    @property
    def height(self) -> int:
        """Number of rows."""

    def values(self, name: Hashable) -> list[object]:
        """Give a column as Python's objects."""

    def holds_strings(self, name: Hashable) -> bool:
        """Whether a column can be the texts; one that is empty or all missing can."""

    def without(self, name: Hashable) -> pd.DataFrame | pa.Table | None:
        """Give the other columns."""


@dataclass(frozen=True)
class PandasSheet:
    """A pandas frame."""

    frame: pd.DataFrame

    @property
    def names(self) -> list[Hashable]:
        """See `Sheet`."""
        return list(self.frame.columns)

    @property
    def index(self) -> pd.Index:
        """See `Sheet`."""
        return self.frame.index

    @property
    def height(self) -> int:
        """See `Sheet`."""
        return len(self.frame)

    def values(self, name: Hashable) -> list[object]:
        """See `Sheet`."""
        return series_objects(self.frame[name])

    def holds_strings(self, name: Hashable) -> bool:
        """See `Sheet`."""
        import pandas as pd
        from pandas.api import types

        column = self.frame[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            return types.is_string_dtype(column.cat.categories.dtype)
        if types.is_object_dtype(column.dtype):
            return types.infer_dtype(column, skipna=True) in ("string", "empty")
        return types.is_string_dtype(column.dtype)

    def without(self, name: Hashable) -> pd.DataFrame:
        """See `Sheet`."""
        kept = self.frame.drop(columns=[name])
        kept.attrs = {}  # of the whole frame, not of its rows
        return frame_without_views(kept.set_flags(allows_duplicate_labels=True))


@dataclass(frozen=True)
class ArrowSheet:
    """An Arrow table."""

    table: pa.Table

    @property
    def names(self) -> list[Hashable]:
        """See `Sheet`."""
        return list(self.table.column_names)

    @property
    def index(self) -> None:
        """See `Sheet`."""
        return

    @property
    def height(self) -> int:
        """See `Sheet`."""
        return int(self.table.num_rows)

    def values(self, name: Hashable) -> list[object]:
        """See `Sheet`."""
        return to_objects(self.table.column(name), name)

    def holds_strings(self, name: Hashable) -> bool:
        """See `Sheet`."""
        import pyarrow as pa

        found = self.table.schema.field(name).type
        found = found.value_type if pa.types.is_dictionary(found) else found
        return bool(pa.types.is_string(found) or pa.types.is_large_string(found) or pa.types.is_null(found))

    def without(self, name: Hashable) -> pa.Table | None:
        """See `Sheet`; a table without columns would have no rows either."""
        return self.table.drop_columns([name]) if self.table.num_columns > 1 else None


def check_names(names: Sequence[Any]) -> None:
    """Refuse columns of the same name."""
    twice = list(dict.fromkeys(name for name in names if names.count(name) > 1))
    if twice:
        raise InputError(f"the column names {twice} stand twice", "column names that differ", "Rename one of them")


def text_column(sheet: Sheet, request: PredictRequest) -> Hashable:
    """Return the name of a frame's column of texts."""
    is_named = request.text_column is not None or "text" in sheet.names
    texts = [] if is_named else [name for name in sheet.names if sheet.holds_strings(name)]
    if not sheet.height and not texts:  # an empty column has any dtype
        texts = sheet.names
    return choose_text_column(sheet.names, texts, request.text_column)


def choose_text_column(names: Sequence[Hashable], texts: Sequence[Hashable], wanted: Hashable | None) -> Hashable:
    """Return the column of texts: the one that is asked for, else ``text``, else the only one that can be texts.

    Args:
        names: All columns.
        texts: The columns that can be texts.
        wanted: The column that is asked for.

    Raises:
        InputError: There is no such column, or none or several can be texts.

    Example:
        >>> choose_text_column(["id", "review"], ["review"], None)
        'review'
    """
    if wanted is not None:
        return _existing(names, wanted, "text_column")
    if "text" in names:
        return "text"
    if len(texts) != 1:
        raise InputError(
            f"no column is called 'text', and {len(texts)} of the columns {list(names)} hold texts",
            "one column of texts",
            "Name it: text_column=...",
        )
    return texts[0]


def languages(
    sheet: Sheet, request: PredictRequest, present: Sequence[bool], check_language: Callable[[str], object]
) -> list[str] | None:
    """Give the code of each row; rows without text need none."""
    if request.lang_column is None:
        return None
    column = sheet.values(_existing(sheet.names, request.lang_column, "lang_column"))
    codes = [code if here else "xx" for code, here in zip(column, present, strict=True)]
    strings = [code for code in codes if isinstance(code, str)]
    if len(strings) < len(codes):
        raise InputError(
            f"lang_column={request.lang_column!r} has values that are no language codes",
            "a code such as 'de' in each row",
            "Fill the gaps with 'xx', which finds the language from the text",
        )
    for code in dict.fromkeys(strings):
        check_language(code)
    return strings


def _existing(names: Sequence[Hashable], name: Hashable, option: str) -> Hashable:
    if name not in names:  # whole names only, and nothing need be hashable
        near = nearest_names(name, names)
        raise InputError(f"{option}={name!r} is no column", f"one of {list(names)}", f"Name one: {option}=...", near)
    return name
