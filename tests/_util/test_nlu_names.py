"""NLU's names: each is an error that states the call to use instead, on the module, on pipelines and on `frame.nlu`."""

import copy
import inspect
import pickle
import re

import pandas as pd
import pytest
from tiny import MODEL

import nlu_lite
from nlu_lite._util.nlu_names import InNlu, Place, load_nlu_names
from nlu_lite.errors import NluLiteError, OptionError, UnknownOption, UnsupportedCall
from nlu_lite.options import ModelChanges

MODULE = [
    "auth",
    "autocomplete_pipeline",
    "disable_verbose",
    "discoverer",
    "Discoverer",
    "enable_streamlit_caching",
    "enable_verbose",
    "get_components",
    "load_nlu_pipe_from_hdd",
    "print_all_languages",
    "print_all_model_kinds_for_action",
    "print_all_model_kinds_for_action_and_lang",
    "print_all_nlu_components_for_lang",
    "print_component_types",
    "print_components",
    "print_trainable_components",
    "Spellbook",
    "to_nlu_pipe",
    "to_pretty_df",
    "version",
    "viz",
    "NLUPipeline",
    "is_nlu_uid",
    "log_verbose_error",
]
PIPELINE = [
    "add",
    "fit",
    "get_sample_spark_dataframe",
    "verify_all_labels_exist",
    "get_extraction_configs",
    "predict_embeds",
    "print_info",
    "unpack_and_apply_extractors",
    "pythonify_spark_dataframe",
    "convert_embeddings_to_np",
    "finalize_return_datatype",
    "drop_irrelevant_cols",
    "print_exception_err",
    "viz",
    "viz_streamlit",
    "viz_streamlit_token",
    "viz_streamlit_classes",
    "viz_streamlit_ner",
    "viz_streamlit_dep_tree",
    "viz_streamlit_word_similarity",
    "viz_streamlit_word_embed_manifold",
    "viz_streamlit_sentence_embed_manifold",
    "viz_streamlit_entity_embed_manifold",
    "Tracer",
    "getPossibleEntities",
    "printPipelineSchema",
    "getPipelineStages",
    "keys",
    "values",
    "items",
    "get",
    "update",
    "pop",
    "vanilla_transformer_pipe",
    "nlu_ref",
    "lang",
    "is_fitted",
    "prediction_output_level",
    "raw_text_column",
    "spark",
]
ARGUMENTS = {
    Place.LOAD: ["request", "verbose", "gpu", "streamlit_caching", "apple_silicon", "get_tracer"],
    Place.PREDICT: [
        "multithread",
        "get_embeddings",
        "keep_stranger_features",
        "drop_irrelevant_cols",
        "return_spark_df",
        "output_path",
        "parser_output",
        "parser_config",
        "partition",
    ],
    Place.SAVE: ["component", "overwrite"],
}


@pytest.fixture(scope="module")
def pipeline():
    return nlu_lite.load(f"path:{MODEL}")


@pytest.fixture(scope="module")
def accessor():
    import nlu_lite.pandas

    return nlu_lite.pandas.NluAccessor(pd.DataFrame({"text": ["One word."]}))


@pytest.mark.parametrize("name", dict.fromkeys(MODULE + PIPELINE))
def test_a_name_of_nlu_is_an_error_with_the_new_call(name, pipeline, accessor):
    for owner in (nlu_lite, pipeline, accessor):
        assert not hasattr(owner, name)
        with pytest.raises(UnsupportedCall) as caught:
            getattr(owner, name)
        assert isinstance(caught.value, NluLiteError)
        assert isinstance(caught.value, AttributeError)
        assert name in caught.value.got
        assert caught.value.remedy


@pytest.mark.parametrize("name", ["_ipython_display_", "__array__", "_fit", "predcit", "loads"])
def test_other_names_are_plain_attribute_errors(name, pipeline, accessor):
    for owner in (nlu_lite, pipeline, accessor):
        with pytest.raises(AttributeError) as caught:
            getattr(owner, name)
        assert not isinstance(caught.value, NluLiteError)


def test_names_of_this_library_are_not_nlus():
    attributes = [one.name for one in load_nlu_names().values() if one.place in (Place.MODULE, Place.PIPELINE)]
    assert not set(attributes) & set(nlu_lite.__all__)
    assert not set(attributes) & set(dir(nlu_lite.Pipeline))


def test_each_name_has_a_sentence_without_its_period():
    for one in load_nlu_names().values():
        assert one.instead[0].isupper()
        assert not one.instead.endswith((".", " "))
    assert {one.place for one in load_nlu_names().values()} == set(Place)
    assert {one.in_nlu for one in load_nlu_names().values()} == set(InNlu)


