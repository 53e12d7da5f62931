"""Spark NLP's classes of sentence vectors, with its default models."""

from __future__ import annotations

from typing import Any

from nlu_lite.annotators.embeddings import LONGEST, SentenceModelStage
from nlu_lite.annotators.parameters import Parameter, at_least, check_flag
from nlu_lite.annotators.word_embeddings import CASED
from nlu_lite.pipeline import Pipeline

LONG = (Parameter("maxSentenceLength", "the maximum length of a window in pieces", at_least(1, LONGEST), LONGEST),)


class BertSentenceEmbeddings(SentenceModelStage):
    """Sentence vectors of a BERT model: its pooler's."""

    name = "BertSentenceEmbeddings"
    model_name = "sent_small_bert_L2_768"
    parameters = (Parameter("isLong", "whether the exported graph takes 64-bit integers; unused", check_flag, False),)


class RoBertaSentenceEmbeddings(SentenceModelStage):
    """Sentence vectors of a RoBERTa model: its pooler's."""

    name = "RoBertaSentenceEmbeddings"
    model_name = "sent_roberta_base"
    parameters = CASED


class XlmRoBertaSentenceEmbeddings(SentenceModelStage):
    """Sentence vectors of an XLM-RoBERTa model: its pooler's."""

    name = "XlmRoBertaSentenceEmbeddings"
    model_name = "sent_xlm_roberta_base"
    model_language = "xx"
    parameters = CASED


class BGEEmbeddings(SentenceModelStage):
    """Sentence vectors of a BGE model: the first position's, divided by their lengths."""

    name = "BGEEmbeddings"
    model_name = "bge_small_en_v1.5"
    parameters = (
        *LONG,
        Parameter("useCLSToken", "whether the first position is the vector, rather than the mean", check_flag, True),
    )

    def _list_changes(self, opened: Pipeline) -> dict[str, Any]:
        changes = super()._list_changes(opened)
        if self.isSet("useCLSToken"):  # the files of a model can state its pooling
            changes["sentence_pooling"] = "cls" if self._get("useCLSToken") else "mean"
        return changes


class E5Embeddings(SentenceModelStage):
    """Sentence vectors of an E5 model: the mean of its positions, divided by their lengths."""

    name = "E5Embeddings"
    model_name = "e5_small"
    parameters = LONG


class MPNetEmbeddings(SentenceModelStage):
    """Sentence vectors of an MPNet model: the mean of its positions, divided by their lengths."""

    name = "MPNetEmbeddings"
    model_name = "all_mpnet_base_v2"
    parameters = LONG
