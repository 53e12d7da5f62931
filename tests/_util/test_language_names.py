"""A language that is not named by its code is refused, and the error names its code."""

import pytest

import nlu_lite
from nlu_lite import OptionError, UnknownReference
from nlu_lite._util.language_names import find_language_codes, find_nearest_languages
from nlu_lite.text import list_languages

MEANT = {
    "german": "de",
    "German": "de",
    " GERMAN ": "de",
    "Deutsch": "de",
    "deu": "de",
    "ger": "de",
    "de-DE": "de",
    "de_AT.UTF-8": "de",
    "DE": "de",
    "zh_CN": "zh",
    "zh-Hant-TW": "zh",
    "chi": "zh",
    "Mandarin": "zh",
    "中文": "zh",
    "日本語": "ja",
    "français": "fr",
    "Francais": "fr",
    "fre": "fr",
    "Español": "es",
    "castellano": "es",
    "русский": "ru",
    "हिन्दी": "hi",
    "Türkçe": "tr",
    "iw": "he",
    "pt-BR": "pt",
    "Farsi": "fa",
    "Norwegian": "no",
    "multilingual": "xx",
    "auto": "xx",
}


@pytest.fixture(scope="module")
def words():
    return nlu_lite.load("en.tokenize")


@pytest.mark.parametrize("name", MEANT)
def test_a_name_is_refused_with_its_code(words, name):
    code = MEANT[name]
    for call in (words.predict, words.stream):
        with pytest.raises(OptionError) as raised:
            call(["a"], lang=name)
        assert raised.value.nearest == (code,)
        assert raised.value.remedy.startswith(f"Pass {code!r}")


@pytest.mark.parametrize(("name", "code"), [("germn", "de"), ("Portugese", "pt"), ("englsh", "en"), ("japanes", "ja")])
def test_a_misspelt_name_is_near_to_its_code(name, code):
    assert find_language_codes(name) == []
    assert find_nearest_languages(name)[0] == code


@pytest.mark.parametrize(
    ("written", "near"),
    [
        ("german.tokenize", "de.tokenize"),
        ("German.Tokenize", "de.tokenize"),
        ("de_DE.tokenize", "de.tokenize"),
        ("zh-CN.sentence_detector", "zh.sentence_detector"),
        ("german.tokenise", "de.tokenize"),
        ("english.embed.bert", "en.embed.bert"),
        ("multilingual.embed.xlm", "xx.embed.xlm"),
    ],
)
def test_a_reference_that_begins_with_a_name_is_refused_with_the_one_that_begins_with_the_code(written, near):
    with pytest.raises(UnknownReference) as raised:
        nlu_lite.load(written)
    assert raised.value.nearest[0] == near
    assert near != written
    assert not any(name.startswith(written.split(".")[0] + ".") for name in raised.value.nearest)


def test_a_longer_code_of_a_text_component_is_refused_with_the_shorter():
    with pytest.raises(OptionError, match=r"'ger' is unknown.*Nearest: de"):
        nlu_lite.load("ger.tokenize")


def test_models_of_a_language_are_searched_by_its_code():
    with pytest.raises(OptionError, match=r"no model has the language 'german'.*Nearest: de"):
        nlu_lite.search(language="german")


def test_every_language_has_a_name_and_every_code_means_itself():
    for code in list_languages():
        assert code in find_language_codes(code)
    assert all(find_language_codes(name)[0] == code for name, code in MEANT.items())


@pytest.mark.parametrize("name", ["", "-", "\u0301", "x" * 100_000, "en-" * 1000])
def test_any_text_has_codes_or_none(name):
    assert isinstance(find_nearest_languages(name), list)
