"""The keys of an entry, their types, and the patterns of their values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from difflib import get_close_matches
from typing import Any

from nlu_lite.records import Card
from nlu_lite.registry.catalogue import REPOSITORY
from nlu_lite.registry.entry_files import EntryTable, shorten

MODEL_REFERENCE = re.compile(r"[a-z]{2,3}\.(?:embed|embed_sentence)\.[\w.-]+", re.ASCII)
ALIAS_REFERENCE = re.compile(r"[\w.-]{1,200}", re.ASCII)
TEXT_COMPONENT = re.compile(r"(?:[a-z]{2,3}\.)?(?:tokenize|sentence_detector)")
NAME = re.compile(r"[\w.-]{1,200}", re.ASCII)

PATTERNS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "model": (NAME, "a name in ASCII letters, digits, '.', '_', '-'"),
    "hub": (REPOSITORY, "organisation/name"),
    "revision": (re.compile(r"(?!.*\.\.)[\w.][\w./-]*", re.ASCII), "a branch, tag or commit"),
    "archive": (re.compile(r"[\w.-]+\.zip", re.ASCII), "the file name of a zip in Spark NLP's bucket"),
    "distribution": (NAME, "the name by which pip knows a package"),
    "sha256": (re.compile(r"[0-9a-f]{64}"), "64 lowercase hexadecimal digits"),
}
"""Patterns of values by key, and their descriptions for errors."""

LISTS = {"tags", "input_labels", "output_labels", "languages", "sources"}
NUMBERS = {"max_sentence_length", "dimension"}
FLAGS = {"case_sensitive"}
CARD_KEYS: Mapping[str, type] = {
    field.name: list if field.name in LISTS else int if field.name in NUMBERS else bool if field.name in FLAGS else str
    for field in fields(Card)
}
MODEL_KEYS: Mapping[str, type] = {
    "reference": str,
    "kind": str,
    "model": str,
    "hub": str,
    "revision": str,
    "folder": str,
    "archive": str,
    "installed": dict,
    "shadows": bool,
    "card": dict,
    "sentence": dict,
}
ALIAS_KEYS: Mapping[str, type] = {"reference": str, "of": str, "shadows": bool}
INSTALLED_KEYS: Mapping[str, type] = {"distribution": str, "extra": str, "path": str, "sha256": str, "size": int}
SENTENCE_KEYS: Mapping[str, type] = {"pooling": str, "alignment": str, "normalize": bool, "prompt": str}
TYPE_NAMES = {str: "a string", bool: "true or false", int: "an integer", list: "a list of strings", dict: "a table"}


def check_keys(
    table: EntryTable, values: Mapping[str, Any], known: Mapping[str, type], required: Sequence[str], inner: str = ""
) -> None:
    """Check the keys of a table, or of a table inside it, and the types of their values.

    Raises:
        FormatError: A key is unknown or missing, or its value has another type.
    """
    for key, value in values.items():
        if key not in known:
            got = f"{inner or table.name} has an unknown key {shorten(key)}"
            table.fail(got, ", ".join(known), key, get_close_matches(key, list(known)))
        if not _has_type(value, known[key]):
            table.fail(f"{key} is {shorten(value)}", TYPE_NAMES[known[key]], key)
    for key in required:
        if key not in values:
            table.fail(f"{inner or table.name} has no {key}", ", ".join(required), inner)


def check_patterns(table: EntryTable, values: Mapping[str, Any], *keys: str) -> None:
    """Compare the values of some keys with their patterns.

    Raises:
        FormatError: A value does not match.
    """
    for key in keys:
        pattern, description = PATTERNS[key]
        if key in values and not pattern.fullmatch(values[key]):
            table.fail(f"{key} is {shorten(values[key])}", description, key)


def _has_type(value: object, wanted: type) -> bool:
    if wanted is list:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    return isinstance(value, wanted) and not (wanted is int and isinstance(value, bool))
