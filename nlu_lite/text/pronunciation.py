"""Tell abbreviations from words by their letters: what cannot be spoken must be an abbreviation."""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import normalize

from nlu_lite.text.rules import SentenceRules

_INTERJECTION = re.compile(r"m?hm|pst|tsk|(?=.{3}).*(.)\1.*")  # "hmm", "brr", "psst"
_LETTER_NAMES = re.compile(  # read letter by letter, so no abbreviations with a period
    r"bdsm|btw|cds?|cnc|cpu|crm|css|djs?|dna|dns|dvds?|gdp|gps|gpu|hdd|hiv|html|https?|lcd|lgbt|mpg|mvp|npc|pcr?|pcs|"
    r"pdfs?|php|ptsd|pvc|rna|rpg|rss|sdk|sms|smtp|sql|ssd|ssh|ssl|tcp|tvs?|vhs|vpn|wc|wtf|www|xml"
)
_VOWELS = frozenset("aeiouyæøœıəɛɔɑɨʉʊɪαεηιουωаеиоуыэюяіїєґёүұөәѣъӕաեէըիոօև")  # Latin, Greek, Cyrillic and Armenian
_LAST_OF_KNOWN_SCRIPTS = "\u058f"  # the letters of the scripts whose vowels are not listed follow


def ends_with_vowel(word: str) -> bool:
    """Return whether the last letter of a word is a vowel in Latin, Greek, Cyrillic or Armenian script."""
    return normalize("NFD", word[-1])[0] in _VOWELS


@lru_cache(maxsize=16384)
def is_unspeakable(word: str, rules: SentenceRules) -> bool:
    """Return whether a word must be an abbreviation, since it cannot be spoken: "pkt", "Mgr", German "monatl"."""
    if _has_impossible_end(word, rules):
        return True
    if len(word) < 2 or not (word.isalpha() and word[1:].islower()) or rules.case == "unicameral":
        return False
    if not _VOWELS.isdisjoint(word):
        return False
    letters = normalize("NFD", word.lower())
    if max(letters) > _LAST_OF_KNOWN_SCRIPTS or _LETTER_NAMES.fullmatch(letters):
        return False
    return _VOWELS.union(rules.syllabic).isdisjoint(letters) and _INTERJECTION.fullmatch(letters) is None


def _has_impossible_end(word: str, rules: SentenceRules) -> bool:
    ends = rules.abbreviation_ends
    if ends is None or len(word) < 2 or word[0].isupper() or "." in word:
        return False
    return ends.search(word) is not None


def has_unusual_end(word: str, rules: SentenceRules) -> bool:
    """Return whether few lowercase words of the language end as a word does, so that it may be an abbreviation."""
    ends = rules.unusual_ends
    return ends is not None and word.islower() and ends.search(word) is not None
