"""Whatever the caller has becomes a `Corpus`, and for pre-split words also its `Segments`. Nothing given is changed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from nlu_lite.errors import InputError
from nlu_lite.records import Corpus, Segments

if TYPE_CHECKING:
    import pandas as pd


class Missing(Enum):
    """What to do with None and NaN among the texts."""

    ERROR = "error"
    SKIP = "skip"


class Split(Enum):
    """What the strings of a list of lists are."""

    WORDS = "words"
    SENTENCES = "sentences"


class Columns(Enum):
    """Which of a frame's columns come along."""

    KEEP = "keep"
    DROP = "drop"


@dataclass(frozen=True)
class Reading:
    """How a frame is to be read.

    Attributes:
        text_column: Name of the column of texts; None looks for one.
        lang_column: Name of the column of language codes; None where `language` holds for all.
        language: Language of the texts; ``"xx"`` where it is to be found from each.
        check_language: Called with each code of `lang_column`; raises where the code is unknown.
        columns: Whether other columns come along.
        missing: What to do with None and NaN.
        split: What the strings of a list of lists are.
    """

    text_column: Hashable | None
    lang_column: Hashable | None
    language: str
    check_language: Callable[[str], object]
    columns: Columns
    missing: Missing
    split: Split = Split.WORDS


@dataclass(frozen=True)
class Given:
    """What the caller gave.

    Attributes:
        corpus: The documents.
        segments: Where the caller split them into words.
        sentences: The sentences of each document, where the caller split them into sentences.
    """

    corpus: Corpus
    segments: Segments | None = None
    sentences: list[list[str]] | None = None


EXPECTED = "a str, a list of str, a list of lists of str (words), a pandas Series or a DataFrame"


def read(data: object, reading: Reading) -> Given:
    """Read the caller's data.

    Args:
        data: A str, a list or tuple of str, a list of lists of str (each a document of one sentence, its strings the
            tokens; or each a document, its strings the sentences), a Series of str, or a DataFrame with a column of
            str.
        reading: How.

    Raises:
        InputError: The data cannot be read; what was got is said.

    Example:
        >>> reading = Reading(None, None, "en", str, Columns.KEEP, Missing.ERROR)
        >>> given = read([["New York", "!"]], reading)
        >>> given.corpus.texts, given.segments.token_begin, given.segments.token_end
        (['New York !'], array([0, 9], dtype=int32), array([ 8, 10], dtype=int32))
    """
    import pandas as pd

    _check_split(data, reading.split)
    if isinstance(data, pd.DataFrame):
        return Given(_read_frame(data, reading))
    if reading.text_column is not None or reading.lang_column is not None:
        raise InputError(
            f"text_column or lang_column was given with {_kind(data)}", "them with a DataFrame", "Leave them out"
        )
    if isinstance(data, pd.Series):
        return Given(_corpus(data.tolist(), data.index, None, reading))
    if isinstance(data, str):
        return Given(_corpus([data], pd.RangeIndex(1), None, reading))
    if not isinstance(data, (list, tuple)):
        raise InputError(f"predict was given {_kind(data)}", EXPECTED, "Convert it, for example with list(...)")
    if any(map(_is_list, data)):
        return _read_lists(data, reading)
    return Given(_corpus(data, pd.RangeIndex(len(data)), None, reading))


def _check_split(data: object, split: Split) -> None:
    if split is Split.SENTENCES and not (isinstance(data, (list, tuple)) and all(map(_is_list, data))):
        raise InputError(
            f'split="sentences" was given with {_kind(data)} that is not split',
            "a list of lists of sentences",
            "Leave it out, or split each document",
        )


def _is_list(item: object) -> bool:
    return isinstance(item, (list, tuple))


# --- frames ----------------------------------------------------------------------------------------------------------


def _read_frame(frame: pd.DataFrame, reading: Reading) -> Corpus:
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()].unique().tolist()
        raise InputError(f"the column names {twice} stand twice", "column names that differ", "Rename one of them")
    if not len(frame.columns) and not len(frame) and reading.text_column is None:
        return _corpus([], frame.index, None, reading)
    column = _text_column(frame, reading.text_column)
    kept = frame.drop(columns=[column]) if reading.columns is Columns.KEEP else None
    languages = _languages(frame, reading, frame[column].notna())
    return _corpus(frame[column].tolist(), frame.index, kept, reading, languages)


def _text_column(frame: pd.DataFrame, name: Hashable | None) -> Hashable:
    if name is not None:
        return _existing(frame, name, "text_column")
    if "text" in list(frame.columns):
        return "text"
    strings = [column for column in frame.columns if _holds_strings(frame[column])]
    if not len(frame) and not strings:  # an empty column has any dtype
        strings = list(frame.columns)
    if len(strings) != 1:
        raise InputError(
            f"no column is called 'text', and {len(strings)} of the columns {list(frame.columns)} hold strings",
            "one column of texts",
            "Name it: predict(frame, text_column=...)",
        )
    return strings[0]


def _existing(frame: pd.DataFrame, name: Hashable, option: str) -> Hashable:
    if name not in list(frame.columns):  # whole names only, and nothing need be hashable
        raise InputError(f"{option}={name!r} is no column", f"one of {list(frame.columns)}", "Name one of these")
    return name


