"""Compare the quality and speed of segmentation with other tools.

    python benchmarks/segment.py table FOLDER     F1 of each language: the table of docs/languages.md
    python benchmarks/segment.py speed FOLDER     millions of characters per second on one core, all tools in one run
    python benchmarks/segment.py short FOLDER     microseconds per document, where each document is one sentence
    python benchmarks/segment.py cases FILE       how many cases come out right, by kind and language, and which fail

FOLDER holds files <language>-<treebank>.jsonl of Universal Dependencies; each line is a document with `text`,
`sentences` [[begin, end], ...] and `tokens` [[begin, end, ...], ...], half-open code-point offsets. A span is correct
if both its ends are. Needs `pip install spacy pysbd` and the extra `words`.

FILE has JSON lines of `lang`, `text`, and `sentences` or `tokens` as lists of strings. Optional are `kind`, `newlines`
(the option `newline_breaks`) and `expected`: "failure" if another reading is right too, and the rules choose that one.
"""

from __future__ import annotations

import argparse
import json
import re
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nlu_lite.options import NewlineBreaks, TextSettings, Words
from nlu_lite.records import Corpus
from nlu_lite.text import segment
from nlu_lite.text.characters import Characters
from nlu_lite.text.icu import find_icu_cuts
from nlu_lite.text.rules import list_languages_with_rules

Spans = list[tuple[int, int]]
Tool = Callable[[str], tuple[Spans, Spans]]
"""Takes a text and returns its sentences and its words; an empty list if a tool does not find them."""

# --- nlu_lite, and the libraries below it -----------------------------------------------------------------------------


def ours(language: str, words: Words = Words.ICU) -> Tool:
    def run(text: str) -> tuple[Spans, Spans]:
        found = segment(Corpus([text], [language], pd.RangeIndex(1)), TextSettings(words=words))
        return (
            list(zip(found.sentence_begin.tolist(), found.sentence_end.tolist(), strict=True)),
            list(zip(found.token_begin.tolist(), found.token_end.tolist(), strict=True)),
        )

    return run


def icu(language: str) -> Tool:
    from icu4py.breakers import SentenceBreaker

    def run(text: str) -> tuple[Spans, Spans]:
        characters = Characters(text)
        words = characters.find_spans(find_icu_cuts(characters, language))
        ends = characters.convert_utf16_offsets(
            np.array([end for _, end in SentenceBreaker(characters.text, language).segments()])
        )
        begins = [0, *list(ends)[:-1]]
        return trimmed(text, zip(begins, ends, strict=True)), list(zip(*(a.tolist() for a in words), strict=True))

    return run


def sentencex(language: str) -> Tool:
    import sentencex as library

    def run(text: str) -> tuple[Spans, Spans]:
        found = library.get_sentence_boundaries(language, text)
        return trimmed(text, ((one["start_index"], one["end_index"]) for one in found)), []

    return run


# --- the others -------------------------------------------------------------------------------------------------------


def spacy(language: str) -> Tool | None:
    import spacy as library

    try:
        pipeline = library.blank(language)
        pipeline.add_pipe("sentencizer")
        pipeline.max_length = 10**9
    except (ImportError, ValueError):
        return None

    def run(text: str) -> tuple[Spans, Spans]:
        document = pipeline(text)
        words = [(word.idx, word.idx + len(word)) for word in document if not word.is_space]
        return trimmed(text, ((one.start_char, one.end_char) for one in document.sents)), words

    return run


def pysbd(language: str) -> Tool | None:
    import pysbd as library
    from pysbd.languages import LANGUAGE_CODES

    if language not in LANGUAGE_CODES:
        return None
    finder = library.Segmenter(language=language, clean=False, char_span=True)
    return lambda text: (trimmed(text, ((one.start, one.end) for one in finder.segment(text))), [])


CONTEXT = r".,;:!?*\-()\"'"
ABBREVIATIONS = """
adm al apr approx aug ave capt cf cmdr co col corp dec dept dr e.g est etc feb fig ft gen gov hon i.e inc jan jr jul
jun lt ltd maj mar mr mrs ms no nov oct pp prof rep rev sen sep sept sgt sr st u.k u.s vs
"""


def spark_nlp(text: str) -> tuple[Spans, Spans]:
    """Split like Spark NLP's default SentenceDetector and Tokenizer, by the documentation of their rules."""
    ends = [match.end() for match in re.finditer(r"[.;]+|[!?]+(?=\s|\Z)", text) if not protected(text, match)]
    sentences = trimmed(text, zip([0, *ends], [*ends, len(text)], strict=True))
    words: Spans = []
    for begin, end in sentences:
        for match in re.finditer(r"\S+", text[begin:end]):
            words += parts(match.group(), begin + match.start())
    return sentences, words


