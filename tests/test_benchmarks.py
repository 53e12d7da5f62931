"""Benchmarks: that of GPUs runs on a CPU too, and the data of senses are whole."""

import importlib.util
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


def test_the_sentences_of_senses_are_whole():
    """Each word has two sentences of each of two senses, next to each other."""
    spec = importlib.util.spec_from_file_location("senses", SCRIPT.with_name("senses.py"))
    senses = sys.modules["senses"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(senses)
    examples = senses.read_examples()
    assert len(examples) == 252
    assert len({example.language for example in examples}) == 9
    for first in range(0, len(examples), 4):
        group = examples[first : first + 4]
        assert len({(example.language, example.word) for example in group}) == 1
        one, same, other, another = (example.sense for example in group)
        assert one == same
        assert other == another
        assert one != other
        assert all(example.text[example.begin : example.end] for example in group)
    assert sum(equal for *_, equal in senses.find_pairs(examples)) == 126
