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


class HiddenBar:
    """A progress bar that is not shown: creating one of tqdm takes longer than splitting a short sentence."""

    disable = True
    n = 0

    def update(self, number: float | None = 1) -> None:
        """Ignore the units that were completed."""


@contextmanager
def progress_bar(total: int | None, unit: str, wanted: bool | None) -> Iterator[bars.tqdm[NoReturn] | HiddenBar]:
    """Show a progress bar if the block takes longer than a second.

    Args:
        total: The number of units; None if it is not known.
        unit: The name of a unit.
        wanted: Whether to show the bar; None shows it when output is interactive.
    """
    shown = is_interactive() if wanted is None else wanted
    if not shown or total == 0 or _HIDDEN.get():
        yield HiddenBar()
        return
    # Without widgets, a notebook shows a line of text.
    notebook = "ipykernel" in sys.modules and find_spec("ipywidgets") is not None
    tqdm: type[bars.tqdm[NoReturn]] = import_module("tqdm.notebook" if notebook else "tqdm").tqdm
    with tqdm(total=total, unit=unit, delay=DELAY, leave=False) as bar:
        yield bar


def skip_units(bar: bars.tqdm[NoReturn] | HiddenBar, number: int) -> None:
    """Advance a bar by units that an earlier process completed; they do not count in the rate."""
    if not isinstance(bar, HiddenBar):
        bar.initial += number
        bar.last_print_n += number
        bar.update(number)


def is_interactive() -> bool:
    """Return whether output is interactive: a terminal, or a notebook, whose kernel has no terminal."""
    return (sys.stderr is not None and sys.stderr.isatty()) or "ipykernel" in sys.modules
