"""The stages of a usual pipeline, with a tiny model in an archive of Spark NLP's."""

from functools import cache
from pathlib import Path

from nlu_lite import annotators
from nlu_lite.annotators import DocumentAssembler, SentenceDetector, SentenceEmbeddings, Tokenizer

ARCHIVES = Path(__file__).parents[1] / "data" / "sparknlp"
KINDS = {
    "xlmroberta": "XlmRoBertaEmbeddings",
    "camembert": "CamemBertEmbeddings",
    "albert": "AlbertEmbeddings",
    "bert": "BertEmbeddings",
    "distilbert": "DistilBertEmbeddings",
    "roberta": "RoBertaEmbeddings",
    "bert_sentence": "BertSentenceEmbeddings",
    "xlmroberta_sentence": "XlmRoBertaSentenceEmbeddings",
}
TEXT = "Put your text here. It has two sentences!"


def load_model(name="xlmroberta"):
    """Return a stage of its own, whose model is opened once for all tests."""
    return _open(name).copy({})


@cache
def _open(name):
    return getattr(annotators, KINDS[name]).load(ARCHIVES / f"{name}.zip")


def build_text_stages(compat=None):
    return [
        DocumentAssembler().setInputCol("text").setOutputCol("document"),
        SentenceDetector(compat).setInputCols("document").setOutputCol("sentence"),
        Tokenizer(compat).setInputCols("sentence").setOutputCol("token"),
    ]


def build_stages():
    embeddings = load_model().setInputCols("sentence", "token").setOutputCol("embeddings")
    average = SentenceEmbeddings().setInputCols("sentence", "embeddings").setOutputCol("average")
    return [*build_text_stages(), embeddings, average]
