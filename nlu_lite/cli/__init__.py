"""The command line, `nlu-lite`: one module per group of commands."""

from __future__ import annotations

import json
import os
import re
import sys
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from nlu_lite._util.os_errors import get_reason
from nlu_lite._version import __version__
from nlu_lite.cli.catalogue import info, references, search
from nlu_lite.cli.locks import lock, verify
from nlu_lite.cli.models import cache_app, convert, download
from nlu_lite.cli.plot import plot
from nlu_lite.cli.predict import predict
from nlu_lite.cli.spelling import spell_options
from nlu_lite.errors import NluLiteError, OptionError, SourceError, find_nearest_names

__all__ = ["app", "main"]

INVALID_CHOICE = re.compile(r"'([^']*)' is not one of (.*)", re.DOTALL)
"""Typer's message for an unknown value of an option."""


class Commands(TyperGroup):
    """Commands whose usage errors list the nearest names."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command, and add the nearest values to typer's error for a mistyped one."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            near = _find_nearest_choices(str(getattr(error, "message", "")))
            if near:
                error.message = f"{error.message}{_format_nearest(near)}"  # type: ignore[attr-defined]
                error.nearest = near  # type: ignore[attr-defined]
            raise


def _find_nearest_choices(message: str) -> list[str]:
    found = INVALID_CHOICE.search(message)
    return find_nearest_names(found[1], re.findall("'([^']*)'", found[2])) if found else []


def _format_nearest(near: list[str]) -> str:
    return f" Nearest: {', '.join(near)}." if near else ""


app = typer.Typer(
    name="nlu-lite",
    cls=Commands,
    help="Contextual vectors for the words of any language.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(predict)
app.command()(plot)
app.command()(search)
app.command()(info)
app.command()(references)
app.command()(lock)
app.command()(verify)
app.command()(download)
app.command()(convert)
app.add_typer(cache_app)


def main() -> None:
    """Run the command line. Exit codes: 0 for success, 1 for a failure, 2 for wrong usage, 130 for Ctrl-C.

    Errors are printed on stderr in one line, which with ``--json`` is an object.
    """
    as_json = "--json" in sys.argv[1:]
    _escape_unknown_characters()
    try:
        sys.exit(_run_with_json_errors() if as_json else app())
    except NluLiteError as error:
        code = 2 if isinstance(error, OptionError) else 1
        _print_error(error, code, as_json)
        sys.exit(code)
    except BrokenPipeError:
        _discard_output()
        sys.exit(1)
    except OSError as error:  # the other rooms translate errors of their own files
        _discard_output()
        got = f"{error.filename or 'standard output'} cannot be written or read ({get_reason(error)})"
        _print_error(SourceError(got), 1, as_json)
        sys.exit(1)


def _escape_unknown_characters() -> None:
    """Print characters that the encoding of a terminal or pipe lacks as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _discard_output() -> None:
    """Discard output that cannot be written; Python would print an error when it flushes it at exit."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except ValueError:  # it is closed
        return


def _run_with_json_errors() -> int:
    """Run a command, and print usage errors as JSON."""
    try:
        return int(app(standalone_mode=False) or 0)
    except Exception as error:
        # Newer releases of typer contain a copy of click: usage errors of both have this method.
        message = getattr(error, "format_message", None)
        if message is None:
            raise
        near = getattr(error, "nearest", [])
        got = message().removesuffix(_format_nearest(near)).rstrip(".")
        _print_error(UsageError(got, nearest=near), 2, True)
        return 2


class UsageError(NluLiteError):
    """A command, an option or the value of an option does not exist."""


def _list_options() -> list[str]:
    """List the options of the command on the command line."""
    commands = getattr(typer.main.get_command(app), "commands", {})
    command = next((commands[name] for name in sys.argv[1:] if name in commands), None)
    return [option for parameter in getattr(command, "params", []) for option in parameter.opts]


def _print_error(error: NluLiteError, code: int, as_json: bool) -> None:
    error = spell_options(error, _list_options())
    if not as_json:
        typer.echo(f"nlu-lite: {' '.join(str(error).split())}", err=True)
        return
    parts = {"got": error.got, "expected": error.expected, "remedy": error.remedy, "nearest": error.nearest}
    fields = {"error": type(error).__name__, "message": str(error), **parts, "exit_code": code}
    typer.echo(json.dumps(fields, ensure_ascii=False), err=True)


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
