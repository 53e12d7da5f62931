"""The annotator call of the model's card runs as written, against a bucket on loopback with an archive of its name."""

from pathlib import Path
from zipfile import ZIP_STORED

import numpy as np
import pandas as pd
import pytest
from sparknlp_golden import archive
from sparknlp_writer import Model, write_archive

import nlu_lite
from nlu_lite.annotators import BertEmbeddings, E5Embeddings, PipelineModel, XlmRoBertaEmbeddings
from nlu_lite.errors import OptionError, SourceError, UnknownReference, UnsupportedCall, UnsupportedReference
from tests.annotators.stages import TEXT, build_text_stages
from tests.store.bucket_server import index_line, serving

FILE = "xlm_roberta_xtreme_base_xx_3.1.3_2.4_1626712227969.zip"
OTHER = "own_model_de_3.4.4_3.0_1700000000000.zip"
WIDE = Model(hidden=768, layers=1, heads=12, inner=32, pieces=120, positions=64, compression=ZIP_STORED)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    wide = write_archive(tmp_path_factory.mktemp("archive") / FILE, WIDE).read_bytes()
    index = index_line("own_model", "de", (3, 4, 4), (3, 0), time="2023-11-14T22:13:20.000Z")
    return {FILE: wide, OTHER: archive("bert").read_bytes(), "metadata.json": index.encode()}


@pytest.fixture
def bucket(files, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NLU_LITE_CACHE", str(tmp_path / "cache"))
    for name in ("NLU_LITE_OFFLINE", "HF_HUB_OFFLINE", "NLU_LITE_ARCHIVES"):
        monkeypatch.delenv(name, raising=False)
    with serving(files) as bucket:
        monkeypatch.setenv("NLU_LITE_BUCKET", bucket.base)
        yield bucket


def test_the_code_of_the_card_runs_as_written(bucket):
    embeddings = XlmRoBertaEmbeddings.pretrained("xlm_roberta_xtreme_base", "xx").setInputCols("sentence", "token").setOutputCol("embeddings")  # fmt: skip  # noqa: E501
    assert (embeddings.getDimension(), embeddings.getCaseSensitive()) == (768, True)
    assert embeddings.getStorageRef() == "xlm_roberta_xtreme_base"
    frame = PipelineModel([*build_text_stages(), embeddings]).transform(pd.DataFrame({"text": [TEXT]}))
    found = np.stack([one.embeddings for one in frame["embeddings"][0]])
    one_liner = nlu_lite.load("xx.embed.xlm_roberta_xtreme_base").predict(TEXT)
    assert [one.result for one in frame["embeddings"][0]] == one_liner["token"].tolist()
    np.testing.assert_allclose(found, nlu_lite.matrix(one_liner), atol=5e-6)
    assert len(bucket.asked(FILE)) == 1


def test_the_example_of_the_documentation_runs(bucket):
    page = (Path(__file__).parents[2] / "docs" / "annotators.md").read_text(encoding="utf-8")
    example = page.partition("```python\n")[2].partition("```")[0]
    scope = {}
    exec(example, scope)
    assert scope["words"] == ["Put", "your", "text", "here", "."]
    assert [vector.shape for vector in scope["vectors"]] == [(768,)] * 5


def test_a_model_that_only_the_bucket_knows_is_found_by_its_index(bucket):
    embeddings = BertEmbeddings.pretrained("own_model", "de")
    assert embeddings.getDimension() == 16
    assert len(bucket.asked(OTHER)) == 1
    with pytest.raises((SourceError, UnknownReference), match="no_such_model"):
        BertEmbeddings.pretrained("no_such_model", "de")


def test_models_of_another_class_or_language_are_refused_with_the_call_to_use():
    with pytest.raises(UnsupportedReference, match=r"bert_base_cased.*BertEmbeddings\.pretrained"):
        XlmRoBertaEmbeddings.pretrained("bert_base_cased", "en")
    with pytest.raises(UnknownReference, match=r"xlm_roberta_base.*lang='xx'"):
        XlmRoBertaEmbeddings.pretrained("xlm_roberta_base", "en")
    with pytest.raises(UnknownReference, match=r"e5_smal\b.*Nearest: e5_small"):
        E5Embeddings.pretrained("e5_smal", "en")
    with pytest.raises(OptionError, match=r"remote_loc.*NLU_LITE_BUCKET"):
        XlmRoBertaEmbeddings.pretrained("xlm_roberta_base", "xx", "s3://bucket")
    with pytest.raises(UnsupportedCall, match=r"loadSavedModel.*XlmRoBertaEmbeddings\.load"):
        XlmRoBertaEmbeddings.loadSavedModel("export", None)
