"""The contract of `segment`: whatever the text and the rules, its spans are exact and lose nothing."""

import time
import tracemalloc
from importlib import resources
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu_lite.errors import InputError, OptionError
from nlu_lite.options import NewlineBreaks, TextSettings, Words
from nlu_lite.records import Corpus
from nlu_lite.text import segment, segment_sentences
from nlu_lite.text.rules import list_languages_with_rules

LANGUAGES = sorted(list_languages_with_rules())
SIGNS = "aAéß'’`-–.…!?,;:()[]\"“”«»„@#&_=/%$1٣² \u00a0\u3000"
STRANGE = "\ud83d \udc00 \u200b \u200d \ufe0f \u0301 \u202e \U000e0041 \U0001f468 \U0001f1e9"
BREAKS = ["\x00", "\r\n", "\n\n", "\f", "\x1c", "\x85", "\u2029"]
WORDS = """Dr. z.B. U.S. 3. l' http://a.b/c a@b.cd #tag :-) &#39; '' ,, 。 」 漢字
です สวัสดี ကမ္ဘာ ភាសា ລາວ và công ty وقال للحكومة की 한국 გ."""
HARD = st.sampled_from([*SIGNS, *STRANGE.split(), *BREAKS, *WORDS.split()])
TEXTS = st.one_of(
    st.lists(HARD, max_size=40).map("".join),
    st.text(st.characters(codec=None), max_size=60),
    st.text(st.characters(categories=["Cs", "Cc", "Cn", "Mn", "Cf", "Zs", "So", "Lo"]), max_size=40),
)
KHMER = "កខណត\u17b6\u17c1\u17c6\u17cb\u17d1\u17d2\u17d3\u17dd១៛។ៗ"
BURMESE = "ကခနသဿအဣ\u1031\u1039\u103a\u103b\u1037\u1038၁၌၏၊။ၐႁ"
LAO = "ກຂຫາ\u0eb1\u0ec8ເໄໆ໑ຯ"
CHINESE = "中国國的科学學院三十歲𠀀漢字\ufe00々〇"
THAI = "หนังสือพิมพ์ๆฯก\u0e39\u0e4d\u0e32\u0e48แ\u0e40๒๕฿"
UNSPACED = st.text(st.sampled_from([*KHMER, *BURMESE, *LAO, *CHINESE, *THAI, *SIGNS, *STRANGE.split()]), max_size=60)


def corpus(*texts, language="xx"):
    return Corpus(list(texts), [language] * len(texts), pd.RangeIndex(len(texts)))


def pieces(text, language="xx", chosen=None):
    """Sentences, each a list of its tokens."""
    segments = segment(corpus(text, language=language), chosen)
    tokens = [text[b:e] for b, e in zip(segments.token_begin, segments.token_end, strict=True)]
    return [
        [token for token, of in zip(tokens, segments.token_sentence, strict=True) if of == number]
        for number in range(len(segments.sentence_begin))
    ]


def check(texts, segments):
    """Offsets rise, nothing overlaps, every character that is not white space stands in one token of one sentence."""
    for array in vars(segments).values():
        assert array.dtype == np.int32
    document = segments.sentence_document[segments.token_sentence]
    assert (np.diff(segments.sentence_document) >= 0).all()
    assert (np.diff(segments.token_sentence) >= 0).all()
    assert (segments.token_begin >= segments.sentence_begin[segments.token_sentence]).all()
    assert (segments.token_end <= segments.sentence_end[segments.token_sentence]).all()
    for number, text in enumerate(texts):
        for of, begins, ends in (
            (segments.sentence_document, segments.sentence_begin, segments.sentence_end),
            (document, segments.token_begin, segments.token_end),
        ):
            left, place = "", 0
            for begin, end in zip(begins[of == number].tolist(), ends[of == number].tolist(), strict=True):
                assert place <= begin < end
                assert not text[begin].isspace()
                assert not text[end - 1].isspace()
                left += text[place:begin]
                place = end
            left += text[place:]
            assert not left.strip()


EXAMPLES = [100, pytest.param(1000, marks=pytest.mark.slow)]


