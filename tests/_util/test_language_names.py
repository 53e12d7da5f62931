"""A language has any of its codes; a name is refused, and the error has the code."""

import pytest

import nlu_lite
from nlu_lite import OptionError, UnknownReference
from nlu_lite._util.language_names import find_code, find_language_codes, find_nearest_languages
from nlu_lite.text import check_language, describe_rules, list_languages

MEANT = {
    "german": "de",
    "German": "de",
    " GERMAN ": "de",
    "Deutsch": "de",
    "Mandarin": "zh",
    "中文": "zh",
    "日本語": "ja",
    "français": "fr",
    "Francais": "fr",
    "Español": "es",
    "castellano": "es",
    "русский": "ru",
    "हिन्दी": "hi",
    "Türkçe": "tr",
    "Farsi": "fa",
    "Norwegian": "no",
    "multilingual": "xx",
    "auto": "xx",
}

CODES = {
    "deu": "de",
    "ger": "de",
    "DE": "de",
    "de-DE": "de",
    "de_AT.UTF-8": "de",
    "de_DE@euro": "de",
    "zh_CN": "zh",
    "zh-Hant": "zh",
    "zh-Hant-TW": "zh",
    "cmn": "zh",
    "zho": "zh",
    "chi": "zh",
    "fre": "fr",
    "fra": "fr",
    "iw": "he",
    "in": "id",
    "ji": "yi",
    "jw": "jv",
    "mo": "ro",
    "fil": "tl",
    "tgl": "tl",
    "nob": "nb",
    "nno": "nn",
    "hbs": "sh",
    "pt-BR": "pt",
    "en-US": "en",
    "es-419": "es",
    "sr-Cyrl": "sr",
    "sr-Latn-RS": "sr",
    "uz_Cyrl": "uz",
    "hi_Latn": "hi-Latn",
    "hi-latn": "hi-Latn",
    "ur_rom": "ur-Latn",
    "ca-ES-valencia": "ca",
}


@pytest.mark.parametrize("code", CODES)
def test_other_codes_of_a_language_are_its_code(words, code):
    assert find_code(code) == CODES[code]
    assert check_language(code) == CODES[code]
    text = "Don't! 1. Mai z. B. l'ami, x-y."
    found = words.predict([text], lang=code)["token"].tolist()
    assert found == words.predict([text], lang=CODES[code])["token"].tolist()
    if "." not in code and "@" not in code:  # those of a locale
        assert found == nlu_lite.load(f"{code}.tokenize").predict([text])["token"].tolist()


@pytest.mark.parametrize(
    "code", ["", "d", "de.", "de DE", "german", "any", "qq", "qq-DE", "x-klingon", "de-ümlaut", "🙂"]
)
def test_anything_else_is_no_code(code):
    assert find_code(code) in (None, "de" if code == "de." else None)


@pytest.mark.parametrize(
    ("code", "rules"), [("nb", "no"), ("nn", "no"), ("nob", "no"), ("sh", "sr"), ("zh-Hant", "zh")]
)
def test_info_names_the_rules_that_a_code_shares(code, rules):
    assert describe_rules(code) == rules
    assert repr(rules) in nlu_lite.info(f"{code}.tokenize")["sentences and words"]
    text = "Han kom den 3. mai kl. 20. De gikk bl.a. til byen. Дана 3. маја проф. Јовић."
    assert (
        nlu_lite.load(f"{code}.tokenize").predict([text])["token"].tolist()
        == nlu_lite.load(f"{rules}.tokenize").predict([text])["token"].tolist()
    )


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
        ("de_DE.tokenise", "de.tokenize"),
        ("zh-CN.sentence_detektor", "zh.sentence_detector"),
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
    with pytest.raises(OptionError, match=r"'gem' is unknown.*Nearest: "):
        nlu_lite.load("gem.tokenize")
    assert nlu_lite.load("ger.tokenize").language == "de"


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
