"""Processes of engines: one is paused within its work and killed, and all their sockets are listed."""

import ipaddress
import threading
from contextlib import contextmanager

import psutil


def build_pause(mark):
    """Return a function for workers: its first call writes its process to the file `mark`, and waits to be killed.

    Engines send it by value, since workers do not import the tests.
    """
    path = str(mark)

    def pause():
        import os
        import time
        from pathlib import Path

        place = Path(path)
        try:
            place.with_suffix(".claimed").touch(exist_ok=False)
        except FileExistsError:
            return
        part = place.with_suffix(".part")
        part.write_text(str(os.getpid()))
        part.replace(place)
        time.sleep(300)

    return pause


@contextmanager
def killing(mark, choose=lambda process: process):
    """Kill the process that pauses, or another one that `choose` finds from it, during the block."""
    stop, killed = threading.Event(), []

    def watch():
        while not mark.exists():
            if stop.wait(0.05):
                return
        victim = choose(psutil.Process(int(mark.read_text())))
        if psutil.Process() in victim.parents():  # a process that these tests started
            victim.kill()
            killed.append(victim.pid)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield killed
    finally:
        stop.set()
        thread.join()


def find_executor(process):
    """Return the executor of Spark that started a worker process."""
    return next(parent for parent in process.parents() if "java" in parent.name())


def list_foreign_addresses():
    """Return the addresses beyond loopback on which this process and its descendants listen or are connected."""
    me = psutil.Process()
    found = set()
    for process in [me, *me.children(recursive=True)]:
        try:
            sockets = process.net_connections(kind="inet")
        except psutil.NoSuchProcess:
            continue
        ends = {end.ip for one in sockets for end in (one.laddr, one.raddr) if end}
        found |= {(process.name(), ip) for ip in ends if not _is_loopback(ip)}
    return found


def _is_loopback(ip):
    address = ipaddress.ip_address(ip)
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
