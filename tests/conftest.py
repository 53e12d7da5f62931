"""Rules for all tests: no network, no deadline, no skipped test in CI, GPU tests only on a machine with a GPU."""

from __future__ import annotations

import gc
import ipaddress
import os
import socket
import ssl
from functools import cache

import pytest
from backends import share_backends
from hypothesis import settings

# How long an example takes depends on the processor, and on what else it does.
settings.register_profile("whole", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=30)

# The tests' models are so small that threads cost more than they compute, above all where other work runs beside.
# Libraries read this when they are imported, and processes that tests start inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True, scope="session")
def no_network():
    """Fail any connection beyond this machine, however deep in a library it is opened, in tests and in fixtures."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        _guard(monkeypatch)
        yield


@pytest.fixture(autouse=True, scope="session")
def one_ssl_context():
    """Parse the certificates of authorities once; without this, every client parses them, even for plain HTTP."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
        yield


@pytest.fixture(autouse=True, scope="session")
def shared_backends():
    """Open a small model once for all tests that open the same weights with the same options, in any folder.

    Compiling takes most of the time of a small model. The shared backends hold copies, since tests change files in
    place. See `own_backends`.
    """
    from nlu_lite import encoding

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(encoding, "open_chosen", share_backends(encoding.open_chosen))
        yield


@pytest.fixture
def own_backends():
    """Open each model anew, for a test of opening."""
    from nlu_lite import encoding

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(encoding, "open_chosen", encoding.open_chosen.__wrapped__)
        yield


def _guard(monkeypatch):

    def guarded(method):
        def connect(self, address, *rest):
            if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
                pytest.fail(f"a connection to {address} was opened")
            return method(self, address, *rest)

        return connect

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, guarded(getattr(socket.socket, name)))

    look_up = socket.getaddrinfo

    def getaddrinfo(host, *rest, **more):
        if host is not None and not _is_loopback(host):
            pytest.fail(f"the name {host!r} was looked up")
        return look_up(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name that would have to be looked up
        return False


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A Hugging Face hub on loopback with one model, and an empty Hugging Face cache."""
    from huggingface_hub import constants

    from tests.store.hub_server import Hub, served, tiny_files

    with served(Hub({"org/tiny": tiny_files()})) as hub:
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, hub.endpoint)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "ENDPOINT", hub.endpoint)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf"))
        monkeypatch.setenv("NLU_LITE_OFFLINE", "0")
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        yield hub


@pytest.fixture
def no_connections(monkeypatch):
    """Fail any connection, also to this machine, and any look-up of a name."""

    def refuse(*arguments, **more):
        pytest.fail(f"a connection was attempted: {arguments}")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def pytest_configure(config):
    settings.load_profile("quick" if "not slow" in config.option.markexpr else "whole")


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_xdist_make_scheduler(config, log):
    """Let each worker run neighboring tests, so that few fixtures are made and few packages are imported by several."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log) if config.getoption("dist") == "load" else None


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Collect without the garbage collector, which would search all packages and tests again and again for nothing."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_collect_file():
    """Look for no examples in docstrings of tests: this rule is for the files of this folder alone."""
    return [one for one in (yield) if isinstance(one, pytest.Module)]


def pytest_collection_modifyitems(config, items):
    for marker in ("engines", "recipes", "browser"):  # of programs that are not in the extra `test`
        if marker not in config.option.markexpr:
            _deselect(config, items, marker)
    if any(item.get_closest_marker("gpu") for item in items) and not _has_gpu():
        _deselect(config, items, "gpu")


def _deselect(config, items, marker):
    left_out = [item for item in items if item.get_closest_marker(marker)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def pytest_sessionfinish(session, exitstatus):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter.stats.get("skipped") and not exitstatus:
        reporter.write_line("A test was skipped, which fails the run in CI.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
