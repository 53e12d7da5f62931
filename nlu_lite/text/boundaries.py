"""Decide whether a terminator that is part of no word ends its sentence."""

from __future__ import annotations

import re

from nlu_lite.text.abbreviations import LOOKBEHIND, SHORT_WORD, classify_abbreviation
from nlu_lite.text.ellipses import continues_after_ellipsis
from nlu_lite.text.names import continues_after_name
from nlu_lite.text.pronunciation import has_unusual_end
from nlu_lite.text.quotes import (
    continues_after_mark,
    continues_after_quotation,
    introduces_quotation,
    is_in_quotation,
    is_introduced,
)
from nlu_lite.text.starters import find_word_after, is_sentence_starter, precedes_continuer
from nlu_lite.text.terminators import DASHES, QUOTATION_MARKS, TERMINATORS, Terminator
from nlu_lite.text.token_patterns import EMOTICON

_SPACELESS = "。！？｡"  # the next sentence begins without whitespace
_CONTINUERS = ",;:)]}%/&»”’›」』】》〉，、；：）］"
_FULLWIDTH_PERIOD = "．"
_FULL_STOPS = frozenset("።፧।॥။។")  # part of no word and no number, so the next sentence may begin directly after it
_WORD_AFTER_SIGN = re.compile(r"(?:\.{2,}+|…)\s?+\w|[^\w\s,;:]\w")
_MARKS = "!?؟！？"
_COLONS = frozenset(":：")
_URDU_FULL_STOP = "۔"
_LAST_PART = re.compile(r"([^\s۔]+)۔\s?\Z")
_LONGEST_QUOTATION = 40  # characters of one of several quotations in a sentence
_QUOTATIONS = re.compile(r"(?:[「『“][^「」『』“”\n]{0,40}[」』”]){1,2}")
_LETTERS_AT_END = re.compile(r"[^\W\d_]{2,}\Z")
_TERMINATOR = re.compile("[!?！？。؟۔।።]")
_CASELESS_LETTER = r"[^\W\d_A-Za-z\u00aa-\u052f]"
_CASELESS_MARKS = r"[\w\u0591-\u05c7\u064b-\u065f\u0900-\u0dff]"
_CASELESS_WORD = re.compile(
    rf"[\u3400-\u9fff]{{2,}}|[가-힣]+[다요까죠네]|(?![\u3400-\u9fff가-힣]){_CASELESS_LETTER}{_CASELESS_MARKS}{{2,}}"
)
_WORD_AFTER_PERIOD = re.compile(
    rf"[\u3400-\u9fff]{{2}}|{_CASELESS_LETTER}(?:{_CASELESS_MARKS}{{3}}|{_CASELESS_MARKS}{{1,2}}+(?!\.))"
)
_FIRST_PART = re.compile(r"\s([^\s۔]+)۔")
_FEWEST_WORDS = 3  # before a colon that ends a sentence
MAX_ASIDE = 150  # characters of a parenthesis inside a sentence; a longer one rarely closes, and limits the search
_BRACKETED_SENTENCE = re.compile(rf"\([^()\n]{{0,{MAX_ASIDE}}}(?<=[.!?…])\)")
_CLOSED_SOON = re.compile(rf"[^()（）\n]{{0,{MAX_ASIDE}}}[)）]")
_CLOSING_BRACKETS = frozenset(")）")


def ends_sentence(mark: Terminator) -> bool:
    """Return whether a terminator that is part of no word ends its sentence."""
    if mark.character in mark.rules.weak_terminators:
        ends = (bool(mark.gap) or _is_doubled(mark)) and _shows_weak_end(mark)
        return ends and not introduces_quotation(mark) and _find_open_bracket(mark) < 0
    if mark.character == _URDU_FULL_STOP and mark.following:
        if _is_urdu_initial(mark):
            return is_sentence_starter(mark) and not _precedes_urdu_initial(mark)
        if _is_urdu_abbreviation(mark):
            return mark.following.isalpha() and is_sentence_starter(mark)
        if _URDU_FULL_STOP in mark.word and precedes_continuer(mark):
            return False
    if (
        _ends_aside(mark)
        or _continues_after(mark)
        or introduces_quotation(mark)
        or is_in_brackets(mark)
        or _ends_address(mark)
    ):
        return False
    return not mark.precedes_lowercase or _ends_before_lowercase(mark)


