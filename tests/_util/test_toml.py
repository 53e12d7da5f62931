"""TOML files: every error names the line."""

import pytest

from nlu_lite._util.toml import TABLES, TomlFile, TomlTable
from nlu_lite.errors import FormatError

TEXT = """\
title = "x"

[words]
join = "a"

[[model]]
name = "first"

[[model]]
name = "second"
size = 1
"""


def open_table(header, number=0):
    return TomlTable(TomlFile("a.toml", TEXT, "Correct it"), header, number)


@pytest.mark.parametrize(
    ("header", "number", "key", "line"),
    [
        ("", 0, "title", 1),
        ("", 0, "words", 3),
        ("words", 0, None, 3),
        ("words", 0, "join", 4),
        ("model", 0, "name", 7),
        ("model", 1, "name", 10),
        ("model", 1, "size", 11),
        ("model", 1, None, 9),
    ],
)
def test_a_key_is_located(header, number, key, line):
    assert open_table(header, number).locate(key) == f"a.toml, line {line}"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"joint": "a"}, "words has an unknown key 'joint'; expected join. Nearest: join. Correct it"),
        ({"join": 5}, "line 4: join is 5; expected a string. Correct it"),
        ({"join": True}, "line 4: join is True; expected a string. Correct it"),
        ({}, "words has no join; expected join. Correct it"),
    ],
)
def test_a_table_is_checked(values, message):
    with pytest.raises(FormatError, match=message):
        open_table("words").check(values, {"join": str}, ("join",))


def test_the_root_is_checked():
    file = TomlFile("a.toml", TEXT, "Correct it")
    file.root.check(file.parse(), {"title": str, "words": dict, "model": TABLES}, ("title",))
    with pytest.raises(FormatError, match=r"a\.toml, line 3: the file has an unknown key 'words'"):
        file.root.check(file.parse(), {"title": str, "model": TABLES}, ())


@pytest.mark.parametrize("text", ["a =", "a = " + "1" * 5000, "a = " + "[" * 9999])
def test_a_text_that_is_not_toml_is_refused(text):
    with pytest.raises(FormatError, match=r"a\.toml is not valid TOML"):
        TomlFile("a.toml", text, "Correct it").parse()
