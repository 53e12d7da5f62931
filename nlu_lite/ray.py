"""Ray: `predict` for its datasets, on a pool of actors that open the models once."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from nlu_lite._util.extras import check_extra
from nlu_lite.errors import InputError
from nlu_lite.options import PredictOptions, VectorListsName, check_number, show_options
from nlu_lite.pipeline import Pipeline, load
from nlu_lite.pipeline.mapper import load_mapper

if TYPE_CHECKING:
    import pyarrow as pa
    from ray.data import Dataset

__all__ = ["predict"]


@show_options(PredictOptions)
def predict(
    dataset: Dataset,
    pipeline: Pipeline | str,
    *,
    workers: int,
    cpus: float = 1,
    gpus: float = 0,
    batch_size: int = 256,
    vectors: VectorListsName = "list",
    threads: int = 1,
    archive: str | None = None,
    **options: Unpack[PredictOptions],
) -> Dataset:
    """Run `Pipeline.predict` over a dataset of Ray, on a pool of actors.

    Args:
        dataset: The dataset.
        pipeline: A pipeline, or references as `load` takes them, which are loaded in the driver with the defaults.
        workers: Number of actors.
        cpus: CPUs that Ray reserves for each actor. Tasks that read or repartition the dataset need others: Ray waits
            forever if the actors reserve all.
        gpus: GPUs that Ray reserves for each actor; above 0 the models run on ``"cuda"``.
        batch_size: Number of texts that are processed at once.
        vectors: ``"list"`` or ``"fixed"``, as for `Pipeline.mapper`.
        threads: Threads of a forward pass in each actor.
        archive: Folder that ``pipeline.save(..., weights=True)`` wrote, on each actor. A relative path begins at the
            ``working_dir`` of Ray's runtime environment. Default: weights come from where the driver found them.
        options: The options of `Pipeline.mapper`. ``document_number`` counts the rows of one batch.

    Returns:
        A dataset, computed when it is consumed, with the columns of the mapper's schema.

    Raises:
        MissingExtra: The extra ``ray`` is not installed.
        InputError: `dataset` is not a Ray Dataset, there is no column of texts, or a column has the name of a column of
            the result. Errors of actors name the host, the process and the row.
        OptionError: An option has an unknown value, or `gpus` were given for a pipeline that needs OpenVINO.
    """
    check_extra("ray", "ray", "nlu_lite.ray")
    from ray.data import ActorPoolStrategy

    check_number("workers", workers, 1)
    check_number("batch_size", batch_size, 1)
    opened = load(pipeline) if isinstance(pipeline, str) else pipeline
    device = "cuda" if gpus else None
    schema = _read_schema(dataset)
    mapper = opened.mapper(schema, vectors=vectors, chunk=batch_size, threads=threads, device=device, **options)
    return dataset.map_batches(
        _build_worker(),
        fn_constructor_args=(pickle.dumps(mapper), archive),
        batch_size=batch_size,
        batch_format="pyarrow",
        compute=ActorPoolStrategy(size=workers),
        num_cpus=cpus,
        num_gpus=gpus or None,
    )


def _read_schema(dataset: Any) -> pa.Schema:
    """Return the schema of a dataset, of which Ray may have to compute the first block."""
    import pyarrow as pa

    if not hasattr(dataset, "map_batches"):
        got = f"predict was given a value of type {type(dataset).__name__}"
        raise InputError(got, "a Dataset of Ray", "Call Pipeline.predict for data in memory")
    try:
        schema = dataset.schema()
    except pa.ArrowException as error:
        got = f"the blocks of the dataset have different schemas ({error})"
        raise InputError(got, "one schema", "Cast the columns of its parts") from error
    if schema is None:
        raise InputError("the dataset has no schema", "a dataset with a column of texts", "Check that it has rows")
    return pa.schema(list(zip(schema.names, schema.types, strict=True)))


def _build_worker() -> type[Callable[[pa.Table], pa.Table]]:
    """Return the class of the actors, which Ray sends by value, so that one without this package can say so."""

    class NluLiteWorker:
        def __init__(self, data: bytes, archive: str | None) -> None:
            try:
                from nlu_lite.ray import open_mapper
            except ImportError as error:
                import platform

                text = f"nlu-lite cannot be imported on host {platform.node()} ({error}): install nlu-lite[ray] there"
                raise ImportError(text) from error
            self._map = open_mapper(data, archive)

        def __call__(self, table: pa.Table) -> pa.Table:
            return self._map(table)

    return NluLiteWorker


def open_mapper(data: bytes, archive: str | None) -> Callable[[pa.Table], pa.Table]:
    """Return a pickled mapper as a function of tables; kept columns have the types of each table."""
    mapper = load_mapper(data)
    if archive is not None:
        mapper = mapper.relocate(Path(archive).absolute())
    return lambda table: mapper.adopt_types(table.schema).map(table)
