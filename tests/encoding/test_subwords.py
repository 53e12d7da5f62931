from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu_lite.encoding.subwords import open_subwords
from nlu_lite.formats import read

MODEL = Path(__file__).parents[1] / "data" / "xlmroberta_weights"


@pytest.fixture(scope="module")
def subwords():
    return open_subwords(read(MODEL))


@given(st.lists(st.text(st.characters(), min_size=1, max_size=8), max_size=8))
def test_every_token_has_pieces_of_the_vocabulary(subwords, tokens):
    pieces = subwords.pieces(tokens)
    assert len(pieces.token_first) == len(tokens) + 1
    assert (pieces.token_first[1:] > pieces.token_first[:-1]).all()
    assert pieces.token_first[-1] == len(pieces.ids)
    assert ((pieces.ids >= 3) & (pieces.ids < 5036)).all()


@given(st.lists(st.sampled_from(["a", "word", ".", "\u200b", "語", ""]), max_size=12))
def test_tokens_are_encoded_one_by_one_wherever_they_stand(subwords, tokens):
    pieces = subwords.pieces(tokens)
    for number, token in enumerate(tokens):
        ids = pieces.ids[pieces.token_first[number] : pieces.token_first[number + 1]]
        assert ids.tolist() == subwords.pieces([token]).ids.tolist()


@pytest.mark.parametrize("token", ["\u200b", "\ufeff", "\u2028", "\x07", "", "▁", " "])
def test_a_token_without_pieces_is_unknown(subwords, token):
    assert subwords.pieces([token]).ids.tolist() == [3]


def test_a_lone_space_mark_is_dropped(subwords):
    assert subwords.pieces(["."]).ids.tolist() == [5]


def test_special_tokens_in_a_text_are_only_text(subwords):
    ids = subwords.pieces(["<s>", "</s>", "<pad>", "<mask>"]).ids.tolist()
    assert not {0, 1, 2} & set(ids)


@pytest.mark.parametrize("token", ["\ud800", "a\udc00b", "\ud83d\ude00"])
def test_lone_surrogates_are_encoded(subwords, token):
    assert len(subwords.pieces([token]).ids) >= 1
