"""Every kind of Spark NLP's archives, through the library's own encoder, gives Spark NLP's vectors where it is right.

Which sentences it gets wrong, and why, stands in `tests/data/sparknlp/defects.json`; that the listed defects explain
every difference is shown in `tests/formats/sparknlp/test_golden.py`.
"""

import json
from functools import cache

import numpy as np
import pytest
from sparknlp_golden import DATA, TOKENS, build_model, read_archive, records, run, sentences
from sparknlp_recipes import open_recipe
from tiny import nothing, open_tiny, segments_of_words

from nlu_lite.records import Alignment, Runs, SentencePooling, SentenceRecipe

TOLERANCE = 1e-4
WRONG = {
    name: {(case["text"], case["sentence"]) for case in cases}
    for name, cases in json.loads((DATA / "defects.json").read_text(encoding="utf-8")).items()
}
POOLER = SentenceRecipe(SentencePooling.POOLER, Alignment.WORD)


@cache
def open_archive(name):
    return open_tiny(read_archive(name))


@pytest.mark.parametrize("name", TOKENS)
def test_token_vectors_are_spark_nlps_where_it_is_right(name):
    given, checked = [sentence for sentence in sentences(name) if sentence.tokens], 0
    texts, segments = segments_of_words([sentence.tokens for sentence in given])
    found = iter(open_archive(name).token_vectors(texts, segments, nothing))
    for sentence in given:
        vectors = [next(found) for _ in sentence.tokens]
        if (sentence.text, sentence.number) not in WRONG[name]:
            expected = [sentence.vectors[number] for number in range(len(sentence.tokens))]
            np.testing.assert_allclose(vectors, expected, atol=TOLERANCE)
            checked += 1
    assert checked == 56 - len(WRONG[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", TOKENS)
def test_token_vectors_are_transformers_with_spark_nlps_recipe_without_its_defects(name):
    checkpoint = read_archive(name)
    encoder, model, recipe = open_archive(name), build_model(checkpoint), open_recipe(checkpoint)
    for sentence in sentences(name):
        sequence = recipe.sequence(sentence.tokens, sentence.begins, set())
        if sentence.tokens and len(sequence.ids) <= encoder.max_length:
            states, _ = run(model, [sequence.ids], [sequence.mask])
            texts, segments = segments_of_words([sentence.tokens])
            found = encoder.token_vectors(texts, segments, nothing)
            expected = states[0][[sequence.places[number] for number in range(len(sentence.tokens))]]
            np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("name", TOKENS)
def test_every_token_has_a_vector_also_where_spark_nlp_loses_it(name):
    encoder = open_archive(name)
    documents = [sentence.tokens for sentence in sentences(name) if sentence.tokens]
    texts, segments = segments_of_words(documents)
    found = encoder.token_vectors(texts, segments, nothing)
    assert found.shape == (sum(map(len, documents)), 16)
    assert np.isfinite(found).all()


def sentence_vectors(name):
    encoder = open_archive(name)
    rows = [row for record in records(name) for row in record["embeddings"]]
    texts = [row[2] for row in rows]
    numbers = np.arange(len(texts), dtype=np.int32)
    lengths = np.fromiter(map(len, texts), np.int32)
    found = encoder.run_vectors(texts, Runs(numbers, np.zeros_like(numbers), lengths), POOLER, nothing)
    return texts, found, np.array([row[4] for row in rows], np.float32)


def test_bert_sentence_vectors_are_spark_nlps_where_it_is_right():
    texts, found, expected = sentence_vectors("bert_sentence")
    different = np.abs(found - expected).max(axis=1) > TOLERANCE
    assert len(texts) == 56
    # Accents, signs of format and symbols that its tokenizer treats otherwise, and what lies beyond 126 pieces.
    for text in np.array(texts, object)[different]:
        assert len(text) > 126 or not (text.isascii() and text.isprintable()), text
    assert different.sum() < 28


def test_xlm_roberta_sentence_vectors_are_the_poolers_where_spark_nlp_hides_the_first_position():
    """3.4.4 masks id 0, which is <s>, so all its 56 vectors are wrong; ours equal those of transformers."""
    import torch

    texts, found, expected = sentence_vectors("xlmroberta_sentence")
    assert (np.abs(found - expected).max(axis=1) > TOLERANCE).all()
    checkpoint = read_archive("xlmroberta_sentence")
    model, recipe = build_model(checkpoint), open_recipe(checkpoint)
    for text, vector in zip(texts, found, strict=True):
        ids = [0, *(recipe.pieces(text, set()) or [3]), 2]
        if len(ids) <= 512:
            with torch.inference_mode():
                pooled = model(torch.tensor([ids])).pooler_output[0].numpy()
            np.testing.assert_allclose(vector, pooled, atol=1e-5)
