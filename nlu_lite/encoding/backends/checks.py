"""Check that the weights are those of the model in the configuration. All backends share these checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nlu_lite.errors import ModelError
from nlu_lite.records import Floats

LAYERS = ("encoder.layer.", "encoder.albert_layer_groups.", "transformer.layer.")


def check_names(wanted: Iterable[str], found: Iterable[str]) -> None:
    """Refuse tensors that are not those of the architecture. Additional heads and poolers are ignored, layers are not.

    Raises:
        ModelError: Layers or tensors are missing, or there are more layers than the architecture has.
    """
    wanted, found = set(wanted), set(found)
    _check_count(wanted, found)
    _check_missing(wanted - found)
    _check_unused(found - wanted)


def check_shape(name: str, array: Floats, shape: tuple[int, ...]) -> Floats:
    """Return the array if it has the shape in the configuration.

    Raises:
        ModelError: It has a different shape.
    """
    if array.shape != shape:
        raise ModelError(
            f"tensor {name!r} has shape {array.shape}",
            f"{shape}, as the configuration says",
            "Configuration and weights belong to different models: fetch them again",
        )
    return array


def configuration_error(model_type: str, reason: str) -> ModelError:
    """Return the error for a configuration from which no model can be built."""
    got = f"the configuration describes no model ({reason})"
    return ModelError(got, f"that of a {model_type} model", "Fetch it again")


def _check_count(wanted: Iterable[str], found: Iterable[str]) -> None:
    stated, held = _count_layers(wanted), _count_layers(found)
    if stated != held:
        names = "" if held else f": their first tensor is {min(found, default=None)!r}"
        raise ModelError(
            f"the weights have {held} layers{names}",
            f"{stated}, as the configuration says" + ("" if held else f", with names such as {min(wanted)!r}"),
            "Configuration and weights belong to different models: fetch them again",
        )


def _count_layers(names: Iterable[str]) -> int:
    inside = (name.removeprefix(prefix) for name in names for prefix in LAYERS if name.startswith(prefix))
    return len({rest.partition(".")[0] for rest in inside})


def _check_missing(missing: set[str]) -> None:
    if missing:
        raise ModelError(
            f"{len(missing)} tensors are missing, the first is {min(missing)!r}",
            "every tensor of the architecture that the configuration names",
            "The files are incomplete or belong to another architecture: fetch them again",
        )


def _check_unused(unused: Mapping[str, object] | set[str]) -> None:
    """Refuse additional layers, without which the vectors would be wrong."""
    layers = {name for name in unused if name.startswith(LAYERS)}
    if layers:
        raise ModelError(
            f"the weights have {min(layers)!r}, which the configuration does not have",
            "only the tensors of the architecture in layers",
            "Configuration and weights belong to different models: fetch them again",
        )


def first_line(error: Exception) -> str:
    """Return the first line of an error's message, or the name of its class if it has no message."""
    return (str(error) or type(error).__name__).splitlines()[0]
