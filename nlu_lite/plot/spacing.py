"""White space between tokens whose text is not known."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

WITHOUT_SPACES = (
    *("CJK", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "BOPOMOFO", "YI"),
    *("THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN", "JAVANESE", "BALINESE", "TAI"),
)
"""The first words of Unicode's names of characters in scripts that write no spaces between words."""
CLOSING = frozenset(".,;:!?…%‰°،؛؟۔।॥՝՞։'’")
"""Characters that follow a word without a space, besides Unicode's closing brackets and quotation marks."""
GAP = " … "
LONGEST_SPACE = 2
"""The number of characters between two tokens that can be white space; more are words that the frame does not have."""


def join_by_offsets(end: int, begin: int) -> str:
    """Return the text between two tokens of which only the offsets are known.

    Example:
        >>> join_by_offsets(3, 3), join_by_offsets(3, 4), join_by_offsets(3, 9)
        ('', ' ', ' … ')
    """
    return GAP if begin - end > LONGEST_SPACE else " " * (begin - end)


def join_by_characters(left: str, right: str) -> str:
    """Return the white space that is usual between two tokens.

    Example:
        >>> join_by_characters("bank", "of"), join_by_characters("bank", "."), join_by_characters("銀", "行")
        (' ', '', '')
    """
    if not left or not right:
        return ""
    before, after = left[-1], right[0]
    is_attached = after in CLOSING or unicodedata.category(after) in ("Pe", "Pf")
    is_open = unicodedata.category(before) in ("Ps", "Pi")
    return "" if is_attached or is_open or _has_no_spaces(before) or _has_no_spaces(after) else " "


@lru_cache(4096)
def _has_no_spaces(character: str) -> bool:
    return unicodedata.name(character, "").split(" ")[0] in WITHOUT_SPACES
