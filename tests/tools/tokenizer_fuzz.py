"""Mutate the structure of valid ``tokenizer.json`` files, and open each mutant.

Run as a program, it tries mutants in this process under a limit of memory, and prints a line of JSON for each.
"""

import base64
import copy
import json
import os
import random
import resource
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

MEMORY = 1 << 30
"""Bytes of address space for a process that tries mutants."""
SECONDS = 30
"""Processor time for a mutant: a sound tokenizer needs a hundredth of a second."""
PATIENCE = 1800
"""Seconds in which a process has to end, for one that waits for ever."""
ENVIRONMENT = {"RAYON_NUM_THREADS": "2", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2", "RUST_BACKTRACE": "0"}
ROWS = 400
TEXTS = [
    "Hello unbelievable world.",
    "a" * 3000,
    " " * 300 + "ab" * 300,
    "\ufdfa ﬁ É naïve 東京 😀 \u200b\x07",
    "[SEP] <s> <unk> [MASK] covid COVID",
    "",
    "a b " * 300,
]


@dataclass(frozen=True)
class Mutant:
    """A changed file.

    Attributes:
        kind: The model_type of the sound file.
        changes: What was done to it.
        data: Its bytes.
    """

    kind: str
    changes: tuple[str, ...]
    data: bytes


# --- sound files -----------------------------------------------------------------------------------------------------

LETTERS = "abcdefghijklmnopqrstuvwxyz."


def added(content, number, special):
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": not special, "special": special}
    return {"id": number, "content": content, **flags}


def whole(model, special, **parts):
    names = list(model["vocab"]) if isinstance(model["vocab"], dict) else [piece for piece, _ in model["vocab"]]
    tokens = [added(name, names.index(name), True) for name in special]
    template = [{"SpecialToken": {"id": special[0], "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    template += [{"SpecialToken": {"id": special[1], "type_id": 0}}]
    known = {name: {"id": name, "ids": [names.index(name)], "tokens": [name]} for name in special[:2]}
    post = {"type": "TemplateProcessing", "single": template, "pair": template, "special_tokens": known}
    listed = [*tokens, added("covid", len(names), False)]
    shell = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": listed, "normalizer": None}
    return shell | {"pre_tokenizer": None, "post_processor": post, "decoder": None} | parts | {"model": model}


def word_piece():
    special = ["[CLS]", "[SEP]", "[PAD]", "[UNK]"]
    pieces = [*special, *LETTERS, *(f"##{letter}" for letter in LETTERS), "world", "##able"]
    model = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##"}
    model |= {"max_input_chars_per_word": 100, "vocab": {piece: number for number, piece in enumerate(pieces)}}
    normalizer = {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True}
    normalizer |= {"strip_accents": None, "lowercase": True}
    return whole(model, special, normalizer=normalizer, pre_tokenizer={"type": "BertPreTokenizer"})


def byte_level():
    from tokenizers import pre_tokenizers

    special = ["<s>", "</s>", "<pad>", "<unk>"]
    pieces = [*special, *sorted(pre_tokenizers.ByteLevel.alphabet()), "Ġw", "or", "Ġwor"]
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "", "fuse_unk": False}
    model |= {"end_of_word_suffix": "", "byte_fallback": False, "ignore_merges": False}
    model |= {"vocab": {piece: number for number, piece in enumerate(pieces)}}
    model |= {"merges": [["Ġ", "w"], ["o", "r"], ["Ġw", "or"]]}
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    sides = {"sep": ["</s>", 1], "cls": ["<s>", 0], "trim_offsets": True, "add_prefix_space": False}
    return whole(model, special, pre_tokenizer=level, post_processor={"type": "RobertaProcessing", **sides})


def unigram(special, normalizer, pre_tokenizer):
    pieces = [*special, "▁", *LETTERS, "▁world", "able", "▁a", "aa"]
    vocabulary = [[piece, 0.0 if n < len(special) else -1.0 - n / 10] for n, piece in enumerate(pieces)]
    model = {"type": "Unigram", "unk_id": special.index(special[3]), "vocab": vocabulary, "byte_fallback": False}
    return whole(model, special, normalizer=normalizer, pre_tokenizer=pre_tokenizer)


@cache
def charsmap():
    """Return a small compiled character map, which is quick to copy and to change."""
    import sentencepiece

    sentencepiece.set_min_log_level(1)
    normalizer = sentencepiece.SentencePieceNormalizer(norm_map=[("ﬁ", "fi"), ("É", "E"), ("a\u0301", "á")])
    data = normalizer.serialized_normalizer_spec()
    begin = data.index(b"\x12") + 1  # field 2, its length as a varint, its bytes
    size = shift = 0
    while data[begin] > 127:
        size, shift, begin = size | (data[begin] & 127) << shift, shift + 7, begin + 1
    return data[begin + 1 : begin + 1 + (size | data[begin] << shift)]


def sentence_pieces():
    precompiled = {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(charsmap()).decode()}
    spaces = {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    words = {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, metaspace]}
    normalizer = {"type": "Sequence", "normalizers": [precompiled, spaces]}
    return unigram(["<s>", "</s>", "<pad>", "<unk>"], normalizer, words)


def albert():
    quotes = [{"type": "Replace", "pattern": {"String": quote}, "content": '"'} for quote in ("``", "''")]
    steps = [*quotes, {"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Lowercase"}]
    steps.append({"type": "Strip", "strip_left": False, "strip_right": True})
    metaspace = {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True, "prepend_scheme": "always"}
    normalizer = {"type": "Sequence", "normalizers": steps}
    return unigram(["[CLS]", "[SEP]", "<pad>", "<unk>"], normalizer, metaspace)


SOUND = {"bert": word_piece, "roberta": byte_level, "xlm-roberta": sentence_pieces, "albert": albert}

# --- changes ---------------------------------------------------------------------------------------------------------

ODD = [None, True, -1, 0, 1, 1 << 31, 1 << 32, 1 << 63, 10**30, -(10**30), 1e308, -1e-308, float("nan"), float("inf")]
ODD += ["", "a", "▁", " ", "\x00", "\ud800", "A" * 100_000, [], {}, [[]], [None], {"": None}, [1, 2], {"a": 1}]


def places(value, path=()):
    """Yield the paths of a structure; only a few of a long list or vocabulary."""
    if path:
        yield path
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    keys = list(keys)
    for key in keys if len(keys) <= 12 else [*keys[:3], *keys[-3:]]:
        yield from places(value[key], (*path, key))


def holder(parts, path):
    for key in path[:-1]:
        parts = parts[key]
    return parts


def set_odd(rng, parts):
    path = rng.choice(list(places(parts)))
    holder(parts, path)[path[-1]] = rng.choice(ODD)


def drop(rng, parts):
    path = rng.choice(list(places(parts)))
    del holder(parts, path)[path[-1]]


def add_field(rng, parts):
    inner = [path for path in places(parts) if isinstance(holder(parts, path)[path[-1]], dict)]
    path = rng.choice(inner)
    holder(parts, path)[path[-1]][rng.choice(["extra", "type", "dropout", "length"])] = rng.choice(ODD)


def swap(rng, parts):
    first, second = rng.choice(list(places(parts))), rng.choice(list(places(parts)))
    holder(parts, second)[second[-1]] = copy.deepcopy(holder(parts, first)[first[-1]])


def repeat(rng, parts):
    lists = [path for path in places(parts) if isinstance(holder(parts, path)[path[-1]], list)]
    path = rng.choice(lists)
    holder(parts, path)[path[-1]] *= rng.choice([0, 2, 3, 40])


def replaced(pattern, content):
    return {"type": "Replace", "pattern": pattern, "content": content}


def hostile_normalizers(rng):
    kind = rng.randrange(9)
    doubling = [replaced({"String": "a"}, "aa")] * rng.choice([6, 7, 8, 26])
    deep = {"type": "NFC"}
    for _ in range(rng.choice([3, 5, 100])):
        deep = {"type": "Sequence", "normalizers": [deep]}
    return [
        {"type": "Sequence", "normalizers": doubling},
        {"type": "Prepend", "prepend": "x" * rng.choice([10, 1000, 2_000_000])},
        deep,
        {"type": "Sequence", "normalizers": [{"type": "ByteLevel"}] * rng.choice([5, 30])},
        {"type": "Sequence", "normalizers": [{"type": "NFKD"}] * rng.choice([5, 30, 3000])},
        replaced({"String": ""}, rng.choice(["x", "x" * 90])),
        replaced({"Regex": rng.choice(REGEXES)}, rng.choice(["", "y" * 90])),
        {"type": "Precompiled", "precompiled_charsmap": broken_charsmap(rng)},
        {"type": rng.choice(["Nmt", "Unknown", "Lowercase", "StripAccents", "Sequence"])},
    ][kind]


REGEXES = ["(a+)+$", "(a|aa)*b", "a*a*a*a*b", r"(\w|\w\w)+!", "(", "[", "\\", "(?=a)*", "a{1,99999}", r"\p{Nonsense}"]
REGEXES += [".", "a*", "(?<n>a)\\g<n>*b", "^(([a-z])+.)+[A-Z]([a-z])+$", r"\s+", " {2,}", "[a-z]+|.", "a?a?a?a?aaaa"]


def broken_charsmap(rng):
    data = bytearray(charsmap())
    match rng.randrange(5):
        case 0:
            data = data[: rng.choice([0, 3, 4, 100, len(data) - 1])]
        case 1:
            data[:4] = rng.choice([0, 1, 4, len(data), 0xFFFF_FFFF, 0x7FFF_FFFC]).to_bytes(4, "little")
        case 2:
            for _ in range(rng.choice([1, 10, 1000])):
                data[rng.randrange(len(data))] = rng.randrange(256)
        case 3:
            data += bytes(rng.choice([b"\xff", b"long" * 500, b"\x00"]))
        case 4:
            data = bytearray(rng.randbytes(rng.choice([8, 1028, 4100])))
    text = base64.b64encode(bytes(data)).decode()
    return text if rng.random() < 0.8 else text[: rng.randrange(len(text) + 1)] + rng.choice(["!", "=", "é"])


def hostile_normalizer(rng, parts):
    parts["normalizer"] = hostile_normalizers(rng)


def hostile_pre_tokenizer(rng, parts):
    split = {"type": "Split", "behavior": "Isolated", "invert": rng.random() < 0.5}
    deep = {"type": "Whitespace"}
    for _ in range(rng.choice([3, 5, 100])):
        deep = {"type": "Sequence", "pretokenizers": [deep]}
    parts["pre_tokenizer"] = rng.choice(
        [
            {**split, "pattern": {"Regex": rng.choice(REGEXES)}},
            {**split, "pattern": {"String": rng.choice(["", "a", " ", "x" * 100_000])}},
            {"type": "FixedLength", "length": rng.choice([0, 1, -1, 1 << 40])},
            {"type": "Metaspace", "replacement": rng.choice(["", "▁", "ab"]), "prepend_scheme": "first"},
            {"type": "CharDelimiterSplit", "delimiter": rng.choice(["", "a", "ab", 3])},
            {"type": rng.choice(["UnicodeScripts", "Digits", "Punctuation", "Delimiter", "Nonsense"])},
            {"type": "Sequence", "pretokenizers": [{**BYTES, "add_prefix_space": True}] * rng.choice([2, 9, 30])},
            deep,
        ]
    )


BYTES = {"type": "ByteLevel", "trim_offsets": True, "use_regex": False}


def hostile_model(rng, parts):
    model = parts["model"]
    numbers = [0, -1, 10, ROWS, ROWS + 1, 1 << 31, 10**12]
    match rng.randrange(8):
        case 0 if "merges" in model:
            model["merges"] = model["merges"] + [rng.choice([["o", "r"], ["a", "b"], ["", "w"], "Ġ w", ["z"], 3])]
        case 1 if "merges" in model:
            model["continuing_subword_prefix"] = rng.choice(["w", "####", "Ġ"])
        case 2 if "vocab" in model and isinstance(model["vocab"], dict) and model["vocab"]:
            model["vocab"][rng.choice([*model["vocab"], "new", "", "x" * 100_000])] = rng.choice(numbers)
        case 3 if isinstance(model.get("vocab"), list):
            scores = [float("nan"), 1e308, -1e308, 1e300, 0.0, None, "x", 10**400]
            model["vocab"].append([rng.choice(["", "new", "a", "▁"]), rng.choice(scores)])
        case 4:
            model["unk_id"] = rng.choice(numbers)
        case 5:
            model["max_input_chars_per_word"] = rng.choice(numbers)
        case 6:
            model["type"] = rng.choice(["BPE", "Unigram", "WordPiece", "WordLevel", "", None])
        case _:
            model["dropout"] = rng.choice([0, 0.0, 0.5, 1.0, 2.0, float("nan")])


def hostile_added(rng, parts):
    contents = ["", "a", "A", "covid", "[SEP]", "<s>", "x" * 100_000, "\u0301", " ", "▁", "a b", "\ud800", 3]
    token = added(rng.choice(contents), rng.choice([0, 5, 70, ROWS - 1, ROWS, 1 << 40, -1]), rng.random() < 0.3)
    token |= {flag: rng.random() < 0.5 for flag in ("lstrip", "rstrip", "normalized", "single_word")}
    parts["added_tokens"] = [*parts["added_tokens"], *[token] * rng.choice([1, 1, 2])]


def hostile_limits(rng, parts):
    strategy = rng.choice([{"Fixed": 10**15}, "BatchLongest"])
    parts["padding"] = {"strategy": strategy, "direction": "Right", "pad_to_multiple_of": rng.choice([None, 0, 10**15])}
    parts["padding"] |= {"pad_id": 0, "pad_type_id": 0, "pad_token": "x"}
    parts["truncation"] = {"direction": "Right", "max_length": 1 << 60, "strategy": "LongestFirst", "stride": 1 << 60}


def hostile_processor(rng, parts):
    piece = {"SpecialToken": {"id": rng.choice(["<s>", "missing"]), "type_id": 0}}
    text = {"Sequence": {"id": rng.choice(["A", "B"]), "type_id": rng.choice([0, 1 << 40])}}
    ids = rng.choice([[0], [], [0] * 100_000, [-1], [1 << 40]])
    single = rng.choice([[piece, text, piece], [text], [piece] * 10_000, [text] * 3, []])
    known = {"<s>": {"id": "<s>", "ids": ids, "tokens": ["<s>"]}}
    template = {"type": "TemplateProcessing", "single": single, "pair": single, "special_tokens": known}
    pairs = {"cls": rng.choice([["<s>", 0], ["<s>"], [0, 0], ["<s>", 1 << 40]]), "sep": ["</s>", 1]}
    roberta = {"type": "RobertaProcessing", "trim_offsets": True, "add_prefix_space": False, **pairs}
    nested = {"type": "Sequence", "processors": [template, roberta]}
    parts["post_processor"] = rng.choice([template, roberta, nested, {"type": "Nonsense"}, 3])


CHANGES = [set_odd, set_odd, drop, add_field, swap, repeat, hostile_normalizer, hostile_normalizer]
CHANGES += [hostile_pre_tokenizer, hostile_model, hostile_added, hostile_limits, hostile_processor]


def cut(rng, data):
    return data[: rng.randrange(len(data))]


def flip(rng, data):
    changed = bytearray(data)
    for _ in range(rng.choice([1, 3, 20])):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def nest(rng, data):
    depth = rng.choice([100, 100_000])
    return rng.choice([b"[" * depth, b'{"model":' * depth, data.replace(b'"normalizer": null', b"[" * depth)])


def make(seed, number):
    """Return a mutant: the same one for the same numbers."""
    rng = random.Random(f"{seed} {number}")
    kind = rng.choice(sorted(SOUND))
    parts, changes = SOUND[kind](), []
    for change in rng.choices(CHANGES, k=rng.choice([1, 1, 1, 2, 3])):
        try:
            change(rng, parts)
        except (KeyError, IndexError, TypeError, AttributeError):
            continue  # an earlier change took away what this one wants
        changes.append(change.__name__)
    data = json.dumps(parts).encode()
    if rng.random() < 0.1:
        bytewise = rng.choice([cut, flip, nest])
        changes, data = [*changes, bytewise.__name__], bytewise(rng, data)
    return Mutant(kind, tuple(changes), data)


# --- trial -----------------------------------------------------------------------------------------------------------


def try_mutant(mutant):
    """Open a mutant and encode texts; returns ``"opened"`` or the name of an error of the library."""
    import numpy as np

    from nlu_lite.encoding.subwords import open_subwords
    from nlu_lite.errors import NluLiteError
    from nlu_lite.records import Checkpoint, SubwordKind, SubwordModel

    matrix = {"embeddings.word_embeddings.weight": np.zeros((ROWS, 1), np.float32)}
    subwords = SubwordModel(SubwordKind.TOKENIZER_JSON, mutant.data)
    try:
        opened = open_subwords(Checkpoint({"model_type": mutant.kind}, matrix, subwords))
        encoded = [ids for ids, _ in opened.encode_texts(TEXTS)] + opened.encode(TEXTS)
    except NluLiteError as error:
        panic = type(error.__cause__).__name__ == "PanicException"  # contained, but it should not come to that
        return f"finding: a panic became {error}" if panic else type(error).__name__
    wrong = [i for ids in encoded for i in ids if not 0 <= i < ROWS]
    return f"finding: the id {wrong[0]} has no row" if wrong else "opened"


def tried(seed, number):
    try:
        return try_mutant(make(seed, number))
    except BaseException as error:  # panics are no Exception
        return f"finding: {type(error).__name__}: {str(error)[:200]}"


def main(seed, first, end):
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for number in range(first, end):
        used = resource.getrusage(resource.RUSAGE_SELF)
        soft = int(used.ru_utime + used.ru_stime) + SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))
        sys.stdout.write(json.dumps([number, tried(seed, number)]) + "\n")
        sys.stdout.flush()


def try_range(seed, first, end):
    """Try mutants in processes of their own; yields the number and result of each.

    A process that ends early leaves the mutant that it was trying as a finding, and a new one goes on behind it.
    """
    while first < end:
        found, status = _try_in_child(seed, first, end)
        yield from found
        first += len(found)
        if first < end:
            yield first, f"finding: the process ended ({status})"
            first += 1


def _try_in_child(seed, first, end):
    command = [sys.executable, __file__, str(seed), str(first), str(end)]
    path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": path}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=PATIENCE, errors="replace", check=False
        )
        output, status = done.stdout, f"status {done.returncode}, {done.stderr[-300:]}"
    except subprocess.TimeoutExpired as error:
        output, status = (error.stdout or b"").decode(), f"no end after {PATIENCE} s"
    lines = [line for line in output.splitlines(keepends=True) if line.endswith("\n")]
    return [tuple(json.loads(line)) for line in lines], status


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
