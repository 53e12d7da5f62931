"""The origin of a pandas frame: the pipeline that returned it, and the sentences of its rows.

The frame keeps them in attributes, not in `attrs`, which pandas copies to derived frames and writes to files. A frame
that is derived from a result has other rows, and so no origin.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nlu_lite.options import Level
from nlu_lite.records import Ints, Segments

if TYPE_CHECKING:
    import pandas as pd

PIPELINE = "_nlu_lite_pipeline"
SENTENCES = "_nlu_lite_sentences"


class TokenSentences:
    """The sentences of the tokens of a result, cut from the texts when they are shown."""

    def __init__(self, texts: Sequence[str], segments: Segments) -> None:
        self._texts = texts
        self._segments = segments

    def __len__(self) -> int:
        return len(self._segments.token_sentence)

    def __getitem__(self, row: int) -> str:
        """Return the sentence of a token."""
        found = self._segments
        number = found.token_sentence[row]
        text: str = self._texts[found.sentence_document[number]]
        return text[found.sentence_begin[number] : found.sentence_end[number]]

    def locate_tokens(self) -> tuple[list[str], Ints, Ints]:
        """Return the document of each token, and the offsets of the token in it, int32 [T]."""
        found = self._segments
        documents = found.sentence_document[found.token_sentence].tolist()
        return [self._texts[number] for number in documents], found.token_begin, found.token_end


def note_sentences(frame: Any, texts: Sequence[str], segments: Segments, level: Level) -> None:
    """Let a pandas frame of tokens know the sentences of its rows. Other rows are sentences or documents themselves."""
    if level is Level.TOKEN:
        object.__setattr__(frame, SENTENCES, TokenSentences(texts, segments))


def note_pipeline(frame: Any, pipeline: object) -> None:
    """Let a pandas frame know the pipeline that returned it."""
    object.__setattr__(frame, PIPELINE, pipeline)


def find_pipeline(frame: pd.DataFrame) -> Any:
    """Return the pipeline that returned a frame; None if it is not known."""
    return frame.__dict__.get(PIPELINE)


def find_sentences(frame: pd.DataFrame) -> TokenSentences | None:
    """Return the sentences of the rows of a frame; None if they are not known, or the frame has changed."""
    found: TokenSentences | None = frame.__dict__.get(SENTENCES)
    return found if found is not None and len(found) == len(frame) else None
