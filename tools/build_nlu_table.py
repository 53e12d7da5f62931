"""Write the table of NLU's names into docs/migration.md, from nlu_lite/_util/data/nlu_names.tsv.

python tools/build_nlu_table.py
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from nlu_lite._util.nlu_names import NluName, Place, load_nlu_names

PAGE = Path(__file__).parents[1] / "docs" / "migration.md"
BEGIN = "<!-- names: this table is made by tools/build_nlu_table.py -->\n"
END = "<!-- end of names -->\n"
FORMS = {
    Place.MODULE: "nlu.{}",
    Place.PIPELINE: "pipe.{}",
    Place.LOAD: "nlu.load({})",
    Place.PREDICT: "pipe.predict({})",
    Place.SAVE: "pipe.save({})",
    Place.COMPONENT: "pipe[...].{}",
}


def render_table() -> str:
    """Return the table: a row for the names of a place that have the same new call."""
    rows = [
        f"| {', '.join(map(_render_name, names))} | {_escape(instead)} | {in_nlu.value} |"
        for (_, instead, in_nlu), names in groupby(load_nlu_names().values(), _get_key)
    ]
    return "\n".join(["| NLU | instead | nlu_lite.nlu |", "|---|---|---|", *rows]) + "\n"


def replace_table(page: str) -> str:
    """Return the page with the table of the names that are known now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{render_table()}\n{END}{after}"


def _get_key(name: NluName) -> tuple[object, ...]:
    return name.place, name.instead, name.in_nlu


def _render_name(name: NluName) -> str:
    is_argument = name.place in (Place.LOAD, Place.PREDICT, Place.SAVE) and "=" not in name.name
    return f"`{FORMS[name.place].format(name.name + '=' if is_argument else name.name)}`"


def _escape(text: str) -> str:
    """Escape characters that mean something in Markdown."""
    return "".join(f"\\{character}" if character in "_*[]<>`|" else character for character in text)


if __name__ == "__main__":
    PAGE.write_text(replace_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
