"""`nlu_lite.spark` on a real Spark, with worker processes."""

import datetime
import os
import re
import shutil
import signal
import sys
from decimal import Decimal
from inspect import signature
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyspark.errors import PySparkException
from pyspark.ml import Pipeline as Stages
from pyspark.ml import PipelineModel
from pyspark.sql import SparkSession, functions
from references import register_tiny

import nlu_lite
import nlu_lite.spark
from nlu_lite import InputError, OptionError
from nlu_lite.spark import NluLite
from nlu_lite.spark.frames import build_task
from tests.engines.corpus import COLUMN, LEVEL, MODEL, assert_equal, build_table
from tests.tools.tiny import TEXTS

pytestmark = [pytest.mark.engines, pytest.mark.slow, pytest.mark.filterwarnings("ignore::Warning")]


@pytest.fixture(scope="module")
def spark():
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.session.timeZone": "Europe/Berlin",
        "spark.sql.shuffle.partitions": "4",
        "spark.task.maxFailures": "4",
    }
    builder = SparkSession.builder.master("local[2,4]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


@pytest.fixture(scope="module")
def pipeline():
    return nlu_lite.load(MODEL, threads=1)


def frame_of(spark, table):
    return spark.createDataFrame([tuple(row.values()) for row in table.to_pylist()], table.column_names)


def collect(frame):
    return pa.Table.from_pylist([row.asDict() for row in frame.collect()])


@pytest.mark.parametrize("partitions", [1, 7])
def test_the_result_is_that_of_predict(spark, pipeline, partitions):
    table = build_table(300)
    frame = frame_of(spark, table).repartition(partitions)
    found = collect(nlu_lite.spark.predict(frame, pipeline, **LEVEL))
    assert_equal(found, pipeline.predict(table, as_="arrow", **LEVEL))


def test_columns_keep_names_types_and_values_in_any_order(spark):
    when, day = datetime.datetime(2020, 1, 2, 3, 4, 5, 678901), datetime.date(2021, 2, 3)
    row = ("Hello!", {"a": 1}, when, Decimal("1.50"), [["x"]], day, b"\0", 7, ("y", None))
    schema = (
        "text string, m map<string,int>, w timestamp, d decimal(10,2), l array<array<string>>, day date, b binary, "
        "index int, s struct<a:string,b:double>"
    )
    frame = spark.createDataFrame([row], schema).select("index", "s", "text", "w", "b", "l", "day", "m", "d")
    found = nlu_lite.spark.predict(frame, "en.tokenize", text_column="text")
    kept = [field for field in frame.schema.fields if field.name != "text"]
    assert found.schema.fields[:-1] == kept
    first, _ = found.collect()
    expected = {**frame.collect()[0].asDict(), "token": "Hello"}
    del expected["text"]
    assert first.asDict() == expected


def test_3000_documents_in_many_languages_have_the_result_of_predict(spark, pipeline):
    table = build_table(3000)
    frame = frame_of(spark, table).repartition(5)
    found = collect(nlu_lite.spark.predict(frame, pipeline, **LEVEL))
    assert_equal(found, pipeline.predict(table, as_="arrow", **LEVEL))


def test_300_documents_with_the_packaged_model(spark):
    packaged, table = nlu_lite.load(threads=1), build_table(300)
    found = collect(nlu_lite.spark.predict(frame_of(spark, table).repartition(2), packaged, **LEVEL))
    assert_equal(found, packaged.predict(table, as_="arrow", **LEVEL), column=packaged.models[0].column)


def test_a_million_tokens_in_one_partition_need_no_more_memory_than_half_of_them(spark, pipeline):
    texts = functions.array(*[functions.lit(f"{text} {text}") for text in TEXTS])
    numbered = functions.element_at(texts, (functions.col("id") % len(TEXTS) + 1).cast("int"))
    frame = spark.range(66_000).select("id", numbered.alias("text"), functions.repeat(functions.lit("kept "), 40))
    frame = frame.toDF("id", "text", "kept")
    schema = pa.schema([("id", pa.int64()), ("text", pa.string()), ("kept", pa.string())])
    task = build_task(pipeline.mapper(schema, lang="en"))

    def run(batches):
        import pyarrow as pa

        tokens = size = most = 0
        for batch in task(batches):
            tokens, size = tokens + batch.num_rows, size + batch.nbytes
            with open("/proc/self/statm") as file:  # noqa: PTH123
                most = max(most, int(file.read().split()[1]) * 4096)
        yield pa.RecordBatch.from_pydict({"tokens": [tokens], "size": [size], "most": [most]})

    half, whole = (
        part.coalesce(1).mapInArrow(run, "tokens long, size long, most long").first()
        for part in (frame.where("id % 2 = 0"), frame)
    )
    assert whole.tokens > 1_000_000
    assert whole.size > 1.9 * half.size
    assert whole.most - half.most < (whole.size - half.size) / 4


def test_rows_of_a_megabyte_are_processed_one_by_one(spark, pipeline):
    texts = ["word " * 210_000, "\u0baf\u0bbe\u0bb0\u0bc1 " * 70_000, "Short."]
    frame = spark.createDataFrame([(n, text) for n, text in enumerate(texts)], "id int, text string").coalesce(1)
    rows = nlu_lite.spark.predict(frame, pipeline, output_level="document", lang="en").collect()
    assert {row.id: row.document.strip() == texts[row.id].strip() for row in rows} == {0: True, 1: True, 2: True}


def test_partitions_without_rows_are_processed(spark, pipeline):
    frame = frame_of(spark, build_table(2)).repartition(6)
    assert nlu_lite.spark.predict(frame, pipeline, output_level="document", empty="keep").count() == 2
    assert nlu_lite.spark.predict(frame.limit(0), pipeline).count() == 0


def test_vectors_can_be_those_of_ml(spark, pipeline):
    frame = frame_of(spark, build_table(1))
    (row,) = nlu_lite.spark.predict(frame, pipeline, vectors="ml", output_level="document").collect()
    expected = pipeline.predict(build_table(1), output_level="document")
    np.testing.assert_allclose(row[COLUMN].toArray(), expected[COLUMN].iloc[0], atol=5e-6)


def test_an_error_of_a_worker_names_row_host_and_remedy(spark, pipeline):
    frame = spark.createDataFrame([(6, "One."), (7, None)], "id int, text string")
    with pytest.raises(PySparkException, match=r"the row id='7', host .*, process \d+: there is no text(.|\n)*skip"):
        nlu_lite.spark.predict(frame, pipeline).collect()
    assert {row.id for row in nlu_lite.spark.predict(frame, pipeline, missing="skip").collect()} == {6}


@pytest.mark.parametrize(
    ("schema", "options", "text"),
    [
        ("id int", {}, "no column is called 'text'"),
        ("a string, b string", {}, "no column is called 'text'"),
        ("body string", {"text_column": "bodi"}, "text_column='bodi' is no column"),
        ("text int", {}, "the column 'text' is of type int32"),
        ("text string, token string", {}, r"the columns \['token'\] have the names"),
        (f"text string, {COLUMN} double", {}, "have the names"),
        ("text string, Token string", {}, r"the columns \['Token'\] have the names"),
        ("id int, id int, text string", {}, "'id'"),
    ],
)
def test_frames_that_do_not_fit_are_refused_before_anything_runs(spark, pipeline, schema, options, text):
    with pytest.raises(InputError, match=text):
        nlu_lite.spark.predict(spark.createDataFrame([], schema), pipeline, **options)


def test_a_worker_without_the_package_names_itself_and_the_remedy(spark, pipeline):
    frame = frame_of(spark, build_table(2)).coalesce(1)
    task = build_task(pipeline.mapper(build_table(2).schema))

    def run(batches):
        import sys

        hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "nlu_lite"}
        sys.modules["nlu_lite"] = None  # as if it were not installed
        try:
            yield from task(batches)
        finally:
            del sys.modules["nlu_lite"]
            sys.modules.update(hidden)

    schema = nlu_lite.spark.predict(frame, pipeline).schema
    with pytest.raises(PySparkException, match=r"cannot be imported on host (.|\n)*install nlu-lite\[spark\] there"):
        frame.mapInArrow(run, schema).collect()


