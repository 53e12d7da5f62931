"""Mutate Spark NLP's own archives, and classify the result of reading each mutant.

A mutant has to give a checkpoint all of whose tensors can be read, or an error of nlu_lite. Where checksums were left
as they were, a checkpoint has to be the original's. Anything else is a finding: another exception, more time or memory
than a small archive can need, a file written, or one read that is not the mutant's.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import resource
import shutil
import signal
import struct
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import google_crc32c
from sparknlp_golden import SENTENCES, TOKENS
from sparknlp_small import OBJECT_GRAPH, Field, Tree, join, parse, small
from sparknlp_writer import mask, put, put32, sequence_file, table, varint

from nlu_lite.errors import NluLiteError
from nlu_lite.formats.sparknlp import SparkNlpArchive
from nlu_lite.formats.sparknlp.hadoop import read_records
from nlu_lite.formats.sparknlp.leveldb import FOOTER, read_table
from nlu_lite.records import Checkpoint
from nlu_lite.store.bucket import check_zip

ARCHIVES = (*TOKENS, *SENTENCES, "xlmroberta_onnx")
SECONDS = 5
MEMORY = 768 << 20
"""Bytes of address space that reading a mutant may take beyond what the process has; a small archive needs few."""

NUMBERS = (
    0,
    1,
    2,
    3,
    7,
    127,
    128,
    255,
    65535,
    1 << 31,
    (1 << 31) - 1,
    (1 << 32) - 1,
    1 << 40,
    (1 << 63) - 1,
    (1 << 64) - 1,
)
NAMES = (
    "../up",
    "/abs",
    "a/../../up",
    "C:\\up",
    "a\\b",
    "a//b",
    "./a",
    "",
    "a\0b",
    "metadata/part-00001",
    "x/" * 200 + "x",
)
SIGNIFICANT = b"\x00\x01\x7f\x80\xff\x08\x0a\x12\x71\x73\x74\x75"

# --- bytes -----------------------------------------------------------------------------------------------------------


def change_bytes(rng: random.Random, data: bytes) -> bytes:
    """Change a few bytes: flip bits, overwrite, truncate, insert, repeat, delete."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        place = rng.randrange(len(out) + 1)
        length = min(rng.choice((1, 1, 2, 4, 8, 64, 1000)), len(out) - place)
        match rng.randrange(7):
            case 0 | 1:
                if place < len(out):
                    out[place] ^= 1 << rng.randrange(8)
            case 2:
                out[place : place + length] = rng.randbytes(length)
            case 3:
                del out[place:]
            case 4:
                out[place:place] = rng.choice((rng.randbytes(length), out[:length], bytes(length)))
            case 5:
                del out[place : place + length]
            case _:
                number = struct.pack(rng.choice(("<Q", ">Q")), rng.choice(NUMBERS))
                width = rng.choice((1, 2, 4, 8))
                out[place : place + width] = number[:width]
    return bytes(out)


def change_message(rng: random.Random, data: bytes, depth: int = 8) -> bytes:
    """Change a field of a protobuf message at any depth, and correct the lengths of the messages around it."""
    try:
        fields = parse(data)
    except ValueError:
        return change_bytes(rng, data)
    if not fields or rng.random() < 0.02:
        return change_bytes(rng, data)
    place = rng.randrange(len(fields))
    number, wire, value = fields[place]
    if isinstance(value, bytes) and wire == 2 and depth and value and rng.random() < 0.85:
        fields[place] = (number, wire, change_message(rng, value, depth - 1))
        return join(fields)
    return _with_field_changed(rng, fields, place)


