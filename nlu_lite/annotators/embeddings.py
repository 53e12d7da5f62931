"""The bases of the stages that have a model: for token vectors and for sentence vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NoReturn, Self

import numpy as np

from nlu_lite.annotators.annotation import Annotation, AnnotatorType
from nlu_lite.annotators.columns import Column
from nlu_lite.annotators.groups import group_tokens
from nlu_lite.annotators.models import PicklablePipeline, get_model, open_pretrained
from nlu_lite.annotators.parameters import (
    Parameter,
    Parameters,
    at_least,
    check_flag,
    check_integers,
    check_text,
)
from nlu_lite.annotators.stages import AnnotatorStage, get_sentence_number, select
from nlu_lite.annotators.text import COMPAT
from nlu_lite.encoding.subwords import Subwords
from nlu_lite.errors import OptionError, UnsupportedCall
from nlu_lite.frames.presplit import build_segments
from nlu_lite.options import Level
from nlu_lite.pipeline import Pipeline
from nlu_lite.records import Floats, Segments, TokenStats

LONGEST = 512
"""The largest value of ``maxSentenceLength``, as in Spark NLP."""


class ModelStage(AnnotatorStage):
    """A stage that computes vectors with a model.

    ``compat="sparknlp"`` cuts sentences at ``maxSentenceLength``, as Spark NLP does; otherwise longer sentences pass
    through overlapping windows. If it is not set, it is that of the stage that wrote the tokens or sentences, where
    that is known: in a pipeline, and on Spark.

    Attributes:
        max_length_limit: The largest value of ``maxSentenceLength``.
        model_name: The name of the model that `pretrained` opens by default.
        model_language: Its language.
    """

    max_length_limit = LONGEST
    model_name: ClassVar[str]
    model_language: ClassVar[str] = "en"
    parameters: ClassVar[Parameters] = (
        Parameter(
            "batchSize",
            "the number of sentences of a batch in Spark NLP; here batches are filled by length",
            at_least(1),
            8,
        ),
        Parameter("dimension", "the width of a vector, which is that of the model", at_least(1), 768),
        Parameter("caseSensitive", "whether upper and lower case differ", check_flag, False),
        Parameter("maxSentenceLength", "the maximum length of a window in pieces", at_least(1, LONGEST), 128),
        Parameter("storageRef", "the name that identifies the model", check_text),
        Parameter("configProtoBytes", "the configuration of TensorFlow; unused", check_integers),
        Parameter("engine", "the library that runs the model; it is chosen by the model and the machine", check_text),
        COMPAT,
    )
    _opened: Pipeline | None = None

    @classmethod
    def pretrained(cls, name: str | None = None, lang: str | None = None, remote_loc: str | None = None) -> Self:
        """Return a stage with one of Spark NLP's published models, downloaded unless it is on this machine.

        Args:
            name: The name of the model. Default: Spark NLP's default for this class.
            lang: Its language. Default: that of the default model.
            remote_loc: Must be None; ``NLU_LITE_BUCKET`` names another bucket.

        Raises:
            UnknownReference: There is no such model.
            UnsupportedCall: It is of another kind, or no repository of its weights is known.
            SourceError: Its files cannot be fetched.
        """
        chosen, language = name or cls.model_name, lang or cls.model_language
        stage = cls()._adopt(open_pretrained(cls.__name__, chosen, language, remote_loc))
        stage._setDefault(storageRef=chosen)
        return stage

    @classmethod
    def loadSavedModel(cls, folder: str, spark_session: Any = None, use_openvino: bool = False) -> NoReturn:  # noqa: ARG003
        """Refuse to import an export of TensorFlow or ONNX.

        Raises:
            UnsupportedCall: Always.
        """
        raise UnsupportedCall(
            f"{cls.__name__}.loadSavedModel({folder!r}) imports an export of TensorFlow or ONNX",
            "a model that Spark NLP saved, or a folder in the layout of transformers",
            f"Call {cls.__name__}.load(path) with the model that the export was made from",
        )

    def setDimension(self, value: int) -> Self:
        """Set the width of a vector, which must be that of the model.

        Raises:
            OptionError: It is another.
        """
        if self._opened is not None and value != self._width:
            got = f"dimension={value!r} in stage {self.uid}"
            raise OptionError(got, f"{self._width}, the width of the model's vectors", "Leave it out")
        return self._set(dimension=value)

    def setCaseSensitive(self, value: bool) -> Self:
        """Set whether upper and lower case differ; False lowercases the texts.

        Raises:
            OptionError: The model lowercases every text, and the value is True.
        """
        if self._opened is not None and value is True and self._states_case() is False:
            got = f"caseSensitive=True in stage {self.uid}, whose model lowercases every text"
            raise OptionError(got, "False", "Load a cased model")
        return self._set(caseSensitive=value)

    def getEngine(self) -> str | None:
        """Return the library that runs the model: ``"torch"`` or ``"openvino"``; None before a model is loaded."""
        return None if self._opened is None else get_model(self._opened).decision.name.value

    def check(self) -> None:
        """Check the columns, and that the stage has a model.

        Raises:
            OptionError: A column is not set, or there is no model.
        """
        super().check()
        self._get_pipeline()

    def _get_pipeline(self) -> Pipeline:
        """Return the pipeline with the parameters of this stage."""
        if self._opened is None:
            name = type(self).__name__
            remedy = f"Create the stage by {name}.pretrained(name, lang) or {name}.load(path)"
            raise OptionError(f"stage {self.uid} has no model", "a stage with a model", remedy)
        return self._opened.with_(**self._list_changes(self._opened))

    def _list_changes(self, opened: Pipeline) -> dict[str, Any]:
        longest = min(self._get("maxSentenceLength"), get_model(opened).encoder.backend.positions)
        return {"max_length": longest, "compat": self._get("compat")}

    def prepare_pickling(self, threads: int) -> Self:
        """See `Stage`."""
        that: Self = self.copy()
        opened: Any = None if self._opened is None else PicklablePipeline(self._opened, threads)
        that._opened = opened
        return that

    def inherit(self, columns: Mapping[str, Column]) -> Self:
        """Use the `compat` of the columns that are read, unless it is set."""
        found = next(filter(None, (columns[name].compat for name in self.list_reads())), None)
        return self if self.isSet("compat") or found is None else self.copy({self.compat: found})

    def _adopt(self, pipeline: Pipeline) -> Self:
        """Use a model, whose facts become defaults."""
        self._opened = pipeline
        facts: dict[str, Any] = {"dimension": self._width, "caseSensitive": self._states_case()}
        self._setDefault(**{name: value for name, value in facts.items() if value is not None})
        return self

    @property
    def _width(self) -> int:
        return get_model(self._opened).encoder.backend.dimension if self._opened else self._get("dimension")

    def _states_case(self) -> bool | None:
        """Whether the subword model tells upper from lower case; None if that cannot be seen."""
        return None if self._opened is None else is_case_sensitive(get_model(self._opened).encoder.subwords)

    def _prepare(self, text: str) -> str:
        """Return a text in the case that the model gets it in."""
        return text if self._get("caseSensitive") is not False or self._states_case() is False else text.lower()


class WordModelStage(ModelStage):
    """A stage that computes a vector for each token.

    The metadata of a vector are the number of its ``sentence``, its ``token``, the id of its first piece as
    ``pieceId``, ``isWordStart``, and ``isOOV``: whether a piece of the token is unknown to the model.
    """

    inputAnnotatorTypes: ClassVar[list[str]] = [AnnotatorType.DOCUMENT, AnnotatorType.TOKEN]
    outputAnnotatorType: ClassVar[str] = AnnotatorType.WORD_EMBEDDINGS

    def annotate(self, rows: Sequence[Sequence[Annotation]]) -> list[list[Annotation]]:
        """See `AnnotatorStage`."""
        groups = [group_tokens(row) for row in rows]
        tokens = [[self._prepare(token.result) for token in group.tokens] for row in groups for group in row]
        texts, segments = [" ".join(words) for words in tokens], build_segments(tokens)
        model = get_model(self._get_pipeline())
        vectors = model.compute_vectors(texts, segments, Level.TOKEN, ignore_progress)
        pieces = describe_pieces(model.compute_stats(texts, segments, Level.TOKEN), self._get("compat"))
        found = iter(zip(vectors, pieces, strict=True))
        return [
            [
                _build_word(group.sentence, token, vector, piece)
                for group in row
                for token, (vector, piece) in zip(group.tokens, found, strict=False)
                if piece is not None
            ]
            for row in groups
        ]


def _build_word(sentence: Annotation, token: Annotation, vector: Floats, piece: dict[str, str]) -> Annotation:
    metadata = {"sentence": get_sentence_number(sentence), "token": token.result, **piece}
    return Annotation(AnnotatorType.WORD_EMBEDDINGS, token.begin, token.end, token.result, metadata, vector)


class SentenceModelStage(ModelStage):
    """A stage that computes a vector for each sentence.

    As in Spark NLP, a prompt such as ``"query: "`` is a part of your texts: none is added.
    """

    inputAnnotatorTypes: ClassVar[list[str]] = [AnnotatorType.DOCUMENT]
    outputAnnotatorType: ClassVar[str] = AnnotatorType.SENTENCE_EMBEDDINGS

    def _list_changes(self, opened: Pipeline) -> dict[str, Any]:
        return {**super()._list_changes(opened), "prompt": ""}

    def annotate(self, rows: Sequence[Sequence[Annotation]]) -> list[list[Annotation]]:
        """See `AnnotatorStage`."""
        sentences = [[one for one in select(row, AnnotatorType.DOCUMENT) if one.result.strip()] for row in rows]
        texts = [self._prepare(one.result) for row in sentences for one in row]
        model = get_model(self._get_pipeline())
        vectors = iter(model.compute_vectors(texts, segment_whole(texts), Level.SENTENCE, ignore_progress))
        return [[build_sentence_vector(one, next(vectors)) for one in row] for row in sentences]


def build_sentence_vector(sentence: Annotation, vector: Floats) -> Annotation:
    """Return the annotation of the vector of a sentence."""
    metadata = {
        "sentence": get_sentence_number(sentence),
        "token": sentence.result,
        "pieceId": "-1",
        "isWordStart": "true",
    }
    kind = AnnotatorType.SENTENCE_EMBEDDINGS
    return Annotation(kind, sentence.begin, sentence.end, sentence.result, metadata, vector)


def segment_whole(texts: Sequence[str]) -> Segments:
    """Return segments in which each text is one sentence and one token."""
    numbers = np.arange(len(texts), dtype=np.int32)
    begins = np.zeros_like(numbers)
    ends = np.fromiter(map(len, texts), np.int32, len(texts))
    return Segments(numbers, begins, ends, numbers, begins, ends)


def describe_pieces(stats: TokenStats, compat: str | None) -> list[dict[str, str] | None]:
    """Return for each token the metadata about its pieces; None for one that Spark NLP cuts off.

    In Spark NLP no token is out of the vocabulary.
    """
    columns = (stats.first.tolist(), stats.unknown.tolist(), stats.windows.tolist())
    return [
        {"pieceId": str(first), "isWordStart": "true", "isOOV": "true" if unknown and compat is None else "false"}
        if windows
        else None
        for first, unknown, windows in zip(*columns, strict=True)
    ]


def is_case_sensitive(subwords: Subwords) -> bool | None:
    """Whether a subword model tells upper from lower case; None if it does not know the letters that are compared."""
    upper, lower = subwords.encode(["A", "The"]), subwords.encode(["a", "the"])
    if upper != lower:
        return True
    return None if subwords.special_tokens.unknown in (piece for word in upper for piece in word) else False


def ignore_progress(_: int) -> None:
    """Show no progress: a stage is one of several."""
