"""`start`: a session of Spark, with Spark NLP's arguments and without its jar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from nlu_lite._util.extras import check_extra
from nlu_lite._version import __version__
from nlu_lite.errors import OptionError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def start(
    gpu: bool = False,
    apple_silicon: bool = False,
    aarch64: bool = False,
    memory: str = "16G",
    cache_folder: str = "",
    log_folder: str = "",
    cluster_tmp_dir: str = "",
    params: Mapping[str, str] | None = None,
    real_time_output: bool = False,
    output_level: int = 1,
    spark23: bool = False,
    spark24: bool = False,
    spark32: bool = False,
) -> SparkSession:
    """Return a session of Spark on this machine, or the one that is running.

    Args:
        gpu: Must be False: models run on the CPU of each worker.
        apple_silicon: Unused: there is no jar to choose.
        aarch64: Unused.
        memory: The memory of the driver. Default: ``"16G"``.
        cache_folder: Must be empty; ``NLU_LITE_CACHE`` names the folder of models.
        log_folder: Unused.
        cluster_tmp_dir: Unused.
        params: Settings of Spark. Default: none.
        real_time_output: Unused.
        output_level: Unused.
        spark23: Unused: in Spark NLP 3 it chooses a jar.
        spark24: Unused.
        spark32: Unused.

    Raises:
        MissingExtra: The extra ``spark`` is not installed.
        OptionError: `gpu` or `cache_folder` is given, or `params` is not a mapping.
    """
    check_extra("pyspark", "spark", "nlu_lite.annotators.start")
    if gpu:
        raise OptionError("gpu=True", "False", 'Run the model with nlu_lite.load(..., device="cuda") outside Spark')
    if cache_folder:
        raise OptionError(f"cache_folder={cache_folder!r}", "''", "Set the environment variable NLU_LITE_CACHE instead")
    if params is not None and not isinstance(params, Mapping):
        raise OptionError(f"params={params!r}", "a dict of settings of Spark", 'Pass {"spark.executor.memory": "8G"}')
    from pyspark.sql import SparkSession

    settings = dict(params or {})
    builder = SparkSession.builder.appName("nlu_lite").master(f"local[{settings.get('spark.driver.cores', '*')}]")
    for name, value in {"spark.driver.memory": memory, "spark.driver.maxResultSize": "0", **settings}.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def version() -> str:
    """Return the version of nlu_lite."""
    return __version__
