import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu_lite import frames
from nlu_lite.errors import InputError
from nlu_lite.options import Missing, OtherColumns, PredictRequest, Split


def read(data, check_language=str, **options):
    return frames.read(data, PredictRequest(**options), check_language)


def texts_of(data, **changes):
    return read(data, **changes).corpus.texts


# --- shapes of data --------------------------------------------------------------------------------------------------


def test_one_text_is_one_document():
    given = read("a b", lang="de")
    corpus, segments = given.corpus, given.segments
    assert (corpus.texts, corpus.languages, corpus.index.tolist(), segments) == (["a b"], ["de"], [0], None)


@pytest.mark.parametrize("data", [["a", "b"], ("a", "b"), pd.Series(["a", "b"]), pd.DataFrame({"text": ["a", "b"]})])
def test_every_container_gives_the_same_texts(data):
    assert texts_of(data) == ["a", "b"]


@pytest.mark.parametrize("data", [[], (), pd.Series([], dtype=object), pd.DataFrame({"text": []})])
def test_empty_data_gives_an_empty_corpus(data):
    assert texts_of(data) == []


def test_a_series_keeps_its_labels():
    corpus = read(pd.Series(["a", "b"], index=["x", "x"])).corpus
    assert corpus.index.tolist() == ["x", "x"]


def test_a_frame_keeps_its_other_columns_and_is_not_changed():
    frame = pd.DataFrame({"text": ["a", "b"], "label": pd.Categorical(["u", "v"])}, index=[7, 7])
    before = frame.copy(deep=True)
    corpus = read(frame).corpus
    pd.testing.assert_frame_equal(corpus.kept, frame[["label"]])
    pd.testing.assert_frame_equal(frame, before)
    assert read(frame, keep_columns=OtherColumns.DROP).corpus.kept is None


# --- the column of texts ---------------------------------------------------------------------------------------------


def test_the_column_called_text_comes_first():
    assert texts_of(pd.DataFrame({"title": ["t"], "text": ["a"]})) == ["a"]


def test_the_only_column_of_strings_is_taken():
    assert texts_of(pd.DataFrame({"n": [1], "review": ["a"]})) == ["a"]


def test_a_named_column_is_taken():
    assert texts_of(pd.DataFrame({"text": ["a"], "title": ["t"]}), text_column="title") == ["t"]


@pytest.mark.parametrize(
    ("frame", "changes", "said"),
    [
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), {}, r"2 of the columns \['a', 'b'\] hold texts"),
        (pd.DataFrame({"n": [1]}), {}, r"0 of the columns \['n'\] hold texts"),
        (pd.DataFrame({"a": ["x"]}), {"text_column": "b"}, r"text_column='b' is no column; expected one of \['a'\]"),
        (pd.DataFrame({"a": ["x"]}), {"text_column": ["a"]}, r"text_column=\['a'\] is no column"),
        (pd.DataFrame([["x", "y"]], columns=["a", "a"]), {}, r"the column names \['a'\] occur twice"),
    ],
)
def test_no_clear_column_of_texts_is_an_error_that_names_the_columns(frame, changes, said):
    with pytest.raises(InputError, match=said):
        read(frame, **changes)


def test_a_column_of_categories_can_be_the_texts():
    assert texts_of(pd.DataFrame({"n": [1], "review": pd.Categorical(["a"])})) == ["a"]


def test_only_a_whole_name_is_the_column_called_text():
    assert texts_of(pd.DataFrame({("text", "x"): ["a"], ("z", "y"): [1]})) == ["a"]


@pytest.mark.parametrize(
    "frame", [pd.DataFrame(), pd.DataFrame({"body": []}), pd.DataFrame({"body": pd.Series([], dtype=object)})]
)
def test_an_empty_frame_gives_an_empty_corpus(frame):
    assert texts_of(frame) == []


def test_a_frame_of_missing_texts_can_be_skipped():
    assert texts_of(pd.DataFrame({"body": [None, None]}, dtype=object), missing=Missing.SKIP) == []


# --- languages -------------------------------------------------------------------------------------------------------


def test_a_column_of_languages_counts_row_by_row():
    frame = pd.DataFrame({"text": ["a", "b"], "code": ["de", "fr"]})
    assert read(frame, lang_column="code").corpus.languages == ["de", "fr"]


