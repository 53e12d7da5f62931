"""The components of a pipeline under NLU's names, with the setters that have a meaning in this library."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from nlu_lite._util.nlu_names import Place, find_attribute, refuse_attribute
from nlu_lite.errors import OptionError, UnsupportedCall
from nlu_lite.model import Model
from nlu_lite.options import ModelChanges
from nlu_lite.pipeline import Pipeline

if TYPE_CHECKING:
    from nlu_lite.nlu.pipeline import NLUPipeline

NAMES = {
    "AlbertEmbeddings": "albert_embeddings",
    "BGEEmbeddings": "bge_sentence_embeddings",
    "BertEmbeddings": "bert_embeddings",
    "BertSentenceEmbeddings": "bert_sentence_embeddings",
    "CamemBertEmbeddings": "camenbert_embeddings",  # NLU's spelling
    "DeBertaEmbeddings": "deberta",
    "DistilBertEmbeddings": "distil_bert_embeddings",
    "E5Embeddings": "e5_sentence_embeddings",
    "MPNetEmbeddings": "mpnet_sentence_embeddings",
    "RoBertaEmbeddings": "roberta_embeddings",
    "RoBertaSentenceEmbeddings": "roberta_sentence_embeddings",
    "XlmRoBertaEmbeddings": "xlm_roberta_embeddings",
    "XlmRoBertaSentenceEmbeddings": "xlm_roberta_sentence_embeddings",
}
"""NLU's names of the components that run models, by kind."""


class Role(Enum):
    """The part of a component in a pipeline; its value holds NLU's names of the component, the newest first."""

    DOCUMENTS = ("document_assembler",)
    SENTENCES = ("sentence_detector", "deep_sentence_detector", "sentence_detector_dl")
    TOKENS = ("tokenizer", "default_tokenizer", "spark_nlp_tokenizer", "word_segmenter")
    VECTORS = ("embeddings",)


