"""The options of `Pipeline.predict_file`, parsed once where a caller comes in."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from nlu_lite.options.choices import Existing, FileFormat, VectorDtype
from nlu_lite.options.predict import PredictRequest


@dataclass(frozen=True)
class FileRequest:
    """The options of one call of `Pipeline.predict_file`.

    Attributes:
        source: Where texts are read; the string ``"-"`` is standard input.
        target: The Parquet file to write.
        format: The format of `source`; None to go by its name.
        delimiter: The delimiter of CSV files; None to detect it.
        chunk: Number of texts that are processed at once.
        dtype: The data type of the vectors that are written.
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