@pytest.mark.parametrize("examples", EXAMPLES)
def test_spans_of_any_text_are_exact(examples):
    @given(st.lists(TEXTS, max_size=3), st.sampled_from(LANGUAGES), st.sampled_from(NewlineBreaks))
    @settings(max_examples=examples)
    def exact(texts, language, newline_breaks):
        check(texts, segment(corpus(*texts, language=language), TextSettings(newline_breaks=newline_breaks)))

    exact()


@pytest.mark.parametrize(
    ("languages", "examples"),
    [
        (["ja", "km", "lo", "my", "vi", "th"], 100),
        pytest.param(["ja", "km", "lo", "my", "vi", "th", "zh"], 1000, marks=pytest.mark.slow),
    ],
)
def test_spans_of_dictionaries_are_exact(languages, examples):
    @given(TEXTS | UNSPACED, st.sampled_from(languages))
    @settings(max_examples=examples)
    def exact(text, language):
        check([text], segment(corpus(text, language=language), TextSettings(words=Words.DICTIONARY)))

    exact()


@given(TEXTS, st.sampled_from([r"\w+\W+\w+", r"\s*", r"(?s).{5}", r"\.\s"]))
@settings(max_examples=100, deadline=None)
def test_what_is_kept_whole_loses_nothing(text, pattern):
    check([text], segment(corpus(text), TextSettings(keep_whole=(pattern,))))


def rules_text(language):
    return (resources.files("nlu_lite.text") / "data" / "rules" / f"{language}.toml").read_text(encoding="utf-8")


def alone(texts, languages, chosen=None):
    """The spans of each document by itself, put together."""
    rows = []
    for number, (text, language) in enumerate(zip(texts, languages, strict=True)):
        found = segment(corpus(text, language=language), chosen)
        spans = zip(found.sentence_begin.tolist(), found.sentence_end.tolist(), strict=True)
        rows += [("sentence", number, *span) for span in spans]
        spans = zip(found.token_sentence.tolist(), found.token_begin.tolist(), found.token_end.tolist(), strict=True)
        rows += [("token", number, *span) for span in spans]
    return rows


def together(texts, languages, chosen=None):
    found = segment(Corpus(texts, languages, pd.RangeIndex(len(texts))), chosen)
    first = np.searchsorted(found.sentence_document, np.arange(len(texts))).tolist()
    rows = []
    for number in range(len(texts)):
        of = found.sentence_document == number
        spans = zip(found.sentence_begin[of].tolist(), found.sentence_end[of].tolist(), strict=True)
        rows += [("sentence", number, *span) for span in spans]
        of = found.sentence_document[found.token_sentence] == number
        place = found.token_sentence[of] - first[number]
        spans = zip(place.tolist(), found.token_begin[of].tolist(), found.token_end[of].tolist(), strict=True)
        rows += [("token", number, *span) for span in spans]
    return rows


@given(st.lists(st.tuples(TEXTS, st.sampled_from(["xx", "en", "ja", "ar", "lb"])), max_size=6), st.data())
@settings(max_examples=80)
def test_a_document_is_split_as_if_it_were_alone(documents, data):
    texts, languages = [text for text, _ in documents], [language for _, language in documents]
    chosen = TextSettings(
        newline_breaks=data.draw(st.sampled_from(NewlineBreaks)),
        keep_whole=data.draw(st.sampled_from([(), (r"\s.", r"\A.", r".\Z")])),
        sentences=data.draw(st.sampled_from([None, halves])),
        tokens=data.draw(st.sampled_from([None, halves])),
    )
    assert together(texts, languages, chosen) == alone(texts, languages, chosen)


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@given(st.data())
@settings(max_examples=60, deadline=None)
def test_no_rule_of_a_language_looks_into_another_document(language, data):
    """Documents of the signs and words that the language's rules speak of."""
    rules = rules_text(language)
    said = st.sampled_from(sorted({*rules, *rules.split()[:300], "\n", "\r", "\u0130", "\u03a3"}))
    texts = data.draw(st.lists(st.lists(said, max_size=8).map("".join), max_size=6))
    words = data.draw(st.sampled_from(Words))
    languages = [language] * len(texts)
    assert together(texts, languages, TextSettings(words=words)) == alone(texts, languages, TextSettings(words=words))


