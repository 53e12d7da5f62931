"""`Pipeline.mapper`: the same result as `predict`, as a function of record batches that runs in other processes."""

import functools
import multiprocessing
import os
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nlu_lite
from nlu_lite import InputError, IntegrityError, OptionError, SourceError
from nlu_lite.pipeline import opened
from nlu_lite.pipeline.mapper import load_mapper
from tests.tools.tiny import TEXTS

DATA = Path(__file__).parent / "data"
MODEL = f"path:{DATA / 'xlmroberta_weights'}"
COLUMN = "word_embedding_xlmroberta_weights"


@dataclass
class Whole:
    """A tokenizer without a hash: each sentence is a token."""

    notes: list = field(default_factory=list)

    def __call__(self, sentence):
        return [(0, len(sentence))]


@pytest.fixture(scope="module")
def pipeline():
    return nlu_lite.load(MODEL, threads=1)


@pytest.fixture(autouse=True)
def _no_open_models():
    nlu_lite.clear_models()
    yield
    nlu_lite.clear_models()


@pytest.fixture
def opens(monkeypatch):
    """Count the models that are opened from recipes."""
    found = []
    original = opened.open_model
    monkeypatch.setattr(opened, "open_model", lambda *args, **options: found.append(1) or original(*args, **options))
    return found


def table_of(texts, **columns):
    return pa.table({"id": pa.array(range(len(texts)), pa.int16()), "text": pa.array(texts, pa.string()), **columns})


def expected_columns(pipeline, table, **options):
    result = pipeline.predict(table, as_="arrow", **options).drop_columns(["index"])
    return {name: result.column(name).to_pylist() for name in result.column_names}


# --- equal to predict ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vectors", ["list", "fixed"])
@pytest.mark.parametrize("level", ["token", "sentence", "document"])
def test_a_mapper_returns_the_rows_of_predict(pipeline, level, vectors):
    table = table_of([*TEXTS[:12], "", "One. Two."])
    options = {"output_level": level, "positions": True, "metadata": True}
    mapper = pipeline.mapper(table.schema, vectors=vectors, **options)
    result = mapper.map(table)
    expected = expected_columns(pipeline, table, **options)
    found = {name: result.column(name).to_pylist() for name in result.column_names}
    np.testing.assert_allclose(found.pop(COLUMN), expected.pop(COLUMN), atol=5e-6)
    assert found == expected


def test_columns_have_the_declared_order_with_vectors_last(pipeline):
    schema = pa.schema([("index", pa.int8()), ("text", pa.string()), ("when", pa.timestamp("us", "UTC"))])
    mapper = pipeline.mapper(schema, positions=True, metadata=True)
    assert mapper.schema.names == [
        *("index", "when", "token", "token_begin", "token_end", "document_number", "sentence_number", "token_number"),
        *(f"word_{fact}_xlmroberta_weights" for fact in ("pieces", "oov", "windows")),
        COLUMN,
    ]
    assert mapper.schema.field("index").type == pa.int8()
    assert mapper.schema.field(COLUMN).type == pa.list_(pa.float32())


def test_fields_of_kept_columns_stay_as_they_are(pipeline):
    name = pa.field("name", pa.dictionary(pa.int8(), pa.string()), nullable=False, metadata={"a": "b"})
    schema = pa.schema([name, ("text", pa.string())])
    assert pipeline.mapper(schema).schema.field("name").equals(name, check_metadata=True)


@settings(max_examples=25, deadline=None)
@given(sizes=st.lists(st.integers(0, 7), max_size=5), chunk=st.integers(1, 9))
def test_batches_of_any_size_have_the_same_result(sizes, chunk):
    words = nlu_lite.load("en.tokenize")
    texts = [TEXTS[n % len(TEXTS)] for n in range(sum(sizes))]
    table = table_of(texts)
    firsts = np.cumsum([0, *sizes])
    batches = [table.slice(first, size).to_batches() for first, size in zip(firsts, sizes, strict=False)]
    mapper = words.mapper(table.schema, chunk=chunk, metadata=True)
    result = pa.Table.from_batches(mapper([one for batch in batches for one in batch]), mapper.schema)
    assert result.to_pydict() == expected_columns(words, table, metadata=True)


