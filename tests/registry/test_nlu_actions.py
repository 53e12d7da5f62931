"""References of NLU for other tasks: they are refused as such, before the nearest references are searched."""

import pytest

import nlu_lite
from nlu_lite.errors import UnknownReference, UnsupportedReference
from nlu_lite.registry import load_catalogue, resolve
from nlu_lite.registry.nlu_actions import find_nlu_task

OTHER_TASKS = [
    "ner",
    "pos",
    "sentiment",
    "emotion",
    "classify.emotion",
    "en.ner.onto.bert",
    "en.classify.cyberbullying",
    "xx.en.translate_to.de",
    "xx.de.marian.translate_to.en",
    "summarize",
    "t5",
    "gpt2",
    "en.answer_question.squad",
    "train.sentiment",
    "train.ner",
    "lemma",
    "de.lemma",
    "stem",
    "spell",
    "dep.untyped",
    "yake",
    "explain.dl",
    "lang",
    "en.med_ner.jsl",
    "en.resolve.icd10cm",
    "stopwords",
    "en.stopwords",
    "match.chunks",
    "clean.stop",
    "ngram",
    "norm",
    "en.speech2text.wav2vec2",
    "en.classify_image.base",
    "en.bert.zero_shot_classifier",
    "pdf2text",
    "en.seq2seq.bart_large_cnn",
    "e2e",
]


@pytest.mark.parametrize("reference", OTHER_TASKS)
def test_a_task_is_refused_by_its_name(reference):
    with pytest.raises(UnsupportedReference) as caught:
        resolve([reference])
    assert caught.value.got.startswith(f"'{reference}' (")
    assert caught.value.nearest == ()
    assert caught.value.remedy.startswith("For ")


def test_tasks_are_refused_beside_an_embedding_with_the_rest_to_load():
    with pytest.raises(UnsupportedReference) as caught:
        resolve(["sentiment pos en.embed.bert", "emotion"])
    assert caught.value.got == (
        "'sentiment' (sentiment), 'pos' (parts of speech), 'emotion' (emotions) are references of NLU that this "
        "library does not have"
    )
    assert caught.value.remedy.startswith("Load 'en.embed.bert'. For sentiment and emotions, use scikit-learn")


@pytest.mark.parametrize(
    ("reference", "component"),
    [
        ("ja.segment_words", "ja.tokenize"),
        ("sentence_detector.deep", "sentence_detector"),
        ("de.detect_sentence", "de.sentence_detector"),
        ("en.tokenize.regex", "en.tokenize"),
    ],
)
def test_a_model_that_splits_texts_is_refused_with_the_component_to_load(reference, component):
    with pytest.raises(UnsupportedReference) as caught:
        resolve([reference])
    assert caught.value.remedy == f"Load '{component}'"
    assert resolve([component])


def test_no_reference_of_the_catalogue_and_no_mistyped_embedding_is_a_task():
    tasks = [name for name in load_catalogue().rows if find_nlu_task(name)]
    assert set(tasks) <= {"openai.embeddings"}
    for name in ("en.embd.bert", "en.embed.ner_bert", "xx.embed.xml", "nothing.like.it", "pose", "hf:org/ner"):
        assert find_nlu_task(name) is None
    with pytest.raises(UnknownReference, match=r"Nearest: en\.embed\.bert"):
        resolve(["en.embd.bert"])


def test_info_refuses_a_task_too():
    with pytest.raises(UnsupportedReference, match="parts of speech"):
        nlu_lite.info("pos")