def protected(text: str, stop: re.Match[str]) -> bool:
    """Return whether a period belongs to an abbreviation or initial, or is between letters or digits."""
    if not stop.group().startswith("."):
        return False
    word = re.search(r"[\w.]*\Z", text[max(0, stop.start() - 20) : stop.start()])
    before = word.group() if word else ""
    inside = text[stop.end() : stop.end() + 1]
    return before.lower() in ABBREVIATIONS.split() or (len(before) == 1 and before.isupper()) or inside.isalnum()


def parts(word: str, offset: int) -> Spans:
    """Split a run of context characters off each end."""
    match = re.fullmatch(rf"([{CONTEXT}]*)(.*?)([{CONTEXT}]*)", word, re.DOTALL)
    assert match is not None
    return [(offset + match.start(g), offset + match.end(g)) for g in (1, 2, 3) if match.group(g)]


def trimmed(text: str, spans: Iterable[tuple[int, int]]) -> Spans:
    found = []
    for begin, end in spans:
        piece = text[begin:end]
        if piece.strip():
            found.append((int(begin) + len(piece) - len(piece.lstrip()), int(begin) + len(piece.rstrip())))
    return found


# --- table ------------------------------------------------------------------------------------------------------------


def f1(gold: list[set[tuple[int, int]]], found: list[set[tuple[int, int]]]) -> float:
    right = sum(len(one & other) for one, other in zip(gold, found, strict=True))
    total = sum(len(one) + len(other) for one, other in zip(gold, found, strict=True))
    return 200 * right / total if total else 100.0


def scores(tool: Tool | None, documents: list[dict]) -> tuple[float | None, float | None]:
    """Return the F1 of sentences and of words; None if the tool finds none."""
    if tool is None:
        return None, None
    found = [tool(document["text"]) for document in documents]
    gold = [{tuple(span[:2]) for span in document["sentences"]} for document in documents]
    words = [{tuple(span[:2]) for span in document["tokens"]} for document in documents]
    return (
        f1(gold, [set(one) for one, _ in found]) if any(one for one, _ in found) else None,
        f1(words, [set(other) for _, other in found]) if any(other for _, other in found) else None,
    )


COLUMNS = (
    ("words", 1, "nlu_lite", lambda language: ours(language)),
    ("words", 1, "with dictionary", lambda language: ours(language, Words.DICTIONARY)),
    ("words", 1, "language not given", lambda _: ours("xx")),
    ("words", 1, "ICU", icu),
    ("words", 1, "Spark NLP", lambda _: spark_nlp),
    ("sentences", 0, "nlu_lite", lambda language: ours(language)),
    ("sentences", 0, "language not given", lambda _: ours("xx")),
    ("sentences", 0, "ICU", icu),
    ("sentences", 0, "sentencex", sentencex),
    ("sentences", 0, "Spark NLP", lambda _: spark_nlp),
    ("sentences", 0, "pySBD", pysbd),
)


def table(folder: Path) -> None:
    print("| language, treebank | " + " | ".join(f"{kind}: {name}" for kind, _, name, _ in COLUMNS) + " |")
    print("|---" * (len(COLUMNS) + 1) + "|")
    rows: list[list[float | None]] = []
    scored: list[str] = []
    for language in sorted(list_languages_with_rules() - {"xx"}):
        paths = sorted(folder.glob(f"{language}-*.jsonl"))
        if not paths:
            print(f"| {language}, no data " + "| " * len(COLUMNS) + "|")
        for path in paths:
            documents = [json.loads(line) for line in path.open(encoding="utf-8")]
            rows.append([scores(make(language), documents)[place] for _, place, _, make in COLUMNS])
            print(f"| {path.stem.replace('-', ', ', 1)} | " + " | ".join(map(shown, rows[-1])) + " |", flush=True)
            scored.append(language)
    print(averages("average", rows))
    print(
        averages("average without Thai", [row for language, row in zip(scored, rows, strict=True) if language != "th"])
    )


def averages(name: str, rows: list[list[float | None]]) -> str:
    means = [[value for value in column if value is not None] for column in zip(*rows, strict=True)]
    return f"| {name} | " + " | ".join(shown(sum(one) / len(one) if one else None) for one in means) + " |"


