"""Decide whether the sentence around a quotation continues after a terminator that ends the quotation."""

from __future__ import annotations

import re
from itertools import islice

from nlu_lite.text.abbreviations import LOOKBEHIND
from nlu_lite.text.rules import SentenceRules
from nlu_lite.text.starters import is_sentence_starter
from nlu_lite.text.terminators import DASHES, QUOTATION_MARKS, Terminator

_LATE_CLOSER = re.compile(r"(?:[^\S\n]{1,2}(''|[\"”»“’›]))++(?=[\s,.;:!?…)\]–—¹²³⁰-⁹-]|\Z)[¹²³⁰-⁹]*+")
_OPENERS_OF_LATE_CLOSERS = {"“": "„", "’": "‘‚"}  # marks that open quotations in other languages
_CITATION = re.compile(r"[^\S\n]?\([^()\n]{1,60}(?<![.!?…])\)(?=[.,;:]|\Z)")
_LONGEST_QUOTATION = 1000  # characters in which the opening quotation mark is searched
_LONGEST_EXCLAMATION = 20  # characters of a quotation that is part of a sentence
_LONGEST_TITLE = 40  # characters of a title at the begin of a sentence
_SHORT_QUOTATION = 60  # characters; the sentences of a longer quotation are separate
_FULL_STOPS = ".।።։။۔។"
_MARKS = "!?！？؟。"
_QUOTED_MARKS = _MARKS + _FULL_STOPS
_OPENING_QUOTE = re.compile(r"[《〈「『“„«]|’’|[\"»”](?<=[:,،\w]\s.)(?=\S)")
_QUOTES = (
    ("《", "》"),
    ("〈", "〉"),
    ("「", "」"),
    ("『", "』"),
    ("“", "”"),
    ("„", "“"),
    ("„", "”"),
    ("«", "»"),
    ("»", "«"),
    ('"', '"'),
)
_URDU_QUOTES = (("”", "“"), ("’’", "‘‘"))
_OTHER_QUOTES = (
    ("‘", "’"),
    ("'", "'"),
    ("’", "‘"),
    *_URDU_QUOTES,
)  # marks that are more often apostrophes or close quotations
_LONGEST_TAG = 60
_MOST_WORDS_OF_TAG = 4
_MOST_WORDS_OF_CASELESS_TAG = 6  # the verb is often last, and each letter of an abbreviation is a word
_LONGEST_CLAUSE = 80
_CLAUSE = re.compile(r"[^.!?…।॥۔؟።။,،፣;؛:：\"“”«»\n]++(?=[.!?।॥۔؟።။])")
_MOST_WORDS_OF_VERB = 2  # "asked", "had asked"
_TAG_ENDS = (
    "",
    ".",
    ",",
    ":",
    ";",
    "।",
    "۔",
    "،",
)  # after a period, a name and a verb that has an object begin a sentence
_WORD = re.compile(
    r"[\w'’\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0963\u0966-\u0dff\u1000-\u1049\u1050-\u109f]+"
)
_INTRODUCTIONS = tuple(",:،：")
_WORD_ENDS = tuple(".!?…,")
_REPEATED_ENDS = frozenset((*_MARKS, "."))
_FIRST_EXCLAMATION = re.compile(r"[\"'“”„«‘’「『]([^\W\d_][^.!?…।॥۔؟።。！？\"“”„«»‘「」『』]*+)\Z")
_TITLE_CLOSERS = frozenset("》〉")


def absorb_late_closer(mark: Terminator) -> Terminator:
    """Count the closing quotation mark after whitespace as directly after the terminator: "« Oui ! »"."""
    late = _LATE_CLOSER.match(mark.text, mark.closers_end)
    if late is None or not _is_open(mark, late.group(1)):
        return mark
    return mark.extend_closers(late.end())


def find_late_closer(mark: Terminator) -> str:
    """Return the last quotation mark after whitespace that may belong to a quotation before it; empty if none."""
    late = _LATE_CLOSER.match(mark.text, mark.closers_end)
    return late.group(1) if late else ""


def _is_open(mark: Terminator, closer: str) -> bool:
    """Return whether a quotation mark closes a quotation that is open at the terminator.

    Most closing marks never open a quotation. A straight mark closes if the number of those before it in the sentence
    is odd. The others close if there are more of the marks that they belong to; a quotation may have many sentences.
    """
    first = max(0, mark.closers_end - _LONGEST_QUOTATION)
    if closer == '"':
        return mark.text.count(closer, max(first, mark.sentence_begin), mark.closers_end) % 2 == 1
    openers = _OPENERS_OF_LATE_CLOSERS.get(closer)
    if openers is None:
        return True
    before = mark.text[first : mark.closers_end]
    return sum(map(before.count, openers)) > before.count(closer)


