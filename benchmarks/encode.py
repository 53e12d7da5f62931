"""Compare the speed of nlu_lite with that of other libraries, from text to vectors.

    python benchmarks/encode.py compare FOLDER --peer sentence-transformers=PYTHON --peer flair=PYTHON ...
    python benchmarks/encode.py scale FOLDER      time per token for 1, 10 and 100 times the text
    python benchmarks/encode.py profile FOLDER    where the time of one run goes
    python benchmarks/encode.py first             the first answer of a fresh process (see encode_first.py)
    python benchmarks/encode.py gpu               how fast a GPU is fed (see encode_gpu.py)

FOLDER holds files <language>-<treebank>.jsonl of Universal Dependencies; each line is a document with `text` and
`sentences` [[begin, end], ...]. PYTHON is the interpreter of an environment in which the peer is installed:
sentence-transformers, flair or transformers (an environment with sentence-transformers has the latter, too). This
environment needs protobuf, to write the tokenizer in the form that the peers read.

Every system runs in its own process, with the same number of threads, the same sentences and the same weights: those of
the packaged model, 384 wide, and random weights of the size of XLM-RoBERTa base. Each system runs three times, in turn
with the others, so that the load of the machine affects all of them. A warm-up run precedes each of these runs, and the
best of the three counts. Of a peer's batch sizes, only the best of the first round runs again. The rate of matrix
products is that of torch or OpenVINO, whichever is higher. With --device cuda all models run on a GPU; the memory is
that of the process, not of the GPU.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import math
import os
import platform
import pstats
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROUNDS = 3
SENTENCES = {"small": 20, "base": 5}
"""Number of sentences of each language, by size of the model."""
OURS = {
    "cpu": [(backend, precision) for precision in ("fp32", "bf16") for backend in ("torch", "auto")],
    "cuda": [("torch", precision) for precision in ("fp32", "bf16", "fp16")],
}
BATCHES = {"cpu": (4, 8, 16, 32), "cuda": (32, 128)}
"""Batch sizes of the peers."""
Run = Callable[[list[str]], Any]

# --- the systems: each opens a model and returns a function from texts to vectors -------------------------------------


def open_ours(job: dict[str, Any], backend: str, precision: str) -> Any:
    import nlu_lite

    cache = Path(job["model"]).parent / "cache"  # deleted together with the models
    options = {"device": job["device"], "threads": job["threads"], "cache_dir": cache}
    return nlu_lite.load(f"path:{job['model']}", backend=backend, precision=precision, **options)


def sentence_transformers(model: str, batch: int, device: str) -> Run:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer

    transformer = Transformer(model, max_seq_length=512)
    modules = [transformer, Pooling(transformer.get_word_embedding_dimension())]
    library = SentenceTransformer(modules=modules, device=device)

    def run(texts: list[str]) -> list[Any]:
        found = library.encode(texts, output_value="token_embeddings", batch_size=batch)
        return [vectors.cpu() for vectors in found]

    return run


def flair(model: str, batch: int, device: str) -> Run:
    import flair
    import torch
    from flair.data import Sentence
    from flair.embeddings import TransformerWordEmbeddings

    flair.device = torch.device(device)
    library = TransformerWordEmbeddings(model, layers="-1", subtoken_pooling="first", fine_tune=False)

    def run(texts: list[str]) -> list[Any]:
        sentences = [Sentence(text) for text in texts]
        for begin in range(0, len(sentences), batch):
            library.embed(sentences[begin : begin + batch])
        return [[token.embedding.cpu().numpy() for token in sentence] for sentence in sentences]

    return run


def transformers(model: str, batch: int, device: str) -> Run:
    from transformers import pipeline

    library = pipeline("feature-extraction", model=model, device=device, dtype="float32")
    return lambda texts: library(texts, batch_size=batch, return_tensors=True)


OPENERS = {"sentence-transformers": sentence_transformers, "flair": flair, "transformers": transformers}


# --- one system in a process ------------------------------------------------------------------------------------------


def work(job: dict[str, Any]) -> dict[str, Any]:
    texts: list[str] = json.loads(Path(job["texts"]).read_text(encoding="utf-8"))
    begin = time.perf_counter()
    if job["system"] == "nlu_lite":
        found = work_ours(job, texts)
    else:
        run = OPENERS[job["system"]](job["model"], job["batch"], job["device"])
        found = {"load": time.perf_counter() - begin, "seconds": warm_seconds(run, texts)}
    return found | {"memory": peak_memory()}


def work_ours(job: dict[str, Any], texts: list[str]) -> dict[str, Any]:
    from nlu_lite import OptionError

    begin = time.perf_counter()
    try:
        pipeline = open_ours(job, job["backend"], job["precision"])
    except OptionError as error:  # this processor does not support the precision
        return {"refused": str(error)}
    load = time.perf_counter() - begin
    encoder = pipeline.models[0].encoder
    meter = Meter(encoder.backend)
    vectors = len(pipeline.predict(texts))
    meter.reset()
    seconds = elapsed(pipeline.predict, texts)
    return {
        "load": load,
        "seconds": seconds,
        "forward": meter.seconds,
        "operations": meter.operations,
        "vectors": vectors,
        "matrix": vectors * encoder.backend.dimension * 4,
        "weights": (Path(job["model"]) / "model.safetensors").stat().st_size,
        "name": encoder.backend.name,
    }


class Meter:
    """Measures the time of a backend's forward passes, and counts their multiplications and additions."""

    def __init__(self, backend: Any) -> None:
        self._backend, self._submit = backend, backend.submit
        backend.submit = self.submit
        self.reset()

    def reset(self) -> None:
        self.seconds, self.operations = 0.0, 0

    def submit(self, batch: Any, layers: tuple[int, ...]) -> Any:
        begin = time.perf_counter()
        hidden = self._submit(batch, layers)
        hidden.result()  # one batch after another, so that the device is timed
        self.seconds += time.perf_counter() - begin
        (rows, length), width = batch.ids.shape, self._backend.dimension
        products = 2 * rows * length * (4 * width * width + 2 * width * 4 * width)
        self.operations += self._backend.layers * (products + 4 * rows * length * length * width)
        return hidden


