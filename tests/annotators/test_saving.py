"""Stages and pipelines are saved and loaded, also if Spark NLP saved them."""

import json
import shutil
import zipfile

import pandas as pd
import pytest

from nlu_lite.annotators import (
    BertEmbeddings,
    DocumentAssembler,
    Pipeline,
    PipelineModel,
    SentenceDetector,
    Tokenizer,
    TokenizerModel,
    XlmRoBertaEmbeddings,
)
from nlu_lite.annotators.loading import DEFAULT_RULE
from nlu_lite.errors import FormatError, OptionError, SourceError, UnsupportedReference
from tests.annotators.stages import ARCHIVES, KINDS, TEXT, build_stages, load_model

FRAME = pd.DataFrame({"text": [TEXT]})


def same(one, other):
    return all(one[name].tolist() == other[name].tolist() for name in one.columns)


def unpack(name, folder):
    with zipfile.ZipFile(ARCHIVES / f"{name}.zip") as archive:
        archive.extractall(folder)
    return folder


@pytest.mark.parametrize("name", ["xlmroberta", "bert", "bert_sentence"])
def test_a_stage_with_a_model_is_saved_with_its_weights_and_parameters(name, tmp_path):
    inputs = ["document"] if "sentence" in name else ["document", "token"]
    stage = load_model(name).setInputCols(inputs).setOutputCol("vectors").setMaxSentenceLength(64)
    stage.write().overwrite().save(str(tmp_path / "stage"))
    loaded = type(stage).load(str(tmp_path / "stage"))
    assert (loaded.uid, loaded.getMaxSentenceLength(), loaded.getOutputCol()) == (stage.uid, 64, "vectors")
    assert loaded.getStorageRef() == stage.getStorageRef()
    first = [DocumentAssembler().setInputCol("text"), Tokenizer()]
    assert same(*(PipelineModel([*first, one]).transform(FRAME) for one in (stage, loaded)))
    again = type(stage).read().session(None).load(f"file://{tmp_path}/stage")
    assert again.uid == stage.uid


