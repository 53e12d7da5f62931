"""Respell the options in errors, which name them as Python does, as options of the command line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from nlu_lite.errors import NluLiteError

SAME = {"keep_columns=False": "--drop-columns", 'existing="replace"': "--replace"}
"""Options of Python that have other names on the command line."""

KEYWORD = r"\b([a-z_]+)=(\"[^\"]*\"|'[^']*'|\.\.\.|\w+|)"
CALL = re.compile(rf"\b[\w.]+\((?:\w+, )?({KEYWORD}(?:, {KEYWORD})*)\)(?P<rest>(?:\.\w+\([^()]*\))*)")


def spell_options(error: NluLiteError, options: Iterable[str]) -> NluLiteError:
    """Return an error whose expected values and remedy name the options of a command.

    Args:
        error: An error that names options as Python does: ``text_column=...``.
        options: The options of the command, such as ``--text-column``. Other options stay as they are.

    Example:
        >>> error = NluLiteError("2 of ['a', 'b'] hold texts", remedy='Name it: text_column="a", or pass as_="arrow"')
        >>> spell_options(error, ["--text-column"]).remedy
        'Name it: --text-column a, or pass as_="arrow"'
    """
    names = {option.removeprefix("--").replace("-", "_"): option for option in options}
    known = {python: option for python, option in SAME.items() if option in names.values()}
    expected, remedy = (_spell_sentence(part, names, known) for part in (error.expected, error.remedy))
    return type(error)(error.got, expected, remedy, error.nearest)


def _spell_sentence(text: str, names: Mapping[str, str], same: Mapping[str, str]) -> str:
    """Respell the options of a sentence; calls of Python with other options stay as they are."""
    spelled, end = "", 0
    for call in CALL.finditer(text):
        arguments = re.findall(KEYWORD, call[1])
        is_python = call["rest"] or any(name not in names for name, _ in arguments)
        spelled += _spell_clause(text[end : call.start()], names, same)
        spelled += call[0] if is_python else _spell_clause(call[1], names, same).replace(", ", " ")
        end = call.end()
    return spelled + _spell_clause(text[end:], names, same)


def _spell_clause(text: str, names: Mapping[str, str], same: Mapping[str, str]) -> str:
    for python, option in same.items():
        text = text.replace(python, option)
    return re.sub(KEYWORD, lambda found: _spell_option(found, names), text)


def _spell_option(found: re.Match[str], names: Mapping[str, str]) -> str:
    name, value = found[1], found[2].strip("\"'")
    if name not in names:
        return found[0]
    return names[name] if value in ("", "True") else f"{names[name]} {value}"
