"""Links within the documentation lead to files and headings that exist. No link is opened."""

import doctest
import inspect
import json
import re
import tomllib
from pathlib import Path

import pytest

import nlu_lite

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/*.ipynb")])
OPTIONS = ROOT / "docs" / "options.md"
CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]+`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|<img[^>]*src=\"([^\"]+)\"")
CARD = re.compile(r"^:link: (\S+)", re.MULTILINE)
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)


def read_markdown(path):
    """Return the Markdown of a page or a notebook."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    return "\n\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown")


def list_anchors(path):
    """Return the anchors of the headings of a page, as GitHub and MyST make them."""
    headings = HEADING.findall(re.sub(r"^```.*?^```", "", read_markdown(path), flags=re.MULTILINE | re.DOTALL))
    plain = [re.sub(r"[*`]|\]\([^)]*\)|\[", "", heading).lower() for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading).strip().replace(" ", "-") for heading in plain}


def list_links(path):
    """Return the links of a page that lead to a file or a heading of the repository."""
    markdown = CODE.sub("", read_markdown(path))
    links = [first or second for first, second in LINK.findall(markdown)]
    links += [next(path.parent.glob(f"{name}.*[db]"), Path(name)).name for name in CARD.findall(markdown)]
    return [link for link in links if not re.match(r"[a-z]+:", link)]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_and_headings(path):
    for link in list_links(path):
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in list_anchors(target), link


def test_links_are_found():
    assert "docs/encoding.md" in list_links(ROOT / "README.md")
    assert "#khmer-lao-and-burmese" in list_links(ROOT / "docs" / "languages.md")
    assert "files.md" in list_links(ROOT / "docs" / "index.md")


def test_every_page_is_in_one_list_of_the_start_page():
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    lists = re.findall(r"^```\{toctree\}\n(.*?)^```", index, re.MULTILINE | re.DOTALL)
    listed = sorted(line for block in lists for line in block.splitlines() if line and not line.startswith(":"))
    assert listed == sorted(path.stem for path in PAGES if path.parent.name == "docs" and path.stem != "index")


def test_the_start_page_has_the_four_kinds_of_documentation():
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    captions = re.findall(r"^:caption: (.+)$", index, re.MULTILINE)
    assert captions == ["Tutorials", "How-to guides", "Reference", "Explanation"]


def test_the_table_of_rooms_is_that_of_the_layers():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    [contract] = settings["tool"]["importlinter"]["contracts"]
    floors = {
        name: number for number, row in enumerate(reversed(contract["layers"])) for name in re.findall(r"\w+", row)
    }
    table = re.findall(
        r"^\| (\d+) \| (`[^|]*) \|", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert {name: int(floor) for floor, names in table for name in re.findall(r"`(\w+?)(?:/|\.py)`", names)} == floors


@pytest.mark.parametrize("function", [nlu_lite.load, nlu_lite.Pipeline.predict], ids=["load", "predict"])
def test_every_option_has_an_example(function):
    code = "\n".join(
        re.findall(r"^```python\n(.*?)^```", OPTIONS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    )
    options = [each for each in inspect.signature(function).parameters.values() if each.kind is each.KEYWORD_ONLY]
    assert not [option.name for option in options if f"{option.name}=" not in code]


@pytest.mark.slow
def test_the_examples_of_options_run_and_show_their_results():
    pytest.importorskip("polars")
    pytest.importorskip("fugashi")
    found = doctest.testfile(
        str(OPTIONS), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE, encoding="utf-8"
    )
    assert found.attempted > 30
    assert not found.failed
