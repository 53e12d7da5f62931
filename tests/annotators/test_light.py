"""`LightPipeline` runs stages over strings."""

import numpy as np
import pandas as pd
import pytest

from nlu_lite.annotators import (
    Annotation,
    DocumentAssembler,
    Finisher,
    LightPipeline,
    Pipeline,
    PipelineModel,
    Tokenizer,
)
from nlu_lite.errors import InputError, OptionError, UnsupportedCall
from tests.annotators.stages import TEXT, build_stages, build_text_stages

FRAME = pd.DataFrame({"text": [TEXT]})
NAMES = ["document", "sentence", "token", "embeddings", "average"]


@pytest.fixture(scope="module")
def model():
    return Pipeline(stages=build_stages()).fit(FRAME)


def test_a_text_gives_a_dict_and_a_list_gives_dicts(model):
    light = LightPipeline(model)
    found = light.annotate(TEXT)
    assert list(found) == NAMES
    assert found["sentence"] == found["average"] == ["Put your text here.", "It has two sentences!"]
    assert found["token"] == found["embeddings"]
    assert light.annotate([TEXT, "Hi"]) == [found, light.annotate("Hi")]
    assert light.annotate([]) == []
    assert light.annotate("") == {"document": [""], **{name: [] for name in NAMES[1:]}}


def test_full_annotations_are_a_list_of_those_of_transform(model):
    expected = model.transform(FRAME)
    (found,) = LightPipeline(model, parse_embeddings=True).fullAnnotate(TEXT)
    for name in NAMES:
        assert found[name] == expected[name][0]
        assert all(isinstance(one.embeddings, list) for one in found[name])
    (bare,) = LightPipeline(model).fullAnnotate([TEXT])
    assert bare["embeddings"][0] == Annotation(**{**expected["embeddings"][0][0], "embeddings": []})


def test_parsed_embeddings_are_numbers(model):
    found = LightPipeline(model, True).annotate("Hi you")
    assert found["token"] == ["Hi", "you"]
    numbers = np.array(found["embeddings"][0].split(), np.float32)
    np.testing.assert_array_equal(
        numbers, model.transform(pd.DataFrame({"text": ["Hi you"]}))["embeddings"][0][0].embeddings
    )


def test_finishers_choose_columns_and_lazy_stages_are_left_out():
    stages = build_text_stages()
    light = LightPipeline(PipelineModel([*stages, Finisher().setInputCols("token")]))
    assert light.annotate("Hi you") == {"token": ["Hi", "you"]}
    lazy = Tokenizer().setInputCols("sentence").setOutputCol("other").setLazyAnnotator(True)
    assert "other" not in LightPipeline(PipelineModel([*stages, lazy])).annotate("Hi you")


def test_exploded_sentences_stay_together():
    stages = build_text_stages()
    stages[1].setExplodeSentences(True)
    found = LightPipeline(PipelineModel(stages)).annotate("One. Two.")
    assert found == {"document": ["One. Two."], "sentence": ["One.", "Two."], "token": ["One", ".", "Two", "."]}


def test_pipelines_within_pipelines_and_frames(model):
    inner = PipelineModel([PipelineModel(build_text_stages())])
    assert LightPipeline(inner).annotate("Hi")["token"] == ["Hi"]
    assert LightPipeline(model).transform(FRAME).columns.tolist() == ["text", *NAMES]
    assert LightPipeline(model).setIgnoreUnsupported(True).getIgnoreUnsupported() is True


@pytest.mark.parametrize("target", [3, ["Hi", 3], {"text": "Hi"}, ("Hi",)])
def test_other_targets_are_refused(target):
    light = LightPipeline(PipelineModel([DocumentAssembler().setInputCol("text")]))
    for call in (light.annotate, light.fullAnnotate):
        with pytest.raises(InputError, match="a str or a list of str"):
            call(target)
    with pytest.raises(InputError, match="optional_target"):
        light.annotate("Hi", "question")
    with pytest.raises(UnsupportedCall, match="fullAnnotateImage"):
        light.fullAnnotateImage("image.png")


@pytest.mark.parametrize("pipeline", [None, "model", Pipeline(stages=[]), DocumentAssembler()])
def test_a_light_pipeline_of_something_else_is_refused(pipeline):
    with pytest.raises(OptionError, match=rf"type {type(pipeline).__name__}; expected a PipelineModel.*fit"):
        LightPipeline(pipeline)
