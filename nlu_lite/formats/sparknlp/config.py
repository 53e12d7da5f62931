"""Build transformers' configuration of a model from the shapes of its tensors and its graph."""

from __future__ import annotations

import numpy as np

from nlu_lite.formats.sparknlp.faults import format_error, unsupported_error
from nlu_lite.formats.sparknlp.kinds import AnnotatorKind
from nlu_lite.formats.sparknlp.network import Network

ACTIVATIONS = ("gelu", "gelu_new", "relu")
DISTILBERT_EPSILON = 1e-12
"""The epsilon of transformers' DistilBERT, which has no setting for it."""

SPECIAL = {
    "xlm-roberta": {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2},
    "camembert": {"bos_token_id": 5, "pad_token_id": 1, "eos_token_id": 6},
    "roberta": {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2},
    "albert": {"bos_token_id": 2, "pad_token_id": 0, "eos_token_id": 3},
    "bert": {"pad_token_id": 0},
    "distilbert": {"pad_token_id": 0},
}
CLASSES = {
    "xlm-roberta": "XLMRobertaModel",
    "camembert": "CamembertModel",
    "roberta": "RobertaModel",
    "albert": "AlbertModel",
    "bert": "BertModel",
    "distilbert": "DistilBertModel",
}


def build_config(kind: AnnotatorKind, network: Network, where: str) -> dict[str, object]:
    """Build the content of ``config.json``.

    Raises:
        FormatError: The numbers of the network contradict one another.
        UnsupportedReference: transformers has no such variant of the model.
    """
    model_type = kind.family.model_type
    if network.activation not in ACTIVATIONS:
        raise unsupported_error(where, f"the activation {network.activation!r}", " or ".join(ACTIVATIONS))
    if not 0 < network.epsilon < 0.1:
        raise format_error(where, f"a layer-norm epsilon of {network.epsilon}", "a small positive number")
    config: dict[str, object] = {
        "model_type": model_type,
        "architectures": [CLASSES[model_type]],
        "vocab_size": network.sizes["V"],
        "max_position_embeddings": network.sizes["P"],
        **SPECIAL[model_type],
    }
    sizes = _build_distilbert(network, where) if model_type == "distilbert" else _build_sizes(network)
    return config | sizes | (_build_albert(network, where) if model_type == "albert" else {})


def _shorten_epsilon(network: Network) -> float:
    """Return the shortest number that is the same float32: 1e-05 for 9.999999747378752e-06."""
    return float(str(np.float32(network.epsilon)))


def _build_sizes(network: Network) -> dict[str, object]:
    return {
        "type_vocab_size": network.sizes["T"],
        "hidden_size": network.sizes["H"],
        "num_hidden_layers": network.sizes["layers"],
        "num_attention_heads": network.heads,
        "intermediate_size": network.sizes["I"],
        "hidden_act": network.activation,
        "layer_norm_eps": _shorten_epsilon(network),
    }


def _build_distilbert(network: Network, where: str) -> dict[str, object]:
    if _shorten_epsilon(network) != DISTILBERT_EPSILON:
        raise unsupported_error(where, f"a layer-norm epsilon of {_shorten_epsilon(network)}", f"{DISTILBERT_EPSILON}")
    return {
        "dim": network.sizes["H"],
        "n_layers": network.sizes["layers"],
        "n_heads": network.heads,
        "hidden_dim": network.sizes["I"],
        "activation": network.activation,
        "sinusoidal_pos_embds": False,
    }


def _build_albert(network: Network, where: str) -> dict[str, object]:
    """Build the settings of ALBERT's shared layers: how often the graph applies them."""
    inner = network.sizes["layers"]
    if network.passes % inner or network.passes < inner * network.sizes["groups"]:
        raise format_error(where, f"{network.passes} passes through {inner} shared layers", "a multiple of the layers")
    return {
        "embedding_size": network.sizes["E"],
        "num_hidden_layers": network.passes // inner,
        "num_hidden_groups": network.sizes["groups"],
        "inner_group_num": inner,
    }
