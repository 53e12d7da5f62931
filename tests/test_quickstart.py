"""The notebook of the docs: every cell runs, and its output is that of the saved notebook."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

NOTEBOOK = Path(__file__).parents[1] / "docs" / "quickstart.ipynb"


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


@pytest.mark.slow
def test_the_quickstart_runs_and_gives_what_it_shows(tmp_path):
    command = [sys.executable, "-c", SCRIPT, str(NOTEBOOK), str(tmp_path / "executed.ipynb")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    saved, executed = (nbformat.read(path, as_version=4) for path in (NOTEBOOK, tmp_path / "executed.ipynb"))
    pairs = [pair for pair in zip(saved.cells, executed.cells, strict=True) if pair[0].cell_type == "code"]
    compared = [pair for pair in pairs if "varies" not in pair[0].metadata.get("tags", [])]  # last digits, versions
    assert len(compared) >= 10
    for before, after in compared:
        assert shown(after) == shown(before), before.source
    assert all(shown(after) for _, after in pairs)


def test_the_quickstart_is_saved_executed_and_tells_of_no_place():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert all(shown(cell) for cell in code)
    assert "/home/" not in NOTEBOOK.read_text(encoding="utf-8")
    titles = [cell.source.splitlines()[0] for cell in notebook.cells if cell.source.startswith("#")]
    wanted = ["The one-liner", "Positions", "Several languages", "Similarity", "A frame with columns", "A file"]
    assert [title.lstrip("# ") for title in titles][1:-1] == wanted
