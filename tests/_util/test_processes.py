"""Forks, and the end of a process, while other threads compute. A hang becomes a timeout."""

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from nlu_lite._util import processes
from nlu_lite._util.processes import Gate
from nlu_lite.errors import ModelError

MODEL = Path(__file__).parents[1] / "data" / "xlmroberta_weights"
PATIENCE = 300
"""Seconds after which a process hangs."""
BACKENDS = [pytest.param("torch", marks=pytest.mark.slow), "openvino"]  # PyTorch is imported for seconds
START = f"""
import multiprocessing, os, sys, threading, time
import nlu_lite
TEXTS = ["Put your text here and more of it. " * 20] * 8
REFERENCE = "path:{MODEL.as_posix()}"
backend = sys.argv[1]
threads = None if backend == "torch" else 2 if "several" in sys.argv else 1

def child(work):
    pid = os.fork()
    if not pid:
        code = 3
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1]

def predicting(pipe):
    stop = threading.Event()
    def work():
        while not stop.is_set():
            pipe.predict(TEXTS)
    thread = threading.Thread(target=work)
    thread.start()
    return lambda: (stop.set(), thread.join())
"""


def run(code, *arguments, **environment):
    """Run a script with threads that PyTorch starts even where the tests have one."""
    command = [sys.executable, "-c", START + code, *arguments]
    threads = {"OMP_NUM_THREADS": "2", "NLU_LITE_CACHE": os.environ.get("NLU_LITE_CACHE", "")}
    environment = os.environ | threads | environment
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)


def answer(code, *arguments, **environment):
    done = run(code, *arguments, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


# --- forks ---


@pytest.mark.parametrize("count", [2, pytest.param(5, marks=pytest.mark.slow)])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_child_answers_that_was_forked_while_another_thread_computed(backend, count, tmp_path):
    code = """
pipe = nlu_lite.load(REFERENCE, backend=backend, threads=threads)
rows = len(pipe.predict(TEXTS))
def work():
    assert len(pipe.predict(TEXTS)) == rows
    assert len(nlu_lite.load(REFERENCE, backend=backend, threads=threads).predict(TEXTS)) == rows
stop = predicting(pipe)
codes = [child(work) for _ in range(int(sys.argv[2]))]
stop()
print(*codes)
"""
    assert answer(code, backend, str(count), NLU_LITE_CACHE=str(tmp_path)) == ["0"] * count


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["torch", "openvino"])
def test_a_child_ends_as_other_processes_do(backend, tmp_path):
    code = """
pipe = nlu_lite.load(REFERENCE, backend=backend, threads=threads)
pipe.predict(TEXTS)
pid = os.fork()
if not pid:
    sys.exit(0 if len(pipe.predict(TEXTS)) else 1)
print(os.waitpid(pid, 0)[1])
"""
    assert answer(code, backend, NLU_LITE_CACHE=str(tmp_path)) == ["0"]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("backend", ["torch", "openvino"])
def test_pools_of_processes_answer(backend, method, tmp_path):
    script = tmp_path / "pool.py"
    script.write_text(
        START
        + """
if __name__ == "__main__":
    pipe = nlu_lite.load(REFERENCE, backend=backend, threads=threads)
    rows = len(pipe.predict(TEXTS))
    with multiprocessing.get_context(sys.argv[2]).Pool(2) as pool:
        assert [len(frame) for frame in pool.map(pipe.predict, [TEXTS] * 3)] == [rows] * 3
"""
    )
    environment = os.environ | {"OMP_NUM_THREADS": "2", "NLU_LITE_CACHE": str(tmp_path)}
    command = [sys.executable, str(script), backend, method]
    subprocess.run(command, env=environment, timeout=PATIENCE, check=True)


@pytest.mark.slow
def test_threads_that_a_forked_process_cannot_have_are_an_error():
    code = """
pipe = nlu_lite.load(REFERENCE, backend=backend, threads=2)
pipe.predict(TEXTS)
def work(refused):
    try:
        refused()
    except nlu_lite.OptionError as error:
        assert "threads=2 in a process that was forked" in str(error)
        assert all(word in str(error) for word in ("spawn", "forkserver", "threads=1"))
    else:
        raise AssertionError
one = nlu_lite.load(REFERENCE, backend=backend, threads=1)
print(
    child(lambda: work(lambda: pipe.predict(TEXTS))),
    child(lambda: work(lambda: nlu_lite.load(REFERENCE, backend=backend, threads=2))),
    child(lambda: one.predict(TEXTS)),
)
"""
    assert answer(code, "torch") == ["0", "0", "0"]