def test_columns_of_a_batch_are_found_by_name(pipeline):
    table = table_of(["One two."], extra=[1.5])
    mapper = pipeline.mapper(table.schema)
    (shuffled,) = table.select(["extra", "text", "id"]).append_column("new", [[0]]).to_batches()
    (result,) = mapper([shuffled])
    assert result.schema == mapper.schema
    assert result.to_pydict()["extra"] == [1.5] * 3


def test_languages_come_from_a_column():
    table = table_of(["Das ist z. B. gut. Ja."], lang=["de"])
    mapper = nlu_lite.load("sentence_detector").mapper(table.schema, lang_column="lang", keep_columns=False)
    assert mapper.map(table).to_pydict() == {"sentence": ["Das ist z. B. gut.", "Ja."]}


def test_texts_may_be_lists_of_words_views_or_dictionaries():
    words = nlu_lite.load("en.tokenize")
    column = pa.array(["One two.", "Three"])
    for cast, expected in [
        (column.cast(pa.string_view()), ["One", "two", ".", "Three"]),
        (column.cast(pa.large_string()), ["One", "two", ".", "Three"]),
        (column.dictionary_encode(), ["One", "two", ".", "Three"]),
        (pa.array([["One two", "."], ["Three"]]), ["One two", ".", "Three"]),
    ]:
        table = pa.table({"text": cast})
        assert words.mapper(table.schema).map(table).to_pydict() == {"token": expected}


def test_long_texts_are_not_collected_in_one_chunk(monkeypatch):
    words = nlu_lite.load("en.tokenize")
    table = table_of(["word " * 10_000] * 6)
    mapper, sizes = words.mapper(table.schema), []
    predict = type(words)._predict
    monkeypatch.setattr(
        type(words), "_predict", lambda self, data, *rest: sizes.append(len(data)) or predict(self, data, *rest)
    )
    batches = list(mapper(table.to_batches()))
    assert sizes == [5, 1]
    assert sum(batch.num_rows for batch in batches) == 60_000
    assert max(batch.num_rows for batch in batches) <= 8192


def test_chunks_are_cut_by_bytes_of_words_and_of_characters_beyond_ascii(monkeypatch):
    words, sizes = nlu_lite.load("en.tokenize"), []
    predict = type(words)._predict
    monkeypatch.setattr(
        type(words), "_predict", lambda self, data, *rest: sizes.append(len(data)) or predict(self, data, *rest)
    )
    for column in (
        pa.array([["word" * 10] * 2_000] * 3),
        pa.array(["\u0bb5" * 40_000] * 3),
        pa.array(["\u0bb5" * 40_000] * 3).dictionary_encode(),
    ):
        table = pa.table({"text": column})
        list(words.mapper(table.schema)(table.to_batches()))
    assert sizes == [0, 2, 1] * 3  # an empty table shows the schema


def test_batches_are_cut_where_long_values_are_repeated():
    words, table = nlu_lite.load("en.tokenize"), table_of(["one two three four five"] * 2, long=["a" * 15_000_000, "b"])
    batches = list(words.mapper(table.schema)(table.to_batches()))
    assert [batch.num_rows for batch in batches] == [2, 2, 6]
    expected = expected_columns(words, table.drop_columns(["long"]))
    assert pa.Table.from_batches(batches).drop_columns(["long"]).to_pydict() == expected


# --- once a process --------------------------------------------------------------------------------------------------


def test_a_mapper_pickles_to_a_few_kilobytes(pipeline):
    assert len(pickle.dumps(pipeline.mapper(table_of([]).schema))) < 5000


def test_models_are_opened_once_however_many_mappers_are_unpickled(pipeline, opens):
    table = table_of(["One."])
    data = pickle.dumps(pipeline.mapper(table.schema))
    results = [pickle.loads(data).map(table) for _ in range(20)]
    assert len(opens) == 1
    assert all(result == results[0] for result in results)


