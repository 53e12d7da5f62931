"""Patterns of tokens that hold for every language: addresses, hashtags, mentions, emoticons, arrows, HTML entities."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from unicodedata import category

# Each pattern begins with a characteristic character and checks the text before it with a lookbehind, so that a search
# is as fast as a search for this character.
# Scripts without spaces between words: there an address ends without a space, too.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef"
_END = rf"[^\s<>\"“”»)\]{_UNSPACED}]*[^\s<>\"“”»)\].,;:!?'’{_UNSPACED}]"
URL = re.compile(rf"(?:https?|ftp)://{_END}")
WEB_ADDRESS = re.compile(rf"www\.{_END}")
MENTION = r"@(?<![\w.]@)\w[\w{marks}]{{0,63}}+"
HASHTAG = r"#(?<![\w&]#)[^\W\d][\w{marks}]*+"
EMOTICON = re.compile(
    r"[:;=8<xX](?:(?<=[:;=8])(?<![\w:;=].)['’]?-?[()\[\]DPpOo3/\\|*](?![\w/])|(?<=<)3(?!\d)|(?<=[xX])(?<!\w.)D(?!\w))"
)
EASTERN_EMOTICON = re.compile(r"\^[_.-]?\^")
ARROW = re.compile(r"<[-=]++>?|(?<![-=])[-=]++>|[<>!]=++")
ENTITY = re.compile(r"(?:&(?:#\d{1,6}|#x[0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});)++")
_BEFORE_AT = re.compile(r"[\w.+-]+\Z")
_AFTER_AT = re.compile(r"@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_MAX_LOCAL_PART = 64  # characters before the @ of an e-mail address, by RFC 5321


def find_common_tokens(text: str) -> Iterator[tuple[int, int]]:
    """Find the spans that are one token in every language."""
    for signs, find in _FINDERS:
        if any(sign in text for sign in signs):  # most texts contain none: skip the search
            yield from (match.span() for match in find(text))
    yield from _find_email_addresses(text)


def _find_mentions(text: str) -> Iterator[re.Match[str]]:
    return _compile_with_marks(MENTION).finditer(text)


def _find_hashtags(text: str) -> Iterator[re.Match[str]]:
    return _compile_with_marks(HASHTAG).finditer(text)


@cache
def _compile_with_marks(pattern: str) -> re.Pattern[str]:
    r"""Compile a pattern with the combining marks, such as vowel signs, and joiners, which ``\w`` does not match."""
    marks = [mark for mark in map(chr, range(0x20000)) if category(mark)[0] == "M"]
    joiners, variants = "\u200c\u200d", "\U000e0100-\U000e01ef"  # the only marks beyond U+1FFFF are variation selectors
    return re.compile(pattern.format(marks="".join(marks) + joiners + variants))


# A later pattern overrides an earlier one where they overlap: an address may contain an emoticon, "http://".
_FINDERS: tuple[tuple[tuple[str, ...], Callable[[str], Iterator[re.Match[str]]]], ...] = (
    (("&",), ENTITY.finditer),
    (("",), EMOTICON.finditer),
    (("^",), EASTERN_EMOTICON.finditer),
    (("<", ">", "!="), ARROW.finditer),
    (("@",), _find_mentions),
    (("#",), _find_hashtags),
    (("://",), URL.finditer),
    (("www.",), WEB_ADDRESS.finditer),
)


def _find_email_addresses(text: str) -> Iterator[tuple[int, int]]:
    at = text.find("@")
    while at >= 0:
        local = _BEFORE_AT.search(text[max(0, at - _MAX_LOCAL_PART) : at])
        domain = _AFTER_AT.match(text, at)
        if local and domain:
            yield at - len(local.group()), domain.end()
        at = text.find("@", at + 1)
