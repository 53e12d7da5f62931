"""`nlu_lite.spark` and `nlu_lite.annotators` in a client of Spark Connect, with a server on loopback."""

import os
import shutil
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

import nlu_lite
import nlu_lite.spark
from nlu_lite import InputError
from nlu_lite.annotators import EmbeddingsFinisher, PipelineModel
from nlu_lite.annotators.functions import map_annotations_col
from nlu_lite.spark import NluLite
from tests.annotators.stages import build_stages
from tests.engines.corpus import COLUMN, LEVEL, MODEL, assert_equal, build_table
from tests.engines.processes import list_foreign_addresses

pytestmark = [pytest.mark.engines, pytest.mark.slow, pytest.mark.filterwarnings("ignore::Warning")]
HOST = "127.0.0.1"


@pytest.fixture(scope="module")
def spark():
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.host": HOST,
        "spark.driver.bindAddress": HOST,
        "spark.connect.grpc.binding.address": HOST,
        "spark.sql.shuffle.partitions": "2",
    }
    builder = SparkSession.builder.remote("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_LOCAL_IP", HOST)
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        session = builder.getOrCreate()
        yield session
        session.stop()
    for name in ("SPARK_REMOTE", "SPARK_LOCAL_REMOTE", "SPARK_CONNECT_MODE_ENABLED"):
        os.environ.pop(name, None)


@pytest.fixture(scope="module")
def pipeline():
    return nlu_lite.load(MODEL, threads=1)


def frame_of(spark, table):
    return spark.createDataFrame([tuple(row.values()) for row in table.to_pylist()], table.column_names)


def test_predict_and_the_stage_have_the_result_of_predict(spark, pipeline):
    table = build_table(60)
    frame, expected = frame_of(spark, table).repartition(3), pipeline.predict(table, as_="arrow", **LEVEL)
    stage = NluLite(reference=MODEL, outputLevel="sentence", positions=True)
    for found in (nlu_lite.spark.predict(frame, pipeline, **LEVEL), stage.transform(frame)):
        assert_equal(pa.Table.from_pylist([row.asDict() for row in found.collect()]), expected)
    (row,) = nlu_lite.spark.predict(frame.limit(1), pipeline, vectors="ml", output_level="document").collect()
    np.testing.assert_allclose(row[COLUMN].toArray(), pipeline.encode(table["text"][row.id].as_py())[0], atol=5e-6)


def test_annotators_have_the_result_of_pandas(spark):
    texts = ["Put your text here. It works!", "One more."]
    finisher = EmbeddingsFinisher().setInputCols("average").setOutputAsVector(True)
    model = PipelineModel([*build_stages(), finisher])
    found = model.transform(spark.createDataFrame(list(enumerate(texts)), "id int, text string"))
    expected = model.transform(pd.DataFrame({"id": [0, 1], "text": texts}))
    for row, cells in zip(found.orderBy("id").collect(), expected.to_dict("records"), strict=True):
        assert [one.result for one in row.token] == [one.result for one in cells["token"]]
        vectors = [vector.toArray() for vector in row.finished_average]
        np.testing.assert_allclose(vectors, np.stack(cells["finished_average"]), atol=5e-6)
    first = map_annotations_col(found, lambda cell: cell[:1], "token", "first", "token")
    assert [row.first[0].result for row in first.orderBy("id").select("first").collect()] == ["Put", "One"]


def test_weights_come_in_an_artifact(spark, tmp_path):
    shutil.copytree(MODEL.removeprefix("path:"), tmp_path / "model")
    pipeline = nlu_lite.load(f"path:{tmp_path / 'model'}", threads=1)
    pipeline.save(tmp_path / "saved", weights=True)
    path = shutil.make_archive(str(tmp_path / "saved"), "zip", tmp_path / "saved")
    spark.addArtifact(f"{path}#weights", archive=True)
    shutil.rmtree(tmp_path / "model")
    assert nlu_lite.spark.predict(frame_of(spark, build_table(20)), pipeline, archive="weights").count() > 20


def test_errors_and_refusals_are_those_of_other_sessions(spark, pipeline):
    frame = spark.createDataFrame([(6, "One."), (7, None)], "id int, text string")
    with pytest.raises(Exception, match=r"the row id='7', host .*, process \d+: there is no text(.|\n)*skip"):
        nlu_lite.spark.predict(frame, pipeline).collect()
    with pytest.raises(InputError, match=r"of pyspark.*Call nlu_lite\.spark\.predict"):
        pipeline.predict(frame)
    assert not list_foreign_addresses()
