"""Find words: the cuts of ICU, adjusted by the rules of a language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain, groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from nlu_lite.text.addresses import find_addresses
from nlu_lite.text.affixes import MAX_WORD, split_clitics, split_dictionary_words
from nlu_lite.text.apostrophes import attach_edge_apostrophes
from nlu_lite.text.characters import DIGIT, LETTER, OTHER, SPACE, Bools, Characters
from nlu_lite.text.rules import WordRules, load_rules
from nlu_lite.text.sentences import SentenceCuts
from nlu_lite.text.token_patterns import find_attached_signs, find_common_tokens

MAX_SINGLE_CHARACTERS = 8  # longer runs of single ideographs are not names
_CONTEXT_CLASSES = {"a": LETTER, "0": DIGIT, "_": SPACE, ".": OTHER}
_SUPERSCRIPTS, _SUBSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", "₀₁₂₃₄₅₆₇₈₉₊₋"
_SCRIPTS = re.compile(f"[{_SUPERSCRIPTS}{_SUBSCRIPTS}]")
_LETTERS_AT_END = re.compile(r"[^\W\d_]+\Z")
_WORD = re.compile(r"\w+")


def apply_word_rules(characters: Characters, language: str, sentence_cuts: SentenceCuts, cuts: Bools) -> None:
    """Adjust word cuts by the rules of a language, in place.

    A later pass overrides an earlier one where both decide about the same offset, so the passes go from single
    characters to long tokens:

    1. Runs, joining characters, exponents and ampersands see two neighbors only, so any later pass knows better.
    2. The sentence rules have decided which periods belong to words; that overrides the joins at periods.
    3. Elisions cut after an apostrophe that ICU or a join kept inside a word.
    4. Dictionary words are split before single characters are joined, since the split leaves single characters.
    5. `keep_together` undoes splits and joins of the dictionary words that ICU got wrong.
    6. Token patterns see a whole token, such as an address, and so override everything above.
    7. `attach_left` extends the token that is there by now, whichever pass made it.
    8. Apostrophes are attached to words unless a token contains them by now.
    9. Clitics are split off complete tokens.
    10. Words with spaces consist of complete tokens.

    Args:
        characters: The text.
        language: The language whose rules apply.
        sentence_cuts: The periods that the sentence rules have classified.
        cuts: bool [N + 1], from `find_icu_cuts`; changed in place.
    """
    text, rules = characters.text, load_rules(language).words
    _join_runs(characters, cuts, rules.runs)
    for joint in (*rules.join, "0:0", "0'a", "0’a", "0^0", "a^0"):
        _join(characters, cuts, *joint)
    _join_exponents(characters, cuts)
    _join_ampersands(characters, cuts)
    _apply_sentence_cuts(cuts, sentence_cuts, rules)
    _cut_elisions(characters, cuts, rules)
    if any((rules.splits, rules.affixes, rules.surnames, rules.suffixes, rules.prefixes)):
        split_dictionary_words(text, cuts, language)
    if rules.single_character_words:
        _join_single_characters(characters, cuts, rules.single_character_words)
    for begin, end in _find_matches(rules.keep_together, text):
        cuts[begin + 1 : end] = False
    for begin, end in _find_tokens(text, rules):
        make_token(cuts, begin, end)
    for begin, end in chain(find_attached_signs(text), _find_matches(rules.attach_left, text)):
        cuts[begin:end] = False
        cuts[end] = True
    attach_edge_apostrophes(characters, cuts)
    if rules.clitics:
        split_clitics(text, cuts, language)
    if rules.words_with_spaces:
        _join_words_with_spaces(text, cuts, rules.words_with_spaces)


def make_token(cuts: Bools, begin: int, end: int) -> None:
    """Make ``[begin, end)`` one token, in place."""
    cuts[begin + 1 : end] = False
    cuts[begin] = True
    cuts[end] = True


def _find_matches(patterns: Iterable[re.Pattern[str]], text: str) -> Iterator[tuple[int, int]]:
    return (match.span() for pattern in patterns for match in pattern.finditer(text))


def _join_runs(characters: Characters, cuts: Bools, runs: str) -> None:
    """Join runs of one character, and runs of exclamation and question marks."""
    points = characters.points
    same = (points[1:] == points[:-1]).nonzero()[0] + 1
    cuts[same[characters.are_among(same, runs)]] = False
    if all(mark in runs and mark in characters.text for mark in "!?"):
        marks = characters.find("!?")
        cuts[marks[1:][np.diff(marks) == 1]] = False


def _join(characters: Characters, cuts: Bools, left: str, joint: str, right: str) -> None:
    """Join a character to its neighbors where both match the contexts of a rule."""
    if joint not in characters.text:
        return
    places = (characters.points == ord(joint)).nonzero()[0]
    here = _match_context(characters, places - 1, left) & _match_context(characters, places + 1, right)
    places = places[here]
    if left != "_":
        cuts[places] = False
    if right != "_":
        cuts[places + 1] = False


def _join_exponents(characters: Characters, cuts: Bools) -> None:
    """Join superscript and subscript digits to the word before them, and letters after a subscript: "m²", "H₂O"."""
    if _SCRIPTS.search(characters.text) is None:
        return
    places = characters.find(_SUPERSCRIPTS + _SUBSCRIPTS)
    classes = characters.classes
    in_run, inside = np.diff(places, prepend=-2) == 1, places > 0
    places = places[inside]
    attached = (classes[places - 1] == LETTER) | (classes[places - 1] == DIGIT) | in_run[inside]
    cuts[places[attached]] = False
    is_subscript = characters.are_among(places, _SUBSCRIPTS)
    after = places[attached & (places + 1 < len(classes)) & is_subscript]
    cuts[after[classes[after + 1] == LETTER] + 1] = False


def _join_ampersands(characters: Characters, cuts: Bools) -> None:
    """Join an ampersand to its neighbors where both are uppercase letters: "AT&T", "M&Ms", but not "black&white"."""
    if "&" not in characters.text:
        return
    for place in characters.find("&").tolist():
        if characters.text[place - 1 : place].isupper() and characters.text[place + 1 : place + 2].isupper():
            cuts[place : place + 2] = False


def _match_context(characters: Characters, places: NDArray[np.int64], context: str) -> Bools:
    """Return whether the character at each place matches a context; beyond the edges of the text is whitespace."""
    points, classes = characters.padded
    if context in _CONTEXT_CLASSES:
        matches: Bools = classes[places + 1] == _CONTEXT_CLASSES[context]
    else:
        matches = points[places + 1] == ord(context)
    return matches


def _apply_sentence_cuts(cuts: Bools, sentence_cuts: SentenceCuts, rules: WordRules) -> None:
    cuts[sentence_cuts.word_periods] = rules.abbreviation_period == "separate"
    cuts[sentence_cuts.word_periods + 1] = True
    cuts[sentence_cuts.detached_terminators] = True


def _cut_elisions(characters: Characters, cuts: Bools, rules: WordRules) -> None:
    """Make an elided word and its apostrophe one token."""
    if not rules.elisions:
        return
    points = characters.points
    apostrophes = np.flatnonzero((points == ord("'")) | (points == ord("’")))
    before_space = _match_context(characters, apostrophes + 1, "_")
    before_word = _match_context(characters, apostrophes + 1, "a") | _match_context(characters, apostrophes + 1, "0")
    for place in apostrophes[before_space | before_word].tolist():
        begin = _find_letters_before(characters.text, place)
        if begin < place and _is_elision(characters.text, begin, place, rules):
            make_token(cuts, begin, place + 1)


def _is_elision(text: str, begin: int, apostrophe: int, rules: WordRules) -> bool:
    """Return whether the word between two offsets is elided; the second is that of its apostrophe."""
    word = text[begin:apostrophe]
    is_any = "*" in rules.elisions and not (text[apostrophe + 1 : apostrophe + 2] or " ").isspace()
    if not is_any and word.lower() not in rules.elisions:
        return False
    following = _WORD.match(text, apostrophe + 1, apostrophe + 1 + MAX_WORD)
    return following is None or f"{word}'{following.group()}".lower() not in rules.never_split


def _find_letters_before(text: str, end: int) -> int:
    """Return the offset at which the letters before `end` begin."""
    letters = _LETTERS_AT_END.search(text, max(0, end - MAX_WORD), end)
    return letters.start() if letters else end


def _join_single_characters(characters: Characters, cuts: Bools, words: str) -> None:
    """Join ideographs that ICU leaves single in a row, such as an unknown name, unless they are words themselves."""
    points = characters.points
    single = cuts[:-1] & cuts[1:] & (points >= 0x3400) & (points <= 0x9FFF)
    places = np.flatnonzero(single)
    single[places[characters.are_among(places, words)]] = False
    edges = np.flatnonzero(np.diff(single, prepend=False, append=False))
    for begin, end in edges.reshape(-1, 2).tolist():
        if end - begin <= MAX_SINGLE_CHARACTERS:
            cuts[begin + 1 : end] = False


def _find_tokens(text: str, rules: WordRules) -> Iterator[tuple[int, int]]:
    """Find the spans that are one token by the patterns of all languages, then of this language; then addresses."""
    yield from find_common_tokens(text)
    for pattern in rules.token_patterns:
        groups = range(1, pattern.groups + 1) if pattern.groups else (0,)
        for match in pattern.finditer(text):
            yield from (match.span(group) for group in groups if match.start(group) < match.end(group))
    yield from find_addresses(text)


def _join_words_with_spaces(text: str, cuts: Bools, words: frozenset[str]) -> None:
    """Join words that are written with spaces: from the left, the longest first."""
    lowercase = text.replace("\u0130", "i").lower()  # U+0130 is the only character whose lowercase has two characters
    for match in _compile_alternatives(words).finditer(lowercase):
        make_token(cuts, *match.span())


@cache
def _compile_alternatives(words: frozenset[str]) -> re.Pattern[str]:
    """Return a pattern that matches the longest of some words at an offset."""
    return re.compile(rf"(?<![^\W\d_]){_build_trie_pattern(sorted(words))}(?![^\W_])")


def _build_trie_pattern(words: list[str]) -> str:
    """Return a pattern in which each common prefix occurs once, so that a search tries one alternative only."""
    suffixes = {
        first: [word[1:] for word in same] for first, same in groupby(filter(None, words), itemgetter(slice(1)))
    }
    ways = "|".join(re.escape(first) + _build_trie_pattern(rest) for first, rest in suffixes.items())
    return f"(?:{ways})?" if "" in words and ways else f"(?:{ways})" if len(suffixes) > 1 else ways