def test_a_model_is_opened_once_in_each_worker_over_20_tasks(spark, pipeline, tmp_path):
    frame = frame_of(spark, build_table(100)).repartition(20)
    unused = pipeline.with_(pooling="last")  # no worker has it open yet
    task, folder = build_task(unused.mapper(build_table(1).schema)), tmp_path

    def run(batches):
        from nlu_lite.pipeline import opened

        original = opened._open

        def note(recipe):
            with (folder / str(os.getpid())).open("a") as file:
                file.write("x")
            return original(recipe)

        opened._open = note
        yield from task(batches)
        opened._open = original

    assert frame.mapInArrow(run, nlu_lite.spark.predict(frame, unused).schema).count() > 100
    assert {path.read_text() for path in tmp_path.iterdir()} == {"x"}


def test_a_killed_worker_is_replaced_and_nothing_is_lost(spark, pipeline, tmp_path):
    table = build_table(60)
    frame = frame_of(spark, table).repartition(6)
    task = build_task(pipeline.mapper(table.schema, **LEVEL))
    mark = tmp_path / "killed"

    def run(batches):
        for number, batch in enumerate(task(batches)):
            yield batch
            if number == 0 and not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)  # this worker itself, after its first batch

    schema = nlu_lite.spark.predict(frame, pipeline, **LEVEL).schema
    found = collect(frame.mapInArrow(run, schema))
    assert mark.exists()
    assert_equal(found, pipeline.predict(table, as_="arrow", **LEVEL))


def test_the_driver_refuses_frames_of_spark_where_they_would_be_collected(spark, pipeline):
    frame = frame_of(spark, build_table(2))
    for call in (pipeline.predict, lambda data: list(pipeline.stream(data))):
        with pytest.raises(InputError, match=r"of pyspark.*Call nlu_lite\.spark\.predict"):
            call(frame)
    with pytest.raises(InputError, match="expected a DataFrame of Spark"):
        nlu_lite.spark.predict(build_table(2), pipeline)


