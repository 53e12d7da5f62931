"""Tokens added to a vocabulary, read from all files in which transformers keeps them."""

from __future__ import annotations

import json
import reprlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from nlu_lite.errors import FormatError
from nlu_lite.formats.json_files import read_optional
from nlu_lite.records import AddedToken

SETTINGS = "tokenizer_config.json"
TOKENIZER = "tokenizer.json"
LEGACY = "added_tokens.json"
SPECIAL_TOKENS = "special_tokens_map.json"
DECODER = "added_tokens_decoder"
"""The setting that maps ids to added tokens."""

FLAGS = ("normalized", "lstrip", "rstrip", "single_word", "special")
NAMED = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
LISTED = ("additional_special_tokens", "extra_special_tokens")
"""Settings that name special tokens: one each in `NAMED`, a list or mapping in `LISTED`."""

WELL_KNOWN = frozenset(
    ["<s>", "</s>", "<pad>", "<unk>", "<mask>", "<cls>", "<sep>", "[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]"]
)
"""Tokens that are special whether or not a file says so: the names used by BERT and fairseq."""

LARGEST_ID = 1 << 31
LONGEST = 1000
"""Maximum length of an added token, in characters."""
REMEDY = "Save the tokenizer again with transformers"


def read_added_tokens(folder: Path, tokenizer: Mapping[str, Any]) -> tuple[AddedToken, ...]:
    """Read the added tokens of a model's folder, ordered by id.

    The files are read in transformers' order: ``added_tokens_decoder`` of the settings, ``tokenizer.json``, and
    ``added_tokens.json``, which has ids only. A token is special if its file, a special tokens map or its well-known
    name makes it special.

    Args:
        folder: The model's folder. Each of the files is optional.
        tokenizer: The content of its ``tokenizer.json``. Empty if it has none.

    Raises:
        FormatError: A file cannot be read, or two files have different ids for a token.
    """
    special = frozenset(_find_special(folder)) | WELL_KNOWN
    found: dict[str, AddedToken] = {}
    for path, token in _read_tokens(folder, tokenizer):
        token = replace(token, special=token.special or token.content in special)
        known = found.setdefault(token.content, token)
        if known.id != token.id and not token.special:
            got = f"{path} gives {token.content!r} the id {token.id}, another file the id {known.id}"
            raise FormatError(got, "the same id in both files", REMEDY)
    return tuple(sorted(found.values(), key=lambda token: token.id))


def _read_tokens(folder: Path, tokenizer: Mapping[str, Any]) -> Iterator[tuple[Path, AddedToken]]:
    """Yield the added tokens of each file, in the order of the files' precedence."""
    path, decoder = folder / SETTINGS, read_optional(folder / SETTINGS).get(DECODER) or {}
    if not isinstance(decoder, dict):
        raise _token_error(path, decoder)
    yield from ((path, parse_token(path, value, number)) for number, value in decoder.items())
    yield from ((folder / TOKENIZER, token) for token in parse_tokens(folder / TOKENIZER, tokenizer))
    path = folder / LEGACY
    yield from (
        (path, parse_token(path, {"content": content}, number)) for content, number in read_optional(path).items()
    )


def parse_tokens(path: Path, tokenizer: Mapping[str, Any]) -> list[AddedToken]:
    """Return the added tokens of a ``tokenizer.json``, in its order.

    Raises:
        FormatError: It does not list them as transformers does.
    """
    listed = tokenizer.get("added_tokens") or []
    if not isinstance(listed, list):
        raise _token_error(path, listed)
    return [parse_token(path, value) for value in listed]


def read_pieces(tokenizer: Mapping[str, Any]) -> set[str]:
    """Return the pieces of the model in a ``tokenizer.json``. Empty if it has no vocabulary."""
    model = tokenizer.get("model")
    vocabulary = model.get("vocab") if isinstance(model, dict) else None
    if isinstance(vocabulary, list):
        return {entry[0] for entry in vocabulary if isinstance(entry, list) and entry and isinstance(entry[0], str)}
    return set(vocabulary) if isinstance(vocabulary, dict) else set()


def parse_token(path: Path, value: object, key: object = None) -> AddedToken:
    """Parse an added token as transformers writes it.

    Args:
        path: The file, for errors.
        value: ``{"content": ..., "normalized": ..., ...}``. Missing flags have the defaults of `tokenizers`.
        key: Its id. None if `value` has the id.

    Raises:
        FormatError: The value is not an added token.
    """
    if not isinstance(value, dict):
        raise _token_error(path, value)
    content, number = value.get("content"), _parse_id(value.get("id") if key is None else key)
    flags = {name: value[name] for name in FLAGS if name in value}
    if not isinstance(content, str) or not 0 < len(content) <= LONGEST or number is None:
        raise _token_error(path, {"id": key, **value})
    if not all(isinstance(flag, bool) for flag in flags.values()):
        raise _token_error(path, value)
    flags.setdefault("normalized", not flags.get("special", False))
    return AddedToken(content, number, **flags)


def _parse_id(value: object) -> int | None:
    """Parse an id; keys of JSON objects are strings."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 11:
        value = int(value)
    return value if type(value) is int and 0 <= value < LARGEST_ID else None


def _find_special(folder: Path) -> Iterator[str]:
    """Yield the special tokens named in the settings and in the special tokens map."""
    for values in (read_optional(folder / SETTINGS), read_optional(folder / SPECIAL_TOKENS)):
        yield from _list_contents(values.get(name) for name in NAMED)
        for name in LISTED:
            listed = values.get(name)
            yield from _list_contents(listed.values() if isinstance(listed, dict) else listed if listed else ())


def _list_contents(values: Iterable[object]) -> Iterator[str]:
    for value in values if not isinstance(values, str | int | float) else ():
        content = value.get("content") if isinstance(value, dict) else value
        if isinstance(content, str):
            yield content


def encode_tokens(tokens: Iterable[AddedToken]) -> dict[str, dict[str, object]]:
    """Return the ``added_tokens_decoder`` of tokens as transformers writes it."""
    return {str(token.id): {key: value for key, value in asdict(token).items() if key != "id"} for token in tokens}


def replace_tokens(tokenizer: Mapping[str, Any], tokens: Iterable[AddedToken]) -> bytes:
    """Return a ``tokenizer.json`` with these added tokens in place of its own."""
    listed = [asdict(token) for token in tokens]
    return json.dumps({**tokenizer, "added_tokens": listed}).encode()


def _token_error(path: Path, value: object) -> FormatError:
    expected = f"text of 1 to {LONGEST} characters, an id, and true or false for {', '.join(FLAGS)}"
    return FormatError(f"{path} lists the added token {reprlib.repr(value)}", expected, REMEDY)
