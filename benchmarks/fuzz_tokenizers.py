"""Mutate the structure of tokenizer.json files, open each mutant, and count the results.

    python benchmarks/fuzz_tokenizers.py --inputs 500

A mutant must encode texts or raise an error of nlu_lite. Each runs in a process with 1 GiB of memory and 30 s of
processor time. Any other result, such as a panic of the Rust library, is printed with the command that reproduces it,
and the exit status is 1.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "tools"))

CHUNK = 100


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first mutant")
    parser.add_argument("--keep", type=Path, help="an existing folder in which each finding is kept")
    options = parser.parse_args()
    begin = time.perf_counter()
    results: Counter[str] = Counter()
    changes: dict[str, Counter[str]] = {}
    findings = 0
    for mutant, number, result in run(options):
        kind = "finding" if result.startswith("finding") else result
        results[kind] += 1
        changes.setdefault(mutant.changes[0] if mutant.changes else "none", Counter())[kind] += 1
        if kind == "finding":
            findings += 1
            command = f"python benchmarks/fuzz_tokenizers.py --seed {options.seed} --first {number} --inputs 1"
            print(f"{command}: {mutant.kind}, {', '.join(mutant.changes)}: {result}", flush=True)
            if options.keep is not None:
                (options.keep / f"{options.seed}-{number}.json").write_bytes(mutant.data)
    for result, count in results.most_common():
        print(f"{count:8} {result}")
    for change, counts in sorted(changes.items()):
        print(f"  {change:22} {', '.join(f'{result} {count}' for result, count in counts.most_common())}")
    seconds = time.perf_counter() - begin
    print(f"{results.total()} mutants in {seconds:.0f} s with {options.jobs} jobs, {findings} findings")
    return 1 if findings else 0


def run(options: argparse.Namespace):
    from tokenizer_fuzz import make, try_range

    end = options.first + options.inputs
    chunks = [(first, min(first + CHUNK, end)) for first in range(options.first, end, CHUNK)]
    with ThreadPoolExecutor(options.jobs) as pool:
        for found in pool.map(lambda chunk: list(try_range(options.seed, *chunk)), chunks):
            for number, result in found:
                yield make(options.seed, number), number, result


if __name__ == "__main__":
    sys.exit(main())
