"""Parameters have Spark NLP's defaults, getters, setters and checks."""

import numpy as np
import pytest

from nlu_lite import annotators
from nlu_lite.annotators import (
    BGEEmbeddings,
    DocumentAssembler,
    E5Embeddings,
    EmbeddingsFinisher,
    Finisher,
    RegexTokenizer,
    SentenceDetector,
    SentenceEmbeddings,
    Tokenizer,
    XlmRoBertaEmbeddings,
)
from nlu_lite.errors import OptionError
from nlu_lite.records import SentencePooling
from tests.annotators.stages import ARCHIVES, KINDS, load_model

CASED = {"XlmRoBertaEmbeddings", "RoBertaEmbeddings", "CamemBertEmbeddings", "DeBertaEmbeddings"}
CASED |= {"XlmRoBertaSentenceEmbeddings", "RoBertaSentenceEmbeddings"}
WORDS = ["AlbertEmbeddings", "BertEmbeddings", "DistilBertEmbeddings", *sorted(CASED)]
SENTENCES = ["BertSentenceEmbeddings", "E5Embeddings", "BGEEmbeddings", "MPNetEmbeddings"]
DEFAULTS = {
    DocumentAssembler: {"outputCol": "document", "cleanupMode": "disabled", "inputCol": None, "idCol": None},
    SentenceDetector: {
        "useAbbreviations": True,
        "detectLists": True,
        "useCustomBoundsOnly": False,
        "customBounds": [],
        "customBoundsStrategy": "none",
        "explodeSentences": False,
        "splitLength": None,
        "minLength": 0,
        "maxLength": 99999,
        "lazyAnnotator": False,
    },
    Tokenizer: {
        "targetPattern": r"\S+",
        "contextChars": [".", ",", ";", ":", "!", "?", "*", "-", "(", ")", '"', "'"],
        "caseSensitiveExceptions": True,
        "minLength": 0,
        "maxLength": 99999,
        "outputCol": "token",
    },
    RegexTokenizer: {
        "inputCols": ["document"],
        "outputCol": "regexToken",
        "toLowercase": False,
        "minLength": 1,
        "maxLength": None,
        "pattern": r"\s+",
        "positionalMask": False,
        "trimWhitespace": False,
        "preservePosition": True,
    },
    SentenceEmbeddings: {"poolingStrategy": "AVERAGE", "outputCol": "sentence_embeddings"},
    EmbeddingsFinisher: {"cleanAnnotations": False, "outputAsVector": False},
    Finisher: {
        "cleanAnnotations": True,
        "includeMetadata": False,
        "outputAsArray": True,
        "parseEmbeddingsVectors": False,
        "valueSplitSymbol": "#",
        "annotationSplitSymbol": "@",
    },
    BGEEmbeddings: {"useCLSToken": True},
}


def get(stage, name):
    return getattr(stage, f"get{name[0].upper()}{name[1:]}")()


@pytest.mark.parametrize("cls", DEFAULTS, ids=lambda cls: cls.__name__)
def test_the_defaults_are_spark_nlps(cls):
    stage = cls()
    assert {name: get(stage, name) for name in DEFAULTS[cls]} == DEFAULTS[cls]
    assert stage.uid.startswith(f"{cls.__name__}_")


@pytest.mark.parametrize("name", [*WORDS, *SENTENCES])
def test_the_defaults_of_models_are_spark_nlps(name):
    stage = getattr(annotators, name)()
    long = name in {"E5Embeddings", "BGEEmbeddings", "MPNetEmbeddings"}
    assert (stage.getBatchSize(), stage.getDimension()) == (8, 768)
    assert stage.getMaxSentenceLength() == (512 if long else 128)
    assert stage.getCaseSensitive() is (name in CASED)
    assert stage.getConfigProtoBytes() is stage.getStorageRef() is stage.getEngine() is None


@pytest.mark.parametrize("name", KINDS)
def test_the_facts_of_an_archive_become_the_values(name):
    stage = load_model(name)
    assert (stage.getDimension(), stage.getMaxSentenceLength()) == (16, 128)
    assert stage.getCaseSensitive() is True
    assert stage.getStorageRef().split("_")[-1] == stage.uid.split("_")[-1]
    assert stage.getEngine() in ("torch", "openvino")


