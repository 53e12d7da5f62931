"""Spark NLP's annotators that this library does not have: known by name, and refused with the way out."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Any, NoReturn

from nlu_lite.errors import UnsupportedCall


@cache
def load_names() -> dict[str, str]:
    """Return Spark NLP's public names that are refused, each with its group."""
    lines = (resources.files("nlu_lite.annotators") / "data" / "refused.tsv").read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines[1:])


REMEDIES = {
    "training": "Train with Spark NLP on the vectors of this library, or with scikit-learn or pyspark.ml",
    "static": "Use vectors of a transformer, such as XlmRoBertaEmbeddings.pretrained()",
    "vectors": "Use vectors of another kind of transformer, such as XlmRoBertaEmbeddings.pretrained()",
    "sentences": "Use SentenceDetector(), which has rules for many languages and needs no model",
    "words": "Use Tokenizer(), which splits Chinese, Japanese and Thai too and needs no model",
    "language": "Leave it out: SentenceDetector and Tokenizer detect the language of each text",
    "model": "Run this stage in Spark NLP; it can read the texts that this library has split",
    "text": "Change the texts in a function of your own before DocumentAssembler reads them",
    "tokens": "Change the tokens in a function of your own: frame[column].map(function) in pandas, and on Spark "
    "nlu_lite.annotators.functions.map_annotations_col(...)",
    "chunks": "Write the chunks in a function of your own, which ChunkEmbeddings reads: annotations such as "
    'Annotation("chunk", 0, 3, "word", {"sentence": "0"})',
    "pipeline": "Build the pipeline from its stages, or load a saved one by PipelineModel.load(path)",
    "reader": "Read the files with pandas, Arrow, Polars or Spark",
    "base": "Call the stages of nlu_lite.annotators",
}
"""The way out for each group of names."""


class RefusedType(type):
    """The type of classes that cannot be used: each use raises an error."""

    def __call__(cls, *_: Any, **__: Any) -> NoReturn:
        """Refuse to create an instance."""
        raise build_error(cls.__name__)

    def __getattr__(cls, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")
        raise build_error(cls.__name__)


@cache
def build_refused(name: str) -> RefusedType:
    """Return a class with the name of one of Spark NLP's, whose every use is refused."""
    doc = f"Spark NLP's {name}, which this library does not have: each use raises `UnsupportedCall`."
    return RefusedType(name, (), {"__doc__": doc, "__module__": "nlu_lite.annotators"})


def refuse_call(name: str, remedy: str) -> Callable[..., NoReturn]:
    """Return a function in place of one of Spark NLP's that has no meaning here; its call raises `UnsupportedCall`."""

    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise UnsupportedCall(f"{name} of Spark NLP has no meaning in nlu_lite", "", remedy)

    refuse.__doc__ = f"Refuse Spark NLP's ``{name}``. {remedy}."
    return refuse


def build_error(name: str) -> UnsupportedCall:
    """Return the error for a stage of Spark NLP that the library does not have."""
    group = load_names()[name]
    got = (
        f"{name} is a stage of Spark NLP that nlu_lite does not have"
        if group != "base"
        else f"{name} is a base class of Spark NLP"
    )
    return UnsupportedCall(got, "stages that split texts and compute vectors", REMEDIES[group])
