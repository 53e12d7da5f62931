r"""Accept only regular expressions of tokenizers whose matching time is proportional to the length of a text.

The Rust library's engine backtracks: an expression such as ``(a+)+$`` takes twice the time for each additional
character. An expression is accepted if a widely used model has it, or if it is a choice of sequences in which only the
last item repeats without limit, because the engine never backtracks into such a repetition.
"""

from __future__ import annotations

import re

SPACES = r"\s*[\r\n]+|\s+(?!\S)|\s+"
SUFFIXES = r"'s|'t|'re|'ve|'m|'ll|'d"
KNOWN = frozenset(
    [
        # GPT-2 and RoBERTa
        SUFFIXES + r"| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        # Llama 3 and Qwen 2
        rf"(?i:{SUFFIXES})|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{SPACES}",
        rf"(?i:{SUFFIXES})|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{SPACES}",
    ]
)
"""Expressions of widely used models, which the rule below may not accept."""

PROPERTY, ESCAPE = r"\\[pP]\{\^?\w{1,30}\}", r"\\[sSdDwWhHnrtfv]|\\[^\w]"
CLASS = rf"\[(?!\^\])\^?(?:{PROPERTY}|{ESCAPE}|[^\[\]\\&])+\]"
ATOM = rf"(?:{PROPERTY}|{ESCAPE}|{CLASS}|[^\\\[\](){{}}|*+?^$])"
TIMES = r"[?*+]|\{\d{1,2}(?:,\d{0,2})?\}"
ITEM = re.compile(rf"{ATOM}(?P<times>{TIMES})?(?![?*+{{])", re.DOTALL)

LONGEST = 200
"""Maximum length of an expression, in characters."""
MOST_OPTIONAL = 2
"""Maximum number of optional items of a sequence: each doubles the number of ways in which it can match."""


def is_safe(pattern: str) -> bool:
    r"""Return whether an expression is accepted.

    Example:
        >>> [is_safe(pattern) for pattern in (r" {2,}", r"\s{2,}|[\n\r\t]", r"(a+)+$", r"a*b", "")]
        [True, True, False, False, False]
    """
    if pattern in KNOWN:
        return True
    return len(pattern) <= LONGEST and all(_is_linear(sequence) for sequence in _split_choices(pattern))


def _split_choices(pattern: str) -> list[str]:
    r"""Split at ``|`` outside of classes and escapes."""
    parts, place = [""], 0
    for found in re.finditer(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", pattern, re.DOTALL):
        place = found.end()
        if found[0] == "|":
            parts.append("")
        else:
            parts[-1] += found[0]
    return parts if place == len(pattern) else ["("]  # a lone backslash at the end


def _is_linear(sequence: str) -> bool:
    """Return whether a sequence never matches the empty text, and only its last item repeats."""
    place, items = 0, []
    while place < len(sequence):
        found = ITEM.match(sequence, place)
        if found is None:
            return False
        items.append(found["times"] or "")
        place = found.end()
    required = [times for times in items if times not in ("?", "*") and not times.startswith("{0")]
    before = items[:-1]
    return bool(required) and all(t in ("", "?") for t in before) and before.count("?") <= MOST_OPTIONAL
