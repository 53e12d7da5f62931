"""Spark NLP's classes of token vectors, with its default models."""

from __future__ import annotations

from nlu_lite.annotators.embeddings import WordModelStage
from nlu_lite.annotators.parameters import Parameter, check_flag

CASED = (Parameter("caseSensitive", "whether upper and lower case differ", check_flag, True),)


class AlbertEmbeddings(WordModelStage):
    """Token vectors of an ALBERT model."""

    name = "AlbertEmbeddings"
    model_name = "albert_base_uncased"


class BertEmbeddings(WordModelStage):
    """Token vectors of a BERT or ELECTRA model."""

    name = "BertEmbeddings"
    model_name = "small_bert_L2_768"


class CamemBertEmbeddings(WordModelStage):
    """Token vectors of a CamemBERT model."""

    name = "CamemBertEmbeddings"
    model_name = "camembert_base"
    model_language = "fr"
    parameters = CASED


class DeBertaEmbeddings(WordModelStage):
    """Token vectors of a DeBERTa model."""

    name = "DeBertaEmbeddings"
    model_name = "deberta_v3_base"
    parameters = CASED


class DistilBertEmbeddings(WordModelStage):
    """Token vectors of a DistilBERT model."""

    name = "DistilBertEmbeddings"
    model_name = "distilbert_base_cased"


class RoBertaEmbeddings(WordModelStage):
    """Token vectors of a RoBERTa model."""

    name = "RoBertaEmbeddings"
    model_name = "roberta_base"
    parameters = CASED


class XlmRoBertaEmbeddings(WordModelStage):
    """Token vectors of an XLM-RoBERTa model, such as ``xlm_roberta_xtreme_base``."""

    name = "XlmRoBertaEmbeddings"
    model_name = "xlm_roberta_base"
    model_language = "xx"
    parameters = CASED
