"""Inspect a ``tokenizer.json`` as data before the Rust library builds a tokenizer from it.

The Rust library trusts the file: it panics at damaged parts, allocates as much memory as a number states, and runs
normalizers that multiply the length of a text. Therefore only known components with known fields are accepted, and
numbers and the growth of a text are bounded.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from math import prod
from typing import Any

from nlu_lite.encoding.subwords.charsmap import decode_charsmap
from nlu_lite.encoding.subwords.patterns import is_safe
from nlu_lite.errors import ModelError

MOST_COMPONENTS = 32
"""Maximum number of normalizers and pre-tokenizers, including those inside sequences."""
DEEPEST = 4
"""Maximum depth of nested sequences."""
LONGEST = 100
"""Maximum length of a text that a component inserts or searches for, in characters."""
GROWTH = 64
"""Maximum factor by which a tokenizer may multiply the bytes of a text, not counting Unicode's normalization forms."""
REMEDY = "Fetch it again, or save the tokenizer with transformers"

Parts = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """A field of a component.

    Attributes:
        accepts: Returns whether a value is valid.
        expected: The valid values, as a noun phrase.
        required: Whether the field must be present.
    """

    accepts: Callable[[Any], bool]
    expected: str
    required: bool = True


def choice_field(*values: str, required: bool = True) -> Field:
    """Return a field whose value is one of several names."""
    return Field(lambda value: isinstance(value, str) and value in values, ", ".join(values), required)


def number_field(least: int, most: int, required: bool = True) -> Field:
    """Return a field whose value is a whole number within bounds."""
    expected = f"a whole number from {least} to {most}"
    return Field(lambda value: type(value) is int and least <= value <= most, expected, required)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST


def _is_pattern(value: Any) -> bool:
    match value:
        case {"String": str(text)} if len(value) == 1:
            return len(text) <= LONGEST
        case {"Regex": str(expression)} if len(value) == 1:
            return is_safe(expression)
    return False


FLAG = Field(lambda value: isinstance(value, bool), "true or false")
OPTIONAL_FLAG = Field(lambda value: value is None or isinstance(value, bool), "true, false or null", required=False)
TEXT = Field(_is_text, f"at most {LONGEST} characters")
OPTIONAL_TEXT = Field(lambda value: value is None or _is_text(value), TEXT.expected, required=False)
CHARACTER = Field(lambda value: isinstance(value, str) and len(value) == 1, "one character")
PATTERN = Field(
    _is_pattern, f"a text of at most {LONGEST} characters, or an expression that takes time in proportion to a text"
)
ANYTHING = Field(lambda _: True, "a value")
"""A field with its own checks: a character map, a vocabulary, or merges."""

BEHAVIORS = ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous")

NORMALIZERS: Mapping[str, Mapping[str, Field]] = {
    "BertNormalizer": {
        "clean_text": FLAG,
        "handle_chinese_chars": FLAG,
        "strip_accents": OPTIONAL_FLAG,
        "lowercase": FLAG,
    },
    "Strip": {"strip_left": FLAG, "strip_right": FLAG},
    "Replace": {"pattern": PATTERN, "content": TEXT},
    "Prepend": {"prepend": TEXT},
    "Precompiled": {"precompiled_charsmap": ANYTHING},
    **{name: {} for name in ("StripAccents", "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Nmt", "ByteLevel")},
}
PRE_TOKENIZERS: Mapping[str, Mapping[str, Field]] = {
    "ByteLevel": {"add_prefix_space": FLAG, "trim_offsets": FLAG, "use_regex": OPTIONAL_FLAG},
    "Metaspace": {
        "replacement": CHARACTER,
        "add_prefix_space": OPTIONAL_FLAG,
        "prepend_scheme": choice_field("first", "never", "always", required=False),
        "split": OPTIONAL_FLAG,
        "str_rep": OPTIONAL_TEXT,
    },
    "Split": {"pattern": PATTERN, "behavior": choice_field(*BEHAVIORS), "invert": FLAG},
    "Punctuation": {"behavior": choice_field(*BEHAVIORS, required=False)},
    "Digits": {"individual_digits": FLAG},
    "CharDelimiterSplit": {"delimiter": CHARACTER},
    "FixedLength": {"length": number_field(1, 1 << 16, required=False)},
    **{name: {} for name in ("BertPreTokenizer", "Whitespace", "WhitespaceSplit", "UnicodeScripts")},
}
SEQUENCES = {"normalizer": "normalizers", "pre_tokenizer": "pretokenizers"}
COMPONENTS = {"normalizer": NORMALIZERS, "pre_tokenizer": PRE_TOKENIZERS}