def test_an_empty_partition_opens_no_model(pipeline, opens):
    mapper = pickle.loads(pickle.dumps(pipeline.mapper(table_of([]).schema)))
    assert list(mapper([])) == []
    assert mapper.map(table_of([])).schema == mapper.schema
    assert not opens


def test_unpickled_pipelines_share_their_models_until_these_are_cleared(pipeline, opens):
    data = pickle.dumps(pipeline)
    first = pickle.loads(data)
    assert pickle.loads(data) is first
    nlu_lite.clear_models()
    assert pickle.loads(data) is not first
    assert len(opens) == 2


def test_models_are_opened_once_by_threads_that_come_at_the_same_time(pipeline, opens):
    data = pickle.dumps(pipeline)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(pickle.loads, [data] * 32))
    assert len(opens) == 1
    assert all(one is found[0] for one in found)


def test_pipelines_of_other_options_do_not_share(pipeline, opens):
    one, other = pickle.dumps(pipeline), pickle.dumps(pipeline.with_(pooling="mean"))
    assert pickle.loads(one).options != pickle.loads(other).options
    assert len(opens) == 2


def test_objects_as_stages_are_opened_once_too(pipeline, opens):
    table = table_of(["One two."])
    for tokenizer in (Whole(), Whole(["a"])):
        data = pickle.dumps(pipeline.with_(tokenizer=tokenizer).mapper(table.schema))
        results = [pickle.loads(data).map(table)["token"].to_pylist() for _ in range(5)]
        assert results == [["One two."]] * 5
    assert len(opens) == 2


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_another_process_returns_the_same(pipeline):
    table = table_of(TEXTS[:6])
    mapper = pipeline.mapper(table.schema)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        (found,) = pool.map(mapper.map, [table])
    assert found.equals(mapper.map(table))


# --- bad input -------------------------------------------------------------------------------------------------------


def test_an_error_names_the_row_by_the_columns_that_are_kept_and_the_process(pipeline):
    table = table_of(["One.", None, "Three."])
    with pytest.raises(InputError, match=rf"row id='1', host .*, process {os.getpid()}: there is no text"):
        pipeline.mapper(table.schema).map(table)
    with pytest.raises(InputError, match="row 1 of the chunk, host"):
        pipeline.mapper(table.schema, keep_columns=False).map(table)


def test_missing_texts_can_be_skipped(pipeline):
    table = table_of(["One.", None, "Three."])
    assert pipeline.mapper(table.schema, missing="skip").map(table)["id"].to_pylist() == [0, 0, 2, 2]


def test_a_batch_of_another_schema_is_refused(pipeline):
    table = table_of(["One."])
    mapper = pipeline.mapper(table.schema)
    for other, text in [
        (table.drop_columns(["id"]), "no 'id'"),
        (table.set_column(0, "id", [pa.array([1.5])]), "'id' of type double .*expected 'id' of type int16"),
    ]:
        with pytest.raises(InputError, match=text):
            mapper.map(other)


@pytest.mark.parametrize(
    ("fields", "options", "text"),
    [
        ({"id": pa.int8()}, {}, "no column is called 'text'"),
        ({"a": pa.string(), "b": pa.string()}, {}, "no column is called 'text'"),
        ({"a": pa.string()}, {"text_column": "aa"}, "text_column='aa' is no column"),
        ({"text": pa.int8()}, {}, "the column 'text' is of type int8"),
        ({"text": pa.string(), "lang": pa.int8()}, {"lang_column": "lang"}, "the column 'lang' is of type int8"),
        ({"text": pa.string(), "token": pa.string()}, {}, r"the columns \['token'\] have the names"),
        ({"text": pa.string(), COLUMN: pa.string()}, {}, "have the names"),
    ],
)
def test_a_schema_that_does_not_fit_is_refused_before_anything_runs(pipeline, fields, options, text):
    with pytest.raises(InputError, match=text):
        pipeline.mapper(pa.schema(fields), **options)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"vectors": "lists"}, "vectors='lists'"),
        ({"chunk": 0}, "chunk=0"),
        ({"threads": 0}, "threads=0"),
        ({"output_level": "word"}, "output_level='word'"),
    ],
)
def test_options_are_checked_at_once(pipeline, options, text):
    with pytest.raises(OptionError, match=text):
        pipeline.mapper(table_of([]).schema, **options)


