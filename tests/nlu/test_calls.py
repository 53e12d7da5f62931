"""`nlu_lite.nlu`: NLU's calls with NLU's conventions."""

import logging
from inspect import signature

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import MODEL

import nlu_lite
import nlu_lite.nlu as nlu
from nlu_lite._util.nlu_names import InNlu, Place, load_nlu_names
from nlu_lite.errors import InputError, OptionError, UnknownReference, UnsupportedCall, UnsupportedReference
from nlu_lite.nlu.components import ContextTokenizer

REFERENCE = f"path:{MODEL}"
VECTORS = "word_embedding_xlmroberta_weights"
TEXTS = ["One. Two three!", "Vier \U0001f600 fünf."]


@pytest.fixture(scope="module")
def ours():
    return nlu_lite.load(REFERENCE)


@pytest.fixture
def pipe(ours):
    return nlu.to_nlu_pipe(ours)


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [Place.MODULE, Place.PIPELINE])
def test_each_name_of_nlu_works_or_is_an_error_with_the_new_call(place, pipe):
    owner = nlu if place is Place.MODULE else pipe
    for one in load_nlu_names().values():
        if one.place is not place or (place is Place.MODULE and one.name == "NLUPipeline"):
            continue
        assert hasattr(owner, one.name) == (one.in_nlu is InNlu.YES), one.name
        if one.in_nlu is InNlu.NO:
            with pytest.raises(UnsupportedCall, match="which is a name of NLU"):
                getattr(owner, one.name)


def test_each_setter_of_nlu_works_on_a_component_or_is_an_error_with_the_new_call(pipe):
    for one in load_nlu_names().values():
        if one.place is Place.COMPONENT:
            assert any(hasattr(component, one.name) for component in pipe.values()) == (one.in_nlu is InNlu.YES)
            for component in pipe.values():
                if not hasattr(component, one.name):
                    with pytest.raises(UnsupportedCall, match=one.name):
                        getattr(component, one.name)


FUNCTIONS = [getattr(nlu, name) for name in nlu.__all__ if name != "NLUPipeline"]
METHODS = [getattr(nlu.NLUPipeline, name) for name in ("predict", "predict_embeds", "fit", "save", "print_info")]


@pytest.mark.parametrize("call", [one for one in [*FUNCTIONS, *METHODS] if signature(one).parameters])
def test_a_mistyped_argument_is_an_error_with_the_nearest_names(call, pipe):
    owner = [pipe] if "self" in signature(call).parameters else []
    for name in set(signature(call).parameters) - {"self"}:
        mistyped = f"{name}_"
        with pytest.raises(
            TypeError, match=rf"unexpected keyword argument '{mistyped}'.*Nearest: .*\b{name}\b"
        ) as caught:
            call(*owner, **{mistyped: 1})
        assert isinstance(caught.value, OptionError)


def test_other_names_are_plain_attribute_errors(pipe):
    for owner in (nlu, pipe, pipe["tokenizer"]):
        with pytest.raises(AttributeError) as caught:
            owner.nothing_like_it  # noqa: B018
        assert not isinstance(caught.value, nlu_lite.NluLiteError)


# --- load ------------------------------------------------------------------------------------------------------------


def test_load_takes_the_arguments_of_nlu():
    pipe = nlu.load(REFERENCE, None, True, False, streamlit_caching=False, apple_silicon=False, get_tracer=False)
    assert pipe.nlu_ref == REFERENCE
    assert pipe.lang == "xx"
    assert nlu.version() == nlu_lite.__version__


@pytest.mark.parametrize(("gpu", "device"), [(True, "cuda"), (False, "cpu")])
def test_gpu_is_the_device(gpu, device, ours, monkeypatch):
    devices = []
    monkeypatch.setattr(nlu.rooms, "load", lambda *references, **options: devices.append(options["device"]) or ours)
    nlu.load(REFERENCE, gpu=gpu)
    nlu.load(path="saved", gpu=gpu)
    assert devices == [device, device]


