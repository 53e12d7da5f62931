"""Classify the word before a period: whether it is an abbreviation, and of which kind."""

from __future__ import annotations

import re
from enum import Enum

from nlu_lite.text.homographs import is_homograph
from nlu_lite.text.pronunciation import ends_with_vowel, is_unspeakable
from nlu_lite.text.references import is_in_chain, precedes_series
from nlu_lite.text.rules import SentenceRules

LOOKBEHIND = 32  # characters before a period in which an abbreviation is searched: longer than any
LONGEST_UNLISTED = 5  # letters of an unknown abbreviation before a number
SHORT_WORD = 3  # letters of the longest unknown word that may be an abbreviation: longer ones are mostly words
_LETTER = r"[^\W\d_][\u0900-\u0903\u093a-\u094d\u0980-\u0983\u09bc-\u09cd\u0a00-\u0dff\u102b-\u103e\u17b4-\u17d3]*"
ACRONYM = re.compile(rf"(?:{_LETTER}){{1,3}}(?:\.(?:{_LETTER}){{1,3}})+")
_FILE_NAME = re.compile(r"[^.]+\.(?:[a-z]{3}|NET)")
_NUMERO_SIGNS = frozenset(("N°", "Nº", "n°", "nº", "№", "N.º", "n.º", "N.°", "n.°"))
_NUMERO_WORDS = frozenset(("no", "nos"))
_FIGURE = re.compile(r"[\s\"“„«‘'(\[]*+(?:[A-Z]{1,3}-?(?=\d)|[\d+№])")
_CONTINUATION = re.compile(r"\s(?:\d|[^\W\d_](?<=[a-zà-öø-ÿ]))")
_NUMBER_AND_WORD = re.compile(r"[\s\"“„«‘'(\[]*+(?:[A-Z]{1,3}[.-]?)?[\d№][\d.,]*+(?:[^\S\n]++([^\W\d_]++))?")
_FIRST_WORD = re.compile(r"\W*+([^\W\d_](?=\.)|[^\W\d_]{2,})")
_NOUN_BEFORE = re.compile(r"([^\W\d_]{2,})(\.?)\s\Z")
_RANGE = re.compile(r"\s[-–—]\s([^\W\d_]{2,5})(?!\w)")
_WORD_BEFORE = re.compile(r"([^\W\d_]{2,})\s\Z")
_NEXT_ABBREVIATION = re.compile(r"\s?([^\s.]{1,8})\.")
_ROMAN_NUMERAL = re.compile(r"[\s\"“„«‘'(\[]*+[IVXLC]+(?![\w'’])")
_ONLY_NUMBER = re.compile(r"\s\d++(?:[./-]\d++)*+(?:[,;)]|\.?\s*+\Z)")
_BRACKETED_LABEL = re.compile(r"\s?\((?:[a-z]|[ivx]{2,4})\)")
_RATIO = re.compile(r"\d\s?[^\W\d_]{1,4}/\Z|(?<![^\W_])[A-Z]/\Z")  # "5 м/с", "N/V"
_LETTER_LABEL = re.compile(r"\s(?:[A-H](?=[.,;:)])|[B-HJ-N](?=\s[a-z]))")  # "Apt. B,", "Fig. C shows"
_JOINED_INITIALS = re.compile(r"[^\W\d_]\.-[^\W\d_]|[A-Z][a-z]?\.-?[A-Z]")
_DOUBLED_LETTER = re.compile(r"([A-Z])\1")
_DOUBLED_AFTER = re.compile(r"\s?([A-Z])\1\.")
_HYPHENATED_INITIAL = re.compile(r"[^\W\d_]{2,}-[^\W\d_]")
_ADDRESS = re.compile(r"//|\w{2,}\.\w{2,}[\w.-]*/")  # "www.example.org/hist"
_LONGEST_DEGREE = 6  # letters of a word between a title and a name
_DEGREE_BEFORE = re.compile(r"\d\s?°[\s\d.,'’\"”′″]*\Z")
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
_WORD_DELIMITER = re.compile(r"[(\[{“”„«»‹›'’‘/–—,;:]|(?<![^\W\d_])\"|\"(?![^\W\d_])")
_NUMBER_BEFORE = re.compile(
    r"(?:[\d½¼¾](?:-?[^\W\d_]{1,3})?|(?<![^\W_])(?:[IVXLC]{2,}|[VX]))(?:\s?|-|\s([^\W\d_]{1,5})\.?\s)\Z"
)


class AbbreviationKind(Enum):
    """Kinds of abbreviations; the kind decides whether a sentence may end after the trailing period."""

    TITLE = "title before a name"
    INITIAL = "initial of a name"
    BEFORE_NUMBER = "abbreviation before a number"
    UNIT = "unit after a number"
    FINAL = "abbreviation that often ends a sentence"
    PREPOSITIVE = "abbreviation that needs the text after it"
    OTHER = "abbreviation of no special kind"
    ACRONYM = "letters with periods"


