"""Kinds of transformers' encoders as data: their sizes, and the names and shapes of their tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from nlu_lite.encoding.architectures import ARCHITECTURES, WORDS
from nlu_lite.encoding.backends.checks import check_shape, configuration_error
from nlu_lite.errors import ModelError
from nlu_lite.records import Checkpoint, Floats

POSITIONS = "embeddings.position_embeddings.weight"
TYPES = "embeddings.token_type_embeddings.weight"
NORM = "embeddings.LayerNorm"
RELATIVE = "encoder.relative_attention_bias.weight"
BUCKETS = 32
"""Number of buckets of MPNet's relative positions. transformers' code ignores the setting for it."""


@dataclass(frozen=True)
class LayerNames:
    """Names of the modules of a layer, below its prefix."""

    query: str = "attention.self.query"
    key: str = "attention.self.key"
    value: str = "attention.self.value"
    output: str = "attention.output.dense"
    attention_norm: str = "attention.output.LayerNorm"
    wider: str = "intermediate.dense"
    narrower: str = "output.dense"
    norm: str = "output.LayerNorm"


@dataclass(frozen=True)
class EncoderKind:
    """A kind of encoder.

    Attributes:
        layer: Prefix of the modules of a layer, with a placeholder for its number.
        names: Names of the modules of a layer.
        types: Whether the model has embeddings of token types.
        projection: The dense layer between embeddings and layers; None if the kind has none.
        relative: Whether attention has a bias by relative position.
        epsilon: Epsilon of the layer norms; None if the configuration states it.
        defaults: Settings whose defaults differ from BERT's.
    """

    layer: str = "encoder.layer.{0}."
    names: LayerNames = LayerNames()
    types: bool = True
    projection: str | None = None
    relative: bool = False
    epsilon: float | None = None
    defaults: Mapping[str, object] = field(default_factory=dict)


DEFAULTS: Mapping[str, object] = {
    "vocab_size": 30522,
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "hidden_act": "gelu",
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
    "pad_token_id": 0,
    "num_hidden_groups": 1,
    "inner_group_num": 1,
}
"""Defaults of BERT, and of ALBERT for settings that BERT does not have."""

ALIASES = {
    "hidden_size": "dim",
    "num_hidden_layers": "n_layers",
    "num_attention_heads": "n_heads",
    "intermediate_size": "hidden_dim",
    "hidden_act": "activation",
}
"""DistilBERT's names of settings."""

KINDS = {
    "albert": EncoderKind(
        layer="encoder.albert_layer_groups.{0}.albert_layers.{1}.",
        names=LayerNames(
            "attention.query",
            "attention.key",
            "attention.value",
            "attention.dense",
            "attention.LayerNorm",
            "ffn",
            "ffn_output",
            "full_layer_layer_norm",
        ),
        projection="encoder.embedding_hidden_mapping_in",
        defaults={
            "vocab_size": 30000,
            "embedding_size": 128,
            "hidden_size": 4096,
            "num_attention_heads": 64,
            "intermediate_size": 16384,
            "hidden_act": "gelu_new",
        },
    ),
    "bert": EncoderKind(),
    "camembert": EncoderKind(defaults={"pad_token_id": 1}),
    "distilbert": EncoderKind(
        layer="transformer.layer.{0}.",
        names=LayerNames(
            "attention.q_lin",
            "attention.k_lin",
            "attention.v_lin",
            "attention.out_lin",
            "sa_layer_norm",
            "ffn.lin1",
            "ffn.lin2",
            "output_layer_norm",
        ),
        types=False,
        epsilon=1e-12,
        defaults={"num_hidden_layers": 6},
    ),
    "electra": EncoderKind(
        projection="embeddings_project",
        defaults={
            "embedding_size": 128,
            "hidden_size": 256,
            "num_attention_heads": 4,
            "intermediate_size": 1024,
        },
    ),
    "mpnet": EncoderKind(
        names=LayerNames(
            "attention.attn.q", "attention.attn.k", "attention.attn.v", "attention.attn.o", "attention.LayerNorm"
        ),
        types=False,
        relative=True,
        defaults={"vocab_size": 30527, "pad_token_id": 1, "relative_attention_num_buckets": BUCKETS},
    ),
    "roberta": EncoderKind(defaults={"vocab_size": 50265, "pad_token_id": 1}),
    "xlm-roberta": EncoderKind(defaults={"pad_token_id": 1}),
}
"""By ``model_type``."""


