"""The number of cores that a process may use: those of its affinity mask, and the CPU quota of its control group."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path("/")
THREADS = "OMP_NUM_THREADS"
"""The variable by which users, schedulers and test suites limit the threads of numerical libraries."""


def find_core_limit(root: Path = ROOT) -> int | None:
    """Return the number of cores that this process is limited to, at least 1; None if it may use the whole machine.

    The limit is the least of three: the physical cores of the affinity mask, the CPU quota of the control group
    (version 1 or 2) rounded down, and the environment variable ``OMP_NUM_THREADS``. Files that are missing or
    damaged count as no limit.

    Args:
        root: The folder that contains ``proc`` and ``sys``.
    """
    limits = (_count_allowed_cores(root), _read_quota(root), _read_environment())
    return min((limit for limit in limits if limit is not None), default=None)


def _count_allowed_cores(root: Path) -> int | None:
    """Return the number of physical cores of the affinity mask; None if the mask excludes no processor."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    allowed = os.sched_getaffinity(0)
    if len(allowed) >= (os.cpu_count() or 1):
        return None
    return max(1, len({_name_core(root, number) for number in allowed}))


def _name_core(root: Path, processor: int) -> str:
    """Return a name that the hyper-threads of one core share."""
    siblings = root / f"sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list"
    return _read(siblings) or str(processor)


def _read_environment() -> int | None:
    first = os.environ.get(THREADS, "").partition(",")[0].strip()
    return int(first) if first.isascii() and first.isdigit() and int(first) else None


def _read_quota(root: Path) -> int | None:
    """Return the least CPU quota of the process's control groups, in whole cores."""
    quotas = [cores for cores in _list_quotas(root) if cores > 0]
    return max(1, int(min(quotas))) if quotas else None


def _list_quotas(root: Path) -> Iterator[float]:
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers == "":
            yield from (_parse_quota(*_read(folder / "cpu.max").split()) for folder in _list_groups(root, "", path))
        elif "cpu" in controllers.split(","):
            for name in dict.fromkeys((controllers, "cpu")):
                yield from map(_read_old_quota, _list_groups(root, name, path))


def _list_groups(root: Path, mount: str, path: str) -> Iterator[Path]:
    """List the folders of a control group and its ancestors; in a container its own group is the topmost."""
    names = [name for name in PurePosixPath(path).parts if name not in ("/", "..")]
    for length in range(len(names), -1, -1):
        yield root.joinpath("sys/fs/cgroup", mount, *names[:length])


def _read_old_quota(folder: Path) -> float:
    return _parse_quota(_read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us"))


def _parse_quota(quota: str = "", period: str = "", *_: str) -> float:
    """Return a quota in cores; 0 for none: ``max``, -1, or text that is damaged."""
    try:
        return int(quota) / int(period)
    except (ValueError, ZeroDivisionError, OverflowError):
        return 0


def _read(path: Path) -> str:
    """Return the text of a small file without whitespace around it; empty if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(1 << 16).decode().strip()
    except (OSError, ValueError):
        return ""
