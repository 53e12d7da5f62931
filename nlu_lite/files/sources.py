"""Find the files to read: a file, a folder of files, a pipe, or standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from nlu_lite._util.unicode import is_encodable
from nlu_lite.errors import InputError, OptionError, SourceError
from nlu_lite.files.failures import translate_read_errors
from nlu_lite.options import FileFormat

STDIN = "-"
"""The name of standard input; the path ``./-`` is a file."""

INDEX, FILE = "index", "file"
"""Added columns: the number of a text in its file, from 0; and the name of its file, if a folder is read."""


DELIMITED = (FileFormat.CSV, FileFormat.TSV)
STREAMED = (FileFormat.TXT, FileFormat.JSONL)
"""Formats that can be read from a pipe, in one pass."""

PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip")
"""Extensions of compressed files, which have to be unpacked first."""


@dataclass(frozen=True)
class TextFile:
    """A file to read.

    Attributes:
        path: Its path; None for standard input.
        format: Its format.
        delimiter: The delimiter of a CSV file; None detects it.
    """

    path: Path | None
    format: FileFormat
    delimiter: str | None = None

    @property
    def name(self) -> str:
        """The name that errors use."""
        return "standard input" if self.path is None else str(self.path)

    @property
    def is_stream(self) -> bool:
        """Whether the file can be read only once: standard input, a named pipe, a process substitution."""
        return self.path is None or not self.path.is_file()

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open the file.

        Raises:
            SourceError: The file cannot be opened or read.
        """
        if self.path is None:
            if sys.stdin is None:
                raise SourceError(
                    "standard input is closed", "an open stream", "Name a file, or pass texts through a pipe"
                )
            yield sys.stdin.buffer
            return
        with translate_read_errors(self.name), self.path.open("rb", buffering=0) as file:
            yield file


@dataclass(frozen=True)
class TextFiles:
    """Files that are read one after another.

    Attributes:
        files: The files, in order.
        root: The folder that contains them; None for a single file.
        columns: Names of the columns to read; None for all.
    """

    files: tuple[TextFile, ...]
    root: Path | None = None
    columns: tuple[str, ...] | None = None

    @property
    def origin_columns(self) -> tuple[str, ...]:
        """Names of the added columns, which state the origin of a row."""
        return (INDEX,) if self.root is None else (FILE, INDEX)

    @property
    def is_stream(self) -> bool:
        """Whether the files can be read only once."""
        return self.root is None and self.files[0].is_stream


def find_text_files(source: str | Path, form: FileFormat | None, delimiter: str | None = None) -> TextFiles:
    """Find the files to read.

    Args:
        source: A file, a folder, or the string ``"-"`` for standard input. All files in a folder and its subfolders are
            read, ordered by name, except those whose names begin with ``.`` or ``_``. A pipe is read once, like
            standard input.
        form: The format; None uses the extension, and plain text for streams without one.
        delimiter: The delimiter of CSV files; None detects it.

    Raises:
        SourceError: `source` does not exist, or a folder cannot be read.
        InputError: The folder has no file, a file of another format, or a file whose name is not UTF-8.
        OptionError: A stream cannot be read in this format, or `delimiter` is not a delimiter.
    """
    _check_delimiter(delimiter)
    found = _find_text_files(source, form, delimiter)
    if delimiter is not None and not any(file.format in DELIMITED for file in found.files):
        raise OptionError(f"delimiter={delimiter!r} for files that are not CSV", "CSV or TSV files", "Leave it out")
    return found


def _find_text_files(source: str | Path, form: FileFormat | None, delimiter: str | None) -> TextFiles:
    if source == STDIN:
        return TextFiles((_open_pipe(None, form or FileFormat.TXT),))
    path = Path(source)
    if source == "" or not _exists(path):  # an empty path would be the working directory
        raise SourceError(f"{source or repr('')} does not exist", "a file or folder of texts", "Check the path")
    if path.is_dir():
        return TextFiles(
            tuple(TextFile(file, form or _read_format(file), delimiter) for file in _list_files(path)), path
        )
    if not path.is_file():
        known = path.suffix.lower().removeprefix(".") in {known.value for known in FileFormat}
        return TextFiles((_open_pipe(path, form or (_read_format(path) if known else FileFormat.TXT)),))
    return TextFiles((TextFile(path, form or _read_format(path), delimiter),))


def _exists(path: Path) -> bool:
    if "\0" in str(path):  # no file can have such a name
        return False
    with translate_read_errors(str(path)):
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
    return True


def _open_pipe(path: Path | None, form: FileFormat) -> TextFile:
    file = TextFile(path, form)
    if form not in STREAMED:
        kind = file.name if path is None else f"the pipe {path}"
        raise OptionError(f"{form.value} from {kind}", "txt or jsonl", "Write it to a file first")
    return file


def _list_files(folder: Path) -> list[Path]:
    files = sorted(_walk(folder))
    if not files:
        raise InputError(
            f"the folder {folder} contains no file", f"files that end in {_list_extensions()}", "Check the path"
        )
    for file in files:
        _check_file(file)
    return files


def _walk(folder: Path) -> Iterator[Path]:
    """Yield files that are not hidden; links to folders are not followed."""

    def fail(error: OSError) -> None:
        raise error  # skipping a folder would lose texts

    with translate_read_errors(str(folder)):
        for root, folders, names in os.walk(folder, onerror=fail):
            folders[:] = [name for name in folders if not _is_hidden(name)]
            yield from (Path(root, name) for name in names if not _is_hidden(name))


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "_"))


def _check_file(path: Path) -> None:
    if not path.is_file():
        kind = "a broken link" if path.is_symlink() and not path.exists() else "not a regular file"
        raise InputError(f"{path} is {kind}", "files in a folder", "Remove it, or read the other files separately")
    if not is_encodable(str(path)):
        got = f"the file name {os.fsencode(path)!r} is not UTF-8"
        remedy = "Rename the file, for example with convmv -f latin1 -t utf8, or read it separately"
        raise InputError(got, "a name in UTF-8, which the column 'file' can store", remedy)


def _read_format(path: Path) -> FileFormat:
    try:
        return FileFormat(path.suffix.lower().removeprefix("."))
    except ValueError:
        packed = path.suffix.lower() in PACKED
        remedy = "Unpack it" if packed else "Rename it, move it away, or name its format: format=..."
        raise InputError(f"{path} ends in {path.suffix!r}", _list_extensions(), remedy) from None


def _list_extensions() -> str:
    return ", ".join(f".{form.value}" for form in FileFormat)


def _check_delimiter(delimiter: str | None) -> None:
    if delimiter is None:
        return
    if (
        not isinstance(delimiter, str)
        or len(delimiter) != 1
        or not delimiter.isascii()
        or delimiter.isalnum()
        or delimiter in '"\r\n\0'
    ):
        expected = "one ASCII character that is not a letter, a digit, a quote or a line break"
        raise OptionError(f"delimiter={delimiter!r}", expected, "Pass a character such as ';' or '\\t'")
