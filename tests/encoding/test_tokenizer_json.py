"""A tokenizer.json is inspected as data: damaged and hostile files are errors that name the component."""

import base64
import json
import random
import struct

import numpy as np
import pytest
import tokenizer_fuzz
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizer_fuzz import ROWS, SOUND, TEXTS, charsmap, try_range

from nlu_lite.encoding.subwords import open_subwords
from nlu_lite.encoding.subwords.charsmap import check_charsmap, decode_charsmap
from nlu_lite.encoding.subwords.inspection import check_components
from nlu_lite.encoding.subwords.patterns import is_safe
from nlu_lite.encoding.subwords.rust import translate_errors
from nlu_lite.encoding.subwords.vocabularies import parse_model
from nlu_lite.errors import ModelError, NluLiteError
from nlu_lite.records import Checkpoint, SubwordKind, SubwordModel


def opened(kind, parts, rows=ROWS):
    data = parts if isinstance(parts, bytes) else json.dumps(parts).encode()
    matrix = {"embeddings.word_embeddings.weight": np.zeros((rows, 1), np.float32)}
    return open_subwords(Checkpoint({"model_type": kind}, matrix, SubwordModel(SubwordKind.TOKENIZER_JSON, data)))


def test_fifty_mutants_are_opened_or_refused():
    found = list(try_range(0, 0, 50))
    assert [number for number, _ in found] == list(range(50))
    assert not [result for _, result in found if result.startswith("finding")]
    assert {result for _, result in found} >= {"opened", "ModelError"}


def test_a_process_that_ends_is_a_finding(monkeypatch):
    monkeypatch.setattr(tokenizer_fuzz, "ENVIRONMENT", {"PYTHONHOME": "/nowhere"})
    [(number, result)] = try_range(0, 7, 8)
    assert number == 7
    assert result.startswith("finding: the process ended (status 1")


@pytest.mark.parametrize("kind", SOUND)
def test_sound_files_encode(kind):
    subwords = opened(kind, SOUND[kind]())
    assert subwords.encode(["covid"]) == [[len(SOUND[kind]()["model"]["vocab"])]]
    assert all(0 <= i < ROWS for ids, _ in subwords.encode_texts(TEXTS) for i in ids)


# --- components ------------------------------------------------------------------------------------------------------


def replace(pattern, content):
    return {"type": "Replace", "pattern": pattern, "content": content}


def sequence(*steps):
    return {"type": "Sequence", "normalizers": list(steps)}


def split(**pattern):
    return {"type": "Split", "pattern": pattern, "behavior": "Isolated", "invert": False}


def compiled(data):
    return {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(data).decode()}


def nested(depth):
    return {"type": "NFC"} if not depth else sequence(nested(depth - 1))


LEVEL = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": False}


