"""Measure the speed and memory of `Pipeline.predict_file` on many short sentences.

    python benchmarks/stream_file.py [--texts 1000000] [--chunk 1024] [--lang en]

The sentences are random, with eight words on average. The model is the tiny model of the tests, so that the script
measures everything except the model, and whether the memory grows with the file.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from pathlib import Path

import nlu_lite

MODEL = Path(__file__).parents[1] / "tests" / "data" / "xlmroberta_weights"
WORDS = [
    "the",
    "a",
    "river",
    "runs",
    "past",
    "old",
    "stone",
    "houses",
    "while",
    "two",
    "small",
    "dogs",
    "sleep",
    "under",
    "green",
    "trees",
    "every",
    "quiet",
    "morning",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=1_000_000)
    parser.add_argument("--chunk", type=int, default=1024)
    parser.add_argument("--lang", default="en", help="xx detects the language of each text, which takes longer")
    parser.add_argument("--model", default=f"path:{MODEL}")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.txt"), Path(folder, "out.parquet")
        write(source, arguments.texts)
        pipeline = nlu_lite.load(arguments.model)
        loaded = peak()
        begin = time.perf_counter()
        written = pipeline.predict_file(source, target, chunk=arguments.chunk, lang=arguments.lang)
        seconds = time.perf_counter() - begin
        print(f"{written.texts} texts, {written.rows} tokens in {seconds:.1f} s, ", end="")
        print(f"{written.texts / seconds:.0f} texts/s, {written.rows / seconds:.0f} tokens/s")
        print(f"files: {source.stat().st_size / 2**20:.0f} MiB in, {target.stat().st_size / 2**20:.0f} MiB out")
        print(f"memory: {loaded:.0f} MiB with the model loaded, {peak():.0f} MiB at most")


def write(path: Path, texts: int) -> None:
    chance = random.Random(8)
    with path.open("w", encoding="utf-8") as file:
        for _ in range(texts):
            words = chance.choices(WORDS, k=chance.randint(4, 12))
            file.write(f"{' '.join(words).capitalize()}.\n")


def peak() -> float:
    """Return the peak resident memory of the process, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