def test_a_model_that_splits_texts_becomes_a_component_with_a_warning(caplog):
    with caplog.at_level(logging.WARNING, "nlu_lite"):
        pipe = nlu.load("ja.segment_words")
    assert "'ja.tokenize' is loaded instead" in caplog.text
    assert pipe.predict("東京は日本の首都です。", output_level="token")["token"].tolist()[:2] == ["東京", "は"]


def test_other_tasks_are_refused():
    with pytest.raises(UnsupportedReference, match=r"Load 'bert'\. For parts of speech, use spaCy"):
        nlu.load("pos bert")


def test_prompts_are_a_part_of_the_texts(tmp_path):
    lines = ["[[model]]", 'reference = "xx.embed_sentence.mine"', 'kind = "XlmRoBertaSentenceEmbeddings"']
    lines += [f'folder = "{MODEL.as_posix()}"', 'sentence = { pooling = "mean", prompt = "query: " }']
    (tmp_path / "own.toml").write_text("\n".join(lines), encoding="utf-8")
    with nlu_lite.register(tmp_path / "own.toml"):
        found = nlu.load("xx.embed_sentence.mine").predict_embeds("query: one two")
        with_prompt = nlu_lite.load("xx.embed_sentence.mine").predict("one two", output_level="document")
    np.testing.assert_allclose(found, nlu_lite.matrix(with_prompt), atol=1e-5)


# --- predict ---------------------------------------------------------------------------------------------------------


def test_positions_are_inclusive_and_columns_sorted(pipe, ours):
    frame = pipe.predict(TEXTS, positions=True)
    assert frame.columns.tolist() == ["token", "token_begin", "token_end", VECTORS]
    rows = zip(frame.index, frame["token"], frame["token_begin"], frame["token_end"], strict=True)
    assert all(TEXTS[i][begin : end + 1] == token for i, token, begin, end in rows)
    half_open = ours.predict(TEXTS, positions=True)
    assert (frame["token_end"] + 1).tolist() == half_open["token_end"].tolist()
    np.testing.assert_array_equal(nlu_lite.matrix(frame), nlu_lite.matrix(half_open))


@pytest.mark.parametrize(("level", "end"), [("sentence", 3), ("document", 14)])
def test_positions_are_inclusive_at_each_level(level, end, pipe):
    assert pipe.predict(TEXTS, level, positions=True)[f"{level}_end"].iloc[0] == end


def test_metadata_has_the_columns_of_nlu(pipe):
    frame = pipe.predict(pd.Series(TEXTS, index=["x", "y"]), output_level="token", metadata=True)
    names = ["document", "origin_index", "sentence", "token", "token_origin_sentence", VECTORS, f"{VECTORS}_is_OOV"]
    assert frame.columns.tolist() == names
    assert frame["origin_index"].tolist() == frame.index.tolist() == ["x"] * 5 + ["y"] * 4
    assert frame["document"].tolist() == [TEXTS[0]] * 5 + [TEXTS[1]] * 4
    assert frame["sentence"].iloc[0] == ["One.", "Two three!"]
    assert frame["token_origin_sentence"].tolist() == ["0", "0", "1", "1", "1", "0", "0", "0", "0"]
    assert set(frame[f"{VECTORS}_is_OOV"]) == {"true", "false"}


@pytest.mark.parametrize("level", ["token", "sentence", "document"])
def test_irrelevant_columns_are_those_of_metadata(level, pipe):
    kept = pipe.predict(TEXTS, level, drop_irrelevant_cols=False)
    pd.testing.assert_frame_equal(kept, pipe.predict(TEXTS, level, metadata=True))
    assert {"document", "origin_index", "sentence"} <= set(kept.columns)


def test_a_frame_is_read_from_text_or_its_first_column_and_is_not_changed(pipe):
    frame = pd.DataFrame({"comment": ["A b.", None, "C."], "label": [1, 0, 1]}, index=[7, 8, 9])
    before = frame.copy(deep=True)
    found = pipe.predict(frame, output_level="token")
    assert found.columns.tolist() == ["label", "token", VECTORS]
    assert found["label"].tolist() == [1] * 5
    assert found.index.tolist() == [7, 7, 7, 9, 9]
    pd.testing.assert_frame_equal(frame, before)
    named = frame.assign(text="Other words.")
    assert pipe.predict(named)["token"].iloc[0] == "Other"
    assert "label" not in pipe.predict(frame, keep_stranger_features=False)


