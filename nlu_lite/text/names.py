"""Names that end with an exclamation or question mark, such as "Yahoo!": the mark ends the sentence only sometimes."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from importlib import resources

from nlu_lite.text.starters import is_sentence_starter
from nlu_lite.text.terminators import Terminator

_LONGEST_NAME = 40
_QUOTATION_MARKS = "\"'“‘«("


def continues_after_name(mark: Terminator) -> bool:
    """Return whether a terminator is part of a name and the next word does not show that a sentence begins."""
    if mark.character not in "!?" or mark.end - mark.start > 1 or mark.closers or mark.openers or not mark.gap:
        return False
    if not mark.following.isalnum() or (mark.following.isupper() and is_sentence_starter(mark)):
        return False
    before = mark.text[max(0, mark.end - _LONGEST_NAME) : mark.end]
    names = load_names().get(before.split()[-1].lstrip(_QUOTATION_MARKS), ())
    return any(before.endswith(name) and not before[: -len(name)][-1:].isalnum() for name in names)


@cache
def load_names() -> dict[str, list[str]]:
    """Load the names by their last words."""
    text = resources.files("nlu_lite.text").joinpath("data/names.txt").read_text(encoding="utf-8")
    names: dict[str, list[str]] = defaultdict(list)
    for line in text.splitlines():
        if line and not line.startswith("#"):
            names[line.split()[-1]].append(line)
    return dict(names)
