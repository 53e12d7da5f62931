"""`nlu_lite.spark` on a standalone cluster of two workers, with caches of their own and killed processes."""

import re
import shutil
import sys
from contextlib import ExitStack
from dataclasses import replace

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from sparknlp_writer import write_archive
from typer.testing import CliRunner

import nlu_lite
import nlu_lite.spark
from nlu_lite.cli import app
from nlu_lite.spark.frames import build_task
from tests.engines.cluster import HOST, running_cluster
from tests.engines.corpus import LEVEL, MODEL, assert_equal, build_table
from tests.engines.processes import build_pause, find_executor, killing, list_foreign_addresses
from tests.store.bucket_server import serving
from tests.store.test_obtain import FILE, REFERENCE, WIDE

pytestmark = [pytest.mark.engines, pytest.mark.slow, pytest.mark.filterwarnings("ignore::Warning")]
DOCUMENTS = build_table(3000)


@pytest.fixture(scope="module")
def buckets():
    """A server of models for each worker."""
    with serving({}) as one, serving({}) as other:
        yield one, other


@pytest.fixture(scope="module")
def spark(buckets, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cluster")
    places = [{"NLU_LITE_BUCKET": bucket.base, "TEST_WORKER": str(number)} for number, bucket in enumerate(buckets)]
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.host": HOST,
        "spark.driver.bindAddress": HOST,
        "spark.executor.cores": "1",
        "spark.executor.memory": "512m",
        "spark.executorEnv.SPARK_LOCAL_IP": HOST,
        "spark.sql.shuffle.partitions": "4",
    }
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("SPARK_LOCAL_IP", HOST)
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        builder = SparkSession.builder.master(stack.enter_context(running_cluster(folder, places)))
        for name, value in settings.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        stack.callback(session.stop)
        session.sparkContext.setLogLevel("OFF")
        yield session


@pytest.fixture(scope="module")
def pipeline():
    return nlu_lite.load(MODEL, threads=1, reproducible=True)


@pytest.fixture(scope="module")
def expected(pipeline):
    return pipeline.predict(DOCUMENTS, as_="arrow", **LEVEL)


@pytest.fixture
def cache(tmp_path, monkeypatch, buckets):
    """The driver has an empty cache of its own, and the models of the first server."""
    monkeypatch.setenv("NLU_LITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NLU_LITE_BUCKET", buckets[0].base)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return write_archive(tmp_path_factory.mktemp("archive") / FILE, replace(WIDE, inner=16))


def frame_of(spark, table):
    return spark.createDataFrame([tuple(row.values()) for row in table.to_pylist()], table.column_names)


def collect(frame):
    return pa.Table.from_pylist([row.asDict() for row in frame.collect()])


def run_on_each_worker(spark, mapper, folder, archive=None, **environment):
    """Run a mapper in one task on each worker at the same time, with a cache in a folder.

    Returns the number of rows or the error, by the number of the worker.
    """
    task, cache = build_task(mapper, archive), str(folder / "cache")

    def run(batches):
        import os

        import pyarrow as pa

        batches, before, worker = list(batches), dict(os.environ), os.environ["TEST_WORKER"]
        os.environ.update(environment, NLU_LITE_CACHE=f"{cache}-{worker}")
        try:
            result = str(sum(batch.num_rows for batch in task(batches)))
        except Exception as error:
            result = f"{type(error).__name__}: {error}"
        finally:
            os.environ.clear()
            os.environ.update(before)
        yield pa.RecordBatch.from_pydict({"worker": [worker], "result": [result]})

    frame = frame_of(spark, build_table(20)).repartition(2)
    rows = frame.mapInArrow(run, "worker string, result string", barrier=True).collect()
    found = {row.worker: row.result for row in rows}
    assert found.keys() == {"0", "1"}
    return found


# --- equal and complete ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("partitions", [1, 2, 9])
def test_3000_documents_in_many_languages_have_the_result_of_predict_bit_for_bit(spark, pipeline, expected, partitions):
    frame = frame_of(spark, DOCUMENTS).repartition(partitions)
    assert_equal(collect(nlu_lite.spark.predict(frame, pipeline, **LEVEL)), expected, atol=0)


@pytest.mark.parametrize("choose", [lambda worker: worker, find_executor], ids=["worker", "executor"])
def test_nothing_is_lost_when_a_process_is_killed_in_the_middle(spark, pipeline, expected, tmp_path, choose):
    frame = frame_of(spark, DOCUMENTS).repartition(6)
    task, pause = build_task(pipeline.mapper(DOCUMENTS.schema, **LEVEL)), build_pause(tmp_path / "paused")

    def run(batches):
        for batch in task(batches):
            yield batch
            pause()  # after the first batch of a partition

    schema = nlu_lite.spark.predict(frame, pipeline, **LEVEL).schema
    with killing(tmp_path / "paused", choose) as killed:
        found = collect(frame.mapInArrow(run, schema))
    assert len(killed) == 1
    assert_equal(found, expected, atol=0)