def test_a_schema_is_needed(pipeline):
    with pytest.raises(OptionError, match=r"schema is a value of type Table; expected a pyarrow\.Schema"):
        pipeline.mapper(table_of([]))


def test_a_stage_that_other_processes_cannot_import_is_refused():
    words = nlu_lite.load("en.tokenize", tokenizer=lambda text: [(0, len(text))])
    with pytest.raises(OptionError, match=r"tokenizer=<function .*cannot be imported by other processes"):
        words.mapper(table_of([]).schema)


@pytest.mark.parametrize("wrap", [lambda stage: stage, functools.partial, lambda stage: Whole([stage])])
def test_a_function_of_the_main_module_is_refused_at_any_depth(monkeypatch, wrap):
    main = sys.modules["__main__"]
    exec("def split(text):\n    return [(0, len(text))]", vars(main))
    try:
        words = nlu_lite.load("en.tokenize", tokenizer=wrap(main.split))
        with pytest.raises(OptionError, match=r"cannot be imported by other processes.*main module"):
            words.mapper(table_of([]).schema)
    finally:
        del main.split


def test_types_of_an_engine_are_adopted_but_texts_stay_strings(pipeline):
    mapper = pipeline.mapper(table_of([]).schema)
    table = table_of(["One."]).cast(pa.schema([("id", pa.int64()), ("text", pa.large_string())]))
    assert mapper.adopt_types(table.schema).map(table).schema.field("id").type == pa.int64()
    with pytest.raises(InputError, match=r"host .*, process \d+: the column 'text' is of type int8"):
        mapper.adopt_types(pa.schema({"text": pa.int8()}))


@pytest.mark.parametrize(
    ("loaded", "options", "text"),
    [
        ({"backend": "openvino"}, {"device": "cuda"}, r"device='cuda' with backend=\"openvino\""),
        ({}, {"device": "gpu"}, "device='gpu'; expected 'cpu', 'cuda'"),
        ({}, {"threads": 5000}, "threads=5000"),
    ],
)
def test_options_that_would_fail_in_every_process_are_refused_at_once(loaded, options, text):
    with pytest.raises(OptionError, match=text):
        nlu_lite.load(MODEL, **loaded).mapper(table_of([]).schema, **options)


def test_the_device_may_be_one_of_other_machines(pipeline):
    assert pipeline.mapper(table_of([]).schema, device="cuda:1").recipe.options.device == "cuda:1"


@pytest.mark.parametrize(("options", "threads"), [({}, 1), ({"threads": 3}, 3)])
def test_a_forward_pass_uses_one_thread_unless_more_are_asked_for(options, threads):
    mapper = nlu_lite.load(MODEL).mapper(table_of([]).schema, **options)
    assert pickle.loads(pickle.dumps(mapper)).recipe.options.threads == threads


def test_a_mapper_whose_callables_are_missing_here_names_host_and_remedy():
    data = pickle.dumps(nlu_lite.load("en.tokenize", tokenizer=Whole()).mapper(table_of([]).schema))
    with pytest.raises(SourceError, match=r"host .*, process \d+: .*Holew.*Install them on every machine"):
        load_mapper(data.replace(b"Whole", b"Holew"))


def test_files_that_have_changed_are_an_error_of_the_worker(pipeline, tmp_path):
    import shutil

    folder = tmp_path / "model"
    shutil.copytree(DATA / "xlmroberta_weights", folder)
    table = table_of(["One."])
    data = pickle.dumps(nlu_lite.load(f"path:{folder}").mapper(table.schema))
    config = folder / "config.json"
    config.write_text(config.read_text(encoding="utf-8").replace("1e-05", "1e-06"), encoding="utf-8")
    with pytest.raises(IntegrityError, match=rf"host .*, process {os.getpid()}: "):
        pickle.loads(data).map(table)