def warm_seconds(run: Run, texts: list[str]) -> float:
    run(texts)
    return elapsed(run, texts)


def elapsed(run: Run, texts: list[str]) -> float:
    begin = time.perf_counter()
    run(texts)
    return time.perf_counter() - begin


def peak_memory() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("/proc/self/status has no line VmHWM")


def matrix_rate(device: str) -> float:
    """Measure the maximum rate of fp32 matrix products with the shapes of a base model, in operations per second."""
    many = {"cpu": 512, "cuda": 16384}[device]
    shapes = ((many, 768, 768), (many, 768, 3072), (many, 3072, 768), (2048, 2048, 2048))
    libraries = (torch_product, openvino_product) if device == "cpu" else (torch_product,)
    return max(rate_of(library(device, shape), shape) for shape in shapes for library in libraries)


def rate_of(product: Callable[[], object], shape: tuple[int, int, int]) -> float:
    best = 0.0
    for _ in range(20):
        begin = time.perf_counter()
        for _ in range(10):
            product()
        best = max(best, 20 * math.prod(shape) / (time.perf_counter() - begin))
    return best


def torch_product(device: str, shape: tuple[int, int, int]) -> Callable[[], object]:
    import torch

    rows, inner, columns = shape
    left, right = torch.randn(rows, inner, device=device), torch.randn(columns, inner, device=device)

    def product() -> None:
        torch.nn.functional.linear(left, right)
        if device == "cuda":
            torch.cuda.synchronize()

    return product


def openvino_product(_: str, shape: tuple[int, int, int]) -> Callable[[], object]:
    import numpy as np
    import openvino
    from openvino import opset13

    rows, inner, columns = shape
    random = np.random.default_rng(0)
    left = opset13.parameter([rows, inner], np.float32)
    right = opset13.constant(random.standard_normal((columns, inner), np.float32))
    model = openvino.Model([opset13.matmul(left, right, False, True)], [left])
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": int(os.environ["OMP_NUM_THREADS"])}
    request = openvino.Core().compile_model(model, "CPU", settings).create_infer_request()
    request.set_input_tensor(openvino.Tensor(random.standard_normal((rows, inner), np.float32)))
    return request.infer


# --- models and sentences ---------------------------------------------------------------------------------------------


def sentences(folder: Path, each: int) -> list[str]:
    """Return the first sentences of each treebank that have at least three characters."""
    return [text for file in sorted(folder.glob("*.jsonl")) for text in first_sentences(file, each)]


def first_sentences(file: Path, each: int) -> list[str]:
    documents = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    texts = [document["text"][begin:end] for document in documents for begin, end, *_ in document["sentences"]]
    return [text for text in texts if len(text) > 2][:each]


