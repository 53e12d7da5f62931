"""`nlu-lite predict TEXT...`."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nlu_lite._util.progress import no_bars, progress_bar
from nlu_lite.cli.cells import check_printable
from nlu_lite.cli.outputs import Output, as_lines, find_output, said
from nlu_lite.encoding import BackendName, Pooling, Precision
from nlu_lite.errors import InputError, OptionError
from nlu_lite.files import Existing, Format, Numbers, Outcome, Request, check_free, read_batches
from nlu_lite.frames.inputs import Columns, Missing
from nlu_lite.frames.results import Empty, Level

if TYPE_CHECKING:
    import pandas as pd

    from nlu_lite.pipeline import Pipeline

INTERRUPTED = 130
"""The exit code of Ctrl-C."""


@dataclass(frozen=True)
class Task:
    """What is to be predicted and where to.

    Attributes:
        texts: Texts of the command line; none where a file is read.
        request: How the file is read; its target is that of `output`.
        output: Where to; None prints a table.
        level: What a row is.
        positions: Whether to add where each row begins and ends.
        metadata: Whether to add numbers of documents, sentences and tokens, and how each vector came about.
        lang: Language of the texts.
        empty: What to do with texts without words.
    """

    texts: tuple[str, ...]
    request: Request
    output: Output | None
    level: Level | None
    positions: bool
    metadata: bool
    lang: str | None
    empty: Empty

    @property
    def options(self) -> dict[str, Any]:
        """What all ways of predicting take."""
        level = None if self.level is None else self.level.value
        asked = {"positions": self.positions, "metadata": self.metadata, "lang": self.lang}
        return {"output_level": level, "empty": self.empty.value} | asked


def predict(
    texts: Annotated[list[str] | None, typer.Argument(metavar="TEXT...", help="Texts, one document each.")] = None,
    ref: Annotated[
        list[str] | None, typer.Option(help="A reference; may be given several times. By default the packaged model.")
    ] = None,
    path: Annotated[Path | None, typer.Option(help="A saved pipeline, in the place of references.")] = None,
    file: Annotated[
        str | None,  # not a Path, which makes - of ./-
        typer.Option(
            "--file",
            "-f",
            metavar="PATH",
            help="A file of texts, .txt (one a line), .jsonl, .csv, .tsv or .parquet, or a folder of them; - reads"
            " standard input, as does leaving out both texts and --file in a pipe.",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="Write here: x.parquet, x.csv or x.jsonl; - writes JSON lines to standard output.",
        ),
    ] = None,
    output_level: Annotated[Level | None, typer.Option(help="What a row is.")] = None,
    positions: Annotated[bool, typer.Option("--positions", help="Add where each row begins and ends.")] = False,
    metadata: Annotated[
        bool, typer.Option("--metadata", help="Add numbers of documents, sentences, tokens, and facts of the vectors.")
    ] = False,
    lang: Annotated[str | None, typer.Option(help="Language of the texts, such as de.")] = None,
    form: Annotated[Format | None, typer.Option("--format", help="What --file is, whatever its name.")] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="The delimiter of a CSV file; by default it is detected.")
    ] = None,
    text_column: Annotated[str | None, typer.Option(help="The file's column of texts.")] = None,
    lang_column: Annotated[str | None, typer.Option(help="The file's column of language codes.")] = None,
    only: Annotated[bool, typer.Option("--drop-columns", help="Leave the file's other columns out.")] = False,
    missing: Annotated[Missing, typer.Option(help="What to do with rows without a text.")] = Missing.ERROR,
    empty: Annotated[
        Empty, typer.Option(help="What to do with texts without words; keep gives each a row of zeros.")
    ] = Empty.DROP,
    chunk: Annotated[int, typer.Option(min=1, help="Texts of a file that are answered at once.")] = 1024,
    dtype: Annotated[
        Numbers | None, typer.Option(help="In what numbers vectors are written from --file to Parquet.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Write over an output that exists.")] = False,
    pooling: Annotated[Pooling | None, typer.Option(help="How a token's vector is made of its pieces'.")] = None,
    device: Annotated[str, typer.Option(help="Where models run: cpu, cuda, mps.")] = "cpu",
    backend: Annotated[BackendName | None, typer.Option(help="What runs them.")] = None,
    precision: Annotated[Precision | None, typer.Option(help="In what numbers they compute.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of a forward pass on the CPU.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Use only what is on this machine.")] = False,
    lock: Annotated[Path | None, typer.Option(help="A file of nlu-lite lock, to which models are held.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no bar, no warning and no summary.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print JSON: rows or a summary on stdout, and an error on stderr.")
    ] = False,
) -> None:
    """Print or write a table of tokens and vectors.

    A file becomes Parquet chunk by chunk: after a kill the same command goes on where it stood.

    For example:

    nlu-lite predict "Put your text here."

    nlu-lite predict --ref de.tokenize "Guten Tag!"

    cat big.txt | nlu-lite predict --ref xx.embed.xlm -o vectors.parquet
    """
    found = find_output(output)
    if json and found is None:
        found = as_lines()
    request = Request(
        _source(texts, file),
        Path() if found is None or found.is_stdout else found.path,
        form,
        text_column,
        lang_column,
        Columns.DROP if only else Columns.KEEP,
        missing,
        chunk,
        dtype or Numbers.FLOAT32,
        Existing.REPLACE if replace else Existing.ERROR,
        delimiter,
    )
    _check(texts, request, found, dtype)
    if found is not None and not found.is_stdout:
        _check_free(request, found, texts)
    task = Task(_arguments(texts), request, found, output_level, positions, metadata, lang, empty)
    with _hushed(quiet):
        pipeline = _loaded(ref, path, pooling, device, backend, precision, threads, offline, lock)
        summary = _run(pipeline, task)
    if summary is not None and (json or not quiet):
        said(summary, json)


def _loaded(
    ref: list[str] | None,
    path: Path | None,
    pooling: Pooling | None,
    device: str,
    backend: BackendName | None,
    precision: Precision | None,
    threads: int | None,
    offline: bool,
    lock: Path | None,
) -> Pipeline:
    from nlu_lite.pipeline import load

    return load(
        *(ref or ()),
        path=path,
        device=device,
        backend=(backend or BackendName.TORCH).value,
        precision=(precision or Precision.FP32).value,
        threads=threads,
        pooling=(pooling or Pooling.FIRST).value,
        offline=offline or None,
        lock=lock,
    )


# --- what is asked for -----------------------------------------------------------------------------------------------


def _source(texts: list[str] | None, file: str | None) -> str:
    """Return the file to read; standard input where nothing is named and no person sits there."""
    if file is None and not texts and not (sys.stdin is not None and sys.stdin.isatty()):
        return "-"
    if (file is None) == (not texts):
        raise typer.BadParameter("give either texts or --file", param_hint="TEXT...")
    return "-" if file is None else file


def _check(texts: list[str] | None, request: Request, output: Output | None, dtype: Numbers | None) -> None:
    """Refuse options that would do nothing."""
    columns = {"--format": request.format, "--text-column": request.text_column, "--lang-column": request.lang_column}
    columns["--delimiter"] = request.delimiter
    given = [name for name, value in columns.items() if value is not None]
    given += ["--drop-columns"] if request.columns is Columns.DROP else []
    if texts and given:
        raise OptionError(f"{given[0]} with texts of the command line", "it with --file", "Leave it out")
    if dtype is not None and (texts or output is None or not output.is_parquet):
        raise OptionError(
            f"--dtype {dtype.value} without --file or --output x.parquet", "it from --file to Parquet", "Leave it out"
        )


def _check_free(request: Request, output: Output, texts: list[str] | None) -> None:
    """Refuse an output that exists; a Parquet file may be that of an earlier run of the same command."""
    if output.is_parquet and not texts:
        check_free(request)
    elif request.existing is Existing.ERROR and (output.path.exists() or output.path.is_symlink()):
        raise OptionError(f"output {output.path} exists", "a name that is free", "Remove it, or pass --replace")


def _arguments(texts: list[str] | None) -> tuple[str, ...]:
    try:
        return tuple(text.encode(errors="surrogateescape").decode() for text in texts or ())
    except UnicodeDecodeError as error:
        got = f"an argument is not UTF-8 at byte {error.start}"
        raise InputError(got, "UTF-8", "Convert it, for example with iconv -t UTF-8") from error


@contextmanager
def _hushed(quiet: bool) -> Iterator[None]:
    """Show neither bars nor warnings, if so wished."""
    if not quiet:
        yield
        return
    log = logging.getLogger("nlu_lite")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with no_bars():
            yield
    finally:
        log.setLevel(level)


# --- three ways of doing it ------------------------------------------------------------------------------------------


def _run(pipeline: Pipeline, task: Task) -> dict[str, Any] | None:
    """Predict, and give what there is to say of it."""
    try:
        if task.output is None:
            _show(pipeline, task)
            return None
        if task.output.is_parquet and not task.texts:
            return _to_parquet(pipeline, task)
        return _to_stream(pipeline, task, task.output)
    except KeyboardInterrupt:
        typer.echo(f"nlu-lite: interrupted{_kept(task)}", err=True)
        raise typer.Exit(INTERRUPTED) from None


def _kept(task: Task) -> str:
    if task.output is None or not task.output.is_parquet or task.texts:
        return ""
    return "; what is done so far is kept, and the same command goes on with it"


def _show(pipeline: Pipeline, task: Task) -> None:
    """Print a table, for which all rows have to be there."""
    import pandas as pd

    frames = [frame for frame, _ in _frames(pipeline, task)]
    frame = pd.concat(frames) if frames else pipeline.predict([], **task.options)
    typer.echo(frame.to_string(max_rows=60, max_colwidth=60))


def _to_parquet(pipeline: Pipeline, task: Task) -> dict[str, Any]:
    asked = task.request
    written = pipeline.predict_file(
        asked.source,
        asked.target,
        chunk=asked.chunk,
        dtype=asked.numbers.value,
        existing=asked.existing.value,
        format=None if asked.format is None else asked.format.value,
        delimiter=asked.delimiter,
        text_column=asked.text_column,
        keep_columns=asked.columns is Columns.KEEP,
        lang_column=asked.lang_column,
        missing=asked.missing.value,
        **task.options,
    )
    counts = {"texts": written.texts, "rows": written.rows, "resumed": written.resumed}
    if written.outcome is Outcome.UNCHANGED:
        counts["unchanged"] = True
    return {"output": str(written.path)} | counts


def _to_stream(pipeline: Pipeline, task: Task, output: Output) -> dict[str, Any] | None:
    """Write chunk by chunk, beside the output first, so that a half-written file never has its name."""
    texts = rows = 0
    with output.opened() as write:
        for frame, count in _frames(pipeline, task):
            write(frame)
            texts, rows = count, rows + len(frame)
        if not texts:
            write(pipeline.predict([], **task.options))
    return None if output.is_stdout else {"output": str(output.path), "texts": texts, "rows": rows, "resumed": 0}


def _frames(pipeline: Pipeline, task: Task) -> Iterator[tuple[pd.DataFrame, int]]:
    """Answer chunk by chunk, and count the texts."""
    if task.texts:
        yield pipeline.predict(list(task.texts), **task.options), len(task.texts)
        return
    asked = task.request
    read = read_batches(asked, check_printable)
    columns = {"text_column": read.text_column, "lang_column": asked.lang_column}
    options = columns | task.options | {"chunk": asked.chunk, "missing": asked.missing.value}
    taken = 0

    def counted() -> Iterator[Any]:
        nonlocal taken
        for batch in read.batches:
            taken += len(batch)
            if read.text_column is None:
                yield from batch
            else:
                yield batch

    with progress_bar(read.rows, "text", None) as bar:
        for frame in pipeline.stream(counted(), **options):
            bar.update(taken - bar.n)
            yield frame, taken
