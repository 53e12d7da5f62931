"""`Segments` and a `Checkpoint` become one vector a token."""

from __future__ import annotations

from nlu_lite.encoding.encoder import Encoder, token_texts
from nlu_lite.encoding.pooling import Pooling, mean_of_groups
from nlu_lite.encoding.subwords import open_subwords
from nlu_lite.errors import OptionError
from nlu_lite.records import Checkpoint

__all__ = ["Encoder", "Pooling", "mean_of_groups", "open_encoder", "token_texts"]


def open_encoder(
    checkpoint: Checkpoint, *, device: str = "cpu", threads: int | None = None, max_length: int | None = None
) -> Encoder:
    """Open a model for encoding.

    Args:
        checkpoint: Its configuration, weights and subword model.
        device: Where it runs: ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``.
        threads: Threads of a forward pass on the CPU; None leaves PyTorch's own number.
        max_length: Longest window in pieces, special tokens included; None means as long as the model's positions
            allow.

    Raises:
        OptionError: There is no such device, or `max_length` is not one that the model allows.
        ModelError: The parts of the checkpoint do not fit one another.
        UnsupportedReference: There is no recipe for this kind of model.
    """
    from nlu_lite.encoding.backends.torch import TorchBackend

    _check_number("threads", threads, 1)
    _check_number("max_length", max_length, 3)
    subwords = open_subwords(checkpoint)
    backend = TorchBackend(checkpoint, device, threads)
    length = backend.positions if max_length is None else max_length
    if length > backend.positions:
        raise OptionError(
            f"max_length={max_length}", f"3 to {backend.positions}, the model's positions", "Leave it out for the most"
        )
    return Encoder(subwords, backend, length)


def _check_number(option: str, value: object, least: int) -> None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < least):
        raise OptionError(f"{option}={value!r}", f"a whole number from {least} on", "Leave it out for the default")
