"""The notebooks of the docs: every cell runs, and its output is that of the saved notebook."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

DOCS = Path(__file__).parents[1] / "docs"
NOTEBOOK = DOCS / "quickstart.ipynb"
TUTORIALS = sorted(path for path in DOCS.glob("*.ipynb") if path != NOTEBOOK)
NEEDS = {"classify": "sklearn", "million": "pyarrow"}


def shown(cell):
    """Return the output of a cell without the progress bars on stderr, with its printed pieces joined."""
    outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    printed = "".join(output.text for output in outputs if output.output_type == "stream")
    return [printed] * bool(printed) + [dict(output.data) for output in outputs if output.output_type != "stream"]


# In a process of its own, whose sockets end with it; without TCP, and with this Python for a kernel.
SCRIPT = """
import sys, nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, km=AsyncKernelManager(transport="ipc"), timeout=300).execute()
nbformat.write(notebook, sys.argv[2])
"""


def run_notebook(path, target):
    """Execute a notebook, and return its code cells as pairs: saved and executed."""
    command = [sys.executable, "-c", SCRIPT, str(path), str(target)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    saved, executed = (nbformat.read(file, as_version=4) for file in (path, target))
    return [pair for pair in zip(saved.cells, executed.cells, strict=True) if pair[0].cell_type == "code"]


def check_outputs(pairs):
    """Compare outputs, except last digits and versions, which vary. Return the number of compared cells."""
    compared = [pair for pair in pairs if "varies" not in pair[0].metadata.get("tags", [])]
    for before, after in compared:
        assert shown(after) == shown(before), before.source
    assert all(shown(after) for _, after in pairs)
    return len(compared)


def check_saved(path):
    """Check that a notebook is saved as executed from the first cell to the last, without folders of a machine."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert all(shown(cell) for cell in code)
    text = path.read_text(encoding="utf-8")
    assert not any(folder in text for folder in ("/home/", "/root/", "/tmp/"))
    return notebook


@pytest.mark.slow
def test_the_quickstart_runs_and_gives_what_it_shows(tmp_path):
    assert check_outputs(run_notebook(NOTEBOOK, tmp_path / "executed.ipynb")) >= 10


def test_the_quickstart_is_saved_executed_and_tells_of_no_place():
    notebook = check_saved(NOTEBOOK)
    titles = [cell.source.splitlines()[0] for cell in notebook.cells if cell.source.startswith("#")]
    wanted = ["The one-liner", "Positions", "Several languages", "Similarity", "A frame with columns", "A file"]
    assert [title.lstrip("# ") for title in titles][1:-1] == wanted


@pytest.mark.slow
@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_runs_and_shows_its_saved_outputs(tmp_path, path):
    if path.stem in NEEDS:
        pytest.importorskip(NEEDS[path.stem])
    assert check_outputs(run_notebook(path, tmp_path / "executed.ipynb")) >= 3


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_is_saved_executed(path):
    assert check_saved(path).cells[0].source.startswith("# ")


def test_the_tutorials_of_the_start_page_exist():
    page = (DOCS / "index.md").read_text(encoding="utf-8")
    assert {path.stem for path in TUTORIALS} == {"senses", "cross-lingual-search", "classify", "million", "from-nlu"}
    assert all(f"({path.name})" in page for path in TUTORIALS)