def _holds_strings(column: pd.Series[Any]) -> bool:
    """Whether a column can be the texts; one of objects that is empty or all missing can."""
    import pandas as pd
    from pandas.api import types

    if isinstance(column.dtype, pd.CategoricalDtype):
        return types.is_string_dtype(column.cat.categories.dtype)
    if types.is_object_dtype(column.dtype):
        return types.infer_dtype(column, skipna=True) in ("string", "empty")
    return types.is_string_dtype(column.dtype)


def _languages(frame: pd.DataFrame, reading: Reading, present: pd.Series[bool]) -> list[str] | None:
    if reading.lang_column is None:
        return None
    codes = frame[_existing(frame, reading.lang_column, "lang_column")]
    codes = codes.where(present, "xx")  # rows without text need no language
    if codes.isna().any() or not all(isinstance(code, str) for code in codes):
        raise InputError(
            f"lang_column={reading.lang_column!r} has values that are no language codes",
            "a code such as 'de' in each row",
            "Fill the gaps with 'xx', which finds the language from the text",
        )
    for code in codes.unique():
        reading.check_language(code)
    return codes.tolist()


# --- texts -----------------------------------------------------------------------------------------------------------


def _corpus(
    texts: Sequence[object],
    index: pd.Index,
    kept: pd.DataFrame | None,
    reading: Reading,
    languages: list[str] | None = None,
) -> Corpus:
    codes = languages or [reading.language] * len(texts)
    present = np.fromiter((not _is_missing(text) for text in texts), bool, len(texts))
    _check_texts(texts, present, index)
    if not present.all():
        if reading.missing is Missing.ERROR:
            raise InputError(
                f"no text stands in {_rows(index[~present])}",
                "a str in every row",
                'Fill them, or pass missing="skip" to leave these rows out',
            )
        texts = [text for text, here in zip(texts, present, strict=True) if here]
        codes = [code for code, here in zip(codes, present, strict=True) if here]
        index, kept = index[present], None if kept is None else kept[present]
    return Corpus([str(text) for text in texts], codes, index, kept)


def _is_missing(text: object) -> bool:
    """None, NaN, pandas' NA and NaT: all that is nothing, or not equal to itself."""
    if text is None:
        return True
    if isinstance(text, (str, bytes)):
        return False
    import pandas as pd

    return text is pd.NA or text is pd.NaT or (isinstance(text, float) and text != text)


def _check_texts(texts: Sequence[object], present: np.ndarray[Any, np.dtype[np.bool_]], index: pd.Index) -> None:
    wrong = np.fromiter((not isinstance(text, str) for text in texts), bool, len(texts)) & present
    if wrong.any():
        first = texts[int(wrong.argmax())]
        remedy = "Decode it: text.decode('utf-8')" if isinstance(first, bytes) else "Convert it with str(...)"
        raise InputError(f"{_kind(first)} stands in {_rows(index[wrong])}", "a str in every row", remedy)


def _rows(labels: pd.Index, most: int = 5) -> str:
    shown = ", ".join(map(repr, labels[:most].tolist()))
    more = f" and {len(labels) - most} more" if len(labels) > most else ""
    return f"{'row' if len(labels) == 1 else 'rows'} {shown}{more}"


def _kind(value: object) -> str:
    name = type(value).__name__
    return "None" if value is None else f"a value of type {name}"


# --- words -----------------------------------------------------------------------------------------------------------


def _read_lists(documents: Sequence[object], reading: Reading) -> Given:
    import pandas as pd

    skip = reading.missing is Missing.SKIP
    numbers = [row for row, document in enumerate(documents) if not (skip and _is_missing(document))]
    parts = [_strings(documents[row], row, reading.split) for row in numbers]
    texts = [" ".join(document) for document in parts]
    index = pd.RangeIndex(len(texts)) if len(numbers) == len(documents) else pd.Index(numbers)
    corpus = Corpus(texts, [reading.language] * len(texts), index)
    if reading.split is Split.SENTENCES:
        return Given(corpus, sentences=parts)
    return Given(corpus, segments=_segments(parts))


def _strings(document: object, row: int, split: Split) -> list[str]:
    if not isinstance(document, (list, tuple)):
        raise InputError(
            f"{_kind(document)} stands in row {row} among lists of {split.value}",
            "a list of str in every row",
            "Split it too",
        )
    for place, part in enumerate(document):
        if not isinstance(part, str) or not part:
            got = "an empty str" if part == "" else _kind(part)
            raise InputError(
                f"{got} stands in row {row}, place {place}", f"{split.value} that are not empty", "Leave it out"
            )
    return list(document)


def _segments(documents: list[list[str]]) -> Segments:
    """Give each document one sentence, its words a space apart; a document without words has none."""
    counts = np.fromiter(map(len, documents), np.int32, len(documents))
    lengths = np.fromiter((len(word) for document in documents for word in document), np.int32, int(counts.sum()))
    holders = np.flatnonzero(counts).astype(np.int32)
    counts = counts[holders]
    ends = np.cumsum(lengths + 1, dtype=np.int64) - 1  # as if all words stood in one document
    firsts = np.cumsum(counts) - counts
    sentence = np.repeat(np.arange(len(holders), dtype=np.int32), counts)
    ends = (ends - (ends - lengths)[firsts][sentence]).astype(np.int32)
    last = firsts + counts - 1
    return Segments(holders, np.zeros_like(holders), ends[last], sentence, ends - lengths, ends)
