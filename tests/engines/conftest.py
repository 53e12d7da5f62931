"""Engines are started for real, on this machine. Tests of an engine that is not installed are not collected."""

from importlib.util import find_spec

MODULES = {"pyspark": ["spark", "spark_cluster"], "ray": ["ray"], "dask": ["dask"]}
collect_ignore = [f"test_{name}.py" for module, names in MODULES.items() if not find_spec(module) for name in names]
