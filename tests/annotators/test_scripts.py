"""Four public scripts and notebooks that use Spark NLP run with changed imports; two more are in `tests/engines`.

Their calls are taken over; the texts are our own, and a bucket on loopback serves a tiny archive for each model.
"""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sparknlp_golden import archive

from nlu_lite.annotators.annotator import (
    BertEmbeddings,
    BertSentenceEmbeddings,
    SentenceDetector,
    SentenceEmbeddings,
    Tokenizer,
    XlmRoBertaEmbeddings,
)
from nlu_lite.annotators.base import DocumentAssembler, EmbeddingsFinisher, LightPipeline, Pipeline, PipelineModel
from nlu_lite.errors import ModelError
from tests.store.bucket_server import index_line, serving

MODELS = {
    ("our_arabic_xlm_r_base", "xx"): "xlmroberta",
    ("our_twitter_xlm_roberta", "xx"): "xlmroberta",
    ("our_small_bert", "en"): "bert",
    ("our_sent_bert", "de"): "bert_sentence",
}


@pytest.fixture
def bucket(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NLU_LITE_CACHE", str(tmp_path / "cache"))
    for name in ("NLU_LITE_OFFLINE", "HF_HUB_OFFLINE", "NLU_LITE_ARCHIVES"):
        monkeypatch.delenv(name, raising=False)
    time = {"time": "2023-11-14T22:13:20.000Z"}
    lines = [index_line(name, language, (3, 4, 4), (3, 0), **time) for name, language in MODELS]
    files = {
        f"{name}_{lang}_3.4.4_3.0_1700000000000.zip": archive(of).read_bytes() for (name, lang), of in MODELS.items()
    }
    with serving({**files, "metadata.json": "\n".join(lines).encode()}) as bucket:
        monkeypatch.setenv("NLU_LITE_BUCKET", bucket.base)
        yield


def test_the_example_on_the_card_of_an_arabic_model(bucket):
    assembler = DocumentAssembler().setInputCol("text").setOutputCol("document")
    tokenizer = Tokenizer().setInputCols("document").setOutputCol("token")
    embeddings = (
        XlmRoBertaEmbeddings.pretrained("our_arabic_xlm_r_base", "xx")
        .setInputCols(["document", "token"])
        .setOutputCol("embeddings")
    )
    pipeline = Pipeline().setStages([assembler, tokenizer, embeddings])
    data = pd.DataFrame([["مرحبا بكم"], ["I like it"]], columns=["text"])
    model = pipeline.fit(data)
    found = model.transform(data)
    assert [len(cell) for cell in found["embeddings"]] == [len(cell) for cell in found["token"]] == [3, 3]


def test_a_script_that_collects_sentence_vectors_of_tweets(bucket):
    df = pa.table({"text_with_date": ["Monday: it snows. #winter", "No snow today!"], "hashtags": ["winter", ""]})
    document_assembler = DocumentAssembler().setInputCol("text_with_date").setOutputCol("document")
    sentence_detector = SentenceDetector().setInputCols(["document"]).setOutputCol("sentence")
    tokenizer = Tokenizer().setInputCols("sentence").setOutputCol("token")
    embeddings = (
        XlmRoBertaEmbeddings.pretrained("our_twitter_xlm_roberta", "xx")
        .setInputCols("document", "token")
        .setOutputCol("word_embeddings")
    )
    average = (
        SentenceEmbeddings()
        .setInputCols(["document", "word_embeddings"])
        .setOutputCol("sentence_embeddings")
        .setPoolingStrategy("AVERAGE")
    )
    stages = [document_assembler, sentence_detector, tokenizer, embeddings, average]
    pipeline_model = Pipeline(stages=stages).fit(df)
    result = pipeline_model.transform(df)
    vectors = [row[0]["embeddings"] for row in result.column("sentence_embeddings").to_pylist()]
    words = [[one["embeddings"] for one in row] for row in result.column("word_embeddings").to_pylist()]
    np.testing.assert_allclose(vectors, [np.mean(row, axis=0) for row in words], atol=1e-6)


def test_a_script_that_embeds_news(bucket):
    rows = [(1, "New bridge", "It opens."), (2, "Old mill", "Shut.")]
    filtered_df = pd.DataFrame(rows, columns=["news_id", "title", "abstract"])
    filtered_df["clean_text"] = (filtered_df["title"] + " " + filtered_df["abstract"]).str.lower()
    document_assembler = DocumentAssembler().setInputCol("clean_text").setOutputCol("document")
    tokenizer = Tokenizer().setInputCols(["document"]).setOutputCol("token")
    bert_embeddings = (
        BertEmbeddings.pretrained("our_small_bert", "en")
        .setInputCols(["document", "token"])
        .setOutputCol("embeddings")
        .setCaseSensitive(False)
    )
    sentence_embeddings = (
        SentenceEmbeddings()
        .setInputCols(["document", "embeddings"])
        .setOutputCol("sentence_embeddings")
        .setPoolingStrategy("AVERAGE")
    )
    embeddings_finisher = (
        EmbeddingsFinisher().setInputCols(["sentence_embeddings"]).setOutputCols(["embedding"]).setOutputAsVector(False)
    )
    nlp_pipeline = Pipeline(
        stages=[
            document_assembler,
            tokenizer,
            bert_embeddings,
            sentence_embeddings,
            embeddings_finisher,
        ]
    )
    nlp_model = nlp_pipeline.fit(filtered_df)
    for start in range(0, len(filtered_df), 1):
        batch_df = filtered_df.iloc[start : start + 1]
        processed = nlp_model.transform(batch_df)[["news_id", "embedding"]]
        assert processed["news_id"].tolist() == [start + 1]
        assert processed["embedding"].iloc[0][0].shape == (16,)


def test_a_notebook_that_encodes_entities_with_a_light_pipeline(bucket):
    assembler = DocumentAssembler().setInputCol("text").setOutputCol("ner_chunk")
    sbert_embedder = (
        BertSentenceEmbeddings.pretrained("our_sent_bert", "de")
        .setInputCols(["ner_chunk"])
        .setOutputCol("sbert_embeddings")
    )
    model = PipelineModel(stages=[assembler, sbert_embedder])
    light = LightPipeline(model, parse_embeddings=True)
    result = light.fullAnnotate(["Bronchitis", "Husten"])
    assert [one["ner_chunk"][0].result for one in result] == ["Bronchitis", "Husten"]
    assert [len(one["sbert_embeddings"][0].embeddings) for one in result] == [16, 16]
    assert LightPipeline(model).annotate("Husten") == {"ner_chunk": ["Husten"], "sbert_embeddings": ["Husten"]}


def test_a_model_of_another_class_is_refused_with_its_class(bucket):
    with pytest.raises(ModelError, match=r"annotator BertSentenceEmbeddings.*load them as a model of BertSentence"):
        BertEmbeddings.pretrained("our_sent_bert", "de")
