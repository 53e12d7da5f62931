"""The stages of `nlu_lite.annotators` on a real Spark, with worker processes.

The two scripts take the calls of public code: Spark NLP's own test of `SentenceEmbeddings` with KMeans, and its example
of `EmbeddingsFinisher`.
"""

import numpy as np
import pandas as pd
import pyspark.ml
import pytest
from pyspark.errors import PySparkException
from pyspark.ml.clustering import KMeans
from pyspark.ml.feature import HashingTF, SQLTransformer, VectorAssembler
from pyspark.ml.feature import Tokenizer as SparkTokenizer
from pyspark.ml.functions import array_to_vector
from pyspark.sql import functions
from pyspark.sql.types import StructType

from nlu_lite import annotators
from nlu_lite.annotators import (
    Annotation,
    DocumentAssembler,
    EmbeddingsFinisher,
    Finisher,
    LightPipeline,
    Pipeline,
    PipelineModel,
    SentenceDetector,
    SentenceEmbeddings,
    Tokenizer,
    XlmRoBertaEmbeddings,
    start,
)
from nlu_lite.annotators.functions import (
    explode_annotations_col,
    filter_by_annotations_col,
    map_annotations,
    map_annotations_array,
    map_annotations_col,
    map_annotations_cols,
    map_annotations_strict,
)
from nlu_lite.errors import InputError, OptionError
from tests.annotators.stages import ARCHIVES, build_stages, build_text_stages

pytestmark = [pytest.mark.engines, pytest.mark.slow, pytest.mark.filterwarnings("ignore::Warning")]
TEXTS = ["Put your text here. It works!", "", None, "Das ist gut. Ja, 😀 geht.", "One more."]
ARCHIVE = str(ARCHIVES / "xlmroberta.zip")


@pytest.fixture(scope="module")
def spark():
    settings = {
        "spark.driver.cores": "2",
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.shuffle.partitions": "2",
        "spark.default.parallelism": "2",
    }
    session = start(memory="1G", params=settings)
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


@pytest.fixture(scope="module")
def frame(spark):
    return spark.createDataFrame(list(enumerate(TEXTS)), "id int, text string").coalesce(1)


def collect(frame, name):
    return [[Annotation.fromRow(one) for one in row[name]] for row in frame.orderBy("id").select(name).collect()]


def test_annotations_are_those_of_pandas_with_spark_nlps_schema(frame):
    model = Pipeline(stages=build_stages()).fit(frame)
    found = model.transform(frame).cache()
    expected = model.transform(pd.DataFrame({"id": range(len(TEXTS)), "text": TEXTS}))
    assert found.columns == ["id", "text", "document", "sentence", "token", "embeddings", "average"]
    for name in found.columns[2:]:
        field = found.schema[name]
        assert field.dataType == Annotation.arrayType()
        assert field.metadata["annotatorType"] == expected[name][0][0].annotatorType
        for one, other in zip(collect(found, name), expected[name], strict=True):
            assert [{**a, "embeddings": 0} for a in one] == [{**b, "embeddings": 0} for b in other]
            vectors = [[np.array(c.embeddings) for c in cell] for cell in (one, other)]
            assert all(np.abs(a - b).max(initial=0) < 5e-6 for a, b in zip(*vectors, strict=True))
    types = dict(found.dtypes)["token"]
    struct = "annotatorType:string,begin:int,end:int,result:string,metadata:map<string,string>,embeddings:array<float>"
    assert types == f"array<struct<{struct}>>"
    row = found.selectExpr("explode(token) as t").selectExpr("t.result", "t.metadata['sentence'] as s").first()
    assert (row.result, row.s) == ("Put", "0")
    length = functions.udf(lambda tokens: len(tokens), "int")
    assert [r[0] for r in found.orderBy("id").select(length("token")).collect()] == [len(c) for c in expected["token"]]


