"""Measure texts and tokens a second on one core, and the overhead of Spark and Ray against `Pipeline.predict_file`.

    python benchmarks/engines.py [--texts 4000] [--model REF] [--level token] [--rounds 2] [--systems file spark-1 ...]

Every system reads the same texts in 14 languages from Parquet files, runs the same pipeline with one thread in each
worker, and writes Parquet files. It does so in a process of its own, on this machine: `spark-2` is Spark with two
workers, `ray-1` is Ray with one actor. A first pass over the first texts starts the workers and opens the models; it is
not part of the time. Systems take turns, so that the load of the machine affects all of them, and the best of the
rounds counts.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

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


def run_file(pipeline: Any, source: Path, target: Path, job: dict[str, Any]) -> None:
    """Run `predict_file`."""
    dtype = "float16" if job["system"].endswith("float16") else "float32"
    pipeline.predict_file(source, target, chunk=256, dtype=dtype, output_level=job["level"], text_column="text")


def run_spark(pipeline: Any, source: Path, target: Path, job: dict[str, Any]) -> None:
    """Run `nlu_lite.spark.predict`; the session stays for the next call."""
    from pyspark.sql import SparkSession

    import nlu_lite.spark

    builder = SparkSession.builder.master(f"local[{job['workers']}]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.host", HOST).config("spark.driver.bindAddress", HOST)
    session = builder.config("spark.sql.files.maxPartitionBytes", "128k").getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    frame = session.read.parquet(str(source)).repartition(PARTS)
    nlu_lite.spark.predict(frame, pipeline, text_column="text", output_level=job["level"]).write.parquet(str(target))


def run_ray(pipeline: Any, source: Path, target: Path, job: dict[str, Any]) -> None:
    """Run `nlu_lite.ray.predict`, whose actors are started by each call; their time to open the model is subtracted."""
    import ray

    import nlu_lite.ray

    if not ray.is_initialized():
        ray.init(num_cpus=job["workers"] + 1, include_dashboard=False, _node_ip_address=HOST, log_to_driver=False)
        ray.data.DataContext.get_current().enable_progress_bars = False
    dataset = ray.data.read_parquet(str(source))
    nlu_lite.ray.predict(
        dataset, pipeline, workers=job["workers"], text_column="text", output_level=job["level"]
    ).write_parquet(str(target))


def work(job: dict[str, Any]) -> dict[str, float]:
    """Measure one system in this process."""
    import nlu_lite

    name, _, workers = job["system"].partition("-")
    job["workers"] = int(workers) if workers.isdigit() else 1
    run = {"file": run_file, "spark": run_spark, "ray": run_ray}[name]
    pipeline = nlu_lite.load(*job["model"], threads=1)
    folder = Path(job["folder"])
    seconds = {}
    for part in ("warm", "all"):
        target = folder / f"{job['system']}-{part}-{job['round']}.parquet"
        begin = time.perf_counter()
        run(pipeline, folder / part, target, job)
        seconds[part] = time.perf_counter() - begin
    size = sum(path.stat().st_size for path in ([target] if target.is_file() else target.glob("*.parquet")))
    # Ray starts actors for each call, which a call for few texts shows.
    start = seconds["warm"] if name == "ray" else 0.0
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds["all"] - start, "start": seconds["warm"], "bytes": size, "memory": memory}


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
    print("system        texts/s  tokens/s  relative  start s  bytes a token  MiB of this process")
    base = min(one["seconds"] for one in next(iter(found.values())))
    for system, rounds in found.items():
        best = min(rounds, key=lambda one: one["seconds"])
        print(f"{system:12} {texts / best['seconds']:8.0f}  {tokens / best['seconds']:8.0f}", end="")
        print(f"  {base / best['seconds']:8.2f}  {best['start']:7.1f}  {best['bytes'] / tokens:13.0f}", end="")
        print(f"  {best['memory']:19.0f}")


if __name__ == "__main__":
    main()
