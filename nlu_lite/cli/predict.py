"""`nlu-lite predict TEXT...`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nlu_lite.errors import InputError, MissingExtra, OptionError, SourceError
from nlu_lite.table import Level, to_arrow, vector_columns

if TYPE_CHECKING:
    import pandas as pd


def predict(
    texts: Annotated[list[str] | None, typer.Argument(metavar="TEXT...", help="Texts, one document each.")] = None,
    ref: Annotated[
        list[str] | None, typer.Option(help="A reference; may be given several times. By default the packaged model.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="A UTF-8 file, one document a line; - reads standard input.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Write here instead of printing: x.parquet, x.csv or x.jsonl.")
    ] = None,
    output_level: Annotated[Level | None, typer.Option(help="What a row is.")] = None,
    positions: Annotated[bool, typer.Option("--positions", help="Add where each row begins and ends.")] = False,
    lang: Annotated[str | None, typer.Option(help="Language of the texts, such as de.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Use only what is on this machine.")] = False,
) -> None:
    """Print or write a table of tokens and vectors.

    For example:

    nlu-lite predict "Put your text here."

    nlu-lite predict --ref de.tokenize "Guten Tag!"

    nlu-lite predict --ref xx.embed.xlm --file texts.txt --output vectors.parquet
    """
    from nlu_lite.pipeline import load

    documents = _documents(texts, file)
    writer = None if output is None else _writer(output)
    pipeline = load(*(ref or ()), offline=offline or None)
    level = None if output_level is None else output_level.value
    frame = pipeline.predict(documents, output_level=level, positions=positions, lang=lang)
    if output is None or writer is None:
        typer.echo(frame.to_string(max_rows=60, max_colwidth=60))
    else:
        _write(writer, frame, output)


def _documents(texts: list[str] | None, file: Path | None) -> list[str]:
    if (file is None) == (not texts):
        raise typer.BadParameter("give either texts or --file", param_hint="TEXT...")
    if file is None:
        return [_decoded(text.encode(errors="surrogateescape"), "an argument") for text in texts or ()]
    name, data = ("standard input", sys.stdin.buffer.read()) if str(file) == "-" else (str(file), _bytes(file))
    # Lines end where files end them, not at every character that Unicode calls a line's end.
    return re.split(r"\r?\n", _decoded(data, name).removesuffix("\n").removesuffix("\r"))


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SourceError(
            f"{file} cannot be read ({error.strerror or error})", "a file of texts", "Check the path"
        ) from error


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} is not UTF-8 at byte {error.start}", "UTF-8", "Convert it, for example with iconv -t UTF-8"
        ) from error


# --- files -----------------------------------------------------------------------------------------------------------

Writer = Callable[["pd.DataFrame", Path], None]


def _writer(output: Path) -> Writer:
    writers = {".parquet": _write_parquet, ".csv": _write_csv, ".jsonl": _write_jsonl}
    suffix = output.suffix.lower()
    if suffix not in writers:
        raise OptionError(f"output {output} ends in {output.suffix!r}", " or ".join(writers), "Choose one of these")
    if suffix == ".parquet" and find_spec("pyarrow") is None:
        raise MissingExtra("writing Parquet needs pyarrow", remedy='Run: pip install "nlu-lite[arrow]"')
    return writers[suffix]


def _write(writer: Writer, frame: pd.DataFrame, output: Path) -> None:
    """Write beside the output first, so that a half-written file never has its name."""
    part = output.with_name(f".{output.name}.part")
    try:
        writer(frame.reset_index(), part)
        part.replace(output)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise SourceError(
            f"{output} cannot be written ({error.strerror or error})",
            "a folder with room that can be written",
            "Choose another",
        ) from error


def _write_parquet(frame: pd.DataFrame, path: Path) -> None:
    from pyarrow import parquet

    parquet.write_table(to_arrow(frame), path)


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    for name in vector_columns(frame):
        frame[name] = [json.dumps(vector.tolist()) for vector in frame[name]]
    frame.to_csv(path, index=False)


def _write_jsonl(frame: pd.DataFrame, path: Path) -> None:
    names = list(frame.columns)
    with path.open("w", encoding="utf-8") as lines:
        for row in frame.itertuples(index=False):
            record = {name: _plain(value) for name, value in zip(names, row, strict=True)}
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value