def continues_after_quotation(mark: Terminator) -> bool:
    """Return whether the text after a quotation shows that the sentence around it continues."""
    if mark.character in _QUOTED_MARKS and _is_in_short_quotation(mark):
        return True
    if not mark.closers and _is_repeated(mark):
        return True
    if not (mark.closers or mark.openers):
        return mark.following.islower() and mark.character not in ".…" and _is_speech_tag(mark)
    if not _TITLE_CLOSERS.isdisjoint(mark.closers):
        return mark.following not in ("", "\n")
    if DASHES.isdisjoint(mark.openers):
        if QUOTATION_MARKS.isdisjoint(mark.closers):
            return False
        if _CITATION.match(mark.text, mark.closers_end) or _is_embedded_quotation(mark):
            return True
        return _is_speech_tag(mark)
    return _resumes_after_tag(mark) or (not QUOTATION_MARKS.isdisjoint(mark.closers) and _is_speech_tag(mark))


def continues_after_mark(text: str, start: int, end: int, rules: SentenceRules) -> bool:
    """Return whether a sentence continues after a mark without a closing quotation mark: 何？と思った."""
    continuation = rules.continuation_after_mark
    return continuation is not None and text[start] in _MARKS and continuation.match(text, end) is not None


def _is_repeated(mark: Terminator) -> bool:
    """Return whether the exclamation at the begin of a quotation is repeated after the mark: "Fire! Fire!"."""
    if mark.openers or mark.character not in _MARKS:
        return False
    first = max(mark.sentence_begin, mark.start - _LONGEST_EXCLAMATION)
    exclamation = _FIRST_EXCLAMATION.search(mark.text, first, mark.start)
    if exclamation is None:
        return False
    end = mark.gap_end + len(exclamation.group(1))
    return mark.text.startswith(exclamation.group(1), mark.gap_end) and mark.text[end : end + 1] in _REPEATED_ENDS


def _is_embedded_quotation(mark: Terminator) -> bool:
    """Return whether a short exclamation or question is part of a sentence in a script without case: 他喊“火！”就跑.

    Then a word is directly before it, and not a comma or colon; or it is a title in single quotation marks.
    """
    if mark.character not in _MARKS or not mark.precedes_caseless:
        return False
    if mark.closers == "’" and mark.text[mark.sentence_begin] == "‘":
        return mark.start - mark.sentence_begin <= _LONGEST_TITLE
    return _find_introduction(mark, _LONGEST_EXCLAMATION).isalpha()


def is_introduced(mark: Terminator) -> bool:
    """Return whether a comma or colon is before the short quotation that ends at a terminator."""
    return _find_introduction(mark, _SHORT_QUOTATION) in _INTRODUCTIONS


def _find_introduction(mark: Terminator, longest: int) -> str:
    """Return the last character before the quotation that ends at a terminator; empty if none is near it."""
    first = max(mark.sentence_begin, mark.start - longest)
    signs = (sign for sign, closer in (*_QUOTES, *_OTHER_QUOTES) if closer == mark.closers[:1])
    opener = max((mark.text.rfind(sign, first, mark.start) for sign in signs), default=-1)
    return mark.text[max(mark.sentence_begin, opener - 3) : max(0, opener)].rstrip("’").rstrip()[-1:]


def _is_in_short_quotation(mark: Terminator) -> bool:
    """Return whether the terminator is within a title or a short quotation that is part of a sentence.

    A title is in double angle brackets: 《好吗？好！》. A quotation has text before it: He said: “Stop! Now!” A
    straight mark opens one only after a colon or comma: elsewhere it may close another.
    """
    if not follows_opening_quote(mark.text, mark.start, mark.sentence_begin):
        return False
    first = max(mark.sentence_begin, mark.start - _SHORT_QUOTATION)
    return any(_is_between(mark, first, *quotes) for quotes in (*_QUOTES, *_URDU_QUOTES))


def is_in_quotation(mark: Terminator) -> bool:
    """Return whether a short quotation is open at the terminator, even one that begins the sentence: "Ha! ha!"."""
    first = max(mark.sentence_begin, mark.start - _SHORT_QUOTATION)
    if mark.text.count('"', first, mark.start) % 2:
        return True
    return any(
        mark.text.rfind(opener, first, mark.start) > mark.text.rfind(closer, first, mark.start)
        for opener, closer in _QUOTES
    )


