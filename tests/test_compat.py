"""`load(compat="sparknlp")` gives Spark NLP's sentences, tokens, metadata and vectors, wherever these are right.

`tests/data/sparknlp/compat.json` lists for each kind every sentence whose pieces or vectors differ, with the defects of
Spark NLP 3.4.4 that are the reason, names of `Defect`; and the metadata that differ throughout.
`tests/formats/sparknlp/test_golden.py` shows that the defects explain the vectors.
"""

from __future__ import annotations

import json
import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from sparknlp_golden import DATA, SENTENCES, TOKENS, archive, read_archive, records
from sparknlp_recipes import Defect, open_recipe
from tiny import MODEL, nothing, open_tiny, segments_of, token_vectors

import nlu_lite
from nlu_lite.errors import OptionError
from nlu_lite.options import Compat, Context, Level, Pooling, PredictRequest
from nlu_lite.pipeline.prediction import segment
from nlu_lite.records import Alignment, Runs, SentencePooling, SentenceRecipe

TOLERANCE = 1e-4
DIFFERENCES = json.loads((DATA / "compat.json").read_text(encoding="utf-8"))
CASES = DIFFERENCES["sentences"]
POOLER = SentenceRecipe(SentencePooling.POOLER, Alignment.WORD)
LONG = "word " * 200 + ". Short one."
TINY = f"path:{MODEL}"


@dataclass(frozen=True)
class Row:
    """A token: its place and text as Spark NLP has them, the metadata and the vector, if it has one."""

    begin: int
    end: int
    text: str
    sentence: int
    metadata: dict[str, str]
    vector: np.ndarray | None


def listed(name):
    return {(case["text"], case["sentence"]) for case in CASES[name]}


def count_units(text, offset):
    return len(text[:offset].encode("utf-16-le", "surrogatepass")) // 2


def load(name, **options):
    return nlu_lite.load(f"sparknlp:{archive(name)}", compat="sparknlp", **options)


def read_rows(name):
    """Return for each text the tokens that the library finds, in Spark NLP's form."""
    pipeline, texts = load(name), [record["text"] for record in records(name)]
    frame = pipeline.predict(texts, positions=True, metadata=True)
    vectors = nlu_lite.matrix(frame)
    model, corpus = pipeline.models[0], nlu_lite.frames.read(texts, PredictRequest(), str)
    stats = model.compute_stats(texts, segment(corpus, pipeline.settings, False), Level.TOKEN)
    rows = [[] for _ in texts]
    columns = [frame[one] for one in ("document_number", "sentence_number", "token_begin", "token_end", "token")]
    for number, (document, sentence, begin, end, token) in enumerate(zip(*columns, strict=True)):
        text, first = texts[document], int(stats.first[number])
        facts = {"sentence": sentence, "token": token, "pieceId": first, "isWordStart": "true", "isOOV": "false"}
        vector = None if np.isnan(vectors[number]).all() else vectors[number]
        assert (vector is None) == (first == -1) == (stats.windows[number] == 0)
        row = Row(
            count_units(text, begin),
            count_units(text, end) - 1,
            token,
            sentence,
            {key: str(value) for key, value in facts.items()},
            vector,
        )
        rows[document].append(row)
    return rows


def test_every_reason_is_a_known_defect_of_the_kind():
    assert sorted(CASES) == sorted([*TOKENS, *SENTENCES])
    for name, cases in CASES.items():
        known = open_recipe(read_archive(name)).defects() | {Defect.FIRST_IS_HIDDEN}
        assert all(case["reasons"] and {Defect[one] for one in case["reasons"]} <= known for case in cases), name


@pytest.mark.parametrize("name", TOKENS)
def test_tokens_metadata_and_vectors_of_all_texts_but_the_listed_sentences(name):
    different = set()
    for record, rows in zip(records(name), read_rows(name), strict=True):
        assert [[row.begin, row.end, row.text, row.sentence] for row in rows] == record["tokens"]
        for sentence, (begin, end, _) in enumerate(record["sentences"]):
            found = [row for row in rows if row.sentence == sentence and row.vector is not None]
            expected = [one for one in record["embeddings"] if begin <= one[0] <= end]
            if not is_equal(found, expected, DIFFERENCES["metadata"].get(name, {})):
                different.add((record["id"], sentence))
    assert different == listed(name)


def is_equal(found, expected, except_for):
    """Return whether tokens, metadata (except for some) and vectors are equal."""
    ours = [(row.begin, row.end, row.text, drop(row.metadata, except_for)) for row in found]
    if ours != [(begin, end, text, drop(metadata, except_for)) for begin, end, text, metadata, _ in expected]:
        return False
    vectors = np.array([one[4] for one in expected])
    return bool(np.abs(np.array([row.vector for row in found]) - vectors).max(initial=0) <= TOLERANCE)


def drop(metadata, keys):
    return {key: value for key, value in metadata.items() if key not in keys}


