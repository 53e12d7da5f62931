"""`nlu-lite search`, `nlu-lite info` and `nlu-lite references`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd

MAXIMUM_ROWS = 40
"""Maximum number of rows that `search` prints; more would push the best ones off the screen."""
MAXIMUM_WIDTH = 60
"""Maximum width of the first column, in characters; a few references are much longer and break the alignment."""

Json = Annotated[bool, typer.Option("--json", help="Print JSON lines, one object per reference.")]
Language = Annotated[str | None, typer.Option(help="Only models of this language, such as de; xx for multilingual.")]
Kind = Annotated[str | None, typer.Option(help="Only models of this kind, such as XlmRoBertaEmbeddings.")]


def search(
    words: Annotated[list[str] | None, typer.Argument(metavar="WORDS...", help="Parts of names.")] = None,
    language: Language = None,
    kind: Kind = None,
    as_json: Json = False,
) -> None:
    """Search references by words, best match first.

    For example:

    nlu-lite search xtreme

    nlu-lite search bert --language de
    """
    from nlu_lite.pipeline.browse import search

    frame = search(" ".join(words or ()), language=language, kind=kind)
    if as_json:
        _print_json(frame)
    elif frame.empty:
        typer.echo("No reference matches. Fewer words, or parts of words, find more.", err=True)
    else:
        _print_table(frame.head(MAXIMUM_ROWS))
        hidden = len(frame) - MAXIMUM_ROWS
        if hidden > 0:
            typer.echo(f"{hidden} more: more words, --language or --kind narrow the search.", err=True)


def info(
    reference: Annotated[str, typer.Argument(metavar="REF", help="One reference.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Describe a reference and its model.

    For example:

    nlu-lite info xx.embed.xlm_roberta_xtreme_base
    """
    from nlu_lite.pipeline.browse import info

    card = info(reference)
    typer.echo(json.dumps(card.to_dict(), ensure_ascii=False) if as_json else repr(card))


def references(language: Language = None, kind: Kind = None, as_json: Json = False) -> None:
    """List every reference of the catalogue, whether or not its model can be loaded.

    For example:

    nlu-lite references --language de

    nlu-lite references --json > references.jsonl
    """
    from nlu_lite.pipeline.browse import search

    frame = search(language=language, kind=kind).sort_values("reference")
    if as_json:
        _print_json(frame)
    else:
        _print_table(frame)


def _print_json(frame: pd.DataFrame) -> None:
    for row in frame.to_dict("records"):
        typer.echo(json.dumps(row, ensure_ascii=False))


def _print_table(frame: pd.DataFrame) -> None:
    """Print one line per reference: its name, the sources of its model or "not loadable", and its kind."""
    wide = min(int(frame["reference"].str.len().max()), MAXIMUM_WIDTH)
    for name, places, here, kind in frame[["reference", "loadable_by", "in_cache", "kind"]].values.tolist():
        loads = f"{places}{', in cache' if here else ''}" if places else "not loadable"
        typer.echo(f"{name:<{wide}}  {loads:<24}{kind}")
