"""Optional packages."""

from __future__ import annotations

from importlib.util import find_spec

from nlu_lite.errors import MissingExtra


def require_package(package: str, extra: str, feature: str) -> None:
    """Check that an optional package can be imported, without importing it.

    Args:
        package: The package.
        extra: The extra of this library that installs it.
        feature: What needs it, for the error.

    Raises:
        MissingExtra: It cannot.

    Example:
        >>> require_package("no_such_package", "arrow", "reading a file")
        Traceback (most recent call last):
        nlu_lite.errors.MissingExtra: reading a file needs no_such_package. Run: pip install "nlu-lite[arrow]".
    """
    if find_spec(package) is None:
        raise build_missing_extra(f"{feature} needs {package}", extra)


def build_missing_extra(problem: str, extra: str, alternative: str = "") -> MissingExtra:
    """Return the error for a package that is not installed.

    Args:
        problem: What needs which package.
        extra: The extra of this library that installs it.
        alternative: What the user can do instead, as an imperative clause.
    """
    return MissingExtra(
        problem, remedy=f'Run: pip install "nlu-lite[{extra}]"{f", or {alternative}" if alternative else ""}'
    )
