"""`Tokenizer` and `RegexTokenizer`: from sentences to tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self

from nlu_lite._util.os_errors import read_file
from nlu_lite.annotators.annotation import Annotation, AnnotatorType
from nlu_lite.annotators.parameters import Parameter, Parameters, at_least, check_flag, check_text, check_texts
from nlu_lite.annotators.refused import refuse_call
from nlu_lite.annotators.stages import AnnotatorStage, get_sentence_number, select
from nlu_lite.annotators.text import COMPAT, find_tokens
from nlu_lite.errors import OptionError
from nlu_lite.text import sparknlp

Span = tuple[int, int]
RULES = {
    "targetPattern": "target_pattern",
    "contextChars": "context_chars",
    "prefixPattern": "prefix_pattern",
    "infixPatterns": "infix_patterns",
    "suffixPattern": "suffix_pattern",
    "splitPattern": "split_pattern",
    "splitChars": "split_chars",
    "exceptions": "exceptions",
    "caseSensitiveExceptions": "case_sensitive_exceptions",
}
"""The fields of `TokenRules` by the names of the parameters that describe rules."""


def check_edge(name: str, value: Any, mark: str) -> str:
    r"""Return a pattern that begins with ``\A`` or ends with ``\z``, and has a group.

    Raises:
        OptionError: The value is no such pattern.
    """
    pattern = check_text(name, value)
    fits = pattern.startswith(mark) if mark == r"\A" else pattern.endswith(mark)
    if not fits or "(" not in pattern:
        place = "begins" if mark == r"\A" else "ends"
        raise OptionError(
            f"{name}={value!r}", f"a pattern with a group that {place} with {mark}", "Each group is a token"
        )
    return pattern


def check_characters(name: str, value: Any) -> list[str]:
    r"""Return a list of single characters, which can be escaped by a backslash.

    Raises:
        OptionError: The value is no such list.
    """
    found = check_texts(name, value)
    if any(len(one) != 1 and not (len(one) == 2 and one[0] == "\\") for one in found):
        raise OptionError(f"{name}={value!r}", "single characters", r"Pass a list such as ['-', '\\.']")
    return found


class ReadAs:
    """Spark NLP's ways to read a file. Every way reads the same lines here."""

    TEXT = "TEXT"
    SPARK = "SPARK"
    BINARY = "BINARY"


class SentenceTokenizer(AnnotatorStage):
    """A stage that splits each sentence into tokens."""

    inputAnnotatorTypes: ClassVar[list[str]] = [AnnotatorType.DOCUMENT]
    outputAnnotatorType: ClassVar[str] = AnnotatorType.TOKEN

    def annotate(self, rows: Sequence[Sequence[Annotation]]) -> list[list[Annotation]]:
        """See `AnnotatorStage`."""
        sentences = [select(row, AnnotatorType.DOCUMENT) for row in rows]
        spans = self.find_spans([[one.result for one in row] for row in sentences])
        return [
            [token for one, found in zip(row, parts, strict=True) for token in self._build(one, found)]
            for row, parts in zip(sentences, spans, strict=True)
        ]

    def find_spans(self, rows: list[list[str]]) -> list[list[list[Span]]]:
        """Return the tokens of the sentences of each row, as half-open spans."""
        raise NotImplementedError

    def keeps(self, token: str) -> bool:
        """Whether the length of a token is within the bounds."""
        longest = self._get("maxLength")
        return bool(token) and len(token) >= self._get("minLength") and (longest is None or len(token) <= longest)

    def _build(self, sentence: Annotation, spans: Sequence[Span]) -> list[Annotation]:
        metadata = {"sentence": get_sentence_number(sentence)}
        texts = [sentence.result[begin:end] for begin, end in spans]
        return [
            Annotation(AnnotatorType.TOKEN, sentence.begin + begin, sentence.begin + end - 1, token, dict(metadata))
            for token, (begin, end) in zip(texts, spans, strict=True)
            if self.keeps(token)
        ]