def test_stages_are_transformers_of_pyspark_ml_and_stand_beside_others(frame, tmp_path):
    own = [*build_stages(), EmbeddingsFinisher().setInputCols("average").setOutputAsVector(True)]
    assert all(isinstance(stage, pyspark.ml.Transformer) for stage in own)
    first = [
        SparkTokenizer(inputCol="text", outputCol="words"),
        HashingTF(inputCol="words", outputCol="tf", numFeatures=16),
    ]
    pick = SQLTransformer(statement="SELECT *, finished_average[0] AS one FROM __THIS__ WHERE size(average) > 0")
    together = VectorAssembler(inputCols=["tf", "one"], outputCol="features")
    rows = frame.where("text IS NOT NULL")
    model = pyspark.ml.Pipeline(stages=[*first, *own, pick, together]).fit(rows)
    expected = model.transform(rows).orderBy("id").select("features").collect()
    assert [row.features.size for row in expected] == [32] * 3
    path = str(tmp_path / "model")
    model.write().overwrite().save(path)
    for loaded in (pyspark.ml.PipelineModel.load(path), PipelineModel.load(path)):
        assert [type(stage) for stage in loaded.stages] == [type(stage) for stage in model.stages]
        assert loaded.transform(rows).orderBy("id").select("features").collect() == expected
    assert LightPipeline(model).annotate("Hi you")["token"] == ["Hi", "you"]


def test_wrong_wiring_is_an_error_before_an_action(frame):
    stages = [DocumentAssembler().setInputCol("text"), Tokenizer().setInputCols("sentence")]
    with pytest.raises(InputError, match=r"Tokenizer_\w+ reads the column 'sentence'.*'document'"):
        Pipeline(stages=stages).fit(frame)
    with pytest.raises(InputError, match=r"Tokenizer_\w+ reads the column 'sentence'"):
        pyspark.ml.Pipeline(stages=stages).fit(frame).transform(frame)
    with pytest.raises(InputError, match=r"'text', which holds no annotations"):
        Tokenizer().setInputCols("text").transform(frame)
    wrong = DocumentAssembler().setInputCol("id").transform(frame)
    with pytest.raises(PySparkException, match=r"host .*, process \d+: 'id' has a value of type int"):
        wrong.collect()


def test_finishers_and_exploded_sentences(frame):
    stages = build_text_stages()
    stages[1].setExplodeSentences(True)
    found = PipelineModel([*stages, Finisher().setInputCols("token").setIncludeMetadata(True)]).transform(frame)
    assert dict(found.dtypes) == {
        "id": "int",
        "text": "string",
        "finished_token": "array<string>",
        "finished_token_metadata": "array<struct<_1:string,_2:string>>",
    }
    rows = found.orderBy("id").collect()
    assert [row.id for row in rows] == [0, 0, 3, 3, 4][: len(rows)]
    assert rows[1].finished_token == ["It", "works", "!"]


def test_the_rules_of_spark_nlp_are_inherited_through_the_columns_metadata(spark):
    stages = build_text_stages("sparknlp")
    long = spark.createDataFrame([("word " * 200,)], "text string")
    model = XlmRoBertaEmbeddings.load(ARCHIVE).setInputCols("sentence", "token").setOutputCol("embeddings")
    found = pyspark.ml.PipelineModel([*stages, model]).transform(long)
    assert found.selectExpr("size(embeddings)").first()[0] == 126


def test_annotations_become_rows_and_back(frame):
    one = Annotation("token", 0, 1, "Hi", {"sentence": "0"}, [1.5])
    row = Annotation.toRow(one)
    assert (row.result, row.embeddings) == ("Hi", [1.5])
    assert Annotation.fromRow(row) == one
    schema = StructType().add("a", Annotation.arrayType())
    data = frame.sparkSession.createDataFrame([([row],)], schema)
    assert Annotation.fromRow(data.first().a[0]) == one


def test_functions_over_annotations_are_those_of_spark_nlp(frame):
    tokens = PipelineModel(build_text_stages()).transform(frame).cache()

    def shout(annotations):
        return [one.copy(one.result.upper()) for one in annotations]

    found = map_annotations_col(tokens, shout, "token", "loud", "token")
    assert found.schema["loud"].dataType == Annotation.arrayType()
    assert found.schema["loud"].metadata == {"annotatorType": "token"}
    found = map_annotations_cols(found, lambda cell: cell[:1], ["sentence", "token"], "first", "document")
    words = map_annotations(lambda cell: [one.result for one in cell], "array<string>")("token")
    strict = map_annotations_strict(shout)("token")
    joined = map_annotations_array(shout, Annotation.arrayType())(functions.array("token"))
    line = map_annotations(lambda cell: " ".join(one.result for one in cell), "string")("token")
    count = map_annotations(len, "int")("token")
    last = map_annotations(lambda cell: cell[-1] if cell else None, Annotation.dataType())("token")
    columns = {"words": words, "strict": strict, "joined": joined, "line": line, "count": count, "last": last}
    rows = found.withColumns(columns).collect()
    assert len(rows) == len(TEXTS)
    for row in rows:
        cell = list(map(Annotation.fromRow, row.token))
        assert row.words == [one.result for one in cell]
        assert (row.line, row["count"]) == (" ".join(row.words), len(cell))
        assert [Annotation.fromRow(one) for one in (row["last"],) if one] == cell[-1:]
        for changed in (row.loud, row.strict, row.joined):
            assert list(map(Annotation.fromRow, changed)) == shout(cell)
        assert row.first == row.sentence[:1]
    long = filter_by_annotations_col(tokens, lambda cell: len(cell) > 5, "token")
    exploded = explode_annotations_col(long, "token", "one").select("one.result").collect()
    assert [one.result for one in exploded] == [word for row in rows if len(row.words) > 5 for word in row.words]


