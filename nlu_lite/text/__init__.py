"""A `Corpus` becomes `Segments`: sentences and words as spans. Pure functions; no model.

What lies between two cuts is a sentence or a token, so that nothing can be lost or stand twice, whatever the rules of
a language say. The rules are data: see `nlu_lite.text.rules`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from nlu_lite.errors import InputError
from nlu_lite.records import Corpus, Ints, Segments
from nlu_lite.text.characters import Characters
from nlu_lite.text.dictionary import WORD_PACKAGES, When, check_dictionaries, dictionary_of, recut
from nlu_lite.text.given import checked_sentences, checked_spans, shifted, whole
from nlu_lite.text.groups import Group, grouped, in_order
from nlu_lite.text.languages import check_language, detect, known_languages, rules_for
from nlu_lite.text.rules import rules_of
from nlu_lite.text.sentences import Cuts, sentence_cuts
from nlu_lite.text.settings import NewlineBreaks, Splitter, TextSettings, Words
from nlu_lite.text.words import Bools, icu_cuts, one_token, word_cuts

__all__ = [
    "WORD_PACKAGES",
    "NewlineBreaks",
    "Splitter",
    "TextSettings",
    "Words",
    "check_dictionaries",
    "check_language",
    "detect",
    "dictionary_of",
    "known_languages",
    "rules_for",
    "segment",
    "segment_sentences",
]


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
        MissingExtra: ``Words.DICTIONARY`` is asked for and a package for the language of a text is not installed.

    Example:
        >>> import pandas as pd
        >>> segments = segment(Corpus(["Hi! You?"], ["en"], pd.RangeIndex(1)))
        >>> segments.sentence_end.tolist(), segments.token_end.tolist()
        ([3, 8], [2, 3, 7, 8])
    """
    return _segmented(corpus.texts, _languages(corpus), settings or TextSettings(), advance)


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
    counts = map(len, sentences)
    languages = [language for one, count in zip(_languages(corpus), counts, strict=True) for language in [one] * count]
    flat = [sentence for document in sentences for sentence in document]
    chosen = replace(settings or TextSettings(), sentences=whole)
    return shifted(_segmented(flat, languages, chosen, int), sentences)


def _languages(corpus: Corpus) -> list[str]:
    pairs = zip(corpus.texts, corpus.languages, strict=True)
    return [detect(text) if language == "xx" else language for text, language in pairs]


def _segmented(
    texts: list[str], languages: list[str], settings: TextSettings, advance: Callable[[int], object]
) -> Segments:
    parts = []
    for group in grouped(texts, languages):
        parts.append(_part(group, settings))
        advance(len(group.texts))
    return in_order(parts)


def _part(group: Group, settings: TextSettings) -> Segments:
    characters = Characters(group.text)
    kept = [span for pattern in settings.keep_whole for span in _kept(group, pattern)]
    texts = [(begin, characters.text[begin:end]) for begin, end in group.spans]
    found = sentence_cuts(texts, rules_of(group.language).sentences, settings.newline_breaks)
    begin, end = _sentences(group, characters, found, kept, settings.sentences)
    if settings.tokens is not None:
        return group.parted(begin, end, *_given_tokens(group.text, begin, end, settings.tokens))
    cuts = _words(group, characters, found, settings.words)
    for first, last in kept:
        one_token(cuts, first, last)
    cuts[begin] = True
    token_begin, token_end = characters.between(cuts)
    token_sentence = np.searchsorted(begin, token_begin, side="right") - 1
    return group.parted(begin, end, token_sentence.astype(np.int32), token_begin, token_end)


def _words(group: Group, characters: Characters, found: Cuts, words: Words) -> Bools:
    language = group.language
    check_dictionaries(words, language)
    cuts = icu_cuts(characters, language)
    if words is Words.DICTIONARY:
        recut(characters, cuts, language, When.BEFORE_RULES)
    word_cuts(characters, language, found, cuts)
    if words is Words.DICTIONARY:
        for begin, end in group.spans:  # a package may look at all that it is given
            recut(Characters(group.text[begin:end]), cuts[begin : end + 1], language, When.AFTER_RULES)
    return cuts


def _sentences(
    group: Group, characters: Characters, found: Cuts, kept: list[tuple[int, int]], splitter: Splitter | None
) -> tuple[Ints, Ints]:
    if splitter is not None:
        return _given_sentences(group, splitter)
    cuts = np.zeros(len(characters.points) + 1, bool)
    cuts[found.begins] = True
    cuts[group.starts] = True
    for first, last in kept:
        cuts[first + 1 : last] = False
    return characters.between(cuts)


def _given_sentences(group: Group, splitter: Splitter) -> tuple[Ints, Ints]:
    spans = [
        [offsets + np.int32(start) for offsets in checked_spans(splitter(text), text, "the sentence splitter")]
        for start, text in zip(group.starts, group.texts, strict=True)
        if text.strip()
    ]
    none = np.zeros(0, np.int32)
    return np.concatenate([none, *(begins for begins, _ in spans)]), np.concatenate(
        [none, *(ends for _, ends in spans)]
    )


def _given_tokens(text: str, begin: Ints, end: Ints, tokenizer: Splitter) -> tuple[Ints, Ints, Ints]:
    spans = [
        checked_spans(tokenizer(text[first:last]), text[first:last], "the tokenizer")
        for first, last in zip(begin.tolist(), end.tolist(), strict=True)
    ]
    return _concatenated(spans, begin)


def _concatenated(spans: list[tuple[Ints, Ints]], starts: Ints) -> tuple[Ints, Ints, Ints]:
    """Give the number of the part that a span lies in, its begin and end, counted on from where that part begins."""
    counts = np.fromiter((len(begins) for begins, _ in spans), np.int64, len(spans))
    part = np.repeat(np.arange(len(spans), dtype=np.int32), counts)
    none = np.zeros(0, np.int32)
    begins = np.concatenate([none, *(begins for begins, _ in spans)]) + starts[part]
    return part, begins, np.concatenate([none, *(ends for _, ends in spans)]) + starts[part]


def _kept(group: Group, pattern: str) -> Iterator[tuple[int, int]]:
    """Give the spans of what is to stay whole, white space at their edges taken off."""
    for start, text in zip(group.starts.tolist(), group.texts, strict=True):
        for match in re.finditer(pattern, text):
            found = match.group()
            begin = start + match.start() + len(found) - len(found.lstrip())
            if found.strip():
                yield begin, begin + len(found.strip())
