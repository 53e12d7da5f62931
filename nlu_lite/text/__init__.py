"""A `Corpus` becomes `Segments`: sentences and words as spans. Pure functions; no model.

What lies between two cuts is a sentence or a token, so that nothing can be lost or stand twice, whatever the rules of
a language say. The rules are data: see `nlu_lite.text.rules`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from nlu_lite.errors import InputError
from nlu_lite.records import Corpus, Ints, Segments
from nlu_lite.text.characters import Characters
from nlu_lite.text.dictionary import check_dictionaries, dictionary_cuts
from nlu_lite.text.given import checked_sentences, checked_spans, shifted, whole
from nlu_lite.text.languages import check_language, detect, find_language, known_languages
from nlu_lite.text.rules import rules_of
from nlu_lite.text.sentences import Cuts, sentence_cuts
from nlu_lite.text.settings import NewlineBreaks, Splitter, TextSettings, Words
from nlu_lite.text.words import Bools, one_token, word_cuts

__all__ = [
    "NewlineBreaks",
    "Splitter",
    "TextSettings",
    "Words",
    "check_dictionaries",
    "check_language",
    "detect",
    "known_languages",
    "segment",
    "segment_sentences",
]

Part: TypeAlias = tuple[Ints, Ints, Ints, Ints, Ints]
"""Sentence begins and ends, then the sentence, begin and end of each token of one document."""


def segment(corpus: Corpus, settings: TextSettings | None = None, advance: Callable[[int], object] = int) -> Segments:
    """Find the sentences and words of every document, by the rules of its language.

    Args:
        corpus: The documents; a language ``"xx"`` is found from the text.
        settings: How to split; None for the defaults.
        advance: Called with the number of documents done since the last call.

    Returns:
        Spans in code points. Any string has them: every character that is not white space lies in exactly one token.

    Raises:
        InputError: A callable of the settings gave spans that overlap, leave a character out, or lie outside.
        MissingExtra: ``Words.DICTIONARY`` is asked for and the extra ``words`` is not installed.

    Example:
        >>> import pandas as pd
        >>> segments = segment(Corpus(["Hi! You?"], ["en"], pd.RangeIndex(1)))
        >>> segments.sentence_end.tolist(), segments.token_end.tolist()
        ([3, 8], [2, 3, 7, 8])
    """
    chosen = settings or TextSettings()
    parts = []
    for text, language in zip(corpus.texts, corpus.languages, strict=True):
        parts.append(_part(text, language, chosen))
        advance(1)
    return _assembled(parts)


def segment_sentences(
    corpus: Corpus, sentences: Sequence[Sequence[str]], settings: TextSettings | None = None
) -> Segments:
    """Find the words of documents that are split into sentences already.

    Args:
        corpus: The documents; each text is its sentences joined by one space.
        sentences: For each document its sentences.
        settings: How to split sentences into words; None for the defaults.

    Returns:
        The given sentences, white space at their edges taken off, and the words found in each by itself.

    Raises:
        InputError: A sentence is no str or white space alone, or the sentences are not those of `corpus`.

    Example:
        >>> import pandas as pd
        >>> given = [["One . Two", "Three"]]
        >>> segment_sentences(Corpus(["One . Two Three"], ["en"], pd.RangeIndex(1)), given).sentence_begin.tolist()
        [0, 10]
    """
    if checked_sentences(sentences) != corpus.texts:
        raise InputError("the sentences are not those of the texts", "texts that are their sentences joined by a space")
    chosen = replace(settings or TextSettings(), sentences=whole)
    parts = []
    for text, language, document in zip(corpus.texts, corpus.languages, sentences, strict=True):
        known = find_language(Characters(text)) if language == "xx" else language
        parts += [_part(sentence, known, chosen) for sentence in document]
    return shifted(_assembled(parts), sentences)


def _assembled(parts: list[Part]) -> Segments:
    sentences = np.fromiter((len(part[0]) for part in parts), np.int32, len(parts))
    tokens = np.fromiter((len(part[2]) for part in parts), np.int64, len(parts))
    document = np.repeat(np.arange(len(parts), dtype=np.int32), sentences)
    before = np.repeat(np.cumsum(sentences, dtype=np.int32) - sentences, tokens)
    begin, end, token_sentence, token_begin, token_end = (
        np.concatenate([part[field] for part in parts]) if parts else np.zeros(0, np.int32) for field in range(5)
    )
    return Segments(document, begin, end, token_sentence + before, token_begin, token_end)


def _part(text: str, language: str, settings: TextSettings) -> Part:
    characters = Characters(text)
    if not characters.filled.any():
        return (np.zeros(0, np.int32),) * 5
    known = find_language(characters) if language == "xx" else language
    kept = _kept(text, settings.keep_whole)
    found = sentence_cuts(characters, rules_of(known).sentences, settings.newline_breaks)
    begin, end = _sentences(text, characters, found, kept, settings.sentences)
    if settings.tokens is not None:
        return begin, end, *_given_tokens(text, begin, end, settings.tokens)
    cuts = _words(characters, known, found, settings.words)
    for first, last in kept:
        one_token(cuts, first, last)
    cuts[begin] = True
    token_begin, token_end = characters.between(cuts)
    token_sentence = np.searchsorted(begin, token_begin, side="right") - 1
    return begin, end, token_sentence.astype(np.int32), token_begin, token_end


def _words(characters: Characters, language: str, found: Cuts, words: Words) -> Bools:
    cuts = word_cuts(characters, language, found)
    return dictionary_cuts(characters, language, cuts) if words is Words.DICTIONARY else cuts


def _sentences(
    text: str, characters: Characters, found: Cuts, kept: list[tuple[int, int]], splitter: Splitter | None
) -> tuple[Ints, Ints]:
    if splitter is not None:
        return checked_spans(splitter(text), text, "the sentence splitter")
    cuts = np.zeros(len(characters.points) + 1, bool)
    cuts[found.begins] = True
    cuts[[0, -1]] = True
    for first, last in kept:
        cuts[first + 1 : last] = False
    return characters.between(cuts)


def _given_tokens(text: str, begin: Ints, end: Ints, tokenizer: Splitter) -> tuple[Ints, Ints, Ints]:
    spans = [
        checked_spans(tokenizer(text[first:last]), text[first:last], "the tokenizer")
        for first, last in zip(begin.tolist(), end.tolist(), strict=True)
    ]
    counts = np.fromiter((len(begins) for begins, _ in spans), np.int64, len(spans))
    sentence = np.repeat(np.arange(len(spans), dtype=np.int32), counts)
    begins = np.concatenate([begins for begins, _ in spans]) + begin[sentence]
    return sentence, begins, np.concatenate([ends for _, ends in spans]) + begin[sentence]


def _kept(text: str, patterns: tuple[str, ...]) -> list[tuple[int, int]]:
    """Give the spans of what is to stay whole, white space at their edges taken off."""
    spans = []
    for match in (match for pattern in patterns for match in re.finditer(pattern, text)):
        found = match.group()
        begin = match.start() + len(found) - len(found.lstrip())
        if found.strip():
            spans.append((begin, begin + len(found.strip())))
    return spans
