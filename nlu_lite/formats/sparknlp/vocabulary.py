"""Read the vocabulary and merges of an archive from its fields of Java-serialized tuples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nlu_lite.formats import vocabularies
from nlu_lite.formats.sparknlp.archive import ByteSource, name_some
from nlu_lite.formats.sparknlp.faults import format_error
from nlu_lite.formats.sparknlp.hadoop import read_checked, read_records
from nlu_lite.formats.sparknlp.javaobj import JavaObject, read_stream

LONGEST_WORD = 200
"""Maximum length of a word, in characters. Spark NLP encodes a longer word as the unknown piece."""


def build_word_piece(members: Mapping[str, ByteSource], rows: int, lower: bool, where: str) -> bytes:
    """Build a WordPiece tokenizer from ``fields/vocabulary``.

    Args:
        members: The archive.
        rows: The number of rows of the embedding matrix. Ids must be smaller.
        lower: Whether texts are lowercased, and their accents stripped.
        where: The name of the archive in error messages.

    Raises:
        FormatError: The vocabulary is damaged, or does not match the embedding matrix.
    """
    vocabulary = _read_vocabulary(members, rows, ("[PAD]", "[UNK]", "[CLS]", "[SEP]"), where)
    return vocabularies.build_word_piece(vocabulary, vocabularies.WordNormalization(lower), LONGEST_WORD)


def build_byte_level_bpe(members: Mapping[str, ByteSource], rows: int, where: str) -> bytes:
    """Build a byte-level BPE tokenizer from ``fields/vocabulary`` and ``fields/merges``.

    Raises:
        FormatError: A field is damaged, or does not match the other field or the embedding matrix.
    """
    vocabulary = _read_vocabulary(members, rows, ("<s>", "<pad>", "</s>", "<unk>"), where)
    return vocabularies.build_byte_level_bpe(vocabulary, _read_merges(members, vocabulary, where))


def _read_vocabulary(
    members: Mapping[str, ByteSource], rows: int, special: tuple[str, ...], where: str
) -> dict[str, int]:
    pieces: dict[str, int] = {}
    for piece, number in _read_pairs(members, "fields/vocabulary/", where):
        if not isinstance(piece, str) or not isinstance(number, int) or not 0 <= number < rows:
            raise format_error(
                where, f"piece {_show(piece)} with id {_show(number)}", f"a string, and an id below {rows}"
            )
        if pieces.setdefault(piece, number) != number:
            raise format_error(
                where, f"piece {piece!r} has the ids {pieces[piece]} and {number}", "one id for each piece"
            )
    if len(set(pieces.values())) != len(pieces):
        raise format_error(where, f"{len(pieces)} pieces with {len(set(pieces.values()))} ids", "an id for each piece")
    missing = [piece for piece in special if piece not in pieces]
    if missing:
        raise format_error(where, f"no piece {missing[0]!r} among {len(pieces)}", f"{', '.join(special)}")
    return dict(sorted(pieces.items(), key=lambda item: item[1]))


def _read_merges(members: Mapping[str, ByteSource], vocabulary: Mapping[str, int], where: str) -> list[tuple[str, str]]:
    """Return the merges in the order of their ranks."""
    ranks: dict[int, tuple[str, str]] = {}
    for pair, rank in _read_pairs(members, "fields/merges/", where):
        halves = tuple(pair.fields.get(name) for name in ("_1", "_2")) if isinstance(pair, JavaObject) else ()
        match halves:
            case (str(first), str(second)) if isinstance(rank, int) and rank not in ranks:
                ranks[rank] = first, second
            case _:
                raise format_error(
                    where, f"the merge {_show(pair)} with rank {_show(rank)}", "two strings, and a rank of its own"
                )
        if not {first, second, first + second} <= vocabulary.keys():
            raise format_error(where, f"the merge {halves!r}", "pieces of the vocabulary")
    return [ranks[rank] for rank in sorted(ranks)]


def _read_pairs(members: Mapping[str, ByteSource], folder: str, where: str) -> Iterator[tuple[Any, Any]]:
    """Yield the tuples of a field from all its parts, with boxed numbers unboxed."""
    parts = sorted(name for name in members if name.startswith(f"{folder}part-"))
    if not parts:
        raise format_error(where, f"it holds {name_some(members)}", f"the field {folder}")
    for name in parts:
        data = read_checked(members, name)
        for number, record in enumerate(read_records(data, members[name].name)):
            place = f"{members[name].name}, record {number}"
            items = read_stream(record, place)
            for item in items if isinstance(items, list) else [items]:
                yield _parse_pair(item, place)


def _parse_pair(item: Any, where: str) -> tuple[Any, Any]:
    if not isinstance(item, JavaObject) or not {"_1", "_2"} <= item.fields.keys():
        raise format_error(where, f"a {type(item).__name__} {getattr(item, 'class_name', '')}", "a scala.Tuple2")
    second = item.fields["_2"]
    return item.fields["_1"], second.fields.get("value") if isinstance(second, JavaObject) else second


def _show(value: Any) -> str:
    """Return a value for an error message. Objects are named by type, since they can be huge or contain themselves."""
    return repr(value)[:80] if isinstance(value, str | int) else type(value).__name__
