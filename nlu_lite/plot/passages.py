"""The text around the rows of a frame: from a column of texts, from offsets, or from the other tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nlu_lite.frames import DOCUMENT_NUMBER, INDEX, find_sentences
from nlu_lite.plot.escaping import LONGEST, shorten_left
from nlu_lite.plot.spacing import join_by_characters, join_by_offsets
from nlu_lite.records import Bools, Int64s, Ints

if TYPE_CHECKING:
    import pandas as pd

LEVELS = ("token", "sentence", "document")
"""The columns of predict that hold the text of a row."""


@dataclass(frozen=True)
class Surroundings:
    """A row's text and the text on both sides."""

    before: str
    text: str
    after: str


@dataclass(frozen=True)
class Passages:
    """The texts of the rows of a frame, and the text between them.

    Attributes:
        units: The text of each row.
        is_first: bool [R], whether a row begins a passage: a document, or a part of it in which rows are in order.
        begin: int32 or int64 [R], the offsets of the rows in their documents; None if not known.
        end: Their ends, of the same type.
        texts: The document or sentence of each row; None if not known.
    """

    units: Sequence[str]
    is_first: Bools
    begin: Int64s | Ints | None
    end: Int64s | Ints | None
    texts: Sequence[str] | None

    def find_context(self, row: int, most: int = LONGEST) -> Surroundings:
        """Return a row and up to `most` characters on each side."""
        text = self.units[row]
        if self.texts is not None and (begin := self._locate(row)) >= 0:
            whole, end = self.texts[row], begin + len(text)
            return Surroundings(
                shorten_left(whole[max(begin - most - 1, 0) : begin], most), text, whole[end : end + most]
            )
        return Surroundings(self._collect_before(row, most), text, self._collect_after(row, most))

    def list_passages(self, count: int) -> Iterator[range]:
        """Yield the rows of each passage, of the first `count` rows of the frame."""
        starts = np.flatnonzero(self.is_first[:count])
        for begin, end in zip(starts, [*starts[1:], count], strict=True):
            yield range(int(begin), int(end))

    def find_gap(self, row: int) -> str:
        """Return the text between the previous row of the passage and this row; at its beginning, the text before."""
        if self.texts is not None and self.begin is not None and self.end is not None:
            begin = 0 if self.is_first[row] else int(self.end[row - 1])
            return self.texts[row][begin : int(self.begin[row])]
        if self.is_first[row]:
            return ""
        if self.begin is not None and self.end is not None:
            return join_by_offsets(int(self.end[row - 1]), int(self.begin[row]))
        return join_by_characters(self.units[row - 1], self.units[row])

    def find_rest(self, row: int) -> str:
        """Return the text after the last row of a passage; empty if not known."""
        return "" if self.texts is None or self.end is None else self.texts[row][int(self.end[row]) :]

    def _locate(self, row: int) -> int:
        """Return the offset of a row in its text; -1 if it is not known."""
        if self.begin is not None:
            return int(self.begin[row])
        text, unit = self.texts[row] if self.texts is not None else "", self.units[row]
        return text.find(unit) if text.count(unit) == 1 else -1

    def _collect_before(self, row: int, most: int) -> str:
        found = ""
        while not self.is_first[row] and len(found) <= most:
            found = self.units[row - 1] + self.find_gap(row) + found
            row -= 1
        return shorten_left(found, most)

    def _collect_after(self, row: int, most: int) -> str:
        found = ""
        while row + 1 < len(self.units) and not self.is_first[row + 1] and len(found) <= most:
            found += self.find_gap(row + 1) + self.units[row + 1]
            row += 1
        return found


def find_unit_column(frame: pd.DataFrame) -> str | None:
    """Return the column with the text of each row, as predict names it; None if the frame has none."""
    return next((name for name in LEVELS if name in frame.columns), None)


def list_units(frame: pd.DataFrame) -> list[str]:
    """Return the text of each row; without a column of texts, the label of its index."""
    name = find_unit_column(frame)
    return [str(value) for value in (frame.index if name is None else frame[name])]


def read_passages(frame: pd.DataFrame) -> Passages:
    """Find the text around the rows of a frame.

    A result of predict knows its texts; frames derived from it do not. There, the text comes from a column of strings
    in which every row is found: at its offsets, if the frame has these (``positions=True``). Without such a column, the
    rows of a document are joined.
    """
    units, name = list_units(frame), find_unit_column(frame)
    noted = find_sentences(frame) if name == LEVELS[0] else None
    if noted is not None:
        texts, begin, end = noted.locate_tokens()
        if all(map(_is_part, texts, units, begin.tolist())):
            return Passages(units, _find_first(frame, begin, end), begin, end, texts)
    offsets = _read_offsets(frame, name)
    return Passages(units, _find_first(frame, *offsets), *offsets, _find_texts(frame, name, units, offsets[0]))


def _read_offsets(frame: pd.DataFrame, unit: str | None) -> tuple[Int64s | None, Int64s | None]:
    names = [f"{unit}_begin", f"{unit}_end"]
    if not set(names) <= set(frame.columns) or any(frame[name].dtype.kind not in "iu" for name in names):
        return None, None
    begin, end = (frame[name].to_numpy(np.int64) for name in names)
    return begin, end


def _find_first(frame: pd.DataFrame, begin: Int64s | Ints | None, end: Int64s | Ints | None) -> Bools:
    key = next((name for name in (DOCUMENT_NUMBER, INDEX) if name in frame.columns), None)
    keys: Any = frame.index if key is None else frame[key].to_numpy()
    found = np.ones(len(frame), bool)
    found[1:] = np.asarray(keys[1:] != keys[:-1], bool)
    if begin is not None and end is not None:
        found[1:] |= begin[1:] < end[:-1]
    return found


def _find_texts(
    frame: pd.DataFrame, unit: str | None, units: Sequence[str], begin: Int64s | None
) -> Sequence[str] | None:
    for name in frame.columns:
        if name == unit or not len(frame) or not isinstance(frame[name].iloc[0], str):
            continue
        texts = frame[name].tolist()
        if all(map(_is_part, texts, units, [-1] * len(units) if begin is None else begin.tolist())):
            return texts
    return None


def _is_part(text: object, unit: str, begin: int) -> bool:
    """Whether a text has a part at an offset; -1 is anywhere, but not all of the text."""
    if not isinstance(text, str):
        return False
    return text.startswith(unit, begin) if begin >= 0 else unit in text and unit != text
