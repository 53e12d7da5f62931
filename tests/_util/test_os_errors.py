"""Errors of the operating system become the library's own."""

import errno
import os

import pytest

from nlu_lite._util.os_errors import get_reason, read_file, translate_os_errors, translate_write_errors
from nlu_lite.errors import OfflineError, OptionError, SourceError


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.ENAMETOOLONG, errno.EROFS])
def test_the_error_states_path_reason_and_remedy(tmp_path, number):
    cause = OSError(number, os.strerror(number), "part")
    with pytest.raises(SourceError) as caught, translate_write_errors(tmp_path, "Choose another cache"):
        raise cause
    assert str(caught.value) == (
        f"{tmp_path} cannot be written ({os.strerror(number)}); expected a writable folder with enough free space. "
        "Choose another cache."
    )
    assert caught.value.__cause__ is cause


@pytest.mark.parametrize("error", [OfflineError("offline"), OptionError("option"), KeyError("other")])
def test_other_errors_pass_unchanged(error):
    with pytest.raises(type(error)) as caught, translate_os_errors("problem", "expected", "remedy"):
        raise error
    assert caught.value is error


def test_an_error_without_a_reason_of_the_system_states_its_message():
    assert get_reason(OSError("two\n  lines")) == "two lines"


def test_a_file_is_read_up_to_a_limit(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"text")
    assert read_file(path, "a text", "Check the path") == b"text"
    assert read_file(path, "a text", "Check the path", limit=2) == b"te"


@pytest.mark.parametrize("name", ["missing", "a\0b", "n" * 300])
def test_a_file_that_cannot_be_read_is_named(tmp_path, name):
    with pytest.raises(SourceError, match=r"the lock cannot be read \(.+\); expected a text\. Check the path\."):
        read_file(tmp_path / name, "a text", "Check the path", subject="the lock")
