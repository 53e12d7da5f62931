"""Turn a `Corpus` into `Segments`: sentences and words as spans. Pure functions; no model.

Sentences and tokens are the spans between cuts. So every character is in exactly one of them, whatever the rules of a
language say. The rules are data: see `nlu_lite.text.rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from nlu_lite._util.processes import computing
from nlu_lite.errors import InputError
from nlu_lite.options import TextSettings
from nlu_lite.records import Corpus, Segments
from nlu_lite.text.batches import batch_by_language, merge_segments
from nlu_lite.text.detection import detect, detect_languages
from nlu_lite.text.dictionary import WORD_PACKAGES, check_dictionaries, describe_dictionary
from nlu_lite.text.languages import check_language, describe_rules, find_rules_language, list_languages
from nlu_lite.text.segmentation import segment_batch
from nlu_lite.text.validation import check_sentences, keep_as_one_sentence, restore_documents

__all__ = [
    "WORD_PACKAGES",
    "check_dictionaries",
    "check_language",
    "describe_dictionary",
    "describe_rules",
    "detect",
    "detect_languages",
    "find_rules_language",
    "list_languages",
    "merge_segments",
    "segment",
    "segment_sentences",
]


def segment(
    corpus: Corpus, settings: TextSettings | None = None, advance: Callable[[int], object] | None = None
) -> Segments:
    """Find the sentences and words of every document by the rules of its language.

    Args:
        corpus: The documents; the language ``"xx"`` is detected from the text.
        settings: How to split; None for the defaults.
        advance: Called with the number of documents segmented since the last call; None to report no progress.

    Returns:
        Spans in code points. Every character that is not whitespace is in exactly one token. With ``compat``,
        whitespace is that of Spark NLP: see `nlu_lite.text.sparknlp`.

    Raises:
        InputError: A callable of the settings returned spans that overlap, leave out a character, or are outside the
            text.
        MissingExtra: The settings have ``Words.DICTIONARY``, and a package for the language of a text is not installed.

    Example:
        >>> import pandas as pd
        >>> segments = segment(Corpus(["Hi! You?"], ["en"], pd.RangeIndex(1)))
        >>> segments.sentence_end.tolist(), segments.token_end.tolist()
        ([3, 8], [2, 3, 7, 8])
    """
    parts, settings = [], settings or TextSettings()
    for documents, part in _segment_batches(corpus.texts, _resolve_languages(corpus, settings), settings):
        parts.append(part)
        if advance is not None:
            advance(documents)
    return merge_segments(parts)


def segment_sentences(
    corpus: Corpus, sentences: Sequence[Sequence[str]], settings: TextSettings | None = None
) -> Segments:
    """Find the words of documents that are already split into sentences.

    Args:
        corpus: The documents; each text is its sentences, joined by one space.
        sentences: For each document its sentences.
        settings: How to split sentences into words; None for the defaults.

    Returns:
        The sentences, trimmed of whitespace, and the words of each sentence, found independently of the others.

    Raises:
        InputError: A sentence is not a str or is only whitespace, or the sentences do not match `corpus`.

    Example:
        >>> import pandas as pd
        >>> sentences = [["One . Two", "Three"]]
        >>> segment_sentences(Corpus(["One . Two Three"], ["en"], pd.RangeIndex(1)), sentences).sentence_begin.tolist()
        [0, 10]
    """
    if check_sentences(sentences) != corpus.texts:
        raise InputError(
            "the sentences are not those of the texts", "texts that are their sentences, joined by one space"
        )
    settings = settings or TextSettings()
    pairs = zip(_resolve_languages(corpus, settings), map(len, sentences), strict=True)
    languages = [language for one, count in pairs for language in [one] * count]
    texts = [sentence for document in sentences for sentence in document]
    one_sentence = replace(settings, sentences=keep_as_one_sentence)
    parts = [part for _, part in _segment_batches(texts, languages, one_sentence)]
    return restore_documents(merge_segments(parts), sentences)


def _resolve_languages(corpus: Corpus, settings: TextSettings) -> list[str]:
    if settings.compat is not None:
        return corpus.languages  # Spark NLP has the same rules for all of them
    unknown = [text for text, language in zip(corpus.texts, corpus.languages, strict=True) if language == "xx"]
    found = iter(detect_languages(unknown))
    return [next(found) if language == "xx" else find_rules_language(language) for language in corpus.languages]


def _segment_batches(texts: list[str], languages: list[str], settings: TextSettings) -> Iterator[tuple[int, Segments]]:
    """Yield for each batch its number of documents and its segments."""
    for batch in batch_by_language(texts, languages):
        with computing():  # see `_util.processes`
            segments = segment_batch(batch, settings)
        yield len(batch.texts), segments