def classify_abbreviation(word: str, before: str, after: str, rules: SentenceRules) -> AbbreviationKind | None:
    """Return the kind of abbreviation that a word is, or None if it is not an abbreviation.

    Args:
        word: The word before a period.
        before: The text before the word; its last `LOOKBEHIND` characters are enough.
        after: The text after the period; its first `LOOKBEHIND` characters are enough.
        rules: The rules of the language.
    """
    if (len(word) == 1 and _is_label(word, before, rules)) or (before[-1:] == "/" and _RATIO.search(before)):
        return None
    if (word in _NUMERO_SIGNS and _FIGURE.match(after)) or precedes_series(after):
        return AbbreviationKind.BEFORE_NUMBER
    if _precedes_part_of_plural(word, after):
        return AbbreviationKind.INITIAL
    if word.lower() not in rules.lowercase_abbreviations or is_homograph(word, before, after, rules):
        return _classify_unlisted(word, before, after, rules)
    if word in rules.units and _follows_quantity(before, rules):
        return AbbreviationKind.UNIT
    if len(word) == 1 and word.isupper() and word not in rules.titles:
        return _classify_unlisted(word, before, after, rules)
    if _is_listed(word, rules.titles) or _is_uppercase_title(word, after, rules):
        return AbbreviationKind.TITLE
    if _precedes_number(word, rules) and _is_before_number(word, before, after, rules):
        return AbbreviationKind.BEFORE_NUMBER
    # "J.-C. Martin", unlike "av. J.-C."
    if "-" in word and _JOINED_INITIALS.fullmatch(word) and not before.rstrip().endswith("."):
        return AbbreviationKind.INITIAL
    return _classify_listed(word, before, rules) or _classify_unlisted(word, before, after, rules)


def _follows_quantity(before: str, rules: SentenceRules) -> bool:
    """Return whether a number is before a unit, perhaps with "sq." between them, but no word as in "No. 6 in"."""
    number = _NUMBER_BEFORE.search(before)
    return number is not None and (number.group(1) or "").lower() not in rules.ordinary_words


def _classify_listed(word: str, before: str, rules: SentenceRules) -> AbbreviationKind | None:
    kinds = (
        (rules.prepositive, AbbreviationKind.PREPOSITIVE),
        (rules.final, AbbreviationKind.FINAL),
        (rules.abbreviations, AbbreviationKind.OTHER),
    )
    exact = (kind for words, kind in kinds if word in words)  # Greek "π.Χ." is no "π.χ."
    listed = (kind for words, kind in kinds if _is_listed(word, words))
    kind = next(exact, None) or next(listed, None)
    if kind is AbbreviationKind.FINAL and _precedes_name(word, before, rules):
        return AbbreviationKind.OTHER
    if kind is AbbreviationKind.PREPOSITIVE and _NUMBER_BEFORE.search(before):  # "1.000 ca."
        return AbbreviationKind.OTHER
    return kind


def _classify_unlisted(word: str, before: str, after: str, rules: SentenceRules) -> AbbreviationKind | None:
    if _is_foreign_numeral(word, before):
        return None
    if (len(word) == 1 and word.isupper()) or _is_initial(word, before, after, rules):
        return AbbreviationKind.INITIAL
    if _is_compound(word, rules) and _CONTINUATION.match(after):
        return AbbreviationKind.BEFORE_NUMBER
    if not before[-1:].isalnum() and is_unspeakable(word, rules):
        if _NUMBER_BEFORE.search(before):
            return AbbreviationKind.UNIT
        is_day = word in rules.before_numbers and word in rules.ordinary_words  # Russian "пн": Monday
        return AbbreviationKind.FINAL if is_day or word in rules.units else AbbreviationKind.OTHER
    if _is_part_of_title(word, before, rules):
        return AbbreviationKind.OTHER
    if _precedes_only_number(word, before, after, rules):
        return AbbreviationKind.BEFORE_NUMBER
    is_acronym = "." in word and ACRONYM.fullmatch(word) and not _FILE_NAME.fullmatch(word)
    return AbbreviationKind.ACRONYM if is_acronym else None


def _is_compound(word: str, rules: SentenceRules) -> bool:
    return bool(rules.compound_ends) and word.lower().endswith(rules.compound_ends)


def _precedes_name(word: str, before: str, rules: SentenceRules) -> bool:
    """Return whether the form of a company is before its name, since the word before is no name: "the S.A. Dupond"."""
    if not (word[:1].isupper() and "." in word):
        return False
    previous = before.split()[-1:]
    return any(one.rstrip(".").islower() or one.lower() in rules.ordinary_words for one in previous)


