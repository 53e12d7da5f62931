"""Emoticons and emoji at the end of a sentence: "Great! :) You too?", "I love it :) Do you?"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlu_lite.text.terminators import Terminator

_CLOSED_FACES = (":)", ":-)", ";)", ";-)", ":D", ":P")  # ":(" may also open a bracket
_CLOSED_FACE = rf"(?:{'|'.join(map(re.escape, _CLOSED_FACES))})"
_FACE = rf"(?:{_CLOSED_FACE}|:-?\()"
_EMOJI = "[\u2600-\u27bf\U0001f300-\U0001faff][\u200d\ufe0f\u2600-\u27bf\U0001f300-\U0001faff]*"
_SIGNS = re.compile(rf"(?:[^\S\n](?:{_FACE}|{_EMOJI})(?=\s|\Z)){{1,9}}+")
_TOUCHING_SIGNS = re.compile(rf"{_EMOJI}(?:[^\S\n]?{_EMOJI}){{0,20}}+")
_FACE_AND_SPACE = re.compile(rf"[:;](?<=\s.)(?:-?\)|(?<=:)[DP]){_CLOSED_FACE}*[^\S\n]+(?=[^\W\d_])")


def absorb_emoticons(mark: Terminator) -> Terminator:
    """Count emoticons and emoji after a terminator among its closing signs."""
    signs = (_SIGNS if mark.gap else _TOUCHING_SIGNS).match(mark.text, mark.closers_end)
    return mark if signs is None else mark.extend_closers(signs.end())


def find_begins_after_emoticons(text: str) -> Iterator[int]:
    """Find the offsets of uppercase letters after emoticons: the writer left out the terminator."""
    if any(face in text for face in _CLOSED_FACES):
        yield from (match.end() for match in _FACE_AND_SPACE.finditer(text) if text[match.end()].isupper())