def follows_opening_quote(text: str, offset: int, sentence_begin: int) -> bool:
    """Return whether an opening quotation mark of the sentence is so near that a short quotation may be open."""
    first = sentence_begin if offset - sentence_begin < _SHORT_QUOTATION else offset - _SHORT_QUOTATION
    return _OPENING_QUOTE.search(text, first, offset) is not None


def _is_between(mark: Terminator, first: int, opener: str, closer: str) -> bool:
    text = mark.text
    begin = text.rfind(opener, first, mark.start)
    if opener == "«" and text[begin - 1 : begin] in _WORD_ENDS:  # in »this« style it closes
        return False
    if opener in "“”" and not _may_open(text, begin):
        return False
    if begin < 0 or (begin == mark.sentence_begin and opener not in "《〈"):
        return False
    if closer in mark.closers:
        return False
    end = text.find(closer, mark.closers_end, mark.start + _SHORT_QUOTATION)
    if opener in '"»' and not (_OPENING_QUOTE.match(text, begin) and _is_part_of_sentence(mark, begin, end)):
        return False
    return text.find(closer, begin + 1, mark.start) < 0 <= end


def _may_open(text: str, begin: int) -> bool:
    """Return whether a mark that also closes quotations may open one: “this” or, in Urdu, ”this“."""
    following = text[begin + 1 : begin + 2]
    return not following.isspace() and (text[begin] == "“" or text[begin - 1 : begin].isspace())


def _is_part_of_sentence(mark: Terminator, begin: int, end: int) -> bool:
    """Return whether a colon or comma introduces a quotation, or the sentence continues in lowercase after it."""
    sign = mark.text[begin - 2]
    if sign == ":" or mark.character in _FULL_STOPS:
        return sign == ":"
    return sign in ",،" or mark.text[end + 1 : end + LOOKBEHIND].lstrip()[:1].islower()


def introduces_quotation(mark: Terminator) -> bool:
    """Return whether a colon after a verb of speaking introduces a quotation: "Disse: «Sì.»"."""
    signs = ":." if mark.rules.lowercase_after_period == "continues" else ":"  # Armenian writes a period before it
    if mark.character not in signs or QUOTATION_MARKS.isdisjoint(mark.openers):
        return False
    return mark.word.lower() in mark.rules.speech_verbs


def _is_speech_tag(mark: Terminator) -> bool:
    """Return whether a name and a verb of speaking follow: "Harry asked"."""
    if not mark.rules.speech_verbs or not mark.following.isalpha():
        return False
    begin = mark.gap_end + len(mark.openers)
    most = _MOST_WORDS_OF_CASELESS_TAG if mark.precedes_caseless else _MOST_WORDS_OF_TAG
    words = list(islice(_WORD.finditer(mark.text, begin, begin + _LONGEST_TAG), most))
    place = next((place for place, word in enumerate(words) if word.group() in mark.rules.speech_verbs), None)
    if place is None:
        return _ends_with_speech_verb(mark, begin)
    if mark.following.islower():
        return True
    if is_introduced(mark):  # then another quotation follows
        return False
    names = place > 0 and not is_sentence_starter(mark) and all(word.group()[0].isupper() for word in words[:place])
    end = words[place].end()
    asks = mark.character in "!?؟" or (place == 0 and mark.precedes_caseless) or mark.text[end : end + 1] in _TAG_ENDS
    return asks and (names or not mark.following.isupper())


def _ends_with_speech_verb(mark: Terminator, begin: int) -> bool:
    """Return whether the clause after a quotation ends with a verb of speaking, as where verbs are last in clauses."""
    clause = _CLAUSE.match(mark.text, begin, begin + _LONGEST_CLAUSE)
    if clause is None or not mark.precedes_caseless or is_introduced(mark):
        return False
    verbs = _WORD.findall(clause.group())[-_MOST_WORDS_OF_VERB:]
    return not mark.rules.speech_verbs.isdisjoint(verbs)


def _resumes_after_tag(mark: Terminator) -> bool:
    """Return whether a quotation continues after a tag between dashes: "«Why? – he asked. – I know»"."""
    if mark.closers or not mark.gap:
        return False
    before = mark.text[max(mark.sentence_begin, mark.start - _LONGEST_QUOTATION) : mark.start]
    return before.count("«") > before.count("»") or before.count("„") > before.count("“") + before.count("”")
