"""A standalone cluster of Spark on loopback: a master and workers, each of one core, with environments of their own."""

import os
import re
import subprocess
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pyspark

HOST = "127.0.0.1"
CLASSES = "org.apache.spark.deploy"


@contextmanager
def running_cluster(folder, environments):
    """Start a master and a worker for each environment; yield the address of the master."""
    with ExitStack() as stack:
        log = folder / "master.log"
        stack.enter_context(_running(log, {}, "master.Master", "--port", "0", "--webui-port", "0"))
        address = _wait_for(log, r"Starting Spark master at (\S+)")[0]
        for number, environment in enumerate(environments):
            place = folder / f"worker-{number}"
            options = ("--cores", "1", "--memory", "1g", "--webui-port", "0", "--work-dir", str(place))
            stack.enter_context(_running(Path(f"{place}.log"), environment, "worker.Worker", *options, address))
        _wait_for(log, "Registering worker", len(environments))
        yield address


@contextmanager
def _running(log, environment, name, *arguments):
    program = Path(pyspark.__file__).parent / "bin" / "spark-class"
    common = {"SPARK_LOCAL_IP": HOST, "SPARK_DAEMON_MEMORY": "256m", "SPARK_NO_DAEMONIZE": "1"}
    with log.open("wb") as file:
        process = subprocess.Popen(
            [str(program), f"{CLASSES}.{name}", "--host", HOST, *arguments],
            env=os.environ | common | environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    try:
        yield
    finally:
        _stop(process)


def _stop(process):
    children = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    process.wait(60)
    _, alive = psutil.wait_procs(children, 20)
    for child in alive:
        child.kill()


def _wait_for(log, pattern, count=1):
    """Return the matches of a pattern in a log, once there are so many."""
    for _ in range(1200):
        found = re.findall(pattern, log.read_text(errors="replace"))
        if len(found) >= count:
            return found
        time.sleep(0.1)
    raise TimeoutError(log.read_text(errors="replace"))
