"""spaCy: the component ``"nlu_lite"``, which fills ``doc.tensor`` and ``token.vector``.

Example:
    >>> import spacy
    >>> nlp = spacy.blank("en")
    >>> component = nlp.add_pipe("nlu_lite")
    >>> doc = nlp("She sat on the bank of the river.")
    >>> doc.tensor.shape, doc[4].vector.shape
    ((9, 384), (384,))
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nlu_lite import text
from nlu_lite._util.extras import check_extra
from nlu_lite._util.language_names import find_code
from nlu_lite._util.os_errors import read_file
from nlu_lite.errors import FormatError, InputError, IntegrityError
from nlu_lite.options import Level, TextSettings
from nlu_lite.pipeline import Pipeline, choose_model, load_once
from nlu_lite.records import Corpus, Floats, Ints, Segments

check_extra("spacy", "spacy", "nlu_lite.spacy")

from spacy.language import Language  # noqa: E402
from spacy.pipeline import Pipe  # noqa: E402
from spacy.tokens import Doc, Span, Token  # noqa: E402
from spacy.util import minibatch  # noqa: E402

__all__ = ["NluLiteVectors", "add_hooks", "create_component"]

FILE = "model.json"


class NluLiteVectors(Pipe):  # type: ignore[misc]  # which has no types
    """A component of spaCy that computes a vector for each token.

    It sets ``doc.tensor``, float32 [tokens, d], with zeros for tokens of white space. ``token.vector`` is a row of it,
    also if the vocabulary has static vectors; ``span.vector`` and ``doc.vector`` are means of rows, without those of
    white space; ``similarity`` is the cosine of these vectors. The tokens are those of spaCy. The sentences are those
    of spaCy if an earlier component has found them, or else those of this library's rules.

    A component is serialized without the weights: it records the digest of the model.

    Args:
        pipeline: The pipeline of the model.
        name: The name of the component.
        lang: The language code of the texts.

    Raises:
        OptionError: The pipeline does not have exactly one model.
    """

    def __init__(self, pipeline: Pipeline, name: str = "nlu_lite", lang: str = "xx") -> None:
        self.name, self.pipeline, self.lang = name, pipeline, lang
        self._model = choose_model(pipeline.models, None)

    def __reduce__(self) -> Any:
        return type(self), (self.pipeline, self.name, self.lang)

    def __call__(self, doc: Doc) -> Doc:
        """Set the vectors of a document, and return it."""
        for _ in self.pipe([doc]):
            pass
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Set the vectors of documents, batch by batch.

        Args:
            stream: The documents.
            batch_size: The number of documents that are processed at once.

        Returns:
            An iterator of the documents, in order. Errors are passed to the error handler of the pipeline.
        """
        for docs in minibatch(stream, batch_size):
            try:
                self._set_vectors(docs)
            except Exception as error:
                self.get_error_handler()(self.name, self, docs, error)
            else:
                yield from docs

    def _set_vectors(self, docs: Sequence[Doc]) -> None:
        words = [_find_words(doc) for doc in docs]
        segments = _build_segments(docs, words, self.lang, self.pipeline.settings)
        vectors = self._model.compute_vectors([doc.text for doc in docs], segments, Level.TOKEN, lambda _: None)
        ends = np.cumsum([len(numbers) for numbers in words])
        for doc, numbers, end in zip(docs, words, ends, strict=True):
            tensor = np.zeros((len(doc), vectors.shape[1]), np.float32)
            tensor[numbers] = vectors[end - len(numbers) : end]
            doc.tensor = tensor
            add_hooks(doc)

    # spaCy serializes the configuration itself, from which it builds the component again.

    def to_bytes(self, *, exclude: Sequence[str] = ()) -> bytes:
        """Return the digest of the model as bytes; `exclude` is ignored."""
        return json.dumps({"digest": self._model.digest}).encode()

    def from_bytes(self, data: bytes, *, exclude: Sequence[str] = ()) -> "NluLiteVectors":
        """Check that the model is the one that was serialized, and return the component; `exclude` is ignored.

        Raises:
            IntegrityError: The model has other bytes.
            FormatError: The data are not those of `to_bytes`.
        """
        try:
            digest = json.loads(data)["digest"]
        except (ValueError, KeyError, TypeError) as error:
            got = f"the data of the component {self.name!r} cannot be read"
            raise FormatError(got, "bytes that to_bytes returned", "Save the pipeline again") from error
        if digest != self._model.digest:
            got = f"the model of the component {self.name!r} has other bytes than when the pipeline was saved"
            raise IntegrityError(got, f"the digest {digest}", "Load the same revision, or save the pipeline again")
        return self

    def to_disk(self, path: str | Path, *, exclude: Sequence[str] = ()) -> None:
        """Write the digest of the model to a folder; `exclude` is ignored."""
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_bytes(self.to_bytes())

    def from_disk(self, path: str | Path, *, exclude: Sequence[str] = ()) -> "NluLiteVectors":
        """Check that the model is the one that was saved, as `from_bytes` does; `exclude` is ignored.

        Raises:
            SourceError: The folder cannot be read.
            IntegrityError: The model has other bytes.
            FormatError: The folder is not that of `to_disk`.
        """
        return self.from_bytes(read_file(Path(path) / FILE, "a folder that to_disk wrote", "Save the pipeline again"))


