"""Compare with Spark NLP 3.4.4's own vectors: they are equal, or a known defect explains the difference.

`tests/data/golden/xlmroberta.jsonl` is Spark NLP's output for 37 texts with the model `tests/data/xlmroberta_weights`;
`differences.json` lists each sentence whose vectors are not those of the recipe, with the reason.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import nlu_lite
from nlu_lite.encoding.subwords import open_subwords
from nlu_lite.formats import read

DATA = Path(__file__).parents[1] / "data"
MODEL = DATA / "xlmroberta_weights"
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Sentence:
    """A sentence as Spark NLP split it, its vectors of tokens, some of which are missing, and their average."""

    text: int
    number: int
    words: list[str]
    vectors: dict[int, list[float]]
    average: list[float]


def sentences():
    with (DATA / "golden" / "xlmroberta.jsonl").open(encoding="utf-8") as lines:
        return [sentence for line in lines for sentence in split(json.loads(line))]


def split(record):
    for number in range(len(record["sentences"])):
        tokens = [token for token in record["tokens"] if token[3] == number]
        place = {tuple(token[:3]): i for i, token in enumerate(tokens)}
        given = [e for e in record["embeddings"] if e[3]["sentence"] == str(number)]
        vectors = {place[tuple(e[:3])]: e[4] for e in given}
        if tokens:
            average = record["sentence_average"][number][3]
            yield Sentence(record["id"], number, [token[2] for token in tokens], vectors, average)


def differing():
    cases = json.loads((DATA / "golden" / "differences.json").read_text(encoding="utf-8"))
    return {(case["text"], case["sentence"]): case["defects"] for case in cases}


@pytest.fixture(scope="module")
def pipeline():
    return nlu_lite.load(f"path:{MODEL}")


def greatest_difference(matrix, sentence):
    expected = np.array(list(sentence.vectors.values()), np.float32)
    return np.abs(matrix[list(sentence.vectors)] - expected).max()


def test_the_file_is_whole():
    assert len({sentence.text for sentence in sentences()}) == 34  # three texts are empty or white space
    assert sum(len(sentence.vectors) for sentence in sentences()) == 326


def test_where_spark_nlp_is_right_the_vectors_are_equal(pipeline):
    right = [s for s in sentences() if (s.text, s.number) not in differing()]
    assert len(right) == 29
    frame = pipeline.predict([sentence.words for sentence in right])
    for row, sentence in enumerate(right):
        rows = frame.loc[[row]]
        assert rows["token"].tolist() == sentence.words
        assert len(sentence.vectors) == len(sentence.words)
        assert greatest_difference(nlu_lite.matrix(rows), sentence) < TOLERANCE


def test_where_spark_nlp_is_right_the_vectors_of_sentences_are_equal(pipeline):
    right = [s for s in sentences() if (s.text, s.number) not in differing()]
    frame = pipeline.predict([sentence.words for sentence in right], output_level="sentence")
    expected = np.array([sentence.average for sentence in right], np.float32)
    np.testing.assert_allclose(nlu_lite.matrix(frame), expected, atol=TOLERANCE)


@pytest.mark.parametrize("key", sorted(differing()), ids=str)
def test_elsewhere_the_vector_of_a_sentence_is_off_as_those_of_its_tokens_are(key, pipeline):
    sentence = next(s for s in sentences() if (s.text, s.number) == key)
    theirs = np.mean(list(sentence.vectors.values()), axis=0)
    np.testing.assert_allclose(theirs, sentence.average, atol=TOLERANCE)
    ours = nlu_lite.matrix(pipeline.predict([sentence.words], output_level="sentence"))
    assert np.abs(ours - theirs).max() > TOLERANCE


def java_utf8(text):
    """Replace each surrogate by a character that no vocabulary has: SentencePiece cannot read Java's encoding of it."""
    units = np.frombuffer(text.encode("utf-16-le"), "<u2")
    return "".join("\ue000" if 0xD800 <= unit <= 0xDFFF else chr(unit) for unit in units)


def as_spark_nlp(sentence, model):
    """Imitate the defects: unknown pieces become `<pad>` and are masked, tokens can lack pieces, at most 126 pieces."""
    import torch

    subwords = open_subwords(read(MODEL))
    encoded = subwords.encoder.encode([java_utf8(token) for token in sentence.words]).to_lists()
    pieces = [
        [subwords.special_tokens.pad if i == subwords.special_tokens.unknown else i for i in ids] for ids in encoded
    ]
    first = np.cumsum([1, *map(len, pieces)])
    ids = torch.tensor([[0, *[i for token in pieces for i in token][:126], 2]])
    with torch.inference_mode():
        hidden = model(ids, attention_mask=(ids != 1).long()).last_hidden_state[0].numpy()
    return hidden[np.minimum(first[:-1], len(hidden) - 1)]


@pytest.fixture(scope="module")
def transformers_model():
    import torch
    from transformers import XLMRobertaModel

    return XLMRobertaModel.from_pretrained(MODEL, dtype=torch.float32).eval()


@pytest.mark.parametrize("key", sorted(differing()), ids=str)
def test_where_it_is_wrong_its_defects_give_its_vectors(key, pipeline, transformers_model):
    sentence = next(s for s in sentences() if (s.text, s.number) == key)
    ours = nlu_lite.matrix(pipeline.predict([sentence.words]))
    assert ours.shape == (len(sentence.words), 16)
    lost = len(sentence.vectors) < len(sentence.words)
    assert lost or greatest_difference(ours, sentence) > TOLERANCE
    assert greatest_difference(as_spark_nlp(sentence, transformers_model), sentence) < TOLERANCE


@pytest.mark.parametrize("key", sorted(differing()), ids=str)
def test_each_defect_that_is_named_is_there(key):
    sentence = next(s for s in sentences() if (s.text, s.number) == key)
    subwords = open_subwords(read(MODEL))
    pieces = subwords.encoder.encode(sentence.words).to_lists()
    found = {
        "unknown pieces are masked out": any(
            subwords.special_tokens.unknown in ids
            for ids in subwords.encoder.encode([java_utf8(w) for w in sentence.words]).to_lists()
        ),
        "characters beyond U+FFFF become two surrogates": any(ord(c) > 0xFFFF for w in sentence.words for c in w),
        "tokens without pieces are dropped": not all(pieces),
        "tokens beyond 126 pieces are dropped": sum(map(len, pieces)) > 126,
    }
    assert differing()[key] == [name for name, there in found.items() if there]