def test_the_calls_to_use_instead_exist(pipeline):
    import nlu_lite.pandas

    sources = {"nlu_lite": nlu_lite, "Pipeline": pipeline, "pipeline": pipeline}
    sources["frame.nlu"] = nlu_lite.pandas.NluAccessor
    modules = ("nlu", "spark", "pandas")  # imported on request
    for one in load_nlu_names().values():
        named = re.findall(r"\b(nlu_lite|Pipeline|pipeline|frame\.nlu)\.([a-zA-Z_]+)", one.instead)
        for owner, name in named:
            assert name in modules or name in dir(sources[owner]) or (owner, name) == ("pipeline", "json"), one
        for options in re.findall(r"Pipeline\.with_\((.*)\)", one.instead):
            assert set(re.findall(r"([a-z_]+)=", options)) <= set(ModelChanges.__annotations__), one
        for options in re.findall(r"(?<!\w)load\((\w+)=", one.instead):
            assert options in inspect.signature(nlu_lite.load).parameters, one


@pytest.mark.parametrize(("place", "name"), [(place, name) for place, names in ARGUMENTS.items() for name in names])
def test_an_argument_of_nlu_is_an_error_with_the_new_call(place, name, pipeline, accessor, tmp_path):
    calls = {
        Place.LOAD: [lambda **options: nlu_lite.load(f"path:{MODEL}", **options)],
        Place.PREDICT: [
            lambda **options: pipeline.predict("One.", **options),
            lambda **options: accessor.predict(pipeline, **options),
        ],
        Place.SAVE: [lambda **options: pipeline.save(tmp_path / "saved", **options)],
    }
    for call in calls[place]:
        with pytest.raises(OptionError) as caught:
            call(**{name: True})
        assert caught.value.got == f"{place.value}() has no argument {name}, which is NLU's"
        assert caught.value.remedy
    assert not (tmp_path / "saved").exists()


@pytest.mark.parametrize("level", ["", "chunk", "relation"])
def test_a_level_of_nlu_is_an_error_with_the_new_call(level, pipeline, accessor):
    calls = [
        lambda: pipeline.predict("One.", output_level=level),
        lambda: pipeline.predict("One.", level),
        lambda: accessor.predict(pipeline, output_level=level),
    ]
    for call in calls:
        with pytest.raises(OptionError, match=f'no argument output_level="{level}"'):
            call()


def test_an_option_without_its_name_is_an_error_that_names_it(pipeline, accessor, tmp_path):
    with pytest.raises(OptionError, match="Pass output_level='document'"):
        pipeline.predict("One.", "document")
    with pytest.raises(OptionError, match="Pass output_level='document'"):
        accessor.predict(pipeline, "document")
    with pytest.raises(OptionError, match="has no argument component"):
        pipeline.save(tmp_path / "saved", "entire_pipeline", True)


def test_an_argument_that_nobody_has_is_a_type_error():
    with pytest.raises(TypeError, match="unexpected keyword argument 'gpus'"):
        nlu_lite.load(f"path:{MODEL}", gpus=True)


def test_a_mistyped_argument_is_an_error_with_the_nearest_names(pipeline, accessor, tmp_path):
    for call in (
        lambda: nlu_lite.load(f"path:{MODEL}", poling="mean"),
        lambda: pipeline.predict("One.", output_levl="token"),
        lambda: pipeline.with_(poling="mean"),
        lambda: accessor.predict(pipeline, output_levl="token"),
        lambda: list(pipeline.stream(["One."], output_levl="token")),
        lambda: pipeline.save(tmp_path / "saved", weight=True),
    ):
        with pytest.raises(TypeError, match=r"Nearest: (pooling|output_level|weights)") as caught:
            call()
        assert isinstance(caught.value, UnknownOption)


def test_a_component_by_its_name_is_an_error_and_pipelines_are_no_sequences(pipeline):
    with pytest.raises(UnsupportedCall, match=r"pipeline\.with_\(max_length=128\)"):
        pipeline["bert_embeddings@small_bert_L2_128"].setMaxSentenceLength(128)
    with pytest.raises(TypeError):
        list(pipeline)
    with pytest.raises(TypeError):
        "bert" in pipeline  # noqa: B015


def test_pipelines_are_copied_and_pickled_as_before(pipeline):
    assert copy.copy(pipeline) is copy.deepcopy(pipeline) is pipeline
    assert pickle.loads(pickle.dumps(pipeline)).components == pipeline.components
    error = pickle.loads(pickle.dumps(UnsupportedCall("a call", remedy="Make another")))
    assert (error.got, error.remedy) == ("a call", "Make another")