def test_averages_of_sentences_of_all_texts_but_the_listed_sentences():
    name = "xlmroberta"
    texts = [record["text"] for record in records(name)]
    frame = load(name).predict(texts, output_level="sentence", metadata=True)
    vectors, checked = nlu_lite.matrix(frame), 0
    expected = {(r["id"], n): one for r in records(name) for n, one in enumerate(r["sentence_average"])}
    for number, place in enumerate(zip(frame["document_number"], frame["sentence_number"], strict=True)):
        if place not in listed(name):
            assert frame["sentence"].iloc[number] == expected[place][2]
            np.testing.assert_allclose(vectors[number], expected[place][3], atol=TOLERANCE)
            checked += 1
    assert checked == len(expected) - len(listed(name))


@pytest.mark.parametrize("name", SENTENCES)
def test_vectors_of_sentence_models_but_the_listed_sentences(name):
    given = [(record["id"], number, row) for record in records(name) for number, row in enumerate(record["embeddings"])]
    texts = [row[2] for _, _, row in given]
    numbers = np.arange(len(texts), dtype=np.int32)
    runs = Runs(numbers, np.zeros_like(numbers), np.fromiter(map(len, texts), np.int32))
    found = open_tiny(read_archive(name), compat=Compat.SPARKNLP).run_vectors(texts, runs, POOLER, nothing)
    different = np.abs(found - np.array([row[4] for _, _, row in given])).max(axis=1) > TOLERANCE
    assert {given[number][:2] for number in np.flatnonzero(different)} == listed(name)


# --- the cut ---------------------------------------------------------------------------------------------------------


def test_tokens_beyond_the_cut_have_nan_and_means_leave_them_out():
    pipeline = load("xlmroberta")
    frame = pipeline.predict(LONG, metadata=True)
    vectors = nlu_lite.matrix(frame)
    lost = np.isnan(vectors).all(axis=1)
    assert np.flatnonzero(lost).tolist() == list(range(126, 201))
    assert np.isfinite(vectors[~lost]).all()
    assert frame["word_windows_xlmroberta"].tolist() == [1] * 126 + [0] * 75 + [1] * 3
    assert frame["word_pieces_xlmroberta"].min() == 1
    means = nlu_lite.matrix(pipeline.predict(LONG, output_level="sentence"))
    np.testing.assert_allclose(means[0], vectors[:126].mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(means[1], vectors[201:].mean(axis=0), atol=1e-6)
    whole = nlu_lite.matrix(pipeline.predict(LONG, output_level="document"))
    np.testing.assert_allclose(whole[0], vectors[~lost].mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(pipeline.encode(LONG), whole, atol=1e-6)


def test_the_tokens_before_the_cut_are_those_of_the_sentence_that_ends_there():
    pipeline = load("xlmroberta")
    long, short = (nlu_lite.matrix(pipeline.predict("word " * count)) for count in (300, 126))
    np.testing.assert_allclose(long[:126], short, atol=1e-5)
    assert np.isnan(long[126:]).all()


@pytest.mark.parametrize("pooling", ["first", "last", "mean", "max", "first_last"])
@pytest.mark.parametrize("alignment", ["word", "text"])
def test_a_token_that_the_cut_divides_keeps_its_first_pieces(pooling, alignment):
    text, options = "supercalifragilistic " * 40, {"pooling": Pooling(pooling), "alignment": Alignment(alignment)}
    encoder = open_tiny(read_archive("xlmroberta"), compat=Compat.SPARKNLP, max_length=128, **options)
    vectors = token_vectors(encoder, [text])
    lost = np.isnan(vectors).any(axis=1)
    assert np.isfinite(vectors[: int(lost.argmax())]).all()
    assert 0 < lost.argmax() < 40
    assert np.isnan(vectors[int(lost.argmax()) :]).all()


def test_the_context_of_a_document_is_cut_once():
    options = {"context": Context.DOCUMENT, "compat": Compat.SPARKNLP, "max_length": 8}
    encoder, texts = open_tiny(read_archive("xlmroberta"), **options), ["one two three. Four five six. Seven eight"]
    segments = segments_of(texts)
    vectors = encoder.token_vectors(texts, segments, nothing)
    stats = encoder.token_stats(texts, segments, segments.token_sentence)
    last = segments.token_sentence == 2
    assert np.isfinite(vectors[0]).all()
    assert np.isnan(vectors[last]).all()
    assert stats.windows.tolist()[-1] == 0


def test_the_length_is_that_of_the_archive_or_128_or_the_callers():
    assert load("xlmroberta").info["max_length"].tolist() == [128]
    assert nlu_lite.load(TINY, compat="sparknlp").info["max_length"].tolist() == [128]
    assert nlu_lite.load(TINY).info["max_length"].tolist() == [512]
    pipeline = load("xlmroberta", max_length=5)
    vectors = nlu_lite.matrix(pipeline.predict("word word word word"))
    assert np.isnan(vectors).any(axis=1).tolist() == [False] * 3 + [True]
    assert open_tiny(compat=Compat.SPARKNLP).max_length == 128


# --- the option ------------------------------------------------------------------------------------------------------

TEXT = 'He said: "No. Never." Wait... no; 今天。明天！ I\'d go (now).'


def test_sentences_and_tokens_are_the_same_in_every_language():
    frames = [nlu_lite.load("en.tokenize", compat="sparknlp").predict(TEXT, lang=lang) for lang in (None, "de", "zh")]
    assert frames[0].equals(frames[1])
    assert frames[0].equals(frames[2])
    assert "今天。明天！" in frames[0]["token"].tolist()
    assert not frames[0].equals(nlu_lite.load("en.tokenize").predict(TEXT))


def test_it_is_shown_changed_saved_and_pickled(tmp_path):
    default = nlu_lite.load(TINY)
    pipeline = default.with_(compat="sparknlp")
    loaded = nlu_lite.load(TINY, compat="sparknlp")
    assert repr(pipeline) == repr(loaded)
    assert "sentences: rules of Spark NLP" in repr(pipeline)
    assert "compat='sparknlp'" in repr(pipeline)
    assert pipeline.info["rules"].tolist() == ["rules of Spark NLP"]
    pipeline.save(tmp_path / "saved")
    expected = pipeline.predict(LONG)
    for other in (loaded, nlu_lite.load(path=tmp_path / "saved"), pickle.loads(pickle.dumps(pipeline))):
        assert other.predict(LONG)["token"].equals(expected["token"])
        np.testing.assert_allclose(nlu_lite.matrix(other.predict(LONG)), nlu_lite.matrix(expected), atol=1e-5)
    assert repr(pipeline.with_(compat=None)) == repr(default)
    assert np.isfinite(nlu_lite.matrix(pipeline.with_(compat=None).predict(LONG))).all()


def test_it_reaches_the_workers_of_an_engine():
    pa = pytest.importorskip("pyarrow")
    pipeline = nlu_lite.load(TINY, compat="sparknlp")
    table = pa.table({"text": [LONG]})
    mapper = pickle.loads(pickle.dumps(pipeline.mapper(table.schema)))
    (batch,) = mapper(iter(table.to_batches()))
    assert batch.column("token").to_pylist() == pipeline.predict(LONG)["token"].tolist()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("words", "dictionary"),
        ("newline_breaks", "lines"),
        ("keep_whole", "a"),
        ("keep_whole", ["a"]),
        ("alignment", "text"),
        ("context", "document"),
    ],
)
def test_options_that_it_excludes(option, value):
    with pytest.raises(
        OptionError, match=rf"{option}=.* and compat='sparknlp'; expected one of them.*Leave {option} out"
    ):
        nlu_lite.load("de.tokenize", compat="sparknlp", **{option: value})
    if option != "words":
        with pytest.raises(OptionError, match="Leave"):
            nlu_lite.load("de.tokenize", **{option: value}).with_(compat="sparknlp")


