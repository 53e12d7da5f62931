"""Check the sizes in a ``config.json`` before a model is built from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nlu_lite.errors import FormatError

LARGEST = 1 << 24
"""Maximum of any size. The product of two sizes is still a valid number of bytes."""

POSITIVE = (
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "vocab_size",
    "max_position_embeddings",
    "embedding_size",
    "num_hidden_groups",
    "inner_group_num",
    "dim",
    "hidden_dim",
    "n_layers",
    "n_heads",
)
LEAST = {"type_vocab_size": 1, "num_labels": 0}
WITHOUT_TYPES = ("deberta-v2",)
"""Kinds of model that may have no token types: ``type_vocab_size`` 0."""
WIDTHS = {"num_attention_heads": "hidden_size", "n_heads": "dim"}
REPEATED = {"albert": ("num_hidden_groups", "inner_group_num")}
"""Settings for the number of modules. ALBERT's layers share modules; in other models each layer has its own."""


def check_sizes(config: Mapping[str, object], tensors: int, where: str) -> None:
    """Raise an error for an impossible size. Missing sizes have transformers' defaults.

    Args:
        config: The transformers configuration.
        tensors: The number of tensors in the weights, which is the maximum number of layers.
        where: The name of the configuration in error messages.

    Raises:
        FormatError: A size is not a number, is too small or too large, or contradicts another size.

    Example:
        >>> check_sizes({"model_type": "bert", "num_hidden_layers": 10**9}, 199, "config.json")
        Traceback (most recent call last):
        nlu_lite.errors.FormatError: config.json has num_hidden_layers=1000000000; expected a whole number from 1 to
        16777216. Fetch it again.
    """
    model_type = str(config.get("model_type"))
    sizes = {
        name: size for name, least in _list_minimums(model_type) for size in _read_size(config, name, least, where)
    }
    for heads, width in WIDTHS.items():
        if sizes.get(width, 0) % sizes.get(heads, 1):
            raise _size_error(
                where, f"{width}={sizes[width]} and {heads}={sizes[heads]}", f"a multiple of {sizes[heads]}"
            )
    for name in REPEATED.get(model_type, ("num_hidden_layers", "n_layers")):
        if sizes.get(name, 0) > tensors:
            raise _size_error(
                where, f"{name}={sizes[name]} where the weights have {tensors} tensors", "tensors for each layer"
            )


def _list_minimums(model_type: str) -> Iterator[tuple[str, int]]:
    yield from ((name, 1) for name in POSITIVE)
    yield from (LEAST | ({"type_vocab_size": 0} if model_type in WITHOUT_TYPES else {})).items()


def _read_size(config: Mapping[str, object], name: str, least: int, where: str) -> Iterator[int]:
    if name not in config:
        return
    size = config[name]
    if type(size) is not int or not least <= size <= LARGEST:
        raise _size_error(where, f"{name}={size!r}", f"a whole number from {least} to {LARGEST}")
    yield size


def _size_error(where: str, got: str, expected: str) -> FormatError:
    return FormatError(f"{where} has {got}", expected, "Fetch it again")
