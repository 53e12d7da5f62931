"""Measure the first answer of a fresh process, and the latency of a short sentence.

    python benchmarks/encode.py first --peer sentence-transformers=PYTHON --peer transformers=PYTHON

Every system opens the packaged model's weights, 384 wide, in a fresh process and encodes one short sentence, then the
same sentence 50 times. The files are in the cache of the operating system. Systems take turns, so that the load of the
machine affects all of them, and the best of the rounds counts for each number; for memory, the highest. The import of
torch and of transformers' class of the model runs in the same turns, for comparison.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import encode

SENTENCE = "Put your text here."
SHORT_RUNS = 50
IMPORTS = "import torch; from transformers import XLMRobertaModel"
NUMBERS = ("import", "load", "first", "total", "short")


def work(job: dict[str, Any]) -> dict[str, Any]:
    """Measure one system in this process."""
    begin = time.perf_counter()
    if job["system"] == "imports":
        exec(IMPORTS)
        return {"total": time.perf_counter() - begin, "memory": encode.peak_memory()}
    if job["system"] == "nlu_lite":
        from nlu_lite import load as _  # with all that it needs
    elif job["system"] == "sentence-transformers":
        import sentence_transformers as _
    else:
        from transformers import pipeline as _  # noqa: F401
    imported = time.perf_counter()
    run, name = open_system(job)
    loaded = time.perf_counter()
    run([SENTENCE])
    answered = time.perf_counter()
    short = min(encode.elapsed(run, [SENTENCE]) for _ in range(SHORT_RUNS))
    times = (imported - begin, loaded - imported, answered - loaded, answered - begin, short)
    return dict(zip(NUMBERS, times, strict=True)) | {"memory": encode.peak_memory(), "name": name}


def open_system(job: dict[str, Any]) -> tuple[encode.Run, str]:
    if job["system"] != "nlu_lite":
        return encode.OPENERS[job["system"]](job["model"], 1, "cpu"), job["system"]
    pipeline = encode.open_ours(job, job["backend"], "fp32")
    return pipeline.predict, f"nlu_lite, {pipeline.models[0].encoder.backend.name}"


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON", help="as for compare")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.work:
        print(json.dumps(work(json.loads(given.work))))
        return
    print(f"{encode.machine()}, {given.threads} threads\n")
    peers = dict(peer.split("=", 1) for peer in given.peer)
    with TemporaryDirectory() as scratch:
        job = {"model": str(encode.write_models(Path(scratch))["small"]), "threads": given.threads, "device": "cpu"}
        systems = [(sys.executable, job | {"system": "nlu_lite", "backend": name}) for name in ("auto", "torch")]
        systems += [(python, job | {"system": peer}) for peer, python in peers.items()]
        systems += [(sys.executable, job | {"system": "imports"})]
        for python, one in systems:  # fills the caches
            spawn(python, one)
        rounds = [[spawn(python, one) for python, one in systems] for _ in range(given.rounds)]
    print_table([best_of(list(turns)) for turns in zip(*rounds, strict=True)], given.rounds)


def spawn(python: str, job: dict[str, Any]) -> dict[str, Any]:
    command = [python, str(Path(__file__).with_name("encode.py")), "first", "--work", json.dumps(job)]
    environment = encode.build_environment(job["threads"])
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(job["system"], found, file=sys.stderr, flush=True)
    return found


def best_of(turns: list[dict[str, Any]]) -> dict[str, Any]:
    times = {name: min(turn[name] for turn in turns) for name in NUMBERS if name in turns[0]}
    return times | {"memory": max(turn["memory"] for turn in turns), "name": turns[0].get("name", f"`{IMPORTS}`")}


def print_table(rows: list[dict[str, Any]], rounds: int) -> None:
    print(f"The best of {rounds} fresh processes; seconds, and milliseconds for a short sentence\n")
    print("| system | import | load | first answer | all three | short sentence | peak memory |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for row in rows:
        cells = [f"{row[name]:.2f}" if name in row else "" for name in ("import", "load", "first", "total")]
        short = f"{1000 * row['short']:.1f}" if "short" in row else ""
        print(f"| {row['name']} | {' | '.join(cells)} | {short} | {row['memory'] / 1e9:.2f} GB |")
