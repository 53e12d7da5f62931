"""The sentences and tokens of Spark NLP, and those of its own output on the texts of `tests/data/sparknlp`."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sparknlp_golden import SENTENCES, TOKENS, records

from nlu_lite.errors import OptionError
from nlu_lite.text.sparknlp import DetectorRules, TokenRules, find_sentences, find_tokens

JAVA_SPACE = "".join(map(chr, range(33)))
NO_SPACE = dict.fromkeys(map(ord, JAVA_SPACE))
NO_TOKEN_SPACE = dict.fromkeys(map(ord, " \t\n\v\f\r"))


def cut(text, spans):
    return [text[begin:end] for begin, end in spans]


def sentences(text, **rules):
    return cut(text, find_sentences(text, DetectorRules(**rules)))


def tokens(text, **rules):
    return cut(text, find_tokens(text, TokenRules(**rules)))


def units(text, offset):
    """Return an offset in UTF-16 units, as Spark NLP counts them."""
    return len(text[:offset].encode("utf-16-le", "surrogatepass")) // 2


def inclusive(text, begin, end):
    return [units(text, begin), units(text, end) - 1, text[begin:end]]


@pytest.mark.parametrize("name", [*TOKENS, *SENTENCES])
def test_all_sentences_of_spark_nlps_output(name):
    for record in records(name):
        text = record["text"]
        assert [inclusive(text, *span) for span in find_sentences(text)] == record["sentences"], record["id"]


@pytest.mark.parametrize("name", TOKENS)
def test_all_tokens_of_spark_nlps_output(name):
    for record in records(name):
        text = record["text"]
        found = [
            [*inclusive(text, begin + first, begin + last), number]
            for number, (begin, end) in enumerate(find_sentences(text))
            for first, last in find_tokens(text[begin:end])
        ]
        assert found == record["tokens"], record["id"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \t\r\n\x00\x1f", []),
        ("He left. She stayed.", ["He left.", "She stayed."]),
        ("One; two;three", ["One;", "two;", "three"]),
        ("Wait... No way", ["Wait...", "No way"]),
        ("Wait... no way", ["Wait.", ".", ".", "no way"]),
        ("Wait.... No way", ["Wait.", "...", "No way"]),
        ("Really?! Yes! no", ["Really?!", "Yes!", "no"]),
        ("Really?Yes", ["Really?Yes"]),
        ("Line one\nline two", ["Line one\nline two"]),
        ("今天。明天！后天？", ["今天。明天！后天？"]),
        ("It costs 3.50 or .75 today.", ["It costs 3.50 or .75 today."]),
        ("At 5 p.m. we met J. Doe and the U.S. team.", ["At 5 p.m. we met J. Doe and the U.S. team."]),
        ('He said "No. Never." and left.', ['He said "No. Never." and left.']),
        ("Take (one. two.) and [a. b.] now", ["Take (one. two.) and [a. b.] now"]),
        ("Prof. Li of Co. KG, etc. and so on", ["Prof. Li of Co. KG, etc. and so on"]),
        ("Buy: 1. milk 2. eggs (a) or (b)", ["Buy:", "1. milk", "2. eggs", "(a) or", "(b)"]),
        ("N°. 1026.253.553 is it", ["N°. 1026.253.553 is it"]),
        ("One.\u00a0Two.", ["One.", "\u00a0Two."]),
        ("\x07One.\x00 Two\x1f", ["One.", "Two"]),
    ],
)
def test_sentences(text, expected):
    assert sentences(text) == expected


@pytest.mark.parametrize(
    ("text", "rules", "expected"),
    [
        ("Dr. Li. Mr. Wu", {"use_abbreviations": False}, ["Dr.", "Li.", "Mr.", "Wu"]),
        ("Buy 1. milk", {"detect_lists": False}, ["Buy 1.", "milk"]),
        ("A. b\n\nC d", {"custom_bounds": ("\n\n",)}, ["A. b", "C d"]),
        ("A b. c\n\nC d", {"custom_bounds": ("\n\n",), "custom_bounds_only": True}, ["A b. c", "C d"]),
        ("a|b. c#|d", {"custom_bounds": (r"\|", "#")}, ["a", "b.", "c", "d"]),
        ("a. b", {"custom_bounds_only": True}, ["a.", "b"]),
        ("one two three four", {"split_length": 8}, ["one two", "three", "four"]),
        ("extraordinary word", {"split_length": 5}, ["extraordinary", "word"]),
        ("A. Long one. B", {"min_length": 3}, ["A. Long one."]),
        ("Hi. Long one.", {"max_length": 4}, ["Hi."]),
    ],
)
def test_parameters_of_sentences(text, rules, expected):
    assert sentences(text, **rules) == expected


def test_marks_in_a_text_are_ordinary_characters():
    marks = "\uf050\uf051\uf056\uf057\uf058\uf059\uf05a╞╦"
    text = f"One {marks}. Two\uf057 {marks}."
    assert sentences(text) == [f"One {marks}.", f"Two\uf057 {marks}."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("I'd say: (yes).", ["I'd", "say", ":", "(", "yes", ")."]),
        ("...", ["..."]),
        ("e-mail -x- a.b.", ["e-mail", "-", "x", "-", "a.b", "."]),
        ("“d” «e» — …", ["“d”", "«e»", "—", "…"]),
        ("日本語のテキスト。", ["日本語のテキスト。"]),
        ("a\u00a0b\u2028c d", ["a\u00a0b\u2028c", "d"]),
        ("tab\tand\x0bnew\rline", ["tab", "and", "new", "line"]),
    ],
)
def test_tokens(text, expected):
    assert tokens(text) == expected


@pytest.mark.parametrize(
    ("text", "rules", "expected"),
    [
        ("In New York, (New York) now", {"exceptions": ("New York",)}, ["In", "New York,", "(New York)", "now"]),
        ("new york!", {"exceptions": ("New York",)}, ["new", "york", "!"]),
        ("new york!", {"exceptions": ("New York",), "case_sensitive_exceptions": False}, ["new york!"]),
        ("(e-mail)", {"exceptions": ("e-mail",)}, ["(e-mail)"]),
        ("well-known-", {"split_chars": ("-",), "context_chars": (".",)}, ["well", "known"]),
        ("a.b.c", {"split_chars": (r"\.",)}, ["a", "b", "c"]),
        ("a#b-c", {"split_pattern": "-|#"}, ["a", "b", "c"]),
        ("well- known", {"split_pattern": "-", "context_chars": (".",)}, ["well-", "known"]),
        ("a--b", {"split_pattern": "--"}, ["a", "b"]),
        ("l'une, d'été", {"infix_patterns": (r"([\p{L}\w]+')([\p{L}\w]+)",)}, ["l'", "une", ",", "d'", "été"]),
        ("$5 ¿que?", {"prefix_pattern": r"\A([$¿]*)"}, ["$", "5", "¿", "que", "?"]),
        ("5€.", {"suffix_pattern": r"(\p{Sc}?)([.]*)\z", "infix_patterns": (r"(\d+)",)}, ["5", "€", "."]),
        ("[x] (y)", {"context_chars": ("[", "]", "^", "\\")}, ["[", "x", "]", "(y)"]),
        ("Only 0,1 to 7 NOT", {"target_pattern": "a-z0-7"}, ["nly", "0", "1", "to", "7"]),
        ("a bb ccc", {"min_length": 2, "max_length": 2}, ["bb"]),
    ],
)
def test_parameters_of_tokens(text, rules, expected):
    assert tokens(text, **rules) == expected


def test_a_pattern_that_cannot_be_compiled():
    with pytest.raises(OptionError, match=r"the pattern .* cannot be compiled.*expected a regular expression of Java"):
        tokens("a", split_pattern="(")


@pytest.mark.parametrize("mark", ["!", "?!", "' a", " '", "a.", "...", ". ", "(", '"', "e.g. ", "1. "])
def test_the_time_grows_with_the_length_of_a_text(mark):
    text = "a" + mark * (60_000 // len(mark)) + "x"  # takes minutes if the time grows with the square of the length
    spans = find_sentences(text)
    assert "".join(cut(text, spans)).replace(" ", "") == text.replace(" ", "")


@given(st.text("aB .,;!?'\"()[]-$\n\u00a0\x00é1😀。\uf050\uf057", max_size=40))
def test_sentences_and_tokens_are_in_order_and_have_every_character(text):
    spans = find_sentences(text)
    assert all(begin < end for begin, end in spans)
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))
    assert "".join(cut(text, spans)).translate(NO_SPACE) == text.translate(NO_SPACE)
    for sentence in cut(text, spans):
        assert not set(sentence[0] + sentence[-1]) & set(JAVA_SPACE)
        found = cut(sentence, find_tokens(sentence))
        assert "".join(found) == sentence.translate(NO_TOKEN_SPACE)
