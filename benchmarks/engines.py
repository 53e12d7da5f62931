"""Measure texts and tokens a second on one core, and the overhead of Spark and Ray against `Pipeline.predict_file`.

    python benchmarks/engines.py [--texts 4000] [--model REF] [--level token] [--rounds 2] [--systems file spark-1 ...]
    python benchmarks/engines.py --memory [--texts 2000] [--model REF] [--level token]
    python benchmarks/engines.py --parquet [--model REF] [--level token]

Every system reads the same texts in 14 languages from Parquet files, runs the same pipeline with one thread in each
worker, and writes Parquet files. It does so in processes of its own, on this machine: `spark-2` is Spark with two
workers, `ray-1` is Ray with one actor. A first pass over few texts starts the workers and opens the models; it is not
part of the time. The actors of Ray start in each call, so that their start is part of its time: measure many texts,
and compare with the column of the start. Systems take turns, so that the load of the machine affects all of them, and
the best of the rounds counts. The CPU seconds of all processes of a system depend less on other work of the machine.

`--memory` prints the resident memory of a worker process of Spark while it processes one long partition. `--parquet`
prints the bytes of a vector in Parquet files of several layouts; it reads each text once, since equal vectors compress.
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
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "PYSPARK_PYTHON": sys.executable,
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "SPARK_LOCAL_IP": HOST,
}


def read_sentences() -> list[str]:
    """Return sentences in 14 languages, which take turns."""
    found = json.loads(TRANSLATIONS.read_text(encoding="utf-8"))
    return [sentence for translations in zip(*found.values(), strict=True) for sentence in translations]


def write_texts(folder: Path, number: int) -> None:
    """Write texts of one to three sentences to Parquet files: many, and the first few by themselves."""
    import pyarrow as pa
    from pyarrow import parquet

    sentences = read_sentences()
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
    import nlu_lite.spark

    session = open_session(job["workers"])
    options = {"text_column": "text", "output_level": job["level"]}
    for part, path in (("warm", target.with_suffix(".warm")), ("all", target)):
        begin = Moment.now()
        frame = session.read.parquet(str(folder / part)).repartition(PARTS)
        nlu_lite.spark.predict(frame, pipeline, **options).write.parquet(str(path))
    return begin


def open_session(workers: int) -> Any:
    """Return a session of Spark on this machine."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(f"local[{workers}]").config("spark.ui.enabled", "false")
    session = builder.config("spark.driver.host", HOST).config("spark.driver.bindAddress", HOST).getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    return session


def run_ray(pipeline: Any, folder: Path, target: Path, job: dict[str, Any]) -> Moment:
    """Run `nlu_lite.ray.predict`; return the moment after the first pass."""
    import ray

    import nlu_lite.ray

    ray.init(num_cpus=job["workers"] + 1, include_dashboard=False, _node_ip_address=HOST, log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    options = {"text_column": "text", "output_level": job["level"]}
    for part, path in (("warm", target.with_suffix(".warm")), ("all", target)):
        begin = Moment.now()
        dataset = ray.data.read_parquet(str(folder / part)).repartition(PARTS)  # each actor needs blocks of its own
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


# --- memory and files ------------------------------------------------------------------------------------------------


def measure_memory(model: list[str], level: str, folder: Path) -> None:
    """Print the resident memory of a worker process of Spark over one partition, after each tenth of the texts."""
    import nlu_lite
    from nlu_lite.spark.frames import _plan_schema, build_task

    frame = open_session(1).read.parquet(str(folder / "all")).coalesce(1)
    schema, total = _plan_schema(frame.schema.fields), frame.count()
    mapper = nlu_lite.load(*model, threads=1).mapper(schema, text_column="text", output_level=level, positions=True)
    task = build_task(mapper)

    def run(batches: Any) -> Any:
        import psutil
        import pyarrow as pa

        texts = tokens = shown = 0
        for batch in task(batches):
            texts, tokens = texts + len(batch.column("id").unique()), tokens + batch.num_rows
            if texts * 10 >= shown * total:
                shown = texts * 10 // total + 1
                size = psutil.Process().memory_info().rss >> 20
                yield pa.RecordBatch.from_pydict({"texts": [texts], "tokens": [tokens], "size": [size]})

    print("  texts  tokens  resident MiB")
    for row in frame.mapInArrow(run, "texts long, tokens long, size long").collect():
        print(f"{row.texts:7} {row.tokens:7} {row.size:13}")


LAYOUTS: dict[str, dict[str, Any]] = {
    "not compressed": {"compression": "none"},
    "snappy": {"compression": "snappy"},
    "zstd": {"compression": "zstd"},
    "zstd, bytes split": {"compression": "zstd", "use_byte_stream_split": True},
}


def measure_layouts(model: list[str], level: str) -> None:
    """Print the bytes of a vector in Parquet files, by type and layout."""
    import io

    import pyarrow as pa
    from pyarrow import parquet

    import nlu_lite

    found = nlu_lite.matrix(nlu_lite.load(*model).predict(read_sentences(), output_level=level))
    print(f"{len(found)} vectors of {found.shape[1]} numbers; bytes of a vector")
    for dtype in ("float32", "float16"):
        values = pa.FixedSizeListArray.from_arrays(pa.array(found.astype(dtype).ravel()), found.shape[1])
        table = pa.table({"vector": values.cast(pa.list_(values.type.value_type))})
        for name, options in LAYOUTS.items():
            buffer = io.BytesIO()
            parquet.write_table(table, buffer, use_dictionary=False, **options)
            print(f"{dtype}  {name:18} {buffer.tell() / len(found):7.0f}")


# --- the table -------------------------------------------------------------------------------------------------------


def measure(job: dict[str, Any]) -> dict[str, float]:
    """Measure one system in a new process."""
    done = subprocess.run(
        [sys.executable, __file__, "--job", json.dumps(job)],
        env=os.environ | ENVIRONMENT,
        stdout=subprocess.PIPE,
        check=True,
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
    parser.add_argument("--memory", action="store_true", help="measure the memory of a worker instead")
    parser.add_argument("--parquet", action="store_true", help="measure the bytes of vectors in files instead")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.job:
        print(json.dumps(work(json.loads(arguments.job))))
        return
    if arguments.parquet:
        measure_layouts(arguments.model, arguments.level)
        return
    with TemporaryDirectory() as folder:
        write_texts(Path(folder), arguments.texts)
        if arguments.memory:
            os.environ.update(ENVIRONMENT)
            measure_memory(arguments.model, arguments.level, Path(folder))
            return
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