def test_setters_return_the_stage_and_getters_the_value():
    stage = load_model()
    assert stage.setBatchSize(4).setMaxSentenceLength(512).setStorageRef("mine").setLazyAnnotator(True) is stage
    assert (stage.getBatchSize(), stage.getMaxSentenceLength(), stage.getStorageRef()) == (4, 512, "mine")
    assert stage.setParams(batchSize=2, outputCol="out") is stage
    assert (stage.getBatchSize(), stage.getOutputCol(), stage.getLazyAnnotator()) == (2, "out", True)
    tokenizer = Tokenizer().addInfixPattern("(b)").addInfixPattern("(a)").addException("New York").addSplitChars("-")
    assert (tokenizer.getInfixPatterns(), tokenizer.getExceptions()) == (["(a)", "(b)"], ["New York"])
    assert (tokenizer.getSplitChars(), tokenizer.addContextChars("%").getContextChars()[-1]) == (["-"], "%")
    assert SentenceEmbeddings().setPoolingStrategy("sum").getPoolingStrategy() == "SUM"
    assert stage.getParamValue("batchSize")() == 2
    assert stage.setParamValue("batchSize")(3).getBatchSize() == 3


def test_stages_have_the_methods_of_pyspark_ml():
    stage = XlmRoBertaEmbeddings().setOutputCol("out")
    assert (stage.isSet("outputCol"), stage.isSet("batchSize"), stage.isDefined("batchSize")) == (True, False, True)
    assert (stage.hasParam("batchSize"), stage.hasParam("nothing")) == (True, False)
    other = stage.copy({stage.batchSize: 1})
    assert (other.getBatchSize(), stage.getBatchSize(), other.uid == stage.uid) == (1, 8, True)
    stage.set(stage.batchSize, 5)
    assert stage.getOrDefault(stage.batchSize) == stage.getOrDefault("batchSize") == 5
    assert "batchSize: " in stage.explainParams()
    stage.clear(stage.batchSize)
    assert stage.getBatchSize() == 8
    assert {param.name for param in stage.extractParamMap()} >= {"outputCol", "batchSize"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: XlmRoBertaEmbeddings().setMaxSentenceLength(513), r"maxSentenceLength=513; expected .* at most 512"),
        (lambda: XlmRoBertaEmbeddings().setMaxSentenceLength(0), "at least 1"),
        (lambda: XlmRoBertaEmbeddings().setBatchSize("8"), "batchSize='8'; expected an int"),
        (lambda: XlmRoBertaEmbeddings().setCaseSensitive(1), "caseSensitive=1; expected True or False"),
        (lambda: XlmRoBertaEmbeddings().setOutputCol(["a"]), "outputCol=.*expected a str"),
        (
            lambda: XlmRoBertaEmbeddings().setInputCols("sentence"),
            "1 columns.*expected 2: a column of type document and",
        ),
        (lambda: SentenceDetector().setInputCols("a", "b"), "2 columns: a, b; expected 1"),
        (lambda: SentenceDetector().setInputCols(["a", 3]), r"inputCols\[1\]=3"),
        (lambda: SentenceEmbeddings().setPoolingStrategy("MAX"), "AVERAGE, SUM"),
        (lambda: DocumentAssembler().setCleanupMode("shrnk"), "Nearest: shrink"),
        (lambda: Tokenizer().setContextChars(["ab"]), "single characters"),
        (lambda: Tokenizer().setPrefixPattern("(a)"), r"begins with \\A"),
        (lambda: Tokenizer("spark"), "compat='spark'; expected one of sparknlp"),
        (lambda: XlmRoBertaEmbeddings().setParams(batchSze=1), "batchSze.*Nearest: batchSize"),
        (lambda: load_model().setDimension(300), "dimension=300.*expected 16"),
    ],
)
def test_values_that_cannot_be_used_are_refused(call, message):
    with pytest.raises(OptionError, match=message):
        call()


def test_case_can_be_ignored_by_a_cased_model_and_not_the_other_way_round():
    cased = load_model().setCaseSensitive(False)
    assert cased._prepare("HELLO") == "hello"
    assert cased.setCaseSensitive(True)._prepare("HELLO") == "HELLO"


def test_sentence_models_add_no_prompt_and_pool_as_their_files_state():
    stage = E5Embeddings.load(ARCHIVES.parent / "xlmroberta_weights").setInputCols("document").setOutputCol("vectors")
    recipe = stage._get_pipeline().models[0].recipe
    assert (recipe.prompt, recipe.pooling) == ("", SentencePooling.MEAN)
    bge = BGEEmbeddings.load(ARCHIVES.parent / "xlmroberta_weights")
    assert bge._get_pipeline().models[0].recipe.pooling is SentencePooling.CLS
    assert bge.setUseCLSToken(False)._get_pipeline().models[0].recipe.pooling is SentencePooling.MEAN


def test_integers_of_numpy_are_integers():
    assert RegexTokenizer().setMinLength(np.int64(3)).getMinLength() == 3
    with pytest.raises(OptionError, match="minLength=True"):
        RegexTokenizer().setMinLength(True)