class TokenizerModel(SentenceTokenizer):
    """Splits sentences into tokens by the rules of the language that the texts of a row are found to be in.

    Spark NLP's rules are used instead if one of its patterns, character lists or exceptions is set, or with
    ``compat="sparknlp"``.
    """

    name = "TokenizerModel"
    parameters: ClassVar[Parameters] = (
        Parameter("targetPattern", "the pattern of the characters of tokens", check_text, r"\S+"),
        Parameter("exceptions", "patterns whose matches are not split", check_texts),
        Parameter("caseSensitiveExceptions", "whether the case of exceptions counts", check_flag, True),
        Parameter("splitPattern", "the pattern that separates tokens within a word", check_text),
        Parameter("splitChars", "the characters that separate tokens within a word", check_characters),
        Parameter("minLength", "the minimum length of a token; shorter ones are left out", at_least(0), 0),
        Parameter("maxLength", "the maximum length of a token; longer ones are left out", at_least(0), 99999),
        Parameter(
            "prefixPattern",
            r"the pattern, from \A on, whose groups are tokens before a word",
            partial(check_edge, mark=r"\A"),
        ),
        Parameter(
            "suffixPattern",
            r"the pattern, up to \z, whose groups are tokens after a word",
            partial(check_edge, mark=r"\z"),
        ),
        Parameter("infixPatterns", "the patterns whose groups are the tokens of a word", check_texts),
        Parameter(
            "contextChars",
            "the characters that are split off both ends of a word",
            check_characters,
            [".", ",", ";", ":", "!", "?", "*", "-", "(", ")", '"', "'"],
        ),
        COMPAT,
    )

    def __init__(self, compat: str | None = None) -> None:
        super().__init__()
        self._setDefault(inputCols=[AnnotatorType.DOCUMENT], outputCol="token")
        if compat is not None:
            self.setCompat(compat)

    rules = refuse_call("TokenizerModel.rules", "Set the patterns of a Tokenizer")
    getRules = setRules = rules
    pretrained = staticmethod(refuse_call("TokenizerModel.pretrained", "Create a Tokenizer(), which needs no model"))

    def addSplitChars(self, value: str) -> Self:
        """Add a character that separates tokens within a word."""
        return self._set(splitChars=[*(self._get("splitChars") or []), value])

    def addContextChars(self, value: str) -> Self:
        """Add a character that is split off both ends of a word."""
        return self._set(contextChars=[*self._get("contextChars"), value])

    def addInfixPattern(self, value: str) -> Self:
        """Add a pattern whose groups are the tokens of a word, before the others."""
        return self._set(infixPatterns=[value, *(self._get("infixPatterns") or [])])

    def addException(self, value: str) -> Self:
        """Add a pattern whose matches are not split."""
        return self._set(exceptions=[*(self._get("exceptions") or []), value])

    def find_spans(self, rows: list[list[str]]) -> list[list[list[Span]]]:
        """See `SentenceTokenizer`."""
        if self._get("compat") is None and not any(self.isSet(name) for name in RULES):
            return find_tokens(rows)
        rules = self._build_rules()
        return [[sparknlp.find_tokens(one, rules) for one in row] for row in rows]

    def _build_rules(self) -> sparknlp.TokenRules:
        values = {field: self._get(name) for name, field in RULES.items()}
        known: dict[str, Any] = {field: tuple(one) if isinstance(one, list) else one for field, one in values.items()}
        return replace(sparknlp.TokenRules(), **{field: one for field, one in known.items() if one is not None})


