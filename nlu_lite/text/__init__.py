"""A `Corpus` becomes `Segments`: sentences and words as spans. Pure functions; no model."""

from __future__ import annotations

import numpy as np

from nlu_lite.records import Corpus, Ints, Segments
from nlu_lite.text.characters import Characters
from nlu_lite.text.languages import check_language, detect
from nlu_lite.text.sentences import sentence_cuts
from nlu_lite.text.words import word_cuts

__all__ = ["check_language", "segment"]


def segment(corpus: Corpus) -> Segments:
    """Find the sentences and words of every document, by the rules of its language.

    Args:
        corpus: The documents; a language ``"xx"`` is found from the text.

    Returns:
        Spans in code points. Any string has them: every character that is not white space lies in exactly one token.

    Example:
        >>> import pandas as pd
        >>> segments = segment(Corpus(["Hi! You?"], ["en"], pd.RangeIndex(1)))
        >>> segments.sentence_end.tolist(), segments.token_end.tolist()
        ([3, 8], [2, 3, 7, 8])
    """
    parts = [_spans(text, language) for text, language in zip(corpus.texts, corpus.languages, strict=True)]
    sentences = np.fromiter((len(part[0]) for part in parts), np.int32, len(parts))
    document = np.repeat(np.arange(len(parts), dtype=np.int32), sentences)
    before = np.repeat(
        np.cumsum(sentences, dtype=np.int32) - sentences, np.fromiter((len(p[2]) for p in parts), np.int64, len(parts))
    )
    begin, end, token_sentence, token_begin, token_end = (
        np.concatenate([part[field] for part in parts]) if parts else np.zeros(0, np.int32) for field in range(5)
    )
    return Segments(document, begin, end, token_sentence + before, token_begin, token_end)


def _spans(text: str, language: str) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Give sentence begins and ends, then the sentence, begin and end of each token of one document.

    Cuts are all that a language's rules give. A token is what lies between two cuts and is not white space, and white
    space cuts too: so nothing can be lost or stand twice, whatever the rules say.
    """
    characters = Characters(text)
    if not characters.filled.any():
        return (np.zeros(0, np.int32),) * 5
    known = detect(characters) if language == "xx" else language
    sentences = characters.trimmed(sentence_cuts(characters, known))
    cuts = np.concatenate([word_cuts(characters, known), *sentences, characters.edges()])
    begin, end = characters.trimmed(cuts)
    token_sentence = np.searchsorted(sentences[0], begin, side="right") - 1
    return (*sentences, token_sentence.astype(np.int32), begin, end)
