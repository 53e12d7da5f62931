"""Pieces of tokens that are encoded separately, or found by offset in a text that is encoded as a whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import MODEL, TEXTS, segments_of, segments_of_words

from nlu_lite.encoding.alignment import align, find_runs, find_token_runs
from nlu_lite.encoding.subwords import open_subwords
from nlu_lite.formats import read
from nlu_lite.options import Context
from nlu_lite.records import Alignment

WORDS = st.lists(
    st.lists(st.text(st.characters(), min_size=1, max_size=6), min_size=1, max_size=6), min_size=1, max_size=4
)


@pytest.fixture(scope="module")
def subwords():
    return open_subwords(read(MODEL))


def aligned(subwords, texts, segments, alignment, context=Context.SENTENCE):
    runs = find_runs(segments, context)
    return runs, align(texts, segments, runs, subwords, alignment)


@pytest.mark.parametrize("context", Context)
@pytest.mark.parametrize("alignment", Alignment)
@given(documents=WORDS)
def test_every_token_has_pieces_of_its_own_run_in_order(subwords, alignment, context, documents):
    texts, segments = segments_of_words(documents)
    runs, pieces = aligned(subwords, texts, segments, alignment, context)
    run = find_token_runs(segments, runs)
    assert len(pieces.token_first) == len(pieces.token_end) == len(segments.token_begin)
    assert (pieces.run_first[run] <= pieces.token_first).all()
    assert (pieces.token_first < pieces.token_end).all()
    assert (pieces.token_end <= pieces.run_first[run + 1]).all()
    assert (np.diff(pieces.token_first) >= 0).all()
    assert (np.diff(pieces.token_end) >= 0).all()
    assert pieces.run_first[-1] == len(pieces.ids)


@given(documents=WORDS)
def test_words_are_encoded_one_by_one_wherever_they_stand(subwords, documents):
    texts, segments = segments_of_words(documents)
    _, pieces = aligned(subwords, texts, segments, Alignment.WORD)
    found = [pieces.ids[a:b].tolist() for a, b in zip(pieces.token_first, pieces.token_end, strict=True)]
    assert found == [subwords.encode([word])[0] for document in documents for word in document]


def test_a_texts_tokens_have_the_pieces_that_share_a_character_with_them(subwords):
    segments = segments_of(TEXTS)
    runs, pieces = aligned(subwords, TEXTS, segments, Alignment.TEXT)
    run = find_token_runs(segments, runs)
    encoded = subwords.encode_texts(
        [TEXTS[d][b:e] for d, b, e in zip(runs.document, runs.begin, runs.end, strict=True)]
    )
    for token, r in enumerate(run):
        begin, end = segments.token_begin[token] - runs.begin[r], segments.token_end[token] - runs.begin[r]
        sharing = [n for n, (a, b) in enumerate(encoded[r].spans) if max(a, begin) < min(b, end)]
        first, last = pieces.token_first[token] - pieces.run_first[r], pieces.token_end[token] - pieces.run_first[r]
        assert sharing
        assert (first, last) == (sharing[0], sharing[-1] + 1)


def test_a_token_without_a_piece_of_its_own_takes_the_nearest(subwords):
    texts, segments = segments_of_words([["one", "\u200b", "two"]])
    _, pieces = aligned(subwords, texts, segments, Alignment.TEXT)
    assert (pieces.token_end > pieces.token_first).all()
    assert pieces.token_first[1] in {pieces.token_end[0] - 1, pieces.token_first[2]}


@pytest.mark.parametrize("text", ["\u200b", "\ufeff", "\x07"])
def test_a_run_without_pieces_is_unknown(subwords, text):
    texts, segments = segments_of_words([[text]])
    _, pieces = aligned(subwords, texts, segments, Alignment.TEXT)
    assert pieces.ids.tolist() == [3]


def test_documents_are_one_run_and_those_without_sentences_none():
    segments = segments_of(["One. Two.", " ", "Three."])
    runs = find_runs(segments, Context.DOCUMENT)
    assert runs.document.tolist() == [0, 2]
    assert runs.begin.tolist() == [0, 0]
    assert runs.end.tolist() == [9, 6]
    assert find_token_runs(segments, runs).tolist() == [0, 0, 0, 0, 1, 1]