def _is_part_of_title(word: str, before: str, rules: SentenceRules) -> bool:
    """Return whether a word is between a title and a name: "Dr. med. vet. Hill", "Cand.merc. Hill"."""
    if "." in word:
        first, _, rest = word.partition(".")
        if not (rest.isalpha() and rest.islower()):
            return False
        return _is_listed(first, rules.titles) or (len(first) > 1 and rest in rules.titles)
    before = before.rstrip()
    while before.endswith(".") and word.isalpha() and word.islower() and _may_be_degree(word):
        word = find_word_before(before, len(before) - 1)
        if len(word) > 1 and _is_listed(word, rules.titles) and word not in rules.units:  # "5 гр. соли." has a unit
            return True
        before = before[: len(before) - len(word) - 1].rstrip()
    return False


def _may_be_degree(word: str) -> bool:
    return len(word) <= _LONGEST_DEGREE and not ends_with_vowel(word)


def _precedes_only_number(word: str, before: str, after: str, rules: SentenceRules) -> bool:
    """Return whether a number shows that a word is an abbreviation: after one letter, or if nothing else follows.

    So "b. 5" is one, unlike "5 b. 5", and so is "Ext. 42.", since a number alone is no sentence.
    """
    if not word.isalpha() or word.isupper() or word.lower() in rules.ordinary_words:
        return False
    if len(word) > 1:
        short = len(word) <= LONGEST_UNLISTED or (word[0].isupper() and before.rstrip().endswith(","))  # a street
        return short and (_ONLY_NUMBER.match(after) is not None or is_in_chain(word, before, after, rules))
    return before[-1:].isspace() and _FIGURE.match(after) is not None and not _NUMBER_BEFORE.search(before)


def _is_listed(word: str, words: frozenset[str]) -> bool:
    """Return whether a word is in a list: a lowercase entry also matches with an uppercase first letter."""
    low = word.lower()
    return word in words or (low in words and (word[1:] == low[1:] or "." in word))


def _is_uppercase_title(word: str, after: str, rules: SentenceRules) -> bool:
    """Return whether a title and the name after it are all uppercase: "DR. SMITH", but not "HR. She"."""
    if len(word) == 1 or not word.isupper() or word.capitalize() not in rules.titles:
        return False
    name = _FIRST_WORD.match(after)
    return name is not None and name.group(1).isupper()


def _precedes_number(word: str, rules: SentenceRules) -> bool:
    if _is_listed(word, rules.before_numbers):
        return True
    return word.isupper() and (word.lower() in rules.before_numbers or word.capitalize() in rules.before_numbers)


def _is_before_number(word: str, before: str, after: str, rules: SentenceRules) -> bool:
    """Return whether a number or Roman numeral follows; an ordinary word such as "no" needs more evidence.

    A weekday or month may also begin a range: "Mo. – Fr.".
    """
    end = _RANGE.match(after)
    if end is not None and word[0].isupper() and _is_listed(end.group(1), rules.before_numbers):
        return True
    if word.lower() not in rules.ordinary_words:
        return any(pattern.match(after) for pattern in (_FIGURE, _ROMAN_NUMERAL, _BRACKETED_LABEL, _LETTER_LABEL))
    number = _NUMBER_AND_WORD.match(after)
    if number is None:
        return len(word) == 1 and word.islower() and _ROMAN_NUMERAL.match(after) is not None
    previous = before.rstrip()[-1:]
    if word[0].isupper() and (previous.isalnum() or previous in (",", "(")):
        return True
    if word in ("No", "Nos") and previous == ".":  # "on Sat. No. 2 lost"
        return True
    if word.lower() in _NUMERO_WORDS and _follows_noun(before, rules):
        return True
    noun = number.group(1) or ""
    continues = rules.ordinary_words, rules.lowercase_abbreviations, rules.months
    return not noun.islower() or any(noun in words for words in continues)


def _follows_noun(before: str, rules: SentenceRules) -> bool:
    """Return whether the word before may be a noun, as in "bus no. 7" and "lic. no. 7", unlike "I said no"."""
    previous = _NOUN_BEFORE.search(before)
    if previous is None:
        return False
    word = previous.group(1).lower()
    if previous.group(2):
        return word in rules.lowercase_abbreviations
    return word not in rules.ordinary_words and word not in rules.speech_verbs


def precedes_cardinal(word: str, rules: SentenceRules) -> bool:
    """Return whether the number after a word is a cardinal: after "No." and "p.", but not after a month or weekday.

    They are also listed among the ordinary words. The number after them may be an ordinal.
    """
    if word.lower() in rules.ordinary_words:
        return False
    return _precedes_number(word, rules) or _is_compound(word, rules)


