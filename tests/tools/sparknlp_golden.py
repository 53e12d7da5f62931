"""Spark NLP's own archives and output under `tests/data/sparknlp`, as values."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

DATA = Path(__file__).parents[1] / "data" / "sparknlp"
TOKENS = ("xlmroberta", "camembert", "albert", "bert", "distilbert", "roberta")
SENTENCES = ("bert_sentence", "xlmroberta_sentence")


@dataclass(frozen=True)
class Sentence:
    """A sentence as Spark NLP split it: its tokens, and the vectors that it gave, by number of the token.

    `vectors` of token -1 is one that it gave for something that is no token of the sentence.
    """

    text: int
    number: int
    content: str
    tokens: list[str]
    begins: list[int]
    vectors: dict[int, list[float]]


@cache
def records(name):
    with gzip.open(DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@cache
def sentences(name):
    return [sentence for record in records(name) for sentence in split(record)]


def split(record):
    for number, (begin, end, content) in enumerate(record["sentences"]):
        tokens = [token for token in record["tokens"] if token[3] == number]
        place = {(token[0], token[2]): n for n, token in enumerate(tokens)}
        given = [e for e in record["embeddings"] if begin <= e[0] <= end]
        vectors = {place.get((e[0], e[2]), -1): e[4] for e in given}
        yield Sentence(record["id"], number, content, [t[2] for t in tokens], [t[0] for t in tokens], vectors)


def archive(name):
    return DATA / f"{name}.zip"


@cache
def read_archive(name):
    """Read one of Spark NLP's archives, once for all tests. No test changes it."""
    from nlu_lite.formats.sparknlp import SparkNlpArchive

    return SparkNlpArchive().read(archive(name))


def build_model(checkpoint):
    """Build transformers' model from a checkpoint, and check that it uses every tensor."""
    import torch
    from transformers import AutoConfig, AutoModel

    config = {key: value for key, value in checkpoint.config.items() if key != "nlu_lite"}
    model = AutoModel.from_config(AutoConfig.for_model(**config))
    state = {name: torch.from_numpy(np.array(values)) for name, values in checkpoint.tensors.items()}
    missing = model.load_state_dict(state, strict=False)
    assert not missing.unexpected_keys
    assert all(name.startswith("pooler.") for name in missing.missing_keys)
    return model.eval()


def run(model, ids, mask):
    """Return the last hidden state and the pooler output of a batch."""
    import torch

    with torch.no_grad():
        output = model(input_ids=torch.tensor(ids), attention_mask=torch.tensor(mask))
    pooled = getattr(output, "pooler_output", None)
    return output.last_hidden_state.numpy(), None if pooled is None else pooled.numpy()
