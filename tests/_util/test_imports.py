"""Imports in a second thread end with the block, and leave errors to the code that needs the module."""

import sys
from threading import Event, current_thread

import pytest

from nlu_lite._util.imports import importing


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module whose import waits for an event, and return the event."""
    event = Event()
    monkeypatch.setattr(sys, "awaited", event, raising=False)
    lines = ("import sys, threading", "sys.awaited.wait()", "thread = threading.current_thread()")
    (tmp_path / "slow_module.py").write_text("\n".join(lines))
    (tmp_path / "bad_module.py").write_text("raise ZeroDivisionError")
    monkeypatch.syspath_prepend(tmp_path)
    yield event
    sys.modules.pop("slow_module", None)


def test_a_module_is_imported_in_another_thread_while_the_block_runs(module):
    with importing("slow_module"):
        module.set()  # the block runs although the import has not ended
    assert sys.modules["slow_module"].thread is not current_thread()


def test_an_error_of_an_import_is_left_to_its_user(module):
    with importing("bad_module"):
        pass
    assert "bad_module" not in sys.modules


def test_an_error_of_the_block_is_passed_on(module):
    module.set()
    with pytest.raises(KeyError, match="block"), importing("slow_module"):
        raise KeyError("block")
    assert "slow_module" in sys.modules


def test_a_module_that_is_there_needs_no_thread():
    with importing("sys"):
        assert "sys" in sys.modules
