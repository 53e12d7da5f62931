"""The calls of public notebooks of NLU (JohnSnowLabs/nlu, examples/), in their order, with other texts and models.

Only the import differs. Where a notebook asks for a task that this library does not have, the error states the request
to use instead, and the notebook continues with it.
"""

import numpy as np
import pandas as pd
import pytest
from references import register_tiny

import nlu_lite.nlu as nlu
from nlu_lite.errors import UnsupportedReference

COMMENTS = pd.DataFrame(
    {
        "comment": ["The bus was late again.", "Lovely, more rain!", None, "We read it twice. It is short."],
        "label": [1, 1, 0, 0],
        "author": list("abcd"),
    }
)
QUESTIONS = pd.DataFrame(
    {
        "Id": [11, 12, 13, 14],
        "Title": ["How do I sort a list?", "How do I sort a dict?", "Why is my loop slow?", "What is a monad?"],
    }
)
REFERENCES = (
    "bert",
    "electra",
    "albert",
    "embed_sentence.bert",
    "embed_sentence.electra",
    "en.embed_sentence.electra",
    "en.embed_sentence.e5_small",
    "en.embed_sentence.e5_base",
)


@pytest.fixture(scope="module", autouse=True)
def models(tmp_path_factory):
    with register_tiny(tmp_path_factory.mktemp("references"), *REFERENCES):
        yield


def reduce(vectors):
    """Reduce the number of dimensions to two, in place of the notebooks' t-SNE."""
    centred = vectors - vectors.mean(axis=0)
    return centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T


def cosine_similarity(left, right):
    lengths = np.linalg.norm(left, axis=1)[:, None] * np.linalg.norm(right, axis=1)
    return left @ right.T / lengths


def load_rest(request):
    """Load a request with other tasks: follow the remedy of the error."""
    with pytest.raises(UnsupportedReference) as caught:
        nlu.load(request)
    assert caught.value.remedy.startswith("Load '")
    return nlu.load(caught.value.remedy.split("'")[1])


def test_tokenization_example(capsys):
    pipe = nlu.load("tokenize")
    assert pipe.predict("She was delighted by the view")["token"].tolist()[-1] == "view"
    found = pipe.predict("She was delighted by the view", output_level="token")
    assert found["token"].tolist() == ["She", "was", "delighted", "by", "the", "view"]
    assert found.index.tolist() == [0] * 6
    pipe.print_info()
    assert "pipe['tokenizer'] has settable params" in capsys.readouterr().out
    pipe["default_tokenizer"].setContextChars([",", "!"])
    assert pipe.predict("Greetings, planet!")["token"].tolist() == ["Greetings", ",", "planet", "!"]


def test_sentence_detection_example():
    text = "It began at noon. Nobody came! Was the door locked?\nIt was open."
    pipe = nlu.load("sentence_detector.deep")
    frame = pipe.predict(text, output_level="sentence")
    assert [sentence.replace("\n", "") for sentence in frame.sentence][:2] == ["It began at noon.", "Nobody came!"]
    pragmatic = nlu.load("sentence_detector.pragmatic").predict(text, output_level="sentence")
    assert pragmatic.sentence.tolist() == frame.sentence.tolist() == pipe.predict(text).sentence.tolist()
    multilingual = nlu.load("xx.sentence_detector")
    assert len(multilingual.predict("Това е изречение. А това е второ.", output_level="sentence")) == 2


@pytest.mark.parametrize(
    ("language", "text", "token"),
    [("ja", "京都の秋は静かです", "京都"), ("zh", "今天天气很好", "天气"), ("ko", "오늘은 날씨가 좋다", "좋다")],
)
def test_tokenization_of_japanese_chinese_and_korean(language, text, token):
    pipe = nlu.load(f"{language}.segment_words")
    frame = pipe.predict([text], output_level="token")
    assert token in frame.token.tolist()
    for task in ("pos", "ner", "translate_to.en"):
        with pytest.raises(UnsupportedReference, match=f"'{language}.{task}'"):
            nlu.load(f"{language}.{task}")


