"""`BatchMapper`: a pipeline as a function of record batches, for engines that run on many processes or machines."""

from __future__ import annotations

import io
import os
import pickle
import platform
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from nlu_lite import frames
from nlu_lite.errors import InputError, NluLiteError, OptionError, SourceError
from nlu_lite.model import check_options
from nlu_lite.options import MapRequest, OtherColumns, PredictRequest, VectorLists, check_number
from nlu_lite.pipeline.opened import PipelineRecipe, describe_recipe, open_recipe
from nlu_lite.pipeline.pipeline import Pipeline
from nlu_lite.records import Ints

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST_CHUNK = 1 << 18
"""Bytes of text beyond which a chunk is cut: 50,000 tokens with vectors of 768 numbers take 150 MB."""
LARGEST_BATCH = 1 << 25
"""Bytes beyond which a batch of the result is cut, so that a long value that is repeated does not fill the memory."""
MOST_ROWS = 8192
"""Maximum number of rows of a batch of the result."""
SHOWN_COLUMNS = 5
"""Maximum number of kept columns that an error names a row by."""


@dataclass(frozen=True)
class BatchMapper:
    """A function from record batches to record batches; made by `Pipeline.mapper`.

    It pickles to a few kB and opens its models where it runs, once in each process; `nlu_lite.clear_models` releases
    them. A call without rows opens nothing.

    Attributes:
        recipe: The pipeline.
        request: The options of each call.
        source: Schema of the columns that it reads.
        kept: Names of the columns that are kept.
        schema: Schema of the result: the columns that are kept, the strings, positions, numbers, statistics, vectors.
    """

    recipe: PipelineRecipe
    request: MapRequest
    source: pa.Schema
    kept: tuple[str, ...]
    schema: pa.Schema

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Run the pipeline over the batches of a partition, in order.

        Args:
            batches: Batches with the columns of `source`, in any order; further columns are ignored.

        Returns:
            Batches of `schema`, of at most 8,192 rows and, unless one row is larger, 32 MiB. ``document_number``
            counts the rows of all `batches`.

        Raises:
            InputError: A batch has other columns or types, or a text is missing.
            NluLiteError: As `Pipeline.predict` and the opening of its models say. The error names the row by the
                columns that are kept, the host and the process.
        """
        first = 0
        for batch in batches:
            rows = self._select(batch)
            for chunk in _cut_chunks(rows, str(self.request.predict.text_column), self.request.chunk):
                yield from self._process(chunk, first)
                first += chunk.num_rows

    def map(self, table: pa.Table) -> pa.Table:
        """Return the result for a table, as one table of `schema`."""
        import pyarrow as pa

        return pa.Table.from_batches(self(table.to_batches()), self.schema)

    def adopt_types(self, schema: pa.Schema) -> BatchMapper:
        """Return a mapper whose columns of the input have the types of another schema, where it has them.

        Raises:
            InputError: The column of texts or of languages has no strings there.
        """
        import pyarrow as pa

        predict = self.request.predict
        with _name_place(""):
            for option, name in (("text_column", predict.text_column), ("lang_column", predict.lang_column)):
                if name in schema.names:
                    _check_type(schema, name, option)

        def adopt(own: pa.Schema, names: Iterable[str]) -> pa.Schema:
            known = {name for name in names if name in schema.names}
            return pa.schema([schema.field(field.name) if field.name in known else field for field in own])

        return replace(self, source=adopt(self.source, self.source.names), schema=adopt(self.schema, self.kept))

    def relocate(self, folder: str | Path) -> BatchMapper:
        """Return a mapper that reads the weights from a copy of a saved pipeline, and compares their digests.

        Args:
            folder: A folder of each worker, which `Pipeline.save` wrote with ``weights=True``.
        """
        return replace(self, recipe=self.recipe.relocate(Path(folder)))

    def _select(self, batch: pa.RecordBatch) -> pa.Table:
        """Return the columns that are read, in the order of `source`; other columns of the batch are ignored."""
        import pyarrow as pa

        types = {field.name: field.type for field in batch.schema}
        wrong = [field.name for field in self.source if types.get(field.name) != field.type]
        if wrong:
            got = ", ".join(f"{name!r} of type {types[name]}" if name in types else f"no {name!r}" for name in wrong)
            expected = ", ".join(f"{name!r} of type {self.source.field(name).type}" for name in wrong)
            raise InputError(
                f"a batch has {got} ({_name_process()})", expected, "Pass batches of the schema of the mapper"
            )
        return pa.table([batch.column(name) for name in self.source.names], schema=self.source)

    def _process(self, chunk: pa.Table, first: int) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        names = [name for name in (self.request.predict.text_column, self.request.predict.lang_column) if name]
        texts = chunk.select(list(map(str, names)))
        with _name_place(""):
            pipeline = open_recipe(self.recipe)
        try:
            result = _compute(pipeline, texts, self.request, first)
        except NluLiteError as error:
            self._name_row(pipeline, chunk, texts, error)
        source = result.column(frames.INDEX).to_numpy() - first
        kept, computed = chunk.select(list(self.kept)), result.select(self.schema.names[len(self.kept) :])
        for part in frames.cut_rows(_measure_result(kept, computed, source), MOST_ROWS, LARGEST_BATCH):
            columns = frames.repeat_rows(kept, source[part]).columns
            columns += computed.slice(part.start, part.stop - part.start).columns
            yield from pa.table(columns, schema=self.schema).combine_chunks().to_batches()

    def _name_row(self, pipeline: Pipeline, chunk: pa.Table, texts: pa.Table, error: NluLiteError) -> NoReturn:
        """Raise the error of the first row of a chunk that fails by itself; of the whole chunk if none does."""
        for number in range(len(texts)):
            with _name_place(f"{self._describe_row(chunk, number)}, "):
                _compute(pipeline, texts.slice(number, 1), self.request, number)
        with _name_place(f"{len(texts)} rows from {self._describe_row(chunk, 0)}, "):
            raise error

    def _describe_row(self, chunk: pa.Table, number: int) -> str:
        shown = self.kept[:SHOWN_COLUMNS]
        values = ", ".join(f"{name}={str(chunk.column(name)[number])[:60]!r}" for name in shown)
        return f"the row {values}" if values else f"row {number} of the chunk"


def load_mapper(data: bytes) -> BatchMapper:
    """Return a pickled mapper in a worker.

    Raises:
        SourceError: A module of a callable, or this package, is missing here or has another version.
    """
    try:
        mapper: BatchMapper = pickle.loads(data)
    except Exception as error:  # a custom object may raise any exception
        raise SourceError(
            f"{_name_process()}: the pipeline cannot be unpickled ({type(error).__name__}: {error})",
            "the same version of nlu-lite as in the driver, and the modules of its callables",
            "Install them on every machine",
        ) from error
    return mapper


def build_mapper(
    pipeline: Pipeline, schema: object, request: MapRequest, threads: int, device: str | None
) -> BatchMapper:
    """Build a mapper, whose schema is known from then on.

    Args:
        pipeline: The pipeline.
        schema: Schema of the batches.
        request: The options of each call.
        threads: Threads of a forward pass.
        device: The device in other processes; None for that of the pipeline.

    Raises:
        InputError: There is no column of texts, or a column has the name of a column of the result.
        OptionError: `schema` is no Arrow schema; a stage is a callable that other processes cannot import; or the
            pipeline cannot run on the device.
    """
    check_number("threads", threads, 1)
    options = replace(pipeline.options, threads=threads, device=pipeline.options.device if device is None else device)
    check_options(options)
    source = _check_schema(schema)
    predict = _choose_columns(source, request.predict)
    names = [str(name) for name in (predict.text_column, predict.lang_column) if name is not None]
    is_kept = request.predict.keep_columns is OtherColumns.KEEP
    kept = tuple(name for name in source.names if is_kept and name != predict.text_column)
    recipe = replace(describe_recipe(pipeline), options=options)
    _check_importable(recipe)
    read = [field for field in source if field.name in kept or field.name in names]
    chosen = replace(request, predict=predict)
    computed = _order_columns(_compute(pipeline, source.empty_table().select(names), chosen, 0).schema)
    clashing = [name for name in kept if name in computed.names]
    if clashing:
        got = f"the columns {clashing} have the names of columns of the result"
        raise InputError(got, "other names", "Rename them, or pass keep_columns=False")
    fields = [source.field(name) for name in kept] + list(computed)
    return BatchMapper(recipe, chosen, _build_schema(read), kept, _build_schema(fields))


def _build_schema(fields: Iterable[pa.Field]) -> pa.Schema:
    import pyarrow as pa

    return pa.schema(fields)


def _check_schema(schema: object) -> pa.Schema:
    import pyarrow as pa

    if not isinstance(schema, pa.Schema):
        got = f"schema is a value of type {type(schema).__name__}"
        raise OptionError(got, "a pyarrow.Schema", "Pass the schema of the batches, such as table.schema")
    frames.check_names(schema.names)
    return schema


def _choose_columns(schema: pa.Schema, request: PredictRequest) -> PredictRequest:
    """Return the request with the name of its column of texts, whose type is checked."""
    texts = [field.name for field in schema if _holds_strings(field.type)]
    text = frames.choose_text_column(schema.names, texts, request.text_column)
    _check_type(schema, text, "text_column")
    if request.lang_column is not None:
        frames.check_exists(schema.names, request.lang_column, "lang_column")
        _check_type(schema, request.lang_column, "lang_column")
    return replace(request, text_column=text, keep_columns=OtherColumns.DROP)


def _check_type(schema: pa.Schema, name: Any, option: str) -> None:
    import pyarrow as pa

    kind = schema.field(name).type
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_list_view(kind)
    if not _holds_strings(kind.value_type if is_list and option == "text_column" else kind):
        got = f"the column {name!r} is of type {kind}"
        raise InputError(got, "a column of strings", f"Name another: {option}=..., or cast it")


def _holds_strings(kind: pa.DataType) -> bool:
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return any(
        test(kind) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
    )


class _ImportCheck(pickle.Pickler):
    """Pickles an object, and refuses functions and classes of the main module at any depth."""

    def persistent_id(self, value: Any) -> None:
        """See `pickle.Pickler`; called for each object."""
        if isinstance(value, (type, FunctionType)) and value.__module__ in ("__main__", "__mp_main__"):
            raise pickle.PicklingError(f"{value!r} is in the main module")


def _check_importable(recipe: PipelineRecipe) -> None:
    """Refuse stages that another process cannot import by name; one from a notebook could change unseen."""
    for option, stage in (("sentence_splitter", recipe.stages.sentences), ("tokenizer", recipe.stages.tokens)):
        try:
            _ImportCheck(io.BytesIO()).dump(stage)
        except Exception as error:  # a custom object may raise any exception
            raise OptionError(
                f"{option}={stage!r} cannot be imported by other processes ({error})",
                "a function or an object of a class at the top of a module that is installed on every machine",
                "Move it into a module",
            ) from error


def _cut_chunks(table: pa.Table, text: str, most: int) -> Iterator[pa.Table]:
    """Cut a table into chunks of at most `most` rows, and of `LARGEST_CHUNK` bytes of text."""
    for part in frames.cut_rows(frames.measure_texts(table.column(text)), most, LARGEST_CHUNK):
        yield table.slice(part.start, part.stop - part.start)


def _measure_result(kept: pa.Table, computed: pa.Table, source: Ints) -> NDArray[np.float64]:
    """Return the bytes of each row of a result, whose kept values are repeated."""
    repeated = np.zeros(len(kept))
    for column in kept.columns:
        repeated += frames.measure_rows(column)
    sizes: NDArray[np.float64] = repeated[source] + computed.nbytes / max(1, len(computed))
    return sizes


def _compute(pipeline: Pipeline, texts: pa.Table, request: MapRequest, first: int) -> pa.Table:
    """Return a result whose vectors are lists of the requested type; its first column is the index."""
    import pyarrow as pa

    result = pipeline._predict(texts, replace(request.predict, first_row=first)).replace_schema_metadata(None)
    if request.vectors is VectorLists.FIXED:
        return result
    for number, field in enumerate(result.schema):
        if pa.types.is_fixed_size_list(field.type):
            result = result.set_column(number, field.name, result.column(number).cast(pa.list_(pa.float32())))
    return result


def _order_columns(schema: pa.Schema) -> pa.Schema:
    """Return the computed columns without the index, vectors last."""
    import pyarrow as pa

    fields = [field for field in schema if field.name != frames.INDEX]
    return pa.schema(sorted(fields, key=lambda field: pa.types.is_nested(field.type)))


@contextmanager
def _name_place(row: str) -> Iterator[None]:
    """Put the row, host and process in front of an error's text; its type stays."""
    try:
        yield
    except NluLiteError as error:
        place = f"{row}{_name_process()}: {error.got}"
        raise type(error)(place, error.expected, error.remedy, error.nearest) from error


def _name_process() -> str:
    return f"host {platform.node()}, process {os.getpid()}"
