"""Measure texts and tokens a second on one core, and the overhead of Spark and Ray against `Pipeline.predict_file`.

    python benchmarks/engines.py [--texts 4000] [--model REF] [--level token] [--rounds 2] [--systems file spark-1 ...]

Every system reads the same texts in 14 languages from Parquet files, runs the same pipeline with one thread in each
worker, and writes Parquet files. It does so in processes of its own, on this machine: `spark-2` is Spark with two
workers, `ray-1` is Ray with one actor. A first pass over few texts starts the workers and opens the models; it is not
part of the time. The actors of Ray start in each call, so that their start is part of its time: measure many texts,
and compare with the column of the start. Systems take turns, so that the load of the machine affects all of them, and
the best of the rounds counts. The CPU seconds of all processes of a system depend less on other work of the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

TRANSLATIONS = Path(__file__).parents[1] / "tests" / "data" / "translations.json"
SYSTEMS = ("file", "file-float16", "spark-1", "spark-2", "ray-1", "ray-2")
PARTS = 8
WARM = 64
HOST = "127.0.0.1"


def write_texts(folder: Path, number: int) -> None:
    """Write texts of one to three sentences to Parquet files: many, and the first few by themselves."""
    import pyarrow as pa
    from pyarrow import parquet

    found = json.loads(TRANSLATIONS.read_text(encoding="utf-8"))
    sentences = [sentence for translations in zip(*found.values(), strict=True) for sentence in translations]
    texts = [" ".join(sentences[(n + m) % len(sentences)] for m in range(1 + n % 3)) for n in range(number)]
    table = pa.table({"id": pa.array(range(number), pa.int64()), "text": texts})
    for name, rows in (("all", number), ("warm", WARM)):
        (folder / name).mkdir()
        size = -(-rows // PARTS)
        for part in range(PARTS):
            parquet.write_table(
                table.slice(part * size, min(size, rows - part * size)), folder / name / f"{part}.parquet"
            )


# --- the systems, each in a process of its own -----------------------------------------------------------------------


@dataclass(frozen=True)
class Moment:
    """A moment of a run: the time, and the seconds of processors of this process and its descendants."""

    time: float
    cpu: float

    @staticmethod
    def now() -> Moment:
        me = psutil.Process()
        cpu = 0.0
        for process in [me, *me.children(recursive=True)]:
            with suppress(psutil.Error):
                spent = process.cpu_times()
                cpu += spent.user + spent.system
        return Moment(time.perf_counter(), cpu)


def run_file(pipeline: Any, folder: Path, target: Path, job: dict[str, Any]) -> Moment:
    """Run `predict_file`; return the moment after the first pass."""
    dtype = "float16" if job["system"].endswith("float16") else "float32"
    for part, path in (("warm", target.with_suffix(".warm.parquet")), ("all", target)):
        begin = Moment.now()
        options = {"dtype": dtype, "output_level": job["level"], "text_column": "text"}
        pipeline.predict_file(folder / part, path, chunk=256, **options)
    return begin


def run_spark(pipeline: Any, folder: Path, target: Path, job: dict[str, Any]) -> Moment:
    """Run `nlu_lite.spark.predict`; return the moment after the first pass."""
    from pyspark.sql import SparkSession

    import nlu_lite.spark

    builder = SparkSession.builder.master(f"local[{job['workers']}]").config("spark.ui.enabled", "false")
    session = builder.config("spark.driver.host", HOST).config("spark.driver.bindAddress", HOST).getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    options = {"text_column": "text", "output_level": job["level"]}
    for part, path in (("warm", target.with_suffix(".warm")), ("all", target)):
        begin = Moment.now()
        frame = session.read.parquet(str(folder / part)).repartition(PARTS)
        nlu_lite.spark.predict(frame, pipeline, **options).write.parquet(str(path))
    return begin


def run_ray(pipeline: Any, folder: Path, target: Path, job: dict[str, Any]) -> Moment:
    """Run `nlu_lite.ray.predict`; return the moment after the first pass."""
    import ray

    import nlu_lite.ray

    ray.init(num_cpus=job["workers"] + 1, include_dashboard=False, _node_ip_address=HOST, log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    options = {"text_column": "text", "output_level": job["level"]}
    for part, path in (("warm", target.with_suffix(".warm")), ("all", target)):
        begin = Moment.now()
        dataset = ray.data.read_parquet(str(folder / part))
        nlu_lite.ray.predict(dataset, pipeline, workers=job["workers"], **options).write_parquet(str(path))
    return begin


def work(job: dict[str, Any]) -> dict[str, float]:
    """Measure one system in this process."""
    import nlu_lite

    start = time.perf_counter()
    name, _, workers = job["system"].partition("-")
    job["workers"] = int(workers) if workers.isdigit() else 1
    run = {"file": run_file, "spark": run_spark, "ray": run_ray}[name]
    pipeline = nlu_lite.load(*job["model"], threads=1)
    target = Path(job["folder"]) / f"{job['system']}-{job['round']}.parquet"
    begin, end = run(pipeline, Path(job["folder"]), target, job), Moment.now()
    size = sum(path.stat().st_size for path in ([target] if target.is_file() else target.glob("*.parquet")))
    return {
        "seconds": end.time - begin.time,
        "cpu": end.cpu - begin.cpu,
        "start": begin.time - start,
        "bytes": size,
    }


# --- the table -------------------------------------------------------------------------------------------------------


def measure(job: dict[str, Any]) -> dict[str, float]:
    """Measure one system in a new process."""
    environment = os.environ | {
        "OMP_NUM_THREADS": "1",
        "PYSPARK_PYTHON": sys.executable,
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "SPARK_LOCAL_IP": HOST,
    }
    done = subprocess.run(
        [sys.executable, __file__, "--job", json.dumps(job)], env=environment, stdout=subprocess.PIPE, check=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=4000)
    parser.add_argument("--model", nargs="*", default=[], help="references; by default the packaged model")
    parser.add_argument("--level", default="token")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--systems", nargs="+", default=SYSTEMS, choices=SYSTEMS)
    parser.add_argument("--job", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.job:
        print(json.dumps(work(json.loads(arguments.job))))
        return
    with TemporaryDirectory() as folder:
        write_texts(Path(folder), arguments.texts)
        tokens = count_tokens(Path(folder, "all"))
        print(
            f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {arguments.texts} texts, ", end=""
        )
        print(f"{tokens} tokens, model {' '.join(arguments.model) or 'packaged'}, level {arguments.level}")
        common = {"model": arguments.model, "level": arguments.level, "folder": folder}
        found: dict[str, list[dict[str, float]]] = {system: [] for system in arguments.systems}
        for number in range(arguments.rounds):
            for system in arguments.systems:
                found[system].append(measure({**common, "system": system, "round": number}))
        show(found, arguments.texts, tokens)


def count_tokens(folder: Path) -> int:
    """Return the number of tokens of the texts."""
    from pyarrow import parquet

    import nlu_lite

    texts = parquet.read_table(folder).column("text").to_pylist()
    return len(nlu_lite.load("xx.tokenize").predict(texts))


def show(found: dict[str, list[dict[str, float]]], texts: int, tokens: int) -> None:
    """Print a row for each system, with its speed relative to the first one."""
    print("system        texts/s  tokens/s  relative  tokens per CPU second  relative  start s  bytes per token")
    base = pick_best(next(iter(found.values())))
    for system, rounds in found.items():
        best = pick_best(rounds)
        print(f"{system:12} {texts / best['seconds']:8.0f}  {tokens / best['seconds']:8.0f}", end="")
        print(f"  {base['seconds'] / best['seconds']:8.2f}  {tokens / best['cpu']:21.0f}", end="")
        print(f"  {base['cpu'] / best['cpu']:8.2f}  {best['start']:7.1f}  {best['bytes'] / tokens:15.0f}")


def pick_best(rounds: list[dict[str, float]]) -> dict[str, float]:
    """Return the best of the rounds, by number."""
    return {name: min(one[name] for one in rounds) for name in rounds[0]}


if __name__ == "__main__":
    main()