def check_components(parts: Parts) -> None:
    """Refuse normalizers and pre-tokenizers that are unknown or damaged, or let a text grow without bounds.

    Args:
        parts: The content of a ``tokenizer.json``.

    Raises:
        ModelError: A component is refused; the message names it.
    """
    components = [*chain.from_iterable(_list_components(parts.get(part), part, DEEPEST) for part in SEQUENCES)]
    where = " and ".join(SEQUENCES)
    if len(components) > MOST_COMPONENTS:
        raise component_error(where, f"have {len(components)} components", f"at most {MOST_COMPONENTS}")
    factors = [(component["type"], max(1.0, _compute_growth(component))) for component in components]
    growth = prod(factor for _, factor in factors)
    if growth > GROWTH:
        kinds = ", ".join(dict.fromkeys(kind for kind, factor in factors if factor > 1))
        raise component_error(where, f"can multiply a text by {growth:.3g} ({kinds})", f"at most {GROWTH}")


def _list_components(value: object, part: str, depth: int) -> Iterator[Parts]:
    """Yield each component of a part of the file after checking it."""
    if value is None:
        return
    if not isinstance(value, dict):
        raise component_error(part, f"is a {type(value).__name__}", "an object with a type")
    if value.get("type") == "Sequence":
        inner = value.get(SEQUENCES[part])
        if not isinstance(inner, list) or not depth or value.keys() != {"type", SEQUENCES[part]}:
            raise component_error(f"{part} Sequence", "is damaged, or deeply nested", f"a list of {SEQUENCES[part]}")
        for one in inner:
            yield from _list_components(one, part, depth - 1)
    else:
        known = COMPONENTS[part]
        kind = value.get("type")
        if not isinstance(kind, str) or kind not in known:
            raise component_error(part, f"has the type {shorten(kind)}", f"Sequence, {', '.join(known)}")
        check_fields(f"{part} {kind}", value, known[kind])
        yield value


def check_fields(component: str, value: Parts, fields: Mapping[str, Field]) -> None:
    """Refuse a component with unknown fields, missing fields or invalid values.

    Raises:
        ModelError: The message names the component and the field.
    """
    for name in value.keys() - fields.keys() - {"type"}:
        raise component_error(component, f"has the unknown field {shorten(name)}", ", ".join(fields) or "no fields")
    for name, field in fields.items():
        if name not in value:
            if field.required:
                raise component_error(component, f"has no {name}", field.expected)
        elif not field.accepts(value[name]):
            raise component_error(component, f"has {name} = {shorten(value[name])}", field.expected)


def _compute_growth(component: Parts) -> float:
    """Return the factor by which a component can multiply the bytes of a text.

    Unicode's normalization forms count as 1: they multiply a text by up to 11, but only once.
    """
    match component:
        case {"type": "Replace", "pattern": {"String": ""}}:
            raise component_error("normalizer Replace", "replaces the empty text", "a text that is replaced")
        case {"type": "Replace", "pattern": pattern, "content": content}:
            return len(content.encode(errors="replace")) / _count_least_bytes(pattern)
        case {"type": "Prepend", "prepend": prepended}:
            return 1 + len(prepended.encode(errors="replace")) / LONGEST
        case {"type": "Precompiled", "precompiled_charsmap": charsmap}:
            try:
                return decode_charsmap(charsmap).growth
            except ValueError as error:
                raise component_error("normalizer Precompiled", f"cannot be used: {error}", "a compiled map") from error
        case {"type": "ByteLevel" | "BertNormalizer"}:
            return 2
    return 1


def _count_least_bytes(pattern: Mapping[str, str]) -> int:
    return len(pattern["String"].encode(errors="replace")) if "String" in pattern else 1


def component_error(component: str, got: str, expected: str) -> ModelError:
    """Return the error for a component of a ``tokenizer.json``."""
    return ModelError(f"the tokenizer cannot be read: its {component} {got}", expected, REMEDY)


def shorten(value: object) -> str:
    """Return a value for an error message, abbreviated: it can be huge or deeply nested."""
    return reprlib.repr(value)
