"""The import of OpenVINO without its telemetry."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from nlu_lite._util.extras import import_extra
from nlu_lite._util.processes import computing

TELEMETRY = "openvino_telemetry"
_IMPORTING = Lock()
"""Lets only one thread at a time hide the telemetry package during the first import."""


def import_openvino() -> Any:
    """Return the package, imported without its telemetry.

    Raises:
        MissingExtra: It is not installed.
    """
    with computing(), _IMPORTING, _hide_telemetry():
        return import_extra("openvino", "openvino", 'backend="openvino"')


@contextmanager
def _hide_telemetry() -> Iterator[None]:
    """Hide openvino_telemetry, so that OpenVINO uses its stub and does not report the import to Intel."""
    if "openvino" in sys.modules:
        yield
        return
    before = sys.modules.get(TELEMETRY)
    sys.modules[TELEMETRY] = None  # type: ignore[assignment]  # import treats None as a missing module
    try:
        yield
    finally:
        del sys.modules[TELEMETRY]
        if before is not None:
            sys.modules[TELEMETRY] = before