def test_each_code_of_the_column_is_checked():
    def check(code):
        raise InputError(f"got {code}")

    frame = pd.DataFrame({"text": ["a"], "code": ["q9"]})
    with pytest.raises(InputError, match="q9"):
        read(frame, lang_column="code", check_language=check)


@pytest.mark.parametrize("codes", [[None, "de"], [1, 2]])
def test_gaps_among_languages_are_an_error(codes):
    with pytest.raises(InputError, match="no language codes"):
        read(pd.DataFrame({"text": ["a", "b"], "code": codes}), lang_column="code", text_column="text")


def test_a_column_option_without_a_frame_is_an_error():
    with pytest.raises(InputError, match="text_column or lang_column was given with a value of type list"):
        read(["a"], text_column="text")


# --- missing texts ---------------------------------------------------------------------------------------------------

MISSING = [None, float("nan"), np.nan, pd.NA, pd.NaT]


@pytest.mark.parametrize("nothing", MISSING)
def test_missing_texts_are_an_error_that_names_the_rows(nothing):
    with pytest.raises(InputError, match="there is no text in row 1;"):
        read(["a", nothing])
    with pytest.raises(InputError, match="there is no text in rows 'x', 'z'"):
        read(pd.Series([nothing, "b", nothing], index=list("xyz"), dtype=object))


@pytest.mark.parametrize("nothing", MISSING)
def test_missing_texts_can_be_skipped(nothing):
    frame = pd.DataFrame({"text": ["a", nothing, "c"], "n": [1, 2, 3]}, index=list("xyz"), dtype=object)
    corpus = read(frame, missing=Missing.SKIP, text_column="text").corpus
    assert (corpus.texts, corpus.index.tolist(), corpus.kept["n"].tolist()) == (["a", "c"], ["x", "z"], [1, 3])


def test_many_missing_rows_are_counted():
    with pytest.raises(InputError, match="rows 0, 1, 2, 3, 4 and 3 more"):
        read([None] * 8)


def test_missing_documents_among_words_are_skipped():
    given = read([["a"], None, ["b"]], missing=Missing.SKIP)
    assert (given.corpus.texts, given.corpus.index.tolist()) == (["a", "b"], [0, 2])


def test_a_row_without_text_needs_no_language():
    frame = pd.DataFrame({"text": ["a", None], "code": ["de", None]}, dtype=object)
    changes = {"text_column": "text", "lang_column": "code", "missing": Missing.SKIP}
    assert read(frame, **changes).corpus.languages == ["de"]


# --- what is no text -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (5, "a value of type int"),
        (None, "predict was given None"),
        (b"abc", "a value of type bytes"),
        ({"text": "a"}, "a value of type dict"),
        (["a", 5], "a value of type int was found in row 1"),
        (["a", b"b"], r"bytes was found in row 1.*text\.decode"),
        (pd.Series([1.5, 2.5]), "a value of type float was found in rows 0, 1"),
        ([["a"], "b"], "a value of type str was found in row 1 among lists of words"),
        ([["a", ""]], "an empty str was found in row 0, place 1"),
        ([["a", None]], "None was found in row 0, place 1"),
    ],
)
def test_what_is_no_text_is_an_error_that_says_what_was_got(data, said):
    with pytest.raises(InputError, match=said):
        read(data)


@pytest.mark.parametrize("data", ["a", ["a. b"], [["a"], "b"], pd.Series(["a"])])
def test_sentences_are_expected_where_they_are_announced(data):
    with pytest.raises(InputError, match="expected a list of lists of sentences"):
        read(data, split=Split.SENTENCES)


# --- words -----------------------------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.text(min_size=1, max_size=4), max_size=5), min_size=1, max_size=5))
def test_words_stand_where_their_spans_say(documents):
    given = read(documents)
    corpus, segments = given.corpus, given.segments
    assert corpus.texts == [" ".join(words) for words in documents]
    found = [[] for _ in documents]
    for sentence, begin, end in zip(segments.token_sentence, segments.token_begin, segments.token_end, strict=True):
        document = segments.sentence_document[sentence]
        found[document].append(corpus.texts[document][begin:end])
    assert found == documents
    assert segments.sentence_document.tolist() == [row for row, words in enumerate(documents) if words]
    assert segments.sentence_begin.tolist() == [0] * len(segments.sentence_document)
    assert segments.sentence_end.tolist() == [len(text) for text in corpus.texts if text]
    assert {getattr(segments, name).dtype for name in vars(segments)} == {np.dtype(np.int32)}
