"""The command line, `nlu-lite`: one module a group of commands."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from nlu_lite._version import __version__
from nlu_lite.cli.catalogue import info, references, search
from nlu_lite.cli.locks import lock, verify
from nlu_lite.cli.models import cache_app, convert, download
from nlu_lite.cli.predict import predict
from nlu_lite.errors import NluLiteError, OptionError

__all__ = ["app", "main"]

app = typer.Typer(
    name="nlu-lite",
    help="Contextual vectors for the words of any language.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(predict)
app.command()(search)
app.command()(info)
app.command()(references)
app.command()(lock)
app.command()(verify)
app.command()(download)
app.command()(convert)
app.add_typer(cache_app)


def main() -> None:
    """Run the command line; exit codes: 0, 1 for a failure, 2 for wrong usage, each told in a line on stderr."""
    try:
        app()
    except NluLiteError as error:
        typer.echo(f"nlu-lite: {' '.join(str(error).split())}", err=True)
        sys.exit(2 if isinstance(error, OptionError) else 1)
    except BrokenPipeError:
        sys.exit(1)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Contextual vectors for the words of any language."""