def write_models(folder: Path) -> dict[str, Path]:
    """Write both models as folders that every system can read. Return the folders by size."""
    from transformers import XLMRobertaConfig, XLMRobertaModel, XLMRobertaTokenizer

    from nlu_lite.registry import DEFAULT
    from nlu_lite.store.cache import locate_cache
    from nlu_lite.store.checkpoints import download
    from nlu_lite.store.sources import Access

    ((_, packaged),) = download([DEFAULT], Access(locate_cache()))
    models = {"small": folder / "small", "base": folder / "base"}
    for model in models.values():
        model.mkdir()
        XLMRobertaTokenizer.from_pretrained(packaged).save_pretrained(model)
        settings = {"tokenizer_class": "XLMRobertaTokenizer", "model_max_length": 512}  # every version reads these
        (model / "tokenizer_config.json").write_text(json.dumps(settings))
        (model / "sentencepiece.bpe.model").symlink_to(packaged / "sentencepiece.bpe.model")
    for name in ("config.json", "model.safetensors"):
        (models["small"] / name).symlink_to(packaged / name)
    config = json.loads((packaged / "config.json").read_text())
    base = XLMRobertaConfig(vocab_size=config["vocab_size"], max_position_embeddings=514, type_vocab_size=1)
    XLMRobertaModel(base).save_pretrained(models["base"])
    return models


# --- all systems in one run -------------------------------------------------------------------------------------------


def compare(given: argparse.Namespace) -> None:
    print(f"{machine()}, {given.threads} threads, {given.device}\n")
    peers = dict(peer.split("=", 1) for peer in given.peer)
    with TemporaryDirectory() as scratch:
        models = write_models(Path(scratch))
        for size in given.size or list(SENTENCES):
            chosen = sentences(Path(given.folder), given.each or SENTENCES[size])
            texts = Path(scratch) / f"{size}.json"
            texts.write_text(json.dumps(chosen), encoding="utf-8")
            job = {"model": str(models[size]), "texts": str(texts), "threads": given.threads, "device": given.device}
            print_table(size, list(results(job, peers)), len(chosen))


def results(job: dict[str, Any], peers: dict[str, str]) -> Iterable[dict[str, Any]]:
    batches = [
        [Turns(python, job | {"system": peer, "batch": batch}) for batch in BATCHES[job["device"]]]
        for peer, python in peers.items()
    ]
    ours = [
        Turns(sys.executable, job | {"system": "nlu_lite", "backend": backend, "precision": precision})
        for backend, precision in OURS[job["device"]]
    ]
    rate = Turns(sys.executable, job | {"system": "matrix products"})
    for turns in (*chain.from_iterable(batches), *ours, rate):
        turns.take()
    ours = [turns for turns in ours if "refused" not in turns.best]
    chosen = [min(tried, key=lambda turns: turns.best["seconds"]) for tried in batches]
    for turns in (*chosen, *ours, rate) * (ROUNDS - 1):
        turns.take()
    for turns in chosen:
        peer = turns.job["system"]
        yield turns.best | {"peer": peer, "label": f"{peer}, batches of {turns.job['batch']}"}
    for turns in ours:
        yield turns.best | {"label": f"nlu_lite, {turns.best['name']}", "rate": rate.best["rate"]}


@dataclass
class Turns:
    """The runs of one system."""

    python: str
    job: dict[str, Any]
    found: list[dict[str, Any]] = field(default_factory=list)

    def take(self) -> None:
        self.found.append(spawn(self.python, self.job))

    @property
    def best(self) -> dict[str, Any]:
        memory = max(one.get("memory", 0) for one in self.found)
        return min(self.found, key=lambda one: one.get("seconds", -one.get("rate", 0))) | {"memory": memory}


def build_environment(threads: int) -> dict[str, str]:
    """Return the environment of a process: no network, no messages, a number of threads, compiled modules on disk."""
    quiet = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error", "PYTHONWARNINGS": "ignore"}
    quiet |= {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "PYTHONDONTWRITEBYTECODE": ""}  # as after pip install
    return os.environ | quiet | dict.fromkeys(("OMP_NUM_THREADS", "RAYON_NUM_THREADS"), str(threads))