@dataclass(frozen=True)
class ContextTokenizer:
    """A tokenizer that splits at whitespace, and splits runs of some characters off at both ends, as Spark NLP's does.

    Attributes:
        characters: The characters that are split off.

    Example:
        >>> text = '"Stop," (he) cried...'
        >>> [text[begin:end] for begin, end in ContextTokenizer(tuple('.,;:!?*-()"'))(text)]
        ['"', 'Stop', ',"', '(', 'he', ')', 'cried', '...']
    """

    characters: tuple[str, ...]

    def __call__(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield half-open spans of the tokens of a sentence."""
        context = "".join(self.characters)
        for word in re.finditer(r"\S+", text):
            core = word[0].lstrip(context)
            begin = word.end() - len(core)
            cuts = (word.start(), begin, begin + len(core.rstrip(context)), word.end())
            yield from ((left, right) for left, right in pairwise(cuts) if left < right)


@dataclass(frozen=True)
class NluComponent:
    """A component of a pipeline, as ``pipe["bert_embeddings@small_bert_L2_128"]`` returns it.

    Attributes:
        owner: The pipeline, which setters change.
        role: The part of the component.
        model: The model that it runs; None for other components.
    """

    owner: NLUPipeline
    role: Role
    model: Model | None = None

    @property
    def key(self) -> str:
        """NLU's name of the component; that of a model is followed by the model's name."""
        if self.model is None:
            return str(self.role.value[0])
        spec = self.model.spec
        return f"{NAMES.get(spec.kind or '', self.role.value[0])}@{spec.name}"

    def matches(self, key: str) -> bool:
        """Return whether a key means this component; a model is found by either part of its name as well."""
        name, _, model = key.partition("@")
        if self.model is None:
            return name in self.role.value
        return key in self.key.split("@") or (bool(model) and model == self.model.spec.name)

    def list_values(self) -> list[tuple[str, object]]:
        """Return the setters that change results, with the current values; None is the default of this library."""
        return [(name, setter.read(self)) for name, setter in SETTERS[self.role].items() if setter.read is not None]

    if not TYPE_CHECKING:  # type checkers would accept any name

        def __getattr__(self, name: str) -> Callable[..., Any]:
            if name.startswith("get"):
                return self._find_getter(name)
            setter = SETTERS[self.role].get(name)
            if setter is None:
                self._refuse(name)

            def change(value: Any) -> NluComponent:
                self.owner.change(setter.parse(self.owner.pipeline, value))
                return self

            return change

        def _find_getter(self, name: str) -> Callable[[], object]:
            setter = f"set{name.removeprefix('get')}"
            found = SETTERS[self.role].get(setter)
            if found is not None and found.read is not None:
                return partial(found.read, self)
            if find_attribute(setter, Place.COMPONENT) is None:
                refuse_attribute(self, f"component {self.key!r}", name)
            problem = f"component {self.key!r} has no {name}, which is NLU's"
            raise UnsupportedCall(problem, remedy="Read Pipeline.info of nlu_lite, which describes each component")

        def _refuse(self, name: str) -> None:
            known = find_attribute(name, Place.COMPONENT)
            if known is None:
                refuse_attribute(self, f"component {self.key!r}", name)
            raise UnsupportedCall(f"component {self.key!r} has no {name}, which is NLU's", remedy=known.instead)


@dataclass(frozen=True)
class Setter:
    """A setter of a component.

    Attributes:
        parse: Returns the options of `Pipeline.with_` for a value.
        read: Returns the current value; None for setters that change no result.
    """

    parse: Callable[[Pipeline, Any], ModelChanges]
    read: Callable[[NluComponent], object] | None = None


def _is_list(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str)


def _parse_context(pipeline: Pipeline, characters: Sequence[str]) -> ModelChanges:  # noqa: ARG001
    if not _is_list(characters) or not all(isinstance(one, str) and len(one) == 1 for one in characters):
        raise OptionError(f"setContextChars({characters!r})", "a list of characters", 'Pass a list, such as [",", "!"]')
    return {"tokenizer": ContextTokenizer(tuple(characters))}


def _parse_exceptions(pipeline: Pipeline, phrases: Sequence[str]) -> ModelChanges:  # noqa: ARG001
    if not _is_list(phrases) or not all(isinstance(phrase, str) for phrase in phrases):
        raise OptionError(f"setExceptions({phrases!r})", "a list of phrases", 'Pass a list, such as ["New York"]')
    return {"keep_whole": [re.escape(phrase) for phrase in phrases]}


def _add_exception(pipeline: Pipeline, phrase: str) -> ModelChanges:
    return {"keep_whole": [*pipeline.settings.keep_whole, *_parse_exceptions(pipeline, [phrase])["keep_whole"]]}


def _parse_strategy(pipeline: Pipeline, strategy: str) -> ModelChanges:  # noqa: ARG001
    if strategy != "AVERAGE":
        remedy = 'Pass "AVERAGE", or call nlu_lite.Pipeline.with_(sentence_pooling=...)'
        raise OptionError(f"setPoolingStrategy({strategy!r})", '"AVERAGE"', remedy)
    return {"sentence_pooling": "mean"}


def _change_nothing(pipeline: Pipeline, value: object) -> ModelChanges:  # noqa: ARG001
    return {}


def _read_context(component: NluComponent) -> object:
    tokenizer = component.owner.pipeline.settings.tokens
    return list(tokenizer.characters) if isinstance(tokenizer, ContextTokenizer) else None


def _read_exceptions(component: NluComponent) -> object:
    patterns = component.owner.pipeline.settings.keep_whole
    return [re.sub(r"\\(.)", r"\1", pattern) for pattern in patterns] or None


def _read_length(component: NluComponent) -> object:
    model = component.owner[component.key].model  # the current one: setters replace the pipeline
    return None if model is None else model.encoder.max_length


NEUTRAL = {"setLazyAnnotator": Setter(_change_nothing)}
SETTERS: Mapping[Role, Mapping[str, Setter]] = {
    Role.DOCUMENTS: NEUTRAL,
    Role.SENTENCES: NEUTRAL | {"setExplodeSentences": Setter(_change_nothing)},
    Role.TOKENS: NEUTRAL
    | {
        "setContextChars": Setter(_parse_context, _read_context),
        "setExceptions": Setter(_parse_exceptions, _read_exceptions),
        "addException": Setter(_add_exception),
    },
    Role.VECTORS: NEUTRAL
    | {
        "setMaxSentenceLength": Setter(lambda pipeline, value: {"max_length": value}, _read_length),  # noqa: ARG005
        "setBatchSize": Setter(_change_nothing),
        "setPoolingStrategy": Setter(_parse_strategy),
        "setInstruction": Setter(lambda pipeline, value: {"prompt": value}),  # noqa: ARG005
    },
}
"""The setters of each component. Setters of speed are accepted without effect."""
