"""`SentenceEmbeddings` and `ChunkEmbeddings`: from token vectors to vectors of sentences and of chunks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from nlu_lite.annotators.annotation import Annotation, AnnotatorType
from nlu_lite.annotators.embeddings import build_sentence_vector
from nlu_lite.annotators.groups import group_tokens
from nlu_lite.annotators.parameters import Parameter, at_least, check_flag, check_text, one_of
from nlu_lite.annotators.stages import AnnotatorStage, get_sentence_number, select
from nlu_lite.records import Floats

POOLING = Parameter(
    "poolingStrategy", "the pooling of token vectors: AVERAGE or SUM", one_of("AVERAGE", "SUM"), "AVERAGE"
)


class SentenceEmbeddings(AnnotatorStage):
    """Averages, or sums, the token vectors of each sentence. A sentence without token vectors has no vector."""

    name = "SentenceEmbeddings"
    inputAnnotatorTypes: ClassVar[list[str]] = [AnnotatorType.DOCUMENT, AnnotatorType.WORD_EMBEDDINGS]
    outputAnnotatorType: ClassVar[str] = AnnotatorType.SENTENCE_EMBEDDINGS
    parameters = (
        POOLING,
        Parameter("dimension", "the width of a vector, which is that of the token vectors", at_least(1)),
        Parameter("storageRef", "the name that identifies the vectors", check_text),
    )

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(inputCols=list(self.inputAnnotatorTypes), outputCol="sentence_embeddings", storageRef=self.uid)

    def annotate(self, rows: Sequence[Sequence[Annotation]]) -> list[list[Annotation]]:
        """See `AnnotatorStage`."""
        strategy, kind = self._get("poolingStrategy"), AnnotatorType.WORD_EMBEDDINGS
        return [
            [build_sentence_vector(group.sentence, pool(group.tokens, strategy)) for group in group_tokens(row, kind)]
            for row in rows
        ]


class ChunkEmbeddings(AnnotatorStage):
    """Averages, or sums, the vectors of the tokens within each chunk. Chunks come from the caller.

    The column of chunks has annotations of type ``chunk``, whose metadata have the number of their ``sentence``. A
    chunk without token vectors has no vector.
    """

    name = "ChunkEmbeddings"
    inputAnnotatorTypes: ClassVar[list[str]] = [AnnotatorType.CHUNK, AnnotatorType.WORD_EMBEDDINGS]
    outputAnnotatorType: ClassVar[str] = AnnotatorType.WORD_EMBEDDINGS
    parameters = (
        POOLING,
        Parameter("skipOOV", "whether vectors of unknown words are left out, if a chunk has others", check_flag, True),
    )

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(inputCols=list(self.inputAnnotatorTypes), outputCol="chunk_embeddings")

    def annotate(self, rows: Sequence[Sequence[Annotation]]) -> list[list[Annotation]]:
        """See `AnnotatorStage`."""
        return [self._annotate_row(row) for row in rows]

    def _annotate_row(self, row: Sequence[Annotation]) -> list[Annotation]:
        vectors = select(row, AnnotatorType.WORD_EMBEDDINGS)
        chunks = select(row, AnnotatorType.CHUNK)
        return [found for chunk in chunks if (found := self._build(chunk, vectors)) is not None]

    def _build(self, chunk: Annotation, vectors: Sequence[Annotation]) -> Annotation | None:
        number = get_sentence_number(chunk)
        inside = [
            one
            for one in vectors
            if chunk.begin <= one.begin and one.end <= chunk.end and get_sentence_number(one) == number
        ]
        known = [one for one in inside if not self._get("skipOOV") or one.metadata.get("isOOV") != "true"]
        if not inside:
            return None
        metadata = {
            "sentence": number,
            "chunk": str(chunk.metadata.get("chunk", "0")),
            "token": chunk.result,
            "pieceId": "-1",
            "isWordStart": "true",
        }
        vector = pool(known or inside, self._get("poolingStrategy"))
        return Annotation(self.outputAnnotatorType, chunk.begin, chunk.end, chunk.result, metadata, vector)


def pool(annotations: Sequence[Annotation], strategy: str) -> Floats:
    """Return the mean or the sum of the vectors of annotations: float32 [d]."""
    matrix = np.stack([np.asarray(one.embeddings, np.float32) for one in annotations])
    found: Floats = matrix.mean(axis=0) if strategy == "AVERAGE" else matrix.sum(axis=0)
    return found
