"""Spark NLP's public names, of releases 3.4.4 and 5.5.3, exist or are refused by name."""

import json
from importlib import import_module

import pytest

from nlu_lite import annotators
from nlu_lite.errors import UnsupportedCall
from tests.annotators.stages import ARCHIVES

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
