from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import TEXTS

from nlu_lite.encoding.subwords import open_subwords
from nlu_lite.encoding.subwords.sentencepieces import THREADED
from nlu_lite.formats import read

MODEL = Path(__file__).parents[1] / "data" / "xlmroberta_weights"


@pytest.fixture(scope="module")
def subwords():
    return open_subwords(read(MODEL))


@given(st.lists(st.text(st.characters(), min_size=1, max_size=8), max_size=8))
def test_every_token_has_pieces_of_the_vocabulary(subwords, tokens):
    encoded = subwords.encode(tokens)
    assert len(encoded) == len(tokens)
    assert all(ids and all(3 <= i < 5036 for i in ids) for ids in encoded)


@pytest.mark.parametrize("token", ["\u200b", "\ufeff", "\u2028", "\x07", "", "▁", " "])
def test_a_token_without_pieces_is_unknown(subwords, token):
    assert subwords.encode([token]) == [[3]]


def test_a_lone_space_mark_is_dropped(subwords):
    assert subwords.encode(["."]) == [[5]]


def test_special_tokens_in_a_text_are_only_text(subwords):
    encoded = subwords.encode(["<s>", "</s>", "<pad>", "<mask>"])
    assert not {0, 1, 2} & {i for ids in encoded for i in ids}


@pytest.mark.parametrize("token", ["\ud800", "a\udc00b", "\ud83d\ude00"])
def test_lone_surrogates_are_encoded(subwords, token):
    assert len(subwords.encode([token])[0]) >= 1


@given(st.lists(st.text(st.characters(), max_size=20), max_size=5))
def test_spans_of_a_texts_pieces_lie_in_it_in_order(subwords, texts):
    for text, (ids, spans) in zip(texts, subwords.encode_texts(texts), strict=True):
        assert len(ids) == len(spans)
        bounds = [bound for span in spans for bound in span]
        assert all(0 <= begin <= end <= len(text) for begin, end in spans)
        assert sorted(begin for begin, _ in spans) == [begin for begin, _ in spans], bounds


def test_a_text_is_encoded_as_sentencepiece_does(subwords):
    [(ids, spans)] = subwords.encode_texts(["Hello 😀 world."])
    expected = subwords.encoder._processor.encode("Hello 😀 world.")
    assert ids == [3 if i == 0 else i + 1 for i in expected]
    assert spans[-1] == (13, 14)


def test_threads_change_no_piece(subwords, monkeypatch):
    tokens = [word for text in TEXTS for word in text.split()] * 3
    expected = subwords.encode(tokens), subwords.encode_texts(TEXTS * 9)
    monkeypatch.setattr(subwords.encoder, "_threads", 4)
    assert len(tokens) > 2 * THREADED
    assert (subwords.encode(tokens), subwords.encode_texts(TEXTS * 9)) == expected


def test_one_lone_surrogate_leaves_its_neighbours_as_they_are(subwords):
    tokens = ["naïve", "a\ud800", "東京"]
    assert subwords.encode(tokens) == [subwords.encode([token.replace("\ud800", "\ufffd")])[0] for token in tokens]