def test_accepted_arguments_change_nothing(pipe):
    plain = pipe.predict(TEXTS)
    pd.testing.assert_frame_equal(pipe.predict(TEXTS, "", multithread=False, partition=8), plain)
    assert pipe.predict(TEXTS, get_embeddings=False).columns.tolist() == ["token"]
    assert pipe.predict(iter(TEXTS), metadata=True)["document"].tolist()[0] == TEXTS[0]


@pytest.mark.parametrize(
    "options",
    [
        {"output_level": "chunk"},
        {"output_level": "relation"},
        {"return_spark_df": True},
        {"output_path": "out"},
        {"parser_output": True},
        {"parser_config": {"a": 1}},
    ],
)
def test_other_arguments_are_errors_with_the_new_call(options, pipe):
    with pytest.raises(OptionError, match="which is NLU's") as caught:
        pipe.predict("One.", **options)
    assert caught.value.remedy
    with pytest.raises(OptionError, match="'token', 'sentence', 'document'"):
        pipe.predict("One.", output_level="tokens")


def test_vectors_of_documents_are_lists_of_floats(pipe):
    with pytest.raises(InputError, match="no sentence model"):
        pipe.predict_embeds("One.")
    with pytest.raises(OptionError, match="return_spark_df"):
        pipe.predict_embeds("One.", return_spark_df=True)


def test_nothing_is_fitted(pipe):
    assert pipe.fit() is pipe
    with pytest.raises(UnsupportedCall, match="scikit-learn"):
        pipe.fit(pd.DataFrame({"text": ["a"], "y": [1]}))


# --- components ------------------------------------------------------------------------------------------------------


def test_print_info_prints_setters_to_copy(pipe, capsys):
    pipe.print_info()
    printed = capsys.readouterr().out
    for line in printed.splitlines()[1:]:
        if line.startswith("pipe[") and "(...)" not in line:
            eval(line.partition(" | ")[0], {"pipe": pipe})
    assert "pipe['embeddings@xlmroberta_weights'].setMaxSentenceLength(512) | Currently set to : 512" in printed


def test_setters_change_the_pipeline(pipe):
    pipe["embeddings@xlmroberta_weights"].setMaxSentenceLength(64).setBatchSize(4)
    pipe["default_tokenizer"].setExceptions(["New York"]).addException("San Jose").setLazyAnnotator(False)
    pipe["sentence_detector"].setExplodeSentences(True)
    assert pipe.pipeline.info["max_length"].tolist() == [64]
    assert pipe.predict("In New York, San Jose.")["token"].tolist() == ["In", "New York", ",", "San Jose", "."]
    assert dict(pipe["tokenizer"].list_values())["setExceptions"] == ["New York", "San Jose"]


def test_context_characters_are_split_off_at_both_ends(pipe):
    pipe["default_tokenizer"].setContextChars([",", "!"])
    assert pipe.predict("¡Hello,! my-world.")["token"].tolist() == ["¡Hello", ",!", "my-world."]
    assert "ContextTokenizer" in repr(pipe)
    assert "ContextTokenizer" in pipe._repr_html_()
    with pytest.raises(OptionError, match="a list of characters"):
        pipe["default_tokenizer"].setContextChars(",!")


@given(st.text(alphabet="ab,!. \t", max_size=30), st.sets(st.sampled_from("a,!.")))
def test_context_tokens_are_runs_at_the_ends_of_words(text, characters):
    context = "".join(characters)
    spans = list(ContextTokenizer(tuple(context))(text))
    assert "".join(text[begin:end] for begin, end in spans) == "".join(text.split())
    tokens = [text[begin:end] for begin, end in spans]
    assert [token for token in tokens if token.strip(context)] == [
        word.strip(context) for word in text.split() if word.strip(context)
    ]


