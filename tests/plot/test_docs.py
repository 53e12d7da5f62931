"""The examples of the page on pictures."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs/pictures.md"


@pytest.mark.slow
def test_the_examples_of_the_page_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    examples = re.findall("```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    exec("\n".join(examples), {})
    made = sorted(path.name for path in tmp_path.iterdir())
    assert made == ["alignment.html", "projector", "senses.html", "tokens.html", "words.parquet"]
    assert "bank" in (tmp_path / "senses.html").read_text(encoding="utf-8")
