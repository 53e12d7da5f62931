"""Mutate archives of Spark NLP, read each mutant, and count the results.

    python benchmarks/fuzz_archives.py --inputs 50000 --jobs 2

Reading a mutant must return a checkpoint whose tensors can all be read, or raise an error of nlu_lite. Any other result
is printed with the command that reproduces it, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "tools"))

CHUNK = 200
RESULTS = Counter[str]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first mutant")
    parser.add_argument("--keep", type=Path, help="an existing folder in which each mutant is kept")
    options = parser.parse_args()
    begin = time.perf_counter()
    results: RESULTS = Counter()
    changes: dict[str, RESULTS] = {}
    findings = []
    for found, by_change, wrong in run(options):
        results += found
        for change, counts in by_change.items():
            changes.setdefault(change, Counter()).update(counts)
        for line in wrong:
            print(line, flush=True)
        findings += wrong
    for result, count in results.most_common():
        print(f"{count:8} {result}")
    for change, counts in sorted(changes.items()):
        print(f"  {change:16} {', '.join(f'{result} {count}' for result, count in counts.most_common())}")
    seconds = time.perf_counter() - begin
    print(f"{results.total()} mutants in {seconds:.0f} s with {options.jobs} jobs, {len(findings)} findings")
    return 1 if findings else 0


def run(options: argparse.Namespace) -> Iterator[tuple[RESULTS, dict[str, RESULTS], list[str]]]:
    """Read the mutants in worker processes, since a mutant may crash its process."""
    end = options.first + options.inputs
    chunks = [(begin, min(begin + CHUNK, end)) for begin in range(options.first, end, CHUNK)]
    with ProcessPoolExecutor(options.jobs) as pool:
        futures = {pool.submit(try_chunk, options.seed, *chunk, options.keep): chunk for chunk in chunks}
        for future in as_completed(futures):
            try:
                yield future.result()
            except BrokenProcessPool:
                first, last = futures[future]
                command = f"--seed {options.seed} --first {first} --inputs {last - first}"
                yield Counter({"crash": 1}), {}, [f"a process ended in one of: {command}"]


def try_chunk(seed: int, begin: int, end: int, keep: Path | None) -> tuple[RESULTS, dict[str, RESULTS], list[str]]:
    from sparknlp_fuzz import make, try_mutant

    results: RESULTS = Counter()
    changes: dict[str, RESULTS] = {}
    findings = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(begin, end):
            mutant = make(seed, number, Path(folder))
            outcome = try_mutant(mutant)
            results[outcome.result] += 1
            changes.setdefault(mutant.changes[0], Counter())[outcome.result] += 1
            if outcome.finding:
                command = f"python benchmarks/fuzz_archives.py --seed {seed} --first {number} --inputs 1"
                findings.append(f"{command}: {mutant.name}, {', '.join(mutant.changes)}: {outcome.finding}")
            if keep is not None:
                mutant.path.rename(keep / f"{seed}-{number}.zip")
    return results, changes, findings


if __name__ == "__main__":
    sys.exit(main())
