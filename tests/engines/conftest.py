"""Engines are started for real, on this machine. Tests of an engine that is not installed are not collected."""

from importlib.util import find_spec

MODULES = {
    "pyspark": ["cluster", "test_annotators", "test_spark", "test_spark_cluster", "test_spark_connect"],
    "grpc_status": ["test_spark_connect"],
    "ray": ["test_ray"],
    "dask": ["test_dask"],
}
collect_ignore = [f"{name}.py" for module, names in MODULES.items() if not find_spec(module) for name in names]
