from pathlib import Path

import pytest

import nlu_lite
from nlu_lite.display import list_stages

MODEL = f"path:{Path(__file__).parent / 'data' / 'xlmroberta_weights'}"


def characters(sentence):
    return [(place, place + 1) for place, mark in enumerate(sentence) if not mark.isspace()]


def test_repr_shows_stages_and_settings():
    assert repr(nlu_lite.load("tokenize")) == (
        "Pipeline('en.tokenize', language='en')\n"
        "  sentences: rules; newline_breaks='paragraphs'\n"
        "  words: rules; words='icu'"
    )


def test_models_are_stages_with_what_was_chosen():
    pipeline = nlu_lite.load("de.tokenize", MODEL, layers=(-2, -1), pooling="mean", normalize=True, keep_whole="a b")
    sentences, words, model = list_stages(pipeline)
    assert (sentences.name, dict(sentences.settings)) == ("sentences", {"newline_breaks": "paragraphs"})
    assert (words.name, dict(words.settings)) == ("words", {"words": "icu", "keep_whole": ["a b"]})
    assert (model.name, model.method) == (MODEL, "embed (xx)")
    backend = model.settings["backend"]
    assert backend.startswith("openvino")
    assert dict(model.settings) == {
        "column": "word_embedding_xlmroberta_weights",
        "backend": backend,
        "backend_reason": "OpenVINO supports this model on this CPU",
        "dimension": 16,
        "max_length": 512,
        "pooling": "mean",
        "layers": [-2, -1],
        "alignment": "word",
        "context": "sentence",
        "layer_merge": "mean",
        "normalize": True,
    }
    lines = repr(pipeline).splitlines()
    assert lines[0] == f"Pipeline('de.tokenize', {MODEL!r}, language='de')"
    assert "pooling='mean', layers=[-2, -1]" in lines[3]


@pytest.mark.parametrize(
    ("language", "dictionary"),
    [("ja", "fugashi"), ("zh", "wapic"), ("en", "ICU"), ("xx", "that of the language found")],
)
def test_whose_dictionary_is_taken_is_said(language, dictionary):
    _, words = list_stages(nlu_lite.load(f"{language}.tokenize", words="dictionary"))
    assert dict(words.settings) == {"words": "dictionary", "dictionary": dictionary}


def test_callables_are_shown_by_name():
    _, words = list_stages(nlu_lite.load("tokenize", tokenizer=characters))
    assert (words.method, dict(words.settings)) == (f"{__name__}.characters", {})


def test_notebooks_get_a_table_in_which_nothing_is_markup():
    html = nlu_lite.load("tokenize", keep_whole="<b>&")._repr_html_()
    assert html.startswith("<table")
    assert html.count("<tr>") == 3
    assert "<caption>Pipeline: en.tokenize; language en</caption>" in html
    assert "&lt;b&gt;&amp;" in html
    assert "<b>&" not in html


def test_components_can_be_looked_at():
    pipeline = nlu_lite.load("de.tokenize", MODEL)
    assert [spec.reference for spec in pipeline.components] == ["de.tokenize", MODEL]
    assert pipeline.info["reference"].tolist() == ["de.tokenize", MODEL]
