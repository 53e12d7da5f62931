import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import nlu_lite
from nlu_lite import ModelError, OptionError, SourceError
from nlu_lite.options import FileFormat, PredictRequest, VectorDtype, parse_file_request

MODEL = f"path:{Path(__file__).parent / 'data' / 'xlmroberta_weights'}"
TEXT = "Put your unbelievable text here. And another."


@pytest.fixture(scope="module")
def pipeline():
    return nlu_lite.load(MODEL, reproducible=True)


CHANGES = [
    {"pooling": "mean"},
    {"pooling": "first_last"},
    {"layers": (0, -1), "layer_merge": "concat"},
    {"alignment": "text"},
    {"context": "document"},
    {"max_length": 8},
    {"normalize": True},
    {"sentence_pooling": "cls", "prompt": "query: "},
    {"keep_whole": "your unbelievable"},
    {"newline_breaks": "lines"},
]


@pytest.mark.parametrize("changes", CHANGES, ids=lambda changes: ",".join(changes))
def test_a_changed_pipeline_gives_what_one_loaded_so_gives(pipeline, changes):
    level = "sentence" if "prompt" in changes else "token"
    before = nlu_lite.matrix(pipeline.predict(TEXT))
    changed, loaded = pipeline.with_(**changes), nlu_lite.load(MODEL, reproducible=True, **changes)
    found, expected = (one.predict(TEXT, output_level=level) for one in (changed, loaded))
    assert found[level].tolist() == expected[level].tolist()
    np.testing.assert_array_equal(nlu_lite.matrix(found), nlu_lite.matrix(expected))
    assert repr(changed) == repr(loaded)
    assert changed.settings == loaded.settings
    assert changed.options == loaded.options
    np.testing.assert_array_equal(nlu_lite.matrix(pipeline.predict(TEXT)), before)


def test_the_weights_are_the_same_not_copies(pipeline):
    changed = pipeline.with_(pooling="mean")
    assert changed is not pipeline
    assert changed.models[0].encoder.backend is pipeline.models[0].encoder.backend
    assert pipeline.options.encoder.pooling.value == "first"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"poling": "mean"}, "there is no option 'poling'.*Nearest: pooling"),
        ({"pooling": "meen"}, "pooling='meen'.*Nearest: mean"),
        ({"device": "cuda"}, r"device= needs the weights to be opened again.*load\(device="),
        ({"precision": "bf16"}, "precision= needs the weights"),
        ({"layers": 3}, "layers=3"),
        ({"layers": (7,)}, "layer"),
        ({"max_length": 100_000}, "max_length"),
    ],
)
def test_what_cannot_be_changed_is_refused(pipeline, changes, said):
    with pytest.raises(OptionError, match=said):
        pipeline.with_(**changes)


@pytest.mark.parametrize("value", [5, None, [r"a", 5], {5}, b"a"])
def test_what_is_no_pattern_is_refused(value):
    with pytest.raises(OptionError, match=r"keep_whole=.*expected a regular expression"):
        nlu_lite.load("en.tokenize", keep_whole=value)


@pytest.mark.parametrize("value", [5, b"a", ["a"]])
def test_what_is_no_path_is_refused(value):
    words = nlu_lite.load("en.tokenize")
    calls = [
        lambda: words.save(value),
        lambda: words.predict_file(value, "out.parquet"),
        lambda: words.predict_file("in.txt", value),
        lambda: nlu_lite.load(path=value),
        lambda: nlu_lite.load("en.tokenize", lock=value),
        lambda: nlu_lite.load("en.tokenize", cache_dir=value),
    ]
    for call in calls:
        with pytest.raises(OptionError, match=f"is a {type(value).__name__}; expected the path"):
            call()


def test_data_in_memory_are_no_file():
    with pytest.raises(OptionError, match=r"source is a DataFrame.*Call predict or stream"):
        nlu_lite.load("en.tokenize").predict_file(pd.DataFrame({"text": ["a"]}), "out.parquet")


