"""The keys of an entry, their types, and the patterns of their values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from nlu_lite._util.toml import TomlTable, Types, abbreviate
from nlu_lite.records import Card
from nlu_lite.registry.catalogue import REPOSITORY

MODEL_REFERENCE = re.compile(r"[a-z]{2,3}\.(?:embed|embed_sentence)\.[\w.-]+", re.ASCII)
ALIAS_REFERENCE = re.compile(r"[\w.-]{1,200}", re.ASCII)
TEXT_COMPONENT = re.compile(r"(?:[a-z]{2,3}(?:-[A-Z][a-z]{3})?\.)?(?:tokenize|sentence_detector)")
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

CARD_TYPES: Types = {
    "tags": list[str],
    "input_labels": list[str],
    "output_labels": list[str],
    "languages": list[str],
    "sources": list[str],
    "max_sentence_length": int,
    "dimension": int,
    "case_sensitive": bool,
}
"""Types of the fields of a card that are not strings."""
CARD_KEYS: Types = {field.name: CARD_TYPES.get(field.name, str) for field in fields(Card)}
MODEL_KEYS: Types = {
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
ALIAS_KEYS: Types = {"reference": str, "of": str, "shadows": bool}
INSTALLED_KEYS: Types = {"distribution": str, "extra": str, "path": str, "sha256": str, "size": int}
SENTENCE_KEYS: Types = {"pooling": str, "alignment": str, "normalize": bool, "prompt": str}


def check_patterns(table: TomlTable, values: Mapping[str, Any], *keys: str) -> None:
    """Compare the values of some keys with their patterns.

    Raises:
        FormatError: A value does not match.
    """
    for key in keys:
        pattern, description = PATTERNS[key]
        if key in values and not pattern.fullmatch(values[key]):
            table.fail(f"{key} is {abbreviate(values[key])}", description, key)
