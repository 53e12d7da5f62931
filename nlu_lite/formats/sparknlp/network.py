"""What either engine's reader gives: tensors under transformers' names, and what only the graph knows."""

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
    """A model's weights and the few facts that are not in them.

    Attributes:
        tensors: By transformers' names.
        sizes: What the letters of the family's shapes stand for, and the numbers of layers.
        heads: Attention heads.
        epsilon: What layer norms add to the variance.
        activation: The feed-forward part's activation, as transformers calls it.
        passes: How often the graph runs through a layer; more often than there are layers where they are shared.
    """

    tensors: Mapping[str, Tensor]
    sizes: Mapping[str, int]
    heads: int
    epsilon: float
    activation: str
    passes: int


def map_names(family: ModelFamily, names: Iterable[str], where: str) -> dict[str, str]:
    """Map transformers' names to an archive's own, leaving out heads and optimisers' slots.

    Args:
        family: What the tensors should be.
        names: The archive's names, written as torch would.
        where: What errors call the archive.

    Raises:
        FormatError: A tensor is neither the model's nor a head's, or two have one name.
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
    """Give the one value on which all of a graph agrees.

    Raises:
        FormatError: There is none.
        UnsupportedReference: There are several.
    """
    if not values:
        raise format_error(where, f"the graph does not say {name}", "one value")
    if len(values) > 1:
        raise unsupported_error(where, f"the graph has several values for {name}: {sorted(values)[:8]}", "one value")
    return next(iter(values))
