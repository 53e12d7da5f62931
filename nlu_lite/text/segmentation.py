"""Segment one batch: sentences and tokens by the rules of its language, or by the callables of the settings."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from nlu_lite.options import Splitter, TextSettings, Words
from nlu_lite.records import Ints, Segments
from nlu_lite.text.batches import LanguageBatch
from nlu_lite.text.characters import Bools, Characters
from nlu_lite.text.dictionary import CutStage, apply_dictionary, check_dictionaries
from nlu_lite.text.icu import find_icu_cuts
from nlu_lite.text.rules import load_rules
from nlu_lite.text.sentences import SentenceCuts, find_sentence_cuts
from nlu_lite.text.sparknlp import find_sentences, find_tokens
from nlu_lite.text.validation import check_spans
from nlu_lite.text.words import apply_word_rules, make_token


def segment_batch(batch: LanguageBatch, settings: TextSettings) -> Segments:
    """Segment a batch; offsets of the result are relative to the documents."""
    if settings.compat is not None:
        return _segment_as_spark_nlp(batch, settings)
    characters = Characters(batch.text)
    protected = [span for pattern in settings.keep_whole for span in _find_protected_spans(batch, pattern)]
    texts = [(begin, characters.text[begin:end]) for begin, end in batch.spans]
    sentence_cuts = find_sentence_cuts(texts, load_rules(batch.language).sentences, settings.newline_breaks)
    if settings.sentences is None:
        begin, end = _find_sentences(batch, characters, sentence_cuts, protected)
    else:
        begin, end = _split_sentences(batch, settings.sentences)
    if settings.tokens is not None:
        return batch.build_segments(begin, end, *_split_tokens(batch.text, begin, end, settings.tokens))
    cuts = _find_word_cuts(batch, characters, sentence_cuts, settings.words)
    for first, last in protected:
        make_token(cuts, first, last)
    cuts[begin] = True  # sentences are final: no token crosses a sentence boundary
    token_begin, token_end = characters.find_spans(cuts)
    token_sentence = np.searchsorted(begin, token_begin, side="right") - 1
    return batch.build_segments(begin, end, token_sentence.astype(np.int32), token_begin, token_end)


def _segment_as_spark_nlp(batch: LanguageBatch, settings: TextSettings) -> Segments:
    """Segment a batch by Spark NLP's rules; a callable of the settings replaces its stage."""
    if settings.sentences is None:
        _, begin, end = _concatenate([_build_spans(find_sentences(text)) for text in batch.texts], batch.starts)
    else:
        begin, end = _split_sentences(batch, settings.sentences)
    if settings.tokens is not None:
        return batch.build_segments(begin, end, *_split_tokens(batch.text, begin, end, settings.tokens))
    sentences = (batch.text[first:last] for first, last in zip(begin.tolist(), end.tolist(), strict=True))
    spans = [_build_spans(find_tokens(sentence)) for sentence in sentences]
    return batch.build_segments(begin, end, *_concatenate(spans, begin))


def _build_spans(pairs: list[tuple[int, int]]) -> tuple[Ints, Ints]:
    """Return the begins and the ends of spans, int32."""
    array = np.array(pairs, np.int32).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def _find_protected_spans(batch: LanguageBatch, pattern: str) -> Iterator[tuple[int, int]]:
    """Find the spans that a pattern of `keep_whole` matches, trimmed of whitespace."""
    for start, text in zip(batch.starts.tolist(), batch.texts, strict=True):
        for match in re.finditer(pattern, text):
            piece = match.group()
            begin = start + match.start() + len(piece) - len(piece.lstrip())
            if piece.strip():
                yield begin, begin + len(piece.strip())


def _find_sentences(
    batch: LanguageBatch, characters: Characters, sentence_cuts: SentenceCuts, protected: list[tuple[int, int]]
) -> tuple[Ints, Ints]:
    cuts = np.zeros(len(characters.points) + 1, bool)
    cuts[sentence_cuts.begins] = True
    cuts[batch.starts] = True
    for first, last in protected:
        cuts[first + 1 : last] = False
    return characters.find_spans(cuts)


def _split_sentences(batch: LanguageBatch, splitter: Splitter) -> tuple[Ints, Ints]:
    starts = [start for start, text in zip(batch.starts.tolist(), batch.texts, strict=True) if text.strip()]
    spans = [check_spans(splitter(text), text, "the sentence splitter") for text in batch.texts if text.strip()]
    _, begins, ends = _concatenate(spans, np.array(starts, np.int32))
    return begins, ends


def _split_tokens(text: str, begin: Ints, end: Ints, tokenizer: Splitter) -> tuple[Ints, Ints, Ints]:
    sentences = (text[first:last] for first, last in zip(begin.tolist(), end.tolist(), strict=True))
    spans = [check_spans(tokenizer(sentence), sentence, "the tokenizer") for sentence in sentences]
    return _concatenate(spans, begin)


def _concatenate(spans: list[tuple[Ints, Ints]], starts: Ints) -> tuple[Ints, Ints, Ints]:
    """Concatenate the spans of several parts of a text.

    Returns:
        For each span the number of its part, its begin and its end, relative to the whole text.
    """
    counts = np.fromiter((len(begins) for begins, _ in spans), np.int64, len(spans))
    part = np.repeat(np.arange(len(spans), dtype=np.int32), counts)
    none = np.zeros(0, np.int32)
    begins = np.concatenate([none, *(begins for begins, _ in spans)]) + starts[part]
    return part, begins, np.concatenate([none, *(ends for _, ends in spans)]) + starts[part]


def _find_word_cuts(batch: LanguageBatch, characters: Characters, sentence_cuts: SentenceCuts, words: Words) -> Bools:
    language = batch.language
    check_dictionaries(words, language)
    cuts = find_icu_cuts(characters, language)
    if words is Words.DICTIONARY:
        apply_dictionary(characters, cuts, language, CutStage.BEFORE_RULES)
    apply_word_rules(characters, language, sentence_cuts, cuts)
    if words is Words.DICTIONARY:
        for begin, end in batch.spans:  # a package may use the whole text as context, so it gets one document at a time
            document = Characters(batch.text[begin:end])
            apply_dictionary(document, cuts[begin : end + 1], language, CutStage.AFTER_RULES)
    return cuts
