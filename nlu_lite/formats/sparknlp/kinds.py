"""The kinds of model saved by Spark NLP that the library runs, and their tensors.

A tensor's shape is written as letters: V pieces of the vocabulary, P positions, T token types, E width of the embedding
matrix, H width of the model, I width of the feed-forward layer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from nlu_lite.formats.sparknlp.faults import format_error, unsupported_error


class Vocabulary(Enum):
    """Where an archive has its subword model."""

    SENTENCEPIECE = "a SentencePiece model"
    WORDPIECE = "fields/vocabulary"
    BYTE_LEVEL_BPE = "fields/vocabulary and fields/merges"


def _dense(name: str, shape: str) -> dict[str, str]:
    return {f"{name}.weight": shape, f"{name}.bias": shape[0]}


def _norm(name: str, width: str = "H") -> dict[str, str]:
    return {f"{name}.weight": width, f"{name}.bias": width}


def _embeddings(width: str) -> dict[str, str]:
    tables = {"word": f"V{width}", "position": f"P{width}", "token_type": f"T{width}"}
    names = {f"embeddings.{table}_embeddings.weight": shape for table, shape in tables.items()}
    return names | _norm("embeddings.LayerNorm", width)


_BERT_LAYER = {
    **_dense("attention.self.query", "HH"),
    **_dense("attention.self.key", "HH"),
    **_dense("attention.self.value", "HH"),
    **_dense("attention.output.dense", "HH"),
    **_norm("attention.output.LayerNorm"),
    **_dense("intermediate.dense", "IH"),
    **_dense("output.dense", "HI"),
    **_norm("output.LayerNorm"),
}
_DISTILBERT_LAYER = {
    **_dense("attention.q_lin", "HH"),
    **_dense("attention.k_lin", "HH"),
    **_dense("attention.v_lin", "HH"),
    **_dense("attention.out_lin", "HH"),
    **_norm("sa_layer_norm"),
    **_dense("ffn.lin1", "IH"),
    **_dense("ffn.lin2", "HI"),
    **_norm("output_layer_norm"),
}
_ALBERT_LAYER = {
    **_dense("attention.query", "HH"),
    **_dense("attention.key", "HH"),
    **_dense("attention.value", "HH"),
    **_dense("attention.dense", "HH"),
    **_norm("attention.LayerNorm"),
    **_norm("full_layer_layer_norm"),
    **_dense("ffn", "IH"),
    **_dense("ffn_output", "HI"),
}


@dataclass(frozen=True)
class ModelFamily:
    """A family of models under transformers' names.

    Attributes:
        model_type: transformers' name for it.
        fixed: Tensors outside the layers, with their shapes.
        layer: Tensors of each layer, with their shapes.
        layer_prefix: The prefix of the layers' tensors, with ``#`` for a number.
        pooler: Tensors that an export may lack.
        query: The query matrix, without ``.weight``. The number of its uses is the number of layers.
        feed_forward: The first matrix of the feed-forward layer, without ``.weight``.
    """

    model_type: str
    fixed: Mapping[str, str]
    layer: Mapping[str, str]
    layer_prefix: str
    pooler: Mapping[str, str]
    query: str
    feed_forward: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The pattern of all tensors' names, with any prefix."""
        prefix = re.escape(self.layer_prefix).replace(re.escape("#"), r"\d{1,4}")
        layer = f"{prefix}(?:{'|'.join(map(re.escape, self.layer))})"
        once = "|".join(map(re.escape, [*self.fixed, *self.pooler]))
        return re.compile(rf"(?:^|\.)({layer}|{once})$")

    def find_name(self, name: str) -> str | None:
        """Return transformers' name of a tensor, without the exporter's prefix. None for a tensor of no layer.

        Example:
            >>> BERT.find_name("tf_bert_model.bert.pooler.dense.bias")
            'pooler.dense.bias'
        """
        match = self.pattern.search(name)
        return match[1] if match else None

    def find_shape(self, name: str) -> str:
        """Return the letters of a tensor's shape."""
        once = {**self.fixed, **self.pooler}
        return once[name] if name in once else self.layer[_strip_layer(name, self.layer_prefix)]


def _strip_layer(name: str, prefix: str) -> str:
    return name.split(".", prefix.count("."))[-1]


def _bert_like(model_type: str) -> ModelFamily:
    return ModelFamily(
        model_type=model_type,
        fixed=_embeddings("H"),
        layer=_BERT_LAYER,
        layer_prefix="encoder.layer.#.",
        pooler=_dense("pooler.dense", "HH"),
        query="attention.self.query",
        feed_forward="intermediate.dense",
    )