@dataclass(frozen=True)
class EncoderDescription:
    """An encoder of a kind, with the sizes of its configuration.

    Attributes:
        kind: The kind.
        model_type: transformers' name of the kind.
        settings: The configuration, including defaults.
    """

    kind: EncoderKind
    model_type: str
    settings: Mapping[str, object]

    def size(self, name: str) -> int:
        """Return a size.

        Raises:
            ModelError: It is not a positive whole number.
        """
        value = self.settings[name]
        if type(value) is not int or value < 1:
            raise configuration_error(self.model_type, f"{name}={value!r} is not a positive whole number")
        return value

    @property
    def width(self) -> int:
        """Width d of a hidden state."""
        return self.size("hidden_size")

    @property
    def embedding(self) -> int:
        """Width of the embeddings."""
        return self.size("embedding_size") if "embedding_size" in self.kind.defaults else self.width

    @property
    def layers(self) -> int:
        """Number of layers."""
        return self.size("num_hidden_layers")

    @property
    def heads(self) -> int:
        """Number of heads of an attention."""
        heads = self.size("num_attention_heads")
        if self.width % heads:
            raise configuration_error(
                self.model_type, f"hidden_size={self.width} is not a multiple of num_attention_heads={heads}"
            )
        return heads

    @property
    def epsilon(self) -> float:
        """The value that layer norms add to the variance."""
        value = self.kind.epsilon if self.kind.epsilon is not None else self.settings["layer_norm_eps"]
        if not isinstance(value, (int, float)):
            raise configuration_error(self.model_type, f"layer_norm_eps={value!r} is not a number")
        return float(value)

    @property
    def padding(self) -> int | None:
        """The id that positions do not count; None if positions are numbered from 0 and count every id."""
        reserved = ARCHITECTURES[self.model_type].reserved_positions
        if reserved is not None:
            return reserved - 1 if reserved else None
        pad = self.settings["pad_token_id"]
        if not isinstance(pad, int):
            got = f"the configuration has pad_token_id={pad!r}"
            raise ModelError(got, "a number, from which positions are counted", "Fetch it again")
        return pad

    @property
    def positions(self) -> int:
        """Maximum length of a window."""
        return self.size("max_position_embeddings") - (0 if self.padding is None else self.padding + 1)

    @property
    def projected(self) -> bool:
        """Whether a dense layer is between embeddings and layers. ELECTRA has none if both have the same width."""
        return self.kind.projection is not None and (self.model_type == "albert" or self.embedding != self.width)

    def prefixes(self, layer: int) -> list[str]:
        """Return the prefixes of the modules of a layer. A group of ALBERT may have several."""
        if self.model_type != "albert":
            return [self.kind.layer.format(layer)]
        group = int(layer / (self.layers / self.size("num_hidden_groups")))
        return [self.kind.layer.format(group, inner) for inner in range(self.size("inner_group_num"))]

    def tensor(self, checkpoint: Checkpoint, name: str) -> Floats:
        """Return a tensor of the weights.

        Raises:
            ModelError: Its shape is not the one in the configuration.
        """
        return check_shape(name, checkpoint.tensors[name], self.shapes[name])

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every tensor, by name."""
        found: dict[str, tuple[int, ...]] = {WORDS: (self.size("vocab_size"), self.embedding)}
        found[POSITIONS] = (self.size("max_position_embeddings"), self.embedding)
        if self.kind.types:
            found[TYPES] = (self.size("type_vocab_size"), self.embedding)
        found |= _norm(NORM, self.embedding)
        if self.projected:
            found |= _dense(str(self.kind.projection), self.width, self.embedding)
        if self.kind.relative:
            found[RELATIVE] = (self.size("relative_attention_num_buckets"), self.heads)
        for prefix in self._all_prefixes():
            found |= self._layer_shapes(prefix)
        return found

    def _all_prefixes(self) -> Iterator[str]:
        if self.model_type != "albert":
            for layer in range(self.layers):
                yield from self.prefixes(layer)
        else:
            for group in range(self.size("num_hidden_groups")):
                yield from (self.kind.layer.format(group, n) for n in range(self.size("inner_group_num")))

    def _layer_shapes(self, prefix: str) -> dict[str, tuple[int, ...]]:
        names, width, inner = self.kind.names, self.width, self.size("intermediate_size")
        found: dict[str, tuple[int, ...]] = {}
        for name in (names.query, names.key, names.value, names.output):
            found |= _dense(prefix + name, width, width)
        found |= _dense(prefix + names.wider, inner, width) | _dense(prefix + names.narrower, width, inner)
        return found | _norm(prefix + names.attention_norm, width) | _norm(prefix + names.norm, width)


def describe_encoder(checkpoint: Checkpoint) -> EncoderDescription:
    """Return the description of a checkpoint's encoder, whose kind is among `KINDS`."""
    model_type = str(checkpoint.config["model_type"])
    kind, stated = KINDS[model_type], dict(checkpoint.config)
    if model_type == "distilbert":
        stated = {name: stated[alias] for name, alias in ALIASES.items() if alias in stated} | stated
    return EncoderDescription(kind, model_type, {**DEFAULTS, **kind.defaults, **stated})


def _dense(name: str, rows: int, columns: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (rows, columns), f"{name}.bias": (rows,)}


def _norm(name: str, width: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}