def test_values_are_checked(pipe):
    with pytest.raises(OptionError, match="a list of phrases"):
        pipe["tokenizer"].setExceptions("New York")
    with pytest.raises(OptionError, match='"AVERAGE"'):
        pipe["embeddings"].setPoolingStrategy("SUM")
    with pytest.raises(OptionError, match="max_length"):
        pipe["embeddings"].setMaxSentenceLength(100_000)


def test_components_are_found_by_their_names(pipe):
    assert pipe.keys() == [key for key, _ in pipe.items()] == list(pipe)
    assert len(pipe) == 4
    for key in [*pipe.keys(), "default_tokenizer", "bert@xlmroberta_weights", "xlmroberta_weights"]:
        assert key in pipe
        assert pipe[key].key in list(pipe)
    assert "elmo@elmo" not in pipe
    with pytest.raises(UnknownReference, match="one of document_assembler, sentence_detector, tokenizer"):
        pipe["elmo@elmo"].setPoolingLayer("elmo")


# --- save, other functions -------------------------------------------------------------------------------------------


def test_save_replaces_a_saved_pipeline_and_nothing_else(pipe, tmp_path):
    pipe.save(tmp_path / "saved")
    pipe["tokenizer"].setExceptions(["New York"])
    pipe.save(str(tmp_path / "saved"), overwrite=True)
    assert nlu.load(path=str(tmp_path / "saved")).predict("New York")["token"].tolist() == ["New York"]
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]
    with pytest.raises(OptionError, match="new folder"):
        pipe.save(tmp_path / "saved", overwrite=False)
    (tmp_path / "mine").mkdir()
    with pytest.raises(OptionError, match="is not a folder of a saved pipeline"):
        pipe.save(tmp_path / "mine")
    with pytest.raises(OptionError, match="component"):
        pipe.save(tmp_path / "part", component="tokenizer")


def test_pipelines_of_this_library_get_the_methods_of_nlu(pipe, ours):
    assert nlu.to_nlu_pipe(ours).nlu_ref == REFERENCE
    assert nlu.autocomplete_pipeline(pipe) is pipe
    pd.testing.assert_frame_equal(nlu.to_pretty_df(ours, TEXTS, True), pipe.predict(TEXTS, positions=True))
    with pytest.raises(InputError, match="the pipeline is a list"):
        nlu.to_nlu_pipe([])


def test_references_are_printed_and_listed(capsys):
    nlu.print_components(lang="de", action="embed_sentence")
    assert capsys.readouterr().out.splitlines()[0].startswith("nlu.load('de.embed_sentence.")
    nlu.print_components()
    nlu.print_all_model_kinds_for_action("embed")
    nlu.print_all_model_kinds_for_action_and_lang("de", "embed")
    nlu.print_all_nlu_components_for_lang("de")
    nlu.print_all_languages()
    nlu.print_component_types()
    assert "xx.embed.xlm_roberta_xtreme_base" in capsys.readouterr().out
    assert nlu.get_components("labse", lang="xx") == ["xx.embed_sentence.labse"]
    rows = len(nlu_lite.references())
    assert len(nlu.get_components(get_all=True, licensed=True)) == rows
    assert len(nlu.get_components(licensed=True, include_aliases=False)) < rows


def test_getters_return_the_values_of_setters(pipe):
    assert pipe["tokenizer"].setContextChars([","]).getContextChars() == [","]
    component = pipe[pipe.keys()[-1]].setMaxSentenceLength(20)
    assert component.getMaxSentenceLength() == 20
    with pytest.raises(UnsupportedCall, match=r"has no getDimension, which is NLU's\. Read Pipeline.info"):
        component.getDimension()
    assert not hasattr(component, "getNothing")


@pytest.mark.parametrize("setter", ["setContextChars", "setExceptions"])
def test_lists_are_lists(pipe, setter):
    for value in (True, None, 5, [5], "ab"):
        with pytest.raises(OptionError, match=rf"{setter}\(.*Pass a list"):
            getattr(pipe["tokenizer"], setter)(value)


def test_nothing_to_load_is_an_error():
    with pytest.raises(OptionError, match=r"without references; expected references, or path="):
        nlu.load()
