"""Spark NLP 3.4.4's own archives give its own vectors: wherever it is right, and with its defects imitated elsewhere.

`defects.json` lists, for each kind, the sentences whose vectors are not the recipe's, and the fewest defects that
explain each.
"""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file
from sparknlp_golden import DATA, SENTENCES, TOKENS, build_model, read_archive, records, run, sentences
from sparknlp_recipes import LONGEST, Defect, open_recipe

TOLERANCE = 1e-4
WEIGHTS = DATA.parent / "xlmroberta_weights"
CASES = json.loads((DATA / "defects.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module", params=TOKENS)
def kind(request):
    checkpoint = read_archive(request.param)
    return request.param, build_model(checkpoint), open_recipe(checkpoint)


def listed(name):
    return {(case["text"], case["sentence"]): {Defect[defect] for defect in case["defects"]} for case in CASES[name]}


def difference(sentence, model, recipe, defects):
    """Return the greatest difference from Spark NLP's vectors; infinity if other tokens have a vector."""
    sequence = recipe.sequence(sentence.tokens, sentence.begins, defects)
    if set(sequence.places) != set(sentence.vectors) or len(sequence.ids) > 512:
        return np.inf
    states, _ = run(model, [sequence.ids], [sequence.mask])
    expected = np.array([sentence.vectors[token] for token in sequence.places], np.float32)
    return np.abs(states[0][list(sequence.places.values())] - expected).max() if sequence.places else 0.0


def test_where_spark_nlp_is_right_its_vectors_are_the_recipes(kind):
    name, model, recipe = kind
    right = [s for s in sentences(name) if s.tokens and (s.text, s.number) not in listed(name)]
    assert len(right) + len(CASES[name]) == 56
    assert all(set(s.vectors) == set(range(len(s.tokens))) for s in right)
    assert max((difference(s, model, recipe, set()) for s in right), default=0) < TOLERANCE


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_elsewhere_the_listed_defects_explain_every_vector(kind, step):
    name, model, recipe = kind
    cases = listed(name)
    wrong = [s for s in sentences(name) if (s.text, s.number) in cases]
    assert len(wrong) == len(cases)
    for sentence in wrong[::step]:
        defects = cases[sentence.text, sentence.number]
        assert defects <= recipe.defects()
        assert difference(sentence, model, recipe, defects) < TOLERANCE, (sentence.text, sentence.number)


@pytest.mark.slow
def test_all_defects_together_are_spark_nlp(kind):
    name, model, recipe = kind
    for sentence in sentences(name):
        if sentence.tokens:
            assert difference(sentence, model, recipe, recipe.defects()) < TOLERANCE, (sentence.text, sentence.number)


def sentence_batches(name):
    """Return the batches of Spark NLP: the sentences of a text, eight at a time."""
    for record in records(name):
        given = record["embeddings"]
        yield from (given[begin : begin + 8] for begin in range(0, len(given), 8))


@pytest.mark.slow
def test_bert_sentence_vectors():
    checkpoint = read_archive("bert_sentence")
    model, recipe = build_model(checkpoint), open_recipe(checkpoint)
    count = 0
    for _, _, text, _, vector in (row for batch in sentence_batches("bert_sentence") for row in batch):
        ids = recipe.sentence(text, recipe.defects())
        _, pooled = run(model, [ids], [[1] * len(ids)])
        assert np.abs(pooled[0] - vector).max() < TOLERANCE
        count += 1
    assert count == 56


def test_the_listed_defects_explain_every_vector_of_an_xlm_roberta_sentence():
    """The mask hides id 0, ``<s>`` itself, and shows padding: a vector depends on the rest of its batch."""
    name = "xlmroberta_sentence"
    checkpoint = read_archive(name)
    model, recipe = build_model(checkpoint), open_recipe(checkpoint)
    cases = list(listed(name).values())
    assert all(Defect.FIRST_IS_HIDDEN in defects for defects in cases)
    for batch in sentence_batches(name):
        defects = [cases.pop(0) for _ in batch]
        whole = [recipe.pieces(row[2], one) for row, one in zip(batch, defects, strict=True)]
        assert [len(ids) > LONGEST - 2 for ids in whole] == [Defect.CUT in one for one in defects]
        rows = [recipe.sentence(row[2], one) for row, one in zip(batch, defects, strict=True)]
        ids = [row + [1] * (max(map(len, rows)) - len(row)) for row in rows]
        _, pooled = run(model, ids, [[int(i != 0) for i in row] for row in ids])
        assert np.abs(pooled - np.array([row[4] for row in batch])).max() < TOLERANCE
    assert cases == []


@pytest.mark.parametrize("name", ["xlmroberta", "xlmroberta_sentence", "xlmroberta_onnx"])
def test_weights_are_the_exporters_bit_for_bit(name):
    expected = load_file(WEIGHTS / "model.safetensors")
    checkpoint = read_archive(name)
    has_pooler = name != "xlmroberta_onnx"
    assert set(checkpoint.tensors) == {key for key in expected if has_pooler or not key.startswith("pooler.")}
    for key in checkpoint.tensors:
        values = checkpoint.tensors[key]
        rows = len(expected[key])
        assert values.dtype == np.float32
        assert values.flags.c_contiguous
        assert values[:rows].tobytes() == expected[key].tobytes(), key
        assert not values[rows:].any()
    assert checkpoint.subwords.data == (WEIGHTS / "sentencepiece.bpe.model").read_bytes()


@pytest.mark.parametrize("name", [*TOKENS, *SENTENCES, "xlmroberta_onnx"])
def test_config_is_what_the_model_was_made_from(name):
    config = dict(read_archive(name).config)
    made = {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "layer_norm_eps": 1e-5 if name.startswith("xlmroberta") else 1e-12,
        "hidden_act": "gelu_new" if name == "albert" else "gelu",
    }
    if name == "distilbert":
        made = {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32, "activation": "gelu"}
    assert made.items() <= config.items()


@pytest.mark.parametrize("name", [*TOKENS, *SENTENCES, "xlmroberta_onnx"])
def test_settings_are_kept(name):
    checkpoint = read_archive(name)
    assert checkpoint.config["nlu_lite"]["case_sensitive"] is True
    assert checkpoint.card.max_sentence_length == 128
    assert checkpoint.card.dimension == 16
    assert checkpoint.card.annotator == checkpoint.config["nlu_lite"]["annotator"]
    assert checkpoint.card.annotator.endswith("SentenceEmbeddings") == (name in SENTENCES)
