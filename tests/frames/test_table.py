import numpy as np
import pandas as pd
import polars
import pyarrow as pa
import pytest
from pyarrow import parquet

from nlu_lite.errors import InputError
from nlu_lite.frames import (
    VectorColumn,
    build_frame,
    find_vector_columns,
    matrix,
    name_result_columns,
    name_vector_columns,
    open_writer,
    to_arrow,
)
from nlu_lite.options import ExtraColumns, Level, PredictRequest
from nlu_lite.records import Action, Corpus, ModelSpec, Segments


def ints(*values):
    return np.array(values, np.int32)


# "One. Two" | "" | "Three": three documents, the middle one without words
CORPUS = Corpus(["One. Two", "", "Three"], ["en"] * 3, pd.Index(["a", "b", "a"]))
SEGMENTS = Segments(ints(0, 0, 2), ints(0, 5, 0), ints(4, 8, 5), ints(0, 0, 1, 2), ints(0, 3, 5, 0), ints(3, 4, 8, 5))


def table_at(level, corpus=CORPUS, columns=(), also=ExtraColumns.NONE, segments=SEGMENTS):
    request = PredictRequest(level, extra_columns=also)
    writer = open_writer(corpus, request, name_result_columns(request, [column.name for column in columns]))
    return build_frame(request, writer, corpus, segments, ints(*range(len(corpus.texts))), columns)


@pytest.mark.parametrize(
    ("level", "strings", "index", "begins", "ends"),
    [
        (Level.TOKEN, ["One", ".", "Two", "Three"], ["a", "a", "a", "a"], [0, 3, 5, 0], [3, 4, 8, 5]),
        (Level.SENTENCE, ["One.", "Two", "Three"], ["a", "a", "a"], [0, 5, 0], [4, 8, 5]),
        (Level.DOCUMENT, ["One. Two", "Three"], ["a", "a"], [0, 0], [8, 5]),
    ],
)
def test_each_level_has_its_rows(level, strings, index, begins, ends):
    frame = table_at(level, also=ExtraColumns.POSITIONS)
    assert list(frame.columns) == [level.value, f"{level.value}_begin", f"{level.value}_end"]
    assert frame[level.value].tolist() == strings
    assert frame.index.tolist() == index
    assert frame[f"{level.value}_begin"].tolist() == begins
    assert frame[f"{level.value}_end"].tolist() == ends


def test_cells_are_views_of_one_matrix():
    vectors = np.arange(8, dtype=np.float32).reshape(4, 2)
    frame = table_at(Level.TOKEN, columns=[VectorColumn("word_embedding_x", vectors)])
    assert all(np.shares_memory(cell, vectors) for cell in frame["word_embedding_x"])
    assert np.shares_memory(matrix(frame), vectors)


def test_other_columns_come_along_with_their_dtypes():
    kept = pd.DataFrame({"label": pd.Categorical(["u", "v", "w"]), "n": pd.array([1, None, 3], "Int64")}, CORPUS.index)
    frame = table_at(Level.TOKEN, Corpus(CORPUS.texts, CORPUS.languages, CORPUS.index, kept))
    assert frame["label"].tolist() == ["u", "u", "u", "w"]
    assert frame.dtypes["label"] == kept.dtypes["label"]
    assert frame.dtypes["n"] == "Int64"
    assert frame.index.tolist() == ["a"] * 4


def test_a_column_of_the_callers_with_our_name_is_an_error():
    corpus = Corpus(CORPUS.texts, CORPUS.languages, CORPUS.index, pd.DataFrame({"token": [1, 2, 3]}, CORPUS.index))
    with pytest.raises(InputError, match=r"\['token'\].*keep_columns=False"):
        table_at(Level.TOKEN, corpus)


def test_a_lone_surrogate_is_a_token():
    corpus = Corpus(["\ud800"], ["xx"], pd.RangeIndex(1))
    segments = Segments(ints(0), ints(0), ints(1), ints(0), ints(0), ints(1))
    assert table_at(Level.TOKEN, corpus, segments=segments)["token"].tolist() == ["\ud800"]


# --- names -----------------------------------------------------------------------------------------------------------


def spec(reference, action=Action.EMBED, name="model_name"):
    language = "xx" if ":" in reference else reference.split(".")[0]
    return ModelSpec(reference, language, name, "BertEmbeddings", action, ())


@pytest.mark.parametrize(
    ("references", "names"),
    [
        (["xx.embed.xlm_roberta_xtreme_base"], ["word_embedding_xlm_roberta_xtreme_base"]),
        (["en.embed.bert.small_L2_128"], ["word_embedding_bert"]),
        (
            ["en.embed.bert.small_L2_128", "en.embed.bert.base_cased"],
            ["word_embedding_bert_small_L2_128", "word_embedding_bert_base_cased"],
        ),
        (["en.embed.bert", "en.embed.bert.base"], ["word_embedding_bert", "word_embedding_bert_base"]),
        (["en.embed.bert", "de.embed.bert"], ["word_embedding_en_bert", "word_embedding_de_bert"]),
        (["en.embed"], ["word_embedding_model_name"]),
        (["xx.embed.x-y.z"], ["word_embedding_x_y"]),
        (["hf:org/Model-1.0"], ["word_embedding_model_name"]),
        (["hf:a/m", "hf:b/m"], ["word_embedding_hf_a_m", "word_embedding_hf_b_m"]),
        (["path:m-1", "path:m_1"], ["word_embedding_path_m_1", "word_embedding_path_m_1_2"]),
        (["en.embed.模型"], ["word_embedding_模型"]),
    ],
)
def test_columns_are_named_as_in_nlu(references, names):
    assert name_vector_columns([spec(reference) for reference in references]) == names


