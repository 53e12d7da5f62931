"""Spark: `predict` for its frames, and `NluLite`, a stage for its pipelines.

Workers open the models themselves, once in each process; nothing is collected in the driver.
"""

from __future__ import annotations

from nlu_lite._util.extras import check_extra

check_extra("pyspark", "spark", "nlu_lite.spark")

from nlu_lite.spark.frames import predict  # noqa: E402
from nlu_lite.spark.stage import NluLite  # noqa: E402

__all__ = ["NluLite", "predict"]
