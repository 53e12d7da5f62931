"""Where words begin and end: ICU's word rules (UAX 29) and dictionaries, mended by the rules of a language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache, partial
from itertools import groupby, pairwise
from operator import itemgetter
from unicodedata import category, combining

import numpy as np
from numpy.typing import NDArray

from nlu_lite.text.characters import DIGIT, LETTER, OTHER, SPACE, Characters
from nlu_lite.text.rules import WordRules, rules_of
from nlu_lite.text.sentences import FACE, Cuts

Bools = NDArray[np.bool_]

# A pattern begins with the sign that it is about and looks back from there: so a search is a search for a sign.
# Scripts in which words, and so addresses too, stand without spaces.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef"
_END = rf"[^\s<>\"“”»)\]{_UNSPACED}]*[^\s<>\"“”»)\].,;:!?'’{_UNSPACED}]"
ADDRESS = re.compile(rf"(?:https?|ftp)://{_END}")
SITE = re.compile(rf"www\.{_END}")
MENTION = r"@(?<![\w.]@)\w[\w{marks}]{{0,63}}+"
TAG = r"#(?<![\w&]#)[^\W\d][\w{marks}]*+"
JOY = re.compile(r"\^[_.-]?\^")
ARROW = re.compile(r"<[-=]++>?|(?<![-=])[-=]++>|[<>!]=++")
ENTITY = re.compile(r"(?:&(?:#\d{1,6}|#x[0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});)++")
_BEFORE_AT = re.compile(r"[\w.+-]+\Z")
_AFTER_AT = re.compile(r"@[\w-]{1,63}(?:\.[\w-]{1,63})+")


def word_cuts(characters: Characters, language: str, found: Cuts, cuts: Bools) -> None:
    """Mend where words begin and end by the rules of a language.

    Args:
        characters: The text.
        language: Whose rules count.
        found: What the sentences say of stops.
        cuts: As `icu_cuts` gives them; changed.
    """
    rules = rules_of(language).words
    _join_runs(characters, cuts, rules.runs)
    for joint in (*rules.join, "0:0"):
        _join(characters, cuts, *joint)
    cuts[found.stops_of_words] = rules.stops == "apart"
    cuts[found.stops_of_words + 1] = True
    cuts[found.stops_apart] = True
    _elide(characters, cuts, rules)
    if any((rules.apart, rules.affixes, rules.surnames, rules.suffixes, rules.prefixes)):
        _take_apart(characters.text, cuts, language)
    if rules.alone:
        _join_single(characters, cuts, rules.alone)
    for match in (match for pattern in rules.glue for match in pattern.finditer(characters.text)):
        cuts[match.start() + 1 : match.end()] = False
    for begin, end in _spans(characters.text, rules):
        one_token(cuts, begin, end)
    for match in (match for pattern in rules.tail for match in pattern.finditer(characters.text)):
        cuts[match.start() : match.end()] = False
        cuts[match.end()] = True
    if rules.clitics:
        _detach(characters.text, cuts, language)
    if rules.compounds:
        _compound(characters.text, cuts, rules.compounds)


def icu_cuts(characters: Characters, language: str) -> Bools:
    """Find where words begin and end by ICU, which gives a language without rules of its own Unicode's default.

    Returns:
        bool [N + 1], whether something begins or ends at each offset in code points; white space begins and ends
        something.
    """
    ends = np.fromiter(map(itemgetter(1), _segments(characters.text, language)), np.int64)
    cuts = np.zeros(len(characters.points) + 1, bool)
    cuts[characters.from_utf16(ends)] = True
    cuts[characters.edges()] = True
    cuts[[0, -1]] = True
    return cuts


def _segments(text: str, language: str) -> Iterator[tuple[int, int]]:
    from icu4py.breakers import WordBreaker

    spans: Iterator[tuple[int, int]] = WordBreaker(text, "" if language == "xx" else language).segments()
    return spans


def one_token(cuts: Bools, begin: int, end: int) -> None:
    """Make ``[begin, end)`` one token."""
    cuts[begin + 1 : end] = False
    cuts[begin] = True
    cuts[end] = True


def _join_runs(characters: Characters, cuts: Bools, runs: str) -> None:
    points = characters.points
    same = points[1:] == points[:-1]
    both = same & _in_table(runs)[np.minimum(points[1:], 0xFFFF)]
    cuts[1:-1] &= ~both
    if "!" in runs and "?" in runs:
        mark = _in_table("!?")[np.minimum(points, 0xFFFF)]
        cuts[1:-1] &= ~(mark[1:] & mark[:-1])


@cache
def _in_table(members: str) -> Bools:
    table = np.zeros(0x10000, bool)
    table[[ord(member) for member in members]] = True
    return table


_SIDES = {"a": LETTER, "0": DIGIT, "_": SPACE, ".": OTHER}


def _join(characters: Characters, cuts: Bools, left: str, joint: str, right: str) -> None:
    """Join a character to what stands beside it, where both sides are as a rule says."""
    places = np.flatnonzero(characters.points == ord(joint))
    if not len(places):
        return
    here = _stands(characters, places - 1, left) & _stands(characters, places + 1, right)
    places = places[here]
    if left != "_":
        cuts[places] = False
    if right != "_":
        cuts[places + 1] = False


def _stands(characters: Characters, places: NDArray[np.int64], sign: str) -> Bools:
    """Whether what a rule's sign means stands at each place; beyond the text's edges stands white space."""
    inside = (places >= 0) & (places < len(characters.points))
    at = np.where(inside, places, 0)
    if sign not in _SIDES:
        literal: Bools = inside & (characters.points[at] == ord(sign))
        return literal
    found: Bools = np.where(inside, characters.classes[at] == _SIDES[sign], sign == "_")
    return found


def _elide(characters: Characters, cuts: Bools, rules: WordRules) -> None:
    """Make a word and the apostrophe that stands for its last vowel one token."""
    if not rules.elided:
        return
    text, points = characters.text, characters.points
    apostrophes = np.flatnonzero((points == ord("'")) | (points == ord("’")))
    apart = _stands(characters, apostrophes + 1, "_")
    inside = _stands(characters, apostrophes + 1, "a") | _stands(characters, apostrophes + 1, "0")
    for place, alone in zip(apostrophes[apart | inside].tolist(), apart[apart | inside].tolist(), strict=True):
        begin = _run_before(text, place)
        listed = text[begin:place].lower() in rules.elided
        if begin == place or not (listed or ("*" in rules.elided and not alone)):
            continue
        following = _WORD.match(text, place + 1, place + 1 + LONGEST)
        if following is None or f"{text[begin:place]}'{following.group()}".lower() not in rules.whole:
            one_token(cuts, begin, place + 1)


def _run_before(text: str, end: int) -> int:
    """Where the letters before an offset begin."""
    found = _LETTERS.search(text, max(0, end - LONGEST), end)
    return found.start() if found else end


_LETTERS = re.compile(r"[^\W\d_]+\Z")
_WORD = re.compile(r"\w+")


def _spans(text: str, rules: WordRules) -> Iterator[tuple[int, int]]:
    """Give what is one token: addresses, tags, faces and what the language's patterns say."""
    for signs, find in _COMMON:
        if any(sign in text for sign in signs):
            yield from (match.span() for match in find(text))
    yield from _mails(text)
    for pattern in rules.one:
        for match in pattern.finditer(text):
            groups = range(1, pattern.groups + 1) if pattern.groups else (0,)
            yield from (match.span(group) for group in groups if match.start(group) < match.end(group))