def test_token_and_sentence_vectors_do_not_collide():
    specs = [spec("xx.embed.labse"), spec("xx.embed_sentence.labse", Action.EMBED_SENTENCE)]
    assert name_vector_columns(specs) == ["word_embedding_labse", "sentence_embedding_labse"]


# --- matrix ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def vectors():
    return np.arange(12, dtype=np.float32).reshape(4, 3)


@pytest.fixture
def frame(vectors):
    return table_at(Level.TOKEN, columns=[VectorColumn("word_embedding_x", vectors)])


def test_matrix_of_neighbouring_rows_is_a_view(frame, vectors):
    np.testing.assert_array_equal(matrix(frame.iloc[1:3]), vectors[1:3])
    assert np.shares_memory(matrix(frame.iloc[1:3]), vectors)


def test_matrix_follows_the_frames_order(frame, vectors):
    np.testing.assert_array_equal(matrix(frame.iloc[::-1]), vectors[::-1])
    np.testing.assert_array_equal(matrix(frame.iloc[[0, 2]]), vectors[[0, 2]])
    np.testing.assert_array_equal(matrix(pd.concat([frame, frame])), np.vstack([vectors, vectors]))


def test_matrix_reads_what_other_files_make_of_vectors(frame, vectors, tmp_path):
    frame.to_parquet(tmp_path / "lists.parquet")
    frame.reset_index().to_json(tmp_path / "lists.jsonl", orient="records", lines=True)
    lists = parquet.read_table(tmp_path / "lists.parquet")
    assert pa.types.is_list(lists.schema.field("word_embedding_x").type)
    found = [lists, lists[:0], polars.from_arrow(lists), pd.read_parquet(tmp_path / "lists.parquet")]
    found += [lists.to_pandas(types_mapper=pd.ArrowDtype), pd.read_json(tmp_path / "lists.jsonl", lines=True)]
    for one in found:
        np.testing.assert_array_equal(matrix(one), vectors[:, : 3 if len(one) else 0][: len(one)])


@pytest.mark.parametrize("cells", [[[1.0], [1.0, 2.0]], [[1.0], None], [[1.0], [None]]])
def test_matrix_refuses_lists_that_are_no_vectors_of_one_length(cells):
    frame = pd.DataFrame({"word_embedding_x": cells})
    for one in (frame, pa.table(frame)):
        with pytest.raises(InputError, match="expected vectors of one length"):
            matrix(one)


def test_matrix_refuses_two_columns_of_one_name(frame):
    for twice in (pd.concat([frame, frame], axis=1), to_arrow(frame).append_column("word_embedding_x", [[1.0] * 4])):
        with pytest.raises(InputError, match="'word_embedding_x'] occur twice"):
            matrix(twice)
    assert matrix(frame.assign(n=1).pipe(lambda one: pd.concat([one, one[["n"]]], axis=1))).shape == (4, 3)


def test_matrix_of_nothing_is_empty(frame):
    assert matrix(frame.iloc[:0]).shape == (0, 0)


def test_matrix_asks_which_column(frame):
    frame["word_embedding_y"] = frame["word_embedding_x"]
    with pytest.raises(InputError, match="2 columns hold vectors"):
        matrix(frame)
    assert matrix(frame, "word_embedding_y").shape == (4, 3)


@pytest.mark.parametrize(("column", "said"), [(None, "0 columns hold vectors"), ("nope", "'nope' is no column")])
def test_matrix_needs_a_column_of_vectors(column, said):
    with pytest.raises(InputError, match=said):
        matrix(pd.DataFrame({"token": ["a"]}), column)


def test_a_column_of_strings_with_a_vectors_name_is_no_column_of_vectors(frame):
    frame["word_embedding_note"] = "x"
    frame["word_embedding_words"] = [["x", "y"]] * len(frame)
    assert find_vector_columns(frame) == ["word_embedding_x"]
    assert to_arrow(frame).column("word_embedding_words").to_pylist() == [["x", "y"]] * len(frame)


@pytest.mark.parametrize("frame", ["x", None, 5])
def test_matrix_refuses_what_is_no_frame(frame):
    with pytest.raises(InputError, match="matrix was given a"):
        matrix(frame)


def test_matrix_refuses_cells_that_are_no_vectors(frame):
    with pytest.raises(InputError, match="holds no vector"):
        matrix(frame, "token")


# --- Arrow -----------------------------------------------------------------------------------------------------------


def test_arrow_holds_vectors_as_fixed_size_lists(frame, vectors):
    arrow = to_arrow(frame)
    assert find_vector_columns(frame) == ["word_embedding_x"]
    assert str(arrow.schema.field("word_embedding_x").type) == "fixed_size_list<item: float>[3]"
    assert arrow.column("word_embedding_x").to_pylist() == vectors.tolist()
    assert arrow.column("token").to_pylist() == frame["token"].tolist()