def _with_field_changed(rng: random.Random, fields: list[Field], place: int) -> bytes:
    number, wire, value = fields[place]
    match rng.randrange(7):
        case 0:
            del fields[place]
        case 1:
            fields.insert(rng.randrange(len(fields) + 1), fields[place])
        case 2:
            fields[place] = (rng.choice((1, 2, 3, 4, 5, 7, 8, 9, 13, 100, 1 << 28)), wire, value)
        case 3:
            fields[place] = (number, 0, rng.choice(NUMBERS))
        case 4 if not isinstance(value, int):
            lie = varint(number << 3 | 2) + varint(rng.choice(NUMBERS)) + value
            return join(fields[:place]) + lie + join(fields[place + 1 :])
        case 5:
            fields[place] = (number, 2, rng.choice((b"", b"\0", rng.randbytes(rng.randrange(40)), b"\xff" * 12)))
        case _:
            changed = rng.choice(NUMBERS) if isinstance(value, int) else change_bytes(rng, value)
            fields[place] = (
                number,
                wire,
                changed if wire in (0, 2) else bytes(changed)[: len(value)].ljust(len(value)),
            )
    return join(fields)


def change_directory(rng: random.Random, data: bytes) -> bytes:
    """Overwrite a number in a header of a zip: a size, offset, checksum, mode, method or length of a name."""
    out = bytearray(data)
    layouts = {b"PK\3\4": (4, 6, 8, 14, 18, 22, 26, 28), b"PK\1\2": (4, 6, 8, 10, 16, 20, 24, 28, 30, 32, 36, 38, 42)}
    layouts[b"PK\5\6"] = (4, 6, 8, 10, 12, 16, 20)
    signature = re.compile(rb"PK(?:\x03\x04|\x01\x02|\x05\x06)")
    heads = [(found.start(), layouts[found[0]]) for found in signature.finditer(data)]
    for _ in range(rng.choice((1, 1, 2))):
        place, offsets = rng.choice(heads)
        place += rng.choice(offsets)
        width = rng.choice((2, 4))
        number = rng.choice((*NUMBERS, len(data), rng.randrange(len(data) + 1), 99, 12, 14))
        out[place : place + width] = struct.pack("<Q", number)[:width]
    return bytes(out)


# --- trees -----------------------------------------------------------------------------------------------------------


def raw(rng: random.Random, tree: Tree) -> None:
    """Change bytes or headers of the outer zip or of the engine's, without correcting checksums."""
    change = rng.choice((change_bytes, change_bytes, change_directory))
    own = random.Random(rng.random())
    if rng.random() < 0.5:
        tree.inner_edit = lambda data: change(own, data)
    else:
        tree.outer_edit = lambda data: change(own, data)


def cut(rng: random.Random, tree: Tree) -> None:
    """Truncate the outer zip or the engine's at any position."""
    share = rng.choice((rng.random(), 1 - rng.random() / 500))
    if rng.random() < 0.5:
        tree.inner_edit = lambda data: data[: int(len(data) * share)]
    else:
        tree.outer_edit = lambda data: data[: int(len(data) * share)]


def file_bytes(rng: random.Random, tree: Tree) -> None:
    """Change bytes of a file. The zip's checksums are corrected, and Hadoop's are sometimes left out."""
    files = _one_of(rng, tree)
    name = rng.choice(sorted(files))
    files[name] = change_bytes(rng, files[name])
    _drop_sums(rng, tree, name)


def names(rng: random.Random, tree: Tree) -> None:
    """Remove, rename, repeat or exchange files, or add links or archives within archives."""
    files = _one_of(rng, tree)
    name = rng.choice(sorted(files))
    match rng.randrange(8):
        case 0:
            del files[name]
        case 1:
            files[rng.choice(NAMES) or "empty"] = files[name]
        case 2:
            files[rng.choice(NAMES) or "empty"] = files.pop(name)
        case 3:
            tree.doubles.append(name)
        case 4:
            other = rng.choice(sorted(files))
            files[name], files[other] = files[other], files[name]
        case 5:
            tree.modes[name] = rng.choice((0o120777, 0o060644, 0o010644, 0o020644, 0, 0o177777))
            files[name] = rng.choice((files[name], b"/etc/hostname", b"../../x"))
        case 6:
            files[name] = rng.choice((tree.zipped(tree.inner), tree.zipped({name: files[name]}), b"PK\3\4", b""))
        case _:
            tree.engine = rng.choice(
                ("x_openvino", "x_onnx", "bert_tensorflow", "tensorflow", "a/b_tensorflow", "x_tf")
            )


