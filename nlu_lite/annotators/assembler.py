"""`DocumentAssembler`: from texts to annotations."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, ClassVar

import numpy as np

from nlu_lite.annotators.annotation import Annotation, AnnotatorType
from nlu_lite.annotators.columns import Column, ColumnKind, Rows
from nlu_lite.annotators.parameters import Parameter, check_text, one_of
from nlu_lite.annotators.refused import refuse_call
from nlu_lite.annotators.stages import Stage
from nlu_lite.errors import InputError, OptionError

SPACE = r"[ \t\n\x0b\f\r]"
"""What ``\\s`` is in the regular expressions of Java."""
WRITTEN = r"(?:\\r)?\\n|\\t"
"""A line feed or tab that is written as a backslash and a letter."""
TRIMMED = "".join(map(chr, range(33)))
"""What Java trims."""
CLEANUPS = {
    "disabled": None,
    "inplace": (False, SPACE, " "),
    "inplace_full": (False, f"{SPACE}|{WRITTEN}", " "),
    "shrink": (True, f"{SPACE}+", " "),
    "shrink_full": (True, rf"{SPACE}+|(?:\\r)*(?:\\n)+|(?:\\t)+", " "),
    "each": (False, rf"{SPACE}[\n\t]", " "),
    "each_full": (False, rf"{SPACE}(?:\n|\t|{WRITTEN})", " "),
    "delete_full": (True, WRITTEN, ""),
}
"""For each mode: whether the text is trimmed, the expression that is replaced, and its replacement."""


class DocumentAssembler(Stage):
    """Turns each text of a column into a document: an annotation of type ``document``.

    A cell can also be a list of texts, which become documents with the numbers of their places. A missing text becomes
    an empty document, as in Spark NLP.

    Example:
        >>> assembler = DocumentAssembler().setInputCol("text").setOutputCol("document")
        >>> import pandas as pd
        >>> assembler.transform(pd.DataFrame({"text": ["Good morning."]}))["document"][0]
        [Annotation(document, 0, 12, Good morning., {'sentence': '0'}, [])]
    """

    name = "DocumentAssembler"
    outputAnnotatorType: ClassVar[str] = AnnotatorType.DOCUMENT
    parameters = (
        Parameter("inputCol", "the name of the column of texts", check_text),
        Parameter("outputCol", "the name of the column of documents", check_text, "document"),
        Parameter("idCol", "the name of the column of identifiers, which are added to the metadata", check_text),
        Parameter("metadataCol", "the name of the column of maps that are added to the metadata", check_text),
        Parameter("cleanupMode", "the treatment of whitespace in texts", one_of(*CLEANUPS), "disabled"),
    )

    calculationsCol = refuse_call("DocumentAssembler.calculationsCol", "Set metadataCol")
    getCalculationsCol = setCalculationsCol = calculationsCol

    def check(self) -> None:
        """Check that the column of texts is set.

        Raises:
            OptionError: It is not set.
        """
        if not self._get("inputCol"):
            got = f"stage {self.uid} has no inputCol"
            raise OptionError(got, "the name of the column of texts", "Call setInputCol(...) of this stage")

    def list_reads(self) -> Mapping[str, Collection[str]]:
        """See `Runnable`."""
        return {self._get(name): () for name in ("inputCol", "idCol", "metadataCol") if self._get(name)}

    def list_writes(self) -> Mapping[str, Column]:
        """See `Runnable`."""
        return {self._get("outputCol"): Column(ColumnKind.ANNOTATIONS, AnnotatorType.DOCUMENT)}

    def run(self, rows: Rows) -> Rows:
        """See `Runnable`."""
        texts = rows.columns[self._get("inputCol")]
        extra = [self._build_metadata(rows, number) for number in range(len(texts))]
        cells = [self._assemble(text, more, n) for n, (text, more) in enumerate(zip(texts, extra, strict=True))]
        return rows.add(self._get("outputCol"), cells)

    def _build_metadata(self, rows: Rows, number: int) -> dict[str, str]:
        metadata: dict[str, str] = {}
        if self._get("metadataCol"):
            metadata |= self._read_map(rows.columns[self._get("metadataCol")][number], number)
        if self._get("idCol"):
            metadata["id"] = str(rows.columns[self._get("idCol")][number])
        return metadata

    def _read_map(self, cell: Any, row: int) -> dict[str, str]:
        try:
            pairs = {} if is_missing(cell) else dict(cell)
        except (TypeError, ValueError):
            got = f"{self._get('metadataCol')!r} has a value of type {type(cell).__name__} in row {row}"
            raise InputError(got, "a map of metadata", "Name the column of maps: setMetadataCol(...)") from None
        return {str(key): str(value) for key, value in pairs.items()}

    def _assemble(self, cell: Any, metadata: dict[str, str], row: int) -> list[Annotation]:
        texts = cell if isinstance(cell, (list, tuple, np.ndarray)) else [cell]
        if not all(is_missing(text) or isinstance(text, str) for text in texts):
            got = f"{self._get('inputCol')!r} has a value of type {type(cell).__name__} in row {row}"
            raise InputError(got, "a str or a list of str", "Name the column of texts: setInputCol(...)")
        return [self._build(text, {**metadata, "sentence": str(number)}) for number, text in enumerate(texts)]

    def _build(self, text: Any, metadata: dict[str, str]) -> Annotation:
        cleaned = clean("" if is_missing(text) else text, self._get("cleanupMode"))
        return Annotation(AnnotatorType.DOCUMENT, 0, len(cleaned) - 1, cleaned, metadata)


def clean(text: str, mode: str) -> str:
    r"""Replace whitespace in a text as a cleanup mode says.

    Example:
        >>> clean(" one\n\ttwo ", "shrink"), clean("one\\ntwo", "inplace_full")
        ('one two', 'one two')
    """
    cleanup = CLEANUPS[mode]
    if cleanup is None:
        return text
    trims, pattern, replacement = cleanup
    return re.sub(pattern, replacement, text.strip(TRIMMED) if trims else text)


def is_missing(value: Any) -> bool:
    """Whether a value is None, NaN or NA."""
    return (
        value is None or (isinstance(value, float) and value != value) or type(value).__name__ in ("NAType", "NaTType")
    )
