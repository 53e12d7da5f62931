"""Find the lines that begin a sentence: after paragraphs, in quoted e-mail, and in tables and blocks of short lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate, pairwise

from nlu_lite.options import NewlineBreaks
from nlu_lite.text.rules import SentenceRules

NEWLINE_PATTERNS = {
    NewlineBreaks.PARAGRAPHS: r"[\n\r\f\u2029](?:(?<=\n)[^\S\n]*+\n|(?<=\r)[^\S\n\r]*+\r|(?<=[\f\u2029]))",
    NewlineBreaks.LINES: r"[\n\r\f\v\x85\u2028\u2029]",
    NewlineBreaks.NEVER: r"(?!)",
}
_BLOCK = re.compile(r"(?m:^)[^\S\n]*+\S[^\n]*+(?:\n[^\S\n]*+\S[^\n]*+)++")
_MARKDOWN_HEADING = re.compile(r"#{1,6}[^\S\n]")
_QUOTE_SIGNS = re.compile(r">[> ]*+")
_WRAPPING_SIGNS = r"[.!?…:;,\-–—/&(。！？、，；։।؟۔]"
_WRAPPED = re.compile(rf"{_WRAPPING_SIGNS}\s*+\Z")
_WRAPPED_LINE = re.compile(rf"{_WRAPPING_SIGNS}[^\S\n]*+(?:\n|\Z)")
_INTRODUCTION = re.compile(r"[:：]\s*+\Z")
_SECTION_HEADING = re.compile(r"(?m:^)[^\S\n]{0,9}(§[ _]?\d++[a-z]?[^\S\n])(?:[^\n(.!?§]{0,100}[^\S\n])?(?=\(1\)\s)")
_LONG_OR_QUOTED_LINE = re.compile(r"(?m:^)(?:>|[^\n]{51}|[^\n]{50}\n)")  # shorter lines are not wrapped
_FEWEST_LINES = 3  # two lines may be a wrapped headline
_FEWEST_WORDS = 2  # of a headline in uppercase: one word may be an acronym within a sentence


def find_line_begins(text: str, rules: SentenceRules, newline_breaks: NewlineBreaks) -> Iterator[int]:
    """Find the offsets after line breaks at which a sentence begins, whatever the text before them."""
    for match in re.finditer(NEWLINE_PATTERNS[newline_breaks], text):
        yield match.end()
    if "§" in text:
        yield from _find_headings_of_law(text)
    if newline_breaks is NewlineBreaks.PARAGRAPHS and "\n" in text:
        for block in _BLOCK.finditer(text):
            yield from _find_begins_in_block(block.group(), block.start(), rules)


def _find_headings_of_law(text: str) -> Iterator[int]:
    """Find the begins of the title and of the first paragraph in the section of a law: "§ 5 Costs (1) The ..."."""
    for match in _SECTION_HEADING.finditer(text):
        yield match.end(1)
        yield match.end()


def _find_begins_in_block(block: str, start: int, rules: SentenceRules) -> Iterable[int]:
    """Find the lines of a paragraph that begin a sentence although no punctuation ends the line before."""
    lines = re.findall(r"[^\n]++\n?", block)
    begins = list(accumulate(map(len, lines), initial=start))[1:-1]
    if _is_table(lines) or _is_list_of_names(block, lines):
        return begins
    widths = [len(line.rstrip()) for line in lines]
    width, signs = max(widths), [sign for sign in ">#" if sign in block]
    return (
        begin
        for begin, length, (line, following) in zip(begins, widths, pairwise(lines), strict=False)
        if (length + 2 < width and _is_headline(line, following, width, rules))
        or _is_uppercase_headline(line, following)
        or (signs and _change_signs(line, following, signs))
    )


def _is_table(lines: list[str]) -> bool:
    """Return whether tabs or vertical bars separate the cells of every line."""
    return all("\t" in line.strip() for line in lines) or all(line.count("|") > 1 for line in lines)


def _is_list_of_names(block: str, lines: list[str]) -> bool:
    """Return whether the lines are short and none has punctuation at its end: an address, a menu, a list of names.

    A line that introduces them may end with a colon.
    """
    if len(lines) < _FEWEST_LINES:
        return False
    begin = len(lines[0]) if _INTRODUCTION.search(lines[0]) else 0
    return not (_LONG_OR_QUOTED_LINE.search(block, begin) or _WRAPPED_LINE.search(block, begin))


def _is_headline(line: str, following: str, width: int, rules: SentenceRules) -> bool:
    """Return whether a line ends although the capitalized word after it would have fitted into its width."""
    following = following.lstrip()
    if not following[0].isupper() or len(line.rstrip()) + 1 + len(following.split()[0]) >= width:
        return False
    last = line.split()[-1].lower()
    if _WRAPPED.search(line) or last in rules.ordinary_words:
        return False
    return line.isupper() or last not in rules.sentence_starters


def _is_uppercase_headline(line: str, following: str) -> bool:
    """Return whether a line of several words is all uppercase, and a capitalized word of another sentence follows."""
    if not line.isupper() or following.isupper() or _WRAPPED.search(line) or len(line.split()) < _FEWEST_WORDS:
        return False
    first = following.split()[0]
    return first[0].isupper() and (len(first) == 1 or not first.isupper())


def _change_signs(line: str, following: str, signs: list[str]) -> bool:
    """Return whether one of two lines is a heading, or quoted more deeply in an e-mail than the other one."""
    if "#" in signs and (_MARKDOWN_HEADING.match(line) or _MARKDOWN_HEADING.match(following)):
        return True
    return ">" in signs and _count_quote_signs(line) != _count_quote_signs(following)


def _count_quote_signs(line: str) -> int:
    signs = _QUOTE_SIGNS.match(line)
    return signs.group().count(">") if signs else 0
