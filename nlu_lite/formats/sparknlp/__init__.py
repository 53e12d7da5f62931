"""Read models saved by Spark NLP, as a folder or a zip, without Java, TensorFlow or ONNX Runtime."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nlu_lite.formats.sparknlp.archive import ByteSource, name_some, read_archive, read_suffix
from nlu_lite.formats.sparknlp.config import build_config
from nlu_lite.formats.sparknlp.faults import format_error, unsupported_error
from nlu_lite.formats.sparknlp.hadoop import read_checked
from nlu_lite.formats.sparknlp.kinds import AnnotatorKind, Vocabulary, find_kind
from nlu_lite.formats.sparknlp.network import Network
from nlu_lite.formats.sparknlp.onnxgraph import read_onnx
from nlu_lite.formats.sparknlp.tensorflow import read_tensorflow
from nlu_lite.formats.sparknlp.vocabulary import build_byte_level_bpe, build_word_piece
from nlu_lite.formats.tensors import LazyTensors
from nlu_lite.records import Card, Checkpoint, Normalization, SubwordKind, SubwordModel

LARGEST_METADATA = 16 << 20
LARGEST_SUBWORDS = 64 << 20
ENGINES = ("tensorflow", "onnx", "openvino")


class SparkNlpArchive:
    """The format of Spark NLP.

    The `config` of a model that is read has transformers' keys and ``nlu_lite``: the annotator and its settings from
    Spark NLP's metadata, on which the encoding of tokens depends.
    """

    def matches(self, path: Path) -> bool:
        """Return whether `path` is a folder with Spark's metadata, or a zip."""
        if path.is_dir():
            return any((path / "metadata").glob("part-*"))
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(4) in (b"PK\3\4", b"PK\5\6") or path.suffix == ".zip"

    def read(self, path: Path) -> Checkpoint:
        """Read the model. Its tensors are loaded at each access, fastest in the order in which they are listed.

        Raises:
            FormatError: The archive is damaged, incomplete, or contradicts itself.
            IntegrityError: A checksum in it does not match.
            UnsupportedReference: It is intact, but has an unsupported kind of model, engine or export.
        """
        where = str(path)
        members = read_archive(path)
        metadata = _read_metadata(members, where)
        kind = find_kind(str(metadata.get("class")), f"{where}/metadata")
        settings = _read_settings(metadata)
        network = _read_network(members, kind, where)
        config = build_config(kind, network, where) | {"nlu_lite": {"annotator": kind.annotator, **settings}}
        return Checkpoint(
            config=config,
            tensors=LazyTensors({name: tensor.load for name, tensor in network.tensors.items()}),
            subwords=_read_subwords(members, kind, network, settings, where),
            card=_build_card(kind, network, settings),
        )


def _read_metadata(members: Mapping[str, ByteSource], where: str) -> dict[str, Any]:
    parts = sorted(name for name in members if name.startswith("metadata/part-"))
    text = b"".join(read_checked(members, name, LARGEST_METADATA) for name in parts)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise format_error(f"{where}/metadata", f"invalid JSON ({error})", "one line of JSON") from error
    if not isinstance(found, dict) or not isinstance(found.get("class"), str):
        raise format_error(f"{where}/metadata", f"a {type(found).__name__} without class", "a class and its parameters")
    return found


def _read_settings(metadata: Mapping[str, Any]) -> dict[str, object]:
    """Return the annotator's settings. Settings that were set take precedence over defaults."""
    known: dict[str, Any] = {}
    for key in ("defaultParamMap", "paramMap"):
        found = metadata.get(key)
        known |= found if isinstance(found, dict) else {}
    types = {"caseSensitive": bool, "maxSentenceLength": int}
    names = {"caseSensitive": "case_sensitive", "maxSentenceLength": "max_sentence_length"}
    return {names[key]: known[key] for key, kind in types.items() if type(known.get(key)) is kind}


def _read_network(members: Mapping[str, ByteSource], kind: AnnotatorKind, where: str) -> Network:
    """Read the network from the engine in the archive: TensorFlow's or ONNX's."""
    found = {read_suffix(name): name for name in members if "/" not in name and read_suffix(name) in ENGINES}
    if "tensorflow" in found:
        return read_tensorflow(members[found["tensorflow"]], kind.family)
    if "onnx" in found:
        return read_onnx(members[found["onnx"]], members, kind.family)
    if found:
        raise unsupported_error(where, f"the engine {found.popitem()[1]!r} alone", "TensorFlow's or ONNX's engine")
    raise format_error(where, f"it holds {name_some(members)}", "a file ..._tensorflow or ..._onnx")


def _read_subwords(
    members: Mapping[str, ByteSource], kind: AnnotatorKind, network: Network, settings: Mapping[str, object], where: str
) -> SubwordModel:
    rows = network.sizes["V"]
    if kind.vocabulary is Vocabulary.WORDPIECE:
        lower = settings.get("case_sensitive") is not True
        return SubwordModel(SubwordKind.TOKENIZER_JSON, build_word_piece(members, rows, lower, where))
    if kind.vocabulary is Vocabulary.BYTE_LEVEL_BPE:
        return SubwordModel(SubwordKind.TOKENIZER_JSON, build_byte_level_bpe(members, rows, where))
    names = [name for name in members if "/" not in name and read_suffix(name) == "spp"]
    if len(names) != 1:
        raise format_error(where, f"it holds {name_some(members)}", "one SentencePiece model, ..._spp")
    normalization = Normalization(lowercase=settings.get("case_sensitive") is False)
    return SubwordModel(SubwordKind.SENTENCEPIECE, read_checked(members, names[0], LARGEST_SUBWORDS), normalization)


def _build_card(kind: AnnotatorKind, network: Network, settings: Mapping[str, object]) -> Card:
    case, longest = settings.get("case_sensitive"), settings.get("max_sentence_length")
    return Card(
        annotator=kind.annotator,
        case_sensitive=case if isinstance(case, bool) else None,
        max_sentence_length=longest if isinstance(longest, int) else None,
        dimension=network.sizes["H"],
    )
