"""Check the model of a ``tokenizer.json`` and its vocabulary as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from nlu_lite.encoding.subwords.inspection import (
    ANYTHING,
    OPTIONAL_FLAG,
    OPTIONAL_TEXT,
    TEXT,
    Field,
    Parts,
    check_fields,
    component_error,
    number_field,
    shorten,
)

LONGEST_PIECE = 10_000
"""Maximum length of a piece, in characters."""
LONGEST_WORD = 1000
"""Largest accepted ``max_input_chars_per_word``: WordPiece's time grows with the square of a word's length."""
LARGEST_SCORE = 1e9
LARGEST_ID = 1 << 31

NO_DROPOUT = Field(lambda value: value is None or value == 0, "none: pieces would be drawn at random", required=False)

MODELS: Mapping[str, Mapping[str, Field]] = {
    "Unigram": {"vocab": ANYTHING, "unk_id": number_field(0, LARGEST_ID), "byte_fallback": OPTIONAL_FLAG},
    "WordPiece": {
        "vocab": ANYTHING,
        "unk_token": TEXT,
        "continuing_subword_prefix": TEXT,
        "max_input_chars_per_word": number_field(1, LONGEST_WORD),
    },
    "BPE": {
        "vocab": ANYTHING,
        "merges": ANYTHING,
        "dropout": NO_DROPOUT,
        "unk_token": OPTIONAL_TEXT,
        "continuing_subword_prefix": OPTIONAL_TEXT,
        "end_of_word_suffix": OPTIONAL_TEXT,
        "fuse_unk": OPTIONAL_FLAG,
        "byte_fallback": OPTIONAL_FLAG,
        "ignore_merges": OPTIONAL_FLAG,
    },
    "WordLevel": {"vocab": ANYTHING, "unk_token": TEXT},
}


def parse_model(value: object) -> tuple[Parts, dict[str, int]]:
    """Check the model of a ``tokenizer.json``.

    Returns:
        The model and the id of each piece. The model has a ``type``, which old files lack, and its merges are pairs.

    Raises:
        ModelError: It is unknown or damaged; the message names it.
    """
    if not isinstance(value, dict):
        raise component_error("model", f"is a {type(value).__name__}", "an object with a type and a vocabulary")
    kind = value.get("type", _guess_kind(value))
    if not isinstance(kind, str) or kind not in MODELS:
        raise component_error("model", f"has the type {shorten(kind)}", ", ".join(MODELS))
    check_fields(f"model {kind}", value, MODELS[kind])
    model = {**value, "type": kind}
    vocabulary = _parse_vocabulary(model)
    _check_unknown(kind, model, vocabulary)
    return model | ({"merges": _parse_merges(model)} if kind == "BPE" else {}), vocabulary


def _guess_kind(model: Mapping[str, object]) -> str:
    marks = {"merges": "BPE", "unk_id": "Unigram", "continuing_subword_prefix": "WordPiece"}
    return next((kind for mark, kind in marks.items() if mark in model), "WordLevel")


def _parse_vocabulary(model: Parts) -> dict[str, int]:
    component, vocabulary = f"model {model['type']}", model["vocab"]
    found = (
        _parse_scored(component, vocabulary) if model["type"] == "Unigram" else _parse_numbered(component, vocabulary)
    )
    if not found:
        raise component_error(component, "has an empty vocabulary", "pieces")
    longest = max(found, key=len)
    if len(longest) > LONGEST_PIECE:
        raise component_error(component, f"has a piece of {len(longest)} characters", f"at most {LONGEST_PIECE}")
    return found


def _parse_scored(component: str, vocabulary: object) -> dict[str, int]:
    expected = "pieces with their scores"
    if not isinstance(vocabulary, list):
        raise component_error(component, f"has a vocabulary that is a {type(vocabulary).__name__}", expected)
    for place, entry in enumerate(vocabulary):
        if not _is_scored(entry):
            raise component_error(component, f"has {shorten(entry)} at place {place} of its vocabulary", expected)
    return {piece: place for place, (piece, _) in enumerate(vocabulary)}


def _is_scored(entry: object) -> bool:
    if type(entry) is not list or len(entry) != 2:
        return False
    piece, score = entry
    return type(piece) is str and type(score) in (float, int) and -LARGEST_SCORE <= score <= LARGEST_SCORE


def _parse_numbered(component: str, vocabulary: object) -> dict[str, int]:
    expected = "pieces with an id of its own for each"
    if not isinstance(vocabulary, dict):
        raise component_error(component, f"has a vocabulary that is a {type(vocabulary).__name__}", expected)
    for piece, place in vocabulary.items():
        if type(place) is not int or not 0 <= place < LARGEST_ID:
            raise component_error(component, f"has the piece {shorten(piece)} with the id {shorten(place)}", expected)
    if len(set(vocabulary.values())) < len(vocabulary):
        [(repeated, _)] = Counter(vocabulary.values()).most_common(1)
        pieces = [piece for piece, place in vocabulary.items() if place == repeated]
        raise component_error(component, f"has the id {repeated} for {', '.join(map(shorten, pieces[:5]))}", expected)
    return vocabulary


def _check_unknown(kind: str, model: Parts, vocabulary: Mapping[str, int]) -> None:
    """Refuse a model that lacks its unknown piece: encoding would fail at the first unknown character."""
    if kind == "Unigram":
        if model["unk_id"] >= len(model["vocab"]):
            raise component_error(
                "model Unigram", f"has unk_id = {model['unk_id']}", f"less than {len(model['vocab'])}"
            )
    elif model.get("unk_token") is not None and model["unk_token"] not in vocabulary:
        raise component_error(f"model {kind}", f"has no piece {shorten(model['unk_token'])}", "its unknown piece")


def _parse_merges(model: Parts) -> list[tuple[str, str]]:
    """Return the merges of a BPE model as pairs.

    Raises:
        ModelError: A merge is damaged or repeated, or one of its pieces or its result is not in the vocabulary.
    """
    prefix, vocabulary, listed = model.get("continuing_subword_prefix") or "", model["vocab"], model["merges"]
    if not isinstance(listed, list):
        raise component_error("model BPE", f"has merges that are a {type(listed).__name__}", "a list of merges")
    merges = list(_split_merges(listed))
    for first, second in merges:
        made = first + second.removeprefix(prefix)
        if not (first and second.startswith(prefix) and second and {first, second, made} <= vocabulary.keys()):
            got = f"has the merge of {shorten(first)} and {shorten(second)}"
            raise component_error("model BPE", got, f"pieces of the vocabulary that make one ({shorten(made)})")
    if len(set(merges)) < len(merges):
        [(repeated, times)] = Counter(merges).most_common(1)
        raise component_error(
            "model BPE",
            f"has the merge of {shorten(repeated[0])} and {shorten(repeated[1])} {times} times",
            "each merge once",
        )
    return merges


def _split_merges(listed: list[Any]) -> Iterator[tuple[str, str]]:
    for place, merge in enumerate(listed):
        match merge.split(" ") if isinstance(merge, str) else merge:
            case [str(first), str(second)]:
                yield first, second
            case _ if isinstance(merge, str) and merge.startswith("#version"):
                pass
            case _:
                raise component_error("model BPE", f"has the merge {shorten(merge)} at place {place}", "two pieces")
