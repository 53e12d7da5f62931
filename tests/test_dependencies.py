"""setup.cfg, constraints.txt, requirements.txt and docs/dependencies.md name the same packages."""

import re
from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
APART = {"torch"}
"""Of whose build and whose own requirements the index decides."""
CUDA = re.compile(r"(torch|triton|nvidia|cuda|cudnn)(-|$)")


def lines(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


def requirements(text):
    return [Requirement(line) for line in text.splitlines() if line.strip() and not line.startswith("#")]


def groups():
    """Return the requirements in setup.cfg by extra; those of the core under ""."""
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = {name: requirements(text) for name, text in setup["options.extras_require"].items()}
    return {"": requirements(setup["options"]["install_requires"])} | extras


def pins(name):
    """Return the version and the hashes of each package by its canonical name."""
    whole = "\n".join(lines(name)).replace("\\\n", " ").splitlines()
    found = [(Requirement(line.partition(" --hash=")[0]), re.findall(r"--hash=(\S+)", line)) for line in whole]
    return {canonicalize_name(one.name): (str(one.specifier).removeprefix("=="), hashes) for one, hashes in found}


GROUPS, TESTED, HASHED = groups(), pins("constraints.txt"), pins("requirements.txt")


@pytest.mark.parametrize("extra", GROUPS)
def test_every_requirement_is_pinned_to_a_version_that_suits_and_is_hashed(extra):
    for requirement in GROUPS[extra]:
        name = canonicalize_name(requirement.name)
        version, _ = TESTED[name]
        assert requirement.specifier.contains(version), name
        assert name in APART or HASHED[name][0] == version, f"{name}: run .ci/lock"


PLATFORMS = {
    ("Linux", "x86_64"): True,
    ("Linux", "aarch64"): True,
    ("Linux", "ppc64le"): False,
    ("Darwin", "arm64"): True,
    ("Darwin", "x86_64"): False,
    ("Windows", "AMD64"): True,
    ("Windows", "ARM64"): False,
}
"""Whether OpenVINO has wheels for a system and a processor."""


@pytest.mark.parametrize(("platform", "has_wheels"), PLATFORMS.items(), ids=map("-".join, PLATFORMS))
def test_openvino_is_required_where_it_has_wheels(platform, has_wheels):
    (requirement,) = (one for one in GROUPS[""] if one.name == "openvino")
    system, machine = platform
    here = {"platform_system": system, "platform_machine": machine}
    assert requirement.marker.evaluate(here | {"python_version": "3.14"}) is has_wheels
    assert not requirement.marker.evaluate(here | {"python_version": "3.15"})


def test_hashed_versions_are_those_that_are_tested():
    both = HASHED.keys() & TESTED.keys()
    assert {name: HASHED[name][0] for name in both} == {name: TESTED[name][0] for name in both}, "run .ci/lock"


def test_every_package_has_sha256_of_its_files():
    for name, (version, hashes) in HASHED.items():
        assert version, name
        assert hashes, name
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", one) for one in hashes), name


def test_native_packages_have_files_for_several_systems_and_versions_of_python():
    assert all(len(HASHED[name][1]) > 10 for name in ("numpy", "pandas", "pyarrow", "sentencepiece", "safetensors"))


def test_hashes_leave_out_torch_cuda_and_what_only_one_machine_has():
    assert [name for name in HASHED if CUDA.match(name)] == []
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert re.findall(r"^\s*-(?!-hash=).*|\w+://.*|\S*/(?:tmp|home|opt|root|work)/.*", text, re.MULTILINE) == []


def documented():
    """Return the packages in each table of the page on dependencies, by extra."""
    page = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    sections = re.split(r"^## (.*)$", page, flags=re.MULTILINE)[1:]
    named = zip(sections[::2], sections[1::2], strict=True)
    return {re.sub("Core|Extra|[ `]", "", title): rows(body) for title, body in named}


def rows(body):
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in body.splitlines() if line[:1] == "|"]
    return cells[2:]


def test_the_page_on_dependencies_names_exactly_the_packages_of_setup_cfg():
    stated = {extra: [row[0] for row in table] for extra, table in documented().items()}
    assert stated == {extra: [one.name for one in required] for extra, required in GROUPS.items()}


def test_the_page_on_dependencies_says_all_of_each_package():
    for row in (row for table in documented().values() for row in table):
        assert len(row) == 4, row
        assert all(row), row
