"""`SentenceDetector`: from documents to sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import ClassVar

from nlu_lite import text
from nlu_lite.annotators.annotation import Annotation, AnnotatorType
from nlu_lite.annotators.columns import Rows
from nlu_lite.annotators.parameters import Parameter, at_least, check_flag, check_texts, one_of
from nlu_lite.annotators.stages import AnnotatorStage, select
from nlu_lite.annotators.text import COMPAT, keep_whole, segment_texts
from nlu_lite.errors import OptionError
from nlu_lite.options import TextSettings
from nlu_lite.text import sparknlp

Span = tuple[int, int]


class SentenceDetector(AnnotatorStage):
    """Splits documents into sentences by the rules of the language that each document is found to be in.

    Args:
        compat: ``"sparknlp"`` finds exactly the sentences of Spark NLP, whatever the language. Default: None.

    ``useAbbreviations`` and ``detectLists`` can be False only with ``compat="sparknlp"``.

    Example:
        >>> from nlu_lite.annotators import DocumentAssembler, LightPipeline, PipelineModel
        >>> assembler = DocumentAssembler().setInputCol("text")
        >>> detector = SentenceDetector().setInputCols("document").setOutputCol("sentence")
        >>> light = LightPipeline(PipelineModel([assembler, detector]))
        >>> light.annotate("It rains. Stay in!")["sentence"]
        ['It rains.', 'Stay in!']
    """

    name = "SentenceDetector"
    inputAnnotatorTypes: ClassVar[list[str]] = [AnnotatorType.DOCUMENT]
    outputAnnotatorType: ClassVar[str] = AnnotatorType.DOCUMENT
    parameters = (
        Parameter("useAbbreviations", "whether abbreviations end no sentence", check_flag, True),
        Parameter("detectLists", "whether list items begin sentences", check_flag, True),
        Parameter("useCustomBoundsOnly", "whether only custom bounds end sentences", check_flag, False),
        Parameter("customBounds", "regular expressions whose matches end sentences", check_texts, []),
        Parameter(
            "customBoundsStrategy",
            "the sentence that a custom bound belongs to: none, prepend (the next) or append (the one before)",
            one_of("none", "prepend", "append"),
            "none",
        ),
        Parameter("explodeSentences", "whether each sentence becomes a row", check_flag, False),
        Parameter("splitLength", "the length at which sentences are split between words", at_least(1)),
        Parameter("minLength", "the minimum length of a sentence; shorter ones are left out", at_least(0), 0),
        Parameter("maxLength", "the maximum length of a sentence; longer ones are left out", at_least(0), 99999),
        COMPAT,
    )

    def __init__(self, compat: str | None = None) -> None:
        super().__init__()
        if compat is not None:
            self.setCompat(compat)

    def check(self) -> None:
        """Check the columns and parameters.

        Raises:
            OptionError: A column is not set, or a parameter needs ``compat="sparknlp"`` or excludes it.
        """
        super().check()
        is_compat, strategy = self._get("compat") is not None, self._get("customBoundsStrategy")
        for name in ("useAbbreviations", "detectLists"):
            if not self._get(name) and not is_compat:
                raise OptionError(f"{name}=False in stage {self.uid}", "True", 'Call setCompat("sparknlp") as well')
        if is_compat and self._get("customBounds") and strategy != "none":
            got = f"customBoundsStrategy={strategy!r} with compat='sparknlp' in stage {self.uid}"
            raise OptionError(got, "'none'", "Leave one of them out")

    def reshape(self, rows: Rows) -> Rows:
        """See `Runnable`."""
        return explode(rows, self._get("outputCol")) if self._get("explodeSentences") else rows

    def annotate(self, rows: Sequence[Sequence[Annotation]]) -> list[list[Annotation]]:
        """See `AnnotatorStage`."""
        documents = [select(row, AnnotatorType.DOCUMENT) for row in rows]
        spans = iter(self._find_spans([one.result for row in documents for one in row]))
        return [_number([(one, span) for one in row for span in next(spans)]) for row in documents]

    def _find_spans(self, texts: list[str]) -> list[list[Span]]:
        if self._get("compat") is not None:
            return [self._find_spark_nlp_spans(one) for one in texts]
        bounds = list(map(sparknlp.compile_java, self._get("customBounds")))
        if bounds and self._get("useCustomBoundsOnly"):
            found = [[(0, len(one))] for one in texts]
        else:
            found = find_sentences(texts)
        return [
            [span for part in parts for span in self._cut(one, part, bounds)]
            for one, parts in zip(texts, found, strict=True)
        ]

    def _find_spark_nlp_spans(self, one: str) -> list[Span]:
        rules = sparknlp.DetectorRules(
            use_abbreviations=self._get("useAbbreviations"),
            detect_lists=self._get("detectLists"),
            custom_bounds=tuple(self._get("customBounds")),
            custom_bounds_only=self._get("useCustomBoundsOnly"),
            split_length=self._get("splitLength"),
            min_length=self._get("minLength"),
            max_length=self._get("maxLength"),
        )
        return sparknlp.find_sentences(one, rules)

    def _cut(self, one: str, span: Span, bounds: Sequence[sparknlp.Pattern]) -> Iterator[Span]:
        """Yield the parts of a sentence between bounds, of the lengths that are set."""
        parts = cut_at_bounds(one, span, bounds, self._get("customBoundsStrategy"))
        length = self._get("splitLength")
        for begin, end in (shorter for part in parts for shorter in cut_at_length(one, part, length)):
            if self._get("minLength") <= end - begin <= self._get("maxLength"):
                yield begin, end


def _number(parts: Sequence[tuple[Annotation, Span]]) -> list[Annotation]:
    """Return the sentences of one row, numbered."""
    kind = AnnotatorType.DOCUMENT
    return [
        Annotation(kind, one.begin + begin, one.begin + end - 1, one.result[begin:end], {"sentence": str(number)})
        for number, (one, (begin, end)) in enumerate(parts)
    ]


def find_sentences(texts: list[str]) -> list[list[Span]]:
    """Return the sentences of texts by the rules of each text's language."""
    segments = segment_texts(texts, [text.detect(one) for one in texts], TextSettings(tokens=keep_whole))
    found: list[list[Span]] = [[] for _ in texts]
    columns = (segments.sentence_document, segments.sentence_begin, segments.sentence_end)
    for document, begin, end in zip(*(column.tolist() for column in columns), strict=True):
        found[document].append((begin, end))
    return found


