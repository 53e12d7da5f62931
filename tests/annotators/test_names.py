"""Spark NLP's public names, of releases 3.4.4 and 5.5.3, exist or are refused by name."""

import json
import subprocess
import sys
from importlib import import_module
from inspect import signature

import numpy as np
import pandas as pd
import pytest

from nlu_lite import annotators
from nlu_lite.annotators import Annotation, ChunkEmbeddings, PipelineModel, functions
from nlu_lite.errors import InputError, UnsupportedCall
from tests.annotators.stages import ARCHIVES, build_stages

NAMES = json.loads((ARCHIVES / "names.json").read_text(encoding="utf-8"))


def test_each_name_exists_or_is_refused_by_name():
    for name in NAMES["classes"]:
        found = getattr(annotators, name)
        assert found.__name__ == name
        assert name in dir(annotators)
        if name not in annotators.__all__:
            assert not hasattr(found, "pretrained")
            for use in (found, lambda one=found: one.pretrained("name", "en"), lambda one=found: one.load("path")):
                with pytest.raises(UnsupportedCall, match=rf"^{name} is a (stage|base class) of Spark NLP.*\. \w+"):
                    use()


@pytest.mark.parametrize("name", NAMES["members"])
def test_each_member_of_the_classes_exists(name):
    found = getattr(annotators, name)
    assert [member for member in NAMES["members"][name] if not hasattr(found, member)] == []


@pytest.mark.parametrize(
    "call", ["DocumentAssembler().setCalculationsCol", "TokenizerModel.pretrained", "Tokenizer().setRules"]
)
def test_members_without_a_meaning_are_refused_by_name(call):
    name, _, member = call.replace("()", "").partition(".")
    with pytest.raises(UnsupportedCall, match=r"of Spark NLP has no meaning in nlu_lite.*\. \w+"):
        eval(call, vars(annotators).copy())("value")
    assert hasattr(getattr(annotators, name), member)


def test_unknown_names_are_attribute_errors_with_the_nearest():
    with pytest.raises(AttributeError, match=r"Tokeniser.*Tokenizer"):
        annotators.Tokeniser  # noqa: B018
    assert not hasattr(annotators, "_private")


def test_the_way_out_of_refused_stages_leads_to_vectors():
    """As their errors say: a function in place of StopWordsCleaner and Normalizer, and annotations of Doc2Chunk's."""
    stages = build_stages()
    frame = PipelineModel(stages[:3]).transform(pd.DataFrame({"text": ["The sun is OUT"]}))

    def clean(cell):
        return [one.copy(one.result.lower()) for one in cell if one.result.lower() not in {"the", "is"}]

    frame["token"] = frame["token"].map(clean)
    frame["chunk"] = [[Annotation("chunk", 4, 6, "sun", {"sentence": "0"})]]
    chunks = ChunkEmbeddings().setInputCols("chunk", "embeddings").setOutputCol("vectors")
    found = PipelineModel([stages[3], chunks]).transform(frame)
    assert [one.result for one in found["embeddings"][0]] == ["sun", "out"]
    assert np.array_equal(found["vectors"][0][0].embeddings, found["embeddings"][0][0].embeddings)
    for name, way in (("StopWordsCleaner", "map_annotations_col"), ("Normalizer", "map"), ("Doc2Chunk", "Annotation")):
        with pytest.raises(UnsupportedCall, match=rf"{name} is a stage .*function of your own.*{way}\("):
            getattr(annotators, name)()


def test_each_function_over_annotations_exists_with_its_arguments():
    assert functions.__all__ == NAMES["functions"]
    column = ["dataframe", "f", "column", "output_column", "annotatyon_type", "output_type"]
    assert list(signature(functions.map_annotations_col).parameters) == column
    assert list(signature(functions.map_annotations).parameters) == ["f", "output_type"]


@pytest.mark.parametrize("name", ["map_annotations_col", "filter_by_annotations_col", "explode_annotations_col"])
def test_functions_over_annotations_refuse_other_frames(name):
    given = {"dataframe": pd.DataFrame({"token": [[]]}), "f": len, "column": "token", "output_column": "o"}
    given["annotatyon_type"] = "token"
    call = getattr(functions, name)
    with pytest.raises(InputError, match=r"type DataFrame; expected a DataFrame of Spark\. .*map\(function\)"):
        call(**{key: value for key, value in given.items() if key in signature(call).parameters})


def test_modules_are_attributes_of_the_package():
    code = "import nlu_lite.annotators as sparknlp; print([getattr(sparknlp, name).__name__ for name in {}])"
    done = subprocess.run([sys.executable, "-c", code.format(NAMES["modules"])], capture_output=True, check=True)
    assert done.stdout.decode().strip() == str([f"nlu_lite.annotators.{name}" for name in NAMES["modules"]])


@pytest.mark.parametrize("module", ["base", "annotator", "common", "pretrained", "training"])
def test_the_modules_of_spark_nlp_have_the_names(module):
    found = import_module(f"nlu_lite.annotators.{module}")
    assert found.DocumentAssembler is annotators.DocumentAssembler
    assert found.NerDLModel is annotators.NerDLModel
    scope = {}
    exec(f"from nlu_lite.annotators.{module} import *", scope)
    assert scope["Tokenizer"] is annotators.Tokenizer
    with pytest.raises(UnsupportedCall, match="NerDLModel"):
        scope["NerDLModel"].pretrained()
