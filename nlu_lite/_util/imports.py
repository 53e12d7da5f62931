"""Imports in a second thread."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from importlib import import_module

from nlu_lite._util.processes import computing
from nlu_lite._util.threads import submit


@contextmanager
def importing(module: str) -> Iterator[None]:
    """Import a module while a block runs that mostly waits for native code; the import ends with the block.

    An import that fails is repeated by the code that needs the module, which then raises the error.

    Example:
        >>> with importing("json"):
        ...     pass
    """
    if module in sys.modules:
        yield
        return
    with ThreadPoolExecutor(1) as pool:
        submit(pool, _import, module)
        yield


def _import(module: str) -> None:
    with computing(), suppress(Exception):  # a fork in the middle would leave half a module in the child
        import_module(module)