@pytest.mark.parametrize(
    ("normalizer", "said"),
    [
        (compiled(b"abc"), "normalizer Precompiled cannot be used: its map has 3 bytes"),
        (compiled(b"\xff\xff\xff\xff"), "states an array of 4294967295"),
        (compiled(struct.pack("<III", 8, 0, 0xFFFFFF) + b"\0"), "links that lead out of its array"),
        (compiled(charsmap()[:-4] + b"\xff\xff\xff\0"), "normalizer Precompiled cannot be used"),
        ({"type": "Precompiled", "precompiled_charsmap": "AB"}, "not base64"),
        ({"type": "Precompiled", "precompiled_charsmap": "AB=="}, "not canonical base64"),
        ({"type": "Precompiled", "precompiled_charsmap": None}, "its map is a NoneType"),
        ({"type": "Precompiled"}, "normalizer Precompiled has no precompiled_charsmap"),
        (sequence(*[replace({"String": "a"}, "aa")] * 26), r"multiply a text by 6.71e\+07 \(Replace\)"),
        (sequence(*[replace({"String": "a"}, "aaa")] * 4), "multiply a text by 81"),
        (replace({"String": "a"}, "b" * 20_000_000), "normalizer Replace has content = 'bbbb"),
        (replace({"String": ""}, "b"), "normalizer Replace replaces the empty text"),
        (replace({"Regex": "(a+)+$"}, "b"), "normalizer Replace has pattern = .*in proportion to a text"),
        (replace({"Regex": "a*"}, "b"), "normalizer Replace has pattern"),
        (replace({"String": "a", "Regex": "b"}, ""), "normalizer Replace has pattern"),
        ({"type": "Prepend", "prepend": "x" * 20_000_000}, "normalizer Prepend has prepend = 'xxxx"),
        (sequence(*[{"type": "ByteLevel"}] * 30), r"multiply a text by 1.07e\+09 \(ByteLevel\)"),
        (sequence(*[{"type": "NFKD"}] * 3000), "have 3001 components; expected at most 32"),
        (nested(100), "normalizer Sequence is damaged, or deeply nested"),
        ({"type": "Nonsense"}, "normalizer has the type 'Nonsense'; expected Sequence, BertNormalizer"),
        ({"type": "Lowercase", "locale": "tr"}, "normalizer Lowercase has the unknown field 'locale'"),
        ({"type": "Strip", "strip_left": 1, "strip_right": True}, "normalizer Strip has strip_left = 1; expected true"),
        ({"type": ["NFC"]}, r"normalizer has the type \['NFC'\]"),
        ([], "normalizer is a list"),
        ("NFC", "normalizer is a str"),
    ],
)
def test_normalizers_are_refused_by_name(normalizer, said):
    parts = SOUND["bert"]() | {"normalizer": normalizer}
    with pytest.raises(ModelError, match=said):
        opened("bert", parts)