def _is_label(word: str, before: str, rules: SentenceRules) -> bool:
    """Return whether a letter is the label of the thing before it: "plan B", "Apt. C", "42° N"; Slovak "č" is not."""
    if word.islower() and word in rules.lowercase_abbreviations:
        return False
    if word.isupper() and _DEGREE_BEFORE.search(before):
        return True
    noun = _NOUN_BEFORE.search(before)
    if noun is None or noun.group(1).lower() not in rules.numbered:
        return False
    return not noun.group(2) or noun.group(1).lower() in rules.lowercase_abbreviations


def _is_foreign_numeral(word: str, before: str) -> bool:
    """Return whether a letter is the Roman numeral of a ruler, since the name before it is in another script."""
    name = _WORD_BEFORE.search(before) if word in ("I", "V", "X") else None
    return name is not None and name.group(1).istitle() and not name.group(1).isascii()


def _is_initial(word: str, before: str, after: str, rules: SentenceRules) -> bool:
    """Return whether every part of a word is the initial of a name.

    A syllable or the name of a letter may also be an ordinary word. Such a part is an initial only next to another
    initial or after a title.
    """
    if "." in word and _JOINED_INITIALS.fullmatch(word):
        return True
    if "-" in word and _is_hyphenated_initial(word, after):
        return True
    if _ends_plural(word, before):
        return True
    if rules.initials is None:
        return False
    previous = _find_previous_abbreviation(before)
    if _follows_name_part(word, previous, before, rules):
        return True
    if not all(may_be_initial(part, rules) for part in word.split(".")):
        return False
    if "." in word or (word.lower() not in rules.ordinary_words and rules.initials.fullmatch(word)):
        return True
    if previous and may_be_initial(previous.rpartition(".")[2], rules):
        return True
    following = _NEXT_ABBREVIATION.match(after)
    if following is None:
        return False
    return may_be_initial(following.group(1), rules) or following.group(1) in rules.listed_abbreviations


def _precedes_part_of_plural(word: str, after: str) -> bool:
    """Return whether a doubled letter is before another one: an abbreviated plural, as in Spanish "SS. AA. RR."."""
    return _DOUBLED_LETTER.fullmatch(word) is not None and _DOUBLED_AFTER.match(after) is not None


def _ends_plural(word: str, before: str) -> bool:
    """Return whether a doubled letter is after another one."""
    if not _DOUBLED_LETTER.fullmatch(word):
        return False
    return _DOUBLED_LETTER.fullmatch(_find_previous_abbreviation(before)) is not None


def _is_hyphenated_initial(word: str, after: str) -> bool:
    """Return whether a given name ends with an initial, as in "Karl-H. Brandt", unlike "Objective-C" in Russian."""
    if _HYPHENATED_INITIAL.fullmatch(word) is None or not (word[0].isupper() and word[-1].isupper()):
        return False
    return word.isascii() == after.lstrip()[:1].isascii()


def _follows_name_part(word: str, previous: str, before: str, rules: SentenceRules) -> bool:
    """Return whether a title or an initial is before a word, which is then one even if it is also an ordinary word."""
    is_syllable = _is_initial_syllable(word, rules)
    title = previous or before.split(" ")[-2:][0]  # a script without case writes some titles without a period
    if title in rules.titles and rules.initials is not None:
        return is_syllable or rules.initials.fullmatch(word) is not None
    if previous in rules.before_numbers and (rules.initials is None or not rules.initials.fullmatch(previous)):
        return False
    return is_syllable and _is_initial_syllable(previous, rules)


def _find_previous_abbreviation(before: str) -> str:
    left = before.rstrip()
    return find_word_before(left, len(left) - 1) if left.endswith(".") else ""


def _is_initial_syllable(text: str, rules: SentenceRules) -> bool:
    return rules.initial_syllables is not None and rules.initial_syllables.fullmatch(text) is not None


def may_be_initial(part: str, rules: SentenceRules) -> bool:
    """Return whether the initials of a language include a part of a word."""
    if rules.initials is not None and rules.initials.fullmatch(part):
        return True
    return part not in rules.ordinary_words and _is_initial_syllable(part, rules)


def find_word_before(text: str, end: int) -> str:
    """Return the word that ends at `end`, with its inner periods; empty if it is longer than any abbreviation."""
    window = text[end - LOOKBEHIND if end > LOOKBEHIND else 0 : end]
    if not window or window[-1].isspace() or window[-1] == ".":
        return ""
    word = window.rsplit(None, 1)[-1]
    if not word.isascii() and word[-1].isascii():  # "スミスとMr": no space is between the scripts
        word = _UNSPACED.split(word)[-1]
    if word.isalpha():
        return word if len(word) < LOOKBEHIND else ""
    if "/" in word and _ADDRESS.search(word):
        return ""
    return "" if len(word) == LOOKBEHIND else _WORD_DELIMITER.split(word)[-1].strip("-")
