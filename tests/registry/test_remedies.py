"""The remedy in the error for a string that is not a reference: how to load the intended model."""

from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

import nlu_lite
from nlu_lite.errors import NluLiteError, OptionError, UnknownReference
from nlu_lite.registry import look_up, resolve
from nlu_lite.registry.remedies import SEARCH

MEANT = {
    "intfloat/multilingual-e5-small": "hf:intfloat/multilingual-e5-small",
    "sentence-transformers/all-MiniLM-L6-v2": "hf:sentence-transformers/all-MiniLM-L6-v2",
    "org/name@v1.0": "hf:org/name with revision='v1.0'",
    "HF:org/name": "hf:org/name",
    "hf: org/name": "hf:org/name",
    "hf:org/name/tree/main": "hf:org/name",
    "hf:./model": "path:./model",
    "hf:/srv/model": "path:/srv/model",
    "hf:https://huggingface.co/org/name": "hf:org/name",
    "https://huggingface.co/org/name": "hf:org/name",
    "https://hf.co/org/name/tree/main": "hf:org/name",
    "file:///srv/my%20model": "path:/srv/my model",
    "./model": "path:./model",
    "../model": "path:../model",
    ".": "path:.",
    "..": "path:..",
    "/abs/dir": "path:/abs/dir",
    "~": "path:~",
    "~/m": "path:~/m",
    "~user/m": "path:~user/m",
    "C:\\dir": "path:C:\\dir",
    "d:/models/x": "path:d:/models/x",
    ".\\model": "path:.\\model",
    "\\\\server\\share": "path:\\\\server\\share",
    "models/of/mine": "path:models/of/mine",
    "./my model/with spaces": "path:./my model/with spaces",
    "PATH:model": "path:model",
    "SparkNLP:bert.zip": "sparknlp:bert.zip",
    "bert.zip": "sparknlp:bert.zip",
    "./bert_base_cased_en.ZIP": "sparknlp:./bert_base_cased_en.ZIP",
}


@pytest.mark.parametrize("ask", [lambda name: resolve([name]), look_up], ids=["load", "info"])
@pytest.mark.parametrize("written", MEANT)
def test_what_was_meant_is_the_remedy(written, ask):
    with pytest.raises(UnknownReference) as caught:
        ask(written)
    assert caught.value.remedy == f"Load {MEANT[written]}"


@pytest.mark.parametrize(
    "written", ["bert-base-uncased", "xx.embed.nope", "http://[", "http://example.org/x", "hf:", "a\0b", "x" * 10_000]
)
def test_of_what_means_nothing_the_search_is_the_remedy(written):
    with pytest.raises(UnknownReference) as caught:
        resolve([written])
    assert caught.value.remedy == SEARCH


def test_a_name_of_something_here_is_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").mkdir()
    (tmp_path / "org" / "name").mkdir(parents=True)
    for written, remedy in {"model": "Load path:model", "org/name": "Load path:org/name or hf:org/name"}.items():
        with pytest.raises(UnknownReference) as caught:
            resolve([written])
        assert caught.value.remedy == remedy


def test_nothing_is_near_a_path():
    with pytest.raises(UnknownReference) as caught:
        resolve(["models/sparknlp/bert.zip"])
    assert not any("/" in name for name in caught.value.nearest)


@pytest.mark.parametrize(
    ("request_", "remedy"),
    [
        (Path("model"), "Load path:model"),
        (PurePosixPath("/srv/bert.zip"), "Load sparknlp:/srv/bert.zip"),
        (PureWindowsPath("C:\\model"), "Load path:C:\\model"),
        (None, "Leave it out for the packaged model"),
        (["en.tokenize", "xx.embed.xlm"], "Pass each reference as an argument of its own: load(*references)"),
        (("en.tokenize",), "Pass each reference as an argument of its own: load(*references)"),
        ({"en.tokenize"}, "Pass each reference as an argument of its own: load(*references)"),
        (b"en.tokenize", "Pass the reference's name"),
        (5, "Pass the reference's name"),
        (1.5, "Pass the reference's name"),
        (object(), "Pass the reference's name"),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("ask", [nlu_lite.load, nlu_lite.info])
def test_another_object_than_a_string_has_a_remedy(ask, request_, remedy):
    with pytest.raises(UnknownReference, match=f"a reference of type {type(request_).__name__}") as caught:
        ask(request_)
    assert caught.value.remedy == remedy


def test_a_path_that_could_be_a_repository_says_so():
    with pytest.raises(NluLiteError) as caught:
        nlu_lite.load("path:intfloat/multilingual-e5-small")
    assert "hf:intfloat/multilingual-e5-small is the repository" in caught.value.remedy


@pytest.mark.parametrize("value", [5, b"x", object()], ids=lambda value: type(value).__name__)
@pytest.mark.parametrize(
    "ask",
    [
        lambda value: nlu_lite.load(path=value),
        lambda value: nlu_lite.load("en.tokenize", cache_dir=value),
        lambda value: nlu_lite.info("en.tokenize", cache_dir=value),
        lambda value: nlu_lite.load("xx.embed.xlm", lock=value),
        lambda value: nlu_lite.load("en.tokenize").save(value),
        nlu_lite.register,
    ],
    ids=["path", "cache_dir", "info", "lock", "save", "register"],
)
def test_what_is_no_path_is_said(ask, value):
    with pytest.raises(OptionError, match=rf"is a {type(value).__name__}; expected the path of a file or folder"):
        ask(value)
