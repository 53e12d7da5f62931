"""Optional packages: the check that one is installed, and the error where it is not."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from nlu_lite.errors import MissingExtra


def check_extra(module: str, extra: str, purpose: str) -> None:
    """Check that an optional module is installed, without importing it.

    Args:
        module: The module's name.
        extra: The extra of nlu-lite that installs it.
        purpose: What needs it: the subject of the error's sentence.

    Raises:
        MissingExtra: The module is not installed.

    Example:
        >>> check_extra("no_such_module", "arrow", "writing Parquet")
        Traceback (most recent call last):
        nlu_lite.errors.MissingExtra: writing Parquet needs no_such_module. Run: pip install "nlu-lite[arrow]".
    """
    if find_spec(module) is None:
        raise build_missing_extra(f"{purpose} needs {module}", extra)


def import_extra(module: str, extra: str, purpose: str) -> Any:
    """Import an optional module and return it; the arguments are those of `check_extra`.

    Raises:
        MissingExtra: The module cannot be imported.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package, _, _ = module.partition(".")
        raise build_missing_extra(f"{purpose} needs {package}", extra) from error


def build_missing_extra(problem: str, extra: str, alternative: str = "") -> MissingExtra:
    """Return the error for an optional package that is not installed.

    Args:
        problem: What needs which package, as a clause.
        extra: The extra of nlu-lite that installs the package.
        alternative: What the user can do without the package, as a sentence without its period.
    """
    return MissingExtra(problem, remedy=f'Run: pip install "nlu-lite[{extra}]"' + (alternative and f". {alternative}"))
