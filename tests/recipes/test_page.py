"""The page of recipes: each section runs by itself, after the beginning of the page, in a process of its own."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "recipes.md"
BEGINNING, *SECTIONS = re.split(r"^(?=## )", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
TITLES = {re.match("## (.*)", section)[1]: section for section in SECTIONS}
SCRIPT = """
import doctest, sys, warnings
if __name__ == "__main__":
    warnings.simplefilter("ignore")  # of other packages
    test = doctest.DocTestParser().get_doctest(sys.stdin.read(), {"__name__": "recipes"}, "recipes.md", None, 0)
    found = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test)
    print(found)
    sys.exit(bool(found.failed or not found.attempted))
"""


def run(arguments, text=""):
    done = subprocess.run([sys.executable, *arguments], input=text, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.recipes
@pytest.mark.parametrize("title", TITLES)
def test_a_section_runs_and_shows_its_results(title):
    run(["-X", "utf8", "-c", SCRIPT], BEGINNING + TITLES[title])


@pytest.mark.slow
def test_a_data_set_is_mapped_by_spawned_processes(tmp_path):
    (script,) = re.findall(r"```python\n(import datasets.*?)```", TITLES["Hugging Face datasets"], re.DOTALL)
    path = tmp_path / "script.py"
    path.write_text(script, encoding="utf-8")
    assert run([str(path)]).split() == ["4", "384"]


def test_each_store_of_the_page_has_a_section():
    assert list(TITLES) == [
        "scikit-learn",
        "spaCy",
        "LangChain",
        "LlamaIndex",
        "Hugging Face datasets",
        "DuckDB",
        "USearch and FAISS",
        "LanceDB",
    ]