def unpacked(rng: random.Random, tree: Tree) -> None:
    """Write a folder instead of a zip, with a changed, missing or moved file."""
    tree.unpacked = True
    rng.choice((file_bytes, names, metadata))(rng, tree)


def metadata(rng: random.Random, tree: Tree) -> None:
    """Change the metadata's JSON."""
    name = next((name for name in tree.files if name.startswith("metadata/part-")), None)
    if name is None:
        return
    text = tree.files[name].decode(errors="replace")
    values = ["null", "-1", "1e999", "[]", '"x"', "{}", "true", "NaN", "[" * 2000, "1" * 5000]
    found = list(re.finditer(r'"[^"]*"|\d+|true|false|\{|\}', text))
    if not found:
        return
    part = rng.choice(found)
    tree.files[name] = (text[: part.start()] + rng.choice(values) + text[part.end() :]).encode()
    _drop_sums(rng, tree, name)


def index_entries(rng: random.Random, tree: Tree) -> None:
    """Change an entry of ``variables.index``, and write correct checksums."""
    entries = _entries(tree)
    if not entries:
        return
    key = rng.choice(sorted(entries))
    match rng.randrange(6):
        case 0:
            del entries[key]
        case 1:
            entries[
                rng.choice((key + b"x", b"variables/99999/.ATTRIBUTES/VARIABLE_VALUE", b"\xff", b"global_step"))
            ] = entries[key]
        case 2:
            other = rng.choice(sorted(entries))
            entries[key], entries[other] = entries[other], entries[key]
        case _:
            entries[key] = change_message(rng, entries[key])
    tree.inner["variables.index"] = table(entries, rng.choice((1, 16, 1000)))


def index_bytes(rng: random.Random, tree: Tree) -> None:
    """Change bytes within the blocks of ``variables.index``, and correct the checksums of the blocks."""
    data = bytearray(tree.inner.get("variables.index", b""))
    if len(data) <= FOOTER:
        return
    ends = _block_ends(bytes(data))
    for _ in range(rng.choice((1, 1, 2, 4))):
        place = rng.randrange(len(data) - FOOTER)
        data[place] = rng.choice((data[place] ^ 1 << rng.randrange(8), *SIGNIFICANT))
    for begin, end in ends:
        struct.pack_into("<I", data, end + 1, mask(google_crc32c.value(bytes(data[begin : end + 1]))))
    tree.inner["variables.index"] = bytes(data)