class Tokenizer(TokenizerModel):
    """Splits sentences into tokens; see `TokenizerModel`.

    Args:
        compat: ``"sparknlp"`` finds exactly the tokens of Spark NLP, whatever the language. Default: None.

    Example:
        >>> from nlu_lite.annotators import DocumentAssembler, LightPipeline, PipelineModel
        >>> assembler = DocumentAssembler().setInputCol("text")
        >>> light = LightPipeline(PipelineModel([assembler, Tokenizer()]))
        >>> light.annotate("Good morning!")["token"]
        ['Good', 'morning', '!']
    """

    name = "Tokenizer"
    parameters = (Parameter("exceptionsPath", "the file whose lines are exceptions", check_text),)

    def setExceptionsPath(self, path: str, read_as: str = ReadAs.TEXT, options: object = None) -> Self:  # noqa: ARG002
        """Set the exceptions to the lines of a file.

        Args:
            path: A file in UTF-8.
            read_as: A way of `ReadAs`; every way reads the same lines.
            options: Spark NLP's options; unused.

        Raises:
            SourceError: The file cannot be read.
        """
        lines = read_file(Path(path), "a file of exceptions", "Check the path").decode().splitlines()
        return self._set(exceptionsPath=str(path), exceptions=[line for line in lines if line])


class RegexTokenizer(SentenceTokenizer):
    r"""Splits sentences at the matches of a regular expression.

    Tokens keep their places in the text. With ``positionalMask`` or ``trimWhitespace``, Spark NLP places them in the
    same way.

    Example:
        >>> from nlu_lite.annotators import DocumentAssembler, LightPipeline, PipelineModel
        >>> tokenizer = RegexTokenizer().setPattern(r"[\s,]+").setToLowercase(True)
        >>> stages = [DocumentAssembler().setInputCol("text"), tokenizer]
        >>> LightPipeline(PipelineModel(stages)).annotate("One, two")["regexToken"]
        ['one', 'two']
    """

    name = "RegexTokenizer"
    parameters = (
        Parameter("minLength", "the minimum length of a token; shorter ones are left out", at_least(0), 1),
        Parameter("maxLength", "the maximum length of a token; longer ones are left out", at_least(1)),
        Parameter("toLowercase", "whether tokens are lowercased", check_flag, False),
        Parameter("pattern", "the regular expression that separates tokens", check_text, r"\s+"),
        Parameter("positionalMask", "whether tokens keep their places in the text; they always do", check_flag, False),
        Parameter("trimWhitespace", "whether whitespace is removed from the edges of tokens", check_flag, False),
        Parameter("preservePosition", "whether a trimmed token keeps its untrimmed place", check_flag, True),
    )

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(inputCols=[AnnotatorType.DOCUMENT], outputCol="regexToken")

    def check(self) -> None:
        """Check the columns and the pattern.

        Raises:
            OptionError: A column is not set, or the pattern cannot be compiled.
        """
        super().check()
        self._compile()

    def find_spans(self, rows: list[list[str]]) -> list[list[list[Span]]]:
        """See `SentenceTokenizer`."""
        pattern = self._compile()
        return [[split_at(pattern, one) for one in row] for row in rows]

    def _build(self, sentence: Annotation, spans: Sequence[Span]) -> list[Annotation]:
        tokens = super()._build(sentence, spans)
        if self._get("trimWhitespace"):
            tokens = [trimmed for token in tokens if self.keeps((trimmed := self._trim(token)).result)]
        return [token.copy(token.result.lower()) for token in tokens] if self._get("toLowercase") else tokens

    def _trim(self, token: Annotation) -> Annotation:
        word = token.result.strip()
        if self._get("preservePosition"):
            return token.copy(word)
        begin = token.begin + len(token.result) - len(token.result.lstrip())
        return Annotation(AnnotatorType.TOKEN, begin, begin + len(word) - 1, word, token.metadata)

    def _compile(self) -> sparknlp.Pattern:
        try:
            return sparknlp.compile_java(self._get("pattern"))
        except OptionError as error:
            raise OptionError(f"stage {self.uid} has {error.got}", error.expected, error.remedy) from None


def split_at(pattern: sparknlp.Pattern, sentence: str) -> list[Span]:
    """Return the spans between the matches of a pattern.

    Example:
        >>> split_at(sparknlp.compile_java(" +"), "one  two")
        [(0, 3), (5, 8)]
    """
    found = [match.span() for match in pattern.finditer(sentence) if match.group()]
    begins, ends = [0, *(end for _, end in found)], [*(begin for begin, _ in found), len(sentence)]
    return list(zip(begins, ends, strict=True))
