"""Translate exporters' names of variables into transformers' names."""

from __future__ import annotations

import re

LAYERS = re.compile(r"\b(layer|albert_layer_groups|albert_layers)_(?:\._)?(\d+)(?=[./]|$)")
SUFFIXES = {"kernel": "weight", "gamma": "weight", "beta": "bias"}
EMBEDDINGS = re.compile(r"(?<![\w])((?:word|position|token_type)_embeddings)(?:\.(?:embeddings|weight))?$")

OTHERS = re.compile(
    r"(?:^|\.)(?:lm_head|cls|mlm|nsp|mlm___cls|nsp___cls|predictions|seq_relationship|sop_classifier|classifier"
    r"|pre_classifier|qa_outputs|vocab_transform|vocab_layer_norm|vocab_projector|logits_proj)(?:\.|$)"
    r"|(?:^|\.)(?:save_counter|global_step|position_ids|token_type_ids)$|\.adam_[mv]$"
)
"""Heads, optimizer slots and buffers, which embeddings do not need."""


def write_as_torch(variable: str) -> str:
    """Return a variable's name in torch's style. The prefix before the model's own parts is kept.

    Example:
        >>> write_as_torch("tf_bert_model/bert/encoder/layer_._0/attention/self/query/kernel:0")
        'tf_bert_model.bert.encoder.layer.0.attention.self.query.weight'
        >>> write_as_torch("bert/embeddings/word_embeddings")
        'bert.embeddings.word_embeddings.weight'
    """
    name = LAYERS.sub(r"\1.\2", variable.partition(":")[0].strip("/")).replace("/", ".")
    head, _, last = name.rpartition(".")
    name = f"{head}.{SUFFIXES[last]}" if head and last in SUFFIXES else name
    return EMBEDDINGS.sub(r"\1.weight", name)


def is_other(name: str) -> bool:
    """Return whether a tensor belongs to a head, an optimizer or a buffer.

    Example:
        >>> is_other("roberta.lm_head.dense.weight"), is_other("encoder.layer.0.output.dense.weight")
        (True, False)
    """
    return OTHERS.search(name) is not None
