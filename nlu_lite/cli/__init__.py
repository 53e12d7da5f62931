"""The command line, `nlu-lite`: one module a group of commands."""

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
from nlu_lite.cli.predict import predict
from nlu_lite.cli.spelling import spell_options
from nlu_lite.errors import NluLiteError, OptionError, SourceError, nearest_names

__all__ = ["app", "main"]

INVALID_CHOICE = re.compile(r"'([^']*)' is not one of (.*)", re.DOTALL)
"""What typer says of a value that an option does not have."""


class Commands(TyperGroup):
    """Commands whose wrong usage is told with the nearest names."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command; what typer says of a mistyped choice gains the nearest ones."""
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
    return nearest_names(found[1], re.findall("'([^']*)'", found[2])) if found else []


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
app.command()(search)
app.command()(info)
app.command()(references)
app.command()(lock)
app.command()(verify)
app.command()(download)
app.command()(convert)
app.add_typer(cache_app)


def main() -> None:
    """Run the command line; exit codes: 0, 1 for a failure, 2 for wrong usage, 130 for Ctrl-C.

    A failure is told in a line on stderr; with ``--json`` that line is an object.
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
    except OSError as error:  # the rooms explain those of their files
        _discard_output()
        got = f"{error.filename or 'standard output'} cannot be written or read ({get_reason(error)})"
        _print_error(SourceError(got), 1, as_json)
        sys.exit(1)


def _escape_unknown_characters() -> None:
    """Let a terminal or pipe that knows few characters show the others as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _discard_output() -> None:
    """Forget what standard output does not take, or Python complains when it flushes at the end."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except ValueError:  # it is closed
        return


def _run_with_json_errors() -> int:
    """Run a command, and tell of wrong usage as an object."""
    try:
        return int(app(standalone_mode=False) or 0)
    except Exception as error:
        # Newer releases of typer carry a click of their own: this is what both call a mistake in the usage.
        message = getattr(error, "format_message", None)
        if message is None:
            raise
        near = getattr(error, "nearest", [])
        got = message().removesuffix(_format_nearest(near)).rstrip(".")
        _print_error(UsageError(got, nearest=near), 2, True)
        return 2


class UsageError(NluLiteError):
    """A command, an option or its value that does not exist."""


def _list_options() -> list[str]:
    """Return the options of the command that is run."""
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
