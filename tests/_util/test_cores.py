"""Limits of cores, from made-up files of control groups."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu_lite._util.cores import find_core_limit


@pytest.fixture(autouse=True)
def whole_machine(monkeypatch):
    """An affinity mask that excludes nothing, and no limit in the environment."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


SELF, GROUP = "proc/self/cgroup", "sys/fs/cgroup"
NEW = {SELF: "0::/\n"}
OLD = {SELF: "12:memory:/docker/1\n4:cpu,cpuacct:/docker/1\n1:name=systemd:/docker/1\n"}


def old(folder, quota, period="100000"):
    where = f"{GROUP}/{folder}"
    return {f"{where}/cpu.cfs_quota_us": f"{quota}\n", f"{where}/cpu.cfs_period_us": f"{period}\n"}


LIMITS = {
    "no files": ({}, None),
    "no quota": (NEW | {f"{GROUP}/cpu.max": "max 100000\n"}, None),
    "half a core": (NEW | {f"{GROUP}/cpu.max": "50000 100000\n"}, 1),
    "a core and a half": (NEW | {f"{GROUP}/cpu.max": "150000 100000\n"}, 1),
    "three cores": (NEW | {f"{GROUP}/cpu.max": "30000 10000\n"}, 3),
    "the least of a group and its ancestors": (
        {
            SELF: "0::/a/b\n",
            f"{GROUP}/a/b/cpu.max": "max 100000",
            f"{GROUP}/a/cpu.max": "200000 100000",
            f"{GROUP}/cpu.max": "300000 100000",
        },
        2,
    ),
    "a group outside the container": (
        {SELF: "0::/../../kubepods/x\n", f"{GROUP}/cpu.max": "200000 100000"},
        2,
    ),
    "version 1, no quota": (OLD | old("cpu,cpuacct/docker/1", -1), None),
    "version 1, half a core": (OLD | old("cpu,cpuacct/docker/1", 50000), 1),
    "version 1, two cores in the container's own view": (OLD | old("cpu,cpuacct", 200000), 2),
    "version 1, under the short name": (OLD | old("cpu/docker/1", 200000), 2),
    "both versions": ({SELF: "0::/\n" + OLD[SELF]} | old("cpu,cpuacct", 200000), 2),
    "no controller of processors": ({SELF: "3:cpuset:/\n"} | old("cpuset", 100000), None),
}


@pytest.mark.parametrize(("files", "limit"), LIMITS.values(), ids=LIMITS)
def test_the_quota_of_a_control_group_is_a_limit(files, limit, tmp_path):
    assert find_core_limit(write(tmp_path, files)) == limit


DAMAGED = ["", "x", "max", "50000", "50000 0", "-5 100000", "5e4 100000", "9" * 5000 + " 1", b"\xff\xfe", "0 100000"]


@pytest.mark.parametrize("text", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_quota_is_no_limit(text, tmp_path):
    assert find_core_limit(write(tmp_path, NEW | {f"{GROUP}/cpu.max": text})) is None


@pytest.mark.parametrize("name", [SELF, f"{GROUP}/cpu.max"])
def test_a_folder_in_the_place_of_a_file_is_no_limit(name, tmp_path):
    write(tmp_path, {one: text for one, text in NEW.items() if one != name})
    (tmp_path / name).mkdir(parents=True)
    assert find_core_limit(tmp_path) is None


@given(st.binary(max_size=60))
def test_whatever_the_list_of_groups_contains_there_is_an_answer(tmp_path_factory, data):
    root = write(tmp_path_factory.mktemp("root"), {SELF: data, f"{GROUP}/cpu.max": "200000 100000"})
    assert find_core_limit(root) in (None, 2)


def test_the_affinity_mask_is_a_limit(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 3})
    assert find_core_limit(tmp_path) == 2


def test_hyper_threads_of_one_core_count_once(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2})
    topology = "sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
    pairs = {topology.format(0): "0-1", topology.format(1): "0-1", topology.format(2): "2-3"}
    assert find_core_limit(write(tmp_path, pairs)) == 2


def test_a_system_without_affinity_masks_has_no_limit(monkeypatch, tmp_path):
    monkeypatch.delattr(os, "sched_getaffinity")
    assert find_core_limit(tmp_path) is None


@pytest.mark.parametrize(
    ("value", "limit"), [("1", 1), ("3,2", 3), (" 2 ", 2), ("0", None), ("-1", None), ("x", None), ("", None)]
)
def test_the_environment_is_a_limit(value, limit, monkeypatch, tmp_path):
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert find_core_limit(tmp_path) == limit


def test_the_least_limit_counts(monkeypatch, tmp_path):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    assert find_core_limit(write(tmp_path, NEW | {f"{GROUP}/cpu.max": "50000 100000"})) == 1
