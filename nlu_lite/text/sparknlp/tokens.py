"""Find the tokens that Spark NLP's `Tokenizer` finds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from nlu_lite.text.sparknlp.patterns import Pattern, compile_java, quote

PROTECTED = "\ue001"
"""Replaces whitespace in an exception, where it separates no tokens."""
ORDINARY = {ord(PROTECTED): "\ue000"}
CONTEXT = (".", ",", ";", ":", "!", "?", "*", "-", "(", ")", '"', "'")

Span = tuple[int, int]


@dataclass(frozen=True)
class TokenRules:
    r"""The parameters of Spark NLP's `Tokenizer`, with its defaults. Patterns are regular expressions of Java.

    Attributes:
        target_pattern: The characters of candidates. As in Spark NLP, the pattern becomes a class of characters.
        context_chars: The characters that are split off both ends of a candidate, each run of them as one token.
        prefix_pattern: A pattern whose groups are tokens, in place of the context characters before a word; it begins
            with ``\A``.
        infix_patterns: Patterns whose groups are tokens, in place of the word; the first one that matches is used.
        suffix_pattern: A pattern whose groups are tokens, in place of the context characters after a word; it ends
            with ``\z``.
        split_pattern: The separators within a token; they are in no token.
        split_chars: Characters, or escaped ones such as ``\.``, that separate tokens where `split_pattern` does not.
        exceptions: Patterns. A candidate that contains a match is one token, with the whitespace in the match. (Spark
            NLP 5.5.3 keeps a candidate whole only if it is the match, unless there is whitespace in the match.)
        case_sensitive_exceptions: Whether the case of exceptions counts.
        min_length: The minimum length of a token; shorter ones are left out.
        max_length: The maximum length of a token; longer ones are left out. None leaves out none.
    """

    target_pattern: str = r"\S+"
    context_chars: tuple[str, ...] = CONTEXT
    prefix_pattern: str | None = None
    infix_patterns: tuple[str, ...] = ()
    suffix_pattern: str | None = None
    split_pattern: str | None = None
    split_chars: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()
    case_sensitive_exceptions: bool = True
    min_length: int = 0
    max_length: int | None = None


DEFAULT = TokenRules()


def find_tokens(sentence: str, rules: TokenRules = DEFAULT) -> list[Span]:
    r"""Return the tokens that Spark NLP finds in a sentence, in any language.

    Args:
        sentence: A sentence of `find_sentences`.
        rules: The parameters. Default: those of Spark NLP.

    Returns:
        Half-open spans in code points, in order. None of them is empty.

    Raises:
        OptionError: A pattern of the rules cannot be compiled.

    Example:
        >>> sentence = 'He said: "I\'d like (to) rest."'
        >>> [sentence[begin:end] for begin, end in find_tokens(sentence)]
        ['He', 'said', ':', '"', "I'd", 'like', '(', 'to', ')', 'rest', '."']
    """
    longest = len(sentence) if rules.max_length is None else rules.max_length
    return [
        (first + begin, first + end)
        for first, candidate in _find_candidates(sentence, rules)
        for begin, end in _split_candidate(candidate, rules)
        if begin < end and rules.min_length <= end - begin <= longest
    ]


def _find_candidates(sentence: str, rules: TokenRules) -> Iterator[tuple[int, str]]:
    """Yield the sections of a sentence without whitespace, apart from that of exceptions, with their offsets."""
    if rules.exceptions:
        sentence = _protect(sentence.translate(ORDINARY), rules)
    for match in compile_java(f"[(?:{rules.target_pattern}){PROTECTED}]+").finditer(sentence):
        yield match.start(), match.group()


def _protect(sentence: str, rules: TokenRules) -> str:
    separator = compile_java(f"[^(?:{rules.target_pattern})]")
    for exception in reversed(_compile_exceptions(rules)):
        sentence = exception.sub(lambda match: separator.sub(PROTECTED, match.group()), sentence)
    return sentence


@cache
def _compile_exceptions(rules: TokenRules) -> tuple[Pattern, ...]:
    flag = "" if rules.case_sensitive_exceptions else "(?i)"
    return tuple(compile_java(flag + exception) for exception in rules.exceptions)


def _split_candidate(candidate: str, rules: TokenRules) -> Iterator[Span]:
    is_exception = PROTECTED in candidate or any(one.search(candidate) for one in _compile_exceptions(rules))
    words = () if is_exception else _compile_words(rules)
    match = next(filter(None, (word.search(candidate) for word in words)), None)
    groups = [(0, len(candidate))] if match is None else match.regs[1:]
    for begin, end in groups:
        if begin < end:
            parts = [(0, end - begin)] if match is None else _split_group(candidate[begin:end], rules)
            yield from ((begin + first, begin + last) for first, last in parts)


@cache
def _compile_words(rules: TokenRules) -> tuple[Pattern, ...]:
    context = quote("".join(rules.context_chars))
    prefix = rules.prefix_pattern or rf"\A([{context}]*)"
    infixes = rules.infix_patterns or (f"([^{context}](?:.*[^{context}])*)",)
    suffix = rules.suffix_pattern or rf"([{context}]*)\z"
    return tuple(compile_java(prefix + infix + suffix) for infix in infixes)


def _split_group(word: str, rules: TokenRules) -> list[Span]:
    """Return the parts of a word between separators. Those after the last part that is not empty do not count."""
    if rules.split_pattern is not None:
        parts = _split_at(compile_java(rules.split_pattern), word)
        if len(parts) > 1:
            return parts
    if any(char[-1] in word for char in rules.split_chars):
        return _split_at(compile_java("|".join(rules.split_chars)), word)
    return [(0, len(word))]


def _split_at(separator: Pattern, word: str) -> list[Span]:
    """Return the parts between separators as Java's ``split`` does: without the empty ones at the end."""
    found = [match.span() for match in separator.finditer(word) if match.end() > 0]
    begins, ends = [0, *(end for _, end in found)], [*(begin for begin, _ in found), len(word)]
    parts = list(zip(begins, ends, strict=True))
    while parts and parts[-1][0] == parts[-1][1]:
        parts.pop()
    return parts