def _ends_aside(mark: Terminator) -> bool:
    """Return whether an aside within the sentence ends, and no capital shows that another begins: "他（她？）来了"."""
    if not mark.following or mark.closers[-1:] not in _CLOSING_BRACKETS:
        return False
    if mark.gap and not (mark.precedes_caseless and mark.character in _MARKS):
        return False
    return (
        find_last_bracket(mark.text, max(mark.sentence_begin, mark.start - MAX_ASIDE), mark.start) > mark.sentence_begin
    )


def _shows_weak_end(mark: Terminator) -> bool:
    """Return whether the text around a weak terminator shows that it ends the sentence."""
    after = mark.rules.weak_after
    if after is None:
        return mark.following.isupper() and not _ends_short_introduction(mark)
    begin, end = max(mark.sentence_begin, mark.start - LOOKBEHIND), mark.end - 1
    return DASHES.isdisjoint(mark.openers) and after.search(mark.text, begin, end) is not None


def _ends_short_introduction(mark: Terminator) -> bool:
    """Return whether a colon is after one or two words that introduce the sentence: "Nota: Il negozio è chiuso"."""
    if (
        mark.character != ":"
        or mark.rules.short_introduction == "ends"
        or mark.start - mark.sentence_begin > LOOKBEHIND
    ):
        return False
    words = mark.text[mark.sentence_begin : mark.start].lower().split()
    return len(words) < _FEWEST_WORDS and mark.rules.speech_verbs.isdisjoint(words)


def _continues_after(mark: Terminator) -> bool:
    """Return whether the text after a terminator shows that the sentence continues."""
    rules = mark.rules
    if mark.following and not mark.openers and _closes(mark):
        return True
    if continues_after_name(mark) or continues_after_ellipsis(mark) or continues_after_quotation(mark):
        return True
    if mark.character in ".…" and not mark.is_period and precedes_continuer(mark):
        return True
    if not QUOTATION_MARKS.isdisjoint(mark.closers) and precedes_continuer(mark) and not is_introduced(mark):
        return True
    if continues_after_mark(mark.text, mark.start, mark.end, rules):
        return True
    quotes = mark.closers or not DASHES.isdisjoint(mark.openers)
    if quotes and rules.continuation is not None and _matches_continuation(mark, rules.continuation):
        return True
    if rules.after_quotation != "continues" or is_introduced(mark):
        return False
    return not QUOTATION_MARKS.isdisjoint(mark.closers) and QUOTATION_MARKS.isdisjoint(mark.openers)


def _matches_continuation(mark: Terminator, continuation: re.Pattern[str]) -> bool:
    """Return whether a continuation follows, or does so after more quotations: 「行く！」「行かない！」と.

    After a quotation with an introduction, a colon shows that the text introduces another one.
    """
    found = continuation.match(mark.text, mark.closers_end)
    if found is not None:
        return mark.text[found.end() : found.end() + 1] not in _COLONS or not is_introduced(mark)
    more = _QUOTATIONS.match(mark.text, mark.closers_end)
    opener = max(mark.text.rfind(sign, mark.sentence_begin, mark.start) for sign in "「『“")
    if more is None or is_introduced(mark) or opener <= mark.sentence_begin or mark.start - opener > _LONGEST_QUOTATION:
        return False
    return continuation.match(mark.text, more.end()) is not None


def _ends_address(mark: Terminator) -> bool:
    """Return whether a period ends a form of address, which is part of the sentence after it: "Herra forseti. Ég"."""
    address = mark.rules.address
    if address is None or not mark.is_period:
        return False
    return address.search(mark.text, max(mark.sentence_begin, mark.start - LOOKBEHIND), mark.start) is not None


def _closes(mark: Terminator) -> bool:
    """Return whether the next character cannot begin a sentence. An ellipsis, ".NET" and ”Yes” can."""
    if mark.following not in _CONTINUERS and mark.following not in TERMINATORS:
        return False
    return not mark.gap or _WORD_AFTER_SIGN.match(mark.text, mark.gap_end) is None


