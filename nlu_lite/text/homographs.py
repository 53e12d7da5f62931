"""Abbreviations that are spelled as ordinary words."""

from __future__ import annotations

from nlu_lite.text.rules import SentenceRules

_OPENING_QUOTES = frozenset('"“„«»‘')
_NOUN_GAP = " \n\t\u00a0\u202f„‚»›\"'"  # between a noun that ends a sentence and the next sentence
_LAST_LATIN = "\u024f"
_BEFORE_LANGUAGE = frozenset(("", *"(,;["))


def is_homograph(word: str, before: str, after: str, rules: SentenceRules) -> bool:
    """Return whether a listed abbreviation is the ordinary word of the same spelling.

    Russian "нем." is the language only after a bracket or comma, or before another script or a quotation: elsewhere it
    is "him".
    """
    if len(word) == 1 or word not in rules.prepositive or word not in rules.ordinary_words:
        return _is_noun(word, before, after, rules)
    following = after.lstrip()[:1]
    is_foreign = following.isalpha() and _is_latin(following) != _is_latin(word)
    return not (is_foreign or following in _OPENING_QUOTES or before.rstrip()[-1:] in _BEFORE_LANGUAGE)


def _is_latin(text: str) -> bool:
    return text[0] <= _LAST_LATIN


def _is_noun(word: str, before: str, after: str, rules: SentenceRules) -> bool:
    """Return whether a word is a noun whose lowercase form is an abbreviation: German "ein Sog", unlike "sog."."""
    if rules.capitalization != "nouns" or not (
        word.isalpha() and word.istitle() and after.lstrip(_NOUN_GAP)[:1].isupper()
    ):
        return False
    return before.rstrip()[-1:].isalpha() and word not in rules.listed_abbreviations
