"""Words through the packages of the extra `words`."""

from importlib import util

import pandas as pd
import pytest

from nlu_lite.errors import MissingExtra
from nlu_lite.records import Corpus
from nlu_lite.text import TextSettings, Words, check_dictionaries, segment


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


def test_only_what_is_asked_for_changes():
    assert words("Bác sĩ Muay", "vi", Words.ICU) == words("Bác sĩ Muay", "vi", Words.ICU)
    assert words("漢字仮名", "zh", Words.DICTIONARY) == words("漢字仮名", "zh", Words.ICU)


def test_without_the_extra_the_error_names_it(monkeypatch):
    find = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name: None if name == "fugashi" else find(name))
    with pytest.raises(MissingExtra, match=r"needs fugashi, .*nlu-lite\[words\]"):
        check_dictionaries()
    with pytest.raises(MissingExtra, match="fugashi"):
        words("犬", "ja", Words.DICTIONARY)
    assert words("犬", "ja", Words.ICU) == ["犬"]
