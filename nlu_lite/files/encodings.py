"""Decode files of text: byte order marks are respected, and errors name the offset and line of an invalid byte."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import IO, TYPE_CHECKING

from nlu_lite.errors import InputError
from nlu_lite.files.sources import TextFile

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK = 1 << 16
"""Number of bytes that are decoded at once."""

MARKS = (  # UTF-32 first: its mark begins with the mark of UTF-16
    (codecs.BOM_UTF32_LE, "UTF-32-LE"),
    (codecs.BOM_UTF32_BE, "UTF-32-BE"),
    (codecs.BOM_UTF8, "UTF-8"),
    (codecs.BOM_UTF16_LE, "UTF-16-LE"),
    (codecs.BOM_UTF16_BE, "UTF-16-BE"),
)
LONGEST_MARK = 4

LEAST = 16
"""Minimum number of bytes for finding out that every other one is NUL."""


class BlockStream(io.RawIOBase):
    """Blocks of bytes as a file."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        super().__init__()
        self._blocks = blocks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """See `io.IOBase`."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """See `io.RawIOBase`."""
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = memoryview(block)
        view = memoryview(buffer)
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


@contextmanager
def open_utf8(file: TextFile) -> Iterator[Iterator[bytes]]:
    """Open a file of text as blocks of UTF-8 without a byte order mark.

    UTF-16 and UTF-32 are decoded if the file has their byte order mark.

    Raises:
        SourceError: The file cannot be read.
        InputError: A byte is invalid in the encoding; raised after the blocks before it.
    """
    with file.open() as raw:
        yield _read_blocks(raw, file.name)


@contextmanager
def open_buffered(blocks: Iterator[bytes]) -> Iterator[IO[bytes]]:
    """Open blocks of bytes as a file."""
    with io.BufferedReader(BlockStream(blocks), BLOCK) as file:
        yield file


def read_lines(file: TextFile) -> Iterator[str]:
    r"""Yield the lines of a file, which end with ``\n`` or ``\r\n``, not with other line breaks of Unicode.

    Raises:
        SourceError: The file cannot be read.
        InputError: A byte is invalid in the encoding.
    """
    with open_utf8(file) as blocks, open_buffered(blocks) as text:
        for line in text:
            yield line.decode().removesuffix("\n").removesuffix("\r")


def _read_blocks(raw: IO[bytes], name: str) -> Iterator[bytes]:
    read = getattr(raw, "read1", raw.read)
    head = b""
    while len(head) < LONGEST_MARK and (block := read(BLOCK)):  # a pipe may return single bytes
        head += block
    mark, encoding = next((known for known in MARKS if head.startswith(known[0])), (b"", "UTF-8"))
    if not mark:
        _check_marked(head, name)
    return _decode(chain([head[len(mark) :]], iter(lambda: read(BLOCK), b"")), encoding, len(mark), name)


def _decode(blocks: Iterable[bytes], encoding: str, place: int, name: str) -> Iterator[bytes]:
    """Yield blocks as UTF-8; the text before an invalid byte is yielded before the error is raised.

    Args:
        blocks: The bytes of the file after its byte order mark.
        encoding: The encoding.
        place: Length of the mark.
        name: Name of the file.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 1
    for block in chain(blocks, [b""]):
        waiting = len(decoder.getstate()[0])
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            text = error.object[: error.start].decode(encoding)
            yield text.encode()
            byte, line = place - waiting + error.start, lines + text.count("\n")
            raise InputError(
                f"{name} is not {encoding} at byte {byte}, in line {line} ({error.reason})",
                "UTF-8, or UTF-16 with a byte order mark",
                "Convert it to UTF-8, for example with iconv -f WINDOWS-1252 -t UTF-8",
            ) from error
        yield text.encode()
        place += len(block)
        lines += text.count("\n")


def _check_marked(head: bytes, name: str) -> None:
    """Refuse UTF-16 without a byte order mark: its ASCII characters would be read with NULs between them."""
    zeros = [head[first::2].count(0) for first in (0, 1)]
    if min(zeros) == 0 and max(zeros) > len(head) // 4 and len(head) >= LEAST:
        code = "UTF-16BE" if zeros[0] else "UTF-16LE"
        raise InputError(
            f"{name} looks like {code} without a byte order mark: every other byte is NUL",
            "UTF-8, or UTF-16 with a byte order mark",
            f"Convert it to UTF-8, for example with iconv -f {code} -t UTF-8",
        )
