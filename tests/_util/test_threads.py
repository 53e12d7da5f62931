"""Calls in a pool of threads, which are made at once if no thread can start."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from tiny import MODEL

from nlu_lite._util.threads import submit


class FullExecutor(ThreadPoolExecutor):
    """A pool in which no thread can start."""

    def submit(self, *_, **__):
        raise RuntimeError("can't start new thread")


def test_a_call_is_made_in_a_thread_of_the_pool():
    with ThreadPoolExecutor(1) as pool:
        assert submit(pool, threading.get_ident).result() != threading.get_ident()


def test_a_call_is_made_at_once_if_no_thread_can_start():
    pool = FullExecutor(1)
    assert submit(pool, threading.get_ident).result() == threading.get_ident()
    assert submit(pool, int, "11", base=2).result() == 3


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, FullExecutor])
def test_an_error_is_that_of_the_result(pool):
    with pool(1) as opened:
        call = submit(opened, int, "x")
        with pytest.raises(ValueError, match="invalid literal"):
            call.result()


@pytest.mark.slow
def test_a_pipeline_works_after_the_end_of_the_main_thread():
    code = (
        "import sys, threading\n"
        "from nlu_lite import load\n"
        "def work():\n"
        "    threading.main_thread().join()\n"
        "    print(len(load(sys.argv[1]).predict('One. Two!', output_level='sentence')))\n"
        "threading.Thread(target=work).start()"
    )
    command = [sys.executable, "-c", code, f"path:{MODEL}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("2", "")