def test_the_cluster_uses_loopback_only(spark):
    assert not list_foreign_addresses()


# --- the files of models on workers ----------------------------------------------------------------------------------


def test_workers_with_empty_caches_download_once_each(spark, buckets, cache, archive, tmp_path):
    for bucket in buckets:
        bucket.files[FILE] = archive.read_bytes()
        bucket.requests.clear()
    mapper = nlu_lite.load(REFERENCE).mapper(build_table(1).schema)
    found = [run_on_each_worker(spark, mapper, tmp_path) for _ in range(2)]
    assert all(int(rows) > 0 for rows in found[0].values())
    assert [len(bucket.asked(FILE)) for bucket in buckets] == [2, 1]  # the driver asked the first one too


def test_a_worker_that_receives_other_files_than_the_driver_says_so(spark, buckets, cache, tmp_path):
    for seed, bucket in enumerate(buckets):
        bucket.files[FILE] = write_archive(tmp_path / FILE, replace(WIDE, seed=seed)).read_bytes()
    mapper = nlu_lite.load(REFERENCE).mapper(build_table(1).schema)
    found = run_on_each_worker(spark, mapper, tmp_path)
    assert int(found["0"]) > 0
    assert "IntegrityError: host" in found["1"]


@pytest.mark.parametrize("place", ["server", "cache"])
def test_a_lock_that_does_not_match_on_one_worker(spark, buckets, cache, tmp_path, monkeypatch, place):
    right, wrong = (write_archive(tmp_path / FILE, replace(WIDE, seed=seed)).read_bytes() for seed in (5, 6))
    schema = build_table(1).schema
    if place == "cache":  # one worker has other files from before
        for bucket in buckets:
            bucket.files[FILE] = wrong
        run_on_each_worker(spark, nlu_lite.load(REFERENCE).mapper(schema), tmp_path)
        shutil.rmtree(tmp_path / "cache-0")
        monkeypatch.setenv("NLU_LITE_CACHE", str(tmp_path / "another"))
    buckets[0].files[FILE], buckets[1].files[FILE] = right, right if place == "cache" else wrong
    done = CliRunner().invoke(app, ["lock", REFERENCE], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    (tmp_path / "models.lock").write_text(done.stdout, encoding="utf-8")
    pipeline = nlu_lite.load(REFERENCE, lock=tmp_path / "models.lock")
    found = run_on_each_worker(spark, pipeline.mapper(schema), tmp_path)
    assert int(found["0"]) > 0
    assert re.search(r"IntegrityError: host .*, process \d+: .*xlm_roberta_xtreme_base", found["1"])


def test_weights_come_in_an_archive(spark, cache, tmp_path):
    shutil.copytree(MODEL.removeprefix("path:"), tmp_path / "model")
    pipeline = nlu_lite.load(f"path:{tmp_path / 'model'}", threads=1)
    pipeline.save(tmp_path / "saved", weights=True)
    path = shutil.make_archive(str(tmp_path / "saved"), "zip", tmp_path / "saved")
    spark.sparkContext.addArchive(f"{path}#weights")
    mapper = pipeline.mapper(build_table(1).schema)
    shutil.rmtree(tmp_path / "model")
    assert all(int(rows) > 0 for rows in run_on_each_worker(spark, mapper, tmp_path, "weights").values())
    frame = nlu_lite.spark.predict(frame_of(spark, build_table(20)), pipeline, archive="weights")
    assert frame.count() > 20


def test_a_worker_without_the_files_names_itself_and_the_remedy(spark, cache, tmp_path):
    shutil.copytree(MODEL.removeprefix("path:"), tmp_path / "model")
    mapper = nlu_lite.load(f"path:{tmp_path / 'model'}").mapper(build_table(1).schema)
    shutil.rmtree(tmp_path / "model")
    for result in run_on_each_worker(spark, mapper, tmp_path).values():
        assert "SourceError: host" in result
        assert str(tmp_path / "model") in result


def test_a_worker_that_is_offline_names_itself_and_the_remedy(spark, buckets, cache, tmp_path):
    buckets[0].files[FILE] = write_archive(tmp_path / FILE, replace(WIDE, pieces=121)).read_bytes()
    mapper = nlu_lite.load(REFERENCE).mapper(build_table(1).schema)
    for result in run_on_each_worker(spark, mapper, tmp_path, NLU_LITE_OFFLINE="1").values():
        assert "OfflineError: host" in result
