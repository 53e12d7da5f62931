"""Build the catalogue's data files.

    python tools/build_catalogue.py --table TABLE.tsv    # references.tsv and models.json
    python tools/build_catalogue.py                      # models.json alone, from tools/cards.toml and origins.tsv

TABLE is the dictionary of NLU 5.4.0's embedding references, tab-separated: ``lang``, ``nlu_ref``, ``jsl_model_name``,
``component_class_or_id``, ``family``, ``spellbook_table``. The last names the dictionary of NLU in which a reference
stands, and becomes the row's status: ``pretrained`` is public, ``alias`` an alias, ``healthcare(licensed)`` licensed.
What is known beyond the table stands in tools/cards.toml with the source of each fact; the data keep the sources. Of
models of whose card nothing but the repository is taken, tools/origins.tsv has a line: ``model``, ``repository`` (whose
page on the hub the card gives as its reference), ``card`` (the card's date).
"""

from __future__ import annotations

import argparse
import csv
import json
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DATA = ROOT / "nlu_lite" / "registry" / "data"
STATUS = {"pretrained": "public", "alias": "alias", "healthcare(licensed)": "licensed"}
COLUMNS = ("reference", "language", "action", "model", "kind", "status")
POSTS = "JohnSnowLabs/spark-nlp, docs/_posts: card of"
BUCKET = "https://s3.amazonaws.com/auxdata.johnsnowlabs.com/public/models/"


def references(table: Path) -> str:
    """Give the lines of references.tsv."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = [_row(number, row) for number, row in enumerate(csv.DictReader(file, delimiter="\t"), 2)]
    lines = {}
    for row in rows:
        lines.setdefault(row[0], row)
        if lines[row[0]][2:] != row[2:]:
            raise SystemExit(f"{row[0]} stands twice, for different models")
        if row[0].startswith(f"{row[1]}."):  # NLU lists a reference under another language, too: its own name decides
            lines[row[0]] = row
    votes = Counter((line[3], action) for line in lines.values() if (action := _action(line[0])))
    usual = {kind: action for (kind, action), _ in reversed(votes.most_common())}
    with_actions = [(*line[:2], _action(line[0]) or usual.get(line[3], "embed"), *line[2:]) for line in lines.values()]
    return "".join("\t".join(line) + "\n" for line in [COLUMNS, *with_actions])


def _action(reference: str) -> str | None:
    """Give what a reference asks for; None where it does not say so, such as NLU's ``bert``: then it is its kind's."""
    return next((part for part in reference.split(".") if part in ("embed", "embed_sentence")), None)


def _row(number: int, row: dict[str, str]) -> tuple[str, ...]:
    table = row["spellbook_table"]
    if table not in STATUS:
        raise SystemExit(f"line {number}: spellbook_table {table!r}, expected one of {', '.join(STATUS)}")
    cells = (row["nlu_ref"], row["lang"], row["jsl_model_name"], row["component_class_or_id"], STATUS[table])
    if not all(cell and cell == cell.strip() and cell.isprintable() for cell in cells):
        raise SystemExit(f"line {number}: an empty cell, or one with odd characters: {cells}")
    return cells


def models(cards: Path, origins: Path) -> str:
    """Give models.json: an object of models, one a line."""
    content = tomllib.loads(cards.read_text(encoding="utf-8"))
    with origins.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["model"] in content:
                raise SystemExit(f"{row['model']} stands twice, in {origins.name} or in {cards.name}, too")
            content[row["model"]] = _origin(**row)
    lines = [
        f"{json.dumps(name)}: {json.dumps(_model(name, entry), ensure_ascii=False)}" for name, entry in content.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _origin(model: str, repository: str, card: str) -> dict[str, Any]:
    """Give the entry of a model of whose card the repository is taken."""
    page = f"https://huggingface.co/{repository}"
    return {
        "hub": repository,
        "stated": [{"source": f"{POSTS} {model}, {card}", "sources": [page], "published": card}],
    }


def _model(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    """Merge what the sources state, and keep which of them states what."""
    card: dict[str, Any] = {"name": name}
    stated_by: dict[str, list[str]] = {}
    for facts in entry.get("stated", ()):
        source = facts.pop("source")
        twice = sorted(set(facts) & set(card))
        if twice:
            raise SystemExit(f"{name}: {', '.join(twice)} stated twice")
        card |= facts
        stated_by[source] = sorted(facts)
    found: dict[str, Any] = {"card": card} if stated_by else {}
    if "hub" in entry:
        found["hub"] = entry["hub"]
        stated_by.setdefault(entry.get("hub_source") or next(iter(stated_by)), []).append("hub")
    if "archive" in card:
        found["archive"] = card["archive"].removeprefix(BUCKET)
    return found | {"stated_by": stated_by}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--table", type=Path, help="NLU's references, tab-separated")
    arguments.add_argument("--cards", type=Path, default=ROOT / "tools" / "cards.toml")
    arguments.add_argument("--origins", type=Path, default=ROOT / "tools" / "origins.tsv")
    arguments.add_argument("--out", type=Path, default=DATA)
    given = arguments.parse_args()
    if given.table:
        (given.out / "references.tsv").write_text(references(given.table), encoding="utf-8")
    (given.out / "models.json").write_text(models(given.cards, given.origins), encoding="utf-8")


if __name__ == "__main__":
    main()
