"""Check the options for windows and layers against the limits of a model."""

from __future__ import annotations

from nlu_lite.encoding.plan import SPECIAL_TOKEN_COUNT
from nlu_lite.errors import OptionError
from nlu_lite.options import EncoderSettings, check_number

SPARK_NLP_LENGTH = 128
"""Spark NLP's default maximum length of a sentence in pieces, special tokens included."""


def resolve_length(settings: EncoderSettings, positions: int, published: int | None) -> int:
    """Return the maximum length of a window: by default the model's, or with `Compat.SPARKNLP` that of Spark NLP.

    Args:
        settings: The settings of an encoder.
        positions: The number of the model's positions.
        published: The maximum length of a sentence that the publisher set; None if no file states it.

    Raises:
        OptionError: The model has no window of this length.
    """
    asked = settings.max_length
    if asked is None:
        return positions if settings.compat is None else min(published or SPARK_NLP_LENGTH, positions)
    check_number("max_length", asked, SPECIAL_TOKEN_COUNT + 1)
    if asked > positions:
        raise OptionError(
            f"max_length={asked}",
            f"{SPECIAL_TOKEN_COUNT + 1} to {positions}, the number of the model's positions",
            "Leave it out for the longest windows",
        )
    return asked


def resolve_layers(asked: tuple[int, ...], layers: int) -> tuple[int, ...]:
    """Return the numbers of hidden states, counted from the embeddings.

    Args:
        asked: Numbers from -L-1 to L.
        layers: The number L of the model's layers.

    Raises:
        OptionError: The model has no such layer, or a layer is named twice.
    """
    expected = f"whole numbers from {-layers - 1} to {layers}: 0 is the embeddings, {layers} or -1 the last layer"
    remedy = "Pass layers that the model has, such as layers=(-1,)"
    if not asked or any(type(layer) is not int or not -layers - 1 <= layer <= layers for layer in asked):
        raise OptionError(f"layers={asked!r}", expected, remedy)
    found = tuple(layer % (layers + 1) for layer in asked)
    if len(set(found)) < len(found):
        raise OptionError(f"layers={asked!r}, which names a layer twice", "each layer once", remedy)
    return found
