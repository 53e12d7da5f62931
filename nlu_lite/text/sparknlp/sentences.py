"""Find the sentences that Spark NLP's `SentenceDetector` finds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from nlu_lite.text.sparknlp.rules import (
    BREAK,
    CLOSE,
    CUSTOM,
    ELLIPSIS,
    MARKS,
    OPEN,
    Rule,
    abbreviation_rules,
    initial_rules,
    list_item_rules,
    number_rules,
    other_rules,
)

SPACE = "".join(map(chr, range(33)))
"""The characters that Java's ``trim()`` removes."""
ORDINARY = str.maketrans(dict.fromkeys(MARKS, "\ue000"))
"""Replaces the marks of the rules in a text by a character of the same kind."""
MARK = re.compile(f"[{BREAK}{OPEN}{CLOSE}{ELLIPSIS}{CUSTOM}]")

Span = tuple[int, int]


@dataclass(frozen=True)
class DetectorRules:
    """The parameters of Spark NLP's `SentenceDetector`, with its defaults.

    Attributes:
        use_abbreviations: Whether its English abbreviations end no sentence.
        detect_lists: Whether list items begin sentences.
        custom_bounds: Regular expressions; their matches end sentences, and are in no sentence.
        custom_bounds_only: Whether nothing else ends a sentence. Without bounds, this has no effect.
        split_length: The length at which sentences are split between words; None splits none.
        min_length: The minimum length of a sentence; shorter ones are left out.
        max_length: The maximum length of a sentence; longer ones are left out. None leaves out none.
    """

    use_abbreviations: bool = True
    detect_lists: bool = True
    custom_bounds: tuple[str, ...] = ()
    custom_bounds_only: bool = False
    split_length: int | None = None
    min_length: int = 0
    max_length: int | None = None


def find_sentences(text: str, rules: DetectorRules | None = None) -> list[Span]:
    """Return the sentences that Spark NLP finds in a text, in any language.

    Args:
        text: The text.
        rules: The parameters; None for Spark NLP's defaults.

    Returns:
        Half-open spans in code points, in order. None of them is empty.

    Example:
        >>> [text := "Dr. No came at 5 p.m. today; he left.", [text[b:e] for b, e in find_sentences(text)]][1]
        ['Dr. No came at 5 p.m. today;', 'he left.']
    """
    rules = rules or DetectorRules()
    marked, widths = _mark_bounds(text.translate(ORDINARY), rules.custom_bounds)
    if not (rules.custom_bounds and rules.custom_bounds_only):
        for rule in _choose_rules(rules):
            marked = rule.apply(marked)
    found = [span for part in _split(text, marked, widths) for span in _limit(text, part, rules.split_length)]
    longest = len(text) if rules.max_length is None else rules.max_length
    return [(begin, end) for begin, end in found if rules.min_length <= end - begin <= longest]


def _choose_rules(rules: DetectorRules) -> list[Rule]:
    """Return the rules in Spark NLP's order: numbers come later if there are bounds of the user's."""
    numbers = number_rules()
    abbreviations = [*initial_rules(), *(abbreviation_rules() if rules.use_abbreviations else ())]
    middle = [*abbreviations, *numbers] if rules.custom_bounds else [*numbers, *abbreviations]
    return [*(list_item_rules() if rules.detect_lists else ()), *middle, *other_rules()]


def _mark_bounds(text: str, bounds: tuple[str, ...]) -> tuple[str, list[int]]:
    """Replace the bounds of the user's by breaks; return the text, and the width of each of these breaks."""
    widths: list[int] = []
    for bound in bounds:
        parts, new_widths, place, used = [], [], 0, 0
        for match in re.finditer(bound, text):
            before, inside = text[place : match.start()].count(CUSTOM), match.group().count(CUSTOM)
            new_widths += widths[used : used + before]
            covered = widths[used + before : used + before + inside]
            new_widths.append(len(match.group()) - inside + sum(covered))
            parts += [text[place : match.start()], CUSTOM]
            place, used = match.end(), used + before + inside
        text, widths = "".join([*parts, text[place:]]), new_widths + widths[used:]
    return text, widths


def _split(text: str, marked: str, widths: list[int]) -> Iterator[Span]:
    """Yield the spans between the breaks of a marked text, trimmed."""
    breaks = [(0, 0), *_find_breaks(marked, widths), (len(text), len(text))]
    for (_, begin), (end, _) in pairwise(breaks):
        part = text[begin:end]
        if part.strip(SPACE):
            yield begin + len(part) - len(part.lstrip(SPACE)), begin + len(part.rstrip(SPACE))


def _find_breaks(marked: str, widths: list[int]) -> list[Span]:
    """Return the span in the text of each break that is not in brackets."""
    found: list[tuple[str, int, int]] = []
    shift, rest = 0, iter(widths)
    for match in MARK.finditer(marked):
        mark, begin = match.group(), match.start() + shift
        width = 3 if mark == ELLIPSIS else next(rest) if mark == CUSTOM else 0
        found.append((mark, begin, begin + width))
        shift += width - 1
    is_inside, breaks = False, []
    for mark, begin, end in reversed(found):  # a break is in brackets if the next bracket closes
        if mark in (OPEN, CLOSE):
            is_inside = mark == CLOSE
        elif mark in (BREAK, CUSTOM) and not is_inside:
            breaks.append((begin, end))
    return breaks[::-1]


def _limit(text: str, sentence: Span, length: int | None) -> Iterator[Span]:
    """Yield a sentence, or its parts of up to a length if it is longer. A longer word is a part of its own."""
    begin, end = sentence
    if length is None:
        yield sentence
        return
    first = last = begin
    for word in re.finditer("[^ ]+", text[begin:end]):
        if begin + word.end() - first > length and last > first:
            yield first, last
            first = begin + word.start()
        last = begin + word.end()
    yield first, last