def test_a_pooler_that_is_not_there_is_refused(pipeline):
    if pipeline.models[0].encoder.pooler is None:
        with pytest.raises(ModelError, match="no pooler"):
            pipeline.with_(sentence_pooling="pooler")
    else:
        with pytest.raises(OptionError, match="pooler"):
            pipeline.with_(sentence_pooling="pooler", layers=(0,))


def test_many_threads_may_predict_at_once(pipeline):
    texts = [f"Thread number {n} says{' so' * (n % 9)}." for n in range(24)]
    others = pipeline.with_(pooling="mean")
    expected = [(nlu_lite.matrix(one.predict(text))) for text in texts for one in (pipeline, others)]
    ready = threading.Barrier(8)

    def work(number):
        if number < 8:
            ready.wait(30)
        text, one = texts[number // 2], (pipeline, others)[number % 2]
        return nlu_lite.matrix(one.predict(text))

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, range(48)))
    assert all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))


@pytest.mark.parametrize("chunk", [None, 0, -1, 1.5, True, "8"])
def test_a_chunk_is_a_number_of_rows(tmp_path, chunk):
    words = nlu_lite.load("en.tokenize")
    with pytest.raises(OptionError, match=r"chunk=.* expected a whole number from 1 on"):
        words.stream(["a"], chunk=chunk)
    with pytest.raises(OptionError, match=r"chunk=.* expected a whole number from 1 on"):
        words.predict_file(tmp_path / "in.txt", tmp_path / "out.parquet", chunk=chunk)


@pytest.mark.parametrize("name", ["positions", "metadata", "keep_columns"])
def test_a_flag_is_true_or_false(name):
    words = nlu_lite.load("en.tokenize")
    with pytest.raises(OptionError, match=rf"{name}='no'; expected True or False"):
        words.predict("a", **{name: "no"})
    with pytest.raises(OptionError, match=rf"{name}='no'"):
        words.stream(["a"], **{name: "no"})


def test_help_shows_the_options_that_are_passed_on():
    import inspect

    stream = inspect.signature(nlu_lite.Pipeline.stream).parameters
    predict = inspect.signature(nlu_lite.Pipeline.predict).parameters
    shared = [name for name in stream if name in predict and name != "as_"]
    assert [stream[name].default for name in shared] == [predict[name].default for name in shared]
    assert "empty" in shared


@pytest.mark.parametrize("backend", ["torch", "openvino"])
@pytest.mark.parametrize("threads", [0, -1, 2**31, 10**30, 1.5, True])
def test_threads_are_a_number_that_a_machine_can_have(backend, threads):
    with pytest.raises(OptionError, match=r"threads=.* expected a whole number from 1 to 1024"):
        nlu_lite.load(MODEL, backend=backend, threads=threads)


FILE_OPTIONS = {"chunk": 8, "dtype": "float16", "existing": "replace", "format": "csv", "delimiter": ";"}


def test_a_request_for_files_is_parsed_once():
    request = parse_file_request("-", "out.parquet", PredictRequest(), **FILE_OPTIONS)
    assert (request.source, request.target) == ("-", Path("out.parquet"))
    assert (request.format, request.dtype) == (FileFormat.CSV, VectorDtype.FLOAT16)
    assert parse_file_request(Path("-"), "out.parquet", PredictRequest(), **FILE_OPTIONS).source == Path("-")


@pytest.mark.parametrize("source", ["", "./-", Path("-")])
def test_only_a_dash_is_standard_input(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match="does not exist"):
        nlu_lite.load("en.tokenize").predict_file(source, tmp_path / "out.parquet")


@pytest.mark.parametrize(
    ("option", "value"),
    [("chunk", 0), ("chunk", 2.5), ("dtype", "float8"), ("existing", "keep"), ("format", "xml"), ("target", 3)],
)
def test_options_of_files_that_are_unknown_are_refused(option, value):
    options = {"source": "in.csv", "target": "out.parquet", "predict": PredictRequest()} | FILE_OPTIONS
    with pytest.raises(OptionError, match=option):
        parse_file_request(**(options | {option: value}))