def shown(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


# --- speed ------------------------------------------------------------------------------------------------------------

LENGTH = 1_000_000
SHORT = 10_000  # for tools whose time grows faster than the text
TIMED = """
en-EWT de-GSD fr-GSD it-ISDT fi-TDT vi-VTB ru-GSD ar-PUD hi-PUD ja-GSD zh-GSD th-TUD
"""


TOOLS = (
    ("nlu_lite", ours, LENGTH),
    ("ICU", icu, LENGTH),
    ("sentencex (sentences)", sentencex, LENGTH),
    ("spaCy blank", spacy, SHORT),
    ("pySBD (sentences)", pysbd, SHORT),
)


def speed(folder: Path) -> None:
    print("| treebank | " + " | ".join(name for name, *_ in TOOLS) + " |")
    print("|---" * (len(TOOLS) + 1) + "|")
    for name, documents in timed(folder):
        text = " ".join(document["text"] for document in documents)
        rates = [rate(make(name[:2]), text, length) for _, make, length in TOOLS]
        print(f"| {name} | " + " | ".join("" if one is None else f"{one:.2f}" for one in rates) + " |", flush=True)


def timed(folder: Path) -> Iterator[tuple[str, list[dict]]]:
    for name in TIMED.split():
        path = folder / f"{name}.jsonl"
        if path.exists():
            yield name, [json.loads(line) for line in path.open(encoding="utf-8")]


def short(folder: Path) -> None:
    """Time short documents: nlu_lite takes all in one call, the other tools take one document per call."""
    tools = (("nlu_lite", ours_together), ("nlu_lite, language not given", lambda _: ours_together("xx")))
    others = tuple((name, one_by_one(make)) for name, make, _ in TOOLS[1:])
    print("| treebank | characters | " + " | ".join(name for name, _ in tools + others) + " |")
    print("|---" * (len(tools + others) + 2) + "|")
    for name, documents in timed(folder):
        texts = [one["text"][begin:end] for one in documents for begin, end in one["sentences"]]
        tried = [make(name[:2]) for _, make in tools + others]
        times = ["" if run is None else f"{seconds(run, texts) / len(texts) * 1e6:.0f}" for run in tried]
        print(f"| {name} | {sum(map(len, texts)) / len(texts):.0f} | " + " | ".join(times) + " |", flush=True)


def ours_together(language: str) -> Callable[[list[str]], object]:
    return lambda texts: segment(Corpus(texts, [language] * len(texts), pd.RangeIndex(len(texts))))


def one_by_one(make: Callable[[str], Tool | None]) -> Callable[[str], Callable[[list[str]], object] | None]:
    def opened(language: str) -> Callable[[list[str]], object] | None:
        tool = make(language)
        return None if tool is None else lambda texts: [tool(text) for text in texts]

    return opened


def rate(tool: Tool | None, text: str, length: int) -> float | None:
    """Return millions of characters per second of processor time, the best of three runs."""
    if tool is None:
        return None
    return length / seconds(tool, (text * (length // len(text) + 1))[:length]) / 1e6


def seconds(run: Callable[[Any], object], data: object) -> float:
    times = []
    for _ in range(3):
        begin = time.process_time()
        run(data)
        times.append(time.process_time() - begin)
    return min(times)


# --- cases ------------------------------------------------------------------------------------------------------------


def cases(path: Path) -> None:
    """Print the cases that fail, then how many come out right of each kind, of each language and of all."""
    groups: dict[str, list[bool]] = defaultdict(list)
    for case in (json.loads(line) for line in path.open(encoding="utf-8") if line.strip()):
        key, expected = ("tokens", case["tokens"]) if "tokens" in case else ("sentences", case["sentences"])
        found = strings(case, key)
        right = found == expected
        for group in ("all", f"kind {case.get('kind', key)}", f"language {case['lang']}"):
            groups[group].append(right)
        if not right:
            note = " (expected to fail)" if case.get("expected") == "failure" else ""
            print(f"{case['lang']}, {case.get('kind', key)}{note}\n  expected {expected}\n  found    {found}")
    for group, rights in sorted(groups.items()):
        print(f"{group:24s} {sum(rights):5d} of {len(rights):5d}  {100 * sum(rights) / len(rights):5.1f} %")


def strings(case: dict, key: str) -> list[str]:
    """Return the sentences or tokens of the text of a case."""
    text = case["text"]
    chosen = TextSettings(newline_breaks=NewlineBreaks(case.get("newlines", "paragraphs")))
    found = segment(Corpus([text], [case["lang"]], pd.RangeIndex(1)), chosen)
    spans = {"sentences": (found.sentence_begin, found.sentence_end), "tokens": (found.token_begin, found.token_end)}
    return [text[begin:end] for begin, end in zip(*spans[key], strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["table", "speed", "short", "cases"])
    parser.add_argument("path", type=Path, help="a folder; a file for cases")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    {"table": table, "speed": speed, "short": short, "cases": cases}[options.what](options.path)


if __name__ == "__main__":
    main()