def test_documents_of_several_groups_come_back_in_order():
    texts = [f"One {number}. Two." + " x" * (number % 7) * 2000 for number in range(40)]
    languages = ["en", "de", "ja", "en"] * 10
    done = []
    segments = segment(Corpus(texts, languages, pd.RangeIndex(40)), advance=done.append)
    check(texts, segments)
    assert sum(done) == 40
    assert together(texts, languages) == alone(texts, languages)


@given(TEXTS)
@settings(max_examples=100, deadline=None)
def test_cutting_the_text_of_a_sentence_by_code_points_gives_the_sentence(text):
    segments = segment(corpus("\U0001f600 " + text))
    assert segments.token_begin[0] == 0
    assert segments.token_end[0] >= 1


@pytest.mark.parametrize("text", ["", " ", "\n\t\u3000", "\x1c"])
def test_white_space_has_no_parts(text):
    segments = segment(corpus(text))
    assert len(segments.sentence_begin) == len(segments.token_begin) == 0


def test_no_document_has_no_parts():
    segments = segment(corpus())
    assert [len(array) for array in vars(segments).values()] == [0] * 6
    assert all(array.dtype == np.int32 for array in vars(segments).values())


def test_a_zero_width_space_is_a_token():
    assert pieces("\u200b") == [["\u200b"]]


def test_what_is_kept_whole_is_one_token_in_one_sentence():
    chosen = TextSettings(keep_whole=("New York", r"Yahoo! Inc"))
    assert pieces("New York. The Yahoo! Inc is big.", "en", chosen) == [
        ["New York", "."],
        ["The", "Yahoo! Inc", "is", "big", "."],
    ]


def test_a_pattern_that_is_none_is_an_error():
    with pytest.raises(OptionError, match="cannot be compiled"):
        TextSettings(keep_whole=("(",))
    with pytest.raises(OptionError, match="is a str"):
        TextSettings(keep_whole="a+")


@pytest.mark.parametrize(
    ("breaks", "expected"),
    [
        (NewlineBreaks.LINES, [["One"], ["two"], ["three"]]),
        (NewlineBreaks.PARAGRAPHS, [["One", "two"], ["three"]]),
        (NewlineBreaks.NEVER, [["One", "two", "three"]]),
    ],
)
def test_line_breaks_end_what_is_asked_for(breaks, expected):
    assert pieces("One\ntwo\n\nthree", "en", TextSettings(newline_breaks=breaks)) == expected
    assert pieces("One\r\ntwo\r\n \r\nthree", "en", TextSettings(newline_breaks=breaks)) == expected


