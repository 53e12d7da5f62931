"""The options of `Pipeline.predict_file`, parsed once at the call."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from nlu_lite.options.choices import Existing, FileFormat, VectorDtype
from nlu_lite.options.parsing import check_number, parse_choice, parse_path
from nlu_lite.options.predict import PredictRequest


@dataclass(frozen=True)
class FileRequest:
    """The options of one call of `Pipeline.predict_file`.

    Attributes:
        source: The file or folder to read; the string ``"-"`` is standard input.
        target: The Parquet file to write.
        format: The format of `source`; None uses the extension.
        delimiter: The delimiter of CSV files; None detects it.
        chunk: Number of texts of a chunk.
        dtype: The data type of the vectors in `target`.
        existing: The treatment of a target that exists.
        predict: The options of each call of `Pipeline.predict`.
    """

    source: str | Path
    target: Path
    format: FileFormat | None = None
    delimiter: str | None = None
    chunk: int = 1024
    dtype: VectorDtype = VectorDtype.FLOAT32
    existing: Existing = Existing.ERROR
    predict: PredictRequest = field(default_factory=PredictRequest)


def parse_file_request(
    source: object,
    target: object,
    predict: PredictRequest,
    *,
    chunk: int,
    dtype: str,
    existing: str,
    format: str | None,  # noqa: A002
    delimiter: str | None,
) -> FileRequest:
    """Parse the options of `Pipeline.predict_file`.

    Raises:
        OptionError: An option has an unknown value, or `source` or `target` is not a path.

    Example:
        >>> options = {"chunk": 8, "dtype": "float16", "existing": "error", "format": None, "delimiter": None}
        >>> parse_file_request("in.csv", "out.parquet", PredictRequest(), **options).dtype
        <VectorDtype.FLOAT16: 'float16'>
    """
    check_number("chunk", chunk, 1)
    path = parse_path(source, "source", "Call predict or stream for data in memory")
    return FileRequest(
        source if isinstance(source, str) else path,  # as paths, "-" is a file and "" the working directory
        parse_path(target, "target"),
        None if format is None else parse_choice(FileFormat, format, "format"),
        delimiter,
        chunk,
        parse_choice(VectorDtype, dtype, "dtype"),
        parse_choice(Existing, existing, "existing"),
        predict,
    )