@pytest.mark.parametrize(
    ("pre_tokenizer", "said"),
    [
        (split(Regex="(a+)+$"), "pre_tokenizer Split has pattern"),
        (split(Regex=r"(\w|\w\w)*!"), "pre_tokenizer Split has pattern"),
        (split(Regex="(a|b|ab)*c"), "pre_tokenizer Split has pattern"),
        (split(String="x" * 1000), "pre_tokenizer Split has pattern"),
        (split(Regex=" ") | {"behavior": "Nonsense"}, "pre_tokenizer Split has behavior = 'Nonsense'"),
        ({"type": "FixedLength", "length": 0}, "FixedLength has length = 0; expected a whole number from 1"),
        ({"type": "Metaspace", "replacement": ""}, "Metaspace has replacement = ''; expected one character"),
        (
            {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "often"},
            "has prepend_scheme = 'often'",
        ),
        ({"type": "CharDelimiterSplit", "delimiter": "ab"}, "CharDelimiterSplit has delimiter = 'ab'"),
        ({"type": "Sequence", "pretokenizers": [LEVEL] * 30}, r"multiply a text by .* \(BertNormalizer, ByteLevel\)"),
        ({"type": "Sequence", "normalizers": []}, "pre_tokenizer Sequence is damaged"),
        ({"type": "Nonsense"}, "pre_tokenizer has the type 'Nonsense'"),
    ],
)
def test_pre_tokenizers_are_refused_by_name(pre_tokenizer, said):
    with pytest.raises(ModelError, match=said):
        opened("bert", SOUND["bert"]() | {"pre_tokenizer": pre_tokenizer})


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        ("roberta", {"merges": [["o", "r"], ["o", "r"]]}, "model BPE has the merge of 'o' and 'r' 2 times"),
        ("roberta", {"merges": ["o r", ["o", "r"]]}, "the merge of 'o' and 'r' 2 times"),
        ("roberta", {"merges": [["a", "b"]]}, "the merge of 'a' and 'b'; expected pieces of the vocabulary that make"),
        ("roberta", {"merges": [["o"]]}, r"the merge \['o'\] at place 0"),
        ("roberta", {"merges": 3}, "model BPE has merges that are a int"),
        ("roberta", {"continuing_subword_prefix": "####"}, "model BPE has the merge"),
        ("roberta", {"dropout": 0.1}, "model BPE has dropout = 0.1; expected none: pieces would be drawn at random"),
        ("roberta", {"unk_token": "nowhere"}, "model BPE has no piece 'nowhere'; expected its unknown piece"),
        ("bert", {"unk_token": "nowhere"}, "model WordPiece has no piece 'nowhere'"),
        ("bert", {"max_input_chars_per_word": 10**12}, "has max_input_chars_per_word = 10+; expected a whole number"),
        ("bert", {"vocab": {"a": 1 << 40}}, "model WordPiece has the piece 'a' with the id 1099511627776"),
        ("bert", {"vocab": {"a": 1, "b": 1}}, "model WordPiece has the id 1 for 'a', 'b'"),
        ("bert", {"vocab": {"a" * 20_000: 0, "[UNK]": 1}}, "has a piece of 20000 characters"),
        ("bert", {"vocab": {}}, "model WordPiece has an empty vocabulary"),
        ("bert", {"type": "Nonsense"}, "model has the type 'Nonsense'; expected Unigram, WordPiece, BPE, WordLevel"),
        ("bert", {"extra": 1}, "model WordPiece has the unknown field 'extra'"),
        ("albert", {"unk_id": 10**6}, "model Unigram has unk_id = 1000000; expected less than"),
        ("albert", {"unk_id": None}, "model Unigram has unk_id = None"),
        ("albert", {"vocab": [["a", float("nan")]]}, r"model Unigram has \['a', nan\] at place 0"),
        ("albert", {"vocab": [["a", 1e300]]}, r"has \['a', 1e\+300\] at place 0"),
        ("albert", {"vocab": [["a"]]}, r"has \['a'\] at place 0"),
        ("albert", {"vocab": {"a": 1}}, "model Unigram has a vocabulary that is a dict"),
    ],
)
def test_models_are_refused_by_name(kind, changes, said):
    parts = SOUND[kind]()
    with pytest.raises(ModelError, match=said):
        opened(kind, parts | {"model": parts["model"] | changes})


TEMPLATE = SOUND["bert"]()["post_processor"]


@pytest.mark.parametrize(
    ("post_processor", "error", "said"),
    [
        (TEMPLATE | {"special_tokens": {}}, ModelError, "post_processor TemplateProcessing has a damaged piece"),
        (TEMPLATE | {"single": []}, ModelError, "has the text 0 times"),
        (TEMPLATE | {"single": TEMPLATE["single"] * 2}, ModelError, "has the text 2 times"),
        ({"type": "BertProcessing", "cls": ["a", 1 << 40], "sep": ["b", 1]}, ModelError, "has the id 1099511627776"),
        ({"type": "BertProcessing", "cls": ["a", ROWS], "sep": ["b", 1]}, ModelError, "401 pieces, the embedding"),
        ({"type": "RobertaProcessing", "cls": ["a"], "sep": ["b", 1]}, ModelError, r"has the piece \['a'\]"),
        ({"type": "Nonsense"}, ModelError, "post_processor is 'Nonsense'"),
        ({"type": "Sequence", "processors": [TEMPLATE] * 2}, NluLiteError, "puts 4 pieces around a text"),
    ],
)
def test_post_processors_are_refused_by_name(post_processor, error, said):
    with pytest.raises(error, match=said):
        opened("bert", SOUND["bert"]() | {"post_processor": post_processor})


def test_post_processors_in_sequence_count():
    inner = {"type": "BertProcessing", "cls": ["a", 6], "sep": ["b", 7]}
    parts = SOUND["bert"]() | {"post_processor": {"type": "Sequence", "processors": [LEVEL, inner]}}
    frame = opened("bert", parts).special_tokens
    assert (frame.first, frame.last) == (6, 7)