def numbers(rng: random.Random, tree: Tree) -> None:
    """Change numbers of a tensor, also to NaN, and correct its checksum."""
    entries = _entries(tree)
    shard = bytearray(tree.inner.get("variables.data-00000-of-00001", b""))
    keys = [key for key in entries if key and key != OBJECT_GRAPH]
    if not keys:
        return
    key = rng.choice(keys)
    fields = {n: value for n, _, value in parse(entries[key])}
    offset, size = int(fields.get(4, 0)), int(fields.get(5, 0))
    place = offset + 4 * rng.randrange(max(size // 4, 1))
    struct.pack_into("<f", shard, place, rng.choice((float("nan"), float("inf"), 3e38, 0.5)))
    total = mask(google_crc32c.value(bytes(shard[offset : offset + size])))
    entries[key] = _without(entries[key], 6) + put32(6, total)
    tree.inner |= {"variables.data-00000-of-00001": bytes(shard), "variables.index": table(entries)}


def object_graph(rng: random.Random, tree: Tree) -> None:
    """Change the object graph, and append it to the shard with correct checksums."""
    entries = _entries(tree)
    if OBJECT_GRAPH not in entries:
        return
    shard = tree.inner["variables.data-00000-of-00001"]
    fields = {n: value for n, _, value in parse(entries[OBJECT_GRAPH])}
    offset, size = int(fields.get(4, 0)), int(fields.get(5, 0))
    text = change_message(rng, _string(shard[offset : offset + size]))
    lengths = google_crc32c.value(struct.pack("<I", len(text)))
    check = struct.pack("<I", mask(lengths))
    crc = google_crc32c.extend(google_crc32c.extend(lengths, check), text)
    data = varint(len(text)) + check + text
    entry = put(1, 7) + put(2, b"") + put(4, len(shard)) + put(5, len(data)) + put32(6, mask(crc))
    tree.inner |= {
        "variables.data-00000-of-00001": shard + data,
        "variables.index": table({**entries, OBJECT_GRAPH: entry}),
    }


def graph(rng: random.Random, tree: Tree) -> None:
    """Change fields of the GraphDef or of the ONNX model."""
    name = next((name for name in ("model.onnx", "saved_model.pb") if name in tree.inner), None)
    for _ in range(rng.choice((1, 1, 3))):
        if name is not None:
            tree.inner[name] = change_message(rng, tree.inner[name])


def outside(rng: random.Random, tree: Tree) -> None:
    """Make a tensor of the ONNX model refer to numbers in another file."""
    if "model.onnx" not in tree.inner:
        return raw(rng, tree)
    location = rng.choice(("/etc/passwd", "../x", "model.onnx", "model.onnx_data", "", "fields/x", "a" * 300))
    pairs = {"location": location, "offset": str(rng.choice(NUMBERS)), "length": str(rng.choice(NUMBERS))}
    lines = b"".join(put(13, put(1, key) + put(2, value)) for key, value in pairs.items()) + put(14, 1)

    def moved(value: int | bytes) -> int | bytes:
        return value + lines if isinstance(value, bytes) and rng.random() < 0.3 else value

    model = parse(tree.inner["model.onnx"])
    for place, (number, wire, value) in enumerate(model):
        if number == 7 and isinstance(value, bytes):
            model[place] = (7, wire, join([(n, w, moved(v) if n == 5 else v) for n, w, v in parse(value)]))
    tree.inner["model.onnx"] = join(model)
    tree.files[rng.choice(("model.onnx_data", "x.onnx_data", "y"))] = bytes(rng.randrange(3000))
    return None


def sequence_files(rng: random.Random, tree: Tree) -> None:
    """Change the structure of a vocabulary's or merges' file, or the Java stream of a record in it."""
    parts = sorted(name for name in tree.files if re.match(r"fields/(vocabulary|merges)/part-", name))
    if not parts:
        return file_bytes(rng, tree)
    name = rng.choice(parts)
    data = tree.files[name]
    records = list(read_records(data, name))
    if not records or rng.random() < 0.3:
        tree.files[name] = change_bytes(rng, data)
        return None
    place = rng.randrange(len(records))
    records[place] = _changed_stream(rng, records[place])
    tree.files[name] = sequence_file(records)
    return None


def subwords(rng: random.Random, tree: Tree) -> None:
    """Change a SentencePiece model."""
    name = next((name for name in tree.files if name.endswith("_spp")), None)
    if name is None:
        return sequence_files(rng, tree)
    tree.files[name] = change_message(rng, tree.files[name])
    return None


MUTATORS: tuple[Callable[[random.Random, Tree], None], ...] = (
    raw,
    cut,
    file_bytes,
    names,
    unpacked,
    metadata,
    index_entries,
    index_bytes,
    numbers,
    object_graph,
    graph,
    outside,
    sequence_files,
    subwords,
)
UNSUMMED = (raw, cut)
"""What leaves checksums as they were, so that whatever is read must be the original."""


def _one_of(rng: random.Random, tree: Tree) -> dict[str, bytes]:
    return tree.files if tree.files and (rng.random() < 0.5 or not tree.inner) else tree.inner


def _drop_sums(rng: random.Random, tree: Tree, name: str) -> None:
    folder, _, file = name.rpartition("/")
    if rng.random() < 0.7:
        tree.files.pop(f"{folder}/.{file}.crc" if folder else f".{file}.crc", None)


def _entries(tree: Tree) -> dict[bytes, bytes]:
    data = tree.inner.get("variables.index")
    return {} if data is None else read_table(data, "variables.index")


def _without(message: bytes, number: int) -> bytes:
    return join([field for field in parse(message) if field[0] != number])


def _string(data: bytes) -> bytes:
    place = next(n for n, byte in enumerate(data) if byte < 128) + 1
    return data[place + 4 :]


def _block_ends(data: bytes) -> list[tuple[int, int]]:
    """Return the begin and end of each block of a table with consecutive blocks."""
    ends, begin = [], 0
    for end in range(len(data) - FOOTER - 4):
        stored = struct.unpack_from("<I", data, end + 1)[0]
        if end > begin and data[end] == 0 and mask(google_crc32c.value(data[begin : end + 1])) == stored:
            ends.append((begin, end))
            begin = end + 5
    return ends


def _changed_stream(rng: random.Random, record: bytes) -> bytes:
    out = bytearray(record)
    for _ in range(rng.choice((1, 1, 2, 3))):
        place = rng.randrange(4, len(out))
        match rng.randrange(5):
            case 0:  # a reference, to anything: cycles too
                out[place : place + 5] = b"\x71" + struct.pack(">i", 0x7E0000 + rng.randrange(-1, 40))
            case 1:
                out[place] = rng.choice(SIGNIFICANT)
            case 2:
                out[place : place + 4] = struct.pack(">Q", rng.choice(NUMBERS))[4:]
            case 3:
                out[place] ^= 1 << rng.randrange(8)
            case _:
                del out[place : place + rng.randrange(1, 9)]
    return bytes(out)


# --- trials ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mutant:
    """An archive that was changed.

    Attributes:
        number: Its number under its seed.
        name: The archive that it was.
        changes: What was done to it.
        path: Where it lies.
    """

    number: int
    name: str
    changes: tuple[str, ...]
    path: Path


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant: ``"read"`` or the name of an error, and what is wrong with that, if anything is."""

    mutant: Mutant
    result: str
    finding: str = ""


class _HangError(BaseException):
    """A mutant took too long."""


def make(seed: int, number: int, folder: Path) -> Mutant:
    """Write a mutant: the same one for the same seed and number."""
    rng = random.Random(f"{seed} {number}")
    name = rng.choice(ARCHIVES)
    tree = small(name).copy()
    changes = [rng.choice(MUTATORS) for _ in range(rng.choice((1, 1, 1, 2)))]
    for change in changes:
        with suppress(NluLiteError, ValueError, LookupError, StopIteration, struct.error):  # the one before broke it
            change(rng, tree)
    path = folder / "mutant.zip"
    _remove(path)
    if tree.unpacked and _is_foldable(tree):
        _write_folder(rng, tree, path)
    else:
        path.write_bytes(tree.pack())
    return Mutant(number, name, tuple(change.__name__ for change in changes), path)


def try_mutant(mutant: Mutant) -> Outcome:
    """Read everything in a mutant that the library ever reads."""
    watched: list[str] = []
    try:
        with _limits(), _watching(mutant.path, watched):
            if mutant.path.is_file():
                _check(mutant.path)
            found = digest(SparkNlpArchive().read(mutant.path))
    except NluLiteError as error:
        return Outcome(mutant, type(error).__name__, _complaint(watched, str(error)))
    except _HangError:
        return Outcome(mutant, "hang", f"more than {SECONDS} seconds")
    except BaseException as error:  # whatever it is, it is a finding
        if isinstance(error, KeyboardInterrupt):
            raise
        return Outcome(mutant, type(error).__name__, traceback.format_exc(limit=-6))
    unsummed = {change.__name__ for change in UNSUMMED}
    if set(mutant.changes) <= unsummed and found != original(mutant.name):
        return Outcome(mutant, "read", "another checkpoint than the original's")
    return Outcome(mutant, "read", _complaint(watched, "x"))


def digest(checkpoint: Checkpoint) -> str:
    """Read all of a checkpoint, and return its digest."""
    found = hashlib.sha256(checkpoint.subwords.data)
    found.update(json.dumps(dict(checkpoint.config), sort_keys=True).encode())
    for name in sorted(checkpoint.tensors):
        found.update(f"{name}{checkpoint.tensors[name].shape}".encode() + checkpoint.tensors[name].tobytes())
    return found.hexdigest()


@cache
def original(name: str) -> str:
    """Return the digest of an unchanged archive."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "original.zip"
        path.write_bytes(small(name).pack())
        return digest(SparkNlpArchive().read(path))


def _check(path: Path) -> None:
    """Check the zip as after a download; a refused zip is read nevertheless."""
    with suppress(NluLiteError):
        check_zip(path, "the zip")


def _complaint(watched: list[str], message: str) -> str:
    if watched:
        return f"touched {watched[0]}"
    return "" if message.strip() and len(message) < 20_000 else f"a message of {len(message)} characters"


@contextmanager
def _limits() -> Iterator[None]:
    """Limit time and memory."""

    def stop(*_: object) -> None:
        raise _HangError

    before = signal.signal(signal.SIGALRM, stop)
    limit = resource.getrlimit(resource.RLIMIT_AS)
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, limit[1]))
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        resource.setrlimit(resource.RLIMIT_AS, limit)
        signal.signal(signal.SIGALRM, before)


