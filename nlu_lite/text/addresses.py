"""Addresses, which are one token in every language: web and e-mail addresses, host names and file paths."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

# Scripts without spaces between words: there an address ends without a space, too.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef"
_WORD = rf"[^\W{_UNSPACED}]"
_LABEL = rf"(?:{_WORD}|-){{1,63}}"  # of a host name, by RFC 1035
_PART = rf"[^\s<>\"“”«»()\[\]{_UNSPACED}]*"
_LAST = rf"[^\s<>\"“”«»()\[\]{_UNSPACED}.,:;!?…'’*|]"
# Balanced parentheses belong to an address, as in titles of encyclopedias: "/wiki/Mercury_(planet)".
_REST = rf"{_PART}(?:\({_PART}\){_PART})*(?:(?<=\))|{_LAST})"
_SEGMENT = r"\.?[\w+-]++(?:\.[\w+-]++)*+"

_URL = rf"(?:https?|ftp|file)://{_REST}"
_MAIL_LINK = rf"mailto:{_REST}"
_WEB_ADDRESS = rf"www\.{_REST}"
_UNIX_PATH = rf"[/~.](?<![^\s\"“'‘(\[=].)(?:(?<=/){_SEGMENT}|(?<=~)|(?<=\.)\.?)(?:/{_SEGMENT})++/?+(?!\w)"
_WINDOWS_PATH = rf"[A-Za-z\\](?<!\w.)(?:(?<!\\):|(?<=\\))\\(?:[\w.~$+-]++\\)*+(?:{_SEGMENT})?+"
_PATTERNS = (
    ("/", _UNIX_PATH),
    ("\\", _WINDOWS_PATH),
    ("www.", _WEB_ADDRESS),
    ("mailto:", _MAIL_LINK),
    ("://", _URL),
)
_DOMAINS = "com|org|net|edu|gov|info|biz|io|eu|рф"
# Countries whose code is seldom a word after a missing space. After a shorter label it ends an abbreviation: "t.ex".
_COUNTRIES = (
    "ac|ae|ai|ar|au|az|ba|bd|bg|br|by|ca|cc|ch|cl|cn|cz|de|dk|ec|ee|eg|es|fi|fr|ge|gr|hk|hr|hu|ie|ir|jp|ke|kr|kz|lt|lu|"
    "lv|md|mk|mx|ng|nl|nz|ph|pk|pl|pt|qa|ro|rs|ru|sg|sk|su|th|tr|tv|tw|ua|uk|uy|uz|ve|vn|za"
)
_HOST_END = (
    rf"\.(?:(?:{_DOMAINS})|(?<=\w\w\w\.)(?:{_COUNTRIES})|[a-z]{{2}}(?=(?::\d{{2,5}})?/\w))"
    rf"(?:(?::\d{{2,5}})?/(?:{_REST})?|(?![\w-]|\.\w))"
)
_AFTER_AT = rf"@{_LABEL}(?:\.{_LABEL})+"
_HOST_BACKWARDS = rf"(?:{_WORD}|-)++(?:\.(?:{_WORD}|-)++)*+"
_LOCAL_PART_BACKWARDS = rf"(?:{_WORD}|[.+-])++"
_MAX_LENGTH = 64  # characters before the @ of an e-mail address, by RFC 5321; longer host names are rare


def find_addresses(text: str) -> Iterator[tuple[int, int]]:
    """Find web addresses, host names, file paths and e-mail addresses; a later one overrides an earlier one.

    Example:
        >>> text = "See https://a.org/b_(c), /etc/fstab or mail x.y@b.org."
        >>> [text[begin:end] for begin, end in find_addresses(text)]
        ['a.org/b_(c)', 'b.org', 'x.y@b.org', '/etc/fstab', 'https://a.org/b_(c)']
    """
    if "." in text:
        yield from _extend_backwards(_HOST_END, _HOST_BACKWARDS, text)
    if "@" in text:
        yield from _extend_backwards(_AFTER_AT, _LOCAL_PART_BACKWARDS, text)
    for sign, pattern in _PATTERNS:
        if sign in text:
            yield from (match.span() for match in _compile(pattern).finditer(text))


def _extend_backwards(end: str, begin: str, text: str) -> Iterator[tuple[int, int]]:
    """Find the ends of addresses, and from each of them the begin: searches for the begin would be slow."""
    for match in _compile(end).finditer(text):
        before = _compile(begin).match(text[max(0, match.start() - _MAX_LENGTH) : match.start()][::-1])
        if before:
            yield match.start() - before.end(), match.end()


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    """Compile a pattern when it is first needed: most texts need one of them, and each takes several milliseconds."""
    return re.compile(pattern)
