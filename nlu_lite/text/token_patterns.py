"""Patterns of tokens that hold for every language: hashtags, mentions, emoticons, HTML entities, numbers with signs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from html.entities import html5
from unicodedata import category

# Each pattern begins with a characteristic character and checks the text before it with a lookbehind, so that a search
# is as fast as a search for this character.
# In scripts without spaces between words, a mention begins after a letter, too, and ends before one.
_SPACED_LETTER = r"[^\W\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af]"
MENTION = (
    rf"@(?<!{_SPACED_LETTER}@)(?<!\w\.@)"
    rf"(?:[A-Za-z0-9_]{{{{1,64}}}}+(?!{_SPACED_LETTER}|[{{marks}}])|\w[\w{{marks}}]{{{{0,63}}}}+)"
)
HASHTAG = r"#(?<![\w&]#)(?:\d\d++)?[^\W\d][\w{marks}]*+"
EMOTICON = re.compile(
    r"[:;=8<xX](?:(?<=[:;=8])(?<![\w:;=].)['’]?-?[()\[\]DPpOo3/\\|*](?![\w/])|(?<=<)3(?!\d)|(?<=[xX])(?<!\w.)D(?!\w))"
)
_LONG_EMOTICON = re.compile(
    r"[:;=8>](?:(?<![\w:;=>].)(?<!>)['’]?-?([()\[\]DP])\1++(?!\w)|(?<=>)[:;]-?[()](?![\w/])|(?<=:)(?<!\w.)-?[$@&#Xx}{](?!\w))"
)
_RARE_EMOTICON = re.compile(
    r"[\^;\\¯<-](?:(?<=\^)[_.-]?\^|(?<=[;-])(?<![\w-].)_[-;](?![\w-])|(?<=\\)o/|(?<=\\)(?<!\w.)m/|(?<=¯)\\_\(ツ\)_/¯|(?<=<)/3)"
)
_ARROW = re.compile(r"[-=<>!](?:(?<=<)[-=]++>?|(?<=[<>!])=++|(?<=[-=])(?<![-=].)[-=]*+>)")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|([a-zA-Z][a-zA-Z0-9]{1,31}));")
_SIGNED_NUMBER = re.compile(r"[+−-](?<![^\s(\[].)\d++(?:[.,:-]\d++)*+(?!\w)")
_NUMBER_GROUPS = re.compile(
    r"[0-9](?<![\w.,-].)[0-9]*+(?:-[0-9]++){2,}+(?:-?[xX]|T\d\d:\d\d(?::\d\d(?:\.\d++)?)?(?:Z|[+-]\d\d:?\d\d)?)?(?!\w)"
)
_PHONE_NUMBER = re.compile(r"0(?<![\w.,:/-].)\d{2,4}[/-]\d{3,8}(?:-\d{1,4})?(?![\w/-])")
_DEGREE = re.compile(r"°[CFK](?!\w)")
_SHARP = re.compile(r"[CFJ]#(?<!\w.#)(?!\w)")
_STANDARD = re.compile(r"C(?<!\w.)\+\+\d\d(?!\w)")  # of a programming language
_DOT_NET = re.compile(r"\.NET(?<![\w.]\.NET)(?!\w)")
# Signs that belong to the token before them: of an electric charge, a programming language or a currency.
_ATTACHED_SIGN = re.compile(
    r"[+$−-](?:(?<=\b[KH]\+)(?!\w)|(?<=\b(?:Na|Li|Ag)\+)(?!\w)"
    r"|(?<=\b(?:NH4|H3O|(?:Ca|Mg|Fe|Cu|Zn|Ba|Pb|Mn|Ni|Co|Sn|Hg)2|(?:Fe|Al|Cr|Co)3)\+)(?!\w)"
    r"|(?<=\b(?:Cl|Br|OH|CN)[−-])(?!\w)|(?<=\bNO[23][−-])(?!\w)|(?<=\b(?:HCO3|HSO4|SO42|CO32|PO43|MnO4)[−-])(?!\w)"
    r"|(?:(?<=\b[A-Za-z]\+)|(?<=[a-z]{2}\+))\+(?![\w+])"
    r"|(?:(?<=\b[A-Z]\$)|(?<=\b[A-Z]{2}\$)|(?<=\b[A-Z]{3}\$))(?=\s?\d))"
)


def find_common_tokens(text: str) -> Iterator[tuple[int, int]]:
    """Find the spans that are one token in every language."""
    for signs, find in _FINDERS:
        if any(sign in text for sign in signs):  # most texts contain none: skip the search
            yield from find(text)


def find_attached_signs(text: str) -> Iterator[tuple[int, int]]:
    """Find the spans of signs that belong to the token before them in every language: "Na+", "C++", "US$"."""
    return (match.span() for match in _ATTACHED_SIGN.finditer(text))


def _build_finder(pattern: re.Pattern[str]) -> Callable[[str], Iterator[tuple[int, int]]]:
    return lambda text: (match.span() for match in pattern.finditer(text))


def _find_mentions(text: str) -> Iterator[tuple[int, int]]:
    return (match.span() for match in _compile_with_marks(MENTION).finditer(text))


def _find_hashtags(text: str) -> Iterator[tuple[int, int]]:
    return (match.span() for match in _compile_with_marks(HASHTAG).finditer(text))


def _find_entities(text: str) -> Iterator[tuple[int, int]]:
    """Find HTML entities; adjacent entities are one token."""
    begin = end = 0
    for match in _ENTITY.finditer(text):
        if match.group(1) and f"{match.group(1)};" not in html5:
            continue
        if match.start() > end:
            if end:
                yield begin, end
            begin = match.start()
        end = match.end()
    if end:
        yield begin, end


@cache
def _compile_with_marks(pattern: str) -> re.Pattern[str]:
    r"""Compile a pattern with the combining marks, such as vowel signs, and joiners, which ``\w`` does not match."""
    marks = [mark for mark in map(chr, range(0x20000)) if category(mark)[0] == "M"]
    joiners, variants = "\u200c\u200d", "\U000e0100-\U000e01ef"  # the only marks beyond U+1FFFF are variation selectors
    return re.compile(pattern.format(marks="".join(marks) + joiners + variants))


# A later pattern overrides an earlier one where they overlap: a hashtag may contain a sharp.
_FINDERS: tuple[tuple[tuple[str, ...], Callable[[str], Iterator[tuple[int, int]]]], ...] = (
    (("&",), _find_entities),
    (("-",), _build_finder(_NUMBER_GROUPS)),
    (("+", "-", "−"), _build_finder(_SIGNED_NUMBER)),
    (("/", "-"), _build_finder(_PHONE_NUMBER)),
    (("°",), _build_finder(_DEGREE)),
    (("",), _build_finder(EMOTICON)),
    ((":", ";", "=", "8"), _build_finder(_LONG_EMOTICON)),
    (("^", "_", "\\", "/"), _build_finder(_RARE_EMOTICON)),
    (("<", ">", "!="), _build_finder(_ARROW)),
    (("#",), _build_finder(_SHARP)),
    (("++",), _build_finder(_STANDARD)),
    ((".NET",), _build_finder(_DOT_NET)),
    (("@",), _find_mentions),
    (("#",), _find_hashtags),
)
