"""Write vectors for files of texts to Parquet, part by part, so that an interrupted run can be resumed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlu_lite._util.extras import check_extra
from nlu_lite._util.os_errors import translate_write_errors
from nlu_lite._util.progress import progress_bar, skip_units
from nlu_lite._util.unicode import is_encodable
from nlu_lite.errors import InputError, OptionError
from nlu_lite.files.chunks import Predict, hash_chunk, plan_layout, process_chunk
from nlu_lite.files.columns import check_language_column, find_text_column
from nlu_lite.files.encodings import read_lines
from nlu_lite.files.notes import FinishedFile, PartNote, RunNote, has_notes, hash_texts, list_changes, read_finished
from nlu_lite.files.parts import Parts
from nlu_lite.files.readers import find_text_columns, find_text_files, open_tables, split_batches
from nlu_lite.files.requests import Batches, WriteOutcome, Written
from nlu_lite.files.sources import INDEX, TextFiles
from nlu_lite.options import Existing, FileFormat, FileRequest, Missing, OtherColumns

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = [
    "WriteOutcome",
    "Written",
    "check_free",
    "check_place",
    "predict_file",
    "read_batches",
]


def predict_file(request: FileRequest, predict: Predict, settings: Mapping[str, Any], progress: bool | None) -> Written:
    """Write the rows of the texts of files to a Parquet file.

    Args:
        request: The options of the call.
        predict: Processes a chunk.
        settings: The settings that decide the rows, as JSON values; parts with other settings are not resumed.
        progress: Whether to show a progress bar; None shows it when output is interactive.

    Returns:
        The path and the counts. If the same request has already written the file, it stays as it is.

    Raises:
        InputError: The texts cannot be read, or have changed since the parts were written.
        OptionError: The target cannot be used, or its parts have other settings.
        SourceError: The output cannot be written.
        FormatError: A file is damaged.
        MissingExtra: pyarrow is not installed.
    """
    check_extra("pyarrow", "arrow", "predict_file")
    source = find_text_files(request.source, request.format, request.delimiter)
    _check_target(request, source)
    parts = Parts(request.target, {**settings, **_describe_request(request)})
    if _is_taken(request) and not parts.folder.exists():
        return _find_unchanged(request, source, parts.settings)
    with parts.hold():
        if parts.is_finished:
            return _finish(request, source, parts)
        if _is_taken(request):
            return _find_unchanged(request, source, parts.settings)
        return _write(request, _select_columns(request, source), parts, predict, progress)


def read_batches(request: FileRequest, check: Callable[[pa.Table], object]) -> Batches:
    """Read files in batches, for outputs other than Parquet.

    Plain text needs no pyarrow. The index of the frames numbers the texts of each file. For a folder, the column
    ``file`` has the names of the files.

    Args:
        request: The options of the call.
        check: Called with all rows before the computation starts; raises an error for rows that cannot be written.

    Raises:
        NluLiteError: As `predict_file`.
    """
    source = find_text_files(request.source, request.format, request.delimiter)
    _check_other(request.target, source)
    named = request.predict.text_column or request.predict.lang_column
    if source.root is None and source.files[0].format is FileFormat.TXT and not named:
        file = source.files[0]
        rows = None if source.is_stream else sum(1 for _ in read_lines(file))
        return Batches(split_batches(read_lines(file), request.chunk), None, rows)
    check_extra("pyarrow", "arrow", "predict_file")
    reading = open_tables(_select_columns(request, source), request.chunk, check)
    text = find_text_column(reading.schema, reading.texts, request.predict.text_column)
    check_language_column(reading.schema, request.predict.lang_column)
    _check_gaps(reading.gaps.get(text), request.predict.missing)
    return Batches(map(_build_frame, reading.tables), text, reading.rows)


def _build_frame(table: pa.Table) -> pd.DataFrame:
    """Return the frame of a table; integers do not become floats if some values are missing."""
    frame: pd.DataFrame = table.to_pandas(integer_object_nulls=True, use_threads=False)
    return frame.set_index(INDEX).rename_axis(None)


# --- checks ----------------------------------------------------------------------------------------------------------


def _describe_request(request: FileRequest) -> dict[str, Any]:
    return {
        "delimiter": request.delimiter,
        "chunk": request.chunk,
        "dtype": request.dtype.value,
    }


def _check_target(request: FileRequest, source: TextFiles) -> None:
    target = request.target
    if target.suffix.lower() != ".parquet":
        raise OptionError(f"output {target} ends in {target.suffix!r}", ".parquet", "Choose a name with this extension")
    check_place(target)
    _check_other(target, source)
    if source.root is not None and target.resolve().is_relative_to(source.root.resolve()):
        got = f"output {target} is in the folder {source.root} that is read"
        raise OptionError(got, "a file in another folder", "Choose another folder")


def check_place(target: Path) -> None:
    """Check that an output can be written to a path, before the computation starts.

    Raises:
        OptionError: The path is a folder or a special file, or is not UTF-8, or contains a NUL character.
        SourceError: The folder of the path does not exist.
    """
    if "\0" in str(target) or not is_encodable(str(target)):
        raise OptionError(f"output {str(target)!r}", "a name in UTF-8 without NUL characters", "Choose another name")
    with translate_write_errors(target):
        if target.is_dir():
            raise OptionError(f"output {target} is a folder", "the name of a file", "Add the name of a file")
        if target.exists() and not target.is_file():  # opening a pipe would wait for its writer
            raise OptionError(f"output {target} is not a regular file", "the name of a file", "Choose another name")
        target.parent.stat()


def _check_other(target: Path, source: TextFiles) -> None:
    """Refuse an output that is also an input."""
    paths = [file.path for file in source.files if file.path is not None]
    if any(target.exists() and path.exists() and target.samefile(path) for path in paths):
        raise OptionError(f"output {target} is the file that is read", "another file", "Choose another name")


def _select_columns(request: FileRequest, source: TextFiles) -> TextFiles:
    """Return the files with only the requested columns."""
    if request.predict.keep_columns is OtherColumns.KEEP:
        return source
    text = request.predict.text_column
    if text is None:
        text = "text" if source.is_stream else find_text_column(*find_text_columns(source, request.chunk), None)
    columns = (text, request.predict.lang_column)
    return replace(source, columns=tuple(str(name) for name in columns if name is not None))


# --- an output that exists -------------------------------------------------------------------------------------------


def check_free(request: FileRequest) -> None:
    """Refuse an output that exists, unless a run of the same request may have written it.

    Raises:
        OptionError: Another file has this name.
    """
    if _is_taken(request) and not Parts(request.target, {}).folder.exists() and not has_notes(request.target):
        raise _build_taken_error(request)


def _is_taken(request: FileRequest) -> bool:
    target = request.target
    return request.existing is Existing.ERROR and (target.exists() or target.is_symlink())


def _build_taken_error(request: FileRequest, why: str = "") -> OptionError:
    return OptionError(
        f"output {request.target} exists{why}", "a name that is free", 'Remove it, or pass existing="replace"'
    )


def _find_unchanged(request: FileRequest, source: TextFiles, settings: Mapping[str, Any]) -> Written:
    """Describe the existing output, which must have been written with the same settings from the same texts."""
    found = read_finished(request.target)
    if found is None:
        raise _build_taken_error(request)
    differing = list_changes(found.run.settings, settings)
    if differing:
        raise _build_taken_error(request, f" and was made with other settings ({'; '.join(differing)})")
    if not _is_of_same_texts(found, request, source):
        raise _build_taken_error(request, " and was made from other texts")
    return _describe_written(request.target, found)


def _is_of_same_texts(found: FinishedFile, request: FileRequest, source: TextFiles) -> bool:
    tables = open_tables(_select_columns(request, source), request.chunk).tables
    chunks = [(len(chunk), hash_chunk(chunk)) for chunk in tables]
    texts, digest = sum(count for count, _ in chunks), hash_texts(digest for _, digest in chunks)
    return (texts, digest) == (found.run.texts, found.run.digest)


def _finish(request: FileRequest, source: TextFiles, parts: Parts) -> Written:
    """Finish a run that was interrupted after its last part was joined."""
    if parts.draft.exists():
        found = read_finished(parts.draft)
        if found is not None:  # `finish` detects a damaged file
            _check_same(_is_of_same_texts(found, request, source), 0, None, parts)
        if _is_taken(request):
            raise _build_taken_error(request)
    parts.finish()
    return (
        _find_unchanged(request, source, parts.settings) if _is_taken(request) else _describe_finished(request.target)
    )


def _describe_finished(target: Path) -> Written:
    """Describe a file that only had to be renamed."""
    found = read_finished(target)
    if found is None:
        raise OptionError(f"{target} was changed after it was written", "the file as written", "Remove it")
    return _describe_written(target, found)


def _describe_written(target: Path, found: FinishedFile) -> Written:
    return Written(target, found.run.texts, found.rows, found.run.texts, WriteOutcome.UNCHANGED)


# --- chunk by chunk --------------------------------------------------------------------------------------------------


def _write(request: FileRequest, source: TextFiles, parts: Parts, predict: Predict, progress: bool | None) -> Written:
    reading = open_tables(source, request.chunk)
    layout = plan_layout(request, source, reading, predict)
    _check_gaps(reading.gaps.get(str(layout.request.text_column)), request.predict.missing)
    parts.begin()
    done: list[PartNote] = []
    texts = resumed = 0
    with progress_bar(reading.rows, "text", progress) as bar:
        for number, chunk in enumerate(reading.tables, 1):
            part = _find_part(parts, number, chunk, texts)
            if part is None:
                rows = process_chunk(chunk, texts, layout, request.dtype, predict)
                part = parts.write(number, rows, hash_chunk(chunk))
                bar.update(len(chunk))
            else:
                skip_units(bar, len(chunk))
                resumed += len(chunk)
            done.append(part)
            texts += len(chunk)
    _check_same(parts.count() == len(done), texts, None, parts)
    run = RunNote(parts.settings, texts, hash_texts(part.texts for part in done))
    parts.join(done, layout.schema, run, partial(_check_free_still, request))
    return Written(request.target, texts, sum(part.rows for part in done), resumed)


def _find_part(parts: Parts, number: int, chunk: pa.Table, first: int) -> PartNote | None:
    """Return the part of a chunk if an earlier run has completed it."""
    part = parts.find(number)
    if part is not None:
        _check_same(part.texts == hash_chunk(chunk), first, first + len(chunk), parts)
    return part


def _check_free_still(request: FileRequest) -> None:
    """Refuse to replace a file that another program has created since the run began."""
    if _is_taken(request):
        raise _build_taken_error(request, " since this run began")


def _check_same(same: bool, first: int, end: int | None, parts: Parts) -> None:
    if not same:
        place = f"rows {first} to {end - 1}" if end is not None else f"its end, now after {first} rows"
        raise InputError(
            f"the input has changed since the parts in {parts.folder} were made, at {place}",
            "the same texts in the same order, to resume",
            f"Restore the input, or remove {parts.folder} to start over",
        )


def _check_gaps(row: int | None, missing: Missing) -> None:
    """Refuse a missing text before the computation starts; predict would refuse it only at its chunk."""
    if row is not None and missing is Missing.ERROR:
        raise InputError(
            f"there is no text in row {row} of the input",
            "a text in every row",
            'Fill it, or pass missing="skip" to leave such rows out',
        )
