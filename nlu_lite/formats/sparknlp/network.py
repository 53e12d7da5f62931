"""The result of reading either engine: tensors by transformers' names, and facts from the graph."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from nlu_lite.formats.sparknlp.faults import format_error, unsupported_error
from nlu_lite.formats.sparknlp.kinds import ModelFamily
from nlu_lite.formats.sparknlp.names import is_other
from nlu_lite.formats.sparknlp.values import Tensor

T = TypeVar("T", int, float, str)


@dataclass(frozen=True)
class Network:
    """A model's weights, and the few facts that only its graph has.

    Attributes:
        tensors: The tensors by transformers' names.
        sizes: The sizes of the letters in the family's shapes, and the numbers of layers.
        heads: Attention heads.
        epsilon: The value that layer norms add to the variance.
        activation: The activation of the feed-forward layer, by transformers' name.
        passes: How many times the graph applies a layer: more than the number of layers if layers are shared.
    """

    tensors: Mapping[str, Tensor]
    sizes: Mapping[str, int]
    heads: int
    epsilon: float
    activation: str
    passes: int


def map_names(family: ModelFamily, names: Iterable[str], where: str) -> dict[str, str]:
    """Map transformers' names to an archive's own, without heads and optimizer slots.

    Args:
        family: The expected family of the model.
        names: The archive's names, in torch's style.
        where: The name of the archive in error messages.

    Raises:
        FormatError: A tensor belongs neither to the model nor to a head, or two tensors have one name.
    """
    found: dict[str, str] = {}
    for name in names:
        own = family.find_name(name)
        if own is None and not is_other(name):
            raise format_error(f"{where}, tensor {name!r}", f"no tensor of {family.model_type}", "its tensors only")
        if own is not None:
            if own in found:
                raise format_error(where, f"{name!r} and {found[own]!r} are both {own!r}", "one tensor for each name")
            found[own] = name
    return found


def require_one(values: Collection[T], name: str, where: str) -> T:
    """Return the one value that a whole graph has.

    Raises:
        FormatError: The graph has none.
        UnsupportedReference: The graph has several.
    """
    if not values:
        raise format_error(where, f"the graph does not contain {name}", "one value")
    if len(values) > 1:
        raise unsupported_error(where, f"the graph has several values for {name}: {sorted(values)[:8]}", "one value")
    return next(iter(values))