BERT = _bert_like("bert")
DISTILBERT = ModelFamily(
    model_type="distilbert",
    fixed={name: shape for name, shape in _embeddings("H").items() if "token_type" not in name},
    layer=_DISTILBERT_LAYER,
    layer_prefix="transformer.layer.#.",
    pooler={},
    query="attention.q_lin",
    feed_forward="ffn.lin1",
)
ALBERT = ModelFamily(
    model_type="albert",
    fixed=_embeddings("E") | _dense("encoder.embedding_hidden_mapping_in", "HE"),
    layer=_ALBERT_LAYER,
    layer_prefix="encoder.albert_layer_groups.#.albert_layers.#.",
    pooler=_dense("pooler", "HH"),
    query="attention.query",
    feed_forward="ffn",
)


@dataclass(frozen=True)
class AnnotatorKind:
    """A kind of model, which Spark NLP calls an annotator.

    Attributes:
        annotator: Its class, without the package.
        family: The model that it runs.
        vocabulary: Where its subword model is saved.
    """

    annotator: str
    family: ModelFamily
    vocabulary: Vocabulary


_FAMILIES = {
    "XlmRoBerta": (_bert_like("xlm-roberta"), Vocabulary.SENTENCEPIECE),
    "CamemBert": (_bert_like("camembert"), Vocabulary.SENTENCEPIECE),
    "Albert": (ALBERT, Vocabulary.SENTENCEPIECE),
    "Bert": (BERT, Vocabulary.WORDPIECE),
    "DistilBert": (DISTILBERT, Vocabulary.WORDPIECE),
    "RoBerta": (_bert_like("roberta"), Vocabulary.BYTE_LEVEL_BPE),
}
PACKAGE = "com.johnsnowlabs.nlp.embeddings."
KINDS = {
    annotator: AnnotatorKind(annotator, *family)
    for name, family in _FAMILIES.items()
    for annotator in (f"{name}Embeddings", f"{name}SentenceEmbeddings")
}


def find_kind(class_name: str, where: str) -> AnnotatorKind:
    """Find the kind of a class name of Spark NLP.

    Raises:
        UnsupportedReference: It is another kind of model.
    """
    kind = KINDS.get(class_name.removeprefix(PACKAGE))
    if kind is None:
        raise unsupported_error(where, f"a model of class {class_name!r}", f"one of {', '.join(sorted(KINDS))}")
    return kind


def measure_sizes(family: ModelFamily, shapes: Mapping[str, tuple[int, ...]], where: str) -> dict[str, int]:
    """Find the sizes of the letters in a family's shapes, and check every tensor against them.

    Args:
        family: The expected family of the model.
        shapes: The tensors' shapes by transformers' names.
        where: The name of the archive in error messages.

    Returns:
        The size of each letter and the number of ``layers``, and of ``groups`` if the layers' prefix has two ``#``.

    Raises:
        FormatError: A tensor is missing, or its shape contradicts another tensor.
    """
    counts = _count_layers(family, shapes, where)
    names = _list_tensors(family, counts)
    if any(name in shapes for name in family.pooler):
        names += family.pooler
    missing = [name for name in names if name not in shapes]
    if missing:
        raise format_error(where, f"{len(missing)} tensors are missing, {missing[0]!r} first", f"{len(names)} tensors")
    sizes = dict(zip(("groups", "layers"), counts, strict=False)) if len(counts) == 2 else {"layers": counts[0]}
    for name in names:
        _check_shape(name, family.find_shape(name), shapes[name], sizes, where)
    return sizes


def _check_shape(name: str, letters: str, shape: tuple[int, ...], sizes: dict[str, int], where: str) -> None:
    wanted = tuple(sizes.get(letter, 0) for letter in letters)
    if len(shape) != len(letters) or any(
        want not in (0, has) or has < 1 for want, has in zip(wanted, shape, strict=True)
    ):
        expected = ", ".join(str(size) if size else "any" for size in wanted)
        raise format_error(f"{where}, tensor {name!r}", f"shape {shape}", f"({expected}), as the other tensors have it")
    sizes.update(zip(letters, shape, strict=True))


def _count_layers(family: ModelFamily, shapes: Iterable[str], where: str) -> list[int]:
    """Count the layers (for ALBERT groups, and layers in each), which must be numbered without gaps."""
    prefix = re.compile(re.escape(family.layer_prefix).replace(re.escape("#"), r"(\d+)"))
    numbers = [tuple(map(int, match.groups())) for match in map(prefix.match, shapes) if match]
    if not numbers:
        raise format_error(where, f"no tensor is called {family.layer_prefix}...", "a model with layers")
    return [max(column) + 1 for column in zip(*numbers, strict=True)]


def _list_tensors(family: ModelFamily, counts: list[int]) -> list[str]:
    prefixes = [family.layer_prefix]
    for count in counts:
        prefixes = [prefix.replace("#", str(n), 1) for prefix in prefixes for n in range(count)]
    return [*family.fixed, *(prefix + part for prefix in prefixes for part in family.layer)]