# --- the stage -------------------------------------------------------------------------------------------------------


def test_a_stage_is_saved_and_loaded_with_its_pipeline(spark, tmp_path):
    frame = spark.createDataFrame([("One two. Three!",)], "review string")
    stage = NluLite(reference="en.tokenize", inputCol="review", outputLevel="sentence").setPositions(True)
    model = Stages(stages=[stage]).fit(frame)
    model.write().overwrite().save(str(tmp_path / "model"))
    loaded = PipelineModel.load(str(tmp_path / "model"))
    assert loaded.stages[0].getOutputLevel() == "sentence"
    expected = [("One two.", 0, 8), ("Three!", 9, 15)]
    assert [tuple(row) for row in loaded.transform(frame).collect()] == expected


def test_a_stage_has_the_parameters_of_predict(spark, pipeline, tmp_path, monkeypatch):
    own = {"reference", "path", "inputCol", "langCol"}
    names = set(signature(NluLite.__init__).parameters) - {"self"}
    expected = set(signature(nlu_lite.spark.predict).parameters) - {"df", "pipeline", "text_column", "lang_column"}
    assert {re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name) for name in names - own} == expected
    stage = NluLite(reference=MODEL, chunk=7, outputLevel="document").setThreads(2).setDevice("cuda")
    assert (stage.getChunk(), stage.getThreads(), stage.getDevice(), NluLite().getChunk()) == (7, 2, "cuda", 256)
    mappers, build = [], nlu_lite.spark.frames.build_task
    monkeypatch.setattr(
        nlu_lite.spark.frames, "build_task", lambda mapper, *args: mappers.append(mapper) or build(mapper, *args)
    )
    frame = frame_of(spark, build_table(3))
    stage.write().overwrite().save(str(tmp_path / "stage"))
    NluLite.load(str(tmp_path / "stage")).transform(frame)
    options = mappers[0].recipe.options
    assert (mappers[0].request.chunk, options.threads, options.device) == (7, 2, "cuda")
    assert stage.setDevice("cpu").transform(frame).count() == 2  # one text has no words
    for wrong, text in ((stage.copy().setChunk(0), "chunk=0"), (stage.copy().setDevice("gpu"), "device='gpu'")):
        with pytest.raises(OptionError, match=text):
            wrong.transform(frame)


def test_a_stage_runs_a_saved_pipeline(spark, pipeline, tmp_path):
    pipeline.save(tmp_path / "saved")
    table = build_table(5)
    stage = NluLite(path=str(tmp_path / "saved"), positions=True, outputLevel="sentence")
    assert_equal(collect(stage.transform(frame_of(spark, table))), pipeline.predict(table, as_="arrow", **LEVEL))


def test_a_stage_loads_its_pipeline_once_and_again_when_files_have_changed(spark, pipeline, tmp_path):
    frame, path = frame_of(spark, build_table(3)), tmp_path / "saved"
    pipeline.save(path, weights=True)
    stage = NluLite(path=str(path), outputLevel="document")
    first, again = (stage.transform(frame).collect() and stage._opened[1] for _ in range(2))
    assert again is first
    shutil.rmtree(path)
    pipeline.with_(normalize=True).save(path, weights=True)
    row = stage.transform(frame).first()
    assert np.linalg.norm(row[COLUMN]) == pytest.approx(1)

    model = tmp_path / "model"
    shutil.copytree(MODEL.removeprefix("path:"), model)
    stage = NluLite(reference=f"path:{model}")
    assert stage.transform(frame).count() == stage.transform(frame).count()
    config = (model / "config.json").read_text(encoding="utf-8")
    (model / "config.json").write_text(config.replace("1e-05", "1e-06"), encoding="utf-8")
    assert stage.transform(frame).count()


def test_a_stage_needs_a_reference_or_a_path(spark):
    with pytest.raises(OptionError, match="reference=None and path=None"):
        NluLite().transform(frame_of(spark, build_table(1)))


@pytest.mark.parametrize("title", ["after, on Spark", "after: the same classes"])
def test_an_example_of_the_migration_page_runs(title, spark, tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "migration.md").read_text(encoding="utf-8")
    block = re.search(rf"^```python\n(# {title}\n.*?)^```$", page, re.MULTILINE | re.DOTALL)
    rows = [("In New York it rains.", 0), ("Good morning.", 1)]
    frame = spark.createDataFrame(rows, ["text", "label"])
    names = {"spark_df": frame, "df": frame}
    with register_tiny(tmp_path, "xx.embed.xlm_roberta_xtreme_base"):
        exec(compile(block[1], "after", "exec"), names)
        found = names["frame"].collect()
    tokens = [row.token for row in found] if "predict" in block[1] else [one.result for one in found[0].embeddings]
    assert tokens[:3] == ["In", "New", "York"]
    assert [row.label for row in found][-1] == 1