@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_bert_word_embeddings_example(capsys):
    nlu.load("bert").predict("She was delighted by the view")
    pipe = load_rest("pos sentiment emotion bert")
    predictions = pipe.predict(COMMENTS[["comment", "label"]].iloc[0:500], output_level="token")
    predictions.dropna(how="any", inplace=True)
    assert predictions.columns.tolist() == ["label", "token", "word_embedding_bert"]
    mat = np.array(list(predictions.word_embedding_bert))
    low_dim_data = reduce(mat)
    tsne_df = pd.DataFrame(low_dim_data, predictions.label.replace({1: "sarcasm", 0: "normal"}))
    tsne_df.columns = ["x", "y"]
    assert tsne_df.shape == (len(predictions), 2)
    nlu.print_all_model_kinds_for_action("embed")
    assert "nlu.load('en.embed.bert')" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_multiple_word_embeddings_example():
    pipe = load_rest("bert electra albert pos")
    pipe.predict("She was delighted by the view")
    predictions = pipe.predict(COMMENTS[["comment", "label"]].iloc[0:500], output_level="token")

    def get_tsne_df(predictions, embd_column, hue_column="label"):
        predictions.dropna(how="any", inplace=True)
        predictions["np_array"] = predictions[embd_column].apply(lambda x: np.array(x))
        low_dim_data = reduce(np.array(list(predictions.np_array)))
        return pd.DataFrame(low_dim_data, predictions[hue_column], columns=["x", "y"])

    for name in ("bert", "electra", "albert"):
        assert get_tsne_df(predictions, f"word_embedding_{name}").shape == (len(predictions), 2)


@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_bert_sentence_embeddings_example(capsys):
    pipe = nlu.load("embed_sentence.bert")
    assert pipe.predict("She was delighted by the view").columns.tolist() == ["sentence", "sentence_embedding_bert"]
    pipe = load_rest("pos sentiment embed_sentence.bert")
    df = COMMENTS.copy()
    df["text"] = df["comment"]
    predictions = pipe.predict(df[["text", "label"]].iloc[0:500], output_level="sentence")
    predictions.dropna(how="any", inplace=True)
    assert predictions["sentence"].tolist()[-2:] == ["We read it twice.", "It is short."]
    mat = np.array(list(predictions.sentence_embedding_bert))
    assert reduce(mat).shape == (4, 2)
    nlu.print_all_model_kinds_for_action("embed_sentence")
    assert "xx.embed_sentence.labse" in capsys.readouterr().out


def test_similarity_of_questions_example():
    pipe = nlu.load("embed_sentence.bert")
    df = QUESTIONS.copy()
    predictions = pipe.predict(df.Title, output_level="document")
    assert predictions.document.tolist() == df.Title.tolist()
    e_col = "sentence_embedding_bert"
    embed_mat = np.array(list(predictions[e_col]))
    df["sim_score"] = cosine_similarity(embed_mat, embed_mat)[1]
    assert df.sort_values("sim_score", ascending=False).iloc[0].Id == 12
    embedding = pipe.predict("How do I sort a list?").iloc[0][e_col]
    m = np.array([embedding] * len(df))
    assert cosine_similarity(m, embed_mat)[0].argmax() == 0
    multi_pipe = nlu.load("en.embed_sentence.electra embed_sentence.bert")
    multi = multi_pipe.predict(df.Title, output_level="document")
    assert {"sentence_embedding_electra", "sentence_embedding_bert"} <= set(multi.columns)
    assert np.allclose(pipe.predict_embeds(df.Title), embed_mat)


def test_e5_sentence_embeddings_example(capsys):
    res = nlu.load("en.embed_sentence.e5_small").predict("query: how tall is the tower", output_level="document")
    assert res.columns.tolist() == ["document", "sentence_embedding_e5_small"]
    res = nlu.load("en.embed_sentence.e5_base").predict("passage: The tower is tall.", output_level="document")
    assert res["sentence_embedding_e5_base"].iloc[0].shape == (16,)
    nlu.print_all_model_kinds_for_action("embed_sentence")
    assert "en.embed_sentence.e5_base" in capsys.readouterr().out


def test_introduction_example(capsys):
    assert "word_embedding_bert" in nlu.load("bert").predict("Two friends met")
    assert len(nlu.load("embed_sentence.bert").predict("Get me one vector for this sentence")) == 1
    for request in ("sentiment", "emotion", "ner", "pos", "yake", "t5", "xx.en.translate_to.de", "train.sentiment"):
        with pytest.raises(UnsupportedReference):
            nlu.load(request)
    nlu.print_components(action="embed")
    assert "nlu.load('bert')" in capsys.readouterr().out


def test_saving_of_the_training_examples(tmp_path):
    stored_model_path = tmp_path / "models" / "pipe_example"
    nlu.load("embed_sentence.bert").save(str(stored_model_path))
    hdd_pipe = nlu.load(path=str(stored_model_path))
    preds = hdd_pipe.predict("The market rose on Monday")
    assert preds.columns.tolist() == ["sentence", "sentence_embedding_bert"]
    hdd_pipe.print_info()