def spawn(python: str, job: dict[str, Any]) -> dict[str, Any]:
    command = [python, __file__, "work", json.dumps(job)]
    done = subprocess.run(command, env=build_environment(job["threads"]), stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(
        job["system"],
        {name: job[name] for name in ("batch", "backend", "precision") if name in job},
        found,
        file=sys.stderr,
    )
    return found


def print_table(size: str, rows: list[dict[str, Any]], count: int) -> None:
    print(f"{size}: {count} sentences; seconds, the best of {ROUNDS}\n")
    print("| system | seconds | outside the forward pass | of the rate of matrix products | peak memory |")
    print("|---|--:|--:|--:|--:|")
    for row in rows:
        best, outside, share = row["seconds"], "", ""
        if "forward" in row:
            outside = f"{100 * (best - row['forward']) / best:.1f} %"
            share = f"{100 * row['operations'] / row['forward'] / row['rate']:.0f} %" if "fp32" in row["label"] else ""
        print(f"| {row['label']} | {best:.2f} | {outside} | {share} | {row['memory'] / 1e9:.2f} GB |")
    ours = [row for row in rows if "forward" in row]
    print(f"\nMatrix products: {ours[0]['rate'] / 1e9:.0f} G operations per second, fp32.")
    print(f"Weights {ours[0]['weights'] / 1e9:.2f} GB, vectors {ours[0]['matrix'] / 1e9:.2f} GB.")
    for peer in (row for row in rows if "peer" in row):
        ratios = [f"{peer['seconds'] / row['seconds']:.2f} ({row['name']})" for row in ours]
        print(f"Faster than {peer['label']} by {', '.join(ratios)}.")
    print(flush=True)


def machine() -> str:
    information = Path("/proc/cpuinfo").read_text()
    names = [line.partition(":")[2].strip() for line in information.splitlines() if line.startswith("model name")]
    wide = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if f" {flag} " in f"{information} "]
    return f"{names[0] if names else platform.processor()} ({', '.join(wide) or 'no AVX2'})"


# --- ours alone -------------------------------------------------------------------------------------------------------


def scale(folder: Path, threads: int) -> None:
    """Print the time per token of the packaged model, for repeated texts and for ten times as many other texts."""
    import nlu_lite

    pipeline = nlu_lite.load(threads=threads)
    once = sentences(folder, SENTENCES["small"])
    pipeline.predict(once)
    for label, texts, runs in (
        ("once", once, 5),
        ("10 times", once * 10, 2),
        ("100 times", once * 100, 1),
        ("others, 10 times as many", sentences(folder, 10 * SENTENCES["small"]), 2),
    ):
        seconds, tokens = best_of(runs, lambda texts=texts: pipeline.predict(texts))
        print(f"{label:24} {len(texts):6} sentences {tokens:8} tokens {1e6 * seconds / tokens:4.0f} us", flush=True)


def best_of(runs: int, run: Callable[[], Any]) -> tuple[float, int]:
    """Return the seconds of the fastest run, and the length of its result."""
    done = []
    for _ in range(runs):
        begin = time.perf_counter()
        length = len(run())
        done.append((time.perf_counter() - begin, length))
    return min(done)


def profile(folder: Path, threads: int) -> None:
    """Print the functions in which one run of the packaged model spends its time."""
    import nlu_lite

    pipeline = nlu_lite.load(threads=threads)
    texts = sentences(folder, SENTENCES["small"])
    pipeline.predict(texts)
    with cProfile.Profile() as found:
        pipeline.predict(texts)
    pstats.Stats(found).sort_stats("cumulative").print_stats("nlu_lite", 40)


def main() -> None:
    if sys.argv[1:2] in (["first"], ["gpu"]):
        from importlib import import_module

        import_module(f"encode_{sys.argv[1]}").main(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["compare", "scale", "profile", "work"])
    parser.add_argument("folder", help="folder of Universal Dependencies")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON", help=", ".join(OPENERS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=list(OURS), default="cpu")
    parser.add_argument("--each", type=int, help=f"sentences of each language; {SENTENCES} by default")
    parser.add_argument("--size", action="append", choices=list(SENTENCES), help="both by default")
    given = parser.parse_args()
    if given.command == "work":
        job = json.loads(given.folder)
        print(json.dumps({"rate": matrix_rate(job["device"])} if job["system"] == "matrix products" else work(job)))
    elif given.command == "compare":
        compare(given)
    else:
        (scale if given.command == "scale" else profile)(Path(given.folder), given.threads)


if __name__ == "__main__":
    main()
