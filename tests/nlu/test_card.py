"""The card's call of NLU runs as written, against a bucket on loopback with an archive of its name."""

from zipfile import ZIP_STORED

import numpy as np
import pytest
from sparknlp_writer import Model, write_archive

import nlu_lite
import nlu_lite.nlu as nlu
from tests.store.bucket_server import serving

FILE = "xlm_roberta_xtreme_base_xx_3.1.3_2.4_1626712227969.zip"
WIDE = Model(hidden=768, layers=1, heads=12, inner=32, pieces=120, positions=64, compression=ZIP_STORED)


@pytest.fixture
def bucket(tmp_path, monkeypatch):
    archive = write_archive(tmp_path / FILE, WIDE).read_bytes()
    monkeypatch.setenv("NLU_LITE_CACHE", str(tmp_path / "cache"))
    for name in ("NLU_LITE_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    with serving({FILE: archive}) as bucket:
        monkeypatch.setenv("NLU_LITE_BUCKET", bucket.base)
        yield bucket


def test_the_call_of_the_card_runs_as_written(bucket):
    frame = nlu.load("xx.embed.xlm_roberta_xtreme_base").predict("""Put your text here.""")
    assert frame.columns.tolist() == ["token", "word_embedding_xlm_roberta_xtreme_base"]
    assert frame["token"].tolist() == ["Put", "your", "text", "here", "."]
    ours = nlu_lite.load("xx.embed.xlm_roberta_xtreme_base").predict("""Put your text here.""")
    np.testing.assert_array_equal(nlu_lite.matrix(frame), nlu_lite.matrix(ours))
    assert len(bucket.asked(FILE)) == 1