@pytest.mark.slow
def test_openvino_is_refused_after_a_fork_that_lost_its_threads(tmp_path):
    code = """
pipe = nlu_lite.load(REFERENCE, backend=backend, threads=threads)
pipe.predict(TEXTS)
def refused():
    for work in (lambda: pipe.predict(TEXTS), lambda: nlu_lite.load(REFERENCE, backend=backend, threads=1)):
        try:
            work()
        except nlu_lite.OptionError as error:
            assert all(word in str(error) for word in ("spawn", "forkserver", "threads=1"))
        else:
            raise AssertionError
    assert len(nlu_lite.load(REFERENCE, backend="torch").predict(TEXTS))
pid = os.fork()
if not pid:
    refused()
    sys.exit()  # which deletes models of the parent
print(os.waitpid(pid, 0)[1], child(refused))
"""
    assert answer(code, "openvino", "several", NLU_LITE_CACHE=str(tmp_path)) == ["0", "0"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
def test_a_child_that_was_forked_too_early_says_so(monkeypatch):
    gate = Gate()
    gate.is_torn = True
    monkeypatch.setattr(processes, "_GATE", gate)
    said = r"was forked while another thread.*spawn.*forkserver.*threads=1"
    with pytest.raises(ModelError, match=said), processes.computing():
        pass


# --- the end of a process ---


@pytest.mark.slow
@pytest.mark.parametrize("moment", [0.1, 0.6])
@pytest.mark.parametrize("work", ["predict", "stream", "predict_file"])
@pytest.mark.parametrize("backend", ["torch", "openvino"])
def test_a_daemon_thread_does_not_abort_the_end(backend, work, moment, tmp_path):
    assert_ends(backend, work, moment, tmp_path)


@pytest.mark.slow
def test_a_daemon_thread_that_predicts_does_not_abort_the_end(tmp_path):
    assert_ends("torch", "predict", 0.3, tmp_path)


def assert_ends(backend, work, moment, folder):
    (folder / "in.txt").write_text("Put your text here and more of it.\n" * 400)
    code = """
_, backend, work, moment, folder, _ = sys.argv
pipe = nlu_lite.load(REFERENCE, backend=backend, threads=threads)
pipe.predict(TEXTS)
def run():
    while True:
        if work == "predict":
            pipe.predict(TEXTS)
        elif work == "stream":
            list(pipe.stream(iter(TEXTS), chunk=2))
        else:
            pipe.predict_file(f"{folder}/in.txt", f"{folder}/out.parquet", chunk=8, existing="replace")
threading.Thread(target=run, daemon=True).start()
time.sleep(float(moment))
"""
    done = run(code, backend, work, str(moment), str(folder), "several", NLU_LITE_CACHE=str(folder / "cache"))
    assert (done.returncode, done.stderr) == (0, "")


# --- the gate itself ---


def test_the_end_waits_for_others_and_lets_no_daemon_thread_begin():
    gate, inside, leave, began = Gate(), threading.Event(), threading.Event(), threading.Event()
    gate._is_registered = True

    def compute():
        with gate.inside():
            inside.set()
            leave.wait(PATIENCE)

    def begin():
        with gate.inside():
            began.set()

    first = threading.Thread(target=compute)
    first.start()
    inside.wait(PATIENCE)
    ending = threading.Thread(target=gate._end)
    ending.start()
    while not gate._is_ending:
        pass
    late = threading.Thread(target=begin, daemon=True)
    late.start()
    assert ending.is_alive()
    leave.set()
    ending.join(PATIENCE)
    assert not ending.is_alive()
    assert not began.wait(0.05)
    ordinary = threading.Thread(target=begin)
    ordinary.start()
    ordinary.join(PATIENCE)
    assert began.is_set()


def test_a_thread_may_compute_within_its_own_computation_while_a_fork_waits():
    gate, inside, again = Gate(), threading.Event(), threading.Event()
    gate._is_registered = True

    def compute():
        with gate.inside():
            inside.set()
            while not gate._is_forking:
                pass
            with gate.inside():
                again.set()

    thread = threading.Thread(target=compute)
    thread.start()
    inside.wait(PATIENCE)
    gate._before_fork()
    assert again.is_set()
    assert not gate._inside
    gate._after_fork()
    thread.join(PATIENCE)
    with gate.inside():
        assert len(gate._inside) == 1


def test_a_fork_that_waited_in_vain_is_torn(monkeypatch):
    monkeypatch.setattr(processes, "LONGEST_WAIT", 0.01)
    gate, inside, leave = Gate(), threading.Event(), threading.Event()
    gate._is_registered = True

    def compute():
        with suppress(KeyError), gate.inside():  # the child, which this is not, does not have this thread
            inside.set()
            leave.wait(PATIENCE)

    thread = threading.Thread(target=compute)
    thread.start()
    inside.wait(PATIENCE)
    gate._before_fork()
    gate._after_fork_in_child()
    leave.set()
    assert gate.is_torn
    assert not gate._inside
    thread.join(PATIENCE)
