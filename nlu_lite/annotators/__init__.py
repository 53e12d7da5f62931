"""Spark NLP's annotators without a JVM: its classes, with its names, parameters and conventions.

They run over frames of pandas, Arrow, Polars and Spark, and over strings by `LightPipeline`. Ends of annotations are
inclusive here, as in Spark NLP, and count code points. Spark NLP's stages that the library lacks exist as names,
so that imports work; each use of them raises `UnsupportedCall`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nlu_lite.annotators.annotation import Annotation, AnnotatorType
from nlu_lite.annotators.assembler import DocumentAssembler
from nlu_lite.annotators.finishers import EmbeddingsFinisher, Finisher
from nlu_lite.annotators.light import LightPipeline
from nlu_lite.annotators.pipelines import Pipeline, PipelineModel
from nlu_lite.annotators.pooling import ChunkEmbeddings, SentenceEmbeddings
from nlu_lite.annotators.refused import build_refused, load_names
from nlu_lite.annotators.sentence_embeddings import (
    BertSentenceEmbeddings,
    BGEEmbeddings,
    E5Embeddings,
    MPNetEmbeddings,
    RoBertaSentenceEmbeddings,
    XlmRoBertaSentenceEmbeddings,
)
from nlu_lite.annotators.sentences import SentenceDetector
from nlu_lite.annotators.session import start, version
from nlu_lite.annotators.tokens import ReadAs, RegexTokenizer, Tokenizer, TokenizerModel
from nlu_lite.annotators.word_embeddings import (
    AlbertEmbeddings,
    BertEmbeddings,
    CamemBertEmbeddings,
    DeBertaEmbeddings,
    DistilBertEmbeddings,
    RoBertaEmbeddings,
    XlmRoBertaEmbeddings,
)
from nlu_lite.errors import find_nearest_names

__all__ = [
    "AlbertEmbeddings",
    "Annotation",
    "AnnotatorType",
    "BGEEmbeddings",
    "BertEmbeddings",
    "BertSentenceEmbeddings",
    "CamemBertEmbeddings",
    "ChunkEmbeddings",
    "DeBertaEmbeddings",
    "DistilBertEmbeddings",
    "DocumentAssembler",
    "E5Embeddings",
    "EmbeddingsFinisher",
    "Finisher",
    "LightPipeline",
    "MPNetEmbeddings",
    "Pipeline",
    "PipelineModel",
    "ReadAs",
    "RegexTokenizer",
    "RoBertaEmbeddings",
    "RoBertaSentenceEmbeddings",
    "SentenceDetector",
    "SentenceEmbeddings",
    "Tokenizer",
    "TokenizerModel",
    "XlmRoBertaEmbeddings",
    "XlmRoBertaSentenceEmbeddings",
    "start",
    "version",
]
MODULES = ("annotation", "annotator", "base", "common", "functions", "pretrained", "training")
"""Spark NLP's modules, which are attributes of the package without an import of their own."""

if not TYPE_CHECKING:  # type checkers know only the names above

    def __getattr__(name: str) -> Any:
        if name in load_names():
            return build_refused(name)
        if name in MODULES:
            return import_module(f"{__name__}.{name}")
        nearest = find_nearest_names(name, [*__all__, *load_names()])
        hint = f". Nearest: {', '.join(nearest)}" if nearest else ""
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}", name=name, obj=None)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__, *MODULES, *load_names()})