@pytest.mark.parametrize("value", ["spark", "SparkNLP", True, 1])
def test_other_values(value):
    with pytest.raises(OptionError, match=r"compat=.*expected 'sparknlp'"):
        nlu_lite.load("de.tokenize", compat=value)


def test_a_callable_replaces_its_stage():
    def split_words(sentence):
        return [(0, len(sentence))]

    def split_sentences(text):
        return [(0, len(text))]

    text = "One. Two (3)"
    whole = nlu_lite.load("en.tokenize", compat="sparknlp", sentence_splitter=split_sentences)
    assert whole.predict(text, metadata=True)["sentence_number"].tolist() == [0] * 6
    assert whole.predict(text)["token"].tolist() == ["One", ".", "Two", "(", "3", ")"]
    words = nlu_lite.load("en.tokenize", compat="sparknlp", tokenizer=split_words)
    assert words.predict(text)["token"].tolist() == ["One.", "Two (3)"]


def test_sentences_of_the_caller_are_kept():
    pipeline = nlu_lite.load("en.tokenize", compat="sparknlp")
    frame = pipeline.predict([["One. Two (three)", "x. y"]], split="sentences", metadata=True)
    assert frame["sentence_number"].tolist() == [0] * 6 + [1] * 3
    assert frame["token"].tolist() == ["One", ".", "Two", "(", "three", ")", "x", ".", "y"]


def test_float16_in_a_file_has_nan_for_tokens_beyond_the_cut(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    (tmp_path / "in.txt").write_text(LONG + "\n", encoding="utf-8")
    pipeline = nlu_lite.load(TINY, compat="sparknlp")
    pipeline.predict_file(tmp_path / "in.txt", tmp_path / "out.parquet", dtype="float16")
    found = nlu_lite.matrix(parquet.read_table(tmp_path / "out.parquet"))
    np.testing.assert_allclose(found, nlu_lite.matrix(pipeline.predict(LONG)), rtol=1e-3, atol=1e-3)
    assert np.isnan(found).any()


def test_the_command_has_it():
    from typer.testing import CliRunner

    from nlu_lite.cli import app

    command = ["predict", "--ref", "en.tokenize", "--compat", "sparknlp", "--json", "Wait... no"]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    assert [json.loads(line)["token"] for line in done.stdout.splitlines()] == ["Wait", ".", ".", ".", "no"]
    refused = CliRunner().invoke(app, ["predict", "--compat", "nlu", "x"])
    assert refused.exit_code != 0