def halves(text):
    return [(0, len(text) // 2), (len(text) // 2, len(text))]


def test_callables_take_the_place_of_the_rules():
    assert pieces("ab cd", chosen=TextSettings(sentences=halves)) == [["ab"], ["cd"]]
    assert pieces("abcd. x", "en", TextSettings(tokens=halves)) == [["ab", "cd."], ["x"]]


@pytest.mark.parametrize(
    ("spans", "message"),
    [
        ([(0, 2)], "left out 'c' at 3"),
        ([(0, 3), (2, 5)], "after 3"),
        ([(0, 9)], "length 5"),
        ([(3, 5), (0, 2)], "left out 'a' at 0"),
        ([(0, 2), (3.0, 5)], "3.0"),
        ([1, 2], "gave"),
        (None, "gave None"),
    ],
)
@pytest.mark.parametrize("stage", ["sentences", "tokens"])
def test_spans_of_callables_are_checked(spans, message, stage):
    with pytest.raises(InputError, match=message):
        segment(corpus("ab cd"), TextSettings(**{stage: lambda text: spans}))


def test_given_sentences_stay():
    given_sentences = [["One . two", " Three "], [], ["Dr."]]
    texts = [" ".join(document) for document in given_sentences]
    segments = segment_sentences(corpus(*texts, language="en"), given_sentences)
    check(texts, segments)
    assert segments.sentence_document.tolist() == [0, 0, 2]
    assert [
        texts[d][b:e]
        for d, b, e in zip(segments.sentence_document, segments.sentence_begin, segments.sentence_end, strict=True)
    ] == ["One . two", "Three", "Dr."]


@given(st.lists(st.lists(TEXTS.filter(str.strip), max_size=3), max_size=3))
@settings(max_examples=50, deadline=None)
def test_given_sentences_are_covered(sentences):
    texts = [" ".join(document) for document in sentences]
    segments = segment_sentences(corpus(*texts), sentences)
    check(texts, segments)
    assert len(segments.sentence_begin) == sum(map(len, sentences))


@pytest.mark.parametrize("wrong", [[[" "]], [[1]], ["One"], [[""]]])
def test_given_sentences_are_checked(wrong):
    with pytest.raises(InputError):
        segment_sentences(corpus("One"), wrong)
    with pytest.raises(InputError, match="not those of the texts"):
        segment_sentences(corpus("One"), [["Two"]])


LONG = """a 1 . ' - a- a. ( " ! "." a@ # http:// &#39; 漢 あ ก က ក و \u0301 \ud800 🙂 1: «. ,, ?" 1/
a' x.y b1."""


def measure(text, language):
    begin = time.process_time()
    segment(corpus(text, language=language))
    return time.process_time() - begin


@pytest.mark.slow
@pytest.mark.parametrize("unit", LONG.split())
@pytest.mark.parametrize("language", ["xx", "fr", "ar", "ja"])
def test_time_grows_with_length(unit, language):
    """A million characters without a space take about ten times as long as a tenth of them.

    Where the million takes thirty times as long, 300,000 characters take seventeen times as long as 30,000.
    """
    text = unit * 1_000_000
    if measure(text[:300_000], language) > 13 * measure(text[:30_000], language):
        assert measure(text[:1_000_000], language) < 30 * measure(text[:100_000], language) + 0.5


def assert_time_grows_with_length(text, language):
    """Measure a fifth of the text first: if the square of the length takes 1.5 s, that of a fifth takes 0.06 s."""
    if measure(text[-len(text) // 5 :], language) > 1.5 / 5**2:
        assert measure(text, language) < 1.5, text[:20]


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_rule_of_a_language_looks_again_and_again(language):
    """What its rules speak of, said ten thousand times and then broken off, takes a second at most, not a minute."""
    said = sorted({sign for sign in rules_text(language) if not sign.isspace()})
    spread = said[:: len(said) // 24 + 1]
    units = [*LONG.split(), *spread, "000 ", "1, ", "A. ", "Dr. ", "a b ", *map("".join, pairwise(spread))]
    texts = [(unit * 50_000)[:50_000] + unit[:3].strip() + "x" for unit in units]
    for text in [*texts, *RUNS]:
        assert_time_grows_with_length(text, language)


SIGNS_IN_A_ROW = ["-", "=", "-=", "<", "!", ":(", ":( a. ", "(a. ", "A. B ", "No. ", "no. 5 a"]
RUNS = [(sign * 100_000)[:100_000] + " >" for sign in SIGNS_IN_A_ROW]


@pytest.mark.parametrize(
    "text", [*RUNS[:5], *(pytest.param(run, marks=pytest.mark.slow) for run in RUNS[5:])], ids=SIGNS_IN_A_ROW
)
def test_a_run_of_signs_is_not_looked_at_again_and_again(text):
    assert_time_grows_with_length(text, "en")


def test_a_long_line_is_not_looked_at_again_and_again():
    assert measure("a\n" + "word " * 40_000, "en") < 1.5


PROSE = {
    "en": 'Dr. Smith didn\'t see it (at 5 p.m.), did he? "No," she said. ',
    "it": "L'amico dell'avv. Rossi è arrivato; un po' tardi. ",
    "ja": "「行く。」と言った。2020年に勉強をしていました。",
    "vi": "Công ty có thể phát triển. Bác sĩ đi. ",
    "th": "สวัสดีครับวันนี้ ",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "length"),
    [("en", 3_000_000), ("it", 1_000_000), ("ja", 1_000_000), ("th", 1_000_000), ("vi", 1_000_000)],
)
def test_memory_grows_with_length(language, length):
    """A document takes at most ten times the memory of a tenth of it, and less than 100 bytes a character."""
    peaks = []
    for part in (length // 10, length):
        documents = corpus((PROSE[language] * (part // 16))[:part], language=language)
        tracemalloc.start()
        found = segment(documents)
        peaks.append(tracemalloc.get_traced_memory()[1] / part)
        tracemalloc.stop()
        assert found.token_end[-1] == len(documents.texts[0].rstrip())
    assert peaks[1] < 1.2 * peaks[0]
    assert peaks[1] < 100
