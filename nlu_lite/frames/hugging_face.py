"""Data sets of Hugging Face's library `datasets`: Arrow tables under selected rows, formats and transforms."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nlu_lite.errors import InputError
from nlu_lite.frames.messages import describe_type

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 10_000
"""Rows of a batch where all rows are read."""


def iterate_dataset(data: object, size: int = BATCH) -> Iterator[pa.Table] | None:
    """Return the rows of a data set batch by batch; None for anything else.

    Selected, filtered and shuffled rows, the columns of its format and its transform are respected.

    Raises:
        InputError: It is a dictionary of splits.
    """
    library: Any = sys.modules.get("datasets")  # without the import there is no data set
    if library is None or not hasattr(library, "IterableDatasetDict"):
        return None
    if isinstance(data, (library.DatasetDict, library.IterableDatasetDict)):
        splits = list(data)
        remedy = f"Pass one of them: data[{splits[0]!r}]" if splits else "Pass a Dataset"
        raise InputError(f"{describe_type(data)} holds the splits {splits}", "one split", remedy)
    if isinstance(data, library.Dataset):
        return map(_to_table, _format_as_arrow(data).iter(size))
    if isinstance(data, library.IterableDataset):
        # Without features, rows of one column may have different types, which the library cannot concatenate.
        return map(_to_table, data.with_format(None if data.features is None else "arrow").iter(size))
    return None


def concatenate_batches(data: Any, batches: Iterator[pa.Table]) -> pa.Table:
    """Return the batches of a data set as one table."""
    import pyarrow as pa

    tables = list(batches)
    if tables:
        with _expect_one_type():
            return pa.concat_tables(tables, promote_options="permissive")
    return pa.table({}) if data.features is None else data.features.arrow_schema.empty_table()


def _format_as_arrow(data: Any) -> Any:
    """Return the data set with Arrow's format. A transform by a function is itself a format, and is kept."""
    if data.format["type"] == "custom":
        return data
    columns = None if data.format["output_all_columns"] else data.format["columns"]
    return data.with_format("arrow", columns=columns)


def _to_table(batch: Any) -> pa.Table:
    """Return a batch as a table without the library's metadata, which would contradict the columns of the result."""
    import pyarrow as pa

    if not isinstance(batch, pa.Table):
        with _expect_one_type():
            batch = pa.Table.from_pydict(dict(batch))
    return batch.replace_schema_metadata(None)


@contextmanager
def _expect_one_type() -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except pa.ArrowException as error:
        got = f"the rows of the data set cannot be passed to Arrow ({error})"
        raise InputError(got, "values of one type in each column", "Cast them with data.cast_column(...)") from error