def test_start_refuses_what_has_no_meaning_here(spark):
    assert start() is spark
    for options in ({"gpu": True}, {"cache_folder": "/models"}, {"params": ["a"]}):
        with pytest.raises(OptionError, match=next(iter(options))):
            start(**options)


# --- scripts ---------------------------------------------------------------------------------------------------------


def test_sentences_are_clustered_as_in_spark_nlps_own_test(spark, tmp_path):
    data = spark.createDataFrame([["The sun is out. It is warm."], ["Rain again! Take a coat."]]).toDF("text")
    document_assembler = DocumentAssembler().setInputCol("text").setOutputCol("document")
    sentence_detector = SentenceDetector().setInputCols(["document"]).setOutputCol("sentence")
    tokenizer = Tokenizer().setInputCols(["sentence"]).setOutputCol("token")
    words = XlmRoBertaEmbeddings.load(ARCHIVE).setInputCols(["sentence", "token"]).setOutputCol("embeddings")
    sentence_embeddings = (
        SentenceEmbeddings()
        .setInputCols(["sentence", "embeddings"])
        .setOutputCol("sentence_embeddings")
        .setPoolingStrategy("AVERAGE")
    )
    embeddings_finisher = (
        EmbeddingsFinisher()
        .setInputCols("sentence_embeddings")
        .setOutputCols("sentence_embeddings_vectors")
        .setOutputAsVector(True)
    )
    explode_vectors = SQLTransformer(
        statement="SELECT EXPLODE(sentence_embeddings_vectors) AS features, * FROM __THIS__"
    )
    kmeans = KMeans().setK(2).setSeed(1).setFeaturesCol("features")
    pipeline = Pipeline(
        stages=[
            document_assembler,
            sentence_detector,
            tokenizer,
            words,
            sentence_embeddings,
            embeddings_finisher,
            explode_vectors,
            kmeans,
        ]
    )
    model = pipeline.fit(data)
    found = model.transform(data).select("prediction").collect()
    assert len(found) == 4
    assert {row.prediction for row in found} == {0, 1}
    model.write().overwrite().save(str(tmp_path / "tmp_model"))
    assert PipelineModel.load(str(tmp_path / "tmp_model")).transform(data).select("prediction").collect() == found


def test_finished_vectors_are_exploded_as_in_the_documentation(spark):
    document_assembler = DocumentAssembler().setInputCol("text").setOutputCol("document")
    tokenizer = Tokenizer().setInputCols(["document"]).setOutputCol("token")
    embeddings = (
        XlmRoBertaEmbeddings.load(ARCHIVE)
        .setInputCols(["document", "token"])
        .setOutputCol("embeddings")
        .setCaseSensitive(True)
    )
    embeddings_finisher = (
        EmbeddingsFinisher()
        .setInputCols(["embeddings"])
        .setOutputCols("finished_embeddings")
        .setOutputAsVector(True)
        .setCleanAnnotations(False)
    )
    pipeline = pyspark.ml.Pipeline().setStages([document_assembler, tokenizer, embeddings, embeddings_finisher])
    data = spark.createDataFrame([["A short note."]]).toDF("text")
    result = pipeline.fit(data).transform(data)
    rows = result.selectExpr("explode(finished_embeddings) as result").collect()
    assert [row.result.size for row in rows] == [16] * 4
    exploded = result.select(functions.explode("embeddings.embeddings").alias("vector"))
    converted = exploded.withColumn("features", array_to_vector("vector")).collect()
    assert [row.features for row in converted] == [row.result for row in rows]
    assert annotators.version()