def _ends_before_lowercase(mark: Terminator) -> bool:
    """Return whether a sentence ends before a lowercase letter.

    A quotation or parenthesis does not end it, nor does a terminator before a dash: "Why?" - he asked.
    """
    if mark.closers or mark.character == "…" or not DASHES.isdisjoint(mark.openers):
        return False
    if mark.character in "!?":
        return not is_in_quotation(mark) and mark.rules.lowercase_after_question != "continues"
    if mark.character != ".":
        return True
    if mark.rules.lowercase_after_period == "continues":
        return False
    word = mark.word if mark.is_period else ""
    may_be_abbreviation = word.lower() in mark.rules.lowercase_abbreviations or has_unusual_end(word, mark.rules)
    if may_be_abbreviation and not mark.begins_lowercase:
        return False
    is_long = len(word) > SHORT_WORD and mark.rules.lowercase_after_period != "consistent"
    return word.isalpha() and not word.isupper() and (is_long or mark.begins_lowercase)


def is_in_brackets(mark: Terminator) -> bool:
    """Return whether the terminator is inside a parenthesis that opens within the sentence."""
    bracket = _find_open_bracket(mark)
    return bracket >= 0 and mark.text[max(mark.sentence_begin, mark.start - MAX_ASIDE) : bracket].strip() != ""


def precedes_bracketed_sentence(mark: Terminator) -> bool:
    """Return whether the brackets after a terminator contain whole sentences: "etc. (See above.)"."""
    return _BRACKETED_SENTENCE.match(mark.text, mark.gap_end) is not None


def _find_open_bracket(mark: Terminator) -> int:
    """Return the offset of the bracket that is open at the terminator and closes soon after it; -1 if there is none."""
    text = mark.text
    first = max(mark.sentence_begin, mark.start - MAX_ASIDE)
    bracket = find_last_bracket(text, first, mark.start)
    if bracket > 0 and not text[bracket - 1].isspace():
        mouths = {match.end() - 1 for match in EMOTICON.finditer(text, first, bracket + 2)}
        while bracket in mouths:
            bracket = text.rfind("(", first, bracket)
    if bracket < 0 or not _CLOSING_BRACKETS.isdisjoint(text[bracket : mark.closers_end]):
        return -1
    return bracket if _CLOSED_SOON.match(text, mark.end) else -1


def is_near_bracket(bracket: int, offset: int, sentence_begin: int) -> bool:
    """Return whether a bracket before an offset is in the same sentence, and so near that an aside may be open."""
    return bracket >= sentence_begin and offset - bracket <= MAX_ASIDE


def find_last_bracket(text: str, begin: int, end: int) -> int:
    """Return the offset of the last opening bracket between two offsets; -1 if there is none."""
    if text.isascii():
        return text.rfind("(", begin, end)
    return max(text.rfind("(", begin, end), text.rfind("（", begin, end))


def touches_next(mark: Terminator) -> bool:
    """Return whether a character follows directly, in a script that writes whitespace between sentences."""
    if mark.gap or not mark.following or mark.character in _SPACELESS:
        return False
    if mark.character == _FULLWIDTH_PERIOD:
        before = mark.text[mark.start - 1 : mark.start]
        return not (mark.precedes_caseless and before.isalpha() and before.upper() == before.lower())
    if _is_doubled(mark):
        return not mark.precedes_caseless
    if mark.character in ".…" and not mark.is_period:
        return not _is_final_ellipsis(mark)
    if mark.character in _FULL_STOPS:
        return mark.text[mark.end + 1 : mark.end + 2] == mark.character  # a letter between two: an abbreviation
    if mark.character in _MARKS and mark.precedes_caseless:
        return mark.text[mark.start - 1 : mark.start].isascii()
    return mark.character != _URDU_FULL_STOP or not _ends_urdu_word(mark)


def _is_doubled(mark: Terminator) -> bool:
    """Return whether two weak terminators represent one full stop: Amharic "፡፡", Burmese "၊၊"."""
    return mark.end - mark.start > 1 and mark.character in mark.rules.weak_terminators


def _is_final_ellipsis(mark: Terminator) -> bool:
    """Return whether an ellipsis ends its sentence although no whitespace follows, as none does in the script."""
    ellipsis = mark.rules.final_ellipsis
    return ellipsis is not None and ellipsis.match(mark.text, mark.start) is not None and not is_in_quotation(mark)