@pytest.mark.parametrize("padding", [{"strategy": {"Fixed": 10**15}}, {"pad_to_multiple_of": 10**18}, "nonsense", 3])
def test_limits_of_length_are_never_handed_over(padding):
    parts = SOUND["bert"]() | {"padding": padding, "truncation": padding, "decoder": padding}
    assert opened("bert", parts).encode(["world"]) == opened("bert", SOUND["bert"]()).encode(["world"])


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"3", b"[" * 100_000, b'{"model":' * 100_000, b"\xff", b"{}"])
def test_what_is_no_tokenizer_is_refused(data):
    with pytest.raises(ModelError, match="the tokenizer cannot be read"):
        opened("bert", data)


@pytest.mark.parametrize(
    "listed", [3, [3], [{"id": 5}], [{"id": -1, "content": "a"}], [{"id": 70, "content": "a", "lstrip": 1}]]
)
def test_added_tokens_that_are_none_are_refused(listed):
    with pytest.raises(ModelError, match=r"added_tokens (are|have)"):
        opened("bert", SOUND["bert"]() | {"added_tokens": listed})


def test_a_panic_is_an_error_of_the_library():
    from tokenizers import Tokenizer

    model = {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": [["a", "b"]]}
    with pytest.raises(ModelError, match=r"it broke \(.*out of range"), translate_errors("it broke", "x", "y"):
        Tokenizer.from_str(json.dumps({"version": "1.0", "added_tokens": [], "model": model}))
    with pytest.raises(KeyboardInterrupt), translate_errors("it broke", "x", "y"):
        raise KeyboardInterrupt


# --- what real files hold --------------------------------------------------------------------------------------------

METASPACE = {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True}
QUOTES = [replace({"String": quote}, '"') for quote in ("``", "''")]
STRIP = {"type": "Strip", "strip_left": False, "strip_right": True}
FULL = "nmt_nfkc"


def full_charsmap():
    from sentencepiece import SentencePieceNormalizer

    from nlu_lite.encoding.subwords.sentencepieces import _read_field

    return _read_field(SentencePieceNormalizer(rule_name=FULL).serialized_normalizer_spec(), 2)


def test_unicodes_own_map_can_multiply_a_text_by_eleven():
    assert check_charsmap(full_charsmap()).growth == 11


@pytest.mark.parametrize(
    ("normalizer", "pre_tokenizer"),
    [
        # XLM-RoBERTa, CamemBERT, multilingual E5, BGE-M3 and MiniLM, by version of transformers
        (sequence(FULL, replace({"Regex": " {2,}"}, " ")), METASPACE | {"prepend_scheme": "always"}),
        (FULL, {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, METASPACE | {"str_rep": "▁"}]}),
        (
            sequence(
                FULL, {"type": "Strip", "strip_left": False, "strip_right": True}, replace({"Regex": " {2,}"}, "▁")
            ),
            METASPACE | {"prepend_scheme": "always", "split": True},
        ),
        # ALBERT
        (
            sequence(
                *QUOTES,
                {"type": "NFKD"},
                {"type": "StripAccents"},
                {"type": "Lowercase"},
                FULL,
                replace({"Regex": " {2,}"}, " "),
            ),
            METASPACE,
        ),
        # DeBERTa
        (
            sequence(
                {"type": "Lowercase"},
                replace({"Regex": r"\s{2,}|[\n\r\t]"}, " "),
                {"type": "NFC"},
                STRIP,
            ),
            {"type": "Sequence", "pretokenizers": [{"type": "Punctuation", "behavior": "Isolated"}, METASPACE]},
        ),
        # LaBSE, MiniLM, MPNet
        (
            {
                "type": "BertNormalizer",
                "clean_text": True,
                "handle_chinese_chars": True,
                "strip_accents": False,
                "lowercase": False,
            },
            {"type": "BertPreTokenizer"},
        ),
        # RoBERTa, also with the expression of GPT-2 written out
        (None, {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}),
        (
            {"type": "NFC"},
            {
                "type": "Sequence",
                "pretokenizers": [
                    split(
                        Regex=r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
                    ),
                    {"type": "Digits", "individual_digits": True},
                    {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False},
                ],
            },
        ),
        # characters, digits, words
        (sequence({"type": "Nmt"}, {"type": "NFKC"}, replace({"String": " "}, "▁")), split(String="")),
        ({"type": "Prepend", "prepend": "▁"}, split(Regex=r"\d")),
        (None, {"type": "Sequence", "pretokenizers": [{"type": "Whitespace"}, split(Regex=r"\w+|[^\w\s]+")]}),
    ],
)
def test_components_of_real_models_are_known(normalizer, pre_tokenizer):
    whole = json.dumps({"normalizer": normalizer, "pre_tokenizer": pre_tokenizer})
    parts = json.loads(whole.replace(json.dumps(FULL), json.dumps(compiled(full_charsmap()))))
    check_components(parts)


