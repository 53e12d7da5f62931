"""Build the catalogue's data files.

    python tools/build_catalogue.py --table TABLE.tsv    # references.tsv and models.json
    python tools/build_catalogue.py                      # models.json alone, from the files of tools

TABLE is the dictionary of NLU 5.4.0's embedding references, tab-separated: ``lang``, ``nlu_ref``, ``jsl_model_name``,
``component_class_or_id``, ``family``, ``spellbook_table``. The last column names the dictionary of NLU that has the
reference. It determines the row's status: ``pretrained`` is public, ``alias`` an alias, ``healthcare(licensed)``
licensed.

tools/cards.toml has further facts about models, with the source of each fact. The data files keep the sources. If only
the repository is taken from a model's card, the model has a line in tools/origins.tsv instead: ``model``,
``repository`` (the card refers to its page on the hub) and ``card`` (the date of the card). tools/facts.tsv has single
facts: ``model``, ``fact`` (``dimension``, or ``languages`` separated by commas), ``value`` and ``source``.
"""

from __future__ import annotations

import argparse
import csv
import json
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DATA = ROOT / "nlu_lite" / "registry" / "data"
STATUS = {"pretrained": "public", "alias": "alias", "healthcare(licensed)": "licensed"}
COLUMNS = ("reference", "language", "action", "model", "kind", "status")
POSTS = "JohnSnowLabs/spark-nlp, docs/_posts: card of"
PARSERS: dict[str, Callable[[str], Any]] = {"dimension": int, "languages": lambda value: value.split(", ")}
BUCKET = "https://s3.amazonaws.com/auxdata.johnsnowlabs.com/public/models/"


def references(table: Path) -> str:
    """Return the lines of references.tsv."""
    rows = [_row(number, row) for number, row in enumerate(_read_table(table), 2)]
    lines = {}
    for row in rows:
        lines.setdefault(row[0], row)
        if lines[row[0]][2:] != row[2:]:
            raise SystemExit(f"{row[0]} occurs twice, for different models")
        if row[0].startswith(f"{row[1]}."):  # NLU lists some references under two languages: the prefix decides
            lines[row[0]] = row
    votes = Counter((line[3], action) for line in lines.values() if (action := _action(line[0])))
    usual = {kind: action for (kind, action), _ in reversed(votes.most_common())}
    with_actions = [(*line[:2], _action(line[0]) or usual.get(line[3], "embed"), *line[2:]) for line in lines.values()]
    return "".join("\t".join(line) + "\n" for line in [COLUMNS, *with_actions])


def _action(reference: str) -> str | None:
    """Return the action in a reference; None if it has none, such as NLU's ``bert``, which has its kind's action."""
    return next((part for part in reference.split(".") if part in ("embed", "embed_sentence")), None)


def _row(number: int, row: dict[str, str]) -> tuple[str, ...]:
    table = row["spellbook_table"]
    if table not in STATUS:
        raise SystemExit(f"line {number}: spellbook_table {table!r}, expected one of {', '.join(STATUS)}")
    cells = (row["nlu_ref"], row["lang"], row["jsl_model_name"], row["component_class_or_id"], STATUS[table])
    if not all(cell and cell == cell.strip() and cell.isprintable() for cell in cells):
        raise SystemExit(f"line {number}: an empty cell, or one with odd characters: {cells}")
    return cells


def models(cards: Path, origins: Path, facts: Path) -> str:
    """Return the content of models.json: an object with one model per line."""
    content = tomllib.loads(cards.read_text(encoding="utf-8"))
    for row in _read_table(origins):
        if row["model"] in content:
            raise SystemExit(f"{row['model']} occurs twice in {origins.name}, or also in {cards.name}")
        content[row["model"]] = _origin(**row)
    for (model, source), stated in _group_facts(facts).items():
        content.setdefault(model, {}).setdefault("stated", []).append({"source": source, **stated})
    lines = [
        f"{json.dumps(name)}:{json.dumps(_model(name, entry), ensure_ascii=False, separators=(',', ':'))}"
        for name, entry in content.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _read_table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def _group_facts(path: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the single facts of each model and source."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in _read_table(path):
        stated = found.setdefault((row["model"], row["source"]), {})
        if row["fact"] in stated or row["fact"] not in PARSERS:
            raise SystemExit(f"{path.name}: {row['model']} has the fact {row['fact']!r} twice, or it is unknown")
        stated[row["fact"]] = PARSERS[row["fact"]](row["value"])
    return found


def _origin(model: str, repository: str, card: str) -> dict[str, Any]:
    """Return the entry of a model whose card contributes only its repository."""
    page = f"https://huggingface.co/{repository}"
    return {
        "hub": repository,
        "stated": [{"source": f"{POSTS} {model}, {card}", "sources": [page], "published": card}],
    }


def _model(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    """Merge the facts of all sources, and record which source states which fact."""
    card: dict[str, Any] = {"name": name}
    stated_by: dict[str, list[str]] = {}
    for facts in entry.get("stated", ()):
        source = facts.pop("source")
        twice = sorted(set(facts) & set(card))
        if twice:
            raise SystemExit(f"{name}: two sources state {', '.join(twice)}")
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
    arguments.add_argument("--facts", type=Path, default=ROOT / "tools" / "facts.tsv")
    arguments.add_argument("--out", type=Path, default=DATA)
    given = arguments.parse_args()
    if given.table:
        (given.out / "references.tsv").write_text(references(given.table), encoding="utf-8")
    (given.out / "models.json").write_text(models(given.cards, given.origins, given.facts), encoding="utf-8")


if __name__ == "__main__":
    main()