def cut_at_bounds(one: str, span: Span, bounds: Sequence[sparknlp.Pattern], strategy: str) -> list[Span]:
    """Cut a sentence at the matches of bounds, which are in no part, in the next part, or in the part before.

    Example:
        >>> bounds = [sparknlp.compile_java("#")]
        >>> [cut_at_bounds("a# b", (0, 4), bounds, strategy) for strategy in ("none", "prepend", "append")]
        [[(0, 1), (3, 4)], [(0, 1), (1, 4)], [(0, 2), (3, 4)]]
    """
    begin, end = span
    matches = sorted({match.span() for bound in bounds for match in bound.finditer(one, begin, end) if match.group()})
    cuts, place = [], begin
    for first, last in matches:
        if first >= place:
            cuts.append((place, last if strategy == "append" else first))
            place = first if strategy == "prepend" else last
    parts = [*cuts, (place, end)]
    return [trimmed for part in parts if (trimmed := trim(one, part))[0] < trimmed[1]]


def cut_at_length(one: str, span: Span, length: int | None) -> Iterator[Span]:
    """Yield the parts of a sentence of up to a length, cut between words. A longer word is a part of its own.

    Example:
        >>> list(cut_at_length("one two three", (0, 13), 7))
        [(0, 7), (8, 13)]
    """
    begin, end = span
    if length is None:
        yield span
        return
    first = last = begin
    for word in re.finditer(r"\S+", one[begin:end]):
        if begin + word.end() - first > length and last > first:
            yield first, last
            first = begin + word.start()
        last = begin + word.end()
    yield first, last


def trim(one: str, span: Span) -> Span:
    """Return a span without the whitespace at its edges."""
    part = one[span[0] : span[1]]
    begin = span[0] + len(part) - len(part.lstrip())
    return begin, begin + len(part.strip())


def explode(rows: Rows, name: str) -> Rows:
    """Return a row for each annotation of a column; rows without annotations are dropped, as in Spark NLP."""
    places = [row for row, cell in enumerate(rows.columns[name]) for _ in cell]
    columns = {other: [cells[row] for row in places] for other, cells in rows.columns.items()}
    columns[name] = [[one] for cell in rows.columns[name] for one in cell]
    return Rows(columns, [rows.source[row] for row in places])
