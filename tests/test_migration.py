"""docs/migration.md: the examples under "after" run as they are written, and the table of NLU's names is up to date."""

import re
import runpy
from pathlib import Path

import pandas as pd
import pytest
from references import register_tiny

import nlu_lite
import nlu_lite.nlu as nlu
from tests.store.hub_server import tiny_files

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "migration.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```python\n(# (?:before|after).*?)^```$", re.MULTILINE | re.DOTALL)
REFERENCES = ("xx.embed.xlm_roberta_xtreme_base", "xx.embed_sentence.labse")
REPOSITORIES = ("FacebookAI/xlm-roberta-base", "FacebookAI/roberta-base", "intfloat/multilingual-e5-small")


def list_blocks(kind):
    return [block for block in BLOCK.findall(PAGE) if block.startswith(f"# {kind}")]


def name_block(block):
    return str(list_blocks("after").index(block))


@pytest.fixture
def names(hub, tmp_path, monkeypatch):
    """The names that the page says the examples have."""
    monkeypatch.chdir(tmp_path)
    hub.repositories |= {name: tiny_files() for name in REPOSITORIES}
    texts = ["In New York it rains. Stay in!", "Good morning, all of you."]
    df = pd.DataFrame({"text": texts, "label": [0, 1]})
    with register_tiny(tmp_path, *REFERENCES):
        yield {"nlu_lite": nlu_lite, "nlu": nlu, "df": df, "text": texts[0], "texts": texts}


def test_each_section_has_examples_before_and_after():
    sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
    assert [section.partition("\n")[0] for section in sections] == [
        "From nlu",
        "From Spark NLP",
        "From flair",
        "From sentence-transformers",
        "From spaCy",
    ]
    for section in sections:
        assert "# before" in section
        assert "# after" in section


@pytest.mark.parametrize("block", list_blocks("before"))
def test_examples_before_are_python(block):
    compile(block, "before", "exec")


@pytest.mark.slow
@pytest.mark.parametrize("block", [block for block in list_blocks("after") if "on Spark" not in block], ids=name_block)
def test_examples_after_run(block, names):
    for package in ("sklearn", "spacy"):
        if package in block:
            pytest.importorskip(package)
    exec(compile(block, "after", "exec"), names)
    if "frame" in names:
        assert len(names["frame"])
        assert names["frame"].isna().sum().sum() == 0
    if "stages" in names:
        annotations = [one for row in names["frame"]["embeddings"] for one in row]
        assert [one.result for one in annotations][:3] == ["In", "New", "York"]
    if "vectors" in names:
        rows = names["texts"] if "encode" in block else names["doc"] if "doc" in names else names["frame"]
        assert len(names["vectors"]) == len(rows)
    if "spans" in names:
        assert all(names["text"][begin:end] == token for token, begin, end in names["spans"])
    if "classifier" in names:
        assert names["classifier"].predict(names["pipe"].encode(names["df"])).tolist() == [0, 1]


def test_the_table_of_names_is_up_to_date():
    replace_table = runpy.run_path(str(ROOT / "tools" / "build_nlu_table.py"))["replace_table"]
    assert replace_table(PAGE) == PAGE, "run python tools/build_nlu_table.py"
