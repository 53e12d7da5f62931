"""Wrong wiring is an error that says which stage lacks which column."""

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from nlu_lite.annotators import (
    ChunkEmbeddings,
    DocumentAssembler,
    EmbeddingsFinisher,
    Finisher,
    LightPipeline,
    Pipeline,
    PipelineModel,
    RegexTokenizer,
    SentenceDetector,
    SentenceEmbeddings,
    Tokenizer,
    XlmRoBertaEmbeddings,
)
from nlu_lite.errors import InputError, OptionError
from tests.annotators.stages import build_stages, build_text_stages, load_model

FRAME = pd.DataFrame({"text": ["One. Two."], "id": [1]})


def assembler():
    return DocumentAssembler().setInputCol("text").setOutputCol("document")


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ([assembler(), Tokenizer().setInputCols("sentnce")], r"Tokenizer_\w+ reads the column 'sentnce' of type doc"),
        ([assembler(), Tokenizer().setInputCols("documnt")], r"expected one of 'document'\. Nearest: document"),
        ([DocumentAssembler().setInputCol("txt")], r"DocumentAssembler_\w+ reads .*'txt'.*'text', 'id'.*Nearest: text"),
        ([assembler(), SentenceDetector().setInputCols("document")], r"SentenceDetector_\w+ has no outputCol"),
        ([DocumentAssembler()], r"DocumentAssembler_\w+ has no inputCol.*setInputCol"),
        (
            [*build_text_stages(), SentenceEmbeddings().setInputCols("sentence", "token").setOutputCol("e")],
            r"reads the column 'token', whose annotations are of type token; expected .* document or word_embeddings",
        ),
        (
            [*build_text_stages(), EmbeddingsFinisher().setInputCols("token")],
            r"'token'.*of type token.*word_embeddings",
        ),
        (
            [*build_text_stages(), Finisher().setInputCols("token"), build_text_stages()[1]],
            r"SentenceDetector_\w+ reads the column 'document'",
        ),
    ],
)  # fmt: skip
def test_an_error_names_the_stage_and_the_column(stages, message):
    check_refusal(stages, message)


def test_an_error_names_the_type_that_a_stage_with_a_model_lacks():
    embeddings = load_model().setInputCols("document", "sentence").setOutputCol("e")
    message = r"reads 'document', 'sentence', none of which has annotations of type token.*'token'"
    check_refusal([*build_text_stages(), embeddings], message)


def check_refusal(stages, message):
    for call in (lambda: Pipeline(stages=stages).fit(FRAME), lambda: PipelineModel(stages).transform(FRAME)):
        with pytest.raises((InputError, OptionError), match=message):
            call()
    if "txt" not in message:
        with pytest.raises((InputError, OptionError), match=message):
            LightPipeline(PipelineModel(stages)).annotate("One.")


def test_a_stage_by_itself_names_what_it_lacks():
    with pytest.raises(InputError, match=r"Tokenizer_\w+ reads the column 'document'.*one of 'text', 'id'"):
        Tokenizer().transform(FRAME)
    with pytest.raises(InputError, match=r"a value of type list.*DataFrame of pandas, Polars or Spark"):
        assembler().transform(["One."])
    with pytest.raises(InputError, match=r"'id' has a value of type int in row 0"):
        DocumentAssembler().setInputCol("id").transform(FRAME)
    with pytest.raises(InputError, match="'text', which holds no annotations"):
        SentenceDetector().setInputCols("text").setOutputCol("s").transform(FRAME)


@pytest.mark.parametrize(
    ("frame", "remedy"),
    [
        (pl.LazyFrame({"text": ["One."]}), r"frame\.collect\(\)"),
        (pa.RecordBatch.from_pydict({"text": ["One."]}), r"Table\.from_batches"),
        ({"text": ["One."]}, r"LightPipeline\.annotate"),
        (pd.Series(["One."]), r"LightPipeline\.annotate"),
    ],
)
def test_other_frames_are_refused_with_the_way_to_convert_them(frame, remedy):
    for call in (assembler().transform, Pipeline(stages=[assembler()]).fit, PipelineModel([assembler()]).transform):
        with pytest.raises(InputError, match=rf"a value of type {type(frame).__name__}; expected .*{remedy}"):
            call(frame)