@Language.factory(
    "nlu_lite",
    assigns=["doc.tensor", "token.vector"],
    default_config={
        "reference": None,
        "pooling": "first",
        "layers": [-1],
        "layer_merge": "mean",
        "alignment": "word",
        "context": "sentence",
        "max_length": None,
        "normalize": False,
        "lang": None,
        "device": "cpu",
        "backend": "auto",
        "precision": "fp32",
        "threads": None,
    },
)  # type: ignore[untyped-decorator]
def create_component(
    nlp: Language,
    name: str,
    reference: str | None,
    pooling: str,
    layers: list[int],
    layer_merge: str,
    alignment: str,
    context: str,
    max_length: int | None,
    normalize: bool,
    lang: str | None,
    device: str,
    backend: str,
    precision: str,
    threads: int | None,
) -> NluLiteVectors:
    """Create the component; spaCy calls this for ``nlp.add_pipe("nlu_lite", config={...})``.

    Args:
        nlp: The pipeline of spaCy.
        name: The name of the component.
        reference: References as `load` takes them. Default: the packaged model.
        pooling: As for `load`; so are all parameters but `lang`.
        layers: The hidden states to use.
        layer_merge: The merge of several layers.
        alignment: The input of the subword model.
        context: The text that a token's vector depends on.
        max_length: The maximum length of a window in pieces.
        normalize: Whether to divide vectors by their Euclidean length.
        lang: The language code of the texts. Default: that of `nlp`, or ``"xx"`` if this library does not know it.
        device: The device.
        backend: The library that runs models.
        precision: The number format of the computation.
        threads: The number of threads of a forward pass.

    Raises:
        NluLiteError: As for `load`.
    """
    options = {
        "pooling": pooling,
        "layers": layers,
        "layer_merge": layer_merge,
        "alignment": alignment,
        "context": context,
        "max_length": max_length,
        "normalize": normalize,
        "device": device,
        "backend": backend,
        "precision": precision,
        "threads": threads,
    }
    pipeline = load_once(() if reference is None else (reference,), options)
    return NluLiteVectors(pipeline, name, _choose_language(nlp.lang) if lang is None else text.check_language(lang))


def _choose_language(code: str) -> str:
    return code if code in text.list_languages() else find_code(code) or "xx"


# --- tokens of spaCy -------------------------------------------------------------------------------------------------


def _find_words(doc: Doc) -> Ints:
    """Return the numbers of the tokens that are not white space."""
    return np.array([token.i for token in doc if token.text.strip()], np.int32)


