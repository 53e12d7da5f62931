"""Search the catalogue for words, best match first."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

from nlu_lite._util.language_names import find_nearest_languages
from nlu_lite.errors import OptionError
from nlu_lite.registry.catalogue import Catalogue, Row, load_kinds

MAXIMUM_LENGTH = 200
"""Maximum length of a reference or query that is compared or shown, in characters."""
SIMILARITY = 0.75
"""Minimum similarity of a mistyped word to its replacement: the ratio of `difflib`, from 0 to 1."""


def search_rows(
    catalogue: Catalogue, query: str = "", language: str | None = None, kind: str | None = None
) -> list[Row]:
    """Return the rows that match every word of a query.

    Args:
        catalogue: The catalogue to search.
        query: Words, separated by whitespace, in any case. They are compared with the reference and the model's name,
            title, tags and description. An empty query matches every row.
        language: Only models of this language.
        kind: Only models of this kind, such as ``"XlmRoBertaEmbeddings"``, in any case.

    Returns:
        The rows, best match first. A word that equals the reference ranks highest, then a word that equals one of its
        segments, begins one, or is part of one, then a word that begins another searched word. Rows of equal rank are
        sorted by whether they can be loaded, then by the length of the reference. If no row has all the words, the most
        similar words are searched for instead.

    Raises:
        OptionError: No model has that language or kind, or the query is not a str or is too long.

    Example:
        >>> from nlu_lite.registry.registrations import load_built_in
        >>> [row.reference for row in search_rows(load_built_in(), "xtreme")]
        ['xx.embed.xlm_roberta_xtreme_base']
    """
    rows = _select_kind(_select_language(list(catalogue.rows.values()), language), kind)
    if not isinstance(query, str):
        raise OptionError(f"query is of type {type(query).__name__}", "a str of a few words", "Pass a str")
    if len(query) > MAXIMUM_LENGTH:
        got = f"query has {len(query):,} characters"
        raise OptionError(got, f"at most {MAXIMUM_LENGTH} characters", "Pass a few words")
    words = query.casefold().split()
    ranked = _rank(catalogue, rows, words)
    if not ranked and words:
        ranked = _rank(catalogue, rows, [_correct(word, rows) for word in words])
    return ranked


def _select_language(rows: list[Row], language: str | None) -> list[Row]:
    if language is None:
        return rows
    known = sorted({row.language for row in rows})
    if language not in known:
        near = [code for code in find_nearest_languages(str(language)) if code in known]
        raise OptionError(f"no model has the language {_shorten(language)}", "one of " + ", ".join(known), "", near)
    return [row for row in rows if row.language == language]


def _select_kind(rows: list[Row], kind: str | None) -> list[Row]:
    if kind is None:
        return rows
    names = {name.casefold(): name for name in load_kinds()}
    folded = str(kind)[:MAXIMUM_LENGTH].casefold()
    if folded not in names:
        near = [names[key] for key in get_close_matches(folded, names)]
        raise OptionError(f"no kind is called {_shorten(kind)}", ", ".join(sorted(names.values())), "", near)
    return [row for row in rows if row.kind == names[folded]]


def _rank(catalogue: Catalogue, rows: Iterable[Row], words: list[str]) -> list[Row]:
    matches = [(sum(scores), row) for row in rows if all(scores := [_score(catalogue, row, word) for word in words])]
    return [
        row
        for *_, row in sorted(
            (-score, bool(catalogue.explain_unloadable(row)), len(row.reference), row.reference, row)
            for score, row in matches
        )
    ]


def _score(catalogue: Catalogue, row: Row, word: str) -> int:
    """Return the score of a word's match with a row; 0 for no match."""
    reference, model = row.reference.casefold(), row.model.casefold()
    segments = re.split(r"[._]", reference)
    tests = (
        (64, word in (reference, model)),
        (32, word in reference.split(".")),
        (16, word in segments),
        (8, any(segment.startswith(word) for segment in segments)),
        (4, word in reference or word in model),
        (2, word in row.kind.casefold()),
    )
    best = max((points for points, holds in tests if holds), default=0)
    return best or int(re.search(rf"(?<![^\W_]){re.escape(word)}", _collect_words(catalogue, row)) is not None)


def _collect_words(catalogue: Catalogue, row: Row) -> str:
    card = catalogue.find_facts(row).card
    words = [card.get("title"), card.get("description"), *card.get("tags", ()), *card.get("sources", ())]
    return " ".join(word for word in [*words, load_kinds()[row.kind].description] if word).casefold()


def _correct(word: str, rows: Iterable[Row]) -> str:
    """Return the word of a reference that is most similar to a mistyped word; the word itself if none is similar."""
    known = sorted({part for row in rows for part in re.split(r"[._]", row.reference.casefold()) if len(part) > 2})
    best = max(known, key=lambda part: SequenceMatcher(None, word, part).ratio(), default=word)
    return best if SequenceMatcher(None, word, best).ratio() >= SIMILARITY else word


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= MAXIMUM_LENGTH else f"{text[:MAXIMUM_LENGTH]}..."