WRITING = (
    "os.mkdir",
    "os.rename",
    "os.remove",
    "os.symlink",
    "os.link",
    "os.truncate",
    "subprocess.Popen",
    "socket.connect",
)


class _Watch:
    """The one audit hook of the process, and what it is told to look at."""

    path: Path | None = None
    found: list[str] | None = None
    installed = False

    @classmethod
    def hook(cls, event: str, arguments: tuple[object, ...]) -> None:
        if cls.path is None or cls.found is None:
            return
        if event in WRITING or (event == "open" and not cls.may_open(arguments)):
            cls.found.append(f"{event} {arguments[:2]}")

    @classmethod
    def may_open(cls, arguments: tuple[object, ...]) -> bool:
        path, mode = str(arguments[0]), arguments[1]
        is_own = path.startswith(str(cls.path)) or path.endswith((".py", ".pyc", ".so"))
        return is_own and (mode is None or not set("wax+") & set(str(mode)))


@contextmanager
def _watching(path: Path, found: list[str]) -> Iterator[None]:
    """Record files outside `path` that are opened, and all files that are written."""
    if not _Watch.installed:
        sys.addaudithook(_Watch.hook)
        _Watch.installed = True
    _Watch.path, _Watch.found = path, found
    try:
        yield
    finally:
        _Watch.path = _Watch.found = None


def _is_foldable(tree: Tree) -> bool:
    return all(name and not re.search(r"(^|/)(\.\.?)?(/|$)|\\|\0|:", name) and len(name) < 200 for name in tree.files)


def _write_folder(rng: random.Random, tree: Tree, path: Path) -> None:
    files = {**tree.files, tree.engine: tree.inner_edit(tree.zipped(tree.inner))}
    for name, data in files.items():
        target = path / name
        if not any(parent.is_file() for parent in target.parents):
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.is_dir():
                target.write_bytes(data)
    if rng.random() < 0.3:
        victim = rng.choice([found for found in sorted(path.rglob("*")) if found.is_file()])
        victim.unlink()
        victim.symlink_to(rng.choice(("/etc/hostname", "..", victim.name, "nowhere")))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