def test_a_model_of_old_versions_has_no_type():
    parts = SOUND["bert"]()
    del parts["model"]["type"]
    assert parse_model(parts["model"])[0]["type"] == "WordPiece"
    assert opened("bert", parts).encode(["world"]) == opened("bert", SOUND["bert"]()).encode(["world"])


# --- expressions and maps --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pattern",
    [r"\s+", " {2,}", r"[\n\r\t]", r"\p{N}", r"\p{N}{1,3}", "[^a-z]+", ".", "ab?c+", r"\.|,|!", r"[0-9]+|\W", "a{3}"],
)
def test_expressions_of_linear_time_are_allowed(pattern):
    assert is_safe(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "a*",
        "a+b",
        "a*a*",
        r"\s+$",
        "(ab)+",
        "a?a?a?b",
        "a{1,99999}",
        "(?=a)b",
        r"(\w)\1",
        "a|",
        "",
        "|",
        "[a-z&&[b]]",
        "a++",
        "a+?",
        "[",
        "\\",
        "(",
        "a" * 300,
        "[^]",
        "x{0,5}",
        "a{2}b",
    ],
)
def test_other_expressions_are_not(pattern):
    assert not is_safe(pattern)


@given(st.text(r"ab \.|*+?{}[]()^$0,\\p{L}s", max_size=12))
@settings(max_examples=300, deadline=None)
def test_an_allowed_expression_is_one_and_consumes_text(pattern):
    from tokenizers import Regex, normalizers

    if is_safe(pattern):
        with translate_errors("no expression", "", ""):
            assert len(normalizers.Replace(Regex(pattern), "").normalize_str("a b.L,")) <= 6


@given(st.integers(0, 2**32), st.integers(0, 40))
@settings(max_examples=300, deadline=None)
def test_a_map_that_is_allowed_never_panics(seed, changes):
    from tokenizers import normalizers

    rng, data = random.Random(seed), bytearray(charsmap())
    for _ in range(changes):
        place = rng.choice([rng.randrange(len(data)), rng.randrange(min(len(data), 1200))])
        data[place] = rng.randrange(256)
    try:
        growth = check_charsmap(bytes(data)).growth
    except ValueError:
        return
    text = "ﬁ É a\u0301 plain \u1234 " + "".join(chr(rng.randrange(0xD7FF)) for _ in range(50))
    found = normalizers.Precompiled(bytes(data)).normalize_str(text)  # a panic would end the test
    assert len(found.encode()) <= max(1, growth) * len(text.encode())


@pytest.mark.parametrize("value", [None, 3, "é", "====", "A"])
def test_what_is_no_map_is_a_value_error(value):
    with pytest.raises(ValueError, match="its map"):
        decode_charsmap(value)
