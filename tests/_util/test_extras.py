"""Optional packages that are not installed."""

import sys

import pytest

from nlu_lite._util.extras import build_missing_extra, check_extra, import_extra
from nlu_lite.errors import MissingExtra


def test_an_installed_module_is_found_and_imported():
    check_extra("json", "arrow", "a test")
    assert import_extra("json", "arrow", "a test") is sys.modules["json"]


@pytest.mark.parametrize("function", [check_extra, import_extra])
@pytest.mark.parametrize("module", ["no_such_module", "hidden"])
def test_a_missing_module_names_the_extra(function, module, monkeypatch):
    monkeypatch.setitem(sys.modules, "hidden", None)
    with pytest.raises(MissingExtra) as caught:
        function(module, "polars", 'as_="polars"')
    assert str(caught.value) == f'as_="polars" needs {module}. Run: pip install "nlu-lite[polars]".'


def test_a_missing_part_of_a_package_names_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "hidden", None)
    with pytest.raises(MissingExtra, match=r"^a plot needs hidden\. Run"):
        import_extra("hidden.part", "plot", "a plot")


def test_an_alternative_follows_the_command():
    error = build_missing_extra("words need a package", "words", 'Or pass words="icu"')
    assert error.remedy == 'Run: pip install "nlu-lite[words]". Or pass words="icu"'
