"""Find the special tokens around a text, by the tokenizer's post-processor or by their usual names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nlu_lite.encoding.subwords.core import SpecialTokens
from nlu_lite.encoding.subwords.inspection import component_error, shorten
from nlu_lite.errors import ModelError, UnsupportedReference

TokenNames = tuple[str, str, str, str]
"""Names of the first, last, padding and unknown piece."""

BERT_NAMES = ("[CLS]", "[SEP]", "[PAD]", "[UNK]")
FAIRSEQ_NAMES = ("<s>", "</s>", "<pad>", "<unk>")
SPECIAL_TOKEN_NAMES: dict[str, tuple[TokenNames, ...]] = {
    "albert": (("[CLS]", "[SEP]", "<pad>", "<unk>"),),
    "bert": (BERT_NAMES, FAIRSEQ_NAMES),  # the latter for models that were distilled from XLM-RoBERTa
    "camembert": (FAIRSEQ_NAMES,),
    "deberta-v2": (BERT_NAMES,),
    "distilbert": (BERT_NAMES,),
    "electra": (BERT_NAMES,),
    "mpnet": (("<s>", "</s>", "<pad>", "[UNK]"),),
    "roberta": (FAIRSEQ_NAMES,),
    "xlm-roberta": (FAIRSEQ_NAMES,),
}
"""Names of the special pieces, by ``model_type``. The first names that are all in the vocabulary are used."""


def find_special_tokens(
    vocabulary: Mapping[str, int], known: tuple[TokenNames, ...], post_processor: object
) -> SpecialTokens:
    """Return the ids of the special tokens.

    Args:
        vocabulary: The id of each piece, including special pieces.
        known: The names of special pieces in models of the architecture.
        post_processor: The post-processor of a ``tokenizer.json``. The pieces that it adds come before `known`.

    Raises:
        ModelError: The vocabulary has no such pieces, or the post-processor is damaged.
        UnsupportedReference: The post-processor does not add exactly one piece before and one after a text.
    """
    special_tokens = _find_by_name(vocabulary, known)
    before, after = _parse_post_processor(post_processor, DEEPEST)
    if not before and not after:
        return special_tokens
    if (len(before), len(after)) != (1, 1):
        got = f"the tokenizer puts {len(before) + len(after)} pieces around a text"
        raise UnsupportedReference(got, "one before and one after it", "Use a model of another kind")
    return replace(special_tokens, first=before[0], last=after[0])


def _find_by_name(vocabulary: Mapping[str, int], known: tuple[TokenNames, ...]) -> SpecialTokens:
    for names in known:
        if all(name in vocabulary for name in names):
            return SpecialTokens(*(vocabulary[name] for name in names))
    missing = [name for name in known[0] if name not in vocabulary]
    raise ModelError(f"the vocabulary has no piece {missing[0]!r}", ", ".join(known[0]), "Fetch the files again")


DEEPEST = 4
"""Maximum depth of nested sequences of post-processors."""
Surrounding = tuple[list[int], list[int]]


def _parse_post_processor(value: object, depth: int) -> Surrounding:
    """Return the ids that a post-processor adds before and after a text."""
    match value:
        case None | {"type": "ByteLevel"}:
            return [], []
        case {"type": "BertProcessing" | "RobertaProcessing" as kind, "cls": first, "sep": last}:
            return [_parse_pair(kind, first)], [_parse_pair(kind, last)]
        case {"type": "TemplateProcessing", "single": list(pieces), "special_tokens": dict(tokens)}:
            return _parse_template(pieces, tokens)
        case {"type": "Sequence", "processors": list(processors)} if depth:
            inner = [_parse_post_processor(processor, depth - 1) for processor in processors]
            return [i for before, _ in reversed(inner) for i in before], [i for _, after in inner for i in after]
    kind = value.get("type") if isinstance(value, dict) else type(value).__name__
    known = "an intact Sequence, ByteLevel, BertProcessing, RobertaProcessing or TemplateProcessing"
    raise component_error("post_processor", f"is {shorten(kind)}", known)


def _parse_pair(kind: str, pair: object) -> int:
    match pair:
        case [str(), int(found)]:
            return _check_id(kind, found)
    raise component_error(f"post_processor {kind}", f"has the piece {shorten(pair)}", "a name and an id")


def _parse_template(pieces: list[Any], tokens: dict[str, Any]) -> Surrounding:
    places = [place for place, piece in enumerate(pieces) if _is_text(piece)]
    if len(places) != 1:
        raise component_error("post_processor TemplateProcessing", f"has the text {len(places)} times", "the text once")
    before, after = pieces[: places[0]], pieces[places[0] + 1 :]
    first, last = ([i for piece in side for i in _parse_ids(piece, tokens)] for side in (before, after))
    return first, last


def _is_text(piece: object) -> bool:
    match piece:
        case {"Sequence": {"id": "A"}}:
            return True
    return False


def _parse_ids(piece: object, tokens: dict[str, Any]) -> list[int]:
    match piece:
        case {"SpecialToken": {"id": str(name)}} if isinstance(tokens.get(name), dict):
            ids = tokens[name].get("ids")
            if isinstance(ids, list):
                return [_check_id("TemplateProcessing", i) for i in ids]
    raise component_error(
        "post_processor TemplateProcessing", "has a damaged piece", "texts and special tokens with their ids"
    )


def _check_id(kind: str, found: object) -> int:
    if type(found) is not int or not 0 <= found < 1 << 31:
        raise component_error(f"post_processor {kind}", f"has the id {shorten(found)}", "a whole number from 0")
    return found