def _build_segments(docs: Sequence[Doc], words: Sequence[Ints], lang: str, settings: TextSettings) -> Segments:
    """Return the tokens of spaCy as spans, in the sentences of spaCy or of the rules."""
    ruled = iter(_find_sentence_begins([doc.text for doc in docs if not _has_sentences(doc)], lang, settings))
    parts = []
    for number, (doc, numbers) in enumerate(zip(docs, words, strict=True)):
        begins, ends = _find_spans(doc, numbers)
        if _has_sentences(doc):
            sentences = np.searchsorted([sentence.start for sentence in doc.sents], numbers, side="right")
        else:
            sentences = np.searchsorted(next(ruled), begins, side="right")
        parts.append((np.full(len(numbers), number, np.int32), sentences.astype(np.int32), begins, ends))
    document, sentence, begin, end = map(np.concatenate, zip(*parts, strict=True))
    is_first = np.diff(document, prepend=-1).astype(bool) | np.diff(sentence, prepend=-1).astype(bool)
    first = np.flatnonzero(is_first)
    last = np.append(first[1:], len(document))[: len(first)] - 1
    token_sentence = (np.cumsum(is_first) - 1).astype(np.int32)
    return Segments(document[first], begin[first], end[last], token_sentence, begin, end)


def _has_sentences(doc: Doc) -> bool:
    return bool(doc.has_annotation("SENT_START"))


def _find_sentence_begins(texts: list[str], lang: str, settings: TextSettings) -> list[Ints]:
    """Return the offsets at which the sentences of each text begin, by the rules."""
    import pandas as pd

    found = text.segment(Corpus(texts, [lang] * len(texts), pd.RangeIndex(len(texts))), settings)
    bounds = np.searchsorted(found.sentence_document, np.arange(1, len(texts)))
    return np.split(found.sentence_begin, bounds) if texts else []


def _find_spans(doc: Doc, numbers: Ints) -> tuple[Ints, Ints]:
    """Return the half-open spans of tokens, without white space at their edges."""
    tokens = [(doc[int(number)].idx, doc[int(number)].text) for number in numbers]
    begins = np.array([begin + len(one) - len(one.lstrip()) for begin, one in tokens], np.int32)
    ends = np.array([begin + len(one.rstrip()) for begin, one in tokens], np.int32)
    return begins, ends


# --- hooks -----------------------------------------------------------------------------------------------------------


def add_hooks(doc: Doc) -> Doc:
    """Make the vectors of tokens, spans and the document those of ``doc.tensor``, and return the document.

    The component calls it. spaCy keeps ``doc.tensor`` but not hooks in ``Doc.to_bytes``, and in documents that
    ``nlp.pipe(..., n_process=2)`` returns: call it for these. Without hooks, `similarity` is 1 for equal words.

    Example:
        >>> import spacy
        >>> doc = spacy.blank("en")("A bank")
        >>> doc.tensor = np.array([[3, 4], [4, 3]], np.float32)
        >>> round(add_hooks(doc)[0].similarity(doc[1]), 2)
        0.96
    """
    for hooks in (doc.user_hooks, doc.user_span_hooks, doc.user_token_hooks):
        hooks.update(vector=_compute_vector, has_vector=_has_vector, similarity=_compute_similarity)
    return doc


def _compute_vector(part: Doc | Span | Token) -> Floats:
    """Return the row of a token, or the mean of the rows of tokens that are not white space: float32 [d].

    Raises:
        InputError: Tokens were split or merged, or ``doc.tensor`` was replaced, so that rows and tokens do not match.
    """
    doc = part if isinstance(part, Doc) else part.doc
    if len(doc.tensor) != len(doc):
        got = f"doc.tensor has {len(doc.tensor)} rows for {len(doc)} tokens"
        raise InputError(
            got, "a row for each token", "Add the component nlu_lite after all components that change tokens"
        )
    if isinstance(part, Token):
        row: Floats = doc.tensor[part.i]
        return row
    tensor = doc.tensor if isinstance(part, Doc) else doc.tensor[part.start : part.end]
    words = [place for place, token in enumerate(part) if token.text.strip()]
    mean: Floats = tensor[words].mean(axis=0) if words else np.zeros(tensor.shape[1:], np.float32)
    return mean


def _has_vector(part: Doc | Span | Token) -> bool:
    return bool(_compute_vector(part).any())


def _compute_similarity(part: Doc | Span | Token, other: Any) -> float:
    """Return the cosine of two vectors; 0 if one is all zeros."""
    first, second = part.vector.astype(np.float64), np.asarray(other.vector, np.float64)
    lengths = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / lengths if lengths else 0.0
