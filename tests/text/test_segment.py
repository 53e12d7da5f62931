import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu_lite.errors import OptionError
from nlu_lite.records import Corpus
from nlu_lite.registry import resolve
from nlu_lite.text import check_language, segment
from nlu_lite.text.characters import Characters
from nlu_lite.text.languages import detect, known_languages

LANGUAGES = ["xx", "en", "de", "ja", "zh", "th", "ar", "my", "tlh"]
wild = st.text(st.characters(), max_size=40) | st.text("a.B! \n。\u200b\u0301\U0001f600\ud800\u00a0", max_size=40)


def corpus(*texts, language="xx"):
    return Corpus(list(texts), [language] * len(texts), pd.RangeIndex(len(texts)))


def tokens(text, language="xx"):
    segments = segment(corpus(text, language=language))
    return [text[b:e] for b, e in zip(segments.token_begin, segments.token_end, strict=True)]


def sentences(text, language="xx"):
    segments = segment(corpus(text, language=language))
    return [text[b:e] for b, e in zip(segments.sentence_begin, segments.sentence_end, strict=True)]


@given(st.lists(wild, max_size=4), st.sampled_from(LANGUAGES))
def test_any_string_has_segments_that_cover_it(texts, language):
    segments = segment(corpus(*texts, language=language))
    assert {getattr(segments, name).dtype for name in vars(segments)} == {np.dtype(np.int32)}
    token_document = segments.sentence_document[segments.token_sentence]
    for number, text in enumerate(texts):
        own = token_document == number
        covered = np.zeros(len(text), int)
        for begin, end in zip(segments.token_begin[own], segments.token_end[own], strict=True):
            assert begin < end
            covered[begin:end] += 1
        assert covered.tolist() == [0 if character.isspace() else 1 for character in text]
    sentence = segments.token_sentence
    assert (segments.sentence_begin[sentence] <= segments.token_begin).all()
    assert (segments.token_end <= segments.sentence_end[sentence]).all()
    assert set(sentence.tolist()) == set(range(len(segments.sentence_begin)))
    for first, last, document in zip(
        segments.sentence_begin, segments.sentence_end, segments.sentence_document, strict=True
    ):
        assert texts[document][first:last] == texts[document][first:last].strip()
    order = list(zip(token_document.tolist(), segments.token_begin.tolist(), strict=True))
    assert order == sorted(order)


def test_no_documents_give_no_segments():
    segments = segment(corpus())
    assert all(len(getattr(segments, name)) == 0 for name in vars(segments))


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Guten Tag!", "de", ["Guten", "Tag", "!"]),
        ("今天天气很好。", "zh", ["今天", "天气", "很好", "。"]),
        ("สวัสดีครับ", "th", ["สวัสดี", "ครับ"]),
        ("a\u200bb", "en", ["a", "\u200b", "b"]),
        ("\u200b", "xx", ["\u200b"]),
        ("👩\u200d👩\u200d👧 🇩🇪", "xx", ["👩\u200d👩\u200d👧", "🇩🇪"]),
        ("x\x00y \ud800", "xx", ["x", "\x00", "y", "\ud800"]),
        ("𝒜b c", "en", ["𝒜b", "c"]),
        ("a\u2028b\x1cc", "en", ["a", "b", "c"]),
    ],
)
def test_words(text, language, expected):
    assert tokens(text, language) == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Mr. Smith came. He left!", "en", ["Mr. Smith came.", "He left!"]),
        ("我们去公园吧！你呢？", "zh", ["我们去公园吧！", "你呢？"]),
        ("यह एक वाक्य है। दूसरा वाक्य।", "hi", ["यह एक वाक्य है।", "दूसरा वाक्य।"]),
        (" \n one \n ", "en", ["one"]),
    ],
)
def test_sentences(text, language, expected):
    assert sentences(text, language) == expected


@pytest.mark.parametrize(
    ("text", "found"), [("これはペンです", "ja"), ("今天", "zh"), ("Привет", "ru"), ("Hi", "xx"), ("12", "xx")]
)
def test_a_language_is_found_by_script(text, found):
    assert detect(Characters(text)) == found


def test_known_languages_hold_the_cards_forty():
    (spec,) = resolve(["xx.embed.xlm_roberta_xtreme_base"])
    assert set(spec.card.languages) < known_languages()


@pytest.mark.parametrize("code", ["q9", "", "deu", "DE", "x" * 1_000_000])
def test_an_unknown_language_is_an_error(code):
    with pytest.raises(OptionError, match="is unknown"):
        check_language(code)


@pytest.mark.parametrize("text", ["a" * 1_000_000, "a." * 500_000, "(a. " * 100_000, "あ" * 300_000, " " * 1_000_000])
def test_long_texts_without_mercy(text):
    segments = segment(corpus(text, language="xx"))
    assert int((segments.token_end - segments.token_begin).sum()) == len(text.replace(" ", ""))
