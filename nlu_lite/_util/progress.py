"""Bars that show how far long work is."""

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
"""Seconds after which a bar shows itself."""
_HIDDEN: ContextVar[bool] = ContextVar("hidden", default=False)


@contextmanager
def no_bars() -> Iterator[None]:
    """Show no bar within, whoever looks on."""
    token = _HIDDEN.set(True)
    try:
        yield
    finally:
        _HIDDEN.reset(token)


@contextmanager
def progress_bar(total: int | None, unit: str, wanted: bool | None) -> Iterator[bars.tqdm[NoReturn]]:
    """A bar that shows itself after a second; `wanted` None means where somebody looks on, `total` None not known."""
    # Without widgets, a notebook shows a line of text.
    notebook = "ipykernel" in sys.modules and find_spec("ipywidgets") is not None
    tqdm: type[bars.tqdm[NoReturn]] = import_module("tqdm.notebook" if notebook else "tqdm").tqdm
    shown = _interactive() if wanted is None else wanted
    hidden = not shown or total == 0 or _HIDDEN.get()
    with tqdm(total=total, unit=unit, delay=DELAY, disable=hidden, leave=False) as bar:
        yield bar


def skip(bar: bars.tqdm[NoReturn], number: int) -> None:
    """Count what was done before this process began: it says nothing of the rate."""
    if not bar.disable:
        bar.initial += number
        bar.last_print_n += number
        bar.update(number)


def _interactive() -> bool:
    """Whether somebody looks on: a terminal, or a notebook, whose kernel has no terminal."""
    return (sys.stderr is not None and sys.stderr.isatty()) or "ipykernel" in sys.modules
