"""The component of spaCy, in spaCy itself."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc
from spacy.vocab import Vocab
from tiny import MODEL, TEXTS

import nlu_lite
import nlu_lite.spacy
from nlu_lite import FormatError, InputError, IntegrityError, OptionError, SourceError
from nlu_lite.spacy import add_hooks

CONFIG = {"reference": f"path:{MODEL}"}


def blank(lang="en", **config):
    nlp = spacy.blank(lang)
    nlp.add_pipe("nlu_lite", config={**CONFIG, **config})
    return nlp


@pytest.fixture(scope="module")
def nlp():
    return blank()


@pytest.fixture(scope="module")
def pipeline():
    return nlu_lite.load(CONFIG["reference"])


def test_every_token_of_spacy_has_the_vector_of_its_words(nlp, pipeline):
    doc = nlp("I don't know,  really.")
    words = [token.text for token in doc if not token.is_space]
    assert words[1:3] == ["do", "n't"]
    expected = nlu_lite.matrix(pipeline.predict([words]))
    assert (doc.tensor.dtype, doc.tensor.shape) == (np.float32, (len(doc), 16))
    np.testing.assert_allclose(doc.tensor[[not token.is_space for token in doc]], expected, atol=1e-5)
    [space] = [token for token in doc if token.is_space]
    assert not space.vector.any()
    assert not space.has_vector
    np.testing.assert_array_equal(doc[1].vector, doc.tensor[1])


@pytest.mark.parametrize("lang", ["xx", "de", "zh", "grc"])
@pytest.mark.parametrize("alignment", ["word", "text"])
def test_texts_of_all_scripts_have_a_row_for_each_token(lang, alignment):
    nlp = blank(lang, alignment=alignment)
    docs = list(nlp.pipe([*TEXTS, "", " ", "\n\nA\tb \U0001f600\U0001d49cb"]))
    for doc in docs:
        assert doc.tensor.shape == (len(doc), 16)
        assert [bool(row.any()) for row in doc.tensor] == [bool(token.text.strip()) for token in doc]


def test_sentences_are_those_of_spacy_or_of_the_rules(pipeline):
    text = "I met Dr. Smith today. He left"
    ruled = blank()(text)
    words = [token.text for token in ruled]
    parts = [words[:6], words[6:]] if words[2] == "Dr." else [words[:7], words[7:]]
    expected = np.concatenate([nlu_lite.matrix(pipeline.predict([part])) for part in parts])
    np.testing.assert_allclose(ruled.tensor, expected, atol=1e-5)
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer", config={"punct_chars": ["Smith"]})
    nlp.add_pipe("nlu_lite", config=CONFIG)
    doc = nlp(text)
    sentences = [[token.text for token in sentence] for sentence in doc.sents]
    assert len(sentences) == 2
    expected = np.concatenate([nlu_lite.matrix(pipeline.predict([part])) for part in sentences])
    np.testing.assert_allclose(doc.tensor, expected, atol=1e-5)


def test_the_language_is_that_of_spacy():
    assert [blank(lang).get_pipe("nlu_lite").lang for lang in ("de", "xx", "grc")] == ["de", "xx", "xx"]
    assert spacy.blank("xx").add_pipe("nlu_lite", config={**CONFIG, "lang": "fr"}).lang == "fr"
    with pytest.raises(OptionError, match="language 'french' is unknown"):
        spacy.blank("en").add_pipe("nlu_lite", config={**CONFIG, "lang": "french"})


def test_a_batch_is_as_its_documents(nlp):
    docs = list(nlp.pipe(TEXTS, batch_size=3))
    assert [doc.text for doc in docs] == TEXTS
    for doc in docs[:10]:
        np.testing.assert_allclose(doc.tensor, nlp(doc.text).tensor, atol=1e-5)


def test_parts_are_means_of_their_tokens_and_similar_by_them(nlp):
    doc = nlp("A cat  sat. The cat ran.")
    words = [token.i for token in doc if not token.is_space]
    np.testing.assert_allclose(doc.vector, doc.tensor[words].mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(doc[0:3].vector, doc.tensor[[0, 1]].mean(axis=0), atol=1e-6)
    first, second = (token for token in doc if token.text == "cat")
    cosine = first.vector @ second.vector / np.linalg.norm(first.vector) / np.linalg.norm(second.vector)
    assert first.similarity(second) == pytest.approx(float(cosine), abs=1e-6)
    assert first.similarity(second) < 1  # without hooks, spaCy returns 1 for equal words
    assert doc.similarity(doc) == pytest.approx(1)
    assert doc[0:2].similarity(doc) == pytest.approx(doc.similarity(doc[0:2]))
    assert doc.similarity(nlp(" ")) == 0


def test_static_vectors_of_the_vocabulary_are_not_returned():
    nlp = spacy.blank("en")
    nlp.vocab.set_vector("cat", np.ones(7, np.float32))
    nlp.add_pipe("nlu_lite", config=CONFIG)
    doc = nlp("A cat")
    assert doc[1].vector.shape == doc.vector.shape == (16,)


def test_tokens_that_spacy_did_not_make(nlp, pipeline):
    component = nlp.get_pipe("nlu_lite")
    doc = component(Doc(Vocab(), words=["New York", " x ", "\n", "y"], spaces=[True, False, False, False]))
    assert [bool(row.any()) for row in doc.tensor] == [True, True, False, True]
    merged = nlp.make_doc("In New York now")
    with merged.retokenize() as changes:
        changes.merge(merged[1:3])
    expected = nlu_lite.matrix(pipeline.predict([["In", "New York", "now"]]))
    np.testing.assert_allclose(component(merged).tensor, expected, atol=1e-5)


def test_options_are_those_of_the_model():
    assert blank(pooling="first_last", layers=[0, -1], layer_merge="mean")("A cat").tensor.shape == (2, 32)
    with pytest.raises(OptionError, match="pooling='maen'"):
        blank(pooling="maen")
    with pytest.raises(OptionError, match="the pipeline has no model"):
        spacy.blank("en").add_pipe("nlu_lite", config={"reference": "en.tokenize"})


def test_a_pipeline_is_saved_and_loaded(tmp_path, nlp):
    nlp.to_disk(tmp_path / "saved")
    again = spacy.load(tmp_path / "saved")
    np.testing.assert_array_equal(again("A cat.").tensor, nlp("A cat.").tensor)
    third = blank().from_bytes(nlp.to_bytes())
    np.testing.assert_array_equal(third("A cat.").tensor, nlp("A cat.").tensor)
    model = tmp_path / "saved" / "nlu_lite" / "model.json"
    model.write_text('{"digest": "0"}')
    with pytest.raises(IntegrityError, match="has other bytes than when the pipeline was saved"):
        spacy.load(tmp_path / "saved")
    model.write_text("[]")
    with pytest.raises(FormatError, match="cannot be read"):
        spacy.load(tmp_path / "saved")


def test_the_component_pickles_without_weights(nlp):
    component = nlp.get_pipe("nlu_lite")
    data = pickle.dumps(component)
    assert len(data) < 10_000
    np.testing.assert_array_equal(pickle.loads(data)(nlp.make_doc("A cat")).tensor, nlp("A cat").tensor)


def test_a_document_that_was_serialized_keeps_its_tensor(nlp):
    doc = nlp("The cat saw the other cat")
    again = add_hooks(Doc(nlp.vocab).from_bytes(doc.to_bytes(exclude=["user_hooks"])))
    np.testing.assert_array_equal(again.tensor, doc.tensor)
    assert again[1].similarity(again[5]) == doc[1].similarity(doc[5])


def test_errors_go_to_the_handler_of_spacy(nlp, monkeypatch):
    component = nlp.get_pipe("nlu_lite")
    seen = []

    def refuse(docs):
        if any("bad" in doc.text for doc in docs):
            raise InputError("bad text")
        return set_vectors(docs)

    set_vectors = component._set_vectors
    monkeypatch.setattr(component, "_set_vectors", refuse)
    with pytest.raises(InputError, match="bad text"):
        nlp("bad")
    component.set_error_handler(lambda name, _, docs, error: seen.append((name, len(docs), str(error))))
    found = list(component.pipe(map(nlp.make_doc, ["a", "bad", "b"]), batch_size=1))
    assert [doc.text for doc in found] == ["a", "b"]
    assert seen == [("nlu_lite", 1, "bad text.")]


def test_spacy_describes_the_component(nlp):
    assert nlp.analyze_pipes()["summary"]["nlu_lite"]["assigns"] == ["doc.tensor", "token.vector"]


@pytest.mark.slow
def test_spacy_finds_the_component_without_an_import():
    code = "import sys, spacy; print(spacy.blank('de').add_pipe('nlu_lite', config={'reference': sys.argv[1]}).lang)"
    done = subprocess.run([sys.executable, "-c", code, CONFIG["reference"]], capture_output=True, text=True)
    assert done.stdout.strip() == "de", done.stderr


def test_a_folder_without_the_component_is_an_error(nlp, tmp_path):
    with pytest.raises(SourceError, match=r"model.json cannot be read.*a folder that to_disk wrote"):
        nlp.get_pipe("nlu_lite").from_disk(tmp_path)


def test_rows_that_do_not_match_the_tokens_are_an_error(nlp):
    doc = nlp("NewYork is big")
    with doc.retokenize() as retokenizer:
        retokenizer.split(doc[0], ["New", "York"], heads=[doc[0], doc[0]])
    replaced = nlp("New York is big")
    replaced.tensor = np.zeros((0,), np.float32)
    for use in (lambda: doc[2].vector, lambda: doc.vector, lambda: doc[:2].vector, lambda: replaced[0].has_vector):
        with pytest.raises(InputError, match=r"doc.tensor has \d+ rows for 4 tokens.*after"):
            use()
