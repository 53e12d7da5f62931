"""References of published models that mean the tiny model of `tests/data`, so that examples run as they are written."""

import re

from tiny import MODEL

import nlu_lite
from nlu_lite.registry import load_catalogue

KINDS = {"embed": "XlmRoBertaEmbeddings", "embed_sentence": "XlmRoBertaSentenceEmbeddings"}


def register_tiny(folder, *references):
    """Let references mean the tiny model until the registration ends; each is a model's or an alias of one's."""
    file = folder / "tiny.toml"
    own = [f"en.{action}.tiny" for action in KINDS]
    file.write_text("\n".join(line for name in [*own, *references] for line in describe(name)), encoding="utf-8")
    return nlu_lite.register(file)


def describe(reference):
    """Return the lines of an entry; the name says whether the model encodes sentences."""
    action = "embed_sentence" if "embed_sentence" in reference else "embed"
    if re.fullmatch(r"[a-z]{2}\.embed(_sentence)?\..+", reference):
        kind, folder = KINDS[action], MODEL.as_posix()
        entry = ["[[model]]", f'kind = "{kind}"', f'folder = "{folder}"']
    else:
        entry = ["[[alias]]", f'of = "en.{action}.tiny"']
    shadows = str(reference in load_catalogue().rows).lower()
    return [*entry, f'reference = "{reference}"', f"shadows = {shadows}"]
