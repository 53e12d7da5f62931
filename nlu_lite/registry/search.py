"""Lines of the catalogue that suit some words, best first."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

from nlu_lite._util.language_names import nearest_languages
from nlu_lite.errors import OptionError
from nlu_lite.registry.catalogue import Catalogue, Row, kinds

LONGEST = 200
"""Characters of a reference or query that are worth comparing or showing."""
ALIKE = 0.75
"""How alike two words are that one is taken for the other mistyped: `difflib`'s ratio, from 0 to 1."""


def find(catalogue: Catalogue, query: str = "", language: str | None = None, kind: str | None = None) -> list[Row]:
    """Find the lines that suit every word of a query.

    Args:
        catalogue: Where to look.
        query: Words, split at white space; case does not count. Of a reference, its model's name, title, tags and
            description. None means every line.
        language: Only models of this language.
        kind: Only models of this kind, such as ``"XlmRoBertaEmbeddings"``; case does not count.

    Returns:
        Best first: the reference itself, then a whole segment of it, the beginning of one, a part of one, then the
        beginning of other words; among equals those that can be loaded, then shorter references. Where no line has
        all words, those that have words much like them.

    Raises:
        OptionError: No model is of that language or kind, or the query is no str or overlong.

    Example:
        >>> from nlu_lite.registry.own import built_in
        >>> [row.reference for row in find(built_in(), "xtreme")]
        ['xx.embed.xlm_roberta_xtreme_base']
    """
    rows = _chosen(catalogue, language, kind)
    if not isinstance(query, str) or len(query) > LONGEST:
        got = f"a query of {len(query):,} characters" if isinstance(query, str) else f"a {type(query).__name__}"
        raise OptionError(got, f"at most {LONGEST} characters of words", "Pass a few words")
    words = query.casefold().split()
    ranked = _ranked(catalogue, rows, words)
    if not ranked and words:
        ranked = _ranked(catalogue, rows, [_mended(word, rows) for word in words])
    return ranked


def _chosen(catalogue: Catalogue, language: str | None, kind: str | None) -> list[Row]:
    rows = list(catalogue.rows.values())
    if language is not None:
        known = sorted({row.language for row in rows})
        if language not in known:
            near = [code for code in nearest_languages(str(language)) if code in known]
            raise OptionError(f"no model is of the language {_shown(language)}", "one of " + ", ".join(known), "", near)
        rows = [row for row in rows if row.language == language]
    if kind is not None:
        names = {name.casefold(): name for name in kinds()}
        wanted = names.get(str(kind)[:LONGEST].casefold())
        if wanted is None:
            near = [names[key] for key in get_close_matches(str(kind)[:LONGEST].casefold(), names)]
            raise OptionError(f"no kind is called {_shown(kind)}", ", ".join(sorted(names.values())), "", near)
        rows = [row for row in rows if row.kind == wanted]
    return rows


def _ranked(catalogue: Catalogue, rows: Iterable[Row], words: list[str]) -> list[Row]:
    scored = [(sum(scores), row) for row in rows if all(scores := [_score(catalogue, row, word) for word in words])]
    return [
        row
        for _, _, _, _, row in sorted(
            (-score, bool(catalogue.why_not(row)), len(row.reference), row.reference, row) for score, row in scored
        )
    ]


def _score(catalogue: Catalogue, row: Row, word: str) -> int:
    """Say how well a word suits a line; 0 for not at all."""
    reference = row.reference.casefold()
    segments = re.split(r"[._]", reference)
    tests = (
        (64, reference == word or row.model.casefold() == word),
        (32, word in reference.split(".")),
        (16, word in segments),
        (8, any(segment.startswith(word) for segment in segments)),
        (4, word in reference or word in row.model.casefold()),
        (2, word in row.kind.casefold()),
    )
    best = max(points for points, holds in tests if holds) if any(holds for _, holds in tests) else 0
    return best or int(re.search(rf"(?<![^\W_]){re.escape(word)}", _described(catalogue, row)) is not None)


def _described(catalogue: Catalogue, row: Row) -> str:
    card = catalogue.facts(row).card
    words = [card.get("title"), card.get("description"), *card.get("tags", ()), *card.get("sources", ())]
    return " ".join(word for word in [*words, kinds()[row.kind].what] if word).casefold()


def _mended(word: str, rows: Iterable[Row]) -> str:
    """Give the word of a reference that is most like a mistyped one; the word itself where none is."""
    known = sorted({part for row in rows for part in re.split(r"[._]", row.reference.casefold()) if len(part) > 2})
    best = max(known, key=lambda part: SequenceMatcher(None, word, part).ratio(), default=word)
    return best if SequenceMatcher(None, word, best).ratio() >= ALIKE else word


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