def _mentions(text: str) -> Iterator[re.Match[str]]:
    return _with_marks(MENTION).finditer(text)


def _tags(text: str) -> Iterator[re.Match[str]]:
    return _with_marks(TAG).finditer(text)


@cache
def _with_marks(pattern: str) -> re.Pattern[str]:
    r"""Compile a pattern with marks, such as vowel signs, and joiners: letters have them, but ``\w`` does not."""
    marks = [mark for mark in map(chr, range(0x20000)) if category(mark)[0] == "M"]
    joiners, variants = "\u200c\u200d", "\U000e0100-\U000e01ef"  # beyond the range above only variants are marks
    return re.compile(pattern.format(marks="".join(marks) + joiners + variants))


_COMMON: tuple[tuple[tuple[str, ...], Callable[[str], Iterator[re.Match[str]]]], ...] = (
    (("&",), ENTITY.finditer),
    (("",), FACE.finditer),
    (("^",), JOY.finditer),
    (("<", ">", "!="), ARROW.finditer),
    (("@",), _mentions),
    (("#",), _tags),
    (("://",), ADDRESS.finditer),
    (("www.",), SITE.finditer),
)


def _mails(text: str) -> Iterator[tuple[int, int]]:
    at = text.find("@")
    while at >= 0:
        name, host = _BEFORE_AT.search(text[max(0, at - 64) : at]), _AFTER_AT.match(text, at)
        if name and host:
            yield at - len(name.group()), host.end()
        at = text.find("@", at + 1)


def _take_apart(text: str, cuts: Bools, language: str) -> None:
    """Cut tokens that ICU's dictionary has as one word."""
    offsets = np.flatnonzero(cuts)
    lengths = np.diff(offsets)
    several = np.flatnonzero((lengths > 1) & (lengths <= LONGEST))
    for begin, end in zip(offsets[several].tolist(), offsets[several + 1].tolist(), strict=True):
        for length in _inside(text[begin:end], language):
            cuts[begin + length] = True


