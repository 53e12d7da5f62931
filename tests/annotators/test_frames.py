"""Stages transform frames of pandas, Arrow and Polars to frames of the same kind."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import nlu_lite
from nlu_lite.annotators import (
    Annotation,
    DocumentAssembler,
    EmbeddingsFinisher,
    Finisher,
    Pipeline,
    PipelineModel,
    RegexTokenizer,
    SentenceDetector,
)
from nlu_lite.annotators.arrow import build_array, get_type, read_cells
from nlu_lite.annotators.columns import ColumnKind
from nlu_lite.errors import InputError
from tests.annotators.stages import build_stages, build_text_stages

TEXTS = ["Put your text here. It works!", "", None, "Das ist gut. Ja, 😀 geht."]
FRAME = pd.DataFrame({"id": [3, 1, 4, 1], "text": TEXTS}, index=pd.Index(list("abcd"), name="key"))


@pytest.fixture(scope="module")
def model():
    return Pipeline(stages=build_stages()).fit(FRAME)


@pytest.fixture(scope="module")
def expected(model):
    return model.transform(FRAME)


def test_a_frame_of_pandas_keeps_its_columns_index_and_rows(expected):
    assert expected.columns.tolist() == ["id", "text", "document", "sentence", "token", "embeddings", "average"]
    pd.testing.assert_frame_equal(expected[["id", "text"]], FRAME)
    assert FRAME.columns.tolist() == ["id", "text"]
    document = expected["document"]["a"]
    assert document == [Annotation("document", 0, 28, TEXTS[0], {"sentence": "0"})]
    assert expected["sentence"]["a"] == [
        Annotation("document", 0, 18, "Put your text here.", {"sentence": "0"}),
        Annotation("document", 20, 28, "It works!", {"sentence": "1"}),
    ]
    assert expected["token"]["a"][-1] == Annotation("token", 28, 28, "!", {"sentence": "1"})
    assert expected["document"]["c"] == [Annotation("document", 0, -1, "", {"sentence": "0"})]
    assert [expected[name]["b"] for name in ("sentence", "token", "embeddings", "average")] == [[], [], [], []]


def test_vectors_are_those_of_predict(expected):
    archive = f"sparknlp:{__file__.rsplit('annotators', 1)[0]}data/sparknlp/xlmroberta.zip"
    frame = nlu_lite.load(archive).predict(TEXTS[0], positions=True, metadata=True)
    found = expected["embeddings"]["a"]
    assert [one.result for one in found] == frame["token"].tolist()
    assert [one.begin for one in found] == frame["token_begin"].tolist()
    assert [one.end + 1 for one in found] == frame["token_end"].tolist()
    np.testing.assert_allclose(np.stack([one.embeddings for one in found]), nlu_lite.matrix(frame), atol=5e-6)
    assert {one.metadata["isWordStart"] for one in found} == {"true"}
    assert all(int(one.metadata["pieceId"]) >= 3 for one in found)


def test_unknown_pieces_are_out_of_the_vocabulary(expected):
    facts = {one.result: one.metadata for one in expected["embeddings"]["d"]}
    assert facts["geht"]["isOOV"] == "false"
    assert facts["😀"]["isOOV"] == ("true" if facts["😀"]["pieceId"] == "3" else "false")
    assert (facts["😀"]["token"], facts["😀"]["sentence"]) == ("😀", facts["geht"]["sentence"])


def test_a_table_of_arrow_has_lists_of_structs(model, expected):
    table = pa.table({"id": FRAME["id"].to_numpy(), "text": TEXTS})
    found = model.transform(table)
    assert isinstance(found, pa.Table)
    assert found.schema.field("token").type == get_type(ColumnKind.ANNOTATIONS)
    for name in expected.columns[2:]:
        assert read_cells(found.column(name), ColumnKind.ANNOTATIONS) == expected[name].tolist()
    assert found.select(["id", "text"]) == table
    chunked = pa.concat_tables([table.slice(0, 1), table.slice(1, 3)])
    assert model.transform(chunked).equals(found)


def test_a_frame_of_polars_has_lists_of_structs(model, expected):
    found = model.transform(pl.DataFrame({"id": FRAME["id"].to_list(), "text": TEXTS}))
    assert isinstance(found, pl.DataFrame)
    assert isinstance(found.schema["token"], pl.List)
    assert isinstance(found.schema["token"].inner, pl.Struct)
    for name in expected.columns[2:]:
        assert read_cells(found.get_column(name).to_arrow(), ColumnKind.ANNOTATIONS) == expected[name].tolist()


@pytest.mark.parametrize("convert", [lambda frame: frame, pa.Table.from_pandas, pl.from_pandas])
def test_stages_run_one_by_one_as_well(convert, expected):
    frame = convert(FRAME.reset_index(drop=True))
    for stage in build_stages():
        frame = stage.transform(frame)
    cells = list(frame["average"])
    first = (
        cells[0]
        if isinstance(frame, pd.DataFrame)
        else cells[0].to_list()
        if hasattr(cells[0], "to_list")
        else cells[0].as_py()
    )
    assert [one["result"] for one in first] == [one.result for one in expected["average"]["a"]]
    np.testing.assert_allclose(first[0]["embeddings"], expected["average"]["a"][0].embeddings, atol=1e-6)


def test_annotations_pass_through_a_file(expected, tmp_path):
    pa.Table.from_pandas(expected.reset_index(drop=True)[["token", "sentence"]]).schema  # noqa: B018  # structs of dicts
    table = pa.table({"token": build_array(ColumnKind.ANNOTATIONS, expected["token"].tolist())})
    path = tmp_path / "tokens.parquet"
    import pyarrow.parquet as pq

    pq.write_table(table, path)
    frame = pd.read_parquet(path)
    finished = Finisher().setInputCols("token").transform(frame)
    assert [list(cell) for cell in finished["finished_token"]] == [[one.result for one in c] for c in expected["token"]]


@pytest.mark.parametrize("convert", [lambda frame: frame, pa.Table.from_pandas, pl.from_pandas])
def test_frames_without_rows_get_the_columns(model, convert):
    stages = [*model.stages, EmbeddingsFinisher().setInputCols("average")]
    found = PipelineModel(stages).transform(convert(FRAME.iloc[:0].reset_index(drop=True)))
    names = found.column_names if isinstance(found, pa.Table) else list(found.columns)
    assert names[-2:] == ["average", "finished_average"]
    assert len(found) == 0


def test_repeated_names_of_columns_are_refused():
    frame = pd.DataFrame([["One.", "Two."]], columns=["text", "text"])
    for repeated in (frame, pa.Table.from_arrays([["One."], ["Two."]], ["text", "text"])):
        with pytest.raises(InputError, match="text"):
            DocumentAssembler().setInputCol("text").transform(repeated)


# --- finishers -------------------------------------------------------------------------------------------------------


def test_the_finisher_of_embeddings_keeps_annotations_by_default(expected):
    finisher = EmbeddingsFinisher().setInputCols("embeddings", "average")
    found = finisher.transform(expected)
    assert found.columns.tolist()[-2:] == ["finished_embeddings", "finished_average"]
    assert "token" in found
    vectors = found["finished_embeddings"]["a"]
    assert [vector.dtype for vector in vectors] == [np.float32] * len(expected["token"]["a"])
    cleaned = finisher.setOutputCols(["one", "two"]).setCleanAnnotations(True).transform(expected)
    assert cleaned.columns.tolist() == ["id", "text", "one", "two"]
    assert finisher.setOutputAsVector(True).transform(expected)["one"]["a"][0].dtype == np.float64


def test_the_finisher_drops_annotations_by_default(expected):
    found = Finisher().setInputCols("token").transform(expected)
    assert found.columns.tolist() == ["id", "text", "finished_token"]
    assert found["finished_token"]["d"] == [one.result for one in expected["token"]["d"]]
    text = Finisher().setInputCols("sentence").setOutputAsArray(False)
    assert text.transform(expected)["finished_sentence"]["a"] == "Put your text here.@It works!"
    text.setIncludeMetadata(True).setAnnotationSplitSymbol("|").setValueSplitSymbol("&")
    shown = text.transform(expected)["finished_sentence"]["a"]
    assert shown == "sentence->0&result->Put your text here.|sentence->1&result->It works!"
    with_pairs = Finisher().setInputCols("sentence").setIncludeMetadata(True).setCleanAnnotations(False)
    assert with_pairs.transform(expected)["finished_sentence_metadata"]["a"] == [("sentence", "0"), ("sentence", "1")]
    numbers = Finisher().setInputCols("average").setParseEmbeddingsVectors(True).transform(expected)
    assert len(numbers["finished_average"]["a"][0].split()) == 16


@pytest.mark.parametrize("convert", [pa.Table.from_pandas, pl.from_pandas])
def test_finishers_write_lists_of_arrow_and_polars(model, convert):
    stages = [*model.stages, EmbeddingsFinisher().setInputCols("average"), Finisher().setInputCols("token")]
    found = PipelineModel(stages).transform(convert(FRAME.reset_index(drop=True)))
    table = found if isinstance(found, pa.Table) else found.to_arrow()
    assert table.column_names == ["id", "text", "finished_average", "finished_token"]
    assert table.column("finished_token").to_pylist()[0][:2] == ["Put", "your"]
    assert [len(cell) for cell in table.column("finished_average").to_pylist()] == [2, 0, 0, 2]


# --- documents and sentences -----------------------------------------------------------------------------------------


def test_documents_take_identifiers_metadata_and_lists_of_texts():
    frame = pd.DataFrame({"t": [["One.", "Two."]], "key": [7], "more": [{"source": "web"}]})
    stage = DocumentAssembler().setInputCol("t").setIdCol("key").setMetadataCol("more")
    first, second = stage.transform(frame)["document"][0]
    assert first == Annotation("document", 0, 3, "One.", {"source": "web", "id": "7", "sentence": "0"})
    assert (second.result, second.metadata["sentence"]) == ("Two.", "1")
    stages = [stage.setOutputCol("document"), *build_text_stages()[1:]]
    words = PipelineModel(stages).transform(frame)["token"][0]
    assert [(one.result, one.metadata["sentence"]) for one in words] == [
        ("One", "0"),
        (".", "0"),
        ("Two", "1"),
        (".", "1"),
    ]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("disabled", " a\n\tb\\n c "),
        ("inplace", " a  b\\n c "),
        ("inplace_full", " a  b  c "),
        ("shrink", "a b\\n c"),
        ("shrink_full", "a b  c"),
        ("each", " a b\\n c "),
        ("each_full", " a b\\n c "),
        ("delete_full", "a\n\tb c"),
    ],
)
def test_cleanup_modes(mode, expected):
    stage = DocumentAssembler().setInputCol("text").setCleanupMode(mode)
    (found,) = stage.transform(pd.DataFrame({"text": [" a\n\tb\\n c "]}))["document"][0]
    assert (found.result, found.end) == (expected, len(expected) - 1)


def test_sentences_become_rows():
    stages = build_text_stages()
    stages[1].setExplodeSentences(True)
    found = PipelineModel(stages).transform(FRAME)
    assert found.index.tolist() == ["a", "a", "d", "d"]
    assert found["id"].tolist() == [3, 3, 1, 1]
    assert [len(cell) for cell in found["sentence"]] == [1, 1, 1, 1]
    assert [one.result for one in found["token"].iloc[1]] == ["It", "works", "!"]
    assert PipelineModel(stages).transform(pl.from_pandas(FRAME)).get_column("id").to_list() == [3, 3, 1, 1]


def test_custom_bounds_and_lengths_of_sentences():
    def run(stage, text):
        frame = pd.DataFrame({"text": [text]})
        stages = [DocumentAssembler().setInputCol("text"), stage.setInputCols("document").setOutputCol("sentence")]
        return [one.result for one in PipelineModel(stages).transform(frame)["sentence"][0]]

    assert run(SentenceDetector().setCustomBounds(["#"]), "One # two. Three") == ["One", "two.", "Three"]
    only = SentenceDetector().setCustomBounds(["#"]).setUseCustomBoundsOnly(True)
    assert run(only, "One # two. Three") == ["One", "two. Three"]
    assert run(only.setCustomBoundsStrategy("append"), "One # two") == ["One #", "two"]
    assert run(only.setCustomBoundsStrategy("prepend"), "One # two") == ["One", "# two"]
    assert run(SentenceDetector().setMinLength(5), "One. Two and three.") == ["Two and three."]
    assert run(SentenceDetector().setMaxLength(5), "One. Two and three.") == ["One."]
    assert run(SentenceDetector().setSplitLength(8), "Two and three.") == ["Two and", "three."]
    compat = SentenceDetector("sparknlp").setCustomBounds(["#"])
    assert run(compat, "One # two; three") == ["One", "two;", "three"]


def test_patterns_of_tokens_are_spark_nlps():
    def run(stage, text):
        frame = pd.DataFrame({"text": [text]})
        found = PipelineModel([DocumentAssembler().setInputCol("text"), stage]).transform(frame)
        return [(one.result, one.begin, one.end) for one in found[stage.getOutputCol()][0]]

    from nlu_lite.annotators import Tokenizer

    def words(stage, text):
        return [one[0] for one in run(stage, text)]

    assert words(Tokenizer().setSplitChars(["-"]), "well-known (a)") == ["well", "known", "(", "a", ")"]
    assert words(Tokenizer().setExceptions(["New York"]), "in New York.") == ["in", "New York."]
    assert words(Tokenizer().setContextChars(["("]), "(a).") == ["(", "a)."]
    assert words(Tokenizer().setMinLength(2), "a bc, d") == ["bc"]
    assert words(Tokenizer("sparknlp"), 'I\'d say: "U.S."') == ["I'd", "say", ":", '"', "U.S", '."']
    assert run(RegexTokenizer().setPattern(r"\s*,\s*"), "One , two") == [("One", 0, 2), ("two", 6, 8)]
    assert words(RegexTokenizer().setToLowercase(True).setMinLength(2), "One A two") == ["one", "two"]
    trimmed = RegexTokenizer().setPattern(",").setTrimWhitespace(True).setPreservePosition(False)
    assert run(trimmed, "One , two") == [("One", 0, 2), ("two", 6, 8)]
