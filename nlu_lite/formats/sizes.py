"""The sizes that a ``config.json`` states, checked before anything is built of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nlu_lite.errors import FormatError

LARGEST = 1 << 24
"""No model has a size beyond; the product of two such sizes can still be counted in bytes."""

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
"""Kinds whose models can do without types of tokens: ``type_vocab_size`` 0."""
WIDTHS = {"num_attention_heads": "hidden_size", "n_heads": "dim"}
REPEATED = {"albert": ("num_hidden_groups", "inner_group_num")}
"""What says how many modules there are: ALBERT's layers share theirs, elsewhere each layer has its own."""


def check_sizes(config: Mapping[str, object], tensors: int, where: str) -> None:
    """Refuse sizes that no model can have; sizes that are not stated are left to transformers' defaults.

    Args:
        config: The transformers configuration.
        tensors: How many tensors the weights hold: a model has no more layers than that.
        where: What errors call the configuration.

    Raises:
        FormatError: A size is no number, too small or too large, or contradicts another.

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
