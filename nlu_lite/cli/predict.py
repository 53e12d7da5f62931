"""`nlu-lite predict TEXT...`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from nlu_lite._util.progress import hide_progress_bars, progress_bar
from nlu_lite.cli.cells import check_printable
from nlu_lite.cli.checks import check_options, check_output, choose_source, decode_arguments
from nlu_lite.cli.flags import add_load_flags
from nlu_lite.cli.outputs import Output, make_stdout, parse_output, print_summary
from nlu_lite.files import WriteOutcome, read_batches
from nlu_lite.options import (
    Empty,
    Existing,
    FileFormat,
    FileRequest,
    Level,
    LoadOptions,
    Missing,
    PredictOptions,
    VectorDtype,
    parse_predict,
)

if TYPE_CHECKING:
    import pandas as pd

    from nlu_lite.pipeline import Pipeline

INTERRUPTED = 130
"""The exit code of Ctrl-C."""


@dataclass(frozen=True)
class Task:
    """A run of the command.

    Attributes:
        texts: Texts from the command line; none if a file is read.
        request: The options of files; its target is the path of `output`.
        output: The output; None prints a table.
        options: The options of each call of `Pipeline.predict`.
    """

    texts: tuple[str, ...]
    request: FileRequest
    output: Output | None
    options: PredictOptions


@add_load_flags
def predict(
    options: LoadOptions,
    texts: Annotated[list[str] | None, typer.Argument(metavar="TEXT...", help="Texts, one document each.")] = None,
    ref: Annotated[
        list[str] | None, typer.Option(help="A reference; can be repeated. Default: the packaged model.")
    ] = None,
    path: Annotated[Path | None, typer.Option(help="A saved pipeline, instead of references.")] = None,
    file: Annotated[
        str | None,  # not a Path, which makes - of ./-
        typer.Option(
            "--file",
            "-f",
            metavar="PATH",
            help="A file of texts: .txt (one per line), .jsonl, .csv, .tsv or .parquet; or a folder of such files."
            " - reads standard input, which is the default in a pipe.",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="The file to write: .parquet, .csv or .jsonl; - writes JSON Lines to standard output.",
        ),
    ] = None,
    output_level: Annotated[Level | None, typer.Option(help="The unit of a row.")] = None,
    positions: Annotated[
        bool, typer.Option("--positions", help="Add the start and end offsets of each row in its document.")
    ] = False,
    metadata: Annotated[
        bool,
        typer.Option(
            "--metadata", help="Add the numbers of document, sentence and token, and statistics of the vectors."
        ),
    ] = False,
    lang: Annotated[str | None, typer.Option(help="The language code of the texts, such as de.")] = None,
    form: Annotated[
        FileFormat | None, typer.Option("--format", help="The format of --file. Default: its extension.")
    ] = None,
    delimiter: Annotated[str | None, typer.Option(help="The delimiter of a CSV file. Default: detected.")] = None,
    text_column: Annotated[str | None, typer.Option(help="The column of texts in the file.")] = None,
    lang_column: Annotated[str | None, typer.Option(help="The column of language codes in the file.")] = None,
    only: Annotated[bool, typer.Option("--drop-columns", help="Drop the other columns of the file.")] = False,
    missing: Annotated[Missing, typer.Option(help="Refuse or skip rows without a text.")] = Missing.ERROR,
    empty: Annotated[
        Empty, typer.Option(help="Drop texts without words, or keep a row with a vector of zeros for each.")
    ] = Empty.DROP,
    chunk: Annotated[int, typer.Option(min=1, help="The number of texts that are processed at once.")] = 1024,
    dtype: Annotated[
        VectorDtype | None, typer.Option(help="The data type of vectors, from --file to Parquet. Default: float32.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an output that exists.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Suppress the progress bar, warnings and the summary.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print rows or a summary as JSON on stdout, and errors as JSON on stderr.")
    ] = False,
) -> None:
    """Print or write a table of tokens and vectors.

    Files are written to Parquet chunk by chunk. After an interruption, the same command resumes.

    For example:

    nlu-lite predict "Put your text here."

    nlu-lite predict --ref de.tokenize "Guten Tag!"

    cat big.txt | nlu-lite predict --ref xx.embed.xlm -o vectors.parquet
    """
    found = parse_output(output)
    if json and found is None:
        found = make_stdout()
    values = {
        "output_level": output_level,
        "positions": positions,
        "metadata": metadata,
        "text_column": text_column,
        "keep_columns": not only,
        "lang": lang,
        "lang_column": lang_column,
        "missing": missing,
        "empty": empty,
    }
    chosen = cast("PredictOptions", values)  # members of enums, which are parsed like their values
    request = FileRequest(
        choose_source(texts, file),
        Path() if found is None or found.is_stdout else found.path,
        form,
        delimiter,
        chunk,
        dtype or VectorDtype.FLOAT32,
        Existing.REPLACE if replace else Existing.ERROR,
        parse_predict(Level.DOCUMENT, "xx", chosen),
    )
    check_options(texts, request, found, dtype)
    if found is not None and not found.is_stdout:
        check_output(request, found, texts)
    with _hide_messages(quiet):
        pipeline = _load_pipeline(ref, path, options)
        summary = _run_task(pipeline, Task(decode_arguments(texts), request, found, chosen))
    if summary is not None and (json or not quiet):
        print_summary(summary, json)


def _load_pipeline(references: list[str] | None, path: Path | None, options: LoadOptions) -> Pipeline:
    from nlu_lite.pipeline import load

    return load(*(references or ()), path=path, **options)


@contextmanager
def _hide_messages(quiet: bool) -> Iterator[None]:
    """Suppress progress bars and warnings if `quiet` is true."""
    if not quiet:
        yield
        return
    log = logging.getLogger("nlu_lite")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with hide_progress_bars():
            yield
    finally:
        log.setLevel(level)


# --- outputs ---------------------------------------------------------------------------------------------------------


def _run_task(pipeline: Pipeline, task: Task) -> dict[str, Any] | None:
    """Predict, write the output, and return the summary."""
    try:
        if task.output is None:
            _print_table(pipeline, task)
            return None
        if task.output.is_parquet and not task.texts:
            return _write_parquet(pipeline, task)
        return _write_frames(pipeline, task, task.output)
    except KeyboardInterrupt:
        typer.echo(f"nlu-lite: interrupted{_describe_resuming(task)}", err=True)
        raise typer.Exit(INTERRUPTED) from None


def _describe_resuming(task: Task) -> str:
    if task.output is None or not task.output.is_parquet or task.texts:
        return ""
    return "; completed chunks are kept, and the same command resumes"


def _print_table(pipeline: Pipeline, task: Task) -> None:
    """Print a table, for which all rows are collected first."""
    import pandas as pd

    frames = [frame for frame, _ in _predict_frames(pipeline, task)]
    frame = pd.concat(frames) if frames else _predict_nothing(pipeline, task)
    typer.echo(frame.to_string(max_rows=60, max_colwidth=60))


def _write_parquet(pipeline: Pipeline, task: Task) -> dict[str, Any]:
    asked = task.request
    written = pipeline.predict_file(
        asked.source,
        asked.target,
        chunk=asked.chunk,
        dtype=asked.dtype.value,
        existing=asked.existing.value,
        format=None if asked.format is None else asked.format.value,
        delimiter=asked.delimiter,
        **task.options,
    )
    counts = {"texts": written.texts, "rows": written.rows, "resumed": written.resumed}
    if written.outcome is WriteOutcome.UNCHANGED:
        counts["unchanged"] = True
    return {"output": str(written.path)} | counts


def _write_frames(pipeline: Pipeline, task: Task, output: Output) -> dict[str, Any] | None:
    """Write chunk by chunk under a temporary name, so that an incomplete file never has the name of the output."""
    texts = rows = 0
    with output.open() as write:
        for frame, count in _predict_frames(pipeline, task):
            write(frame)
            texts, rows = count, rows + len(frame)
        if not texts:
            write(_predict_nothing(pipeline, task))
    return None if output.is_stdout else {"output": str(output.path), "texts": texts, "rows": rows, "resumed": 0}


def _predict_nothing(pipeline: Pipeline, task: Task) -> pd.DataFrame:
    """Return a result without rows, for its columns."""
    options: PredictOptions = {**task.options, "text_column": None, "lang_column": None}
    return pipeline.predict([], **options)


def _predict_frames(pipeline: Pipeline, task: Task) -> Iterator[tuple[pd.DataFrame, int]]:
    """Yield the result of each chunk, and the number of texts so far."""
    if task.texts:
        yield pipeline.predict(list(task.texts), **task.options), len(task.texts)
        return
    asked = task.request
    read = read_batches(asked, check_printable)
    options: PredictOptions = {**task.options, "text_column": read.text_column, "keep_columns": True}  # read drops them
    taken = 0

    def count_texts() -> Iterator[Any]:
        nonlocal taken
        for batch in read.batches:
            taken += len(batch)
            if read.text_column is None:
                yield from batch
            else:
                yield batch

    with progress_bar(read.rows, "text", None) as bar:
        for frame in pipeline.stream(count_texts(), chunk=asked.chunk, **options):
            bar.update(taken - bar.n)
            yield frame, taken
