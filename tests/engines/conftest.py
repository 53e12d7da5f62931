"""Engines are started for real, on this machine. Tests of an engine that is not installed are not collected."""

from importlib.util import find_spec

MODULES = {"spark": "pyspark", "ray": "ray", "dask": "dask"}
collect_ignore = [f"test_{name}.py" for name, module in MODULES.items() if not find_spec(module)]
