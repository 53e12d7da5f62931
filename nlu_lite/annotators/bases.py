"""The bases of stages and pipelines: those of `pyspark.ml` if Spark is installed, else those of `plain`.

They are chosen once, when `nlu_lite.annotators` is imported.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING or find_spec("pyspark") is None:  # type checkers see the same with and without Spark
    from nlu_lite.annotators.plain import MLWritable, Param, Params, Pipeline, PipelineModel, Transformer

    ESTIMATORS: tuple[type, ...] = ()
else:
    from pyspark.ml import Estimator, Pipeline, PipelineModel, Transformer
    from pyspark.ml.param import Param, Params
    from pyspark.ml.util import MLWritable

    ESTIMATORS = (Estimator,)

__all__ = ["ESTIMATORS", "MLWritable", "Param", "Params", "Pipeline", "PipelineModel", "Transformer"]