def test_a_stage_without_a_model_says_how_to_get_one():
    stage = XlmRoBertaEmbeddings().setInputCols("document", "token").setOutputCol("embeddings")
    with pytest.raises(OptionError, match=r"has no model.*XlmRoBertaEmbeddings\.pretrained\(name, lang\)"):
        Pipeline(stages=[assembler(), Tokenizer(), stage]).fit(FRAME)


def test_finishers_need_as_many_output_as_input_columns():
    finisher = Finisher().setInputCols("token", "document").setOutputCols("words")
    with pytest.raises(OptionError, match="2 input columns and 1 output columns"):
        PipelineModel([assembler(), Tokenizer(), finisher]).transform(FRAME)


def test_input_columns_can_be_in_any_order():
    stages = build_stages()
    expected = PipelineModel(stages).transform(FRAME)["embeddings"][0]
    stages[3].setInputCols(["token", "sentence"])
    assert PipelineModel(stages).transform(FRAME)["embeddings"][0] == expected


def test_the_rules_of_spark_nlp_are_inherited_by_the_models_of_a_pipeline():
    stages = build_stages()
    stages[2].setCompat("sparknlp")
    long = pd.DataFrame({"text": ["word " * 200]})
    assert len(PipelineModel(stages).transform(long)["embeddings"][0]) == 126
    stages[2].clear(stages[2].compat)
    assert len(PipelineModel(stages).transform(long)["embeddings"][0]) == 200


def test_chunks_come_from_outside():
    from nlu_lite.annotators import Annotation

    frame = PipelineModel(build_stages()).transform(FRAME)
    chunk = Annotation("chunk", 0, 3, "One.", {"sentence": "0", "chunk": "0"})
    frame["chunk"] = [[chunk, Annotation("chunk", 20, 24, "none", {"sentence": "7"})]]
    stage = ChunkEmbeddings().setInputCols("chunk", "embeddings").setOutputCol("vectors")
    (found,) = stage.transform(frame)["vectors"][0]
    words = [one.embeddings for one in frame["embeddings"][0] if one.metadata["sentence"] == "0"]
    assert found.result == "One."
    assert found.metadata["token"] == "One."
    assert abs(found.embeddings - sum(words) / len(words)).max() < 1e-6
    (summed,) = stage.setPoolingStrategy("SUM").transform(frame)["vectors"][0]
    assert abs(summed.embeddings - sum(words)).max() < 1e-5


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        (None, r"Pipeline_\w+ has no stages.*setStages"),
        ("stages", r"has stages of type str; expected a list"),
        ([DocumentAssembler], r"the class DocumentAssembler as a stage.*DocumentAssembler\(\)"),
        ([assembler(), None], r"a stage of type NoneType"),
    ],
)
def test_stages_that_are_none_are_refused(stages, message):
    pipeline = Pipeline() if stages is None else Pipeline(stages=stages)
    with pytest.raises(OptionError, match=message):
        pipeline.fit(FRAME)


def test_a_pipeline_is_a_stage():
    pipeline = Pipeline(stages=[Pipeline(stages=[assembler()]), Tokenizer()])
    assert len(pipeline.fit(FRAME).transform(FRAME)["token"][0]) == 4


@pytest.mark.parametrize("cell", [5.0, "text", ["text"]])
def test_metadata_that_are_no_map_are_refused(cell):
    frame = pd.DataFrame({"text": ["One.", "Two."], "more": [float("nan"), cell]})
    stage = assembler().setMetadataCol("more")
    assert stage.transform(frame[:1])["document"][0][0].metadata == {"sentence": "0"}
    with pytest.raises(InputError, match=rf"'more' has a value of type {type(cell).__name__} in row 1"):
        stage.transform(frame)


def test_patterns_are_those_of_java():
    tokenizer = RegexTokenizer().setInputCols("document").setPattern(r"[\p{Punct}\s]+")
    light = LightPipeline(PipelineModel([assembler(), tokenizer]))
    assert light.annotate("One, two; dr\u00f6i")["regexToken"] == ["One", "two", "dr\u00f6i"]
    tokenizer.setPattern("(")
    detector = SentenceDetector().setInputCols("document").setOutputCol("sentence").setCustomBounds(["("])
    for stage in (tokenizer, detector):
        with pytest.raises(OptionError, match=r"the pattern '\(', which cannot be compiled"):
            LightPipeline(PipelineModel([assembler(), stage])).annotate("One.")