def _ends_urdu_word(mark: Terminator) -> bool:
    """Return whether the Urdu full stop, which also separates the letters of an abbreviation, is not after a letter."""
    rules, word = mark.rules, mark.word.rpartition(mark.character)[2]
    if rules.initials is None or not mark.following.isalpha() or len(word) < 2:
        return False
    if not rules.initials.fullmatch(word):
        return True
    if word not in rules.ordinary_words or word in rules.never_first or mark.character in mark.word:
        return False
    return rules.initials.fullmatch(find_word_after(mark.text, mark.end).partition(mark.character)[0]) is None


def _is_urdu_initial(mark: Terminator) -> bool:
    """Return whether the Urdu full stop is after the name of a letter.

    If the name may also be an ordinary word, another one is before or after it.
    """
    initials = mark.rules.initials
    word = mark.word.rpartition(mark.character)[2]
    if initials is None or not initials.fullmatch(word):
        return False
    begin = mark.start - len(word)
    first = max(mark.sentence_begin, begin - LOOKBEHIND)
    before = _LAST_PART.search(mark.text, first, begin)
    if _precedes_urdu_initial(mark) or (before is not None and initials.fullmatch(before.group(1))):
        return True
    return word not in mark.rules.ordinary_words


def _precedes_urdu_initial(mark: Terminator) -> bool:
    initials, after = mark.rules.initials, _FIRST_PART.match(mark.text, mark.end)
    return initials is not None and after is not None and initials.fullmatch(after.group(1)) is not None


def _is_urdu_abbreviation(mark: Terminator) -> bool:
    """Return whether the Urdu full stop is after an abbreviation that does not end its sentence here."""
    word = mark.word
    begin = mark.start - len(word)
    before, after = mark.text[max(0, begin - LOOKBEHIND) : begin], mark.text[mark.end : mark.end + LOOKBEHIND]
    spelling = word.replace(_URDU_FULL_STOP, ".")
    if spelling.lower() not in mark.rules.lowercase_abbreviations:
        return False
    return classify_abbreviation(spelling, before, after, mark.rules) is not None


def lacks_space(mark: Terminator) -> bool:
    """Return whether the writer left out the whitespace between two sentences: "came.He"."""
    text = mark.text
    if mark.is_period and not (mark.closers or mark.openers or mark.following.isascii() or mark.following.isupper()):
        return _is_between_caseless_words(mark)
    if mark.closers or mark.openers.strip("¿¡") or not mark.following.isupper() or mark.rules.case == "unicameral":
        return False
    place = mark.end + len(mark.openers) + 1
    after = text[place : place + 1]
    if text[mark.start - 1 : mark.start].isdigit():
        likely = is_sentence_starter(mark)
    else:
        likely = _ends_whole_word(mark) and (after.islower() or after.isspace())
    return likely and not _is_in_address(text, mark.start)


def _is_between_caseless_words(mark: Terminator) -> bool:
    """Return whether a period is directly between two words of a script without case that are no abbreviations."""
    text = mark.text
    after = _WORD_AFTER_PERIOD.match(text, mark.end)
    word = _TERMINATOR.split(mark.word)[-1]
    if after is None or word.lower() in mark.rules.lowercase_abbreviations:
        return False
    if len(word) > 1 and (word in mark.rules.ordinary_words or word in mark.rules.never_first):
        return True
    return "." not in word and _CASELESS_WORD.fullmatch(word) is not None


def _ends_whole_word(mark: Terminator) -> bool:
    """Return whether an ordinary word is before a terminator; French writes a space between them."""
    before = mark.text[max(0, mark.start - LOOKBEHIND) : mark.start]
    if mark.character in "!?":
        return before.rstrip()[-1:].isalpha()
    letters = _LETTERS_AT_END.search(before)
    return letters is not None and (
        letters.group()[-2:].islower() or letters.group().lower() in mark.rules.sentence_starters
    )


def _is_in_address(text: str, offset: int) -> bool:
    """Return whether an offset is inside a web or e-mail address."""
    around = text[max(0, offset - LOOKBEHIND) : offset].split()[-1:] + text[offset : offset + LOOKBEHIND].split()[:1]
    return any(sign in part for part in around for sign in ("/", "@", "www.", "_"))
