"""The benchmark of GPUs runs on a CPU too, so that it is known to work before a GPU is at hand."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "encode.py"
TINY = ["gpu", "--device", "cpu", "--size", "tiny", "--sentences", "20", "--rounds", "1"]


@pytest.mark.slow
def test_the_benchmark_of_gpus_runs_on_a_cpu():
    done = subprocess.run([sys.executable, str(SCRIPT), *TINY], check=True, capture_output=True, text=True)
    assert "20 sentences, tiny size" in done.stdout
    assert done.stdout.count("\n| nlu_lite") == 5
    assert "5 times the text takes" in done.stdout
