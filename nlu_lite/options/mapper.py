"""The options of `Pipeline.mapper`, parsed once where a caller comes in."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, TypeAlias

from nlu_lite.options.parsing import check_number, parse_choice
from nlu_lite.options.predict import PredictRequest


class VectorLists(Enum):
    """The Arrow type of vectors: lists of any length, which every engine reads, or of one fixed length."""

    LIST = "list"
    FIXED = "fixed"


VectorListsName: TypeAlias = Literal["list", "fixed"]


@dataclass(frozen=True)
class MapRequest:
    """The options of one call of `Pipeline.mapper`.

    Attributes:
        predict: The options of `Pipeline.predict`.
        vectors: The Arrow type of vectors.
        chunk: Maximum number of texts that are processed at once.
    """

    predict: PredictRequest = field(default_factory=PredictRequest)
    vectors: VectorLists = VectorLists.LIST
    chunk: int = 256


def parse_map_request(predict: PredictRequest, vectors: str, chunk: int) -> MapRequest:
    """Parse the options of `Pipeline.mapper`.

    Raises:
        OptionError: An option has an unknown value.

    Example:
        >>> parse_map_request(PredictRequest(), "fixed", 8).vectors
        <VectorLists.FIXED: 'fixed'>
    """
    check_number("chunk", chunk, 1)
    return MapRequest(predict, parse_choice(VectorLists, vectors, "vectors"), chunk)
