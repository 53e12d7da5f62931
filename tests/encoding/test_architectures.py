"""Tiny random models of every architecture, saved by transformers, have transformers' vectors."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import DATA, MODEL, nothing, open_tiny, segments_of_words, token_vectors
from tiny import TEXTS as SENTENCES

from nlu_lite.encoding import open_encoder
from nlu_lite.encoding.architectures import ARCHITECTURES
from nlu_lite.encoding.backends.kinds import KINDS
from nlu_lite.encoding.backends.openvino import OpenVinoBackend
from nlu_lite.encoding.backends.torch import TorchBackend
from nlu_lite.encoding.subwords import SpecialTokens
from nlu_lite.errors import FormatError, ModelError, OptionError, UnsupportedReference
from nlu_lite.formats import read, write_checkpoint
from nlu_lite.formats.folder import LAYOUTS
from nlu_lite.options import EncoderSettings, Precision
from nlu_lite.records import Alignment, Checkpoint, Runs, SentencePooling, SentenceRecipe, SubwordKind, SubwordModel

WORDS = ["Hello", "unbelievable", "world", ".", "[SEP]", "<s>", "naïve", "\u200b", "東京"]
LETTERS = "abcdefghijklmnopqrstuvwxyz"
WIDTHS = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
DISTILBERT = {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 24}
SENTENCE_PIECE_IDS = {
    "albert": {"pad_id": 0, "unk_id": 1, "bos_id": 2, "eos_id": 3, "bos_piece": "[CLS]", "eos_piece": "[SEP]"},
    "deberta-v2": {
        "pad_id": 0,
        "bos_id": 1,
        "eos_id": 2,
        "unk_id": 3,
        "pad_piece": "[PAD]",
        "bos_piece": "[CLS]",
        "eos_piece": "[SEP]",
        "unk_piece": "[UNK]",
    },
}
EXTRA = {
    "albert": {"embedding_size": 8, "num_hidden_groups": 1},
    "electra": {"embedding_size": 8},
    "deberta-v2": {
        "relative_attention": True,
        "position_buckets": 8,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "pos_att_type": "p2c|c2p",
        "position_biased_input": False,
        "type_vocab_size": 0,
        "conv_kernel_size": 3,
        "conv_act": "gelu",
    },
}


def word_piece_tokenizer(special):
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    pieces = [*special, *LETTERS, *(f"##{letter}" for letter in LETTERS), ".", "[", "]", "world", "##able", "sep"]
    tokenizer = Tokenizer(models.WordPiece({piece: n for n, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    framed = [(special[0], 0), (special[1], 1)]
    tokenizer.post_processor = processors.TemplateProcessing(f"{special[0]} $A {special[1]}", None, framed)
    tokenizer.add_special_tokens(list(special))
    tokenizer.enable_truncation(4)
    return tokenizer


def byte_level_tokenizer():
    from tokenizers import Tokenizer, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = ["<s>", "<pad>", "</s>", "<unk>", *alphabet, "Ġw", "or"]
    tokenizer = Tokenizer(models.BPE({p: n for n, p in enumerate(pieces)}, [("Ġ", "w"), ("o", "r")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>"])
    return tokenizer


def sentence_piece_model(tmp_path, **ids):
    from sentencepiece import SentencePieceTrainer

    SentencePieceTrainer.train(
        sentence_iterator=iter(["hello world unbelievable naïve . [SEP] <s>"] * 20),
        model_prefix=str(tmp_path / "pieces"),
        vocab_size=48,
        hard_vocab_limit=False,
        minloglevel=2,
        **ids,
    )
    return (tmp_path / "pieces.model").read_bytes()


def subword_bytes(model_type, tmp_path):
    """Return a subword model of the kind: its bytes and the number of ids."""
    names = {"mpnet": ("<s>", "</s>", "<pad>", "[UNK]"), "roberta": ()}
    if model_type == "roberta":
        tokenizer = byte_level_tokenizer()
    elif LAYOUTS[model_type].subwords == "tokenizer.json":
        tokenizer = word_piece_tokenizer(names.get(model_type, ("[CLS]", "[SEP]", "[PAD]", "[UNK]")))
    else:
        return sentence_piece_model(tmp_path, **SENTENCE_PIECE_IDS.get(model_type, {})), 60
    return tokenizer.to_str().encode(), tokenizer.get_vocab_size()


@pytest.fixture(scope="module", params=sorted(ARCHITECTURES))
def saved(request, tmp_path_factory):
    """A folder as transformers saves it, and the model."""
    import torch
    from transformers import AutoConfig, AutoModel

    model_type = request.param
    folder = tmp_path_factory.mktemp(model_type)
    data, size = subword_bytes(model_type, folder)
    widths = DISTILBERT if model_type == "distilbert" else WIDTHS
    positions = 64 + (0 if ARCHITECTURES[model_type].reserved_positions == 0 else 2)
    sizes = {**widths, "vocab_size": size, "max_position_embeddings": positions, **EXTRA.get(model_type, {})}
    torch.manual_seed(5)
    model = AutoModel.from_config(AutoConfig.for_model(model_type, **sizes)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.4)
    model.save_pretrained(folder)
    (folder / LAYOUTS[model_type].subwords).write_bytes(data)
    return folder, model


def forward(model, ids):
    import torch

    with torch.inference_mode():
        return model(torch.tensor([ids]))


def framed(encoder, words):
    pieces = encoder.subwords.encode(words)
    frame = encoder.subwords.special_tokens
    return [frame.first, *(i for one in pieces for i in one), frame.last], np.cumsum([1, *map(len, pieces[:-1])])


@pytest.mark.parametrize("backend", [TorchBackend, OpenVinoBackend])
def test_token_vectors_are_transformers(saved, backend):
    folder, model = saved
    checkpoint = read(folder)
    if backend is OpenVinoBackend and model.config.model_type not in KINDS:
        with pytest.raises(OptionError, match=r"'deberta-v2' with backend=\"openvino\"; expected albert, .*torch"):
            OpenVinoBackend(checkpoint)
        return
    opened = backend(checkpoint)
    encoder = open_encoder(checkpoint, opened)
    texts, segments = segments_of_words([WORDS, WORDS[:2]])
    found = encoder.token_vectors(texts, segments, nothing)
    expected = []
    for words in (WORDS, WORDS[:2]):
        ids, first = framed(encoder, words)
        expected.append(forward(model, ids).last_hidden_state[0].numpy()[first])
    np.testing.assert_allclose(found, np.concatenate(expected), atol=1e-5, rtol=1e-5)


def test_bf16_is_near(saved):
    texts, segments = segments_of_words([WORDS, WORDS[:2]])
    exact, near = (
        open_encoder(read(saved[0]), TorchBackend(read(saved[0]), precision=precision)).token_vectors(
            texts, segments, nothing
        )
        for precision in (Precision.FP32, Precision.BF16)
    )
    assert near.dtype == np.float32
    assert (near != exact).any()
    cosine = (near * exact).sum(1) / np.linalg.norm(near, axis=1) / np.linalg.norm(exact, axis=1)
    assert cosine.mean() >= 0.999  # of random weights, which are much larger than real ones


TEXTS = ["Hello unbelievable world.", "Naïve ``world''", "WORLD"]


def transformers_tokenizer(folder, model_type):
    import transformers

    names = {"deberta-v2": "DebertaV2", "distilbert": "DistilBert", "mpnet": "MPNet", "xlm-roberta": "XLMRoberta"}
    name = names.get(model_type, "Bert" if model_type == "electra" else model_type.capitalize())
    return getattr(transformers, f"{name}Tokenizer").from_pretrained(folder)


def test_pieces_are_those_of_transformers_tokenizer(saved):
    folder, model = saved
    kind, subwords = model.config.model_type, open_tiny(read(folder)).subwords
    tokenizer = transformers_tokenizer(folder, kind)

    def theirs(text):
        return tokenizer(text, add_special_tokens=False).input_ids

    assert [one.ids for one in subwords.encode_texts(TEXTS)] == [theirs(text) for text in TEXTS]
    words = ["Hello", "naïve", "WORLD", "world"]
    space = tokenizer.convert_tokens_to_ids("▁") if kind in ("albert", "deberta-v2", "xlm-roberta") else None
    expected = [[i for i in theirs(f" {word}") if i != space] for word in words]  # as inside a text
    assert subwords.encode(words) == expected


@pytest.fixture(scope="module")
def subwords(saved):
    return open_tiny(read(saved[0])).subwords


@pytest.mark.parametrize("saved", ["albert"], indirect=True)
@given(st.text(max_size=20))
def test_spans_are_of_the_text_as_it_was_written(subwords, text):
    [found] = subwords.encode_texts([f"É {text} ½"])
    begins, ends = zip(*found.spans, strict=True)  # pieces of one character, such as "㎐", have the same span
    assert list(begins) == sorted(begins)
    assert list(ends) == sorted(ends)
    assert 0 <= begins[0] <= ends[-1] <= len(text) + 4
    assert any(begin == 0 and end >= 1 for begin, end in found.spans)


@pytest.mark.parametrize("saved", ["albert"], indirect=True)
def test_how_sentencepiece_wants_texts_is_a_setting_of_the_files(saved, tmp_path):
    copied(saved[0], tmp_path)
    (tmp_path / "tokenizer_config.json").write_text('{"do_lower_case": false, "keep_accents": true}')
    cased, small = (open_tiny(read(folder)).subwords for folder in (tmp_path, saved[0]))
    assert cased.encode(["world", "."]) == small.encode(["world", "."])
    assert cased.special_tokens.unknown in cased.encode(["World"])[0]
    assert small.encode(["World", "naive"]) == small.encode(["world", "naïve"])


@pytest.mark.parametrize("saved", ["deberta-v2"], indirect=True)
def test_a_tokenizer_that_splits_at_punctuation_by_itself_is_refused(saved, tmp_path):
    copied(saved[0], tmp_path)
    (tmp_path / "tokenizer_config.json").write_text('{"split_by_punct": true}')
    with pytest.raises(UnsupportedReference, match="split_by_punct=True"):
        read(tmp_path)


def test_windows_are_as_long_as_the_positions_allow(saved):
    checkpoint = read(saved[0])
    encoder = open_tiny(checkpoint)
    assert encoder.max_length == 64
    texts, segments = segments_of_words([["world"] * 150])
    found = encoder.token_vectors(texts, segments, nothing)
    assert found.shape == (150, 16)
    assert np.isfinite(found).all()


def test_the_pooler_is_transformers(saved):
    folder, model = saved
    encoder = open_tiny(read(folder))
    pooler = ARCHITECTURES[model.config.model_type].pooler
    assert (encoder.pooler is None) == (pooler is None)
    if pooler is None:
        return
    texts = ["Hello world."]
    runs = Runs(*(np.array([n], np.int32) for n in (0, 0, 12)))
    found = encoder.run_vectors(texts, runs, SentenceRecipe(SentencePooling.POOLER), nothing)
    frame, [(ids, _)] = encoder.subwords.special_tokens, encoder.subwords.encode_texts(texts)
    expected = forward(model, [frame.first, *ids, frame.last]).pooler_output.numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_what_is_written_is_read_again(saved, tmp_path):
    checkpoint = read(saved[0])
    write_checkpoint(checkpoint, tmp_path)
    again = read(tmp_path)
    assert again.config == checkpoint.config
    assert again.subwords == checkpoint.subwords
    assert set(again.tensors) == set(checkpoint.tensors)


@pytest.mark.parametrize("saved", ["roberta"], indirect=True)
def test_positions_that_begin_after_another_padding_id_make_windows_shorter(saved):
    checkpoint = read(saved[0])
    config = {**checkpoint.config, "pad_token_id": 5}
    encoder = open_tiny(Checkpoint(config, checkpoint.tensors, checkpoint.subwords))
    assert encoder.max_length == 60
    texts, segments = segments_of_words([["world"] * 90])
    assert np.isfinite(encoder.token_vectors(texts, segments, nothing)).all()


MOVED = {
    "albert": {"unk_id": 0, "bos_id": 1, "eos_id": 2, "pad_id": 3, "pad_piece": "<pad>"},
    "deberta-v2": {"unk_id": 0, "pad_id": 1, "bos_id": 2, "eos_id": 3, "pad_piece": "[PAD]"},
}


@pytest.mark.parametrize("saved", MOVED, indirect=True)
def test_special_pieces_have_the_ids_of_the_models_file(saved, tmp_path):
    folder, model = saved
    copied(folder, tmp_path)
    ids = MOVED[model.config.model_type]
    data = sentence_piece_model(tmp_path, **ids, bos_piece="[CLS]", eos_piece="[SEP]")
    (tmp_path / LAYOUTS[model.config.model_type].subwords).write_bytes(data)
    config = json.loads((tmp_path / "config.json").read_text()) | {"pad_token_id": ids["pad_id"]}
    (tmp_path / "config.json").write_text(json.dumps(config))
    found = open_tiny(read(tmp_path)).subwords.special_tokens
    assert found == SpecialTokens(*(ids[name] for name in ("bos_id", "eos_id", "pad_id", "unk_id")))


@pytest.mark.parametrize("saved", ["bert", "deberta-v2"], indirect=True)
def test_only_deberta_does_without_types_of_tokens(saved, tmp_path):
    copied(saved[0], tmp_path)
    config = json.loads((saved[0] / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"type_vocab_size": 0}))
    if config["model_type"] == "bert":
        with pytest.raises(FormatError, match="type_vocab_size=0; expected a whole number from 1"):
            read(tmp_path)
    else:
        assert read(tmp_path).config["type_vocab_size"] == 0


def test_text_that_spells_a_special_token_is_text(saved):
    encoder = open_tiny(read(saved[0]))
    frame = encoder.subwords.special_tokens
    spelt = encoder.subwords.encode(["[SEP]", "[CLS]", "<s>", "</s>", "<pad>", "[PAD]"])
    assert not {frame.first, frame.last, frame.pad} & {i for ids in spelt for i in ids}


def test_a_vocabulary_larger_than_the_embeddings_is_an_error(saved):
    checkpoint = read(saved[0])
    name = "embeddings.word_embeddings.weight"
    fewer = dict(checkpoint.tensors) | {name: checkpoint.tensors[name][:20]}
    config = dict(checkpoint.config) | {"vocab_size": 20}
    with pytest.raises(ModelError, match=r"pieces, the embedding matrix 20 rows"):
        open_tiny(Checkpoint(config, fewer, checkpoint.subwords))


# --- subword models as transformers writes them now, in parts, and broken ones ----------------------------------------


def copied(saved_folder, into):
    for file in saved_folder.iterdir():
        if file.name != "tokenizer.json":
            (into / file.name).write_bytes(file.read_bytes())


def test_what_transformers_writes_now_has_the_same_pieces(saved, tmp_path):
    folder, model = saved
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    transformers_tokenizer(folder, model.config.model_type).save_pretrained(tmp_path)
    assert not list(tmp_path.glob("*.model"))
    ours, before = open_tiny(read(tmp_path)).subwords, open_tiny(read(folder)).subwords
    assert ours.special_tokens == before.special_tokens
    assert ours.encode(WORDS) == before.encode(WORDS)
    texts = [*TEXTS, "a <s> [SEP] <unk>  b"]
    assert [one.ids for one in ours.encode_texts(texts)] == [one.ids for one in before.encode_texts(texts)]


def test_tokens_have_the_same_vectors_whichever_file_has_their_pieces(tmp_path):
    transformers_tokenizer(MODEL, "xlm-roberta").save_pretrained(tmp_path)
    checkpoint, data = read(MODEL), (tmp_path / "tokenizer.json").read_bytes()
    again = replace(checkpoint, subwords=SubwordModel(SubwordKind.TOKENIZER_JSON, data))
    for alignment in Alignment:
        found, expected = (token_vectors(open_tiny(one, alignment=alignment), SENTENCES) for one in (again, checkpoint))
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("saved", ["bert"], indirect=True)
def test_what_stands_around_a_text_is_what_the_tokenizer_puts_there(saved, tmp_path):
    from tokenizers import Tokenizer, processors

    folder, _ = saved
    copied(folder, tmp_path)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.post_processor = processors.BertProcessing(("b", 7), ("a", 6))
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    frame = open_tiny(read(tmp_path)).subwords.special_tokens
    assert (frame.first, frame.last) == (6, 7)
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A", special_tokens=[("[CLS]", 0)])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(UnsupportedReference, match="puts 1 pieces around a text; expected one before and one after"):
        open_tiny(read(tmp_path))


@pytest.mark.parametrize("saved", ["bert", "roberta"], indirect=True)
def test_old_exports_hold_the_same_vocabulary_in_parts(saved, tmp_path):
    folder, model = saved
    parts = json.loads((folder / "tokenizer.json").read_text())["model"]
    copied(folder, tmp_path)
    if model.config.model_type == "bert":
        (tmp_path / "vocab.txt").write_text("\n".join(parts["vocab"]) + "\n")
    else:
        (tmp_path / "vocab.json").write_text(json.dumps(parts["vocab"]))
        (tmp_path / "merges.txt").write_text("#version: 0.2\nĠ w\no r\n")
    ours, whole = open_tiny(read(tmp_path)).subwords, open_tiny(read(folder)).subwords
    assert ours.special_tokens == whole.special_tokens
    assert ours.encode(WORDS) == whole.encode(WORDS)


@pytest.mark.parametrize("saved", ["bert"], indirect=True)
def test_small_letters_are_a_setting_of_the_files(saved, tmp_path):
    folder, _ = saved
    copied(folder, tmp_path)
    vocabulary = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    (tmp_path / "vocab.txt").write_text("\n".join(vocabulary))
    (tmp_path / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    subwords = open_tiny(read(tmp_path)).subwords
    assert subwords.encode(["World"]) == [[subwords.special_tokens.unknown]]
    assert subwords.encode(["world"]) != [[subwords.special_tokens.unknown]]


@pytest.mark.parametrize("saved", ["bert"], indirect=True)
def test_a_vocabulary_of_another_algorithm_is_refused(saved, tmp_path):
    folder, _ = saved
    copied(folder, tmp_path)
    (tmp_path / "vocab.txt").write_text(
        "\n".join(json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"])
    )
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "BertJapaneseTokenizer"}')
    with pytest.raises(UnsupportedReference, match="tokenizer_class 'BertJapaneseTokenizer' and there is no tokenizer"):
        read(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizerFast", "strip_accents": false}')
    subwords = open_tiny(read(tmp_path)).subwords
    assert subwords.encode(["naive"]) != subwords.encode(["naïve"])


@pytest.mark.parametrize("saved", ["bert", "albert"], indirect=True)
def test_a_damaged_pooler_is_an_error_of_load(saved):
    checkpoint = read(saved[0])
    prefix = ARCHITECTURES[checkpoint.config["model_type"]].pooler

    def spoilt(name, change):
        tensors = dict(checkpoint.tensors)
        tensors[name] = change(tensors[name].copy())
        return Checkpoint(checkpoint.config, tensors, checkpoint.subwords)

    with pytest.raises(ModelError, match=r"shape \(8, 16\); expected the shape \(16, 16\)"):
        open_tiny(spoilt(f"{prefix}.weight", lambda values: values[:8]))
    with pytest.raises(ModelError, match="values that are not numbers"):
        open_tiny(spoilt(f"{prefix}.bias", lambda values: values * np.nan))
    without = {name: values for name, values in checkpoint.tensors.items() if name != f"{prefix}.bias"}
    with pytest.raises(ModelError, match=rf"{prefix}.bias' is missing"):
        open_tiny(Checkpoint(checkpoint.config, without, checkpoint.subwords))


@pytest.mark.parametrize("saved", ["bert", "distilbert"], indirect=True)
def test_another_number_of_layers_is_an_error_with_both_numbers(saved):
    checkpoint = read(saved[0])
    name = "n_layers" if "n_layers" in checkpoint.config else "num_hidden_layers"
    for number in (1, 3):
        with pytest.raises(ModelError, match=f"the weights have 2 layers; expected {number}"):
            open_tiny(Checkpoint({**checkpoint.config, name: number}, checkpoint.tensors, checkpoint.subwords))


@pytest.mark.parametrize("saved", ["bert"], indirect=True)
@pytest.mark.parametrize(
    ("files", "error", "said"),
    [
        ({}, FormatError, "a subword model in tokenizer.json or vocab.txt"),
        ({"tokenizer.json": "{"}, ModelError, "the tokenizer cannot be read"),
        ({"tokenizer.json": '{"model": 3}'}, ModelError, "the tokenizer cannot be read"),
        ({"vocab.txt": "[CLS]\n[SEP]\na"}, ModelError, r"the (tokenizer cannot be read|vocabulary has no piece)"),
    ],
)
def test_broken_subword_models_are_errors(saved, tmp_path, files, error, said):
    copied(saved[0], tmp_path)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(error, match=said):
        open_tiny(read(tmp_path))


def test_another_architecture_is_refused_with_the_list():
    checkpoint = read(DATA / "xlmroberta_weights")
    other = Checkpoint({**checkpoint.config, "model_type": "gpt2"}, checkpoint.tensors, checkpoint.subwords)
    with pytest.raises(UnsupportedReference, match=r"'gpt2'; expected albert, bert, .*xlm-roberta"):
        TorchBackend(other)
    with pytest.raises(UnsupportedReference, match="model_type 'gpt2' with a sentencepiece subword model"):
        open_encoder(other, TorchBackend(checkpoint), EncoderSettings())