def test_a_pipeline_is_saved_with_its_stages(tmp_path):
    model = Pipeline(stages=build_stages()).fit(FRAME)
    path = str(tmp_path / "model")
    model.save(path)
    assert sorted(entry.name[0] for entry in (tmp_path / "model" / "stages").iterdir()) == list("01234")
    loaded = PipelineModel.load(path)
    assert [stage.uid for stage in loaded.stages] == [stage.uid for stage in model.stages]
    assert same(model.transform(FRAME), loaded.transform(FRAME))
    with pytest.raises(SourceError, match=r"something at .*overwrite"):
        model.save(path)
    model.write().overwrite().save(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["model"]
    pipeline = Pipeline(stages=[DocumentAssembler().setInputCol("text")])
    pipeline.write().save(str(tmp_path / "pipeline"))
    assert Pipeline.load(str(tmp_path / "pipeline")).fit(FRAME).transform(FRAME)["document"][0][0].result == TEXT


def test_a_pipeline_and_its_model_are_not_loaded_as_one_another(tmp_path):
    inner = Pipeline(stages=[DocumentAssembler().setInputCol("text")])
    pipeline = Pipeline(stages=[inner, Tokenizer()])
    for saved, other in ((pipeline, PipelineModel), (pipeline.fit(FRAME), Pipeline)):
        path, name = str(tmp_path / type(saved).__name__), type(saved).__name__
        saved.save(path)
        loaded = type(saved).load(path)
        assert type(loaded) is type(saved)
        with pytest.raises(FormatError, match=rf"holds a {name}; expected .* {other.__name__}\. Call {name}\.load"):
            other.load(path)
    assert [type(stage) for stage in Pipeline.load(str(tmp_path / "Pipeline")).getStages()] == [Pipeline, Tokenizer]


def test_archives_are_loaded_as_folders_zips_and_folders_of_transformers(tmp_path):
    folder = unpack("xlmroberta", tmp_path / "archive")
    stages = [XlmRoBertaEmbeddings.load(str(path)) for path in (folder, ARCHIVES / "xlmroberta.zip")]
    assert [stage.getInputCols() for stage in stages] == [["sentence", "token"]] * 2
    assert XlmRoBertaEmbeddings.load(ARCHIVES.parent / "xlmroberta_weights").getDimension() == 16
    for name, kind in KINDS.items():
        if name != "xlmroberta":
            with pytest.raises(FormatError, match=rf"class {kind}.*{kind}\.load"):
                XlmRoBertaEmbeddings.load(ARCHIVES / f"{name}.zip")


def write_stage(folder, name, params, defaults=None, rules=None):
    """Write the metadata of a stage as Spark NLP does."""
    (folder / "metadata").mkdir(parents=True)
    uid = f"{name.rpartition('.')[2]}_1"
    metadata = {"class": name, "timestamp": 1, "sparkVersion": "3.3.4", "uid": uid, "paramMap": params}
    text = json.dumps({**metadata, "defaultParamMap": defaults or {}})
    (folder / "metadata" / "part-00000").write_text(text + "\n")
    if rules is not None:
        (folder / "fields" / "rules").mkdir(parents=True)
        (folder / "fields" / "rules" / "part-00000").write_bytes(b"SEQ\x06..." + rules.encode())
    return uid


def wire(source, target):
    return {"inputCols": [source], "outputCol": target}


def write_pipeline(folder, rules=DEFAULT_RULE, more=()):
    nlp = "com.johnsnowlabs.nlp"
    stages = [
        (f"{nlp}.DocumentAssembler", {"inputCol": "text", "outputCol": "document", "cleanupMode": "shrink"}, None),
        (
            f"{nlp}.annotators.sbd.pragmatic.SentenceDetector",
            {"inputCols": ["document"], "outputCol": "sentence"},
            None,
        ),
        (
            f"{nlp}.annotators.TokenizerModel",
            {"inputCols": ["sentence"], "outputCol": "token", "targetPattern": "\\S+"},
            rules,
        ),
        *((name, {}, None) for name in more),
    ]
    uids = [name.rpartition(".")[2] + "_1" for name, _, _ in stages]
    archive = json.loads((unpack("xlmroberta", folder.parent / "unpacked") / "metadata" / "part-00000").read_text())
    uids.append(archive["uid"])
    write_stage(folder, "org.apache.spark.ml.PipelineModel", {"stageUids": uids})
    for number, (name, params, fields) in enumerate(stages):
        defaults = {"lazyAnnotator": False, "minLength": 1, "somethingOfTheNextRelease": 3}
        write_stage(folder / "stages" / f"{number}_{uids[number]}", name, params, defaults, fields)
    shutil.move(folder.parent / "unpacked", folder / "stages" / f"{len(stages)}_{archive['uid']}")
    return folder


def test_a_pipeline_that_spark_nlp_saved_runs(tmp_path):
    model = PipelineModel.load(str(write_pipeline(tmp_path / "model")))
    assert [type(stage) for stage in model.stages] == [
        DocumentAssembler,
        SentenceDetector,
        TokenizerModel,
        XlmRoBertaEmbeddings,
    ]
    assert model.stages[0].getCleanupMode() == "shrink"
    assert model.stages[1].getMinLength() == 1  # its default when it was saved
    frame = pd.DataFrame({"text": [f"  {TEXT}"]})
    expected = PipelineModel(build_stages()).transform(FRAME)
    assert model.transform(frame)["embeddings"][0] == expected["embeddings"][0]


def test_what_cannot_be_read_is_refused_by_name(tmp_path):
    with pytest.raises(UnsupportedReference, match=r"TokenizerModel with patterns.*setContextChars"):
        PipelineModel.load(str(write_pipeline(tmp_path / "a" / "rules", rules=r"\A([x]*)")))
    ner = "com.johnsnowlabs.nlp.annotators.ner.dl.NerDLModel"
    with pytest.raises(UnsupportedReference, match=r"NerDLModel is a stage of Spark NLP.*\. Run this stage"):
        PipelineModel.load(str(write_pipeline(tmp_path / "b" / "ner", more=[ner])))
    write_stage(tmp_path / "unknown", "com.johnsnowlabs.nlp.DocumentAssembler", {"inputCol": "t", "newParam": 1})
    with pytest.raises(UnsupportedReference, match=r"newParam.*DocumentAssembler"):
        DocumentAssembler.load(str(tmp_path / "unknown"))
    with pytest.raises(FormatError, match=r"DocumentAssembler; expected a pipeline.*DocumentAssembler\.load"):
        PipelineModel.load(str(tmp_path / "unknown"))
    write_stage(tmp_path / "other", "org.example.Stage", {})
    with pytest.raises(UnsupportedReference, match=r"'Stage', which nlu_lite does not know"):
        DocumentAssembler.load(str(tmp_path / "other"))
    with pytest.raises(SourceError, match="there is nothing at"):
        BertEmbeddings.load(str(tmp_path / "missing"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(FormatError, match="no metadata of a stage"):
        DocumentAssembler.load(str(tmp_path / "empty"))
    for path in ("hdfs://host/model", "s3://bucket/model", "dbfs:/model"):
        with pytest.raises(OptionError, match=r"on the file system.*local folder"):
            DocumentAssembler().save(path)