def _join_single(characters: Characters, cuts: Bools, alone: str) -> None:
    """Make Chinese characters that stand single in a row one word: one that no dictionary has, such as a name."""
    points = np.minimum(characters.points, 0xFFFF)
    single = cuts[:-1] & cuts[1:] & (points >= 0x3400) & (points <= 0x9FFF) & ~_in_table(alone)[points]
    edges = np.flatnonzero(np.diff(single, prepend=False, append=False))
    for begin, end in edges.reshape(-1, 2).tolist():
        if end - begin <= MOST_SINGLE:
            cuts[begin + 1 : end] = False


MOST_SINGLE = 8  # longer than any word that is not known


@lru_cache(maxsize=65536)
def _inside(word: str, language: str) -> tuple[int, ...]:
    """Give the offsets at which a word of ICU's dictionary is cut."""
    rules = rules_of(language).words
    listed = _parts(rules.apart).get(word)
    if listed is not None or word in rules.whole:
        return listed or ()
    for pattern in rules.affixes:
        match = pattern.fullmatch(word)
        if match:
            return tuple(match.start(group) for group in range(2, pattern.groups + 1) if match.group(group))
    place = _affix(word, rules, partial(_is_word, language=language)) if len(word) > 2 else 0
    return (place,) if place else ()


def _affix(word: str, rules: WordRules, known: Callable[[str], bool]) -> int:
    """Give the offset at which a surname, a suffix or a prefix of one character is cut off, or 0."""
    if len(word) == 3 and word[0] in rules.surnames and not known(word[:2]):
        return 1
    if word[-1] in rules.suffixes:
        # A compound of two words may end with a character that is a suffix elsewhere.
        return len(word) - (2 if known(word[-2:]) and not known(word[:-1]) else 1)
    return int(word[0] in rules.prefixes and known(word[1:]))


@lru_cache(maxsize=65536)
def _is_word(text: str, language: str) -> bool:
    """Whether ICU has a text as one word; the suffixes of a language's words come again and again."""
    return sum(1 for _ in _segments(text, language)) == 1


@cache
def _parts(apart: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    """Give the inner cuts of each word."""
    cuts = {}
    for word in apart:
        lengths = np.cumsum([len(part) for part in word.split("|")])[:-1]
        cuts[word.replace("|", "")] = tuple(lengths.tolist())
    return cuts


def _detach(text: str, cuts: Bools, language: str) -> None:
    """Cut clitics off."""
    for begin, end in pairwise(np.flatnonzero(cuts).tolist()):
        if 2 < end - begin <= LONGEST:
            for length in _clitic_cuts(text[begin:end], language):
                cuts[begin + length] = True


@lru_cache(maxsize=65536)
def _clitic_cuts(word: str, language: str) -> tuple[int, ...]:
    """Give the offsets inside a word at which clitics end and begin; words come again and again."""
    return tuple(_inner_cuts(word, rules_of(language).words, 0))


def _inner_cuts(word: str, rules: WordRules, first: int) -> list[int]:
    """What a pattern has cut off is looked at by the patterns after it alone: clitics have an order."""
    if "".join(letter for letter in word if not combining(letter)) in rules.whole:
        return []
    for number, pattern in enumerate(rules.clitics[first:], first + 1):
        match = pattern.fullmatch(word)
        if match:
            spans = [match.span(group) for group in range(1, pattern.groups + 1) if match.group(group)]
            inner = [begin + cut for begin, end in spans for cut in _inner_cuts(word[begin:end], rules, number)]
            return [begin for begin, _ in spans if begin] + inner
    return []


LONGEST = 24  # letters of a word that may have clitics


def _compound(text: str, cuts: Bools, compounds: frozenset[str]) -> None:
    """Join words that are written with spaces: from the left, the longest first."""
    lowered = text.replace("\u0130", "i").lower()  # the one character of which lower() makes two
    for match in _any_of(compounds).finditer(lowered):
        one_token(cuts, *match.span())


@cache
def _any_of(words: frozenset[str]) -> re.Pattern[str]:
    """Give a pattern for the longest of some words that stands at a place."""
    return re.compile(rf"(?<![^\W\d_]){_branches(sorted(words))}(?![^\W_])")


def _branches(words: list[str]) -> str:
    """Give a pattern in which what words begin with is written once: a search tries one way alone."""
    after = {first: [word[1:] for word in same] for first, same in groupby(filter(None, words), itemgetter(slice(1)))}
    ways = "|".join(re.escape(first) + _branches(rest) for first, rest in after.items())
    return f"(?:{ways})?" if "" in words and ways else f"(?:{ways})" if len(after) > 1 else ways
