"""Progress bars."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import tqdm as bars

DELAY = 1.0
"""Seconds after which a bar appears."""
_HIDDEN: ContextVar[bool] = ContextVar("hidden", default=False)


@contextmanager
def hide_progress_bars() -> Iterator[None]:
    """Show no progress bar inside the block, even when output is interactive."""
    token = _HIDDEN.set(True)
    try:
        yield
    finally:
        _HIDDEN.reset(token)


@contextmanager
def progress_bar(total: int | None, unit: str, wanted: bool | None) -> Iterator[bars.tqdm[NoReturn]]:
    """Show a progress bar if the block takes longer than a second.

    Args:
        total: The number of units; None if it is not known.
        unit: The name of a unit.
        wanted: Whether to show the bar; None shows it when output is interactive.
    """
    # Without widgets, a notebook shows a line of text.
    notebook = "ipykernel" in sys.modules and find_spec("ipywidgets") is not None
    tqdm: type[bars.tqdm[NoReturn]] = import_module("tqdm.notebook" if notebook else "tqdm").tqdm
    shown = is_interactive() if wanted is None else wanted
    hidden = not shown or total == 0 or _HIDDEN.get()
    with tqdm(total=total, unit=unit, delay=DELAY, disable=hidden, leave=False) as bar:
        yield bar


def skip_units(bar: bars.tqdm[NoReturn], number: int) -> None:
    """Advance a bar by units that an earlier process completed; they do not count in the rate."""
    if not bar.disable:
        bar.initial += number
        bar.last_print_n += number
        bar.update(number)


def is_interactive() -> bool:
    """Return whether output is interactive: a terminal, or a notebook, whose kernel has no terminal."""
    return (sys.stderr is not None and sys.stderr.isatty()) or "ipykernel" in sys.modules
