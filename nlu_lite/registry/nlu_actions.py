"""References of NLU for other tasks than vectors, such as ``ner`` or ``en.classify.sentiment``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from nlu_lite.records import Action
from nlu_lite.registry.catalogue import read_data

LANGUAGE_CODE = re.compile(r"[a-z]{2,3}")
OWN_ACTIONS = {Action.EMBED.value, Action.EMBED_SENTENCE.value, "embed_chunk"}


@dataclass(frozen=True)
class NluTask:
    """The task of a reference of NLU.

    Attributes:
        reference: The reference.
        result: Its result, as a noun phrase.
        instead: The library to use instead, as a noun phrase; empty if `component` has a reference.
        component: The reference of this library's text component for the task; empty if there is none.
    """

    reference: str
    result: str
    instead: str = ""
    component: str = ""


def find_nlu_task(reference: str) -> NluTask | None:
    """Return the task of a reference that is NLU's, and neither of the catalogue nor a text component.

    The task is the first segment after the language codes, or the segment after it.

    Example:
        >>> find_nlu_task("en.ner.onto.bert").result, find_nlu_task("ja.segment_words").component
        ('named entities', 'ja.tokenize')
        >>> find_nlu_task("en.embed.ner_bert") is None
        True
    """
    languages, segments = _split(reference)
    if not segments or segments[0] in OWN_ACTIONS:
        return None
    actions = _load_actions()
    found = next((actions[part] for part in segments[:2] if part in actions), None)
    if found is None:
        return None
    result, instead = found
    if instead in {Action.TOKENIZE.value, Action.SENTENCE_DETECTOR.value}:
        return NluTask(reference, result, component=".".join([*languages[:1], instead]))
    return NluTask(reference, result, instead)


def _split(reference: str) -> tuple[list[str], list[str]]:
    """Split a reference into language codes and other segments; translations have two codes."""
    segments = reference.split(".")
    actions = _load_actions()
    count = next(
        (i for i, part in enumerate(segments) if part in actions or not LANGUAGE_CODE.fullmatch(part)), len(segments)
    )
    return segments[:count], segments[count:]


@cache
def _load_actions() -> Mapping[str, tuple[str, str]]:
    cells = [line.split("\t") for line in read_data("nlu_actions.tsv").splitlines() if not line.startswith("#")]
    return {action: (result, instead) for action, result, instead in cells}
