"""Words through the packages of the extra `words`."""

import subprocess
import sys
from importlib import util

import pandas as pd
import pytest

from nlu_lite.errors import MissingExtra
from nlu_lite.records import Corpus
from nlu_lite.text import TextSettings, Words, check_dictionaries, segment
from nlu_lite.text.dictionary import PACKAGES


def words(text, language, chosen):
    found = segment(Corpus([text], [language], pd.RangeIndex(1)), TextSettings(words=chosen))
    return [text[b:e] for b, e in zip(found.token_begin, found.token_end, strict=True)]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("ja", "東京都に行かなかった。", "東京|都|に|行か|なかっ|た|。"),
        ("vi", "Bác sĩ bây giờ có thể đi.", "Bác sĩ|bây giờ|có thể|đi|."),
        ("en", "A plain text.", "A|plain|text|."),
    ],
)
def test_dictionaries_find_words(language, text, expected):
    assert words(text, language, Words.DICTIONARY) == expected.split("|")


TEXTS = {"ja": "東京都に行かなかった。", "vi": "Bác sĩ Muay có thể đi.", "zh": "漢字仮名", "th": "สวัสดีครับ", "my": "ဒါက"}


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_installing_the_extra_alone_changes_nothing(language, monkeypatch):
    installed = words(TEXTS[language], language, Words.ICU)
    with monkeypatch.context() as without:
        for package in PACKAGES:
            without.setitem(sys.modules, package, None)
        assert words(TEXTS[language], language, Words.ICU) == installed


@pytest.mark.parametrize("language", ["zh", "th", "my"])
def test_languages_without_a_package_keep_their_words(language):
    assert words(TEXTS[language], language, Words.DICTIONARY) == words(TEXTS[language], language, Words.ICU)


@pytest.mark.slow
def test_packages_are_imported_only_when_they_are_asked_for():
    code = "import sys, nlu_lite; nlu_lite.load('{0}.tokenize'{1}).predict('a'); print({2!r} in sys.modules)"
    assert run(code.format("ja", "", "fugashi")) == run(code.format("vi", "", "underthesea_core")) == "False"
    assert run(code.format("ja", ", words='dictionary'", "underthesea")) == "False"


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_without_the_extra_the_error_names_it(monkeypatch):
    find = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name: None if name == "fugashi" else find(name))
    with pytest.raises(MissingExtra, match=r"needs fugashi, .*nlu-lite\[words\]"):
        check_dictionaries()
    with pytest.raises(MissingExtra, match="fugashi"):
        words("犬", "ja", Words.DICTIONARY)
    assert words("犬", "ja", Words.ICU) == ["犬"]
